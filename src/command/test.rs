//! `vnetlint test`.

use std::io::Write as _;

use super::{Status, load};
use crate::cli::Test;
use crate::rule::{Outcome, embedded, run_tests};
use crate::scan::vocabulary;

/// Runs policies' own tests, and says which lines they cover.
pub(super) fn run(arguments: &Test) -> anyhow::Result<Status> {
    let sources = match &arguments.dir {
        Some(dir) => load::folder(dir)?,
        None => embedded(),
    };
    let report = run_tests(&sources, &vocabulary(), arguments.filter.as_deref())?;
    let mut out = anstream::stdout().lock();
    for result in &report.results {
        let (path, line, name) = (&result.path, result.line, &result.name);
        match &result.outcome {
            Outcome::Pass if arguments.verbose => writeln!(out, "ok    {path}:{line} {name}")?,
            Outcome::Pass => {}
            Outcome::Fail(value) => writeln!(out, "FAIL  {path}:{line} {name}: it is {value}, not true")?,
            Outcome::Error(error) => writeln!(out, "ERROR {path}:{line} {name}: {error}")?,
        }
    }
    for coverage in &report.coverage {
        if arguments.verbose || coverage.percent() < 100 {
            let missed = coverage.missed.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            let missed = if missed.is_empty() { String::new() } else { format!(", not line {missed}") };
            writeln!(out, "{:3} % {}{missed}", coverage.percent(), coverage.path)?;
        }
    }
    let (covered, coverable) =
        report.coverage.iter().fold((0, 0), |(covered, all), c| (covered + c.covered, all + c.coverable));
    let failed = report.failed();
    let percent = (covered * 100).checked_div(coverable).unwrap_or(100);
    writeln!(
        out,
        "{} tests, {failed} failed; {percent} % of {coverable} lines of {} policies covered",
        report.results.len(),
        report.coverage.len()
    )?;
    out.flush()?;
    Ok(if failed == 0 { Status::Done } else { Status::Findings })
}
