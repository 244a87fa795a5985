# METADATA
# title: Approval that covers nothing
# description: An approval in force that covers neither a violation nor an undetermined result.
# related_resources:
# - https://learn.microsoft.com/azure/governance/policy/concepts/exemption-structure
# custom:
#   id: approval-unused
#   severity: low
#   subject: approval
#   controls:
#   - {framework: nist-800-53-r5, control: CM-6, relation: supports}
#   - {framework: pci-dss-4.0, control: 1.2.7, relation: supports}
#   remediation: >-
#     Delete the approval when what it allowed is gone, or correct the rule, local or remote that it names.
#   select: {in_force: true}
package policies.approval.unused

deny contains {"message": sprintf(
	"Approval %s covers nothing: no result of %s is about %s. It would silently allow the next one.",
	[input.id, input.rule, _networks],
)} if {
	_covers_nothing
	not input.incomplete
}

undetermined contains {"message": sprintf(
	"Whether approval %s still covers something is not known: a part of the estate that could hold %s was not read.",
	[input.id, _networks],
)} if {
	_covers_nothing
	input.incomplete
}

_covers_nothing if {
	input.in_force
	input.covered_violations + input.covered_undetermined == 0
}

_networks := sprintf("%s and %s", [input.local, input.remote]) if input.remote != null

_networks := input.local if input.remote == null
