//! Subject `nsg_rule`: one custom security rule, read as Azure evaluates it.

use schemars::JsonSchema;
use serde::Serialize;

use super::{EnvironmentKind, Origin, Status};

/// A custom security rule: the subject `nsg_rule`.
///
/// Source: <https://learn.microsoft.com/azure/virtual-network/network-security-groups-overview>.
#[derive(Serialize, JsonSchema)]
pub struct NsgRuleSubject<'a> {
    /// ARM id.
    pub id: &'a str,
    /// Name.
    pub name: &'a str,
    /// The NSG that holds it.
    pub nsg: super::subnet::NsgRef<'a>,
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
    /// Whether the destination is every port; for selectors.
    pub any_port: bool,
    /// How many ports the union of its destination port ranges holds, 0 to 65,536.
    pub port_count: u32,
    /// Destination ports as Azure writes them, such as `*`, `443`, `1000-2000`.
    pub ports: String,
    /// Whether the rule names a well-known management or database port; for selectors.
    pub names_management_port: bool,
    /// Properties of the rule that could not be understood, as written.
    pub odd: &'a [String],
    /// Where packets may come from.
    pub source: Endpoint<'a>,
    /// Where packets may go to.
    pub destination: Endpoint<'a>,
    /// What the NSG is attached to.
    pub attached: Attached<'a>,
    /// Where `VirtualNetwork` as source is wider than the virtual network that the rule guards.
    pub tag: TagReach,
    /// Whether the rule can match anything that no earlier rule takes.
    pub shadow: Shadow,
    /// Whether `shadow.status` is `shadowed`; for selectors.
    pub shadowed: bool,
    /// Who effectively reaches management ports through this rule, earlier rules taken into account.
    pub management: Management,
    /// Virtual networks of the other side of the production line whose address space the rule names.
    pub other_environment: Vec<ForeignPrefix>,
    /// Whether `other_environment` holds anything; for selectors.
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
pub struct Attached<'a> {
    /// `attached`, `detached` (to nothing: it filters nothing), or `not_visible`.
    pub status: &'static str,
    /// ARM ids of subnets, sorted.
    pub subnets: Vec<&'a str>,
    /// Names of the virtual networks of those subnets, sorted, each once.
    pub vnets: Vec<&'a str>,
    /// How many network interfaces name it.
    pub network_interfaces: u64,
    /// The environment kind that all of those virtual networks share; null where they differ or one is not known.
    pub environment: Option<EnvironmentKind>,
    /// Whether that environment is known.
    pub environment_status: Status,
}

/// What `VirtualNetwork` as a source admits beyond the virtual network that the rule guards: over all
/// subnets that the NSG is attached to.
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
