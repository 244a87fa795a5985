# METADATA
# title: An NSG rule names the other environment
# description: >-
#   Reports an allow rule of an NSG that guards production and that names prefixes of a non-production virtual
#   network that peerings join with it, or the reverse. Such a rule says that crossing the line is wanted.
# related_resources:
# - https://learn.microsoft.com/security/benchmark/azure/mcsb-network-security
# - https://learn.microsoft.com/azure/virtual-network/network-security-groups-overview
# custom:
#   id: nsg-cross-environment-allow
#   severity: high
#   subject: nsg_rule
#   controls:
#   - {framework: nist-800-53-r5, control: AC-4, relation: supports}
#   - {framework: nist-800-53-r5, control: SC-7, relation: supports}
#   - {framework: mcsb-v1, control: NS-1, relation: supports}
#   - {framework: pci-dss-4.0, control: 6.5.3, relation: supports}
#   - {framework: iso-27001-2022, control: A.8.31, relation: supports}
#   remediation: >-
#     Delete the rule, or record an approval with an owner and an end date.
#   select:
#     names_other_environment: true
package policies.nsg.cross_environment_allow

import data.policies.lib.nsg_rule
import data.policies.lib.text

deny contains {
	"message": sprintf("%s, which guards %s (%s), allows %s on %s: the rule joins production and non-production.", [
		nsg_rule.label,
		nsg_rule.guarded,
		object.get(_kinds, input.attached.environment, "the other side"),
		_named,
		nsg_rule.ports,
	]),
	"path": _path,
	"related": _named_ids,
} if {
	_may_allow
	count(input.other_environment) > 0
	count(_doubts) == 0
}

undetermined contains {
	"message": sprintf("Whether %s allows %s is not known: %s.", [
		nsg_rule.label,
		_named,
		concat("; ", sort(_doubts)),
	]),
	"path": _path,
	"related": _named_ids,
} if {
	_may_allow
	count(input.other_environment) > 0
	count(_doubts) > 0
}

undetermined contains {
	"message": sprintf("Whether %s names another environment is not known: %s.", [
		nsg_rule.label,
		concat("; ", sort(_unknown)),
	]),
	"path": _path,
	"related": [input.nsg.id],
} if {
	_may_allow
	count(input.other_environment) == 0
	count(_unknown) > 0
}

# A shared network joins neither side of the line; an inbound rule for any source on every port needs no names.
_may_allow if {
	nsg_rule.may_match
	input.attached.environment in {"production", "non_production", null}
	input.access in {"Allow", null}
	not _any_to_any
}

_any_to_any if {
	input.direction == "Inbound"
	nsg_rule.any_to_any
}

_doubts := nsg_rule.doubts({"access", "priority"})

_unknown := (_open_environment | _odd_addresses) | _open_names

_open_names contains sprintf("the environment of %s, which it names, is open", [text.shorten(_open_networks, 4)]) if {
	count(_open_networks) > 0
}

_open_networks := [foreign.vnet | some foreign in input.possibly_other_environment]

_open_environment contains sprintf("the environment of what %s guards is open", [input.nsg.name]) if {
	input.attached.environment_status != "known"
	some end in _far_ends
	not end.any
	count(end.prefixes) > 0
}

_odd_addresses contains doubt if {
	some end in _far_ends
	not end.any
	some doubt in nsg_rule.address_doubts
}

# The far end of the traffic: whom the rule names there is not among those that it guards.
_far_ends := [input.source] if input.direction == "Inbound"

_far_ends := [input.destination] if input.direction == "Outbound"

_far_ends := [input.source, input.destination] if input.direction == null

_path := "/properties/destinationAddressPrefix" if input.direction == "Outbound"

_path := "/properties/sourceAddressPrefix" if input.direction in {"Inbound", null}

_named := text.shorten(_names, 4)

_names := [name |
	some foreign in input.other_environment
	name := sprintf("%s of %s (%s)", [foreign.prefix, foreign.vnet, foreign.environment])
]

_named_ids := array.slice(sort({foreign.id | some foreign in input.other_environment}), 0, 10)

_kinds := {
	"production": "production",
	"non_production": "non-production",
}
