# METADATA
# title: Virtual network near the limit of peerings
# description: A virtual network that holds most of the peerings that Azure allows it.
# related_resources:
# - https://learn.microsoft.com/azure/azure-resource-manager/management/azure-subscription-service-limits
# - https://learn.microsoft.com/azure/virtual-network/virtual-network-peering-overview
# custom:
#   id: peering-near-limit
#   severity: low
#   subject: vnet
#   controls:
#   - {framework: iso-27001-2022, control: A.8.6, relation: supports}
#   remediation: >-
#     Delete peerings that nobody needs, put new spokes on a second hub, or let Azure Virtual Network Manager or
#     Virtual WAN connect them, whose limits are higher.
#   parameters:
#     percent: {default: 80, description: Share of the limit from which a virtual network is reported}
#     limit: {default: 500, description: How many peerings Azure allows a virtual network}
package policies.peering.near_limit

deny contains {
	"message": sprintf(
		"%s holds %d peerings, %d percent or more of the %d that it may hold: soon nothing more can be peered with it.",
		[input.name, input.peering_count, _rule.percent, _rule.limit],
	),
	"path": "/properties/virtualNetworkPeerings",
} if {
	input.peering_count != null
	input.peering_count * 100 >= _rule.limit * _rule.percent
}

undetermined contains {
	"message": sprintf("How many peerings %s holds is not known: its peerings were not read.", [input.name]),
	"path": "/properties/virtualNetworkPeerings",
} if {
	input.peering_count == null
}

_rule := data.config.rules["peering-near-limit"]
