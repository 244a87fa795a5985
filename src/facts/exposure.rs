//! Who reaches management ports through one rule, once earlier rules have taken theirs.

use std::sync::LazyLock;

use super::nsg_rule::{Exposure, Guarded, MANAGEMENT, Management, RuleIndex, evaluated, guarded};
use super::{Context, EnvironmentKind, OriginKind, VirtualNetworkTag};
use crate::estate::{Owners, SubnetIndex};
use crate::network::{
    Atom, Certainty, Direction, Extent, PortSet, PrefixSet, ProtocolSet, Query, Rule, Tag, exposed, public_part,
};

static PUBLIC: LazyLock<PrefixSet> = LazyLock::new(|| public_part(&PrefixSet::ANY));

/// What an inbound rule lets through by the tag `VirtualNetwork`, once earlier rules have denied theirs.
pub(super) struct Passing {
    /// Sources that pass whatever the open names hold.
    pub(super) certain: PrefixSet,
    /// Sources that may pass.
    pub(super) possible: PrefixSet,
}

/// What passes a rule on the way to a group of subnets. A rule that cannot be read in full may let everything through.
pub(super) fn through(context: &Context<'_>, index: RuleIndex, group: &Guarded, tag: &VirtualNetworkTag) -> Passing {
    let rules = context.estate.inventory.nsgs[index.nsg as usize].rules.as_deref().unwrap_or_default();
    let Some(own) = rules.get(index.position as usize).and_then(evaluated) else {
        return Passing { certain: PrefixSet::EMPTY, possible: PrefixSet::ANY };
    };
    let before = rules[..index.position as usize].iter().filter_map(evaluated).count();
    let all = rules.iter().filter_map(evaluated).collect::<Vec<_>>();
    let names = Names::of(tag, DefaultRoutes::Count);
    let query = Query {
        direction: own.direction,
        protocols: own.protocols,
        source: &PrefixSet::ANY,
        destination: &group.addresses,
        destination_ports: &own.destination_ports,
    };
    let mut passing = Passing { certain: PrefixSet::EMPTY, possible: PrefixSet::EMPTY };
    for exposure in exposed(&all, &query, |atom| names.extent(atom)).into_iter().filter(|e| e.rule == before) {
        let set = match exposure.certainty {
            Certainty::Certain => &mut passing.certain,
            Certainty::Possible => &mut passing.possible,
        };
        *set = set.union(&exposure.sources());
    }
    passing
}

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
    let position = rules[..index.position as usize].iter().filter_map(evaluated).count();
    let rules = rules.iter().filter_map(evaluated).collect::<Vec<_>>();
    let mut asked = Asked { context, rules: &rules, position, ports: &ports, found: Management::default() };
    let groups = guarded(context, index.nsg);
    for group in &groups {
        asked.on_subnets(group);
    }
    if groups.is_empty() {
        asked.on_unread_subnets();
    }
    let Management { mut exposed, mut possible } = asked.found;
    exposed.sort();
    exposed.dedup();
    possible.sort();
    possible.dedup();
    possible
        .retain(|exposure| !exposed.iter().any(|certain| certain.from == exposure.from && certain.who == exposure.who));
    Management { exposed, possible }
}

/// One rule, asked who reaches management ports through it.
struct Asked<'a> {
    context: &'a Context<'a>,
    rules: &'a [Rule],
    position: usize,
    ports: &'a PortSet,
    found: Management,
}

