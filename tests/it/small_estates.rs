//! Small random estates against definitions that are written down here a second time, without the product's code:
//! what a link is, what the tag `VirtualNetwork` holds, which address spaces meet.

use std::collections::{BTreeMap, BTreeSet};

use ipnet::Ipv4Net;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};
use vnetlint::azure::ResourceId;
use vnetlint::estate::{MeetingPoint, SubnetIndex};
use vnetlint::facts::OriginKind;
use vnetlint::network::{Declared, virtual_network_tag};
use vnetlint::scan::Kind;

use crate::estate_of::Scan;

/// Virtual networks, each with one subnet, and what joins them.
#[derive(Clone, Debug)]
struct Small {
    networks: Vec<Network>,
    /// Pairs of positions, the smaller first, with the object of each side.
    pairs: BTreeMap<(usize, usize), (Object, Object)>,
}

#[derive(Clone, Debug)]
struct Network {
    space: Vec<Ipv4Net>,
    gateway: bool,
    /// Site prefixes behind the gateway.
    sites: Vec<Ipv4Net>,
    routes: Vec<(Ipv4Net, &'static str)>,
}

/// One side's peering object; `None` where it does not exist.
type Object = Option<Side>;

#[expect(clippy::struct_excessive_bools, reason = "the flags of a peering object")]
#[derive(Clone, Debug)]
struct Side {
    state: &'static str,
    access: bool,
    forwarded: bool,
    transit: bool,
    remote_gateway: bool,
    /// What it has recorded of the other side, where that is not the present space.
    recorded: Option<Vec<Ipv4Net>>,
}

/// Blocks of `10.0.0.0/28`, so that some meet.
fn block() -> impl Strategy<Value = Ipv4Net> {
    (0u8..16, 28u8..=32).prop_map(|(at, length)| Ipv4Net::new([10, 0, 0, at].into(), length).unwrap().trunc())
}

fn site() -> impl Strategy<Value = Ipv4Net> {
    (0u8..4).prop_map(|at| Ipv4Net::new([192, 168, at, 0].into(), 24).unwrap())
}

fn network() -> impl Strategy<Value = Network> {
    let hops = select(vec!["VirtualAppliance", "VirtualAppliance", "Internet", "None", "VirtualNetworkGateway"]);
    let routes = prop::collection::btree_map(prop_oneof![block(), site()], hops, 0..3);
    (prop::collection::btree_set(block(), 1..3), any::<bool>(), prop::collection::btree_set(site(), 0..3), routes)
        .prop_map(|(space, gateway, sites, routes)| Network {
            space: space.into_iter().collect(),
            gateway,
            sites: sites.into_iter().collect(),
            routes: routes.into_iter().collect(),
        })
}

fn side() -> impl Strategy<Value = Object> {
    let state = select(vec!["Connected", "Connected", "Connected", "Connected", "Initiated", "Disconnected"]);
    let recorded = prop::option::weighted(0.3, prop::collection::vec(block(), 0..2));
    let side = (state, any::<[bool; 4]>(), recorded).prop_map(
        |(state, [access, forwarded, transit, remote_gateway], recorded)| Side {
            state,
            access,
            forwarded,
            transit,
            remote_gateway,
            recorded,
        },
    );
    prop::option::weighted(0.9, side)
}

fn small() -> impl Strategy<Value = Small> {
    prop::collection::vec(network(), 2..5).prop_flat_map(|networks| {
        let all = (0..networks.len()).flat_map(|a| (a + 1..networks.len()).map(move |b| (a, b))).collect::<Vec<_>>();
        let some = prop::collection::vec(prop::option::weighted(0.6, (side(), side())), all.len());
        some.prop_map(move |objects| Small {
            networks: networks.clone(),
            pairs: all.iter().copied().zip(objects).filter_map(|(pair, objects)| Some((pair, objects?))).collect(),
        })
    })
}

const GROUP: &str = "/subscriptions/0a1b/resourceGroups/rg/providers/Microsoft.Network";

fn texts(nets: &[Ipv4Net]) -> Vec<String> {
    nets.iter().map(ToString::to_string).collect()
}

impl Small {
    fn id(names: &[&str], at: usize) -> String {
        format!("{GROUP}/virtualNetworks/{}", names[at])
    }

