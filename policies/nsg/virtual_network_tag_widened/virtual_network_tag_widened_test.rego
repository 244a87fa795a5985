package policies.nsg.virtual_network_tag_widened_test

import data.policies.nsg.virtual_network_tag_widened

_rule := {
	"id": "/nsg-app/securityRules/allow",
	"name": "allow",
	"nsg": {"id": "/nsg-app", "name": "nsg-app", "seen": true},
	"priority": 200,
	"direction": "Inbound",
	"access": "Allow",
	"protocol": "*",
	"from_virtual_network": true,
	"from_any": false,
	"any_port": false,
	"port_count": 1,
	"ports": "443",
	"may_expose_management_port": false,
	"odd": [],
	"source": {"any": false, "prefixes": [], "service_tags": ["VirtualNetwork"], "application_security_groups": []},
	"destination": {"any": true, "prefixes": [], "service_tags": [], "application_security_groups": []},
	"attached": {
		"status": "attached",
		"subnets": ["/snet-app"],
		"vnets": ["vnet-app"],
		"network_interfaces": 0,
		"environment": "production",
		"environment_status": "known",
	},
	"tag": {"beyond": [_hub], "possibly_beyond": [], "unknown": []},
	"shadow": {"status": "live", "by": []},
	"shadowed": false,
	"management": {"exposed": [], "possible": []},
	"other_environment": [],
	"names_other_environment": false,
}

_with(changes) := object.union(_rule, changes)

_hub := {"prefix": "10.0.0.0/16", "kind": "peer", "origin": "peering with vnet-hub", "id": "/peering-hub"}

_passes(rule) if {
	count(virtual_network_tag_widened.deny) == 0 with input as rule
	count(virtual_network_tag_widened.undetermined) == 0 with input as rule
}

_violates(rule, text) if {
	some verdict in virtual_network_tag_widened.deny with input as rule
	contains(verdict.message, text)
	count(virtual_network_tag_widened.deny) == 1 with input as rule
	count(virtual_network_tag_widened.undetermined) == 0 with input as rule
}

_is_undetermined(rule, text) if {
	some verdict in virtual_network_tag_widened.undetermined with input as rule
	contains(verdict.message, text)
	count(virtual_network_tag_widened.undetermined) == 1 with input as rule
	count(virtual_network_tag_widened.deny) == 0 with input as rule
}

test_a_port_from_a_wide_tag_violates if {
	_violates(_rule, concat("", [
		"allow (priority 200) of nsg-app opens port 443 of vnet-app to VirtualNetwork, ",
		"which there means also 10.0.0.0/16 (peering with vnet-hub).",
	]))
}

test_ports_are_listed_and_cut if {
	_violates(_with({"port_count": 6, "ports": "1, 2, 3, 4, 5, 6"}), "ports 1, 2, 3, 4, 5 and 1 more")
}

test_one_port_less_than_many_violates if {
	_violates(_with({"port_count": 99, "ports": "8000-8098"}), "ports 8000-8098")
}

test_many_ports_are_left_to_another_rule if {
	_passes(_with({"port_count": 100, "ports": "8000-8099"}))
}

test_the_line_is_that_of_the_other_rule if {
	rule := _with({"port_count": 20, "ports": "8000-8019"})
	config := {"nsg-broad-virtual-network-tag": {"wide_port_count": 20}}
	count(virtual_network_tag_widened.deny) == 0 with input as rule with data.config.rules as config
}

test_a_protocol_without_ports_violates_whatever_its_ports if {
	_violates(_with({"protocol": "Icmp", "port_count": 65536, "ports": "*"}), "opens ICMP of vnet-app")
	_violates(_with({"protocol": "Esp", "port_count": 1, "ports": "443"}), "opens ESP of vnet-app")
	_violates(_with({"protocol": "Ah", "port_count": 2, "ports": "1-2"}), "opens AH of vnet-app")
}

test_an_unknown_protocol_on_many_ports_is_undetermined if {
	_is_undetermined(_with({"protocol": null, "port_count": 65536, "ports": "*"}), "its protocol is missing")
}

test_any_source_on_every_port_is_left_to_another_rule if {
	_passes(_with({"from_any": true, "port_count": 65536, "ports": "*"}))
}

test_an_exposed_management_port_is_left_to_another_rule if {
	exposure := {"from": "on_premises", "who": "192.168.0.0/16", "services": ["SSH (22)"]}
	_passes(_with({"may_expose_management_port": true, "management": {"exposed": [exposure]}}))
}

test_a_management_port_that_only_may_be_exposed_violates_here if {
	exposure := {"from": "on_premises", "who": "192.168.0.0/16", "services": ["SSH (22)"]}
	_violates(_with({"may_expose_management_port": true, "management": {"possible": [exposure]}}), "vnet-hub")
}

test_odd_ports_are_undetermined if {
	_is_undetermined(_with({"odd": ["`80-` is no port range"]}), "ports could not be understood")
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

test_the_own_network_alone_passes if {
	_passes(_with({"tag": {"beyond": []}}))
}

test_the_platform_address_is_no_network if {
	platform := {"prefix": "168.63.129.16/32", "kind": "platform", "origin": "platform", "id": null}
	_passes(_with({"tag": {"beyond": [platform], "possibly_beyond": [platform]}}))
}

test_another_source_passes if {
	_passes(_with({"from_virtual_network": false}))
}

test_what_the_tag_may_hold_is_undetermined if {
	_is_undetermined(_with({"tag": {"beyond": [], "possibly_beyond": [_hub]}}), "may mean 10.0.0.0/16")
}

test_what_the_inputs_do_not_list_is_undetermined if {
	_is_undetermined(_with({"tag": {"beyond": [], "unknown": ["routes that BGP brings"]}}), "routes that BGP brings")
}

test_network_interfaces_alone_pass_where_the_tag_is_known if {
	rule := {"tag": {"beyond": []}, "attached": {"network_interfaces": 1, "subnets": [], "vnets": []}}
	_passes(_with(rule))
}

test_an_unknown_property_does_not_matter_where_the_tag_is_the_own_network if {
	_passes(_with({"tag": {"beyond": []}, "direction": null}))
}

test_unknown_attachment_is_undetermined_whatever_the_tag_brings if {
	_is_undetermined(_with({"tag": {"beyond": []}, "attached": {"status": "not_visible"}}), "attached to was not read")
}

test_what_is_known_is_enough if {
	_violates(_with({"tag": {"beyond": [_hub], "unknown": ["routes that BGP brings"]}}), "vnet-hub")
}

test_other_origins_are_not_said_to_be_observed if {
	peer := object.union(_hub, {"prefix": "0.0.0.0/0"})
	route := {"prefix": "10.7.0.0/16", "kind": "route", "origin": "route to-branch", "id": "/route"}
	rule := _with({"tag": {"beyond": [peer, route]}})
	_violates(rule, "route to-branch")
	not _violates(rule, "observed")
}

test_a_default_route_is_said_to_be_observed if {
	route := {"prefix": "0.0.0.0/0", "kind": "route", "origin": "route to-firewall", "id": "/route"}
	_violates(_with({"tag": {"beyond": [route]}}), "observed, not documented by Microsoft")
}

test_many_prefixes_are_cut if {
	origins := [object.union(_hub, {"prefix": sprintf("10.%d.0.0/16", [n])}) | some n in numbers.range(1, 7)]
	_violates(_with({"tag": {"beyond": origins}}), "10.4.0.0/16 (peering with vnet-hub) and 3 more.")
}
