//! `cargo bench`: how fast `vnetlint scan` is on this machine, and how big it gets, beside what is aimed at.
//!
//! `cargo bench -- --vnets 2000` for a quick look; `--runs N` repeats more often, `--keep` leaves the estates on
//! disk. Estates are synthetic, a tenth of the size first; they take 27 KB a virtual network below `target/tmp`.
//!
//! Every figure is of a whole process, the median of several runs after one that does not count. A target that is
//! missed is printed, never a failure. Only what makes the figures meaningless is one: a scan that cannot run.

#![allow(clippy::print_stdout, reason = "a benchmark talks to its terminal")]

mod baseline;
mod process;
#[path = "../tests/synthetic/mod.rs"]
mod synthetic;

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::io::{self, Error, ErrorKind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;
use std::{env, fs};

use serde::Deserialize;

use process::Usage;
use synthetic::{Answer, Seed, Spec};

// The scanner's allocator, so that the baseline has no other.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const SCANNER: &str = env!("CARGO_BIN_EXE_vnetlint");
/// The smallest samples, the one that is looked for first in front.
const SAMPLES: [&str; 2] = ["samples/hub-spoke", "policies/peering/one_sided/passes.json"];
/// The first argument of the process that is the baseline.
const BASELINE: &str = "--baseline";
/// Pairs of runs without and with a rule that selects nothing.
const PAIRS: usize = 10;
/// A single thread that got less of a core than this had to share it.
const QUIET: f64 = 0.97;

fn main() -> ExitCode {
    let arguments = env::args_os().skip(1).collect::<Vec<_>>();
    let outcome = match arguments.split_first() {
        Some((first, rest)) if first == process::MEASURE => process::measure(rest).map(|usage| println!("{usage}")),
        Some((first, [snapshot])) if first == BASELINE => {
            baseline::parse(Path::new(snapshot)).map(|resources| println!("{resources} resources"))
        }
        // `cargo test --all-targets` starts benchmarks too, without this word: there is nothing to test.
        _ if !arguments.iter().any(|argument| argument == "--bench") => Ok(()),
        _ => Options::read(&arguments).and_then(|options| bench(&options)),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

struct Options {
    vnets: usize,
    runs: usize,
    keep: bool,
}

impl Options {
    fn read(arguments: &[OsString]) -> io::Result<Self> {
        let mut options = Self { vnets: 100_000, runs: 3, keep: false };
        let mut arguments = arguments.iter().map(|argument| argument.to_string_lossy());
        while let Some(argument) = arguments.next() {
            let mut number = || {
                let number = arguments.next().and_then(|text| text.parse().ok()).filter(|number| *number > 0);
                number.ok_or_else(|| invalid(format!("{argument} takes a number")))
            };
            match &*argument {
                "--vnets" => options.vnets = number()?,
                "--runs" => options.runs = number()?,
                "--keep" => options.keep = true,
                "--bench" => {}
                other => return Err(invalid(format!("unknown argument {other}; known are --vnets, --runs, --keep"))),
            }
        }
        Ok(options)
    }
}

fn invalid(message: String) -> Error {
    Error::new(ErrorKind::InvalidInput, message)
}

fn bench(options: &Options) -> io::Result<()> {
    let mut folder = tempfile::Builder::new().prefix("bench-").tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    if options.keep {
        folder.disable_cleanup(true);
        println!("estates stay in {}", folder.path().display());
    }
    let folder = folder.path();
    let mut small = Estate::generate((options.vnets / 10).max(1), &folder.join("small"))?;
    let small_usage = small.measure(options.runs)?;
    let added = added_rule(&small, &folder.join("policies"))?;
    let sample = smallest_sample()?;
    let mut large = Estate::generate(options.vnets, &folder.join("large"))?;
    let large_usage = large.measure(options.runs)?;

    let rows = rows(&large, &large_usage, &small_usage, added, sample);
    print(&rows);
    for (estate, usage) in [(&small, &small_usage), (&large, &large_usage)] {
        estate.print_details(usage);
    }
    Ok(())
}

/// A synthetic estate on disk.
struct Estate {
    answer: Answer,
    folder: PathBuf,
}

/// What scans of one estate took, and the baseline.
struct Measured {
    baseline: Vec<Usage>,
    one_thread: Vec<Usage>,
    two_threads: Vec<Usage>,
    differences: Vec<String>,
}

impl Estate {
    fn generate(vnets: usize, folder: &Path) -> io::Result<Self> {
        println!("generating {vnets} virtual networks");
        let answer = synthetic::generate(&Spec::of(vnets), folder)?;
        Ok(Self { answer, folder: folder.to_owned() })
    }

    /// Runs the baseline and scans by turns, so that a change of the machine's pace meets all of them.
    fn measure(&mut self, runs: usize) -> io::Result<Measured> {
        println!("measuring {} virtual networks", self.answer.size.vnets);
        let differences = self.check()?;
        let mut measured = Measured { baseline: vec![], one_thread: vec![], two_threads: vec![], differences };
        let this = env::current_exe()?;
        for run in 0..=runs {
            let baseline = process::run(&this, &[BASELINE.as_ref(), self.answer.snapshot.as_os_str()])?;
            let one = self.scan(&["--jobs".as_ref(), "1".as_ref()])?;
            let two = self.scan(&["--jobs".as_ref(), "2".as_ref()])?;
            if run > 0 {
                measured.baseline.push(baseline);
                measured.one_thread.push(one);
                measured.two_threads.push(two);
            }
        }
        Ok(measured)
    }

    fn scan(&self, more: &[&OsStr]) -> io::Result<Usage> {
        scan(&[&[self.answer.snapshot.as_os_str()], more].concat())
    }

    /// What a scan finds that was not planted, and what it misses: figures of a wrong scan mean nothing.
    fn check(&mut self) -> io::Result<Vec<String>> {
        let path = self.folder.join("report.json");
        self.scan(&["-o".as_ref(), path.as_os_str()])?;
        let text = fs::read(&path)?;
        let report: Report<'_> = serde_json::from_slice(&text)?;
        let violations = report.findings.iter().filter(|finding| finding.outcome == "violation");
        // To the generator a gateway is no forwarder; to the rule one may be, and then no hub is idle.
        self.answer.expected.retain(|expected| expected.seed != Some(Seed::IdleHub));
        Ok(self.answer.differences(violations.map(|finding| (&*finding.rule, finding.judged()))))
    }

    fn print_details(&self, measured: &Measured) {
        let size = self.answer.size;
        println!(
            "\n{} virtual networks, {} peering objects, {} security rules, {} subscriptions, {}",
            size.vnets,
            size.peerings,
            size.security_rules,
            size.subscriptions,
            mebibytes(size.bytes)
        );
        let line = |name: &str, usages: &[Usage]| {
            let wall = median(usages, |usage| usage.wall.as_secs_f64());
            let cpu = median(usages, cpu);
            let peak = mebibytes(peak(usages));
            println!("  {name:<16} {wall:8.3} s wall {cpu:8.3} s CPU {peak:>9} peak");
        };
        line("parsing alone", &measured.baseline);
        line("scan, 1 thread", &measured.one_thread);
        line("scan, 2 threads", &measured.two_threads);
        let share = occupancy(&measured.one_thread);
        if share < QUIET {
            println!(
                "  the machine was busy: one thread got {:.0} % of a core, so wall times say little",
                share * 100.0
            );
        }
        let expected = self.answer.expected.len();
        println!("  {expected} violations planted; {} differences from what was found", measured.differences.len());
        for difference in measured.differences.iter().take(30) {
            println!("    {difference}");
        }
    }
}

/// The part of a report that is compared.
#[derive(Deserialize)]
struct Report<'a> {
    #[serde(borrow)]
    findings: Vec<Finding<'a>>,
}

#[derive(Deserialize)]
struct Finding<'a> {
    #[serde(borrow)]
    rule: Cow<'a, str>,
    #[serde(borrow)]
    outcome: Cow<'a, str>,
    #[serde(borrow)]
    subject: Evidence<'a>,
    #[serde(borrow)]
    related: Vec<Evidence<'a>>,
}

#[derive(Deserialize)]
struct Evidence<'a> {
    #[serde(borrow)]
    resource: Cow<'a, str>,
}

