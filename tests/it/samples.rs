//! The samples: what their pages promise is what the program prints.
//!
//! Numbers of rules and of passes are compared rule by rule, never summed up: a new rule that has nothing to say about a
//! sample touches no sample. What the rules' own pages say is not compared at all.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// One scan that a page shows.
struct Shown {
    sample: &'static str,
    arguments: &'static [&'static str],
    /// The heading of the page whose table says what is found.
    heading: &'static str,
    text: &'static str,
    status: i32,
}

const HUB_SPOKE: Shown = Shown {
    sample: "hub-spoke",
    arguments: &["snapshot"],
    heading: "## What the scan says",
    text: "expected.txt",
    status: 0,
};

const VIOLATIONS: Shown = Shown {
    sample: "violations",
    arguments: &["exports", "--as-of", "2026-06-30"],
    heading: "## What the scan says",
    text: "expected.txt",
    status: 1,
};

const MULTI_TENANT: Shown = Shown {
    sample: "multi-tenant",
    arguments: &["snapshot"],
    heading: "## What the scan says",
    text: "expected.txt",
    status: 3,
};

const LAPSED: Shown = Shown {
    sample: "multi-tenant",
    arguments: &["snapshot", "--as-of", "2026-10-01"],
    heading: "## After the bridge has lapsed",
    text: "expected-lapsed.txt",
    status: 1,
};

#[test]
fn a_clean_hub_and_spoke_has_no_finding() {
    let outcome = HUB_SPOKE.check();
    outcome.check_reports();
    assert_eq!(outcome.report["counts"]["violation"], 0);
    assert_eq!(outcome.report["counts"]["undetermined"], 0);
}

#[test]
fn the_headline_violations_are_found_and_their_look_alikes_are_not() {
    let outcome = VIOLATIONS.check();
    outcome.check_reports();
    assert_eq!(outcome.report["counts"]["violation"], 7);
    assert_eq!(outcome.report["counts"]["undetermined"], 0);
}

#[test]
fn several_tenants_are_judged_as_far_as_they_were_seen() {
    let outcome = MULTI_TENANT.check();
    outcome.check_reports();
    assert_eq!(outcome.report["counts"]["violation"], 0);
    assert_eq!(gaps(&outcome.report), 2);
}

#[test]
fn a_bridge_whose_approval_has_lapsed_is_a_violation_that_says_so() {
    let outcome = LAPSED.check();
    let findings = outcome.report["findings"].as_array().expect("a report has findings");
    let bridge = findings.iter().filter(|finding| {
        finding["outcome"] == "violation" && finding["rule"].as_str().is_some_and(|rule| rule.starts_with("peering-"))
    });
    let messages = bridge.map(|finding| finding["message"].as_str().unwrap_or_default()).collect::<Vec<_>>();
    assert_eq!(messages.len(), 4);
    for message in messages {
        assert!(message.ends_with("Approval MIG-0042 expired on 2026-09-30."), "{message}");
    }
}

#[test]
fn manifests_list_every_file_with_its_hash_and_count() {
    for sample in [&HUB_SPOKE, &MULTI_TENANT] {
        let folder = sample.folder().join("snapshot");
        let manifest: Value = json(&fs::read(folder.join("manifest.json")).expect("a snapshot has a manifest"));
        let mut listed = Vec::new();
        for file in manifest["files"].as_array().expect("a manifest lists files") {
            let path = file["path"].as_str().expect("a file has a path");
            let bytes = fs::read(folder.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
            let hash = format!("{:x}", Sha256::digest(&bytes));
            assert_eq!(file["sha256"], hash.as_str(), "{}: {path}", sample.sample);
            let resources = json(&bytes).as_array().map_or(1, Vec::len);
            assert_eq!(file["resources"], resources, "{}: {path}", sample.sample);
            listed.push(path.to_owned());
        }
        let mut found = vec!["manifest.json".to_owned()];
        found.extend(listed);
        found.sort();
        assert_eq!(files_below(&folder), found, "{}", sample.sample);
    }
}

impl Shown {
    fn folder(&self) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("samples").join(self.sample)
    }

    /// Scans as the page says, and compares the summary, the exit status and the page's table.
    fn check(&self) -> Outcome<'_> {
        let reports = tempfile::tempdir().expect("a folder for reports can be made");
        let path = |name: &str| reports.path().join(name);
        let (full, github, report) = (path("full.sarif"), path("github.sarif"), path("report.json"));
        let printed = self.scan(&["-o", text(&github), "-o", text(&report)]);
        self.scan(&["--sarif", "full", "-o", text(&full)]);
        same(&self.folder().join(self.text), &printed, masked);
        let read = |path: &Path| json(&fs::read(path).expect("the report was written"));
        let outcome = Outcome { shown: self, report: read(&report), github: read(&github), full: read(&full) };
        outcome.check_page();
        outcome
    }

    fn scan(&self, more: &[&str]) -> String {
        let mut command = Command::new(env!("CARGO_BIN_EXE_vnetlint"));
        command.arg("scan").args(self.arguments).args(more).current_dir(self.folder()).env_clear();
        let output = command.output().expect("the program was built and starts");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(self.status), "{}: {errors}", self.sample);
        String::from_utf8(output.stdout).expect("the summary is UTF-8")
    }
}

