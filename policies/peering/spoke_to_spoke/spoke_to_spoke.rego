# METADATA
# title: Two virtual networks are peered directly and neither is a hub
# description: >-
#   Reports an established peering between two virtual networks neither of which is a hub. Traffic over it
#   takes the direct route and never passes what the hub inspects with.
# related_resources:
# - https://learn.microsoft.com/azure/architecture/networking/architecture/hub-spoke
# - https://learn.microsoft.com/azure/cloud-adoption-framework/ready/azure-best-practices/traditional-azure-networking-topology
# - https://learn.microsoft.com/azure/virtual-network/virtual-network-peering-overview
# custom:
#   id: peering-spoke-to-spoke
#   severity: high
#   subject: peering
#   controls:
#   - {framework: nist-800-53-r5, control: AC-4, relation: supports}
#   - {framework: nist-800-53-r5, control: SC-7, relation: supports}
#   - {framework: mcsb-v1, control: NS-1, relation: supports}
#   - {framework: iso-27001-2022, control: A.8.22, relation: supports}
#   remediation: >-
#     Delete both peering objects and let the two networks reach each other through the hub's firewall, or
#     record an approval with an owner and an end date.
#   select:
#     state: [established, assumed_established, inconsistent, unknown]
#     roles: [shared+shared, shared+spoke, shared+unknown, spoke+spoke, spoke+unknown, unknown+unknown]
package policies.peering.spoke_to_spoke

import data.policies.lib.peering

deny contains {
	"message": sprintf("%s (%s) is peered directly with %s (%s): traffic between them bypasses the hub%s.", [
		_local,
		input.local.vnet.role.value,
		_remote,
		input.remote.vnet.role.value,
		peering.hearsay(input.state),
	]),
	"path": "/properties/remoteVirtualNetwork/id",
	"related": [peering.place(input.remote.peering, input.remote.vnet)],
} if {
	peering.established(input.state)
	not _joins_a_hub
	count(_open_roles) == 0
}

undetermined contains {
	"message": sprintf("Whether %s and %s may be peered directly is not known: %s.", [
		_local,
		_remote,
		concat("; ", _open_roles),
	]),
	"path": "/properties/remoteVirtualNetwork/id",
	"related": [peering.place(input.remote.peering, input.remote.vnet)],
} if {
	peering.established(input.state)
	not _joins_a_hub
	count(_open_roles) > 0
}

undetermined contains {
	"message": sprintf("Whether %s and %s, neither of them a known hub, are connected is not known: %s.", [
		_local,
		_remote,
		reason,
	]),
	"path": "/properties/peeringState",
	"related": [peering.place(input.remote.peering, input.remote.vnet)],
} if {
	not _joins_a_hub
	reason := peering.unsettled(input.state, input.remote_vnet, [input.local.peering, input.remote.peering])
}

_joins_a_hub if input.local.vnet.role.value == "hub"

_joins_a_hub if input.remote.vnet.role.value == "hub"

_joins_a_hub if input.remote_vnet == "virtual_hub"

_open_roles := [sprintf("the role of %s is open (%s)", [name, role.reason]) |
	some [name, role] in [[_local, input.local.vnet.role], [_remote, input.remote.vnet.role]]
	role.status != "known"
]

_local := peering.label(input.local.vnet, input.remote.vnet)

_remote := peering.label(input.remote.vnet, input.local.vnet)
