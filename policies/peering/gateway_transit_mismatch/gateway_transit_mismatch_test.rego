package policies.peering.gateway_transit_mismatch_test

import data.policies.peering.gateway_transit_mismatch as mismatch

_side := {
	"id": "app/peer",
	"state": "established",
	"remote_vnet": "seen",
	"use_remote_gateways": true,
	"local": {
		"vnet": {"id": "app", "name": "app"},
		"peering": {"id": "app/peer"},
		"gateway": {"present": false, "kinds": [], "ids": []},
	},
	"remote": {
		"vnet": {"id": "hub", "name": "hub"},
		"peering": {"id": "hub/peer", "allow_gateway_transit": true},
		"gateway": {"present": true, "kinds": ["Vpn"], "ids": ["hub/vgw"]},
	},
}

_with(change) := object.union(_side, change)

_passes(subject) if count(mismatch.deny | mismatch.undetermined) == 0 with input as subject

_broken(subject, says) if {
	some finding in mismatch.deny with input as subject
	contains(finding.message, says)
	count(mismatch.deny) == 1 with input as subject
	count(mismatch.undetermined) == 0 with input as subject
}

_unknown(subject, says) if {
	some finding in mismatch.undetermined with input as subject
	contains(finding.message, says)
	count(mismatch.undetermined) == 1 with input as subject
	count(mismatch.deny) == 0 with input as subject
}

test_a_remote_that_does_not_allow_transit_is_a_mismatch if {
	closed := _with({"remote": {"peering": {"allow_gateway_transit": false}}})
	_broken(closed, concat(" ", [
		"app uses the gateway of hub (useRemoteGateways), which cannot work: hub does not allow gateway transit.",
		"Networks behind that gateway cannot be reached this way.",
	]))
	mismatch.deny[_].path == "/properties/useRemoteGateways" with input as closed
	mismatch.deny[_].related == ["hub/peer"] with input as closed
}

test_a_remote_without_gateway_is_a_mismatch if {
	_broken(
		_with({"remote": {"gateway": {"present": false, "kinds": [], "ids": []}}}),
		"hub holds neither a gateway nor a Route Server",
	)
}

test_a_gateway_of_its_own_is_a_mismatch if {
	own := _with({"local": {"gateway": {"present": true, "kinds": ["ExpressRoute"], "ids": ["app/ergw"]}}})
	_broken(own, "app has a gateway of its own")
	mismatch.deny[_].related == ["hub/peer", "app/ergw"] with input as own
}

test_several_faults_are_one_finding if {
	both := _with({"remote": {"peering": {"allow_gateway_transit": false}, "gateway": {"present": false}}})
	_broken(both, "hub does not allow gateway transit; hub holds neither a gateway nor a Route Server")
}

test_a_fault_decides_although_gateways_were_not_read if {
	_broken(
		_with({"remote": {"peering": {"allow_gateway_transit": false}, "gateway": {"present": null, "kinds": []}}}),
		"hub does not allow gateway transit",
	)
}

test_transit_that_works_passes if _passes(_side)

test_a_remote_with_a_route_server_alone_passes if {
	_passes(_with({"remote": {"gateway": {"kinds": ["RouteServer"]}}}))
}

test_a_side_that_uses_no_remote_gateway_passes if {
	_passes(_with({"use_remote_gateways": false, "remote": {"peering": {"allow_gateway_transit": false}}}))
}

test_a_virtual_wan_hub_offers_its_gateways if {
	_passes(_with({
		"state": "assumed_established", "remote_vnet": "virtual_hub",
		"remote": {"peering": null, "gateway": {"present": null, "kinds": [], "ids": []}},
	}))
}

test_a_disconnected_link_is_not_judged if {
	_passes(_with({"state": "disconnected", "remote": {"peering": {"allow_gateway_transit": false}}}))
}

test_a_remote_object_that_was_not_read_is_undetermined if {
	_unknown(
		_with({"state": "assumed_established", "remote_vnet": "not_visible", "remote": {"peering": null}}),
		"Whether app uses a gateway of hub that cannot work is not known: the peering object of hub was not read.",
	)
}

test_a_remote_object_without_the_flag_is_undetermined if {
	_unknown(
		_with({"remote": {"peering": {"allow_gateway_transit": null}}}),
		"hub does not say whether it allows gateway transit",
	)
}

test_remote_gateways_that_were_not_read_are_undetermined if {
	_unknown(_with({"remote": {"gateway": {"present": null, "kinds": []}}}), "the gateways of hub were not read")
}

test_own_gateways_that_were_not_read_are_undetermined if {
	_unknown(_with({"local": {"gateway": {"present": null}}}), "the gateways of app were not read")
}

test_a_route_server_of_its_own_is_undetermined if {
	_unknown(_with({"local": {"gateway": {"present": true, "kinds": ["RouteServer"]}}}), "app holds a Route Server")
}

test_a_missing_flag_is_undetermined_where_transit_would_not_work if {
	_unknown(
		_with({"use_remote_gateways": null, "remote": {"peering": {"allow_gateway_transit": false}}}),
		"app does not say whether it uses remote gateways",
	)
}

test_a_missing_flag_passes_where_transit_would_work if _passes(_with({"use_remote_gateways": null}))

test_an_inconsistent_link_is_undetermined_where_transit_would_not_work if {
	_unknown(
		_with({"state": "inconsistent", "remote": {"peering": {"allow_gateway_transit": false}}}),
		"its two objects contradict each other",
	)
}
