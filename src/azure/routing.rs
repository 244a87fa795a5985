//! Route tables, gateways, connections, appliances and virtual hubs: what carries packets between networks.
//!
//! Sources: the `Microsoft.Network` REST reference, <https://learn.microsoft.com/rest/api/virtualnetwork/>,
//! <https://learn.microsoft.com/rest/api/network-gateway/>, <https://learn.microsoft.com/rest/api/virtualwan/>.

use std::net::IpAddr;

use compact_str::CompactString;

use super::reader::{Prefixes, Reader, Reference};
use super::resource::RawResource;
use super::shape::{Text, shape};
use super::{Place, ResourceId};

/// A route table.
#[derive(Debug, Clone, PartialEq)]
pub struct RouteTable {
    /// ARM id.
    pub id: ResourceId,
    /// Where it stands.
    pub place: Place,
    /// Its user-defined routes; `None` where the property is missing.
    pub routes: Option<Box<[Route]>>,
}

/// A user-defined route.
#[derive(Debug, Clone, PartialEq)]
pub struct Route {
    /// Name.
    pub name: CompactString,
    /// Position in the table.
    pub index: u32,
    /// `addressPrefix`: a prefix or a service tag, as written.
    pub prefix: CompactString,
    /// `nextHopType`, as written.
    pub next_hop_type: CompactString,
    /// `nextHopIpAddress`, as written.
    pub next_hop: Option<CompactString>,
}

impl Route {
    /// Whether packets go to an appliance.
    pub fn is_appliance(&self) -> bool {
        self.next_hop_type.eq_ignore_ascii_case("VirtualAppliance")
            || self.next_hop_type.eq_ignore_ascii_case("VirtualApplianceEcmp")
    }
}

/// A virtual network gateway.
#[derive(Debug, Clone, PartialEq)]
pub struct Gateway {
    /// ARM id.
    pub id: ResourceId,
    /// Where it stands.
    pub place: Place,
    /// `gatewayType`: `Vpn` or `ExpressRoute`, as written.
    pub kind: Option<CompactString>,
    /// Subnets of its IP configurations: always a `GatewaySubnet`, which tells the virtual network.
    pub subnets: Box<[ResourceId]>,
    /// Address pool of point-to-site clients.
    pub client_pool: Prefixes,
}

/// A connection of a virtual network gateway.
#[derive(Debug, Clone, PartialEq)]
pub struct Connection {
    /// ARM id.
    pub id: ResourceId,
    /// Where it stands.
    pub place: Place,
    /// `connectionType`: `IPsec`, `Vnet2Vnet`, `ExpressRoute`, as written.
    pub kind: Option<CompactString>,
    /// `virtualNetworkGateway1`.
    pub gateway: Option<ResourceId>,
    /// `virtualNetworkGateway2`.
    pub other_gateway: Option<ResourceId>,
    /// `localNetworkGateway2`.
    pub local_gateway: Option<ResourceId>,
    /// `peer`: the ExpressRoute circuit.
    pub circuit: Option<ResourceId>,
    /// `enableBgp`.
    pub bgp: Option<bool>,
}

/// A local network gateway: a site on premises.
#[derive(Debug, Clone, PartialEq)]
pub struct LocalGateway {
    /// ARM id.
    pub id: ResourceId,
    /// Where it stands.
    pub place: Place,
    /// `localNetworkAddressSpace`.
    pub prefixes: Prefixes,
}

/// An Azure Firewall.
#[derive(Debug, Clone, PartialEq)]
pub struct Firewall {
    /// ARM id.
    pub id: ResourceId,
    /// Where it stands.
    pub place: Place,
    /// Subnets of its IP configurations.
    pub subnets: Box<[ResourceId]>,
    /// Its private addresses.
    pub addresses: Box<[IpAddr]>,
}

/// A network interface.
#[derive(Debug, Clone, PartialEq)]
pub struct Interface {
    /// ARM id.
    pub id: ResourceId,
    /// Where it stands.
    pub place: Place,
    /// `enableIPForwarding`.
    pub ip_forwarding: Option<bool>,
    /// Subnets of its IP configurations.
    pub subnets: Box<[ResourceId]>,
    /// `networkSecurityGroup`.
    pub nsg: Option<ResourceId>,
}

/// A virtual WAN hub, or a Route Server, which ARM models as a hub without a virtual WAN.
#[derive(Debug, Clone, PartialEq)]
pub struct VirtualHub {
    /// ARM id.
    pub id: ResourceId,
    /// Where it stands.
    pub place: Place,
    /// `virtualWan`; a Route Server has none.
    pub virtual_wan: Option<ResourceId>,
    /// Subnets of its IP configurations: a Route Server's `RouteServerSubnet`.
    pub subnets: Box<[ResourceId]>,
    /// `addressPrefix`.
    pub prefix: Option<CompactString>,
}

/// A virtual network's connection to a virtual WAN hub.
#[derive(Debug, Clone, PartialEq)]
pub struct HubConnection {
    /// ARM id; its parent is the hub.
    pub id: ResourceId,
    /// Where it stands.
    pub place: Place,
    /// `remoteVirtualNetwork`: the connected virtual network.
    pub vnet: Option<ResourceId>,
}

shape! {
    RawRoute<'a> {
        name: Text<'a> = "name";
        prefix: Text<'a> = "addressPrefix";
        next_hop_type: Text<'a> = "nextHopType";
        next_hop: Text<'a> = "nextHopIpAddress";
    }
}

