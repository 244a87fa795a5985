package policies.peering.near_limit_test

import data.policies.peering.near_limit

_rules := {"peering-near-limit": {"percent": 80, "limit": 500}}

_vnet(count) := {"id": "hub", "name": "vnet-hub", "peering_count": count}

test_eighty_percent_of_the_limit_is_reported if {
	near_limit.deny == {{
		"message": concat(" ", [
			"vnet-hub holds 400 peerings, 80 percent or more of the 500 that it may hold:",
			"soon nothing more can be peered with it.",
		]),
		"path": "/properties/virtualNetworkPeerings",
	}} with input as _vnet(400) with data.config.rules as _rules
}

test_one_less_passes if {
	count(near_limit.deny | near_limit.undetermined) == 0 with input as _vnet(399) with data.config.rules as _rules
}

test_a_higher_limit_moves_the_line if {
	count(near_limit.deny) == 0 with input as _vnet(400)
		with data.config.rules as {"peering-near-limit": {"percent": 80, "limit": 1000}}
}

test_a_lower_share_moves_the_line if {
	count(near_limit.deny) == 1 with input as _vnet(300)
		with data.config.rules as {"peering-near-limit": {"percent": 60, "limit": 500}}
}

test_peerings_that_were_not_read_are_undetermined if {
	some finding in near_limit.undetermined with input as _vnet(null) with data.config.rules as _rules
	contains(finding.message, "its peerings were not read")
	count(near_limit.deny) == 0 with input as _vnet(null) with data.config.rules as _rules
}