/// What a scan reported.
struct Outcome<'a> {
    shown: &'a Shown,
    report: Value,
    github: Value,
    full: Value,
}

impl Outcome<'_> {
    /// The page's table says exactly what every rule found.
    fn check_page(&self) {
        let page = fs::read_to_string(self.shown.folder().join("README.md")).expect("a sample has a page");
        let counts = |rule: &Value| ["violation", "approved", "undetermined"].map(|name| rule["counts"][name].clone());
        let spoke = array(&self.report["rules"]).iter().filter(|rule| counts(rule).iter().any(|number| *number != 0));
        let found = spoke.map(|rule| (rule["id"].as_str().unwrap_or_default().to_owned(), counts(rule)));
        assert_eq!(
            claims(&page, self.shown.heading),
            found.collect::<BTreeMap<_, _>>(),
            "{}/README.md, the table below `{}`",
            self.shown.sample,
            self.shown.heading
        );
    }

    fn check_reports(&self) {
        let folder = self.shown.folder();
        let known = folder.join("expected.json");
        same(&known, &pretty(&shortened_report(&self.report, &known)), str::to_owned);
        same(&folder.join("expected.sarif"), &pretty(&shortened_sarif(&self.github)), str::to_owned);
        same(&folder.join("expected.full.sarif"), &pretty(&shortened_sarif(&self.full)), str::to_owned);
    }
}

/// The numbers of violations, approved and undetermined results that a table gives for each rule.
fn claims(page: &str, heading: &str) -> BTreeMap<String, [Value; 3]> {
    let lines = page.lines().skip_while(|line| *line != heading).skip(1).take_while(|line| !line.starts_with("## "));
    let rows = lines.filter_map(|line| {
        let mut cells = line.strip_prefix("| `")?.split('|').map(str::trim);
        let rule = cells.next()?.strip_suffix('`')?;
        let mut number = || Some(Value::from(cells.next()?.parse::<u64>().ok()?));
        Some((rule.to_owned(), [number()?, number()?, number()?]))
    });
    rows.collect()
}

fn gaps(report: &Value) -> usize {
    array(&report["notices"]).iter().filter(|notice| notice["kind"] == "gap").count()
}

/// The report without versions, sums over rules, what the rules' own pages say, and rules that the expected report
/// does not know and that found nothing.
fn shortened_report(report: &Value, known: &Path) -> Value {
    let known = fs::read(known).map(|bytes| json(&bytes)).unwrap_or_default();
    let known = known["rules"].as_array().into_iter().flatten().map(|rule| rule["id"].clone()).collect::<Vec<_>>();
    let mut report = report.clone();
    remove(&mut report["tool"], &["version"]);
    remove(&mut report["counts"], &["pass"]);
    let rules = report["rules"].as_array_mut().expect("a report lists rules");
    rules.retain(|rule| {
        let found = ["violation", "approved", "undetermined"].iter().any(|name| rule["counts"][name] != 0);
        updating() || found || known.contains(&rule["id"])
    });
    for rule in rules {
        remove(rule, &["title", "description", "remediation", "related_resources", "controls"]);
    }
    report
}

