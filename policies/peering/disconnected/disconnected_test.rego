package policies.peering.disconnected_test

import data.policies.peering.disconnected

test_a_survivor_violates_once if {
	disconnected.deny == {{
		"message": concat("", [
			"The peering of vnet-app with vnet-hub is broken (vnet-app says Disconnected, vnet-hub shows no object): ",
			"nothing passes either way until both objects are created again.",
		]),
		"at": "/app/peering",
		"path": "/properties/peeringState",
		"related": ["/hub"],
	}} with input as _link("seen", "gone", "Disconnected", null)
}

test_two_disconnected_objects_are_one_violation if {
	link := _link("seen", "seen", "Disconnected", "Disconnected")
	count(disconnected.deny) == 1 with input as link
	some entry in disconnected.deny with input as link
	entry.at == "/app/peering"
	entry.related == ["/hub/peering"]
}

test_the_violation_is_at_the_side_that_is_disconnected if {
	some entry in disconnected.deny with input as _link("seen", "seen", "Initiated", "Disconnected")
	entry.at == "/hub/peering"
	entry.related == ["/app/peering"]
	contains(entry.message, "(vnet-app says Initiated, vnet-hub says Disconnected)")
}

test_a_side_without_state_is_not_the_disconnected_one if {
	some entry in disconnected.deny with input as _link("seen", "seen", null, "Disconnected")
	entry.at == "/hub/peering"
}

test_the_violation_is_at_the_local_side_where_no_side_is_plainly_disconnected if {
	some entry in disconnected.deny with input as _link("seen", "seen", "disconnected", "Connected")
	entry.at == "/app/peering"
}

test_a_virtual_wan_hubs_connection_violates if {
	some entry in disconnected.deny with input as _link("virtual_hub", "virtual_hub", "Disconnected", null)
	endswith(entry.message, "until the virtual hub's connection is created again.")
}

test_a_peering_with_a_classic_network_violates if {
	some entry in disconnected.deny with input as _link("classic", "classic", "Disconnected", null)
	endswith(entry.message, "until the object is created again.")
}

test_a_remote_network_is_known_to_exist_by_its_own_object if {
	count(disconnected.deny) == 1 with input as _link("not_visible", "seen", "Disconnected", "Disconnected")
}

test_a_remote_network_that_was_not_read_is_the_orphan_rules if {
	count(disconnected.deny) == 0 with input as _link("not_visible", "not_visible", "Disconnected", null)
}

test_a_remote_network_that_is_gone_is_the_orphan_rules if {
	every reverse in _presences {
		count(disconnected.deny) == 0 with input as _link("gone", reverse, "Disconnected", null)
	}
}

test_every_other_state_passes if {
	every state in _states - {"disconnected"} {
		every presence in _presences {
			link := object.union(_link(presence, presence, "Connected", null), {"state": state})
			count(disconnected.deny) == 0 with input as link
		}
	}
}

_states := {
	"established",
	"assumed_established",
	"one_sided",
	"initiated",
	"disconnected",
	"inconsistent",
	"unknown",
}

_presences := ["seen", "gone", "not_visible", "virtual_hub", "classic"]

_link(remote_vnet, reverse, local, remote) := {
	"id": "/app/peering",
	"state": "disconnected",
	"remote_vnet": remote_vnet,
	"reverse": reverse,
	"local": {"vnet": _vnet("app"), "peering": {"id": "/app/peering", "state": local}},
	"remote": {"vnet": _vnet("hub"), "peering": _object("hub", remote)},
}

_vnet(name) := {"id": sprintf("/%s", [name]), "name": sprintf("vnet-%s", [name]), "subscription_name": null}

_object(name, state) := {"id": sprintf("/%s/peering", [name]), "state": state} if state != null

_object(_, state) := null if state == null
