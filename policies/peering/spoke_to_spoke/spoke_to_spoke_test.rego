package policies.peering.spoke_to_spoke_test

import data.policies.peering.spoke_to_spoke

test_two_spokes_violate_once if {
	spoke_to_spoke.deny == {{
		"message": "vnet-a (spoke) is peered directly with vnet-b (spoke): traffic between them bypasses the hub.",
		"path": "/properties/remoteVirtualNetwork/id",
		"related": ["/b/peering"],
	}} with input as _link("spoke", "spoke", {})
	count(spoke_to_spoke.undetermined) == 0 with input as _link("spoke", "spoke", {})
}

test_a_shared_network_is_no_hub if {
	count(spoke_to_spoke.deny) == 1 with input as _link("shared", "spoke", {})
	count(spoke_to_spoke.deny) == 1 with input as _link("shared", "shared", {})
}

test_a_link_seen_from_one_side_says_so if {
	some entry in spoke_to_spoke.deny with input as _link("spoke", "spoke", _assumed)
	endswith(entry.message, "bypasses the hub (known from one side, the other was not read).")
	entry.related == ["/b"]
}

test_a_hub_on_either_side_passes_whatever_the_other_is if {
	every other in ["hub", "spoke", "shared", null] {
		_silent(_link("hub", other, {}))
		_silent(_link(other, "hub", {}))
	}
}

test_a_virtual_wan_hub_passes if {
	_silent(object.union(_link("spoke", null, _assumed), {"remote_vnet": "virtual_hub"}))
}

test_links_that_carry_nothing_pass_whatever_the_roles_are if {
	every state in ["one_sided", "initiated", "disconnected"] {
		_silent(_link("spoke", "spoke", {"state": state}))
		_silent(_link("spoke", null, {"state": state}))
	}
}

test_two_initiated_objects_pass if {
	initiated := {"peering": {"state": "Initiated"}}
	_silent(_link("spoke", "spoke", {"state": "inconsistent", "local": initiated, "remote": initiated}))
}

test_a_link_toward_a_network_that_is_gone_passes if {
	_silent(_link("spoke", null, {"state": "inconsistent", "remote_vnet": "gone", "remote": {"peering": null}}))
}

test_an_open_role_is_undetermined_and_says_why if {
	spoke_to_spoke.undetermined == {{
		"message": concat("", [
			"Whether vnet-a and vnet-b may be peered directly is not known: ",
			"the role of vnet-b is open (why vnet-b).",
		]),
		"path": "/properties/remoteVirtualNetwork/id",
		"related": ["/b/peering"],
	}} with input as _link("spoke", null, {})
	count(spoke_to_spoke.deny) == 0 with input as _link("spoke", null, {})
}

test_two_open_roles_are_one_entry_that_names_both if {
	count(spoke_to_spoke.undetermined) == 1 with input as _link(null, null, {})
	some entry in spoke_to_spoke.undetermined with input as _link(null, null, {})
	endswith(entry.message, "the role of vnet-a is open (why vnet-a); the role of vnet-b is open (why vnet-b).")
}

test_a_link_that_may_be_established_is_undetermined_once if {
	every link in [
		_link("spoke", "spoke", {"state": "unknown"}),
		_link("spoke", null, {"state": "unknown"}),
		_link("spoke", "spoke", {"state": "inconsistent", "remote": {"peering": null}}),
	] {
		count(spoke_to_spoke.undetermined) == 1 with input as link
		count(spoke_to_spoke.deny) == 0 with input as link
	}
}

test_a_link_that_may_be_established_passes_where_the_roles_decide if {
	_silent(_link("hub", "spoke", {"state": "unknown"}))
	_silent(_link("hub", null, {"state": "unknown"}))
}

_silent(link) if {
	count(spoke_to_spoke.deny) == 0 with input as link
	count(spoke_to_spoke.undetermined) == 0 with input as link
}

_assumed := {"state": "assumed_established", "remote_vnet": "not_visible", "remote": {"peering": null}}

_link(local, remote, changes) := object.union(
	{
		"id": "/a/peering",
		"state": "established",
		"remote_vnet": "seen",
		"local": _side("a", local),
		"remote": _side("b", remote),
	},
	changes,
)

_side(name, role) := {
	"vnet": {
		"id": sprintf("/%s", [name]),
		"name": sprintf("vnet-%s", [name]),
		"subscription_name": null,
		"role": {"value": role, "status": _status(role), "reason": sprintf("why vnet-%s", [name])},
	},
	"peering": {"id": sprintf("/%s/peering", [name]), "state": "Connected"},
}

_status(role) := "known" if role != null

_status(role) := "missing" if role == null