shape! {
    RawIpConfiguration<'a> {
        subnet: Reference<'a> = "subnet";
        address: Text<'a> = "privateIPAddress" | "privateIpAddress";
    }
}

shape! {
    RawClientConfiguration<'a> {
        pool: super::reader::AddressSpace<'a> = "vpnClientAddressPool";
    }
}

shape! {
    RawHubAddresses<'a> {
        address: Text<'a> = "privateIPAddress" | "privateIpAddress";
    }
}

impl RouteTable {
    pub(super) fn read(id: ResourceId, place: Place, raw: RawResource<'_>, reader: &mut Reader) -> Self {
        let routes = reader.list("properties/routes", "a route", raw.routes).map(|list| {
            list.into_iter()
                .map(|(index, raw)| {
                    reader.inside(format_args!("/properties/routes/{index}"), |reader| {
                        let prefix = reader.text("properties/addressPrefix", raw.prefix).unwrap_or_default();
                        if prefix.is_empty() {
                            reader.odd("properties/addressPrefix", "a route has no address prefix".to_owned());
                        }
                        Route {
                            name: reader.text("name", raw.name).unwrap_or_default(),
                            index,
                            prefix,
                            next_hop_type: reader.text("properties/nextHopType", raw.next_hop_type).unwrap_or_default(),
                            next_hop: reader.text("properties/nextHopIpAddress", raw.next_hop),
                        }
                    })
                })
                .collect()
        });
        Self { id, place, routes }
    }
}

/// Subnets and private addresses of IP configurations.
fn ip_configurations(
    reader: &mut Reader,
    given: super::shape::Given<super::shape::List<RawIpConfiguration<'_>>>,
) -> (Box<[ResourceId]>, Vec<IpAddr>) {
    let mut subnets: Vec<ResourceId> = Vec::new();
    let mut addresses = Vec::new();
    for (_, configuration) in
        reader.list("properties/ipConfigurations", "an IP configuration", given).unwrap_or_default()
    {
        if let Some(id) = configuration.subnet.into_value().and_then(|subnet| subnet.id.into_value()) {
            let id = ResourceId::new(&id);
            if !subnets.contains(&id) {
                subnets.push(id);
            }
        }
        addresses.extend(reader.address("properties/ipConfigurations", configuration.address));
    }
    (subnets.into(), addresses)
}

impl Gateway {
    pub(super) fn read(id: ResourceId, place: Place, raw: RawResource<'_>, reader: &mut Reader) -> Self {
        let kind = reader.text("properties/gatewayType", raw.gateway_type);
        let (subnets, _) = ip_configurations(reader, raw.ip_configurations);
        let clients =
            reader.take("properties/vpnClientConfiguration", "an object", raw.client_configuration).unwrap_or_default();
        let client_pool = reader.address_space("properties/vpnClientConfiguration/vpnClientAddressPool", clients.pool);
        Self { id, place, kind, subnets, client_pool }
    }
}

impl Connection {
    pub(super) fn read(id: ResourceId, place: Place, raw: RawResource<'_>, reader: &mut Reader) -> Self {
        Self {
            id,
            place,
            kind: reader.text("properties/connectionType", raw.connection_type),
            gateway: reader.reference("properties/virtualNetworkGateway1", raw.gateway1),
            other_gateway: reader.reference("properties/virtualNetworkGateway2", raw.gateway2),
            local_gateway: reader.reference("properties/localNetworkGateway2", raw.local_gateway2),
            circuit: reader.reference("properties/peer", raw.peer),
            bgp: reader.flag("properties/enableBgp", raw.enable_bgp),
        }
    }
}

impl LocalGateway {
    pub(super) fn read(id: ResourceId, place: Place, raw: RawResource<'_>, reader: &mut Reader) -> Self {
        let prefixes = reader.address_space("properties/localNetworkAddressSpace", raw.local_address_space);
        Self { id, place, prefixes }
    }
}

impl Firewall {
    pub(super) fn read(id: ResourceId, place: Place, raw: RawResource<'_>, reader: &mut Reader) -> Self {
        let (subnets, mut addresses) = ip_configurations(reader, raw.ip_configurations);
        if let Some(hub) = reader.take("properties/hubIPAddresses", "an object", raw.hub_addresses) {
            addresses.extend(reader.address("properties/hubIPAddresses/privateIPAddress", hub.address));
        }
        Self { id, place, subnets, addresses: addresses.into() }
    }
}

impl Interface {
    pub(super) fn read(id: ResourceId, place: Place, raw: RawResource<'_>, reader: &mut Reader) -> Self {
        let ip_forwarding = reader.flag("properties/enableIPForwarding", raw.ip_forwarding);
        let (subnets, _) = ip_configurations(reader, raw.ip_configurations);
        let nsg = reader.reference("properties/networkSecurityGroup", raw.nsg);
        Self { id, place, ip_forwarding, subnets, nsg }
    }
}

impl VirtualHub {
    pub(super) fn read(id: ResourceId, place: Place, raw: RawResource<'_>, reader: &mut Reader) -> Self {
        let virtual_wan = reader.reference("properties/virtualWan", raw.virtual_wan);
        let (subnets, _) = ip_configurations(reader, raw.ip_configurations);
        let prefix = reader.text("properties/addressPrefix", raw.address_prefix);
        Self { id, place, virtual_wan, subnets, prefix }
    }
}

impl HubConnection {
    pub(super) fn read(id: ResourceId, place: Place, raw: RawResource<'_>, reader: &mut Reader) -> Self {
        let vnet = reader.reference("properties/remoteVirtualNetwork", raw.remote);
        Self { id, place, vnet }
    }
}
