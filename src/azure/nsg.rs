//! Network security groups and their rules, as compact as a million rules need.
//!
//! Source: <https://learn.microsoft.com/rest/api/virtualnetwork/network-security-groups/get>. A rule's
//! effective value is the union of its singular, plural and application security group properties; the
//! singular one is missing when the plural is used.

use compact_str::CompactString;
use ipnet::IpNet;

use super::reader::{Reader, Reference, prefix};
use super::resource::{Origin, RawResource};
use super::shape::{Given, List, Text, shape};
use super::{Place, ResourceId};

/// A network security group.
#[derive(Debug, Clone, PartialEq)]
pub struct Nsg {
    /// ARM id.
    pub id: ResourceId,
    /// Where it stands.
    pub place: Place,
    /// Its custom rules; `None` where the property is missing. Azure's default rules are the same everywhere.
    pub rules: Option<Vec<SecurityRule>>,
    /// Subnets that it says it is attached to; `None` where the property is missing.
    pub subnets: Option<Vec<ResourceId>>,
    /// Network interfaces that it says it is attached to; `None` where the property is missing.
    pub network_interfaces: Option<u32>,
}

/// A custom security rule.
#[derive(Debug, Clone, PartialEq)]
pub struct SecurityRule {
    /// Name.
    pub name: CompactString,
    /// Where it stands.
    pub origin: Origin,
    /// 100 to 4096.
    pub priority: Option<u16>,
    /// `Inbound` or `Outbound`.
    pub direction: Option<Direction>,
    /// `Allow` or `Deny`.
    pub access: Option<Access>,
    /// Protocol.
    pub protocol: Option<Protocol>,
    /// Source.
    pub source: Endpoint,
    /// Source ports.
    pub source_ports: Ports,
    /// Destination.
    pub destination: Endpoint,
    /// Destination ports.
    pub destination_ports: Ports,
    /// What could not be understood; empty nearly always.
    pub odd: Box<[String]>,
}

/// `direction`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Into the subnet or interface.
    Inbound,
    /// Out of it.
    Outbound,
}

/// `access`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Lets packets pass.
    Allow,
    /// Drops them.
    Deny,
}

/// `protocol`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
    /// ICMP.
    Icmp,
    /// `IPsec` ESP.
    Esp,
    /// `IPsec` AH.
    Ah,
    /// `*`.
    Any,
}

impl Direction {
    /// As Azure writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Inbound => "Inbound",
            Self::Outbound => "Outbound",
        }
    }
}

impl Access {
    /// As Azure writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "Allow",
            Self::Deny => "Deny",
        }
    }
}

impl Protocol {
    /// As Azure writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tcp => "Tcp",
            Self::Udp => "Udp",
            Self::Icmp => "Icmp",
            Self::Esp => "Esp",
            Self::Ah => "Ah",
            Self::Any => "*",
        }
    }
}

/// One end of a rule: the union of its terms. No term matches nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Endpoint {
    /// Its terms, in the input's order, singular first.
    pub terms: Few<Term>,
}

/// What a rule names as source or destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Term {
    /// `*`, `Any` or `0.0.0.0/0`: one meaning for Azure's NSGs.
    Any,
    /// A prefix or an address.
    Prefix(IpNet),
    /// A service tag, as written.
    Tag(CompactString),
    /// An application security group.
    Asg(ResourceId),
}

/// A list that nearly always holds one item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Few<T> {
    /// One.
    One(T),
    /// None, or several.
    Many(Box<[T]>),
}

impl<T> Default for Few<T> {
    fn default() -> Self {
        Self::Many(Box::default())
    }
}

impl<T> std::ops::Deref for Few<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        match self {
            Self::One(item) => std::slice::from_ref(item),
            Self::Many(items) => items,
        }
    }
}

impl<T> FromIterator<T> for Few<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        let mut items = items.into_iter();
        match (items.next(), items.next()) {
            (None, _) => Self::default(),
            (Some(only), None) => Self::One(only),
            (Some(first), Some(second)) => Self::Many([first, second].into_iter().chain(items).collect()),
        }
    }
}

/// Inclusive port ranges, in the input's order; `*` is 0 to 65535.
pub type Ports = Few<(u16, u16)>;

