//! Ports and protocols as the rules of an NSG write them.
//!
//! Knows the spelling and the set algebra; which protocols have ports matters only where rules are compared.

use std::fmt;
use std::ops::{BitAnd, BitOr};
use std::str::FromStr;

use serde::{Serialize, Serializer};

use super::ranges::Ranges;

/// A set of TCP or UDP ports, 0 to 65535.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PortSet(Ranges<u16>);

/// A text that is no port, no range of ports and not `*`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPorts {
    /// Neither digits, nor two numbers around a hyphen, nor `*`; or a number above 65535.
    #[error("reading ports `{0}`: expected `*`, a port from 0 to 65535, or a range as `1000-2000`")]
    Malformed(String),
    /// The range's end lies before its start.
    #[error("reading ports `{0}`: the range ends before it starts; swap its two numbers")]
    Reversed(String),
}

impl PortSet {
    /// No port.
    pub const EMPTY: Self = Self(Ranges::EMPTY);
    /// Every port, `*`.
    pub const ANY: Self = Self(Ranges::FULL);

    /// Every port, `*`.
    pub const fn any() -> Self {
        Self::ANY
    }

    /// Whether this is every port.
    pub fn is_any(&self) -> bool {
        self.0.is_full()
    }

    /// Whether there is no port in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether `port` is in it.
    pub fn contains(&self, port: u16) -> bool {
        self.0.contains(port)
    }

    /// Whether every port of `other` is in it.
    pub fn contains_set(&self, other: &Self) -> bool {
        self.0.contains_set(&other.0)
    }

    /// Whether the two share a port.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.0.overlaps(&other.0)
    }

    /// The ports of either.
    pub fn union(&self, other: &Self) -> Self {
        Self(self.0.union(&other.0))
    }

    /// The ports of both.
    pub fn intersection(&self, other: &Self) -> Self {
        Self(self.0.intersection(&other.0))
    }

    /// The ports that `other` lacks.
    pub fn difference(&self, other: &Self) -> Self {
        Self(self.0.difference(&other.0))
    }

    /// How many ports there are: 0 to 65536.
    pub fn count(&self) -> u32 {
        self.ranges().map(|(first, last)| u32::from(last) - u32::from(first) + 1).sum()
    }

    /// The inclusive ranges in order, with a gap between neighbours.
    pub fn ranges(&self) -> impl Iterator<Item = (u16, u16)> + '_ {
        self.0.as_slice().iter().copied()
    }

    pub(super) fn first(&self) -> Option<u16> {
        self.0.first()
    }

    pub(super) fn last(&self) -> Option<u16> {
        self.0.last()
    }
}

/// The union of inclusive ranges in any order; a reversed range holds nothing.
impl FromIterator<(u16, u16)> for PortSet {
    fn from_iter<I: IntoIterator<Item = (u16, u16)>>(ranges: I) -> Self {
        Self(Ranges::from_unsorted(ranges.into_iter().collect()))
    }
}

/// The union of sets.
impl FromIterator<Self> for PortSet {
    fn from_iter<I: IntoIterator<Item = Self>>(sets: I) -> Self {
        let mut sets = sets.into_iter();
        let Some(first) = sets.next() else { return Self::EMPTY };
        let Some(second) = sets.next() else { return first };
        [first, second].into_iter().chain(sets).flat_map(|set| set.ranges().collect::<Vec<_>>()).collect()
    }
}

/// Reads one element of a rule's port fields: `*`, `22` or `1000-2000`.
impl FromStr for PortSet {
    type Err = InvalidPorts;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let malformed = || InvalidPorts::Malformed(text.to_owned());
        // `u16::from_str` would take a leading plus sign.
        let port = |digits: &str| {
            let plain = digits.bytes().all(|b| b.is_ascii_digit());
            digits.parse::<u16>().ok().filter(|_| plain).ok_or_else(malformed)
        };
        if text == "*" {
            return Ok(Self::ANY);
        }
        let (first, last) = match text.split_once('-') {
            Some((first, last)) => (port(first)?, port(last)?),
            None => (port(text)?, port(text)?),
        };
        if first > last {
            return Err(InvalidPorts::Reversed(text.to_owned()));
        }
        Ok(Self::from_iter([(first, last)]))
    }
}

