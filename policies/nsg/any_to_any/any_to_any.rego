# METADATA
# title: An NSG rule lets any source reach every port
# description: >-
#   Reports a custom inbound allow rule whose source is any address and that leaves no port out. Whatever
#   listens behind it, now or later, is open to everyone who has a route to it.
# related_resources:
# - https://learn.microsoft.com/azure/virtual-network/network-security-groups-overview
# - https://learn.microsoft.com/azure/virtual-network/network-security-group-how-it-works
# - https://learn.microsoft.com/azure/security/fundamentals/network-best-practices
# custom:
#   id: nsg-any-to-any
#   severity: high
#   subject: nsg_rule
#   controls:
#   - {framework: nist-800-53-r5, control: AC-4, relation: supports}
#   - {framework: nist-800-53-r5, control: SC-7, relation: supports}
#   - {framework: mcsb-v1, control: NS-1, relation: supports}
#   - {framework: pci-dss-4.0, control: 1.3.1, relation: supports}
#   - {framework: iso-27001-2022, control: A.8.20, relation: supports}
#   - {framework: cis-azure-foundations-3.0, control: "7.1", relation: supports}
#   - {framework: cis-azure-foundations-3.0, control: "7.2", relation: supports}
#   remediation: >-
#     Replace the rule by rules that name the sources and ports that are needed, and delete it.
#   select:
#     from_any: true
#     any_port: true
#     access: [Allow, null]
#     direction: [Inbound, null]
package policies.nsg.any_to_any

import data.policies.lib.nsg_rule

deny contains {
	"message": sprintf("%s lets any source reach every port of %s%s: it filters nothing.", [
		nsg_rule.label,
		nsg_rule.guarded,
		_destination,
	]),
	"path": "/properties/sourceAddressPrefix",
	"related": [input.nsg.id],
} if {
	nsg_rule.may_admit
	nsg_rule.any_to_any
	count(_doubts) == 0
}

undetermined contains {
	"message": sprintf("Whether %s lets any source reach every port is not known: %s.", [
		nsg_rule.label,
		concat("; ", sort(_doubts)),
	]),
	"path": "/properties/sourceAddressPrefix",
	"related": [input.nsg.id],
} if {
	nsg_rule.may_admit
	_may_be_any_to_any
	count(_doubts) > 0
}

_may_be_any_to_any if nsg_rule.any_to_any

_may_be_any_to_any if {
	input.from_any
	nsg_rule.has_ports
	count(_port_doubts) > 0
}

_doubts := nsg_rule.doubts(nsg_rule.admission) | _port_doubts

_port_doubts := nsg_rule.port_doubts(nsg_rule.every_port_count)

_destination := "" if input.destination.any

_destination := " within its destination" if not input.destination.any
