//! Sets of IP addresses: address prefixes and ranges, united, intersected and subtracted exactly.
//!
//! The families are kept apart: an IPv4 range never meets an IPv6 one, not even an IPv4-mapped one. Knows
//! nothing of who uses an address.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv4Subnets, Ipv6Net, Ipv6Subnets};
use serde::{Serialize, Serializer};

use super::ranges::Ranges;

/// A set of IPv4 and IPv6 addresses.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PrefixSet {
    v4: Ranges<u32>,
    v6: Ranges<u128>,
}

impl PrefixSet {
    /// No address.
    pub const EMPTY: Self = Self { v4: Ranges::EMPTY, v6: Ranges::EMPTY };
    /// Every address of both families.
    pub const ANY: Self = Self { v4: Ranges::FULL, v6: Ranges::FULL };

    /// A set known when the program is built. The ranges of each family are inclusive, sorted, and have a gap between
    /// neighbours.
    pub(super) const fn fixed(v4: &'static [(u32, u32)], v6: &'static [(u128, u128)]) -> Self {
        Self { v4: Ranges::fixed(v4), v6: Ranges::fixed(v6) }
    }

    /// Every address of both families.
    pub const fn any() -> Self {
        Self::ANY
    }

    /// Every IPv4 address.
    pub const fn any_v4() -> Self {
        Self { v4: Ranges::FULL, v6: Ranges::EMPTY }
    }

    /// Every IPv6 address.
    pub const fn any_v6() -> Self {
        Self { v4: Ranges::EMPTY, v6: Ranges::FULL }
    }

    /// Whether this is every address of both families.
    pub fn is_any(&self) -> bool {
        self.v4.is_full() && self.v6.is_full()
    }

    /// Whether there is no address in it.
    pub fn is_empty(&self) -> bool {
        self.v4.is_empty() && self.v6.is_empty()
    }

    /// Whether `address` is in it.
    pub fn contains(&self, address: IpAddr) -> bool {
        match address {
            IpAddr::V4(address) => self.v4.contains(address.to_bits()),
            IpAddr::V6(address) => self.v6.contains(address.to_bits()),
        }
    }

    /// Whether every address of `other` is in it.
    pub fn contains_set(&self, other: &Self) -> bool {
        self.v4.contains_set(&other.v4) && self.v6.contains_set(&other.v6)
    }

    /// Whether the two share an address.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.v4.overlaps(&other.v4) || self.v6.overlaps(&other.v6)
    }

    /// The addresses of either.
    pub fn union(&self, other: &Self) -> Self {
        Self { v4: self.v4.union(&other.v4), v6: self.v6.union(&other.v6) }
    }

    /// The addresses of both.
    pub fn intersection(&self, other: &Self) -> Self {
        Self { v4: self.v4.intersection(&other.v4), v6: self.v6.intersection(&other.v6) }
    }

    /// The addresses that `other` lacks.
    pub fn difference(&self, other: &Self) -> Self {
        Self { v4: self.v4.difference(&other.v4), v6: self.v6.difference(&other.v6) }
    }

    /// The fewest prefixes that make up the set, IPv4 first, in the order of their addresses.
    pub fn prefixes(&self) -> Vec<IpNet> {
        let v4 = self.v4.as_slice().iter().flat_map(|&(first, last)| {
            Ipv4Subnets::new(Ipv4Addr::from_bits(first), Ipv4Addr::from_bits(last), 0).map(IpNet::V4)
        });
        let v6 = self.v6.as_slice().iter().flat_map(|&(first, last)| {
            Ipv6Subnets::new(Ipv6Addr::from_bits(first), Ipv6Addr::from_bits(last), 0).map(IpNet::V6)
        });
        v4.chain(v6).collect()
    }

    /// How many IPv4 addresses there are: 0 to 2^32.
    pub fn len_v4(&self) -> u64 {
        self.v4.as_slice().iter().map(|&(first, last)| u64::from(last) - u64::from(first) + 1).sum()
    }

    /// The IPv4 part.
    pub fn v4(&self) -> Self {
        Self { v4: self.v4.clone(), v6: Ranges::EMPTY }
    }

    /// The IPv6 part.
    pub fn v6(&self) -> Self {
        Self { v4: Ranges::EMPTY, v6: self.v6.clone() }
    }

    /// The lowest address, every IPv4 address being lower than every IPv6 address.
    pub fn first(&self) -> Option<IpAddr> {
        let v4 = self.v4.first().map(|bits| IpAddr::V4(Ipv4Addr::from_bits(bits)));
        v4.or_else(|| self.v6.first().map(|bits| IpAddr::V6(Ipv6Addr::from_bits(bits))))
    }

    /// The highest address, every IPv6 address being higher than every IPv4 address.
    pub fn last(&self) -> Option<IpAddr> {
        let v6 = self.v6.last().map(|bits| IpAddr::V6(Ipv6Addr::from_bits(bits)));
        v6.or_else(|| self.v4.last().map(|bits| IpAddr::V4(Ipv4Addr::from_bits(bits))))
    }
}