    fn object(&self, from: usize, to: usize) -> Option<&Side> {
        let (a, b) = self.pairs.get(&(from.min(to), from.max(to)))?;
        if from < to { a.as_ref() } else { b.as_ref() }
    }

    fn positions(&self) -> std::ops::Range<usize> {
        0..self.networks.len()
    }

    fn others(&self, of: usize) -> impl Iterator<Item = usize> {
        self.positions().filter(move |other| *other != of)
    }

    /// What an object has recorded of the other side.
    fn recorded(&self, from: usize, to: usize) -> Vec<Ipv4Net> {
        let side = self.object(from, to).expect("asked of objects that exist");
        side.recorded.clone().unwrap_or_else(|| self.networks[to].space.clone())
    }

    /// Both objects exist and say `Connected`.
    fn joined(&self, one: usize, other: usize) -> bool {
        [(one, other), (other, one)].into_iter().all(|(a, b)| self.object(a, b).is_some_and(|s| s.state == "Connected"))
    }

    /// The export of it, with these names for the networks.
    fn export(&self, names: &[&str]) -> Vec<Value> {
        let mut all = Vec::new();
        for (at, network) in self.networks.iter().enumerate() {
            let id = Self::id(names, at);
            let name = names[at];
            let peerings = self.others(at).filter_map(|to| {
                let side = self.object(at, to)?;
                Some(json!({"name": format!("to-{}", names[to]), "properties": {
                    "peeringState": side.state,
                    "peeringSyncLevel": "FullyInSync",
                    "remoteVirtualNetwork": {"id": Self::id(names, to)},
                    "allowVirtualNetworkAccess": side.access,
                    "allowForwardedTraffic": side.forwarded,
                    "allowGatewayTransit": side.transit,
                    "useRemoteGateways": side.remote_gateway,
                    "remoteAddressSpace": {"addressPrefixes": texts(&self.recorded(at, to))},
                }}))
            });
            let mut subnets = vec![json!({"name": "snet", "properties": {
                "addressPrefix": network.space[0].to_string(),
                "routeTable": {"id": format!("{GROUP}/routeTables/rt-{name}")},
            }})];
            if network.gateway {
                subnets.push(
                    json!({"name": "GatewaySubnet", "properties": {"addressPrefix": network.space[0].to_string()}}),
                );
                all.push(json!({"id": format!("{GROUP}/virtualNetworkGateways/gw-{name}"), "properties": {
                    "gatewayType": "Vpn",
                    "ipConfigurations": [{"properties": {"subnet": {"id": format!("{id}/subnets/GatewaySubnet")}}}],
                }}));
                all.push(json!({"id": format!("{GROUP}/localNetworkGateways/site-{name}"), "properties": {
                    "localNetworkAddressSpace": {"addressPrefixes": texts(&network.sites)},
                }}));
                all.push(json!({"id": format!("{GROUP}/connections/cn-{name}"), "properties": {
                    "connectionType": "IPsec", "enableBgp": false,
                    "virtualNetworkGateway1": {"id": format!("{GROUP}/virtualNetworkGateways/gw-{name}")},
                    "localNetworkGateway2": {"id": format!("{GROUP}/localNetworkGateways/site-{name}")},
                }}));
            }
            let routes = network.routes.iter().enumerate().map(|(at, (prefix, hop))| {
                json!({"name": format!("r{at}"), "properties": {
                    "addressPrefix": prefix.to_string(), "nextHopType": hop,
                    "nextHopIpAddress": (*hop == "VirtualAppliance").then_some("10.0.0.4"),
                }})
            });
            all.push(json!({"id": format!("{GROUP}/routeTables/rt-{name}"), "properties": {"routes": routes.collect::<Vec<_>>()}}));
            all.push(json!({"id": id, "name": name, "location": "westeurope", "properties": {
                "addressSpace": {"addressPrefixes": texts(&network.space)},
                "subnets": subnets,
                "virtualNetworkPeerings": peerings.collect::<Vec<_>>(),
            }}));
        }
        all
    }

