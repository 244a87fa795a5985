//! The joined network: every virtual network once, every peering with both its sides.
//!
//! Built once from an inventory and never half-built. States what is there and what was not seen;
//! judges nothing.

mod carriers;
mod classify;
mod links;
mod overlaps;
mod reach;

use rustc_hash::FxHashMap;

pub use carriers::{Carriers, GatewayRef};
pub use links::{End, Far, Link};
pub use overlaps::{Meeting, MeetingPoint};
pub use reach::{Owners, Reach};

use crate::azure::{Connection, Gateway, LocalGateway, Nsg, Peering, ResourceId, RouteTable, Subnet, Vnet};
use crate::config::Config;
use crate::facts::{Environment, Role};
use crate::input::Inventory;

/// A virtual network by position in [`Estate::vnets`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VnetIndex(pub u32);

/// A link by position in [`Estate::links`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkIndex(pub u32);

/// A virtual network, whether it was read or only named by a peering.
#[derive(Debug)]
pub struct Node {
    /// ARM id.
    pub id: ResourceId,
    /// Its position in the inventory; `None` where only peerings name it.
    pub vnet: Option<u32>,
    /// Tenant that owns it, where an input says.
    pub tenant: Option<compact_str::CompactString>,
    /// Its part in the topology.
    pub role: Role,
    /// Its environment.
    pub environment: Environment,
    /// Links that it is a side of.
    pub links: Vec<LinkIndex>,
    /// Gateways and forwarders in it.
    pub carriers: Carriers,
    /// Virtual WAN hubs that it is connected to, by position in the inventory's hub connections.
    pub hub_connections: Vec<u32>,
}

/// A subnet by its virtual network and its position there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubnetIndex {
    /// The virtual network.
    pub vnet: VnetIndex,
    /// Position in its subnets.
    pub position: u32,
}

/// The joined network.
#[derive(Debug)]
pub struct Estate {
    /// What was read.
    pub inventory: Inventory,
    /// Virtual networks: those of the inventory first, in its order, then those that peerings name.
    pub vnets: Vec<Node>,
    /// Links, by local and remote side.
    pub links: Vec<Link>,
    /// For each NSG of the inventory, the subnets that it filters.
    pub nsg_subnets: Vec<Vec<SubnetIndex>>,
    /// For each NSG of the inventory, the subnets of network interfaces that it filters.
    nsg_interfaces: Vec<Vec<SubnetIndex>>,
    /// Which networks packets could come from, and whose addresses are whose.
    pub reach: Reach,
    /// Address spaces that meet, by the virtual network whose id sorts first.
    pub overlaps: FxHashMap<VnetIndex, Vec<Meeting>>,
    by_id: FxHashMap<ResourceId, VnetIndex>,
    /// NSGs of subnets that do not name theirs, as NSGs list them.
    listed_nsgs: FxHashMap<SubnetIndex, u32>,
    nsgs: FxHashMap<ResourceId, u32>,
    route_tables: FxHashMap<ResourceId, u32>,
    gateways: FxHashMap<ResourceId, u32>,
    local_gateways: FxHashMap<ResourceId, u32>,
    connections: FxHashMap<ResourceId, Vec<u32>>,
}

