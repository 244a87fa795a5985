//! Which virtual networks packets could come from at all, and whose addresses are whose among them.
//!
//! Peerings do not compose by themselves, but a forwarder may join any two that a chain of peerings
//! connects; nothing comes from beyond. Addresses may be used twice outside of such a chain.

use std::borrow::Cow;

use ipnet::IpNet;
use petgraph::unionfind::UnionFind;
use rustc_hash::FxHashMap;

use super::{Link, Node, VnetIndex};
use crate::facts::EnvironmentKind;
use crate::input::Inventory;
use crate::network::PrefixSet;

/// Virtual networks by the chain of peerings that they hang on.
#[derive(Debug, Default)]
pub struct Reach {
    /// For each virtual network the chain that it hangs on.
    chain: Vec<u32>,
    /// Prefixes of production and non-production networks of each chain, by first address.
    owners: FxHashMap<(u32, EnvironmentKind), Owners>,
}

#[derive(Debug)]
struct Owners {
    prefixes: Vec<(IpNet, VnetIndex)>,
    space: PrefixSet,
}

impl Owners {
    fn none() -> Self {
        Self { prefixes: Vec::new(), space: PrefixSet::EMPTY }
    }
}

impl Reach {
    pub(super) fn of(inventory: &Inventory, nodes: &[Node], links: &[Link]) -> Self {
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
        let chain = sets.into_labeling();
        let mut owners: FxHashMap<(u32, EnvironmentKind), Owners> = FxHashMap::default();
        for (vnet, at) in inventory.vnets.iter().zip(0u32..) {
            let Some(kind) = nodes[at as usize].environment.kind.filter(|kind| *kind != EnvironmentKind::Shared) else {
                continue;
            };
            let entry = owners.entry((chain[at as usize], kind)).or_insert_with(Owners::none);
            entry.prefixes.extend(vnet.address_space.nets.iter().map(|net| (*net, VnetIndex(at))));
        }
        #[expect(clippy::iter_over_hash_type, reason = "each value is put in order by itself")]
        for entry in owners.values_mut() {
            entry.prefixes.sort_unstable_by_key(|(net, vnet)| (net.network(), net.prefix_len(), *vnet));
            entry.space = entry.prefixes.iter().map(|(net, _)| *net).collect();
        }
        Self { chain, owners }
    }

    /// Networks of an environment on the same chain whose address space meets a prefix.
    pub fn owners(&self, vnet: VnetIndex, kind: EnvironmentKind, net: IpNet) -> impl Iterator<Item = VnetIndex> {
        let prefixes = self.entry(vnet, kind).map(|entry| entry.prefixes.as_slice()).unwrap_or_default();
        // What contains the prefix begins before it; what it contains begins inside it.
        let first_inside = prefixes.partition_point(|(own, _)| own.network() < net.network());
        let last_inside = prefixes.partition_point(|(own, _)| own.network() <= net.broadcast());
        let wider = prefixes[..first_inside].iter().rev().take(WIDER).filter(move |(own, _)| own.contains(&net));
        let inside = prefixes[first_inside..last_inside].iter();
        wider.chain(inside).filter(move |(own, _)| own.contains(&net) || net.contains(own)).map(|(_, vnet)| *vnet)
    }

    /// All address space of an environment on the same chain.
    pub fn space(&self, vnet: VnetIndex, kind: EnvironmentKind) -> Cow<'_, PrefixSet> {
        self.entry(vnet, kind).map_or(Cow::Owned(PrefixSet::EMPTY), |entry| Cow::Borrowed(&entry.space))
    }

    fn entry(&self, vnet: VnetIndex, kind: EnvironmentKind) -> Option<&Owners> {
        self.owners.get(&(self.chain[vnet.0 as usize], kind))
    }
}

/// How far back a wider prefix is looked for: address spaces of one chain hardly nest.
const WIDER: usize = 64;
