//! SARIF 2.1.0 (<https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>), in two profiles.
//!
//! `github` is what GitHub code scanning should show: violations, within its limits. `full` is everything, for evidence.
//! Both have one run a tenant. This folder alone names `serde_sarif`; results are made one by one while they are written.

mod plan;
mod result;
mod run;
mod uri;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Serialize, Serializer};

use crate::finding::{FileId, RuleId};
use crate::report::Report;
use plan::{Limits, RunPlan};
use run::Run;

/// Who the file is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Profile {
    /// GitHub code scanning: violations alone, of tenants that were read whole, split where GitHub's limits ask for it.
    /// GitHub ignores suppressions and kinds, and closes every alert that the newest upload of a category lacks
    /// (<https://docs.github.com/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning>).
    #[default]
    Github,
    /// Every outcome, every tenant, in one file.
    Full,
}

/// What the report itself does not know.
#[derive(Clone, Copy)]
pub struct SarifOptions<'a> {
    /// The path of an input relative to the source root, `/`-separated, given its path as in
    /// [`crate::report::InputFile`]. What it returns is made a relative URI whatever it is.
    pub source_path: &'a dyn Fn(&str) -> String,
}

/// Files to write, and what a person has to be told about them.
#[derive(Debug)]
pub struct SarifOutput<'a> {
    /// At least one, unless every tenant was left out.
    pub files: Vec<SarifFile<'a>>,
    /// What was left out, split or cut, and why: sentences for standard error.
    pub notes: Vec<String>,
    /// Tenants left out because a part of them could not be read.
    pub left_out: Vec<String>,
}

/// One file, not yet rendered.
#[derive(Debug)]
pub struct SarifFile<'a> {
    /// 1 for the first.
    number: usize,
    runs: Vec<RunPlan<'a>>,
    source: Arc<Source<'a>>,
}

/// What every run of every file looks things up in.
#[derive(Debug)]
struct Source<'a> {
    report: &'a Report,
    profile: Profile,
    limits: Limits,
    /// Of every input, by position.
    uris: Vec<String>,
    /// By path as the user named it.
    uri_of_path: BTreeMap<&'a str, usize>,
    rule_index: BTreeMap<&'a RuleId, i64>,
}

/// Decides what goes where. Nothing is rendered yet.
pub fn render<'a>(report: &'a Report, profile: Profile, options: &SarifOptions<'_>) -> SarifOutput<'a> {
    render_within(report, profile, options, Limits::GITHUB)
}

fn render_within<'a>(
    report: &'a Report,
    profile: Profile,
    options: &SarifOptions<'_>,
    limits: Limits,
) -> SarifOutput<'a> {
    let mapped = report.inputs.iter().map(|input| (options.source_path)(&input.path)).collect::<Vec<_>>();
    let source = Arc::new(Source {
        report,
        profile,
        limits,
        uris: mapped.iter().map(|path| uri::relative(path)).collect(),
        uri_of_path: report.inputs.iter().enumerate().map(|(at, input)| (input.path.as_str(), at)).collect(),
        rule_index: report.rules.iter().zip(0..).map(|(rule, at)| (&rule.id, at)).collect(),
    });
    let mut output = match profile {
        Profile::Github => plan::github(&source),
        Profile::Full => plan::full(&source),
    };
    let outside = mapped.iter().filter(|path| uri::is_outside(path)).count();
    if profile == Profile::Github && outside > 0 {
        output.notes.push(format!(
            "{outside} of {} input files are outside the source root: code scanning shows their findings without the code",
            mapped.len()
        ));
    }
    output
}

impl SarifFile<'_> {
    /// Where this file belongs when the report was asked for at `path`: `report.sarif`, then `report.2.sarif`.
    pub fn path(&self, path: &Path) -> PathBuf {
        if self.number == 1 {
            return path.to_owned();
        }
        let extension = path.extension().unwrap_or_default().to_string_lossy();
        path.with_extension(format!("{}.{extension}", self.number))
    }

    /// Results in it.
    pub fn results(&self) -> usize {
        self.runs.iter().map(|run| run.results.len()).sum()
    }

    /// Writes the file, indented, with a final newline. Give it a buffered writer.
    pub fn write(&self, out: &mut dyn io::Write) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut *out, &Log::new(self))?;
        out.write_all(b"\n")
    }
}

/// The file's top level, its keys in the order in which people read them.
#[derive(Serialize)]
struct Log<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    properties: Option<serde_json::Value>,
    runs: Runs<'a>,
}

struct Runs<'a>(&'a SarifFile<'a>);

impl<'a> Log<'a> {
    fn new(file: &'a SarifFile<'a>) -> Self {
        Self {
            schema: "https://json.schemastore.org/sarif-2.1.0.json",
            version: "2.1.0",
            properties: (file.source.profile == Profile::Full).then(|| run::totals(file.source.report)),
            runs: Runs(file),
        }
    }
}

impl Serialize for Runs<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.runs.iter().map(|plan| Run::new(&self.0.source, plan)))
    }
}

impl Source<'_> {
    /// The URI of a file by the name that the user gave it.
    fn uri_of(&self, path: &str) -> String {
        let uri = self.uri_of_path.get(path).and_then(|at| self.uris.get(*at));
        uri.cloned().unwrap_or_else(|| uri::relative(path))
    }

    fn uri(&self, file: FileId) -> &str {
        let uri = usize::try_from(file.0).ok().and_then(|at| self.uris.get(at));
        uri.map_or("unknown-input", String::as_str)
    }
}

#[cfg(test)]
mod tests;
