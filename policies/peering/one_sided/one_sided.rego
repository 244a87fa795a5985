# METADATA
# title: Only one of a peering's two objects exists
# description: >-
#   Reports a peering object that waits for its other half: it says Initiated and the other virtual network has
#   none back, so nothing passes. Where the inputs do not settle what the two sides say, it says so.
# related_resources:
# - https://learn.microsoft.com/azure/virtual-network/virtual-network-manage-peering
# - https://learn.microsoft.com/azure/virtual-network/virtual-network-troubleshoot-peering-issues
# custom:
#   id: peering-one-sided
#   severity: medium
#   subject: peering
#   controls:
#   - {framework: nist-800-53-r5, control: CM-6, relation: supports}
#   - {framework: mcsb-v1, control: PV-2, relation: supports}
#   - {framework: iso-27001-2022, control: A.8.9, relation: supports}
#   remediation: >-
#     Create the peering object on the other virtual network, or delete the one that waits.
#   select:
#     state: [one_sided, initiated, inconsistent, unknown]
package policies.peering.one_sided

import data.policies.lib.peering

deny contains {
	"message": sprintf("The peering of %s with %s waits for its other half: %s has none back, and nothing passes.", [
		_local,
		_remote,
		_remote,
	]),
	"path": "/properties/peeringState",
	"related": [input.remote.vnet.id],
} if {
	input.state == "one_sided"
	input.remote_vnet in {"seen", "not_visible"}
}

undetermined contains {
	"message": sprintf("Whether the peering of %s with %s is whole is not known: %s.", [_local, _remote, _reason]),
	"path": "/properties/peeringState",
	"related": [peering.place(input.remote.peering, input.remote.vnet)],
} if {
	input.remote_vnet != "gone"
}

_reason := sprintf("it says Initiated, and whether %s accepted it was not read", [_remote]) if {
	input.state == "initiated"
	input.remote_vnet in {"seen", "not_visible"}
}

_reason := "it says Initiated, and the network of a Virtual WAN hub shows no object of its own" if {
	input.state in {"one_sided", "initiated"}
	input.remote_vnet == "virtual_hub"
}

_reason := "it says Initiated, and a classic virtual network has no object of its own" if {
	input.state in {"one_sided", "initiated"}
	input.remote_vnet == "classic"
}

_reason := sprintf("%s and %s, which cannot both hold", [_local_says, _remote_says]) if input.state == "inconsistent"

_reason := sprintf("%s, %s: not states that Azure documents together", [_local_says, _remote_says]) if {
	input.state == "unknown"
}

_local_says := peering.says(_local, input.local.peering)

_remote_says := peering.says(_remote, input.remote.peering)

_local := peering.label(input.local.vnet, input.remote.vnet)

_remote := peering.label(input.remote.vnet, input.local.vnet)
