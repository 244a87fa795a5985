//! The match space of rules: boxes of protocol, source, source port, destination and destination port, and what is
//! left of one when others are taken out of it.
//!
//! Knows no priorities beyond "earlier" and no access. What a service tag or an application security group holds is
//! unknown here, and the arithmetic stays right whatever it holds.

use std::borrow::Cow;

use super::address::{AddressSpec, Atom};
use super::nsg::Rule;
use super::port::{PortSet, ProtocolSet};
use super::prefix::PrefixSet;

/// How many boxes may remain of one rule before [`remaining`] gives up.
pub const MAX_PIECES: usize = 256;

/// How often a box may be cut for one rule before [`remaining`] gives up.
pub const MAX_SPLITS: usize = 4096;

/// A set of addresses, part of which is known by name only: `prefixes`, and of each named atom (a service tag or an
/// ASG) those addresses that lie within a known bound.
///
/// In other words a set of labelled addresses, the label being an atom or none. Taking a prefix away takes its
/// addresses from every label; taking an atom away takes that label and no other, because another one, or a prefix,
/// is never proven to lie inside it. So `*` without 10.0.0.0/8 is simply all the other addresses, whatever atoms they
/// belong to; `Storage` without 10.0.0.0/8 is `Storage` within all the other addresses; and `10.0.0.0/8` without
/// `Storage` is still 10.0.0.0/8, since `Storage` may hold none of it. What is left is never too small, and it is
/// exact where no atom is taken from anything but itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Side {
    prefixes: PrefixSet,
    /// No bound is empty or meets `prefixes`; no atom comes twice.
    atoms: Vec<(Atom, PrefixSet)>,
}

impl Side {
    /// A side without names.
    pub fn exactly(prefixes: PrefixSet) -> Self {
        Self { prefixes, atoms: Vec::new() }
    }

    pub(super) fn new<'a>(
        prefixes: PrefixSet,
        atoms: impl IntoIterator<Item = (&'a Atom, Cow<'a, PrefixSet>)>,
    ) -> Self {
        let beside = |bound: Cow<'_, PrefixSet>| {
            if bound.overlaps(&prefixes) { bound.difference(&prefixes) } else { bound.into_owned() }
        };
        let atoms = atoms.into_iter().map(|(atom, bound)| (atom.clone(), beside(bound)));
        let atoms = atoms.filter(|(_, bound)| !bound.is_empty()).collect();
        Self { prefixes, atoms }
    }

    /// The side of a rule of which no atom is known.
    pub fn of(spec: &AddressSpec) -> Self {
        let unknown = |atom| (atom, Cow::Owned(PrefixSet::ANY));
        Self::new(spec.prefixes().clone(), spec.atoms().iter().map(unknown))
    }

    /// Whether there is nothing in it, whatever the atoms hold.
    pub fn is_empty(&self) -> bool {
        self.prefixes.is_empty() && self.atoms.is_empty()
    }

    /// The addresses that are in it for certain.
    pub fn prefixes(&self) -> &PrefixSet {
        &self.prefixes
    }

    /// The atoms of which a part may be in it, each with the addresses that this part lies within.
    pub fn atoms(&self) -> impl Iterator<Item = (&Atom, &PrefixSet)> {
        self.atoms.iter().map(|(atom, bound)| (atom, bound))
    }

    /// Every address that may be in it.
    pub fn widest(&self) -> PrefixSet {
        self.atoms.iter().fold(self.prefixes.clone(), |all, (_, bound)| all.union(bound))
    }

    /// The part that lies in `prefixes`.
    pub(super) fn within(&self, prefixes: &PrefixSet) -> Self {
        let bounds = self.atoms.iter().map(|(atom, bound)| (atom.clone(), bound.intersection(prefixes)));
        Self {
            prefixes: self.prefixes.intersection(prefixes),
            atoms: bounds.filter(|(_, bound)| !bound.is_empty()).collect(),
        }
    }

    fn bound(&self, atom: &Atom) -> Option<&PrefixSet> {
        self.atoms.iter().find(|(mine, _)| mine == atom).map(|(_, bound)| bound)
    }

    /// Whether this side is proven to take a part of `other`'s labelled addresses.
    fn takes_from(&self, other: &Self) -> bool {
        self.prefixes.overlaps(&other.prefixes)
            || other.atoms.iter().any(|(atom, bound)| {
                self.prefixes.overlaps(bound) || self.bound(atom).is_some_and(|mine| mine.overlaps(bound))
            })
    }

    /// What `cutter` leaves, and what it takes.
    fn split(&self, cutter: &Self) -> (Self, Self) {
        let mut kept = Self::exactly(self.prefixes.difference(&cutter.prefixes));
        let mut taken = Self::exactly(self.prefixes.intersection(&cutter.prefixes));
        for (atom, bound) in &self.atoms {
            let claim = match cutter.bound(atom) {
                Some(own) => Cow::Owned(own.union(&cutter.prefixes)),
                None => Cow::Borrowed(&cutter.prefixes),
            };
            for (side, part) in [(&mut kept, bound.difference(&claim)), (&mut taken, bound.intersection(&claim))] {
                if !part.is_empty() {
                    side.atoms.push((atom.clone(), part));
                }
            }
        }
        (kept, taken)
    }
}

