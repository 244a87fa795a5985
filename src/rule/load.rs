//! From policy files to a checked set of rules.
//!
//! Everything that can be known to be wrong with a policy is told here, all of it at once, with its place:
//! a policy that loads has metadata, reads only what exists, calls only what is allowed, and neither of the
//! engine's two evaluators can hang or abort on its shape. Opens no file: texts are handed in.

use std::collections::BTreeMap;
use std::sync::Arc;

use regorus::unstable::{Expr, Rule as Tree, RuleHead};
use regorus::{Engine, Value};

use super::compile::{Compiled, Entries, Texts, compile, interpreter};
use super::engine::Plan;
use super::error::{LoadError, LoadErrors};
use super::graph::{Graph, Unit, UnitKind, head_of, root_of};
use super::metadata::{self, Metadata};
use super::reads::{self, Parameters};
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

    /// Whether it is a policy or a test of one, not a page.
    pub fn is_rego(&self) -> bool {
        self.path.rsplit_once('.').is_some_and(|(_, extension)| extension == "rego")
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

/// Rules that passed every check, sorted by id, ready to run.
#[derive(Clone, Debug)]
pub struct RuleSet {
    pub(super) rules: Vec<Rule>,
    pub(super) compiled: Vec<Compiled>,
    pub(super) engine: Engine,
    /// The texts that run, to tell errors in terms of the originals.
    pub(super) texts: Arc<Texts>,
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
            check_entries(unit, &mut errors);
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

        let mut runnable = Vec::new();
        let mut loaded = Vec::new();
        for (unit, page, metadata) in rules {
            let own = graph.of_package(&unit.package);
            for (of, tree) in reads::rules(&graph, &units, &graph.reachable(own)) {
                reads::check(of, tree, metadata.subject, vocabulary, &parameters, &mut errors);
            }
            let entry = |name: &str| graph.find(&[unit.package.as_slice(), &[name.to_owned()]].concat());
            let (deny, undetermined) = (entry("deny"), entry("undetermined"));
            let reached = graph.reachable(deny.into_iter().chain(undetermined));
            let entries = Entries {
                deny: entry_path(&unit.package, "deny"),
                undetermined: undetermined.map(|_| entry_path(&unit.package, "undetermined")),
            };
            runnable.push((unit, entries, reads::of_nodes(&graph, &units, &reached)));
            let (package, path, text) = (unit.package.join("."), unit.path.to_owned(), unit.text.to_owned());
            loaded.push(Rule { metadata, package, path, text, page });
        }
        if !errors.is_empty() {
            return Err(LoadErrors::new(errors));
        }
        let (mut engine, texts) = interpreter(&units, &graph).map_err(LoadErrors::new)?;
        let compiled = compile(&mut engine, &texts, runnable, &units).map_err(LoadErrors::new)?;
        let mut set = Self {
            rules: loaded,
            compiled,
            engine,
            texts: Arc::new(texts),
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
            let prepared = self.engine.compile_with_entrypoint(&first.entries.deny.as_str().into());
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
    let is_global = |name: &str| graph.is_global(unit, name);
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
    let span = root_of(&unit.module.package.refr);
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
fn check_entries(unit: &Unit<'_>, errors: &mut Vec<LoadError>) {
    for name in ["deny", "undetermined"] {
        let own = |tree: &&regorus::unstable::Ref<Tree>| root_of(head_of(tree)).text() == name;
        for tree in unit.module.policy.iter().filter(own) {
            let head = match tree.as_ref() {
                Tree::Spec { head: RuleHead::Set { refr, .. }, .. } => Some(refr.as_ref()),
                _ => None,
            };
            if !matches!(head, Some(Expr::Var { .. })) {
                let error = unit.error(tree.span(), format!("`{name}` is not a set of entries"));
                errors.push(error.hint(format!("write `{name} contains {{\"message\": …}} if {{ … }}`")));
            }
        }
        if name == "deny" && !unit.module.policy.iter().any(|tree| own(&tree)) {
            let error = unit.error(root_of(&unit.module.package.refr), "the policy has no `deny` rule");
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::fixture::{lib, policy, vocabulary};

    const GOOD: &str = "deny contains {\"message\": \"m\"} if input.established";

    fn errors(sources: &[PolicySource]) -> Vec<String> {
        match RuleSet::load(sources, &vocabulary()) {
            Ok(_) => Vec::new(),
            Err(errors) => errors.0.iter().map(ToString::to_string).collect(),
        }
    }

    fn only(sources: &[PolicySource]) -> String {
        let mut found = errors(sources);
        assert_eq!(found.len(), 1, "{found:#?}");
        found.remove(0)
    }

    #[test]
    fn a_rule_and_its_page_load() {
        let page = PolicySource::new("policies", "peering/good/README.md", "# Good\n");
        let set = RuleSet::load(&[page, policy("good", "", GOOD)], &vocabulary()).unwrap();
        let rule = &set.rules()[0];
        assert_eq!(rule.metadata.id.as_str(), "peering-good");
        assert_eq!(rule.package, "policies.peering.good");
        assert_eq!(rule.path, "policies/peering/good/good.rego");
        assert_eq!(rule.page.as_deref(), Some("# Good\n"));
        assert!(rule.text.contains("# METADATA"));
    }

    #[test]
    fn no_policies_are_a_set_without_rules() {
        let set = RuleSet::load(&[], &vocabulary()).unwrap();
        assert!(set.rules().is_empty());
        assert!(!set.looks_at(SubjectKind(0)));
    }

    #[test]
    fn what_the_binary_carries_is_named_by_its_place() {
        for source in embedded() {
            assert!(source.shown().starts_with("policies/"), "{}", source.shown());
        }
    }

    #[test]
    fn a_syntax_error_has_its_place_and_line() {
        let error = only(&[policy("bad", "", "deny contains x if {\n\tx := := 1\n}")]);
        assert!(error.starts_with("policies/peering/bad/bad.rego:13:10: expecting expression"), "{error}");
        assert!(error.contains("x := := 1"), "{error}");
    }

    #[test]
    fn all_errors_of_all_files_are_told_in_order() {
        let found = errors(&[
            policy("b", "", "deny contains {\"message\": nope(1)} if input.establishd"),
            policy("a", "", "allow := true"),
            PolicySource::new("policies", "peering/c/c.rego", "package policies.peering.c\n"),
        ]);
        let starts: Vec<&str> = found.iter().filter_map(|error| error.lines().next()).collect();
        assert_eq!(
            starts,
            [
                "policies/peering/a/a.rego:10:9: the policy has no `deny` rule",
                "policies/peering/b/b.rego:12:27: unknown function `nope`",
                "policies/peering/b/b.rego:12:45: there is no `establishd` in `input` of a `peering`",
                "policies/peering/c/c.rego:1:1: a rule needs its metadata above `package`, and there is none",
                "policies/peering/c/c.rego:1:9: the policy has no `deny` rule",
            ]
        );
    }

    #[test]
    fn the_package_equals_the_path() {
        let text =
            policy("good", "", GOOD).text.replace("package policies.peering.good", "package policies.peering.bad");
        let error = only(&[PolicySource::new("policies", "peering/good/good.rego", &text)]);
        let expected = "policies/peering/good/good.rego:10:9: the package is `policies.peering.bad`, \
                        the file's place asks for `policies.peering.good`";
        assert!(error.starts_with(expected), "{error}");
        let helper = PolicySource::new("policies", "lib/cidr.rego", "package policies.lib.cdir\nx := 1\n");
        assert!(only(&[helper]).contains("the file's place asks for `policies.lib.cidr`"));
    }

    #[test]
    fn a_rules_folder_holds_no_other_policy() {
        let stray = PolicySource::new("policies", "peering/good/helpers.rego", "package policies.peering.helpers\n");
        let found = errors(&[policy("good", "", GOOD), stray]);
        assert!(
            found.iter().any(|error| error.contains("a rule's folder holds `good.rego` and `good_test.rego`")),
            "{found:?}"
        );
    }

    #[test]
    fn bare_files_choose_their_package_and_ids_are_taken_once() {
        let bare = |package: &str, id: &str| {
            let text = policy("good", "", GOOD).text;
            let text = text.replace("package policies.peering.good", &format!("package {package}"));
            PolicySource::new("own", &format!("{id}.rego"), &text.replace("id: peering-good", &format!("id: {id}")))
        };
        assert_eq!(errors(&[bare("mine[\"one-sided\"]", "mine"), policy("good", "", GOOD)]), [""; 0]);
        let error = only(&[bare("mine", "peering-good"), policy("good", "", GOOD)]);
        let expected = "own/peering-good.rego:5:5: the rule id `peering-good` is taken by";
        assert!(error.starts_with(expected) || error.contains("is taken by own/peering-good.rego"), "{error}");
        let error = only(&[bare("mine", "one"), bare("mine", "two")]);
        assert!(error.starts_with("own/two.rego:10:9: the package `mine` is taken by own/one.rego"), "{error}");
        assert!(only(&[bare("config", "one")]).contains("the package `config` hides `data.config`"));
    }

    #[test]
    fn an_alias_is_taken_too() {
        let found = only(&[policy("a", "aliases: [peering-b]", GOOD), policy("b", "", GOOD)]);
        assert!(found.contains("the rule id `peering-b` is taken by policies/peering/a/a.rego"), "{found}");
    }

    #[test]
    fn deny_is_a_set_of_entries() {
        for body in [
            "deny := true",
            "default deny := false",
            "deny if input.established",
            "deny[x] := 1 if { x := input.state }",
            "deny.near contains 1 if input.established",
            "deny(x) := x",
        ] {
            let error = only(&[policy("bad", "", body)]);
            assert!(error.starts_with("policies/peering/bad/bad.rego:12:"), "{error}");
            assert!(error.contains("`deny` is not a set of entries"), "{error}");
            assert!(error.contains("hint: write `deny contains"), "{error}");
        }
        let error = only(&[policy("bad", "", &format!("{GOOD}\nundetermined := 1"))]);
        assert!(error.contains("`undetermined` is not a set of entries"), "{error}");
    }

    #[test]
    fn a_variable_without_a_value_is_an_error_with_its_place() {
        let error =
            only(&[policy("bad", "", "deny contains {\"message\": \"m\"} if {\n\tsome x\n\tx > input.count\n}")]);
        assert!(error.starts_with("policies/peering/bad/bad.rego:14:5: variable `x` gets no value"), "{error}");
    }

    #[test]
    fn circles_across_rules_and_helpers_are_errors_and_no_abort() {
        let helper = lib("loops", "import data.policies.peering.bad\n\nx := bad.y");
        let rule = policy("bad", "", &format!("import data.policies.lib.loops\n\ny := loops.x\n{GOOD}"));
        let error = only(&[helper, rule]);
        assert!(
            error.contains("rules refer to each other in a circle: policies.lib.loops.x -> policies.peering.bad.y -> "),
            "{error}"
        );
    }

    #[test]
    fn what_the_machine_cannot_compile_is_an_error_with_its_place() {
        let error = only(&[policy(
            "bad",
            "",
            &format!("names[\"a\"] contains 1 if names2.b\nnames2[\"b\"] := 1\n{GOOD} with input as 1"),
        )]);
        assert!(error.contains("`with` works in tests only"), "{error}");
        let error = only(&[policy(
            "bad",
            "",
            "m[\"k\"] := 1 if input.established\ndeny contains {\"message\": \"m\"} if m.k == 1",
        )]);
        assert!(error.starts_with("policies/peering/bad/bad.rego:12:"), "{error}");
    }

    #[test]
    fn helpers_are_checked_with_the_kinds_that_use_them() {
        let helper = lib("peer", "unknown if input.nothing");
        assert_eq!(errors(&[helper.clone(), policy("good", "", GOOD)]), [""; 0]);
        let body = "import data.policies.lib.peer\n\ndeny contains {\"message\": \"m\"} if peer.unknown";
        let error = only(&[helper, policy("bad", "", body)]);
        assert!(
            error.starts_with("policies/lib/peer.rego:3:18: there is no `nothing` in `input` of a `peering`"),
            "{error}"
        );
    }

    #[test]
    fn deep_nesting_and_large_files_are_errors_and_no_hang() {
        let deep = format!("x := {}1{}\n{GOOD}", "{\"a\":".repeat(25), "}".repeat(25));
        assert!(only(&[policy("bad", "", &deep)]).contains("brackets are nested more than 10 deep"));
        let long = format!("{GOOD}\n# {}", "x\n#".repeat(600_000));
        assert!(only(&[policy("bad", "", &long)]).contains("exceeds maximum allowed"));
    }

    #[test]
    fn the_same_file_twice_is_an_error() {
        assert!(errors(&[policy("a", "", GOOD), policy("a", "", GOOD)])[0].contains("the same file is given twice"));
    }

    #[test]
    fn entry_paths_put_brackets_around_what_is_no_identifier() {
        assert_eq!(entry_path(&["a".into(), "b-c".into()], "deny"), "data.a[\"b-c\"].deny");
    }
}
