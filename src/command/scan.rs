//! `vnetlint scan`.

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use super::load::{self, Progress};
use super::{Status, note};
use crate::cli::{Engine, FailOn, SarifProfile, Scan, StdoutFormat};
use crate::config::{Config, Pattern};
use crate::estate::Estate;
use crate::finding::{Outcome, Severity};
use crate::input::Sources;
use crate::locate;
use crate::report::output::{self, Format, Staged};
use crate::report::sarif::{self, Profile, SarifOptions, SarifOutput};
use crate::report::terminal::{self, Verbosity};
use crate::report::{Report, csv, json, junit, markdown};
use crate::rule::{EngineMode, RuleSet};
use crate::scan;

/// Scans, reports, and says how it ended.
pub(super) fn run(arguments: &Scan) -> anyhow::Result<Status> {
    super::log(arguments.verbose);
    let formats = arguments.output.iter().map(|path| Format::from_path(path)).collect::<Result<Vec<_>, _>>()?;
    if let Some(jobs) = arguments.jobs {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(jobs.into());
        pool.build_global().context("cannot start the threads that --jobs asks for")?;
    }
    let progress = Progress::new(arguments.quiet);
    let config = load::config(arguments.config.as_deref(), &arguments.inputs)?;
    let rules = load::rules(&arguments.policies)?;
    let (inventory, sources) = load::inputs(&arguments.inputs, arguments.complete, &progress)?;
    let (report, sources) = judge(arguments, &config, rules, inventory, sources, &progress)?;
    progress.finish();
    write(arguments, &formats, &report)?;
    drop(sources);
    Ok(status(arguments, &report))
}

fn judge(
    arguments: &Scan,
    config: &Config,
    rules: RuleSet,
    mut inventory: crate::input::Inventory,
    mut sources: Sources,
    progress: &Progress,
) -> anyhow::Result<(Report, Sources)> {
    let as_of = load::as_of(arguments.as_of, &inventory, config)?;
    let config_file = load::add_config(config, &mut inventory, &mut sources);
    progress.say("joining the network".to_owned());
    let estate = Estate::build(inventory, config);
    let mut rules = load::configure(rules, config, &scan::estate_data(&estate, config, as_of))?;
    let enabled = enabled(arguments, config, &rules, &estate)?;
    let on = rules.rules().iter().zip(&enabled).map(|(rule, on)| (rule.metadata.id.clone(), *on));
    let on = on.collect::<BTreeMap<_, _>>();
    rules.enable(|rule| on.get(&rule.metadata.id).copied().unwrap_or(false));
    let engine = match arguments.engine {
        Engine::Rvm => EngineMode::Rvm,
        Engine::Interpreter => EngineMode::Interpreter,
    };
    let settings = scan::Settings { config, config_file, as_of, engine, enabled: &enabled };
    let say = |kind: &'static str, count| progress.say(format!("judged {count} subjects of kind {kind}"));
    let verdict = scan::scan(&estate, &rules, settings, &say);
    let notices = scan::notices(&estate, config, &verdict, &sources);
    let mut report = scan::report(&estate, config, &rules, &enabled, as_of, verdict, notices);
    drop(estate);
    progress.say("looking up lines".to_owned());
    let everything = needs_every_place(arguments);
    let shown = report.findings.iter().filter(|finding| everything || finding.outcome == Outcome::Violation);
    let located = locate::locate(&sources, &scan::anchors(shown));
    scan::fill_places(&mut report.findings, &located);
    Ok((report, sources))
}

/// Whether a report shows the places of what is no violation.
fn needs_every_place(arguments: &Scan) -> bool {
    let files = arguments.output.iter().filter_map(|path| Format::from_path(path).ok());
    let full = arguments.sarif == SarifProfile::Full;
    files.chain(stdout_format(arguments.format)).any(|format| format != Format::Sarif || full) || arguments.verbose
}

fn stdout_format(format: StdoutFormat) -> Option<Format> {
    match format {
        StdoutFormat::Text => None,
        StdoutFormat::Sarif => Some(Format::Sarif),
        StdoutFormat::Json => Some(Format::Json),
        StdoutFormat::Csv => Some(Format::Csv),
        StdoutFormat::Md => Some(Format::Markdown),
        StdoutFormat::Junit => Some(Format::Junit),
    }
}

/// Which rules run: all that the configuration leaves on, narrowed by --select and --ignore.
fn enabled(arguments: &Scan, config: &Config, rules: &RuleSet, estate: &Estate) -> anyhow::Result<Vec<bool>> {
    let select = patterns("--select", &arguments.select, rules)?;
    let ignore = patterns("--ignore", &arguments.ignore, rules)?;
    let mut unjudged = 0;
    let runs = rules.rules().iter().map(|rule| {
        let metadata = &rule.metadata;
        let names = || std::iter::once(&metadata.id).chain(&metadata.aliases).map(crate::finding::RuleId::as_str);
        let matches = |patterns: &[Pattern]| patterns.iter().any(|pattern| names().any(|name| pattern.matches(name)));
        let own = config.rules.get(&metadata.id).map(|own| own.enabled);
        let wanted = if select.is_empty() { own.unwrap_or(!metadata.deprecated) } else { matches(&select) };
        let judged = !scan::unjudged(estate, rule);
        unjudged += usize::from(wanted && !judged);
        wanted && judged && !matches(&ignore)
    });
    let runs = runs.collect::<Vec<_>>();
    if !runs.contains(&true) && unjudged == 0 {
        bail!("no rule is left to run: --select, --ignore and the configuration leave all of them out");
    }
    Ok(runs)
}

