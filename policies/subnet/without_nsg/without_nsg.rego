# METADATA
# title: A workload subnet that other networks reach has no NSG
# description: >-
#   Reports a workload subnet without a network security group that another virtual network can reach: nothing
#   at the subnet decides who may come in.
# related_resources:
# - https://learn.microsoft.com/azure/virtual-network/network-security-groups-overview
# - https://learn.microsoft.com/azure/virtual-network/network-security-group-how-it-works
# - https://learn.microsoft.com/azure/security/fundamentals/network-best-practices
# custom:
#   id: subnet-without-nsg
#   severity: medium
#   subject: subnet
#   controls:
#   - {framework: nist-800-53-r5, control: SC-7, relation: supports}
#   - {framework: mcsb-v1, control: NS-1, relation: supports}
#   - {framework: pci-dss-4.0, control: 1.3.1, relation: supports}
#   - {framework: iso-27001-2022, control: A.8.20, relation: supports}
#   remediation: >-
#     Associate a network security group that allows what the subnet needs and denies the rest.
#   select:
#     has_nsg: [false, null]
#     purpose: workload
package policies.subnet.without_nsg

import data.policies.lib.text

deny contains {
	"message": sprintf("%s of %s has no NSG, and %s: nothing at the subnet decides who may come in.", [
		input.name,
		input.vnet.name,
		_reach,
	]),
	"related": [input.vnet.id],
} if {
	_unfiltered
	input.reached == "certain"
}

undetermined contains {
	"message": sprintf("%s of %s has no NSG; whether another network reaches it is not known: %s.", [
		input.name,
		input.vnet.name,
		_hearsay,
	]),
	"related": [input.vnet.id],
} if {
	_unfiltered
	input.reached == "possible"
}

undetermined contains {
	"message": sprintf("Whether an NSG filters %s of %s is not known: what it names cannot be understood.", [
		input.name,
		input.vnet.name,
	]),
	"path": "/properties/networkSecurityGroup",
	"related": [input.vnet.id],
} if {
	input.purpose == "workload"
	input.has_nsg == null
	input.reached != "none"
}

_unfiltered if {
	input.purpose == "workload"
	input.has_nsg == false
}

_reach := sprintf("%s can reach it", [text.shorten(input.reached_from, 5)]) if count(input.reached_from) > 0

_reach := "another network can reach it" if count(input.reached_from) == 0

_hearsay := sprintf("%s may, and a side was not read", [text.shorten(input.reached_from, 5)]) if {
	count(input.reached_from) > 0
}

_hearsay := "a side of its network's peerings was not read" if count(input.reached_from) == 0
