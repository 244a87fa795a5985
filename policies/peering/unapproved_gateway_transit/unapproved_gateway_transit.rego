# METADATA
# title: Gateway transit that the topology does not explain
# description: >-
#   Gateway transit in use between virtual networks other than a spoke (or shared services) that uses the gateway
#   of its hub.
# related_resources:
# - https://learn.microsoft.com/azure/vpn-gateway/vpn-gateway-peering-gateway-transit
# - https://learn.microsoft.com/azure/cloud-adoption-framework/ready/azure-best-practices/traditional-azure-networking-topology
# custom:
#   id: peering-unapproved-gateway-transit
#   severity: medium
#   subject: peering_side
#   controls:
#   - {framework: nist-800-53-r5, control: AC-4, relation: supports}
#   - {framework: nist-800-53-r5, control: CA-9, relation: supports}
#   - {framework: mcsb-v1, control: NS-1, relation: supports}
#   - {framework: pci-dss-4.0, control: 1.2.2, relation: supports}
#   - {framework: iso-27001-2022, control: A.8.22, relation: supports}
#   remediation: >-
#     Turn useRemoteGateways off on this peering object and allowGatewayTransit off on the other side, and reach
#     on-premises through the hub; or record an approval for it.
#   select: {use_remote_gateways: [true, null], hub_and_spoke: false}
package policies.peering.unapproved_gateway_transit

import data.policies.lib.link

deny contains {
	"message": sprintf(
		"%s (%s) uses the gateway of %s (%s): %s.",
		[
			input.local.vnet.name, _role(input.local), input.remote.vnet.name, _role(input.remote),
			"it and the networks behind that gateway reach each other, which hub-and-spoke does not explain",
		],
	),
	"path": "/properties/useRemoteGateways",
	"related": _related,
} if {
	_judged
	count(_doubts) == 0
}

undetermined contains {
	"message": sprintf(
		"Whether %s uses the gateway of %s outside hub-and-spoke is not known: %s.",
		[input.local.vnet.name, input.remote.vnet.name, concat("; ", _doubts)],
	),
	"path": "/properties/useRemoteGateways",
	"related": _related,
} if {
	_judged
	count(_doubts) > 0
}

# A hub of a virtual WAN offers its gateways to every network that it connects.
_judged if {
	input.use_remote_gateways != false
	link.may_be_up(input.state)
	input.remote_vnet != "virtual_hub"
	not _cannot_work
	not _explained
}

# Transit that cannot work is not in use: peering-gateway-transit-mismatch reports it.
_cannot_work if input.remote.peering.allow_gateway_transit == false

_cannot_work if input.remote.gateway.present == false

_cannot_work if link.has_gateway(input.local)

_explained if {
	input.local.vnet.role.value in {"spoke", "shared"}
	input.remote.vnet.role.value == "hub"
}

# One known role is enough where it rules hub-and-spoke out.
_outside if input.local.vnet.role.value == "hub"

_outside if input.remote.vnet.role.value in {"spoke", "shared"}

_role(side) := side.vnet.role.value if side.vnet.role.value != null

_role(side) := "role not known" if side.vnet.role.value == null

_related := array.concat([link.id_of(input.remote)], input.remote.gateway.ids)

_doubts := link.state_doubts(input.state) | _fact_doubts

_fact_doubts contains sprintf("%s does not say whether it uses remote gateways", [input.local.vnet.name]) if {
	input.use_remote_gateways == null
}

_fact_doubts contains sprintf("the peering object of %s was not read", [input.remote.vnet.name]) if {
	input.remote.peering == null
}

_fact_doubts contains sprintf("%s does not say whether it allows gateway transit", [input.remote.vnet.name]) if {
	input.remote.peering.allow_gateway_transit == null
}

_fact_doubts contains sprintf("the role of %s is not known (%s)", [side.vnet.name, side.vnet.role.reason]) if {
	not _outside
	some side in [input.local, input.remote]
	side.vnet.role.value == null
}
