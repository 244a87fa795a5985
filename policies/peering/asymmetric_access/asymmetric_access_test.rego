package policies.peering.asymmetric_access_test

import data.policies.peering.asymmetric_access as access

_link(local, remote) := {
	"id": "a/peer",
	"state": "established",
	"reverse": "seen",
	"remote_vnet": "seen",
	"local": {
		"vnet": {"id": "a", "name": "vnet-a"},
		"peering": {"id": "a/peer", "allow_virtual_network_access": local},
	},
	"remote": {
		"vnet": {"id": "b", "name": "vnet-b"},
		"peering": {"id": "b/peer", "allow_virtual_network_access": remote},
	},
}

_unread := object.union(
	_link(true, true),
	{"state": "assumed_established", "remote_vnet": "not_visible", "remote": {"peering": null}},
)

_passes(link) if count(access.deny | access.undetermined) == 0 with input as link

_unknown(link, says) if {
	some finding in access.undetermined with input as link
	contains(finding.message, says)
	count(access.deny) == 0 with input as link
}

test_access_on_one_side_points_at_the_side_that_closed_it if {
	some finding in access.deny with input as _link(true, false)
	contains(finding.message, "vnet-a allows access over its peering with vnet-b, which does not")
	contains(finding.message, "(observed; Microsoft's texts disagree)")
	finding.at == "b/peer"
	finding.path == "/properties/allowVirtualNetworkAccess"
	finding.related == ["a/peer"]
	count(access.undetermined) == 0 with input as _link(true, false)
}

test_the_order_of_the_sides_does_not_matter if {
	some finding in access.deny with input as _link(false, true)
	contains(finding.message, "vnet-b allows access over its peering with vnet-a, which does not")
	finding.at == "a/peer"
	count(access.deny) == 1 with input as _link(false, true)
}

test_access_on_both_sides_passes if _passes(_link(true, true))

test_access_on_neither_side_passes if _passes(_link(false, false))

test_a_virtual_wan_hub_is_exempt if _passes(object.union(_unread, {"remote_vnet": "virtual_hub"}))

test_a_classic_remote_has_no_object if _passes(object.union(_unread, {"remote_vnet": "classic"}))

test_a_disconnected_link_is_not_judged if _passes(object.union(_link(true, false), {"state": "disconnected"}))

test_a_remote_object_that_was_not_read_is_undetermined if {
	_unknown(_unread, concat(" ", [
		"Whether vnet-a and vnet-b agree on allowVirtualNetworkAccess is not known:",
		"the peering object of vnet-b was not read.",
	]))
	access.undetermined[_].related == ["b"] with input as _unread
}

test_a_flag_that_is_not_given_is_undetermined if {
	_unknown(_link(true, null), "the peering object of vnet-b does not give it")
	_unknown(_link(null, null), "the peering object of vnet-a does not give it")
}

test_an_inconsistent_link_is_undetermined if {
	_unknown(object.union(_link(true, false), {"state": "inconsistent"}), "its two objects contradict each other")
}

test_an_inconsistent_link_passes_where_both_sides_agree if {
	_passes(object.union(_link(true, true), {"state": "inconsistent"}))
}
