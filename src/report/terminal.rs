//! The readable summary: findings by rule, worst first, then what was not decided, then the counts.
//!
//! Always styled; the caller's writer strips styles where no terminal reads them. Foreign text is printed so that a
//! terminal obeys none of it.

use std::collections::BTreeMap;
use std::io::{self, Write};

use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Message, Renderer, Snippet};
use anstyle::{AnsiColor, Style};

use crate::azure::ResourceId;
use crate::finding::{Evidence, Finding, Location, Outcome, Severity};
use crate::report::text::{census, count, counted, grouped, printable, wrap};
use crate::report::{Notice, NoticeKind, Report, RuleFindings, enclosing};

/// How much a summary says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    /// The closing counts.
    Quiet,
    /// The first findings of every rule.
    #[default]
    Normal,
    /// Every finding, with every place and the ids in full.
    Verbose,
}

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const GOOD: Style = AnsiColor::Green.on_default().bold();
const UNSURE: Style = AnsiColor::Magenta.on_default().bold();
/// As annotate-snippets colours places.
const PLACE: Style = AnsiColor::BrightBlue.on_default().bold();
const HELP: Style = AnsiColor::Cyan.on_default().bold();

/// Columns that a line may take, where it can be broken.
const WIDTH: usize = 100;

/// Writes the summary.
pub fn write(report: &Report, verbosity: Verbosity, out: &mut dyn Write) -> io::Result<()> {
    if verbosity > Verbosity::Quiet {
        let summary = Summary { report, verbosity, renderer: Renderer::styled().term_width(WIDTH - INDENT.len()) };
        summary.violations(out)?;
        summary.undetermined(out)?;
        summary.approved(out)?;
        summary.not_seen(out)?;
    }
    closing(report, verbosity, out)
}

const INDENT: &str = "  ";

struct Summary<'a> {
    report: &'a Report,
    verbosity: Verbosity,
    renderer: Renderer,
}

