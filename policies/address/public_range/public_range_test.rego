package policies.address.public_range_test

import data.policies.address.public_range

_vnet := {
	"id": "a",
	"name": "vnet-a",
	"address_space": ["10.1.0.0/16"],
	"odd_prefixes": [],
	"public_prefixes": [],
}

test_public_addresses_are_reported_with_their_prefixes if {
	some finding in public_range.deny with input as object.union(_vnet, {"public_prefixes": ["172.32.0.0/16"]})
	contains(finding.message, "vnet-a uses public addresses privately (172.32.0.0/16)")
	finding.path == "/properties/addressSpace"
}

test_many_public_prefixes_are_one_finding if {
	many := object.union(_vnet, {"public_prefixes": [sprintf("51.%d.0.0/16", [n]) | some n in numbers.range(1, 7)]})
	some finding in public_range.deny with input as many
	contains(finding.message, "and 2 more")
	count(public_range.deny) == 1 with input as many
}

test_private_addresses_pass if {
	count(public_range.deny | public_range.undetermined) == 0 with input as _vnet
}

test_address_space_that_was_not_given_is_undetermined if {
	some finding in public_range.undetermined with input as object.union(_vnet, {"address_space": null})
	contains(finding.message, "its address space was not given or cannot be read")
}

test_an_odd_prefix_is_undetermined_and_quoted if {
	some finding in public_range.undetermined with input as object.union(_vnet, {"odd_prefixes": ["10.1"]})
	contains(finding.message, "10.1 in its address space is no prefix")
}

test_a_proven_public_prefix_decides_beside_an_odd_one if {
	both := object.union(_vnet, {"public_prefixes": ["172.32.0.0/16"], "odd_prefixes": ["10.1"]})
	count(public_range.deny) == 1 with input as both
	count(public_range.undetermined) == 0 with input as both
}
