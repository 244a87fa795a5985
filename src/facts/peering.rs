//! Subjects `peering` (a link: both objects of a peering joined) and `peering_side` (one object of it).

use schemars::JsonSchema;
use serde::Serialize;

use super::Vnet;

/// One link between two virtual networks: the subject `peering`.
#[derive(Serialize, JsonSchema)]
pub struct Link<'a> {
    /// ARM id of the local side's peering object.
    pub id: &'a str,
    /// What the two objects say together.
    pub state: LinkState,
    /// What is known of the object on the remote side.
    pub reverse: Presence,
    /// What is known of the remote virtual network.
    pub remote_vnet: Presence,
    /// Whether whole virtual networks or named subnets are peered.
    pub scope: LinkScope,
    /// Whether IPv6 space alone is exchanged.
    pub ipv6_only: bool,
    /// The roles of both sides, sorted and joined: `hub+spoke`, `spoke+spoke`; `unknown` stands for a role
    /// that is not known.
    pub roles: &'a str,
    /// The environment kinds of both sides, sorted and joined: `non_production+production`; `unknown` stands
    /// for one that is not known.
    pub environments: &'a str,
    /// Whether both sides belong to one tenant; null where a tenant is not known.
    pub same_tenant: Option<bool>,
    /// Whether both sides are in one region; null where a region is not known.
    pub same_region: Option<bool>,
    /// Whether a remote gateway is used, or offered and used, in either direction.
    pub gateway_transit: bool,
    /// Whether the remote prefixes that a side has recorded are the other side's own; null where that side was not read.
    pub in_sync: Option<bool>,
    /// The side whose ARM id sorts first, or the only one that has an object.
    pub local: Side<'a>,
    /// The other side.
    pub remote: Side<'a>,
    /// Approvals of the configuration that match this link, whatever their rule, expired ones too.
    pub approvals: Vec<Approval<'a>>,
}

/// One peering object with the other side in view: the subject `peering_side`.
///
/// `local` is the virtual network that holds the object: the *receiving* side of its flags.
#[derive(Serialize, JsonSchema)]
pub struct LinkSide<'a> {
    /// ARM id of the peering object.
    pub id: &'a str,
    /// What the two objects of the link say together.
    pub state: LinkState,
    /// What is known of the object on the remote side.
    pub reverse: Presence,
    /// What is known of the remote virtual network.
    pub remote_vnet: Presence,
    /// This object's `allowForwardedTraffic`; null where it is not given.
    pub allow_forwarded_traffic: Option<bool>,
    /// This object's `useRemoteGateways`; null where it is not given.
    pub use_remote_gateways: Option<bool>,
    /// The side that holds the object.
    pub local: Side<'a>,
    /// The other side.
    pub remote: Side<'a>,
    /// Approvals of the configuration whose `local` is this receiver and whose `remote` is the other side,
    /// whatever their rule, expired ones too.
    pub approvals: Vec<Approval<'a>>,
}

/// What two peering objects say together.
///
/// Source: <https://learn.microsoft.com/azure/virtual-network/virtual-network-manage-peering>: a peering is
/// established when both objects are `Connected`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LinkState {
    /// Both objects say `Connected`.
    Established,
    /// This object says `Connected`, the far side is not visible: `Connected` proves that it existed when
    /// the state was written.
    AssumedEstablished,
    /// One object `Initiated`, its reverse does not exist.
    OneSided,
    /// One object `Initiated`; whether the reverse exists is not visible.
    Initiated,
    /// An object says `Disconnected`: no traffic either way.
    Disconnected,
    /// The objects contradict each other: `Connected` and no reverse although the list is whole, or
    /// `Initiated` on both.
    Inconsistent,
    /// A state is missing or not one that Azure documents.
    Unknown,
}

/// What the inputs show of something that a peering object names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    /// It is in the inputs.
    Seen,
    /// It does not exist: the list that would hold it was read whole.
    Gone,
    /// It was not read, so nothing follows from its absence.
    NotVisible,
    /// A virtual WAN hub's network, which Microsoft manages and no inventory shows.
    VirtualHub,
    /// A classic virtual network, which has no peering object.
    Classic,
}

