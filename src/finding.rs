//! What a scan says: findings, where they point, and how sure they are.
//!
//! Knows ids and places in files; knows no policy language, no report format and no Azure type.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::azure::ResourceId;

/// The stable name of a rule: kebab-case, as `peering-spoke-to-spoke`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct RuleId(#[schemars(with = "String")] Arc<str>);

/// A text that is no rule id.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no rule id: lower-case letters, digits and single hyphens are expected, as in `peering-one-sided`")]
pub struct InvalidRuleId(String);

impl RuleId {
    /// The id's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for RuleId {
    type Err = InvalidRuleId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let word = |w: &str| !w.is_empty() && w.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        if text.starts_with(|c: char| c.is_ascii_lowercase()) && text.split('-').all(word) {
            Ok(Self(Arc::from(text)))
        } else {
            Err(InvalidRuleId(text.to_owned()))
        }
    }
}

impl fmt::Display for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How bad it is that a rule is broken. Belongs to the rule, never to the case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Untidy, or wasteful.
    Low,
    /// A defect that weakens the topology.
    Medium,
    /// The approved topology is broken.
    High,
    /// Production is exposed.
    Critical,
}

impl Severity {
    /// The word that configuration and reports use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The result of one rule on one subject, passes apart: those are counted only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The configuration breaks the rule.
    Violation,
    /// It breaks the rule, and an approval in force covers it.
    Approved(Arc<ApprovalNote>),
    /// The data does not decide; the message says why.
    Undetermined,
}

impl Outcome {
    /// The word that reports use.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Violation => "violation",
            Self::Approved(_) => "approved",
            Self::Undetermined => "undetermined",
        }
    }
}

/// The approval behind an approved finding, as reports show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ApprovalNote {
    /// The approval's own id, such as `NET-1423`.
    pub id: String,
    /// Why it was approved.
    pub reason: String,
    /// Who asked for it, when the configuration says.
    pub requested_by: Option<String>,
    /// Who approved it, when the configuration says.
    pub approved_by: Option<String>,
    /// When it was approved, `YYYY-MM-DD`, when the configuration says.
    pub approved_on: Option<String>,
    /// The last day on which it is in force, UTC, `YYYY-MM-DD`.
    pub expires: String,
}

/// One input file, by its position in [`crate::report::Report::inputs`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub u32);

/// Where something stands, before anyone has looked for its line.
///
/// Lines are looked up for findings alone: an input's text is not kept.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Anchor {
    /// A value inside a JSON resource.
    Json {
        /// The input file.
        file: FileId,
        /// Byte offset of the first byte of the resource that the pointer starts from.
        offset: u64,
        /// RFC 6901 pointer in ARM's nested shape. A `properties` step that the file's flattened
        /// shape lacks is skipped when the place is looked up.
        pointer: String,
    },
    /// A place in a text that was kept, such as the configuration.
    Text {
        /// The input file.
        file: FileId,
        /// First and one-past-last byte.
        span: (u64, u64),
    },
}

/// A resource that a finding speaks of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// The ARM id as Azure wrote it, or the configuration's own name for a thing that is no resource.
    pub resource: ResourceId,
    /// What this resource is in the finding, such as `local side of the peering`; may be empty.
    pub says: String,
    /// Where it stands; `None` when no input holds it (a remote side that was not read).
    pub anchor: Option<Anchor>,
    /// The place in the file, once it was looked up.
    pub location: Option<Location>,
}

/// A place in an input file. Lines and columns are 1-based; columns count Unicode code points;
/// the end column is one past the last character.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// The input file.
    pub file: FileId,
    /// First line.
    pub start_line: u64,
    /// First column.
    pub start_column: u64,
    /// Last line.
    pub end_line: u64,
    /// One past the last column.
    pub end_column: u64,
    /// The text between start and end: one line, the property's name and as much of its value as fits.
    pub snippet: String,
    /// The whole line, shortened around the place where it is long, for people.
    pub line_text: String,
    /// Where the place starts in `line_text`, 0-based, in characters.
    pub line_text_column: usize,
}

/// Identity of a finding across runs: hexadecimal digits of a hash over the rule, the subject and a
/// discriminator. Never the message, the file or the line.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct Fingerprint(pub String);

/// One result that a person has to see.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The rule that speaks.
    pub rule: RuleId,
    /// Its severity, after configuration.
    pub severity: Severity,
    /// What was found.
    pub outcome: Outcome,
    /// One or more sentences that stand alone.
    pub message: String,
    /// The resource to change, and where the offending property stands.
    pub subject: Evidence,
    /// The other resources that the message speaks of, such as the far side of a peering.
    pub related: Vec<Evidence>,
    /// Identity across runs.
    pub fingerprint: Fingerprint,
    /// Tenant that owns the subject; `None` where no input says.
    pub tenant: Option<Arc<str>>,
}