/// The log without versions and what the rules' own pages say, with rules that have results alone.
fn shortened_sarif(log: &Value) -> Value {
    let mut log = log.clone();
    for run in log["runs"].as_array_mut().expect("a log has runs") {
        let results = run["results"].as_array_mut().expect("a run has results");
        let mut used = results.iter().map(|result| result["ruleId"].to_string()).collect::<Vec<_>>();
        used.sort();
        used.dedup();
        for result in results {
            remove(result, &["ruleIndex"]);
        }
        let driver = &mut run["tool"]["driver"];
        remove(driver, &["version", "semanticVersion", "notifications", "supportedTaxonomies"]);
        let rules = driver["rules"].as_array_mut().expect("a run has rules");
        rules.retain(|rule| used.contains(&rule["id"].to_string()));
        for rule in rules {
            remove(rule, &["shortDescription", "fullDescription", "help", "helpUri", "properties", "relationships"]);
        }
        remove(run, &["taxonomies"]);
    }
    log
}

/// The summary with its counts of rules and passes blanked.
fn masked(text: &str) -> String {
    let blank = |line: &str| match line.split_once(char::is_whitespace) {
        Some((name @ ("passed" | "rules"), rest)) => {
            format!("{name} {}", rest.trim_start().trim_start_matches(|c: char| c.is_ascii_digit()))
        }
        _ => line.to_owned(),
    };
    text.lines().map(|line| blank(line) + "\n").collect()
}

/// Compares with a file as far as `seen` sees, or writes it where that is asked for.
fn same(path: &Path, actual: &str, seen: fn(&str) -> String) {
    if updating() {
        fs::write(path, actual).unwrap_or_else(|error| panic!("cannot write {}: {error}", path.display()));
        return;
    }
    let expected = fs::read_to_string(path).unwrap_or_default();
    let (expected, actual) = (seen(&expected), seen(actual));
    assert!(
        expected == actual,
        "{} is not what the program says now (- expected, + actual):\n{}\nif the program is right: UPDATE_EXPECTED=1 \
         cargo test --test it samples",
        path.display(),
        difference(&expected, &actual)
    );
}

fn updating() -> bool {
    std::env::var_os("UPDATE_EXPECTED").is_some_and(|value| !value.is_empty())
}

/// The lines between the first and the last that differ, and two before.
fn difference(expected: &str, actual: &str) -> String {
    const MOST: usize = 40;
    let (old, new) = (expected.lines().collect::<Vec<_>>(), actual.lines().collect::<Vec<_>>());
    let before = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let rest = old.len().min(new.len()) - before;
    let after = old.iter().rev().zip(new.iter().rev()).take(rest).take_while(|(a, b)| a == b).count();
    let mut lines = vec![format!("@@ line {} @@", before + 1)];
    lines.extend(old[before.saturating_sub(2)..before].iter().map(|line| format!("  {line}")));
    for (sign, lines_of) in [('-', &old), ('+', &new)] {
        let changed = &lines_of[before..lines_of.len() - after];
        lines.extend(changed.iter().take(MOST).map(|line| format!("{sign} {line}")));
        if changed.len() > MOST {
            lines.push(format!("{sign} ... and {} lines more", changed.len() - MOST));
        }
    }
    lines.join("\n")
}

/// Every file below a folder, relative to it, sorted.
fn files_below(folder: &Path) -> Vec<String> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).expect("the folder can be listed") {
            let path = entry.expect("the folder can be listed").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let inside = path.strip_prefix(folder).expect("it lies below the folder");
                files.push(text(inside).replace('\\', "/"));
            }
        }
    }
    files.sort();
    files
}

fn text(path: &Path) -> &str {
    path.to_str().expect("paths of tests are UTF-8")
}

fn json(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).expect("the text is JSON")
}

fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}

fn array(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn remove(object: &mut Value, keys: &[&str]) {
    let object = object.as_object_mut().expect("it is an object");
    for key in keys {
        object.remove(*key);
    }
}
