//! One element of an export: which type it is, and its typed reading.

use compact_str::CompactString;

use super::nsg::RawRule;
use super::reader::{AddressSpace, Oddity, Reader, Reference};
use super::routing::{RawClientConfiguration, RawHubAddresses, RawIpConfiguration, RawRoute};
use super::shape::{Given, List, Page, Table, Text, shape};
use super::subscription::RawManagementGroup;
use super::vnet::{RawPeering, RawSubnet};
use super::{
    Connection, Firewall, Gateway, HubConnection, Interface, LocalGateway, Nsg, Peering, ResourceId, RouteTable,
    Subnet, Subscription, VirtualHub, Vnet,
};
use crate::finding::{Anchor, FileId};

/// Where a resource stands: its file and the byte at which its JSON object begins.
///
/// Two resources that stand in different places may say the same: places are always equal.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// The input file.
    pub file: FileId,
    /// Byte offset of its opening brace.
    pub offset: u64,
}

impl PartialEq for Place {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Place {
    /// The place of a value inside the resource.
    pub fn anchor(self, pointer: impl Into<String>) -> Anchor {
        Anchor::Json { file: self.file, offset: self.offset, pointer: pointer.into() }
    }
}

/// Where a child resource stands: inside its parent, or on its own.
///
/// As with [`Place`], two origins are always equal.
#[derive(Debug, Clone, Copy)]
pub enum Origin {
    /// At this position of the parent's array.
    Embedded(u32),
    /// As an element of its own.
    Own(Place),
}

impl PartialEq for Origin {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Origin {
    /// The place of a value inside a child whose parent stands at `parent` and keeps it in `array`.
    pub fn anchor(self, parent: Place, array: &str, pointer: &str) -> Anchor {
        match self {
            Self::Embedded(index) => parent.anchor(format!("/properties/{array}/{index}{pointer}")),
            Self::Own(place) => place.anchor(pointer),
        }
    }
}

/// A resource of a type that rules read.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "each variant is named after its type")]
pub enum Resource {
    Vnet(Box<Vnet>),
    Subnet(ResourceId, Place, Box<Subnet>),
    Peering(ResourceId, Place, Box<Peering>),
    Nsg(Nsg),
    RouteTable(RouteTable),
    Gateway(Box<Gateway>),
    Connection(Box<Connection>),
    LocalGateway(LocalGateway),
    Firewall(Firewall),
    Interface(Interface),
    VirtualHub(Box<VirtualHub>),
    HubConnection(HubConnection),
    Subscription(Box<Subscription>),
    /// Counted; no rule reads more of it than that it is there.
    Other(CompactString, ResourceId, Place),
}

/// Types of which a subscription that was read whole has a list, by the stem of its file. Subnets and peerings stand
/// in their virtual networks, and what a network manager holds is listed manager by manager.
pub fn listed_kinds() -> impl Iterator<Item = &'static str> {
    let apart = |kind: &str| kind.starts_with("virtualNetworks.") || kind.starts_with("networkManagers.");
    KINDS.into_iter().filter(move |kind| !apart(kind) && *kind != "subscription")
}

/// What an element of an export turned out to be.
#[derive(Debug)]
pub struct Element {
    /// The type, as file stems name it: `virtualNetworks`.
    pub kind: CompactString,
    /// Its typed reading; `None` for a type that no rule reads.
    pub resource: Option<Resource>,
    /// The tenant that the element itself names (Resource Graph does), lower case.
    pub tenant: Option<CompactString>,
    /// The subscription that it belongs to, lower case.
    pub subscription: Option<CompactString>,
    /// What could not be understood.
    pub oddities: Vec<Oddity>,
}

/// Types that rules read, with the stem of their file in a snapshot. Children follow their parent.
const KINDS: [&str; 27] = [
    "virtualNetworks",
    "virtualNetworks.subnets",
    "virtualNetworks.virtualNetworkPeerings",
    "networkSecurityGroups",
    "routeTables",
    "virtualNetworkGateways",
    "connections",
    "localNetworkGateways",
    "expressRouteCircuits",
    "azureFirewalls",
    "networkInterfaces",
    "publicIPAddresses",
    "applicationSecurityGroups",
    "virtualHubs",
    "virtualHubs.hubVirtualNetworkConnections",
    "networkManagers",
    "networkManagers.connectivityConfigurations",
    "networkManagers.networkGroups",
    "networkManagers.networkGroups.staticMembers",
    "networkManagers.routingConfigurations",
    "networkManagers.routingConfigurations.ruleCollections",
    "networkManagers.routingConfigurations.ruleCollections.rules",
    "networkManagers.scopeConnections",
    "networkManagers.securityAdminConfigurations",
    "networkManagers.securityAdminConfigurations.ruleCollections",
    "networkManagers.securityAdminConfigurations.ruleCollections.rules",
    "subscription",
];

shape! {
    /// Any resource: the properties of every type that rules read, under one roof.
    ///
    /// The type of an element may stand behind its properties, so one pass has to be ready for all of them.
    RawResource<'a> {
        id: Text<'a> = "id";
        name: Text<'a> = "name";
        kind: Text<'a> = "type";
        location: Text<'a> = "location";
        tags: Table<'a> = "tags";
        tenant: Text<'a> = "tenantId";
        subscription: Text<'a> = "subscriptionId";
        address_space: AddressSpace<'a> = "addressSpace";
        subnets: List<RawSubnet<'a>> = "subnets";
        peerings: List<RawPeering<'a>> = "virtualNetworkPeerings";
        security_rules: List<RawRule<'a>> = "securityRules";
        network_interfaces: List<Reference<'a>> = "networkInterfaces";
        routes: List<RawRoute<'a>> = "routes";
        gateway_type: Text<'a> = "gatewayType";
        ip_configurations: List<RawIpConfiguration<'a>> = "ipConfigurations";
        client_configuration: RawClientConfiguration<'a> = "vpnClientConfiguration";
        connection_type: Text<'a> = "connectionType";
        gateway1: Reference<'a> = "virtualNetworkGateway1";
        gateway2: Reference<'a> = "virtualNetworkGateway2";
        local_gateway2: Reference<'a> = "localNetworkGateway2";
        peer: Reference<'a> = "peer";
        enable_bgp: bool = "enableBgp";
        local_address_space: AddressSpace<'a> = "localNetworkAddressSpace";
        hub_addresses: RawHubAddresses<'a> = "hubIPAddresses" | "hubIpAddresses";
        ip_forwarding: bool = "enableIPForwarding" | "enableIpForwarding";
        nsg: Reference<'a> = "networkSecurityGroup";
        virtual_wan: Reference<'a> = "virtualWan";
        address_prefix: Text<'a> = "addressPrefix";
        address_prefixes: List<Text<'a>> = "addressPrefixes";
        route_table: Reference<'a> = "routeTable";
        delegations: List<super::vnet::RawDelegation<'a>> = "delegations";
        remote: Reference<'a> = "remoteVirtualNetwork";
        peering_state: Text<'a> = "peeringState";
        sync_level: Text<'a> = "peeringSyncLevel";
        allow_virtual_network_access: bool = "allowVirtualNetworkAccess";
        allow_forwarded_traffic: bool = "allowForwardedTraffic";
        allow_gateway_transit: bool = "allowGatewayTransit";
        use_remote_gateways: bool = "useRemoteGateways";
        do_not_verify_remote_gateways: bool = "doNotVerifyRemoteGateways";
        complete_vnets: bool = "peerCompleteVnets";
        only_ipv6: bool = "enableOnlyIPv6Peering" | "enableOnlyIpv6Peering";
        local_subnets: List<Text<'a>> = "localSubnetNames";
        remote_subnets: List<Text<'a>> = "remoteSubnetNames";
        recorded: AddressSpace<'a> = "remoteAddressSpace";
        current: AddressSpace<'a> = "remoteVirtualNetworkAddressSpace";
        display_name: Text<'a> = "displayName";
        state: Text<'a> = "state";
        management_groups: List<Text<'a>> = "managementGroups";
        management_chain: List<RawManagementGroup<'a>> = "managementGroupAncestorsChain";
        page: Page<'a> = "value" | "data";
        next_link: Text<'a> = "nextLink" | "$skipToken" | "skip_token";
        total: u64 = "totalRecords" | "total_records";
        powershell_id: Text<'a> = "Id" | "ResourceId";
    }
}

