//! What the rules of an NSG let through, in three values: certain, possible, absent.
//!
//! Knows what service tags hold only as far as the caller tells; what is not told makes an answer possible, never
//! certain and never absent.

use std::borrow::{Borrow, Cow};

use serde::Serialize;

use super::address::{AddressSpec, Atom};
use super::nsg::{Access, Direction, Rule};
use super::port::{PortSet, ProtocolSet};
use super::prefix::PrefixSet;
use super::space::{Kind, MatchSpace, Rest, Side};

/// What is known about the content of a service tag or of an application security group on the guarded subnet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extent {
    certain: PrefixSet,
    possible: PrefixSet,
}

impl Extent {
    /// The content is known to be `addresses`.
    pub fn exactly(addresses: PrefixSet) -> Self {
        Self { possible: addresses.clone(), certain: addresses }
    }

    /// The content holds all of `certain`, and nothing outside `certain` and `possible`.
    pub fn between(certain: PrefixSet, possible: &PrefixSet) -> Self {
        Self { possible: certain.union(possible), certain }
    }
}

/// The traffic that is asked about.
#[derive(Clone, Copy, Debug)]
pub struct Query<'q> {
    /// Which rules are asked.
    pub direction: Direction,
    /// The protocols.
    pub protocols: ProtocolSet,
    /// Where packets come from.
    pub source: &'q PrefixSet,
    /// Where they go: for inbound traffic the guarded subnet.
    pub destination: &'q PrefixSet,
    /// The ports they are sent to, as far as the protocols have ports; they may be sent from any.
    pub destination_ports: &'q PortSet,
}

/// How sure an exposure is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Certainty {
    /// Every packet of it passes, whatever the unknown names hold.
    Certain,
    /// Whether it passes, or any of it, hangs on what the unknown names hold.
    Possible,
}

/// What one allow rule lets through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exposure {
    /// Where the rule stands in the list.
    pub rule: usize,
    /// How sure it is.
    pub certainty: Certainty,
    /// The traffic, as boxes of which no two share a packet (but see [`super::Remaining::Pieces`]); never empty.
    /// Where it is certain, there are no names in them.
    pub parts: Vec<MatchSpace>,
}

impl Exposure {
    /// Every address that the traffic can come from.
    pub fn sources(&self) -> PrefixSet {
        self.parts.iter().map(|part| part.source.widest()).collect()
    }

    /// Every address that the traffic can go to.
    pub fn destinations(&self) -> PrefixSet {
        self.parts.iter().map(|part| part.destination.widest()).collect()
    }

    /// Every port that the traffic can be sent to; `*` where it has a protocol without ports.
    pub fn destination_ports(&self) -> PortSet {
        self.parts.iter().map(|part| part.destination_ports.clone()).collect()
    }

    /// Every protocol of the traffic.
    pub fn protocols(&self) -> ProtocolSet {
        self.parts.iter().fold(ProtocolSet::EMPTY, |all, part| all | part.protocols)
    }

    /// The unknown names that the traffic comes from or goes to, sorted, each once.
    pub fn atoms(&self) -> Vec<&Atom> {
        let sides = self.parts.iter().flat_map(|part| [&part.source, &part.destination]);
        let mut atoms = sides.flat_map(Side::atoms).map(|(atom, _)| atom).collect::<Vec<_>>();
        atoms.sort_unstable();
        atoms.dedup();
        atoms
    }
}

