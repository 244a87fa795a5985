package policies.peering.one_sided_test

import data.policies.peering.one_sided

test_an_initiated_object_without_reverse_violates_once if {
	one_sided.deny == {{
		"message": concat("", [
			"The peering of vnet-app with vnet-hub waits for its other half: ",
			"vnet-hub has none back, and nothing passes.",
		]),
		"path": "/properties/peeringState",
		"related": ["/hub"],
	}} with input as _waiting
	count(one_sided.undetermined) == 0 with input as _waiting
}

test_an_established_link_passes if {
	_silent(_link("established", "seen", "Connected", "Connected"))
}

test_a_link_with_an_unread_far_side_passes if {
	_silent(_link("assumed_established", "not_visible", "Connected", null))
}

test_a_connected_object_toward_a_classic_network_passes if {
	_silent(_link("assumed_established", "classic", "Connected", null))
}

test_a_connected_object_toward_a_virtual_wan_hub_passes if {
	_silent(_link("assumed_established", "virtual_hub", "Connected", null))
}

test_a_network_that_is_gone_is_the_orphan_rules if {
	every state in _states {
		_silent(_link(state, "gone", "Initiated", null))
	}
}

test_a_disconnected_link_is_another_rules if {
	every presence in _presences {
		_silent(_link("disconnected", presence, "Disconnected", null))
	}
}

test_an_initiated_object_with_an_unread_reverse_is_undetermined if {
	link := _link("initiated", "not_visible", "Initiated", null)
	one_sided.undetermined == {{
		"message": concat("", [
			"Whether the peering of vnet-app with vnet-hub is whole is not known: ",
			"it says Initiated, and whether vnet-hub accepted it was not read.",
		]),
		"path": "/properties/peeringState",
		"related": ["/hub"],
	}} with input as link
	count(one_sided.deny) == 0 with input as link
}

test_an_initiated_object_toward_a_side_without_objects_is_undetermined if {
	every presence in ["virtual_hub", "classic"] {
		every state in ["one_sided", "initiated"] {
			_undetermined_once(_link(state, presence, "Initiated", null))
		}
	}
}

test_objects_that_contradict_each_other_are_undetermined if {
	link := _link("inconsistent", "seen", "Connected", null)
	_undetermined_once(link)
	some entry in one_sided.undetermined with input as link
	endswith(entry.message, "vnet-app says Connected and vnet-hub shows no object, which cannot both hold.")
	_undetermined_once(_link("inconsistent", "seen", "Initiated", "Initiated"))
}

test_a_state_that_azure_does_not_document_is_undetermined if {
	link := _link("unknown", "seen", "Paused", "Connected")
	_undetermined_once(link)
	some entry in one_sided.undetermined with input as link
	contains(entry.message, "vnet-app says Paused, vnet-hub says Connected: not states")
	entry.related == ["/hub/peering"]
}

test_every_combination_of_state_and_remote_network_is_decided if {
	verdicts := {[state, presence, _verdict(_link(state, presence, "Initiated", null))] |
		some state in _states
		some presence in _presences
	}
	expected_denials := {["one_sided", "seen"], ["one_sided", "not_visible"]}
	{[state, presence] | some [state, presence, "deny"] in verdicts} == expected_denials
	expected_undetermined := {[state, presence] |
		some state in ["one_sided", "initiated", "inconsistent", "unknown"]
		some presence in ["seen", "not_visible", "virtual_hub", "classic"]
	}
	{[state, presence] | some [state, presence, "undetermined"] in verdicts} == expected_undetermined - expected_denials
}

_verdict(link) := "deny" if {
	count(one_sided.deny) == 1 with input as link
	count(one_sided.undetermined) == 0 with input as link
}

_verdict(link) := "undetermined" if _undetermined_once(link)

_verdict(link) := "pass" if _silent(link)

_silent(link) if {
	count(one_sided.deny) == 0 with input as link
	count(one_sided.undetermined) == 0 with input as link
}

_undetermined_once(link) if {
	count(one_sided.deny) == 0 with input as link
	count(one_sided.undetermined) == 1 with input as link
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

_presences := ["seen", "gone", "not_visible", "virtual_hub", "classic"]

_waiting := _link("one_sided", "seen", "Initiated", null)

_link(state, remote_vnet, local, remote) := {
	"id": "/app/peering",
	"state": state,
	"remote_vnet": remote_vnet,
	"local": {"vnet": _vnet("app"), "peering": _object("app", local)},
	"remote": {"vnet": _vnet("hub"), "peering": _object("hub", remote)},
}

_vnet(name) := {"id": sprintf("/%s", [name]), "name": sprintf("vnet-%s", [name]), "subscription_name": null}

_object(name, state) := {"id": sprintf("/%s/peering", [name]), "state": state} if state != null

_object(_, state) := null if state == null
