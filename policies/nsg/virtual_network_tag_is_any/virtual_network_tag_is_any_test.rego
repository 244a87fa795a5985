package policies.nsg.virtual_network_tag_is_any_test

import data.policies.nsg.virtual_network_tag_is_any

_subnet := {
	"id": "/vnet-app/snet-app",
	"name": "snet-app",
	"vnet": {"id": "/vnet-app", "name": "vnet-app"},
	"purpose": "workload",
	"delegations": [],
	"has_nsg": true,
	"nsg": {"id": "/nsg-app", "name": "nsg-app", "seen": true},
	"tag_is_any": true,
	"default_route": {"id": "/rt/routes/default-to-firewall", "name": "default-to-firewall", "next_hop": "10.0.1.4"},
	"live_tag_rules": [{"id": "/nsg-app/default", "name": "AllowVnetInBound", "priority": 65000, "default": true}],
}

_with(changes) := object.union(_subnet, changes)

_passes(rule) if {
	count(virtual_network_tag_is_any.deny) == 0 with input as rule
	count(virtual_network_tag_is_any.undetermined) == 0 with input as rule
}

_violates(rule, text) if {
	some verdict in virtual_network_tag_is_any.deny with input as rule
	contains(verdict.message, text)
	count(virtual_network_tag_is_any.deny) == 1 with input as rule
	count(virtual_network_tag_is_any.undetermined) == 0 with input as rule
}

_is_undetermined(rule, text) if {
	some verdict in virtual_network_tag_is_any.undetermined with input as rule
	contains(verdict.message, text)
	count(virtual_network_tag_is_any.undetermined) == 1 with input as rule
	count(virtual_network_tag_is_any.deny) == 0 with input as rule
}

test_a_collapsed_tag_that_a_default_rule_admits_violates if {
	_violates(_subnet, concat("", [
		"VirtualNetwork means any address on snet-app of vnet-app since default-to-firewall routes everything to an ",
		"appliance, and AllowVnetInBound of nsg-app admits it (observed, not documented by Microsoft).",
	]))
}

test_a_custom_rule_is_related_and_a_default_one_is_not if {
	custom := {"id": "/nsg-app/allow-vnet", "name": "allow-vnet", "priority": 200, "default": false}
	rules := array.concat([custom], _subnet.live_tag_rules)
	some verdict in virtual_network_tag_is_any.deny with input as _with({"live_tag_rules": rules})
	contains(verdict.message, "allow-vnet, AllowVnetInBound of nsg-app")
	verdict.related == ["/vnet-app/snet-app", "/nsg-app", "/nsg-app/allow-vnet"]
}

test_the_route_is_shown if {
	some verdict in virtual_network_tag_is_any.deny with input as _subnet
	verdict.at == "/rt/routes/default-to-firewall"
	verdict.path == "/properties/addressPrefix"
}

test_the_subnet_is_shown_where_the_route_is_not_named if {
	some verdict in virtual_network_tag_is_any.deny with input as _with({"default_route": null})
	verdict.at == "/vnet-app/snet-app"
	contains(verdict.message, "since its default route goes to an appliance")
}

test_a_tag_that_means_networks_passes if {
	_passes(_with({"tag_is_any": false, "default_route": null}))
}

test_a_tag_that_no_live_rule_admits_passes if {
	_passes(_with({"live_tag_rules": []}))
	_passes(_with({"live_tag_rules": [], "tag_is_any": null, "default_route": null}))
}

test_an_unread_nsg_and_a_rule_that_it_would_hold_are_one_doubt if {
	_is_undetermined(_with({"nsg": {"seen": false}, "tag_is_any": null, "default_route": null}), "nor was nsg-app")
}

test_a_subnet_without_nsg_is_left_to_another_rule if {
	_passes(_with({"has_nsg": false}))
	_passes(_with({"has_nsg": false, "nsg": null, "live_tag_rules": []}))
}

test_platform_subnets_are_exempt if {
	every purpose in ["gateway", "azure_firewall", "azure_firewall_management", "route_server", "bastion"] {
		_passes(_with({"purpose": purpose}))
	}
}

test_an_unread_route_table_is_undetermined if {
	rule := _with({"tag_is_any": null, "default_route": null})
	_is_undetermined(rule, "where AllowVnetInBound of nsg-app admits it, is not known: its route table was not read")
}

test_an_unread_nsg_is_undetermined if {
	_is_undetermined(_with({"nsg": {"seen": false}, "live_tag_rules": []}), "whether nsg-app admits it was not read")
	_is_undetermined(_with({"nsg": {"seen": false}}), "whether nsg-app admits it was not read")
}

test_neither_read_is_undetermined if {
	rule := _with({"nsg": {"seen": false}, "live_tag_rules": [], "tag_is_any": null, "default_route": null})
	_is_undetermined(rule, "its route table was not read, nor was nsg-app")
}

test_an_unread_nsg_does_not_matter_where_the_tag_means_networks if {
	_passes(_with({"nsg": {"seen": false}, "live_tag_rules": [], "tag_is_any": false, "default_route": null}))
}
