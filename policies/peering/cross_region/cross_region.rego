# METADATA
# title: Peering between regions
# description: A peering that joins virtual networks of two different regions (global peering).
# related_resources:
# - https://learn.microsoft.com/azure/virtual-network/virtual-network-peering-overview
# - https://azure.microsoft.com/pricing/details/virtual-network/
# custom:
#   id: peering-cross-region
#   severity: low
#   subject: peering
#   controls: []
#   remediation: >-
#     Peer with a hub of the same region and let the hubs be the only networks that are joined across regions, or
#     record an approval where the distance is meant.
#   select: {same_region: [false, null]}
package policies.peering.cross_region

import data.policies.lib.link

deny contains {
	"message": sprintf(
		"%s (%s) is peered with %s (%s) across regions: %s.",
		[
			input.local.vnet.name, input.local.vnet.location, input.remote.vnet.name, input.remote.vnet.location,
			"traffic costs more and takes longer, and frontends of Basic load balancers cannot be reached",
		],
	),
	"path": "/properties/remoteVirtualNetwork",
	"related": [link.id_of(input.remote)],
} if {
	_judged
	input.same_region == false
	count(_doubts) == 0
}

undetermined contains {
	"message": sprintf(
		"Whether the peering of %s and %s crosses regions is not known: %s.",
		[input.local.vnet.name, input.remote.vnet.name, concat("; ", _doubts)],
	),
	"path": "/properties/remoteVirtualNetwork",
	"related": [link.id_of(input.remote)],
} if {
	_judged
	count(_doubts) > 0
}

_judged if {
	input.same_region != true
	link.may_be_up(input.state)
	not input.remote_vnet in link.without_own_side
}

_doubts := link.state_doubts(input.state) | _region_doubts

_region_doubts contains sprintf("%s has no readable location", [side.vnet.name]) if {
	some side in [input.local, input.remote]
	side.vnet.seen
	side.vnet.location == null
}

_region_doubts contains sprintf("%s was not read, so its region is not known", [side.vnet.name]) if {
	some side in [input.local, input.remote]
	not side.vnet.seen
	side.vnet.location == null
}