fn patterns(option: &str, texts: &[String], rules: &RuleSet) -> anyhow::Result<Vec<Pattern>> {
    let mut patterns = Vec::new();
    for text in texts {
        let pattern: Pattern = text.parse().with_context(|| format!("{option} {text}"))?;
        let known = |rule: &crate::rule::Rule| {
            pattern.matches(rule.metadata.id.as_str())
                || rule.metadata.aliases.iter().any(|alias| pattern.matches(alias.as_str()))
        };
        if !rules.rules().iter().any(known) {
            bail!("{option} {text}: no rule has this id; `vnetlint rules` lists them");
        }
        patterns.push(pattern);
    }
    Ok(patterns)
}

/// Renders everything first, then puts all files in place, then prints.
fn write(arguments: &Scan, formats: &[Format], report: &Report) -> anyhow::Result<()> {
    let root = source_root(arguments)?;
    let relative = |path: &str| relative_to(&root, path);
    let options = SarifOptions { source_path: &relative };
    let profile = match arguments.sarif {
        SarifProfile::Github => Profile::Github,
        SarifProfile::Full => Profile::Full,
    };
    let wants_sarif = formats.contains(&Format::Sarif) || arguments.format == StdoutFormat::Sarif;
    let sarif = wants_sarif.then(|| sarif::render(report, profile, &options));
    for text in sarif.iter().flat_map(|output| &output.notes) {
        note(text);
    }
    let mut staged = Vec::new();
    for (path, format) in arguments.output.iter().zip(formats) {
        stage(path, *format, report, sarif.as_ref(), &mut staged)?;
    }
    output::persist_all(staged)?;
    match print(arguments, report, sarif.as_ref()) {
        // Whoever stopped reading still gets the verdict, in the exit status.
        Err(error) if super::is_closed_pipe(&error) => Ok(()),
        printed => printed.context("cannot write to standard output"),
    }
}

fn stage(
    path: &Path,
    format: Format,
    report: &Report,
    sarif: Option<&SarifOutput<'_>>,
    staged: &mut Vec<Staged>,
) -> anyhow::Result<()> {
    match format {
        Format::Sarif => {
            for file in sarif.into_iter().flat_map(|output| &output.files) {
                staged.push(output::stage(&file.path(path), |out| file.write(out))?);
            }
        }
        Format::Json => staged.push(output::stage(path, |out| json::write(report, out))?),
        Format::Csv => staged.push(output::stage(path, |out| csv::write(report, out))?),
        Format::Markdown => staged.push(output::stage(path, |out| markdown::write(report, out))?),
        Format::Junit => staged.push(output::stage(path, |out| junit::write(report, out))?),
    }
    Ok(())
}

fn print(arguments: &Scan, report: &Report, sarif: Option<&SarifOutput<'_>>) -> anyhow::Result<()> {
    if arguments.format == StdoutFormat::Text {
        let verbosity = match (arguments.quiet, arguments.verbose) {
            (true, _) => Verbosity::Quiet,
            (_, true) => Verbosity::Verbose,
            _ => Verbosity::Normal,
        };
        let mut out = BufWriter::new(anstream::stdout().lock());
        terminal::write(report, verbosity, &mut out)?;
        return Ok(out.flush()?);
    }
    let mut out = BufWriter::new(io::stdout().lock());
    match arguments.format {
        StdoutFormat::Text => {}
        StdoutFormat::Sarif => match sarif.map(|output| output.files.as_slice()).unwrap_or_default() {
            [] => {}
            [file] => file.write(&mut out)?,
            files => {
                bail!("the report takes {} SARIF files; name the first with -o, the others are numbered", files.len())
            }
        },
        StdoutFormat::Json => json::write(report, &mut out)?,
        StdoutFormat::Csv => csv::write(report, &mut out)?,
        StdoutFormat::Md => markdown::write(report, &mut out)?,
        StdoutFormat::Junit => junit::write(report, &mut out)?,
    }
    Ok(out.flush()?)
}

fn source_root(arguments: &Scan) -> anyhow::Result<PathBuf> {
    match &arguments.source_root {
        Some(root) => root.canonicalize().with_context(|| format!("cannot use --source-root {}", root.display())),
        None => std::env::current_dir().context("cannot tell the working folder"),
    }
}

/// A path as seen from the source root; as it was named where it lies elsewhere.
fn relative_to(root: &Path, path: &str) -> String {
    let Ok(full) = Path::new(path).canonicalize() else { return path.to_owned() };
    match full.strip_prefix(root) {
        Ok(inside) => inside.to_string_lossy().replace('\\', "/"),
        Err(_) => path.to_owned(),
    }
}

fn status(arguments: &Scan, report: &Report) -> Status {
    let level = match arguments.fail_on {
        FailOn::Low => Some(Severity::Low),
        FailOn::Medium => Some(Severity::Medium),
        FailOn::High => Some(Severity::High),
        FailOn::Critical => Some(Severity::Critical),
        FailOn::Never => None,
    };
    let bad = |finding: &crate::finding::Finding| finding.outcome == Outcome::Violation;
    let reaches = level.is_some_and(|level| report.findings.iter().any(|f| bad(f) && f.severity >= level));
    let incomplete = report.notices.iter().any(|notice| notice.kind.is_incomplete());
    match (reaches, incomplete) {
        (true, _) => Status::Findings,
        (false, true) if !arguments.allow_incomplete => Status::Incomplete,
        _ => Status::Done,
    }
}
