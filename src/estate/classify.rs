//! Roles and environments: as the configuration declares, else as tags, names and the network itself show.
//!
//! Sources that disagree are a conflict, never a guess; what shows nothing is missing, never a default.

use compact_str::CompactString;
use rayon::prelude::*;

use super::{Link, Node, VnetIndex};
use crate::azure::Vnet;
use crate::config::{Classify, ClassifySubject};
use crate::facts::{Environment, EnvironmentKind, Role, Status};
use crate::input::Inventory;

const HUB: &str = "hub";
const SPOKE: &str = "spoke";
const SHARED: &str = "shared";

/// Names of environments as people write them, in tags and as parts of names.
const PRODUCTION: [&str; 5] = ["prod", "production", "prd", "prod1", "live"];
const NON_PRODUCTION: [&str; 28] = [
    "dev",
    "develop",
    "development",
    "devel",
    "test",
    "testing",
    "tst",
    "qa",
    "uat",
    "acc",
    "acceptance",
    "stage",
    "staging",
    "stg",
    "int",
    "integration",
    "preprod",
    "preproduction",
    "nonprod",
    "nonproduction",
    "nprd",
    "np",
    "sandbox",
    "sbx",
    "lab",
    "demo",
    "poc",
    "ppe",
];
const BOTH: [&str; 5] = ["shared", "common", "connectivity", "platform", "global"];

/// What one source says, and how it says it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Sign<T> {
    value: T,
    because: String,
}

/// Classifies every virtual network.
pub(super) fn classify(inventory: &Inventory, nodes: &mut [Node], links: &[Link], configured: &Classify) {
    let named = nodes.par_iter().map(|node| first_signs(inventory, node, configured)).collect::<Vec<_>>();
    let shape = Shape { nodes, links, roles: named.iter().map(|(role, _)| role.value).collect() };
    let shown = (0..nodes.len()).map(|at| shape.role(at)).collect::<Vec<_>>();
    for ((node, (mut role, mut environment)), shown) in nodes.iter_mut().zip(named).zip(shown) {
        if role.status == Status::Missing
            && let Some(shown) = shown
        {
            role = known(&shown);
        }
        // A hub that names no environment serves all of them; that makes it shared, not production.
        if environment.status == Status::Missing && matches!(role.value, Some(HUB | SHARED)) {
            environment = Environment {
                value: Some(SHARED.to_owned()),
                kind: Some(EnvironmentKind::Shared),
                status: Status::Known,
                reason: format!("a {} without an environment of its own serves all", role.value.unwrap_or(HUB)),
            };
        }
        node.role = role;
        node.environment = environment;
    }
}

fn known(sign: &Sign<&'static str>) -> Role {
    Role { value: Some(sign.value), status: Status::Known, reason: sign.because.clone() }
}

/// What the configuration, tags and names say of one virtual network.
fn first_signs(inventory: &Inventory, node: &Node, configured: &Classify) -> (Role, Environment) {
    let vnet = node.vnet.map(|at| &inventory.vnets[at as usize]);
    let subscription_id = node.id.subscription().unwrap_or_default();
    let subscription = inventory.subscriptions.get(subscription_id.to_ascii_lowercase().as_str());
    let groups = subscription.map(|s| &*s.management_groups).unwrap_or_default();
    let subject = ClassifySubject {
        id: node.id.as_str(),
        name: node.id.name(),
        tags: vnet.map(|v| v.tags.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect()).unwrap_or_default(),
        subscription_id,
        subscription_name: subscription.and_then(|s| s.name.as_deref()),
        management_groups: groups.iter().map(CompactString::as_str).collect(),
    };
    let seen = vnet.is_some_and(|vnet| vnet.seen);
    let role = match configured.role(&subject) {
        Some(found) => {
            let value = [HUB, SPOKE, SHARED].into_iter().find(|role| *role == found.value());
            Role { value, status: Status::Known, reason: found.reason }
        }
        None => decide_role(&role_signs(&subject, vnet), seen),
    };
    let environment = match configured.environment(&subject) {
        Some(found) => {
            let kind = match found.value() {
                "prod" => EnvironmentKind::Production,
                SHARED => EnvironmentKind::Shared,
                _ => EnvironmentKind::NonProduction,
            };
            let value = Some(found.value().to_owned());
            Environment { value, kind: Some(kind), status: Status::Known, reason: found.reason }
        }
        None => decide_environment(&environment_signs(&subject, vnet, subscription), &subject, seen),
    };
    (role, environment)
}

