//! From what a policy says of a subject to a finding: its place, its approval, its identity.

use std::fmt::Write as _;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use super::subjects::{Kind, Subject};
use super::{Covered, Failure, Settings, Verdict};
use crate::azure::ResourceId;
use crate::config::{Orientation, Party, Standing};
use crate::estate::{Estate, VnetIndex};
use crate::facts::Context;
use crate::finding::{Anchor, Evidence, Finding, Fingerprint, Outcome, Severity};
use crate::rule::{Approval, PolicyFailure, RuleSet, Verdict as Entry, Verdicts};

/// What one rule said of one subject.
pub(super) struct Judged {
    pub(super) rule: usize,
    pub(super) subject: Subject,
    pub(super) result: Result<Verdicts, PolicyFailure>,
}

/// Turns judgements into findings, and counts what approvals cover.
pub(super) struct Speaker<'a> {
    context: &'a Context<'a>,
    rules: &'a RuleSet,
    settings: Settings<'a>,
    severities: Vec<Severity>,
    pub(super) covered: Vec<Covered>,
}

impl<'a> Speaker<'a> {
    pub(super) fn new(context: &'a Context<'a>, rules: &'a RuleSet, settings: Settings<'a>) -> Self {
        let severity = |rule: &crate::rule::Rule| {
            let set = settings.config.rules.get(&rule.metadata.id).and_then(|own| own.severity);
            set.unwrap_or(rule.metadata.severity)
        };
        Self {
            context,
            rules,
            settings,
            severities: rules.rules().iter().map(severity).collect(),
            covered: vec![Covered::default(); settings.config.approvals.len()],
        }
    }

    /// Every subject passes every rule of its kind that runs, until a policy speaks of it.
    pub(super) fn count(&self, verdict: &mut Verdict, kind: Kind, subjects: u64) {
        let kind = self.rules.vocabulary().kind(kind.name());
        for ((rule, on), counts) in self.rules.rules().iter().zip(self.settings.enabled).zip(&mut verdict.counts) {
            if *on && Some(rule.metadata.subject) == kind {
                counts.pass += subjects;
            }
        }
    }

    pub(super) fn speak(&mut self, verdict: &mut Verdict, judged: Vec<Judged>) {
        for Judged { rule, subject, result } in judged {
            let counts = &mut verdict.counts[rule];
            counts.pass -= 1;
            match result {
                Ok(said) if !said.deny.is_empty() => {
                    let several = said.deny.len() > 1;
                    for entry in said.deny {
                        let finding = self.violation(rule, subject, entry, several);
                        let counts = &mut verdict.counts[rule];
                        match finding.outcome {
                            Outcome::Approved(_) => counts.approved += 1,
                            _ => counts.violation += 1,
                        }
                        verdict.findings.push(finding);
                    }
                }
                Ok(said) => {
                    // Several reasons for one open question are one result.
                    let several = false;
                    if let Some(entry) = merged(said.undetermined) {
                        counts.undetermined += 1;
                        let sides = Sides::of(self.context.estate, subject);
                        for at in self.approvals(rule, subject, &sides) {
                            self.covered[at].undetermined += 1;
                        }
                        verdict.findings.push(self.finding(rule, subject, entry, Outcome::Undetermined, several));
                    }
                }
                Err(failure) => {
                    counts.undetermined += 1;
                    fail(verdict, failure, &subject_id(self.context, subject).to_string());
                }
            }
        }
    }

    fn violation(&mut self, rule: usize, subject: Subject, mut entry: Entry, several: bool) -> Finding {
        let sides = Sides::of(self.context.estate, subject);
        let mut outcome = Outcome::Violation;
        let mut lapsed = Vec::new();
        for at in self.approvals(rule, subject, &sides) {
            self.covered[at].violations += 1;
            let approval = &self.settings.config.approvals[at];
            let Some(day) = self.settings.as_of else { continue };
            match approval.standing_on(day) {
                Standing::InForce if outcome == Outcome::Violation => {
                    outcome = Outcome::Approved(Arc::new(approval.note()));
                }
                Standing::InForce => {}
                Standing::Expired => lapsed.push(format!("Approval {} expired on {}.", approval.id, approval.expires)),
                Standing::NotYet => lapsed.push(format!(
                    "Approval {} is in force from {} on.",
                    approval.id,
                    approval.approved_on.map(|day| day.to_string()).unwrap_or_default()
                )),
            }
        }
        if outcome == Outcome::Violation {
            for note in lapsed {
                entry.message.push(' ');
                entry.message.push_str(&note);
            }
        }
        self.finding(rule, subject, entry, outcome, several)
    }

