//! A table for spreadsheets: one row a finding, all outcomes.
//!
//! RFC 4180, UTF-8, a header row. A cell that a spreadsheet would take for a formula gets a leading apostrophe.

use std::borrow::Cow;
use std::io;

use crate::finding::{Evidence, Finding, Outcome};
use crate::report::Report;
use crate::report::text::printable;

const HEADER: [&str; 16] = [
    "outcome",
    "severity",
    "rule",
    "message",
    "resource",
    "related",
    "file",
    "line",
    "column",
    "tenant",
    "approval",
    "approval_reason",
    "approved_by",
    "approval_expires",
    "fingerprint",
    "remediation",
];

/// Writes the findings as comma-separated values.
pub fn write(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    let mut table = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(out);
    table.write_record(HEADER)?;
    for finding in &report.findings {
        for cell in row(report, finding) {
            table.write_field(inert(&cell).as_ref())?;
        }
        table.write_record(None::<&[u8]>)?;
    }
    table.flush()
}

fn row<'a>(report: &'a Report, finding: &'a Finding) -> [Cow<'a, str>; HEADER.len()] {
    let approval = match &finding.outcome {
        Outcome::Approved(note) => Some(&**note),
        Outcome::Violation | Outcome::Undetermined => None,
    };
    let text = |text: Option<&'a str>| Cow::Borrowed(text.unwrap_or_default());
    let number = |number: Option<u64>| number.map_or(Cow::Borrowed(""), |n| Cow::Owned(n.to_string()));
    let location = finding.subject.location.as_ref();
    let file = location.and_then(|location| report.file(location.file));
    let rule = report.rules.iter().find(|rule| rule.id == finding.rule);
    [
        Cow::Borrowed(finding.outcome.as_str()),
        Cow::Borrowed(finding.severity.as_str()),
        Cow::Borrowed(finding.rule.as_str()),
        Cow::Borrowed(&finding.message),
        Cow::Borrowed(finding.subject.resource.as_str()),
        Cow::Owned(related(&finding.related)),
        text(file.map(|file| file.path.as_str())),
        number(location.map(|location| location.start_line)),
        number(location.map(|location| location.start_column)),
        text(finding.tenant.as_deref()),
        text(approval.map(|note| note.id.as_str())),
        text(approval.map(|note| note.reason.as_str())),
        text(approval.and_then(|note| note.approved_by.as_deref())),
        text(approval.map(|note| note.expires.as_str())),
        Cow::Borrowed(&finding.fingerprint.0),
        text(rule.map(|rule| rule.remediation.as_str())),
    ]
}

fn related(evidence: &[Evidence]) -> String {
    evidence.iter().map(|e| e.resource.as_str()).collect::<Vec<_>>().join(" | ")
}

/// A cell that no spreadsheet evaluates (<https://owasp.org/www-community/attacks/CSV_Injection>) and that holds no
/// control characters.
fn inert(cell: &str) -> Cow<'_, str> {
    const FORMULA: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];
    let text = printable(cell);
    if cell.starts_with(FORMULA) { Cow::Owned(format!("'{text}")) } else { text }
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
    fn every_finding_is_a_row() {
        insta::assert_snapshot!(written(&fixture::sample()).replace("\r\n", "\n"));
    }

    #[test]
    fn rows_read_back_as_they_were_and_start_no_formula() {
        let report = fixture::sample();
        let text = written(&report);
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let rows = reader.records().collect::<Result<Vec<_>, _>>().unwrap();
        assert_eq!(rows.len(), report.findings.len());
        for (row, finding) in rows.iter().zip(&report.findings) {
            assert_eq!(row[3].strip_prefix('\'').unwrap_or(&row[3]), printable(&finding.message));
            assert!(row.iter().all(|cell| !cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n'])));
        }
    }

    #[test]
    fn only_the_start_of_a_cell_makes_a_formula() {
        for (cell, wanted) in [("-1", "'-1"), ("@x", "'@x"), ("\tx", "' x"), ("a=b", "a=b"), ("", ""), ("'=", "'=")] {
            assert_eq!(inert(cell), wanted);
        }
    }

    #[test]
    fn lines_end_as_rfc_4180_says() {
        assert_eq!(written(&fixture::clean()), format!("{}\r\n", HEADER.join(",")));
    }
}
