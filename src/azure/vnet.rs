//! Virtual networks with their subnets and peerings.
//!
//! Sources: <https://learn.microsoft.com/rest/api/virtualnetwork/virtual-networks/get> and
//! <https://learn.microsoft.com/rest/api/virtualnetwork/virtual-network-peerings/get>.

use compact_str::CompactString;

use super::reader::{AddressSpace, Prefixes, Reader, Reference};
use super::resource::{Origin, RawResource};
use super::shape::{Given, List, Text, shape};
use super::{Place, ResourceId};

/// A virtual network.
#[derive(Debug, Clone, PartialEq)]
pub struct Vnet {
    /// ARM id.
    pub id: ResourceId,
    /// Where it stands; where only children of it were read, the first of those.
    pub place: Place,
    /// Whether the virtual network itself was read, or only subnets or peerings of it.
    pub seen: bool,
    /// Region, lower case without spaces.
    pub location: Option<CompactString>,
    /// Tags, in the input's order.
    pub tags: Box<[(CompactString, CompactString)]>,
    /// `addressSpace`.
    pub address_space: Prefixes,
    /// Its subnets.
    pub subnets: Vec<Subnet>,
    /// Whether the property `subnets` is there and every entry of it could be read: then the list is whole.
    pub subnets_given: bool,
    /// Its peering objects.
    pub peerings: Vec<Peering>,
    /// Whether the property `virtualNetworkPeerings` is there and every entry could be read: then the list is whole.
    pub peerings_given: bool,
}

/// A subnet.
#[derive(Debug, Clone, PartialEq)]
pub struct Subnet {
    /// Name.
    pub name: CompactString,
    /// Where it stands.
    pub origin: Origin,
    /// The union of `addressPrefix` and `addressPrefixes`.
    pub prefixes: Prefixes,
    /// `networkSecurityGroup`.
    pub nsg: Option<ResourceId>,
    /// Whether `networkSecurityGroup` is there and cannot be understood.
    pub odd_nsg: bool,
    /// `routeTable`.
    pub route_table: Option<ResourceId>,
    /// Whether `routeTable` is there and cannot be understood.
    pub odd_route_table: bool,
    /// Services of its delegations.
    pub delegations: Box<[CompactString]>,
}

/// One object of a peering.
#[derive(Debug, Clone, PartialEq)]
pub struct Peering {
    /// Name.
    pub name: CompactString,
    /// Where it stands.
    pub origin: Origin,
    /// `remoteVirtualNetwork`.
    pub remote: Option<ResourceId>,
    /// `peeringState`.
    pub state: Option<PeeringState>,
    /// `peeringSyncLevel`.
    pub sync_level: Option<CompactString>,
    /// `allowVirtualNetworkAccess`.
    pub allow_virtual_network_access: Option<bool>,
    /// `allowForwardedTraffic`: what this side accepts from the other.
    pub allow_forwarded_traffic: Option<bool>,
    /// `allowGatewayTransit`.
    pub allow_gateway_transit: Option<bool>,
    /// `useRemoteGateways`.
    pub use_remote_gateways: Option<bool>,
    /// `doNotVerifyRemoteGateways`.
    pub do_not_verify_remote_gateways: Option<bool>,
    /// `peerCompleteVnets`; false means that named subnets are peered.
    pub complete_vnets: Option<bool>,
    /// `enableOnlyIPv6Peering`.
    pub only_ipv6: Option<bool>,
    /// `localSubnetNames`.
    pub local_subnets: Box<[CompactString]>,
    /// `remoteSubnetNames`.
    pub remote_subnets: Box<[CompactString]>,
    /// `remoteAddressSpace`: the other side's prefixes as of the last synchronisation.
    pub recorded: Prefixes,
    /// `remoteVirtualNetworkAddressSpace`: the other side's prefixes as Azure knows them now.
    pub current: Prefixes,
}

/// `peeringState`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PeeringState {
    /// One object exists.
    Initiated,
    /// Both exist.
    Connected,
    /// The other object was deleted.
    Disconnected,
    /// Not documented.
    Other(CompactString),
}

impl PeeringState {
    fn read(text: &str) -> Self {
        let known = |word: &str| text.eq_ignore_ascii_case(word);
        match text {
            _ if known("Initiated") => Self::Initiated,
            _ if known("Connected") => Self::Connected,
            _ if known("Disconnected") => Self::Disconnected,
            other => Self::Other(other.into()),
        }
    }

