//! Every rule's folder is whole, and its two examples prove the rule: flipping the one value that it judges makes it
//! speak, and nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use vnetlint::finding::{Finding, Outcome};
use vnetlint::report::Report;
use vnetlint::rule::{self, EngineMode, embedded, run_tests};
use vnetlint::scan::vocabulary;

use crate::command::root;
use crate::estate_of::{Scan, said, shipped};

/// Lines of policies that no test has to reach: file, line, and why. A policy without an entry is covered whole.
const UNREACHED: [(&str, u32, &str); 0] = [];

/// The headings of a rule's page below its title, in order.
const HEADINGS: [&str; 9] = [
    "## Why it matters",
    "## What is checked",
    "## How to fix",
    "### Azure CLI",
    "### Bicep",
    "### Terraform",
    "## Exceptions",
    "## Controls",
    "## References",
];

/// A rule's folder: `policies/<area>/<name>`.
struct Folder {
    path: PathBuf,
    area: String,
    name: String,
}

impl Folder {
    fn all() -> Vec<Self> {
        let below = |path: &Path| {
            let folders = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
            let mut folders = folders.collect::<Vec<_>>();
            folders.sort();
            folders
        };
        let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
        let areas = below(&root().join("policies")).into_iter().filter(|area| name(area) != "lib");
        let rules = areas.flat_map(|area| {
            let of_area = below(&area).into_iter();
            of_area.map(move |path| Self { name: name(&path), area: name(&area), path })
        });
        rules.collect()
    }

    /// The id that the path stands for: `peering/one_sided` is `peering-one-sided`.
    fn id(&self) -> String {
        format!("{}-{}", self.area, self.name).replace('_', "-")
    }

    fn read(&self, file: &str) -> String {
        fs::read_to_string(self.path.join(file)).unwrap_or_else(|error| panic!("{}: {file}: {error}", self.id()))
    }

    /// An example and its configuration, as one value.
    fn example(&self, stem: &str) -> Value {
        let export: Value = serde_json::from_str(&self.read(&format!("{stem}.json"))).unwrap();
        let configuration: Value = toml::from_str(&self.configuration(stem)).unwrap();
        serde_json::json!({"export": export, "configuration": configuration})
    }

    fn configuration(&self, stem: &str) -> String {
        let file = format!("{stem}.toml");
        if self.path.join(&file).exists() { self.read(&file) } else { String::new() }
    }

    fn scan(&self, stem: &str, engine: EngineMode) -> Report {
        let scan = Scan::paths([self.path.join(format!("{stem}.json"))]).with_config(&self.configuration(stem));
        let report = Scan { engine, ..scan }.report().unwrap();
        let failures = report.notices.iter().filter(|notice| notice.kind.is_incomplete()).collect::<Vec<_>>();
        assert!(failures.is_empty(), "{} {stem}: {failures:?}", self.id());
        report
    }
}

/// How many values differ: each added, removed or replaced value counts once, however large it is.
fn differences(one: &Value, other: &Value) -> usize {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            let keys = one.keys().chain(other.keys()).collect::<BTreeSet<_>>();
            let differing = keys.into_iter().map(|key| match (one.get(key), other.get(key)) {
                (Some(one), Some(other)) => differences(one, other),
                _ => 1,
            });
            differing.sum()
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            one.iter().zip(other).map(|(one, other)| differences(one, other)).sum()
        }
        (Value::Array(one), Value::Array(other)) => {
            let same = one.iter().zip(other).take_while(|(one, other)| one == other).count();
            let (one, other) = (&one[same..], &other[same..]);
            let same = one.iter().rev().zip(other.iter().rev()).take_while(|(one, other)| one == other).count();
            one.len().max(other.len()) - same
        }
        _ => usize::from(one != other),
    }
}

fn shown(finding: &Finding) -> String {
    format!("{} {} {}: {}", finding.outcome.as_str(), finding.rule, finding.subject.resource, finding.message)
}

/// Findings that no approval covers.
fn open(report: &Report) -> Vec<&Finding> {
    report.findings.iter().filter(|finding| !matches!(finding.outcome, Outcome::Approved(_))).collect()
}

#[test]
fn every_folder_is_whole_and_its_rule_is_named_after_it() {
    let folders = Folder::all();
    let expected = folders.iter().map(Folder::id).collect::<BTreeSet<_>>();
    let loaded = shipped().rules().iter().map(|rule| rule.metadata.id.to_string()).collect::<Vec<_>>();
    assert_eq!(loaded.iter().cloned().collect::<BTreeSet<_>>(), expected);
    assert_eq!(loaded.len(), folders.len(), "an id stands for two folders");
    for folder in &folders {
        for file in [format!("{}.rego", folder.name), format!("{}_test.rego", folder.name)] {
            folder.read(&file);
        }
        for stem in ["passes", "fails"] {
            folder.example(stem);
        }
        let both = ["passes.toml", "fails.toml"].map(|file| folder.path.join(file).exists());
        assert_eq!(both[0], both[1], "{}: both examples have a configuration, or none", folder.id());
    }
}

