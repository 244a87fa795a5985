//! What stands around the results of a run: rules, controls, files, and what could not be read.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use serde_sarif::sarif::{self, MultiformatMessageString, ResultLevel};

use super::plan::{ResultPlan, RunPlan};
use super::{Profile, Source, result};
use crate::finding::{FileId, Severity};
use crate::report::text::{count, counted, printable};
use crate::report::{ControlReport, Notice, NoticeKind, Report, RuleReport};

/// The base of every URI. It has a description and no URI: GitHub needs none, and none gives no path away.
pub(super) const SOURCE_ROOT: &str = "%SRCROOT%";
/// GitHub keeps ten tags a rule.
const MOST_TAGS: usize = 10;
/// GitHub's limit for descriptions, in characters.
const MOST_DESCRIPTION: usize = 1024;
/// Notifications of a run for GitHub, which shows none of them.
const MOST_NOTIFICATIONS: usize = 200;

/// A run, its keys in the order in which people read them; its results are made while it is written.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Run<'a> {
    tool: sarif::Tool,
    automation_details: sarif::RunAutomationDetails,
    invocations: [sarif::Invocation; 1],
    original_uri_base_ids: BTreeMap<&'static str, sarif::ArtifactLocation>,
    column_kind: &'static str,
    artifacts: Vec<sarif::Artifact>,
    taxonomies: Vec<sarif::ToolComponent>,
    results: Results<'a>,
}

struct Results<'a> {
    source: &'a Source<'a>,
    plans: &'a [ResultPlan<'a>],
}

impl Serialize for Results<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.plans.iter().map(|plan| result::new(self.source, *plan)))
    }
}

impl<'a> Run<'a> {
    pub(super) fn new(source: &'a Source<'a>, plan: &'a RunPlan<'a>) -> Self {
        let report = source.report;
        let taxonomies = Taxonomies::new(report);
        let mut driver = sarif::ToolComponent::builder()
            .name("vnetlint")
            .version(report.version)
            .semantic_version(report.version)
            .rules(report.rules.iter().map(|rule| descriptor(rule, &taxonomies)).collect::<Vec<_>>())
            .notifications(NOTICES.iter().map(notice_descriptor).collect::<Vec<_>>())
            .build();
        if !taxonomies.by_framework.is_empty() {
            driver.supported_taxonomies = Some(taxonomies.references());
        }
        let mut details = sarif::RunAutomationDetails::builder().id(plan.automation_id()).build();
        if let Some(name) = plan.tenant.and_then(|id| report.tenants.get(id)).and_then(|tenant| tenant.name.as_deref())
        {
            details.description = Some(message(&format!("Tenant {name}")));
        }
        let root = sarif::ArtifactLocation::builder();
        let root =
            root.description(message("The folder that paths are relative to, such as the root of the repository."));
        Self {
            tool: sarif::Tool::builder().driver(driver).build(),
            automation_details: details,
            invocations: [invocation(source, plan)],
            original_uri_base_ids: BTreeMap::from([(SOURCE_ROOT, root.build())]),
            column_kind: "unicodeCodePoints",
            artifacts: artifacts(source, plan),
            taxonomies: taxonomies.components(),
            results: Results { source, plans: &plan.results },
        }
    }
}

/// Counts over all tenants, for evidence: what passed is counted, not listed.
pub(super) fn totals(report: &Report) -> Value {
    let counts = report.rules.iter().map(|rule| {
        let counts = rule.counts;
        let counts = json!({
            "violation": counts.violation,
            "approved": counts.approved,
            "undetermined": counts.undetermined,
            "pass": counts.pass,
        });
        (rule.id.to_string(), counts)
    });
    let mut totals = json!({ "counts": counts.collect::<serde_json::Map<_, _>>() });
    for (key, value) in [("asOf", &report.as_of), ("collectedAt", &report.collected_at)] {
        if let Some(value) = value {
            totals[key] = value.as_str().into();
        }
    }
    totals
}

pub(super) fn level(severity: Severity) -> ResultLevel {
    match severity {
        Severity::Critical | Severity::High => ResultLevel::Error,
        Severity::Medium => ResultLevel::Warning,
        Severity::Low => ResultLevel::Note,
    }
}

pub(super) fn bag<'k>(properties: impl IntoIterator<Item = (&'k str, Value)>) -> sarif::PropertyBag {
    let properties = properties.into_iter().map(|(key, value)| (key.to_owned(), value));
    sarif::PropertyBag::builder().additional_properties(properties.collect::<BTreeMap<_, _>>()).build()
}

fn message(text: &str) -> sarif::Message {
    sarif::Message::builder().text(text).build()
}

