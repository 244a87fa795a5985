//! Joins the two objects of every peering, and keeps "missing" apart from "not seen".

use rustc_hash::FxHashMap;

use super::{Carriers, LinkIndex, Node, VnetIndex};
use crate::azure::{Peering, PeeringState, ResourceId};
use crate::facts::peering::{LinkState, Presence};
use crate::facts::{Environment, Role, Status};
use crate::input::Inventory;

/// One peering object, by its virtual network and its position there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct End {
    /// The virtual network that holds it.
    pub vnet: VnetIndex,
    /// Position in its peerings.
    pub position: u32,
}

/// The far side of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Far {
    /// Its object was read.
    Seen(End),
    /// It has no object: the list that would hold it was read whole.
    Missing(VnetIndex),
    /// Whether it has one was not read.
    NotVisible(VnetIndex),
}

impl Far {
    /// The far virtual network.
    pub fn vnet(self) -> VnetIndex {
        match self {
            Self::Seen(end) => end.vnet,
            Self::Missing(vnet) | Self::NotVisible(vnet) => vnet,
        }
    }

    /// The far object.
    pub fn end(self) -> Option<End> {
        match self {
            Self::Seen(end) => Some(end),
            Self::Missing(_) | Self::NotVisible(_) => None,
        }
    }
}

/// A peering with both its sides.
#[derive(Debug, Clone, Copy)]
pub struct Link {
    /// The side whose id sorts first, or the only one with an object.
    pub local: End,
    /// The other side.
    pub remote: Far,
    /// What the inputs show of the remote virtual network.
    pub remote_vnet: Presence,
    /// What the two objects say together.
    pub state: LinkState,
}

impl Link {
    /// Whether traffic may flow: both objects say so, or the only visible one does.
    pub fn is_up(&self) -> bool {
        matches!(self.state, LinkState::Established | LinkState::AssumedEstablished)
    }

    /// The side of a virtual network: its own object, where it has one, and the other side.
    pub fn seen_from(&self, vnet: VnetIndex) -> (Option<End>, VnetIndex) {
        if self.local.vnet == vnet {
            (Some(self.local), self.remote.vnet())
        } else {
            (self.remote.end(), self.local.vnet)
        }
    }
}

/// What a peering that does not say so peers with.
const NAMELESS: &str = "(no remote virtual network)";

/// Every virtual network that was read or that a peering names.
pub(super) fn nodes(inventory: &Inventory) -> (Vec<Node>, FxHashMap<ResourceId, VnetIndex>) {
    let mut by_id = FxHashMap::default();
    by_id.reserve(inventory.vnets.len());
    let mut nodes = Vec::with_capacity(inventory.vnets.len());
    for (vnet, at) in inventory.vnets.iter().zip(0..) {
        by_id.insert(vnet.id.clone(), VnetIndex(at));
        nodes.push(node(inventory, vnet.id.clone(), Some(at)));
    }
    let mut named = inventory
        .vnets
        .iter()
        .flat_map(|vnet| &vnet.peerings)
        .map(remote)
        .filter(|id| !by_id.contains_key(id))
        .map(|id| (id.key(), id))
        .collect::<Vec<_>>();
    named.sort_by(|a, b| (&a.0, a.1.as_str()).cmp(&(&b.0, b.1.as_str())));
    named.dedup_by(|a, b| a.0 == b.0);
    for (_, id) in named {
        let index = VnetIndex(u32::try_from(nodes.len()).expect("fewer than 2^32 virtual networks"));
        by_id.insert(id.clone(), index);
        nodes.push(node(inventory, id, None));
    }
    (nodes, by_id)
}

fn node(inventory: &Inventory, id: ResourceId, vnet: Option<u32>) -> Node {
    let subscription = id.subscription().map(str::to_ascii_lowercase);
    let tenant = subscription.and_then(|s| inventory.tenants.get(s.as_str()).cloned());
    let unclassified = "not classified".to_owned();
    Node {
        id,
        vnet,
        tenant,
        role: Role { value: None, status: Status::Missing, reason: unclassified.clone() },
        environment: Environment { value: None, kind: None, status: Status::Missing, reason: unclassified },
        links: Vec::new(),
        carriers: Carriers::default(),
        hub_connections: Vec::new(),
    }
}

