# METADATA
# title: A peering joins production to non-production
# description: >-
#   Reports an established peering between a production virtual network and a non-production one. A network
#   that serves both (environment shared) may be peered with either.
# related_resources:
# - https://learn.microsoft.com/azure/virtual-network/virtual-network-peering-overview
# - https://learn.microsoft.com/azure/well-architected/security/segmentation
# - https://learn.microsoft.com/security/benchmark/azure/mcsb-network-security
# custom:
#   id: peering-prod-to-nonprod
#   severity: high
#   subject: peering
#   controls:
#   - {framework: nist-800-53-r5, control: AC-4, relation: supports}
#   - {framework: nist-800-53-r5, control: SC-7, relation: supports}
#   - {framework: mcsb-v1, control: NS-1, relation: supports}
#   - {framework: pci-dss-4.0, control: 6.5.3, relation: tests}
#   - {framework: iso-27001-2022, control: A.8.22, relation: supports}
#   - {framework: iso-27001-2022, control: A.8.31, relation: tests}
#   remediation: >-
#     Delete both peering objects and pass what has to cross through an inspected path, or record an approval
#     with an owner and an end date.
#   select:
#     state: [established, assumed_established, inconsistent, unknown]
#     environments: [non_production+production, non_production+unknown, production+unknown, unknown+unknown]
package policies.peering.prod_to_nonprod

import data.policies.lib.peering

deny contains {
	"message": sprintf(
		"%s (environment %s) is peered with %s (environment %s): production and the rest reach each other directly%s.",
		[
			_local,
			input.local.vnet.environment.value,
			_remote,
			input.remote.vnet.environment.value,
			peering.hearsay(input.state),
		],
	),
	"path": "/properties/remoteVirtualNetwork/id",
	"related": [peering.place(input.remote.peering, input.remote.vnet)],
} if {
	peering.established(input.state)
	input.environments == "non_production+production"
}

undetermined contains {
	"message": sprintf("Whether the peering of %s with %s joins production to non-production is not known: %s.", [
		_local,
		_remote,
		concat("; ", _open_environments),
	]),
	"path": "/properties/remoteVirtualNetwork/id",
	"related": [peering.place(input.remote.peering, input.remote.vnet)],
} if {
	peering.established(input.state)
	_could_join_both
	count(_open_environments) > 0
}

undetermined contains {
	"message": sprintf("Whether %s and %s, not known to be of one environment, are connected is not known: %s.", [
		_local,
		_remote,
		reason,
	]),
	"path": "/properties/peeringState",
	"related": [peering.place(input.remote.peering, input.remote.vnet)],
} if {
	_could_join_both
	reason := peering.unsettled(input.state, input.remote_vnet, [input.local.peering, input.remote.peering])
}

_could_join_both if input.environments == "non_production+production"

# A virtual WAN hub's network holds no workloads: what the hub joins is a matter of paths, not of this link.
_could_join_both if {
	input.environments in {"non_production+unknown", "production+unknown", "unknown+unknown"}
	input.remote_vnet != "virtual_hub"
}

_open_environments := [sprintf("the environment of %s is open (%s)", [name, environment.reason]) |
	some [name, environment] in [
		[_local, input.local.vnet.environment],
		[_remote, input.remote.vnet.environment],
	]
	environment.status != "known"
]

_local := peering.label(input.local.vnet, input.remote.vnet)

_remote := peering.label(input.remote.vnet, input.local.vnet)