/// Text that GitHub requires to be there.
fn text(candidates: &[&str], most: usize) -> MultiformatMessageString {
    let text = candidates.iter().map(|text| text.trim()).find(|text| !text.is_empty()).unwrap_or("no description");
    let short = if text.chars().count() <= most {
        text.into()
    } else {
        text.chars().take(most - 1).chain(['…']).collect::<String>()
    };
    MultiformatMessageString::builder().text(short).build()
}

fn descriptor(rule: &RuleReport, taxonomies: &Taxonomies<'_>) -> sarif::ReportingDescriptor {
    let id = rule.id.as_str();
    let mut help = text(&[&rule.remediation, &rule.description, &rule.title, id], usize::MAX);
    if !rule.page.trim().is_empty() {
        help.markdown = Some(rule.page.clone());
    }
    let configuration = sarif::ReportingConfiguration::builder().level(json!(level(rule.severity)));
    let mut properties = bag([("precision", "high".into()), ("security-severity", security_severity(rule.severity))]);
    properties.tags = Some(tags(rule));
    let mut descriptor = sarif::ReportingDescriptor::builder()
        .id(id)
        .short_description(text(&[&rule.title, id], MOST_DESCRIPTION))
        .full_description(text(&[&rule.description, &rule.title, id], MOST_DESCRIPTION))
        .help(help)
        .default_configuration(configuration.build())
        .properties(properties)
        .build();
    descriptor.help_uri = rule.related_resources.iter().find(|uri| uri.starts_with("https://")).cloned();
    let relationships = rule.controls.iter().map(|control| taxonomies.relationship(control)).collect::<Vec<_>>();
    descriptor.relationships = (!relationships.is_empty()).then_some(relationships);
    descriptor
}

/// What GitHub sorts and filters by: above 9.0 is critical, from 7.0 high, from 4.0 medium.
fn security_severity(severity: Severity) -> Value {
    json!(match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "2.5",
    })
}

/// Tags to filter by; controls that the rule tests come before those that it supports. Controls that find no room are
/// still among the rule's relationships.
fn tags(rule: &RuleReport) -> Vec<String> {
    let mut controls = rule.controls.iter().collect::<Vec<_>>();
    controls.sort_by_key(|control| (control.relation != "tests", *control));
    let controls = controls.into_iter().map(|control| {
        let name = format!("external/{}/{}", control.framework, control.control);
        name.to_ascii_lowercase().replace(char::is_whitespace, "-")
    });
    let mut tags = ["security", "azure", "network"].map(str::to_owned).to_vec();
    for tag in controls {
        if tags.len() < MOST_TAGS && !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    tags
}

/// The controls that the rules name, by framework.
struct Taxonomies<'a> {
    by_framework: BTreeMap<&'a str, BTreeSet<&'a str>>,
}

impl<'a> Taxonomies<'a> {
    fn new(report: &'a Report) -> Self {
        let mut by_framework = BTreeMap::<_, BTreeSet<_>>::new();
        for control in report.rules.iter().flat_map(|rule| &rule.controls) {
            by_framework.entry(control.framework.as_str()).or_default().insert(control.control.as_str());
        }
        Self { by_framework }
    }

    fn components(&self) -> Vec<sarif::ToolComponent> {
        let component = |(framework, controls): (&&str, &BTreeSet<&str>)| {
            let taxon = |control: &&str| {
                let short = text(&[&format!("{control} of {framework}")], MOST_DESCRIPTION);
                sarif::ReportingDescriptor::builder().id(*control).short_description(short).build()
            };
            sarif::ToolComponent::builder()
                .name(*framework)
                .short_description(text(
                    &[&format!("Controls of {framework} that a rule tests or supports.")],
                    MOST_DESCRIPTION,
                ))
                .is_comprehensive(false)
                .taxa(controls.iter().map(taxon).collect::<Vec<_>>())
                .build()
        };
        self.by_framework.iter().map(component).collect()
    }

    fn references(&self) -> Vec<sarif::ToolComponentReference> {
        self.by_framework.keys().map(|framework| self.reference(framework)).collect()
    }

    fn reference(&self, framework: &str) -> sarif::ToolComponentReference {
        let mut reference = sarif::ToolComponentReference::builder().name(framework).build();
        reference.index = self.by_framework.keys().position(|name| *name == framework).map(index);
        reference
    }