/// As Azure writes them: `*`, `22`, `22,1000-2000`; `none` for the empty set, which Azure cannot write.
impl fmt::Display for PortSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_any() {
            return f.write_str("*");
        }
        if self.is_empty() {
            return f.write_str("none");
        }
        for (at, (first, last)) in self.ranges().enumerate() {
            f.write_str(if at == 0 { "" } else { "," })?;
            if first == last { write!(f, "{first}")? } else { write!(f, "{first}-{last}")? }
        }
        Ok(())
    }
}

/// A string, as [`fmt::Display`] writes it.
impl Serialize for PortSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A set of IP protocols, as far as a rule can tell them apart.
///
/// `Icmp` and `Icmpv6` are two members: no page of Microsoft says that a rule for one takes the other, so neither
/// is ever proven to cover the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProtocolSet(u8);

/// A text that names no protocol of a rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("reading protocol `{0}`: expected Tcp, Udp, Icmp, Icmpv6, Esp, Ah or `*`")]
pub struct InvalidProtocol(String);

impl ProtocolSet {
    /// No protocol.
    pub const EMPTY: Self = Self(0);
    /// TCP.
    pub const TCP: Self = Self(1);
    /// UDP.
    pub const UDP: Self = Self(1 << 1);
    /// ICMP, which `Icmp` and `ICMPv4` name.
    pub const ICMP: Self = Self(1 << 2);
    /// ICMP for IPv6, where it is named by itself.
    pub const ICMPV6: Self = Self(1 << 3);
    /// Encapsulating security payload (RFC 4303).
    pub const ESP: Self = Self(1 << 4);
    /// Authentication header (RFC 4302).
    pub const AH: Self = Self(1 << 5);
    /// Every protocol that has no name of its own in a rule; only `*` holds it.
    pub const OTHER: Self = Self(1 << 6);
    /// Every protocol, `*`.
    pub const ANY: Self = Self((1 << 7) - 1);
    /// The protocols that have ports.
    pub const PORTED: Self = Self(Self::TCP.0 | Self::UDP.0);
    /// The protocols without ports.
    pub const PORTLESS: Self = Self(Self::ANY.0 & !Self::PORTED.0);

