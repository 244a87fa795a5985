//! The rules of a network security group.
//!
//! Knows what one rule says and which of two comes first; says nothing about the subnet or NIC that it guards.

use std::sync::{Arc, LazyLock};

use serde::Serialize;

use super::address::{AddressSpec, Tag};
use super::port::{PortSet, ProtocolSet};

/// The direction of the traffic that a rule judges, as the guarded subnet or NIC sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum Direction {
    /// To the subnet or NIC.
    Inbound,
    /// From the subnet or NIC.
    Outbound,
}

/// What a rule does with what it matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum Access {
    /// Lets it through.
    Allow,
    /// Drops it.
    Deny,
}

/// A rule of an NSG, its singular and plural fields united.
///
/// Of the rules of one direction, the one with the lowest priority number that matches a packet decides
/// (<https://learn.microsoft.com/azure/virtual-network/network-security-groups-overview>).
///
/// Ports mean nothing to ICMP, ESP, AH and other protocols without them, yet rules carry them, and Microsoft does not
/// document whether a rule for `*` on port 22, or for ICMP on port 22, matches a ping. So it is an open question here
/// whether a rule takes traffic without ports, unless both of its port sets are `*`: then it does. Two rules of which
/// both name `*`, or neither, are held to be read alike, so that the one with more ports takes at least what the other
/// takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The rule's name.
    pub name: Arc<str>,
    /// 100 to 4096 for custom rules, 65000 and above for default ones; a lower number is earlier.
    pub priority: u32,
    /// Which traffic it judges.
    pub direction: Direction,
    /// What it does with what it matches.
    pub access: Access,
    /// The protocols.
    pub protocols: ProtocolSet,
    /// Where a packet comes from.
    pub source: AddressSpec,
    /// The ports it is sent from.
    pub source_ports: PortSet,
    /// Where it goes.
    pub destination: AddressSpec,
    /// The ports it is sent to.
    pub destination_ports: PortSet,
}

impl Rule {
    /// Whether nothing can match, because one of its fields is empty.
    pub fn matches_nothing(&self) -> bool {
        self.protocols.is_empty()
            || self.source.is_empty()
            || self.source_ports.is_empty()
            || self.destination.is_empty()
            || self.destination_ports.is_empty()
    }

    /// Whether this rule is asked before `other`. Of two rules with one priority, which Azure refuses, neither is.
    pub fn precedes(&self, other: &Self) -> bool {
        self.direction == other.direction && self.priority < other.priority
    }

    /// Whether this rule is proven to match all that `other` matches.
    pub fn covers(&self, other: &Self) -> bool {
        self.protocols.contains_set(other.protocols)
            && (!other.protocols.overlaps(ProtocolSet::PORTED) || self.has_ports_of(other))
            && (!other.protocols.overlaps(ProtocolSet::PORTLESS) || self.takes_portless_of(other))
            && self.source.covers(&other.source)
            && self.destination.covers(&other.destination)
    }

    /// Whether it matches whatever the ports.
    pub(super) fn ignores_ports(&self) -> bool {
        self.destination_ports.is_any() && self.source_ports.is_any()
    }

    /// Whether this rule, given protocol and addresses, is proven to take the traffic without ports that `other`
    /// takes; see [`Rule`].
    pub(super) fn takes_portless_of(&self, other: &Self) -> bool {
        self.ignores_ports() || (self.protocols.is_any() == other.protocols.is_any() && self.has_ports_of(other))
    }

    fn has_ports_of(&self, other: &Self) -> bool {
        self.destination_ports.contains_set(&other.destination_ports)
            && self.source_ports.contains_set(&other.source_ports)
    }
}