fn remote(peering: &Peering) -> ResourceId {
    peering.remote.clone().unwrap_or_else(|| ResourceId::new(NAMELESS))
}

/// Pairs every object with its reverse.
pub(super) fn join(inventory: &Inventory, nodes: &mut [Node], by_id: &FxHashMap<ResourceId, VnetIndex>) -> Vec<Link> {
    let mut ends = Vec::new();
    for (vnet, at) in inventory.vnets.iter().zip(0..) {
        for (peering, position) in vnet.peerings.iter().zip(0..) {
            ends.push((End { vnet: VnetIndex(at), position }, by_id[&remote(peering)]));
        }
    }
    // Objects of one pair of virtual networks stand together, those of the smaller id first.
    ends.sort_unstable_by_key(|(end, far)| (end.vnet.min(*far), end.vnet.max(*far), *end));
    let managed = managed_by_hubs(inventory, by_id);
    let mut links = Vec::with_capacity(ends.len());
    for pair in ends.chunk_by(|(a, a_far), (b, b_far)| {
        (a.vnet.min(*a_far), a.vnet.max(*a_far)) == (b.vnet.min(*b_far), b.vnet.max(*b_far))
    }) {
        let first = pair[0].0.vnet;
        let (near, back): (Vec<End>, Vec<End>) = pair.iter().map(|(end, _)| *end).partition(|end| end.vnet == first);
        let mut back = back.into_iter();
        for end in near {
            links.push(link(inventory, nodes, &managed, end, pair[0].1, back.next()));
        }
        let other = first;
        links.extend(back.map(|end| link(inventory, nodes, &managed, end, other, None)));
    }
    for (link, at) in links.iter().zip(0..) {
        nodes[link.local.vnet.0 as usize].links.push(LinkIndex(at));
        if link.remote.vnet() != link.local.vnet {
            nodes[link.remote.vnet().0 as usize].links.push(LinkIndex(at));
        }
    }
    for (connection, at) in inventory.hub_connections.iter().zip(0..) {
        if let Some(index) = connection.vnet.as_ref().and_then(|id| by_id.get(id)) {
            nodes[index.0 as usize].hub_connections.push(at);
        }
    }
    links
}

/// Virtual networks that a hub connection names: their peering toward a managed network is the hub's.
fn managed_by_hubs(inventory: &Inventory, by_id: &FxHashMap<ResourceId, VnetIndex>) -> Vec<VnetIndex> {
    let connected = inventory.hub_connections.iter().filter_map(|c| by_id.get(c.vnet.as_ref()?).copied());
    let mut connected = connected.collect::<Vec<_>>();
    connected.sort_unstable();
    connected
}

fn link(
    inventory: &Inventory,
    nodes: &[Node],
    managed: &[VnetIndex],
    local: End,
    far: VnetIndex,
    back: Option<End>,
) -> Link {
    let vnet = &inventory.vnets[local.vnet.0 as usize];
    let peering = &vnet.peerings[local.position as usize];
    let far_node = &nodes[far.0 as usize];
    let remote_vnet = presence(inventory, managed, local.vnet, peering, far_node);
    let remote = match (back, remote_vnet) {
        (Some(end), _) => Far::Seen(end),
        (None, Presence::Gone) => Far::Missing(far),
        (None, Presence::Seen) if reverse_list_is_whole(inventory, far_node) => Far::Missing(far),
        (None, _) => Far::NotVisible(far),
    };
    let state = match peering.state.as_ref() {
        _ if far == local.vnet => LinkState::Unknown,
        None | Some(PeeringState::Other(_)) => LinkState::Unknown,
        Some(near) => match remote {
            Far::Seen(end) => {
                let reverse = &inventory.vnets[end.vnet.0 as usize].peerings[end.position as usize];
                reverse.state.as_ref().map_or(LinkState::Unknown, |far| both(near, far))
            }
            Far::Missing(_) => alone(near),
            Far::NotVisible(_) => unseen(near, remote_vnet),
        },
    };
    Link { local, remote, remote_vnet, state }
}

