package policies.nsg.shadowed_rule_test

import data.policies.nsg.shadowed_rule

_rule := {
	"id": "/nsg-app/securityRules/allow",
	"name": "allow",
	"nsg": {"id": "/nsg-app", "name": "nsg-app", "seen": true},
	"priority": 200,
	"direction": "Inbound",
	"access": "Allow",
	"protocol": "*",
	"from_virtual_network": false,
	"from_any": false,
	"any_port": true,
	"port_count": 65536,
	"ports": "*",
	"may_expose_management_port": true,
	"odd": [],
	"source": {"any": true, "prefixes": [], "service_tags": [], "application_security_groups": []},
	"destination": {"any": true, "prefixes": [], "service_tags": [], "application_security_groups": []},
	"attached": {
		"status": "attached",
		"subnets": ["/snet-app"],
		"vnets": ["vnet-app"],
		"network_interfaces": 0,
		"environment": "production",
		"environment_status": "known",
	},
	"tag": {"beyond": [], "possibly_beyond": [], "unknown": []},
	"shadow": {"status": "shadowed", "by": ["deny-all"]},
	"shadowed": true,
	"management": {"exposed": [], "possible": []},
	"other_environment": [],
	"names_other_environment": false,
}

_with(changes) := object.union(_rule, changes)

_passes(rule) if {
	count(shadowed_rule.deny) == 0 with input as rule
	count(shadowed_rule.undetermined) == 0 with input as rule
}

_violates(rule, text) if {
	some verdict in shadowed_rule.deny with input as rule
	contains(verdict.message, text)
	count(shadowed_rule.deny) == 1 with input as rule
	count(shadowed_rule.undetermined) == 0 with input as rule
}

_is_undetermined(rule, text) if {
	some verdict in shadowed_rule.undetermined with input as rule
	contains(verdict.message, text)
	count(shadowed_rule.undetermined) == 1 with input as rule
	count(shadowed_rule.deny) == 0 with input as rule
}

test_a_rule_that_one_rule_hides_violates if {
	_violates(_rule, "allow (priority 200) of nsg-app can never match: deny-all before it takes everything that it names.")
}

test_a_rule_that_several_rules_hide_together_violates if {
	by := ["a", "b", "c", "d", "e", "f"]
	_violates(_with({"shadow": {"by": by}}), "a, b, c, d, e and 1 more before it take everything")
}

test_a_hidden_deny_rule_does_not_block if {
	_violates(_with({"access": "Deny"}), "what it should block is not blocked by it")
}

test_an_outbound_rule_violates if {
	_violates(_with({"direction": "Outbound"}), "can never match")
}

test_a_live_rule_passes if {
	_passes(_with({"shadow": {"status": "live", "by": []}, "shadowed": false}))
}

test_an_nsg_that_guards_nothing_passes if {
	_passes(_with({"attached": {"status": "detached"}}))
	_passes(_with({"attached": {"status": "detached"}, "shadow": {"status": "undecided"}}))
}

test_a_live_rule_of_an_nsg_of_unknown_attachment_passes if {
	_passes(_with({"attached": {"status": "not_visible"}, "shadow": {"status": "live", "by": []}}))
}

test_an_nsg_of_unknown_attachment_is_undetermined if {
	_is_undetermined(_with({"attached": {"status": "not_visible"}}), "what nsg-app is attached to was not read")
}

test_what_could_not_be_worked_out_is_undetermined if {
	_is_undetermined(_with({"shadow": {"status": "undecided"}, "odd": ["`priority` is missing"]}), "`priority` is missing")
}

test_a_rule_without_a_field_that_azure_requires_is_undetermined if {
	_is_undetermined(_with({"shadow": {"status": "matches_nothing"}}), "which Azure does not accept")
}
