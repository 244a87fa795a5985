# METADATA
# title: Remote gateway in use that cannot work
# description: >-
#   A peering object with useRemoteGateways whose other side does not allow gateway transit or holds neither gateway
#   nor Route Server, or whose own virtual network has a gateway.
# related_resources:
# - https://learn.microsoft.com/azure/vpn-gateway/vpn-gateway-peering-gateway-transit
# - https://learn.microsoft.com/azure/virtual-network/virtual-network-manage-peering
# custom:
#   id: peering-gateway-transit-mismatch
#   severity: medium
#   subject: peering_side
#   controls: []
#   remediation: >-
#     Set allowGatewayTransit on the peering object of the virtual network that holds the gateway, or turn
#     useRemoteGateways off where no remote gateway is meant to be used.
#   select: {gateway_transit: open}
package policies.peering.gateway_transit_mismatch

import data.policies.lib.link

deny contains {
	"message": sprintf(
		"%s uses the gateway of %s (useRemoteGateways), which cannot work: %s. %s",
		[
			input.local.vnet.name, input.remote.vnet.name, concat("; ", _faults),
			"Networks behind that gateway cannot be reached this way.",
		],
	),
	"path": "/properties/useRemoteGateways",
	"related": _related,
} if {
	_judged
	_broken
}

undetermined contains {
	"message": sprintf(
		"Whether %s uses a gateway of %s that cannot work is not known: %s.",
		[input.local.vnet.name, input.remote.vnet.name, concat("; ", _doubts | _gaps)],
	),
	"path": "/properties/useRemoteGateways",
	"related": _related,
} if {
	_judged
	not _broken
	count(_faults | _gaps) > 0
}

# A hub of a virtual WAN offers its gateways to every network that it connects.
_judged if {
	input.use_remote_gateways != false
	link.may_be_up(input.state)
	input.remote_vnet != "virtual_hub"
}

_broken if {
	count(_doubts) == 0
	count(_faults) > 0
}

_related := array.concat([link.id_of(input.remote)], input.local.gateway.ids)

_faults contains sprintf("%s does not allow gateway transit", [input.remote.vnet.name]) if {
	input.remote.peering.allow_gateway_transit == false
}

_faults contains sprintf("%s holds neither a gateway nor a Route Server", [input.remote.vnet.name]) if {
	input.remote.gateway.present == false
}

_faults contains sprintf("%s has a gateway of its own", [input.local.vnet.name]) if link.has_gateway(input.local)

# What must be known before a fault is a defect.
_doubts := link.state_doubts(input.state) | _flag_doubts

_flag_doubts contains sprintf("%s does not say whether it uses remote gateways", [input.local.vnet.name]) if {
	input.use_remote_gateways == null
}

# What could hide a fault.
_gaps contains sprintf("the peering object of %s was not read", [input.remote.vnet.name]) if {
	input.remote.peering == null
}

_gaps contains sprintf("%s does not say whether it allows gateway transit", [input.remote.vnet.name]) if {
	input.remote.peering.allow_gateway_transit == null
}

_gaps contains sprintf("the gateways of %s were not read", [side.vnet.name]) if {
	some side in [input.remote, input.local]
	side.gateway.present == null
}

_gaps contains sprintf("%s holds a Route Server, and no source says whether that is allowed", [name]) if {
	name := input.local.vnet.name
	input.local.gateway.present == true
	not link.has_gateway(input.local)
}
