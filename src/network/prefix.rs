//! Sets of IP addresses: address prefixes and ranges, united, intersected and subtracted exactly.
//!
//! The families are kept apart: an IPv4 range never meets an IPv6 one, not even an IPv4-mapped one. Knows which
//! space is public by the registries of IANA, and nothing of who uses an address.

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

/// What of `set` is public address space: addresses that a host on the internet can have.
///
/// Left out is what IANA's registries of RFC 6890 call not globally reachable
/// (<https://www.iana.org/assignments/iana-ipv4-special-registry>,
/// <https://www.iana.org/assignments/iana-ipv6-special-registry>), multicast (RFC 5771, RFC 4291), deprecated
/// site-local IPv6 (RFC 3879), and 168.63.129.16, the virtual address of Azure's platform, which no host on the
/// internet has (<https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16>).
/// What the registries leave open (6to4, Teredo, the assignments in `2001::/23` and 192.0.0.9 and .10) counts as public,
/// and so does IPv6 space that nobody has been given yet: better one prefix too many than an exposure unseen.
pub fn public_part(set: &PrefixSet) -> PrefixSet {
    set.difference(&NOT_PUBLIC)
}

/// The range of an IPv4 prefix.
const fn net4(a: u8, b: u8, c: u8, d: u8, length: u32) -> (u32, u32) {
    let first = u32::from_be_bytes([a, b, c, d]);
    (first, first | (u32::MAX >> length))
}

/// The range of an IPv6 prefix, given by its first four groups.
const fn net6(groups: [u16; 4], length: u32) -> (u128, u128) {
    let [a, b, c, d] = groups;
    let first = Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).to_bits();
    (first, first | (u128::MAX >> length))
}

/// Sorted, with a gap between neighbours, as [`Ranges::fixed`] demands.
const NOT_PUBLIC: PrefixSet = PrefixSet {
    v4: Ranges::fixed(&[
        net4(0, 0, 0, 0, 8),        // this network, RFC 791
        net4(10, 0, 0, 0, 8),       // private use, RFC 1918
        net4(100, 64, 0, 0, 10),    // shared address space, RFC 6598
        net4(127, 0, 0, 0, 8),      // loopback, RFC 1122
        (0xA83F_8110, 0xA83F_8110), // 168.63.129.16, Azure's platform
        net4(169, 254, 0, 0, 16),   // link local, RFC 3927
        net4(172, 16, 0, 0, 12),    // private use, RFC 1918
        (0xC000_0000, 0xC000_0008), // IETF protocol assignments, RFC 6890, without the anycast of .9 and .10
        (0xC000_000B, 0xC000_00FF), // the same
        net4(192, 0, 2, 0, 24),     // documentation, RFC 5737
        net4(192, 168, 0, 0, 16),   // private use, RFC 1918
        net4(198, 18, 0, 0, 15),    // benchmarking, RFC 2544
        net4(198, 51, 100, 0, 24),  // documentation, RFC 5737
        net4(203, 0, 113, 0, 24),   // documentation, RFC 5737
        (0xE000_0000, u32::MAX),    // multicast, RFC 5771, and reserved, RFC 1112
    ]),
    v6: Ranges::fixed(&[
        (0, 1),                               // unspecified and loopback, RFC 4291
        (0xFFFF_0000_0000, 0xFFFF_FFFF_FFFF), // IPv4-mapped, RFC 4291
        net6([0x64, 0xFF9B, 1, 0], 48),       // local-use translation, RFC 8215
        net6([0x100, 0, 0, 0], 63),           // discard-only, RFC 6666, and dummy, RFC 9780
        net6([0x2001, 2, 0, 0], 48),          // benchmarking, RFC 5180
        net6([0x2001, 0xDB8, 0, 0], 32),      // documentation, RFC 3849
        net6([0x3FFF, 0, 0, 0], 20),          // documentation, RFC 9637
        net6([0x5F00, 0, 0, 0], 16),          // segment routing, RFC 9602
        net6([0xFC00, 0, 0, 0], 7),           // unique local, RFC 4193
        (0xFE80 << 112, u128::MAX),           // link local, RFC 4291; site local, RFC 3879; multicast
    ]),
};

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

    #[test]
    fn public_space_is_what_the_registries_leave() {
        for private in [
            "0.0.0.0/8",
            "10.1.0.0/16",
            "100.64.0.0/10",
            "127.0.0.1",
            "168.63.129.16",
            "169.254.169.254",
            "172.16.0.0/12",
            "192.0.0.0/29",
            "192.0.0.8",
            "192.0.0.170",
            "192.0.2.1",
            "192.168.0.0/16",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/4",
            "240.0.0.0/4",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:8.8.8.8",
            "64:ff9b:1::/48",
            "100::/64",
            "100:0:0:1::/64",
            "2001:2::/48",
            "2001:db8::/32",
            "3fff::/20",
            "5f00::/16",
            "fc00::/7",
            "fe80::/10",
            "fec0::/10",
            "ff02::1",
        ] {
            assert_eq!(public_part(&set(&[private])), PrefixSet::EMPTY, "{private}");
        }
        for public in [
            "8.8.8.8",
            "9.255.255.255",
            "11.0.0.0/8",
            "100.63.255.255",
            "100.128.0.0/9",
            "128.0.0.0/16",
            "168.63.129.17",
            "172.15.255.255",
            "172.32.0.0/11",
            "192.0.0.9",
            "192.0.0.10",
            "192.88.99.1",
            "192.169.0.0/16",
            "198.17.0.0/16",
            "198.20.0.0/14",
            "223.255.255.255",
            "64:ff9b::/96",
            "2001::/32",
            "2002::/16",
            "2600::/12",
            "2a00::/12",
        ] {
            assert_eq!(public_part(&set(&[public])), set(&[public]), "{public}");
        }
        assert_eq!(shown(&public_part(&set(&["172.0.0.0/8"])))[0], "172.0.0.0/12");
    }

    #[test]
    fn the_fixed_set_is_sorted_and_merged() {
        let rebuilt = PrefixSet {
            v4: Ranges::from_unsorted(NOT_PUBLIC.v4.as_slice().to_vec()),
            v6: Ranges::from_unsorted(NOT_PUBLIC.v6.as_slice().to_vec()),
        };
        assert_eq!(rebuilt, NOT_PUBLIC);
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