    /// Positions of the approvals that match a rule and a subject, in the order of the configuration.
    fn approvals(&self, rule: usize, subject: Subject, sides: &Sides<'_>) -> Vec<usize> {
        let metadata = &self.rules.rules()[rule].metadata;
        let own = subject_id(self.context, subject);
        let approvals = self.settings.config.approvals.iter().enumerate();
        let matching = approvals.filter(|(_, approval)| {
            approval.covers_rule(&metadata.id)
                && match (metadata.approval, sides) {
                    (Approval::Receiver, Sides::Link(local, remote)) => {
                        approval.covers_link(&party(local), &party(remote), Orientation::ReceiverFirst)
                    }
                    (Approval::Link | Approval::Resource, Sides::Link(local, remote)) => {
                        approval.covers_link(&party(local), &party(remote), Orientation::EitherWay)
                    }
                    (_, Sides::Resources(others)) => {
                        let mut parties = vec![party(&own)];
                        parties.extend(others.iter().copied().map(party));
                        approval.covers_resource(&parties)
                    }
                }
        });
        matching.map(|(at, _)| at).collect()
    }

    fn finding(&self, rule: usize, subject: Subject, entry: Entry, outcome: Outcome, several: bool) -> Finding {
        let context = self.context;
        let metadata = &self.rules.rules()[rule].metadata;
        let own = subject_id(context, subject);
        let resource = entry.at.clone().unwrap_or_else(|| own.clone());
        let pointer = entry.path.clone().unwrap_or_default();
        let anchor = if let Subject::Approval(at) = subject {
            let span = self.settings.config.approvals[at as usize].span;
            self.settings.config_file.map(|file| Anchor::Text { file, span })
        } else {
            // What is to be changed may stand in a file that nobody exported; the subject itself was read.
            anchor(context.estate, &resource, &pointer).or_else(|| anchor(context.estate, &own, ""))
        };
        let mut related = Vec::new();
        for id in &entry.related {
            if *id != resource {
                related.push(Evidence {
                    resource: id.clone(),
                    says: String::new(),
                    anchor: anchor_of(context.estate, id),
                    location: None,
                });
            }
        }
        Finding {
            rule: metadata.id.clone(),
            severity: self.severities[rule],
            fingerprint: fingerprint(metadata.id.as_str(), &identity(context, subject), several.then_some(&entry)),
            outcome,
            message: entry.message,
            tenant: context.estate.tenant(&resource).or_else(|| context.estate.tenant(&own)).map(Arc::from),
            subject: Evidence { resource, says: String::new(), anchor, location: None },
            related,
        }
    }
}

fn party(id: &ResourceId) -> Party<'_> {
    Party { id: id.as_str(), name: id.name() }
}

fn anchor_of(estate: &Estate, id: &ResourceId) -> Option<Anchor> {
    anchor(estate, id, "")
}

/// Several open questions of one subject in one sentence after the other.
fn merged(mut entries: Vec<Entry>) -> Option<Entry> {
    let mut all = entries.drain(..);
    let mut first = all.next()?;
    for other in all {
        first.message.push(' ');
        first.message.push_str(&other.message);
        first.related.extend(other.related);
    }
    Some(first)
}

fn fail(verdict: &mut Verdict, failure: PolicyFailure, subject: &str) {
    // One broken policy fails on every subject; one line says so.
    let known = verdict
        .failures
        .iter_mut()
        .find(|known| known.failure.rule == failure.rule && known.failure.kind == failure.kind);
    match known {
        Some(known) => known.times += 1,
        None => verdict.failures.push(Failure { failure, subject: subject.to_owned(), times: 1 }),
    }
}

/// What approvals are matched against.
enum Sides<'a> {
    /// Two virtual networks, the receiver first.
    Link(&'a ResourceId, &'a ResourceId),
    /// The virtual networks that a lone resource concerns.
    Resources(Vec<&'a ResourceId>),
}

impl<'a> Sides<'a> {
    fn of(estate: &'a Estate, subject: Subject) -> Self {
        let id = |vnet: VnetIndex| &estate.node(vnet).id;
        match subject {
            Subject::Peering(index) => {
                let link = estate.link(index);
                Self::Link(id(link.local.vnet), id(link.remote.vnet()))
            }
            Subject::PeeringSide(index, end) => {
                let (_, other) = estate.link(index).seen_from(end.vnet);
                Self::Link(id(end.vnet), id(other))
            }
            Subject::Vnet(vnet) => Self::Resources(vec![id(vnet)]),
            Subject::Subnet(subnet) => Self::Resources(vec![id(subnet.vnet)]),
            Subject::NsgRule { nsg, .. } => {
                let mut vnets = estate.nsg_guards(nsg).map(|subnet| subnet.vnet).collect::<Vec<_>>();
                vnets.sort_unstable();
                vnets.dedup();
                let mut parties = vec![&estate.inventory.nsgs[nsg as usize].id];
                parties.extend(vnets.into_iter().map(id));
                Self::Resources(parties)
            }
            Subject::Approval(_) => Self::Resources(Vec::new()),
        }
    }
}

