//! Our own format, for programs: everything in the report, versioned, with a JSON Schema.
//!
//! Within a version fields are added, never renamed or removed; absent means unknown. Findings are written one by one.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Serialize, Serializer};

use crate::finding::{ApprovalNote, Evidence, Finding, Fingerprint, Location, Outcome, RuleId, Severity};
use crate::report::{ControlReport, Counts, NoticeKind, Report, RuleReport};

/// Name and version of the format.
pub const FORMAT: &str = "vnetlint.report/1";

/// Writes the report as JSON, indented, with a final newline.
pub fn write(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, &Document::new(report))?;
    out.write_all(b"\n")
}

/// The JSON Schema (2020-12) of what [`write()`] writes.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Document).to_value()
}

/// The report of one scan.
#[derive(Serialize, JsonSchema)]
#[schemars(title = "vnetlint report")]
struct Document<'a> {
    /// Always `vnetlint.report/1`.
    #[schemars(extend("const" = FORMAT))]
    format: &'static str,
    tool: Tool,
    /// The day on which approvals were judged, `YYYY-MM-DD`.
    #[serde(skip_serializing_if = "Option::is_none")]
    as_of: Option<&'a str>,
    /// When the snapshot was collected, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    collected_at: Option<&'a str>,
    /// Results over all rules.
    counts: CountsView,
    /// Violations of each severity.
    violations_by_severity: BTreeMap<Severity, u64>,
    /// Resources judged, by type.
    resources: &'a BTreeMap<String, u64>,
    /// Resources skipped because no rule reads them, by type.
    skipped: &'a BTreeMap<String, u64>,
    /// What could not be seen or was odd.
    notices: Vec<NoticeView<'a>>,
    /// Tenants that own judged resources, by id.
    tenants: BTreeMap<&'a str, TenantView<'a>>,
    inputs: Vec<InputView<'a>>,
    /// Every rule that was loaded, by id.
    rules: Vec<RuleView<'a>>,
    /// Violations, approved violations and undetermined results, worst first; passes are counted only.
    findings: Findings<'a>,
}

/// The program that wrote the report.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Tool")]
struct Tool {
    name: &'static str,
    version: &'static str,
}

/// How the (rule, subject) pairs ended.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Counts")]
struct CountsView {
    /// Broken.
    violation: u64,
    /// Broken, covered by an approval in force.
    approved: u64,
    /// Not decided by the data.
    undetermined: u64,
    /// Checked and held.
    pass: u64,
}

/// Something that a reader of the verdict has to know.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Notice")]
struct NoticeView<'a> {
    kind: NoticeKind,
    /// Whether the verdict is incomplete because of it.
    incomplete: bool,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    tenant: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<NoticePlace<'a>>,
}

/// Where a notice stands; lines and columns are 1-based.
#[derive(Serialize, JsonSchema)]
struct NoticePlace<'a> {
    file: &'a str,
    line: u64,
    column: u64,
}

/// A tenant.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Tenant")]
struct TenantView<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    /// Whether a part of it that was in scope could not be read.
    incomplete: bool,
}

/// An input file.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Input")]
struct InputView<'a> {
    path: &'a str,
    /// SHA-256 of its bytes, hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    sha256: Option<&'a str>,
    /// Resources in it.
    resources: u64,
}

/// A rule and how it ended.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Rule")]
struct RuleView<'a> {
    id: &'a RuleId,
    severity: Severity,
    title: &'a str,
    description: &'a str,
    /// What to do about a violation.
    remediation: &'a str,
    /// Where the rule's page lives.
    related_resources: &'a [String],
    controls: Vec<ControlView<'a>>,
    counts: CountsView,
}

/// A control of a framework.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Control")]
struct ControlView<'a> {
    /// The framework, such as `nist-800-53-r5`.
    framework: &'a str,
    /// The control, such as `SC-7`.
    control: &'a str,
    /// How the rule relates to it: `tests` or `supports`.
    relation: &'a str,
}

/// One result of a rule on a subject.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Finding")]
struct FindingView<'a> {
    rule: &'a RuleId,
    severity: Severity,
    #[schemars(extend("enum" = ["violation", "approved", "undetermined"]))]
    outcome: &'static str,
    message: &'a str,
    /// The resource to change.
    subject: EvidenceView<'a>,
    /// The other resources that the message speaks of.
    related: Vec<EvidenceView<'a>>,
    /// The approval that covers it.
    #[serde(skip_serializing_if = "Option::is_none")]
    approval: Option<&'a ApprovalNote>,
    /// Identity across runs.
    fingerprint: &'a Fingerprint,
    /// Id of the tenant that owns the subject.
    #[serde(skip_serializing_if = "Option::is_none")]
    tenant: Option<&'a str>,
}

/// A resource that a finding speaks of.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Evidence")]
struct EvidenceView<'a> {
    /// Its ARM id as Azure wrote it, or the configuration's own name.
    resource: &'a str,
    /// What it is in the finding.
    #[serde(skip_serializing_if = "Option::is_none")]
    says: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<LocationView<'a>>,
}

/// A place in an input file. Lines and columns are 1-based, columns count Unicode code points, the end column is one
/// past the last character.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Location")]
struct LocationView<'a> {
    file: &'a str,
    start_line: u64,
    start_column: u64,
    end_line: u64,
    end_column: u64,
    /// The text there.
    snippet: &'a str,
}

/// The findings of a report, made one by one while they are written.
struct Findings<'a>(&'a Report);