/// Which allow rules let a part of `query` through, earlier deny rules being subtracted.
///
/// `resolve` tells what a service tag or an ASG holds on the guarded subnet; `None` when nobody knows. A rule appears
/// up to twice, first with what is certain, then with what is possible beyond that. The order is that of `rules`.
///
/// For one allow rule, let E be the part of the query that it matches and no earlier deny rule matches. E depends on
/// what the unknown names hold. Two bounds are computed, and what they say holds for all contents that agree with
/// `resolve`:
///
/// - *Certain* is within E. It starts from the addresses that the rule matches in any case, and every earlier deny
///   rule takes all that it could match, an unknown name being as wide as it may be.
/// - *Certain* and *possible* together hold E. They start from all that the rule could match, and a deny rule takes
///   only what it matches in any case: its known addresses, and an unknown name from that same name. So a deny rule on
///   an unknown name makes what is behind it possible: neither gone nor certain. A rule without an entry lets nothing
///   of the query through.
///
/// Traffic without ports is subject to the same logic where a rule restricts ports (see [`Rule`]), and so is a deny
/// rule with the priority of the allow rule, an order that Azure never has. Where subtracting is too much work
/// ([`super::MAX_PIECES`], [`super::MAX_SPLITS`]), less is certain and more is possible.
///
/// An earlier *allow* rule takes nothing: the traffic passes by either, and both are named. Together the entries are
/// what passes; which of them are superfluous is the question of [`super::shadow`].
pub fn exposed<'e, R: Borrow<Rule>>(
    rules: &[R],
    query: &Query<'_>,
    resolve: impl Fn(&Atom) -> Option<&'e Extent>,
) -> Vec<Exposure> {
    let mut exposures = Vec::new();
    for (at, rule) in rules.iter().map(Borrow::borrow).enumerate() {
        if rule.access != Access::Allow || !asks(query, rule) {
            continue;
        }
        let [certain, possible] = bounds(rule, rules, query, &resolve);
        for (certainty, parts) in [(Certainty::Certain, certain), (Certainty::Possible, possible)] {
            if !parts.is_empty() {
                exposures.push(Exposure { rule: at, certainty, parts });
            }
        }
    }
    exposures
}

/// Whether `rule` could matter to `query`, by what costs next to nothing to compare.
fn asks(query: &Query<'_>, rule: &Rule) -> bool {
    let protocols = rule.protocols & query.protocols;
    let side = |spec: &AddressSpec, asked| !spec.atoms().is_empty() || spec.prefixes().overlaps(asked);
    rule.direction == query.direction
        && !protocols.is_empty()
        && (protocols.overlaps(ProtocolSet::PORTLESS) || rule.destination_ports.overlaps(query.destination_ports))
        && side(&rule.source, query.source)
        && side(&rule.destination, query.destination)
}

/// The parts that pass for certain, and those that may pass beyond them.
fn bounds<'e, R: Borrow<Rule>>(
    rule: &Rule,
    rules: &[R],
    query: &Query<'_>,
    resolve: &impl Fn(&Atom) -> Option<&'e Extent>,
) -> [Vec<MatchSpace>; 2] {
    let side = |spec: &AddressSpec| known_side(spec, resolve);
    let kinds = |rule: &Rule| {
        let protocols = rule.protocols & query.protocols;
        Kind::BOTH.into_iter().filter(move |kind| protocols.overlaps(kind.protocols()))
    };
    let (mut certain, mut possible) = (Vec::new(), Vec::new());
    for kind in kinds(rule) {
        let Some(space) = MatchSpace::of(rule, kind, side).and_then(|space| ask(space, query)) else { continue };
        if kind == Kind::Ported || rule.ignores_ports() {
            certain.extend(without_names(&space));
        }
        possible.push(space);
    }
    let (mut certain, mut possible) = (Rest::new(certain), Rest::new(possible));
    for deny in rules.iter().map(Borrow::borrow) {
        if possible.pieces.is_empty() {
            break;
        }
        if deny.access != Access::Deny || deny.priority > rule.priority || !asks(query, deny) {
            continue;
        }
        for kind in kinds(deny) {
            let Some(taker) = MatchSpace::of(deny, kind, side) else { continue };
            let proven = deny.precedes(rule) && (kind == Kind::Ported || deny.takes_portless_of(rule));
            if !certain.pieces.is_empty() && certain.take(&as_wide_as_may_be(&taker)).is_err() {
                certain.pieces.clear();
            }
            // Exhausted, it keeps what it had: too much is possible, which is on the safe side.
            if proven {
                possible.take(&taker).ok();
            }
        }
    }
    if certain.pieces == possible.pieces {
        return [certain.pieces, Vec::new()];
    }
    for part in &certain.pieces {
        possible.take(part).ok();
    }
    [certain.pieces, possible.pieces]
}

