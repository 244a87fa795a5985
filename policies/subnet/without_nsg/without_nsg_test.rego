package policies.subnet.without_nsg_test

import data.policies.subnet.without_nsg

_subnet := {
	"id": "/vnet-app/snet-app",
	"name": "snet-app",
	"vnet": {"id": "/vnet-app", "name": "vnet-app"},
	"purpose": "workload",
	"delegations": [],
	"has_nsg": false,
	"nsg": null,
	"reached": "certain",
	"reached_from": ["vnet-hub", "vnet-ops"],
}

_with(changes) := object.union(_subnet, changes)

_passes(rule) if {
	count(without_nsg.deny) == 0 with input as rule
	count(without_nsg.undetermined) == 0 with input as rule
}

_violates(rule, text) if {
	some verdict in without_nsg.deny with input as rule
	contains(verdict.message, text)
	count(without_nsg.deny) == 1 with input as rule
	count(without_nsg.undetermined) == 0 with input as rule
}

_is_undetermined(rule, text) if {
	some verdict in without_nsg.undetermined with input as rule
	contains(verdict.message, text)
	count(without_nsg.undetermined) == 1 with input as rule
	count(without_nsg.deny) == 0 with input as rule
}

test_a_reached_subnet_without_nsg_violates if {
	_violates(_subnet, concat("", [
		"snet-app of vnet-app has no NSG, and vnet-hub, vnet-ops can reach it: ",
		"nothing at the subnet decides who may come in.",
	]))
}

test_many_networks_are_cut if {
	_violates(_with({"reached_from": ["a", "b", "c", "d", "e", "f", "g"]}), "a, b, c, d, e and 2 more can reach it")
}

test_a_network_without_a_name_violates if {
	_violates(_with({"reached_from": []}), "another network can reach it")
}

test_a_subnet_with_nsg_passes if {
	_passes(_with({"has_nsg": true, "nsg": {"id": "/nsg-app", "name": "nsg-app", "seen": false}}))
}

test_a_subnet_that_nobody_reaches_passes if {
	_passes(_with({"reached": "none", "reached_from": []}))
}

test_platform_subnets_are_exempt if {
	every purpose in ["gateway", "azure_firewall", "azure_firewall_management", "route_server", "bastion"] {
		_passes(_with({"purpose": purpose}))
	}
}

test_possible_reach_is_undetermined if {
	_is_undetermined(_with({"reached": "possible"}), "vnet-hub, vnet-ops may, and a side was not read")
}

test_possible_reach_from_nobody_known_is_undetermined if {
	_is_undetermined(_with({"reached": "possible", "reached_from": []}), "a side of its network's peerings was not read")
}

test_an_nsg_that_cannot_be_understood_is_undetermined if {
	_is_undetermined(_with({"has_nsg": null}), "what it names cannot be understood")
	_passes(_with({"has_nsg": null, "reached": "none"}))
}