/// What is peered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LinkScope {
    /// Whole virtual networks.
    Vnets,
    /// Named subnets (`peerCompleteVnets` is false).
    Subnets,
}

/// One side of a link.
#[derive(Serialize, JsonSchema)]
pub struct Side<'a> {
    /// The virtual network.
    pub vnet: Vnet<'a>,
    /// Its peering object; null where there is none or it was not read.
    pub peering: Option<Object<'a>>,
    /// The virtual network's own address space as it is now; null where it was not read.
    pub address_space: Option<Vec<String>>,
    /// How what this side has recorded of the other differs from what the other holds; null where the
    /// other side was not read or this side has no object.
    pub drift: Option<Drift>,
    /// What this virtual network holds that could forward packets.
    pub forwarders: Forwarders,
    /// Gateways in this virtual network.
    pub gateway: Gateway,
}

/// A peering object's properties; a property that is absent or odd is null.
#[derive(Serialize, JsonSchema)]
pub struct Object<'a> {
    /// ARM id.
    pub id: &'a str,
    /// Name.
    pub name: &'a str,
    /// `peeringState`: `Initiated`, `Connected`, `Disconnected`, or as written.
    pub state: Option<&'a str>,
    /// `peeringSyncLevel`: `FullyInSync`, `RemoteNotInSync`, `LocalNotInSync`, `LocalAndRemoteNotInSync`, or as written.
    pub sync_level: Option<&'a str>,
    /// `allowVirtualNetworkAccess`.
    pub allow_virtual_network_access: Option<bool>,
    /// `allowForwardedTraffic`: this side accepts packets that did not originate in the other side.
    pub allow_forwarded_traffic: Option<bool>,
    /// `allowGatewayTransit`: the other side may use this side's gateway.
    pub allow_gateway_transit: Option<bool>,
    /// `useRemoteGateways`: this side uses the other side's gateway.
    pub use_remote_gateways: Option<bool>,
    /// `doNotVerifyRemoteGateways`.
    pub do_not_verify_remote_gateways: Option<bool>,
    /// `remoteAddressSpace`: the other side's prefixes as of the last synchronisation; null where not given.
    pub recorded_remote_space: Option<Vec<String>>,
}

/// Recorded versus current address space of the other side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Drift {
    /// In the other side's space, not recorded here: no route, unreachable over this peering.
    pub without_route: Vec<String>,
    /// Recorded here, no longer in the other side's space: a route to nothing.
    pub stale: Vec<String>,
}

/// What could forward packets in a virtual network.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Forwarders {
    /// What was found.
    pub found: Vec<Forwarder>,
    /// Whether everything that could be one was read, so that an empty list means none.
    pub complete: bool,
    /// What was not read when not complete, such as `networkInterfaces`.
    pub not_read: Vec<&'static str>,
}

/// Something that forwards packets.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Forwarder {
    /// ARM id; null for an address that the configuration declares.
    pub id: Option<String>,
    /// `azure_firewall`, `network_interface` (IP forwarding on), `route_server`, `virtual_network_gateway` or `declared`.
    pub kind: &'static str,
    /// Name or address.
    pub name: String,
}

/// Gateways in a virtual network.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Gateway {
    /// Whether a gateway or a Route Server is there; null where gateways were not read.
    pub present: Option<bool>,
    /// `Vpn`, `ExpressRoute`, `RouteServer`, each once, sorted.
    pub kinds: Vec<String>,
    /// ARM ids.
    pub ids: Vec<String>,
}

/// An approval of the configuration that matches.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Approval<'a> {
    /// Its id.
    pub id: &'a str,
    /// Ids of the loaded rules that it covers.
    pub rules: Vec<&'a str>,
    /// Whether it is in force on the day that the scan judges by.
    pub in_force: bool,
    /// Its last day, `YYYY-MM-DD`.
    pub expires: String,
}