impl From<IpNet> for PrefixSet {
    fn from(prefix: IpNet) -> Self {
        Self::from_iter([prefix])
    }
}

impl FromIterator<AddressRange> for PrefixSet {
    fn from_iter<I: IntoIterator<Item = AddressRange>>(ranges: I) -> Self {
        let (mut v4, mut v6) = (Vec::new(), Vec::new());
        for range in ranges {
            match range {
                AddressRange::V4(first, last) => v4.push((first.to_bits(), last.to_bits())),
                AddressRange::V6(first, last) => v6.push((first.to_bits(), last.to_bits())),
            }
        }
        Self { v4: Ranges::from_unsorted(v4), v6: Ranges::from_unsorted(v6) }
    }
}

impl FromIterator<IpNet> for PrefixSet {
    fn from_iter<I: IntoIterator<Item = IpNet>>(prefixes: I) -> Self {
        prefixes.into_iter().map(AddressRange::from).collect()
    }
}

/// The union of sets.
impl FromIterator<Self> for PrefixSet {
    fn from_iter<I: IntoIterator<Item = Self>>(sets: I) -> Self {
        let (mut v4, mut v6) = (Vec::new(), Vec::new());
        for set in sets {
            v4.extend_from_slice(set.v4.as_slice());
            v6.extend_from_slice(set.v6.as_slice());
        }
        Self { v4: Ranges::from_unsorted(v4), v6: Ranges::from_unsorted(v6) }
    }
}

/// The list of its prefixes, as [`PrefixSet::prefixes`] gives them.
impl Serialize for PrefixSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.prefixes().iter().map(IpNet::to_string))
    }
}

/// The addresses from the first to the last, both included; a reversed range holds nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AddressRange {
    /// Two IPv4 addresses.
    V4(Ipv4Addr, Ipv4Addr),
    /// Two IPv6 addresses.
    V6(Ipv6Addr, Ipv6Addr),
}

impl From<IpNet> for AddressRange {
    fn from(prefix: IpNet) -> Self {
        match prefix {
            IpNet::V4(net) => Self::V4(net.network(), net.broadcast()),
            IpNet::V6(net) => Self::V6(net.network(), net.broadcast()),
        }
    }
}

/// A text that is no address prefix and no address range.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPrefix {
    /// The part before the slash, or the whole, is no IP address.
    #[error(
        "reading address prefix `{0}`: expected an IPv4 or IPv6 address, alone or with a prefix length, as `10.0.0.0/16`"
    )]
    Address(String),
    /// The part after the slash is no number from 0 to 32 (IPv4) or 128 (IPv6).
    #[error("reading address prefix `{0}`: expected a prefix length from 0 to {1} after the slash")]
    Length(String, u8),
    /// Not two addresses around a hyphen.
    #[error("reading address range `{0}`: expected two addresses of one family, as `10.0.0.4-10.0.0.9`")]
    Range(String),
    /// The range's end lies before its start.
    #[error("reading address range `{0}`: the range ends before it starts; swap its two addresses")]
    Reversed(String),
}