/// A box of packets: every combination of its five fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatchSpace {
    /// The protocols: those with ports or those without, never both.
    pub protocols: ProtocolSet,
    /// Where a packet comes from.
    pub source: Side,
    /// The ports it is sent from; `*` where the protocols have no ports.
    pub source_ports: PortSet,
    /// Where it goes.
    pub destination: Side,
    /// The ports it is sent to; `*` where the protocols have no ports.
    pub destination_ports: PortSet,
}

/// The two kinds of protocols, whose boxes are kept apart; [`Rule`] says why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Ported,
    Portless,
}

impl Kind {
    pub(super) const BOTH: [Self; 2] = [Self::Ported, Self::Portless];

    pub(super) fn protocols(self) -> ProtocolSet {
        match self {
            Self::Ported => ProtocolSet::PORTED,
            Self::Portless => ProtocolSet::PORTLESS,
        }
    }
}

impl MatchSpace {
    /// What `rule` may match of one kind of protocols; `side` reads its addresses. `None` where that is nothing.
    pub(super) fn of(rule: &Rule, kind: Kind, side: impl Fn(&AddressSpec) -> Side) -> Option<Self> {
        let protocols = rule.protocols & kind.protocols();
        if protocols.is_empty() || rule.source_ports.is_empty() || rule.destination_ports.is_empty() {
            return None;
        }
        let ports = |ports: &PortSet| match kind {
            Kind::Ported => ports.clone(),
            Kind::Portless => PortSet::ANY,
        };
        Some(Self {
            protocols,
            source: side(&rule.source),
            source_ports: ports(&rule.source_ports),
            destination: side(&rule.destination),
            destination_ports: ports(&rule.destination_ports),
        })
        .filter(|space| !space.source.is_empty() && !space.destination.is_empty())
    }

    fn takes_from(&self, other: &Self) -> bool {
        self.protocols.overlaps(other.protocols)
            && self.destination_ports.overlaps(&other.destination_ports)
            && self.source_ports.overlaps(&other.source_ports)
            && self.source.takes_from(&other.source)
            && self.destination.takes_from(&other.destination)
    }

    /// Cuts this box along the faces of `cutter` and appends what lies outside: first what differs in protocol, then,
    /// of the rest, what differs in destination port, and so on, so that no two pieces share a packet.
    fn cut(mut self, cutter: &Self, pieces: &mut Vec<Self>) {
        let protocols = self.protocols.difference(cutter.protocols);
        if !protocols.is_empty() {
            pieces.push(Self { protocols, ..self.clone() });
        }
        self.protocols = self.protocols & cutter.protocols;

        let destination_ports = self.destination_ports.difference(&cutter.destination_ports);
        if !destination_ports.is_empty() {
            pieces.push(Self { destination_ports, ..self.clone() });
        }
        self.destination_ports = self.destination_ports.intersection(&cutter.destination_ports);

        let source_ports = self.source_ports.difference(&cutter.source_ports);
        if !source_ports.is_empty() {
            pieces.push(Self { source_ports, ..self.clone() });
        }
        self.source_ports = self.source_ports.intersection(&cutter.source_ports);

        let (source, taken) = self.source.split(&cutter.source);
        if !source.is_empty() {
            pieces.push(Self { source, ..self.clone() });
        }
        self.source = taken;

        let (destination, _) = self.destination.split(&cutter.destination);
        if !destination.is_empty() {
            pieces.push(Self { destination, ..self });
        }
    }
}