impl Asked<'_> {
    fn on_subnets(&mut self, group: &Guarded) {
        let context = self.context;
        let Guarded { subnet: guard, addresses: destination } = group;
        let guard = *guard;
        let reach = &context.estate.reach;
        let tag = super::subnet::tag(context, guard);
        let names = Names::of(&tag, DefaultRoutes::Ignore);
        self.ask_internet(&names, destination);

        let on_premises = tag.certain.iter().filter(|origin| origin.kind == OriginKind::OnPremises);
        let on_premises = on_premises.filter_map(|o| o.prefix.parse::<ipnet::IpNet>().ok()).collect::<PrefixSet>();
        for (certainty, sources, services) in self.passing(&names, &on_premises, destination) {
            let who = shortened(&sources.prefixes().iter().map(ToString::to_string).collect::<Vec<_>>());
            self.say(certainty, Exposure { from: "on_premises", who, services });
        }

        let Some(other) = context.estate.node(guard.vnet).environment.kind.and_then(EnvironmentKind::across) else {
            return;
        };
        let own = context.estate.subnet(guard).0.address_space.nets.iter().copied().collect::<PrefixSet>();
        for kind in [Some(other), None] {
            let elsewhere = reach.space(guard.vnet, kind).difference(&own);
            for (certainty, sources, services) in self.passing(&names, &elsewhere, destination) {
                let certainty = if kind.is_some() { certainty } else { Certainty::Possible };
                let who = self.owners(guard, kind, &sources);
                self.say(certainty, Exposure { from: "other_environment", who, services });
            }
        }
    }

    /// Without the subnets only the internet can be told: nothing says who else is connected.
    fn on_unread_subnets(&mut self) {
        let unknown = "nothing of the network was read".to_owned();
        let tag = VirtualNetworkTag { unknown: vec![unknown], ..VirtualNetworkTag::default() };
        self.ask_internet(&Names::of(&tag, DefaultRoutes::Ignore), &PrefixSet::ANY);
    }

    fn ask_internet(&mut self, names: &Names, destination: &PrefixSet) {
        for (certainty, sources, services) in self.passing(names, &PUBLIC, destination) {
            self.say(certainty, Exposure { from: "internet", who: internet(&sources), services });
        }
    }

    /// What of `source` passes the rule to management ports.
    fn passing(
        &self,
        names: &Names,
        source: &PrefixSet,
        destination: &PrefixSet,
    ) -> Vec<(Certainty, PrefixSet, Vec<String>)> {
        if source.is_empty() {
            return Vec::new();
        }
        let query = Query {
            direction: Direction::Inbound,
            protocols: ProtocolSet::PORTED,
            source,
            destination,
            destination_ports: self.ports,
        };
        let passing = exposed(self.rules, &query, |atom| names.extent(atom));
        let own = passing.into_iter().filter(|exposure| exposure.rule == self.position);
        own.map(|exposure| {
            let open = exposure.destination_ports();
            let services = MANAGEMENT.iter().filter(|(port, _)| open.contains(*port));
            let services = services.map(|(port, service)| format!("{service} ({port})")).collect();
            (exposure.certainty, exposure.sources(), services)
        })
        .collect()
    }

    fn owners(&self, guard: SubnetIndex, kind: Option<EnvironmentKind>, sources: &PrefixSet) -> String {
        let mut names = Vec::new();
        for net in sources.prefixes() {
            let (Owners::OnChain(owners) | Owners::Elsewhere(owners)) =
                self.context.estate.reach.owners(guard.vnet, net);
            let of_kind = owners.into_iter().filter(|(_, own)| *own == kind);
            names.extend(of_kind.map(|(vnet, _)| self.context.estate.node(vnet).id.name().to_owned()));
        }
        names.sort();
        names.dedup();
        shortened(&names)
    }

    fn say(&mut self, certainty: Certainty, exposure: Exposure) {
        match certainty {
            Certainty::Certain => self.found.exposed.push(exposure),
            Certainty::Possible => self.found.possible.push(exposure),
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

/// Whether a default route counts as a source of packets.
#[derive(Clone, Copy, PartialEq, Eq)]
enum DefaultRoutes {
    /// The tag means any address then.
    Count,
    /// It makes the NSG blind, but lets nobody in from the internet by itself: replies leave through the appliance
    /// (<https://learn.microsoft.com/azure/virtual-network/virtual-networks-udr-overview>).
    Ignore,
}

impl Names {
    fn of(tag: &VirtualNetworkTag, default_routes: DefaultRoutes) -> Self {
        let parsed = |origin: &super::Origin| origin.prefix.parse::<ipnet::IpNet>().ok();
        let counts = |net: &ipnet::IpNet| default_routes == DefaultRoutes::Count || net.prefix_len() > 0;
        let certain = tag.certain.iter().filter_map(parsed).filter(counts).collect::<PrefixSet>();
        let possible = tag.possible.iter().filter_map(parsed).filter(counts).collect::<PrefixSet>();
        let unknown = if tag.unknown.is_empty() { PrefixSet::EMPTY } else { PrefixSet::ANY.difference(&PUBLIC) };
        // `Internet` is what is left: public space outside the tag `VirtualNetwork`.
        let blind = tag.certain.iter().chain(&tag.possible).filter_map(parsed).any(|net| net.prefix_len() == 0);
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