/// Reads an address prefix in CIDR notation, or a bare address as the prefix of its full length.
///
/// Host bits behind the prefix length are cut off (`10.0.0.7/24` is `10.0.0.0/24`), as Azure's API does. Nothing else
/// is tolerated: no white space, no leading zeros in an IPv4 address, no missing octets, no IPv6 zone.
pub fn parse_prefix(text: &str) -> Result<IpNet, InvalidPrefix> {
    let (address, length) = match text.split_once('/') {
        Some((address, length)) => (address, Some(length)),
        None => (text, None),
    };
    let address = address.parse::<IpAddr>().map_err(|_| InvalidPrefix::Address(text.to_owned()))?;
    let longest = if address.is_ipv4() { 32 } else { 128 };
    let bad_length = || InvalidPrefix::Length(text.to_owned(), longest);
    let length = match length {
        // `u8::from_str` would take a leading plus sign.
        Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => digits.parse().map_err(|_| bad_length())?,
        Some(_) => return Err(bad_length()),
        None => longest,
    };
    let prefix = match address {
        IpAddr::V4(address) => Ipv4Net::new(address, length).map(IpNet::V4),
        IpAddr::V6(address) => Ipv6Net::new(address, length).map(IpNet::V6),
    };
    prefix.map(|prefix| prefix.trunc()).map_err(|_| bad_length())
}