shape! {
    RawRule<'a> {
        id: Text<'a> = "id";
        name: Text<'a> = "name";
        priority: u64 = "priority";
        direction: Text<'a> = "direction";
        access: Text<'a> = "access";
        protocol: Text<'a> = "protocol";
        source: Text<'a> = "sourceAddressPrefix";
        sources: List<Text<'a>> = "sourceAddressPrefixes";
        source_groups: List<Reference<'a>> = "sourceApplicationSecurityGroups";
        source_port: Text<'a> = "sourcePortRange";
        source_ports: List<Text<'a>> = "sourcePortRanges";
        destination: Text<'a> = "destinationAddressPrefix";
        destinations: List<Text<'a>> = "destinationAddressPrefixes";
        destination_groups: List<Reference<'a>> = "destinationApplicationSecurityGroups";
        destination_port: Text<'a> = "destinationPortRange";
        destination_ports: List<Text<'a>> = "destinationPortRanges";
    }
}

impl Nsg {
    pub(super) fn read(id: ResourceId, place: Place, raw: RawResource<'_>, reader: &mut Reader) -> Self {
        let rules = reader.list("properties/securityRules", "a security rule", raw.security_rules).map(|list| {
            list.into_iter()
                .filter_map(|(index, raw)| {
                    reader.inside(format_args!("/properties/securityRules/{index}"), |reader| {
                        SecurityRule::read(index, raw, reader)
                    })
                })
                .collect()
        });
        let subnets = reader.list("properties/subnets", "a subnet", raw.subnets);
        let subnets = subnets.map(|list| {
            list.into_iter().filter_map(|(_, s)| s.id.into_value()).map(|id| ResourceId::new(&id)).collect()
        });
        let network_interfaces = reader.references("properties/networkInterfaces", raw.network_interfaces);
        let network_interfaces = network_interfaces.map(|list| u32::try_from(list.len()).unwrap_or(u32::MAX));
        Self { id, place, rules, subnets, network_interfaces }
    }

    /// ARM id of one of its rules.
    pub fn rule_id(&self, rule: &SecurityRule) -> ResourceId {
        self.id.child("securityRules", &rule.name)
    }
}

impl SecurityRule {
    fn read(index: u32, raw: RawRule<'_>, reader: &mut Reader) -> Option<Self> {
        let before = reader.oddities.len();
        let name = reader.text("name", raw.name).or_else(|| {
            let id = reader.text("id", raw.id)?;
            Some(ResourceId::new(&id).name().into())
        });
        let Some(name) = name else {
            reader.odd("name", "a rule has neither a name nor an id, and is left out".to_owned());
            return None;
        };
        reader.properties(raw.odd_properties);
        let priority = reader.take("properties/priority", "a number", raw.priority);
        let direction = word(reader, "properties/direction", raw.direction, |text| match text {
            _ if text.eq_ignore_ascii_case("Inbound") => Some(Direction::Inbound),
            _ if text.eq_ignore_ascii_case("Outbound") => Some(Direction::Outbound),
            _ => None,
        });
        let access = word(reader, "properties/access", raw.access, |text| match text {
            _ if text.eq_ignore_ascii_case("Allow") => Some(Access::Allow),
            _ if text.eq_ignore_ascii_case("Deny") => Some(Access::Deny),
            _ => None,
        });
        let protocol = word(reader, "properties/protocol", raw.protocol, protocol);
        let source = endpoint(reader, "source", raw.source, raw.sources, raw.source_groups);
        let source_ports = ports(reader, "source", raw.source_port, raw.source_ports);
        let destination = endpoint(reader, "destination", raw.destination, raw.destinations, raw.destination_groups);
        let destination_ports = ports(reader, "destination", raw.destination_port, raw.destination_ports);
        let mut odd: Vec<String> = reader.oddities[before..].iter().map(|oddity| oddity.message.clone()).collect();
        for (missing, name) in [
            (priority.is_none(), "priority"),
            (direction.is_none(), "direction"),
            (access.is_none(), "access"),
            (protocol.is_none(), "protocol"),
        ] {
            if missing && odd.is_empty() {
                odd.push(format!("`{name}` is missing"));
            }
        }
        Some(Self {
            name,
            origin: Origin::Embedded(index),
            priority: priority.and_then(|p| u16::try_from(p).ok()),
            direction,
            access,
            protocol,
            source,
            source_ports,
            destination,
            destination_ports,
            odd: odd.into(),
        })
    }
}

