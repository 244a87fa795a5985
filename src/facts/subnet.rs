//! Subject `subnet`: one subnet with its NSG, its route table and what `VirtualNetwork` means on it.

use schemars::JsonSchema;
use serde::Serialize;

use super::{ChildId, Context, Later, Nets, VirtualNetworkTag, Vnet};
use crate::azure::Route;
use crate::estate::SubnetIndex;
use crate::facts::peering::{LinkState, Presence};
use crate::network::{self, Access, Atom, Direction, Shadow, Tag, default_rules};

/// A subnet: the subject `subnet`.
#[derive(Serialize, JsonSchema)]
pub struct SubnetSubject<'a> {
    /// ARM id.
    pub id: ChildId<'a>,
    /// Name.
    pub name: &'a str,
    /// The virtual network that holds it.
    pub vnet: Vnet<'a>,
    /// Its address prefixes, CIDR notation.
    pub prefixes: Nets<'a>,
    /// What it is for: `workload`, or a platform subnet by its reserved name: `gateway`, `azure_firewall`,
    /// `azure_firewall_management`, `route_server`, `bastion`.
    pub purpose: &'static str,
    /// Services that the subnet is delegated to, such as `Microsoft.Web/serverFarms`.
    pub delegations: Later<'a, SubnetIndex, Vec<&'a str>>,
    /// Whether an NSG filters it; null where what it says of its NSG cannot be understood.
    pub has_nsg: Option<bool>,
    /// Its NSG: named by the subnet or by the NSG's own list.
    pub nsg: Later<'a, SubnetIndex, Option<NsgRef>>,
    /// ARM id of its route table.
    pub route_table: Option<&'a str>,
    /// Whether another virtual network reaches it: `certain`, `possible` (a side was not read) or `none`.
    pub reached: Later<'a, SubnetIndex, &'static str>,
    /// Names of the virtual networks that reach it, sorted; at most 20.
    pub reached_from: Later<'a, SubnetIndex, Vec<String>>,
    /// What `VirtualNetwork` means here.
    pub virtual_network_tag: Later<'a, SubnetIndex, VirtualNetworkTag>,
    /// Whether a user-defined default route to an appliance has made `VirtualNetwork` mean any address; null
    /// where the route table was not read.
    pub tag_is_any: Option<bool>,
    /// The route that did; null unless `tag_is_any`.
    pub default_route: Later<'a, SubnetIndex, Option<DefaultRoute<'a>>>,
    /// Inbound allow rules of the NSG with `VirtualNetwork` as source that no earlier rule hides,
    /// the default rule `AllowVnetInBound` among them.
    pub live_tag_rules: Later<'a, SubnetIndex, Vec<TagRule>>,
}

/// A subnet's NSG.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct NsgRef {
    /// ARM id.
    pub id: String,
    /// Name.
    pub name: String,
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

impl<'a> SubnetSubject<'a> {
    /// The facts of a subnet.
    pub fn of(context: &'a Context<'a>, index: SubnetIndex) -> Self {
        let (vnet, subnet) = context.estate.subnet(index);
        Self {
            id: ChildId { parent: vnet.id.as_str(), kind: "subnets", name: &subnet.name },
            name: &subnet.name,
            vnet: context.vnet_facts(index.vnet),
            prefixes: Nets(&subnet.prefixes.nets),
            purpose: purpose(&subnet.name),
            delegations: Later::new(context, index, |context, index| {
                context.estate.subnet(index).1.delegations.iter().map(compact_str::CompactString::as_str).collect()
            }),
            has_nsg: match (context.estate.subnet_nsg(index), subnet.odd_nsg) {
                (None, true) => None,
                (nsg, _) => Some(nsg.is_some()),
            },
            nsg: Later::new(context, index, |context, index| {
                let id = context.estate.subnet_nsg(index)?;
                Some(NsgRef { seen: context.estate.nsg(&id).is_some(), name: id.name().to_owned(), id: id.to_string() })
            }),
            route_table: subnet.route_table.as_ref().map(crate::azure::ResourceId::as_str),
            reached: Later::new(context, index, |context, index| reach(context, index).0),
            reached_from: Later::new(context, index, |context, index| reach(context, index).1),
            virtual_network_tag: Later::new(context, index, tag),
            tag_is_any: tag_is_any(context, index),
            default_route: Later::new(context, index, |context, index| {
                let (table, route) = default_route(context, index)?;
                let id = table.id.child("routes", &route.name).to_string();
                Some(DefaultRoute { id, name: &route.name, next_hop: route.next_hop.as_deref() })
            }),
            live_tag_rules: Later::new(context, index, live_tag_rules),
        }
    }
}

/// The tag's content on a subnet, with what the configuration declares.
pub(super) fn tag(context: &Context<'_>, index: SubnetIndex) -> VirtualNetworkTag {
    let declared = network::Declared { on_premises: &context.config.estate.on_premises };
    network::virtual_network_tag(context.estate, index, declared)
}

