//! Everything that the inputs hold, each resource once.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use compact_str::CompactString;
use rustc_hash::FxHashMap;

use super::Scope;
use crate::azure::{
    Connection, Element, Firewall, Gateway, HubConnection, Interface, LocalGateway, Nsg, Oddity, Place, Resource,
    ResourceId, RouteTable, Subscription, VirtualHub, Vnet,
};
use crate::finding::Anchor;
use crate::report::InputFile;

/// Everything that the inputs hold, each resource once, in the order of lower-cased ids.
#[derive(Debug, Default)]
pub struct Inventory {
    /// The files, by position.
    pub files: Vec<InputFile>,
    /// Virtual networks, those among them of which only children were read.
    pub vnets: Vec<Vnet>,
    /// Network security groups.
    pub nsgs: Vec<Nsg>,
    /// Route tables.
    pub route_tables: Vec<RouteTable>,
    /// Virtual network gateways.
    pub gateways: Vec<Gateway>,
    /// Connections of gateways.
    pub connections: Vec<Connection>,
    /// Local network gateways.
    pub local_gateways: Vec<LocalGateway>,
    /// Azure Firewalls.
    pub firewalls: Vec<Firewall>,
    /// Network interfaces.
    pub interfaces: Vec<Interface>,
    /// Virtual WAN hubs and Route Servers.
    pub virtual_hubs: Vec<VirtualHub>,
    /// Connections of virtual networks to hubs.
    pub hub_connections: Vec<HubConnection>,
    /// Resources of which no rule reads more than that they are there.
    pub others: Vec<Other>,
    /// Subscriptions, by id.
    pub subscriptions: BTreeMap<CompactString, Subscription>,
    /// Tenant by subscription, both lower case.
    pub tenants: BTreeMap<CompactString, CompactString>,
    /// Display names of tenants, where a manifest says.
    pub tenant_names: BTreeMap<String, String>,
    /// How many resources of each type were read.
    pub counts: BTreeMap<String, u64>,
    /// How many resources of each type no rule reads.
    pub skipped: BTreeMap<String, u64>,
    /// Values that could not be understood.
    pub oddities: Vec<(Anchor, String)>,
    /// What the inputs promise to show.
    pub scope: Scope,
    /// When the snapshot was collected, where an input says; the latest of several.
    pub collected_at: Option<String>,
    /// Files below a named folder that are about something else.
    pub foreign: Vec<String>,
    /// Lists whose next page is not among the inputs, by type.
    pub cut_lists: Vec<String>,
}

/// A resource of which no rule reads more than that it is there.
#[derive(Debug)]
pub struct Other {
    /// Its type, as file stems name it.
    pub kind: CompactString,
    /// ARM id.
    pub id: ResourceId,
    /// Where it stands.
    pub place: Place,
}

/// Two inputs say different things of one resource.
#[derive(Debug)]
pub struct Conflict {
    pub(super) id: String,
    pub(super) first: Place,
    pub(super) second: Place,
}

/// Collects elements in the order of the files.
#[derive(Default)]
pub(super) struct Collector {
    pub(super) inventory: Inventory,
    /// When each file's resources were collected, by file: RFC 3339 in UTC compares as text.
    pub(super) times: Vec<Option<String>>,
    resources: FxHashMap<ResourceId, Resource>,
    conflicts: Vec<Conflict>,
}

impl Collector {
    pub(super) fn reserve(&mut self, elements: usize) {
        self.resources.reserve(elements);
    }

