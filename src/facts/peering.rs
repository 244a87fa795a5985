//! Subjects `peering` (a link: both objects of a peering joined) and `peering_side` (one object of it).

use ipnet::IpNet;
use schemars::JsonSchema;
use serde::Serialize;

use super::{ChildId, Context, EnvironmentKind, Later, Nets, Vnet};
use crate::azure::{self, PeeringState, Prefixes, ResourceId};
use crate::config::{Orientation, Party};
use crate::estate::{self, End, Far, VnetIndex};
use crate::finding::RuleId;
use crate::network::PrefixSet;

/// One link between two virtual networks: the subject `peering`.
#[derive(Serialize, JsonSchema)]
pub struct Link<'a> {
    /// ARM id of the local side's peering object.
    pub id: ChildId<'a>,
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
    /// Whether every object that was read says `FullyInSync`, and `in_sync` is true; for selectors.
    pub settled: bool,
    /// Whether both objects have the same `allowVirtualNetworkAccess`; null where one is not known. For selectors.
    pub access_agrees: Option<bool>,
    /// The side whose ARM id sorts first, or the only one that has an object.
    pub local: Side<'a>,
    /// The other side.
    pub remote: Side<'a>,
    /// Approvals of the configuration that match this link, whatever their rule, expired ones too.
    pub approvals: Later<'a, Sides<'a>, Vec<Approval<'a>>>,
}

/// One peering object with the other side in view: the subject `peering_side`.
///
/// `local` is the virtual network that holds the object: the *receiving* side of its flags.
#[derive(Serialize, JsonSchema)]
pub struct LinkSide<'a> {
    /// ARM id of the peering object.
    pub id: ChildId<'a>,
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
    /// `off` where this object does not use remote gateways, `works` where all that it needs is there, else `open`;
    /// for selectors.
    pub gateway_transit: &'static str,
    /// Whether this side is a spoke or shared network and the other side a hub; for selectors.
    pub hub_and_spoke: bool,
    /// Whether the other side holds a forwarder; null where it is not known. For selectors.
    pub remote_forwards: Option<bool>,
    /// The side that holds the object.
    pub local: Side<'a>,
    /// The other side.
    pub remote: Side<'a>,
    /// Approvals of the configuration whose `local` is this receiver and whose `remote` is the other side,
    /// whatever their rule, expired ones too.
    pub approvals: Later<'a, Sides<'a>, Vec<Approval<'a>>>,
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
    pub address_space: Option<Nets<'a>>,
    /// How what this side has recorded of the other differs from what the other holds; null where the
    /// other side was not read or this side has no object.
    pub drift: Later<'a, Ends, Option<Drift>>,
    /// What this virtual network holds that could forward packets.
    pub forwarders: &'a Forwarders,
    /// Gateways in this virtual network.
    pub gateway: &'a Gateway,
}

/// A peering object's properties; a property that is absent or odd is null.
#[derive(Serialize, JsonSchema)]
pub struct Object<'a> {
    /// ARM id.
    pub id: ChildId<'a>,
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
    pub recorded_remote_space: Option<Nets<'a>>,
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

/// What a fact about one side needs: its virtual network, its object, and the other side.
#[derive(Debug, Clone, Copy)]
pub struct Ends {
    vnet: VnetIndex,
    end: Option<End>,
    other: VnetIndex,
}

/// What approvals are matched against: the two sides and how their order counts.
#[derive(Debug, Clone, Copy)]
pub struct Sides<'a> {
    local: &'a ResourceId,
    remote: &'a ResourceId,
    orientation: Orientation,
}

impl<'a> Link<'a> {
    /// The facts of one link.
    pub fn of(context: &'a Context<'a>, link: &'a estate::Link) -> Self {
        let local = link.local.vnet;
        let remote = link.remote.vnet();
        let (vnet, peering) = context.estate.peering(link.local);
        let (near, far) = (context.estate.node(local), context.estate.node(remote));
        let objects =
            || [Some(link.local), link.remote.end()].into_iter().flatten().map(|e| context.estate.peering(e).1);
        let local = Side::of(context, Ends { vnet: local, end: Some(link.local), other: remote });
        let remote = Side::of(context, Ends { vnet: remote, end: link.remote.end(), other: link.local.vnet });
        let in_sync = in_sync(context, link);
        Self {
            id: peering_id(vnet, peering),
            state: link.state,
            reverse: reverse(link),
            remote_vnet: link.remote_vnet,
            scope: if objects().any(|p| p.complete_vnets == Some(false)) {
                LinkScope::Subnets
            } else {
                LinkScope::Vnets
            },
            ipv6_only: objects().any(|p| p.only_ipv6 == Some(true)),
            roles: role_pair(near.role.value, far.role.value),
            environments: environment_pair(near.environment.kind, far.environment.kind),
            same_tenant: near.tenant.as_ref().zip(far.tenant.as_ref()).map(|(a, b)| a == b),
            same_region: local.vnet.location.zip(remote.vnet.location).map(|(a, b)| a == b),
            gateway_transit: objects().any(|p| p.use_remote_gateways == Some(true)),
            in_sync,
            settled: in_sync == Some(true)
                && objects().all(|p| p.sync_level.as_deref().is_some_and(|level| level == "FullyInSync")),
            access_agrees: access_agrees(context, link),
            local,
            remote,
            approvals: approvals(context, &near.id, &far.id, Orientation::EitherWay),
        }
    }
}

