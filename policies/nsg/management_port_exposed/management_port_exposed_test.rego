package policies.nsg.management_port_exposed_test

import data.policies.nsg.management_port_exposed

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
	"ports": "22",
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
	"shadow": {"status": "live", "by": []},
	"shadowed": false,
	"management": {"exposed": [_internet], "possible": []},
	"other_environment": [],
	"names_other_environment": false,
}

_with(changes) := object.union(_rule, changes)

_internet := {"from": "internet", "who": "any public address", "services": ["SSH (22)"]}

_on_premises := {"from": "on_premises", "who": "192.168.0.0/16", "services": ["SSH (22)"]}

_named := {"prefix": "10.20.0.0/16", "vnet": "vnet-dev", "id": "/vnet-dev", "environment": "dev"}

_dev := {"from": "other_environment", "who": "vnet-dev", "services": ["SSH (22)"]}

_hub := {"prefix": "10.0.0.0/16", "kind": "peer", "origin": "peering with vnet-hub", "id": "/peering-hub"}

_passes(rule) if {
	count(management_port_exposed.deny) == 0 with input as rule
	count(management_port_exposed.undetermined) == 0 with input as rule
}

_violates(rule, text) if {
	some verdict in management_port_exposed.deny with input as rule
	contains(verdict.message, text)
	count(management_port_exposed.deny) == 1 with input as rule
	count(management_port_exposed.undetermined) == 0 with input as rule
}

_is_undetermined(rule, text) if {
	some verdict in management_port_exposed.undetermined with input as rule
	contains(verdict.message, text)
	count(management_port_exposed.undetermined) == 1 with input as rule
	count(management_port_exposed.deny) == 0 with input as rule
}

test_a_port_that_the_internet_reaches_violates if {
	_violates(_rule, "allow (priority 200) of nsg-app lets any public address (internet) reach SSH (22) on vnet-app.")
}

test_on_premises_and_another_environment_violate if {
	rule := _with({"management": {"exposed": [_dev, _on_premises]}})
	_violates(rule, "vnet-dev (another environment) reach SSH (22), 192.168.0.0/16 (on-premises) reach SSH (22)")
}

test_many_services_are_cut if {
	exposure := {"from": "internet", "who": "any public address", "services": ["a", "b", "c", "d", "e"]}
	_violates(_with({"management": {"exposed": [exposure]}}), "reach a, b, c, d and 1 more")
}

test_a_port_that_nobody_from_outside_reaches_passes if {
	_passes(_with({"management": {"exposed": []}}))
}

test_another_port_passes if {
	_passes(_with({"may_expose_management_port": false}))
}

test_any_source_on_every_port_is_left_to_another_rule if {
	_passes(_with({"from_any": true, "port_count": 65536, "ports": "*"}))
}

test_any_source_on_every_port_is_left_to_another_rule_when_in_doubt if {
	_passes(_with({"from_any": true, "port_count": 65536, "ports": "*", "management": {"exposed": []}, "access": null}))
}

test_a_broad_tag_is_left_to_another_rule if {
	rule := {"from_virtual_network": true, "port_count": 65536, "ports": "*", "tag": {"beyond": [_hub]}}
	_passes(_with(object.union(rule, {"management": {"exposed": [_dev, _on_premises]}})))
}

test_a_broad_tag_that_is_in_doubt_is_left_to_another_rule if {
	rule := {"from_virtual_network": true, "port_count": 65536, "ports": "*", "tag": {"unknown": ["BGP"]}}
	_passes(_with(object.union(rule, {"management": {"exposed": [], "possible": [_on_premises]}})))
	_passes(_with(object.union(rule, {"management": {"exposed": []}, "attached": {"status": "not_visible"}})))
}

test_a_broad_tag_that_brings_nothing_explains_nothing if {
	rule := {"from_virtual_network": true, "port_count": 65536, "ports": "*", "management": {"exposed": [_dev]}}
	_violates(_with(rule), "vnet-dev")
}

test_a_broad_tag_does_not_explain_what_another_source_brings if {
	rule := {"from_virtual_network": true, "port_count": 65536, "ports": "*", "tag": {"beyond": [_hub]}}
	_violates(_with(rule), "internet")
	_violates(_with(object.union(rule, {"source": {"any": false, "prefixes": ["20.1.0.0/16"]}})), "internet")
	tags := {"any": false, "service_tags": ["Internet", "VirtualNetwork"]}
	_violates(_with(object.union(rule, {"source": tags})), "internet")
}

test_public_space_that_a_broad_tag_brings_is_left_to_another_rule if {
	rule := {"from_virtual_network": true, "port_count": 65536, "ports": "*", "tag": {"beyond": [_hub]}}
	_passes(_with(object.union(rule, {"source": {"any": false, "service_tags": ["VirtualNetwork"]}})))
}

