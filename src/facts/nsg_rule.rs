//! Subject `nsg_rule`: one custom security rule, read as Azure evaluates it.

use std::sync::{Arc, LazyLock};

use schemars::JsonSchema;
use serde::Serialize;

use ipnet::IpNet;

use super::exposure;
use super::subnet::NsgRef;
use super::{ChildId, Context, EnvironmentKind, Later, Origin, OriginKind, Status};
use crate::azure::{self, Access, Direction, Nsg, Protocol, ResourceId, SecurityRule, Term};
use crate::estate::{Owners, SubnetIndex, VnetIndex};
use crate::network::{self, AddressSpec, AddressTerm, AsgId, PortSet, PrefixSet, ProtocolSet, Tag};

/// A custom security rule: the subject `nsg_rule`.
///
/// Source: <https://learn.microsoft.com/azure/virtual-network/network-security-groups-overview>.
#[derive(Serialize, JsonSchema)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact that selectors ask for")]
pub struct NsgRuleSubject<'a> {
    /// ARM id.
    pub id: ChildId<'a>,
    /// Name.
    pub name: &'a str,
    /// The NSG that holds it.
    pub nsg: Later<'a, RuleIndex, NsgRef>,
    /// Priority; null where it is missing or odd.
    pub priority: Option<u32>,
    /// `Inbound` or `Outbound`; null where it is missing or odd.
    pub direction: Option<&'static str>,
    /// `Allow` or `Deny`; null where it is missing or odd.
    pub access: Option<&'static str>,
    /// `Tcp`, `Udp`, `Icmp`, `Esp`, `Ah` or `*`; null where it is missing or odd.
    pub protocol: Option<&'static str>,
    /// Whether the source holds the tag `VirtualNetwork`; for selectors.
    pub from_virtual_network: bool,
    /// Whether the source is any address (`*`, `Any`, `0.0.0.0/0`, the tag `Internet` is not any); for selectors.
    pub from_any: bool,
    /// Whether the destination is every port (1 to 65535), or may be: the rule is odd; for selectors.
    pub any_port: bool,
    /// How many ports the union of its destination port ranges holds, 0 to 65,536.
    pub port_count: u32,
    /// Destination ports as Azure writes them, such as `*`, `443`, `1000-2000`.
    pub ports: Later<'a, RuleIndex, String>,
    /// Whether the rule lets in packets to a well-known management or database port from anywhere but the own
    /// side of the production line, or may; for selectors.
    pub may_expose_management_port: bool,
    /// Properties of the rule that could not be understood, as written.
    pub odd: &'a [String],
    /// Whether `odd` holds anything; for selectors.
    pub is_odd: bool,
    /// Where packets may come from.
    pub source: Later<'a, RuleIndex, Endpoint<'a>>,
    /// Where packets may go to.
    pub destination: Later<'a, RuleIndex, Endpoint<'a>>,
    /// What the NSG is attached to.
    pub attached: Later<'a, RuleIndex, Attached>,
    /// Where `VirtualNetwork` as source is wider than the virtual network that the rule guards.
    pub tag: Later<'a, RuleIndex, TagReach>,
    /// Whether the rule can match anything that no earlier rule takes.
    pub shadow: Shadow,
    /// Whether `shadow.status` is `shadowed`; for selectors.
    pub shadowed: bool,
    /// Who effectively reaches management ports through this rule, earlier rules taken into account.
    pub management: Later<'a, RuleIndex, Management>,
    /// Virtual networks of the other side of the production line whose address space the rule names.
    pub other_environment: Later<'a, RuleIndex, Vec<ForeignPrefix>>,
    /// Virtual networks that the rule names and whose environment is not known, or that only others than the
    /// guarded ones could be meant by.
    pub possibly_other_environment: Later<'a, RuleIndex, Vec<ForeignPrefix>>,
    /// Whether the rule names the other environment, or may: an environment or an address is open; for selectors.
    pub names_other_environment: bool,
}

/// One end of a rule: the union of singular, plural and application security group properties.
#[derive(Serialize, JsonSchema)]
pub struct Endpoint<'a> {
    /// Whether it is any address.
    pub any: bool,
    /// Prefixes, CIDR notation.
    pub prefixes: Vec<String>,
    /// Service tags as written.
    pub service_tags: Vec<&'a str>,
    /// ARM ids of application security groups.
    pub application_security_groups: Vec<&'a str>,
}