impl<'a> LinkSide<'a> {
    /// The facts of one object of a link.
    pub fn of(context: &'a Context<'a>, link: &'a estate::Link, end: End) -> Self {
        let (vnet, peering) = context.estate.peering(end);
        let (other_end, other) = if end == link.local {
            (link.remote.end(), link.remote.vnet())
        } else {
            (Some(link.local), link.local.vnet)
        };
        let (near, far) = (context.estate.node(end.vnet), context.estate.node(other));
        let from_local = end == link.local;
        Self {
            id: peering_id(vnet, peering),
            state: link.state,
            reverse: if from_local { reverse(link) } else { Presence::Seen },
            remote_vnet: if from_local { link.remote_vnet } else { Presence::Seen },
            allow_forwarded_traffic: peering.allow_forwarded_traffic,
            use_remote_gateways: peering.use_remote_gateways,
            gateway_transit: transit(context, peering, end.vnet, other, other_end),
            hub_and_spoke: matches!(near.role.value, Some("spoke" | "shared")) && far.role.value == Some("hub"),
            remote_forwards: match (&far.carriers.forwarders.found[..], far.carriers.forwarders.complete) {
                ([], true) => Some(false),
                ([], false) => None,
                _ => Some(true),
            },
            local: Side::of(context, Ends { vnet: end.vnet, end: Some(end), other }),
            remote: Side::of(context, Ends { vnet: other, end: other_end, other: end.vnet }),
            approvals: approvals(context, &near.id, &far.id, Orientation::ReceiverFirst),
        }
    }
}

fn peering_id<'a>(vnet: &'a azure::Vnet, peering: &'a azure::Peering) -> ChildId<'a> {
    ChildId { parent: vnet.id.as_str(), kind: "virtualNetworkPeerings", name: &peering.name }
}

fn reverse(link: &estate::Link) -> Presence {
    match (link.remote, link.remote_vnet) {
        (Far::Seen(_), _) => Presence::Seen,
        (Far::Missing(_), _) => Presence::Gone,
        (Far::NotVisible(_), special @ (Presence::VirtualHub | Presence::Classic)) => special,
        (Far::NotVisible(_), _) => Presence::NotVisible,
    }
}

impl<'a> Side<'a> {
    fn of(context: &'a Context<'a>, ends: Ends) -> Self {
        let node = context.estate.node(ends.vnet);
        let space = context.estate.vnet(ends.vnet).map(|vnet| &vnet.address_space);
        Self {
            vnet: context.vnet_facts(ends.vnet),
            peering: ends.end.map(|end| Object::of(context, end)),
            address_space: space.and_then(Prefixes::whole).map(Nets),
            drift: Later::new(context, ends, drift),
            forwarders: &node.carriers.forwarders,
            gateway: &node.carriers.gateway,
        }
    }
}

impl<'a> Object<'a> {
    fn of(context: &'a Context<'a>, end: End) -> Self {
        let (vnet, peering) = context.estate.peering(end);
        Self {
            id: peering_id(vnet, peering),
            name: &peering.name,
            state: peering.state.as_ref().map(PeeringState::as_str),
            sync_level: peering.sync_level.as_deref(),
            allow_virtual_network_access: peering.allow_virtual_network_access,
            allow_forwarded_traffic: peering.allow_forwarded_traffic,
            allow_gateway_transit: peering.allow_gateway_transit,
            use_remote_gateways: peering.use_remote_gateways,
            do_not_verify_remote_gateways: peering.do_not_verify_remote_gateways,
            recorded_remote_space: peering.recorded.whole().map(Nets),
        }
    }
}

/// The prefixes that an object ought to have recorded: those of the subnets that are peered, or all.
fn expected(context: &Context<'_>, own: &azure::Peering, other: VnetIndex) -> Option<PrefixSet> {
    let vnet = context.estate.vnet(other).filter(|vnet| vnet.seen);
    let nets: Vec<IpNet> = if own.complete_vnets == Some(false) {
        // An object of a subnet peering records the named subnets alone (observed).
        let vnet = vnet.filter(|vnet| vnet.subnets_given)?;
        let mut nets = Vec::new();
        for name in &own.remote_subnets {
            let subnet = vnet.subnets.iter().find(|subnet| subnet.name.eq_ignore_ascii_case(name))?;
            nets.extend(subnet.prefixes.whole()?);
        }
        nets
    } else if let Some(vnet) = vnet {
        vnet.address_space.whole()?.to_vec()
    } else {
        // The object itself carries what Azure knows of the other side now.
        own.current.whole()?.to_vec()
    };
    let only_ipv6 = own.only_ipv6 == Some(true);
    Some(nets.into_iter().filter(|net| !only_ipv6 || matches!(net, IpNet::V6(_))).collect())
}

