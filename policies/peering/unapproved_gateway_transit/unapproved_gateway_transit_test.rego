package policies.peering.unapproved_gateway_transit_test

import data.policies.peering.unapproved_gateway_transit as transit

_side(local_role, remote_role) := {
	"id": "a/peer",
	"state": "established",
	"remote_vnet": "seen",
	"use_remote_gateways": true,
	"local": {
		"vnet": {"id": "a", "name": "vnet-a", "role": local_role},
		"peering": {"id": "a/peer"},
		"gateway": {"present": false, "kinds": [], "ids": []},
	},
	"remote": {
		"vnet": {"id": "b", "name": "vnet-b", "role": remote_role},
		"peering": {"id": "b/peer", "allow_gateway_transit": true},
		"gateway": {"present": true, "kinds": ["Vpn"], "ids": ["b/vgw"]},
	},
}

_hub := {"value": "hub", "status": "known", "reason": "tag Role = hub"}

_spoke := {"value": "spoke", "status": "known", "reason": "tag Role = spoke"}

_shared := {"value": "shared", "status": "known", "reason": "tag Role = shared"}

_missing := {"value": null, "status": "missing", "reason": "no tag and no name says it"}

_passes(subject) if count(transit.deny | transit.undetermined) == 0 with input as subject

_broken(subject, says) if {
	some finding in transit.deny with input as subject
	contains(finding.message, says)
	count(transit.undetermined) == 0 with input as subject
}

_unknown(subject, says) if {
	some finding in transit.undetermined with input as subject
	contains(finding.message, says)
	count(transit.deny) == 0 with input as subject
}

test_a_hub_that_uses_the_gateway_of_another_hub_is_reported if {
	_broken(_side(_hub, _hub), "vnet-a (hub) uses the gateway of vnet-b (hub)")
	transit.deny[_].path == "/properties/useRemoteGateways" with input as _side(_hub, _hub)
	transit.deny[_].related == ["b/peer", "b/vgw"] with input as _side(_hub, _hub)
}

test_a_spoke_that_uses_the_gateway_of_a_spoke_is_reported if {
	_broken(_side(_spoke, _spoke), "vnet-a (spoke) uses the gateway of vnet-b (spoke)")
}

test_a_known_hub_as_user_decides_alone if {
	_broken(_side(_hub, _missing), "vnet-a (hub) uses the gateway of vnet-b (role not known)")
}

test_a_giver_that_is_known_to_be_no_hub_decides_alone if {
	_broken(_side(_missing, _spoke), "vnet-a (role not known) uses the gateway of vnet-b (spoke)")
	_broken(_side(_missing, _shared), "vnet-a (role not known) uses the gateway of vnet-b (shared)")
}

test_gateways_that_were_not_read_do_not_hide_both_flags if {
	_broken(object.union(_side(_hub, _hub), {"remote": {"gateway": {"present": null, "kinds": []}}}), "vnet-b (hub)")
}

test_a_spoke_that_uses_the_gateway_of_its_hub_passes if _passes(_side(_spoke, _hub))

test_shared_services_that_use_the_gateway_of_the_hub_pass if _passes(_side(_shared, _hub))

test_a_hub_and_spoke_link_passes_although_the_hub_side_was_not_read if {
	_passes(object.union(
		_side(_spoke, _hub),
		{"state": "assumed_established", "remote_vnet": "not_visible", "remote": {"peering": null}},
	))
}

test_transit_that_is_offered_and_not_taken_passes if {
	_passes(object.union(_side(_hub, _hub), {"use_remote_gateways": false}))
}

test_a_mismatch_is_not_also_unapproved if {
	_passes(object.union(_side(_hub, _hub), {"remote": {"peering": {"allow_gateway_transit": false}}}))
	_passes(object.union(_side(_hub, _hub), {"remote": {"gateway": {"present": false, "kinds": []}}}))
	_passes(object.union(_side(_hub, _hub), {"local": {"gateway": {"present": true, "kinds": ["Vpn"]}}}))
}

test_a_virtual_wan_hub_offers_its_gateways if {
	_passes(object.union(_side(_hub, _missing), {"remote_vnet": "virtual_hub", "remote": {"peering": null}}))
}

test_a_link_that_is_down_is_not_judged if {
	_passes(object.union(_side(_spoke, _spoke), {"state": "disconnected"}))
}

test_a_missing_role_is_undetermined_with_its_reason if {
	_unknown(_side(_spoke, _missing), "the role of vnet-b is not known (no tag and no name says it)")
	_unknown(_side(_missing, _hub), "the role of vnet-a is not known (no tag and no name says it)")
}

test_a_remote_object_that_was_not_read_is_undetermined if {
	_unknown(
		object.union(_side(_hub, _hub), {"state": "assumed_established", "remote": {"peering": null}}),
		"Whether vnet-a uses the gateway of vnet-b outside hub-and-spoke is not known: the peering object of vnet-b was",
	)
}

test_a_remote_object_without_the_flag_is_undetermined if {
	_unknown(
		object.union(_side(_hub, _hub), {"remote": {"peering": {"allow_gateway_transit": null}}}),
		"vnet-b does not say whether it allows gateway transit",
	)
}

test_an_own_object_without_the_flag_is_undetermined if {
	_unknown(
		object.union(_side(_hub, _hub), {"use_remote_gateways": null}),
		"vnet-a does not say whether it uses remote gateways",
	)
}

test_an_unknown_state_is_undetermined if {
	_unknown(
		object.union(_side(_hub, _hub), {"state": "unknown"}),
		"its state is missing or not one that Azure documents",
	)
}
