//! Who refers to whom: packages, rules, functions and imports, across files.
//!
//! The engine's virtual machine ends the process on circles and on long chains of rules, and evaluates
//! what it does not know to nothing. So circles, depth, unknown names and forbidden functions are found here,
//! on the tree, before it sees a policy. References are over-approximated: a name that could be a rule is one.

use std::collections::{BTreeMap, BTreeSet};

use regorus::unstable::{BUILTINS, Expr, Module, Ref, Rule, RuleHead, Span};

use super::error::{LoadError, did_you_mean};
use super::schema::Step;
use super::syntax::{Chain, Found, walk};

/// Rules that call each other in a row: far below what the machine's stack bears, far above what reads well.
const MAX_CHAIN: usize = 16;

/// What results may depend on: facts, configuration and these functions. No clock, randomness, network,
/// process or output; and none that only one of the two evaluators can run.
const ALLOWED: &[&str] = &[
    "__builtin_sets.intersection",
    "__builtin_sets.union",
    "abs",
    "array.concat",
    "array.reverse",
    "array.slice",
    "base64.decode",
    "base64.encode",
    "base64.is_valid",
    "bits.and",
    "bits.lsh",
    "bits.negate",
    "bits.or",
    "bits.rsh",
    "bits.xor",
    "ceil",
    "concat",
    "contains",
    "count",
    "endswith",
    "floor",
    "format_int",
    "glob.match",
    "glob.quote_meta",
    "graph.reachable",
    "graph.reachable_paths",
    "hex.decode",
    "hex.encode",
    "indexof",
    "indexof_n",
    "intersection",
    "is_array",
    "is_boolean",
    "is_null",
    "is_number",
    "is_object",
    "is_set",
    "is_string",
    "json.filter",
    "json.is_valid",
    "json.marshal",
    "json.marshal_with_options",
    "json.remove",
    "json.unmarshal",
    "lower",
    "max",
    "min",
    "net.cidr_contains",
    "net.cidr_expand",
    "net.cidr_is_valid",
    "numbers.range",
    "numbers.range_step",
    "object.filter",
    "object.get",
    "object.keys",
    "object.remove",
    "object.subset",
    "object.union",
    "object.union_n",
    "product",
    "regex.find_n",
    "regex.is_valid",
    "regex.match",
    "regex.replace",
    "regex.split",
    "regex.template_match",
    "replace",
    "round",
    "semver.compare",
    "semver.is_valid",
    "sort",
    "split",
    "sprintf",
    "startswith",
    "strings.any_prefix_match",
    "strings.any_suffix_match",
    "strings.count",
    "strings.replace_n",
    "strings.reverse",
    "substring",
    "sum",
    "to_number",
    "trim",
    "trim_left",
    "trim_prefix",
    "trim_right",
    "trim_space",
    "trim_suffix",
    "type_name",
    "union",
    "units.parse",
    "units.parse_bytes",
    "upper",
    "urlquery.decode",
    "urlquery.decode_object",
    "urlquery.encode",
    "urlquery.encode_object",
];

/// A parsed policy file.
pub(super) struct Unit<'s> {
    /// The file, as messages show it.
    pub path: &'s str,
    /// Its text.
    pub text: &'s str,
    /// Its tree.
    pub module: Ref<Module>,
    /// Whether it holds Rego tests, which may use `with`.
    pub kind: UnitKind,
    /// The package's name, from `data` down.
    pub package: Vec<String>,
    /// What imports call: alias to path below `data`.
    pub imports: BTreeMap<String, Vec<String>>,
}

/// What a policy file is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum UnitKind {
    /// A rule, or a helper.
    Policy,
    /// Tests.
    Test,
}

impl<'s> Unit<'s> {
    /// Takes a parsed file; what its imports may not be is an error.
    pub(super) fn new(
        path: &'s str,
        text: &'s str,
        module: Ref<Module>,
        kind: UnitKind,
        errors: &mut Vec<LoadError>,
    ) -> Self {
        let package = static_path(&module.package.refr).unwrap_or_default();
        let mut unit = Self { path, text, module, kind, package, imports: BTreeMap::new() };
        for import in &unit.module.imports {
            let target = static_path(&import.refr).unwrap_or_default();
            match target.split_first() {
                Some((root, below)) if root == "data" && !below.is_empty() => {
                    let alias =
                        import.r#as.as_ref().map(|name| name.text().to_owned()).or_else(|| below.last().cloned());
                    unit.imports.insert(alias.unwrap_or_default(), below.to_vec());
                }
                Some((root, _)) if root == "rego" || root == "future" => {}
                _ => errors.push(
                    unit.error(&import.span, "only `data` is imported")
                        .hint("write `input.…` in full, so that what a policy reads can be seen"),
                ),
            }
        }
        unit
    }