/// What an NSG is attached to.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Attached {
    /// `attached`, `detached` (to nothing: it filters nothing), or `not_visible`.
    pub status: &'static str,
    /// ARM ids of subnets, sorted.
    pub subnets: Vec<String>,
    /// Names of the virtual networks of those subnets, sorted, each once.
    pub vnets: Vec<String>,
    /// How many network interfaces name it.
    pub network_interfaces: u64,
    /// The environment kind that all of those virtual networks share; null where they differ or one is not known.
    pub environment: Option<EnvironmentKind>,
    /// Whether that environment is known.
    pub environment_status: Status,
}

/// What `VirtualNetwork` as a source admits beyond the virtual network that the rule guards: over all
/// subnets that the NSG is attached to, without what earlier rules deny.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct TagReach {
    /// Prefixes beyond the own space that are in the tag, with where each comes from.
    pub beyond: Vec<Origin>,
    /// Prefixes beyond the own space that may be in the tag.
    pub possibly_beyond: Vec<Origin>,
    /// What is in the tag without the inputs saying which prefixes, or what was not read.
    pub unknown: Vec<String>,
}

/// Whether a rule can still match.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Shadow {
    /// `live`, `shadowed`, `matches_nothing` (an empty source or destination), or `undecided`.
    pub status: &'static str,
    /// Names of the earlier rules that together take everything, by priority.
    pub by: Vec<String>,
}

/// Who reaches management ports.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Management {
    /// Proven by the inputs.
    pub exposed: Vec<Exposure>,
    /// Not excluded by the inputs.
    pub possible: Vec<Exposure>,
}

/// A management port and who reaches it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Exposure {
    /// `internet`, `on_premises` or `other_environment`.
    pub from: &'static str,
    /// Who, in words: `any public address`, a prefix, a virtual network's name.
    pub who: String,
    /// Services and ports, such as `SSH (22)`, sorted by port.
    pub services: Vec<String>,
}

/// A prefix of a rule that belongs to a virtual network on the other side of the production line.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct ForeignPrefix {
    /// The rule's prefix, CIDR notation.
    pub prefix: String,
    /// Name of that virtual network.
    pub vnet: String,
    /// Its ARM id.
    pub id: String,
    /// Its environment's name.
    pub environment: String,
}

/// A rule by its NSG and its position there.
#[derive(Debug, Clone, Copy)]
pub struct RuleIndex {
    /// Position of the NSG in the inventory.
    pub nsg: u32,
    /// Position of the rule in the NSG.
    pub position: u32,
}

/// One NSG, read once for all of its rules.
pub struct Guard<'a> {
    context: &'a Context<'a>,
    nsg: u32,
    /// For each rule of the NSG its position among those that could be read in full.
    readable: Vec<Option<usize>>,
    names: Vec<String>,
    shadows: Vec<network::Shadow>,
    environment: (Option<EnvironmentKind>, Status),
}

impl<'a> Guard<'a> {
    /// Reads an NSG.
    pub fn of(context: &'a Context<'a>, nsg: u32) -> Self {
        let rules = context.estate.inventory.nsgs[nsg as usize].rules.as_deref().unwrap_or_default();
        let mut readable = Vec::with_capacity(rules.len());
        let mut list = Vec::with_capacity(rules.len());
        for rule in rules {
            let evaluated = nameless(rule);
            readable.push(evaluated.is_some().then_some(list.len()));
            list.extend(evaluated);
        }
        let shadows = network::shadow(&list);
        let environment = environment(context, nsg);
        // Names are only told of rules that hide another one.
        let told = |rule: &SecurityRule| rule.name.to_string();
        let names = if shadows.iter().any(|shadow| matches!(shadow, network::Shadow::Dead { .. })) {
            rules.iter().zip(&readable).filter(|(_, at)| at.is_some()).map(|(rule, _)| told(rule)).collect()
        } else {
            Vec::new()
        };
        Self { context, nsg, readable, names, shadows, environment }
    }

    /// How many rules it has.
    pub fn len(&self) -> u32 {
        u32::try_from(self.readable.len()).unwrap_or(u32::MAX)
    }

    /// Whether it has no rule.
    pub fn is_empty(&self) -> bool {
        self.readable.is_empty()
    }