/// What makes an element no resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotAResource {
    /// Neither an ARM id nor a type.
    Unrecognised,
    /// Azure PowerShell's spelling, `Id` and `Properties`.
    PowerShell,
    /// The `id` is there and is no text.
    OddId(&'static str),
}

impl<'a> RawResource<'a> {
    /// The resource's type: from its id, which is more reliable than `type`, else from `type`.
    fn kind(&self, id: &ResourceId) -> Option<CompactString> {
        let text = match id.resource_type() {
            Some(kind) => kind,
            None if self.is_subscription(id) => "subscription".to_owned(),
            None => {
                let kind = self.kind.value()?.to_ascii_lowercase();
                kind.strip_prefix("microsoft.network/").unwrap_or(&kind).to_owned()
            }
        };
        let stem = text.replace('/', ".");
        let known = KINDS.iter().find(|known| known.eq_ignore_ascii_case(&stem));
        Some(known.map_or_else(|| text.clone().into(), |known| CompactString::from(*known)))
    }

    /// `az account list` gives a bare GUID as id; ARM and Resource Graph give `/subscriptions/<guid>`.
    fn is_subscription(&self, id: &ResourceId) -> bool {
        let text = id.as_str();
        let bare_guid = !text.contains('/') && text.len() == 36;
        (bare_guid && self.tenant.value().is_some())
            || (id.subscription().is_some() && text.matches('/').count() == 2)
            || self.kind.value().is_some_and(|kind| kind.eq_ignore_ascii_case("microsoft.resources/subscriptions"))
    }

