//! What holds of every estate: the order of the input, its layout, the number of threads and the engine change nothing,
//! and a scan finds what is there, exactly.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use vnetlint::config::Config;
use vnetlint::finding::Outcome;
use vnetlint::report::Report;
use vnetlint::rule::EngineMode;

use crate::command::{Desk, Ended, root};
use crate::estate_of::{AS_OF, Scan, said};
use crate::synthetic::{Answer, Seed, Spec, generate, shuffle};

/// A generated estate and its snapshot's folder.
struct Generated {
    desk: Desk,
    answer: Answer,
}

impl Generated {
    fn of(vnets: usize) -> Self {
        let desk = Desk::with::<&str>(&[]);
        let answer = generate(&Spec::of(vnets), desk.path()).unwrap();
        Self { desk, answer }
    }

    fn config(&self) -> Config {
        Config::from_bytes("vnetlint.toml", &fs::read(&self.answer.configuration).unwrap()).unwrap()
    }

    fn scan(&self) -> Scan {
        Scan { config: self.config(), ..Scan::paths([self.answer.snapshot.clone()]) }
    }
}

/// Rule and subject of every violation, as the answer names them: what the rule judges is the subject, also where the
/// finding shows another resource, the one to change.
fn found(report: &Report) -> Vec<(&str, &str)> {
    let broken = report.findings.iter().filter(|finding| finding.outcome == Outcome::Violation);
    let judged = broken.map(|finding| {
        let shown = &finding.subject.resource;
        let judged = match finding.rule.as_str() {
            // Judges subnets, and shows the default route that two of them may share.
            "nsg-virtual-network-tag-is-any" => &finding.related[0].resource,
            _ => shown,
        };
        (finding.rule.as_str(), judged.as_str())
    });
    judged.collect()
}

#[test]
fn every_planted_violation_is_found_and_nothing_else() {
    let mut generated = Generated::of(600);
    let report = generated.scan().report().unwrap();

    // A hub with a gateway and no firewall is no idle one by the page of `peering-forwarded-traffic-unused`: Microsoft's
    // pages disagree on whether what a gateway forwards needs the flag. The generator takes gateways for no forwarders.
    let planted = generated.answer.expected.len();
    generated.answer.expected.retain(|expected| expected.seed != Some(Seed::IdleHub));
    assert_eq!(planted - generated.answer.expected.len(), 24, "spokes of an idle hub");

    let differences = generated.answer.differences(found(&report));
    assert!(differences.is_empty(), "\n{}", differences.join("\n"));
    assert!(generated.answer.expected.len() > 30, "{}", generated.answer.expected.len());
    let fingerprints = report.findings.iter().map(|finding| &finding.fingerprint).collect::<BTreeSet<_>>();
    assert_eq!(fingerprints.len(), report.findings.len(), "two findings have one identity");
}

/// Everything that a run with all reports leaves behind: files by name, and standard output.
fn reports(desk: &Desk, inputs: &[&str], more: &[&str]) -> BTreeMap<String, String> {
    let names = ["out.sarif", "out.json", "out.csv", "out.md", "out.junit.xml"];
    let outputs = names.iter().flat_map(|name| ["-o", name]);
    let always = ["scan", "--verbose", "--complete", "--sarif", "full", "--as-of", "2026-06-30"];
    let arguments = always.into_iter().chain(inputs.iter().copied()).chain(outputs).chain(more.iter().copied());
    let Ended { status, stdout, stderr } = desk.run(&arguments.collect::<Vec<_>>());
    assert_eq!(status, Some(1), "{stderr}");
    let files = names.iter().map(|name| ((*name).to_owned(), desk.read(name)));
    let all = files.chain([("standard output".to_owned(), stdout)]).collect();
    for name in names {
        fs::remove_file(desk.path().join(name)).unwrap();
    }
    all
}

#[test]
fn any_number_of_threads_and_any_order_of_arguments_give_the_same_bytes() {
    let generated = Generated::of(150);
    let exports = shuffle(generated.desk.path(), 7).unwrap();
    let mut files = tree(&exports);
    let relative = |file: &PathBuf| file.strip_prefix(generated.desk.path()).unwrap().to_str().unwrap().to_owned();
    let first = reports(&generated.desk, &["exports"], &["--jobs", "1"]);
    assert!(first["out.json"].len() > 10_000);
    for jobs in ["2", "3", "8"] {
        let other = reports(&generated.desk, &["exports"], &["--jobs", jobs]);
        same(&first, &other, &format!("--jobs {jobs}"));
    }
    files.reverse();
    let names = files.iter().map(relative).collect::<Vec<_>>();
    let other = reports(&generated.desk, &names.iter().map(String::as_str).collect::<Vec<_>>(), &["--jobs", "2"]);
    same(&first, &other, "files named one by one, from the last");
}

