//! Address spaces that meet where packets could go to either.
//!
//! Azure refuses overlap between peers and between two peers of one network when a peering is made or
//! synchronised, so what is found here came with a later change of address space
//! (<https://learn.microsoft.com/azure/virtual-network/virtual-network-peering-overview>). Networks farther
//! apart may overlap legitimately, and are not compared.

use ipnet::IpNet;
use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::{Link, Node, VnetIndex};
use crate::input::Inventory;

/// Two address spaces that share addresses.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Meeting {
    /// With what.
    pub with: MeetingPoint,
    /// Shared prefixes, in order.
    pub shared: Vec<IpNet>,
}

/// What a virtual network's address space meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum MeetingPoint {
    /// A direct peer.
    Peer(VnetIndex),
    /// Another peer of a common peer.
    CommonPeer(VnetIndex, VnetIndex),
    /// Declared on-premises space.
    OnPremises,
}

impl MeetingPoint {
    fn other(self) -> Option<VnetIndex> {
        match self {
            Self::Peer(other) | Self::CommonPeer(other, _) => Some(other),
            Self::OnPremises => None,
        }
    }
}

/// Everything that meets, each pair once, under the virtual network that sorts first.
pub(super) fn find(
    inventory: &Inventory,
    nodes: &[Node],
    links: &[Link],
    on_premises: &[IpNet],
) -> FxHashMap<VnetIndex, Vec<Meeting>> {
    let around = (0..nodes.len()).into_par_iter().flat_map_iter(|at| {
        let centre = VnetIndex(u32::try_from(at).expect("fewer than 2^32 virtual networks"));
        meetings_around(inventory, nodes, links, centre)
    });
    let mut found = around.collect::<Vec<_>>();
    for (vnet, at) in inventory.vnets.iter().zip(0..) {
        let shared = shared(&vnet.address_space.nets, on_premises);
        if !shared.is_empty() {
            found.push((VnetIndex(at), Meeting { with: MeetingPoint::OnPremises, shared }));
        }
    }
    // A pair may meet around several networks; the direct peering says most, and sorts first.
    found.sort_by(|a, b| (a.0, a.1.with.other(), &a.1).cmp(&(b.0, b.1.with.other(), &b.1)));
    found.dedup_by(|a, b| a.0 == b.0 && a.1.with.other() == b.1.with.other());
    let mut by_vnet: FxHashMap<VnetIndex, Vec<Meeting>> = FxHashMap::default();
    for (vnet, meeting) in found {
        by_vnet.entry(vnet).or_default().push(meeting);
    }
    by_vnet
}

/// Pairs among a network and its peers that share addresses.
fn meetings_around(
    inventory: &Inventory,
    nodes: &[Node],
    links: &[Link],
    centre: VnetIndex,
) -> Vec<(VnetIndex, Meeting)> {
    let node = &nodes[centre.0 as usize];
    let up = node.links.iter().map(|index| &links[index.0 as usize]).filter(|link| link.is_up()).collect::<Vec<_>>();
    if up.is_empty() {
        return Vec::new();
    }
    let mut prefixes: Vec<(IpNet, VnetIndex)> = Vec::new();
    for link in &up {
        let (own, peer) = link.seen_from(centre);
        prefixes.extend(contribution(inventory, nodes, own, peer).into_iter().map(|net| (net, peer)));
    }
    if let Some(vnet) = node.vnet {
        let own = inventory.vnets[vnet as usize].address_space.nets.iter();
        // Subnet peerings tolerate overlap elsewhere in the two networks.
        if up.iter().all(|link| !is_partial(inventory, link)) {
            prefixes.extend(own.map(|net| (*net, centre)));
        }
    }
    pairs(prefixes)
        .into_iter()
        .map(|(a, b, shared)| {
            let (first, other) = (a.min(b), a.max(b));
            let with = if first == centre || other == centre {
                MeetingPoint::Peer(other)
            } else {
                MeetingPoint::CommonPeer(other, centre)
            };
            (first, Meeting { with, shared })
        })
        .collect()
}

/// Whether the objects of a link peer named subnets or IPv6 alone.
fn is_partial(inventory: &Inventory, link: &Link) -> bool {
    [Some(link.local), link.remote.end()].into_iter().flatten().any(|end| {
        let peering = &inventory.vnets[end.vnet.0 as usize].peerings[end.position as usize];
        peering.complete_vnets == Some(false) || peering.only_ipv6 == Some(true)
    })
}