    /// As Azure writes it.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Initiated => "Initiated",
            Self::Connected => "Connected",
            Self::Disconnected => "Disconnected",
            Self::Other(text) => text,
        }
    }
}

shape! {
    RawSubnet<'a> {
        id: Text<'a> = "id";
        name: Text<'a> = "name";
        prefix: Text<'a> = "addressPrefix";
        prefixes: List<Text<'a>> = "addressPrefixes";
        nsg: Reference<'a> = "networkSecurityGroup";
        route_table: Reference<'a> = "routeTable";
        delegations: List<RawDelegation<'a>> = "delegations";
    }
}

shape! {
    RawDelegation<'a> {
        service: Text<'a> = "serviceName";
    }
}

shape! {
    RawPeering<'a> {
        id: Text<'a> = "id";
        name: Text<'a> = "name";
        remote: Reference<'a> = "remoteVirtualNetwork";
        state: Text<'a> = "peeringState";
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
    }
}

impl Vnet {
    pub(super) fn read(id: ResourceId, place: Place, raw: RawResource<'_>, reader: &mut Reader) -> Self {
        let location = reader.text("location", raw.location).map(|text| region(&text));
        let tags = tags(reader, raw.tags);
        let address_space = reader.address_space("properties/addressSpace", raw.address_space);
        let listed = raw.subnets.value().map(Vec::len);
        let subnets = reader.list("properties/subnets", "a subnet", raw.subnets).unwrap_or_default();
        let subnets = subnets
            .into_iter()
            .filter_map(|(index, raw)| {
                reader.inside(format_args!("/properties/subnets/{index}"), |reader| {
                    Subnet::read(Origin::Embedded(index), raw, reader)
                })
            })
            .collect::<Vec<_>>();
        let subnets_given = listed == Some(subnets.len());
        let listed = raw.peerings.value().map(Vec::len);
        let peerings = reader.list("properties/virtualNetworkPeerings", "a peering", raw.peerings).unwrap_or_default();
        let peerings = peerings
            .into_iter()
            .filter_map(|(index, raw)| {
                reader.inside(format_args!("/properties/virtualNetworkPeerings/{index}"), |reader| {
                    Peering::read(Origin::Embedded(index), raw, reader)
                })
            })
            .collect::<Vec<_>>();
        let peerings_given = listed == Some(peerings.len());
        Self { id, place, seen: true, location, tags, address_space, subnets, subnets_given, peerings, peerings_given }
    }

    /// A virtual network of which only a child that stands at `place` was read.
    pub fn unseen(id: ResourceId, place: Place) -> Self {
        Self {
            id,
            place,
            seen: false,
            location: None,
            tags: Box::default(),
            address_space: Prefixes::default(),
            subnets: Vec::new(),
            subnets_given: false,
            peerings: Vec::new(),
            peerings_given: false,
        }
    }

    /// ARM id of one of its subnets.
    pub fn subnet_id(&self, subnet: &Subnet) -> ResourceId {
        self.id.child("subnets", &subnet.name)
    }

    /// ARM id of one of its peering objects.
    pub fn peering_id(&self, peering: &Peering) -> ResourceId {
        self.id.child("virtualNetworkPeerings", &peering.name)
    }
}

/// A child's name: its own `name`, else the last segment of its id.
fn child_name(reader: &mut Reader, name: Given<Text<'_>>, id: Given<Text<'_>>) -> Option<CompactString> {
    let name = reader.text("name", name).or_else(|| {
        let id = reader.text("id", id)?;
        Some(ResourceId::new(&id).name().into())
    });
    if name.as_ref().is_none_or(CompactString::is_empty) {
        reader.odd("name", "an entry has neither a name nor an id, and is left out".to_owned());
        return None;
    }
    name
}

