# METADATA
# title: A management or database port is open to the outside
# description: >-
#   Reports an inbound allow rule through which the internet, on-premises or another environment effectively
#   reaches SSH, RDP, WinRM or a database port, earlier rules taken into account.
# related_resources:
# - https://learn.microsoft.com/azure/security/fundamentals/network-best-practices
# - https://learn.microsoft.com/azure/bastion/bastion-overview
# - https://learn.microsoft.com/azure/virtual-network/network-security-groups-overview
# custom:
#   id: nsg-management-port-exposed
#   severity: high
#   subject: nsg_rule
#   controls:
#   - {framework: nist-800-53-r5, control: AC-17, relation: supports}
#   - {framework: nist-800-53-r5, control: SC-7, relation: supports}
#   - {framework: mcsb-v1, control: NS-1, relation: supports}
#   - {framework: pci-dss-4.0, control: 1.3.1, relation: supports}
#   - {framework: iso-27001-2022, control: A.8.20, relation: supports}
#   - {framework: cis-azure-foundations-3.0, control: "7.1", relation: supports}
#   - {framework: cis-azure-foundations-3.0, control: "7.2", relation: supports}
#   remediation: >-
#     Allow these ports from a bastion or jump host's prefix alone, and reach machines through it.
#   select:
#     may_expose_management_port: true
package policies.nsg.management_port_exposed

import data.policies.lib.nsg_rule
import data.policies.lib.text

deny contains {
	"message": sprintf("%s lets %s.", [nsg_rule.label, _told(_exposed)]),
	"path": "/properties/sourceAddressPrefix",
	"related": [input.nsg.id],
} if {
	_may_expose
	count(_exposed) > 0
	count(_doubts) == 0
}

undetermined contains {
	"message": sprintf("Whether %s lets %s is not known: %s.", [
		nsg_rule.label,
		_told(_exposed),
		concat("; ", sort(_doubts)),
	]),
	"path": "/properties/sourceAddressPrefix",
	"related": [input.nsg.id],
} if {
	_may_expose
	count(_exposed) > 0
	count(_doubts) > 0
}

undetermined contains {
	"message": sprintf("%s may let %s: the inputs do not rule it out.", [nsg_rule.label, _told(_possible)]),
	"path": "/properties/sourceAddressPrefix",
	"related": [input.nsg.id],
} if {
	_may_expose
	count(_exposed) == 0
	count(_possible) > 0
}

undetermined contains {
	"message": sprintf("Who reaches management ports through %s is not known: %s.", [
		nsg_rule.label,
		concat("; ", sort(_blind_spots)),
	]),
	"path": "/properties/sourceAddressPrefix",
	"related": [input.nsg.id],
} if {
	_may_expose
	count(_exposed) + count(_possible) == 0
	count(_blind_spots) > 0
	_may_come_from_outside
	not nsg_rule.any_to_any
	not nsg_rule.broad_tag
}

_may_expose if {
	nsg_rule.may_admit
	input.may_expose_management_port
}

_exposed := nsg_rule.unexplained(input.management.exposed)

_possible := nsg_rule.unexplained(input.management.possible)

_doubts := nsg_rule.doubts(nsg_rule.admission)

_blind_spots := ((nsg_rule.blind_spots(nsg_rule.admission) | nsg_rule.address_doubts) | _open_environment) |
	nsg_rule.port_doubts(nsg_rule.every_port_count)

# Without the own environment nobody is in another one, and without the subnets nobody is judged at all.
_open_environment contains sprintf("the environment of what %s guards is open", [input.nsg.name]) if {
	input.attached.environment_status in {"missing", "conflict"}
}

_open_environment contains sprintf("the subnets that %s guards were not read", [input.nsg.name]) if {
	input.attached.status == "attached"
	input.attached.environment_status == "not_seen"
}

# Application security groups hold interfaces of the own network, the load balancer is the platform.
_may_come_from_outside if input.source.any

_may_come_from_outside if count(input.source.prefixes) > 0

_may_come_from_outside if {
	some tag in input.source.service_tags
	lower(tag) != "azureloadbalancer"
}

_may_come_from_outside if {
	count(input.source.prefixes) + count(input.source.service_tags) == 0
	count(input.source.application_security_groups) == 0
}

_told(exposures) := sprintf("%s on %s", [text.shorten(_sentences(exposures), 3), nsg_rule.guarded])

_sentences(exposures) := [sentence |
	some exposure in exposures
	sentence := sprintf("%s (%s) reach %s", [
		exposure.who,
		_origin[exposure.from],
		text.shorten(exposure.services, 4),
	])
]

_origin := {
	"internet": "internet",
	"on_premises": "on-premises",
	"other_environment": "another environment",
}
