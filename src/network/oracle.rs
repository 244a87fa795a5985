//! A brute-force oracle for rules: every packet of a small universe, under every content of the unknown names.
//!
//! Four addresses, two ranges of ports, two or three groups of protocols: the packets fit the bits of one `u128`. The
//! universe is cut into cells that fill all of IPv4, IPv6, the ports and the protocols, so that rules of the universe
//! can add up to `*`.

use std::net::IpAddr;
use std::sync::Arc;

use proptest::prelude::*;

use super::address::{AddressSpec, AddressTerm, AsgId, Atom, Tag};
use super::nsg::{Access, Direction, Rule};
use super::port::{PortSet, ProtocolSet};
use super::prefix::{PrefixSet, parse_prefix};
use super::space::{MatchSpace, Side};

/// How the address space is cut. Bit n of a mask of cells stands for cell n.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Geometry {
    /// Four cells, one address known of each.
    Fine,
    /// Two cells, two addresses known of each. Only here can two names hold different addresses of any one cell, as
    /// they can in the world, so that what the algebra cannot prove can be refuted.
    Paired,
}

impl Geometry {
    fn cells(self) -> &'static [&'static str] {
        match self {
            Self::Fine => &["0.0.0.0/2", "64.0.0.0/2", "128.0.0.0/1", "::/0"],
            Self::Paired => &["0.0.0.0/0", "::/0"],
        }
    }

    fn points(self) -> [IpAddr; 4] {
        match self {
            Self::Fine => ["10.0.0.0", "127.255.255.255", "128.0.0.0", "fd00::1"],
            Self::Paired => ["10.0.0.0", "203.0.113.9", "::", "fd00::1"],
        }
        .map(|text| text.parse().unwrap())
    }

    pub(super) fn prefixes(self, cells: u8) -> PrefixSet {
        let chosen = self.cells().iter().enumerate().filter(|(cell, _)| cells >> cell & 1 == 1);
        chosen.map(|(_, text)| parse_prefix(text).unwrap()).collect()
    }

    /// The addresses of some cells.
    pub(super) fn points_of(self, cells: u8) -> u8 {
        match self {
            Self::Fine => cells,
            Self::Paired => ((cells & 1) * 0b11) | ((cells >> 1 & 1) * 0b1100),
        }
    }

    /// The four addresses that are in a set.
    fn points_in(self, set: &PrefixSet) -> u8 {
        bits(self.points().map(|point| set.contains(point)))
    }
}

/// Which protocols a universe has, and where their packets lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocols {
    /// TCP and UDP.
    Ported,
    /// TCP and UDP as one, ICMP, and all the rest, so that the three are `*`.
    Mixed,
}

impl Protocols {
    fn groups(self) -> Vec<ProtocolSet> {
        match self {
            Self::Ported => vec![ProtocolSet::TCP, ProtocolSet::UDP],
            Self::Mixed => {
                let rest = ProtocolSet::PORTLESS.difference(ProtocolSet::ICMP);
                vec![ProtocolSet::PORTED, ProtocolSet::ICMP, rest]
            }
        }
    }

    fn count(self) -> usize {
        match self {
            Self::Ported => 2,
            Self::Mixed => 3,
        }
    }

    pub(super) fn set(self, groups: u8) -> ProtocolSet {
        let all = self.groups();
        let chosen = all.iter().enumerate().filter(|(at, _)| groups >> at & 1 == 1);
        chosen.fold(ProtocolSet::EMPTY, |union, (_, set)| union | *set)
    }
}

/// The ports of some halves; bit 0 is the half that holds port 0.
pub(super) fn ports(halves: u8) -> PortSet {
    let all = [(0, 0x7FFF), (0x8000, u16::MAX)];
    all.into_iter().enumerate().filter(|(half, _)| halves >> half & 1 == 1).map(|(_, range)| range).collect()
}

fn halves_in(ports: &PortSet) -> u8 {
    bits([ports.contains(0x7FFF), ports.contains(0x8000)])
}

fn bits<const N: usize>(flags: [bool; N]) -> u8 {
    flags.iter().rev().fold(0, |mask, flag| mask << 1 | u8::from(*flag))
}

