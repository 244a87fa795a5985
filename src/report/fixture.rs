//! Reports for the tests of the formats, and the files that their places point into.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use super::{ControlReport, Counts, InputFile, Notice, NoticeKind, Report, RuleReport, TenantReport};
use crate::azure::ResourceId;
use crate::finding::{ApprovalNote, Evidence, FileId, Finding, Fingerprint, Location, Outcome, RuleId, Severity};

pub(super) const CONTOSO: &str = "11111111-1111-4111-8111-111111111111";
pub(super) const FABRIKAM: &str = "22222222-2222-4222-8222-222222222222";

/// Names with everything in them that some format would obey.
pub(super) const HOSTILE: &str = "=cmd|'/c calc'!A0 \u{1b}[2J@everyone <img src=x> [a](https://b) `x` {0} \u{0}";

/// The input files of [`sample`], by position.
pub(super) const SOURCES: [(&str, &str); 3] = [
    (
        "estate/dev & test.json",
        "[\n  {\n    \"name\": \"vnet-dev-weu\",\n    \"peerings\": [\n      {\"name\": \"dev-to-prod\"}\n    ]\n  }\n]\n",
    ),
    (
        "estate/prod.json",
        "[\n  {\n    \"name\": \"vnet-prod-weu\",\n    \"peerings\": [\n      {\n        \"name\": \"prod-to-dev\",\n        \"allowForwardedTraffic\": true\n      }\n    ]\n  }\n]\n",
    ),
    ("vnetlint.toml", "[[approval]]\nid = \"NET-7\"\n"),
];

/// The first place of `needle` in a text.
pub(super) fn locate(file: u32, text: &str, needle: &str) -> Location {
    let start = text.find(needle).expect("the needle is in the text");
    let line = text[..start].matches('\n').count();
    let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let line_text = text[line_start..].lines().next().unwrap_or_default();
    let column = text[line_start..start].chars().count();
    Location {
        file: FileId(file),
        start_line: line as u64 + 1,
        start_column: column as u64 + 1,
        end_line: line as u64 + 1,
        end_column: (column + needle.chars().count()) as u64 + 1,
        snippet: needle.to_owned(),
        line_text: line_text.to_owned(),
        line_text_column: column,
    }
}

fn at(file: u32, needle: &str) -> Location {
    locate(file, SOURCES[file as usize].1, needle)
}

fn evidence(resource: &str, says: &str, location: Option<Location>) -> Evidence {
    Evidence { resource: ResourceId::new(resource), says: says.to_owned(), anchor: None, location }
}

fn peering(group: &str, vnet: &str, name: &str) -> String {
    format!(
        "/subscriptions/aaaaaaaa-0000-4000-8000-000000000001/resourceGroups/{group}/providers/Microsoft.Network/\
         virtualNetworks/{vnet}/virtualNetworkPeerings/{name}"
    )
}

fn id(text: &str) -> RuleId {
    text.parse().expect("a rule id")
}

fn rule(name: &str, severity: Severity, title: &str, counts: Counts) -> RuleReport {
    RuleReport {
        id: id(name),
        severity,
        title: title.to_owned(),
        description: format!("{title}, whoever made it."),
        remediation: "Delete the peering on either side, or record an approval with an owner and a last day."
            .to_owned(),
        page: format!("# {name}\n\n{title}.\n"),
        related_resources: vec![format!("https://example.com/rules/{name}")],
        controls: vec![
            ControlReport {
                framework: "nist-800-53-r5".to_owned(),
                control: "SC-7".to_owned(),
                relation: "tests".to_owned(),
            },
            ControlReport {
                framework: "pci-dss-4".to_owned(),
                control: "1.3.1".to_owned(),
                relation: "supports".to_owned(),
            },
        ],
        counts,
    }
}

fn counts(violation: u64, approved: u64, undetermined: u64, pass: u64) -> Counts {
    Counts { violation, approved, undetermined, pass }
}

