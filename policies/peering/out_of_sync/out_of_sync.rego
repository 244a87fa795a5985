# METADATA
# title: Peering out of sync
# description: >-
#   An established peering whose sync level is not FullyInSync, or whose recorded prefixes differ from the
#   other side's own.
# related_resources:
# - https://learn.microsoft.com/azure/virtual-network/update-virtual-network-peering-address-space
# - https://learn.microsoft.com/powershell/module/az.network/sync-azvirtualnetworkpeering
# custom:
#   id: peering-out-of-sync
#   severity: medium
#   subject: peering
#   controls: []
#   remediation: >-
#     Synchronise the peering object that holds the old address space (az network vnet peering sync), after checking
#     that the new space of the other side is meant to be reachable.
#   select: {state: [established, assumed_established], settled: false}
package policies.peering.out_of_sync

import data.policies.lib.link
import data.policies.lib.text

deny contains {
	"message": sprintf(
		"%s and %s are out of sync: %s. Without a route, traffic to a prefix takes another way or is lost.",
		[input.local.vnet.name, input.remote.vnet.name, concat("; ", _symptoms)],
	),
	"at": _places[0].at,
	"path": _places[0].path,
	"related": [id | some side in [input.local, input.remote]; id := link.id_of(side); id != _places[0].at],
} if {
	_judged
	count(_symptoms) > 0
}

undetermined contains {
	"message": sprintf(
		"Whether %s and %s are in sync is not known: no sync level decides it, and %s.",
		[input.local.vnet.name, input.remote.vnet.name, concat("; ", _gaps)],
	),
	"path": "/properties/peeringSyncLevel",
	"related": [link.id_of(input.remote)],
} if {
	_judged
	count(_symptoms) == 0
	not _azure_says_in_sync
	count(_gaps) > 0
}

_judged if {
	input.state in link.live
	input.remote_vnet != "classic"
}

# Either object's FullyInSync speaks for both directions.
_azure_says_in_sync if input.local.peering.sync_level == "FullyInSync"

_azure_says_in_sync if input.remote.peering.sync_level == "FullyInSync"

_directions := [
	{"here": input.local, "there": input.remote},
	{"here": input.remote, "there": input.local},
]

# Where a link exchanges IPv6 alone, IPv4 prefixes have no route by design.
_exchanged(prefixes) := [prefix | some prefix in prefixes; _has_route(prefix)]

_has_route(_) if not input.ipv6_only

_has_route(prefix) if contains(prefix, ":")

_routeless := [says |
	some direction in _directions
	prefixes := _exchanged(direction.here.drift.without_route)
	count(prefixes) > 0
	says := sprintf(
		"%s has no route to %s of %s",
		[direction.here.vnet.name, text.shorten(prefixes, 3), direction.there.vnet.name],
	)
]

_stale := [says |
	some direction in _directions
	prefixes := _exchanged(direction.here.drift.stale)
	count(prefixes) > 0
	says := sprintf(
		"%s still has a route to %s, which %s no longer holds",
		[direction.here.vnet.name, text.shorten(prefixes, 3), direction.there.vnet.name],
	)
]

_levels := [says |
	some direction in _directions
	direction.here.peering.sync_level in (_behind | {"RemoteNotInSync"})
	says := sprintf("Azure reports %s on the side of %s", [direction.here.peering.sync_level, direction.here.vnet.name])
]

_differences := array.concat(_routeless, _stale)

# Prefixes say more than levels do.
_symptoms := _differences if count(_differences) > 0

_symptoms := _levels if count(_differences) == 0

# Levels that say that the object which carries them holds old space itself.
_behind := {"LocalNotInSync", "LocalAndRemoteNotInSync"}

# Where the defect stands, the best place first: the object with the old prefixes, the one that says so of
# itself, the one that says so of the other.
_places := array.concat(
	[{"at": direction.here.peering.id, "path": "/properties/remoteAddressSpace"} |
		some direction in _directions
		count(_exchanged(direction.here.drift.without_route)) + count(_exchanged(direction.here.drift.stale)) > 0
	],
	array.concat(
		[_level_of(direction) | some direction in _directions; direction.here.peering.sync_level in _behind],
		[_level_of(direction) | some direction in _directions; direction.here.peering.sync_level == "RemoteNotInSync"],
	),
)

_level_of(direction) := {"at": direction.here.peering.id, "path": "/properties/peeringSyncLevel"}

_gaps contains sprintf("%s was not read", [side.vnet.name]) if {
	some side in [input.local, input.remote]
	not side.vnet.seen
}

_gaps contains sprintf("the peering object of %s was not read", [side.vnet.name]) if {
	some side in [input.local, input.remote]
	side.vnet.seen
	side.peering == null
}

_gaps contains sprintf("what %s has recorded of %s is not given or cannot be read", names) if {
	some direction in _directions
	direction.there.vnet.seen
	direction.here.peering != null
	direction.here.drift == null
	names := [direction.here.vnet.name, direction.there.vnet.name]
}
