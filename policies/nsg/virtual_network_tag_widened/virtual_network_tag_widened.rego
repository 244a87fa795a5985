# METADATA
# title: An NSG rule admits VirtualNetwork beyond the own network
# description: >-
#   Reports a custom inbound allow rule with the service tag VirtualNetwork as source, on fewer ports than
#   nsg-broad-virtual-network-tag reports, that admits more than its own virtual network.
# related_resources:
# - https://learn.microsoft.com/azure/virtual-network/service-tags-overview
# - https://learn.microsoft.com/azure/virtual-network/virtual-network-manage-peering
# - https://learn.microsoft.com/azure/virtual-network/network-security-groups-overview
# custom:
#   id: nsg-virtual-network-tag-widened
#   severity: medium
#   subject: nsg_rule
#   controls:
#   - {framework: nist-800-53-r5, control: AC-4, relation: supports}
#   - {framework: nist-800-53-r5, control: SC-7, relation: supports}
#   - {framework: mcsb-v1, control: NS-1, relation: supports}
#   - {framework: iso-27001-2022, control: A.8.22, relation: supports}
#   remediation: >-
#     Replace the tag by the prefixes or application security groups that need access.
#   select:
#     from_virtual_network: true
#     access: [Allow, null]
#     direction: [Inbound, null]
package policies.nsg.virtual_network_tag_widened

import data.policies.lib.nsg_rule

deny contains {
	"message": sprintf("%s opens %s of %s to VirtualNetwork, which there means also %s.%s", [
		nsg_rule.label,
		nsg_rule.ports,
		nsg_rule.guarded,
		nsg_rule.origins(_beyond),
		nsg_rule.hearsay,
	]),
	"path": "/properties/sourceAddressPrefix",
	"related": nsg_rule.origin_ids(_beyond),
} if {
	_may_be_narrow
	not _exposes_management
	count(_beyond) > 0
	count(_doubts) == 0
}

undetermined contains {
	"message": sprintf("Whether %s admits more than its own network through VirtualNetwork is not known: %s.", [
		nsg_rule.label,
		concat("; ", sort(_reasons)),
	]),
	"path": "/properties/sourceAddressPrefix",
	"related": nsg_rule.origin_ids(nsg_rule.possibly_beyond),
} if {
	_may_be_narrow
	count(_reasons) > 0
}

_may_be_narrow if {
	nsg_rule.may_admit
	input.from_virtual_network
	not nsg_rule.any_to_any
	_few_ports
}

_few_ports if not nsg_rule.broad_tag

# It may be one without ports, for which the same rule is not broad.
_few_ports if input.protocol == null

_exposes_management if count(nsg_rule.unexplained(input.management.exposed)) > 0

_beyond := nsg_rule.beyond

_doubts := nsg_rule.doubts(nsg_rule.admission) | nsg_rule.port_doubts(nsg_rule.wide_port_count)

_reasons := nsg_rule.tag_doubts(_doubts)