    /// An error at a place in this file.
    pub(super) fn error(&self, span: &Span, message: impl Into<String>) -> LoadError {
        LoadError::at(self.path, self.text, (span.line, span.col), message)
    }
}

/// All definitions of one name.
pub(super) struct Node {
    /// The full path below `data`.
    pub path: Vec<String>,
    /// Its definitions: position of the unit, position of the rule in it.
    pub definitions: Vec<(usize, usize)>,
    /// What they may refer to.
    pub edges: BTreeSet<usize>,
}

impl Node {
    fn name(&self) -> String {
        self.path.join(".")
    }
}

/// The rules of all units and what they refer to.
pub(super) struct Graph {
    /// Every rule, in the order of their paths.
    pub nodes: Vec<Node>,
    by_path: BTreeMap<Vec<String>, usize>,
}

impl Graph {
    /// Reads all definitions and references; what is unknown, forbidden or circular is an error.
    pub(super) fn build(units: &[Unit<'_>], errors: &mut Vec<LoadError>) -> Self {
        let mut definitions: BTreeMap<Vec<String>, Vec<(usize, usize)>> = BTreeMap::new();
        for (unit_index, unit) in units.iter().enumerate() {
            for (rule_index, rule) in unit.module.policy.iter().enumerate() {
                let path = [unit.package.clone(), head_path(rule)].concat();
                definitions.entry(path).or_default().push((unit_index, rule_index));
            }
        }
        let mut graph = Self { nodes: Vec::new(), by_path: BTreeMap::new() };
        for (path, definitions) in definitions {
            graph.by_path.insert(path.clone(), graph.nodes.len());
            graph.nodes.push(Node { path, definitions, edges: BTreeSet::new() });
        }
        for index in 0..graph.nodes.len() {
            let mut edges = BTreeSet::new();
            for &(unit, rule) in graph.nodes.get(index).map_or(&[][..], |node| node.definitions.as_slice()) {
                if let Some(unit) = units.get(unit)
                    && let Some(rule) = unit.module.policy.get(rule)
                {
                    graph.references(unit, rule, &mut edges, errors);
                }
            }
            if let Some(node) = graph.nodes.get_mut(index) {
                node.edges = edges;
            }
        }
        graph.check_chains(units, errors);
        graph
    }

    /// The rule of exactly that path.
    pub(super) fn find(&self, path: &[String]) -> Option<usize> {
        self.by_path.get(path).copied()
    }

    /// Whether a package of that path defines a rule whose name starts with `name`.
    pub(super) fn defines(&self, package: &[String], name: &str) -> bool {
        let prefix = [package, &[name.to_owned()]].concat();
        self.below(&prefix).next().is_some()
    }

    /// Whether a name in a file means a rule or an import, where no variable hides it.
    pub(super) fn is_global(&self, unit: &Unit<'_>, name: &str) -> bool {
        unit.imports.contains_key(name) || self.defines(&unit.package, name)
    }

    /// The rules of a package, and of packages below it.
    pub(super) fn of_package(&self, package: &[String]) -> BTreeSet<usize> {
        self.below(package).collect()
    }

    /// Everything that the rules in `start` can reach, themselves included.
    pub(super) fn reachable(&self, start: impl IntoIterator<Item = usize>) -> BTreeSet<usize> {
        let mut open: Vec<usize> = start.into_iter().collect();
        let mut reached = BTreeSet::new();
        while let Some(index) = open.pop() {
            if reached.insert(index) {
                open.extend(self.nodes.get(index).into_iter().flat_map(|node| node.edges.iter().copied()));
            }
        }
        reached
    }

    fn below<'a>(&'a self, prefix: &'a [String]) -> impl Iterator<Item = usize> + 'a {
        self.by_path.range(prefix.to_vec()..).take_while(|(path, _)| path.starts_with(prefix)).map(|(_, index)| *index)
    }

    /// Rules that a reference can mean: those on its way, and those below it.
    fn targets(&self, path: &[Step]) -> BTreeSet<usize> {
        let mut fixed: Vec<String> = Vec::new();
        let mut found = BTreeSet::new();
        for step in path {
            let Step::Field(name) = step else { break };
            fixed.push(name.clone());
            found.extend(self.find(&fixed));
        }
        let fits = |index: &usize| {
            let rule = self.nodes.get(*index).map_or(&[][..], |node| node.path.as_slice());
            rule.iter().zip(path).all(|(name, step)| matches!(step, Step::Any) || *step == Step::Field(name.clone()))
        };
        found.extend(self.below(&fixed).filter(fits));
        found
    }

    /// Where a reference leads below `data`; `None` for `input` and for variables.
    fn resolve(&self, unit: &Unit<'_>, chain: &Chain<'_>) -> Option<Vec<Step>> {
        let root = chain.root.text();
        let steps = chain.steps.iter().map(|(step, _)| step.clone());
        let base: Vec<String> = if root == "data" {
            Vec::new()
        } else if self.defines(&unit.package, root) {
            [unit.package.clone(), vec![root.to_owned()]].concat()
        } else {
            unit.imports.get(root)?.clone()
        };
        Some(base.into_iter().map(Step::Field).chain(steps).collect())
    }

    fn references(&self, unit: &Unit<'_>, rule: &Rule, edges: &mut BTreeSet<usize>, errors: &mut Vec<LoadError>) {
        let mut arguments = BTreeSet::new();
        walk(rule, &mut |found| {
            match &found {
                Found::Argument(name) => {
                    arguments.insert(name.text());
                }
                Found::With(span) if unit.kind == UnitKind::Policy => errors.push(
                    unit.error(span, "`with` works in tests only").hint("pass the value to a function as an argument"),
                ),
                _ => {}
            }
            match found {
                Found::Argument(name) | Found::Declare(name) | Found::Bind { name, .. }
                    if matches!(name.text(), "input" | "data") =>
                {
                    errors.push(unit.error(name, format!("`{}` cannot be a variable's name", name.text())));
                }
                _ => {}
            }
            let (chain, call) = match found {
                Found::Read(chain) | Found::Bind { from: chain, .. } => (chain, false),
                Found::Call(chain) => (chain, true),
                Found::Declare(_) | Found::Argument(_) | Found::With(_) => return,
            };
            if arguments.contains(chain.root.text()) && !call {
                return;
            }
            match self.resolve(unit, &chain) {
                Some(path) => {
                    let targets = self.targets(&path);
                    if targets.is_empty() {
                        errors.extend(self.unknown_data(unit, &chain, &path, call));
                    }
                    edges.extend(targets);
                }
                None if call => errors.extend(self.check_builtin(unit, &chain)),
                None => {}
            }
        });
    }

    /// A reference below `data` that no rule answers.
    fn unknown_data(&self, unit: &Unit<'_>, chain: &Chain<'_>, path: &[Step], call: bool) -> Option<LoadError> {
        let Some(Step::Field(first)) = path.first() else { return None };
        if matches!(first.as_str(), "config" | "estate") && !call {
            return None;
        }
        let fields = path.iter().map_while(|step| match step {
            Step::Field(name) => Some(name.clone()),
            Step::Any => None,
        });
        let mut package: Vec<String> = fields.collect();
        let what = if call { "function" } else { "rule" };
        let message = format!("there is no {what} `data.{}`", package.join("."));
        let last = package.pop().unwrap_or_default();
        let siblings: Vec<&str> = self
            .below(&package)
            .filter_map(|index| self.nodes.get(index)?.path.get(package.len()))
            .map(String::as_str)
            .collect();
        let hint = match did_you_mean(&last, siblings) {
            Some(name) => format!("did you mean `{name}`?"),
            None => "policies see rules, `data.config` and `data.estate`".to_owned(),
        };
        Some(unit.error(chain.root, message).hint(hint))
    }

    fn check_builtin(&self, unit: &Unit<'_>, chain: &Chain<'_>) -> Option<LoadError> {
        let name = chain.name();
        if ALLOWED.binary_search(&name.as_str()).is_ok() && BUILTINS.contains_key(name.as_str()) {
            return None;
        }
        let message = |what: &str| unit.error(chain.root, format!("{what} `{name}`"));
        let outside =
            ["http.", "net.lookup", "opa.", "rand.", "time.", "trace", "print", "uuid.", "rego.", "io.", "test."];
        if outside.iter().any(|prefix| name.starts_with(prefix)) {
            let error = message("policies may not call");
            return Some(error.hint("what a policy says depends on facts and configuration alone"));
        }
        let hint = match name.as_str() {
            "walk" => "the engine cannot run it as a loop: name the fields".to_owned(),
            "net.cidr_intersects" => {
                "two prefixes overlap when one contains the other: ask `net.cidr_contains` both ways".to_owned()
            }
            _ => {
                let own =
                    self.below(&unit.package).filter_map(|index| self.nodes.get(index)?.path.get(unit.package.len()));
                let known = ALLOWED.iter().copied().chain(own.map(String::as_str));
                match did_you_mean(&name, known) {
                    Some(close) => format!("did you mean `{close}`?"),
                    None => "shared functions are imported: `import data.policies.lib.<file>`".to_owned(),
                }
            }
        };
        Some(message("unknown function").hint(hint))
    }

    /// Finds circles and long rows. Iterative: the chain that it looks for may be thousands long.
    fn check_chains(&self, units: &[Unit<'_>], errors: &mut Vec<LoadError>) {
        let mut depth: Vec<Option<usize>> = vec![None; self.nodes.len()];
        let mut on_path = vec![false; self.nodes.len()];
        for start in 0..self.nodes.len() {
            let mut path: Vec<(usize, Vec<usize>)> = Vec::new();
            let mut enter = Some(start);
            loop {
                if let Some(index) = enter.take()
                    && depth.get(index).is_some_and(Option::is_none)
                {
                    mark(&mut on_path, index, true);
                    let edges = self.nodes.get(index).map(|node| node.edges.iter().copied().collect());
                    path.push((index, edges.unwrap_or_default()));
                }
                let Some((index, edges)) = path.last_mut() else { break };
                let index = *index;
                match edges.pop() {
                    Some(next) if on_path.get(next) == Some(&true) => {
                        let from = path.iter().position(|(at, _)| *at == next).unwrap_or_default();
                        errors.extend(self.circle(units, path.iter().skip(from).map(|(at, _)| *at).collect()));
                    }
                    Some(next) => enter = Some(next),
                    None => {
                        let below = self.nodes.get(index).into_iter().flat_map(|node| &node.edges);
                        let deepest = below.filter_map(|next| depth.get(*next).copied().flatten()).max();
                        let own = deepest.map_or(1, |below| below + 1);
                        if own == MAX_CHAIN + 1 {
                            let message =
                                format!("a row of more than {MAX_CHAIN} rules that call each other starts here");
                            errors.extend(
                                self.error_at(units, index, message).map(|error| error.hint("merge some of them")),
                            );
                        }
                        if let Some(slot) = depth.get_mut(index) {
                            *slot = Some(own);
                        }
                        mark(&mut on_path, index, false);
                        path.pop();
                    }
                }
            }
        }
    }

    fn circle(&self, units: &[Unit<'_>], mut members: Vec<usize>) -> Option<LoadError> {
        // The same circle is met from several sides: it is told from its first rule on.
        let first = members.iter().enumerate().min_by_key(|(_, index)| **index).map_or(0, |(at, _)| at);
        members.rotate_left(first);
        let names: Vec<String> = members.iter().filter_map(|index| self.nodes.get(*index)).map(Node::name).collect();
        let names: Vec<&str> = names.iter().chain(names.first()).map(String::as_str).collect();
        let error = self.error_at(
            units,
            *members.first()?,
            format!("rules refer to each other in a circle: {}", names.join(" -> ")),
        )?;
        Some(error.hint("where a local variable was meant, give it a name that no rule of the package has"))
    }

    fn error_at(&self, units: &[Unit<'_>], index: usize, message: String) -> Option<LoadError> {
        let (unit, rule) = *self.nodes.get(index)?.definitions.first()?;
        let unit = units.get(unit)?;
        Some(unit.error(unit.module.policy.get(rule)?.span(), message))
    }
}

fn mark(flags: &mut [bool], index: usize, value: bool) {
    if let Some(flag) = flags.get_mut(index) {
        *flag = value;
    }
}

/// The reference in a rule's head.
pub(super) fn head_of(rule: &Rule) -> &Expr {
    match rule {
        Rule::Spec {
            head: RuleHead::Compr { refr, .. } | RuleHead::Set { refr, .. } | RuleHead::Func { refr, .. },
            ..
        }
        | Rule::Default { refr, .. } => refr,
    }
}

/// The first name of a reference, where it begins in the text.
pub(super) fn root_of(mut expr: &Expr) -> &Span {
    while let Expr::RefDot { refr, .. } | Expr::RefBrack { refr, .. } = expr {
        expr = refr;
    }
    expr.span()
}

/// A rule's name, up to its first key that is not fixed.
fn head_path(rule: &Rule) -> Vec<String> {
    let mut head = head_of(rule);
    let mut path = Vec::new();
    loop {
        match head {
            Expr::Var { span, .. } => {
                path.push(span.text().to_owned());
                path.reverse();
                return path;
            }
            Expr::RefDot { refr, field, .. } => {
                path.push(field.0.text().to_owned());
                head = refr;
            }
            Expr::RefBrack { refr, index, .. } => {
                match index.as_ref() {
                    Expr::String { value, .. } => path.extend(value.as_string().map(|text| text.as_ref().to_owned())),
                    _ => path.clear(),
                }
                head = refr;
            }
            _ => return path,
        }
    }
}

/// The names of a fixed reference, such as a package's or an import's.
pub(super) fn static_path(mut expr: &Expr) -> Option<Vec<String>> {
    let mut path = Vec::new();
    loop {
        match expr {
            Expr::Var { span, .. } => {
                path.push(span.text().to_owned());
                path.reverse();
                return Some(path);
            }
            Expr::RefDot { refr, field, .. } => {
                path.push(field.0.text().to_owned());
                expr = refr;
            }
            Expr::RefBrack { refr, index, .. } => {
                let Expr::String { value, .. } = index.as_ref() else { return None };
                path.push(value.as_string().ok()?.as_ref().to_owned());
                expr = refr;
            }
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use regorus::Engine;

    use super::*;
    use crate::rule::syntax::parse;

    fn check(files: &[(&str, &str)]) -> Vec<String> {
        let mut engine = Engine::new();
        let mut errors = Vec::new();
        let units: Vec<Unit<'_>> = files
            .iter()
            .map(|(path, text)| {
                let module = parse(&mut engine, path, text).unwrap();
                let kind = if path.ends_with("_test.rego") { UnitKind::Test } else { UnitKind::Policy };
                Unit::new(path, text, module, kind, &mut errors)
            })
            .collect();
        Graph::build(&units, &mut errors);
        errors.iter().map(ToString::to_string).collect()
    }

    fn only(files: &[(&str, &str)]) -> String {
        let mut errors = check(files);
        errors.dedup();
        assert_eq!(errors.len(), 1, "{errors:#?}");
        errors.remove(0)
    }

    #[test]
    fn allowed_functions_are_sorted_and_exist() {
        assert!(ALLOWED.is_sorted());
        for name in ALLOWED {
            assert!(BUILTINS.contains_key(name), "{name}");
        }
    }

    #[test]
    fn a_rule_that_refers_to_itself_is_a_circle() {
        let error = only(&[("p.rego", "package a\n\nx := x\n")]);
        assert!(error.starts_with("p.rego:3:1: rules refer to each other in a circle: a.x -> a.x\n"), "{error}");
    }

    #[test]
    fn two_rules_that_refer_to_each_other_are_told_once() {
        let error = only(&[("p.rego", "package a\nx := y\ny := x\nz := y\n")]);
        assert!(error.starts_with("p.rego:2:1: rules refer to each other in a circle: a.x -> a.y -> a.x"), "{error}");
    }

    #[test]
    fn circles_are_found_across_packages_imports_and_functions() {
        let a = ("a.rego", "package a\nimport data.b\nx := b.f(1)\n");
        let b = ("b.rego", "package b\nf(n) := n if { data.a.x }\n");
        assert!(only(&[a, b]).contains("circle: a.x -> b.f -> a.x"));
        let dynamic = ("a.rego", "package a\nx if { some k; data.a[k] }\n");
        assert!(only(&[dynamic]).contains("circle: a.x -> a.x"));
        let whole = ("a.rego", "package a.b\nx := data.a\n");
        assert!(only(&[whole]).contains("circle: a.b.x -> a.b.x"));
        let bracket = ("a.rego", "package a\nx := y[\"k\"]\ny[k] := 1 if { k := x }\n");
        assert!(only(&[bracket]).contains("circle"));
    }

    #[test]
    fn a_recursive_function_is_a_circle() {
        let error = only(&[("p.rego", "package a\nf(n) := f(n - 1)\n")]);
        assert!(error.contains("circle: a.f -> a.f"), "{error}");
    }

    #[test]
    fn an_argument_may_have_the_name_of_a_rule() {
        assert_eq!(check(&[("p.rego", "package a\nprefix := f(1)\nf(prefix) := prefix + 1\n")]), [""; 0]);
    }

    #[test]
    fn three_thousand_rules_in_a_row_are_an_error_and_not_an_abort() {
        use std::fmt::Write as _;
        let mut text = String::from("package a\nr0 := 1\n");
        for index in 1..3000 {
            writeln!(text, "r{index} := r{}", index - 1).unwrap();
        }
        let error = only(&[("p.rego", &text)]);
        assert!(error.contains("a row of more than 16 rules that call each other starts here"), "{error}");
        assert!(error.starts_with("p.rego:18:1:"), "{error}");
    }

    #[test]
    fn three_thousand_rules_in_a_circle_are_an_error_and_not_an_abort() {
        use std::fmt::Write as _;
        let mut text = String::from("package a\nr0 := r2999\n");
        for index in 1..3000 {
            writeln!(text, "r{index} := r{}", index - 1).unwrap();
        }
        assert!(check(&[("p.rego", &text)]).iter().any(|error| error.contains("in a circle")));
    }

    #[test]
    fn an_unknown_function_is_named_with_the_one_that_was_meant() {
        let error = only(&[("p.rego", "package a\n\nx := starts_with(\"a\", \"b\")\n")]);
        assert!(error.starts_with("p.rego:3:6: unknown function `starts_with`"), "{error}");
        assert!(error.ends_with("hint: did you mean `startswith`?"), "{error}");
        let error = only(&[("p.rego", "package a\nhelper(x) := x\ny := helpr(1)\n")]);
        assert!(error.ends_with("did you mean `helper`?"), "{error}");
        let error = only(&[("p.rego", "package a\nx := net.cidr_intersects(\"a\", \"b\")\n")]);
        assert!(error.contains("ask `net.cidr_contains` both ways"), "{error}");
    }

    #[test]
    fn clock_randomness_network_and_output_are_refused() {
        for call in [
            "time.now_ns()",
            "rand.intn(\"a\", 3)",
            "http.send({})",
            "opa.runtime()",
            "uuid.rfc4122(\"a\")",
            "trace(\"a\")",
            "print(\"a\")",
        ] {
            let error = only(&[("p.rego", &format!("package a\nx := {call}\n"))]);
            assert!(error.starts_with("p.rego:2:6: policies may not call `"), "{call}: {error}");
        }
        assert!(only(&[("p.rego", "package a\nx if { walk(input, [p, v]) }\n")]).contains("name the fields"));
    }

    #[test]
    fn a_rule_that_does_not_exist_is_named_with_the_one_that_was_meant() {
        let lib = ("l.rego", "package policies.lib.cidr\noverlaps(a, b) if { a == b }\n");
        let error = only(&[lib, ("p.rego", "package a\nimport data.policies.lib.cidr\nx := cidr.overlap(1, 2)\n")]);
        assert!(error.starts_with("p.rego:3:6: there is no function `data.policies.lib.cidr.overlap`"), "{error}");
        assert!(error.ends_with("did you mean `overlaps`?"), "{error}");
        let error = only(&[("p.rego", "package a\nx := data.estat.vnets\n")]);
        assert!(error.contains("there is no rule `data.estat.vnets`"), "{error}");
        assert_eq!(
            check(&[("p.rego", "package a\nx := data.estate.vnets\ny := data.config.rules[\"r\"].n\n")]),
            [""; 0]
        );
    }

    #[test]
    fn with_is_for_tests() {
        let policy = ("p.rego", "package a\nx if { y with input as {} }\ny := 1\n");
        assert!(only(&[policy]).starts_with("p.rego:2:10: `with` works in tests only"), "{}", only(&[policy]));
        let test = ("p_test.rego", "package a_test\ntest_x if { data.a.y with input as {} }\n");
        assert_eq!(check(&[("p.rego", "package a\ny := 1\n"), test]), [""; 0]);
    }

    #[test]
    fn input_is_neither_imported_nor_shadowed() {
        assert!(only(&[("p.rego", "package a\nimport input.near\nx := near\n")]).contains("only `data` is imported"));
        let mut engine = Engine::new();
        for rule in [
            "x if { input := 1 }",
            "x if { some input in [1] }",
            "x if { every data in [1] { data == 1 } }",
            "f(input) := 1",
        ] {
            let text = format!("package a\n{rule}\n");
            let shadowed = match parse(&mut engine, "p.rego", &text) {
                Ok(_) => check(&[("p.rego", &text)]).iter().any(|error| error.contains("cannot be a variable's name")),
                Err(error) => error.message.contains("cannot be shadowed"),
            };
            assert!(shadowed, "{rule}");
        }
    }
}
