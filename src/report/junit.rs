//! JUnit's XML, for the test tab of a build server: one suite a rule, one case a finding.
//!
//! A violation fails, an undetermined result is skipped with its reason, an approved one passes and names its approval.
//! A rule without findings is one passing case; what passed inside a rule is a number among its properties.

use std::io;

use quick_junit::{NonSuccessKind, Property, TestCase, TestCaseStatus, TestSuite, XmlString};

use crate::finding::{Finding, Outcome};
use crate::report::text::printable;
use crate::report::{Report, RuleReport};

/// Writes the report as JUnit XML.
pub fn write(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    let mut document = quick_junit::Report::new("vnetlint");
    for rule in &report.rules {
        document.add_test_suite(suite(report, rule));
    }
    document.serialize(out).map_err(io::Error::other)
}

fn suite(report: &Report, rule: &RuleReport) -> TestSuite {
    let mut suite = TestSuite::new(rule.id.as_str());
    suite.add_property(Property::new("severity", rule.severity.as_str()));
    suite.add_property(Property::new("title", xml(&rule.title)));
    suite.add_property(Property::new("passed", rule.counts.pass.to_string()));
    for finding in report.findings.iter().filter(|finding| finding.rule == rule.id) {
        suite.add_test_case(case(report, rule, finding));
    }
    if suite.test_cases.is_empty() {
        let mut held = TestCase::new("no findings", TestCaseStatus::success());
        held.set_classname(rule.id.as_str());
        suite.add_test_case(held);
    }
    suite
}

fn case(report: &Report, rule: &RuleReport, finding: &Finding) -> TestCase {
    let place = finding.subject.location.as_ref().map(|location| report.place_text(location));
    let status = match &finding.outcome {
        Outcome::Violation => {
            let mut failed = TestCaseStatus::non_success(NonSuccessKind::Failure);
            let place = place.as_deref().map(|place| format!("at {place}\n")).unwrap_or_default();
            failed
                .set_type(finding.severity.as_str())
                .set_message(xml(&finding.message))
                .set_description(xml(&format!("{}\n{place}{}", finding.message, rule.remediation)));
            failed
        }
        Outcome::Undetermined => {
            let mut skipped = TestCaseStatus::skipped();
            skipped.set_message(xml(&finding.message));
            skipped
        }
        Outcome::Approved(_) => TestCaseStatus::success(),
    };
    let mut case = TestCase::new(xml(finding.subject.resource.as_str()), status);
    case.set_classname(rule.id.as_str());
    case.add_property(Property::new("fingerprint", xml(&finding.fingerprint.0)));
    if let Some(place) = place {
        case.add_property(Property::new("place", xml(&place)));
    }
    if let Outcome::Approved(note) = &finding.outcome {
        case.add_property(Property::new("approval", xml(&note.id)));
        let text = format!("{}\napproved as {} until {}: {}", finding.message, note.id, note.expires, note.reason);
        case.set_system_out(xml(&text));
    }
    case
}

/// Text that XML 1.0 can hold, line breaks kept (<https://www.w3.org/TR/xml/#charsets>): what it forbids is spelled
/// out, instead of being dropped without a trace as the serializer would.
fn xml(text: &str) -> XmlString {
    let text = text.lines().map(printable).collect::<Vec<_>>().join("\n");
    XmlString::new(text.replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;

    fn written(report: &Report) -> String {
        let mut bytes = Vec::new();
        write(report, &mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn outcomes_become_test_results() {
        insta::assert_snapshot!(written(&fixture::sample()));
    }

    #[test]
    fn the_document_counts_what_the_report_counts() {
        let document = quick_junit::Report::deserialize_from_str(&written(&fixture::sample())).unwrap();
        assert_eq!((document.failures, document.skipped), (3, 2));
        assert_eq!(document.test_suites.len(), 6);
        assert_eq!(document.tests, 7, "six findings, and one case for the rule that has none");
    }

    #[test]
    fn what_xml_forbids_is_spelled_out() {
        let text = xml("a\u{0}b\u{1b}[2J\u{b}c\u{ffff}\nd");
        assert_eq!(text.as_str(), "a\\u{0}b\\u{1b}[2J\\u{b}c\u{fffd}\nd");
    }
}
