//! Which address space is public, by the registries of IANA.
//!
//! Knows registries, not owners: an organisation may use public space as if it were private.

use std::net::Ipv6Addr;

use super::prefix::PrefixSet;

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

/// Sorted, with a gap between neighbours, as [`PrefixSet::fixed`] demands.
const NOT_PUBLIC: PrefixSet = PrefixSet::fixed(
    &[
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
    ],
    &[
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
    ],
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::parse_prefix;

    fn set(texts: &[&str]) -> PrefixSet {
        texts.iter().map(|text| parse_prefix(text).unwrap()).collect()
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
        assert_eq!(public_part(&set(&["172.0.0.0/8"])), set(&["172.0.0.0/8"]).difference(&set(&["172.16.0.0/12"])));
    }

    #[test]
    fn the_fixed_set_is_sorted_and_merged() {
        assert_eq!(NOT_PUBLIC.prefixes().into_iter().collect::<PrefixSet>(), NOT_PUBLIC);
    }
}
