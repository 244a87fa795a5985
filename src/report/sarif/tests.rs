use std::sync::Arc;

use serde_json::Value;

use super::*;
use crate::finding::{Finding, Outcome, Severity};
use crate::report::fixture;
use crate::report::{Notice, NoticeKind};

fn options() -> SarifOptions<'static> {
    SarifOptions { source_path: &|path| path.to_owned() }
}

fn bytes(file: &SarifFile<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    file.write(&mut bytes).unwrap();
    bytes
}

fn logs(report: &Report, profile: Profile) -> (Vec<Value>, Vec<String>) {
    let output = render(report, profile, &options());
    let logs = output.files.iter().map(|file| serde_json::from_slice(&bytes(file)).unwrap()).collect();
    (logs, output.notes)
}

fn runs(log: &Value) -> &[Value] {
    log["runs"].as_array().unwrap()
}

fn results(run: &Value) -> &[Value] {
    run["results"].as_array().unwrap()
}

fn category(run: &Value) -> &str {
    run["automationDetails"]["id"].as_str().unwrap()
}

/// The schema of OASIS, unchanged from the MIT-licensed crate `serde-sarif` 0.8.0. Its pattern for languages has a stray
/// bracket that regular expressions here refuse.
fn schema() -> jsonschema::Validator {
    let text = include_str!("../../../tests/data/sarif-schema-2.1.0.json").replace("{2}]?$", "{2}$");
    jsonschema::validator_for(&serde_json::from_str(&text).unwrap()).unwrap()
}

fn assert_valid(log: &Value) {
    let errors = schema().iter_errors(log).map(|e| format!("{}: {e}", e.instance_path())).collect::<Vec<_>>();
    assert_eq!(errors, Vec::<String>::new());
}

/// The file of a report with one finding of each outcome, short enough to be read.
fn only_file(profile: Profile) -> String {
    let mut report = fixture::sample();
    report
        .rules
        .retain(|rule| rule.id.as_str().starts_with("peering-") && rule.id.as_str() != "peering-spoke-to-spoke");
    let rules = report.rules.iter().map(|rule| rule.id.clone()).collect::<Vec<_>>();
    report
        .findings
        .retain(|finding| rules.contains(&finding.rule) && finding.tenant.as_deref() == Some(fixture::CONTOSO));
    report.tenants.retain(|id, _| &**id == fixture::CONTOSO);
    report.notices.retain(|notice| notice.kind == NoticeKind::OddValue);
    let output = render(&report, profile, &options());
    assert_eq!(output.files.len(), 1);
    String::from_utf8(bytes(&output.files[0])).unwrap()
}

#[test]
fn the_github_profile_holds_violations_with_both_sides() {
    insta::assert_snapshot!(only_file(Profile::Github));
}

#[test]
fn the_full_profile_holds_everything() {
    insta::assert_snapshot!(only_file(Profile::Full));
}

#[test]
fn every_file_is_valid_under_the_schema_of_oasis() {
    for report in [fixture::sample(), fixture::clean(), fixture::many(30).0] {
        for profile in [Profile::Github, Profile::Full] {
            logs(&report, profile).0.iter().for_each(assert_valid);
        }
    }
}

#[test]
fn the_schema_refuses_what_is_no_sarif() {
    let log = logs(&fixture::sample(), Profile::Full).0.remove(0);
    for (pointer, value) in [
        ("/runs/0/results/0/level", "fatal"),
        ("/runs/0/columnKind", "bytes"),
        ("/runs/0/results/2/suppressions/0/kind", "elsewhere"),
        ("/version", "2.2.0"),
    ] {
        let mut broken = log.clone();
        *broken.pointer_mut(pointer).unwrap() = value.into();
        assert!(!schema().is_valid(&broken), "{pointer}");
    }
}

