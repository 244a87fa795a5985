# METADATA
# title: A default route to an appliance has made VirtualNetwork mean any address
# description: >-
#   Reports a subnet whose user-defined default route to an appliance has turned the service tag
#   VirtualNetwork into any address while an inbound allow rule still uses the tag. Observed in tests by
#   several people; Microsoft documents only that the tag may contain default routes.
# related_resources:
# - https://learn.microsoft.com/azure/virtual-network/service-tags-overview
# - https://learn.microsoft.com/azure/virtual-network/virtual-networks-udr-overview
# - https://learn.microsoft.com/azure/virtual-network/network-security-groups-overview#default-security-rules
# custom:
#   id: nsg-virtual-network-tag-is-any
#   severity: high
#   subject: subnet
#   controls:
#   - {framework: nist-800-53-r5, control: AC-4, relation: supports}
#   - {framework: nist-800-53-r5, control: SC-7, relation: supports}
#   - {framework: mcsb-v1, control: NS-1, relation: supports}
#   - {framework: iso-27001-2022, control: A.8.20, relation: supports}
#   remediation: >-
#     Keep the route. Allow by prefix what the subnet needs, and deny the rest with a custom rule before the
#     default rules.
#   select:
#     has_nsg: true
#     purpose: workload
#     tag_is_any: [true, null]
package policies.nsg.virtual_network_tag_is_any

import data.policies.lib.text

deny contains {
	"message": sprintf("VirtualNetwork means any address on %s since %s, and %s of %s admits it (%s).", [
		_subnet,
		_route,
		_rules,
		input.nsg.name,
		"observed, not documented by Microsoft",
	]),
	"at": _place.at,
	"path": _place.path,
	"related": array.concat([input.id, input.nsg.id], _rule_ids),
} if {
	_guarded
	input.tag_is_any == true
	input.nsg.seen
	count(input.live_tag_rules) > 0
}

undetermined contains {
	"message": sprintf("Whether VirtualNetwork means any address on %s, where %s of %s admits it, is not known: %s.", [
		_subnet,
		_rules,
		input.nsg.name,
		_unread_routes,
	]),
	"path": "/properties/routeTable",
	"related": array.concat([input.nsg.id], _rule_ids),
} if {
	_guarded
	input.tag_is_any == null
	input.nsg.seen
	count(input.live_tag_rules) > 0
}

undetermined contains {
	"message": sprintf("VirtualNetwork means any address on %s since %s; whether %s admits it was not read.", [
		_subnet,
		_route,
		input.nsg.name,
	]),
	"path": "/properties/networkSecurityGroup",
	"related": [input.nsg.id],
} if {
	_guarded
	input.tag_is_any == true
	not input.nsg.seen
}

undetermined contains {
	"message": sprintf("Whether VirtualNetwork means any address on %s is not known: %s, nor was %s.", [
		_subnet,
		_unread_routes,
		input.nsg.name,
	]),
	"path": "/properties/routeTable",
	"related": [input.nsg.id],
} if {
	_guarded
	input.tag_is_any == null
	not input.nsg.seen
}

_unread_routes := "its route table was not read"

_guarded if {
	input.purpose == "workload"
	input.has_nsg
}

_subnet := sprintf("%s of %s", [input.name, input.vnet.name])

default _route := "its default route goes to an appliance"

_route := sprintf("%s routes everything to an appliance", [input.default_route.name])

# What a reader is shown: the route, or the subnet where nothing names it.
_place := {"at": input.default_route.id, "path": "/properties/addressPrefix"} if input.default_route != null

_place := {"at": input.id, "path": "/properties/routeTable"} if input.default_route == null

_rules := text.shorten([rule.name | some rule in input.live_tag_rules], 3)

# Azure's own rules are in few exports; a reader is sent to custom ones.
_rule_ids := array.slice([rule.id | some rule in input.live_tag_rules; not rule.default], 0, 10)
