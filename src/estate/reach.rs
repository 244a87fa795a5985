//! Which virtual networks packets could come from at all, and whose addresses are whose among them.
//!
//! Peerings do not compose by themselves, but a forwarder may join any two that a chain of peerings
//! connects. Addresses may be used twice outside of such a chain, and then name nobody for certain.

use std::borrow::Cow;

use ipnet::IpNet;
use petgraph::unionfind::UnionFind;
use rustc_hash::FxHashMap;

use super::{Link, Node, VnetIndex};
use crate::facts::EnvironmentKind;
use crate::input::Inventory;
use crate::network::PrefixSet;

/// How far back a wider prefix is looked for: address spaces hardly nest.
const WIDER: usize = 64;
/// How many owners of one prefix are told.
const MOST: usize = 50;

/// Virtual networks by the chain of peerings that they hang on.
#[derive(Debug, Default)]
pub struct Reach {
    /// For each virtual network the chain that it hangs on.
    chain: Vec<u32>,
    /// All prefixes of each chain, by first address.
    chains: FxHashMap<u32, Vec<Owned>>,
    /// All prefixes of the estate, by first address.
    everywhere: Vec<Owned>,
    /// Address space by chain and environment.
    spaces: FxHashMap<(u32, Option<EnvironmentKind>), PrefixSet>,
}

/// A prefix, whose it is, and on which side of the production line.
#[derive(Debug, Clone, Copy)]
struct Owned {
    net: IpNet,
    vnet: VnetIndex,
    kind: Option<EnvironmentKind>,
}

impl Reach {
    pub(super) fn of(inventory: &Inventory, nodes: &[Node], links: &[Link]) -> Self {
        let chain = chains(inventory, nodes, links);
        let mut chains: FxHashMap<u32, Vec<Owned>> = FxHashMap::default();
        let mut spaces: FxHashMap<(u32, Option<EnvironmentKind>), Vec<IpNet>> = FxHashMap::default();
        let mut everywhere = Vec::with_capacity(inventory.vnets.len());
        for (vnet, at) in inventory.vnets.iter().zip(0u32..) {
            let kind = nodes[at as usize].environment.kind;
            let own = vnet.address_space.nets.iter().map(|net| Owned { net: *net, vnet: VnetIndex(at), kind });
            everywhere.extend(own.clone());
            chains.entry(chain[at as usize]).or_default().extend(own);
            spaces.entry((chain[at as usize], kind)).or_default().extend(vnet.address_space.nets.iter());
        }
        let by_address = |owned: &Owned| (owned.net.network(), owned.net.prefix_len(), owned.vnet);
        everywhere.sort_unstable_by_key(by_address);
        #[expect(clippy::iter_over_hash_type, reason = "each value is put in order by itself")]
        for owned in chains.values_mut() {
            owned.sort_unstable_by_key(by_address);
        }
        let spaces = spaces.into_iter().map(|(key, nets)| (key, nets.into_iter().collect())).collect();
        Self { chain, chains, everywhere, spaces }
    }

    /// Networks whose address space meets a prefix, as seen from a network: those on its own chain; where nobody
    /// there has such an address, those elsewhere. At most 50.
    pub fn owners(&self, from: VnetIndex, net: IpNet) -> Owners {
        let told = |owned: &Owned| (owned.vnet, owned.kind);
        let chain = self.chains.get(&self.chain[from.0 as usize]).map(Vec::as_slice).unwrap_or_default();
        let near = meeting(chain, net).map(told).take(MOST).collect::<Vec<_>>();
        if near.is_empty() {
            Owners::Elsewhere(meeting(&self.everywhere, net).map(told).take(MOST).collect())
        } else {
            Owners::OnChain(near)
        }
    }

    /// Whether a prefix lies inside a network on the same chain, and all who share its addresses there are of one
    /// environment or serve all.
    pub fn is_within(&self, from: VnetIndex, kind: EnvironmentKind, net: IpNet) -> bool {
        let chain = self.chains.get(&self.chain[from.0 as usize]).map(Vec::as_slice).unwrap_or_default();
        let mut contained = false;
        for owned in meeting(chain, net) {
            if owned.kind.is_none_or(|own| own != kind && own != EnvironmentKind::Shared) {
                return false;
            }
            contained |= owned.net.contains(&net);
        }
        contained
    }

    /// All address space of one environment on a network's chain; of networks whose environment is not known for
    /// `None`.
    pub fn space(&self, from: VnetIndex, kind: Option<EnvironmentKind>) -> Cow<'_, PrefixSet> {
        let space = self.spaces.get(&(self.chain[from.0 as usize], kind));
        space.map_or(Cow::Owned(PrefixSet::EMPTY), Cow::Borrowed)
    }
}

/// Whose addresses a prefix names, with the environment of each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owners {
    /// Networks that packets could come from.
    OnChain(Vec<(VnetIndex, Option<EnvironmentKind>)>),
    /// Networks that no known chain of peerings joins with the one that asks.
    Elsewhere(Vec<(VnetIndex, Option<EnvironmentKind>)>),
}

/// What shares an address with a prefix.
fn meeting(owned: &[Owned], net: IpNet) -> impl Iterator<Item = &Owned> {
    // What contains the prefix begins before it, what it contains begins inside it.
    let inside_from = owned.partition_point(|own| own.net.network() < net.network());
    let inside_to = owned.partition_point(|own| own.net.network() <= net.broadcast());
    let wider = owned[..inside_from].iter().rev().take(WIDER).filter(move |own| own.net.contains(&net));
    let inside = owned[inside_from..inside_to].iter();
    wider.chain(inside.filter(move |own| own.net.contains(&net) || net.contains(&own.net)))
}

/// The chain of every virtual network, by a number that is the same for all that hang together.
fn chains(inventory: &Inventory, nodes: &[Node], links: &[Link]) -> Vec<u32> {
    let mut sets = UnionFind::<u32>::new(nodes.len());
    for link in links.iter().filter(|link| link.is_up()) {
        sets.union(link.local.vnet.0, link.remote.vnet().0);
    }
    // Networks of one virtual hub reach each other without a peering of their own.
    let mut hubs: FxHashMap<String, u32> = FxHashMap::default();
    for (node, at) in nodes.iter().zip(0u32..) {
        for connection in &node.hub_connections {
            if let Some(hub) = inventory.hub_connections[*connection as usize].id.parent() {
                sets.union(at, *hubs.entry(hub.key()).or_insert(at));
            }
        }
    }
    sets.into_labeling()
}
