package policies.classification.conflict_test

import data.policies.classification.conflict

_vnet(role, environment) := {
	"id": "a",
	"name": "vnet-a",
	"connected": true,
	"role": {"status": role, "reason": "the role's reason"},
	"role_status": role,
	"environment": {"status": environment, "reason": "the environment's reason"},
	"environment_status": environment,
}

_passes(vnet) if count(conflict.deny) == 0 with input as vnet

_broken(vnet, says) if {
	some finding in conflict.deny with input as vnet
	contains(finding.message, says)
	finding.path == "/tags"
	count(conflict.deny) == 1 with input as vnet
}

test_a_disputed_role_is_reported_with_its_reason if {
	_broken(
		_vnet("conflict", "known"),
		"The role of vnet-a cannot be told, because its signs disagree (the role's reason)",
	)
}

test_a_disputed_environment_is_reported_with_its_reason if {
	_broken(_vnet("known", "conflict"), "The environment of vnet-a cannot be told")
}

test_both_disputed_are_one_finding if {
	_broken(
		_vnet("conflict", "conflict"),
		"The environment and the role of vnet-a cannot be told, because its signs disagree",
	)
}

test_a_conflict_beside_a_gap_names_the_conflict_alone if {
	_broken(_vnet("missing", "conflict"), "The environment of vnet-a cannot be told")
}

test_a_classified_network_passes if _passes(_vnet("known", "known"))

test_a_missing_classification_is_no_conflict if _passes(_vnet("missing", "missing"))

test_a_network_that_nothing_joins_may_contradict_itself if {
	_passes(object.union(_vnet("conflict", "conflict"), {"connected": false}))
}
