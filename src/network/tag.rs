//! What the service tag `VirtualNetwork` means on a subnet.
//!
//! Sources: <https://learn.microsoft.com/azure/virtual-network/service-tags-overview> for what is in the tag,
//! <https://learn.microsoft.com/azure/virtual-network/virtual-network-manage-peering> for what peerings bring.
//! What these promise is certain; what was only observed says so; what they leave open is possible.

use ipnet::IpNet;

use crate::azure::{Connection, PeeringState, ResourceId, Vnet};
use crate::estate::{End, Estate, GatewayRef, Link, SubnetIndex, VnetIndex};
use crate::facts::peering::{LinkState, Presence};
use crate::facts::{Origin, OriginKind, VirtualNetworkTag};

/// The host's virtual address, which appears literally in the tag (observed in effective security rules).
const PLATFORM: &str = "168.63.129.16/32";

/// Settings that the tag depends on.
#[derive(Debug, Clone, Copy)]
pub struct Declared<'a> {
    /// Prefixes that BGP brings and no export shows.
    pub on_premises: &'a [IpNet],
}

/// The tag's content on one subnet.
pub fn virtual_network_tag(estate: &Estate, subnet: SubnetIndex, declared: Declared<'_>) -> VirtualNetworkTag {
    let mut tag = Content { estate, declared, tag: VirtualNetworkTag::default() };
    let (vnet, own) = estate.subnet(subnet);
    tag.own(vnet);
    for link in &estate.node(subnet.vnet).links {
        tag.peer(subnet.vnet, estate.link(*link));
    }
    tag.gateways(subnet.vnet, "its own");
    if let Some(table) = &own.route_table {
        tag.routes(table);
    }
    tag.finish()
}

struct Content<'a> {
    estate: &'a Estate,
    declared: Declared<'a>,
    tag: VirtualNetworkTag,
}

