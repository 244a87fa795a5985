package policies.lib.link

# States in which both sides exchange routes, as far as the inputs show.
live := {"established", "assumed_established"}

# States that decide neither way, and why.
unclear := {
	"inconsistent": "its two objects contradict each other",
	"unknown": "its state is missing or not one that Azure documents",
}

# Whether a link is up, or may be.
may_be_up(state) if state in live

may_be_up(state) if unclear[state]

# Why a link that may be up may not be, in words.
state_doubts(state) := set() if state in live

state_doubts(state) := {sprintf("whether the link is up is not clear, because %s", [unclear[state]])}

# Remote networks whose side of a link nobody can change: Microsoft keeps it, or it has no object.
without_own_side := {"virtual_hub", "classic"}

# What stands for a side: its peering object, or its virtual network where that object was not read.
id_of(side) := side.peering.id

id_of(side) := side.vnet.id if side.peering == null

# Whether a side holds a VPN or ExpressRoute gateway; a Route Server alone is none.
has_gateway(side) if {
	some kind in side.gateway.kinds
	kind != "RouteServer"
}

has_gateway(side) if {
	side.gateway.present == true
	count(side.gateway.kinds) == 0
}
