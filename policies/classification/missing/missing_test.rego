package policies.classification.missing_test

import data.policies.classification.missing

_vnet(role, environment) := {
	"id": "a",
	"name": "vnet-a",
	"connected": true,
	"role": {"status": role, "reason": "the role's reason"},
	"role_status": role,
	"environment": {"status": environment, "reason": "the environment's reason"},
	"environment_status": environment,
}

_passes(vnet) if count(missing.deny) == 0 with input as vnet

_broken(vnet, says) if {
	some finding in missing.deny with input as vnet
	contains(finding.message, says)
	finding.path == "/tags"
	count(missing.deny) == 1 with input as vnet
}

test_a_missing_role_is_reported_with_its_reason if {
	_broken(_vnet("missing", "known"), "No role could be found for vnet-a (the role's reason)")
}

test_a_missing_environment_is_reported_with_its_reason if {
	_broken(_vnet("known", "missing"), "No environment could be found for vnet-a (the environment's reason)")
}

test_both_missing_are_one_finding if {
	_broken(
		_vnet("missing", "missing"),
		"No environment and no role could be found for vnet-a (the environment's reason; the role's reason)",
	)
}

test_a_classified_network_passes if _passes(_vnet("known", "known"))

test_a_conflict_is_not_missing if _passes(_vnet("conflict", "conflict"))

test_a_network_that_nothing_joins_needs_no_role if {
	_passes(object.union(_vnet("missing", "missing"), {"connected": false}))
}
