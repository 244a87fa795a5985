//! Running policies: one subject, all rules of its kind.
//!
//! regorus' virtual machine is fast and silent: an error inside a rule's body, such as a division by zero,
//! reads as "no finding" there. Its interpreter is slower and tells. So a fixed sample of subjects is judged by
//! both, the interpreter on the whole facts and without selectors, and any difference is a failure of the
//! policy; and every error of the machine is told in the interpreter's words. Knows no subject by name.

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use regorus::rvm::RegoVM;
use regorus::rvm::vm::VmError;
use regorus::utils::limits::ExecutionTimerConfig;
use regorus::{Engine, Value};
use rustc_hash::FxHashMap;
use serde::Serialize;

use super::error::did_you_mean;
use super::load::{Compiled, Rule, RuleSet};
use super::reads::Reads;
use super::schema::SubjectKind;
use super::select::Probe;
use super::syntax::read_engine;
use super::value::{Kept, Names, build};
use super::verdict::{self, Verdicts, describe};
use crate::finding::RuleId;

/// Every subject of a kind whose ordinal is a multiple of this is judged twice.
const SAMPLE: u64 = 512;
/// And so are the first ones.
const FIRST: u64 = 3;
/// How long one policy may look at one subject.
const TIME_LIMIT: Duration = Duration::from_secs(10);
/// Combinations of selected rules whose read sets are remembered.
const COMBINATIONS: usize = 1024;

/// Which of the engine's evaluators judges.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EngineMode {
    /// The virtual machine, with selectors, on what policies read; sampled against the interpreter.
    #[default]
    Rvm,
    /// The interpreter, without selectors, on all facts: the reference.
    Interpreter,
}

/// What one rule says of one subject, where that is not a pass.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    /// The rule's position in [`RuleSet::rules`].
    pub rule: usize,
    /// What it says, or why it could not say anything.
    pub result: Result<Verdicts, PolicyFailure>,
}

/// A policy that could not be evaluated on a subject. Never a pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyFailure {
    /// The rule.
    pub rule: RuleId,
    /// What happened.
    pub kind: FailureKind,
    /// The details.
    pub message: String,
    /// File, line and column in the policy, where they are known.
    pub place: Option<(String, u32, u32)>,
}

/// What can happen to a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// The policy's own error, such as a division by zero.
    Evaluation,
    /// It takes too many steps, or too long.
    Limit,
    /// Its result is no set of entries.
    Verdict,
    /// Its selector excludes a subject that the policy speaks of.
    Selector,
    /// The two evaluators differ.
    Disagreement,
    /// The policy reads more than was found in its text.
    Pruning,
    /// The facts cannot be handed over.
    Facts,
}

impl FailureKind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Evaluation => "fails",
            Self::Limit => "takes too long",
            Self::Verdict => "has a result that cannot be read",
            Self::Selector => "has a selector that excludes a subject it speaks of",
            Self::Disagreement => "says different things in the engine's two evaluators",
            Self::Pruning => "reads facts that were taken for unread",
            Self::Facts => "cannot be given its facts",
        }
    }
}

