//! The outcome of a scan as plain data, and one file per format that writes it.
//!
//! A format is a function of [`Report`]; none reads a file, a clock or the environment.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::finding::{Finding, Location, RuleId, Severity};

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
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
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

/// The place of a finding's subject, when it has one.
pub fn place(finding: &Finding) -> Option<&Location> {
    finding.subject.location.as_ref()
}
