//! What the configuration says about rules: enabled or not, how severe, and their parameters.
//!
//! Which rules and parameters exist is only known once the policies are loaded, so the file is read
//! without them and checked against them later.

use std::collections::BTreeMap;
use std::str::FromStr as _;

use serde_json::Value as Json;

use super::approval::Approval;
use super::problem::{Problem, Problems, Span, alternatives, closest};
use super::raw::Value;
use crate::finding::{RuleId, Severity};

/// A `[rules.<rule-id>]` table.
#[derive(Clone, Debug, PartialEq)]
pub struct RuleSettings {
    /// Whether the rule is evaluated.
    pub enabled: bool,
    /// The severity in place of the rule's own.
    pub severity: Option<Severity>,
    /// Every other key, in the order of their names.
    pub parameters: BTreeMap<String, Parameter>,
    id_span: Span,
}

/// A rule's parameter as configured.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// Its value, as policies see it.
    pub value: Json,
    name_span: Span,
    value_span: Span,
}

/// A rule that the loaded policies define.
#[derive(Clone, Copy, Debug)]
pub struct KnownRule<'a> {
    /// Its id.
    pub id: &'a RuleId,
    /// Its parameters with their defaults.
    pub parameters: &'a BTreeMap<String, Json>,
}

const SEVERITIES: [(&str, Severity); 4] =
    [("low", Severity::Low), ("medium", Severity::Medium), ("high", Severity::High), ("critical", Severity::Critical)];

pub(super) fn read(written: Option<Value<'_>>, problems: &mut Problems) -> BTreeMap<RuleId, RuleSettings> {
    let table = written.and_then(|written| written.table("`[rules]`", problems));
    let mut rules = BTreeMap::new();
    for entry in table.map(super::raw::Table::into_entries).unwrap_or_default() {
        let id = RuleId::from_str(entry.key);
        if let Err(why) = &id {
            let problem = Problem::new(&entry.key_span, why.to_string()).label("no rule id");
            problems
                .push(problem.help("settings belong to one rule; globs serve approvals, `--select` and `--ignore`"));
        }
        let Some(mut table) = entry.table(format!("`[rules.{}]`", entry.key), problems) else { continue };
        let enabled = table.take("enabled").and_then(|enabled| enabled.boolean(problems));
        let severity = table.take("severity").and_then(|severity| severity.word(&SEVERITIES, problems));
        let mut parameters = BTreeMap::new();
        for parameter in table.into_entries() {
            if let Some(value) = parameter.json(problems) {
                let (name_span, value_span) = (parameter.key_span, parameter.span);
                parameters.insert(parameter.key.to_owned(), Parameter { value, name_span, value_span });
            }
        }
        if let Ok(id) = id {
            let enabled = enabled.unwrap_or(true);
            rules.insert(id, RuleSettings { enabled, severity, parameters, id_span: entry.key_span });
        }
    }
    rules
}

/// Complains about settings of rules and parameters that do not exist, or have another type.
pub(super) fn check(rules: &BTreeMap<RuleId, RuleSettings>, known: &[KnownRule<'_>], problems: &mut Problems) {
    for (id, settings) in rules {
        match known.iter().find(|rule| rule.id == id) {
            Some(rule) => check_parameters(id, settings, rule.parameters, problems),
            None => problems.push(unknown_rule(id.as_str(), &settings.id_span, known)),
        }
    }
}

/// Complains about approvals of a rule that does not exist. A glob that matches none is no error: an
/// approval that covers nothing is a finding of its own.
pub(super) fn check_approvals(approvals: &[Approval], known: &[KnownRule<'_>], problems: &mut Problems) {
    for approval in approvals.iter().filter(|approval| !approval.rule.is_glob()) {
        if !known.iter().any(|rule| approval.covers_rule(rule.id)) {
            problems.push(unknown_rule(approval.rule.text(), &approval.rule_span, known));
        }
    }
}

fn unknown_rule(id: &str, span: &Span, known: &[KnownRule<'_>]) -> Problem {
    let problem = Problem::new(span, format!("there is no rule `{id}`")).label("unknown rule");
    match closest(id, known.iter().map(|rule| rule.id.as_str())) {
        Some(near) => problem.help(format!("did you mean `{near}`?")),
        None => problem.help("`vnetlint rules` lists the rules"),
    }
}

fn check_parameters(
    rule: &RuleId,
    settings: &RuleSettings,
    defaults: &BTreeMap<String, Json>,
    problems: &mut Problems,
) {
    let names = || defaults.keys().map(String::as_str).chain(["enabled", "severity"]);
    for (name, parameter) in &settings.parameters {
        match defaults.get(name) {
            None => {
                let message = format!("rule `{rule}` has no parameter `{name}`");
                let problem = Problem::new(&parameter.name_span, message).label("unknown parameter");
                problems.push(problem.help(match closest(name, names()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("expected {}", alternatives(names())),
                }));
            }
            Some(default) if !same_type(default, &parameter.value) => {
                let given = describe(&parameter.value);
                let message =
                    format!("parameter `{name}` of rule `{rule}` is {given}, which is another type than its default");
                let label = format!("expected {}, as the default `{default}`", describe(default));
                problems.push(Problem::new(&parameter.value_span, message).label(label));
            }
            Some(_) => {}
        }
    }
}

/// Whether a policy that expects values like the default can work with this one. An integer is also a
/// fraction, an array's elements are like the default's first, and a default of `null` says nothing.
fn same_type(default: &Json, given: &Json) -> bool {
    match (default, given) {
        (Json::Null, _) => true,
        (Json::Number(default), Json::Number(given)) => default.is_f64() || !given.is_f64(),
        (Json::Array(defaults), Json::Array(given)) => {
            defaults.first().is_none_or(|default| given.iter().all(|given| same_type(default, given)))
        }
        _ => type_name(default) == type_name(given),
    }
}

/// What TOML calls the type of a JSON value.
fn describe(value: &Json) -> String {
    let Json::Array(elements) = value else { return format!("{} {}", article(value), type_name(value)) };
    match elements.split_first() {
        None => "an array".to_owned(),
        Some((first, rest)) if rest.iter().all(|element| type_name(element) == type_name(first)) => {
            format!("an array of {}s", type_name(first))
        }
        Some(_) => "an array of several types".to_owned(),
    }
}

fn article(value: &Json) -> &'static str {
    if type_name(value) == "integer" { "an" } else { "a" }
}

fn type_name(value: &Json) -> &'static str {
    match value {
        Json::Null => "null",
        Json::String(_) => "string",
        Json::Number(number) if number.is_f64() => "float",
        Json::Number(_) => "integer",
        Json::Bool(_) => "boolean",
        Json::Array(_) => "array",
        Json::Object(_) => "table",
    }
}