    /// The facts of one of its rules.
    pub fn rule(&self, position: u32) -> NsgRuleSubject<'a> {
        let context = self.context;
        let nsg = &context.estate.inventory.nsgs[self.nsg as usize];
        let index = RuleIndex { nsg: self.nsg, position };
        let rule = security_rule(context, index);
        let ports = rule.destination_ports.iter().copied().collect::<PortSet>();
        let shadow = self.shadow(position);
        let allows = rule.access != Some(Access::Deny);
        let inbound = rule.direction != Some(Direction::Outbound);
        NsgRuleSubject {
            id: ChildId { parent: nsg.id.as_str(), kind: "securityRules", name: &rule.name },
            name: &rule.name,
            nsg: Later::new(context, index, |context, index| {
                let nsg = &context.estate.inventory.nsgs[index.nsg as usize];
                NsgRef { id: nsg.id.to_string(), name: nsg.id.name().to_owned(), seen: true }
            }),
            priority: rule.priority.map(u32::from),
            direction: rule.direction.map(Direction::as_str),
            access: rule.access.map(Access::as_str),
            protocol: rule.protocol.map(Protocol::as_str),
            from_virtual_network: rule.source.terms.iter().any(is_virtual_network),
            from_any: rule.source.terms.contains(&Term::Any),
            any_port: ports.count() >= 65_535 || !rule.odd.is_empty(),
            port_count: ports.count(),
            ports: Later::new(context, index, |context, index| {
                security_rule(context, index).destination_ports.iter().copied().collect::<PortSet>().to_string()
            }),
            may_expose_management_port: allows
                && inbound
                && (!rule.odd.is_empty() || MANAGEMENT.iter().any(|(port, _)| ports.contains(*port)))
                && self.may_come_from_outside(rule),
            odd: &rule.odd,
            is_odd: !rule.odd.is_empty(),
            source: Later::new(context, index, |context, index| Endpoint::of(&security_rule(context, index).source)),
            destination: Later::new(context, index, |context, index| {
                Endpoint::of(&security_rule(context, index).destination)
            }),
            attached: Later::new(context, index, attached),
            tag: Later::new(context, index, tag_reach),
            shadowed: shadow.status == "shadowed",
            shadow,
            management: Later::new(context, index, exposure::management),
            names_other_environment: allows && self.may_name_another_environment(index, rule),
            other_environment: Later::new(context, index, |context, index| Foreign::of(context, index).certain),
            possibly_other_environment: Later::new(context, index, |context, index| {
                Foreign::of(context, index).possible
            }),
        }
    }

    /// Whether a source may lie outside of the networks on the own side of the production line.
    fn may_come_from_outside(&self, rule: &SecurityRule) -> bool {
        let (Some(own), Some(guard)) = (self.environment.0, self.context.estate.nsg_guards(self.nsg).next()) else {
            return true;
        };
        let inside = |term: &Term| match term {
            Term::Any => false,
            Term::Tag(tag) => Tag::parse(tag) == Some(Tag::AzureLoadBalancer),
            Term::Asg(_) => true,
            Term::Prefix(net) => self.context.estate.reach.is_within(guard.vnet, own, *net),
        };
        !rule.odd.is_empty() || rule.source.terms.is_empty() || !rule.source.terms.iter().all(inside)
    }

    fn may_name_another_environment(&self, index: RuleIndex, rule: &SecurityRule) -> bool {
        let named = far_terms(rule).any(|term| matches!(term, Term::Prefix(_)));
        match self.environment {
            _ if !rule.odd.is_empty() => true,
            (None, _) => named,
            (Some(own), _) => {
                let within = |net: IpNet| {
                    let guard = self.context.estate.nsg_guards(self.nsg).next();
                    guard.is_some_and(|guard| self.context.estate.reach.is_within(guard.vnet, own, net))
                };
                let prefix = |term: &Term| if let Term::Prefix(net) = term { Some(*net) } else { None };
                named
                    && own.across().is_some()
                    && !far_terms(rule).filter_map(prefix).all(within)
                    && !Foreign::of(self.context, index).is_empty()
            }
        }
    }

    fn shadow(&self, position: u32) -> Shadow {
        let shadow = self.readable[position as usize].map(|at| &self.shadows[at]);
        let said = |status| Shadow { status, by: Vec::new() };
        match shadow {
            Some(network::Shadow::Live) => said("live"),
            Some(network::Shadow::MatchesNothing) => said("matches_nothing"),
            Some(network::Shadow::Undecided) | None => said("undecided"),
            Some(network::Shadow::Dead { hidden_by }) => {
                let by = hidden_by.iter().filter_map(|at| self.names.get(*at).cloned()).collect();
                Shadow { status: "shadowed", by }
            }
        }
    }
}

