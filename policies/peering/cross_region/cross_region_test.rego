package policies.peering.cross_region_test

import data.policies.peering.cross_region

_link := {
	"id": "a/peer",
	"state": "established",
	"remote_vnet": "seen",
	"same_region": false,
	"local": {
		"vnet": {"id": "a", "name": "vnet-a", "seen": true, "location": "westeurope"},
		"peering": {"id": "a/peer"},
	},
	"remote": {
		"vnet": {"id": "b", "name": "vnet-b", "seen": true, "location": "northeurope"},
		"peering": {"id": "b/peer"},
	},
}

_unread := object.union(_link, {
	"state": "assumed_established", "remote_vnet": "not_visible", "same_region": null,
	"remote": {"vnet": {"seen": false, "location": null}, "peering": null},
})

_passes(link) if count(cross_region.deny | cross_region.undetermined) == 0 with input as link

_broken(link, says) if {
	some finding in cross_region.deny with input as link
	contains(finding.message, says)
	count(cross_region.undetermined) == 0 with input as link
}

_unknown(link, says) if {
	some finding in cross_region.undetermined with input as link
	contains(finding.message, says)
	count(cross_region.deny) == 0 with input as link
}

test_two_regions_are_reported_with_their_names if {
	_broken(_link, "vnet-a (westeurope) is peered with vnet-b (northeurope) across regions")
	cross_region.deny[_].path == "/properties/remoteVirtualNetwork" with input as _link
	cross_region.deny[_].related == ["b/peer"] with input as _link
}

test_one_region_passes if {
	_passes(object.union(_link, {"same_region": true, "remote": {"vnet": {"location": "westeurope"}}}))
}

test_a_virtual_wan_hub_is_exempt if _passes(object.union(_unread, {"remote_vnet": "virtual_hub"}))

test_a_classic_remote_is_exempt if _passes(object.union(_unread, {"remote_vnet": "classic"}))

test_links_that_are_down_are_not_judged if {
	every state in ["one_sided", "initiated", "disconnected"] {
		_passes(object.union(_link, {"state": state}))
	}
}

test_a_far_side_that_was_not_read_is_undetermined if {
	_unknown(_unread, concat(" ", [
		"Whether the peering of vnet-a and vnet-b crosses regions is not known:",
		"vnet-b was not read, so its region is not known.",
	]))
	cross_region.undetermined[_].related == ["b"] with input as _unread
}

test_a_location_that_cannot_be_read_is_undetermined if {
	_unknown(
		object.union(_link, {"same_region": null, "local": {"vnet": {"location": null}}}),
		"vnet-a has no readable location",
	)
	_unknown(
		object.union(_link, {"same_region": null, "remote": {"vnet": {"location": null}}}),
		"vnet-b has no readable location",
	)
}

test_an_unknown_state_is_undetermined if {
	_unknown(object.union(_link, {"state": "unknown"}), "its state is missing")
}
