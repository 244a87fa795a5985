package policies.peering.out_of_sync_test

import data.policies.peering.out_of_sync

_side(name, level, drift) := {
	"vnet": {"id": name, "name": name, "seen": true},
	"peering": {"id": sprintf("%s/peer", [name]), "sync_level": level},
	"drift": drift,
}

_in_sync := {"without_route": [], "stale": []}

_grown := {"without_route": ["10.11.0.0/16"], "stale": []}

_link(local, remote) := {
	"state": "established",
	"remote_vnet": "seen",
	"ipv6_only": false,
	"local": local,
	"remote": remote,
}

_synced := _link(_side("app", "FullyInSync", _in_sync), _side("hub", "FullyInSync", _in_sync))

# The far side is in a subscription that nobody read.
_half := object.union(
	_link(_side("app", "FullyInSync", null), {"vnet": {"id": "hub", "name": "hub", "seen": false}}),
	{"state": "assumed_established", "remote_vnet": "not_visible", "remote": {"peering": null, "drift": null}},
)

test_a_prefix_without_route_is_named_on_the_object_that_lacks_it if {
	out_of_sync.deny == {{
		"message": concat(" ", [
			"app and hub are out of sync: hub has no route to 10.11.0.0/16 of app.",
			"Without a route, traffic to a prefix takes another way or is lost.",
		]),
		"at": "hub/peer",
		"path": "/properties/remoteAddressSpace",
		"related": ["app/peer"],
	}} with input as _link(_side("app", null, _in_sync), _side("hub", null, _grown))
}

test_a_route_to_space_that_is_gone_is_reported if {
	some finding in out_of_sync.deny with input as _link(
		_side("app", "FullyInSync", {"without_route": [], "stale": ["10.9.0.0/16"]}),
		_side("hub", "FullyInSync", _in_sync),
	)
	contains(finding.message, "app still has a route to 10.9.0.0/16, which hub no longer holds")
	finding.at == "app/peer"
}

test_a_level_that_blames_its_own_object_points_at_it if {
	some finding in out_of_sync.deny with input as _link(
		_side("app", "RemoteNotInSync", null),
		_side("hub", "LocalNotInSync", null),
	)
	finding.at == "hub/peer"
	finding.path == "/properties/peeringSyncLevel"
	contains(finding.message, "Azure reports RemoteNotInSync on the side of app")
	contains(finding.message, "Azure reports LocalNotInSync on the side of hub")
}

test_a_level_that_blames_an_object_not_read_points_at_the_one_that_says_so if {
	far := object.union(_half, {"local": {"peering": {"sync_level": "RemoteNotInSync"}}})
	out_of_sync.deny[_].at == "app/peer" with input as far
	out_of_sync.deny[_].related == ["hub"] with input as far
	count(out_of_sync.undetermined) == 0 with input as far
}

test_one_link_is_one_finding_that_names_prefixes_rather_than_levels if {
	both := _link(_side("app", "LocalAndRemoteNotInSync", _grown), _side("hub", "LocalAndRemoteNotInSync", _grown))
	count(out_of_sync.deny) == 1 with input as both
	some finding in out_of_sync.deny with input as both
	contains(finding.message, "app has no route to 10.11.0.0/16 of hub; hub has no route to 10.11.0.0/16 of app")
	not contains(finding.message, "NotInSync")
}

test_a_link_in_sync_passes if {
	count(out_of_sync.deny | out_of_sync.undetermined) == 0 with input as _synced
}

test_equal_prefixes_pass_where_no_level_is_given if {
	count(out_of_sync.deny | out_of_sync.undetermined) == 0 with input as _link(
		_side("app", null, _in_sync),
		_side("hub", null, _in_sync),
	)
}

test_fully_in_sync_decides_where_the_far_side_was_not_read if {
	count(out_of_sync.deny | out_of_sync.undetermined) == 0 with input as _half
}

test_fully_in_sync_on_the_other_object_decides if {
	count(out_of_sync.deny | out_of_sync.undetermined) == 0 with input as _link(
		_side("app", null, null),
		_side("hub", "FullyInSync", null),
	)
}

test_without_level_a_far_side_that_was_not_read_is_undetermined if {
	unread := object.union(_half, {"local": {"peering": {"sync_level": null}}})
	count(out_of_sync.deny) == 0 with input as unread
	some finding in out_of_sync.undetermined with input as unread
	finding.message ==
		"Whether app and hub are in sync is not known: no sync level decides it, and hub was not read."
	finding.related == ["hub"]
}

test_an_undocumented_level_is_no_answer if {
	odd := object.union(_half, {"local": {"peering": {"sync_level": "Sideways"}}})
	count(out_of_sync.deny) == 0 with input as odd
	count(out_of_sync.undetermined) == 1 with input as odd
}

test_a_far_object_that_was_not_read_is_undetermined if {
	unread := object.union(
		_link(_side("app", null, _in_sync), {"vnet": {"id": "hub", "name": "hub", "seen": true}, "drift": null}),
		{"remote": {"peering": null}},
	)
	some finding in out_of_sync.undetermined with input as unread
	contains(finding.message, "the peering object of hub was not read")
}

test_prefixes_that_were_not_recorded_are_undetermined if {
	some finding in out_of_sync.undetermined with input as _link(
		_side("app", null, null),
		_side("hub", null, _in_sync),
	)
	contains(finding.message, "what app has recorded of hub is not given or cannot be read")
}

test_ipv4_is_not_missing_from_an_ipv6_only_link if {
	count(out_of_sync.deny | out_of_sync.undetermined) == 0 with input as object.union(
		_link(_side("app", "FullyInSync", _grown), _side("hub", "FullyInSync", _in_sync)),
		{"ipv6_only": true},
	)
}

test_ipv6_is_missing_from_an_ipv6_only_link if {
	count(out_of_sync.deny) == 1 with input as object.union(
		_link(
			_side("app", "FullyInSync", {"without_route": ["fd00:11::/48"], "stale": []}),
			_side("hub", "FullyInSync", _in_sync),
		),
		{"ipv6_only": true},
	)
}

test_an_initiated_object_is_not_also_out_of_sync if {
	count(out_of_sync.deny | out_of_sync.undetermined) == 0 with input as object.union(
		_link(_side("app", "RemoteNotInSync", null), _side("hub", null, null)),
		{"state": "one_sided"},
	)
}

test_a_classic_remote_cannot_be_synchronised if {
	count(out_of_sync.deny | out_of_sync.undetermined) == 0 with input as object.union(
		_half,
		{"remote_vnet": "classic", "local": {"peering": {"sync_level": null}}},
	)
}
