# METADATA
# title: Expired approval
# description: An approval whose last day has passed, with what it no longer covers.
# related_resources:
# - https://learn.microsoft.com/azure/governance/policy/concepts/exemption-structure
# custom:
#   id: approval-expired
#   severity: medium
#   subject: approval
#   controls:
#   - {framework: nist-800-53-r5, control: CM-6, relation: supports}
#   - {framework: pci-dss-4.0, control: 1.2.7, relation: supports}
#   - {framework: iso-27001-2022, control: A.8.32, relation: supports}
#   remediation: >-
#     Remove what was approved and then the approval, or have the approval renewed with a new last day by whoever may
#     approve it.
#   select: {in_force: false}
package policies.approval.expired

deny contains {"message": sprintf(
	"Approval %s for %s has expired: its last day was %s, and the scan judges by %s. %s.",
	[input.id, input.rule, input.expires, input.as_of, _consequence],
)} if {
	not input.in_force
}

_consequence := "Nothing that was read needs it any more, so it can be deleted" if {
	input.covered_violations + input.covered_undetermined == 0
}

_consequence := sprintf("It no longer covers %s", [concat(" and ", _uncovered)]) if count(_uncovered) > 0

_uncovered contains _counted(input.covered_violations, "violation", "violations") if input.covered_violations > 0

_uncovered contains _counted(input.covered_undetermined, "undetermined result", "undetermined results") if {
	input.covered_undetermined > 0
}

_counted(n, one, _) := sprintf("%d %s", [n, one]) if n == 1

_counted(n, _, many) := sprintf("%d %s", [n, many]) if n != 1