impl fmt::Display for PolicyFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rule `{}` {}: {}", self.rule, self.kind.as_str(), self.message)?;
        match &self.place {
            Some((path, line, column)) => write!(f, " (at {path}:{line}:{column})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for PolicyFailure {}

/// A setting or a document that policies cannot be given.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DataError {
    /// The document is no object, or has other parts than the two that policies see.
    #[error("policies see `data.config` and `data.estate`, not `{0}`")]
    Shape(String),
    /// A rule that does not exist.
    #[error("cannot set parameters of `{id}`: there is no such rule{}", hint(.meant))]
    Rule {
        /// The id as it was given.
        id: String,
        /// The id that may have been meant.
        meant: Option<String>,
    },
    /// A parameter that the rule does not have.
    #[error("rule `{id}` has no parameter `{name}`{}", hint(.meant))]
    Parameter {
        /// The rule.
        id: String,
        /// The parameter as it was given.
        name: String,
        /// The parameter that may have been meant.
        meant: Option<String>,
    },
    /// A parameter of another type than its default.
    #[error("parameter `{name}` of rule `{id}` is {expected}, as its default is, not {found}")]
    Type {
        /// The rule.
        id: String,
        /// The parameter.
        name: String,
        /// The type of the default.
        expected: &'static str,
        /// The type of what was given.
        found: &'static str,
    },
}

fn hint(meant: &Option<String>) -> String {
    meant.as_ref().map(|name| format!("; did you mean `{name}`?")).unwrap_or_default()
}

/// The rules of one kind that are on.
#[derive(Clone, Debug, Default)]
pub(super) struct Plan {
    /// Their positions in the rule set.
    pub rules: Vec<usize>,
    probe: Probe,
}

impl Plan {
    pub(super) fn new<'r>(rules: impl Iterator<Item = (usize, &'r Rule)>) -> Self {
        let (rules, selectors): (Vec<_>, Vec<_>) =
            rules.map(|(index, rule)| (index, rule.metadata.select.as_slice())).unzip();
        Self { rules, probe: Probe::new(selectors) }
    }
}

impl RuleSet {
    /// Gives policies their `data`: `config`, where `config.rules["<id>"]` holds parameters, and `estate`.
    ///
    /// Parameters that are not given have their defaults.
    pub fn with_data(mut self, data: serde_json::Value) -> Result<Self, DataError> {
        let merged = self.merged(data)?;
        self.set_data(merged);
        Ok(self)
    }

    pub(super) fn merged(&self, data: serde_json::Value) -> Result<serde_json::Value, DataError> {
        use serde_json::Value as Json;
        let Json::Object(mut data) = data else { return Err(DataError::Shape(data.to_string())) };
        if let Some(other) = data.keys().find(|key| !matches!(key.as_str(), "config" | "estate")) {
            return Err(DataError::Shape(other.clone()));
        }
        let object = || Json::Object(serde_json::Map::new());
        let config = data.entry("config").or_insert_with(object);
        let Json::Object(config) = config else { return Err(DataError::Shape(format!("config = {config}"))) };
        let given = config.entry("rules").or_insert_with(object);
        let Json::Object(given) = given else { return Err(DataError::Shape(format!("config.rules = {given}"))) };

        let parameters: BTreeMap<&str, _> =
            self.rules.iter().map(|rule| (rule.metadata.id.as_str(), &rule.metadata.parameters)).collect();
        for (id, values) in &*given {
            let Some(known) = parameters.get(id.as_str()) else {
                let meant = did_you_mean(id, parameters.keys().copied()).map(str::to_owned);
                return Err(DataError::Rule { id: id.clone(), meant });
            };
            let Json::Object(values) = values else {
                return Err(DataError::Shape(format!("config.rules.{id} = {values}")));
            };
            for (name, value) in values {
                let Some(parameter) = known.get(name) else {
                    let meant = did_you_mean(name, known.keys().map(String::as_str)).map(str::to_owned);
                    return Err(DataError::Parameter { id: id.clone(), name: name.clone(), meant });
                };
                let (expected, found) = (type_of(&parameter.default), type_of(value));
                if expected != found {
                    return Err(DataError::Type { id: id.clone(), name: name.clone(), expected, found });
                }
            }
        }
        for (id, known) in parameters {
            if known.is_empty() {
                continue;
            }
            if let Json::Object(values) = given.entry(id).or_insert_with(object) {
                for (name, parameter) in known {
                    values.entry(name.clone()).or_insert_with(|| parameter.default.clone());
                }
            }
        }
        data.entry("estate").or_insert_with(object);
        Ok(Json::Object(data))
    }