/// Management and database ports that should not be open to strangers, with what listens there
/// (<https://www.iana.org/assignments/service-names-port-numbers>).
pub(super) const MANAGEMENT: [(u16, &str); 13] = [
    (22, "SSH"),
    (23, "Telnet"),
    (445, "SMB"),
    (1433, "SQL Server"),
    (1521, "Oracle"),
    (3306, "MySQL"),
    (3389, "RDP"),
    (5432, "PostgreSQL"),
    (5985, "WinRM"),
    (5986, "WinRM over TLS"),
    (6379, "Redis"),
    (9200, "Elasticsearch"),
    (27017, "MongoDB"),
];

fn security_rule<'a>(context: &Context<'a>, index: RuleIndex) -> &'a SecurityRule {
    let rules = context.estate.inventory.nsgs[index.nsg as usize].rules.as_deref();
    &rules.expect("an NSG with a rule has rules")[index.position as usize]
}

fn is_virtual_network(term: &Term) -> bool {
    matches!(term, Term::Tag(tag) if Tag::parse(tag) == Some(Tag::VirtualNetwork))
}

/// A rule as the semantics of NSGs take it; `None` where a field that decides is missing or odd.
pub(super) fn evaluated(rule: &SecurityRule) -> Option<network::Rule> {
    nameless(rule).map(|evaluated| network::Rule { name: rule.name.as_str().into(), ..evaluated })
}

/// The same without a name, for comparisons of a million rules.
fn nameless(rule: &SecurityRule) -> Option<network::Rule> {
    static NAMELESS: LazyLock<Arc<str>> = LazyLock::new(|| Arc::from(""));
    let protocols = match rule.protocol? {
        Protocol::Tcp => ProtocolSet::TCP,
        Protocol::Udp => ProtocolSet::UDP,
        Protocol::Icmp => ProtocolSet::ICMP,
        Protocol::Esp => ProtocolSet::ESP,
        Protocol::Ah => ProtocolSet::AH,
        Protocol::Any => ProtocolSet::ANY,
    };
    Some(network::Rule {
        name: Arc::clone(&NAMELESS),
        priority: rule.priority?.into(),
        direction: match rule.direction? {
            Direction::Inbound => network::Direction::Inbound,
            Direction::Outbound => network::Direction::Outbound,
        },
        access: match rule.access? {
            Access::Allow => network::Access::Allow,
            Access::Deny => network::Access::Deny,
        },
        protocols,
        source: spec(&rule.source),
        source_ports: rule.source_ports.iter().copied().collect(),
        destination: spec(&rule.destination),
        destination_ports: rule.destination_ports.iter().copied().collect(),
    })
}

/// The rules of an NSG that could be read in full.
pub(super) fn readable(nsg: &Nsg) -> Vec<network::Rule> {
    nsg.rules.iter().flatten().filter_map(evaluated).collect()
}

fn spec(endpoint: &azure::Endpoint) -> AddressSpec {
    let addresses = endpoint.terms.iter().filter_map(|term| match term {
        Term::Any => Some(AddressTerm::Any),
        Term::Prefix(net) => Some(AddressTerm::Prefix(*net)),
        Term::Tag(tag) => Tag::parse(tag).map(AddressTerm::Tag),
        Term::Asg(_) => None,
    });
    let groups = endpoint.terms.iter().filter_map(|term| match term {
        Term::Asg(id) => Some(AsgId::new(id.as_str())),
        _ => None,
    });
    AddressSpec::new(addresses, groups)
}

impl<'a> Endpoint<'a> {
    fn of(endpoint: &'a azure::Endpoint) -> Self {
        let mut facts = Self {
            any: false,
            prefixes: Vec::new(),
            service_tags: Vec::new(),
            application_security_groups: Vec::new(),
        };
        for term in endpoint.terms.iter() {
            match term {
                Term::Any => facts.any = true,
                Term::Prefix(net) => facts.prefixes.push(net.to_string()),
                Term::Tag(tag) => facts.service_tags.push(tag),
                Term::Asg(id) => facts.application_security_groups.push(id.as_str()),
            }
        }
        facts
    }
}