    const NAMES: [(Self, &'static str); 7] = [
        (Self::TCP, "Tcp"),
        (Self::UDP, "Udp"),
        (Self::ICMP, "Icmp"),
        (Self::ICMPV6, "Icmpv6"),
        (Self::ESP, "Esp"),
        (Self::AH, "Ah"),
        (Self::OTHER, "other"),
    ];

    /// Whether this is every protocol.
    pub fn is_any(self) -> bool {
        self == Self::ANY
    }

    /// Whether there is no protocol in it.
    pub fn is_empty(self) -> bool {
        self == Self::EMPTY
    }

    /// Whether every protocol of `other` is in it.
    pub fn contains_set(self, other: Self) -> bool {
        other.0 & !self.0 == 0
    }

    /// Whether the two share a protocol.
    pub fn overlaps(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// The protocols that `other` lacks.
    pub fn difference(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// The first member in the order of the constants.
    pub(super) fn first(self) -> Option<Self> {
        (!self.is_empty()).then(|| Self(self.0 & self.0.wrapping_neg()))
    }

    /// The last member in the order of the constants.
    pub(super) fn last(self) -> Option<Self> {
        self.0.checked_ilog2().map(|bit| Self(1 << bit))
    }
}

/// The protocols of either.
impl BitOr for ProtocolSet {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// The protocols of both.
impl BitAnd for ProtocolSet {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

/// Reads a rule's protocol without regard to letter case; `*` and `Any` (as admin rules of a network manager write
/// it) are every protocol, `ICMPv4` is `Icmp`.
impl FromStr for ProtocolSet {
    type Err = InvalidProtocol;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let spellings = [("*", Self::ANY), ("any", Self::ANY), ("icmpv4", Self::ICMP)];
        let named = Self::NAMES.iter().filter(|(set, _)| *set != Self::OTHER).map(|&(set, name)| (name, set));
        let found = spellings.into_iter().chain(named).find(|(name, _)| name.eq_ignore_ascii_case(text));
        found.map(|(_, set)| set).ok_or_else(|| InvalidProtocol(text.to_owned()))
    }
}

/// As Azure writes them, comma separated; `none` for the empty set.
impl fmt::Display for ProtocolSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_any() {
            return f.write_str("*");
        }
        if self.is_empty() {
            return f.write_str("none");
        }
        let members = Self::NAMES.iter().filter(|(set, _)| self.contains_set(*set));
        for (at, (_, name)) in members.enumerate() {
            f.write_str(if at == 0 { "" } else { "," })?;
            f.write_str(name)?;
        }
        Ok(())
    }
}

/// A string, as [`fmt::Display`] writes it.
impl Serialize for ProtocolSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ports(text: &str) -> PortSet {
        text.parse().unwrap()
    }

    #[test]
    fn ports_are_read_as_azure_writes_them() {
        for (text, count, shown) in [
            ("*", 65536, "*"),
            ("0-65535", 65536, "*"),
            ("22", 1, "22"),
            ("22-22", 1, "22"),
            ("0", 1, "0"),
            ("65535", 1, "65535"),
            ("1000-2000", 1001, "1000-2000"),
        ] {
            assert_eq!((ports(text).count(), ports(text).to_string().as_str()), (count, shown), "{text}");
        }
    }

    #[test]
    fn anything_else_is_no_port() {
        for text in
            ["", " ", "22 ", "-", "22-", "-22", "+22", "1-2-3", "65536", "0x16", "any", "ssh", "22,80", "１", "-1-5"]
        {
            assert_eq!(text.parse::<PortSet>(), Err(InvalidPorts::Malformed(text.to_owned())), "{text:?}");
        }
        assert_eq!("2000-1000".parse::<PortSet>(), Err(InvalidPorts::Reversed("2000-1000".to_owned())));
    }

    #[test]
    fn sets_of_ports_merge_and_print_in_order() {
        let set = ["443", "1000-2000", "22", "23", "2001"].into_iter().map(ports).collect::<PortSet>();
        assert_eq!(set.to_string(), "22-23,443,1000-2001");
        assert_eq!(set.count(), 2 + 1 + 1002);
        assert_eq!(PortSet::EMPTY.to_string(), "none");
        assert_eq!(std::iter::empty::<PortSet>().collect::<PortSet>(), PortSet::EMPTY);
        assert_eq!(["*", "22"].into_iter().map(ports).collect::<PortSet>(), PortSet::ANY);
        assert_eq!(PortSet::ANY.difference(&ports("22")).to_string(), "0-21,23-65535");
    }

    #[test]
    fn protocols_are_read_in_any_letter_case() {
        for (text, shown) in [
            ("TCP", "Tcp"),
            ("udp", "Udp"),
            ("Icmp", "Icmp"),
            ("ICMPv4", "Icmp"),
            ("Icmpv6", "Icmpv6"),
            ("Esp", "Esp"),
            ("aH", "Ah"),
            ("*", "*"),
            ("Any", "*"),
        ] {
            assert_eq!(text.parse::<ProtocolSet>().unwrap().to_string(), shown, "{text}");
        }
        for text in ["", "tcp ", "6", "other", "none", "Tcp,Udp"] {
            assert!(text.parse::<ProtocolSet>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn every_protocol_is_ported_or_portless() {
        assert_eq!(ProtocolSet::PORTED | ProtocolSet::PORTLESS, ProtocolSet::ANY);
        assert!(!ProtocolSet::PORTED.overlaps(ProtocolSet::PORTLESS));
        let union = ProtocolSet::NAMES.iter().fold(ProtocolSet::EMPTY, |all, (set, _)| all | *set);
        assert_eq!(union, ProtocolSet::ANY);
        assert_eq!(ProtocolSet::ANY.first(), Some(ProtocolSet::TCP));
        assert_eq!(ProtocolSet::ANY.last(), Some(ProtocolSet::OTHER));
        assert_eq!((ProtocolSet::EMPTY.first(), ProtocolSet::EMPTY.last()), (None, None));
    }
}