/// What is left of some boxes, and how much more work may go into it.
#[derive(Debug)]
pub(super) struct Rest {
    pub(super) pieces: Vec<MatchSpace>,
    splits_left: usize,
}

/// The work that one rule may cost is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Exhausted;

impl Rest {
    pub(super) fn new(pieces: Vec<MatchSpace>) -> Self {
        Self { pieces, splits_left: MAX_SPLITS }
    }

    /// Takes `taker` out of every piece and says how many pieces it met. When exhausted, the pieces are what they
    /// were before.
    pub(super) fn take(&mut self, taker: &MatchSpace) -> Result<usize, Exhausted> {
        let met = self.pieces.iter().filter(|piece| taker.takes_from(piece)).count();
        if met == 0 {
            return Ok(0);
        }
        self.splits_left = self.splits_left.checked_sub(met).ok_or(Exhausted)?;
        let mut left = Vec::with_capacity(self.pieces.len() + 1);
        for piece in &self.pieces {
            if taker.takes_from(piece) {
                piece.clone().cut(taker, &mut left);
            } else {
                left.push(piece.clone());
            }
            if left.len() > MAX_PIECES {
                return Err(Exhausted);
            }
        }
        self.pieces = left;
        Ok(met)
    }

    /// Takes out what `earlier` is proven to take of `rule`, of which these are pieces.
    pub(super) fn take_rule(&mut self, earlier: &Rule, rule: &Rule) -> Result<usize, Exhausted> {
        let mut met = 0;
        for kind in Kind::BOTH {
            let proven = kind == Kind::Ported || earlier.takes_portless_of(rule);
            if let Some(taker) = MatchSpace::of(earlier, kind, Side::of).filter(|_| proven) {
                met += self.take(&taker)?;
            }
        }
        Ok(met)
    }

    /// All that `rule` may match.
    pub(super) fn of(rule: &Rule) -> Self {
        Self::new(Kind::BOTH.into_iter().filter_map(|kind| MatchSpace::of(rule, kind, Side::of)).collect())
    }
}

/// What earlier rules leave of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remaining {
    /// Everything that is not proven to be taken, as boxes of which no two share a packet; empty when nothing is left.
    ///
    /// Where a tag or an ASG stands in a box, one address may lie in two boxes, once under the name and once as
    /// itself, because what the name holds is unknown.
    Pieces(Vec<MatchSpace>),
    /// More than [`MAX_PIECES`] boxes or [`MAX_SPLITS`] cuts would be needed to tell.
    Undecided,
}