impl Content<'_> {
    fn certain(&mut self, net: &dyn std::fmt::Display, kind: OriginKind, origin: &str, id: Option<&ResourceId>) {
        let id = id.map(ToString::to_string);
        self.tag.certain.push(Origin { prefix: net.to_string(), kind, origin: origin.to_owned(), id });
    }

    fn possible(&mut self, net: &dyn std::fmt::Display, kind: OriginKind, origin: &str, id: Option<&ResourceId>) {
        let id = id.map(ToString::to_string);
        self.tag.possible.push(Origin { prefix: net.to_string(), kind, origin: origin.to_owned(), id });
    }

    fn own(&mut self, vnet: &Vnet) {
        for net in &vnet.address_space.nets {
            self.certain(net, OriginKind::Own, "its own address space", Some(&vnet.id));
        }
        if vnet.address_space.whole().is_none() {
            self.tag.unknown.push(format!("the address space of {} is not given in full", vnet.id.name()));
        }
        self.certain(&PLATFORM, OriginKind::Platform, "the host's virtual address", None);
    }

    fn peer(&mut self, own: VnetIndex, link: &Link) {
        let (Some(end), far) = link.seen_from(own) else { return self.unseen_object(own, link) };
        match link.state {
            LinkState::Established | LinkState::AssumedEstablished => {}
            LinkState::OneSided | LinkState::Initiated | LinkState::Disconnected => return,
            LinkState::Inconsistent | LinkState::Unknown => return self.perhaps(link, end, far),
        }
        let estate = self.estate;
        let (_, peering) = estate.peering(end);
        let node = estate.node(far);
        let name = node.id.name().to_owned();
        let only_ipv6 = peering.only_ipv6 == Some(true);
        let ours = |net: &&IpNet| !only_ipv6 || matches!(net, IpNet::V6(_));
        let kind = if link.remote_vnet == Presence::VirtualHub { OriginKind::VirtualHub } else { OriginKind::Peer };
        let origin = format!("peering with {name}");
        // The flag takes the other side out of the tag; it is no filter.
        match peering.allow_virtual_network_access {
            Some(false) => {}
            Some(true) if peering.recorded.given => {
                for net in peering.recorded.nets.iter().filter(ours) {
                    self.certain(net, kind, &origin, Some(&node.id));
                }
            }
            access => {
                let current = estate.vnet(far).map(|vnet| &vnet.address_space).filter(|space| space.given);
                let nets = if peering.recorded.given { Some(&peering.recorded) } else { current };
                let why = if access.is_none() {
                    format!("{origin}, which does not say whether access is allowed")
                } else {
                    format!("{origin}, which does not say which prefixes it has recorded")
                };
                match nets {
                    Some(nets) => {
                        for net in nets.nets.iter().filter(ours) {
                            self.possible(net, kind, &why, Some(&node.id));
                        }
                    }
                    None => self.tag.unknown.push(why),
                }
            }
        }
        if !peering.recorded.odd.is_empty() {
            self.tag.unknown.push(format!("some prefixes that the {origin} has recorded cannot be understood"));
        }
        if peering.allow_forwarded_traffic == Some(true) {
            self.peers_of(own, far, &name);
        }
        if link.remote_vnet == Presence::VirtualHub {
            // Unverified: whether hub-learned prefixes count as connected through a gateway.
            self.tag.unknown.push(format!("what the virtual WAN hub behind {name} connects: branches, other networks"));
        } else if peering.use_remote_gateways == Some(true) {
            self.transit(link, own, far);
        }
    }

    /// A link of which the states do not say whether it is up. Where both objects wait for the other, it is not.
    fn perhaps(&mut self, link: &Link, end: End, far: VnetIndex) {
        let (_, peering) = self.estate.peering(end);
        let waits = |end: End| self.estate.peering(end).1.state == Some(PeeringState::Initiated);
        let wait = [Some(link.local), link.remote.end()].into_iter().flatten().all(waits);
        if wait || peering.allow_virtual_network_access == Some(false) {
            return;
        }
        let node = self.estate.node(far);
        let why = format!("peering with {}, whose state is not clear", node.id.name());
        let current = self.estate.vnet(far).map(|vnet| &vnet.address_space);
        let known = [Some(&peering.recorded), current].into_iter().flatten().find(|space| space.given);
        match known {
            Some(space) if space.odd.is_empty() => {
                for net in &space.nets {
                    self.possible(net, OriginKind::Peer, &why, Some(&node.id));
                }
            }
            _ => self.tag.unknown.push(why),
        }
    }

    /// A link of which the other side alone was read, and may be up as far as that tells.
    fn unseen_object(&mut self, own: VnetIndex, link: &Link) {
        if matches!(link.state, LinkState::AssumedEstablished | LinkState::Inconsistent | LinkState::Unknown) {
            let other = self.estate.node(link.seen_from(own).1).id.name().to_owned();
            self.tag.unknown.push(format!("what the own side of the peering with {other} admits: it was not read"));
        }
    }

    /// Accepting forwarded traffic changes the tag's definition; which prefixes it adds is not documented.
    fn peers_of(&mut self, own: VnetIndex, far: VnetIndex, name: &str) {
        let estate = self.estate;
        for link in estate.node(far).links.iter().map(|index| estate.link(*index)).filter(|link| link.is_up()) {
            let (end, other) = link.seen_from(far);
            if other == own {
                continue;
            }
            let recorded = end.map(|end| &estate.peering(end).1.recorded).filter(|recorded| recorded.given);
            let current = estate.vnet(other).map(|vnet| &vnet.address_space);
            let id = estate.node(other).id.clone();
            let origin = format!("{}, a peer of {name}, from which forwarded traffic is accepted", id.name());
            for net in recorded.or(current).map(|space| space.nets.to_vec()).unwrap_or_default() {
                self.possible(&net, OriginKind::PeerOfPeer, &origin, Some(&id));
            }
        }
    }

    /// A remote gateway counts when both objects agree and the other network has one.
    fn transit(&mut self, link: &Link, own: VnetIndex, far: VnetIndex) {
        let estate = self.estate;
        let far_end = if link.local.vnet == own { link.remote.end() } else { Some(link.local) };
        let name = estate.node(far).id.name().to_owned();
        match far_end.map(|end| estate.peering(end).1.allow_gateway_transit) {
            Some(Some(false)) => {}
            Some(Some(true)) => self.gateways(far, &format!("{name}'s")),
            Some(None) | None => {
                self.tag
                    .unknown
                    .push(format!("on-premises space behind the gateway of {name}, whose side was not read"));
            }
        }
    }

    fn gateways(&mut self, vnet: VnetIndex, whose: &str) {
        let estate = self.estate;
        let carriers = &estate.node(vnet).carriers;
        match carriers.gateway.present {
            Some(false) => return,
            Some(true) => {}
            None => {
                // A subnet for a gateway without a gateway that was read.
                self.tag.unknown.push(format!("on-premises space behind {whose} gateway: gateways were not read"));
                return;
            }
        }
        for net in self.declared.on_premises {
            let origin = format!("declared on-premises space behind {whose} gateway");
            self.certain(net, OriginKind::OnPremises, &origin, None);
        }
        for gateway in &carriers.gateways {
            self.gateway(*gateway, whose);
        }
        if carriers.gateway.kinds.iter().any(|kind| kind == "RouteServer") && self.declared.on_premises.is_empty() {
            self.tag.unknown.push(format!("routes that {whose} Route Server learns"));
        }
    }

    fn gateway(&mut self, gateway: GatewayRef, whose: &str) {
        let estate = self.estate;
        let gateway = &estate.inventory.gateways[gateway.0 as usize];
        for net in &gateway.client_pool.nets {
            // Unverified: whether the pool of point-to-site clients is in the tag.
            self.possible(net, OriginKind::OnPremises, "point-to-site clients of the gateway", Some(&gateway.id));
        }
        let mut connected = false;
        let mut bgp = gateway.kind.as_deref().is_some_and(|kind| kind.eq_ignore_ascii_case("ExpressRoute"));
        for connection in estate.connections(&gateway.id) {
            connected = true;
            bgp |= connection.bgp == Some(true);
            self.connection(connection, &gateway.id);
        }
        let listed = gateway.id.subscription().is_some_and(|s| estate.inventory.scope.is_whole(s, "connections"));
        if !connected && !listed {
            self.tag.unknown.push(format!("on-premises space behind {whose} gateway: its connections were not read"));
        } else if bgp && self.declared.on_premises.is_empty() {
            self.tag.unknown.push(format!(
                "prefixes that BGP brings to {whose} gateway {}: declare them as `on_premises`",
                gateway.id.name()
            ));
        }
    }

    fn connection(&mut self, connection: &Connection, gateway: &ResourceId) {
        let estate = self.estate;
        let origin = format!("connection {}", connection.id.name());
        if let Some(site) = &connection.local_gateway {
            match estate.local_gateway(site) {
                Some(local) => {
                    for net in &local.prefixes.nets {
                        self.certain(net, OriginKind::OnPremises, &origin, Some(&local.id));
                    }
                }
                None => self.tag.unknown.push(format!("the site {} of {origin} was not read", site.name())),
            }
        }
        let ends = [&connection.gateway, &connection.other_gateway];
        for other in ends.into_iter().flatten().filter(|end| *end != gateway) {
            let far = estate.gateway(other);
            let vnets =
                far.into_iter().flat_map(|far| far.subnets.iter()).filter_map(|subnet| estate.find(&subnet.parent()?));
            for vnet in vnets.collect::<Vec<_>>() {
                for net in estate.vnet(vnet).map(|v| v.address_space.nets.to_vec()).unwrap_or_default() {
                    self.certain(&net, OriginKind::GatewayConnection, &origin, Some(&estate.node(vnet).id.clone()));
                }
            }
            if far.is_none() {
                self.tag
                    .unknown
                    .push(format!("the network behind the gateway {} of {origin} was not read", other.name()));
            }
        }
    }

    /// Prefixes of user-defined routes are in the tag; that this holds for appliances was observed, for other next
    /// hops nobody tested it.
    fn routes(&mut self, table: &ResourceId) {
        let Some(table) = self.estate.route_table(table) else {
            self.tag.unknown.push(format!("the route table {} was not read", table.name()));
            return;
        };
        for route in table.routes.iter().flatten() {
            let origin = format!("route {} of {}", route.name, table.id.name());
            match route.prefix.parse::<IpNet>() {
                Ok(net) if route.is_appliance() => {
                    let origin = format!("{origin} to an appliance (observed, not documented)");
                    self.certain(&net.trunc(), OriginKind::Route, &origin, Some(&table.id));
                }
                Ok(net) => self.possible(&net.trunc(), OriginKind::Route, &origin, Some(&table.id)),
                Err(_) => self.tag.unknown.push(format!("{origin} leads to the service tag {}", route.prefix)),
            }
        }
    }

    fn finish(mut self) -> VirtualNetworkTag {
        let tag = &mut self.tag;
        let in_order = |origins: &mut Vec<Origin>| {
            origins.sort_by(|a, b| (a.kind, net(a), &a.origin).cmp(&(b.kind, net(b), &b.origin)));
            origins.dedup();
        };
        in_order(&mut tag.certain);
        in_order(&mut tag.possible);
        tag.unknown.sort();
        tag.unknown.dedup();
        self.tag
    }
}

/// Prefixes sort as numbers, not as text.
fn net(origin: &Origin) -> Option<IpNet> {
    origin.prefix.parse().ok()
}
