//! Approvals: who allowed what to whom, why, and until when.
//!
//! Knows patterns and days. Knows no resource and no rule: what an approval is laid over comes in as
//! [`Party`]s and an [`Orientation`].

use std::str::FromStr as _;

use jiff::civil::Date;

use super::pattern::Pattern;
use super::problem::{Problem, Problems, Span};
use super::raw::{Table, Text, Value, refuse_repetition};
use crate::finding::{ApprovalNote, RuleId};

/// An `[[approval]]`. It never deletes a finding: it turns it into one with a justification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval {
    /// Its name in every report that it affects; unique in a file, letter case apart.
    pub id: String,
    /// The rule, or a glob over rules.
    pub rule: Pattern,
    /// Where the rule's string stands.
    pub(super) rule_span: Span,
    /// ARM ids or names of the near side; the receiving side where a rule has one.
    pub local: Pattern,
    /// ARM ids or names of the far side; `None` for rules about a lone resource.
    pub remote: Option<Pattern>,
    /// Why.
    pub reason: String,
    /// Who asked for it.
    pub requested_by: Option<String>,
    /// Who approved it.
    pub approved_by: Option<String>,
    /// The first day on which it is in force, UTC; without one it always was.
    pub approved_on: Option<Date>,
    /// The last day on which it is in force, UTC.
    pub expires: Date,
    /// First and one-past-last byte of the id's string in the file.
    pub span: (u64, u64),
}

/// One side as approvals see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Party<'a> {
    /// The ARM id.
    pub id: &'a str,
    /// The resource's own name.
    pub name: &'a str,
}

/// Whether it matters which side of a link is which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Orientation {
    /// The rule speaks of the link: `local` and `remote` match in either order.
    EitherWay,
    /// The rule speaks of a receiving side: `local` is the receiver.
    ReceiverFirst,
}

/// What an approval is worth on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is approved from a later day on.
    NotYet,
    /// It counts.
    InForce,
    /// It lapsed.
    Expired,
}

impl Approval {
    /// Whether it speaks of this rule.
    pub fn covers_rule(&self, rule: &RuleId) -> bool {
        self.rule.matches(rule.as_str())
    }

    /// Whether it speaks of a link between two sides; `local` is the receiver where the rule has one.
    ///
    /// An approval without `remote` covers no link. Read as "toward anyone" it would approve every
    /// peering that is ever added to the near side, and its author may only have forgotten the line;
    /// who means that writes `remote = "*"`.
    pub fn covers_link(&self, local: &Party<'_>, remote: &Party<'_>, orientation: Orientation) -> bool {
        let Some(far) = &self.remote else { return false };
        let covers = |near_party, far_party| party_matches(&self.local, near_party) && party_matches(far, far_party);
        covers(local, remote) || (orientation == Orientation::EitherWay && covers(remote, local))
    }

    /// Whether it speaks of a lone resource, given the resource itself and the VNets that it concerns.
    ///
    /// An approval with `remote` covers links alone: what was allowed between two networks says
    /// nothing about either of them by itself.
    pub fn covers_resource(&self, parties: &[Party<'_>]) -> bool {
        self.remote.is_none() && parties.iter().any(|party| party_matches(&self.local, party))
    }

    /// What it is worth on a day, UTC.
    pub fn standing_on(&self, day: Date) -> Standing {
        if day > self.expires {
            Standing::Expired
        } else if self.approved_on.is_some_and(|approved| day < approved) {
            Standing::NotYet
        } else {
            Standing::InForce
        }
    }

    /// Whether it counts on a day, UTC: from the day of its approval through the day of its expiry.
    pub fn in_force_on(&self, day: Date) -> bool {
        self.standing_on(day) == Standing::InForce
    }

    /// What reports show of it.
    pub fn note(&self) -> ApprovalNote {
        ApprovalNote {
            id: self.id.clone(),
            reason: self.reason.clone(),
            requested_by: self.requested_by.clone(),
            approved_by: self.approved_by.clone(),
            approved_on: self.approved_on.map(|day| day.to_string()),
            expires: self.expires.to_string(),
        }
    }
}

fn party_matches(pattern: &Pattern, party: &Party<'_>) -> bool {
    pattern.matches(party.name) || pattern.matches(party.id)
}

pub(super) fn read(written: Option<Value<'_>>, problems: &mut Problems) -> Vec<Approval> {
    let tables = written.map(|written| written.tables("[[approval]]", problems)).unwrap_or_default();
    let mut seen: Vec<Text<'_>> = Vec::new();
    let mut approvals = Vec::new();
    for mut table in tables {
        let id = table.require("id", "id = \"NET-1423\"", problems).and_then(|id| id.text(problems));
        if let Some(id) = &id {
            refuse_repetition(id, &mut seen, "approvals", problems);
        }
        approvals.extend(read_one(id, table, problems));
    }
    approvals
}

fn read_one(id: Option<Text<'_>>, mut table: Table<'_>, problems: &mut Problems) -> Option<Approval> {
    let rule = table.require("rule", "rule = \"peering-cross-tenant\"", problems);
    let rule_span = rule.as_ref().map(|rule| rule.span.clone());
    let rule = rule.and_then(|rule| rule_pattern(&rule, problems));
    let local = table.require("local", "local = \"vnet-spoke-app\"", problems);
    let local = local.and_then(|local| local.id_pattern(problems));
    let remote = table.id_pattern("remote", problems);
    let reason = table.require("reason", "reason = \"why this is allowed\"", problems);
    let reason = reason.and_then(|reason| reason.text(problems));
    let requested_by = table.text("requested_by", problems);
    let approved_by = table.text("approved_by", problems);
    let approved_on = table.take("approved_on");
    let approved_day = approved_on.as_ref().and_then(|day| day.date(problems));
    let expires = table.require("expires", "expires = 2026-12-31", problems);
    let expires_day = expires.as_ref().and_then(|day| day.date(problems));
    if let (Some(approved_on), Some(expires)) = (&approved_on, &expires)
        && approved_day.zip(expires_day).is_some_and(|(approved, expires)| approved > expires)
    {
        let problem = Problem::new(&expires.span, "an approval expires before it is approved").label("expires here");
        problems.push(problem.earlier(&approved_on.span, "approved here"));
    }
    table.finish(problems);
    let id = id?;
    let owned = |text: Text<'_>| text.text.to_owned();
    Some(Approval {
        rule: rule?,
        rule_span: rule_span?,
        local: local?,
        remote,
        reason: owned(reason?),
        requested_by: requested_by.map(owned),
        approved_by: approved_by.map(owned),
        approved_on: approved_day,
        expires: expires_day?,
        span: (id.span.start as u64, id.span.end as u64),
        id: owned(id),
    })
}

/// A glob over rule ids, or a text that can be a rule id.
fn rule_pattern(written: &Value<'_>, problems: &mut Problems) -> Option<Pattern> {
    let pattern = written.pattern(problems)?;
    if pattern.is_glob() {
        return Some(pattern);
    }
    match RuleId::from_str(pattern.text()) {
        Ok(_) => Some(pattern),
        Err(why) => {
            problems.push(Problem::new(&written.span, why.to_string()).label("no rule id or glob"));
            None
        }
    }
}
