package policies.lib.peering

# Packets can pass: both objects say Connected, or the one that is visible does.
established(state) if state in {"established", "assumed_established"}

# Why the inputs do not tell whether packets can pass; undefined where they tell. No packet passes
# toward a virtual network that is gone, and none while no object says Connected.
unsettled(state, remote_vnet, _) := "a peeringState is missing or none that Azure documents" if {
	state == "unknown"
	remote_vnet != "gone"
}

unsettled(state, remote_vnet, objects) := "one side says Connected and the other side does not confirm it" if {
	state == "inconsistent"
	remote_vnet != "gone"
	some object in objects
	object.state == "Connected"
}

# What a message adds where a link is known from one side alone.
hearsay(state) := "" if state != "assumed_established"

hearsay(state) := " (known from one side, the other was not read)" if state == "assumed_established"

# How a message names a virtual network beside another one: by its name, unless both have the same.
label(vnet, other) := vnet.name if not _same_name(vnet, other)

label(vnet, other) := sprintf("%s in %s", [vnet.name, vnet.subscription_name]) if {
	_same_name(vnet, other)
	_told_apart_by_subscription(vnet, other)
}

label(vnet, other) := vnet.id if {
	_same_name(vnet, other)
	not _told_apart_by_subscription(vnet, other)
}

_same_name(vnet, other) if lower(vnet.name) == lower(other.name)

_told_apart_by_subscription(vnet, other) if {
	is_string(vnet.subscription_name)
	is_string(other.subscription_name)
	vnet.subscription_name != other.subscription_name
}

# Where a reader looks at a side: at its peering object, or at the virtual network where it shows none.
place(object, _) := object.id if object != null

place(object, vnet) := vnet.id if object == null

# What a side's object says of its state, for messages.
says(name, object) := sprintf("%s says %s", [name, object.state]) if is_string(object.state)

says(name, object) := sprintf("%s gives no state", [name]) if {
	object != null
	not is_string(object.state)
}

says(name, object) := sprintf("%s shows no object", [name]) if object == null