fn attached(context: &Context<'_>, index: RuleIndex) -> Attached {
    let estate = context.estate;
    let nsg = &estate.inventory.nsgs[index.nsg as usize];
    let guarded = &estate.nsg_subnets[index.nsg as usize];
    let mut subnets = nsg.subnets.iter().flatten().map(ToString::to_string).collect::<Vec<_>>();
    for subnet in guarded {
        let (vnet, subnet) = estate.subnet(*subnet);
        let id = vnet.subnet_id(subnet).to_string();
        if !subnets.iter().any(|known| known.eq_ignore_ascii_case(&id)) {
            subnets.push(id);
        }
    }
    subnets.sort();
    let interfaces = u64::from(nsg.network_interfaces.unwrap_or(0)).max(estate.nsg_interfaces(index.nsg) as u64);
    let mut vnets =
        subnets.iter().filter_map(|id| Some(ResourceId::new(id).parent()?.name().to_owned())).collect::<Vec<_>>();
    vnets.sort();
    vnets.dedup();
    // An NSG guards subnets of its own subscription and region: those tell whether anything names it.
    let listed = nsg.subnets.is_some()
        || nsg.id.subscription().is_some_and(|s| {
            let of_subscription =
                |vnet: &&azure::Vnet| vnet.seen && vnet.id.subscription().is_some_and(|v| v.eq_ignore_ascii_case(s));
            let mut own = estate.inventory.vnets.iter().filter(of_subscription).peekable();
            (estate.inventory.scope.is_whole(s, "virtualNetworks") || own.peek().is_some())
                && own.all(|vnet| vnet.subnets_given)
        });
    let status = match () {
        () if !subnets.is_empty() || interfaces > 0 => "attached",
        () if listed => "detached",
        () => "not_visible",
    };
    let (environment, environment_status) = environment(context, index.nsg);
    Attached { status, subnets, vnets, network_interfaces: interfaces, environment, environment_status }
}

/// The environment of everything that an NSG guards.
fn environment(context: &Context<'_>, nsg: u32) -> (Option<EnvironmentKind>, Status) {
    let mut guards = context.estate.nsg_guards(nsg).map(|subnet| &context.estate.node(subnet.vnet).environment);
    let Some(first) = guards.next() else { return (None, Status::NotSeen) };
    if first.kind.is_none() {
        return (None, first.status);
    }
    match guards.find(|other| other.kind != first.kind) {
        None => (first.kind, Status::Known),
        Some(other) if other.kind.is_none() => (None, other.status),
        Some(_) => (None, Status::Conflict),
    }
}

/// Subnets that an NSG guards and on which `VirtualNetwork` means the same: they share a virtual network and a route
/// table.
pub(super) struct Guarded {
    /// One of them.
    pub(super) subnet: SubnetIndex,
    /// The addresses of all; every address where the prefixes of one are not known in full.
    pub(super) addresses: PrefixSet,
}

/// Everything that an NSG guards, by what the tag means there.
pub(super) fn guarded(context: &Context<'_>, nsg: u32) -> Vec<Guarded> {
    let mut keys: Vec<(VnetIndex, Option<&ResourceId>)> = Vec::new();
    let mut groups: Vec<Guarded> = Vec::new();
    for index in context.estate.nsg_guards(nsg) {
        let subnet = context.estate.subnet(index).1;
        let key = (index.vnet, subnet.route_table.as_ref());
        let own = subnet.prefixes.whole().map_or(PrefixSet::ANY, |nets| nets.iter().copied().collect());
        if let Some(group) = keys.iter().position(|known| *known == key).and_then(|at| groups.get_mut(at)) {
            group.addresses = group.addresses.union(&own);
        } else {
            keys.push(key);
            groups.push(Guarded { subnet: index, addresses: own });
        }
    }
    groups
}

