//! Subject `subnet`: one subnet with its NSG, its route table and what `VirtualNetwork` means on it.

use schemars::JsonSchema;
use serde::Serialize;

use super::{VirtualNetworkTag, Vnet};

/// A subnet: the subject `subnet`.
#[derive(Serialize, JsonSchema)]
pub struct SubnetSubject<'a> {
    /// ARM id.
    pub id: &'a str,
    /// Name.
    pub name: &'a str,
    /// The virtual network that holds it.
    pub vnet: Vnet<'a>,
    /// Its address prefixes, CIDR notation.
    pub prefixes: Vec<String>,
    /// What it is for: `workload`, or a platform subnet by its reserved name: `gateway`, `azure_firewall`,
    /// `azure_firewall_management`, `route_server`, `bastion`.
    pub purpose: &'static str,
    /// Services that the subnet is delegated to, such as `Microsoft.Web/serverFarms`.
    pub delegations: Vec<&'a str>,
    /// Whether an NSG filters it.
    pub has_nsg: bool,
    /// Its NSG: named by the subnet or by the NSG's own list.
    pub nsg: Option<NsgRef<'a>>,
    /// ARM id of its route table.
    pub route_table: Option<&'a str>,
    /// Whether another virtual network reaches it: `certain`, `possible` (a side was not read) or `none`.
    pub reached: &'static str,
    /// Names of the virtual networks that reach it, sorted; at most 20.
    pub reached_from: Vec<String>,
    /// What `VirtualNetwork` means here.
    pub virtual_network_tag: VirtualNetworkTag,
    /// Whether a user-defined default route to an appliance has made `VirtualNetwork` mean any address; null
    /// where the route table was not read.
    pub tag_is_any: Option<bool>,
    /// The route that did; null unless `tag_is_any`.
    pub default_route: Option<DefaultRoute<'a>>,
    /// Inbound allow rules of the NSG with `VirtualNetwork` as source that no earlier rule hides,
    /// the default rule `AllowVnetInBound` among them.
    pub live_tag_rules: Vec<TagRule>,
}

/// A subnet's NSG.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct NsgRef<'a> {
    /// ARM id.
    pub id: &'a str,
    /// Name.
    pub name: &'a str,
    /// Whether the NSG itself is in the inputs.
    pub seen: bool,
}

/// A user-defined default route.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct DefaultRoute<'a> {
    /// ARM id of the route.
    pub id: String,
    /// Name of the route.
    pub name: &'a str,
    /// Address of the appliance, as written.
    pub next_hop: Option<&'a str>,
}

/// An NSG rule by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct TagRule {
    /// ARM id of the rule.
    pub id: String,
    /// Name.
    pub name: String,
    /// Priority.
    pub priority: u32,
    /// Whether it is one of Azure's default rules.
    pub default: bool,
}
