package policies.nsg.any_to_any_test

import data.policies.nsg.any_to_any

_rule := {
	"id": "/nsg-app/securityRules/allow",
	"name": "allow",
	"nsg": {"id": "/nsg-app", "name": "nsg-app", "seen": true},
	"priority": 200,
	"direction": "Inbound",
	"access": "Allow",
	"protocol": "*",
	"from_virtual_network": false,
	"from_any": true,
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
	"shadow": {"status": "live", "by": []},
	"shadowed": false,
	"management": {"exposed": [], "possible": []},
	"other_environment": [],
	"names_other_environment": false,
}

_with(changes) := object.union(_rule, changes)

_odd_address := "`10.0.0.0/33` is neither a prefix nor a service tag"

_passes(rule) if {
	count(any_to_any.deny) == 0 with input as rule
	count(any_to_any.undetermined) == 0 with input as rule
}

_violates(rule, text) if {
	some verdict in any_to_any.deny with input as rule
	contains(verdict.message, text)
	count(any_to_any.deny) == 1 with input as rule
	count(any_to_any.undetermined) == 0 with input as rule
}

_is_undetermined(rule, text) if {
	some verdict in any_to_any.undetermined with input as rule
	contains(verdict.message, text)
	count(any_to_any.undetermined) == 1 with input as rule
	count(any_to_any.deny) == 0 with input as rule
}

test_any_source_on_every_port_violates if {
	_violates(_rule, "allow (priority 200) of nsg-app lets any source reach every port of vnet-app: it filters nothing.")
}

test_ports_from_1_violate if {
	_violates(_with({"port_count": 65535, "any_port": false, "ports": "1-65535"}), "every port")
}

test_tcp_and_udp_alone_violate if {
	_violates(_with({"protocol": "Tcp"}), "every port")
	_violates(_with({"protocol": "Udp"}), "every port")
}

test_a_narrow_destination_violates_all_the_same if {
	destination := {"any": false, "prefixes": ["10.1.0.4/32"]}
	_violates(_with({"destination": destination}), "every port of vnet-app within its destination")
}

test_an_nsg_of_network_interfaces_violates if {
	attached := {"status": "attached", "subnets": [], "vnets": [], "network_interfaces": 2}
	_violates(_with({"attached": attached}), "the network interfaces of nsg-app")
}

test_many_networks_are_cut if {
	_violates(_with({"attached": {"vnets": ["a", "b", "c", "d", "e"]}}), "a, b, c and 2 more")
}

test_some_ports_pass if {
	_passes(_with({"port_count": 1, "any_port": false, "ports": "443"}))
	_passes(_with({"port_count": 65534, "any_port": false, "ports": "2-65535"}))
}

test_a_named_source_passes if {
	_passes(_with({"from_any": false, "source": {"any": false, "prefixes": ["10.1.0.0/16"]}}))
}

test_the_tag_internet_is_not_any_source if {
	_passes(_with({"from_any": false, "source": {"any": false, "service_tags": ["Internet"]}}))
}

test_a_protocol_without_ports_passes if {
	_passes(_with({"protocol": "Icmp"}))
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

test_odd_ports_are_undetermined if {
	rule := {"odd": ["`80-` is no port range"], "port_count": 0, "any_port": false, "ports": ""}
	_is_undetermined(_with(rule), "some of its ports could not be understood")
}

test_something_odd_that_nobody_knows_is_undetermined if {
	rule := {"odd": ["a number is no text"], "port_count": 0, "any_port": false, "ports": ""}
	_is_undetermined(_with(rule), "could not be understood")
}

test_odd_ports_do_not_matter_where_another_condition_fails if {
	odd := {"odd": ["`80-` is no port range"], "port_count": 0, "any_port": false, "ports": ""}
	_passes(_with(object.union(odd, {"from_any": false})))
	_passes(_with(object.union(odd, {"protocol": "Icmp"})))
}

test_an_unknown_property_of_a_rule_for_some_ports_does_not_matter if {
	_passes(_with({"access": null, "port_count": 1, "any_port": false, "ports": "443"}))
}

test_odd_ports_beside_every_port_violate if {
	_violates(_with({"odd": ["`80-` is no port range"]}), "every port")
}

test_another_odd_property_does_not_matter if {
	_passes(_with({"odd": [_odd_address], "port_count": 1, "any_port": false, "ports": "443"}))
}

test_a_rule_without_priority_is_named_without_it if {
	_is_undetermined(_with({"priority": null}), "Whether allow of nsg-app lets")
}