    /// An evaluator: one for each worker thread. Cheap to make; it borrows all that is large.
    pub fn evaluator(&self, mode: EngineMode) -> Evaluator<'_> {
        Evaluator {
            set: self,
            mode,
            machines: (0..self.compiled.len()).map(|_| None).collect(),
            interpreter: None,
            names: Names::default(),
            whole: Kept::everything(),
            kept: FxHashMap::default(),
            hits: Vec::new(),
            selected: Vec::new(),
            given_up: vec![None; self.compiled.len()],
        }
    }

    /// What a rule says of some facts, after both evaluators, the selector and the read set were compared.
    pub fn agree(&self, rule: usize, facts: &serde_json::Value) -> Result<Verdicts, PolicyFailure> {
        let mut evaluator = self.evaluator(EngineMode::Rvm);
        let Some(one) = self.rules.get(rule) else { return Ok(Verdicts::default()) };
        let plan = Plan::new([(rule, one)].into_iter());
        let mut selected = false;
        plan.probe.selected(facts, &mut Vec::new(), |_| selected = true);
        evaluator.compare(rule, facts, selected.then_some(&[rule][..]))
    }
}

fn type_of(value: &serde_json::Value) -> &'static str {
    match value {
        serde_json::Value::Null => "null",
        serde_json::Value::Bool(_) => "true or false",
        serde_json::Value::Number(_) => "a number",
        serde_json::Value::String(_) => "a text",
        serde_json::Value::Array(_) => "a list",
        serde_json::Value::Object(_) => "an object",
    }
}

/// `deny` and `undetermined`, as the engine has them.
type Raw = (Value, Value);

/// Judges subjects on one thread.
pub struct Evaluator<'r> {
    set: &'r RuleSet,
    mode: EngineMode,
    machines: Vec<Option<Box<RegoVM>>>,
    interpreter: Option<Box<Engine>>,
    names: Names,
    whole: Kept,
    /// What to keep for a combination of selected rules.
    kept: FxHashMap<Box<[usize]>, Arc<Kept>>,
    hits: Vec<bool>,
    selected: Vec<usize>,
    /// Rules that ran out of time once: they are not tried again, and never pass.
    given_up: Vec<Option<PolicyFailure>>,
}

