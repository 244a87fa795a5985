# METADATA
# title: A virtual network accepts forwarded traffic without an approval
# description: >-
#   Reports each side of an established peering whose allowForwardedTraffic is on: it accepts packets that did
#   not originate in the other network. The other network's forwarders are named. An approval in force covers it.
# related_resources:
# - https://learn.microsoft.com/azure/virtual-network/virtual-network-manage-peering
# - https://learn.microsoft.com/azure/virtual-network/virtual-network-peering-overview
# - https://learn.microsoft.com/azure/virtual-network/service-tags-overview
# custom:
#   id: peering-unapproved-forwarded-traffic
#   severity: high
#   subject: peering_side
#   controls:
#   - {framework: nist-800-53-r5, control: AC-4, relation: supports}
#   - {framework: nist-800-53-r5, control: CA-9, relation: supports}
#   - {framework: mcsb-v1, control: NS-1, relation: supports}
#   - {framework: pci-dss-4.0, control: 1.2.2, relation: supports}
#   - {framework: iso-27001-2022, control: A.8.22, relation: supports}
#   remediation: >-
#     Set allowForwardedTraffic to false on the receiving side's peering object, or record an approval that
#     names the receiver, the forwarder's network, an owner and an end date.
#   select:
#     state: [established, assumed_established, inconsistent, unknown]
#     allow_forwarded_traffic: [true, null]
package policies.peering.unapproved_forwarded_traffic

import data.policies.lib.peering
import data.policies.lib.text

deny contains {
	"message": sprintf("%s accepts traffic that %s forwards from elsewhere: %s%s.", [
		_receiver,
		_forwarder,
		_holds,
		peering.hearsay(input.state),
	]),
	"path": "/properties/allowForwardedTraffic",
	"related": [_place],
} if {
	peering.established(input.state)
	input.allow_forwarded_traffic == true
}

undetermined contains {
	"message": sprintf(
		"Whether %s accepts traffic that %s forwards is not known: allowForwardedTraffic is missing or no boolean.",
		[_receiver, _forwarder],
	),
	"path": "/properties/allowForwardedTraffic",
	"related": [_place],
} if {
	peering.established(input.state)
	input.allow_forwarded_traffic == null
}

undetermined contains {
	"message": sprintf("Whether %s accepts traffic that %s forwards is not known: %s.", [
		_receiver,
		_forwarder,
		reason,
	]),
	"path": "/properties/peeringState",
	"related": [_place],
} if {
	input.allow_forwarded_traffic != false
	reason := peering.unsettled(input.state, input.remote_vnet, [{"state": state} | some state in _states])
}

_holds := "it is a Virtual WAN hub, which forwards between all that is connected to it" if {
	input.remote_vnet == "virtual_hub"
}

_holds := sprintf("it holds %s", [text.shorten(_forwarders, 5)]) if {
	input.remote_vnet != "virtual_hub"
	count(_forwarders) > 0
}

_holds := "it holds nothing that could forward" if {
	input.remote_vnet != "virtual_hub"
	count(_forwarders) == 0
	input.remote.forwarders.complete
}

_holds := "whether it holds anything that could forward was not read" if {
	input.remote_vnet != "virtual_hub"
	count(_forwarders) == 0
	not input.remote.forwarders.complete
}

_forwarders := [sprintf("%s %s", [object.get(_kinds, forwarder.kind, forwarder.kind), forwarder.name]) |
	some forwarder in input.remote.forwarders.found
]

_kinds := {
	"azure_firewall": "Azure Firewall",
	"declared": "the declared forwarder",
	"network_interface": "network interface",
	"route_server": "Route Server",
	"virtual_network_gateway": "gateway",
}

_receiver := peering.label(_local, _remote)

_forwarder := peering.label(_remote, _local)

# Facts are computed as far as they are read, and this rule looks at nearly every peering: it takes what it needs.
_local := {
	"id": input.local.vnet.id,
	"name": input.local.vnet.name,
	"subscription_name": input.local.vnet.subscription_name,
}

_remote := {
	"id": input.remote.vnet.id,
	"name": input.remote.vnet.name,
	"subscription_name": input.remote.vnet.subscription_name,
}

_place := input.remote.peering.id

_place := input.remote.vnet.id if input.remote.peering == null

_states contains input.local.peering.state

_states contains input.remote.peering.state
