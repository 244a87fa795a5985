//! Rego's own unit tests, with line coverage.
//!
//! Every `test_…` rule of every `*_test.rego` runs in the interpreter, where `with` works and errors have a
//! place. A test passes when it is true. Knows nothing of subjects beyond what loading needs.

use std::collections::{BTreeMap, BTreeSet};

use regorus::{Engine, Value};

use super::compile::interpreter;
use super::engine::timer;
use super::error::{LoadError, LoadErrors};
use super::graph::{Graph, Unit, UnitKind};
use super::load::{PolicySource, RuleSet, check_safety, entry_path, parse_units};
use super::schema::Vocabulary;
use super::syntax::{Found, walk};
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
    let files: Vec<&PolicySource> = sources.iter().filter(|source| source.is_rego()).collect();
    let units = parse_units(&mut Engine::new(), &files, &mut errors);
    let graph = Graph::build(&units, &mut errors);
    for unit in units.iter().filter(|unit| unit.kind == UnitKind::Test) {
        check_safety(unit, &units, &graph, &mut errors);
    }
    if !errors.is_empty() {
        return Err(LoadErrors::new(errors));
    }
    let (mut engine, texts) = interpreter(&units, &graph).map_err(LoadErrors::new)?;
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
                Err(error) => Outcome::Error(one_line(texts.read_engine(&error.to_string()))),
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

fn one_line((place, message): (Option<(String, u32, u32)>, String)) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::fixture::{lib, policy, vocabulary};

    const RULE: &str = "deny contains {\"message\": \"m\"} if {\n\tinput.near.role == \"spoke\"\n\tinput.count > 1\n}\n\nunused contains 1 if {\n\tinput.established\n}";

    fn tests(name: &str, body: &str) -> PolicySource {
        let text = format!("package policies.peering.{name}_test\n\nimport data.policies.peering.{name}\n\n{body}\n");
        PolicySource::new("policies", &format!("peering/{name}/{name}_test.rego"), &text)
    }

    fn run(sources: &[PolicySource], filter: Option<&str>) -> TestReport {
        run_tests(sources, &vocabulary(), filter).unwrap_or_else(|errors| panic!("{errors}"))
    }

    fn errors(sources: &[PolicySource]) -> String {
        run_tests(sources, &vocabulary(), None).unwrap_err().to_string()
    }

    #[test]
    fn a_test_passes_when_it_is_true_and_shows_what_it_was_otherwise() {
        let body = "test_denied if {\n\tcount(spokes.deny) == 1 with input as {\"near\": {\"role\": \"spoke\"}, \"count\": 2}\n}\n\n\
                    test_undefined if {\n\tcount(spokes.deny) == 1 with input as {}\n}\n\n\
                    test_value := spokes.deny with input as {\"near\": {\"role\": \"spoke\"}, \"count\": 2}\n\n\
                    test_breaks if {\n\tx := 1 / input.zero\n\tx > 1\n}\n\n\
                    test_false := 1 == 2\n\n\
                    helper := 1\n";
        let body = body
            .replace("input.zero", "0")
            .replace("test_value := spokes.deny with", "test_value := x if x := spokes.deny with");
        let report = run(&[policy("spokes", "", RULE), tests("spokes", &body)], None);
        let shown: Vec<(&str, u32, String)> = report
            .results
            .iter()
            .map(|result| (result.name.as_str(), result.line, format!("{:?}", result.outcome)))
            .collect();
        assert_eq!(shown[0], ("test_denied", 5, "Pass".into()));
        assert_eq!(shown[1], ("test_undefined", 9, "Fail(\"undefined\")".into()));
        assert_eq!(shown[2], ("test_value", 13, "Fail(\"[{\\\"message\\\":\\\"m\\\"}]\")".into()));
        assert_eq!((shown[3].0, shown[3].1), ("test_breaks", 15));
        assert!(
            shown[3].2.contains("divide by zero (at policies/peering/spokes/spokes_test.rego:16:"),
            "{}",
            shown[3].2
        );
        assert_eq!(shown[4], ("test_false", 20, "Fail(\"false\")".into()));
        assert_eq!(shown.len(), 5);
        assert_eq!(report.failed(), 4);
    }

    #[test]
    fn coverage_counts_lines_of_policies_and_names_the_missed() {
        let body = "test_denied if {\n\tcount(spokes.deny) == 1 with input as {\"near\": {\"role\": \"spoke\"}, \"count\": 2}\n}";
        let report = run(&[policy("spokes", "", RULE), policy("alone", "", RULE), tests("spokes", body)], None);
        let paths: Vec<&str> = report.coverage.iter().map(|file| file.path.as_str()).collect();
        assert_eq!(paths, ["policies/peering/alone/alone.rego", "policies/peering/spokes/spokes.rego"]);
        let spokes = &report.coverage[1];
        assert_eq!(spokes.missed, [17]);
        assert_eq!((spokes.covered, spokes.coverable, spokes.percent()), (4, 5, 80));
        let alone = &report.coverage[0];
        assert_eq!((alone.covered, alone.percent()), (0, 0));
        assert!(!alone.missed.is_empty());
    }

    #[test]
    fn a_filter_keeps_tests_by_name_or_file() {
        let body = "test_one if 1 == 1\ntest_two if 1 == 1";
        let sources = [policy("spokes", "", RULE), tests("spokes", body)];
        assert_eq!(run(&sources, Some("one")).results.len(), 1);
        assert_eq!(run(&sources, Some("spokes_test")).results.len(), 2);
        assert_eq!(run(&sources, Some("nothing")).results.len(), 0);
    }

    #[test]
    fn tests_of_helpers_run_and_parameters_have_defaults() {
        let helper = lib("cidr", "same(a, b) if a == b");
        let text = "package policies.lib.cidr_test\nimport data.policies.lib.cidr\ntest_same if cidr.same(1, 1)\n\
                    test_limit if data.config.rules[\"peering-spokes\"].limit == 5\n";
        let file = PolicySource::new("policies", "lib/cidr_test.rego", text);
        let custom = "parameters:\n  limit: {default: 5, description: most}";
        let report = run(&[helper, policy("spokes", custom, RULE), file], None);
        assert_eq!((report.results.len(), report.failed()), (2, 0), "{report:?}");
    }

    #[test]
    fn wrong_tests_do_not_run() {
        let rule = policy("spokes", "", RULE);
        assert!(errors(&[rule.clone(), tests("spokes", "test_x if nope(1)")]).contains("unknown function `nope`"));
        assert!(errors(&[rule.clone(), tests("spokes", "test_x if spokes.denyy")]).contains("did you mean `deny`?"));
        assert!(errors(&[rule.clone(), tests("spokes", "test_x if test_x")]).contains("in a circle"));
        assert!(errors(&[rule.clone(), tests("spokes", "test_x if { y > 1 }")]).contains("variable `y` gets no value"));
        assert!(errors(&[rule, tests("spokes", "test_x if {")]).contains("spokes_test.rego:"));
    }
}
