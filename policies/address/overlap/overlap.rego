# METADATA
# title: Overlapping address space
# description: >-
#   Virtual networks that are peered with each other or with one common network, or a virtual network and declared
#   on-premises space, that share addresses.
# related_resources:
# - https://learn.microsoft.com/azure/virtual-network/virtual-network-manage-peering
# - https://learn.microsoft.com/azure/cloud-adoption-framework/ready/azure-best-practices/plan-for-ip-addressing
# custom:
#   id: address-overlap
#   severity: high
#   subject: vnet
#   controls:
#   - {framework: iso-27001-2022, control: A.8.20, relation: supports}
#   remediation: >-
#     Move the workloads of one of the two networks to address space that nothing else uses, then remove the shared
#     range from its address space and synchronise its peerings.
#   select: {has_overlaps: true}
package policies.address.overlap

import data.policies.lib.text

deny contains {
	"message": _message(overlap, text.shorten(overlap.prefixes, 5)),
	"path": "/properties/addressSpace",
	"related": _related(overlap),
} if {
	some overlap in input.overlaps
}

undetermined contains {
	"message": sprintf("Whether %s overlaps another network is not known: %s.", [input.name, gap]),
	"path": "/properties/addressSpace",
} if {
	gap := _gap
	count(input.overlaps) == 0
	_could_overlap
}

_message(overlap, shared) := sprintf(
	"%s and %s are peered and share %s: neither reaches the other's hosts there. %s",
	[input.name, overlap.name, shared, "Azure refuses such peerings, so a range was probably added later."],
) if {
	overlap.reach == "peered"
}

_message(overlap, shared) := sprintf(
	"%s and %s share %s and are both peered with %s, which reaches only one of them there. %s",
	[
		input.name, overlap.name, shared, overlap.via,
		"Azure refuses such peerings (observed, not documented by Microsoft), so a range was probably added later.",
	],
) if {
	overlap.reach == "common_peer"
}

_message(overlap, shared) := sprintf(
	"%s uses %s, which on-premises uses too: Azure's own routes win, so that part of on-premises is cut off from it.",
	[input.name, shared],
) if {
	overlap.reach == "on_premises"
}

# Declared on-premises space is no resource.
_related(overlap) := [] if overlap.id == null

_related(overlap) := [overlap.id] if overlap.id != null

_could_overlap if input.connected

_could_overlap if count(data.estate.on_premises) > 0

_gap := "its address space was not given or cannot be read" if input.address_space == null

_gap := sprintf("%s in its address space is no prefix", [text.shorten(input.odd_prefixes, 5)]) if {
	input.address_space != null
	count(input.odd_prefixes) > 0
}
