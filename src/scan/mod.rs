//! Judges every subject of an estate by every rule, and turns what policies say into findings.
//!
//! Subjects are fanned out over all cores; what comes out does not depend on how many there are.

mod findings;
mod notices;
mod report;
mod show;
mod subjects;

use std::collections::BTreeMap;

use jiff::civil::Date;
use rayon::prelude::*;

pub use notices::notices;
pub use report::report;
pub use show::{facts_schema, write_facts};
pub use subjects::{Kind, vocabulary};

use crate::config::{Config, Standing};
use crate::estate::Estate;
use crate::facts::Context;
use crate::facts::approval::{Ambiguity, ApprovalSubject};
use crate::finding::{Anchor, FileId, Finding};
use crate::report::Counts;
use crate::rule::{EngineMode, Judgement, PolicyFailure, Requirement, Rule, RuleSet};
use findings::{Judged, Speaker};
use subjects::{Subject, Subjects};

/// What a scan judges by, beside the estate.
#[derive(Debug, Clone, Copy)]
pub struct Settings<'a> {
    /// The configuration.
    pub config: &'a Config,
    /// The configuration's file among the inputs, where there is one.
    pub config_file: Option<FileId>,
    /// The day that approvals are judged by; `None` where there are none.
    pub as_of: Option<Date>,
    /// The evaluator.
    pub engine: EngineMode,
    /// Rules that run.
    pub enabled: &'a [bool],
}

/// What a scan found.
#[derive(Debug, Default)]
pub struct Verdict {
    /// Worst first, then by rule, subject and message. Places are not looked up yet.
    pub findings: Vec<Finding>,
    /// Results of each rule, in the order of the rule set.
    pub counts: Vec<Counts>,
    /// Policies that failed, each with the subject it failed on and how often.
    pub failures: Vec<Failure>,
}

/// A policy that failed.
#[derive(Debug, Clone)]
pub struct Failure {
    /// What happened, the first time.
    pub failure: PolicyFailure,
    /// The first subject that it happened on.
    pub subject: String,
    /// On how many subjects it happened.
    pub times: u64,
}

