# METADATA
# title: A peering is disconnected
# description: >-
#   Reports a peering with an object in state Disconnected while the remote virtual network exists. Nothing
#   passes either way, and Azure does not reconnect it: both objects have to be created again.
# related_resources:
# - https://learn.microsoft.com/azure/virtual-network/virtual-network-troubleshoot-peering-issues
# - https://learn.microsoft.com/azure/virtual-network/virtual-network-manage-peering
# custom:
#   id: peering-disconnected
#   severity: medium
#   subject: peering
#   controls:
#   - {framework: nist-800-53-r5, control: CM-6, relation: supports}
#   - {framework: mcsb-v1, control: PV-2, relation: supports}
#   - {framework: iso-27001-2022, control: A.8.9, relation: supports}
#   remediation: >-
#     Delete what is left on both sides and create both peering objects again, or delete what is left if the
#     networks shall stay apart.
#   select:
#     state: disconnected
package policies.peering.disconnected

import data.policies.lib.peering

deny contains {
	"message": sprintf("The peering of %s with %s is broken (%s, %s): nothing passes either way until %s.", [
		_local,
		_remote,
		peering.says(_local, input.local.peering),
		peering.says(_remote, input.remote.peering),
		_repaired,
	]),
	"at": _broken,
	"path": "/properties/peeringState",
	"related": [place | some place in _places; place != _broken],
} if {
	input.state == "disconnected"
	_remote_exists
}

_remote_exists if input.remote_vnet in {"seen", "virtual_hub", "classic"}

# The list of virtual networks was not read, but the remote one's own peering object was.
_remote_exists if {
	input.remote_vnet == "not_visible"
	input.reverse == "seen"
}

_repaired := "both objects are created again" if input.remote_vnet in {"seen", "not_visible"}

_repaired := "the virtual hub's connection is created again" if input.remote_vnet == "virtual_hub"

_repaired := "the object is created again" if input.remote_vnet == "classic"

# The object that says Disconnected; the local one where both do.
_broken := input.remote.peering.id if {
	input.local.peering.state != "Disconnected"
	input.remote.peering.state == "Disconnected"
} else := input.id

_places := [input.id, peering.place(input.remote.peering, input.remote.vnet)]

_local := peering.label(input.local.vnet, input.remote.vnet)

_remote := peering.label(input.remote.vnet, input.local.vnet)