    fn text(&self, names: &[&str]) -> String {
        Value::Array(self.export(names)).to_string()
    }
}

const NAMES: [&str; 4] = ["net-a", "net-b", "net-c", "net-d"];
const BACKWARDS: [&str; 4] = ["net-z", "net-y", "net-x", "net-w"];

type Contents = BTreeSet<(Ipv4Net, OriginKind)>;

/// The tag on a network's subnet, by its definition. Sources:
/// <https://learn.microsoft.com/azure/virtual-network/service-tags-overview> and
/// <https://learn.microsoft.com/azure/virtual-network/virtual-network-manage-peering>.
fn defined(estate: &Small, of: usize) -> (Contents, Contents) {
    let (mut certain, mut possible) = (Contents::new(), Contents::new());
    let network = &estate.networks[of];
    certain.extend(network.space.iter().map(|net| (*net, OriginKind::Own)));
    certain.insert(("168.63.129.16/32".parse().unwrap(), OriginKind::Platform));
    let mut on_premises = |at: usize| {
        if estate.networks[at].gateway {
            certain.extend(estate.networks[at].sites.iter().map(|net| (*net, OriginKind::OnPremises)));
        }
    };
    on_premises(of);
    for peer in estate.others(of).filter(|peer| estate.joined(of, *peer)) {
        let (side, back) = (estate.object(of, peer).unwrap(), estate.object(peer, of).unwrap());
        // Both objects have to agree on the remote gateway.
        if side.remote_gateway && back.transit {
            on_premises(peer);
        }
    }
    for peer in estate.others(of).filter(|peer| estate.joined(of, *peer)) {
        let side = estate.object(of, peer).unwrap();
        // The own object decides, by what it has recorded; the other one's flag is about the other one's tag.
        if side.access {
            certain.extend(estate.recorded(of, peer).into_iter().map(|net| (net, OriginKind::Peer)));
        }
        if side.forwarded {
            for far in estate.others(peer).filter(|far| *far != of && estate.joined(peer, *far)) {
                possible.extend(estate.recorded(peer, far).into_iter().map(|net| (net, OriginKind::PeerOfPeer)));
            }
        }
    }
    // States that cannot both hold do not say that nothing comes through: one object says so, the other is not there
    // or still waits.
    for peer in estate.others(of) {
        let states = [(of, peer), (peer, of)].map(|(a, b)| estate.object(a, b).map(|side| side.state));
        let unclear =
            matches!(states, [Some("Connected"), None | Some("Initiated")] | [Some("Initiated"), Some("Connected")]);
        if unclear && estate.object(of, peer).is_some_and(|side| side.access) {
            possible.extend(estate.recorded(of, peer).into_iter().map(|net| (net, OriginKind::Peer)));
        }
    }
    for (prefix, hop) in &network.routes {
        let tier = if *hop == "VirtualAppliance" { &mut certain } else { &mut possible };
        tier.insert((*prefix, OriginKind::Route));
    }
    (certain, possible)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_tag_holds_what_its_definition_says(small in small()) {
        let estate = Scan::text(small.text(&NAMES)).estate();
        for at in small.positions() {
            let vnet = estate.find(&ResourceId::new(&Small::id(&NAMES, at))).unwrap();
            let position = estate.vnet(vnet).unwrap().subnets.iter().position(|subnet| subnet.name == "snet").unwrap();
            let index = SubnetIndex { vnet, position: u32::try_from(position).unwrap() };
            let tag = virtual_network_tag(&estate, index, Declared { on_premises: &[] });
            let contents = |origins: &[vnetlint::facts::Origin]| {
                origins.iter().map(|origin| (origin.prefix.parse().unwrap(), origin.kind)).collect::<Contents>()
            };
            let (certain, possible) = defined(&small, at);
            prop_assert_eq!(contents(&tag.certain), certain, "certain on {}", NAMES[at]);
            prop_assert_eq!(contents(&tag.possible), possible, "possible on {}", NAMES[at]);
            // Everything was read; but a peer may say `Connected` of an own object that is not there.
            let unclear = small.others(at).any(|peer| {
                small.object(at, peer).is_none() && small.object(peer, at).is_some_and(|side| side.state == "Connected")
            });
            prop_assert_eq!(!tag.unknown.is_empty(), unclear, "{:?} on {}", tag.unknown, NAMES[at]);
        }
    }

    #[test]
    fn overlaps_are_the_networks_that_share_an_address_and_a_packets_way(small in small()) {
        let estate = Scan::text(small.text(&NAMES)).estate();
        let name = |index| estate.node(index).id.name().to_owned();
        let mut found = BTreeMap::new();
        for (vnet, meetings) in &estate.overlaps.iter().collect::<BTreeMap<_, _>>() {
            for meeting in *meetings {
                let other = match meeting.with {
                    MeetingPoint::Peer(other) | MeetingPoint::CommonPeer(other, _) => other,
                    MeetingPoint::OnPremises => panic!("nothing is declared"),
                };
                let mut pair = [name(**vnet), name(other)];
                pair.sort();
                    let shared = meeting.shared.iter().map(|net| net.to_string().parse().unwrap());
                let shared = addresses(&shared.collect::<Vec<_>>());
                prop_assert!(found.insert(pair, shared).is_none(), "a pair is told once");
            }
        }
        let mut expected = BTreeMap::new();
        for a in small.positions() {
            for b in small.positions().skip(a + 1) {
                let common = small.positions().any(|hub| small.joined(hub, a) && small.joined(hub, b));
                if small.joined(a, b) || common {
                    let [one, other] = [a, b].map(|at| addresses(&small.networks[at].space));
                    let shared = one.intersection(&other).copied().collect::<BTreeSet<_>>();
                    if !shared.is_empty() {
                        expected.insert([NAMES[a].to_owned(), NAMES[b].to_owned()], shared);
                    }
                }
            }
        }
        prop_assert_eq!(found, expected);
    }

    /// Names decide which side is the local one; nothing else may depend on them, or on the order of the export.
    #[test]
    fn joining_is_symmetric(small in small()) {
        let mut turned = small.export(&BACKWARDS);
        turned.reverse();
        let back = BACKWARDS.iter().zip(NAMES).fold(Value::Array(turned).to_string(), |text, (from, to)| text.replace(from, to));
        // The same networks under the same names, from the last, are the same to the letter.
        prop_assert_eq!(Scan::text(back).facts(Kind::Peering), Scan::text(small.text(&NAMES)).facts(Kind::Peering));

        let one = Scan::text(small.text(&NAMES)).facts(Kind::Peering).iter().map(unoriented).collect::<BTreeSet<_>>();
        let renamed = Scan::text(small.text(&BACKWARDS)).facts(Kind::Peering);
        let renamed = renamed.iter().map(|link| {
            let text = BACKWARDS.iter().zip(NAMES).fold(link.to_string(), |text, (from, to)| text.replace(from, to));
            unoriented(&serde_json::from_str(&text).unwrap())
        });
        prop_assert_eq!(renamed.collect::<BTreeSet<_>>(), one);
    }
}

/// Every address of some prefixes, also those that name a network or all of its hosts.
fn addresses(nets: &[Ipv4Net]) -> BTreeSet<u32> {
    nets.iter().flat_map(|net| u32::from(net.network())..=u32::from(net.broadcast())).collect()
}

/// A link's facts without which side is called local.
fn unoriented(link: &Value) -> String {
    let mut link = link.clone();
    let members = link.as_object_mut().unwrap();
    // The object that stands for the link, and how its other side is known: with one object, that is the same object.
    members.remove("id");
    let mut sides = [members.remove("local").unwrap().to_string(), members.remove("remote").unwrap().to_string()];
    sides.sort();
    format!("{link} {sides:?}")
}