#[test]
fn outcomes_have_their_kind_level_and_suppression() {
    let log = logs(&fixture::sample(), Profile::Full).0.remove(0);
    let of = |rule: &str| runs(&log).iter().flat_map(results).find(|result| result["ruleId"] == rule).unwrap();
    let violation = of("peering-prod-to-nonprod");
    assert_eq!((&violation["kind"], &violation["level"]), (&"fail".into(), &"error".into()));
    assert!(violation.get("suppressions").is_none());
    let approved = of("peering-unapproved-forwarded-traffic");
    assert_eq!((&approved["kind"], &approved["level"]), (&"fail".into(), &"error".into()));
    let suppression = &approved["suppressions"][0];
    assert_eq!((&suppression["kind"], &suppression["status"]), (&"external".into(), &"accepted".into()));
    assert_eq!(suppression["properties"]["approval"], "NET-1423");
    let undetermined = of("peering-orphan");
    assert_eq!((&undetermined["kind"], &undetermined["level"]), (&"open".into(), &Value::Null));
}

#[test]
fn a_tenant_that_was_read_in_part_is_left_out_for_github_and_unsuccessful_in_full() {
    let report = fixture::sample();
    let output = render(&report, Profile::Github, &options());
    assert_eq!(output.left_out, [fixture::FABRIKAM]);
    assert!(output.notes.iter().any(|note| note.contains(fixture::FABRIKAM) && note.contains("left out")));
    let (github, full) = (logs(&report, Profile::Github).0, logs(&report, Profile::Full).0);
    let categories = runs(&github[0]).iter().map(category).collect::<Vec<_>>();
    assert_eq!(categories, [&format!("vnetlint/{}/", fixture::CONTOSO), "vnetlint/unknown-tenant/"]);
    for run in runs(&full[0]) {
        let whole = &run["invocations"][0]["executionSuccessful"];
        assert_eq!(*whole, !category(run).contains(fixture::FABRIKAM), "{}", category(run));
    }
}

#[test]
fn a_gap_of_no_known_tenant_leaves_every_tenant_out() {
    let mut report = fixture::sample();
    let message = "A policy failed.".to_owned();
    report.notices.push(Notice { kind: NoticeKind::PolicyFailure, message, tenant: None, place: None });
    let output = render(&report, Profile::Github, &options());
    assert!(output.files.is_empty());
    assert_eq!(output.left_out.len(), 3);
}

#[test]
fn a_clean_report_has_an_empty_run_that_closes_alerts() {
    let log = logs(&fixture::clean(), Profile::Github).0.remove(0);
    assert_eq!(runs(&log).len(), 1);
    assert_eq!(results(&runs(&log)[0]).len(), 0);
    assert_eq!(category(&runs(&log)[0]), "vnetlint/unknown-tenant/");
}

#[test]
fn too_many_results_are_split_by_category_most_severe_first() {
    assert_eq!(Limits::GITHUB, Limits { results: 5_000, results_of_run: 25_000, runs: 20, bytes: 20_000_000 });
    let (mut report, _) = fixture::many(51);
    report.findings.reverse();
    let output = render_within(&report, Profile::Github, &options(), Limits { results: 50, ..Limits::GITHUB });
    let logs = output.files.iter().map(|f| serde_json::from_slice::<Value>(&bytes(f)).unwrap()).collect::<Vec<_>>();
    let shape = |log: &Value| runs(log).iter().map(|r| (category(r).to_owned(), results(r).len())).collect::<Vec<_>>();
    let tenant = format!("vnetlint/{}", fixture::CONTOSO);
    assert_eq!(shape(&logs[0]), [(format!("{tenant}/"), 50), ("vnetlint/unknown-tenant/".to_owned(), 0)]);
    assert_eq!(shape(&logs[1]), [(format!("{tenant}/part-2/"), 1)]);
    assert_eq!(runs(&logs[0])[0]["results"][0]["ruleId"], "path-prod-from-nonprod");
    assert_eq!(runs(&logs[1])[0]["results"][0]["level"], "note");
    let split = output.notes.iter().any(|note| note.contains("51 violations") && note.contains("2 parts"));
    assert!(split, "{:?}", output.notes);
    let paths = output.files.iter().map(|file| file.path(Path::new("out/report.sarif"))).collect::<Vec<_>>();
    assert_eq!(paths, [Path::new("out/report.sarif"), Path::new("out/report.2.sarif")]);
}

