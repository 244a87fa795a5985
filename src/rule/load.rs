//! From policy files to a checked set of rules.
//!
//! Everything that can be known to be wrong with a policy is told here, all of it at once, with its place:
//! a policy that loads has metadata, reads only what exists, calls only what is allowed, and neither of the
//! engine's two evaluators can hang or abort on its shape. Opens no file: texts are handed in.

use std::collections::BTreeMap;
use std::sync::Arc;

use regorus::languages::rego::compiler::Compiler;
use regorus::rvm::Program;
use regorus::unstable::{Expr, Rule as Tree, RuleHead};
use regorus::{CompiledPolicy, Engine, Value};

use super::engine::Plan;
use super::error::{LoadError, LoadErrors};
use super::graph::{Graph, Unit, UnitKind, head_of};
use super::metadata::{self, Metadata};
use super::reads::{self, Parameters, Reads};
use super::safety::Safety;
use super::schema::{SubjectKind, Vocabulary};
use super::syntax;

/// One file of a folder of policies: a `.rego` file, or a rule's page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicySource {
    /// The file as messages show it.
    shown: String,
    /// Its path below the folder of policies, with `/`.
    path: String,
    text: String,
}

impl PolicySource {
    /// A file at `path` below the folder `root`; `path` has `/` between its parts.
    ///
    /// `<area>/<name>/<name>.rego` is a rule of package `policies.<area>.<name>`, with its page in the
    /// `README.md` beside it; `lib/<file>.rego` is a helper of package `policies.lib.<file>`; `*_test.rego` are
    /// tests. Any other `.rego` file is a rule whose package is its own choice.
    pub fn new(root: &str, path: &str, text: &str) -> Self {
        let shown = if root.is_empty() { path.to_owned() } else { format!("{}/{path}", root.trim_end_matches('/')) };
        Self { shown, path: path.to_owned(), text: text.to_owned() }
    }

    /// The file as messages show it.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// Its text.
    pub fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn is_test(&self) -> bool {
        self.path.ends_with("_test.rego")
    }

    pub(super) fn is_rego(&self) -> bool {
        self.path.ends_with(".rego")
    }

    /// What a policy's place says of it.
    fn layout(&self) -> Layout<'_> {
        match self.path.split('/').collect::<Vec<_>>().as_slice() {
            ["lib", file] => Layout::Library(file.trim_end_matches(".rego")),
            [area, name, file] if file.strip_suffix(".rego") == Some(name) => Layout::Folder(area, name),
            [_, name, _] => Layout::Stray(name),
            _ => Layout::Bare,
        }
    }
}