fn protocol(text: &str) -> Option<Protocol> {
    Some(match text {
        "*" => Protocol::Any,
        _ if text.eq_ignore_ascii_case("Tcp") => Protocol::Tcp,
        _ if text.eq_ignore_ascii_case("Udp") => Protocol::Udp,
        _ if text.eq_ignore_ascii_case("Icmp") => Protocol::Icmp,
        _ if text.eq_ignore_ascii_case("Esp") => Protocol::Esp,
        _ if text.eq_ignore_ascii_case("Ah") => Protocol::Ah,
        _ if text.eq_ignore_ascii_case("Any") => Protocol::Any,
        _ => return None,
    })
}

/// A property that takes one of a few words, in any letter case.
fn word<T>(reader: &mut Reader, property: &str, given: Given<Text<'_>>, read: impl Fn(&str) -> Option<T>) -> Option<T> {
    let text = reader.take(property, "a string", given)?;
    let value = read(text.trim());
    if value.is_none() {
        let name = property.rsplit('/').next().unwrap_or(property);
        reader.odd(property, format!("`{text}` is no {name} that Azure documents"));
    }
    value
}

fn term(text: &str) -> Option<Term> {
    let text = text.trim();
    if text == "*" || text.eq_ignore_ascii_case("any") || text == "0.0.0.0/0" {
        return Some(Term::Any);
    }
    if let Some(net) = prefix(text) {
        return Some(Term::Prefix(net));
    }
    let tag = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'));
    tag.then(|| Term::Tag(text.into()))
}

fn endpoint(
    reader: &mut Reader,
    end: &str,
    single: Given<Text<'_>>,
    several: Given<List<Text<'_>>>,
    groups: Given<List<Reference<'_>>>,
) -> Endpoint {
    // The common case, a single term, costs no list.
    let mut terms: Vec<Term> = Vec::new();
    let property =
        if end == "source" { "properties/sourceAddressPrefix" } else { "properties/destinationAddressPrefix" };
    let one = reader.take(property, "a string", single).filter(|text| !text.trim().is_empty());
    let first = one.and_then(|text| {
        let term = term(&text);
        if term.is_none() {
            reader.odd(property, format!("`{text}` is neither a prefix nor a service tag"));
        }
        term
    });
    let plural_is_empty = matches!(&several, Given::Absent) || several.value().is_some_and(Vec::is_empty);
    let groups_are_empty = matches!(&groups, Given::Absent) || groups.value().is_some_and(Vec::is_empty);
    if plural_is_empty && groups_are_empty {
        return Endpoint { terms: first.into_iter().collect() };
    }
    terms.extend(first);
    let plural = format!("properties/{end}AddressPrefixes");
    for (index, text) in reader.list(&plural, "a string", several).unwrap_or_default() {
        match term(&text) {
            Some(term) => terms.push(term),
            None => reader.odd(&format!("{plural}/{index}"), format!("`{text}` is neither a prefix nor a service tag")),
        }
    }
    let groups = reader.references(&format!("properties/{end}ApplicationSecurityGroups"), groups);
    terms.extend(groups.unwrap_or_default().into_iter().map(Term::Asg));
    Endpoint { terms: terms.into_iter().collect() }
}

fn port_range(text: &str) -> Option<(u16, u16)> {
    let text = text.trim();
    if text == "*" {
        return Some((0, u16::MAX));
    }
    let (low, high) = text.split_once('-').unwrap_or((text, text));
    let (low, high) = (low.trim().parse().ok()?, high.trim().parse().ok()?);
    (low <= high).then_some((low, high))
}

fn ports(reader: &mut Reader, end: &str, single: Given<Text<'_>>, several: Given<List<Text<'_>>>) -> Ports {
    let property = if end == "source" { "properties/sourcePortRange" } else { "properties/destinationPortRange" };
    let one = reader.take(property, "a string", single).filter(|text| !text.trim().is_empty());
    let first = one.and_then(|text| {
        let range = port_range(&text);
        if range.is_none() {
            reader.odd(property, format!("`{text}` is no port range"));
        }
        range
    });
    if matches!(&several, Given::Absent) || several.value().is_some_and(Vec::is_empty) {
        return first.into_iter().collect();
    }
    let plural = format!("properties/{end}PortRanges");
    let mut ranges: Vec<(u16, u16)> = first.into_iter().collect();
    for (index, text) in reader.list(&plural, "a string", several).unwrap_or_default() {
        match port_range(&text) {
            Some(range) => ranges.push(range),
            None => reader.odd(&format!("{plural}/{index}"), format!("`{text}` is no port range")),
        }
    }
    ranges.into_iter().collect()
}
