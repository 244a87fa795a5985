//! What policies see: one document a subject, with its joins already made.
//!
//! The types here are the contract with Rego: their JSON Schema is what `vnetlint facts --schema`
//! prints and what policies are checked against when they load. Facts only: nothing here is a
//! judgement, and nothing here knows Rego. Parts that are dear to compute are computed when they are
//! serialised, so that a subject costs what the policies that read it need.

pub mod approval;
mod exposure;
mod later;
pub mod nsg_rule;
pub mod peering;
pub mod subnet;
pub mod vnet;

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Serialize;

pub use later::{ChildId, Later, Nets};

use crate::config::Config;
use crate::estate::{Estate, VnetIndex};
use crate::finding::RuleId;

/// What facts are stated about, and what the configuration adds to it.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The joined network.
    pub estate: &'a Estate,
    /// Approvals and declared prefixes.
    pub config: &'a Config,
    /// Ids of the loaded rules, sorted.
    pub rules: &'a [RuleId],
    /// The day that approvals are judged by.
    pub as_of: Option<Date>,
}

impl<'a> Context<'a> {
    pub(crate) fn vnet_facts(&self, index: VnetIndex) -> Vnet<'a> {
        let estate = self.estate;
        let node = estate.node(index);
        let vnet = estate.vnet(index);
        let subscription = node.id.subscription();
        let known = subscription.and_then(|s| estate.inventory.subscriptions.get(s.to_ascii_lowercase().as_str()));
        Vnet {
            id: node.id.as_str(),
            name: node.id.name(),
            seen: vnet.is_some_and(|vnet| vnet.seen),
            subscription,
            subscription_name: known.and_then(|s| s.name.as_deref()),
            tenant: node.tenant.as_deref(),
            location: vnet.and_then(|vnet| vnet.location.as_deref()),
            role: &node.role,
            environment: &node.environment,
        }
    }
}

/// How sure the inputs make us of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// The inputs decide.
    Known,
    /// The inputs hold nothing to decide by.
    Missing,
    /// The inputs disagree.
    Conflict,
    /// The thing itself was not read.
    NotSeen,
}

/// What part a virtual network plays in the topology.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Role {
    /// `hub`, `spoke` or `shared`; null unless `status` is `known`.
    pub value: Option<&'static str>,
    /// Whether the role is known.
    pub status: Status,
    /// What decided, such as `tag Role = hub`, or why nothing could.
    pub reason: String,
}

/// The environment that a virtual network belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Environment {
    /// Its name, such as `prod` or `dev`; null unless `status` is `known`.
    pub value: Option<String>,
    /// `production`, `non_production` or `shared` (joins neither side); null unless `status` is `known`.
    pub kind: Option<EnvironmentKind>,
    /// Whether the environment is known.
    pub status: Status,
    /// What decided, such as `tag Environment = Production`, or why nothing could.
    pub reason: String,
}

/// Sides of the line between production and the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EnvironmentKind {
    /// Production.
    Production,
    /// Any other environment: development, test, staging.
    NonProduction,
    /// Serves both, belongs to neither.
    Shared,
}

impl EnvironmentKind {
    /// The other side of the line between production and the rest; none for what serves both.
    pub fn across(self) -> Option<Self> {
        match self {
            Self::Production => Some(Self::NonProduction),
            Self::NonProduction => Some(Self::Production),
            Self::Shared => None,
        }
    }
}

/// A virtual network, as far as the inputs show it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Vnet<'a> {
    /// ARM id, as Azure wrote it.
    pub id: &'a str,
    /// Name.
    pub name: &'a str,
    /// Whether the virtual network itself is in the inputs.
    pub seen: bool,
    /// Subscription id.
    pub subscription: Option<&'a str>,
    /// Display name of the subscription.
    pub subscription_name: Option<&'a str>,
    /// Tenant id; null where no input says which tenant owns the subscription.
    pub tenant: Option<&'a str>,
    /// Region, lower case without spaces, such as `westeurope`.
    pub location: Option<&'a str>,
    /// Its part in the topology.
    pub role: &'a Role,
    /// Its environment.
    pub environment: &'a Environment,
}

/// An address prefix and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Origin {
    /// The prefix in CIDR notation.
    pub prefix: String,
    /// What kind of thing brings it.
    pub kind: OriginKind,
    /// In words, such as `peering with vnet-hub`.
    pub origin: String,
    /// ARM id of what brings it.
    pub id: Option<String>,
}

/// Kinds of things that bring a prefix into the `VirtualNetwork` service tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OriginKind {
    /// The virtual network's own address space.
    Own,
    /// 168.63.129.16, the host's virtual address.
    Platform,
    /// A directly peered virtual network.
    Peer,
    /// A peer of a peer, over a peering that accepts forwarded traffic.
    PeerOfPeer,
    /// On-premises space behind a gateway of its own or of a peer.
    OnPremises,
    /// A network behind a connection between two gateways.
    GatewayConnection,
    /// A user-defined route of the subnet.
    Route,
    /// A virtual WAN hub and what is connected to it.
    VirtualHub,
}

/// What the service tag `VirtualNetwork` means on a subnet.
///
/// Source: <https://learn.microsoft.com/azure/virtual-network/service-tags-overview>; evaluated for each
/// subnet because the subnet's own routes count.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct VirtualNetworkTag {
    /// Prefixes that are in it.
    pub certain: Vec<Origin>,
    /// Prefixes that may be in it: sources do not say, or disagree.
    pub possible: Vec<Origin>,
    /// What is in it without the inputs saying which prefixes, such as routes that BGP brings.
    pub unknown: Vec<String>,
}
