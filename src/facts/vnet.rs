//! Subject `vnet`: one virtual network that the inputs hold.

use std::collections::BTreeMap;

use ipnet::IpNet;
use schemars::JsonSchema;
use serde::Serialize;

use super::{Context, Environment, Later, Nets, Role, Status};
use crate::azure::Prefixes;
use crate::estate::{MeetingPoint, VnetIndex};
use crate::network::{PrefixSet, public_part};

/// A virtual network: the subject `vnet`.
#[derive(Serialize, JsonSchema)]
pub struct VnetSubject<'a> {
    /// ARM id.
    pub id: &'a str,
    /// Name.
    pub name: &'a str,
    /// Subscription id.
    pub subscription: Option<&'a str>,
    /// Display name of the subscription.
    pub subscription_name: Option<&'a str>,
    /// Tenant id.
    pub tenant: Option<&'a str>,
    /// Region, lower case without spaces.
    pub location: Option<&'a str>,
    /// Its part in the topology.
    pub role: &'a Role,
    /// Whether the role is `known`, `missing` or in `conflict`; repeated from `role` for selectors.
    pub role_status: Status,
    /// Its environment.
    pub environment: &'a Environment,
    /// Whether the environment is `known`, `missing` or in `conflict`; repeated from `environment` for selectors.
    pub environment_status: Status,
    /// Whether role and environment are both known; for selectors.
    pub classified: bool,
    /// Whether anything joins it to another network: a peering object of its own or of another, a virtual hub.
    pub connected: bool,
    /// Its address space, CIDR notation; null where it is not given or odd.
    pub address_space: Option<Nets<'a>>,
    /// Entries of its address space that are no CIDR prefix, as written.
    pub odd_prefixes: Later<'a, VnetIndex, Vec<&'a str>>,
    /// What of its address space is public address space, CIDR notation.
    pub public_prefixes: Later<'a, VnetIndex, Vec<String>>,
    /// Whether `public_prefixes` holds anything, or could: the address space is not known in full; for selectors.
    pub may_be_public: bool,
    /// How many peering objects it holds; null where its peerings were not read.
    pub peering_count: Option<u64>,
    /// Other networks whose address space meets this one's: each pair is listed once, on the virtual network
    /// whose ARM id sorts first.
    pub overlaps: Later<'a, VnetIndex, Vec<Overlap>>,
    /// Whether `overlaps` holds anything, or could: the address space is not known in full; for selectors.
    pub has_overlaps: bool,
    /// Tags.
    pub tags: Later<'a, VnetIndex, BTreeMap<&'a str, &'a str>>,
}

/// Two networks that share addresses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Overlap {
    /// ARM id of the other virtual network; null for declared on-premises space.
    pub id: Option<String>,
    /// Its name, or `on-premises`.
    pub name: String,
    /// Shared prefixes, CIDR notation.
    pub prefixes: Vec<String>,
    /// How the two are joined: `peered` directly, `common_peer` (both are peered with `via`), or `on_premises`.
    pub reach: &'static str,
    /// Name of the virtual network that both are peered with, for `common_peer`.
    pub via: Option<String>,
}

impl<'a> VnetSubject<'a> {
    /// The facts of a virtual network that was read.
    pub fn of(context: &'a Context<'a>, index: VnetIndex) -> Self {
        let facts = context.vnet_facts(index);
        let node = context.estate.node(index);
        let vnet = context.estate.vnet(index);
        let scope = &context.estate.inventory.scope;
        let listed = vnet.is_some_and(|vnet| {
            vnet.peerings_given || vnet.id.subscription().is_some_and(|s| scope.is_whole(s, "virtualNetworks"))
        });
        let space = vnet.and_then(|vnet| vnet.address_space.whole());
        Self {
            id: facts.id,
            name: facts.name,
            subscription: facts.subscription,
            subscription_name: facts.subscription_name,
            tenant: facts.tenant,
            location: facts.location,
            role: facts.role,
            role_status: facts.role.status,
            environment: facts.environment,
            environment_status: facts.environment.status,
            connected: !node.links.is_empty() || !node.hub_connections.is_empty(),
            classified: [facts.role.status, facts.environment.status].iter().all(|s| *s == Status::Known),
            address_space: space.map(Nets),
            may_be_public: space.is_none_or(|nets| !nets.iter().all(is_private)),
            odd_prefixes: Later::new(context, index, |context, index| {
                let space = context.estate.vnet(index).map(|vnet| &vnet.address_space.odd);
                space.into_iter().flatten().map(compact_str::CompactString::as_str).collect()
            }),
            public_prefixes: Later::new(context, index, |context, index| {
                let space = context.estate.vnet(index).map(|vnet| &vnet.address_space);
                let set =
                    space.into_iter().flat_map(|space: &Prefixes| space.nets.iter().copied()).collect::<PrefixSet>();
                public_part(&set).prefixes().iter().map(ToString::to_string).collect()
            }),
            peering_count: vnet.filter(|_| listed).map(|vnet| vnet.peerings.len() as u64),
            overlaps: Later::new(context, index, overlaps),
            has_overlaps: context.estate.overlaps.contains_key(&index) || space.is_none(),
            tags: Later::new(context, index, |context, index| {
                let tags = context.estate.vnet(index).map(|vnet| &vnet.tags);
                tags.into_iter().flatten().map(|(name, value)| (name.as_str(), value.as_str())).collect()
            }),
        }
    }
}

/// Whether a prefix lies inside the space of RFC 1918: nearly all do, and need no set algebra.
fn is_private(net: &IpNet) -> bool {
    let IpNet::V4(net) = net else { return false };
    let (first, second) = (net.network().octets()[0], net.network().octets()[1]);
    match first {
        10 => net.prefix_len() >= 8,
        172 => net.prefix_len() >= 12 && (16..32).contains(&second),
        192 => net.prefix_len() >= 16 && second == 168,
        _ => false,
    }
}

fn overlaps(context: &Context<'_>, index: VnetIndex) -> Vec<Overlap> {
    let meetings = context.estate.overlaps.get(&index).into_iter().flatten();
    let overlap = |other: Option<VnetIndex>, reach, via: Option<VnetIndex>, prefixes| {
        let name = |index: VnetIndex| context.estate.node(index).id.name().to_owned();
        Overlap {
            id: other.map(|index| context.estate.node(index).id.to_string()),
            name: other.map_or_else(|| "on-premises".to_owned(), name),
            prefixes,
            reach,
            via: via.map(name),
        }
    };
    meetings
        .map(|meeting| {
            let prefixes = meeting.shared.iter().map(ToString::to_string).collect();
            match meeting.with {
                MeetingPoint::Peer(other) => overlap(Some(other), "peered", None, prefixes),
                MeetingPoint::CommonPeer(other, via) => overlap(Some(other), "common_peer", Some(via), prefixes),
                MeetingPoint::OnPremises => overlap(None, "on_premises", None, prefixes),
            }
        })
        .collect()
}