fn same(one: &BTreeMap<String, String>, other: &BTreeMap<String, String>, what: &str) {
    for (name, text) in one {
        let pair = text.lines().zip(other[name].lines()).enumerate();
        let differing = pair.map(|(line, (one, other))| (line + 1, one, other)).find(|(_, one, other)| one != other);
        assert!(text == &other[name], "{what}: {name} differs at {differing:?}");
    }
}

/// Every file below a folder, sorted.
fn tree(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if path.is_dir() { files.extend(tree(&path)) } else { files.push(path) }
    }
    files.sort();
    files
}

#[test]
fn loose_exports_in_any_order_say_what_the_snapshot_says() {
    let generated = Generated::of(150);
    let snapshot = Scan { as_of: Some(AS_OF), ..generated.scan() }.report().unwrap();
    for seed in [1, 2] {
        let exports = shuffle(generated.desk.path(), seed).unwrap();
        let loose = Scan { config: generated.config(), ..Scan::paths([exports.clone()]) }.report().unwrap();
        let all = |report: &Report| report.findings.iter().map(said).collect::<BTreeSet<_>>();
        let (one, other) = (all(&snapshot), all(&loose));
        let (lost, gained) = (one.difference(&other).collect::<Vec<_>>(), other.difference(&one).collect::<Vec<_>>());
        assert!(lost.is_empty() && gained.is_empty(), "seed {seed}: lost {lost:#?}, gained {gained:#?}");
        fs::remove_dir_all(exports).unwrap();
    }
}

#[test]
fn both_engines_agree_on_a_generated_estate() {
    let generated = Generated::of(150);
    let [one, other] = [EngineMode::Rvm, EngineMode::Interpreter].map(|engine| {
        let report = Scan { engine, ..generated.scan() }.report().unwrap();
        assert!(!report.notices.iter().any(|notice| notice.kind.is_incomplete()), "{:#?}", report.notices);
        report
    });
    assert_eq!(format!("{:#?}", one.findings), format!("{:#?}", other.findings));
}

#[test]
fn fingerprints_survive_another_layout() {
    let folder = root().join("policies");
    let texts = tree(&folder).into_iter().filter(|path| path.ends_with("fails.json"));
    let identities = |text: String| {
        let report = Scan::text(text).report().unwrap();
        report.findings.iter().map(|finding| finding.fingerprint.clone()).collect::<BTreeSet<_>>()
    };
    for path in texts.step_by(3) {
        let text = fs::read_to_string(&path).unwrap();
        let mut value: Value = serde_json::from_str(&text).unwrap();
        let expected = identities(text);
        assert_eq!(identities(value.to_string()), expected, "{}: on one line", path.display());
        value.as_array_mut().unwrap().reverse();
        let spread = serde_json::to_string_pretty(&value).unwrap().replace('\n', "\r\n\t");
        assert_eq!(identities(spread), expected, "{}: from the last, by Windows", path.display());
    }
}

/// Two subnets share an NSG; what a rule toward one of them admits does not depend on which one is listed first.
#[test]
fn a_rule_toward_one_of_two_subnets_is_judged_there() {
    let path = root().join("policies/nsg/broad_virtual_network_tag/fails.json");
    let mut export: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    let resources = export.as_array_mut().unwrap();
    let named = |resources: &mut Vec<Value>, name: &str| resources.iter().position(|r| r["name"] == name).unwrap();
    let (app, nsg) = (named(resources, "vnet-app"), named(resources, "nsg-app"));
    let first = &resources[app]["properties"]["subnets"][0];
    let prefix = first["properties"]["addressPrefix"].clone();
    let mut other: Value = serde_json::from_str(&first.to_string().replace("snet-app", "snet-other")).unwrap();
    other["properties"]["addressPrefix"] = "10.1.9.0/24".into();
    resources[nsg]["properties"]["securityRules"][0]["properties"]["destinationAddressPrefix"] = prefix;
    for position in [0, 1] {
        let mut export = Value::Array(resources.clone());
        export[app]["properties"]["subnets"].as_array_mut().unwrap().insert(position, other.clone());
        let report = Scan::text(export.to_string()).report().unwrap();
        let rules = report.findings.iter().map(|finding| finding.rule.as_str()).collect::<Vec<_>>();
        assert_eq!(rules, ["nsg-broad-virtual-network-tag"], "the other subnet is at {position}");
    }
}
