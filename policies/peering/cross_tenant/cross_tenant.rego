# METADATA
# title: Peering between tenants
# description: A peering that joins virtual networks of two different tenants.
# related_resources:
# - https://learn.microsoft.com/azure/virtual-network/create-peering-different-subscriptions
# - https://learn.microsoft.com/azure/virtual-network/virtual-network-peering-overview
# custom:
#   id: peering-cross-tenant
#   severity: high
#   subject: peering
#   controls:
#   - {framework: nist-800-53-r5, control: CA-3, relation: supports}
#   - {framework: nist-800-53-r5, control: AC-20, relation: supports}
#   - {framework: nist-800-53-r5, control: SC-7, relation: supports}
#   - {framework: mcsb-v1, control: NS-1, relation: supports}
#   - {framework: pci-dss-4.0, control: 1.2.2, relation: supports}
#   - {framework: iso-27001-2022, control: A.8.22, relation: supports}
#   remediation: >-
#     Delete both peering objects, or record an approval that says who runs the other tenant's network and until
#     when the peering is needed.
#   select: {same_tenant: [false, null]}
#   requires: tenants
package policies.peering.cross_tenant

import data.policies.lib.link

deny contains {
	"message": sprintf(
		"%s (tenant %s) is peered with %s (tenant %s): what is connected on the other side is decided in another tenant.",
		[input.local.vnet.name, input.local.vnet.tenant, input.remote.vnet.name, input.remote.vnet.tenant],
	),
	"path": "/properties/remoteVirtualNetwork",
	"related": [link.id_of(input.remote)],
} if {
	_judged
	input.same_tenant == false
	count(_doubts) == 0
}

undetermined contains {
	"message": sprintf(
		"Whether the peering of %s and %s crosses tenants is not known: %s.",
		[input.local.vnet.name, input.remote.vnet.name, concat("; ", _doubts)],
	),
	"path": "/properties/remoteVirtualNetwork",
	"related": [link.id_of(input.remote)],
} if {
	_judged
	count(_doubts) > 0
}

_judged if {
	input.same_tenant != true
	link.may_be_up(input.state)
	not input.remote_vnet in link.without_own_side
}

_doubts := link.state_doubts(input.state) | _tenant_doubts

_tenant_doubts contains sprintf("no input tells the tenant of %s", [side.vnet.name]) if {
	some side in [input.local, input.remote]
	side.vnet.seen
	side.vnet.tenant == null
}

_tenant_doubts contains sprintf("%s was not read, and no input tells its tenant", [side.vnet.name]) if {
	some side in [input.local, input.remote]
	not side.vnet.seen
	side.vnet.tenant == null
}
