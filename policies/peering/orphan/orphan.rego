# METADATA
# title: A peering leads to a virtual network that is gone
# description: >-
#   Reports a peering object whose remote virtual network no longer exists in a subscription that was read
#   whole, and names the address space that the object still reserves.
# related_resources:
# - https://learn.microsoft.com/azure/virtual-network/virtual-network-troubleshoot-peering-issues
# - https://learn.microsoft.com/azure/virtual-network/virtual-network-manage-peering
# custom:
#   id: peering-orphan
#   severity: medium
#   subject: peering
#   controls:
#   - {framework: nist-800-53-r5, control: CM-8, relation: supports}
#   - {framework: mcsb-v1, control: PV-2, relation: supports}
#   - {framework: iso-27001-2022, control: A.8.9, relation: supports}
#   remediation: >-
#     Delete the peering object that is left.
#   select:
#     remote_vnet: [gone, not_visible]
package policies.peering.orphan

import data.policies.lib.peering
import data.policies.lib.text

deny contains {
	"message": sprintf("The peering of %s leads to %s, which no longer exists (%s): %s.", [
		_local,
		_remote,
		peering.says("its object", input.local.peering),
		_reserves,
	]),
	"path": "/properties/remoteVirtualNetwork/id",
	"related": [input.remote.vnet.id],
} if {
	input.remote_vnet == "gone"
	input.reverse != "seen"
}

undetermined contains {
	"message": sprintf(
		"Whether %s, with which %s has a peering, still exists is not known: no list holds it, yet its own object was read.",
		[_remote, _local],
	),
	"path": "/properties/remoteVirtualNetwork/id",
	"related": [peering.place(input.remote.peering, input.remote.vnet)],
} if {
	input.remote_vnet == "gone"
	input.reverse == "seen"
}

undetermined contains {
	"message": sprintf(
		"The peering of %s with %s is Disconnected, and whether %s still exists was not read: if it is gone, %s.",
		[_local, _remote, _remote, _reserves],
	),
	"path": "/properties/peeringState",
	"related": [input.remote.vnet.id],
} if {
	input.remote_vnet == "not_visible"
	input.state == "disconnected"
	input.reverse != "seen"
}

# Seen in Azure's refusals, not promised by Microsoft: the message says so.
_reserves := sprintf(
	"the object still reserves %s and new peerings that overlap it are refused (observed, not documented by Microsoft)",
	[text.shorten(input.local.peering.recorded_remote_space, 5)],
) if {
	_space_is_recorded
}

_reserves := "the export does not give the space that the object still reserves" if not _space_is_recorded

_space_is_recorded if {
	is_array(input.local.peering.recorded_remote_space)
	count(input.local.peering.recorded_remote_space) > 0
}

_local := peering.label(input.local.vnet, input.remote.vnet)

_remote := peering.label(input.remote.vnet, input.local.vnet)
