//! Which finding goes into which run of which file.
//!
//! Decides on severity, tenant and size alone; makes no SARIF.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;

use serde::Serialize;

use super::run::Run;
use super::{SarifFile, SarifOutput, Source, result, uri};
use crate::finding::{Finding, Outcome};
use crate::report::Report;
use crate::report::text::{count, counted};

/// How much a file for GitHub may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limits {
    /// Results of a run, and of a file.
    pub results: usize,
    /// Results of a run that readers of SARIF take.
    pub results_of_run: usize,
    /// Runs of a file.
    pub runs: usize,
    /// Bytes of a file without its indentation.
    pub bytes: usize,
}

impl Limits {
    /// GitHub shows 5,000 results of a run, and refuses more than 25,000, more than 20 runs a file, and files of more
    /// than 10 MB gzipped
    /// (<https://docs.github.com/code-security/code-scanning/troubleshooting-sarif-uploads/results-exceed-limit>). JSON
    /// made of names, ids and hexadecimal digits shrinks to less than half, in practice to a tenth.
    pub(super) const GITHUB: Self = Self { results: 5_000, results_of_run: 25_000, runs: 20, bytes: 20_000_000 };
}

/// The name of the run of findings without a tenant.
const NO_TENANT: &str = "unknown-tenant";

/// A run to be made.
#[derive(Clone, Debug)]
pub(super) struct RunPlan<'a> {
    /// `None`: findings of no tenant.
    pub tenant: Option<&'a str>,
    /// 1 for the first.
    pub part: usize,
    /// Whether it is the first run of its file.
    pub first: bool,
    /// Whether a part of the tenant that was in scope could not be read.
    pub incomplete: bool,
    pub results: Vec<ResultPlan<'a>>,
}

/// A result to be made.
#[derive(Clone, Copy, Debug)]
pub(super) struct ResultPlan<'a> {
    pub finding: &'a Finding,
    /// 1, or more where earlier findings of the tenant have the same fingerprint.
    pub occurrence: u32,
}

impl RunPlan<'_> {
    /// `automationDetails.id`: what stands before the last `/` is GitHub's category. No date, no hash: alerts live as
    /// long as their category keeps its name.
    pub(super) fn automation_id(&self) -> String {
        let tenant = uri::encoded(self.tenant.unwrap_or(NO_TENANT));
        if self.part == 1 { format!("vnetlint/{tenant}/") } else { format!("vnetlint/{tenant}/part-{}/", self.part) }
    }
}

/// Everything in one file, one run a tenant, or several where a run would hold more results than readers take.
pub(super) fn full<'a>(source: &Arc<Source<'a>>) -> SarifOutput<'a> {
    let mut whole = runs(source.report, |_| true);
    if whole.len() > 1 {
        whole.retain(|run| run.tenant.is_some() || !run.results.is_empty());
    }
    let mut runs = Vec::with_capacity(whole.len());
    for run in whole {
        if run.results.len() <= source.limits.results_of_run {
            runs.push(run);
            continue;
        }
        for (results, part) in run.results.chunks(source.limits.results_of_run).zip(1..) {
            runs.push(RunPlan { results: results.to_vec(), part, ..run.clone() });
        }
    }
    if let Some(run) = runs.first_mut() {
        run.first = true;
    }
    let file = SarifFile { number: 1, runs, source: Arc::clone(source) };
    SarifOutput { files: vec![file], notes: Vec::new(), left_out: Vec::new() }
}

/// Violations of tenants that were read whole, most severe first, in as many files as GitHub's limits ask for.
///
/// The run of findings without a tenant is there even when empty: its absence would keep its old alerts open for ever.
pub(super) fn github<'a>(source: &Arc<Source<'a>>) -> SarifOutput<'a> {
    let (whole, left_out) = runs(source.report, |finding| finding.outcome == Outcome::Violation)
        .into_iter()
        .partition::<Vec<_>, _>(|run| !run.incomplete);
    let mut notes = left_out.iter().map(|run| left_out_note(source.report, run)).collect::<Vec<_>>();
    let mut parts = Vec::new();
    for run in whole {
        let total = count(run.results.len());
        let name = run.tenant.map_or_else(|| "findings without a tenant".to_owned(), |id| format!("tenant {id}"));
        let split = split(source, &run);
        if split.len() > 1 {
            notes.push(format!(
                "{name}: {} are more than code scanning shows of one category, so they are split into {}, most severe first",
                counted(total, "violation"),
                counted(count(split.len()), "part"),
            ));
        }
        parts.extend(split);
    }
    let most_related = result::MOST_RELATED;
    let cut = parts.iter().flat_map(|(run, _)| &run.results).filter(|r| r.finding.related.len() > most_related).count();
    if cut > 0 {
        notes.push(format!(
            "{}: only the first {most_related} related places are in the file, because code scanning takes no more",
            counted(count(cut), "violation")
        ));
    }
    let files = pack(source, parts);
    if files.len() > 1 {
        notes.push(format!("code scanning's limits ask for {}: upload every one", counted(count(files.len()), "file")));
    }
    let left_out = left_out.iter().map(|run| run.tenant.unwrap_or(NO_TENANT).to_owned()).collect();
    SarifOutput { files, notes, left_out }
}