/// What two objects say together.
///
/// Source: <https://learn.microsoft.com/azure/virtual-network/virtual-network-manage-peering>: creating the
/// second object turns both to `Connected`; deleting one turns the other to `Disconnected`, and traffic
/// stops in both directions.
fn both(near: &PeeringState, far: &PeeringState) -> LinkState {
    use PeeringState::{Connected, Disconnected, Initiated, Other};
    match (near, far) {
        (Other(_), _) | (_, Other(_)) => LinkState::Unknown,
        (Connected, Connected) => LinkState::Established,
        (Disconnected, _) | (_, Disconnected) => LinkState::Disconnected,
        (Initiated, _) | (_, Initiated) => LinkState::Inconsistent,
    }
}

/// What an object says whose reverse does not exist.
fn alone(near: &PeeringState) -> LinkState {
    match near {
        PeeringState::Initiated => LinkState::OneSided,
        // Azure cannot say `Connected` of a reverse that is gone: the inputs were not taken at one time.
        PeeringState::Connected => LinkState::Inconsistent,
        PeeringState::Disconnected => LinkState::Disconnected,
        PeeringState::Other(_) => LinkState::Unknown,
    }
}

/// What an object says whose reverse was not read.
fn unseen(near: &PeeringState, remote: Presence) -> LinkState {
    match (near, remote) {
        // A classic virtual network has no object: one is all there is.
        (PeeringState::Connected, Presence::Classic) => LinkState::Established,
        (PeeringState::Connected, _) => LinkState::AssumedEstablished,
        (PeeringState::Initiated, _) => LinkState::Initiated,
        (PeeringState::Disconnected, _) => LinkState::Disconnected,
        (PeeringState::Other(_), _) => LinkState::Unknown,
    }
}

fn presence(inventory: &Inventory, managed: &[VnetIndex], local: VnetIndex, peering: &Peering, far: &Node) -> Presence {
    if far.vnet.is_some_and(|at| inventory.vnets[at as usize].seen) {
        return Presence::Seen;
    }
    let id = &far.id;
    let classic = "/providers/microsoft.classicnetwork/";
    if id.as_str().to_ascii_lowercase().contains(classic) {
        return Presence::Classic;
    }
    if is_hub_network(id, peering) || (managed.binary_search(&local).is_ok() && starts(id.name(), "HV_")) {
        return Presence::VirtualHub;
    }
    match id.subscription() {
        Some(subscription) if inventory.scope.is_whole(subscription, "virtualNetworks") => Presence::Gone,
        _ => Presence::NotVisible,
    }
}

/// Whether a peering leads to the network of a virtual WAN hub, which lives in a subscription of Microsoft's.
///
/// The pattern is observed, not documented: the object is named `RemoteVnetToHubPeering_<guid>`, the network
/// `HV_<hub>_<guid>` in the resource group `RG_<hub>_<guid>`.
fn is_hub_network(id: &ResourceId, peering: &Peering) -> bool {
    let network = starts(id.name(), "HV_");
    let group = id.resource_group().is_some_and(|group| starts(group, "RG_"));
    let object = starts(&peering.name, "RemoteVnetToHubPeering_");
    network && (group || object)
}

fn starts(text: &str, prefix: &str) -> bool {
    text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

fn reverse_list_is_whole(inventory: &Inventory, far: &Node) -> bool {
    let whole = |kind| far.id.subscription().is_some_and(|subscription| inventory.scope.is_whole(subscription, kind));
    let Some(vnet) = far.vnet.map(|at| &inventory.vnets[at as usize]) else { return false };
    // ARM embeds the peerings in their virtual network.
    vnet.peerings_given || whole("virtualNetworks") || whole("virtualNetworks.virtualNetworkPeerings")
}
