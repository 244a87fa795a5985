//! One finding as a SARIF result: its places, and links to them from its message.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::Range;

use serde_json::Value;
use serde_sarif::sarif::{self, ResultKind, ResultLevel};

use super::plan::ResultPlan;
use super::run::{bag, level};
use super::{Profile, Source};
use crate::azure::ResourceId;
use crate::finding::{Anchor, ApprovalNote, Evidence, FileId, Finding, Location, Outcome};
use crate::report::enclosing;
use crate::report::text::printable;

/// GitHub keeps 100 places a result, the first one included.
pub(super) const MOST_RELATED: usize = 99;
/// Links that are put behind a message which does not name their resource.
const MOST_APPENDED: usize = 5;

/// The result of a finding.
pub(super) fn new(source: &Source<'_>, plan: ResultPlan<'_>) -> sarif::Result {
    let finding = plan.finding;
    let related = match source.profile {
        Profile::Github => &finding.related[..finding.related.len().min(MOST_RELATED)],
        Profile::Full => &finding.related[..],
    };
    let mut result = sarif::Result::builder()
        .rule_id(finding.rule.as_str())
        .kind(kind(&finding.outcome))
        .message(sarif::Message::builder().text(message(finding, related)).build())
        .locations(vec![subject(source, finding)])
        .partial_fingerprints(fingerprints(plan))
        .build();
    result.level = result_level(finding);
    result.rule_index = source.rule_index.get(&finding.rule).copied();
    if !related.is_empty() {
        let place = |(evidence, id)| related_location(source, finding, evidence, id);
        result.related_locations = Some(related.iter().zip(1..).map(place).collect());
    }
    if source.profile == Profile::Full {
        result.properties =
            Some(bag([("outcome", finding.outcome.as_str().into()), ("severity", finding.severity.as_str().into())]));
        if let Outcome::Approved(note) = &finding.outcome {
            result.suppressions = Some(vec![suppression(note)]);
        }
    }
    result
}

fn kind(outcome: &Outcome) -> ResultKind {
    match outcome {
        Outcome::Violation | Outcome::Approved(_) => ResultKind::Fail,
        Outcome::Undetermined => ResultKind::Open,
    }
}

/// What is open has the level `none`, which is what its absence means (SARIF 2.1.0, 3.27.10); written out, GitHub's
/// reader refuses it.
fn result_level(finding: &Finding) -> Option<ResultLevel> {
    match finding.outcome {
        Outcome::Violation | Outcome::Approved(_) => Some(level(finding.severity)),
        Outcome::Undetermined => None,
    }
}

/// GitHub reads `primaryLocationLineHash` alone; what follows its colon tells equal hashes apart. It is no hash of a
/// line here: snapshots are regenerated, and their lines move.
fn fingerprints(plan: ResultPlan<'_>) -> BTreeMap<String, String> {
    let own = &plan.finding.fingerprint.0;
    BTreeMap::from([
        ("primaryLocationLineHash".to_owned(), format!("{own}:{}", plan.occurrence)),
        ("vnetlint/v1".to_owned(), own.clone()),
    ])
}

fn suppression(note: &ApprovalNote) -> sarif::Suppression {
    let ApprovalNote { id, reason, requested_by, approved_by, approved_on, expires } = note;
    let mut properties = vec![("approval", Value::from(id.as_str())), ("expires", expires.as_str().into())];
    for (key, value) in [("requestedBy", requested_by), ("approvedBy", approved_by), ("approvedOn", approved_on)] {
        properties.extend(value.as_deref().map(|value| (key, Value::from(value))));
    }
    sarif::Suppression::builder()
        .kind("external")
        .status("accepted")
        .justification(format!("Approval {id}, in force until {expires}: {reason}"))
        .properties(bag(properties))
        .build()
}

/// The place of the subject. GitHub refuses a whole file for one result without a place, so a finding whose place is not
/// known stands on the first line of its file, or of the first input.
fn subject(source: &Source<'_>, finding: &Finding) -> sarif::Location {
    let evidence = &finding.subject;
    let (physical, text) = match &evidence.location {
        Some(location) => (place(source, location), evidence.says.clone()),
        None => (file_start(source, evidence), "The place in the file is not known.".to_owned()),
    };
    let location = sarif::Location::builder().physical_location(physical).logical_locations(logical(evidence));
    let mut location = location.build();
    location.message = (!text.is_empty()).then(|| sarif::Message::builder().text(text).build());
    location
}

/// The place of another resource. One that no input holds is shown where the subject stands, which names it: every
/// place in a file for GitHub has to be a place in a file.
fn related_location(source: &Source<'_>, finding: &Finding, evidence: &Evidence, id: i64) -> sarif::Location {
    let name = evidence.resource.name();
    let says = if evidence.says.is_empty() { name } else { &evidence.says };
    let (physical, text) = match (&evidence.location, &finding.subject.location) {
        (Some(location), _) => (place(source, location), says.to_owned()),
        (None, Some(location)) => (place(source, location), format!("{says} (in no input)")),
        (None, None) => (file_start(source, &finding.subject), format!("{says} (in no input)")),
    };
    sarif::Location::builder()
        .id(id)
        .physical_location(physical)
        .logical_locations(logical(evidence))
        .message(sarif::Message::builder().text(if text.is_empty() { "related".to_owned() } else { text }).build())
        .build()
}