    fn relationship(&self, control: &ControlReport) -> sarif::ReportingDescriptorRelationship {
        let controls = self.by_framework.get(control.framework.as_str());
        let mut target = sarif::ReportingDescriptorReference::builder()
            .id(control.control.as_str())
            .tool_component(self.reference(&control.framework))
            .build();
        target.index =
            controls.and_then(|controls| controls.iter().position(|name| *name == control.control)).map(index);
        sarif::ReportingDescriptorRelationship::builder()
            .target(target)
            .kinds(vec!["relevant".to_owned()])
            .description(message(&format!("The rule {} this control.", control.relation)))
            .build()
    }
}

fn index(position: usize) -> i64 {
    i64::try_from(position).unwrap_or(-1)
}

/// The files that results point into, and in the first run for evidence every input, each with its hash.
fn artifacts(source: &Source<'_>, plan: &RunPlan<'_>) -> Vec<sarif::Artifact> {
    let mut files = plan.results.iter().flat_map(|planned| result::files(planned.finding)).collect::<BTreeSet<_>>();
    if source.profile == Profile::Full && plan.first {
        files.extend((0..).map(FileId).take(source.report.inputs.len()));
    }
    let artifact = |id: FileId| {
        let file = source.report.file(id)?;
        let location = sarif::ArtifactLocation::builder().uri(source.uri(id)).uri_base_id(SOURCE_ROOT).build();
        let mut artifact = sarif::Artifact::builder().location(location).build();
        artifact.hashes = file.sha256.as_ref().map(|hash| BTreeMap::from([("sha-256".to_owned(), hash.clone())]));
        Some(artifact)
    };
    files.into_iter().filter_map(artifact).collect()
}

/// Kinds of notices, their level and what to do about them; a notification refers to them by position.
const NOTICES: [(NoticeKind, &str, &str, &str); 5] = [
    (NoticeKind::Gap, "error", "Something in scope could not be read.", "Grant the Reader role and collect again."),
    (NoticeKind::PolicyFailure, "error", "A policy failed while it ran.", "Correct the policy and scan again."),
    (NoticeKind::NotRead, "warning", "No input holds this type of resource.", "Add an export of the type."),
    (NoticeKind::OddValue, "warning", "A value could not be understood.", "Correct the resource, or report the value."),
    (NoticeKind::Note, "note", "Something worth knowing.", "Nothing has to be done."),
];

fn notice_descriptor((kind, level, what, remedy): &(NoticeKind, &str, &str, &str)) -> sarif::ReportingDescriptor {
    sarif::ReportingDescriptor::builder()
        .id(kind.as_str())
        .short_description(text(&[what], MOST_DESCRIPTION))
        .full_description(text(&[what], MOST_DESCRIPTION))
        .help(text(&[remedy], MOST_DESCRIPTION))
        .default_configuration(sarif::ReportingConfiguration::builder().level(json!(level)).build())
        .build()
}

/// How the scan went, with what could not be read. An incomplete verdict is no successful execution.
fn invocation(source: &Source<'_>, plan: &RunPlan<'_>) -> sarif::Invocation {
    let concerns = |notice: &&Notice| notice.tenant.is_none() || notice.tenant.as_deref() == plan.tenant;
    let mut notices = source.report.notices.iter().filter(concerns).collect::<Vec<_>>();
    notices.sort();
    let most = if source.profile == Profile::Github { MOST_NOTIFICATIONS } else { usize::MAX };
    let left = notices.len().saturating_sub(most);
    notices.truncate(most);
    let mut notifications = notices.into_iter().map(|notice| notification(source, notice)).collect::<Vec<_>>();
    if left > 0 {
        let more = format!("… and {}", counted(count(left), "further notice"));
        notifications.push(sarif::Notification::builder().message(message(&more)).level("note").build());
    }
    sarif::Invocation::builder()
        .execution_successful(!plan.incomplete)
        .tool_execution_notifications(notifications)
        .build()
}

fn notification(source: &Source<'_>, notice: &Notice) -> sarif::Notification {
    let at = NOTICES.iter().position(|(kind, ..)| *kind == notice.kind);
    let mut descriptor = sarif::ReportingDescriptorReference::builder().id(notice.kind.as_str()).build();
    descriptor.index = at.map(index);
    let mut notification = sarif::Notification::builder()
        .descriptor(descriptor)
        .level(at.and_then(|at| NOTICES.get(at)).map_or("note", |(_, level, ..)| *level))
        .message(message(&printable(&notice.message)))
        .build();
    if let Some((path, line, column)) = &notice.place {
        let region = result::region(*line, *column, *line, column.saturating_add(1));
        let physical = result::physical(&source.uri_of(path), region);
        notification.locations = Some(vec![sarif::Location::builder().physical_location(physical).build()]);
    }
    notification
}