/// How traffic without ports might meet rules with ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    Ignored,
    PortZero,
    HighPort,
    Never,
    NeverForStar,
    NeverForNamed,
}

/// What the names hold, as masks of the four addresses, and how ports are read.
#[derive(Clone, Copy, Debug)]
pub(super) struct World {
    pub(super) names: [u8; 2],
    pub(super) reading: Reading,
}

pub(super) fn name(at: usize) -> Atom {
    if at == 0 { Atom::Tag(Tag::VirtualNetwork) } else { Atom::Asg(AsgId::new("/asg")) }
}

/// A rule, with the masks that it was made from.
#[derive(Clone, Debug)]
pub(super) struct Sample {
    pub(super) rule: Rule,
    geometry: Geometry,
    protocols: Protocols,
    groups: u8,
    source: (u8, u8),
    destination: (u8, u8),
    source_halves: u8,
    destination_halves: u8,
}

/// Places the packets of some protocol groups: `pairs` are the pairs of addresses, `halves` those of the ports.
fn packets(protocols: Protocols, groups: u8, pairs: u16, halves: (u8, u8), portless: bool) -> u128 {
    let mut mask = 0;
    for group in 0..protocols.count() {
        if groups >> group & 1 == 0 {
            continue;
        }
        if protocols == Protocols::Mixed && group > 0 {
            let slot = 3 + group;
            mask |= if portless { u128::from(pairs) << (16 * slot) } else { 0 };
            continue;
        }
        for (source, destination) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
            if halves.0 >> source & 1 == 1 && halves.1 >> destination & 1 == 1 {
                mask |= u128::from(pairs) << (16 * (4 * group + 2 * source + destination));
            }
        }
    }
    mask
}

fn pairs(source: u8, destination: u8) -> u16 {
    (0..4).filter(|point| source >> point & 1 == 1).fold(0, |mask, point| mask | u16::from(destination) << (4 * point))
}

impl Sample {
    fn points(&self, side: (u8, u8), world: World) -> u8 {
        let named = |at: usize| if side.1 >> at & 1 == 1 { world.names[at] } else { 0 };
        self.geometry.points_of(side.0) | named(0) | named(1)
    }

    /// The packets that the rule matches in a world.
    pub(super) fn matches(&self, world: World) -> u128 {
        let star = self.groups == 7;
        let halves = (self.source_halves, self.destination_halves);
        let all = halves == (3, 3);
        let portless = halves.0 != 0
            && halves.1 != 0
            && match world.reading {
                Reading::Ignored => true,
                Reading::PortZero => halves.0 & halves.1 & 1 == 1,
                Reading::HighPort => halves.0 & halves.1 & 2 == 2,
                Reading::Never => all,
                Reading::NeverForStar => all || !star,
                Reading::NeverForNamed => all || star,
            };
        let pairs = pairs(self.points(self.source, world), self.points(self.destination, world));
        packets(self.protocols, self.groups, pairs, halves, portless)
    }

    /// The packets of a world that reach the rule, when only rules with a lower number are asked before.
    pub(super) fn reached(&self, samples: &[Self], world: World) -> u128 {
        let before = samples.iter().filter(|other| other.rule.direction == self.rule.direction);
        let before = before.filter(|other| other.rule.priority < self.rule.priority);
        before.fold(self.matches(world), |left, other| left & !other.matches(world))
    }

    pub(super) fn names(&self) -> u8 {
        self.source.1 | self.destination.1
    }
}

/// The packets of a box in a world.
pub(super) fn space_packets(space: &MatchSpace, geometry: Geometry, protocols: Protocols, world: World) -> u128 {
    let points = |side: &Side| {
        side.atoms().fold(geometry.points_in(side.prefixes()), |points, (atom, bound)| {
            let held = (0..2).find(|at| name(*at) == *atom).map_or(0, |at| world.names[at]);
            points | held & geometry.points_in(bound)
        })
    };
    let groups = (0..protocols.count()).filter(|at| space.protocols.overlaps(protocols.set(1 << at)));
    let groups = groups.fold(0, |mask, at| mask | 1 << at);
    let halves = (halves_in(&space.source_ports), halves_in(&space.destination_ports));
    packets(protocols, groups, pairs(points(&space.source), points(&space.destination)), halves, true)
}

