//! Who reaches management ports through one rule, once earlier rules have taken theirs.

use std::sync::LazyLock;

use super::nsg_rule::{Exposure, MANAGEMENT, Management, RuleIndex, distinct_guards, evaluated};
use super::{Context, EnvironmentKind, OriginKind, VirtualNetworkTag};
use crate::estate::SubnetIndex;
use crate::network::{
    Atom, Certainty, Direction, Extent, PortSet, PrefixSet, ProtocolSet, Query, Rule, Tag, exposed, public_part,
};

static PUBLIC: LazyLock<PrefixSet> = LazyLock::new(|| public_part(&PrefixSet::ANY));

/// Who reaches management ports through a rule.
pub(super) fn management(context: &Context<'_>, index: RuleIndex) -> Management {
    let nsg = &context.estate.inventory.nsgs[index.nsg as usize];
    let rules = nsg.rules.as_deref().unwrap_or_default();
    let Some(own) = rules.get(index.position as usize).and_then(evaluated) else { return Management::default() };
    let ports =
        MANAGEMENT.iter().map(|(port, _)| (*port, *port)).collect::<PortSet>().intersection(&own.destination_ports);
    if ports.is_empty() || !own.protocols.overlaps(ProtocolSet::PORTED) {
        return Management::default();
    }
    let all_rules = rules.iter().filter_map(evaluated).collect::<Vec<_>>();
    let position = rules[..index.position as usize].iter().filter_map(evaluated).count();
    let mut all = Management::default();
    for guard in distinct_guards(context, index.nsg) {
        on_subnet(context, guard, &all_rules, position, &ports, &mut all);
    }
    let Management { exposed, possible } = &mut all;
    exposed.sort();
    exposed.dedup();
    possible.sort();
    possible.dedup();
    possible
        .retain(|exposure| !exposed.iter().any(|certain| certain.from == exposure.from && certain.who == exposure.who));
    all
}

fn on_subnet(
    context: &Context<'_>,
    guard: SubnetIndex,
    rules: &[Rule],
    position: usize,
    ports: &PortSet,
    all: &mut Management,
) {
    let tag = super::subnet::tag(context, guard);
    let names = Names::of(&tag);
    let subnet = context.estate.subnet(guard).1;
    let destination = match subnet.prefixes.whole() {
        Some(nets) => nets.iter().copied().collect(),
        None => PrefixSet::ANY,
    };
    let other = context.estate.node(guard.vnet).environment.kind.and_then(EnvironmentKind::across);
    let on_premises = tag.certain.iter().filter(|origin| origin.kind == OriginKind::OnPremises);
    let on_premises =
        on_premises.filter_map(|origin| origin.prefix.parse::<ipnet::IpNet>().ok()).collect::<PrefixSet>();
    let elsewhere = other.map(|kind| context.estate.reach.space(guard.vnet, kind));
    let askers = [
        ("internet", Some(&*PUBLIC)),
        ("on_premises", Some(&on_premises)),
        ("other_environment", elsewhere.as_deref()),
    ];
    for (from, source) in askers {
        let Some(source) = source.filter(|source| !source.is_empty()) else { continue };
        let query = Query {
            direction: Direction::Inbound,
            protocols: ProtocolSet::PORTED,
            source,
            destination: &destination,
            destination_ports: ports,
        };
        for exposure in exposed(rules, &query, |atom| names.extent(atom)).into_iter().filter(|e| e.rule == position) {
            let who = match (from, other) {
                ("internet", _) => internet(&exposure.sources()),
                ("other_environment", Some(kind)) => {
                    let nets = exposure.sources().prefixes();
                    let owners = nets.iter().flat_map(|net| context.estate.reach.owners(guard.vnet, kind, *net));
                    let mut names =
                        owners.take(20).map(|v| context.estate.node(v).id.name().to_owned()).collect::<Vec<_>>();
                    names.sort();
                    names.dedup();
                    shortened(&names)
                }
                _ => shortened(&exposure.sources().prefixes().iter().map(ToString::to_string).collect::<Vec<_>>()),
            };
            let open = exposure.destination_ports();
            let services = MANAGEMENT.iter().filter(|(port, _)| open.contains(*port));
            let services = services.map(|(port, service)| format!("{service} ({port})")).collect();
            let exposure_facts = Exposure { from, who, services };
            match exposure.certainty {
                Certainty::Certain => all.exposed.push(exposure_facts),
                Certainty::Possible => all.possible.push(exposure_facts),
            }
        }
    }
}

fn internet(sources: &PrefixSet) -> String {
    if sources.contains_set(&PUBLIC.v4()) {
        return "any public address".to_owned();
    }
    shortened(&sources.prefixes().iter().map(ToString::to_string).collect::<Vec<_>>())
}

fn shortened(items: &[String]) -> String {
    const SHOWN: usize = 3;
    let shown = items.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    if items.len() > SHOWN { format!("{shown} and {} more", items.len() - SHOWN) } else { shown }
}

/// What service tags hold on one subnet.
struct Names {
    virtual_network: Extent,
    internet: Extent,
    load_balancer: Extent,
}

impl Names {
    fn of(tag: &VirtualNetworkTag) -> Self {
        let parsed = |origin: &super::Origin| origin.prefix.parse::<ipnet::IpNet>().ok();
        // A default route makes the NSG blind, but lets nobody in from the internet by itself: replies leave through
        // the appliance (<https://learn.microsoft.com/azure/virtual-network/virtual-networks-udr-overview>).
        let default = |net: &ipnet::IpNet| net.prefix_len() == 0;
        let certain = tag.certain.iter().filter_map(parsed).filter(|net| !default(net)).collect::<PrefixSet>();
        let possible = tag.possible.iter().filter_map(parsed).filter(|net| !default(net)).collect::<PrefixSet>();
        let unknown = if tag.unknown.is_empty() { PrefixSet::EMPTY } else { PrefixSet::ANY.difference(&PUBLIC) };
        // `Internet` is what is left: public space outside the tag `VirtualNetwork`.
        let blind = tag.certain.iter().chain(&tag.possible).filter_map(parsed).any(|net| default(&net));
        let left = if blind { PrefixSet::EMPTY } else { PUBLIC.difference(&certain.union(&possible)) };
        let internet = Extent::between(left, &PUBLIC.difference(&certain));
        let probes = PrefixSet::from(ipnet::IpNet::from(std::net::IpAddr::from([168, 63, 129, 16])));
        Self {
            virtual_network: Extent::between(certain, &possible.union(&unknown)),
            internet,
            load_balancer: Extent::exactly(probes),
        }
    }

    fn extent(&self, atom: &Atom) -> Option<&Extent> {
        match atom {
            Atom::Tag(Tag::VirtualNetwork) => Some(&self.virtual_network),
            Atom::Tag(Tag::Internet) => Some(&self.internet),
            Atom::Tag(Tag::AzureLoadBalancer) => Some(&self.load_balancer),
            Atom::Tag(Tag::Other(_)) | Atom::Asg(_) => None,
        }
    }
}