#[test]
fn many_tenants_are_packed_into_files_of_twenty_runs() {
    let (mut report, _) = fixture::many(60);
    report.tenants.clear();
    for (n, finding) in report.findings.iter_mut().enumerate() {
        finding.tenant = Some(Arc::from(format!("tenant-{n:02}")));
    }
    let (logs, _) = logs(&report, Profile::Github);
    assert_eq!(logs.iter().map(|log| runs(log).len()).collect::<Vec<_>>(), [20, 20, 20, 1]);
}

#[test]
fn large_results_are_split_by_size() {
    let (mut report, _) = fixture::many(50);
    for finding in &mut report.findings {
        finding.message = "x".repeat(10_000);
    }
    let limits = Limits { bytes: 250_000, ..Limits::GITHUB };
    let output = render_within(&report, Profile::Github, &options(), limits);
    assert_eq!(output.files.iter().map(SarifFile::results).sum::<usize>(), 50);
    assert_eq!(output.files.len(), 4, "three parts of a tenant, and a run that fits beside none of the full ones");
    for file in &output.files {
        let compact = serde_json::to_vec(&Log::new(file)).unwrap();
        assert!(compact.len() <= limits.bytes, "{}", compact.len());
    }
}

#[test]
fn a_finding_without_a_place_stands_at_the_start_of_an_input() {
    let log = logs(&fixture::sample(), Profile::Github).0.remove(0);
    let result = &results(&runs(&log)[0])[0];
    assert_eq!(result["ruleId"], "path-prod-from-nonprod");
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "estate/dev%20%26%20test.json");
    assert_eq!(place["region"], serde_json::json!({"startLine": 1, "startColumn": 1, "endLine": 1, "endColumn": 2}));
}

#[test]
fn equal_fingerprints_stay_two_alerts() {
    let (mut report, _) = fixture::many(2);
    let first = report.findings[0].fingerprint.clone();
    report.findings[1].fingerprint = first.clone();
    let log = logs(&report, Profile::Github).0.remove(0);
    let hashes = results(&runs(&log)[0]).iter().map(|result| &result["partialFingerprints"]["primaryLocationLineHash"]);
    assert_eq!(hashes.collect::<Vec<_>>(), [&Value::from(format!("{}:1", first.0)), &format!("{}:2", first.0).into()]);
}

fn linked(message: &str, related: &[&str]) -> String {
    let mut report = fixture::sample();
    let template = report.findings[1].related[0].clone();
    let evidence =
        |id: &&str| crate::finding::Evidence { resource: crate::azure::ResourceId::new(id), ..template.clone() };
    report.findings[1].related = related.iter().map(evidence).collect();
    message.clone_into(&mut report.findings[1].message);
    report.findings.swap(0, 1);
    report.findings.truncate(1);
    let log = logs(&report, Profile::Github).0.remove(0);
    results(&runs(&log)[0])[0]["message"]["text"].as_str().unwrap().to_owned()
}

#[test]
fn messages_link_to_the_other_side() {
    const DEV: &str = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/vnet-dev/virtualNetworkPeerings/back";
    for (message, wanted) in [
        ("`back` of `vnet-dev` is up.", "[back](1) of `vnet-dev` is up."),
        ("Peered with `vnet-dev`.", "Peered with [vnet-dev](1)."),
        ("Peered with vnet-dev.", "Peered with [vnet-dev](1)."),
        ("Peered with vnet-dev.local and vnet-dev-2.", "Peered with vnet-dev.local and vnet-dev-2. See [back](1)."),
        ("Peered", "Peered. See [back](1)."),
        ("A [link](https://evil) to vnet-dev", r"A \[link\](https://evil) to [vnet-dev](1)"),
    ] {
        assert_eq!(linked(message, &[DEV]), wanted);
    }
    assert_eq!(linked("vnet-dev twice: vnet-dev", &[DEV, DEV]), "[vnet-dev](1) twice: [vnet-dev](2)");
    let own = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/vnet-prod-weu";
    assert_eq!(linked("vnet-prod-weu is peered.", &[own]), "vnet-prod-weu is peered. See [vnet-prod-weu](1).");
}