enum Layout<'a> {
    Library(&'a str),
    Folder(&'a str, &'a str),
    Stray(&'a str),
    Bare,
}

/// The policies that the binary carries.
pub fn embedded() -> Vec<PolicySource> {
    const FILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/policies.rs"));
    FILES.iter().map(|(path, text)| PolicySource::new("policies", path, text)).collect()
}

/// A rule that loaded.
#[derive(Clone, Debug)]
pub struct Rule {
    /// What it says of itself.
    pub metadata: Metadata,
    /// Its package, such as `policies.peering.one_sided`.
    pub package: String,
    /// Its file, as messages show it.
    pub path: String,
    /// The policy's text.
    pub text: String,
    /// The page beside it, Markdown.
    pub page: Option<String>,
}

/// What runs: the rule's entry points, compiled for the virtual machine.
#[derive(Clone, Debug)]
pub(super) struct Compiled {
    pub program: Arc<Program>,
    /// Path of `deny`, entry 0.
    pub deny: String,
    /// Path of `undetermined`, entry 1, where the policy has it.
    pub undetermined: Option<String>,
    pub reads: Reads,
}

/// Rules that passed every check, sorted by id, ready to run.
#[derive(Clone, Debug)]
pub struct RuleSet {
    pub(super) rules: Vec<Rule>,
    pub(super) compiled: Vec<Compiled>,
    pub(super) engine: Engine,
    pub(super) data: Value,
    pub(super) plans: Vec<Plan>,
    pub(super) vocabulary: Arc<Vocabulary>,
}

impl RuleSet {
    /// Checks and compiles policies; tests among them are left to [`run_tests`](super::run_tests).
    ///
    /// Parameters have their defaults until [`with_data`](Self::with_data) sets them.
    pub fn load(sources: &[PolicySource], vocabulary: &Vocabulary) -> Result<Self, LoadErrors> {
        let mut errors = Vec::new();
        let mut engine = Engine::new();
        let policies: Vec<&PolicySource> =
            sources.iter().filter(|source| source.is_rego() && !source.is_test()).collect();
        let units = parse_units(&mut engine, &policies, &mut errors);
        let sources_of: Vec<&PolicySource> =
            units.iter().filter_map(|unit| policies.iter().copied().find(|source| source.shown == unit.path)).collect();

        let graph = Graph::build(&units, &mut errors);
        for unit in &units {
            check_safety(unit, &units, &graph, &mut errors);
        }
        let mut rules = Vec::new();
        for (unit, source) in units.iter().zip(&sources_of) {
            check_package(unit, source, &units, &mut errors);
            if is_library(unit, source) {
                continue;
            }
            check_entries(unit, &graph, &mut errors);
            match metadata::read(unit.path, unit.text, vocabulary) {
                Ok(metadata) => rules.push((unit, page_of(source, sources), metadata)),
                Err(wrong) => errors.extend(wrong),
            }
        }
        rules.sort_by(|(_, _, left), (_, _, right)| left.id.cmp(&right.id));
        check_ids(&rules, &mut errors);
        let parameters: Parameters = rules
            .iter()
            .map(|(_, _, metadata)| (metadata.id.as_str().to_owned(), metadata.parameters.keys().cloned().collect()))
            .collect();

        let mut parts = Vec::new();
        for (unit, page, metadata) in rules {
            let own = graph.of_package(&unit.package);
            let reached = graph.reachable(own);
            for (of, tree) in reads::rules(&graph, &units, &reached) {
                reads::check(of, tree, metadata.subject, vocabulary, &parameters, &mut errors);
            }
            let entry = |name: &str| graph.find(&[unit.package.as_slice(), &[name.to_owned()]].concat());
            let entries = [entry("deny"), entry("undetermined")];
            let reads = reads::of_nodes(&graph, &units, &graph.reachable(entries.into_iter().flatten()));
            let rule = Rule {
                metadata,
                package: unit.package.join("."),
                path: unit.path.to_owned(),
                text: unit.text.to_owned(),
                page,
            };
            let undetermined = entries[1].map(|_| entry_path(&unit.package, "undetermined"));
            parts.push((rule, entry_path(&unit.package, "deny"), undetermined, reads));
        }
        if !errors.is_empty() {
            return Err(LoadErrors::new(errors));
        }
        let (rules, compiled) = compile(&mut engine, parts, &units).map_err(LoadErrors::new)?;
        drop(units);
        let mut set = Self {
            rules,
            compiled,
            engine,
            data: Value::new_object(),
            plans: Vec::new(),
            vocabulary: Arc::new(vocabulary.clone()),
        };
        set.enable(|_| true);
        let defaults = set.merged(serde_json::json!({})).unwrap_or_default();
        set.set_data(defaults);
        Ok(set)
    }

    /// The rules, sorted by id. A [`Judgement`](super::Judgement) names a rule by its position here.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// Which kind of subject a name stands for, and the other way round.
    pub fn vocabulary(&self) -> &Vocabulary {
        &self.vocabulary
    }

    /// Leaves only the rules on for which `wanted` is true. All of them stay in [`rules`](Self::rules).
    pub fn enable(&mut self, wanted: impl Fn(&Rule) -> bool) {
        let kinds = (0u16..).map(SubjectKind).take(self.vocabulary.len());
        self.plans = kinds
            .map(|kind| {
                let of_kind = |(_, rule): &(usize, &Rule)| rule.metadata.subject == kind && wanted(rule);
                Plan::new(self.rules.iter().enumerate().filter(of_kind))
            })
            .collect();
    }

    /// Whether some rule that is on looks at subjects of this kind.
    pub fn looks_at(&self, kind: SubjectKind) -> bool {
        self.plans.get(usize::from(kind.0)).is_some_and(|plan| !plan.rules.is_empty())
    }

    pub(super) fn set_data(&mut self, data: serde_json::Value) {
        self.data = Value::from(data);
        self.engine.clear_data();
        // Both cannot fail: `data` is an object, and was prepared with these policies before.
        let added = self.engine.add_data(self.data.clone());
        debug_assert!(added.is_ok(), "{added:?}");
        if let Some(first) = self.compiled.first() {
            let prepared = self.engine.compile_with_entrypoint(&first.deny.as_str().into());
            debug_assert!(prepared.is_ok());
        }
    }
}

/// Parses files, each as far as it can be.
pub(super) fn parse_units<'s>(
    engine: &mut Engine,
    sources: &[&'s PolicySource],
    errors: &mut Vec<LoadError>,
) -> Vec<Unit<'s>> {
    let mut units: Vec<Unit<'s>> = Vec::new();
    for source in sources {
        if units.iter().any(|unit| unit.path == source.shown) {
            errors.push(LoadError::at(&source.shown, &source.text, (1, 1), "the same file is given twice"));
            continue;
        }
        match syntax::parse(engine, &source.shown, &source.text) {
            Ok(module) => {
                let kind = if source.is_test() { UnitKind::Test } else { UnitKind::Policy };
                units.push(Unit::new(&source.shown, &source.text, module, kind, errors));
            }
            Err(error) => errors.push(error),
        }
    }
    units
}