test_a_tag_on_one_port_violates if {
	rule := {"from_virtual_network": true, "tag": {"beyond": [_hub]}, "management": {"exposed": [_on_premises]}}
	_violates(_with(rule), "on-premises")
}

test_a_network_that_the_rule_names_is_left_to_another_rule if {
	_passes(_with({"other_environment": [_named], "management": {"exposed": [_dev]}}))
}

test_names_of_one_network_do_not_explain_the_others if {
	_violates(_with({"other_environment": [_named], "management": {"exposed": [_dev, _internet]}}), "internet")
}

test_a_possible_exposure_is_undetermined if {
	rule := _with({"management": {"exposed": [], "possible": [_on_premises]}})
	_is_undetermined(rule, "may let 192.168.0.0/16 (on-premises) reach SSH (22) on vnet-app: the inputs do not")
}

test_what_is_proven_is_enough if {
	_violates(_with({"management": {"possible": [_on_premises]}}), "internet")
}

test_an_outbound_rule_passes if {
	_passes(_with({"direction": "Outbound"}))
}

test_a_deny_rule_passes if {
	_passes(_with({"access": "Deny"}))
}

test_a_rule_that_earlier_rules_hide_passes if {
	_passes(_with({"shadow": {"status": "shadowed", "by": ["deny-all"]}, "shadowed": true}))
}

test_a_rule_of_an_nsg_that_guards_nothing_passes if {
	_passes(_with({"attached": {"status": "detached", "subnets": [], "vnets": []}}))
}

test_an_nsg_of_unknown_attachment_is_undetermined if {
	_is_undetermined(_with({"attached": {"status": "not_visible"}}), "attached to was not read")
}

test_a_rule_that_may_be_hidden_is_undetermined if {
	_is_undetermined(_with({"shadow": {"status": "undecided", "by": []}}), "could not be worked out")
}

test_a_rule_without_a_field_that_azure_requires_is_undetermined if {
	_is_undetermined(_with({"shadow": {"status": "matches_nothing", "by": []}}), "which Azure does not accept")
}

test_an_unknown_property_is_undetermined if {
	every property in {"access", "direction", "priority", "protocol"} {
		_is_undetermined(_with({property: null}), sprintf("its %s is missing or unknown", [property]))
	}
}

test_an_unknown_property_does_not_matter_where_another_one_excludes_the_rule if {
	_passes(_with({"direction": null, "access": "Deny"}))
	_passes(_with({"access": null, "direction": "Outbound"}))
}

test_a_source_that_is_not_judged_is_undetermined if {
	unjudged := {"management": {"exposed": []}, "direction": null}
	every source in [
		{"any": true},
		{"prefixes": ["10.1.0.0/16"]},
		{"service_tags": ["VirtualNetwork"]},
		{"application_security_groups": []},
	] {
		end := object.union({"any": false, "prefixes": [], "service_tags": []}, source)
		_is_undetermined(_with(object.union(unjudged, {"source": end})), "its direction is missing or unknown")
	}
}

test_a_source_from_inside_does_not_matter if {
	unjudged := {"management": {"exposed": []}, "direction": null}
	every source in [{"service_tags": ["AzureLoadBalancer"]}, {"application_security_groups": ["/asg-web"]}] {
		end := object.union({"any": false, "prefixes": [], "service_tags": []}, source)
		_passes(_with(object.union(unjudged, {"source": end})))
	}
}

test_an_odd_source_is_undetermined if {
	rule := _with({"management": {"exposed": []}, "odd": ["`10.0.0.0/33` is neither a prefix nor a service tag"]})
	_is_undetermined(rule, "some of its addresses could not be understood")
}

test_an_open_environment_is_undetermined if {
	every status in ["missing", "conflict"] {
		attached := {"environment": null, "environment_status": status}
		rule := _with({"management": {"exposed": []}, "attached": attached})
		_is_undetermined(rule, "the environment of what nsg-app guards is open")
	}
}

test_unread_subnets_are_undetermined if {
	attached := {"environment": null, "environment_status": "not_seen"}
	rule := _with({"management": {"exposed": []}, "attached": attached})
	_is_undetermined(rule, "the subnets that nsg-app guards were not read")
}

test_an_open_environment_does_not_matter_where_the_internet_comes_in if {
	_violates(_with({"attached": {"environment": null, "environment_status": "missing"}}), "internet")
}

test_an_undecided_order_does_not_matter_where_nobody_comes_through if {
	_passes(_with({"management": {"exposed": []}, "shadow": {"status": "undecided"}}))
}