/// A side of a rule, its names replaced by what is known of them.
fn known_side<'e>(spec: &AddressSpec, resolve: &impl Fn(&Atom) -> Option<&'e Extent>) -> Side {
    let mut prefixes = spec.prefixes().clone();
    let extents = spec.atoms().iter().map(|atom| (atom, resolve(atom))).collect::<Vec<_>>();
    for extent in extents.iter().filter_map(|(_, extent)| *extent) {
        prefixes = prefixes.union(&extent.certain);
    }
    let bounds = extents.into_iter().map(|(atom, extent)| {
        (atom, extent.map_or(Cow::Owned(PrefixSet::ANY), |extent| Cow::Borrowed(&extent.possible)))
    });
    Side::new(prefixes, bounds)
}

/// The part of a rule's box that is asked about.
fn ask(mut space: MatchSpace, query: &Query<'_>) -> Option<MatchSpace> {
    space.protocols = space.protocols & query.protocols;
    if space.protocols.overlaps(ProtocolSet::PORTED) {
        space.destination_ports = space.destination_ports.intersection(query.destination_ports);
    }
    space.source = space.source.within(query.source);
    space.destination = space.destination.within(query.destination);
    let nothing = space.protocols.is_empty()
        || space.destination_ports.is_empty()
        || space.source.is_empty()
        || space.destination.is_empty();
    (!nothing).then_some(space)
}

/// The part of a box that is there whatever the unknown names hold.
fn without_names(space: &MatchSpace) -> Option<MatchSpace> {
    let known = |side: &Side| Some(Side::exactly(side.prefixes().clone())).filter(|side| !side.is_empty());
    Some(MatchSpace { source: known(&space.source)?, destination: known(&space.destination)?, ..space.clone() })
}