    pub(super) fn add(&mut self, place: Place, element: Element) {
        let inventory = &mut self.inventory;
        let Some(resource) = element.resource else {
            count(&mut inventory.skipped, &element.kind);
            return;
        };
        inventory.scope.read(&element.kind);
        if let (Some(subscription), Some(tenant)) = (element.subscription, element.tenant) {
            inventory.tenants.entry(subscription).or_insert(tenant);
        }
        if let Resource::Subscription(subscription) = resource {
            return self.subscription(*subscription);
        }
        let odd = |Oddity { pointer, message }| (place.anchor(pointer), message);
        match self.resources.entry(id(&resource)) {
            std::collections::hash_map::Entry::Vacant(free) => {
                count(&mut inventory.counts, &element.kind);
                inventory.oddities.extend(element.oddities.into_iter().map(odd));
                free.insert(resource);
            }
            std::collections::hash_map::Entry::Occupied(mut taken) => {
                let first = standing(taken.get());
                if *taken.get() == resource {
                    return;
                }
                let time = |place: Place| self.times.get(place.file.0 as usize).and_then(Option::as_ref);
                match (time(first), time(place)) {
                    (Some(old), Some(new)) if old < new => {
                        inventory.oddities.extend(element.oddities.into_iter().map(odd));
                        taken.insert(resource);
                    }
                    (Some(old), Some(new)) if old > new => {}
                    _ => self.conflicts.push(Conflict { id: id(&resource).to_string(), first, second: place }),
                }
            }
        }
    }

    /// Sources tell different things of a subscription: what one leaves out, another fills in.
    fn subscription(&mut self, new: Subscription) {
        let inventory = &mut self.inventory;
        if let Some(tenant) = &new.tenant {
            inventory.tenants.insert(new.id.clone(), tenant.clone());
        }
        match inventory.subscriptions.entry(new.id.clone()) {
            Entry::Vacant(free) => {
                count(&mut inventory.counts, "subscription");
                free.insert(new);
            }
            Entry::Occupied(mut known) => {
                let known = known.get_mut();
                known.name = known.name.take().or(new.name);
                known.tenant = known.tenant.take().or(new.tenant);
                known.state = known.state.take().or(new.state);
                if known.tags.is_empty() {
                    known.tags = new.tags;
                }
                if known.management_groups.is_empty() {
                    known.management_groups = new.management_groups;
                }
            }
        }
    }

    /// Sorts everything, and hangs children that stand on their own into their virtual networks.
    pub(super) fn finish(mut self) -> Result<Inventory, Vec<Conflict>> {
        let mut resources = self.resources.drain().map(|(id, resource)| (id.key(), resource)).collect::<Vec<_>>();
        resources.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        let inventory = &mut self.inventory;
        let mut children = Vec::new();
        for (_, resource) in resources {
            match resource {
                Resource::Vnet(vnet) => inventory.vnets.push(*vnet),
                Resource::Nsg(nsg) => inventory.nsgs.push(nsg),
                Resource::RouteTable(table) => inventory.route_tables.push(table),
                Resource::Gateway(gateway) => inventory.gateways.push(*gateway),
                Resource::Connection(connection) => inventory.connections.push(*connection),
                Resource::LocalGateway(gateway) => inventory.local_gateways.push(gateway),
                Resource::Firewall(firewall) => inventory.firewalls.push(firewall),
                Resource::Interface(interface) => inventory.interfaces.push(interface),
                Resource::VirtualHub(hub) => inventory.virtual_hubs.push(*hub),
                Resource::HubConnection(connection) => inventory.hub_connections.push(connection),
                child @ (Resource::Subnet(..) | Resource::Peering(..)) => children.push(child),
                Resource::Other(kind, id, place) => inventory.others.push(Other { kind, id, place }),
                Resource::Subscription(_) => {}
            }
        }
        adopt(inventory, children, &mut self.conflicts);
        inventory.oddities.sort();
        if self.conflicts.is_empty() {
            Ok(self.inventory)
        } else {
            self.conflicts.sort_by_key(|c| (c.second.file, c.second.offset, c.first.file, c.first.offset));
            Err(self.conflicts)
        }
    }
}