/// Reserved names tell what a subnet is for
/// (<https://learn.microsoft.com/azure/virtual-network/virtual-network-for-azure-services>).
fn purpose(name: &str) -> &'static str {
    const RESERVED: [(&str, &str); 5] = [
        ("GatewaySubnet", "gateway"),
        ("AzureFirewallSubnet", "azure_firewall"),
        ("AzureFirewallManagementSubnet", "azure_firewall_management"),
        ("RouteServerSubnet", "route_server"),
        ("AzureBastionSubnet", "bastion"),
    ];
    RESERVED.iter().find(|(reserved, _)| reserved.eq_ignore_ascii_case(name)).map_or("workload", |(_, purpose)| purpose)
}

/// Whether another virtual network reaches a subnet, and which ones.
fn reach(context: &Context<'_>, index: SubnetIndex) -> (&'static str, Vec<String>) {
    let estate = context.estate;
    let (_, subnet) = estate.subnet(index);
    let node = estate.node(index.vnet);
    let mut certain = Vec::new();
    let mut possible = Vec::new();
    for link in node.links.iter().map(|link| estate.link(*link)) {
        let (end, other) = link.seen_from(index.vnet);
        let name = || estate.node(other).id.name().to_owned();
        let own = end.map(|end| estate.peering(end).1);
        // A subnet peering reaches the subnets that it names.
        let left_out = own.is_some_and(|peering| {
            peering.complete_vnets == Some(false)
                && !peering.local_subnets.iter().any(|local| local.eq_ignore_ascii_case(&subnet.name))
        });
        match link.state {
            _ if left_out => {}
            LinkState::Established | LinkState::AssumedEstablished => certain.push(name()),
            LinkState::Unknown | LinkState::Inconsistent => possible.push(name()),
            LinkState::OneSided | LinkState::Initiated | LinkState::Disconnected => {}
        }
        if link.remote_vnet == Presence::VirtualHub && !link.is_up() {
            possible.push(name());
        }
    }
    for connection in &node.hub_connections {
        let connection = &estate.inventory.hub_connections[*connection as usize];
        certain.extend(connection.id.parent().map(|hub| format!("virtual hub {}", hub.name())));
    }
    let reached = match (certain.is_empty(), possible.is_empty()) {
        (false, _) => "certain",
        (true, false) => "possible",
        (true, true) => "none",
    };
    let mut names = if certain.is_empty() { possible } else { certain };
    names.sort();
    names.dedup();
    names.truncate(20);
    (reached, names)
}

/// Whether a user-defined default route to an appliance has made `VirtualNetwork` any address; observed, and
/// reported independently, but not documented.
fn tag_is_any(context: &Context<'_>, index: SubnetIndex) -> Option<bool> {
    let (_, subnet) = context.estate.subnet(index);
    match &subnet.route_table {
        None if subnet.odd_route_table => None,
        None => Some(false),
        Some(table) => {
            context.estate.route_table(table)?.routes.as_ref()?;
            Some(default_route(context, index).is_some())
        }
    }
}

fn default_route<'a>(context: &Context<'a>, index: SubnetIndex) -> Option<(&'a crate::azure::RouteTable, &'a Route)> {
    let (_, subnet) = context.estate.subnet(index);
    let table = context.estate.route_table(subnet.route_table.as_ref()?)?;
    let default = |route: &&Route| route.is_appliance() && matches!(route.prefix.trim(), "0.0.0.0/0" | "::/0");
    table.routes.iter().flatten().find(default).map(|route| (table, route))
}

/// Inbound allow rules by the tag that no earlier rule hides.
fn live_tag_rules(context: &Context<'_>, index: SubnetIndex) -> Vec<TagRule> {
    let Some((_, nsg)) = context.estate.subnet_nsg(index).and_then(|id| context.estate.nsg(&id)) else {
        return Vec::new();
    };
    let custom = super::nsg_rule::readable(nsg);
    let rules = custom.iter().chain(default_rules()).collect::<Vec<_>>();
    let by_tag = |rule: &network::Rule| {
        rule.direction == Direction::Inbound
            && rule.access == Access::Allow
            && rule.source.atoms().contains(&Atom::Tag(Tag::VirtualNetwork))
    };
    let shadows = network::shadow(&rules);
    let live = rules
        .iter()
        .zip(shadows)
        .filter(|(rule, shadow)| by_tag(rule) && !matches!(shadow, Shadow::Dead { .. } | Shadow::MatchesNothing));
    live.map(|(rule, _)| TagRule {
        id: nsg
            .id
            .child(if rule.priority >= 65000 { "defaultSecurityRules" } else { "securityRules" }, &rule.name)
            .to_string(),
        name: rule.name.to_string(),
        priority: rule.priority,
        default: rule.priority >= 65000,
    })
    .collect()
}