    /// The typed reading of the element that stands at `place`.
    pub(crate) fn into_element(mut self, place: Place) -> Result<Element, NotAResource> {
        let id = match std::mem::take(&mut self.id) {
            Given::Value(id) if !id.trim().is_empty() => ResourceId::new(&id),
            Given::Odd(found) => return Err(NotAResource::OddId(found)),
            Given::Value(_) | Given::Absent if self.powershell_id.value().is_some() => {
                return Err(NotAResource::PowerShell);
            }
            Given::Value(_) | Given::Absent => return Err(NotAResource::Unrecognised),
        };
        let kind = self.kind(&id).ok_or(NotAResource::Unrecognised)?;
        let mut reader = Reader::new();
        let tenant = self.tenant.value().map(|t| CompactString::from(t.to_ascii_lowercase()));
        let subscription = if kind == "subscription" {
            Some(Subscription::guid(&id).to_ascii_lowercase())
        } else {
            id.subscription().map(str::to_ascii_lowercase)
        };
        reader.properties(self.odd_properties);
        let resource = self.into_resource(&kind, id, place, &mut reader);
        Ok(Element {
            kind,
            resource,
            tenant,
            subscription: subscription.map(CompactString::from),
            oddities: reader.oddities,
        })
    }

    fn into_resource(self, kind: &str, id: ResourceId, place: Place, reader: &mut Reader) -> Option<Resource> {
        Some(match kind {
            "virtualNetworks" => Resource::Vnet(Box::new(Vnet::read(id, place, self, reader))),
            "virtualNetworks.subnets" => {
                let subnet = Subnet::read(Origin::Own(place), self.into_subnet(&id), reader)?;
                Resource::Subnet(id, place, Box::new(subnet))
            }
            "virtualNetworks.virtualNetworkPeerings" => {
                let peering = Peering::read(Origin::Own(place), self.into_peering(&id), reader)?;
                Resource::Peering(id, place, Box::new(peering))
            }
            "networkSecurityGroups" => Resource::Nsg(Nsg::read(id, place, self, reader)),
            "routeTables" => Resource::RouteTable(RouteTable::read(id, place, self, reader)),
            "virtualNetworkGateways" => Resource::Gateway(Box::new(Gateway::read(id, place, self, reader))),
            "connections" => Resource::Connection(Box::new(Connection::read(id, place, self, reader))),
            "localNetworkGateways" => Resource::LocalGateway(LocalGateway::read(id, place, self, reader)),
            "azureFirewalls" => Resource::Firewall(Firewall::read(id, place, self, reader)),
            "networkInterfaces" => Resource::Interface(Interface::read(id, place, self, reader)),
            "virtualHubs" => Resource::VirtualHub(Box::new(VirtualHub::read(id, place, self, reader))),
            "virtualHubs.hubVirtualNetworkConnections" => {
                Resource::HubConnection(HubConnection::read(id, place, self, reader))
            }
            "subscription" => {
                let guid = Subscription::guid(&id).to_owned();
                Resource::Subscription(Box::new(Subscription::read(&guid, place, self, reader)))
            }
            _ if KINDS.contains(&kind) || kind.starts_with("networkmanagers/") => {
                Resource::Other(kind.into(), id, place)
            }
            _ => return None,
        })
    }

    fn into_subnet(self, id: &ResourceId) -> RawSubnet<'a> {
        RawSubnet {
            id: Given::Value(id.as_str().to_owned().into()),
            name: self.name,
            prefix: self.address_prefix,
            prefixes: self.address_prefixes,
            nsg: self.nsg,
            route_table: self.route_table,
            delegations: self.delegations,
            ..RawSubnet::default()
        }
    }

    fn into_peering(self, id: &ResourceId) -> RawPeering<'a> {
        RawPeering {
            id: Given::Value(id.as_str().to_owned().into()),
            name: self.name,
            remote: self.remote,
            state: self.peering_state,
            sync_level: self.sync_level,
            allow_virtual_network_access: self.allow_virtual_network_access,
            allow_forwarded_traffic: self.allow_forwarded_traffic,
            allow_gateway_transit: self.allow_gateway_transit,
            use_remote_gateways: self.use_remote_gateways,
            do_not_verify_remote_gateways: self.do_not_verify_remote_gateways,
            complete_vnets: self.complete_vnets,
            only_ipv6: self.only_ipv6,
            local_subnets: self.local_subnets,
            remote_subnets: self.remote_subnets,
            recorded: self.recorded,
            current: self.current,
            ..RawPeering::default()
        }
    }
}
