//! Which rules of an NSG can never decide about a packet, and which earlier rules hide them.
//!
//! Says `Dead` only when that is proven for whatever the service tags and application security groups hold.

use std::borrow::Borrow;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::address::{AddressSpec, Atom};
use super::nsg::Rule;
use super::port::ProtocolSet;
use super::space::Rest;

/// Whether a rule ever decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shadow {
    /// Some packet may reach the rule.
    Live,
    /// Earlier rules take all that the rule matches.
    Dead {
        /// Where these rules stand in the list, in ascending order. One, the earliest of those that suffice alone, if
        /// there is any; otherwise several, none of which can be spared (unless looking for that took too long).
        hidden_by: Vec<usize>,
    },
    /// The rule matches nothing by itself, because one of its fields is empty. No other rule is to blame.
    MatchesNothing,
    /// Earlier rules take parts of it, and to tell whether they take all is too much work ([`super::MAX_PIECES`],
    /// [`super::MAX_SPLITS`]).
    Undecided,
}

/// Judges every rule of one NSG; the result has one entry for each rule, in the order of `rules`, which may be any.
///
/// Rules of both directions may be mixed, and of two rules with one priority neither hides the other. Three tests from
/// cheap to dear, the first two without an allocation: does one earlier rule cover it; does one of its corners escape
/// them all; and only then is anything subtracted.
pub fn shadow<R: Borrow<Rule>>(rules: &[R]) -> Vec<Shadow> {
    rules.iter().map(|rule| shadow_of(rule.borrow(), rules)).collect()
}

fn shadow_of<R: Borrow<Rule>>(rule: &Rule, rules: &[R]) -> Shadow {
    if rule.matches_nothing() {
        return Shadow::MatchesNothing;
    }
    let earlier = || {
        let indexed = rules.iter().map(Borrow::borrow).enumerate();
        indexed.filter(|(_, other)| other.precedes(rule) && other.protocols.overlaps(rule.protocols))
    };
    let covering = earlier().filter(|(_, other)| other.covers(rule)).min_by_key(|(_, other)| other.priority);
    if let Some((at, _)) = covering {
        return Shadow::Dead { hidden_by: vec![at] };
    }
    let escapes = |corner: Corner<'_>| !earlier().any(|(_, other)| corner.is_taken_by(other));
    if Corner::low(rule).is_some_and(escapes) || Corner::high(rule).is_some_and(escapes) {
        return Shadow::Live;
    }
    let mut earlier = earlier().collect::<Vec<_>>();
    earlier.sort_by_key(|(_, other)| other.priority);
    shadow_of_many(rule, &earlier)
}

/// Decides by subtraction. `earlier` is in the order of priorities.
fn shadow_of_many(rule: &Rule, earlier: &[(usize, &Rule)]) -> Shadow {
    let mut rest = Rest::of(rule);
    let mut needed = Vec::new();
    for &(at, other) in earlier {
        match rest.take_rule(other, rule) {
            Ok(0) => {}
            Ok(_) => needed.push((at, other)),
            Err(_) => return Shadow::Undecided,
        }
        if rest.pieces.is_empty() {
            break;
        }
    }
    if !rest.pieces.is_empty() {
        return Shadow::Live;
    }
    // Later rules are spared first: who reads the finding starts at the top of the list.
    for candidate in (0..needed.len()).rev() {
        let mut without = needed.clone();
        without.remove(candidate);
        rest.pieces = Rest::of(rule).pieces;
        match without.iter().try_for_each(|(_, other)| rest.take_rule(other, rule).map(drop)) {
            Ok(()) if rest.pieces.is_empty() => needed = without,
            Ok(()) => {}
            Err(_) => break,
        }
    }
    let mut hidden_by = needed.into_iter().map(|(at, _)| at).collect::<Vec<_>>();
    hidden_by.sort_unstable();
    Shadow::Dead { hidden_by }
}

/// One packet that a rule matches if its names hold what the packet needs and every other name holds nothing.
struct Corner<'r> {
    rule: &'r Rule,
    protocol: ProtocolSet,
    source: IpAddr,
    source_port: u16,
    destination: IpAddr,
    destination_port: u16,
    /// The names that hold `source` or `destination`.
    names: [Option<&'r Atom>; 2],
}