impl Estate {
    /// Joins what was read, and classifies it by the configuration and by what it shows of itself.
    pub fn build(inventory: Inventory, config: &Config) -> Self {
        let (mut vnets, by_id) = links::nodes(&inventory);
        let links = links::join(&inventory, &mut vnets, &by_id);
        carriers::place(&inventory, &mut vnets, &by_id, &config.estate);
        classify::classify(&inventory, &mut vnets, &links, &config.classify);
        let nsgs = positions(inventory.nsgs.iter().map(|nsg| &nsg.id));
        let route_tables = positions(inventory.route_tables.iter().map(|table| &table.id));
        let gateways = positions(inventory.gateways.iter().map(|gateway| &gateway.id));
        let local_gateways = positions(inventory.local_gateways.iter().map(|gateway| &gateway.id));
        let mut connections: FxHashMap<ResourceId, Vec<u32>> = FxHashMap::default();
        for (connection, at) in inventory.connections.iter().zip(0..) {
            for gateway in [&connection.gateway, &connection.other_gateway].into_iter().flatten() {
                connections.entry(gateway.clone()).or_default().push(at);
            }
        }
        let nsg_subnets = attach(&inventory, &by_id, &nsgs);
        let listed_nsgs = listed(&inventory, &nsg_subnets);
        let nsg_interfaces = attach_interfaces(&inventory, &by_id, &nsgs);
        let reach = Reach::of(&inventory, &vnets, &links);
        let overlaps = overlaps::find(&inventory, &vnets, &links, &config.estate.on_premises);
        Self {
            inventory,
            vnets,
            links,
            nsg_subnets,
            nsg_interfaces,
            reach,
            overlaps,
            by_id,
            listed_nsgs,
            nsgs,
            route_tables,
            gateways,
            local_gateways,
            connections,
        }
    }

    /// A virtual network's node.
    pub fn node(&self, index: VnetIndex) -> &Node {
        &self.vnets[index.0 as usize]
    }

    /// A virtual network as it was read.
    pub fn vnet(&self, index: VnetIndex) -> Option<&Vnet> {
        self.node(index).vnet.map(|at| &self.inventory.vnets[at as usize])
    }

    /// A link.
    pub fn link(&self, index: LinkIndex) -> &Link {
        &self.links[index.0 as usize]
    }

    /// The peering object of one end.
    ///
    /// # Panics
    ///
    /// On an end of another estate.
    pub fn peering(&self, end: End) -> (&Vnet, &Peering) {
        let vnet = self.vnet(end.vnet).expect("only virtual networks that were read have peering objects");
        (vnet, &vnet.peerings[end.position as usize])
    }

    /// A subnet with its virtual network.
    ///
    /// # Panics
    ///
    /// On an index of another estate.
    pub fn subnet(&self, index: SubnetIndex) -> (&Vnet, &Subnet) {
        let vnet = self.vnet(index.vnet).expect("only virtual networks that were read have subnets");
        (vnet, &vnet.subnets[index.position as usize])
    }

    /// The virtual network with this id.
    pub fn find(&self, id: &ResourceId) -> Option<VnetIndex> {
        self.by_id.get(id).copied()
    }

    /// The NSG with this id, and its position in the inventory.
    pub fn nsg(&self, id: &ResourceId) -> Option<(u32, &Nsg)> {
        let at = *self.nsgs.get(id)?;
        Some((at, &self.inventory.nsgs[at as usize]))
    }

    /// Everything that an NSG filters: its subnets, and those of its network interfaces.
    pub fn nsg_guards(&self, nsg: u32) -> impl Iterator<Item = SubnetIndex> {
        self.nsg_subnets[nsg as usize].iter().chain(&self.nsg_interfaces[nsg as usize]).copied()
    }

    /// How many subnets of network interfaces an NSG filters.
    pub fn nsg_interfaces(&self, nsg: u32) -> usize {
        self.nsg_interfaces[nsg as usize].len()
    }

    /// The NSG of a subnet: named by the subnet, or by the NSG's own list.
    pub fn subnet_nsg(&self, index: SubnetIndex) -> Option<ResourceId> {
        let listed = || self.listed_nsgs.get(&index).map(|nsg| self.inventory.nsgs[*nsg as usize].id.clone());
        self.subnet(index).1.nsg.clone().or_else(listed)
    }

    /// The route table with this id.
    pub fn route_table(&self, id: &ResourceId) -> Option<&RouteTable> {
        self.route_tables.get(id).map(|at| &self.inventory.route_tables[*at as usize])
    }

    /// The gateway with this id.
    pub fn gateway(&self, id: &ResourceId) -> Option<&Gateway> {
        self.gateways.get(id).map(|at| &self.inventory.gateways[*at as usize])
    }

    /// The local network gateway with this id.
    pub fn local_gateway(&self, id: &ResourceId) -> Option<&LocalGateway> {
        self.local_gateways.get(id).map(|at| &self.inventory.local_gateways[*at as usize])
    }

