package policies.peering.orphan_test

import data.policies.peering.orphan

test_a_network_that_is_gone_violates_once_and_names_the_space if {
	link := _link("disconnected", "gone", "gone")
	orphan.deny == {{
		"message": concat("", [
			"The peering of vnet-app leads to vnet-old, which no longer exists (its object says Disconnected): ",
			"the object still reserves 10.9.0.0/16 and new peerings that overlap it are refused ",
			"(observed, not documented by Microsoft).",
		]),
		"path": "/properties/remoteVirtualNetwork/id",
		"related": ["/old"],
	}} with input as link
	count(orphan.undetermined) == 0 with input as link
}

test_the_state_does_not_matter_where_the_network_is_gone if {
	every state in _states {
		every reverse in ["gone", "not_visible"] {
			count(orphan.deny) == 1 with input as _link(state, "gone", reverse)
			count(orphan.undetermined) == 0 with input as _link(state, "gone", reverse)
		}
	}
}

test_a_network_that_no_list_holds_but_whose_object_was_read_is_undetermined if {
	every state in _states {
		link := _link(state, "gone", "seen")
		count(orphan.deny) == 0 with input as link
		count(orphan.undetermined) == 1 with input as link
	}
}

test_many_prefixes_are_counted if {
	some entry in orphan.deny with input as _recording([sprintf("10.%d.0.0/16", [n]) | some n in numbers.range(1, 7)])
	contains(entry.message, "still reserves 10.1.0.0/16, 10.2.0.0/16, 10.3.0.0/16, 10.4.0.0/16, 10.5.0.0/16 and 2 more and")
}

test_a_space_that_is_not_given_leaves_the_violation if {
	every space in [null, []] {
		some entry in orphan.deny with input as _recording(space)
		endswith(entry.message, ": the export does not give the space that the object still reserves.")
	}
}

test_a_disconnected_peering_with_an_unread_network_is_undetermined if {
	link := _link("disconnected", "not_visible", "not_visible")
	count(orphan.deny) == 0 with input as link
	orphan.undetermined == {{
		"message": concat("", [
			"The peering of vnet-app with vnet-old is Disconnected, and whether vnet-old still exists was not read: ",
			"if it is gone, the object still reserves 10.9.0.0/16 and new peerings that overlap it are refused ",
			"(observed, not documented by Microsoft).",
		]),
		"path": "/properties/peeringState",
		"related": ["/old"],
	}} with input as link
}

test_a_network_whose_own_object_was_read_is_the_disconnected_rules if {
	_silent(_link("disconnected", "not_visible", "seen"))
}

test_an_unread_network_passes_unless_the_peering_is_disconnected if {
	every state in [state | some state in _states; state != "disconnected"] {
		_silent(_link(state, "not_visible", "not_visible"))
	}
}

test_networks_that_exist_or_are_never_listed_pass if {
	every presence in ["seen", "virtual_hub", "classic"] {
		every state in _states {
			_silent(_link(state, presence, presence))
		}
	}
}

_silent(link) if {
	count(orphan.deny) == 0 with input as link
	count(orphan.undetermined) == 0 with input as link
}

_recording(space) := object.union(
	_link("disconnected", "gone", "gone"),
	{"local": {"peering": {"recorded_remote_space": space}}},
)

_states := [
	"established",
	"assumed_established",
	"one_sided",
	"initiated",
	"disconnected",
	"inconsistent",
	"unknown",
]

_link(state, remote_vnet, reverse) := {
	"id": "/app/peering",
	"state": state,
	"remote_vnet": remote_vnet,
	"reverse": reverse,
	"local": {
		"vnet": {"id": "/app", "name": "vnet-app", "subscription_name": null},
		"peering": {"id": "/app/peering", "state": "Disconnected", "recorded_remote_space": ["10.9.0.0/16"]},
	},
	"remote": {"vnet": {"id": "/old", "name": "vnet-old", "subscription_name": null}, "peering": null},
}
