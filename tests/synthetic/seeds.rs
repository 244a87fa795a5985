//! The kinds of violation that can be planted, and the rule that each breaks. Knows no estate.

use std::collections::BTreeMap;

/// One kind of planted violation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Seed {
    /// A hub without any forwarder, although its spokes take forwarded traffic from it.
    IdleHub,
    /// Two spokes of a hub, peered.
    Mesh,
    /// A development spoke at a production hub.
    ProdToNonprod,
    /// A rule that lets 1,000 ports in from `VirtualNetwork`.
    BroadTag,
    /// A rule that lets one port in from `VirtualNetwork`.
    NarrowTag,
    /// A spoke whose name the approval of forwarded traffic does not match.
    UnapprovedSpoke,
    /// A hub that takes forwarded traffic from a spoke.
    UnapprovedHub,
    /// `Initiated` (and `RemoteNotInSync`), without a reverse.
    OneSided,
    /// `Disconnected`, without a reverse, while the remote virtual network exists.
    Disconnected,
    /// `Disconnected`, and the remote virtual network is gone from a subscription that was read whole.
    Orphan,
    /// Recorded prefixes lack one of the spoke's; every second time the sync level hides it.
    OutOfSync,
    /// `useRemoteGateways` without `allowGatewayTransit`.
    GatewayTransit,
    /// A spoke in another tenant than its hub.
    CrossTenant,
    /// A spoke in another region than its hub.
    CrossRegion,
    /// The hub has switched `allowVirtualNetworkAccess` off, the spoke has not.
    AsymmetricAccess,
    /// A spoke with space of its neighbour.
    Overlap,
    /// A spoke with public space.
    PublicRange,
    /// Every port from everywhere.
    AnyToAny,
    /// SSH from the Internet.
    ManagementPort,
    /// A rule that an earlier one covers.
    ShadowedRule,
    /// A production rule that names a development prefix.
    CrossEnvironmentAllow,
    /// A workload subnet without NSG.
    SubnetWithoutNsg,
    /// Neither tag, name, subscription nor management group says the environment.
    MissingClassification,
    /// The tag and the subscription say one environment, the name another.
    ClassificationConflict,
    /// `0.0.0.0/0` to the firewall on a spoke whose NSG leaves the default rules in force.
    DefaultRoute,
}

impl Seed {
    /// All kinds, in the order in which they are planted: those that need most room first.
    pub(crate) const ALL: [Self; 25] = [
        Self::IdleHub,
        Self::Mesh,
        Self::ProdToNonprod,
        Self::BroadTag,
        Self::NarrowTag,
        Self::UnapprovedSpoke,
        Self::UnapprovedHub,
        Self::OneSided,
        Self::Disconnected,
        Self::Orphan,
        Self::OutOfSync,
        Self::GatewayTransit,
        Self::CrossTenant,
        Self::CrossRegion,
        Self::AsymmetricAccess,
        Self::Overlap,
        Self::PublicRange,
        Self::AnyToAny,
        Self::ManagementPort,
        Self::ShadowedRule,
        Self::CrossEnvironmentAllow,
        Self::SubnetWithoutNsg,
        Self::MissingClassification,
        Self::ClassificationConflict,
        Self::DefaultRoute,
    ];

    /// The rule that the seed breaks.
    pub(crate) fn rule(self) -> &'static str {
        match self {
            Self::IdleHub => "peering-forwarded-traffic-unused",
            Self::Mesh => "peering-spoke-to-spoke",
            Self::ProdToNonprod => "peering-prod-to-nonprod",
            Self::BroadTag => "nsg-broad-virtual-network-tag",
            Self::NarrowTag => "nsg-virtual-network-tag-widened",
            Self::UnapprovedSpoke | Self::UnapprovedHub => "peering-unapproved-forwarded-traffic",
            Self::OneSided => "peering-one-sided",
            Self::Disconnected => "peering-disconnected",
            Self::Orphan => "peering-orphan",
            Self::OutOfSync => "peering-out-of-sync",
            Self::GatewayTransit => "peering-gateway-transit-mismatch",
            Self::CrossTenant => "peering-cross-tenant",
            Self::CrossRegion => "peering-cross-region",
            Self::AsymmetricAccess => "peering-asymmetric-access",
            Self::Overlap => "address-overlap",
            Self::PublicRange => "address-public-range",
            Self::AnyToAny => "nsg-any-to-any",
            Self::ManagementPort => "nsg-management-port-exposed",
            Self::ShadowedRule => "nsg-shadowed-rule",
            Self::CrossEnvironmentAllow => "nsg-cross-environment-allow",
            Self::SubnetWithoutNsg => "subnet-without-nsg",
            Self::MissingClassification => "classification-missing",
            Self::ClassificationConflict => "classification-conflict",
            Self::DefaultRoute => "nsg-virtual-network-tag-is-any",
        }
    }
}

/// How many violations of each kind to plant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seeds(BTreeMap<Seed, usize>);

impl Seeds {
    pub(crate) fn none() -> Self {
        Self::default()
    }

    /// The same number of every kind.
    pub(crate) fn each(count: usize) -> Self {
        Self(Seed::ALL.into_iter().map(|seed| (seed, count)).collect())
    }

    pub(crate) fn with(mut self, seed: Seed, count: usize) -> Self {
        self.0.insert(seed, count);
        self
    }

    pub(crate) fn count(&self, seed: Seed) -> usize {
        self.0.get(&seed).copied().unwrap_or(0)
    }
}

/// What a finding is about, before ids are known.
pub(crate) enum Subject {
    /// Peering objects: the virtual network and the position under it.
    Peerings(Vec<(usize, usize)>),
    Vnets(Vec<usize>),
    Rule(usize, &'static str),
    Subnet(usize, &'static str),
}

/// One finding to expect.
pub(crate) struct Planted {
    pub(crate) seed: Seed,
    pub(crate) subject: Subject,
}