/// Parts of a name between separators: `vnet-hub-weu01` has `vnet`, `hub`, `weu01`.
fn words(name: &str) -> impl Iterator<Item = &str> {
    name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty())
}

fn tag<'a>(subject: &ClassifySubject<'a>, names: &[&str]) -> Option<(&'a str, &'a str)> {
    // The order of names decides, not that of the tags.
    names.iter().find_map(|name| subject.tags.iter().copied().find(|(tag, _)| tag.eq_ignore_ascii_case(name)))
}

fn role_word(word: &str) -> Option<&'static str> {
    [HUB, SPOKE, SHARED].into_iter().find(|role| {
        let tail = word.get(role.len()..).filter(|_| word[..role.len()].eq_ignore_ascii_case(role));
        tail.is_some_and(|tail| tail.bytes().all(|b| b.is_ascii_digit()))
    })
}

/// Tag and name: both are said on purpose, so they must agree.
fn role_signs(subject: &ClassifySubject<'_>, vnet: Option<&Vnet>) -> Vec<Sign<&'static str>> {
    let mut signs = Vec::new();
    if let Some((name, value)) =
        tag(subject, &["role", "networkrole", "network-role", "network_role", "vnetrole", "topology"])
        && let Some(role) = words(value).find_map(role_word)
    {
        signs.push(Sign { value: role, because: format!("tag {name} = {value}") });
    }
    let mut named = words(subject.name).filter_map(role_word);
    if let Some(role) = named.next() {
        signs.push(Sign { value: role, because: format!("name {}", subject.name) });
    }
    // What only a hub has is a sign where nobody said anything.
    if signs.is_empty() {
        let has = |wanted: &str| vnet.is_some_and(|v| v.subnets.iter().any(|s| s.name.eq_ignore_ascii_case(wanted)));
        for subnet in ["AzureFirewallSubnet", "RouteServerSubnet"] {
            if has(subnet) {
                signs.push(Sign { value: HUB, because: format!("it has an {subnet}") });
                break;
            }
        }
        let offers = vnet.is_some_and(|v| v.peerings.iter().any(|p| p.allow_gateway_transit == Some(true)));
        if signs.is_empty() && has("GatewaySubnet") && offers {
            signs.push(Sign { value: HUB, because: "it has a GatewaySubnet and offers gateway transit".to_owned() });
        }
        if signs.is_empty() && vnet.is_some_and(|v| v.peerings.iter().any(|p| p.use_remote_gateways == Some(true))) {
            signs.push(Sign { value: SPOKE, because: "it uses the gateway of another virtual network".to_owned() });
        }
    }
    signs
}

fn decide_role(signs: &[Sign<&'static str>], seen: bool) -> Role {
    match signs {
        [] if seen => {
            let reason = "neither a tag, its name, its subnets nor its peerings tell".to_owned();
            Role { value: None, status: Status::Missing, reason }
        }
        [] => Role { value: None, status: Status::NotSeen, reason: "the virtual network was not read".to_owned() },
        [first, rest @ ..] => match rest.iter().find(|sign| sign.value != first.value) {
            None => known(first),
            Some(other) => {
                let say = |sign: &Sign<&str>| format!("{} says {}", sign.because, sign.value);
                let reason = format!("{}, {}", say(first), say(other));
                Role { value: None, status: Status::Conflict, reason }
            }
        },
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Named {
    kind: EnvironmentKind,
    name: String,
}

fn environment_word(word: &str) -> Option<Named> {
    let lower = word.to_ascii_lowercase();
    // Numbered environments: `dev01`, `prod2`.
    let stem = lower.trim_end_matches(|c: char| c.is_ascii_digit());
    let kind = if PRODUCTION.contains(&stem) {
        EnvironmentKind::Production
    } else if NON_PRODUCTION.contains(&stem) {
        EnvironmentKind::NonProduction
    } else if BOTH.contains(&stem) {
        EnvironmentKind::Shared
    } else {
        return None;
    };
    let name = if kind == EnvironmentKind::Production { "prod".to_owned() } else { stem.to_owned() };
    Some(Named { kind, name })
}

/// An environment named in a text. `non-prod` and `pre-prod` are two words that mean one.
fn environment_in(text: &str) -> Option<Named> {
    let all = words(text).collect::<Vec<_>>();
    let prefixed = all.windows(2).any(|pair| {
        ["non", "not", "pre", "no"].iter().any(|w| pair[0].eq_ignore_ascii_case(w))
            && environment_word(pair[1]).is_some_and(|named| named.kind == EnvironmentKind::Production)
    });
    if prefixed {
        return Some(Named { kind: EnvironmentKind::NonProduction, name: "nonprod".to_owned() });
    }
    let mut found = all.into_iter().filter_map(environment_word);
    // Words that mean both sides give way: `platform-prod` is production.
    let first = found.next()?;
    if first.kind == EnvironmentKind::Shared {
        found.find(|n| n.kind != EnvironmentKind::Shared).or(Some(first))
    } else {
        Some(first)
    }
}

fn environment_signs(
    subject: &ClassifySubject<'_>,
    vnet: Option<&Vnet>,
    subscription: Option<&crate::azure::Subscription>,
) -> Vec<Sign<Named>> {
    const TAGS: [&str; 6] = ["environment", "env", "environmenttype", "environment-type", "stage", "landscape"];
    let mut signs = Vec::new();
    let mut say = |text: &str, because: String| {
        if let Some(value) = environment_in(text) {
            signs.push(Sign { value, because });
        }
    };
    if let Some((name, value)) = tag(subject, &TAGS) {
        say(value, format!("tag {name} = {value}"));
    } else if let Some(subscription) = subscription.filter(|_| vnet.is_some()) {
        // Tags are not inherited in Azure; a subscription's own tag still says what is in it.
        let tags = subscription.tags.iter();
        if let Some((name, value)) = tags.clone().find(|(name, _)| TAGS.iter().any(|t| name.eq_ignore_ascii_case(t))) {
            say(value, format!("the subscription's tag {name} = {value}"));
        }
    }
    say(subject.name, format!("name {}", subject.name));
    if let Some(name) = subject.subscription_name {
        say(name, format!("subscription {name}"));
    }
    for group in &subject.management_groups {
        say(group, format!("management group {group}"));
    }
    signs
}

fn decide_environment(signs: &[Sign<Named>], subject: &ClassifySubject<'_>, seen: bool) -> Environment {
    let undecided = |status, reason| Environment { value: None, kind: None, status, reason };
    let strong = || signs.iter().filter(|sign| sign.value.kind != EnvironmentKind::Shared);
    let Some(first) = strong().next().or(signs.first()) else {
        return if seen {
            let tags = subject.tags.iter().find(|(name, _)| name.to_ascii_lowercase().starts_with("env"));
            undecided(
                Status::Missing,
                tags.map_or_else(
                    || "neither a tag, its name, its subscription nor a management group tells".to_owned(),
                    |(name, value)| format!("tag {name} = {value} is no environment that is known"),
                ),
            )
        } else {
            undecided(Status::NotSeen, "the virtual network was not read".to_owned())
        };
    };
    match strong().find(|sign| sign.value.kind != first.value.kind) {
        Some(other) => {
            let say = |sign: &Sign<Named>| format!("{} says {}", sign.because, sign.value.name);
            undecided(Status::Conflict, format!("{}, {}", say(first), say(other)))
        }
        None => Environment {
            value: Some(first.value.name.clone()),
            kind: Some(first.value.kind),
            status: Status::Known,
            reason: first.because.clone(),
        },
    }
}

/// What the shape of the graph shows where nothing else does.
struct Shape<'a> {
    nodes: &'a [Node],
    links: &'a [Link],
    roles: Vec<Option<&'static str>>,
}

impl Shape<'_> {
    fn neighbours(&self, at: usize) -> impl Iterator<Item = usize> {
        let up = self.nodes[at].links.iter().map(|index| &self.links[index.0 as usize]).filter(|link| link.is_up());
        let index = VnetIndex(u32::try_from(at).expect("fewer than 2^32 virtual networks"));
        up.map(move |link| link.seen_from(index).1.0 as usize)
    }

    /// The centre of a star is a hub, and a network whose only peers are known hubs is a spoke. A mesh has no
    /// centre: nothing is inferred from it, or every member of a mesh would excuse the others.
    fn role(&self, at: usize) -> Option<Sign<&'static str>> {
        if self.roles[at].is_some() || self.nodes[at].vnet.is_none() {
            return None;
        }
        let peers = self.neighbours(at).collect::<Vec<_>>();
        if !peers.is_empty() && peers.iter().all(|peer| self.roles[*peer] == Some(HUB)) {
            return Some(Sign { value: SPOKE, because: "it is peered with hubs alone".to_owned() });
        }
        let leaf = |peer: &usize| {
            self.nodes[*peer].vnet.is_some()
                && self.neighbours(*peer).eq([at])
                && !matches!(self.roles[*peer], Some(HUB | SHARED))
        };
        if peers.len() >= 3 && peers.iter().all(leaf) {
            let because = format!("it is the centre of a star of {} virtual networks", peers.len());
            return Some(Sign { value: HUB, because });
        }
        if let [centre] = peers[..]
            && self.roles[centre].is_none()
            && self.star(centre)
        {
            let because = format!("it is peered with {} alone, the centre of a star", self.nodes[centre].id.name());
            return Some(Sign { value: SPOKE, because });
        }
        None
    }

    fn star(&self, centre: usize) -> bool {
        let peers = self.neighbours(centre).collect::<Vec<_>>();
        self.nodes[centre].vnet.is_some()
            && peers.len() >= 3
            && peers
                .iter()
                .all(|peer| self.neighbours(*peer).eq([centre]) && !matches!(self.roles[*peer], Some(HUB | SHARED)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_names_tell_environments() {
        let name = |text: &str| environment_in(text).map(|n| n.name);
        assert_eq!(name("vnet-app-PROD-weu").as_deref(), Some("prod"));
        assert_eq!(name("vnet-app-dev01").as_deref(), Some("dev"));
        assert_eq!(name("sub-non-prod").as_deref(), Some("nonprod"));
        assert_eq!(name("nonprod").as_deref(), Some("nonprod"));
        assert_eq!(name("platform-prod").as_deref(), Some("prod"));
        assert_eq!(name("vnet-product-catalogue"), None);
        assert_eq!(name("vnet-developers"), None);
    }

    #[test]
    fn words_of_names_tell_roles() {
        let role = |text: &str| words(text).find_map(role_word);
        assert_eq!(role("vnet-hub-weu"), Some("hub"));
        assert_eq!(role("Spoke12"), Some("spoke"));
        assert_eq!(role("vnet-hubble"), None);
        assert_eq!(role("github-runners"), None);
        assert_eq!(role("vnet-é"), None);
    }
}