fn rules() -> Vec<RuleReport> {
    vec![
        rule("approval-unused", Severity::Low, "An approval that matches nothing", counts(1, 0, 0, 3)),
        rule(
            "path-prod-from-nonprod",
            Severity::Critical,
            "Production is reachable from non-production",
            counts(1, 0, 0, 40),
        ),
        rule("peering-orphan", Severity::Medium, "A peering toward a network that is gone", counts(0, 0, 2, 1198)),
        rule(
            "peering-prod-to-nonprod",
            Severity::High,
            "A peering joins production to non-production",
            counts(1, 0, 0, 1199),
        ),
        rule("peering-spoke-to-spoke", Severity::High, "Two spokes are peered with each other", counts(0, 0, 0, 1200)),
        rule(
            "peering-unapproved-forwarded-traffic",
            Severity::High,
            "A side takes forwarded traffic that nobody approved",
            counts(0, 1, 0, 2399),
        ),
    ]
}

fn finding(rule: &str, severity: Severity, outcome: Outcome, message: &str, subject: Evidence) -> Finding {
    Finding {
        fingerprint: Fingerprint(format!("{:0>32x}", rule.len() * 7919 + message.len())),
        rule: id(rule),
        severity,
        outcome,
        message: message.to_owned(),
        subject,
        related: Vec::new(),
        tenant: Some(Arc::from(CONTOSO)),
    }
}

fn approval() -> ApprovalNote {
    ApprovalNote {
        id: "NET-1423".to_owned(),
        reason: "Egress through the hub firewall".to_owned(),
        requested_by: Some("platform-team".to_owned()),
        approved_by: Some("network-architecture-board".to_owned()),
        approved_on: None,
        expires: "2026-12-31".to_owned(),
    }
}

fn findings() -> Vec<Finding> {
    let prod = peering("rg-net-prod", "vnet-prod-weu", "prod-to-dev");
    let dev = peering("rg-net-dev", "vnet-dev-weu", "dev-to-prod");
    let gone = peering("rg-net-prod", "vnet-gone", "x");
    let in_fabrikam = peering("rg-net", "vnet-fabrikam", "to-contoso");
    vec![
        finding("path-prod-from-nonprod", Severity::Critical, Outcome::Violation, HOSTILE, evidence(HOSTILE, "", None)),
        Finding {
            related: vec![
                evidence(&dev, "development side of the peering", Some(at(0, "\"name\": \"dev-to-prod\""))),
                evidence(&gone, "network behind it", None),
            ],
            ..finding(
                "peering-prod-to-nonprod",
                Severity::High,
                Outcome::Violation,
                "Production network `vnet-prod-weu` (tag Environment = prod) is peered with `vnet-dev-weu`, which the \
                 configuration classifies as dev; both peerings are connected.",
                evidence(&prod, "production side of the peering", Some(at(1, "\"name\": \"prod-to-dev\""))),
            )
        },
        finding(
            "peering-unapproved-forwarded-traffic",
            Severity::High,
            Outcome::Approved(Arc::new(approval())),
            "`vnet-prod-weu` takes traffic that `vnet-dev-weu` forwards.",
            evidence(&prod, "receiving side", Some(at(1, "\"allowForwardedTraffic\": true"))),
        ),
        finding(
            "peering-orphan",
            Severity::Medium,
            Outcome::Undetermined,
            "The remote network of `prod-to-dev` was not read.",
            evidence(&prod, "", Some(at(1, "\"name\": \"prod-to-dev\""))),
        ),
        Finding {
            tenant: Some(Arc::from(FABRIKAM)),
            ..finding(
                "peering-orphan",
                Severity::Medium,
                Outcome::Undetermined,
                "The remote network of `to-contoso` was not read: HTTP 403.",
                evidence(&in_fabrikam, "", Some(at(0, "\"name\": \"vnet-dev-weu\""))),
            )
        },
        Finding {
            tenant: None,
            ..finding(
                "approval-unused",
                Severity::Low,
                Outcome::Violation,
                "Approval NET-7 matches no peering.",
                evidence("NET-7", "the approval", Some(at(2, "id = \"NET-7\""))),
            )
        },
    ]
}

