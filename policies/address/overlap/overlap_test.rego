package policies.address.overlap_test

import data.policies.address.overlap

_vnet(overlaps) := {
	"id": "a",
	"name": "vnet-a",
	"connected": true,
	"address_space": ["10.1.0.0/16"],
	"odd_prefixes": [],
	"overlaps": overlaps,
}

_peered := {"id": "b", "name": "vnet-b", "prefixes": ["10.1.4.0/24"], "reach": "peered", "via": null}

_common := {"id": "c", "name": "vnet-c", "prefixes": ["10.1.0.0/17"], "reach": "common_peer", "via": "vnet-hub"}

_site := {"id": null, "name": "on-premises", "prefixes": ["10.1.8.0/24"], "reach": "on_premises", "via": null}

_estate := {"as_of": "2026-06-30", "tenants_known": false, "on_premises": []}

_passes(vnet) if {
	count(overlap.deny | overlap.undetermined) == 0 with input as vnet with data.estate as _estate
}

test_peers_that_share_addresses_are_reported if {
	some finding in overlap.deny with input as _vnet([_peered])
	contains(finding.message, "vnet-a and vnet-b are peered and share 10.1.4.0/24")
	finding.path == "/properties/addressSpace"
	finding.related == ["b"]
}

test_spokes_of_one_hub_that_share_addresses_are_reported_with_the_hub if {
	some finding in overlap.deny with input as _vnet([_common])
	contains(finding.message, "share 10.1.0.0/17 and are both peered with vnet-hub")
	contains(finding.message, "(observed, not documented by Microsoft)")
}

test_on_premises_space_is_reported_without_related if {
	some finding in overlap.deny with input as _vnet([_site])
	contains(finding.message, "vnet-a uses 10.1.8.0/24, which on-premises uses too")
	finding.related == []
}

test_each_pair_is_a_finding if {
	count(overlap.deny) == 3 with input as _vnet([_peered, _common, _site])
}

test_a_network_that_overlaps_is_not_also_undetermined if {
	count(overlap.undetermined) == 0 with input as object.union(_vnet([_peered]), {"odd_prefixes": ["10.1/16"]})
}

test_disjoint_networks_pass if _passes(_vnet([]))

test_odd_space_of_a_network_that_nothing_joins_passes if {
	_passes(object.union(_vnet([]), {"connected": false, "address_space": null}))
}

test_address_space_that_was_not_given_is_undetermined if {
	some finding in overlap.undetermined with input as object.union(_vnet([]), {"address_space": null})
		with data.estate as _estate
	contains(finding.message, "its address space was not given or cannot be read")
}

test_an_odd_prefix_is_undetermined_and_quoted if {
	some finding in overlap.undetermined with input as object.union(_vnet([]), {"odd_prefixes": ["10.1.0.0/33"]})
		with data.estate as _estate
	contains(finding.message, "10.1.0.0/33 in its address space is no prefix")
}

test_odd_space_could_overlap_declared_on_premises_space if {
	count(overlap.undetermined) == 1 with input as object.union(_vnet([]), {"connected": false, "address_space": null})
		with data.estate as object.union(_estate, {"on_premises": ["192.168.0.0/16"]})
}