/// The packets that a query asks about.
pub(super) fn asked_packets(protocols: Protocols, groups: u8, geometry: Geometry, cells: (u8, u8), halves: u8) -> u128 {
    let pairs = pairs(geometry.points_of(cells.0), geometry.points_of(cells.1));
    packets(protocols, groups, pairs, (3, halves), true)
}

/// Every world that can tell the samples apart.
pub(super) fn worlds(protocols: Protocols, names: u8) -> Vec<World> {
    use Reading::{HighPort, Ignored, Never, NeverForNamed, NeverForStar, PortZero};

    let contents = |at: u8| if names >> at & 1 == 1 { 0..16 } else { 0..1 };
    let readings: &[Reading] = match protocols {
        Protocols::Ported => &[Ignored],
        Protocols::Mixed => &[Ignored, PortZero, HighPort, Never, NeverForStar, NeverForNamed],
    };
    let of_names = contents(0).flat_map(|first| contents(1).map(move |second| [first, second]));
    of_names.flat_map(|names| readings.iter().map(move |&reading| World { names, reading })).collect()
}

fn side(cells: u8, names: u8) -> impl Strategy<Value = (u8, u8)> {
    // Weighted towards sides that cover each other, or together: rules drawn evenly hide one another too rarely.
    let unnamed = (0..=cells).prop_map(|cells| (cells, 0));
    prop_oneof![3 => Just((cells, 0)), 3 => unnamed, 2 => (Just(0), 0..=names), 1 => (0..=cells, 0..=names)]
}

/// A rule's masks before the rule is built: groups of protocols, sides, halves of ports.
type Drawn = (u8, (u8, u8), (u8, u8), u8, u8);

fn sample(geometry: Geometry, protocols: Protocols, head: (u32, Direction, Access), drawn: Drawn) -> Sample {
    let (priority, direction, access) = head;
    let (groups, source, destination, source_halves, destination_halves) = drawn;
    let spec = |(cells, names): (u8, u8)| {
        let prefixes = geometry.prefixes(cells).prefixes().into_iter().map(AddressTerm::Prefix);
        let tag = (names & 1 == 1).then_some(AddressTerm::Tag(Tag::VirtualNetwork));
        AddressSpec::new(prefixes.chain(tag), (names & 2 == 2).then(|| AsgId::new("/ASG")))
    };
    let rule = Rule {
        name: Arc::from("sample"),
        priority,
        direction,
        access,
        protocols: protocols.set(groups),
        source: spec(source),
        source_ports: ports(source_halves),
        destination: spec(destination),
        destination_ports: ports(destination_halves),
    };
    Sample { rule, geometry, protocols, groups, source, destination, source_halves, destination_halves }
}

/// Up to `most` rules of a universe whose rules name some of `names`.
pub(super) fn samples(
    geometry: Geometry,
    protocols: Protocols,
    names: u8,
    most: usize,
) -> impl Strategy<Value = Vec<Sample>> {
    let cells = (1 << geometry.cells().len()) - 1;
    let groups = (1_u8 << protocols.count()) - 1;
    let head = (
        100_u32..106,
        prop_oneof![9 => Just(Direction::Inbound), 1 => Just(Direction::Outbound)],
        prop_oneof![Just(Access::Allow), Just(Access::Deny)],
    );
    let halves = |most| prop_oneof![most => Just(3_u8), 2 => 1_u8..3];
    let body = (1..=groups, side(cells, names), side(cells, names), halves(6), halves(3));
    // Half of the lists leave ports alone: only then is it decided what traffic without ports meets.
    (prop::collection::vec((head, body), 1..=most), any::<bool>()).prop_map(move |(drawn, any_port)| {
        let samples = drawn.into_iter().map(|(head, mut drawn)| {
            if any_port {
                (drawn.3, drawn.4) = (3, 3);
            }
            sample(geometry, protocols, head, drawn)
        });
        samples.collect()
    })
}