fn drift(context: &Context<'_>, ends: Ends) -> Option<Drift> {
    let (_, own) = context.estate.peering(ends.end?);
    let recorded = own.recorded.whole()?.iter().copied().collect::<PrefixSet>();
    let expected = expected(context, own, ends.other)?;
    let text = |set: PrefixSet| set.prefixes().iter().map(ToString::to_string).collect();
    Some(Drift { without_route: text(expected.difference(&recorded)), stale: text(recorded.difference(&expected)) })
}

fn access_agrees(context: &Context<'_>, link: &estate::Link) -> Option<bool> {
    let (_, near) = context.estate.peering(link.local);
    let (_, far) = context.estate.peering(link.remote.end()?);
    near.allow_virtual_network_access.zip(far.allow_virtual_network_access).map(|(near, far)| near == far)
}

/// Gateway transit works when both objects agree, the other side has a gateway, and this one has none
/// (<https://learn.microsoft.com/azure/vpn-gateway/vpn-gateway-peering-gateway-transit>).
fn transit(
    context: &Context<'_>,
    own: &azure::Peering,
    near: VnetIndex,
    far: VnetIndex,
    far_end: Option<End>,
) -> &'static str {
    if own.use_remote_gateways == Some(false) {
        return "off";
    }
    let gateway = |vnet: VnetIndex| context.estate.node(vnet).carriers.gateway.present;
    let offered = far_end.and_then(|end| context.estate.peering(end).1.allow_gateway_transit);
    let works = own.use_remote_gateways == Some(true)
        && offered == Some(true)
        && gateway(far) == Some(true)
        && gateway(near) == Some(false);
    if works { "works" } else { "open" }
}

fn in_sync(context: &Context<'_>, link: &estate::Link) -> Option<bool> {
    let side = |end: End, other: VnetIndex| {
        let (_, own) = context.estate.peering(end);
        let recorded = own.recorded.whole()?;
        // Nearly always the lists are the same, letter for letter.
        let whole = own.complete_vnets != Some(false) && own.only_ipv6 != Some(true);
        let current =
            context.estate.vnet(other).filter(|vnet| vnet.seen && whole).and_then(|v| v.address_space.whole());
        if current == Some(recorded) {
            return Some(true);
        }
        Some(recorded.iter().copied().collect::<PrefixSet>() == expected(context, own, other)?)
    };
    let near = side(link.local, link.remote.vnet());
    let far = link.remote.end().map_or(Some(true), |end| side(end, link.local.vnet));
    match (near, far) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        _ => None,
    }
}

fn approvals<'a>(
    context: &'a Context<'a>,
    local: &'a ResourceId,
    remote: &'a ResourceId,
    orientation: Orientation,
) -> Later<'a, Sides<'a>, Vec<Approval<'a>>> {
    Later::new(context, Sides { local, remote, orientation }, |context, sides| {
        let party = |id: &'a ResourceId| Party { id: id.as_str(), name: id.name() };
        let (local, remote) = (party(sides.local), party(sides.remote));
        let approvals = context.config.approvals.iter();
        let matching = approvals.filter(|approval| approval.covers_link(&local, &remote, sides.orientation));
        matching
            .map(|approval| Approval {
                id: &approval.id,
                rules: context.rules.iter().filter(|rule| approval.covers_rule(rule)).map(RuleId::as_str).collect(),
                in_force: context.as_of.is_some_and(|day| approval.in_force_on(day)),
                expires: approval.expires.to_string(),
            })
            .collect()
    })
}

/// Two roles, sorted and joined.
fn role_pair(a: Option<&'static str>, b: Option<&'static str>) -> &'static str {
    const PAIRS: [[&str; 4]; 4] = [
        ["hub+hub", "hub+shared", "hub+spoke", "hub+unknown"],
        ["", "shared+shared", "shared+spoke", "shared+unknown"],
        ["", "", "spoke+spoke", "spoke+unknown"],
        ["", "", "", "unknown+unknown"],
    ];
    let rank = |role: Option<&str>| match role {
        Some("hub") => 0,
        Some("shared") => 1,
        Some("spoke") => 2,
        _ => 3,
    };
    PAIRS[rank(a).min(rank(b))][rank(a).max(rank(b))]
}

/// Two environment kinds, sorted and joined.
fn environment_pair(a: Option<EnvironmentKind>, b: Option<EnvironmentKind>) -> &'static str {
    const PAIRS: [[&str; 4]; 4] = [
        [
            "non_production+non_production",
            "non_production+production",
            "non_production+shared",
            "non_production+unknown",
        ],
        ["", "production+production", "production+shared", "production+unknown"],
        ["", "", "shared+shared", "shared+unknown"],
        ["", "", "", "unknown+unknown"],
    ];
    let rank = |kind: Option<EnvironmentKind>| match kind {
        Some(EnvironmentKind::NonProduction) => 0,
        Some(EnvironmentKind::Production) => 1,
        Some(EnvironmentKind::Shared) => 2,
        None => 3,
    };
    PAIRS[rank(a).min(rank(b))][rank(a).max(rank(b))]
}