#[test]
fn related_places_are_cut_for_github_alone() {
    let (mut report, _) = fixture::many(1);
    let related = report.findings[0].related[0].clone();
    report.findings[0].related = vec![related; 150];
    let number = |log: &Value| results(&runs(log)[0])[0]["relatedLocations"].as_array().unwrap().len();
    let (github, notes) = logs(&report, Profile::Github);
    assert_eq!(number(&github[0]), 99);
    assert!(notes.iter().any(|note| note.contains("first 99 related places")), "{notes:?}");
    assert_eq!(number(&logs(&report, Profile::Full).0[0]), 150);
}

#[test]
fn tags_are_at_most_ten_and_tested_controls_come_first() {
    let mut report = fixture::sample();
    let control = |n: usize| crate::report::ControlReport {
        framework: "frame".to_owned(),
        control: format!("C-{n}"),
        relation: if n == 19 { "tests" } else { "supports" }.to_owned(),
    };
    report.rules[0].controls = (0..20).map(control).collect();
    let log = logs(&report, Profile::Github).0.remove(0);
    let rule = &log["runs"][0]["tool"]["driver"]["rules"][0];
    let tags = rule["properties"]["tags"].as_array().unwrap();
    assert_eq!(tags.len(), 10);
    assert_eq!(tags[..4], ["security", "azure", "network", "external/frame/c-19"]);
    assert_eq!(rule["relationships"].as_array().unwrap().len(), 20, "nothing is lost");
}

#[test]
fn paths_outside_the_source_root_are_told() {
    let report = fixture::sample();
    let outside = SarifOptions { source_path: &|path| format!("/data/{path}") };
    let output = render(&report, Profile::Github, &outside);
    assert!(output.notes.iter().any(|note| note.contains("3 of 3 input files are outside")));
    let log = serde_json::from_slice::<Value>(&bytes(&output.files[0])).unwrap();
    let uri = log.pointer("/runs/0/results/1/locations/0/physicalLocation/artifactLocation/uri").unwrap();
    assert_eq!(uri, "data/estate/prod.json");
}

#[test]
fn the_same_report_gives_the_same_bytes() {
    let written = || {
        let report = fixture::many(200).0;
        render(&report, Profile::Full, &options()).files.iter().map(bytes).collect::<Vec<_>>()
    };
    assert_eq!(written(), written());
}

#[test]
fn numbers_that_make_no_region_become_one() {
    let mut report = fixture::sample();
    let location = report.findings[1].subject.location.as_mut().unwrap();
    (location.start_line, location.start_column, location.end_line, location.end_column) = (0, 0, 0, 0);
    location.file = FileId(99);
    let violation = |finding: &Finding| finding.outcome == Outcome::Violation && finding.severity == Severity::High;
    report.findings.retain(violation);
    let log = logs(&report, Profile::Github).0.remove(0);
    assert_valid(&log);
    let place = &log["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "unknown-input");
    assert_eq!(place["region"]["endColumn"], 2);
}

#[test]
fn the_full_profile_splits_a_run_that_readers_would_refuse() {
    let (report, _) = fixture::many(7);
    let limits = Limits { results_of_run: 3, ..Limits::GITHUB };
    let output = render_within(&report, Profile::Full, &options(), limits);
    let log = serde_json::from_slice::<Value>(&bytes(&output.files[0])).unwrap();
    assert_eq!(output.files.len(), 1);
    let shape = runs(&log).iter().map(|run| (category(run), results(run).len())).collect::<Vec<_>>();
    let tenant = format!("vnetlint/{}", fixture::CONTOSO);
    let part = |number: usize| format!("{tenant}/part-{number}/");
    assert_eq!(shape, [(&*format!("{tenant}/"), 3), (&*part(2), 3), (&*part(3), 1)]);
}
