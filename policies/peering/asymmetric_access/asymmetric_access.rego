# METADATA
# title: Peering with access on one side only
# description: A peering whose two sides disagree on allowVirtualNetworkAccess.
# related_resources:
# - https://learn.microsoft.com/azure/virtual-network/virtual-network-manage-peering
# - https://learn.microsoft.com/azure/virtual-network/service-tags-overview
# custom:
#   id: peering-asymmetric-access
#   severity: medium
#   subject: peering
#   controls:
#   - {framework: nist-800-53-r5, control: AC-4, relation: supports}
#   - {framework: nist-800-53-r5, control: SC-7, relation: supports}
#   - {framework: mcsb-v1, control: NS-1, relation: supports}
#   remediation: >-
#     Set allowVirtualNetworkAccess to the same value on both peering objects, and filter with network security group
#     rules: the flag is no firewall.
#   select: {state: [established, assumed_established, inconsistent, unknown], access_agrees: [false, null]}
package policies.peering.asymmetric_access

import data.policies.lib.link

deny contains {
	"message": sprintf(
		"%s allows access over its peering with %s, which does not: %s. %s",
		[
			open.vnet.name, closed.vnet.name,
			sprintf("the VirtualNetwork tag of %s still holds %s", [open.vnet.name, closed.vnet.name]),
			"Rules that name addresses still let traffic through (observed; Microsoft's texts disagree).",
		],
	),
	"at": closed.peering.id,
	"path": "/properties/allowVirtualNetworkAccess",
	"related": [open.peering.id],
} if {
	_judged
	count(_doubts) == 0
	some [open, closed] in [[input.local, input.remote], [input.remote, input.local]]
	open.peering.allow_virtual_network_access == true
	closed.peering.allow_virtual_network_access == false
}

undetermined contains {
	"message": sprintf(
		"Whether %s and %s agree on allowVirtualNetworkAccess is not known: %s.",
		[input.local.vnet.name, input.remote.vnet.name, concat("; ", _doubts)],
	),
	"path": "/properties/allowVirtualNetworkAccess",
	"related": [link.id_of(input.remote)],
} if {
	_judged
	count(_doubts) > 0
}

_judged if {
	link.may_be_up(input.state)
	not input.remote_vnet in link.without_own_side
	not _agree
}

_agree if {
	input.local.peering.allow_virtual_network_access != null
	input.local.peering.allow_virtual_network_access == input.remote.peering.allow_virtual_network_access
}

_doubts := link.state_doubts(input.state) | _flag_doubts

_flag_doubts contains sprintf("the peering object of %s was not read", [side.vnet.name]) if {
	some side in [input.local, input.remote]
	side.peering == null
}

_flag_doubts contains sprintf("the peering object of %s does not give it", [side.vnet.name]) if {
	some side in [input.local, input.remote]
	side.peering.allow_virtual_network_access == null
}