impl Subnet {
    pub(super) fn read(origin: Origin, raw: RawSubnet<'_>, reader: &mut Reader) -> Option<Self> {
        let name = child_name(reader, raw.name, raw.id)?;
        reader.properties(raw.odd_properties);
        let mut prefixes = reader.prefixes("properties/addressPrefixes", raw.prefixes);
        if let Some(text) = reader.take("properties/addressPrefix", "an address prefix", raw.prefix) {
            match super::reader::prefix(&text) {
                Some(net) if prefixes.nets.contains(&net) => {}
                Some(net) => prefixes.nets = prefixes.nets.iter().copied().chain([net]).collect(),
                None => {
                    reader.odd("properties/addressPrefix", format!("`{text}` is no address prefix"));
                    prefixes.odd = prefixes.odd.iter().cloned().chain([text.into()]).collect();
                }
            }
            prefixes.given = true;
        }
        let given = (!matches!(raw.nsg, Given::Absent), !matches!(raw.route_table, Given::Absent));
        let nsg = reader.reference("properties/networkSecurityGroup", raw.nsg);
        let route_table = reader.reference("properties/routeTable", raw.route_table);
        let (odd_nsg, odd_route_table) = (given.0 && nsg.is_none(), given.1 && route_table.is_none());
        let delegations = reader.list("properties/delegations", "a delegation", raw.delegations).unwrap_or_default();
        let delegations =
            delegations.into_iter().filter_map(|(_, d)| d.service.into_value()).map(CompactString::from).collect();
        Some(Self { name, origin, prefixes, nsg, odd_nsg, route_table, odd_route_table, delegations })
    }
}

impl Peering {
    pub(super) fn read(origin: Origin, raw: RawPeering<'_>, reader: &mut Reader) -> Option<Self> {
        let name = child_name(reader, raw.name, raw.id)?;
        reader.properties(raw.odd_properties);
        let remote = reader.reference("properties/remoteVirtualNetwork", raw.remote);
        if remote.is_none() {
            reader.odd("properties/remoteVirtualNetwork", format!("peering `{name}` does not say what it peers with"));
        }
        let state = reader.text("properties/peeringState", raw.state).map(|text| PeeringState::read(&text));
        match &state {
            Some(PeeringState::Other(text)) => {
                reader.odd("properties/peeringState", format!("`{text}` is no peering state that Azure documents"));
            }
            None => reader.odd("properties/peeringState", format!("peering `{name}` does not say its state")),
            _ => {}
        }
        Some(Self {
            name,
            origin,
            remote,
            state,
            sync_level: reader.text("properties/peeringSyncLevel", raw.sync_level),
            allow_virtual_network_access: reader
                .flag("properties/allowVirtualNetworkAccess", raw.allow_virtual_network_access),
            allow_forwarded_traffic: reader.flag("properties/allowForwardedTraffic", raw.allow_forwarded_traffic),
            allow_gateway_transit: reader.flag("properties/allowGatewayTransit", raw.allow_gateway_transit),
            use_remote_gateways: reader.flag("properties/useRemoteGateways", raw.use_remote_gateways),
            do_not_verify_remote_gateways: reader
                .flag("properties/doNotVerifyRemoteGateways", raw.do_not_verify_remote_gateways),
            complete_vnets: reader.flag("properties/peerCompleteVnets", raw.complete_vnets),
            only_ipv6: reader.flag("properties/enableOnlyIPv6Peering", raw.only_ipv6),
            local_subnets: reader.texts("properties/localSubnetNames", raw.local_subnets),
            remote_subnets: reader.texts("properties/remoteSubnetNames", raw.remote_subnets),
            recorded: reader.address_space("properties/remoteAddressSpace", raw.recorded),
            current: reader.address_space("properties/remoteVirtualNetworkAddressSpace", raw.current),
        })
    }
}

/// A region as one spelling: `West Europe` and `westeurope` are one.
pub(super) fn region(text: &str) -> CompactString {
    text.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_ascii_lowercase()).collect()
}

/// Tags with string values.
pub(super) fn tags(
    reader: &mut Reader,
    given: Given<super::shape::Table<'_>>,
) -> Box<[(CompactString, CompactString)]> {
    let table = reader.take("tags", "an object", given).unwrap_or_default();
    let mut tags = Vec::with_capacity(table.0.len());
    for (name, value) in table.0 {
        match value {
            Given::Value(value) => tags.push((name.into(), value.into())),
            Given::Absent => tags.push((name.into(), CompactString::default())),
            Given::Odd(found) => reader.odd("tags", format!("tag `{name}` is {found}, where a string is expected")),
        }
    }
    tags.into()
}
