//! Subject `vnet`: one virtual network that the inputs hold.

use schemars::JsonSchema;
use serde::Serialize;

use super::{Environment, Role};

/// A virtual network: the subject `vnet`.
#[derive(Serialize, JsonSchema)]
pub struct VnetSubject<'a> {
    /// ARM id.
    pub id: &'a str,
    /// Name.
    pub name: &'a str,
    /// Subscription id.
    pub subscription: Option<&'a str>,
    /// Display name of the subscription.
    pub subscription_name: Option<&'a str>,
    /// Tenant id.
    pub tenant: Option<&'a str>,
    /// Region, lower case without spaces.
    pub location: Option<&'a str>,
    /// Its part in the topology.
    pub role: &'a Role,
    /// Whether the role is `known`, `missing` or in `conflict`; repeated from `role` for selectors.
    pub role_status: super::Status,
    /// Its environment.
    pub environment: &'a Environment,
    /// Whether the environment is `known`, `missing` or in `conflict`; repeated from `environment` for selectors.
    pub environment_status: super::Status,
    /// Whether anything joins it to another network: a peering object of its own or of another, a virtual hub.
    pub connected: bool,
    /// Its address space, CIDR notation; null where it is not given or odd.
    pub address_space: Option<Vec<String>>,
    /// Entries of its address space that are no CIDR prefix, as written.
    pub odd_prefixes: Vec<&'a str>,
    /// What of its address space is public address space, CIDR notation.
    pub public_prefixes: Vec<String>,
    /// How many peering objects it holds; null where its peerings were not read.
    pub peering_count: Option<u64>,
    /// Other networks whose address space meets this one's: each pair is listed once, on the virtual network
    /// whose ARM id sorts first.
    pub overlaps: Vec<Overlap>,
    /// Whether `overlaps` is empty; for selectors.
    pub has_overlaps: bool,
    /// Tags.
    pub tags: std::collections::BTreeMap<&'a str, &'a str>,
}

/// Two networks that share addresses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Overlap {
    /// ARM id of the other virtual network; null for declared on-premises space.
    pub id: Option<String>,
    /// Its name, or `on-premises`.
    pub name: String,
    /// Shared prefixes, CIDR notation.
    pub prefixes: Vec<String>,
    /// How the two are joined: `peered` directly, `common_peer` (both are peered with `via`), or `on_premises`.
    pub reach: &'static str,
    /// Name of the virtual network that both are peered with, for `common_peer`.
    pub via: Option<String>,
}
