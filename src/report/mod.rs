//! The outcome of a scan as plain data, and one file per format that writes it.
//!
//! A format is a function of [`Report`]; none reads a file, a clock or the environment.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;

use crate::azure::ResourceId;
use crate::finding::{FileId, Finding, Location, RuleId, Severity};

pub mod csv;
#[cfg(test)]
mod fixture;
pub mod json;
pub mod junit;
pub mod markdown;
pub mod output;
pub mod sarif;
pub mod terminal;
mod text;

/// Everything that a report may print.
#[derive(Debug)]
pub struct Report {
    /// Version of this program.
    pub version: &'static str,
    /// The day on which approvals were judged, `YYYY-MM-DD`, when any was.
    pub as_of: Option<String>,
    /// When the snapshot was collected, RFC 3339, when the input says.
    pub collected_at: Option<String>,
    /// Every loaded rule, by id, with its counts.
    pub rules: Vec<RuleReport>,
    /// Worst first, then by rule, subject and message; see [`Finding`].
    pub findings: Vec<Finding>,
    /// Every file that was read, by path. `FileId(n)` is the n-th.
    pub inputs: Vec<InputFile>,
    /// How many resources of each type were judged, such as `virtualNetworks`.
    pub resources: BTreeMap<String, u64>,
    /// How many resources of each type were skipped, because no rule reads them.
    pub skipped: BTreeMap<String, u64>,
    /// What could not be seen or was odd.
    pub notices: Vec<Notice>,
    /// Tenants that own judged resources: id, and name where one is known.
    pub tenants: BTreeMap<Arc<str>, TenantReport>,
}

impl Report {
    /// Results over all rules and subjects.
    pub fn counts(&self) -> Counts {
        self.rules.iter().fold(Counts::default(), |sum, rule| sum.plus(rule.counts))
    }

    /// Violations of every severity, worst first; severities without one are there with a zero.
    pub fn violations_by_severity(&self) -> [(Severity, u64); 4] {
        [Severity::Critical, Severity::High, Severity::Medium, Severity::Low].map(|severity| {
            let of_severity = self.rules.iter().filter(|rule| rule.severity == severity);
            (severity, of_severity.map(|rule| rule.counts.violation).sum())
        })
    }

    /// The input file of an id; `None` for an id that this report did not give out.
    pub fn file(&self, id: FileId) -> Option<&InputFile> {
        self.inputs.get(usize::try_from(id.0).ok()?)
    }

    /// The findings that `wanted` keeps, by rule: worst severity first, then by rule id.
    fn by_rule(&self, wanted: impl Fn(&Finding) -> bool) -> Vec<RuleFindings<'_>> {
        let mut groups = BTreeMap::<_, Vec<&Finding>>::new();
        for finding in self.findings.iter().filter(|finding| wanted(finding)) {
            groups.entry((Reverse(finding.severity), &finding.rule)).or_default().push(finding);
        }
        let rule_of = |id: &RuleId| self.rules.iter().find(|rule| rule.id == *id);
        let group = |((Reverse(severity), id), findings)| RuleFindings { id, severity, rule: rule_of(id), findings };
        groups.into_iter().map(group).collect()
    }

    /// `path:line:column` of a place.
    fn place_text(&self, location: &Location) -> String {
        let path = self.file(location.file).map_or("?", |file| file.path.as_str());
        format!("{path}:{}:{}", location.start_line, location.start_column)
    }
}

/// The resource that another one is part of, such as the network of a peering.
fn enclosing(id: &ResourceId) -> Option<ResourceId> {
    id.parent().filter(|parent| parent.resource_type().is_some())
}

/// Findings of one rule, as people read them.
struct RuleFindings<'a> {
    id: &'a RuleId,
    severity: Severity,
    /// The rule, when the report holds it.
    rule: Option<&'a RuleReport>,
    findings: Vec<&'a Finding>,
}

/// One rule with its counts.
#[derive(Debug, Clone)]
pub struct RuleReport {
    /// Stable id.
    pub id: RuleId,
    /// Severity after configuration.
    pub severity: Severity,
    /// One line.
    pub title: String,
    /// One or two sentences.
    pub description: String,
    /// What to do about a violation, in a sentence or two of plain text.
    pub remediation: String,
    /// The rule's page, Markdown.
    pub page: String,
    /// Where the page lives, when it is published.
    pub related_resources: Vec<String>,
    /// Controls that the rule tests or supports.
    pub controls: Vec<ControlReport>,
    /// Results over all subjects.
    pub counts: Counts,
}

/// A control of a framework, and how a rule relates to it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ControlReport {
    /// The framework, such as `nist-800-53-r5`.
    pub framework: String,
    /// The control, such as `SC-7`.
    pub control: String,
    /// `tests` or `supports`.
    pub relation: String,
}

/// How the (rule, subject) pairs ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Broken.
    pub violation: u64,
    /// Broken, covered by an approval in force.
    pub approved: u64,
    /// Not decided by the data.
    pub undetermined: u64,
    /// Checked and held.
    pub pass: u64,
}

impl Counts {
    fn plus(self, other: Self) -> Self {
        Self {
            violation: self.violation + other.violation,
            approved: self.approved + other.approved,
            undetermined: self.undetermined + other.undetermined,
            pass: self.pass + other.pass,
        }
    }
}

/// An input file.
#[derive(Debug, Clone)]
pub struct InputFile {
    /// As the user named it, `/`-separated; `-` is standard input.
    pub path: String,
    /// SHA-256 of its bytes, hexadecimal, where it was computed.
    pub sha256: Option<String>,
    /// Resources in it.
    pub resources: u64,
}

/// Something that a reader of the verdict has to know.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Notice {
    /// What kind of trouble it is.
    pub kind: NoticeKind,
    /// A sentence.
    pub message: String,
    /// Tenant that it concerns, where known.
    pub tenant: Option<Arc<str>>,
    /// Where it stands, where it stands anywhere: file, line, column.
    pub place: Option<(String, u64, u64)>,
}

/// Kinds of notices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NoticeKind {
    /// In scope, and could not be read: the verdict is incomplete.
    Gap,
    /// A policy failed while it ran: the verdict is incomplete.
    PolicyFailure,
    /// No input holds this type; what depends on it is undetermined.
    NotRead,
    /// A value that could not be understood; what depends on it is undetermined.
    OddValue,
    /// Worth knowing.
    Note,
}

impl NoticeKind {
    /// The word that reports use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Gap => "gap",
            Self::PolicyFailure => "policy-failure",
            Self::NotRead => "not-read",
            Self::OddValue => "odd-value",
            Self::Note => "note",
        }
    }

    /// Whether the verdict is incomplete because of it (exit status 3).
    pub fn is_incomplete(self) -> bool {
        matches!(self, Self::Gap | Self::PolicyFailure)
    }
}

/// A tenant in the report.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TenantReport {
    /// Display name.
    pub name: Option<String>,
    /// Whether a part of it that was in scope could not be read.
    pub incomplete: bool,
}