impl<'r> Corner<'r> {
    /// Where every field has its first value. A name is given an address that no prefix is likely to end with.
    fn low(rule: &'r Rule) -> Option<Self> {
        let end = |side: &'r AddressSpec, named| match side.prefixes().first() {
            Some(address) => Some((address, None)),
            None => side.atoms().first().map(|atom| (IpAddr::V4(Ipv4Addr::from_bits(named)), Some(atom))),
        };
        let (source, destination) = (end(&rule.source, 1)?, end(&rule.destination, 2)?);
        Some(Self {
            rule,
            protocol: rule.protocols.first()?,
            source: source.0,
            source_port: rule.source_ports.first()?,
            destination: destination.0,
            destination_port: rule.destination_ports.first()?,
            names: [source.1, destination.1],
        })
    }

    /// Where every field has its last value; addresses of names as in [`Self::low`].
    fn high(rule: &'r Rule) -> Option<Self> {
        let end = |side: &'r AddressSpec, named| match side.prefixes().last() {
            Some(address) => Some((address, None)),
            None => side.atoms().last().map(|atom| (IpAddr::V6(Ipv6Addr::from_bits(u128::MAX - named)), Some(atom))),
        };
        let (source, destination) = (end(&rule.source, 1)?, end(&rule.destination, 2)?);
        Some(Self {
            rule,
            protocol: rule.protocols.last()?,
            source: source.0,
            source_port: rule.source_ports.last()?,
            destination: destination.0,
            destination_port: rule.destination_ports.last()?,
            names: [source.1, destination.1],
        })
    }

    /// Whether `other` takes the packet when each of `names` holds nothing but its own side of the packet.
    fn is_taken_by(&self, other: &Rule) -> bool {
        let ends = [self.source, self.destination];
        let side = |spec: &AddressSpec, address| {
            let mut named = self.names.iter().zip(ends).filter(|(_, end)| *end == address);
            spec.prefixes().contains(address)
                || named.any(|(name, _)| name.is_some_and(|name| spec.atoms().contains(name)))
        };
        let ports = || {
            if self.protocol.overlaps(ProtocolSet::PORTED) {
                other.destination_ports.contains(self.destination_port) && other.source_ports.contains(self.source_port)
            } else {
                other.takes_portless_of(self.rule)
            }
        };
        other.protocols.contains_set(self.protocol)
            && ports()
            && side(&other.source, self.source)
            && side(&other.destination, self.destination)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::oracle::{Geometry, Protocols, Sample, World, samples, worlds};
    use super::super::{AddressSpec, AddressTerm, PortSet, default_rules};
    use super::*;

    /// Whether in every world each packet of `rule` is taken by one of those at `hiding`.
    fn hidden(rule: &Sample, hiding: &[usize], samples: &[Sample], worlds: &[World]) -> bool {
        let hiding = hiding.iter().map(|at| samples[*at].clone()).collect::<Vec<_>>();
        worlds.iter().all(|&world| rule.reached(&hiding, world) == 0)
    }

    /// Compares with the oracle. `exact`: a live rule must be reached in some world, and no hiding rule be spared.
    fn check(samples: &[Sample], worlds: &[World], exact: bool) -> Result<(), TestCaseError> {
        let rules = samples.iter().map(|sample| &sample.rule).collect::<Vec<_>>();
        let verdicts = shadow(&rules);
        prop_assert_eq!(verdicts.len(), samples.len());
        let all = (0..samples.len()).collect::<Vec<_>>();
        for (sample, verdict) in samples.iter().zip(verdicts) {
            match verdict {
                Shadow::MatchesNothing => {
                    prop_assert!(sample.rule.source.is_empty() || sample.rule.destination.is_empty());
                }
                Shadow::Live => prop_assert!(!exact || !hidden(sample, &all, samples, worlds), "missed {:?}", sample),
                Shadow::Dead { hidden_by } => {
                    prop_assert!(!hidden_by.is_empty() && hidden_by.is_sorted());
                    prop_assert!(hidden_by.iter().all(|at| rules[*at].precedes(&sample.rule)));
                    prop_assert!(hidden(sample, &hidden_by, samples, worlds), "wrong {:?} {:?}", sample, hidden_by);
                    if exact && hidden_by.len() > 1 {
                        prop_assert!(!all.iter().any(|at| hidden(sample, &[*at], samples, worlds)));
                        for at in 0..hidden_by.len() {
                            let mut fewer = hidden_by.clone();
                            fewer.remove(at);
                            prop_assert!(!hidden(sample, &fewer, samples, worlds), "{:?} suffice", fewer);
                        }
                    }
                }
                Shadow::Undecided => prop_assert!(false, "six rules are little work"),
            }
        }
        Ok(())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]
        #[test]
        fn without_names_a_rule_is_dead_exactly_when_no_packet_reaches_it(
            samples in samples(Geometry::Fine, Protocols::Ported, 0, 8),
        ) {
            check(&samples, &worlds(Protocols::Ported, 0), true)?;
        }

        #[test]
        fn with_names_a_rule_is_dead_exactly_when_no_packet_reaches_it_whatever_they_hold(
            samples in samples(Geometry::Paired, Protocols::Ported, 3, 5),
        ) {
            let names = samples.iter().fold(0, |all, sample| all | sample.names());
            check(&samples, &worlds(Protocols::Ported, names), true)?;
        }

        #[test]
        fn with_names_in_small_cells_dead_is_never_wrong(
            samples in samples(Geometry::Fine, Protocols::Ported, 3, 5),
        ) {
            let names = samples.iter().fold(0, |all, sample| all | sample.names());
            check(&samples, &worlds(Protocols::Ported, names), false)?;
        }

        #[test]
        fn traffic_without_ports_makes_no_rule_dead_wrongly(
            samples in samples(Geometry::Paired, Protocols::Mixed, 1, 6),
        ) {
            let blind = samples.iter().all(|sample| sample.rule.ignores_ports());
            check(&samples, &worlds(Protocols::Mixed, 1), blind)?;
        }
    }

    fn rule(priority: u32, protocol: &str, source: &[&str], port: &str) -> Rule {
        Rule {
            priority,
            protocols: protocol.parse().unwrap(),
            source: AddressSpec::new(source.iter().map(|text| AddressTerm::parse(text).unwrap()), []),
            destination_ports: port.parse::<PortSet>().unwrap(),
            ..default_rules()[2].clone()
        }
    }

    fn dead(hidden_by: &[usize]) -> Shadow {
        Shadow::Dead { hidden_by: hidden_by.to_vec() }
    }

    #[test]
    fn a_deny_of_everything_hides_the_default_rules_of_its_direction() {
        let mut rules = vec![rule(4096, "*", &["*"], "*")];
        rules.extend_from_slice(default_rules());
        let live = Shadow::Live;
        let verdicts = shadow(&rules);
        assert_eq!(verdicts[..4], [live.clone(), dead(&[0]), dead(&[0]), dead(&[0])]);
        assert_eq!(verdicts[4..], [live.clone(), live.clone(), live.clone()]);
        assert_eq!(shadow(default_rules()), [const { Shadow::Live }; 6]);
    }

    #[test]
    fn one_rule_that_suffices_is_named_alone_and_the_earliest() {
        let rules = [
            rule(300, "Tcp", &["10.1.0.0/16"], "22"),
            rule(250, "Tcp", &["*"], "*"),
            rule(100, "Tcp", &["10.1.0.0/17"], "*"),
            rule(110, "Tcp", &["10.1.128.0/17"], "*"),
            rule(200, "Tcp", &["10.0.0.0/8"], "20-30"),
        ];
        assert_eq!(shadow(&rules)[0], dead(&[4]));
    }

    #[test]
    fn several_rules_hide_one_together_and_the_superfluous_is_left_out() {
        let rules = [
            rule(100, "Tcp", &["10.1.0.0/17"], "*"),
            rule(110, "Tcp", &["10.1.64.0/18"], "20-25"),
            rule(120, "Udp", &["10.1.128.0/17"], "*"),
            rule(130, "Tcp", &["10.1.128.0/17"], "22-65535"),
            rule(140, "Tcp", &["10.1.0.0/16"], "22"),
            rule(150, "Tcp", &["10.1.0.0/16"], "21-22"),
        ];
        let verdicts = shadow(&rules);
        assert_eq!(verdicts[4], dead(&[0, 3]));
        assert_eq!(verdicts[5], Shadow::Live);
    }

    #[test]
    fn a_name_is_hidden_by_all_prefixes_together_and_not_by_half_of_them() {
        let mut rules = vec![
            rule(100, "Tcp", &["0.0.0.0/1"], "*"),
            rule(110, "Tcp", &["128.0.0.0/1"], "*"),
            rule(200, "Tcp", &["Internet"], "443"),
        ];
        assert_eq!(shadow(&rules)[2], Shadow::Live);
        rules.insert(2, rule(120, "Tcp", &["::/0"], "*"));
        assert_eq!(shadow(&rules)[3], dead(&[0, 1, 2]));
    }

    #[test]
    fn a_name_is_hidden_by_itself_in_parts() {
        let rules = [
            rule(100, "Tcp", &["Storage", "10.0.0.0/8"], "0-99"),
            rule(110, "Tcp", &["storage"], "100-65535"),
            rule(200, "Tcp", &["Storage"], "*"),
            rule(210, "Tcp", &["Storage", "Sql"], "*"),
        ];
        let verdicts = shadow(&rules);
        assert_eq!(verdicts[2..], [dead(&[0, 1]), Shadow::Live]);
    }

    #[test]
    fn an_empty_side_is_no_shadow_and_casts_none() {
        let rules = [rule(100, "*", &[], "*"), rule(200, "Tcp", &["10.0.0.0/8"], "22")];
        assert_eq!(shadow(&rules), [Shadow::MatchesNothing, Shadow::Live]);
    }

    #[test]
    fn equal_priorities_hide_nothing() {
        let rules = [rule(100, "*", &["*"], "*"), rule(100, "Tcp", &["*"], "22")];
        assert_eq!(shadow(&rules), [Shadow::Live, Shadow::Live]);
    }
}
