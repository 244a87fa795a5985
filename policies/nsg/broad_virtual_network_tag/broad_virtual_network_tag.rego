# METADATA
# title: An NSG rule opens many ports to VirtualNetwork beyond the own network
# description: >-
#   Reports a custom inbound allow rule with the service tag VirtualNetwork as source, on all ports or many,
#   that admits more than its own virtual network: peered networks, on-premises space, routes.
# related_resources:
# - https://learn.microsoft.com/azure/virtual-network/service-tags-overview
# - https://learn.microsoft.com/azure/virtual-network/virtual-network-manage-peering
# - https://learn.microsoft.com/azure/virtual-network/network-security-groups-overview
# custom:
#   id: nsg-broad-virtual-network-tag
#   severity: high
#   subject: nsg_rule
#   controls:
#   - {framework: nist-800-53-r5, control: AC-4, relation: supports}
#   - {framework: nist-800-53-r5, control: SC-7, relation: supports}
#   - {framework: mcsb-v1, control: NS-1, relation: supports}
#   - {framework: pci-dss-4.0, control: 1.3.1, relation: supports}
#   - {framework: iso-27001-2022, control: A.8.22, relation: supports}
#   remediation: >-
#     Replace the tag by the prefixes or application security groups that need access, and name their ports.
#   parameters:
#     wide_port_count:
#       default: 100
#       description: From how many ports on, counted in the union of the rule's ranges, a rule is broad.
#   select:
#     from_virtual_network: true
#     access: [Allow, null]
#     direction: [Inbound, null]
package policies.nsg.broad_virtual_network_tag

import data.policies.lib.nsg_rule

deny contains {
	"message": sprintf("%s opens %s of %s to VirtualNetwork, which there means also %s.%s", [
		nsg_rule.label,
		_ports,
		nsg_rule.guarded,
		nsg_rule.origins(_beyond),
		nsg_rule.hearsay,
	]),
	"path": "/properties/sourceAddressPrefix",
	"related": nsg_rule.origin_ids(_beyond),
} if {
	nsg_rule.may_admit
	nsg_rule.broad_tag
	count(_beyond) > 0
	count(_doubts) == 0
}

undetermined contains {
	"message": sprintf("Whether %s opens many ports to more than its own network is not known: %s.", [
		nsg_rule.label,
		concat("; ", sort(_reasons)),
	]),
	"path": "/properties/sourceAddressPrefix",
	"related": nsg_rule.origin_ids(nsg_rule.possibly_beyond),
} if {
	nsg_rule.may_admit
	_may_be_broad
	count(_reasons) > 0
}

_may_be_broad if nsg_rule.broad_tag

_may_be_broad if {
	input.from_virtual_network
	nsg_rule.has_ports
	count(_port_doubts) > 0
}

_beyond := nsg_rule.beyond

_doubts := nsg_rule.doubts(nsg_rule.admission) | _port_doubts

_port_doubts := nsg_rule.port_doubts(nsg_rule.wide_port_count)

_reasons := nsg_rule.tag_doubts(_doubts)

_ports := "every port" if nsg_rule.every_port

_ports := sprintf("%d ports", [input.port_count]) if not nsg_rule.every_port
