//! The estate as it is drawn on a whiteboard: hubs, spokes, links, address plan. Knows no JSON and no file.
//!
//! Hubs with their spokes are groups; nothing joins two groups, so address space may be used again in another.
//! Groups stand in rows: the groups of a row have one environment and one region, each in another tenant.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use ipnet::Ipv4Net;

use super::Spec;
use super::random::{Kind, guid};
use super::vnet::{Environment, Naming, REGIONS, Role, Twist, Vnet};

/// Every virtual network takes one block of this length; a partition holds `SLOTS` of them.
const BLOCK: u8 = 22;
const SLOTS: usize = 4096;
const SUBSCRIPTION_SIZE: usize = 50;
const TENANTS: [&str; 8] =
    ["contoso", "fabrikam", "northwind", "tailwind", "adatum", "litware", "wingtip", "proseware"];
/// Environments of hubs, row by row. Five and four are coprime: every environment comes to every region.
const ROWS: [Environment; 5] =
    [Environment::Prod, Environment::Shared, Environment::Dev, Environment::Prod, Environment::Test];

#[derive(Clone)]
pub(crate) enum Remote {
    Vnet(usize),
    /// A virtual network that was deleted from the subscription of the local one.
    Gone {
        name: String,
        space: Ipv4Net,
    },
}

#[derive(Clone, Copy)]
pub(crate) enum State {
    Initiated,
    Connected,
    Disconnected,
}

impl State {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Initiated => "Initiated",
            Self::Connected => "Connected",
            Self::Disconnected => "Disconnected",
        }
    }
}

#[derive(Clone, Copy)]
pub(crate) enum Sync {
    Full,
    Remote,
    Local,
}

impl Sync {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Full => "FullyInSync",
            Self::Remote => "RemoteNotInSync",
            Self::Local => "LocalNotInSync",
        }
    }
}

/// One peering object, under its local virtual network.
#[derive(Clone)]
pub(crate) struct Peering {
    pub(crate) remote: Remote,
    /// The same on both sides: the GUID's number.
    pub(crate) link: usize,
    pub(crate) state: State,
    pub(crate) sync: Sync,
    pub(crate) allow: Allow,
    pub(crate) use_remote_gateways: bool,
    /// The remote's space at the last synchronisation, where it differs from the current one.
    pub(crate) recorded_remote: Option<Vec<Ipv4Net>>,
    /// The same of the local space.
    pub(crate) recorded_local: Option<Vec<Ipv4Net>>,
}

/// The three `allow` flags.
#[derive(Clone, Copy)]
pub(crate) struct Allow {
    pub(crate) access: bool,
    pub(crate) forwarded: bool,
    pub(crate) transit: bool,
}

impl Peering {
    /// A connected object with the flags that Azure sets when nobody says otherwise.
    pub(crate) fn new(remote: Remote, link: usize) -> Self {
        Self {
            remote,
            link,
            state: State::Connected,
            sync: Sync::Full,
            allow: Allow { access: true, forwarded: false, transit: false },
            use_remote_gateways: false,
            recorded_remote: None,
            recorded_local: None,
        }
    }
}

pub(crate) struct Subscription {
    pub(crate) id: String,
    pub(crate) tenant: usize,
    pub(crate) name: String,
    pub(crate) environment: Environment,
    /// In the order of their names, which is the order of their ids.
    pub(crate) vnets: Vec<usize>,
}

pub(crate) struct Tenant {
    pub(crate) id: String,
    pub(crate) name: String,
}

pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) tenants: Vec<Tenant>,
    pub(crate) subscriptions: Vec<Subscription>,
    pub(crate) vnets: Vec<Vnet>,
    /// The virtual networks of each group, its hub first.
    pub(crate) groups: Vec<std::ops::Range<usize>>,
    pub(crate) links: usize,
    slots_per_group: usize,
}

impl Plan {
    /// The clean estate, before seeds, names and subscriptions.
    pub(crate) fn new(spec: &Spec) -> Self {
        let count = spec.vnets.div_ceil(spec.spokes_per_hub + 1).max(1);
        let tenants = spec.tenants.clamp(1, count);
        let mut plan = Self {
            seed: spec.seed,
            tenants: (0..tenants)
                .map(|n| Tenant { id: guid(spec.seed, Kind::Tenant, n), name: tenant_name(n) })
                .collect(),
            subscriptions: Vec::new(),
            vnets: Vec::with_capacity(spec.vnets),
            groups: Vec::with_capacity(count),
            links: 0,
            slots_per_group: spec.vnets.div_ceil(count).next_power_of_two().min(SLOTS),
        };
        for group in 0..count {
            let size = spec.vnets / count + usize::from(group < spec.vnets % count);
            plan.add_group(group, size, spec.nics_percent);
        }
        plan
    }