impl Finding<'_> {
    /// What the rule judged: nearly always what the finding shows.
    fn judged(&self) -> &str {
        match (&*self.rule, &*self.related) {
            // Judges subnets, and shows the default route that several of them may share.
            ("nsg-virtual-network-tag-is-any", [subnet, ..]) => &subnet.resource,
            _ => &self.subject.resource,
        }
    }
}

/// One `vnetlint scan`.
fn scan(arguments: &[&OsStr]) -> io::Result<Usage> {
    let arguments = [&["scan".as_ref(), "--quiet".as_ref()], arguments].concat();
    let usage = process::run(Path::new(SCANNER), &arguments)?;
    match usage.status {
        Some(0 | 1 | 3) => Ok(usage),
        other => Err(Error::other(format!("the scan ended with {other:?}: {arguments:?}"))),
    }
}

/// A rule that looks at every security rule's facts and selects none.
const NOTHING: &str = "# METADATA
# title: Selects nothing
# description: Looks at no security rule.
# custom:
#   id: bench-selects-nothing
#   severity: low
#   subject: nsg_rule
#   controls: []
#   remediation: There is nothing to do.
#   select: {name: [\"no rule has this name\"]}
package policies.bench.selects_nothing

deny contains {\"message\": \"It cannot be.\"} if {
	input.name == \"no rule has this name\"
}
";

/// CPU with one more rule over CPU without, a figure for each pair of runs.
fn added_rule(estate: &Estate, policies: &Path) -> io::Result<Vec<f64>> {
    fs::create_dir(policies)?;
    fs::write(policies.join("selects_nothing.rego"), NOTHING)?;
    let one = ["--jobs".as_ref(), "1".as_ref()];
    let with = [&one[..], &["--policies".as_ref(), policies.as_os_str()]].concat();
    let pair = |_| Ok(cpu(&estate.scan(&with)?) / cpu(&estate.scan(&one)?));
    (0..PAIRS).map(pair).collect()
}