fn adopt(inventory: &mut Inventory, children: Vec<Resource>, conflicts: &mut Vec<Conflict>) {
    if children.is_empty() {
        return;
    }
    let mut positions: BTreeMap<String, usize> =
        inventory.vnets.iter().enumerate().map(|(at, vnet)| (vnet.id.key(), at)).collect();
    for child in children {
        let (id, place) = match &child {
            Resource::Subnet(id, place, _) | Resource::Peering(id, place, _) => (id.clone(), *place),
            _ => continue,
        };
        let Some(parent) = id.parent() else { continue };
        let at = match positions.entry(parent.key()) {
            Entry::Occupied(at) => *at.get(),
            Entry::Vacant(free) => {
                inventory.vnets.push(Vnet::unseen(parent, place));
                *free.insert(inventory.vnets.len() - 1)
            }
        };
        let vnet = &mut inventory.vnets[at];
        let clash = match child {
            Resource::Subnet(_, _, subnet) => {
                let known = vnet.subnets.iter().find(|s| s.name.eq_ignore_ascii_case(&subnet.name));
                merge_child(known.cloned(), *subnet, &mut vnet.subnets)
            }
            Resource::Peering(_, _, peering) => {
                let known = vnet.peerings.iter().find(|p| p.name.eq_ignore_ascii_case(&peering.name));
                merge_child(known.cloned(), *peering, &mut vnet.peerings)
            }
            _ => false,
        };
        if clash {
            conflicts.push(Conflict { id: id.to_string(), first: vnet.place, second: place });
        }
    }
    for vnet in &mut inventory.vnets {
        if !vnet.seen {
            vnet.subnets.sort_by(|a, b| a.name.cmp(&b.name));
            vnet.peerings.sort_by(|a, b| a.name.cmp(&b.name));
        }
    }
    inventory.vnets.sort_by_cached_key(|vnet| vnet.id.key());
}

/// Adds a child that its parent does not list; whether the parent lists it otherwise.
fn merge_child<T: PartialEq>(known: Option<T>, child: T, children: &mut Vec<T>) -> bool {
    if let Some(known) = known {
        known != child
    } else {
        children.push(child);
        false
    }
}

fn count(counts: &mut BTreeMap<String, u64>, kind: &str) {
    match counts.get_mut(kind) {
        Some(count) => *count += 1,
        None => {
            counts.insert(kind.to_owned(), 1);
        }
    }
}

fn id(resource: &Resource) -> ResourceId {
    match resource {
        Resource::Vnet(r) => r.id.clone(),
        Resource::Subnet(id, ..) | Resource::Peering(id, ..) | Resource::Other(_, id, _) => id.clone(),
        Resource::Nsg(r) => r.id.clone(),
        Resource::RouteTable(r) => r.id.clone(),
        Resource::Gateway(r) => r.id.clone(),
        Resource::Connection(r) => r.id.clone(),
        Resource::LocalGateway(r) => r.id.clone(),
        Resource::Firewall(r) => r.id.clone(),
        Resource::Interface(r) => r.id.clone(),
        Resource::VirtualHub(r) => r.id.clone(),
        Resource::HubConnection(r) => r.id.clone(),
        Resource::Subscription(r) => ResourceId::new(&format!("/subscriptions/{}", r.id)),
    }
}

fn standing(resource: &Resource) -> Place {
    match resource {
        Resource::Vnet(r) => r.place,
        Resource::Subnet(_, place, _) | Resource::Peering(_, place, _) | Resource::Other(.., place) => *place,
        Resource::Nsg(r) => r.place,
        Resource::RouteTable(r) => r.place,
        Resource::Gateway(r) => r.place,
        Resource::Connection(r) => r.place,
        Resource::LocalGateway(r) => r.place,
        Resource::Firewall(r) => r.place,
        Resource::Interface(r) => r.place,
        Resource::VirtualHub(r) => r.place,
        Resource::HubConnection(r) => r.place,
        Resource::Subscription(r) => r.place,
    }
}
