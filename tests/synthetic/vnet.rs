//! One virtual network of the plan: where it stands, what it is called, how it is cut into subnets. Knows no JSON.

use std::net::Ipv4Addr;

use ipnet::Ipv4Net;

use super::plan::Peering;

pub(crate) const FIREWALL_SUBNET: &str = "AzureFirewallSubnet";
pub(crate) const REGIONS: [Region; 4] = [
    Region { location: "westeurope", code: "weu" },
    Region { location: "northeurope", code: "neu" },
    Region { location: "eastus2", code: "eus2" },
    Region { location: "southeastasia", code: "sea" },
];

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Region {
    pub(crate) location: &'static str,
    pub(crate) code: &'static str,
}

impl Region {
    pub(crate) fn next(self) -> Self {
        let position = REGIONS.iter().position(|r| *r == self).expect("every region is in the list");
        REGIONS[(position + 1) % REGIONS.len()]
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Environment {
    Prod,
    Dev,
    Test,
    /// Joins neither side.
    Shared,
    /// No tag, name, subscription or management group says.
    Unstated,
}

impl Environment {
    /// The tag's value.
    pub(crate) fn tag(self) -> Option<&'static str> {
        match self {
            Self::Prod => Some("prod"),
            Self::Dev => Some("dev"),
            Self::Test => Some("test"),
            Self::Shared => Some("shared"),
            Self::Unstated => None,
        }
    }

    /// What subscriptions and management groups are called that hold this environment. `shared` is also the
    /// name of a role, so that word stands in no name.
    pub(crate) fn landing_zone(self) -> &'static str {
        match self {
            Self::Prod => "prod",
            Self::Dev => "dev",
            Self::Test => "test",
            Self::Shared => "connectivity",
            Self::Unstated => "workloads",
        }
    }

    /// The /10 that the environment's blocks come from: production and the rest never share a number, also
    /// where two groups use the same space.
    pub(crate) fn partition(self) -> Ipv4Addr {
        match self {
            Self::Prod => Ipv4Addr::new(10, 0, 0, 0),
            Self::Dev | Self::Test => Ipv4Addr::new(10, 64, 0, 0),
            Self::Shared | Self::Unstated => Ipv4Addr::new(10, 128, 0, 0),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Hub,
    Spoke,
}

impl Role {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Hub => "hub",
            Self::Spoke => "spoke",
        }
    }
}

/// How a spoke is called; hubs and all spokes without a seed say their role and environment.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Naming {
    Plain,
    /// A name that the approval of forwarded traffic does not match.
    Unapproved,
    /// A name that claims another environment than the tag.
    Claims(Environment),
}

/// What is wrong with a virtual network's NSG.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Twist {
    Clean,
    BroadTag,
    NarrowTag,
    AnyToAny,
    SshFromInternet,
    Shadowed,
    /// Allows a prefix of another environment.
    Allows(Ipv4Net),
    /// Lets the default rule with the `VirtualNetwork` tag stand.
    NoFinalDeny,
}

pub(crate) struct Vnet {
    pub(crate) group: usize,
    /// 0 is the hub.
    pub(crate) ordinal: usize,
    pub(crate) role: Role,
    pub(crate) tenant: usize,
    pub(crate) region: Region,
    pub(crate) environment: Environment,
    pub(crate) naming: Naming,
    /// Known once every seed is planted.
    pub(crate) subscription: usize,
    /// Known once every seed is planted.
    pub(crate) name: String,
    /// The first is the block of the address plan, in which the subnets lie.
    pub(crate) spaces: Vec<Ipv4Net>,
    pub(crate) peerings: Vec<Peering>,
    /// Prefixes that the NSG lets in, beside its own.
    pub(crate) clients: Vec<Ipv4Net>,
    pub(crate) twist: Twist,
    pub(crate) subnet_without_nsg: Option<&'static str>,
    pub(crate) default_route: bool,
    pub(crate) firewall: bool,
    pub(crate) nic: bool,
}

impl Vnet {
    pub(crate) fn block(&self) -> Ipv4Net {
        self.spaces[0]
    }

    /// The `n`th /24 of the block.
    pub(crate) fn part(&self, n: u32) -> Ipv4Net {
        let address = u32::from(self.block().network()) + n * 256;
        Ipv4Net::new_assert(Ipv4Addr::from(address), 24)
    }

    /// The name of a resource that belongs to this virtual network.
    pub(crate) fn named(&self, kind: &str) -> String {
        self.name.replacen("vnet", kind, 1)
    }

    /// Names and prefixes of the subnets.
    pub(crate) fn subnets(&self) -> Vec<(&'static str, Ipv4Net)> {
        let start = u32::from(self.block().network());
        let at = |offset: u32, length| Ipv4Net::new_assert(Ipv4Addr::from(start + offset), length);
        match self.role {
            Role::Hub => {
                let firewall = self.firewall.then(|| (FIREWALL_SUBNET, at(64, 26)));
                let others = [("GatewaySubnet", at(0, 27)), ("snet-dns", self.part(1))];
                others.into_iter().chain(firewall).collect()
            }
            Role::Spoke => {
                let three = [("snet-app", self.part(0)), ("snet-data", self.part(1)), ("snet-web", self.part(2))];
                three[..2 + self.ordinal % 2].to_vec()
            }
        }
    }

    /// The subnets that hold machines of ours.
    pub(crate) fn workload_subnets(&self) -> impl Iterator<Item = (&'static str, Ipv4Net)> {
        self.subnets().into_iter().filter(|(name, _)| name.starts_with("snet-"))
    }

    /// Where the firewall of a hub listens.
    pub(crate) fn firewall_address(&self) -> Ipv4Addr {
        Ipv4Addr::from(u32::from(self.block().network()) + 68)
    }

    /// The name by the scheme: `vnet-spoke-prod-weu-0001-07`, a hub without ordinal.
    pub(crate) fn plain_name(&self) -> String {
        let kind = if self.naming == Naming::Unapproved { "workload" } else { self.role.word() };
        let claimed = if let Naming::Claims(other) = self.naming { other } else { self.environment };
        let environment = match claimed {
            Environment::Shared | Environment::Unstated => String::new(),
            stated => format!("-{}", stated.landing_zone()),
        };
        let ordinal = if self.role == Role::Hub { String::new() } else { format!("-{:02}", self.ordinal) };
        format!("vnet-{kind}{environment}-{}-{:04}{ordinal}", self.region.code, self.group + 1)
    }
}