/// A report with every outcome, both sides of a peering, a hostile name, a finding without a place, a finding of no
/// tenant, and a tenant that was read in part.
pub(super) fn sample() -> Report {
    let input =
        |&(path, _): &(&str, &str)| InputFile { path: path.to_owned(), sha256: Some("ab".repeat(32)), resources: 2 };
    Report {
        version: "0.1.0",
        as_of: Some("2026-11-20".to_owned()),
        collected_at: Some("2026-11-20T06:00:00Z".to_owned()),
        rules: rules(),
        findings: findings(),
        inputs: SOURCES.iter().map(input).collect(),
        resources: BTreeMap::from([("networkSecurityGroups".to_owned(), 4100), ("virtualNetworks".to_owned(), 1200)]),
        skipped: BTreeMap::from([("Microsoft.Storage/storageAccounts".to_owned(), 31)]),
        notices: notices(),
        tenants: BTreeMap::from([
            (Arc::from(CONTOSO), TenantReport { name: Some("contoso".to_owned()), incomplete: false }),
            (Arc::from(FABRIKAM), TenantReport { name: None, incomplete: true }),
        ]),
    }
}

fn notices() -> Vec<Notice> {
    let notice = |kind, message: &str| Notice { kind, message: message.to_owned(), tenant: None, place: None };
    vec![
        Notice {
            tenant: Some(Arc::from(FABRIKAM)),
            ..notice(NoticeKind::Gap, "Subscription `sub-fabrikam` was not read: HTTP 403, AuthorizationFailed.")
        },
        notice(NoticeKind::NotRead, "No input holds routeTables."),
        Notice {
            place: Some(("estate/prod.json".to_owned(), 7, 34)),
            ..notice(NoticeKind::OddValue, "`10.0.0/8` of `vnet-odd` is no address prefix.")
        },
        notice(NoticeKind::Note, "No input says which tenant `vnet-lost` belongs to."),
    ]
}

/// A report without findings, gaps or tenants.
pub(super) fn clean() -> Report {
    let mut report = sample();
    report.findings.clear();
    report.notices.clear();
    report.tenants.clear();
    report.skipped.clear();
    for rule in &mut report.rules {
        rule.counts = counts(0, 0, 0, 10);
    }
    report
}

/// A report with this many violations of three rules, all in one tenant and one file; and the file's text.
pub(super) fn many(violations: usize) -> (Report, String) {
    let mut report = sample();
    report.notices.clear();
    report.tenants.retain(|id, _| &**id == CONTOSO);
    report.inputs = vec![InputFile { path: "estate/all.json".to_owned(), sha256: None, resources: violations as u64 }];
    let names = ["path-prod-from-nonprod", "peering-prod-to-nonprod", "approval-unused"];
    for rule in &mut report.rules {
        rule.counts = counts(0, 0, 0, 1);
    }
    let mut text = String::from("[\n");
    report.findings.clear();
    for n in 0..violations {
        let rule = report.rules.iter_mut().find(|rule| rule.id.as_str() == names[n * names.len() / violations]);
        let rule = rule.expect("the rule is in the sample");
        rule.counts.violation += 1;
        let line = format!("  {{\"name\": \"peering-{n}\"}},");
        let location = locate(0, &line, &format!("\"name\": \"peering-{n}\""));
        let subject = peering("rg-net", &format!("vnet-{n}"), &format!("peering-{n}"));
        let message = format!("`vnet-{n}` is peered with `vnet-dev-{n}`, and neither is a hub.");
        let at = Location { start_line: n as u64 + 2, end_line: n as u64 + 2, ..location };
        let far = evidence(&peering("rg-dev", &format!("vnet-dev-{n}"), "back"), "other side", Some(at.clone()));
        report.findings.push(Finding {
            related: vec![far],
            fingerprint: Fingerprint(format!("{n:032x}")),
            ..finding(
                rule.id.as_str(),
                rule.severity,
                Outcome::Violation,
                &message,
                evidence(&subject, "this side", Some(at)),
            )
        });
        writeln!(text, "{line}").expect("a string takes all");
    }
    text.push_str("  {}\n]\n");
    (report, text)
}