/// Reads two addresses of one family around a hyphen, as `10.0.0.4-10.0.0.9`; both belong to the range.
pub fn parse_address_range(text: &str) -> Result<AddressRange, InvalidPrefix> {
    let malformed = || InvalidPrefix::Range(text.to_owned());
    let (first, last) = text.split_once('-').ok_or_else(malformed)?;
    let address = |text: &str| text.parse::<IpAddr>().map_err(|_| malformed());
    let (first, last) = (address(first)?, address(last)?);
    let range = match (first, last) {
        (IpAddr::V4(first), IpAddr::V4(last)) => AddressRange::V4(first, last),
        (IpAddr::V6(first), IpAddr::V6(last)) => AddressRange::V6(first, last),
        _ => return Err(malformed()),
    };
    if first > last { Err(InvalidPrefix::Reversed(text.to_owned())) } else { Ok(range) }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn set(texts: &[&str]) -> PrefixSet {
        texts.iter().map(|text| parse_prefix(text).unwrap()).collect()
    }

    fn shown(set: &PrefixSet) -> Vec<String> {
        set.prefixes().iter().map(IpNet::to_string).collect()
    }

    #[test]
    fn prefixes_are_read_strictly_but_host_bits_are_cut_off() {
        for (text, read) in [
            ("10.0.0.0/16", "10.0.0.0/16"),
            ("10.0.0.7/24", "10.0.0.0/24"),
            ("10.0.0.7", "10.0.0.7/32"),
            ("0.0.0.0/0", "0.0.0.0/0"),
            ("1.2.3.4/0", "0.0.0.0/0"),
            ("::/0", "::/0"),
            ("fd00::1", "fd00::1/128"),
            ("FD00:0::1/64", "fd00::/64"),
            ("::ffff:10.0.0.1/128", "::ffff:10.0.0.1/128"),
        ] {
            assert_eq!(parse_prefix(text).unwrap().to_string(), read, "{text}");
        }
        for text in ["", " ", " 10.0.0.0/16", "10.0.0", "010.0.0.1", "10.0.0.256", "fe80::1%eth0", "/8", "a.b.c.d/8"] {
            assert_eq!(parse_prefix(text), Err(InvalidPrefix::Address(text.to_owned())), "{text:?}");
        }
        for (text, longest) in [
            ("10.0.0.0/33", 32),
            ("10.0.0.0/", 32),
            ("10.0.0.0/+8", 32),
            ("10.0.0.0/8/8", 32),
            ("10.0.0.0/16 ", 32),
            ("::/129", 128),
        ] {
            assert_eq!(parse_prefix(text), Err(InvalidPrefix::Length(text.to_owned(), longest)), "{text:?}");
        }
        assert!(parse_prefix("10.0.0.0/255.0.0.0").is_err());
        assert!(parse_prefix("10.0.0.0/4294967304").is_err());
    }

    #[test]
    fn ranges_are_read_and_need_one_family_and_the_right_order() {
        let range = parse_address_range("10.0.0.4-10.0.0.9").unwrap();
        assert_eq!(shown(&PrefixSet::from_iter([range])), ["10.0.0.4/30", "10.0.0.8/31"]);
        assert!(parse_address_range("fd00::1-fd00::1").is_ok());
        for text in
            ["", "-", "10.0.0.4", "10.0.0.4-", "10.0.0.4-fd00::1", "10.0.0.4 - 10.0.0.9", "10.0.0.0/24-10.0.0.9"]
        {
            assert_eq!(parse_address_range(text), Err(InvalidPrefix::Range(text.to_owned())), "{text:?}");
        }
        let reversed = "10.0.0.9-10.0.0.4";
        assert_eq!(parse_address_range(reversed), Err(InvalidPrefix::Reversed(reversed.to_owned())));
    }

    #[test]
    fn prefixes_aggregate_to_the_fewest() {
        assert_eq!(shown(&set(&["10.0.1.0/24", "10.0.0.0/24", "10.0.0.128/25"])), ["10.0.0.0/23"]);
        assert_eq!(shown(&PrefixSet::any()), ["0.0.0.0/0", "::/0"]);
        assert_eq!(set(&["0.0.0.0/1", "128.0.0.0/1"]), PrefixSet::any_v4());
        assert_eq!(set(&["255.255.255.255", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"]).prefixes().len(), 2);
        let rest = PrefixSet::any_v4().difference(&set(&["10.0.0.0/8"]));
        assert_eq!(shown(&rest).len(), 8);
        assert_eq!(rest.len_v4(), (1 << 32) - (1 << 24));
        assert_eq!(PrefixSet::any().len_v4(), 1 << 32);
    }

    #[test]
    fn families_never_meet() {
        assert!(!PrefixSet::any_v4().overlaps(&PrefixSet::any_v6()));
        assert!(!PrefixSet::any_v6().contains("10.0.0.1".parse().unwrap()));
        assert!(!set(&["10.0.0.1"]).overlaps(&set(&["::ffff:10.0.0.1"])));
        assert_eq!(PrefixSet::any().difference(&PrefixSet::any_v4()), PrefixSet::any_v6());
        assert_eq!(PrefixSet::any_v4().union(&PrefixSet::any_v6()), PrefixSet::ANY);
        assert_eq!((PrefixSet::ANY.v4(), PrefixSet::ANY.v6()), (PrefixSet::any_v4(), PrefixSet::any_v6()));
    }

    /// Prefixes in 10.0.0.0/28 and in `fd00::/125`, with the addresses of the universe that each holds.
    fn prefix() -> impl Strategy<Value = String> {
        prop_oneof![
            (0_u8..16, 28_u8..=32).prop_map(|(host, length)| format!("10.0.0.{host}/{length}")),
            (0_u8..8, 125_u8..=128).prop_map(|(host, length)| format!("fd00::{host}/{length}")),
        ]
    }

    fn universe() -> impl Iterator<Item = IpAddr> {
        let v4 = (0..18).map(|host| IpAddr::V4(Ipv4Addr::new(10, 0, 0, host)));
        v4.chain((0..10).map(|host| IpAddr::V6(Ipv6Addr::new(0xFD00, 0, 0, 0, 0, 0, 0, host))))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]
        #[test]
        fn a_set_holds_the_addresses_of_its_prefixes(texts in prop::collection::vec(prefix(), 0..6)) {
            let nets = texts.iter().map(|text| parse_prefix(text).unwrap()).collect::<Vec<_>>();
            let set = nets.iter().copied().collect::<PrefixSet>();
            let wanted = universe().filter(|address| nets.iter().any(|net| net.contains(address)));
            let wanted = wanted.collect::<BTreeSet<_>>();
            prop_assert_eq!(universe().filter(|address| set.contains(*address)).collect::<BTreeSet<_>>(), wanted.clone());
            prop_assert_eq!((set.first(), set.last()), (wanted.first().copied(), wanted.last().copied()));
            prop_assert_eq!(usize::try_from(set.len_v4()).unwrap(), wanted.iter().filter(|a| a.is_ipv4()).count());
            let aggregated = IpNet::aggregate(&nets);
            prop_assert_eq!(set.prefixes(), aggregated);
            prop_assert_eq!(set.prefixes().into_iter().collect::<PrefixSet>(), set.clone());
            prop_assert_eq!(nets.iter().map(|net| PrefixSet::from(*net)).collect::<PrefixSet>(), set);
        }
    }
}
