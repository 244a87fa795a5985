//! A summary in Markdown, for a GitHub job summary or a comment on a pull request.
//!
//! Stays below the size that GitHub takes and says what it left out. Foreign text cannot become markup, a link's target
//! or a mention.

use std::fmt::Write as _;
use std::io;

use crate::finding::{Finding, Outcome};
use crate::report::text::{census, count, counted, grouped, printable};
use crate::report::{Notice, Report, RuleFindings};

/// GitHub refuses a job summary of more than 1 MiB
/// (<https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands#step-isolation-and-limits>).
const MOST_BYTES: usize = 1 << 20;
/// Kept free for the closing sections, which are cut to fit in it.
const FOR_THE_END: usize = 64 << 10;
/// Findings of a rule.
const MOST_ROWS: usize = 100;
/// Lines of a closing section.
const MOST_LINES: usize = 50;

/// Writes the summary.
pub fn write(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    let mut page = head(report);
    violations(report, &mut page);
    undetermined(report, &mut page);
    approved(report, &mut page);
    notices(report, &mut page);
    out.write_all(page.as_bytes())
}

/// Adds formatted text to a page.
macro_rules! add {
    ($page:expr, $($text:tt)*) => {{ let _infallible = write!($page, $($text)*); }};
}

fn head(report: &Report) -> String {
    let counts = report.counts();
    let mut page = format!("## vnetlint: {}\n\n", counted(counts.violation, "violation"));
    let mut by_severity = String::new();
    for (severity, number) in report.violations_by_severity().into_iter().filter(|&(_, number)| number > 0) {
        let comma = if by_severity.is_empty() { "" } else { ", " };
        add!(by_severity, "{comma}{} {severity}", grouped(number));
    }
    add!(page, "| result | count | |\n|---|--:|---|\n");
    add!(page, "| violation | {} | {by_severity} |\n", grouped(counts.violation));
    add!(page, "| approved | {} | an approval in force covers it |\n", grouped(counts.approved));
    add!(page, "| undetermined | {} | the data does not decide |\n", grouped(counts.undetermined));
    add!(page, "| pass | {} | |\n\n", grouped(counts.pass));
    add!(page, "Judged: {}", escape(&census(&report.resources)));
    add!(page, " from {}", counted(count(report.inputs.len()), "file"));
    if let Some(collected_at) = &report.collected_at {
        add!(page, ", collected {}", escape(collected_at));
    }
    page.push_str(".\n");
    page
}

fn violations(report: &Report, page: &mut String) {
    let mut unseen = 0;
    for group in report.by_rule(|finding| finding.outcome == Outcome::Violation) {
        let mut section = String::new();
        add!(
            section,
            "\n### {} `{}`: {}\n\n",
            group.severity,
            group.id,
            counted(count(group.findings.len()), "violation")
        );
        if let Some(rule) = group.rule {
            add!(section, "{}. **To do:** {}\n\n", escape(rule.title.trim_end_matches('.')), escape(&rule.remediation));
        }
        if page.len() + section.len() > MOST_BYTES - FOR_THE_END {
            unseen += group.findings.len();
            continue;
        }
        page.push_str(&section);
        let written = rows(report, &group, page);
        let left = group.findings.len() - written;
        if left > 0 {
            add!(page, "- … and {} more, in the report files\n", grouped(count(left)));
        }
    }
    if unseen > 0 {
        add!(
            page,
            "\n… and {} of further rules: this page is limited to 1 MiB.\n",
            counted(count(unseen), "violation")
        );
    }
}

/// Writes findings of a rule while they fit, and says how many it wrote.
fn rows(report: &Report, group: &RuleFindings<'_>, page: &mut String) -> usize {
    for (written, finding) in group.findings.iter().take(MOST_ROWS).enumerate() {
        let mut row = format!("- {}", escape(&finding.message));
        if let Some(location) = &finding.subject.location {
            add!(row, " {}", code(&report.place_text(location)));
        }
        row.push('\n');
        if page.len() + row.len() > MOST_BYTES - FOR_THE_END {
            return written;
        }
        page.push_str(&row);
    }
    group.findings.len().min(MOST_ROWS)
}

fn undetermined(report: &Report, page: &mut String) {
    let groups = report.by_rule(|finding| finding.outcome == Outcome::Undetermined);
    let line = |group: &RuleFindings<'_>| {
        let number = grouped(count(group.findings.len()));
        let example = group.findings.first().map_or("", |finding| finding.message.as_str());
        format!("- `{}`: {number}, such as: {}\n", group.id, escape(example))
    };
    section(page, "Undetermined: the data does not decide", groups.iter().map(line));
}

fn approved(report: &Report, page: &mut String) {
    let line = |finding: &Finding| match &finding.outcome {
        Outcome::Approved(note) => Some(format!(
            "- {} until {}: `{}` on {}. {}\n",
            code(&note.id),
            escape(&note.expires),
            finding.rule,
            code(finding.subject.resource.name()),
            escape(&note.reason),
        )),
        Outcome::Violation | Outcome::Undetermined => None,
    };
    section(page, "Approved", report.findings.iter().filter_map(line));
}