    fn add_group(&mut self, group: usize, size: usize, nics_percent: usize) {
        let row = group / self.tenants.len();
        let hub = self.vnets.len();
        let environment = ROWS[row % ROWS.len()];
        for ordinal in 0..size {
            let environment = match environment {
                // A shared hub serves production and development.
                Environment::Shared if ordinal % 2 == 1 => Environment::Prod,
                Environment::Shared if ordinal > 0 => Environment::Dev,
                one => one,
            };
            let number = self.vnets.len();
            self.vnets.push(Vnet {
                group,
                ordinal,
                role: if ordinal == 0 { Role::Hub } else { Role::Spoke },
                tenant: group % self.tenants.len(),
                region: REGIONS[row % REGIONS.len()],
                environment,
                naming: Naming::Plain,
                subscription: 0,
                name: String::new(),
                spaces: vec![self.block(group, ordinal, environment)],
                peerings: Vec::new(),
                clients: if ordinal == 0 {
                    self.spoke_space(group, environment)
                } else {
                    vec![self.vnets[hub].block()]
                },
                twist: Twist::Clean,
                subnet_without_nsg: None,
                default_route: false,
                firewall: ordinal == 0,
                nic: ordinal > 0 && number * nics_percent % 100 < nics_percent,
            });
            if ordinal > 0 {
                self.link_to_hub(hub, number);
            }
        }
        self.groups.push(hub..self.vnets.len());
    }

    fn link_to_hub(&mut self, hub: usize, spoke: usize) {
        let link = self.next_link();
        let mut down = Peering::new(Remote::Vnet(spoke), link);
        down.allow.transit = true;
        let mut up = Peering::new(Remote::Vnet(hub), link);
        up.allow.forwarded = true;
        up.use_remote_gateways = true;
        self.vnets[hub].peerings.push(down);
        self.vnets[spoke].peerings.push(up);
    }

    pub(crate) fn next_link(&mut self) -> usize {
        self.links += 1;
        self.links
    }

    /// The block of one virtual network in the partition of an environment. A group has the same slots in
    /// every partition, so its members are disjoint whatever their environments are.
    pub(crate) fn block(&self, group: usize, ordinal: usize, environment: Environment) -> Ipv4Net {
        self.slots(group, ordinal, environment, BLOCK)
    }

    /// What the spokes of a hub may use, as few prefixes.
    fn spoke_space(&self, group: usize, hub: Environment) -> Vec<Ipv4Net> {
        let bits = u8::try_from(self.slots_per_group.ilog2()).expect("at most 12");
        let partitions = match hub {
            Environment::Shared => vec![Environment::Prod, Environment::Dev],
            one => vec![one],
        };
        partitions.into_iter().map(|one| self.slots(group, 0, one, BLOCK - bits)).collect()
    }

    fn slots(&self, group: usize, ordinal: usize, environment: Environment, length: u8) -> Ipv4Net {
        let slot = u32::try_from((group * self.slots_per_group + ordinal) % SLOTS).expect("below 4096");
        let address = u32::from(environment.partition()) + (slot << (32 - BLOCK));
        Ipv4Net::new_assert(Ipv4Addr::from(address), length)
    }

    /// Gives every virtual network its name and its subscription. Nothing moves after this.
    pub(crate) fn settle(&mut self) {
        let mut open = BTreeMap::<(usize, Environment), usize>::new();
        for number in 0..self.vnets.len() {
            self.vnets[number].name = self.vnets[number].plain_name();
            let vnet = &self.vnets[number];
            let key = (vnet.tenant, vnet.environment);
            let full = |n: &usize| self.subscriptions[*n].vnets.len() >= SUBSCRIPTION_SIZE;
            let subscription = match open.get(&key) {
                Some(n) if !full(n) => *n,
                _ => self.open_subscription(vnet.tenant, vnet.environment),
            };
            open.insert(key, subscription);
            self.vnets[number].subscription = subscription;
            self.subscriptions[subscription].vnets.push(number);
        }
        for subscription in &mut self.subscriptions {
            subscription.vnets.sort_by(|a, b| self.vnets[*a].name.cmp(&self.vnets[*b].name));
        }
    }

    fn open_subscription(&mut self, tenant: usize, environment: Environment) -> usize {
        let number = self.subscriptions.len();
        self.subscriptions.push(Subscription {
            id: guid(self.seed, Kind::Subscription, number),
            tenant,
            name: format!("sub-{}-{:04}", environment.landing_zone(), number + 1),
            environment,
            vnets: Vec::with_capacity(SUBSCRIPTION_SIZE),
        });
        number
    }

    /// The ARM id of a resource in the subscription of a virtual network.
    pub(crate) fn id(&self, vnet: &Vnet, kind: &str, name: &str) -> String {
        let subscription = &self.subscriptions[vnet.subscription].id;
        format!("/subscriptions/{subscription}/resourceGroups/rg-network/providers/Microsoft.Network/{kind}/{name}")
    }

    pub(crate) fn vnet_id(&self, vnet: &Vnet) -> String {
        self.id(vnet, "virtualNetworks", &vnet.name)
    }

    pub(crate) fn nsg_id(&self, vnet: &Vnet) -> String {
        self.id(vnet, "networkSecurityGroups", &vnet.named("nsg"))
    }

    pub(crate) fn peering_name(&self, peering: &Peering) -> String {
        match &peering.remote {
            Remote::Vnet(remote) => format!("to-{}", self.vnets[*remote].name),
            Remote::Gone { name, .. } => format!("to-{name}"),
        }
    }
}

fn tenant_name(number: usize) -> String {
    let name = TENANTS[number % TENANTS.len()];
    if number < TENANTS.len() { name.to_owned() } else { format!("{name}-{}", number / TENANTS.len() + 1) }
}
