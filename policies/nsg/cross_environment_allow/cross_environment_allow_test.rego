package policies.nsg.cross_environment_allow_test

import data.policies.nsg.cross_environment_allow

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
	"any_port": false,
	"port_count": 1,
	"ports": "443",
	"may_expose_management_port": false,
	"odd": [],
	"source": {"any": false, "prefixes": ["10.20.0.0/16"], "service_tags": [], "application_security_groups": []},
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
	"shadow": {"status": "live", "by": []},
	"shadowed": false,
	"management": {"exposed": [], "possible": []},
	"other_environment": [_dev],
	"possibly_other_environment": [],
	"names_other_environment": true,
}

_with(changes) := object.union(_rule, changes)

_dev := {"prefix": "10.20.0.0/16", "vnet": "vnet-dev", "id": "/vnet-dev", "environment": "dev"}

_odd_address := "`10.0.0.0/33` is neither a prefix nor a service tag"

_open := {
	"names_other_environment": false,
	"other_environment": [],
	"attached": {"environment": null, "environment_status": "missing"},
}

_passes(rule) if {
	count(cross_environment_allow.deny) == 0 with input as rule
	count(cross_environment_allow.undetermined) == 0 with input as rule
}

_violates(rule, text) if {
	some verdict in cross_environment_allow.deny with input as rule
	contains(verdict.message, text)
	count(cross_environment_allow.deny) == 1 with input as rule
	count(cross_environment_allow.undetermined) == 0 with input as rule
}

_is_undetermined(rule, text) if {
	some verdict in cross_environment_allow.undetermined with input as rule
	contains(verdict.message, text)
	count(cross_environment_allow.undetermined) == 1 with input as rule
	count(cross_environment_allow.deny) == 0 with input as rule
}

test_a_prefix_of_the_other_environment_violates if {
	_violates(_rule, concat("", [
		"allow (priority 200) of nsg-app, which guards vnet-app (production), allows 10.20.0.0/16 of vnet-dev (dev) ",
		"on port 443: the rule joins production and non-production.",
	]))
}

test_the_reverse_violates if {
	prod := {"prefix": "10.1.0.0/16", "vnet": "vnet-prod", "id": "/vnet-prod", "environment": "prod"}
	rule := _with({"attached": {"environment": "non_production"}, "other_environment": [prod]})
	_violates(rule, "(non-production), allows 10.1.0.0/16 of vnet-prod (prod)")
}

test_an_outbound_rule_violates_and_shows_its_destination if {
	some verdict in cross_environment_allow.deny with input as _with({"direction": "Outbound"})
	verdict.path == "/properties/destinationAddressPrefix"
	verdict.related == ["/vnet-dev"]
}

test_the_direction_does_not_matter if {
	_violates(_with({"direction": null}), "vnet-dev")
}

test_a_side_that_is_not_named_is_told_all_the_same if {
	_violates(_with({"attached": {"environment": null}}), "vnet-app (the other side)")
}

test_many_prefixes_are_cut if {
	foreign := [object.union(_dev, {"prefix": sprintf("10.%d.0.0/16", [n])}) | some n in numbers.range(1, 6)]
	_violates(_with({"other_environment": foreign}), "and 2 more")
}

test_a_rule_that_names_nobody_passes if {
	_passes(_with({"names_other_environment": false, "other_environment": []}))
}

test_a_deny_rule_passes if {
	_passes(_with({"access": "Deny"}))
}

test_a_rule_that_earlier_rules_hide_passes if {
	_passes(_with({"shadow": {"status": "shadowed", "by": ["deny-all"]}, "shadowed": true}))
}

test_a_rule_of_an_nsg_that_guards_nothing_passes if {
	_passes(_with({"attached": {"status": "detached"}}))
}

test_a_shared_network_passes if {
	_passes(_with({"attached": {"environment": "shared"}, "names_other_environment": false, "other_environment": []}))
}

test_any_source_on_every_port_is_left_to_another_rule if {
	_passes(_with({"from_any": true, "port_count": 65536, "ports": "*"}))
}

test_an_outbound_rule_names_them_whatever_its_source if {
	_violates(_with({"direction": "Outbound", "from_any": true, "port_count": 65536, "ports": "*"}), "vnet-dev")
}

test_odd_addresses_of_a_shared_network_do_not_matter if {
	rule := {"attached": {"environment": "shared"}, "other_environment": [], "odd": [_odd_address]}
	_passes(_with(rule))
}

test_an_unknown_access_is_undetermined if {
	_is_undetermined(_with({"access": null}), "its access is missing or unknown")
}

test_a_rule_that_may_be_hidden_is_undetermined if {
	_is_undetermined(_with({"shadow": {"status": "undecided"}}), "could not be worked out")
}

test_an_open_environment_is_undetermined if {
	rule := _with(_open)
	_is_undetermined(rule, "the environment of what nsg-app guards is open")
}

test_an_open_environment_matters_at_the_far_end_alone if {
	destination := {"any": false, "prefixes": ["10.1.0.4/32"]}
	unnamed := {"any": false, "prefixes": []}
	_passes(_with(object.union(_open, {"source": unnamed, "destination": destination})))
	_is_undetermined(
		_with(object.union(_open, {"source": unnamed, "destination": destination, "direction": "Outbound"})),
		"is open",
	)
	_is_undetermined(
		_with(object.union(_open, {"source": unnamed, "destination": destination, "direction": null})),
		"is open",
	)
}

test_any_address_names_nobody if {
	_passes(_with(object.union(_open, {"source": {"any": true}})))
}

test_odd_addresses_are_undetermined if {
	rule := {"names_other_environment": false, "other_environment": [], "odd": [_odd_address]}
	_is_undetermined(_with(rule), "some of its addresses could not be understood")
}

test_odd_addresses_at_the_near_end_do_not_matter if {
	rule := {"names_other_environment": false, "other_environment": [], "odd": [_odd_address]}
	_passes(_with(object.union(rule, {"source": {"any": true}})))
}

test_a_named_network_of_unknown_environment_is_undetermined if {
	open := {"prefix": "10.20.0.0/16", "vnet": "vnet-lab", "id": "/vnet-lab", "environment": "environment unknown"}
	rule := _with({"other_environment": [], "possibly_other_environment": [open]})
	count(cross_environment_allow.deny) == 0 with input as rule
	some verdict in cross_environment_allow.undetermined with input as rule
	contains(verdict.message, "the environment of vnet-lab, which it names, is open")
}
