//! From checked policies to what runs: texts with explicit bindings, one interpreter, one program a rule.
//!
//! Everything here works on the rewritten texts; errors are told in terms of the originals.

use std::collections::BTreeMap;
use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::Arc;

use regorus::languages::rego::compiler::Compiler;
use regorus::rvm::Program;
use regorus::utils::limits::PolicyLengthConfig;
use regorus::{CompiledPolicy, Engine};

use super::definedness::{Explicit, explicit};
use super::error::LoadError;
use super::graph::{Graph, Unit, UnitKind};
use super::reads::Reads;
use super::syntax::read_engine;

/// What runs for a rule: its entry points, compiled for the virtual machine.
#[derive(Clone, Debug)]
pub(super) struct Compiled {
    pub program: Arc<Program>,
    pub entries: Entries,
    /// What the rule reads of its input.
    pub reads: Reads,
}

/// The paths of a rule's entry points.
#[derive(Clone, Debug)]
pub(super) struct Entries {
    /// Entry 0.
    pub deny: String,
    /// Entry 1, where the policy has it.
    pub undetermined: Option<String>,
}

/// The texts that run, by file.
#[derive(Clone, Debug, Default)]
pub(super) struct Texts(BTreeMap<String, Explicit>);

impl Texts {
    /// Where a place in a text that runs stands in the original.
    pub(super) fn origin(&self, (path, line, column): (String, u32, u32)) -> (String, u32, u32) {
        match self.0.get(&path).map(|text| text.origin(line, column)) {
            Some((line, column)) => (path, line, column),
            None => (path, line, column),
        }
    }

    /// An error as the engine tells it, with its place in the original.
    pub(super) fn read_engine(&self, rendered: &str) -> (Option<(String, u32, u32)>, String) {
        let (place, message) = read_engine(rendered);
        (place.map(|place| self.origin(place)), message)
    }
}

/// An interpreter with policies in their explicit form, and tests as they are.
pub(super) fn interpreter(units: &[Unit<'_>], graph: &Graph) -> Result<(Engine, Texts), Vec<LoadError>> {
    let mut engine = Engine::new();
    // A term that moved stands on one line, which may be long.
    engine.set_policy_length_config(PolicyLengthConfig {
        max_col: NonZeroU32::MAX,
        max_file_bytes: NonZeroUsize::MAX,
        max_lines: NonZeroUsize::MAX,
    });
    let mut texts = Texts::default();
    let mut errors = Vec::new();
    for unit in units {
        let mut text = unit.text.to_owned();
        if unit.kind == UnitKind::Policy {
            let new = explicit(unit.path, unit.text, &unit.module, &|name| graph.is_global(unit, name));
            text.clone_from(&new.text);
            texts.0.insert(unit.path.to_owned(), new);
        }
        if let Err(error) = engine.add_policy(unit.path.to_owned(), text) {
            errors.push(at_origin(units, &texts, unit, &error.to_string()));
        }
    }
    if errors.is_empty() { Ok((engine, texts)) } else { Err(errors) }
}

/// Compiles every rule into a program of its own: the machine clears all of a program's rules before each
/// run, so small programs run faster than one large one.
pub(super) fn compile(
    engine: &mut Engine,
    texts: &Texts,
    rules: Vec<(&Unit<'_>, Entries, Reads)>,
    units: &[Unit<'_>],
) -> Result<Vec<Compiled>, Vec<LoadError>> {
    let Some((first, entries, _)) = rules.first() else { return Ok(Vec::new()) };
    let policy: CompiledPolicy = engine
        .compile_with_entrypoint(&entries.deny.as_str().into())
        .map_err(|error| vec![at_origin(units, texts, first, &error.to_string())])?;
    let mut errors = Vec::new();
    let mut compiled = Vec::new();
    for (unit, entries, reads) in rules {
        let paths: Vec<&str> =
            [Some(entries.deny.as_str()), entries.undetermined.as_deref()].into_iter().flatten().collect();
        match Compiler::compile_from_policy(&policy, &paths) {
            Ok(program) => compiled.push(Compiled { program, entries, reads }),
            Err(error) => errors.push(at_origin(units, texts, unit, &error.to_string())),
        }
    }
    if errors.is_empty() { Ok(compiled) } else { Err(errors) }
}

/// An error as the engine tells it, at its place, or at the top of `fallback`.
fn at_origin(units: &[Unit<'_>], texts: &Texts, fallback: &Unit<'_>, rendered: &str) -> LoadError {
    let (place, message) = texts.read_engine(rendered);
    let found = place.and_then(|(path, line, column)| {
        let unit = units.iter().find(|unit| unit.path == path)?;
        Some((unit, (line, column)))
    });
    let (unit, place) = found.unwrap_or((fallback, (1, 1)));
    LoadError::at(unit.path, unit.text, place, message)
}
