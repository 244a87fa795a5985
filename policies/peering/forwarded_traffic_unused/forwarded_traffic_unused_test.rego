package policies.peering.forwarded_traffic_unused_test

import data.policies.peering.forwarded_traffic_unused

test_an_approved_flag_toward_a_network_without_forwarder_violates_once if {
	forwarded_traffic_unused.deny == {{
		"message": concat("", [
			"vnet-app accepts traffic forwarded by vnet-hub, which holds nothing that could forward: ",
			"approval NET-1423 can go.",
		]),
		"path": "/properties/allowForwardedTraffic",
		"related": ["/hub/peering"],
	}} with input as _side({})
	count(forwarded_traffic_unused.undetermined) == 0 with input as _side({})
}

test_a_link_seen_from_one_side_says_so if {
	changes := {"state": "assumed_established", "remote": {"peering": null}}
	some entry in forwarded_traffic_unused.deny with input as _side(changes)
	endswith(entry.message, "can go (known from one side, the other was not read).")
	entry.related == ["/hub"]
}

test_several_approvals_are_one_entry if {
	approvals := [_approval("NET-1", true, _rules), _approval("NET-2", true, _rules)]
	count(forwarded_traffic_unused.deny) == 1 with input as _side({"approvals": approvals})
	some entry in forwarded_traffic_unused.deny with input as _side({"approvals": approvals})
	contains(entry.message, "approval NET-1, NET-2 can go")
}

test_any_kind_of_forwarder_passes if {
	every kind in ["azure_firewall", "network_interface", "route_server", "virtual_network_gateway", "declared"] {
		found := [{"id": null, "kind": kind, "name": "x"}]
		_silent(_side({"remote": {"forwarders": {"found": found, "complete": false}}}))
	}
}

test_the_flag_off_passes if _silent(_side({"allow_forwarded_traffic": false}))

test_a_flag_without_approval_is_another_rules if {
	_silent(_side({"approvals": []}))
	_silent(_side({"approvals": [_approval("NET-1", false, _rules)]}))
	_silent(_side({"approvals": [_approval("NET-1", true, ["peering-cross-region"])]}))
}

test_a_virtual_wan_hub_forwards_by_itself if {
	_silent(_side({"remote_vnet": "virtual_hub", "remote": {"forwarders": {"complete": false}}}))
}

test_links_that_carry_nothing_pass if {
	every state in ["one_sided", "initiated", "disconnected"] {
		_silent(_side({"state": state}))
		_silent(_side({"state": state, "allow_forwarded_traffic": null}))
		_silent(_side({"state": state, "remote": {"forwarders": {"complete": false}}}))
	}
}

test_forwarders_that_were_not_read_are_undetermined if {
	changes := {"remote": {"forwarders": {"complete": false, "not_read": ["networkInterfaces"]}}}
	forwarded_traffic_unused.undetermined == {{
		"message": concat("", [
			"Whether vnet-app needs to accept traffic forwarded by vnet-hub (approval NET-1423) is not known: ",
			"not everything in vnet-hub that could forward was read (networkInterfaces).",
		]),
		"path": "/properties/allowForwardedTraffic",
		"related": ["/hub/peering"],
	}} with input as _side(changes)
	count(forwarded_traffic_unused.deny) == 0 with input as _side(changes)
}

test_a_missing_flag_is_undetermined if _undetermined_once(_side({"allow_forwarded_traffic": null}))

test_all_that_is_open_is_one_entry if {
	_undetermined_once(_side({
		"allow_forwarded_traffic": null,
		"remote": {"forwarders": {"complete": false, "not_read": ["networkInterfaces"]}},
	}))
}

test_a_link_that_may_be_established_is_undetermined if {
	_undetermined_once(_side({"state": "unknown"}))
	_undetermined_once(_side({"state": "inconsistent", "remote": {"peering": null}}))
}

_silent(side) if {
	count(forwarded_traffic_unused.deny) == 0 with input as side
	count(forwarded_traffic_unused.undetermined) == 0 with input as side
}

_undetermined_once(side) if {
	count(forwarded_traffic_unused.deny) == 0 with input as side
	count(forwarded_traffic_unused.undetermined) == 1 with input as side
}

_rules := ["peering-unapproved-forwarded-traffic"]

_approval(id, in_force, rules) := {"id": id, "rules": rules, "in_force": in_force, "expires": "2026-12-31"}

_side(changes) := object.union(
	{
		"id": "/app/peering",
		"state": "established",
		"remote_vnet": "seen",
		"allow_forwarded_traffic": true,
		"approvals": [_approval("NET-1423", true, _rules)],
		"local": {
			"vnet": {"id": "/app", "name": "vnet-app", "subscription_name": null},
			"peering": {"id": "/app/peering", "state": "Connected"},
		},
		"remote": {
			"vnet": {"id": "/hub", "name": "vnet-hub", "subscription_name": null},
			"peering": {"id": "/hub/peering", "state": "Connected"},
			"forwarders": {"found": [], "complete": true, "not_read": []},
		},
	},
	changes,
)