fn notices(report: &Report, page: &mut String) {
    let line = |notice: &Notice| {
        let place = notice.place.as_ref();
        let place = place.map(|(file, line, column)| format!(" {}", code(&format!("{file}:{line}:{column}"))));
        format!("- {}: {}{}\n", notice.kind.as_str(), escape(&notice.message), place.unwrap_or_default())
    };
    let mut notices = report.notices.iter().collect::<Vec<_>>();
    notices.sort_by_key(|notice| notice.kind);
    section(page, "Not seen, or odd", notices.into_iter().map(line));
    if !report.skipped.is_empty() {
        add!(page, "\nSkipped, because no rule reads them: {}.\n", escape(&shortened(&census(&report.skipped))));
    }
}

/// A closing section: a heading and a list, cut to its share of what is kept free for the end.
fn section(page: &mut String, heading: &str, lines: impl Iterator<Item = String>) {
    const SHARE: usize = FOR_THE_END / 4;
    let (mut list, mut left) = (String::new(), 0);
    for (n, line) in lines.enumerate() {
        if left == 0 && n < MOST_LINES && list.len() + line.len() < SHARE {
            list.push_str(&line);
        } else {
            left += 1;
        }
    }
    if list.is_empty() && left == 0 {
        return;
    }
    add!(page, "\n### {heading}\n\n{list}");
    if left > 0 {
        add!(page, "- … and {} more, in the report files\n", grouped(left));
    }
}

fn shortened(text: &str) -> String {
    const MOST: usize = 2000;
    if text.chars().count() <= MOST { text.to_owned() } else { text.chars().take(MOST).chain(['…']).collect() }
}

/// Text in which nothing is markup but the names between backticks, which become code. Text outside them is escaped and
/// text inside them is literal, so that a name with a backtick in it gains nothing.
fn escape(text: &str) -> String {
    let pieces = text.trim_start().split('`').collect::<Vec<_>>();
    if pieces.len() % 2 == 0 {
        return escape_all(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for (n, piece) in pieces.into_iter().enumerate() {
        match n % 2 {
            1 if piece.trim().is_empty() => safe.push_str("\\`\\`"),
            1 => safe.push_str(&code(piece)),
            _ => safe.push_str(&escape_all(piece)),
        }
    }
    safe
}

/// Text in which nothing is markup: ASCII punctuation that can start markup is escaped by a backslash
/// (<https://spec.commonmark.org/0.31.2/#backslash-escapes>), `<`, `>` and `&` by entities, and an invisible space
/// keeps `@` and `#` from reaching anybody or anything.
fn escape_all(text: &str) -> String {
    let mut safe = String::with_capacity(text.len() + 16);
    let text = printable(text);
    if text.starts_with(['-', '+']) {
        safe.push('\\');
    }
    if text.trim_start_matches(|c: char| c.is_ascii_digit()).starts_with(['.', ')']) {
        safe.push('\u{200b}'); // `1.` starts a list
    }
    for c in text.chars() {
        match c {
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '&' => safe.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '!' | '$' => safe.extend(['\\', c]),
            '@' | '#' => safe.extend([c, '\u{200b}']),
            c => safe.push(c),
        }
    }
    safe
}

/// A code span, whatever backticks the text holds (<https://spec.commonmark.org/0.31.2/#code-spans>).
fn code(text: &str) -> String {
    let text = printable(text);
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    if longest == 0 { format!("`{text}`") } else { format!("{fence} {text} {fence}") }
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
    fn a_summary_names_what_was_found_and_what_was_not_seen() {
        insta::assert_snapshot!(written(&fixture::sample()));
    }

    #[test]
    fn a_clean_estate_is_a_few_lines() {
        insta::assert_snapshot!(written(&fixture::clean()));
    }

    #[test]
    fn foreign_text_is_no_markup() {
        let text = escape(fixture::HOSTILE);
        assert!(!text.contains('<') && !text.contains('\u{1b}') && !text.contains("@everyone"));
        assert!(text.contains("\\[a\\](https://b) `x` {0}"), "{text}");
        assert_eq!(escape("odd ` backtick, `` none, 1. x"), "odd \\` backtick, \\`\\` none, 1. x");
        assert_eq!(escape("- `<b>`\u{7}"), "\\- `<b>`\\\\u{7}");
        assert_eq!(escape("1. `` x"), "\u{200b}1. \\`\\` x");
        assert_eq!(code("a`b``c"), "``` a`b``c ```");
    }

    #[test]
    fn long_lists_are_cut_and_the_page_stays_below_the_limit() {
        let (mut report, _) = fixture::many(600);
        let page = written(&report);
        assert!(page.contains("- … and 100 more, in the report files"), "{page}");
        let long = "long ".repeat(4000);
        for finding in &mut report.findings {
            finding.message.push_str(&long);
        }
        let page = written(&report);
        assert!(page.len() <= MOST_BYTES, "{}", page.len());
        assert!(page.contains("more, in the report files"));
        for rule in &mut report.rules {
            rule.remediation.push_str(&long);
        }
        assert!(written(&report).contains("violations of further rules: this page is limited to 1 MiB"));
        for notice in 0..5000 {
            let message = format!("{notice} {long}");
            report.notices.push(Notice { kind: crate::report::NoticeKind::Gap, message, tenant: None, place: None });
        }
        assert!(written(&report).len() <= MOST_BYTES);
    }
}
