package policies.peering.cross_tenant_test

import data.policies.peering.cross_tenant

_link := {
	"id": "a/peer",
	"state": "established",
	"remote_vnet": "seen",
	"same_tenant": false,
	"local": {
		"vnet": {"id": "a", "name": "vnet-a", "seen": true, "tenant": "t-1"},
		"peering": {"id": "a/peer"},
	},
	"remote": {
		"vnet": {"id": "b", "name": "vnet-b", "seen": true, "tenant": "t-2"},
		"peering": {"id": "b/peer"},
	},
}

_unread := object.union(_link, {
	"state": "assumed_established", "remote_vnet": "not_visible", "same_tenant": null,
	"remote": {"vnet": {"seen": false, "tenant": null}, "peering": null},
})

_passes(link) if count(cross_tenant.deny | cross_tenant.undetermined) == 0 with input as link

_broken(link, says) if {
	some finding in cross_tenant.deny with input as link
	contains(finding.message, says)
	count(cross_tenant.undetermined) == 0 with input as link
}

_unknown(link, says) if {
	some finding in cross_tenant.undetermined with input as link
	contains(finding.message, says)
	count(cross_tenant.deny) == 0 with input as link
}

test_two_tenants_are_reported_with_their_ids if {
	_broken(_link, "vnet-a (tenant t-1) is peered with vnet-b (tenant t-2)")
	cross_tenant.deny[_].path == "/properties/remoteVirtualNetwork" with input as _link
	cross_tenant.deny[_].related == ["b/peer"] with input as _link
}

test_a_far_side_that_was_not_read_is_reported_where_its_tenant_is_known if {
	known := object.union(_unread, {"same_tenant": false, "remote": {"vnet": {"tenant": "t-2"}}})
	_broken(known, "vnet-b (tenant t-2)")
	cross_tenant.deny[_].related == ["b"] with input as known
}

test_one_tenant_passes if {
	_passes(object.union(_link, {"same_tenant": true, "remote": {"vnet": {"tenant": "t-1"}}}))
}

test_a_virtual_wan_hub_is_of_no_foreign_tenant if {
	_passes(object.union(_unread, {"remote_vnet": "virtual_hub"}))
}

test_a_classic_remote_is_exempt if _passes(object.union(_unread, {"remote_vnet": "classic"}))

test_links_that_are_down_are_not_judged if {
	every state in ["one_sided", "initiated", "disconnected"] {
		_passes(object.union(_link, {"state": state}))
	}
}

test_a_far_side_that_was_not_read_is_undetermined if {
	_unknown(_unread, concat(" ", [
		"Whether the peering of vnet-a and vnet-b crosses tenants is not known:",
		"vnet-b was not read, and no input tells its tenant.",
	]))
	cross_tenant.undetermined[_].related == ["b"] with input as _unread
}

test_a_tenant_that_no_input_tells_is_undetermined if {
	_unknown(
		object.union(_link, {"same_tenant": null, "local": {"vnet": {"tenant": null}}}),
		"no input tells the tenant of vnet-a",
	)
	_unknown(
		object.union(_link, {"same_tenant": null, "remote": {"vnet": {"tenant": null}}}),
		"no input tells the tenant of vnet-b",
	)
}

test_an_inconsistent_link_is_undetermined if {
	_unknown(object.union(_link, {"state": "inconsistent"}), "its two objects contradict each other")
}
