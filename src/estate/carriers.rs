//! What carries packets in each virtual network: gateways, Route Servers, firewalls, forwarding interfaces.

use std::net::IpAddr;

use rustc_hash::FxHashMap;

use super::{Node, VnetIndex};
use crate::azure::ResourceId;
use crate::config::EstateSettings;
use crate::facts::peering::{Forwarder, Forwarders, Gateway};
use crate::input::Inventory;

/// Gateways and forwarders of one virtual network.
#[derive(Debug, Clone, Default)]
pub struct Carriers {
    /// Gateways and Route Servers, as policies see them.
    pub gateway: Gateway,
    /// What could forward packets, as policies see it.
    pub forwarders: Forwarders,
    /// Virtual network gateways, by position in the inventory.
    pub gateways: Vec<GatewayRef>,
}

/// A virtual network gateway by position in the inventory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct GatewayRef(pub u32);

/// Types that could hold a forwarder.
const FORWARDING: [&str; 3] = ["azureFirewalls", "networkInterfaces", "virtualHubs"];

/// Puts every carrier into its virtual network.
pub(super) fn place(
    inventory: &Inventory,
    nodes: &mut [Node],
    by_id: &FxHashMap<ResourceId, VnetIndex>,
    settings: &EstateSettings,
) {
    let home = |subnets: &[ResourceId]| {
        let mut homes = subnets.iter().filter_map(|subnet| by_id.get(&subnet.parent()?).copied()).collect::<Vec<_>>();
        homes.sort_unstable();
        homes.dedup();
        homes
    };
    for (gateway, at) in inventory.gateways.iter().zip(0..) {
        for index in home(&gateway.subnets) {
            let carriers = &mut nodes[index.0 as usize].carriers;
            carriers.gateways.push(GatewayRef(at));
            carriers.gateway.ids.push(gateway.id.to_string());
            let kind = gateway.kind.as_deref().unwrap_or("unknown").to_owned();
            carriers.gateway.kinds.push(kind);
            carriers.forwarders.found.push(forwarder(&gateway.id, "virtual_network_gateway"));
        }
    }
    // ARM models a Route Server as a virtual hub without a virtual WAN.
    for hub in inventory.virtual_hubs.iter().filter(|hub| hub.virtual_wan.is_none()) {
        for index in home(&hub.subnets) {
            let carriers = &mut nodes[index.0 as usize].carriers;
            carriers.gateway.ids.push(hub.id.to_string());
            carriers.gateway.kinds.push("RouteServer".to_owned());
            carriers.forwarders.found.push(forwarder(&hub.id, "route_server"));
        }
    }
    for firewall in &inventory.firewalls {
        for index in home(&firewall.subnets) {
            nodes[index.0 as usize].carriers.forwarders.found.push(forwarder(&firewall.id, "azure_firewall"));
        }
    }
    for interface in inventory.interfaces.iter().filter(|interface| interface.ip_forwarding == Some(true)) {
        for index in home(&interface.subnets) {
            nodes[index.0 as usize].carriers.forwarders.found.push(forwarder(&interface.id, "network_interface"));
        }
    }
    declared(inventory, nodes, &settings.inspection_points);
    for node in nodes {
        finish(inventory, node);
    }
}

fn forwarder(id: &ResourceId, kind: &'static str) -> Forwarder {
    Forwarder { id: Some(id.to_string()), kind, name: id.name().to_owned() }
}

/// Inspection points of the configuration stand in the virtual network whose space holds them.
fn declared(inventory: &Inventory, nodes: &mut [Node], points: &[IpAddr]) {
    if points.is_empty() {
        return;
    }
    for node in nodes {
        let Some(vnet) = node.vnet.map(|at| &inventory.vnets[at as usize]) else { continue };
        for point in points {
            if vnet.address_space.nets.iter().any(|net| net.contains(point)) {
                let found = Forwarder { id: None, kind: "declared", name: point.to_string() };
                node.carriers.forwarders.found.push(found);
            }
        }
    }
}

fn finish(inventory: &Inventory, node: &mut Node) {
    let whole = |kind: &&str| node.id.subscription().is_some_and(|s| inventory.scope.is_whole(s, kind));
    let not_read = FORWARDING.iter().copied().filter(|kind| !whole(kind)).collect::<Vec<_>>();
    // A gateway needs its subnet, and a virtual network that lists its subnets tells whether it has one.
    let subnets = node.vnet.map(|at| &inventory.vnets[at as usize]).filter(|vnet| vnet.subnets_given);
    let has = |name: &str| subnets.map(|vnet| vnet.subnets.iter().any(|s| s.name.eq_ignore_ascii_case(name)));
    let possible = match (has("GatewaySubnet"), has("RouteServerSubnet")) {
        (Some(false), Some(false)) => Some(false),
        _ if whole(&"virtualNetworkGateways") && whole(&"virtualHubs") => Some(false),
        _ => None,
    };
    let carriers = &mut node.carriers;
    carriers.gateway.present = if carriers.gateway.ids.is_empty() { possible } else { Some(true) };
    carriers.gateway.kinds.sort();
    carriers.gateway.kinds.dedup();
    carriers.gateway.ids.sort();
    carriers.forwarders.found.sort();
    carriers.forwarders.complete = not_read.is_empty();
    carriers.forwarders.not_read = not_read;
}
