# METADATA
# title: Approval whose name matches several networks
# description: An approval that names a virtual network plainly, while several have that name.
# related_resources:
# - https://learn.microsoft.com/azure/governance/policy/concepts/exemption-structure
# custom:
#   id: approval-too-broad
#   severity: low
#   subject: approval
#   controls:
#   - {framework: nist-800-53-r5, control: CM-6, relation: supports}
#   - {framework: pci-dss-4.0, control: 1.2.2, relation: supports}
#   remediation: >-
#     Name the one virtual network by its ARM id, or write a glob where several are meant.
package policies.approval.too_broad

deny contains {
	"message": sprintf(
		"Approval %s approves more than it says: %s. Name one by its ARM id, or write a glob to say that many are meant.",
		[input.id, concat("; ", _ambiguous)],
	),
	"related": [id | some entry in input.ambiguous; some id in entry.ids],
} if {
	count(_ambiguous) > 0
}

_ambiguous contains says if {
	some entry in input.ambiguous
	says := sprintf("%s \"%s\" is the name of %d virtual networks", [entry.side, entry.name, entry.count])
}