impl Summary<'_> {
    /// How many of a list are printed.
    fn most(&self, normally: usize) -> usize {
        if self.verbosity == Verbosity::Verbose { usize::MAX } else { normally }
    }

    fn violations(&self, out: &mut dyn Write) -> io::Result<()> {
        for group in self.report.by_rule(|finding| finding.outcome == Outcome::Violation) {
            let style = severity_style(group.severity);
            let number = counted(count(group.findings.len()), "violation");
            writeln!(out, "{style}{}[{}]{style:#}{BOLD}: {number}{BOLD:#}", group.severity, group.id)?;
            if let Some(rule) = group.rule {
                paragraph(out, INDENT, &rule.title, DIM)?;
            }
            writeln!(out)?;
            let shown = group.findings.len().min(self.most(10));
            let excerpts = shown.min(self.most(3));
            for finding in &group.findings[..excerpts] {
                self.finding(finding, out)?;
            }
            for finding in &group.findings[excerpts..shown] {
                paragraph(out, INDENT, &finding.message, BOLD)?;
                self.arrow(finding, " ", out)?;
            }
            if shown > excerpts {
                writeln!(out)?;
            }
            left_out(group.findings.len() - shown, INDENT, out)?;
            remedy(&group, out)?;
        }
        Ok(())
    }

    /// A finding with the line that it points at, underlined, and the other resources that it speaks of.
    fn finding(&self, finding: &Finding, out: &mut dyn Write) -> io::Result<()> {
        paragraph(out, INDENT, &finding.message, BOLD)?;
        let location = finding.subject.location.as_ref();
        let margin = location.map_or(1, |location| location.start_line.to_string().len());
        self.arrow(finding, &" ".repeat(margin), out)?;
        let mut group = Group::with_level(level(finding.severity));
        if let Some(location) = location {
            group = group.element(excerpt(location, label(&finding.subject)));
        }
        if location.is_none() || self.verbosity == Verbosity::Verbose {
            group = group.element(note("resource", &printable(finding.subject.resource.as_str())));
        }
        let shown = finding.related.len().min(self.most(5));
        for related in &finding.related[..shown] {
            let name = if related.says.is_empty() { "related" } else { &related.says };
            group = group.element(note(name, &self.described(related)));
        }
        if finding.related.len() > shown {
            let more = format!("… and {} more", grouped(count(finding.related.len() - shown)));
            group = group.element(note("related", &more));
        }
        for line in self.renderer.render(&[group]).lines() {
            writeln!(out, "{INDENT}{}", line.trim_end())?;
        }
        writeln!(out)
    }

    /// `--> file:line:column`, where the place is known.
    fn arrow(&self, finding: &Finding, margin: &str, out: &mut dyn Write) -> io::Result<()> {
        let place = finding.subject.location.as_ref().map(|location| self.report.place_text(location));
        let place = place.unwrap_or_else(|| "no input says where".to_owned());
        writeln!(out, "{INDENT}{margin}{PLACE}-->{PLACE:#} {}", printable(&place))
    }

    /// A related resource in one line: its name, and where it stands or to whom it belongs.
    fn described(&self, evidence: &Evidence) -> String {
        let id = &evidence.resource;
        let name = match self.verbosity {
            Verbosity::Verbose => printable(id.as_str()).into_owned(),
            Verbosity::Normal | Verbosity::Quiet => short_name(id),
        };
        let owner = id.subscription().map(|id| format!(" of subscription {}", printable(id))).unwrap_or_default();
        match &evidence.location {
            Some(location) => format!("{name} at {}", printable(&self.report.place_text(location))),
            None if self.verbosity == Verbosity::Verbose => format!("{name}, in no input"),
            None => format!("{name}{owner}, in no input"),
        }
    }

    fn undetermined(&self, out: &mut dyn Write) -> io::Result<()> {
        let groups = self.report.by_rule(|finding| finding.outcome == Outcome::Undetermined);
        let total = groups.iter().map(|group| group.findings.len()).sum();
        if !heading(out, "undetermined", "the data does not decide, which is not a pass", total)? {
            return Ok(());
        }
        for group in groups {
            writeln!(out, "{INDENT}{BOLD}{}{BOLD:#} {}", group.id, grouped(count(group.findings.len())))?;
            let reasons = reasons(&group);
            let shown = reasons.len().min(self.most(3));
            for (reason, findings) in &reasons[..shown] {
                let first = findings.first().map_or_else(String::new, |finding| short_name(&finding.subject.resource));
                let subjects = match findings.len() {
                    1 => first,
                    more => format!("{first} and {} more", grouped(count(more - 1))),
                };
                paragraph(out, "    ", &format!("{subjects}: {reason}"), Style::new())?;
            }
            left_out(reasons[shown..].iter().map(|(_, findings)| findings.len()).sum(), "    ", out)?;
        }
        writeln!(out)
    }

    fn approved(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut approved = Vec::new();
        for finding in &self.report.findings {
            if let Outcome::Approved(note) = &finding.outcome {
                approved.push((note, finding));
            }
        }
        approved.sort_by(|a, b| (&a.0.expires, &a.0.id).cmp(&(&b.0.expires, &b.0.id)));
        if !heading(out, "approved", "broken, and covered by an approval in force", approved.len())? {
            return Ok(());
        }
        let shown = approved.len().min(self.most(10));
        let width = approved[..shown].iter().map(|(note, _)| printable(&note.id).chars().count()).max().unwrap_or(0);
        for (note, finding) in &approved[..shown] {
            let (id, name) = (printable(&note.id), short_name(&finding.subject.resource));
            let until = printable(&note.expires);
            writeln!(out, "{INDENT}{BOLD}{id:width$}{BOLD:#}  until {until}  {name}  {DIM}{}{DIM:#}", finding.rule)?;
            if self.verbosity == Verbosity::Verbose {
                paragraph(out, "    ", &note.reason, Style::new())?;
            }
        }
        left_out(approved.len() - shown, INDENT, out)?;
        writeln!(out)
    }

    fn not_seen(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut by_kind = BTreeMap::<_, Vec<&Notice>>::new();
        for notice in &self.report.notices {
            by_kind.entry(notice.kind).or_default().push(notice);
        }
        for (kind, notices) in by_kind {
            let (name, meaning) = match kind {
                NoticeKind::Gap => ("not seen", "in scope and could not be read: the verdict is incomplete"),
                NoticeKind::PolicyFailure => ("policy failed", "the verdict is incomplete"),
                NoticeKind::NotRead => ("not read", "what depends on it is undetermined"),
                NoticeKind::OddValue => ("odd values", "what depends on them is undetermined"),
                NoticeKind::Note => ("notes", ""),
            };
            heading(out, name, meaning, notices.len())?;
            let shown = notices.len().min(self.most(10));
            for notice in &notices[..shown] {
                paragraph(out, INDENT, &notice.message, Style::new())?;
                if let Some((file, line, column)) = &notice.place {
                    writeln!(out, "    {DIM}-->{DIM:#} {}:{line}:{column}", printable(file))?;
                }
            }
            left_out(notices.len() - shown, INDENT, out)?;
            writeln!(out)?;
        }
        Ok(())
    }
}

