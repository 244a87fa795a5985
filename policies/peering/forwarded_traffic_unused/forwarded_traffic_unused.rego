# METADATA
# title: Forwarded traffic is approved toward a network that forwards nothing
# description: >-
#   Reports a side of an established peering whose allowForwardedTraffic is on and approved although the other
#   network holds nothing that could forward. The flag can be turned off and the approval can go.
# related_resources:
# - https://learn.microsoft.com/azure/virtual-network/virtual-network-manage-peering
# - https://learn.microsoft.com/azure/virtual-network/virtual-networks-udr-overview
# custom:
#   id: peering-forwarded-traffic-unused
#   severity: low
#   subject: peering_side
#   controls:
#   - {framework: nist-800-53-r5, control: CM-7, relation: supports}
#   - {framework: pci-dss-4.0, control: 1.2.7, relation: supports}
#   - {framework: iso-27001-2022, control: A.8.9, relation: supports}
#   remediation: >-
#     Set allowForwardedTraffic to false on the receiving side and remove the approval; if something does forward,
#     declare its address under inspection_points.
#   select:
#     state: [established, assumed_established, inconsistent, unknown]
#     allow_forwarded_traffic: [true, null]
#     remote_forwards: [false, null]
package policies.peering.forwarded_traffic_unused

import data.policies.lib.peering
import data.policies.lib.text

deny contains {
	"message": sprintf("%s accepts traffic forwarded by %s, which holds nothing that could forward: %s can go%s.", [
		_receiver,
		_forwarder,
		_approvals,
		peering.hearsay(input.state),
	]),
	"path": "/properties/allowForwardedTraffic",
	"related": [peering.place(input.remote.peering, input.remote.vnet)],
} if {
	_seems_unused
	peering.established(input.state)
	count(_open) == 0
}

undetermined contains {
	"message": sprintf("Whether %s needs to accept traffic forwarded by %s (%s) is not known: %s.", [
		_receiver,
		_forwarder,
		_approvals,
		concat("; ", _open),
	]),
	"path": "/properties/allowForwardedTraffic",
	"related": [peering.place(input.remote.peering, input.remote.vnet)],
} if {
	_seems_unused
	count(_open) > 0
}

# The flag is not off, an approval covers it, and no forwarder was seen. A Virtual WAN hub forwards by itself.
_seems_unused if {
	input.allow_forwarded_traffic != false
	count(_approval_ids) > 0
	input.remote_vnet != "virtual_hub"
	count(input.remote.forwarders.found) == 0
}

_open contains reason if {
	reason := peering.unsettled(input.state, input.remote_vnet, [input.local.peering, input.remote.peering])
}

_open contains "allowForwardedTraffic is missing or no boolean" if {
	peering.established(input.state)
	input.allow_forwarded_traffic == null
}

_open contains sprintf("not everything in %s that could forward was read (%s)", [_forwarder, _not_read]) if {
	peering.established(input.state)
	not input.remote.forwarders.complete
}

_not_read := text.shorten(input.remote.forwarders.not_read, 5)

_approvals := sprintf("approval %s", [text.shorten(_approval_ids, 3)])

_approval_ids := [approval.id |
	some approval in input.approvals
	approval.in_force
	"peering-unapproved-forwarded-traffic" in approval.rules
]

_receiver := peering.label(input.local.vnet, input.remote.vnet)

_forwarder := peering.label(input.remote.vnet, input.local.vnet)
