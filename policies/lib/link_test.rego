package policies.lib.link_test

import data.policies.lib.link

test_a_live_link_raises_no_doubt if {
	every state in ["established", "assumed_established"] {
		link.state_doubts(state) == set()
	}
}

test_an_inconsistent_link_raises_a_doubt if {
	link.state_doubts("inconsistent") ==
		{"whether the link is up is not clear, because its two objects contradict each other"}
}

test_a_live_or_unclear_link_may_be_up if {
	every state in ["established", "assumed_established", "inconsistent", "unknown"] {
		link.may_be_up(state)
	}
}

test_a_link_that_is_down_is_not_up if {
	every state in ["one_sided", "initiated", "disconnected"] {
		not link.may_be_up(state)
	}
}

test_virtual_hubs_and_classic_networks_have_no_side_of_their_own if {
	link.without_own_side == {"classic", "virtual_hub"}
}

test_a_side_stands_for_its_object if {
	link.id_of({"peering": {"id": "a/peer"}, "vnet": {"id": "a"}}) == "a/peer"
}

test_a_side_without_object_stands_for_its_virtual_network if {
	link.id_of({"peering": null, "vnet": {"id": "a"}}) == "a"
}

test_a_vpn_gateway_beside_a_route_server_is_a_gateway if {
	link.has_gateway({"gateway": {"present": true, "kinds": ["RouteServer", "Vpn"]}})
}

test_a_gateway_of_unknown_kind_is_a_gateway if {
	link.has_gateway({"gateway": {"present": true, "kinds": []}})
}

test_a_route_server_alone_is_no_gateway if {
	not link.has_gateway({"gateway": {"present": true, "kinds": ["RouteServer"]}})
}

test_gateways_that_were_not_read_are_no_gateway if {
	not link.has_gateway({"gateway": {"present": null, "kinds": []}})
}