fn left_out_note(report: &Report, run: &RunPlan<'_>) -> String {
    let tenant = match run.tenant {
        Some(id) => match report.tenants.get(id).and_then(|tenant| tenant.name.as_deref()) {
            Some(name) => format!("tenant {name} ({id})"),
            None => format!("tenant {id}"),
        },
        None => "findings without a tenant".to_owned(),
    };
    format!(
        "{tenant}: left out of the SARIF file for code scanning with {}, because a part in scope could not be read or \
         judged and the upload would close that part's alerts; they stay as they are",
        counted(count(run.results.len()), "violation")
    )
}

/// One run a tenant, by tenant id, the one without a tenant last; its findings most severe first.
fn runs<'a>(report: &'a Report, wanted: impl Fn(&Finding) -> bool) -> Vec<RunPlan<'a>> {
    let mut by_tenant = BTreeMap::<Option<&str>, Vec<&Finding>>::new();
    by_tenant.insert(None, Vec::new());
    let unread = report.notices.iter().filter(|notice| notice.kind.is_incomplete());
    let unread = unread.map(|notice| notice.tenant.as_deref()).collect::<BTreeSet<_>>();
    for tenant in report.tenants.keys().map(|id| Some(&**id)).chain(unread.iter().copied()) {
        by_tenant.entry(tenant).or_default();
    }
    for finding in &report.findings {
        let findings = by_tenant.entry(finding.tenant.as_deref()).or_default();
        if wanted(finding) {
            findings.push(finding);
        }
    }
    let plan = |(tenant, mut findings): (Option<&'a str>, Vec<&'a Finding>)| {
        findings.sort_by_key(|finding| Reverse(finding.severity));
        // What could not be read and names no tenant may belong to any.
        let incomplete = unread.contains(&None)
            || tenant.is_some_and(|id| {
                unread.contains(&Some(id)) || report.tenants.get(id).is_some_and(|tenant| tenant.incomplete)
            });
        RunPlan { tenant, part: 1, first: false, incomplete, results: results(findings) }
    };
    let mut runs = by_tenant.into_iter().map(plan).collect::<Vec<_>>();
    runs.sort_by_key(|run| run.tenant.is_none());
    runs
}

/// Numbers findings of the same fingerprint, which GitHub would otherwise take for one alert.
fn results<'a>(findings: Vec<&'a Finding>) -> Vec<ResultPlan<'a>> {
    let mut seen = BTreeMap::<_, u32>::new();
    let result = |finding: &'a Finding| {
        let occurrence = seen.entry(&finding.fingerprint).or_default();
        *occurrence += 1;
        ResultPlan { finding, occurrence: *occurrence }
    };
    findings.into_iter().map(result).collect()
}

/// Parts of a run that fit a file each, with their sizes.
fn split<'a>(source: &Source<'a>, run: &RunPlan<'a>) -> Vec<(RunPlan<'a>, usize)> {
    let part = |part, results| RunPlan { part, results, ..*run };
    let (limits, head) = (source.limits, head_bytes(source, run));
    let (mut parts, mut results, mut bytes) = (Vec::new(), Vec::new(), head);
    for &planned in &run.results {
        let size = bytes_of(&result::new(source, planned));
        if results.len() == limits.results || (bytes + size > limits.bytes && !results.is_empty()) {
            parts.push((part(parts.len() + 1, std::mem::take(&mut results)), bytes));
            bytes = head;
        }
        bytes += size;
        results.push(planned);
    }
    parts.push((part(parts.len() + 1, results), bytes));
    parts
}

/// Runs in as few files as possible without changing their order: first parts before second parts.
fn pack<'a>(source: &Arc<Source<'a>>, mut runs: Vec<(RunPlan<'a>, usize)>) -> Vec<SarifFile<'a>> {
    runs.sort_by_key(|(run, _)| run.part);
    let limits = source.limits;
    let mut files = Vec::<SarifFile<'a>>::new();
    let mut bytes = 0;
    for (run, size) in runs {
        let last = files.last_mut().filter(|file| {
            file.runs.len() < limits.runs
                && file.results() + run.results.len() <= limits.results
                && bytes + size <= limits.bytes
        });
        if let Some(file) = last {
            file.runs.push(run);
            bytes += size;
        } else {
            files.push(SarifFile { number: files.len() + 1, runs: vec![run], source: Arc::clone(source) });
            bytes = size;
        }
    }
    files
}

/// Size of what stands around the results of a run, without indentation.
fn head_bytes(source: &Source<'_>, run: &RunPlan<'_>) -> usize {
    bytes_of(&Run::new(source, &RunPlan { results: Vec::new(), ..run.clone() }))
}

fn bytes_of(value: &impl Serialize) -> usize {
    struct Length(usize);
    impl io::Write for Length {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut length = Length(0);
    serde_json::to_writer(&mut length, value).expect("counting cannot fail, and SARIF's keys are strings");
    length.0
}
