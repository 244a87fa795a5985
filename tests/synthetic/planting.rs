//! Plants violations into a clean plan.
//!
//! Every seed takes spokes of its own, so that no two seeds meet and each breaks exactly the rule that it names.

use std::io;
use std::net::Ipv4Addr;

use ipnet::Ipv4Net;

use super::plan::{Peering, Plan, Remote, State, Sync};
use super::random::Random;
use super::seeds::{Planted, Seed, Seeds, Subject};
use super::vnet::{Environment, Naming, Twist, Vnet};

/// Plants every seed.
///
/// # Errors
/// `InvalidInput` when the estate has no room for one of them.
pub(crate) fn plant(plan: &mut Plan, seeds: &Seeds) -> io::Result<Vec<Planted>> {
    let mut garden = Garden {
        free: plan.groups.iter().map(|group| group.clone().skip(1).collect()).collect(),
        random: Random::new(plan.seed),
        spare: 0,
        planted: Vec::new(),
        plan,
    };
    for seed in Seed::ALL {
        for turn in 0..seeds.count(seed) {
            garden.plant(seed, turn).ok_or_else(|| {
                let (vnets, wanted) = (garden.plan.vnets.len(), seeds.count(seed));
                let problem = format!("an estate of {vnets} virtual networks has no room for {wanted} seeds {seed:?}");
                io::Error::new(io::ErrorKind::InvalidInput, problem)
            })?;
        }
    }
    Ok(garden.planted)
}

struct Garden<'a> {
    plan: &'a mut Plan,
    /// The spokes of each group that no seed has taken.
    free: Vec<Vec<usize>>,
    random: Random,
    /// Prefixes of 10.192.0.0/10 that were given out; the address plan leaves that space alone.
    spare: usize,
    planted: Vec<Planted>,
}