/// Variables without a value, in all rules of a file.
pub(super) fn check_safety(unit: &Unit<'_>, units: &[Unit<'_>], graph: &Graph, errors: &mut Vec<LoadError>) {
    let is_global = |name: &str| unit.imports.contains_key(name) || graph.defines(&unit.package, name);
    let arity = |name: &str| {
        let (root, rest) = name.split_once('.').unwrap_or((name, ""));
        let mut path = match unit.imports.get(root) {
            Some(import) => import.clone(),
            None if root == "data" => Vec::new(),
            None => [unit.package.as_slice(), &[root.to_owned()]].concat(),
        };
        path.extend(rest.split('.').filter(|part| !part.is_empty()).map(str::to_owned));
        let (unit, rule) = *graph.nodes.get(graph.find(&path)?)?.definitions.first()?;
        match units.get(unit)?.module.policy.get(rule)?.as_ref() {
            Tree::Spec { head: RuleHead::Func { args, .. }, .. } => Some(args.len()),
            _ => None,
        }
    };
    let safety = Safety { is_global: &is_global, arity: &arity };
    for rule in &unit.module.policy {
        for span in safety.check(rule) {
            let error = unit.error(span, format!("variable `{}` gets no value", span.text()));
            errors.push(error.hint("bind it with `:=` or `some … in`, or name a rule or an import"));
        }
    }
}

fn is_library(unit: &Unit<'_>, source: &PolicySource) -> bool {
    matches!(source.layout(), Layout::Library(_)) || unit.package.starts_with(&["policies".into(), "lib".into()])
}

/// A package is a rule's name in Rego: it follows from the folder, and is no one else's.
fn check_package(unit: &Unit<'_>, source: &PolicySource, units: &[Unit<'_>], errors: &mut Vec<LoadError>) {
    let span = unit.module.package.refr.span();
    let package = unit.package.join(".");
    let expected = match source.layout() {
        Layout::Library(file) => Some(format!("policies.lib.{file}")),
        Layout::Folder(area, name) => Some(format!("policies.{area}.{name}")),
        Layout::Stray(name) => {
            let message = format!("a rule's folder holds `{name}.rego` and `{name}_test.rego`, and no other policy");
            errors.push(LoadError::at(unit.path, unit.text, (1, 1), message).hint("shared helpers go to `lib/`"));
            return;
        }
        Layout::Bare => None,
    };
    if let Some(expected) = expected.filter(|expected| *expected != package) {
        let error = unit.error(span, format!("the package is `{package}`, the file's place asks for `{expected}`"));
        errors.push(error.hint("folders are in snake_case, and the package equals the path"));
    }
    if matches!(unit.package.first().map(String::as_str), Some("config" | "estate")) {
        errors.push(unit.error(span, format!("the package `{package}` hides `data.{package}`")));
    }
    let other = units.iter().take_while(|other| other.path != unit.path).find(|other| other.package == unit.package);
    if let Some(other) = other {
        errors.push(unit.error(span, format!("the package `{package}` is taken by {}", other.path)));
    }
}