/// The sample, and twenty runs of it.
fn smallest_sample() -> io::Result<(&'static str, Vec<Usage>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let sample = SAMPLES.into_iter().find(|sample| root.join(sample).exists());
    let sample = sample.ok_or_else(|| Error::other("no sample is there"))?;
    let path = root.join(sample);
    let runs = (0..21).map(|_| scan(&[path.as_os_str()])).collect::<io::Result<Vec<_>>>()?;
    Ok((sample, runs[1..].to_vec()))
}

/// One line of the table.
struct Row {
    measure: String,
    target: String,
    measured: String,
    met: bool,
}

fn rows(
    estate: &Estate,
    large: &Measured,
    small: &Measured,
    mut added: Vec<f64>,
    (sample, sample_runs): (&str, Vec<Usage>),
) -> Vec<Row> {
    let row = |measure: String, target: String, measured: String, met| Row { measure, target, measured, met };
    let wall = |usages: &[Usage]| median(usages, |usage| usage.wall.as_secs_f64());
    let ratio = |scan: &[Usage]| median(scan, cpu) / median(&large.baseline, cpu);
    let (one, two) = (ratio(&large.one_thread), ratio(&large.two_threads));
    let growth = median(&large.one_thread, cpu) / median(&small.one_thread, cpu);
    let peaks = [large, small].map(|measured| peak(&measured.two_threads));
    #[expect(clippy::cast_precision_loss, reason = "bytes of memory are far below 2^53")]
    let memory_growth = peaks[0] as f64 / peaks[1] as f64;
    let limit = estate.answer.size.bytes * 6 / 10 + (100 << 20);
    let faster = wall(&large.one_thread) / wall(&large.two_threads);
    let milliseconds = wall(&sample_runs) * 1000.0;
    added.sort_by(f64::total_cmp);
    let more = (added[added.len() / 2] - 1.0) * 100.0;
    let vnets = estate.answer.size.vnets;
    vec![
        row(
            format!("CPU of a scan of {vnets} VNets over parsing alone"),
            "at most 4".to_owned(),
            format!("{one:.2} (two threads {two:.2})"),
            one.max(two) <= 4.0,
        ),
        row(
            "growth of CPU, ten times the VNets".to_owned(),
            "at most 11".to_owned(),
            format!("{growth:.2}"),
            growth <= 11.0,
        ),
        row(
            "growth of peak memory".to_owned(),
            "at most 11".to_owned(),
            format!("{memory_growth:.2}"),
            memory_growth <= 11.0,
        ),
        row("peak memory".to_owned(), format!("at most {}", mebibytes(limit)), mebibytes(peaks[0]), peaks[0] <= limit),
        row(
            "two threads are faster than one".to_owned(),
            "at least 1.7".to_owned(),
            format!("{faster:.2} ({:.0} % of two cores used)", occupancy(&large.two_threads) * 50.0),
            faster >= 1.7,
        ),
        row(
            format!("{sample}, whole process"),
            "under 50 ms".to_owned(),
            format!("{milliseconds:.1} ms"),
            milliseconds < 50.0,
        ),
        row(
            "a rule more that selects nothing".to_owned(),
            "under 2 % CPU".to_owned(),
            format!(
                "{more:+.2} % ({:+.2} to {:+.2})",
                (added[2] - 1.0) * 100.0,
                (added[added.len() - 3] - 1.0) * 100.0
            ),
            more < 2.0,
        ),
    ]
}

fn print(rows: &[Row]) {
    let width = |text: fn(&Row) -> &String| rows.iter().map(|row| text(row).chars().count()).max().unwrap_or(0);
    let [measure, target, measured] = [width(|row| &row.measure), width(|row| &row.target), width(|row| &row.measured)];
    println!("\n{:<measure$}  {:<target$}  {:<measured$}  met", "measure", "target", "measured");
    for row in rows {
        let met = if row.met { "yes" } else { "no" };
        println!("{:<measure$}  {:<target$}  {:<measured$}  {met}", row.measure, row.target, row.measured);
    }
}

fn cpu(usage: &Usage) -> f64 {
    usage.cpu.as_secs_f64()
}

/// How many cores a process kept busy.
fn occupancy(usages: &[Usage]) -> f64 {
    median(usages, |usage| cpu(usage) / usage.wall.max(Duration::from_micros(1)).as_secs_f64())
}

fn peak(usages: &[Usage]) -> u64 {
    usages.iter().map(|usage| usage.peak).max().unwrap_or(0)
}

fn median(usages: &[Usage], figure: impl Fn(&Usage) -> f64) -> f64 {
    let mut figures = usages.iter().map(figure).collect::<Vec<_>>();
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}

fn mebibytes(bytes: u64) -> String {
    format!("{} MiB", bytes >> 20)
}
