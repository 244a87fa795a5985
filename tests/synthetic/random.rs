//! Numbers that look random and are the same on every machine and in every year.

/// splitmix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `end`, which is above zero. The bias of the remainder does not matter here.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end).expect("a length fits 64 bits");
        usize::try_from(self.next() % end).expect("smaller than a length")
    }

    /// Fisher and Yates' shuffle.
    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

/// What a GUID names; things of different kinds never share one.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    Tenant,
    Subscription,
    Vnet,
    Nsg,
    RouteTable,
    Gateway,
    Firewall,
    PublicIp,
    LocalNetworkGateway,
    Connection,
    Circuit,
    Nic,
    Link,
}

/// The version 4 GUID of the `number`th thing of a kind.
pub(crate) fn guid(seed: u64, kind: Kind, number: usize) -> String {
    let number = u64::try_from(number).expect("an index fits 64 bits");
    let mut random = Random::new(seed ^ (kind as u64 + 1).wrapping_mul(0xD6E8_FEB8_6659_FD93) ^ (number << 8));
    let high = (random.next() & !0xF000) | 0x4000;
    let low = (random.next() & !(0b11 << 62)) | (0b10 << 62);
    let digits = format!("{high:016x}{low:016x}");
    [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]].join("-")
}