/// What of `rule` no rule among `earlier` takes, whatever their access: the first match decides.
///
/// Rules of the other direction, and rules that do not precede `rule`, take nothing. The result is exact where no tag
/// and no ASG stands in a rule; where one does, it is never too small, and it is empty exactly when nothing is left
/// whatever the names hold.
pub fn remaining(rule: &Rule, earlier: &[&Rule]) -> Remaining {
    let mut rest = Rest::of(rule);
    for earlier in earlier.iter().filter(|earlier| earlier.precedes(rule)) {
        if rest.take_rule(earlier, rule).is_err() {
            return Remaining::Undecided;
        }
    }
    Remaining::Pieces(rest.pieces)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::oracle::{Geometry, Protocols, Sample, samples, space_packets, worlds};
    use super::*;

    fn pieces(rule: &Rule, samples: &[Sample]) -> Vec<MatchSpace> {
        let rules = samples.iter().map(|sample| &sample.rule).collect::<Vec<_>>();
        match remaining(rule, &rules) {
            Remaining::Pieces(pieces) => pieces,
            Remaining::Undecided => panic!("six rules are little work"),
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]
        #[test]
        fn without_names_what_remains_is_exact_and_no_packet_is_in_two_boxes(
            samples in samples(Geometry::Fine, Protocols::Ported, 0, 6),
        ) {
            for sample in &samples {
                for world in worlds(Protocols::Ported, 0) {
                    let masks = pieces(&sample.rule, &samples).into_iter();
                    let masks = masks.map(|piece| space_packets(&piece, Geometry::Fine, Protocols::Ported, world));
                    let masks = masks.collect::<Vec<_>>();
                    let union = masks.iter().fold(0, |all, mask| all | mask);
                    prop_assert_eq!(union, sample.reached(&samples, world));
                    let packets = masks.iter().map(|mask| mask.count_ones()).sum::<u32>();
                    prop_assert_eq!(packets, union.count_ones());
                }
            }
        }

        #[test]
        fn with_names_what_remains_is_never_too_small_and_empty_only_when_nothing_is_left(
            samples in samples(Geometry::Paired, Protocols::Ported, 3, 5),
        ) {
            let names = samples.iter().fold(0, |all, sample| all | sample.names());
            let worlds = worlds(Protocols::Ported, names);
            for sample in &samples {
                let pieces = pieces(&sample.rule, &samples);
                let mut reachable = false;
                for &world in &worlds {
                    let reached = sample.reached(&samples, world);
                    let left = pieces.iter().fold(0, |all, piece| {
                        all | space_packets(piece, Geometry::Paired, Protocols::Ported, world)
                    });
                    prop_assert_eq!(reached & !left, 0, "{:?}", world);
                    prop_assert_eq!(left & !sample.matches(world), 0, "{:?}", world);
                    reachable |= reached != 0;
                }
                prop_assert_eq!(reachable, !pieces.is_empty());
            }
        }

        #[test]
        fn traffic_without_ports_is_taken_only_where_every_reading_agrees(
            samples in samples(Geometry::Paired, Protocols::Mixed, 1, 5),
        ) {
            for sample in &samples {
                let pieces = pieces(&sample.rule, &samples);
                for world in worlds(Protocols::Mixed, 1) {
                    let left = pieces.iter().fold(0, |all, piece| {
                        all | space_packets(piece, Geometry::Paired, Protocols::Mixed, world)
                    });
                    prop_assert_eq!(sample.reached(&samples, world) & !left, 0, "{:?}", world);
                }
            }
        }
    }

    #[test]
    fn any_without_a_prefix_still_holds_every_name() {
        let any = Side::of(&AddressSpec::ANY);
        let ten = Side::exactly("10.0.0.0/8".parse::<ipnet::IpNet>().unwrap().into());
        let (kept, taken) = any.split(&ten);
        assert_eq!(kept.prefixes(), &PrefixSet::ANY.difference(ten.prefixes()));
        assert_eq!(taken, ten);
        let storage = AddressSpec::from(super::super::Tag::parse("Storage").unwrap());
        let (kept, taken) = Side::of(&storage).split(&ten);
        assert_eq!(
            (kept.widest(), taken.widest()),
            (PrefixSet::ANY.difference(ten.prefixes()), ten.prefixes().clone())
        );
        assert_eq!(ten.split(&Side::of(&storage)), (ten.clone(), Side::exactly(PrefixSet::EMPTY)));
        assert!(any.split(&Side::of(&storage)).0.prefixes().is_any());
    }

    #[test]
    fn a_name_takes_from_itself_what_lies_within_its_bound() {
        let tag = Atom::Tag(super::super::Tag::Internet);
        let half = |text: &str| PrefixSet::from(text.parse::<ipnet::IpNet>().unwrap());
        let bounded = |bound| Side::new(PrefixSet::EMPTY, [(&tag, Cow::Owned(bound))]);
        let (kept, taken) = bounded(half("10.0.0.0/8")).split(&bounded(half("10.0.0.0/9")));
        assert_eq!((kept, taken), (bounded(half("10.128.0.0/9")), bounded(half("10.0.0.0/9"))));
    }

    #[test]
    fn too_many_pieces_are_undecided_and_cost_little() {
        let mut rule = super::super::default_rules()[2].clone();
        rule.priority = 4096;
        let rules = (0..600_u16).map(|at| {
            let mut hole = rule.clone();
            hole.priority = 100 + u32::from(at);
            hole.destination_ports = PortSet::from_iter([(3 * at, 3 * at)]);
            hole.source_ports = PortSet::from_iter([(5 * at, 5 * at + 7)]);
            hole.source =
                PrefixSet::from(super::super::parse_prefix(&format!("10.{}.{}.0/24", at / 256, at % 256)).unwrap())
                    .into();
            hole
        });
        let rules = rules.collect::<Vec<_>>();
        let earlier = rules.iter().collect::<Vec<_>>();
        assert_eq!(remaining(&rule, &earlier), Remaining::Undecided);
        let few = &earlier[..20];
        assert!(matches!(remaining(&rule, few), Remaining::Pieces(pieces) if !pieces.is_empty()));
    }
}