    /// The connections that a gateway is an end of.
    pub fn connections(&self, gateway: &ResourceId) -> impl Iterator<Item = &Connection> {
        self.connections.get(gateway).into_iter().flatten().map(|at| &self.inventory.connections[*at as usize])
    }

    /// Tenant of a subscription, where an input says.
    pub fn tenant(&self, id: &ResourceId) -> Option<&str> {
        let subscription = id.subscription()?.to_ascii_lowercase();
        self.inventory.tenants.get(subscription.as_str()).map(compact_str::CompactString::as_str)
    }
}

fn positions<'a>(ids: impl Iterator<Item = &'a ResourceId>) -> FxHashMap<ResourceId, u32> {
    ids.cloned().zip(0..).collect()
}

/// Which subnets each NSG filters: as subnets say, and as NSGs say.
fn attach(
    inventory: &Inventory,
    vnets: &FxHashMap<ResourceId, VnetIndex>,
    nsgs: &FxHashMap<ResourceId, u32>,
) -> Vec<Vec<SubnetIndex>> {
    let mut subnets = vec![Vec::new(); inventory.nsgs.len()];
    for (vnet, index) in inventory.vnets.iter().zip(0..) {
        for (subnet, position) in vnet.subnets.iter().zip(0..) {
            if let Some(&nsg) = subnet.nsg.as_ref().and_then(|id| nsgs.get(id)) {
                subnets[nsg as usize].push(SubnetIndex { vnet: VnetIndex(index), position });
            }
        }
    }
    for (nsg, own) in inventory.nsgs.iter().zip(&mut subnets) {
        let listed = nsg.subnets.iter().flatten();
        own.extend(listed.filter_map(|id| find_subnet(inventory, vnets, id)));
        own.sort_unstable();
        own.dedup();
    }
    subnets
}

/// The subnets of the network interfaces that name each NSG.
fn attach_interfaces(
    inventory: &Inventory,
    vnets: &FxHashMap<ResourceId, VnetIndex>,
    nsgs: &FxHashMap<ResourceId, u32>,
) -> Vec<Vec<SubnetIndex>> {
    let mut subnets = vec![Vec::new(); inventory.nsgs.len()];
    for interface in &inventory.interfaces {
        let Some(&nsg) = interface.nsg.as_ref().and_then(|id| nsgs.get(id)) else { continue };
        subnets[nsg as usize].extend(interface.subnets.iter().filter_map(|id| find_subnet(inventory, vnets, id)));
    }
    for own in &mut subnets {
        own.sort_unstable();
        own.dedup();
    }
    subnets
}

fn find_subnet(
    inventory: &Inventory,
    vnets: &FxHashMap<ResourceId, VnetIndex>,
    id: &ResourceId,
) -> Option<SubnetIndex> {
    let index = *vnets.get(&id.parent()?)?;
    let vnet = inventory.vnets.get(index.0 as usize)?;
    let position = vnet.subnets.iter().position(|subnet| subnet.name.eq_ignore_ascii_case(id.name()))?;
    Some(SubnetIndex { vnet: index, position: u32::try_from(position).ok()? })
}

/// The NSGs of subnets that name none, by what NSGs say of themselves.
fn listed(inventory: &Inventory, nsg_subnets: &[Vec<SubnetIndex>]) -> FxHashMap<SubnetIndex, u32> {
    let pairs = nsg_subnets.iter().zip(0..).flat_map(|(subnets, nsg)| subnets.iter().map(move |subnet| (*subnet, nsg)));
    let nameless =
        |index: &SubnetIndex| inventory.vnets[index.vnet.0 as usize].subnets[index.position as usize].nsg.is_none();
    // Of several the first, in the order of ids, as everywhere.
    let mut listed = FxHashMap::default();
    for (subnet, nsg) in pairs.filter(|(subnet, _)| nameless(subnet)) {
        listed.entry(subnet).or_insert(nsg);
    }
    listed
}
