package policies.approval.too_broad_test

import data.policies.approval.too_broad

_approval(ambiguous) := {"id": "NET-1", "local": "vnet-app", "remote": "vnet-hub", "ambiguous": ambiguous}

_local := {"side": "local", "name": "vnet-app", "ids": ["a", "b"], "count": 2}

_remote := {"side": "remote", "name": "vnet-hub", "ids": ["c", "d"], "count": 12}

test_a_name_of_two_networks_is_reported_with_both if {
	some finding in too_broad.deny with input as _approval([_local])
	startswith(finding.message, "Approval NET-1 approves more than it says: ")
	contains(finding.message, "local \"vnet-app\" is the name of 2 virtual networks.")
	finding.related == ["a", "b"]
}

test_both_names_are_one_finding if {
	some finding in too_broad.deny with input as _approval([_local, _remote])
	contains(finding.message, "; remote \"vnet-hub\" is the name of 12 virtual networks")
	finding.related == ["a", "b", "c", "d"]
	count(too_broad.deny) == 1 with input as _approval([_local, _remote])
}

test_names_of_one_network_pass if {
	count(too_broad.deny) == 0 with input as _approval([])
}
