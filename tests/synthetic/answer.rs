//! What a scan of a synthetic estate has to find, by our reading of the contract of the rules.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::plan::Plan;
use super::seeds::{Planted, Seed, Subject};

/// Azure's limit of peerings is 500 objects under one virtual network; 80 % of it are near.
/// <https://learn.microsoft.com/azure/virtual-network/virtual-network-peering-overview>
const NEAR_LIMIT: usize = 400;

/// The estate on disk and its known answer.
///
/// `expected` are the *violations*, all of them: the rest of the estate is clean, and its forwarded traffic is
/// approved. What is not listed: results that are undetermined because a seed takes an environment away
/// ([`Seed::MissingClassification`], [`Seed::ClassificationConflict`]), approved results (one a spoke: it takes
/// traffic that its hub forwards), and rules about routes, paths, gateways and DNS, which synthetic estates do
/// not model.
///
/// Readings where the contract leaves room, each kept out of the way where that was possible:
/// - A finding about a link may take either peering object as its subject, one about overlap either virtual
///   network: [`Expected::about`] lists all that are right.
/// - A gateway is no forwarder: traffic that it relays needs no `allowForwardedTraffic`. A hub without firewall holds none.
/// - Gateway transit is one result a side: the spoke's object, which asks in vain, is what is expected; the hub's
///   object, where the flag is missing, is accepted as well.
/// - A rule that lets everything in is `nsg-any-to-any`. A rule before it denies management ports, so by priority it
///   exposes none; `nsg-management-port-exposed` on it is tolerated, since database ports have no closed list.
/// - Every NSG ends with a rule that denies all. That hides default rules, which nobody can remove: they are no
///   shadowed rules. It also takes the `VirtualNetwork` tag out of use, so NSGs below a default route lack it.
/// - `shared` as the value of the tag `Environment` is a classification, so hubs that say so lack nothing.
/// - The environment of a virtual network is not concluded from that of its neighbours.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The snapshot folder.
    pub(crate) snapshot: PathBuf,
    /// `vnetlint.toml`, beside the snapshot folder.
    pub(crate) configuration: PathBuf,
    /// Every violation.
    pub(crate) expected: Vec<Expected>,
    /// Rule and subject of results that another reading of the contract could give.
    pub(crate) tolerated: BTreeSet<(&'static str, String)>,
    /// How much was written.
    pub(crate) size: Size,
}

/// One violation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Expected {
    pub(crate) rule: &'static str,
    /// ARM ids, as Azure wrote them: the subject of the finding is one of them.
    pub(crate) about: Vec<String>,
    /// What was planted; `None` for what the sizes in the specification bring about.
    pub(crate) seed: Option<Seed>,
}

/// What an estate amounts to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) subscriptions: usize,
    pub(crate) vnets: usize,
    pub(crate) peerings: usize,
    /// Custom rules; default rules not counted.
    pub(crate) security_rules: usize,
    pub(crate) bytes: u64,
}

impl Answer {
    /// Compares violations, each the rule and the ARM id of its subject, with what is expected: a line for
    /// everything that is missing, and for everything that nobody planted. Empty when the scan was right.
    pub(crate) fn differences<'a>(&self, found: impl IntoIterator<Item = (&'a str, &'a str)>) -> Vec<String> {
        let key = |rule: &str, id: &str| (rule.to_owned(), id.to_ascii_lowercase());
        let mut left = BTreeSet::new();
        let mut lines = Vec::new();
        for (rule, id) in found {
            if !left.insert(key(rule, id)) {
                lines.push(format!("twice: {rule} {id}"));
            }
        }
        for expected in &self.expected {
            if !expected.about.iter().any(|id| left.remove(&key(expected.rule, id))) {
                lines.push(format!("missing: {} {} ({:?})", expected.rule, expected.about.join(" or "), expected.seed));
            }
        }
        for (rule, id) in &self.tolerated {
            left.remove(&key(rule, id));
        }
        lines.extend(left.iter().map(|(rule, id)| format!("unexpected: {rule} {id}")));
        lines
    }
}

/// The expected violations, sorted.
pub(crate) fn expected(plan: &Plan, planted: &[Planted]) -> Vec<Expected> {
    let seeded = planted.iter().map(|p| Expected { rule: p.seed.rule(), about: ids(plan, p), seed: Some(p.seed) });
    let crowded = plan.vnets.iter().filter(|vnet| vnet.peerings.len() >= NEAR_LIMIT);
    let crowded =
        crowded.map(|vnet| Expected { rule: "peering-near-limit", about: vec![plan.vnet_id(vnet)], seed: None });
    let mut expected = seeded.chain(crowded).collect::<Vec<_>>();
    expected.sort();
    expected
}

/// Results that are neither expected nor wrong.
pub(crate) fn tolerated(plan: &Plan, planted: &[Planted]) -> BTreeSet<(&'static str, String)> {
    let any = planted.iter().filter(|p| p.seed == Seed::AnyToAny);
    any.flat_map(|p| ids(plan, p)).map(|id| (Seed::ManagementPort.rule(), id)).collect()
}

fn ids(plan: &Plan, planted: &Planted) -> Vec<String> {
    match &planted.subject {
        Subject::Vnets(vnets) => vnets.iter().map(|n| plan.vnet_id(&plan.vnets[*n])).collect(),
        Subject::Peerings(objects) => {
            objects.iter().map(|(vnet, position)| peering_id(plan, *vnet, *position)).collect()
        }
        Subject::Rule(vnet, rule) => vec![format!("{}/securityRules/{rule}", plan.nsg_id(&plan.vnets[*vnet]))],
        Subject::Subnet(vnet, subnet) => vec![format!("{}/subnets/{subnet}", plan.vnet_id(&plan.vnets[*vnet]))],
    }
}

fn peering_id(plan: &Plan, vnet: usize, position: usize) -> String {
    let vnet = &plan.vnets[vnet];
    let name = plan.peering_name(&vnet.peerings[position]);
    format!("{}/virtualNetworkPeerings/{name}", plan.vnet_id(vnet))
}
