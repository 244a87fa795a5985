package policies.lib.peering_test

import data.policies.lib.peering

test_packets_pass_where_both_say_connected if peering.established("established")

test_packets_pass_where_the_visible_side_says_connected if peering.established("assumed_established")

test_packets_do_not_pass_otherwise if {
	every state in ["one_sided", "initiated", "disconnected", "inconsistent", "unknown"] {
		not peering.established(state)
	}
}

test_an_unknown_state_is_unsettled if {
	peering.unsettled("unknown", "seen", [null, null]) == "a peeringState is missing or none that Azure documents"
}

test_a_connected_object_without_its_reverse_is_unsettled if {
	reason := peering.unsettled("inconsistent", "seen", [{"state": "Connected"}, null])
	reason == "one side says Connected and the other side does not confirm it"
}

test_two_initiated_objects_carry_nothing if {
	not peering.unsettled("inconsistent", "seen", [{"state": "Initiated"}, {"state": "Initiated"}])
}

test_a_link_toward_a_network_that_is_gone_carries_nothing if {
	every state in ["unknown", "inconsistent"] {
		not peering.unsettled(state, "gone", [{"state": "Connected"}, null])
	}
}

test_states_that_tell_are_settled if {
	every state in ["established", "assumed_established", "one_sided", "initiated", "disconnected"] {
		not peering.unsettled(state, "seen", [{"state": "Connected"}, null])
	}
}

test_only_an_assumed_link_is_hearsay if {
	peering.hearsay("established") == ""
	peering.hearsay("assumed_established") == " (known from one side, the other was not read)"
}

test_different_names_stand_alone if {
	peering.label({"name": "vnet-a"}, {"name": "vnet-b"}) == "vnet-a"
}

test_different_names_stand_alone_across_subscriptions if {
	local := {"id": "/1", "name": "vnet-a", "subscription_name": "contoso-prod"}
	remote := {"id": "/2", "name": "vnet-b", "subscription_name": "contoso-dev"}
	peering.label(local, remote) == "vnet-a"
}

test_equal_names_are_told_apart_by_subscription if {
	local := {"id": "/1", "name": "vnet-app", "subscription_name": "contoso-prod"}
	remote := {"id": "/2", "name": "VNET-APP", "subscription_name": "contoso-dev"}
	peering.label(local, remote) == "vnet-app in contoso-prod"
	peering.label(remote, local) == "VNET-APP in contoso-dev"
}

test_equal_names_in_one_subscription_are_told_apart_by_id if {
	local := {"id": "/1", "name": "vnet-app", "subscription_name": "contoso-prod"}
	remote := {"id": "/2", "name": "vnet-app", "subscription_name": "contoso-prod"}
	peering.label(local, remote) == "/1"
}

test_equal_names_without_a_known_subscription_are_told_apart_by_id if {
	local := {"id": "/1", "name": "vnet-app", "subscription_name": "contoso-prod"}
	remote := {"id": "/2", "name": "vnet-app", "subscription_name": null}
	peering.label(local, remote) == "/1"
	peering.label(remote, local) == "/2"
}

test_a_side_is_seen_at_its_object if peering.place({"id": "/peering"}, {"id": "/vnet"}) == "/peering"

test_a_side_without_an_object_is_seen_at_its_network if peering.place(null, {"id": "/vnet"}) == "/vnet"

test_a_side_says_its_state if peering.says("vnet-a", {"state": "Initiated"}) == "vnet-a says Initiated"

test_a_side_may_give_no_state if peering.says("vnet-a", {"state": null}) == "vnet-a gives no state"

test_a_side_may_show_no_object if peering.says("vnet-a", null) == "vnet-a shows no object"