/// A box with all that the unknown names could hold.
fn as_wide_as_may_be(space: &MatchSpace) -> MatchSpace {
    let wide = |side: &Side| Side::exactly(side.widest());
    MatchSpace { source: wide(&space.source), destination: wide(&space.destination), ..space.clone() }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::super::oracle::{
        Geometry, Protocols, Sample, World, asked_packets, name, ports, samples, space_packets, worlds,
    };
    use super::super::{AddressTerm, Tag, default_rules, parse_prefix};
    use super::*;

    /// The masks of a query: groups of protocols, cells of source and destination, halves of ports.
    type Asked = (u8, (u8, u8), u8);
    /// The masks of cells that a name holds for certain and possibly.
    type Known = [Option<(u8, u8)>; 2];

    fn asked(groups: u8, cells: u8) -> impl Strategy<Value = Asked> {
        (1..=groups, (1..=cells, 1..=cells), 1_u8..=3)
    }

    fn known(cells: u8) -> impl Strategy<Value = Known> {
        let one = move || prop::option::of((0..=cells, prop_oneof![Just(0), 0..=cells]));
        [one(), one()]
    }

    /// The worlds in which each name holds what is known of it.
    fn agreeing(worlds: Vec<World>, known: Known, points: impl Fn(u8) -> u8) -> Vec<World> {
        let agrees = |world: &World| {
            known.iter().zip(world.names).all(|(known, held)| {
                known.is_none_or(|(certain, possible)| {
                    points(certain) & !held == 0 && held & !points(certain | possible) == 0
                })
            })
        };
        worlds.into_iter().filter(agrees).collect()
    }

    struct Case<'s> {
        geometry: Geometry,
        protocols: Protocols,
        samples: &'s [Sample],
        asked: Asked,
        known: Known,
    }

    impl Case<'_> {
        /// The packets of one rule that pass the earlier deny rules; `last` is the highest number that is earlier.
        fn passing(&self, sample: &Sample, last: u32, world: World) -> u128 {
            let (groups, cells, halves) = self.asked;
            let denies = self.samples.iter().map(|other| (&other.rule, other)).filter(|(rule, _)| {
                rule.access == Access::Deny && rule.direction == Direction::Inbound && rule.priority <= last
            });
            let asked = asked_packets(self.protocols, groups, self.geometry, cells, halves);
            denies.fold(asked & sample.matches(world), |left, (_, other)| left & !other.matches(world))
        }

        fn check(&self) -> Result<(), TestCaseError> {
            let (groups, cells, halves) = self.asked;
            let prefixes = |cells| self.geometry.prefixes(cells);
            let extents = self
                .known
                .map(|known| known.map(|(certain, possible)| Extent::between(prefixes(certain), &prefixes(possible))));
            let rules = self.samples.iter().map(|sample| &sample.rule).collect::<Vec<_>>();
            let query = Query {
                direction: Direction::Inbound,
                protocols: self.protocols.set(groups),
                source: &prefixes(cells.0),
                destination: &prefixes(cells.1),
                destination_ports: &ports(halves),
            };
            let found = exposed(&rules, &query, |atom| {
                (0..2).find(|at| name(*at) == *atom).and_then(|at| extents[at].as_ref())
            });
            let found = found
                .iter()
                .map(|exposure| ((exposure.rule, exposure.certainty), exposure))
                .collect::<BTreeMap<_, _>>();
            let used = self.samples.iter().fold(0, |all, sample| all | sample.names());
            // A name that no rule uses is the same in every world.
            let known = [0, 1].map(|at| self.known[at].filter(|_| used >> at & 1 == 1));
            let worlds = agreeing(worlds(self.protocols, used), known, |cells| self.geometry.points_of(cells));
            prop_assert!(!worlds.is_empty());
            for (at, sample) in self.samples.iter().enumerate() {
                if sample.rule.access == Access::Deny || sample.rule.direction == Direction::Outbound {
                    prop_assert!(Certainty::ALL.iter().all(|certainty| !found.contains_key(&(at, *certainty))));
                    continue;
                }
                let mut ever = false;
                let mut always_exact = true;
                for &world in &worlds {
                    let bound = |certainty| {
                        let parts = found.get(&(at, certainty)).map_or(&[][..], |exposure| &exposure.parts);
                        parts
                            .iter()
                            .fold(0, |all, part| all | space_packets(part, self.geometry, self.protocols, world))
                    };
                    let (certain, possible) = (bound(Certainty::Certain), bound(Certainty::Possible));
                    let least = self.passing(sample, sample.rule.priority, world);
                    let most = self.passing(sample, sample.rule.priority - 1, world);
                    prop_assert_eq!(certain & !least, 0, "certain, yet stopped: {:?}", world);
                    prop_assert_eq!(most & !(certain | possible), 0, "absent, yet let through: {:?}", world);
                    ever |= most != 0;
                    always_exact &= certain == least && least == most;
                }
                let entries = Certainty::ALL.iter().filter(|certainty| found.contains_key(&(at, **certainty))).count();
                let unknown =
                    |known: &Option<(u8, u8)>| known.is_none_or(|(certain, possible)| possible & !certain != 0);
                if self.protocols == Protocols::Ported
                    && !known.iter().enumerate().any(|(at, known)| used >> at & 1 == 1 && unknown(known))
                {
                    let tied = rules
                        .iter()
                        .any(|other| other.priority == sample.rule.priority && other.access == Access::Deny);
                    prop_assert!(tied || always_exact, "all is known, yet not exact");
                    prop_assert!(tied || !found.contains_key(&(at, Certainty::Possible)));
                }
                if self.protocols == Protocols::Ported && self.geometry == Geometry::Paired && known == [None, None] {
                    prop_assert_eq!(entries > 0, ever, "reported, yet never let through");
                }
            }
            Ok(())
        }
    }

    impl Certainty {
        const ALL: [Self; 2] = [Self::Certain, Self::Possible];
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]
        #[test]
        fn certain_holds_in_every_world_and_absent_in_none(
            samples in samples(Geometry::Fine, Protocols::Ported, 3, 5),
            asked in asked(3, 15),
            known in known(15),
        ) {
            Case { geometry: Geometry::Fine, protocols: Protocols::Ported, samples: &samples, asked, known }.check()?;
        }

        #[test]
        fn with_unknown_names_a_rule_is_reported_exactly_when_some_world_lets_a_packet_through(
            samples in samples(Geometry::Paired, Protocols::Ported, 3, 5),
            asked in asked(3, 3),
        ) {
            let known = [None, None];
            Case { geometry: Geometry::Paired, protocols: Protocols::Ported, samples: &samples, asked, known }.check()?;
        }

        #[test]
        fn traffic_without_ports_is_certain_or_absent_only_where_every_reading_agrees(
            samples in samples(Geometry::Fine, Protocols::Mixed, 1, 5),
            asked in asked(7, 15),
            known in known(15),
        ) {
            Case { geometry: Geometry::Fine, protocols: Protocols::Mixed, samples: &samples, asked, known }.check()?;
        }
    }

    fn rule(priority: u32, access: Access, source: &str, port: &str) -> Rule {
        Rule {
            priority,
            access,
            protocols: ProtocolSet::TCP,
            source: AddressTerm::parse(source).unwrap().into(),
            destination_ports: port.parse().unwrap(),
            ..default_rules()[2].clone()
        }
    }

    fn prefixes(texts: &[&str]) -> PrefixSet {
        texts.iter().map(|text| parse_prefix(text).unwrap()).collect()
    }

    fn ssh<'e>(rules: &[Rule], source: &PrefixSet, resolve: impl Fn(&Atom) -> Option<&'e Extent>) -> Vec<Exposure> {
        let query = Query {
            direction: Direction::Inbound,
            protocols: ProtocolSet::TCP,
            source,
            destination: &prefixes(&["10.0.0.0/24"]),
            destination_ports: &"22".parse().unwrap(),
        };
        exposed(rules, &query, resolve)
    }

    #[test]
    fn an_earlier_deny_narrows_what_is_exposed() {
        let rules = [
            rule(100, Access::Deny, "10.0.0.0/8", "22"),
            rule(200, Access::Allow, "*", "20-30"),
            rule(300, Access::Deny, "*", "*"),
            rule(400, Access::Allow, "*", "*"),
        ];
        let found = ssh(&rules, &prefixes(&["10.0.0.0/7"]), |_| None);
        let [exposure] = &found[..] else { panic!("{found:?}") };
        assert_eq!((exposure.rule, exposure.certainty), (1, Certainty::Certain));
        assert_eq!(exposure.sources(), prefixes(&["11.0.0.0/8"]));
        assert_eq!(exposure.destinations(), prefixes(&["10.0.0.0/24"]));
        assert_eq!(exposure.destination_ports().to_string(), "22");
        assert_eq!((exposure.protocols(), exposure.atoms()), (ProtocolSet::TCP, vec![]));
    }

    #[test]
    fn an_unknown_allow_is_possible_and_a_known_one_certain() {
        let rules = [rule(100, Access::Allow, "VirtualNetwork", "22")];
        let ten = prefixes(&["10.0.0.0/8"]);
        let unknown = ssh(&rules, &ten, |_| None);
        assert_eq!((unknown.len(), unknown[0].certainty), (1, Certainty::Possible));
        assert_eq!(unknown[0].atoms(), [&Atom::Tag(Tag::VirtualNetwork)]);
        assert_eq!(unknown[0].sources(), ten);
        let extent = Extent::between(prefixes(&["10.1.0.0/16"]), &prefixes(&["10.2.0.0/16"]));
        let found = ssh(&rules, &ten, |_| Some(&extent));
        assert_eq!(found.iter().map(|exposure| exposure.certainty).collect::<Vec<_>>(), Certainty::ALL);
        assert_eq!(found[0].sources(), prefixes(&["10.1.0.0/16"]));
        assert_eq!(found[1].sources(), prefixes(&["10.2.0.0/16"]));
        let elsewhere = Extent::exactly(prefixes(&["192.168.0.0/16"]));
        assert_eq!(ssh(&rules, &ten, |_| Some(&elsewhere)), []);
    }

    #[test]
    fn an_unknown_deny_makes_what_is_behind_it_possible() {
        let rules = [rule(100, Access::Deny, "Internet", "22"), rule(200, Access::Allow, "*", "*")];
        let found = ssh(&rules, &prefixes(&["8.0.0.0/8"]), |_| None);
        assert_eq!((found.len(), found[0].rule, found[0].certainty), (1, 1, Certainty::Possible));
        let same = [rules[0].clone(), rule(200, Access::Allow, "internet", "22")];
        assert_eq!(ssh(&same, &prefixes(&["8.0.0.0/8"]), |_| None), []);
    }
}
