//! Running policies: one subject, all rules of its kind.
//!
//! regorus' virtual machine is fast and silent: an error inside a rule's body, such as a division by zero,
//! reads as "no finding" there. Its interpreter is slower and tells. So a fixed sample of subjects is judged by
//! both, the interpreter on the whole facts and without selectors, and any difference is a failure of the
//! policy; and every error of the machine is told in the interpreter's words. Knows no subject by name.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use regorus::rvm::RegoVM;
use regorus::rvm::vm::VmError;
use regorus::utils::limits::ExecutionTimerConfig;
use regorus::{Engine, Value};
use rustc_hash::FxHashMap;
use serde::Serialize;

use super::compile::Compiled;
use super::failure::{FailureKind, Judgement, PolicyFailure};
use super::load::{Rule, RuleSet};
use super::reads::Reads;
use super::schema::SubjectKind;
use super::select::Probe;
use super::value::{Kept, Names, build};
use super::verdict::{self, Verdicts, describe};

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
        if ordinal < FIRST || ordinal.is_multiple_of(SAMPLE) {
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
        let undetermined = match &compiled.entries.undetermined {
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
        let deny = engine.eval_rule(compiled.entries.deny.clone());
        let undetermined = match &compiled.entries.undetermined {
            Some(path) => engine.eval_rule(path.clone()),
            None => Ok(Value::Undefined),
        };
        match (deny, undetermined) {
            (Ok(deny), Ok(undetermined)) => Ok((deny, undetermined)),
            (Err(error), _) | (_, Err(error)) => {
                let (place, message) = set.texts.read_engine(&error.to_string());
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::rule::fixture::{PEERING, SIDE, lib, peering, policy, vocabulary};
    use crate::rule::{PolicySource, Scalar};

    const DIRECT: &str = r#"deny contains entry if {
	input.near.role == "spoke"
	input.far.role == "spoke"
	entry := {"message": sprintf("%s is peered with %s", [input.near.id, input.far.id]), "at": input.near.id, "related": [input.far.id]}
}"#;
    const DIVIDES: &str = "deny contains {\"message\": \"m\"} if { 1 / (input.count - 3) > 1 }";

    fn load(sources: &[PolicySource]) -> RuleSet {
        RuleSet::load(sources, &vocabulary()).unwrap_or_else(|errors| panic!("{errors}"))
    }

    fn judge<F: Serialize>(set: &RuleSet, mode: EngineMode, ordinal: u64, facts: &F) -> Vec<Judgement> {
        let mut out = Vec::new();
        set.evaluator(mode).judge(PEERING, ordinal, facts, &mut out);
        out
    }

    fn failure(judgements: &[Judgement]) -> &PolicyFailure {
        assert_eq!(judgements.len(), 1, "{judgements:?}");
        judgements[0].result.as_ref().expect_err("the policy fails")
    }

    const UNSAMPLED: u64 = 7;
    const SAMPLED: u64 = 1024;

    #[test]
    fn both_evaluators_say_the_same_of_a_broken_rule_and_nothing_of_a_kept_one() {
        let set = load(&[policy("direct", "", DIRECT)]);
        let hub = crate::rule::fixture::Peering { far: Some(crate::rule::fixture::side("/h", "hub")), ..peering() };
        for mode in [EngineMode::Rvm, EngineMode::Interpreter] {
            for ordinal in [0, UNSAMPLED, SAMPLED] {
                let found = judge(&set, mode, ordinal, &peering());
                let verdicts = found[0].result.as_ref().unwrap();
                assert_eq!(verdicts.deny[0].message, "/a is peered with /b");
                assert_eq!(verdicts.deny[0].related.len(), 1);
                assert_eq!(judge(&set, mode, ordinal, &hub), []);
            }
        }
    }

    #[test]
    fn rules_of_another_kind_are_not_asked() {
        let set = load(&[policy("direct", "", DIRECT)]);
        let mut out = Vec::new();
        set.evaluator(EngineMode::Rvm).judge(SIDE, 0, &peering(), &mut out);
        assert_eq!(out, []);
        assert!(set.looks_at(PEERING) && !set.looks_at(SIDE));
    }

    #[test]
    fn deny_and_undetermined_are_both_kept() {
        let body = format!("{DIRECT}\nundetermined contains {{\"message\": \"far side unread\"}} if input.established");
        let set = load(&[policy("direct", "", &body)]);
        for mode in [EngineMode::Rvm, EngineMode::Interpreter] {
            let found = judge(&set, mode, UNSAMPLED, &peering());
            let verdicts = found[0].result.as_ref().unwrap();
            assert_eq!((verdicts.deny.len(), verdicts.undetermined.len()), (1, 1));
        }
    }

    #[test]
    fn an_error_that_the_machine_swallows_is_a_failure_when_sampled_and_always_in_the_interpreter() {
        for (body, message) in [
            (DIVIDES, "divide by zero"),
            ("deny contains {\"message\": \"m\"} if { to_number(\"abc\") > 1; input.established }", "could not parse"),
            ("deny contains {\"message\": \"m\"} if { net.cidr_contains(input.near.prefixes[0], \"bad\") }", "bad"),
            (
                "x := 1 if input.established\nx := 2 if input.established\ndeny contains {\"message\": \"m\"} if x == 1",
                "rule conflicts",
            ),
        ] {
            let set = load(&[policy("swallows", "", body)]);
            assert_eq!(judge(&set, EngineMode::Rvm, UNSAMPLED, &peering()), [], "the machine swallows {body}");
            for (mode, ordinal) in
                [(EngineMode::Rvm, SAMPLED), (EngineMode::Rvm, 2), (EngineMode::Interpreter, UNSAMPLED)]
            {
                let found = judge(&set, mode, ordinal, &peering());
                let failure = failure(&found);
                assert_eq!(failure.kind, FailureKind::Evaluation, "{failure}");
                assert!(failure.message.to_lowercase().contains(message), "{failure}");
                assert_eq!(failure.place.as_ref().unwrap().0, "policies/peering/swallows/swallows.rego");
                assert!(failure.to_string().starts_with("rule `peering-swallows` fails: "), "{failure}");
            }
        }
    }

    #[test]
    fn a_selector_spares_the_evaluation() {
        // The policy would fail on this subject; it is not asked.
        let set = load(&[policy("divides", "select:\n  near.role: hub", DIVIDES)]);
        assert_eq!(judge(&set, EngineMode::Rvm, UNSAMPLED, &peering()), []);
        let set = load(&[policy("direct", "select:\n  near.role: spoke\n  established: true", DIRECT)]);
        assert_eq!(judge(&set, EngineMode::Rvm, UNSAMPLED, &peering()).len(), 1);
        assert_eq!(set.rules()[0].metadata.select[0].allowed, [Scalar::Bool(true)]);
    }

    #[test]
    fn a_selector_that_hides_a_finding_is_a_failure_when_sampled() {
        let set = load(&[policy("direct", "select:\n  near.role: hub", DIRECT)]);
        assert_eq!(judge(&set, EngineMode::Rvm, UNSAMPLED, &peering()), []);
        let found = judge(&set, EngineMode::Rvm, SAMPLED, &peering());
        assert_eq!(failure(&found).kind, FailureKind::Selector);
        assert!(failure(&found).to_string().contains("excludes a subject it speaks of"));
        assert_eq!(judge(&set, EngineMode::Interpreter, UNSAMPLED, &peering()).len(), 1);
        let error = set.agree(0, &serde_json::to_value(peering()).unwrap()).unwrap_err();
        assert_eq!(error.kind, FailureKind::Selector);
    }

    #[test]
    fn a_read_set_that_is_too_small_is_a_failure_when_sampled() {
        let mut set = load(&[policy("direct", "", DIRECT)]);
        set.compiled[0].reads = Reads::default();
        assert_eq!(judge(&set, EngineMode::Rvm, UNSAMPLED, &peering()), []);
        let found = judge(&set, EngineMode::Rvm, SAMPLED, &peering());
        assert_eq!(failure(&found).kind, FailureKind::Pruning);
    }

    #[test]
    fn evaluators_that_differ_are_a_failure() {
        // Both are asked about the same facts, but the machine has an older program.
        let mut set = load(&[policy("direct", "", DIRECT)]);
        let other = load(&[policy("direct", "", "deny contains {\"message\": \"other\"} if input.established")]);
        set.compiled[0].program = Arc::clone(&other.compiled[0].program);
        set.compiled[0].reads.merge(&other.compiled[0].reads);
        let found = judge(&set, EngineMode::Rvm, SAMPLED, &peering());
        assert_eq!(failure(&found).kind, FailureKind::Disagreement);
        assert!(
            failure(&found).message.contains("the machine says deny = [{\"message\":\"other\"}]"),
            "{}",
            failure(&found)
        );
    }

    #[test]
    fn every_over_nothing_does_not_hold() {
        let body = "deny contains {\"message\": \"m\"} if { every p in input.far.prefixes { p == 1 } }";
        let set = load(&[policy("nothing", "", body)]);
        let lonely = crate::rule::fixture::Peering { far: None, ..peering() };
        for (mode, ordinal) in [(EngineMode::Rvm, UNSAMPLED), (EngineMode::Rvm, SAMPLED), (EngineMode::Interpreter, 0)]
        {
            assert_eq!(judge(&set, mode, ordinal, &lonely), []);
        }
    }

    #[test]
    fn results_that_are_no_entries_are_failures_that_name_the_key() {
        for (entry, expected) in [
            ("\"text\"", "is no object"),
            ("{\"msg\": \"m\"}", "unknown key `msg`"),
            ("{\"message\": 1}", "is no text but 1"),
        ] {
            let set = load(&[policy("bad", "", &format!("deny contains {entry} if input.established"))]);
            for (mode, ordinal) in
                [(EngineMode::Rvm, UNSAMPLED), (EngineMode::Rvm, SAMPLED), (EngineMode::Interpreter, 0)]
            {
                let found = judge(&set, mode, ordinal, &peering());
                assert_eq!(failure(&found).kind, FailureKind::Verdict);
                assert!(failure(&found).message.contains(expected), "{}", failure(&found));
            }
        }
    }

    #[test]
    fn a_policy_that_takes_too_many_steps_is_stopped_and_told() {
        let body = "deny contains {\"message\": \"m\"} if {\n\tsome a in numbers.range(1, 3000)\n\tsome b in numbers.range(1, 3000)\n\ta * b == input.count - 10\n}";
        let set = load(&[policy("long", "", body)]);
        let found = judge(&set, EngineMode::Rvm, UNSAMPLED, &peering());
        assert_eq!(failure(&found).kind, FailureKind::Limit);
        assert!(failure(&found).to_string().contains("takes too long"), "{}", failure(&found));
    }

    #[test]
    fn a_rule_that_ran_out_of_time_is_not_tried_again_and_never_passes() {
        let set = load(&[policy("direct", "", DIRECT)]);
        let mut evaluator = set.evaluator(EngineMode::Rvm);
        let failure = evaluator.failure(0, FailureKind::Limit, "time".into());
        evaluator.give_up(0, &failure);
        for ordinal in [UNSAMPLED, SAMPLED] {
            let mut out = Vec::new();
            evaluator.judge(PEERING, ordinal, &peering(), &mut out);
            assert_eq!(out, [Judgement { rule: 0, result: Err(failure.clone()) }]);
        }
    }

    #[test]
    fn facts_that_cannot_be_handed_over_are_a_failure() {
        let set = load(&[policy("direct", "", "deny contains {\"message\": \"m\"} if count(input) > 0")]);
        let broken = BTreeMap::from([((1, 2), 3)]);
        for (mode, ordinal) in [(EngineMode::Rvm, UNSAMPLED), (EngineMode::Rvm, SAMPLED), (EngineMode::Interpreter, 0)]
        {
            let found = judge(&set, mode, ordinal, &broken);
            assert_eq!(failure(&found).kind, FailureKind::Facts);
        }
    }

    #[test]
    fn helpers_see_their_arguments_whole() {
        let helper = lib("peer", "both(link, role) if {\n\tlink.near.role == role\n\tlink.far.role == role\n}");
        let body = "import data.policies.lib.peer\n\ndeny contains {\"message\": \"m\"} if peer.both(input, \"spoke\")";
        let set = load(&[helper, policy("direct", "", body)]);
        for ordinal in [UNSAMPLED, SAMPLED] {
            assert!(judge(&set, EngineMode::Rvm, ordinal, &peering())[0].result.is_ok());
        }
    }

    #[test]
    fn helpers_that_read_input_themselves_are_seen() {
        let helper = lib("peer", "spokes if {\n\tinput.near.role == \"spoke\"\n\tinput.far.role == \"spoke\"\n}");
        let body = "import data.policies.lib.peer\n\ndeny contains {\"message\": \"m\"} if peer.spokes";
        let set = load(&[helper, policy("direct", "", body)]);
        for ordinal in [UNSAMPLED, SAMPLED] {
            assert!(judge(&set, EngineMode::Rvm, ordinal, &peering())[0].result.is_ok());
        }
    }

    #[test]
    fn parameters_have_defaults_and_can_be_set() {
        let custom = "parameters:\n  limit: {default: 5, description: most}";
        let body = "deny contains {\"message\": \"m\"} if input.count > data.config.rules[\"peering-many\"].limit";
        let set = load(&[policy("many", custom, body)]);
        for (ordinal, mode) in [(UNSAMPLED, EngineMode::Rvm), (SAMPLED, EngineMode::Rvm), (0, EngineMode::Interpreter)]
        {
            assert_eq!(judge(&set, mode, ordinal, &peering()), []);
        }
        let set = set.with_data(serde_json::json!({"config": {"rules": {"peering-many": {"limit": 2}}}})).unwrap();
        for (ordinal, mode) in [(UNSAMPLED, EngineMode::Rvm), (SAMPLED, EngineMode::Rvm), (0, EngineMode::Interpreter)]
        {
            assert_eq!(judge(&set, mode, ordinal, &peering()).len(), 1);
        }
    }

    #[test]
    fn policies_see_the_estate_and_the_rest_of_the_configuration() {
        let body = "deny contains {\"message\": data.config.owner} if data.estate.vnets > input.count";
        let set = load(&[policy("many", "", body)]);
        let set = set.with_data(serde_json::json!({"config": {"owner": "net"}, "estate": {"vnets": 10}})).unwrap();
        let found = judge(&set, EngineMode::Rvm, SAMPLED, &peering());
        assert_eq!(found[0].result.as_ref().unwrap().deny[0].message, "net");
    }

    #[test]
    fn settings_that_fit_no_parameter_are_errors() {
        let custom = "parameters:\n  limit: {default: 5, description: most}";
        let set = || load(&[policy("many", custom, DIRECT)]);
        let error = |rules: serde_json::Value| {
            set().with_data(serde_json::json!({"config": {"rules": rules}})).unwrap_err().to_string()
        };
        assert_eq!(
            error(serde_json::json!({"peering-manny": {}})),
            "cannot set parameters of `peering-manny`: there is no such rule; did you mean `peering-many`?"
        );
        assert_eq!(
            error(serde_json::json!({"peering-many": {"limt": 1}})),
            "rule `peering-many` has no parameter `limt`; did you mean `limit`?"
        );
        assert_eq!(
            error(serde_json::json!({"peering-many": {"limit": "5"}})),
            "parameter `limit` of rule `peering-many` is a number, as its default is, not a text"
        );
        let error = set().with_data(serde_json::json!({"policies": {}})).unwrap_err().to_string();
        assert_eq!(error, "policies see `data.config` and `data.estate`, not `policies`");
    }

    #[test]
    fn rules_that_are_off_are_not_asked_and_keep_their_position() {
        let mut set = load(&[policy("b", "", DIRECT), policy("a", "", DIRECT)]);
        assert_eq!(set.rules()[0].metadata.id.as_str(), "peering-a");
        set.enable(|rule| rule.metadata.id.as_str() == "peering-b");
        let found = judge(&set, EngineMode::Rvm, 0, &peering());
        assert_eq!(found.iter().map(|judgement| judgement.rule).collect::<Vec<_>>(), [1]);
    }

    #[test]
    fn evaluators_are_for_threads() {
        fn send<T: Send>() {}
        fn share<T: Send + Sync>() {}
        send::<Evaluator<'_>>();
        share::<RuleSet>();
    }

    #[test]
    fn the_longest_allowed_row_and_expression_run_on_a_small_stack() {
        use std::fmt::Write as _;
        let indexed = |inner: &str| format!("{}{inner}{}{}", "[".repeat(9), "][0]".repeat(9), " + 0".repeat(12));
        let comprehended = |inner: &str| (0..8).fold(inner.to_owned(), |inner, _| format!("[x | x := {inner}][0]"));
        let called = |inner: &str| (0..9).fold(inner.to_owned(), |inner, _| format!("abs({inner})"));
        for deep in [&indexed as &dyn Fn(&str) -> String, &comprehended, &called] {
            let mut body = String::from("deny contains {\"message\": \"m\"} if r8 == 1\nr0 := input.count\n");
            for index in 1..9 {
                writeln!(body, "r{index} := {}", deep(&format!("r{}", index - 1))).unwrap();
            }
            let set = load(&[policy("deep", "", &body)]);
            for (mode, ordinal) in
                [(EngineMode::Rvm, UNSAMPLED), (EngineMode::Rvm, SAMPLED), (EngineMode::Interpreter, 0)]
            {
                assert_eq!(judge(&set, mode, ordinal, &peering()), []);
            }
        }
    }
}