/// The ARM id of a subject; an approval's own id.
pub(super) fn subject_id(context: &Context<'_>, subject: Subject) -> ResourceId {
    let estate = context.estate;
    match subject {
        Subject::Peering(index) => {
            let (vnet, peering) = estate.peering(estate.link(index).local);
            vnet.peering_id(peering)
        }
        Subject::PeeringSide(_, end) => {
            let (vnet, peering) = estate.peering(end);
            vnet.peering_id(peering)
        }
        Subject::Vnet(vnet) => estate.node(vnet).id.clone(),
        Subject::Subnet(subnet) => {
            let (vnet, subnet) = estate.subnet(subnet);
            vnet.subnet_id(subnet)
        }
        Subject::NsgRule { nsg, position } => {
            let nsg = &estate.inventory.nsgs[nsg as usize];
            let rule = nsg.rules.as_ref().map(|rules| &rules[position as usize]);
            rule.map_or_else(|| nsg.id.clone(), |rule| nsg.rule_id(rule))
        }
        Subject::Approval(at) => ResourceId::new(&context.config.approvals[at as usize].id),
    }
}

/// What makes a subject the same subject in the next run: a link is its two virtual networks, whichever object
/// is named first and however objects are called.
fn identity(context: &Context<'_>, subject: Subject) -> String {
    match subject {
        Subject::Peering(index) => {
            let link = context.estate.link(index);
            let mut ends = [link.local.vnet, link.remote.vnet()].map(|vnet| context.estate.node(vnet).id.key());
            ends.sort();
            ends.join("\n")
        }
        Subject::PeeringSide(index, end) => {
            let (_, other) = context.estate.link(index).seen_from(end.vnet);
            [end.vnet, other].map(|vnet| context.estate.node(vnet).id.key()).join("\n")
        }
        other => subject_id(context, other).key(),
    }
}

/// The first 128 bits of a SHA-256 over rule and subject, and over what tells several entries of one apart.
fn fingerprint(rule: &str, identity: &str, entry: Option<&Entry>) -> Fingerprint {
    let mut hash = Sha256::new();
    let mut part = |text: &str| {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text.as_bytes());
    };
    part(rule);
    part(identity);
    if let Some(entry) = entry {
        part(&entry.at.as_ref().map(ResourceId::key).unwrap_or_default());
        part(entry.path.as_deref().unwrap_or_default());
        let mut related = entry.related.iter().map(ResourceId::key).collect::<Vec<_>>();
        related.sort();
        for id in &related {
            part(id);
        }
    }
    let digest = hash.finalize();
    let mut text = String::with_capacity(32);
    for byte in &digest[..16] {
        write!(text, "{byte:02x}").expect("writing to a string does not fail");
    }
    Fingerprint(text)
}

/// Where a resource of the estate stands; none where no input holds it.
pub(super) fn anchor(estate: &Estate, id: &ResourceId, pointer: &str) -> Option<Anchor> {
    let inventory = &estate.inventory;
    let kind = id.resource_type()?;
    let parent = || id.parent();
    match kind.as_str() {
        "virtualnetworks" => {
            let vnet = estate.vnet(estate.find(id)?)?;
            Some(vnet.place.anchor(pointer))
        }
        "virtualnetworks/virtualnetworkpeerings" => {
            let vnet = estate.vnet(estate.find(&parent()?)?)?;
            let peering = vnet.peerings.iter().find(|peering| peering.name.eq_ignore_ascii_case(id.name()))?;
            Some(peering.origin.anchor(vnet.place, "virtualNetworkPeerings", pointer))
        }
        "virtualnetworks/subnets" => {
            let vnet = estate.vnet(estate.find(&parent()?)?)?;
            let subnet = vnet.subnets.iter().find(|subnet| subnet.name.eq_ignore_ascii_case(id.name()))?;
            Some(subnet.origin.anchor(vnet.place, "subnets", pointer))
        }
        "networksecuritygroups" => Some(estate.nsg(id)?.1.place.anchor(pointer)),
        "networksecuritygroups/securityrules" => {
            let (_, nsg) = estate.nsg(&parent()?)?;
            let rule = nsg.rules.iter().flatten().find(|rule| rule.name.eq_ignore_ascii_case(id.name()))?;
            Some(rule.origin.anchor(nsg.place, "securityRules", pointer))
        }
        "networksecuritygroups/defaultsecurityrules" => Some(estate.nsg(&parent()?)?.1.place.anchor("")),
        "routetables" => Some(estate.route_table(id)?.place.anchor(pointer)),
        "routetables/routes" => {
            let table = estate.route_table(&parent()?)?;
            let route = table.routes.iter().flatten().find(|route| route.name.eq_ignore_ascii_case(id.name()))?;
            Some(table.place.anchor(format!("/properties/routes/{}{pointer}", route.index)))
        }
        "virtualnetworkgateways" => Some(estate.gateway(id)?.place.anchor(pointer)),
        "localnetworkgateways" => Some(estate.local_gateway(id)?.place.anchor(pointer)),
        "azurefirewalls" => Some(inventory.firewalls.iter().find(|r| r.id == *id)?.place.anchor(pointer)),
        "networkinterfaces" => Some(inventory.interfaces.iter().find(|r| r.id == *id)?.place.anchor(pointer)),
        "virtualhubs" => Some(inventory.virtual_hubs.iter().find(|r| r.id == *id)?.place.anchor(pointer)),
        _ => None,
    }
}