/// The prefixes that a peer brings: its own space now, or what the link has recorded of it.
fn contribution(inventory: &Inventory, nodes: &[Node], own: Option<super::End>, peer: VnetIndex) -> Vec<IpNet> {
    let object = own.map(|end| &inventory.vnets[end.vnet.0 as usize].peerings[end.position as usize]);
    let partial = object.is_some_and(|p| p.complete_vnets == Some(false));
    let only_ipv6 = object.is_some_and(|p| p.only_ipv6 == Some(true));
    let recorded = object.map(|p| &p.recorded).filter(|recorded| recorded.given);
    let current = nodes[peer.0 as usize].vnet.map(|at| &inventory.vnets[at as usize].address_space).filter(|s| s.given);
    let space = match (partial, current, recorded) {
        (false, Some(current), _) => current.nets.to_vec(),
        (_, _, Some(recorded)) => recorded.nets.to_vec(),
        _ => Vec::new(),
    };
    space.into_iter().filter(|net| !only_ipv6 || matches!(net, IpNet::V6(_))).collect()
}

/// Owners whose prefixes nest, with what they share. CIDR blocks nest or are disjoint, so sorting by first
/// address, wider blocks first, puts what nests side by side.
fn pairs(mut prefixes: Vec<(IpNet, VnetIndex)>) -> Vec<(VnetIndex, VnetIndex, Vec<IpNet>)> {
    prefixes.sort_unstable_by_key(|(net, owner)| (net.network(), net.prefix_len(), *owner));
    let mut open: Vec<(IpNet, VnetIndex)> = Vec::new();
    let mut shared: std::collections::BTreeMap<(VnetIndex, VnetIndex), Vec<IpNet>> = std::collections::BTreeMap::new();
    for (net, owner) in prefixes {
        while open.last().is_some_and(|(wider, _)| !wider.contains(&net)) {
            open.pop();
        }
        for (_, other) in open.iter().filter(|(_, other)| *other != owner) {
            let entry = shared.entry((owner.min(*other), owner.max(*other))).or_default();
            if entry.last().is_none_or(|last| !last.contains(&net)) {
                entry.push(net);
            }
        }
        open.push((net, owner));
    }
    shared.into_iter().map(|((a, b), nets)| (a, b, nets)).collect()
}

/// What two lists of prefixes share.
fn shared(own: &[IpNet], others: &[IpNet]) -> Vec<IpNet> {
    let mut nets = Vec::new();
    for net in own {
        for other in others {
            if net.contains(other) {
                nets.push(*other);
            } else if other.contains(net) {
                nets.push(*net);
            }
        }
    }
    nets.sort_unstable();
    nets.dedup();
    nets
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use proptest::prelude::*;

    use super::*;

    fn net(text: &str) -> IpNet {
        text.parse().unwrap()
    }

    #[test]
    fn containment_is_overlap_and_adjacency_is_not() {
        let found = pairs(vec![
            (net("10.1.0.0/16"), VnetIndex(0)),
            (net("10.1.4.0/24"), VnetIndex(1)),
            (net("10.2.0.0/24"), VnetIndex(2)),
            (net("10.2.1.0/24"), VnetIndex(3)),
        ]);
        assert_eq!(found, [(VnetIndex(0), VnetIndex(1), vec![net("10.1.4.0/24")])]);
    }

    proptest! {
        #[test]
        fn pairs_are_those_that_share_an_address(blocks in prop::collection::vec((0u8..16, 0u8..=4, 0u32..5), 0..8)) {
            let nets = blocks.iter().map(|(at, bits, owner)| {
                let address = std::net::Ipv4Addr::new(10, 0, 0, *at);
                (IpNet::new(IpAddr::V4(address), 28 + bits).unwrap().trunc(), VnetIndex(*owner))
            }).collect::<Vec<_>>();
            let mut expected = std::collections::BTreeSet::new();
            for address in 0..16u8 {
                let address = IpAddr::from([10, 0, 0, address]);
                for (a, x) in &nets {
                    for (b, y) in &nets {
                        if x < y && a.contains(&address) && b.contains(&address) {
                            expected.insert((*x, *y, address));
                        }
                    }
                }
            }
            let mut found = std::collections::BTreeSet::new();
            for (a, b, nets) in pairs(nets) {
                let addresses = (0..16u8).map(|address| IpAddr::from([10, 0, 0, address]));
                let shared = addresses.filter(|address| nets.iter().any(|net| net.contains(address)));
                found.extend(shared.map(|address| (a, b, address)));
            }
            prop_assert_eq!(found, expected);
        }
    }
}