fn tag_reach(context: &Context<'_>, index: RuleIndex) -> TagReach {
    let mut reach = TagReach::default();
    let rule = security_rule(context, index);
    if !rule.source.terms.iter().any(is_virtual_network) {
        return reach;
    }
    let groups = guarded(context, index.nsg);
    let unread = |what: &str| format!("the {what} that the NSG guards were not read");
    let nsg = &context.estate.inventory.nsgs[index.nsg as usize];
    if groups.is_empty() && attached(context, index).status != "detached" {
        reach.unknown.push(unread("subnets"));
    } else if nsg.network_interfaces.is_some_and(|count| count > 0) && context.estate.nsg_interfaces(index.nsg) == 0 {
        reach.unknown.push(unread("network interfaces"));
    }
    for group in groups {
        let own = context.estate.subnet(group.subnet).0.address_space.nets.iter().copied().collect::<PrefixSet>();
        let beyond = |origin: &Origin| {
            let inside = origin.prefix.parse::<IpNet>().is_ok_and(|net| own.contains_set(&PrefixSet::from(net)));
            !matches!(origin.kind, OriginKind::Own | OriginKind::Platform) && !inside
        };
        let tag = super::subnet::tag(context, group.subnet);
        let passes = exposure::through(context, index, &group, &tag);
        let meets = |set: &PrefixSet, origin: &Origin| {
            origin.prefix.parse::<IpNet>().is_ok_and(|net| set.overlaps(&PrefixSet::from(net)))
        };
        for origin in tag.certain.into_iter().filter(beyond) {
            if meets(&passes.certain, &origin) {
                reach.beyond.push(origin);
            } else if meets(&passes.possible, &origin) {
                reach.possibly_beyond.push(origin);
            }
        }
        let possible = tag.possible.into_iter().filter(beyond);
        reach.possibly_beyond.extend(possible.filter(|o| meets(&passes.certain, o) || meets(&passes.possible, o)));
        reach.unknown.extend(tag.unknown);
    }
    let key = |origin: &Origin| (origin.kind, origin.prefix.parse::<IpNet>().ok(), origin.origin.clone());
    for list in [&mut reach.beyond, &mut reach.possibly_beyond] {
        list.sort_by_key(key);
        list.dedup();
    }
    reach.unknown.sort();
    reach.unknown.dedup();
    reach
}

/// What stands at the far end of a rule: whom it names there is not among those that it guards.
fn far_terms(rule: &SecurityRule) -> impl Iterator<Item = &Term> {
    let (source, destination) = match rule.direction {
        Some(Direction::Inbound) => (Some(&rule.source), None),
        Some(Direction::Outbound) => (None, Some(&rule.destination)),
        None => (Some(&rule.source), Some(&rule.destination)),
    };
    source.into_iter().chain(destination).flat_map(|end| end.terms.iter())
}

/// Networks across the production line that a rule names.
#[derive(Debug, Default)]
struct Foreign {
    certain: Vec<ForeignPrefix>,
    possible: Vec<ForeignPrefix>,
}

impl Foreign {
    fn of(context: &Context<'_>, index: RuleIndex) -> Self {
        let mut foreign = Self::default();
        let estate = context.estate;
        let (Some(own), _) = environment(context, index.nsg) else { return foreign };
        let Some(other) = own.across() else { return foreign };
        let Some(guard) = estate.nsg_guards(index.nsg).next() else { return foreign };
        let is_own = |vnet: VnetIndex| estate.nsg_guards(index.nsg).any(|guard| guard.vnet == vnet);
        for term in far_terms(security_rule(context, index)) {
            let Term::Prefix(net) = term else { continue };
            let named = |vnet: VnetIndex| {
                let node = estate.node(vnet);
                ForeignPrefix {
                    prefix: net.to_string(),
                    vnet: node.id.name().to_owned(),
                    id: node.id.to_string(),
                    environment: node.environment.value.clone().unwrap_or_else(|| "environment unknown".to_owned()),
                }
            };
            match estate.reach.owners(guard.vnet, *net) {
                Owners::OnChain(owners) => {
                    for (vnet, kind) in owners {
                        match kind {
                            Some(kind) if kind == other => foreign.certain.push(named(vnet)),
                            None if !is_own(vnet) => foreign.possible.push(named(vnet)),
                            _ => {}
                        }
                    }
                }
                // Addresses may be used twice: they mean somebody elsewhere only if nobody of the own side has them.
                Owners::Elsewhere(owners) if owners.iter().all(|(_, kind)| *kind == Some(other)) => {
                    foreign.certain.extend(owners.into_iter().map(|(vnet, _)| named(vnet)));
                }
                Owners::Elsewhere(owners) if owners.iter().all(|(_, kind)| kind.is_none_or(|kind| kind == other)) => {
                    foreign.possible.extend(owners.into_iter().map(|(vnet, _)| named(vnet)));
                }
                Owners::Elsewhere(_) => {}
            }
        }
        for list in [&mut foreign.certain, &mut foreign.possible] {
            list.sort();
            list.dedup();
            list.truncate(50);
        }
        foreign
    }

    fn is_empty(&self) -> bool {
        self.certain.is_empty() && self.possible.is_empty()
    }
}
