# METADATA
# title: An NSG rule can never match
# description: >-
#   Reports a custom NSG rule, of either direction, that can never match because earlier rules together take
#   everything that it names, and says which ones.
# related_resources:
# - https://learn.microsoft.com/azure/virtual-network/network-security-groups-overview#security-rules
# - https://learn.microsoft.com/azure/virtual-network/network-security-group-how-it-works
# custom:
#   id: nsg-shadowed-rule
#   severity: low
#   subject: nsg_rule
#   controls:
#   - {framework: pci-dss-4.0, control: 1.2.7, relation: supports}
#   - {framework: iso-27001-2022, control: A.8.9, relation: supports}
#   remediation: >-
#     Delete the rule, or move it before the rules that hide it if it says what is wanted.
#   select:
#     shadow.status: [shadowed, undecided, matches_nothing]
package policies.nsg.shadowed_rule

import data.policies.lib.nsg_rule
import data.policies.lib.text

deny contains {
	"message": sprintf("%s can never match: %s before it take%s everything that it names%s.", [
		nsg_rule.label,
		text.shorten(input.shadow.by, 5),
		_singular,
		_consequence,
	]),
	"path": "/properties/priority",
	"related": [input.nsg.id],
} if {
	input.shadow.status == "shadowed"
	input.attached.status == "attached"
}

undetermined contains {
	"message": sprintf("%s can never match, but whether that matters is not known: %s.", [
		nsg_rule.label,
		concat("; ", sort(nsg_rule.doubts(set()))),
	]),
	"path": "/properties/priority",
	"related": [input.nsg.id],
} if {
	input.shadow.status == "shadowed"
	input.attached.status == "not_visible"
}

undetermined contains {
	"message": sprintf("Whether %s can ever match is not known: %s.", [nsg_rule.label, concat("; ", sort(_open))]),
	"path": "/properties/priority",
	"related": [input.nsg.id],
} if {
	input.shadow.status in {"undecided", "matches_nothing"}
	input.attached.status != "detached"
}

# What could not be understood is why nothing could be worked out.
_open := nsg_rule.doubts(set()) | {text.shorten(input.odd, 3) | count(input.odd) > 0}

_singular := "s" if count(input.shadow.by) == 1

_singular := "" if count(input.shadow.by) != 1

_consequence := "; what it should block is not blocked by it" if input.access == "Deny"

_consequence := "" if input.access != "Deny"
