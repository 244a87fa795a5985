package policies.lib.nsg_rule

import data.policies.lib.text

# What the rules about the subject `nsg_rule` share. All of it speaks of the NSG rule in `input`.
#
# One defect of an NSG rule is one finding, and which rule reports it is decided here:
#
# 1. a rule that never matches: nsg-shadowed-rule, and nothing else;
# 2. any source on every port: nsg-any-to-any; management ports and names of others are symptoms of it;
# 3. the tag VirtualNetwork on many ports: nsg-broad-virtual-network-tag; who reaches management ports that
#    way is a symptom, unless it is the internet by another source of the rule;
# 4. prefixes of the other environment, named: nsg-cross-environment-allow, whatever the ports;
# 5. a management port that anyone else from outside reaches: nsg-management-port-exposed;
# 6. the tag VirtualNetwork on fewer ports, where 5 has nothing to say: nsg-virtual-network-tag-widened.

# It may decide about packets: no earlier rule hides it, and its NSG guards something.
may_match if {
	input.shadow.status != "shadowed"
	input.attached.status != "detached"
}

# It may let packets in.
may_admit if {
	may_match
	input.direction in {"Inbound", null}
	input.access in {"Allow", null}
}

# What must be known before a rule can be said to let packets in.
admission := {"access", "direction", "priority", "protocol"}

# Why it is not certain that a rule that may match does; empty where it is. `needed` names the properties
# without which that cannot be said.
doubts(needed) := blind_spots(needed) | _open_order

# The doubts that leave other facts empty, rather than uncertain.
blind_spots(needed) := (_unread_of(needed) | _emptiness) | open_attachment

_unread_of(needed) := {sprintf("its %s is missing or unknown", [property]) | some property in needed & _unread}

_unread contains "access" if input.access == null

_unread contains "direction" if input.direction == null

_unread contains "priority" if input.priority == null

_unread contains "protocol" if input.protocol == null

_open_order contains "whether earlier rules hide it could not be worked out" if {
	input.shadow.status == "undecided"
}

_emptiness contains "its source, destination, ports or protocol is empty, which Azure does not accept" if {
	input.shadow.status == "matches_nothing"
}

open_attachment contains sprintf("what %s is attached to was not read", [input.nsg.name]) if {
	input.attached.status == "not_visible"
}

# Ports 1 to 65535 are every port: nothing listens on port 0.
every_port_count := 65535

every_port if input.port_count >= every_port_count

# Why it is not known how many ports it opens, where those that are known are fewer than `enough`.
port_doubts(enough) := {"some of its ports could not be understood" |
	_odd("port range")
	input.port_count < enough
}

# Why it is not known whom it names.
address_doubts contains "some of its addresses could not be understood" if _odd("prefix")

# Something of that kind could not be understood, or something of which nobody can say what it is.
_odd(kind) if {
	some complaint in input.odd
	contains(lower(complaint), kind)
}

_odd(_) if {
	some complaint in input.odd
	not _is_known(complaint)
}

_is_known(complaint) if {
	some kind in {"access", "direction", "port range", "prefix", "priority", "protocol"}
	contains(lower(complaint), kind)
}

# TCP and UDP have ports; ICMP, ESP and AH have none.
has_ports if input.protocol in {"*", "Tcp", "Udp", null}

# Any source on every port.
any_to_any if {
	input.from_any
	every_port
	has_ports
}

# From how many ports on the tag is wide: one rule's parameter that draws the line between two rules.
default wide_port_count := 100

wide_port_count := data.config.rules["nsg-broad-virtual-network-tag"].wide_port_count

# The tag VirtualNetwork as source on many ports.
broad_tag if {
	input.from_virtual_network
	input.port_count >= wide_port_count
	has_ports
	not any_to_any
}

# What the tag brings beyond the own address space. The platform's address 168.63.129.16 is no network.
beyond := [origin |
	some origin in input.tag.beyond
	origin.kind != "platform"
]

possibly_beyond := [origin |
	some origin in input.tag.possibly_beyond
	origin.kind != "platform"
]

# Why it is not known whether a rule that names the tag admits more than its own network; `rule_doubts` are
# what else is open. They do not matter before the tag is known to bring more; what it may bring does not
# once it is.
tag_doubts(rule_doubts) := rule_doubts if count(beyond) > 0

tag_doubts(_) := _open_tag | open_attachment if count(beyond) == 0

_open_tag contains sprintf("there the tag may mean %s", [origins(possibly_beyond)]) if count(possibly_beyond) > 0

_open_tag contains text.shorten(input.tag.unknown, 3) if count(input.tag.unknown) > 0

# Prefixes and where they come from, in words.
origins(list) := text.shorten([sprintf("%s (%s)", [origin.prefix, origin.origin]) | some origin in list], 4)

# What brings them, for readers who want to look.
origin_ids(list) := array.slice(sort({origin.id | some origin in list; origin.id != null}), 0, 10)

# How sure the prefixes beyond the own space are.
hearsay := " (That a default route widens the tag is observed, not documented by Microsoft.)" if _collapsed

hearsay := "" if not _collapsed

_collapsed if {
	some origin in beyond
	origin.kind == "route"
	origin.prefix in {"0.0.0.0/0", "::/0"}
}

# The exposures of management ports that no more precise rule explains.
unexplained(exposures) := [exposure |
	some exposure in exposures
	not _explained(exposure.from)
]

_explained(_) if any_to_any

_explained(from) if {
	_brought_by_the_tag(from)
	broad_tag
	_tag_is_judged
}

_explained("other_environment") if count(input.other_environment) > 0

_brought_by_the_tag(from) if from != "internet"

# Peered networks may use public address space.
_brought_by_the_tag(_) if {
	not input.source.any
	count(input.source.prefixes) == 0
	count(input.source.service_tags) == 1
}

_tag_is_judged if count(beyond) > 0

_tag_is_judged if count(tag_doubts(set())) > 0

# How a message names the rule.
label := sprintf("%s (priority %d) of %s", [input.name, input.priority, input.nsg.name]) if input.priority != null

label := sprintf("%s of %s", [input.name, input.nsg.name]) if input.priority == null

# How it names the ports.
ports := upper(input.protocol) if not has_ports

ports := "every port" if {
	has_ports
	every_port
}

ports := sprintf("port %s", [input.ports]) if {
	has_ports
	input.port_count == 1
}

ports := sprintf("ports %s", [text.shorten(_listed_ports, 5)]) if {
	has_ports
	input.port_count != 1
	not every_port
}

_listed_ports := [trim_space(port) | some port in split(input.ports, ",")]

# How it names what the NSG guards.
guarded := text.shorten(input.attached.vnets, 3) if count(input.attached.vnets) > 0

guarded := sprintf("the network interfaces of %s", [input.nsg.name]) if count(input.attached.vnets) == 0