/// `deny` exists, and both entry points are sets of entries.
fn check_entries(unit: &Unit<'_>, graph: &Graph, errors: &mut Vec<LoadError>) {
    for name in ["deny", "undetermined"] {
        let path = [unit.package.as_slice(), &[name.to_owned()]].concat();
        let own = |tree: &&regorus::unstable::Ref<Tree>| match head_of(tree) {
            Expr::Var { span, .. } => span.text() == name,
            _ => false,
        };
        for tree in unit.module.policy.iter().filter(own) {
            if !matches!(tree.as_ref(), Tree::Spec { head: RuleHead::Set { .. }, .. }) {
                let error = unit.error(tree.span(), format!("`{name}` is not a set of entries"));
                errors.push(error.hint(format!("write `{name} contains {{\"message\": …}} if {{ … }}`")));
            }
        }
        if name == "deny" && graph.find(&path).is_none() {
            let error = unit.error(unit.module.package.refr.span(), "the policy has no `deny` rule");
            errors.push(error.hint("write `deny contains {\"message\": …} if { … }`"));
        }
    }
}

fn check_ids(rules: &[(&Unit<'_>, Option<String>, Metadata)], errors: &mut Vec<LoadError>) {
    let mut taken: BTreeMap<&str, &str> = BTreeMap::new();
    for (unit, _, metadata) in rules {
        for id in [&metadata.id].into_iter().chain(&metadata.aliases) {
            if let Some(other) = taken.insert(id.as_str(), unit.path) {
                let place = metadata::place_of_id(unit.text);
                let message = format!("the rule id `{id}` is taken by {other}");
                errors.push(LoadError::at(unit.path, unit.text, place, message).hint("ids are stable: choose another"));
            }
        }
    }
}

/// The README beside a policy.
fn page_of(source: &PolicySource, sources: &[PolicySource]) -> Option<String> {
    let (folder, _) = source.path.rsplit_once('/')?;
    let page = format!("{folder}/README.md");
    sources.iter().find(|other| other.path == page).map(|page| page.text.clone())
}

/// A rule's path as the engine writes it: brackets around what is no identifier.
pub(super) fn entry_path(package: &[String], name: &str) -> String {
    let mut path = String::from("data");
    for part in package.iter().map(String::as_str).chain([name]) {
        let mut bytes = part.bytes();
        let starts = bytes.next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_');
        if starts && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            path.push('.');
            path.push_str(part);
        } else {
            path.push('[');
            path.push_str(&serde_json::Value::from(part).to_string());
            path.push(']');
        }
    }
    path
}

type Part = (Rule, String, Option<String>, Reads);

/// Compiles every rule into a program of its own: the machine clears all of a program's rules before each
/// run, so small programs run faster than one large one.
fn compile(
    engine: &mut Engine,
    parts: Vec<Part>,
    units: &[Unit<'_>],
) -> Result<(Vec<Rule>, Vec<Compiled>), Vec<LoadError>> {
    let Some((first, deny, ..)) = parts.first() else { return Ok((Vec::new(), Vec::new())) };
    let policy: CompiledPolicy = engine.compile_with_entrypoint(&deny.as_str().into()).map_err(|error| {
        let rendered = error.to_string();
        let (place, _) = syntax::read_engine(&rendered);
        let unit = units.iter().find(|unit| place.as_ref().is_some_and(|(path, ..)| path == unit.path));
        let (path, text) = unit.map_or((first.path.as_str(), first.text.as_str()), |unit| (unit.path, unit.text));
        vec![syntax::from_engine(path, text, &rendered)]
    })?;
    let mut errors = Vec::new();
    let mut compiled = Vec::new();
    let mut rules = Vec::new();
    for (rule, deny, undetermined, reads) in parts {
        let entries: Vec<&str> = [Some(deny.as_str()), undetermined.as_deref()].into_iter().flatten().collect();
        match Compiler::compile_from_policy(&policy, &entries) {
            Ok(program) => {
                compiled.push(Compiled { program, deny, undetermined, reads });
                rules.push(rule);
            }
            Err(error) => {
                let unit =
                    error.span.as_ref().and_then(|span| units.iter().find(|unit| unit.path == span.source.get_path()));
                let message = error.error.to_string();
                errors.push(match (&error.span, unit) {
                    (Some(span), Some(unit)) => unit.error(span, message),
                    _ => LoadError::at(&rule.path, &rule.text, (1, 1), message),
                });
            }
        }
    }
    if errors.is_empty() { Ok((rules, compiled)) } else { Err(errors) }
}