/// The counts, and what they are counts of.
fn closing(report: &Report, verbosity: Verbosity, out: &mut dyn Write) -> io::Result<()> {
    let counts = report.counts();
    let mut by_severity = Vec::new();
    for (severity, number) in report.violations_by_severity().into_iter().filter(|&(_, number)| number > 0) {
        let style = severity_style(severity);
        by_severity.push(format!("{style}{} {severity}{style:#}", grouped(number)));
    }
    let worst = report.violations_by_severity().into_iter().find(|&(_, number)| number > 0);
    let style = worst.map_or(GOOD, |(severity, _)| severity_style(severity));
    let rows = [
        ("violations", counts.violation, style, by_severity.join(", ")),
        ("approved", counts.approved, BOLD, String::new()),
        ("undetermined", counts.undetermined, if counts.undetermined > 0 { UNSURE } else { BOLD }, String::new()),
        ("passed", counts.pass, BOLD, String::new()),
    ];
    let width = rows.iter().map(|(_, number, ..)| grouped(*number).len()).max().unwrap_or(0);
    for (name, number, style, detail) in rows {
        let gap = if detail.is_empty() { "" } else { "  " };
        writeln!(out, "{style}{name:<12}  {:>width$}{style:#}{gap}{detail}", grouped(number))?;
    }
    writeln!(out)?;
    if verbosity > Verbosity::Quiet {
        let judged = if report.resources.is_empty() { "nothing".to_owned() } else { census(&report.resources) };
        row(out, "judged", &judged)?;
        if !report.skipped.is_empty() {
            row(out, "skipped", &format!("{}: no rule reads them", census(&report.skipped)))?;
        }
        let collected = report.collected_at.as_ref().map(|at| format!(", collected {at}")).unwrap_or_default();
        row(out, "files", &format!("{}{collected}", grouped(count(report.inputs.len()))))?;
        let as_of = report.as_of.as_ref().map(|day| format!(", approvals as of {day}")).unwrap_or_default();
        row(out, "rules", &format!("{}{as_of}", grouped(count(report.rules.len()))))?;
    }
    let missing = report.notices.iter().filter(|notice| notice.kind.is_incomplete()).count();
    let tenants = report.tenants.values().filter(|tenant| tenant.incomplete).count();
    match (missing, tenants) {
        (0, 0) => Ok(()),
        (0, _) => row(out, "incomplete", &format!("{} could be read only in part", counted(count(tenants), "tenant"))),
        _ => row(out, "incomplete", &format!("{} could not be seen or judged", counted(count(missing), "part"))),
    }
}

/// A row of the closing block, broken and indented below its name.
fn row(out: &mut dyn Write, name: &str, text: &str) -> io::Result<()> {
    const COLUMN: usize = 14;
    for (n, line) in wrap(&printable(text), WIDTH - COLUMN).iter().enumerate() {
        let name = if n == 0 { name } else { "" };
        writeln!(out, "{name:<COLUMN$}{line}")?;
    }
    Ok(())
}

/// The heading of a section, unless the section is empty.
fn heading(out: &mut dyn Write, name: &str, meaning: &str, number: usize) -> io::Result<bool> {
    if number > 0 {
        let gap = if meaning.is_empty() { "" } else { "  " };
        writeln!(out, "{UNSURE}{name}{UNSURE:#}{BOLD}: {}{BOLD:#}{gap}{DIM}{meaning}{DIM:#}", grouped(count(number)))?;
    }
    Ok(number > 0)
}

/// Text broken into lines, each with an indentation and a style.
fn paragraph(out: &mut dyn Write, indent: &str, text: &str, style: Style) -> io::Result<()> {
    for line in wrap(&printable(text), WIDTH - indent.len()) {
        writeln!(out, "{indent}{style}{line}{style:#}")?;
    }
    Ok(())
}

fn left_out(number: usize, indent: &str, out: &mut dyn Write) -> io::Result<()> {
    if number == 0 {
        return Ok(());
    }
    let more = grouped(count(number));
    writeln!(out, "{indent}{DIM}… and {more} more; all are in a report: -o report.sarif|json|csv{DIM:#}")
}

fn remedy(group: &RuleFindings<'_>, out: &mut dyn Write) -> io::Result<()> {
    let Some(rule) = group.rule.filter(|rule| !rule.remediation.is_empty()) else { return writeln!(out) };
    for (n, line) in wrap(&printable(&rule.remediation), WIDTH - 8).iter().enumerate() {
        let name = if n == 0 { "help:" } else { "" };
        writeln!(out, "{INDENT}{HELP}{name:<5}{HELP:#} {line}")?;
    }
    writeln!(out)
}

/// The line at a place, underlined.
fn excerpt(location: &Location, label: String) -> Snippet<'static, Annotation<'static>> {
    let mut rest = location.line_text.chars();
    let before = clean_line(rest.by_ref().take(location.line_text_column));
    let marked = clean_line(rest.by_ref().take(location.snippet.chars().count().max(1)));
    let after = clean_line(rest);
    let span = before.len()..before.len() + marked.len();
    Snippet::source(format!("{before}{marked}{after}"))
        .line_start(usize::try_from(location.start_line).unwrap_or(usize::MAX))
        .annotation(AnnotationKind::Primary.span(span).label(label))
}

