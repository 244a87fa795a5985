package policies.peering.prod_to_nonprod_test

import data.policies.peering.prod_to_nonprod

test_production_and_development_violate_once if {
	prod_to_nonprod.deny == {{
		"message": concat("", [
			"vnet-a (environment prod) is peered with vnet-b (environment dev): ",
			"production and the rest reach each other directly.",
		]),
		"path": "/properties/remoteVirtualNetwork/id",
		"related": ["/b/peering"],
	}} with input as _link("prod", "dev", {})
	count(prod_to_nonprod.undetermined) == 0 with input as _link("prod", "dev", {})
	count(prod_to_nonprod.deny) == 1 with input as _link("test", "prod", {})
}

test_a_link_seen_from_one_side_says_so if {
	some entry in prod_to_nonprod.deny with input as _link("prod", "dev", _assumed)
	endswith(entry.message, "directly (known from one side, the other was not read).")
	entry.related == ["/b"]
}

test_one_side_of_the_line_passes if {
	_silent(_link("prod", "prod", {}))
	_silent(_link("dev", "dev", {}))
	_silent(_link("dev", "test", {}))
}

test_a_shared_environment_passes_whatever_the_other_is if {
	every other in ["prod", "dev", "shared", null] {
		_silent(_link("shared", other, {}))
		_silent(_link(other, "shared", {}))
	}
}

test_a_virtual_wan_hub_passes_unless_its_environment_is_configured if {
	_silent(object.union(_link("prod", null, _assumed), {"remote_vnet": "virtual_hub"}))
	hub := object.union(_link("prod", "dev", _assumed), {"remote_vnet": "virtual_hub"})
	count(prod_to_nonprod.deny) == 1 with input as hub
}

test_links_that_carry_nothing_pass_whatever_the_environments_are if {
	every state in ["one_sided", "initiated", "disconnected"] {
		_silent(_link("prod", "dev", {"state": state}))
		_silent(_link("prod", null, {"state": state}))
	}
}

test_a_link_toward_a_network_that_is_gone_passes if {
	_silent(_link("prod", null, {"state": "inconsistent", "remote_vnet": "gone", "remote": {"peering": null}}))
}

test_an_open_environment_is_undetermined_and_says_why if {
	every known in ["prod", "dev"] {
		prod_to_nonprod.undetermined == {{
			"message": concat("", [
				"Whether the peering of vnet-a with vnet-b joins production to non-production is not known: ",
				"the environment of vnet-b is open (why vnet-b).",
			]),
			"path": "/properties/remoteVirtualNetwork/id",
			"related": ["/b/peering"],
		}} with input as _link(known, null, {})
		count(prod_to_nonprod.deny) == 0 with input as _link(known, null, {})
	}
}

test_two_open_environments_are_one_entry if {
	count(prod_to_nonprod.undetermined) == 1 with input as _link(null, null, {})
}

test_a_link_that_may_be_established_is_undetermined_once if {
	every link in [
		_link("prod", "dev", {"state": "unknown"}),
		_link("prod", null, {"state": "unknown"}),
		_link("prod", "dev", {"state": "inconsistent", "remote": {"peering": null}}),
	] {
		count(prod_to_nonprod.undetermined) == 1 with input as link
		count(prod_to_nonprod.deny) == 0 with input as link
	}
}

test_a_link_that_may_be_established_passes_where_the_environments_decide if {
	_silent(_link("prod", "prod", {"state": "unknown"}))
	_silent(_link("shared", null, {"state": "unknown"}))
}

_silent(link) if {
	count(prod_to_nonprod.deny) == 0 with input as link
	count(prod_to_nonprod.undetermined) == 0 with input as link
}

_assumed := {"state": "assumed_established", "remote_vnet": "not_visible", "remote": {"peering": null}}

_link(local, remote, changes) := object.union(
	{
		"id": "/a/peering",
		"state": "established",
		"remote_vnet": "seen",
		"environments": concat("+", sort([_kind(local), _kind(remote)])),
		"local": _side("a", local),
		"remote": _side("b", remote),
	},
	changes,
)

_side(name, environment) := {
	"vnet": {
		"id": sprintf("/%s", [name]),
		"name": sprintf("vnet-%s", [name]),
		"subscription_name": null,
		"environment": {
			"value": environment,
			"status": _status(environment),
			"reason": sprintf("why vnet-%s", [name]),
		},
	},
	"peering": {"id": sprintf("/%s/peering", [name]), "state": "Connected"},
}

_status(environment) := "known" if environment != null

_status(environment) := "missing" if environment == null

_kind(environment) := "production" if environment == "prod"

_kind(environment) := "shared" if environment == "shared"

_kind(environment) := "non_production" if environment in {"dev", "test"}

_kind(environment) := "unknown" if environment == null
