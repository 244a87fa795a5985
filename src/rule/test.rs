//! Rego's own unit tests, with line coverage.
//!
//! Every `test_…` rule of every `*_test.rego` runs in the interpreter, where `with` works and errors have a
//! place. A test passes when it is true. Knows nothing of subjects beyond what loading needs.

use std::collections::{BTreeMap, BTreeSet};

use regorus::{Engine, Value};

use super::engine::timer;
use super::error::{LoadError, LoadErrors};
use super::graph::{Graph, Unit, UnitKind};
use super::load::{PolicySource, RuleSet, check_safety, entry_path, parse_units};
use super::schema::Vocabulary;
use super::syntax::{Found, read_engine, walk};
use super::verdict::describe;

/// What all tests said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TestReport {
    /// The tests that ran, by file and line.
    pub results: Vec<TestResult>,
    /// How much of every policy they ran, by file.
    pub coverage: Vec<Coverage>,
}

impl TestReport {
    /// How many tests did not pass.
    pub fn failed(&self) -> usize {
        self.results.iter().filter(|result| result.outcome != Outcome::Pass).count()
    }
}

/// One test.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TestResult {
    /// Its file, as messages show it.
    pub path: String,
    /// Its first line, from 1.
    pub line: u32,
    /// Its name, such as `test_direct_spokes_are_denied`.
    pub name: String,
    /// How it went.
    pub outcome: Outcome,
}

/// How a test went.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// It is true.
    Pass,
    /// It is something else, which is shown; `undefined` when one of its statements did not hold.
    Fail(String),
    /// It could not be evaluated: the engine's message, and its place.
    Error(String),
}

/// How much of a policy the tests ran.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coverage {
    /// The policy's file, as messages show it.
    pub path: String,
    /// Lines that ran.
    pub covered: usize,
    /// Lines that could have run.
    pub coverable: usize,
    /// The lines that did not.
    pub missed: Vec<u32>,
}

impl Coverage {
    /// Whole percent, rounded down: 100 says that no line was missed.
    pub fn percent(&self) -> usize {
        (self.covered * 100).checked_div(self.coverable).unwrap_or(100)
    }
}

/// Loads policies and runs the tests among them whose name, or file, contains `filter`.
///
/// Parameters have their defaults; tests replace them by `with data.config.…`.
pub fn run_tests(
    sources: &[PolicySource],
    vocabulary: &Vocabulary,
    filter: Option<&str>,
) -> Result<TestReport, LoadErrors> {
    let set = RuleSet::load(sources, vocabulary)?;
    let mut errors = Vec::new();
    let mut engine = Engine::new();
    let files: Vec<&PolicySource> = sources.iter().filter(|source| source.is_rego()).collect();
    let units = parse_units(&mut engine, &files, &mut errors);
    let graph = Graph::build(&units, &mut errors);
    for unit in units.iter().filter(|unit| unit.kind == UnitKind::Test) {
        check_safety(unit, &units, &graph, &mut errors);
    }
    if !errors.is_empty() {
        return Err(LoadErrors::new(errors));
    }
    prepare(&mut engine, &set).map_err(|error| LoadErrors::new(vec![error]))?;

    let mut report = TestReport::default();
    for unit in units.iter().filter(|unit| unit.kind == UnitKind::Test) {
        for (name, line) in tests_of(unit) {
            if filter.is_some_and(|filter| !name.contains(filter) && !unit.path.contains(filter)) {
                continue;
            }
            let outcome = match engine.eval_rule(entry_path(&unit.package, &name)) {
                Ok(Value::Bool(true)) => Outcome::Pass,
                Ok(value) => Outcome::Fail(describe(&value)),
                Err(error) => Outcome::Error(one_line(&error.to_string())),
            };
            report.results.push(TestResult { path: unit.path.to_owned(), line, name, outcome });
        }
    }
    report.results.sort();
    report.coverage = coverage(&engine, &units);
    Ok(report)
}

fn prepare(engine: &mut Engine, set: &RuleSet) -> Result<(), LoadError> {
    let wrong = |error: &dyn std::fmt::Display| LoadError::at("data", "", (1, 1), error.to_string());
    engine.add_data(set.data.clone()).map_err(|error| wrong(&error))?;
    engine.set_input(Value::new_object());
    engine.set_enable_coverage(true);
    engine.set_gather_prints(true);
    engine.set_execution_timer_config(timer());
    Ok(())
}

/// Tests by name, each with the line of its first definition.
fn tests_of(unit: &Unit<'_>) -> BTreeMap<String, u32> {
    let mut tests = BTreeMap::new();
    for rule in &unit.module.policy {
        let name = super::graph::head_of(rule).span().text();
        if name.starts_with("test_") {
            tests.entry(name.to_owned()).or_insert(rule.span().line);
        }
    }
    tests
}

fn one_line(rendered: &str) -> String {
    let (place, message) = read_engine(rendered);
    match place {
        Some((path, line, column)) => format!("{message} (at {path}:{line}:{column})"),
        None => message,
    }
}

/// The engine's report, and the policies that no test touched, which it leaves out.
fn coverage(engine: &Engine, units: &[Unit<'_>]) -> Vec<Coverage> {
    let report = engine.get_coverage_report().unwrap_or_default();
    let mut all: Vec<Coverage> = Vec::new();
    for unit in units.iter().filter(|unit| unit.kind == UnitKind::Policy) {
        let touched = report.files.iter().find(|file| file.path == unit.path);
        let (covered, missed) = match touched {
            Some(file) => {
                let missed: Vec<u32> = file.not_covered.difference(&file.covered).copied().collect();
                (file.covered.len(), missed)
            }
            None => (0, coverable(unit)),
        };
        all.push(Coverage { path: unit.path.to_owned(), covered, coverable: covered + missed.len(), missed });
    }
    all.sort_by(|left, right| left.path.cmp(&right.path));
    all
}

/// Lines of a policy on which something can be evaluated.
fn coverable(unit: &Unit<'_>) -> Vec<u32> {
    let mut lines = BTreeSet::new();
    for rule in &unit.module.policy {
        walk(rule, &mut |found| match found {
            Found::Read(chain) | Found::Call(chain) | Found::Bind { from: chain, .. } => {
                lines.insert(chain.root.line);
            }
            Found::Declare(_) | Found::Argument(_) | Found::With(_) => {}
        });
    }
    lines.into_iter().collect()
}