/// The summary of the estate that policies see as `data.estate`.
pub fn estate_data(estate: &Estate, config: &Config, as_of: Option<Date>) -> serde_json::Value {
    serde_json::json!({
        "as_of": as_of.map(|day| day.to_string()),
        "tenants_known": !estate.inventory.tenants.is_empty(),
        "on_premises": config.estate.on_premises.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}

/// Judges an estate. `progress` hears how many subjects of a kind were judged.
pub fn scan(
    estate: &Estate,
    rules: &RuleSet,
    settings: Settings<'_>,
    progress: &(dyn Fn(&'static str, u64) + Sync),
) -> Verdict {
    let ids = rules.rules().iter().map(|rule| rule.metadata.id.clone()).collect::<Vec<_>>();
    let context = Context { estate, config: settings.config, rules: &ids, as_of: settings.as_of };
    let mut verdict = Verdict { counts: vec![Counts::default(); ids.len()], ..Verdict::default() };
    let mut speaker = Speaker::new(&context, rules, settings);
    for kind in Kind::ALL.into_iter().filter(|kind| *kind != Kind::Approval) {
        let subjects = Subjects::of(estate, kind);
        let judged = judge(&context, rules, settings.engine, kind, &subjects);
        progress(kind.name(), subjects.len());
        speaker.count(&mut verdict, kind, subjects.len());
        speaker.speak(&mut verdict, judged);
    }
    approvals(&context, rules, settings, &mut speaker, &mut verdict);
    verdict.findings.par_sort_by(order);
    verdict.failures.sort_by(|a, b| (&a.failure.rule, &a.subject).cmp(&(&b.failure.rule, &b.subject)));
    verdict
}

fn order(a: &Finding, b: &Finding) -> std::cmp::Ordering {
    b.severity
        .cmp(&a.severity)
        .then_with(|| a.rule.cmp(&b.rule))
        .then_with(|| a.subject.resource.cmp(&b.subject.resource))
        .then_with(|| a.message.cmp(&b.message))
        .then_with(|| a.fingerprint.cmp(&b.fingerprint))
}

/// Judges all subjects of one kind.
fn judge(context: &Context<'_>, rules: &RuleSet, engine: EngineMode, kind: Kind, subjects: &Subjects) -> Vec<Judged> {
    let Some(rule_kind) = rules.vocabulary().kind(kind.name()).filter(|kind| rules.looks_at(*kind)) else {
        return Vec::new();
    };
    let chunks = subjects.chunks().into_par_iter().map_init(
        || rules.evaluator(engine),
        |evaluator, chunk| {
            let mut said = Vec::new();
            let mut judged = Vec::new();
            subjects.visit(context, chunk, &mut |ordinal, subject, facts| {
                facts.judged_by(evaluator, rule_kind, ordinal, &mut said);
                judged.extend(said.drain(..).map(|Judgement { rule, result }| Judged { rule, subject, result }));
            });
            judged
        },
    );
    chunks.collect::<Vec<_>>().into_iter().flatten().collect()
}

/// Approvals are judged last: whether one is used shows only then.
fn approvals(
    context: &Context<'_>,
    rules: &RuleSet,
    settings: Settings<'_>,
    speaker: &mut Speaker<'_>,
    verdict: &mut Verdict,
) {
    let (Some(as_of), Some(kind)) = (settings.as_of, rules.vocabulary().kind(Kind::Approval.name())) else { return };
    if !rules.looks_at(kind) {
        return;
    }
    let mut evaluator = rules.evaluator(settings.engine);
    let mut judged = Vec::new();
    let mut count = 0;
    for (approval, at) in settings.config.approvals.iter().zip(0u32..) {
        // What rules that did not run would have found is not known: nobody asked for some of them, for others the
        // inputs do not tell enough.
        let covered = rules.rules().iter().zip(settings.enabled);
        let off = covered.filter(|(rule, on)| !**on && approval.covers_rule(&rule.metadata.id));
        let off = off.map(|(rule, _)| unjudged(context.estate, rule)).collect::<Vec<_>>();
        if off.contains(&false) {
            continue;
        }
        let covered = speaker.covered.get(at as usize).copied().unwrap_or_default();
        let facts = ApprovalSubject {
            id: &approval.id,
            rule: approval.rule.text(),
            local: approval.local.text(),
            remote: approval.remote.as_ref().map(crate::config::Pattern::text),
            reason: &approval.reason,
            expires: approval.expires.to_string(),
            as_of: as_of.to_string(),
            in_force: approval.standing_on(as_of) == Standing::InForce,
            covered_violations: covered.violations,
            covered_undetermined: covered.undetermined,
            ambiguous: ambiguous(context.estate, approval),
            incomplete: !off.is_empty() || incomplete(context.estate, approval),
        };
        let mut said = Vec::new();
        evaluator.judge(kind, u64::from(at), &facts, &mut said);
        count += 1;
        let subject = Subject::Approval(at);
        judged.extend(said.into_iter().map(|Judgement { rule, result }| Judged { rule, subject, result }));
    }
    speaker.count(verdict, Kind::Approval, count);
    speaker.speak(verdict, judged);
}

/// Whether a rule cannot be judged, for want of what it requires the inputs to tell.
pub fn unjudged(estate: &Estate, rule: &Rule) -> bool {
    match rule.metadata.requires {
        Some(Requirement::Tenants) => estate.inventory.tenants.is_empty(),
        None => false,
    }
}

/// Plain names of an approval that more than one virtual network has.
fn ambiguous(estate: &Estate, approval: &crate::config::Approval) -> Vec<Ambiguity> {
    let sides = [("local", Some(&approval.local)), ("remote", approval.remote.as_ref())];
    let mut found = Vec::new();
    for (side, pattern) in sides {
        let Some(pattern) = pattern.filter(|pattern| !pattern.is_glob()) else { continue };
        let named = estate.vnets.iter().filter(|node| pattern.matches(node.id.name()));
        let mut ids = named.map(|node| node.id.to_string()).collect::<Vec<_>>();
        ids.sort();
        let count = ids.len() as u64;
        if count > 1 {
            ids.truncate(10);
            found.push(Ambiguity { side, name: pattern.text().to_owned(), ids, count });
        }
    }
    found
}

/// Whether what an approval is about may lie in what was not read.
fn incomplete(estate: &Estate, approval: &crate::config::Approval) -> bool {
    let scope = &estate.inventory.scope;
    if !scope.gaps().is_empty() || estate.inventory.counts.is_empty() {
        return true;
    }
    let unseen = |pattern: &crate::config::Pattern| {
        let id = crate::azure::ResourceId::new(pattern.text());
        let subscription = id.subscription().filter(|_| !pattern.is_glob());
        subscription
            .is_some_and(|subscription| estate.find(&id).is_none() && !scope.is_whole(subscription, "virtualNetworks"))
    };
    unseen(&approval.local) || approval.remote.as_ref().is_some_and(unseen)
}

/// Results that an approval covers, whether or not it is in force.
#[derive(Debug, Clone, Copy, Default)]
struct Covered {
    violations: u64,
    undetermined: u64,
}

/// The places of findings, filled in where they can be found.
pub fn fill_places(findings: &mut [Finding], located: &BTreeMap<Anchor, crate::finding::Location>) {
    for finding in findings {
        for evidence in std::iter::once(&mut finding.subject).chain(&mut finding.related) {
            evidence.location = evidence.anchor.as_ref().and_then(|anchor| located.get(anchor).cloned());
        }
    }
}

/// Every place that findings point at.
pub fn anchors<'f>(findings: impl IntoIterator<Item = &'f Finding>) -> Vec<Anchor> {
    let evidence = findings.into_iter().flat_map(|finding| std::iter::once(&finding.subject).chain(&finding.related));
    let mut anchors = evidence.filter_map(|evidence| evidence.anchor.clone()).collect::<Vec<_>>();
    anchors.sort();
    anchors.dedup();
    anchors
}