impl Evaluator<'_> {
    /// Judges one subject by every rule of its kind that is on, and pushes only what is not a pass.
    ///
    /// `ordinal` is the subject's position among those of its kind; it decides which subjects are sampled, so
    /// that results do not depend on which worker met them.
    pub fn judge<F: Serialize + ?Sized>(
        &mut self,
        kind: SubjectKind,
        ordinal: u64,
        facts: &F,
        out: &mut Vec<Judgement>,
    ) {
        let set = self.set;
        let Some(plan) = set.plans.get(usize::from(kind.0)).filter(|plan| !plan.rules.is_empty()) else { return };
        if self.mode == EngineMode::Interpreter {
            return self.judge_by_interpreter(plan, facts, out);
        }
        let mut selected = std::mem::take(&mut self.selected);
        selected.clear();
        plan.probe.selected(facts, &mut self.hits, |position| selected.extend(plan.rules.get(position)));
        if ordinal < FIRST || ordinal % SAMPLE == 0 {
            for &rule in &plan.rules {
                let of_machine = selected.contains(&rule).then_some(selected.as_slice());
                let result = self.compare(rule, facts, of_machine);
                push(out, rule, result);
            }
        } else if !selected.is_empty() {
            self.judge_by_machine(&selected, facts, out);
        }
        self.selected = selected;
    }

    fn judge_by_interpreter<F: Serialize + ?Sized>(&mut self, plan: &Plan, facts: &F, out: &mut Vec<Judgement>) {
        let value = build(facts, &self.whole, &mut self.names);
        for &rule in &plan.rules {
            let result = match &value {
                Ok((input, _)) => self.interpret(rule, input).and_then(|raw| self.read(rule, &raw)),
                Err(error) => Err(self.failure(rule, FailureKind::Facts, error.to_string())),
            };
            push(out, rule, result);
        }
    }

    fn judge_by_machine<F: Serialize + ?Sized>(&mut self, selected: &[usize], facts: &F, out: &mut Vec<Judgement>) {
        let kept = self.kept(selected);
        let value = build(facts, &kept, &mut self.names);
        for &rule in selected {
            let result = match &value {
                Ok((input, size)) => match self.run(rule, input, *size) {
                    Ok(raw) => self.read(rule, &raw),
                    Err(Stopped::GivenUp(failure)) => Err(failure),
                    Err(Stopped::Machine(error)) => Err(self.explain(rule, facts, &error)),
                },
                Err(error) => Err(self.failure(rule, FailureKind::Facts, error.to_string())),
            };
            push(out, rule, result);
        }
    }

    /// Judges by both evaluators. `selected` are the rules that the machine would run on the subject, if this
    /// one is among them.
    fn compare<F: Serialize + ?Sized>(
        &mut self,
        rule: usize,
        facts: &F,
        selected: Option<&[usize]>,
    ) -> Result<Verdicts, PolicyFailure> {
        let built = build(facts, &self.whole, &mut self.names);
        let (input, size) = built.map_err(|error| self.failure(rule, FailureKind::Facts, error.to_string()))?;
        let reference = self.interpret(rule, &input)?;
        let verdicts = self.read(rule, &reference)?;
        let Some(selected) = selected else {
            if verdicts.is_pass() {
                return Ok(verdicts);
            }
            let message = format!("the rule says {}", told(&reference));
            return Err(self.failure(rule, FailureKind::Selector, message));
        };
        let kept = self.kept(selected);
        let built = build(facts, &kept, &mut self.names);
        let (pruned, pruned_size) = built.map_err(|error| self.failure(rule, FailureKind::Facts, error.to_string()))?;
        match self.run(rule, &pruned, pruned_size) {
            Ok(raw) if raw == reference => Ok(verdicts),
            Ok(raw) => {
                let whole = self.run(rule, &input, size);
                let kind = match whole {
                    Ok(whole) if whole == reference => FailureKind::Pruning,
                    _ => FailureKind::Disagreement,
                };
                let message = format!("the machine says {}, the interpreter {}", told(&raw), told(&reference));
                Err(self.failure(rule, kind, message))
            }
            Err(Stopped::GivenUp(failure)) => Err(failure),
            Err(Stopped::Machine(error)) => Err(self.machine_failure(rule, &error)),
        }
    }

    /// The machine's error in the interpreter's words, where that meets it too.
    fn explain<F: Serialize + ?Sized>(&mut self, rule: usize, facts: &F, error: &VmError) -> PolicyFailure {
        let built = build(facts, &self.whole, &mut self.names);
        if let (Ok((input, _)), false) = (built, is_limit(error))
            && let Err(failure) = self.interpret(rule, &input)
        {
            return failure;
        }
        self.machine_failure(rule, error)
    }

    fn machine_failure(&mut self, rule: usize, error: &VmError) -> PolicyFailure {
        let kind = if is_limit(error) { FailureKind::Limit } else { FailureKind::Evaluation };
        let failure = self.failure(rule, kind, error.to_string());
        if matches!(error, VmError::TimeLimitExceeded { .. }) {
            self.give_up(rule, &failure);
        }
        failure
    }

    fn give_up(&mut self, rule: usize, failure: &PolicyFailure) {
        if let Some(slot) = self.given_up.get_mut(rule) {
            *slot = Some(failure.clone());
        }
    }

    /// Runs a rule in the virtual machine on an input of `size` parts.
    fn run(&mut self, rule: usize, input: &Value, size: usize) -> Result<Raw, Stopped> {
        if let Some(Some(failure)) = self.given_up.get(rule) {
            return Err(Stopped::GivenUp(failure.clone()));
        }
        let set = self.set;
        let (Some(compiled), Some(slot)) = (set.compiled.get(rule), self.machines.get_mut(rule)) else {
            return Ok((Value::Undefined, Value::Undefined));
        };
        if slot.is_none() {
            *slot = Some(Box::new(machine(compiled, &set.data).map_err(Stopped::Machine)?));
        }
        let machine = slot.as_mut().expect("filled above");
        machine.set_max_instructions(size.saturating_mul(10_000).saturating_add(1_000_000));
        machine.set_input(input.clone());
        let deny = machine.execute_entry_point_by_index(0).map_err(Stopped::Machine)?;
        let undetermined = match &compiled.undetermined {
            Some(_) => machine.execute_entry_point_by_index(1).map_err(Stopped::Machine)?,
            None => Value::Undefined,
        };
        machine.set_input(Value::Undefined);
        Ok((deny, undetermined))
    }

    /// Runs a rule in the interpreter, which tells errors with their place.
    fn interpret(&mut self, rule: usize, input: &Value) -> Result<Raw, PolicyFailure> {
        if let Some(Some(failure)) = self.given_up.get(rule) {
            return Err(failure.clone());
        }
        let set = self.set;
        let Some(compiled) = set.compiled.get(rule) else { return Ok((Value::Undefined, Value::Undefined)) };
        let engine = self.interpreter.get_or_insert_with(|| {
            let mut engine = Box::new(set.engine.clone());
            engine.set_execution_timer_config(timer());
            engine.set_gather_prints(true);
            engine
        });
        engine.set_input(input.clone());
        let deny = engine.eval_rule(compiled.deny.clone());
        let undetermined = match &compiled.undetermined {
            Some(path) => engine.eval_rule(path.clone()),
            None => Ok(Value::Undefined),
        };
        match (deny, undetermined) {
            (Ok(deny), Ok(undetermined)) => Ok((deny, undetermined)),
            (Err(error), _) | (_, Err(error)) => {
                let (place, message) = read_engine(&error.to_string());
                let timed_out = message.contains("exceeded time limit");
                let kind = if timed_out { FailureKind::Limit } else { FailureKind::Evaluation };
                let failure = PolicyFailure { place, ..self.failure(rule, kind, message) };
                if timed_out {
                    self.give_up(rule, &failure);
                }
                Err(failure)
            }
        }
    }

    fn read(&self, rule: usize, (deny, undetermined): &Raw) -> Result<Verdicts, PolicyFailure> {
        let read = |name, value| {
            verdict::read(name, value).map_err(|message| self.failure(rule, FailureKind::Verdict, message))
        };
        Ok(Verdicts { deny: read("deny", deny)?, undetermined: read("undetermined", undetermined)? })
    }

    /// What the selected rules read together.
    fn kept(&mut self, selected: &[usize]) -> Arc<Kept> {
        if let Some(kept) = self.kept.get(selected) {
            return Arc::clone(kept);
        }
        let mut reads = Reads::default();
        for compiled in selected.iter().filter_map(|rule| self.set.compiled.get(*rule)) {
            reads.merge(&compiled.reads);
        }
        let kept = Arc::new(Kept::new(&reads));
        if self.kept.len() < COMBINATIONS {
            self.kept.insert(selected.into(), Arc::clone(&kept));
        }
        kept
    }

    fn failure(&self, rule: usize, kind: FailureKind, message: String) -> PolicyFailure {
        let rule = &self.set.rules.get(rule).expect("plans and callers name rules of the set").metadata.id;
        PolicyFailure { rule: rule.clone(), kind, message, place: None }
    }
}