impl Garden<'_> {
    /// `None` when there is no room.
    fn plant(&mut self, seed: Seed, turn: usize) -> Option<()> {
        match seed {
            Seed::IdleHub => self.idle_hub(seed),
            Seed::Mesh | Seed::OneSided | Seed::Disconnected | Seed::Overlap => self.pair(seed),
            Seed::Orphan => self.orphan(seed),
            Seed::OutOfSync => self.out_of_sync(seed, turn),
            Seed::CrossEnvironmentAllow => self.cross_environment_allow(seed),
            Seed::UnapprovedSpoke
            | Seed::UnapprovedHub
            | Seed::GatewayTransit
            | Seed::CrossTenant
            | Seed::CrossRegion
            | Seed::AsymmetricAccess
            | Seed::ProdToNonprod => self.hub_link(seed),
            Seed::PublicRange | Seed::MissingClassification | Seed::ClassificationConflict => self.vnet(seed, turn),
            Seed::BroadTag | Seed::NarrowTag | Seed::AnyToAny | Seed::ManagementPort | Seed::ShadowedRule => {
                self.rule(seed)
            }
            Seed::SubnetWithoutNsg | Seed::DefaultRoute => self.subnet(seed),
        }
    }

    /// Every spoke of the hub that no seed has taken; seeds in the rest of the group would add verdicts.
    fn idle_hub(&mut self, seed: Seed) -> Option<()> {
        let group = self.free.iter().rposition(|free| !free.is_empty())?;
        let spokes = std::mem::take(&mut self.free[group]);
        let hub = self.plan.groups[group].start;
        self.plan.vnets[hub].firewall = false;
        for spoke in spokes {
            self.expect(seed, Subject::Peerings(vec![(spoke, 0)]));
        }
        Some(())
    }

    /// Two spokes of one hub and one environment.
    fn pair(&mut self, seed: Seed) -> Option<()> {
        let first = self.take(|garden, spoke| {
            let vnets = &garden.plan.vnets;
            let like = |n: &&usize| vnets[**n].environment == vnets[spoke].environment;
            garden.free[vnets[spoke].group].iter().filter(like).count() > 1
        })?;
        let (group, environment) = (self.plan.vnets[first].group, self.plan.vnets[first].environment);
        let second = self.take(|garden, spoke| {
            garden.plan.vnets[spoke].group == group && garden.plan.vnets[spoke].environment == environment
        })?;
        let subject = match seed {
            Seed::Overlap => {
                let space = self.plan.vnets[second].part(3);
                self.plan.vnets[first].spaces.push(space);
                Subject::Vnets(vec![first, second])
            }
            Seed::Mesh => {
                let link = self.plan.next_link();
                let there = self.add_peering(first, Peering::new(Remote::Vnet(second), link));
                let back = self.add_peering(second, Peering::new(Remote::Vnet(first), link));
                Subject::Peerings(vec![there, back])
            }
            _ => {
                let state = if seed == Seed::OneSided { State::Initiated } else { State::Disconnected };
                let peering = Peering::new(Remote::Vnet(second), self.plan.next_link());
                Subject::Peerings(vec![self.add_peering(first, Peering { state, sync: Sync::Remote, ..peering })])
            }
        };
        self.expect(seed, subject);
        Some(())
    }

    fn orphan(&mut self, seed: Seed) -> Option<()> {
        let spoke = self.take(|_, _| true)?;
        let space = self.spare_prefix();
        let name = format!("vnet-retired-{:05}", self.spare);
        let peering = Peering::new(Remote::Gone { name, space }, self.plan.next_link());
        let peering = self.add_peering(spoke, Peering { state: State::Disconnected, sync: Sync::Remote, ..peering });
        self.expect(seed, Subject::Peerings(vec![peering]));
        Some(())
    }

    fn out_of_sync(&mut self, seed: Seed, turn: usize) -> Option<()> {
        let spoke = self.take(|_, _| true)?;
        let (down, up) = self.hub_peerings(spoke);
        let recorded = self.plan.vnets[spoke].spaces.clone();
        let added = self.spare_prefix();
        self.plan.vnets[spoke].spaces.push(added);
        let told = turn.is_multiple_of(2);
        let peering = self.peering(down);
        peering.recorded_remote = Some(recorded.clone());
        peering.sync = if told { Sync::Local } else { Sync::Full };
        let peering = self.peering(up);
        peering.recorded_local = Some(recorded);
        peering.sync = if told { Sync::Remote } else { Sync::Full };
        self.expect(seed, Subject::Peerings(vec![down, up]));
        Some(())
    }

    /// Seeds that change a spoke so that its link with the hub breaks a rule.
    fn hub_link(&mut self, seed: Seed) -> Option<()> {
        if seed == Seed::CrossTenant && self.plan.tenants.len() < 2 {
            return None;
        }
        let spoke = self.take(|garden, spoke| {
            let hub = garden.plan.groups[garden.plan.vnets[spoke].group].start;
            seed != Seed::ProdToNonprod || garden.plan.vnets[hub].environment == Environment::Prod
        })?;
        let (down, up) = self.hub_peerings(spoke);
        let tenants = self.plan.tenants.len();
        let vnet = &mut self.plan.vnets[spoke];
        let mut subject = vec![down, up];
        match seed {
            Seed::ProdToNonprod => self.move_to(spoke, Environment::Dev),
            Seed::CrossTenant => vnet.tenant = (vnet.tenant + 1) % tenants,
            Seed::CrossRegion => vnet.region = vnet.region.next(),
            Seed::AsymmetricAccess => self.peering(down).allow.access = false,
            Seed::UnapprovedSpoke => {
                vnet.naming = Naming::Unapproved;
                subject = vec![up];
            }
            Seed::UnapprovedHub => {
                self.peering(down).allow.forwarded = true;
                subject = vec![down];
            }
            _ => self.peering(down).allow.transit = false,
        }
        self.expect(seed, Subject::Peerings(subject));
        Some(())
    }

    fn vnet(&mut self, seed: Seed, turn: usize) -> Option<()> {
        let spoke = self.take(|_, _| true)?;
        match seed {
            Seed::PublicRange => {
                let address = (51 << 24) + (u32::try_from(turn).ok()? << 8);
                self.plan.vnets[spoke].spaces.push(Ipv4Net::new_assert(Ipv4Addr::from(address), 24));
            }
            Seed::MissingClassification => self.move_to(spoke, Environment::Unstated),
            _ => {
                let prod = self.plan.vnets[spoke].environment == Environment::Prod;
                let claimed = if prod { Environment::Dev } else { Environment::Prod };
                self.plan.vnets[spoke].naming = Naming::Claims(claimed);
            }
        }
        self.expect(seed, Subject::Vnets(vec![spoke]));
        Some(())
    }

    fn rule(&mut self, seed: Seed) -> Option<()> {
        let spoke = self.take(|_, _| true)?;
        let (twist, rule) = match seed {
            Seed::BroadTag => (Twist::BroadTag, "AllowFromVirtualNetwork"),
            Seed::NarrowTag => (Twist::NarrowTag, "AllowFromVirtualNetwork"),
            Seed::AnyToAny => (Twist::AnyToAny, "AllowEverything"),
            Seed::ManagementPort => (Twist::SshFromInternet, "AllowSshFromInternet"),
            _ => (Twist::Shadowed, "AllowAppAgain"),
        };
        self.plan.vnets[spoke].twist = twist;
        self.expect(seed, Subject::Rule(spoke, rule));
        Some(())
    }

    fn subnet(&mut self, seed: Seed) -> Option<()> {
        let spoke = self.take(|_, _| true)?;
        let vnet = &mut self.plan.vnets[spoke];
        let mut subnets = vnet.workload_subnets().map(|(name, _)| name).collect::<Vec<_>>();
        if seed == Seed::DefaultRoute {
            vnet.default_route = true;
            vnet.twist = Twist::NoFinalDeny;
        } else {
            subnets = vec!["snet-data"];
            vnet.subnet_without_nsg = Some("snet-data");
        }
        for subnet in subnets {
            self.expect(seed, Subject::Subnet(spoke, subnet));
        }
        Some(())
    }

    /// Production and development below one shared hub.
    fn cross_environment_allow(&mut self, seed: Seed) -> Option<()> {
        let is = |vnet: &Vnet, environment| vnet.environment == environment;
        let prod = self.take(|garden, spoke| {
            let vnets = &garden.plan.vnets;
            let dev = |n: &usize| is(&vnets[*n], Environment::Dev);
            is(&vnets[spoke], Environment::Prod) && garden.free[vnets[spoke].group].iter().any(dev)
        })?;
        let group = self.plan.vnets[prod].group;
        let dev = self.take(|garden, spoke| {
            garden.plan.vnets[spoke].group == group && is(&garden.plan.vnets[spoke], Environment::Dev)
        })?;
        self.plan.vnets[prod].twist = Twist::Allows(self.plan.vnets[dev].part(0));
        self.expect(seed, Subject::Rule(prod, "AllowFromOtherEnvironment"));
        Some(())
    }

    /// Takes a spoke for which the condition holds, starting at a random group so that seeds spread.
    fn take(&mut self, fits: impl Fn(&Self, usize) -> bool) -> Option<usize> {
        let groups = self.free.len();
        let start = self.random.below(groups);
        for group in (start..groups).chain(0..start) {
            if let Some(position) = self.free[group].iter().position(|spoke| fits(self, *spoke)) {
                return Some(self.free[group].remove(position));
            }
        }
        None
    }

    /// Puts a spoke into another environment than its hub: its block, and an NSG that names no block but its own.
    fn move_to(&mut self, spoke: usize, environment: Environment) {
        let block = self.plan.block(self.plan.vnets[spoke].group, self.plan.vnets[spoke].ordinal, environment);
        let vnet = &mut self.plan.vnets[spoke];
        vnet.environment = environment;
        vnet.spaces = vec![block];
        vnet.clients = vec![block];
    }

    /// The link of a spoke with its hub: the hub's object, then the spoke's.
    fn hub_peerings(&self, spoke: usize) -> ((usize, usize), (usize, usize)) {
        let vnet = &self.plan.vnets[spoke];
        ((self.plan.groups[vnet.group].start, vnet.ordinal - 1), (spoke, 0))
    }

    fn peering(&mut self, (vnet, position): (usize, usize)) -> &mut Peering {
        &mut self.plan.vnets[vnet].peerings[position]
    }

    fn add_peering(&mut self, vnet: usize, peering: Peering) -> (usize, usize) {
        let peerings = &mut self.plan.vnets[vnet].peerings;
        peerings.push(peering);
        (vnet, peerings.len() - 1)
    }

    fn spare_prefix(&mut self) -> Ipv4Net {
        let number = u32::try_from(self.spare % (1 << 14)).expect("below 16384");
        self.spare += 1;
        Ipv4Net::new_assert(Ipv4Addr::from(u32::from(Ipv4Addr::new(10, 192, 0, 0)) + (number << 8)), 24)
    }

    fn expect(&mut self, seed: Seed, subject: Subject) {
        self.planted.push(Planted { seed, subject });
    }
}