/// The six rules that every NSG ends with, inbound ones first, in the order of their priorities
/// (<https://learn.microsoft.com/azure/virtual-network/network-security-groups-overview#default-security-rules>).
pub fn default_rules() -> &'static [Rule; 6] {
    static RULES: LazyLock<[Rule; 6]> = LazyLock::new(|| {
        use Access::{Allow, Deny};
        use Direction::{Inbound, Outbound};

        let tag = |tag: Tag| AddressSpec::from(tag);
        [
            default_rule("AllowVnetInBound", 65000, Inbound, Allow, tag(Tag::VirtualNetwork), tag(Tag::VirtualNetwork)),
            default_rule(
                "AllowAzureLoadBalancerInBound",
                65001,
                Inbound,
                Allow,
                tag(Tag::AzureLoadBalancer),
                AddressSpec::ANY,
            ),
            default_rule("DenyAllInBound", 65500, Inbound, Deny, AddressSpec::ANY, AddressSpec::ANY),
            default_rule(
                "AllowVnetOutBound",
                65000,
                Outbound,
                Allow,
                tag(Tag::VirtualNetwork),
                tag(Tag::VirtualNetwork),
            ),
            default_rule("AllowInternetOutBound", 65001, Outbound, Allow, AddressSpec::ANY, tag(Tag::Internet)),
            default_rule("DenyAllOutBound", 65500, Outbound, Deny, AddressSpec::ANY, AddressSpec::ANY),
        ]
    });
    &RULES
}

fn default_rule(
    name: &str,
    priority: u32,
    direction: Direction,
    access: Access,
    source: AddressSpec,
    destination: AddressSpec,
) -> Rule {
    Rule {
        name: Arc::from(name),
        priority,
        direction,
        access,
        protocols: ProtocolSet::ANY,
        source,
        source_ports: PortSet::ANY,
        destination,
        destination_ports: PortSet::ANY,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_rules_are_those_of_the_documentation() {
        let shown = default_rules().each_ref().map(|rule| {
            let side = |side: &AddressSpec| if side.is_any() { "*".to_owned() } else { side.atoms()[0].to_string() };
            format!(
                "{:?} {} {} {}>{} {:?}",
                rule.direction,
                rule.priority,
                rule.name,
                side(&rule.source),
                side(&rule.destination),
                rule.access
            )
        });
        assert_eq!(
            shown,
            [
                "Inbound 65000 AllowVnetInBound VirtualNetwork>VirtualNetwork Allow",
                "Inbound 65001 AllowAzureLoadBalancerInBound AzureLoadBalancer>* Allow",
                "Inbound 65500 DenyAllInBound *>* Deny",
                "Outbound 65000 AllowVnetOutBound VirtualNetwork>VirtualNetwork Allow",
                "Outbound 65001 AllowInternetOutBound *>Internet Allow",
                "Outbound 65500 DenyAllOutBound *>* Deny",
            ]
        );
        assert!(default_rules().iter().all(|rule| rule.protocols.is_any() && rule.ignores_ports()));
    }

    fn rule(protocol: &str, port: &str) -> Rule {
        let mut rule = default_rules()[2].clone();
        rule.protocols = protocol.parse().unwrap();
        rule.destination_ports = port.parse().unwrap();
        rule
    }

    #[test]
    fn ports_hide_traffic_without_ports_only_where_that_is_proven() {
        for (earlier, later, covered) in [
            (("*", "*"), ("Icmp", "22"), true),
            (("Icmp", "*"), ("Icmp", "22"), true),
            (("*", "20-30"), ("*", "22"), true),
            (("Icmp", "20-30"), ("Icmp", "22"), true),
            (("*", "22"), ("Tcp", "22"), true),
            (("*", "22"), ("Icmp", "22"), false),
            (("*", "22"), ("Icmp", "*"), false),
            (("Icmp", "22"), ("Icmp", "443"), false),
            (("Icmp", "*"), ("Icmpv6", "*"), false),
        ] {
            assert_eq!(rule(earlier.0, earlier.1).covers(&rule(later.0, later.1)), covered, "{earlier:?} {later:?}");
        }
    }

    #[test]
    fn only_a_lower_number_of_the_same_direction_comes_first() {
        let [vnet_in, load_balancer_in, .., internet_out, deny_out] = default_rules();
        assert!(vnet_in.precedes(load_balancer_in) && internet_out.precedes(deny_out));
        assert!(!load_balancer_in.precedes(vnet_in) && !vnet_in.precedes(vnet_in) && !vnet_in.precedes(deny_out));
    }
}