/// Why the machine has no result.
enum Stopped {
    Machine(VmError),
    GivenUp(PolicyFailure),
}

fn push(out: &mut Vec<Judgement>, rule: usize, result: Result<Verdicts, PolicyFailure>) {
    if !result.as_ref().is_ok_and(Verdicts::is_pass) {
        out.push(Judgement { rule, result });
    }
}

fn machine(compiled: &Compiled, data: &Value) -> Result<RegoVM, VmError> {
    let mut machine = RegoVM::new();
    machine.load_program(Arc::clone(&compiled.program));
    machine.set_data(data.clone())?;
    machine.set_execution_timer_config(Some(timer()));
    Ok(machine)
}

pub(super) fn timer() -> ExecutionTimerConfig {
    ExecutionTimerConfig { limit: TIME_LIMIT, check_interval: NonZeroU32::new(1000).expect("a thousand is not zero") }
}

fn is_limit(error: &VmError) -> bool {
    matches!(
        error,
        VmError::TimeLimitExceeded { .. }
            | VmError::InstructionLimitExceeded { .. }
            | VmError::MemoryLimitExceeded { .. }
    )
}

fn told((deny, undetermined): &Raw) -> String {
    match undetermined {
        Value::Undefined => format!("deny = {}", describe(deny)),
        _ => format!("deny = {}, undetermined = {}", describe(deny), describe(undetermined)),
    }
}