fn logical(evidence: &Evidence) -> Vec<sarif::LogicalLocation> {
    let location = sarif::LogicalLocation::builder()
        .fully_qualified_name(evidence.resource.as_str())
        .name(evidence.resource.name())
        .kind("resource");
    vec![location.build()]
}

fn place(source: &Source<'_>, location: &Location) -> sarif::PhysicalLocation {
    let mut region = region(location.start_line, location.start_column, location.end_line, location.end_column);
    if !location.snippet.is_empty() {
        region.snippet = Some(sarif::ArtifactContent::builder().text(location.snippet.clone()).build());
    }
    physical(source.uri(location.file), region)
}

fn file_start(source: &Source<'_>, evidence: &Evidence) -> sarif::PhysicalLocation {
    physical(source.uri(file(evidence)), region(1, 1, 1, 2))
}

/// The file in which a subject is shown.
fn file(evidence: &Evidence) -> FileId {
    match (&evidence.location, &evidence.anchor) {
        (Some(location), _) => location.file,
        (None, Some(Anchor::Json { file, .. } | Anchor::Text { file, .. })) => *file,
        (None, None) => FileId(0),
    }
}

/// The files that the result of a finding points into.
pub(super) fn files(finding: &Finding) -> impl Iterator<Item = FileId> {
    let related = finding.related.iter().filter_map(|evidence| evidence.location.as_ref());
    std::iter::once(file(&finding.subject)).chain(related.map(|location| location.file))
}

pub(super) fn physical(uri: &str, region: sarif::Region) -> sarif::PhysicalLocation {
    let artifact = sarif::ArtifactLocation::builder().uri(uri).uri_base_id(super::run::SOURCE_ROOT).build();
    sarif::PhysicalLocation::builder().artifact_location(artifact).region(region).build()
}

/// A region that is valid whatever the numbers: 1-based and never empty.
pub(super) fn region(start_line: u64, start_column: u64, end_line: u64, end_column: u64) -> sarif::Region {
    let start = (start_line.max(1), start_column.max(1));
    let end = (end_line, end_column).max((start.0, start.1 + 1));
    let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    sarif::Region::builder()
        .start_line(number(start.0))
        .start_column(number(start.1))
        .end_line(number(end.0))
        .end_column(number(end.1.max(1)))
        .build()
}

/// The message, in which the names of the related resources link to their places.
fn message(finding: &Finding, related: &[Evidence]) -> String {
    let text = if finding.message.trim().is_empty() { finding.rule.as_str() } else { finding.message.trim() };
    let text = printable(text);
    let mut links = BTreeMap::<usize, (usize, i64)>::new();
    let mut unnamed = Vec::new();
    for (evidence, id) in related.iter().zip(1..) {
        match mention(&text, evidence, finding, &links) {
            Some(name) => {
                links.insert(name.start, (name.end, id));
            }
            None => unnamed.push((evidence.resource.name(), id)),
        }
    }
    let mut linked = String::with_capacity(text.len() + 8 * related.len());
    let mut rest = 0;
    for (start, (end, id)) in links {
        // A link inside a code span would be none where backticks make one.
        let (before, after) = (&text[rest..start], &text[end..]);
        let quoted = before.strip_suffix('`').filter(|_| after.starts_with('`'));
        linked.push_str(&plain(quoted.unwrap_or(before)));
        let _infallible = write!(linked, "[{}]({id})", escaped(&text[start..end]));
        rest = end + usize::from(quoted.is_some());
    }
    linked.push_str(&plain(&text[rest..]));
    let unnamed = unnamed.into_iter().take(MOST_APPENDED).map(|(name, id)| {
        let name = if name.is_empty() { "the related resource" } else { name };
        format!("[{}]({id})", escaped(&printable(name)))
    });
    let unnamed = unnamed.collect::<Vec<_>>().join(", ");
    if !unnamed.is_empty() {
        let stop = if text.ends_with(['.', '!', '?']) { "" } else { "." };
        let _infallible = write!(linked, "{stop} See {unnamed}.");
    }
    linked
}

/// Where a message names a resource, or else the resource that it is part of: a whole word that is no link yet and no
/// part of the subject's own id, which the message may mean instead.
fn mention(
    text: &str,
    evidence: &Evidence,
    finding: &Finding,
    links: &BTreeMap<usize, (usize, i64)>,
) -> Option<Range<usize>> {
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
    let whole_and_free = |name: &Range<usize>| {
        let before = text[..name.start].chars().next_back();
        let mut after = text[name.end..].chars();
        let after = after.next().map(|c| if c == '.' { after.next().unwrap_or(' ') } else { c });
        let free = links.iter().all(|(&start, &(end, _))| name.end <= start || end <= name.start);
        free && !before.is_some_and(|c| is_word(c) || c == '.') && !after.is_some_and(is_word)
    };
    let own = finding.subject.resource.as_str();
    let outer = enclosing(&evidence.resource);
    let names = [Some(evidence.resource.name()), outer.as_ref().map(ResourceId::name)];
    let names = names.into_iter().flatten().filter(|name| !name.is_empty() && own.split('/').all(|part| part != *name));
    names.flat_map(|name| text.match_indices(name).map(|(at, _)| at..at + name.len())).find(whole_and_free)
}

/// Text in which nothing is a link (SARIF 2.1.0, section 3.11.6).
fn plain(text: &str) -> String {
    if text.contains("](") { escaped(text) } else { text.to_owned() }
}

fn escaped(text: &str) -> String {
    text.replace('\\', r"\\").replace('[', r"\[").replace(']', r"\]")
}
