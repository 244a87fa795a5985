package policies.peering.unapproved_forwarded_traffic_test

import data.policies.peering.unapproved_forwarded_traffic

test_a_receiver_that_accepts_forwarded_traffic_violates_once if {
	unapproved_forwarded_traffic.deny == {{
		"message": concat("", [
			"vnet-app accepts traffic that vnet-hub forwards from elsewhere: ",
			"it holds Azure Firewall fw-hub, network interface nic-nva.",
		]),
		"path": "/properties/allowForwardedTraffic",
		"related": ["/hub/peering"],
	}} with input as _side({})
	count(unapproved_forwarded_traffic.undetermined) == 0 with input as _side({})
}

test_every_kind_of_forwarder_is_named if {
	found := [
		{"id": "/1", "kind": "route_server", "name": "rs"},
		{"id": "/2", "kind": "virtual_network_gateway", "name": "vgw"},
		{"id": null, "kind": "declared", "name": "10.0.1.4"},
		{"id": "/3", "kind": "something_new", "name": "x"},
	]
	some entry in unapproved_forwarded_traffic.deny with input as _side(_holding(found, true))
	contains(entry.message, "it holds Route Server rs, gateway vgw, the declared forwarder 10.0.1.4, something_new x.")
}

test_many_forwarders_are_counted if {
	found := [{"id": "/n", "kind": "network_interface", "name": sprintf("nic-%d", [n])} | some n in numbers.range(1, 9)]
	some entry in unapproved_forwarded_traffic.deny with input as _side(_holding(found, true))
	contains(entry.message, "network interface nic-5 and 4 more.")
}

test_a_network_that_holds_no_forwarder_is_named_as_such if {
	some entry in unapproved_forwarded_traffic.deny with input as _side(_holding([], true))
	contains(entry.message, "forwards from elsewhere: it holds nothing that could forward.")
}

test_forwarders_that_were_not_read_leave_the_violation if {
	some entry in unapproved_forwarded_traffic.deny with input as _side(_holding([], false))
	contains(entry.message, "whether it holds anything that could forward was not read.")
}

test_a_virtual_wan_hub_forwards_by_itself if {
	changes := object.union(_holding([], false), {"remote_vnet": "virtual_hub"})
	some entry in unapproved_forwarded_traffic.deny with input as _side(changes)
	contains(entry.message, "it is a Virtual WAN hub, which forwards")
}

test_a_link_seen_from_one_side_violates_and_says_so if {
	changes := {"state": "assumed_established", "remote_vnet": "not_visible", "remote": {"peering": null}}
	some entry in unapproved_forwarded_traffic.deny with input as _side(changes)
	endswith(entry.message, "(known from one side, the other was not read).")
	entry.related == ["/hub"]
}

test_the_flag_off_passes_on_every_state if {
	every state in _states {
		_silent(_side({"state": state, "allow_forwarded_traffic": false}))
	}
}

test_the_flag_of_the_other_side_is_not_this_sides if {
	_silent(_side({"allow_forwarded_traffic": false, "remote": {"peering": {"allow_forwarded_traffic": true}}}))
}

test_links_that_carry_nothing_pass if {
	every state in ["one_sided", "initiated", "disconnected"] {
		_silent(_side({"state": state}))
	}
	_silent(_side({"state": "inconsistent", "remote_vnet": "gone", "remote": {"peering": null}}))
}

test_a_missing_flag_is_undetermined if {
	count(unapproved_forwarded_traffic.undetermined) == 1 with input as _side({"allow_forwarded_traffic": null})
	count(unapproved_forwarded_traffic.deny) == 0 with input as _side({"allow_forwarded_traffic": null})
}

test_a_link_that_may_be_established_is_undetermined_once if {
	every flag in [true, null] {
		every changes in [{"state": "unknown"}, {"state": "inconsistent", "remote": {"peering": null}}] {
			side := _side(object.union(changes, {"allow_forwarded_traffic": flag}))
			count(unapproved_forwarded_traffic.undetermined) == 1 with input as side
			count(unapproved_forwarded_traffic.deny) == 0 with input as side
		}
	}
}

_states := [
	"established",
	"assumed_established",
	"one_sided",
	"initiated",
	"disconnected",
	"inconsistent",
	"unknown",
]

_silent(side) if {
	count(unapproved_forwarded_traffic.deny) == 0 with input as side
	count(unapproved_forwarded_traffic.undetermined) == 0 with input as side
}

_holding(found, complete) := {"remote": {"forwarders": {"found": found, "complete": complete}}}

_side(changes) := object.union(
	{
		"id": "/app/peering",
		"state": "established",
		"remote_vnet": "seen",
		"allow_forwarded_traffic": true,
		"local": {
			"vnet": {"id": "/app", "name": "vnet-app", "subscription_name": null},
			"peering": {"id": "/app/peering", "state": "Connected"},
		},
		"remote": {
			"vnet": {"id": "/hub", "name": "vnet-hub", "subscription_name": null},
			"peering": {"id": "/hub/peering", "state": "Connected"},
			"forwarders": {
				"found": [
					{"id": "/fw", "kind": "azure_firewall", "name": "fw-hub"},
					{"id": "/nic", "kind": "network_interface", "name": "nic-nva"},
				],
				"complete": true,
				"not_read": [],
			},
		},
	},
	changes,
)