#[test]
fn every_page_has_its_headings_in_order() {
    for folder in Folder::all() {
        let page = folder.read("README.md");
        let mut lines = page.lines();
        assert_eq!(lines.next(), Some(format!("# {}", folder.id()).as_str()));
        let summary = lines.find(|line| !line.is_empty()).unwrap_or_default();
        assert!(summary.ends_with('.') && !summary.starts_with('#'), "{}: {summary:?} is no summary", folder.id());
        let mut fenced = false;
        let headings = page.lines().filter(|line| {
            fenced ^= line.starts_with("```");
            !fenced && line.starts_with("##")
        });
        assert_eq!(headings.collect::<Vec<_>>(), HEADINGS, "{}", folder.id());
    }
}

#[test]
fn the_policies_own_tests_pass_and_reach_every_line() {
    let report = run_tests(&embedded(), &vocabulary(), None).unwrap();
    let bad = report.results.iter().filter(|result| result.outcome != rule::Outcome::Pass).collect::<Vec<_>>();
    assert!(bad.is_empty(), "{bad:#?}");
    let tested = report.results.iter().map(|result| result.path.as_str()).collect::<BTreeSet<_>>();
    for folder in Folder::all() {
        let path = format!("policies/{}/{}/{}_test.rego", folder.area, folder.name, folder.name);
        assert!(tested.contains(path.as_str()), "{path} holds no test");
    }
    let missed = report.coverage.iter().flat_map(|of| of.missed.iter().map(|line| (of.path.as_str(), *line)));
    let allowed = UNREACHED.iter().map(|(path, line, _)| (*path, *line)).collect::<BTreeSet<_>>();
    assert_eq!(missed.collect::<BTreeSet<_>>(), allowed, "lines that no test reaches, against those that may be");
}

#[test]
fn one_value_makes_each_rule_speak_and_no_other() {
    let mut wrong = Vec::new();
    for folder in Folder::all() {
        let id = folder.id();
        let changed = differences(&folder.example("passes"), &folder.example("fails"));
        if changed != 1 {
            wrong.push(format!("{id}: the examples differ in {changed} values"));
        }

        let passes = folder.scan("passes", EngineMode::Rvm);
        let broken = passes.findings.iter().filter(|finding| finding.outcome == Outcome::Violation);
        wrong.extend(broken.map(|finding| format!("{id} passes: {}", shown(finding))));
        let own = passes.rules.iter().find(|rule| rule.id.as_str() == id).unwrap();
        if own.counts.pass == 0 {
            wrong.push(format!("{id}: its passing example passes nothing"));
        }

        // What is undetermined in both examples is not what the value decides.
        let fails = folder.scan("fails", EngineMode::Rvm);
        let (before, after) = (open(&passes), open(&fails));
        let is_in = |of: &[&Finding], finding: &Finding| of.iter().any(|other| said(other) == said(finding));
        let vanished = before.iter().filter(|finding| !is_in(&after, finding));
        wrong.extend(vanished.map(|finding| format!("{id} fails: no longer {}", shown(finding))));
        match after.iter().filter(|finding| !is_in(&before, finding)).collect::<Vec<_>>().as_slice() {
            [] => wrong.push(format!("{id}: its failing example breaks nothing")),
            [only] if only.rule.as_str() == id && only.outcome == Outcome::Violation => {
                if only.subject.location.is_none() {
                    wrong.push(format!("{id}: its violation has no line"));
                }
            }
            others => wrong.extend(others.iter().map(|finding| format!("{id} fails: {}", shown(finding)))),
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn both_engines_say_the_same_of_every_example() {
    for folder in Folder::all() {
        for stem in ["passes", "fails"] {
            let [one, other] = [EngineMode::Rvm, EngineMode::Interpreter].map(|engine| folder.scan(stem, engine));
            assert_eq!(format!("{:#?}", one.findings), format!("{:#?}", other.findings), "{} {stem}", folder.id());
            let counts = |report: &Report| {
                report.rules.iter().map(|rule| (rule.id.clone(), rule.counts)).collect::<BTreeMap<_, _>>()
            };
            assert_eq!(counts(&one), counts(&other), "{} {stem}", folder.id());
        }
    }
}

#[test]
fn a_difference_is_counted_once_wherever_it_is() {
    let same = serde_json::json!({"a": [1, {"b": 2}], "c": "d"});
    let differ = |other: Value| differences(&same, &other);
    assert_eq!(differ(same.clone()), 0);
    assert_eq!(differ(serde_json::json!({"a": [1, {"b": 3}], "c": "d"})), 1);
    assert_eq!(differ(serde_json::json!({"a": [0, 1, {"b": 2}], "c": "d"})), 1);
    assert_eq!(differ(serde_json::json!({"a": [{"b": 2}], "c": "e"})), 2);
    assert_eq!(differ(serde_json::json!({"a": [1, {"b": 2}]})), 1);
}

#[test]
fn the_table_of_the_author_guide_is_what_the_program_lists() {
    let mut command = crate::command::vnetlint(&root());
    command.args(["rules", "--format", "md"]);
    let table = crate::command::run(command).stdout;
    let guide = fs::read_to_string(root().join("policies/README.md")).unwrap();
    let (_, rest) = guide.split_once("<!-- rules:begin -->\n").expect("the guide has a table");
    let (listed, _) = rest.split_once("<!-- rules:end -->").expect("the table ends");
    assert_eq!(listed, table, "put what `vnetlint rules --format md` prints between the markers of policies/README.md");
}
