# METADATA
# title: Public address space used privately
# description: A virtual network whose address space holds public addresses.
# related_resources:
# - https://learn.microsoft.com/azure/virtual-network/virtual-networks-faq
# - https://learn.microsoft.com/azure/cloud-adoption-framework/ready/azure-best-practices/plan-for-ip-addressing
# - https://www.rfc-editor.org/rfc/rfc1918
# custom:
#   id: address-public-range
#   severity: low
#   subject: vnet
#   controls: []
#   remediation: >-
#     Move the workloads to private address space (RFC 1918), then remove the public range from the virtual network.
#     Where your organisation owns the range and means to use it privately, record an approval.
#   select: {may_be_public: true}
package policies.address.public_range

import data.policies.lib.text

deny contains {
	"message": sprintf(
		"%s uses public addresses privately (%s): their holders on the internet cannot be reached from there.",
		[input.name, text.shorten(input.public_prefixes, 5)],
	),
	"path": "/properties/addressSpace",
} if {
	count(input.public_prefixes) > 0
}

undetermined contains {
	"message": sprintf("Whether %s uses public addresses is not known: %s.", [input.name, gap]),
	"path": "/properties/addressSpace",
} if {
	gap := _gap
	count(input.public_prefixes) == 0
}

_gap := "its address space was not given or cannot be read" if input.address_space == null

_gap := sprintf("%s in its address space is no prefix", [text.shorten(input.odd_prefixes, 5)]) if {
	input.address_space != null
	count(input.odd_prefixes) > 0
}