impl Serialize for Findings<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.findings.iter().map(|finding| FindingView::new(self.0, finding)))
    }
}

impl JsonSchema for Findings<'_> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        Vec::<FindingView<'_>>::schema_name()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        Vec::<FindingView<'_>>::json_schema(generator)
    }

    fn inline_schema() -> bool {
        true
    }
}

impl<'a> Document<'a> {
    fn new(report: &'a Report) -> Self {
        let tenant = |(id, tenant): (&'a Arc<str>, &'a super::TenantReport)| {
            (&**id, TenantView { name: tenant.name.as_deref(), incomplete: tenant.incomplete })
        };
        let input = |file: &'a super::InputFile| InputView {
            path: &file.path,
            sha256: file.sha256.as_deref(),
            resources: file.resources,
        };
        Self {
            format: FORMAT,
            tool: Tool { name: "vnetlint", version: report.version },
            as_of: report.as_of.as_deref(),
            collected_at: report.collected_at.as_deref(),
            counts: report.counts().into(),
            violations_by_severity: report.violations_by_severity().into(),
            resources: &report.resources,
            skipped: &report.skipped,
            notices: report.notices.iter().map(NoticeView::new).collect(),
            tenants: report.tenants.iter().map(tenant).collect(),
            inputs: report.inputs.iter().map(input).collect(),
            rules: report.rules.iter().map(RuleView::new).collect(),
            findings: Findings(report),
        }
    }
}

impl From<Counts> for CountsView {
    fn from(counts: Counts) -> Self {
        let Counts { violation, approved, undetermined, pass } = counts;
        Self { violation, approved, undetermined, pass }
    }
}

impl<'a> NoticeView<'a> {
    fn new(notice: &'a super::Notice) -> Self {
        let place = notice.place.as_ref();
        Self {
            kind: notice.kind,
            incomplete: notice.kind.is_incomplete(),
            message: &notice.message,
            tenant: notice.tenant.as_deref(),
            place: place.map(|(file, line, column)| NoticePlace { file, line: *line, column: *column }),
        }
    }
}

impl<'a> RuleView<'a> {
    fn new(rule: &'a RuleReport) -> Self {
        let control = |control: &'a ControlReport| ControlView {
            framework: &control.framework,
            control: &control.control,
            relation: &control.relation,
        };
        Self {
            id: &rule.id,
            severity: rule.severity,
            title: &rule.title,
            description: &rule.description,
            remediation: &rule.remediation,
            related_resources: &rule.related_resources,
            controls: rule.controls.iter().map(control).collect(),
            counts: rule.counts.into(),
        }
    }
}

impl<'a> FindingView<'a> {
    fn new(report: &'a Report, finding: &'a Finding) -> Self {
        Self {
            rule: &finding.rule,
            severity: finding.severity,
            outcome: finding.outcome.as_str(),
            message: &finding.message,
            subject: EvidenceView::new(report, &finding.subject),
            related: finding.related.iter().map(|evidence| EvidenceView::new(report, evidence)).collect(),
            approval: match &finding.outcome {
                Outcome::Approved(note) => Some(note),
                Outcome::Violation | Outcome::Undetermined => None,
            },
            fingerprint: &finding.fingerprint,
            tenant: finding.tenant.as_deref(),
        }
    }
}

impl<'a> EvidenceView<'a> {
    fn new(report: &'a Report, evidence: &'a Evidence) -> Self {
        let location = |location: &'a Location| {
            Some(LocationView {
                file: &report.file(location.file)?.path,
                start_line: location.start_line,
                start_column: location.start_column,
                end_line: location.end_line,
                end_column: location.end_column,
                snippet: &location.snippet,
            })
        };
        Self {
            resource: evidence.resource.as_str(),
            says: Some(evidence.says.as_str()).filter(|says| !says.is_empty()),
            location: evidence.location.as_ref().and_then(location),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::report::fixture;

    fn written(report: &Report) -> String {
        let mut bytes = Vec::new();
        write(report, &mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn everything_in_the_report_is_in_the_document() {
        insta::assert_snapshot!(written(&fixture::sample()));
    }

    #[test]
    fn the_schema_is_stable() {
        insta::assert_snapshot!(serde_json::to_string_pretty(&schema()).unwrap());
    }

    #[test]
    fn documents_are_valid_under_their_schema() {
        let validator = jsonschema::draft202012::new(&schema()).unwrap();
        for report in [fixture::sample(), fixture::clean(), fixture::many(50).0] {
            let document = serde_json::from_str::<Value>(&written(&report)).unwrap();
            let errors = validator.iter_errors(&document).map(|error| error.to_string()).collect::<Vec<_>>();
            assert_eq!(errors, Vec::<String>::new());
        }
    }

    #[test]
    fn the_schema_refuses_what_is_no_report() {
        let validator = jsonschema::draft202012::new(&schema()).unwrap();
        let document = serde_json::from_str::<Value>(&written(&fixture::sample())).unwrap();
        for (pointer, value) in [
            ("/format", Value::from("vnetlint.report/2")),
            ("/findings/0/outcome", Value::from("pass")),
            ("/findings/0/severity", Value::from("fatal")),
            ("/rules/0/counts", Value::Null),
        ] {
            let mut broken = document.clone();
            *broken.pointer_mut(pointer).unwrap() = value;
            assert!(!validator.is_valid(&broken), "{pointer}");
        }
    }
}