fn note(name: &str, text: &str) -> Message<'static> {
    Level::NOTE.with_name(printable(name).into_owned()).message(text.to_owned())
}

/// The findings of a rule by what they say, in the order in which they first say it.
fn reasons<'a>(group: &RuleFindings<'a>) -> Vec<(&'a str, Vec<&'a Finding>)> {
    let mut position = BTreeMap::new();
    let mut reasons = Vec::<(&str, Vec<&Finding>)>::new();
    for &finding in &group.findings {
        let at = *position.entry(finding.message.as_str()).or_insert(reasons.len());
        match reasons.get_mut(at) {
            Some((_, findings)) => findings.push(finding),
            None => reasons.push((&finding.message, vec![finding])),
        }
    }
    reasons
}

/// What stands at the caret: what the resource is, and which one.
fn label(evidence: &Evidence) -> String {
    let name = short_name(&evidence.resource);
    if evidence.says.is_empty() { name } else { format!("{}: {name}", printable(&evidence.says)) }
}

/// `vnet-hub`, or `vnet-hub/to-spoke` for what lies inside another resource.
fn short_name(id: &ResourceId) -> String {
    let name = match enclosing(id) {
        Some(outer) => format!("{}/{}", outer.name(), id.name()),
        None => id.name().to_owned(),
    };
    printable(&name).into_owned()
}

/// A piece of a line with nothing that a terminal would obey, its tabs four wide.
fn clean_line(piece: impl Iterator<Item = char>) -> String {
    printable(&piece.collect::<String>().replace('\t', "    ")).into_owned()
}

fn severity_style(severity: Severity) -> Style {
    match severity {
        Severity::Critical | Severity::High => AnsiColor::BrightRed.on_default().bold(),
        Severity::Medium => AnsiColor::Yellow.on_default().bold(),
        Severity::Low => AnsiColor::BrightBlue.on_default().bold(),
    }
}

fn level(severity: Severity) -> Level<'static> {
    match severity {
        Severity::Critical | Severity::High => Level::ERROR,
        Severity::Medium => Level::WARNING,
        Severity::Low => Level::INFO,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;

    fn styled(report: &Report, verbosity: Verbosity) -> String {
        let mut bytes = Vec::new();
        write(report, verbosity, &mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    fn plain(report: &Report, verbosity: Verbosity) -> String {
        anstream::adapter::strip_str(&styled(report, verbosity)).to_string()
    }

    #[test]
    fn a_summary_shows_places_reasons_and_counts() {
        insta::assert_snapshot!(plain(&fixture::sample(), Verbosity::Normal));
    }

    #[test]
    fn a_verbose_summary_has_ids_in_full() {
        insta::assert_snapshot!(plain(&fixture::sample(), Verbosity::Verbose));
    }

    #[test]
    fn a_quiet_summary_is_the_counts() {
        insta::assert_snapshot!(plain(&fixture::sample(), Verbosity::Quiet));
    }

    #[test]
    fn a_clean_estate_is_a_few_lines() {
        insta::assert_snapshot!(plain(&fixture::clean(), Verbosity::Normal));
    }

    #[test]
    fn thousands_of_findings_stay_readable() {
        let text = plain(&fixture::many(3000).0, Verbosity::Normal);
        assert_eq!(text.matches("… and 990 more; all are in a report").count(), 3, "{text}");
        assert!(text.lines().count() < 180, "{}", text.lines().count());
        let all = plain(&fixture::many(300).0, Verbosity::Verbose);
        assert!(all.contains("peering-299") && !all.contains("more; all are in a report"));
    }

    #[test]
    fn nothing_from_azure_reaches_the_terminal_as_a_command() {
        let mut report = fixture::sample();
        for finding in &mut report.findings {
            finding.subject.resource = ResourceId::new(fixture::HOSTILE);
            finding.subject.says = fixture::HOSTILE.to_owned();
            if let Some(location) = &mut finding.subject.location {
                location.line_text = format!("\t{}", fixture::HOSTILE);
                location.line_text_column = 3;
            }
        }
        for notice in &mut report.notices {
            notice.message = fixture::HOSTILE.to_owned();
        }
        for related in report.findings.iter_mut().flat_map(|finding| &mut finding.related) {
            related.says = fixture::HOSTILE.to_owned();
        }
        for input in &mut report.inputs {
            input.path = fixture::HOSTILE.to_owned();
        }
        let text = plain(&report, Verbosity::Verbose);
        assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text:?}");
        assert!(text.contains("\\u{1b}[2J"));
    }

    #[test]
    fn lines_that_can_be_broken_fit_a_hundred_columns() {
        let text = plain(&fixture::sample(), Verbosity::Normal);
        for line in text.lines().filter(|line| !line.trim_start().starts_with("= ")) {
            assert!(line.chars().count() <= WIDTH, "{line}");
        }
    }
}
