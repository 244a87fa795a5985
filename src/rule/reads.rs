//! What a policy reads of its input, from its syntax tree.
//!
//! The answer is used to leave out what nobody reads, so it must never be too small: a reference whose value
//! is used as a whole reads the whole of it. Variables that stand for a reference, or for its elements, are
//! followed by name within a rule, over all places where that name is bound.

use std::collections::{BTreeMap, BTreeSet};

use regorus::unstable::{Rule, Span};

use super::error::{LoadError, did_you_mean};
use super::graph::{Graph, Unit, UnitKind};
use super::schema::{Step, SubjectKind, Unknown, Vocabulary};
use super::syntax::{Chain, Found, Takes, walk};

/// The parts of a document that are read.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Reads {
    /// All of it, whatever the rest says.
    pub whole: bool,
    /// Parts of a field.
    pub fields: BTreeMap<String, Self>,
    /// Parts of every element or field.
    pub any: Option<Box<Self>>,
}

impl Reads {
    /// The part at `path`, of which nothing but that it exists is read so far.
    fn at<'a>(&mut self, path: impl IntoIterator<Item = &'a Step>) -> &mut Self {
        path.into_iter().fold(self, |at, step| match step {
            Step::Field(name) => at.fields.entry(name.clone()).or_default(),
            Step::Any => at.any.get_or_insert_default(),
        })
    }

    /// Reads all that `other` reads, too.
    pub(super) fn merge(&mut self, other: &Self) {
        self.whole |= other.whole;
        for (name, parts) in &other.fields {
            self.fields.entry(name.clone()).or_default().merge(parts);
        }
        if let Some(parts) = &other.any {
            self.any.get_or_insert_default().merge(parts);
        }
    }
}

/// A reference into `input` or `data`, and every path that it can be.
struct Place<'a> {
    paths: Vec<Path<'a>>,
}

/// One path: its document, its steps, and where each of them is written.
#[derive(Clone)]
struct Path<'a> {
    document: Document,
    steps: Vec<(Step, &'a Span)>,
    /// Where the steps cannot be followed, all of the document is meant.
    lost: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Document {
    Input,
    Data,
}

/// Variables of a rule that stand for references.
type Bindings<'a> = BTreeMap<&'a str, Vec<Binding<'a>>>;

struct Binding<'a> {
    name: &'a Span,
    from: Chain<'a>,
    takes: Takes,
}

/// The names of each rule's parameters, by rule id.
pub(super) type Parameters = BTreeMap<String, BTreeSet<String>>;

/// What one rule reads of its input.
pub(super) fn of_rule(rule: &Rule) -> Reads {
    let mut reads = Reads::default();
    let of_input = |path: &Path<'_>| path.document == Document::Input;
    for path in places(rule).iter().flat_map(|place| &place.paths).filter(|path| of_input(path)) {
        reads.at(path.steps.iter().map(|(step, _)| step)).whole = true;
    }
    // A statement that only binds still fails where there is nothing to bind.
    for path in bound_places(rule).iter().flat_map(|place| &place.paths).filter(|path| of_input(path)) {
        reads.at(path.steps.iter().map(|(step, _)| step)).whole |= path.lost;
    }
    reads
}

/// Compares all that a rule refers to with the schemas of its subject and of `data`.
pub(super) fn check(
    unit: &Unit<'_>,
    rule: &Rule,
    kind: SubjectKind,
    vocabulary: &Vocabulary,
    parameters: &Parameters,
    errors: &mut Vec<LoadError>,
) {
    if unit.kind == UnitKind::Test {
        return;
    }
    for place in places(rule).into_iter().chain(bound_places(rule)) {
        let mut wrong = None;
        for path in &place.paths {
            let steps: Vec<Step> = path.steps.iter().map(|(step, _)| step.clone()).collect();
            let result = match path.document {
                Document::Input => vocabulary.check(kind, &steps),
                Document::Data => check_parameter(&steps, parameters).and_then(|()| vocabulary.check_data(&steps)),
            };
            match result {
                // One meaning that exists is enough: the same name may be bound elsewhere in the rule.
                Ok(()) => {
                    wrong = None;
                    break;
                }
                Err(unknown) => wrong = Some((path, unknown)),
            }
        }
        if let Some((path, unknown)) = wrong {
            errors.extend(error_at(unit, path, &unknown, vocabulary.name(kind)));
        }
    }
}

/// `data.config.rules["<id>"].<name>` names a parameter that some rule declares.
fn check_parameter(steps: &[Step], parameters: &Parameters) -> Result<(), Unknown> {
    let fields: Vec<&str> = steps
        .iter()
        .map_while(|step| match step {
            Step::Field(name) => Some(name.as_str()),
            Step::Any => None,
        })
        .collect();
    let ["config", "rules", rule, rest @ ..] = fields.as_slice() else { return Ok(()) };
    let unknown = |at, name: &str, known: Vec<&str>| {
        let hint = did_you_mean(name, known).map(|close| format!("did you mean `{close}`?"));
        let hint = hint.or_else(|| Some("`parameters` in a rule's metadata declares what it can be set to".to_owned()));
        Err(Unknown { at, message: format!("there is no `{name}`"), hint })
    };
    let Some(names) = parameters.get(*rule) else {
        return unknown(2, rule, parameters.keys().map(String::as_str).collect());
    };
    match rest.first() {
        Some(name) if !names.contains(*name) => unknown(3, name, names.iter().map(String::as_str).collect()),
        _ => Ok(()),
    }
}

fn error_at(unit: &Unit<'_>, path: &Path<'_>, unknown: &Unknown, subject: &str) -> Option<LoadError> {
    let (_, span) = path.steps.get(unknown.at)?;
    let mut whole = String::from(if path.document == Document::Input { "input" } else { "data" });
    for (step, _) in path.steps.iter().take(unknown.at) {
        match step {
            Step::Field(name) => {
                whole.push('.');
                whole.push_str(name);
            }
            Step::Any => whole.push_str("[_]"),
        }
    }
    let of = if path.document == Document::Input { format!(" of a `{subject}`") } else { String::new() };
    let error = unit.error(span, format!("{} in `{whole}`{of}", unknown.message));
    Some(LoadError { hint: unknown.hint.clone(), ..error })
}

/// What follows `input` where something is read.
fn places(rule: &Rule) -> Vec<Place<'_>> {
    let bindings = bindings(rule);
    let mut places = Vec::new();
    walk(rule, &mut |found| {
        if let Found::Read(chain) = found {
            places.push(Place { paths: resolve(&chain, &bindings, &mut BTreeSet::new()) });
        }
    });
    places
}

/// What variables are bound to: nothing is read by that, but it has to exist.
fn bound_places(rule: &Rule) -> Vec<Place<'_>> {
    let bindings = bindings(rule);
    let chains = bindings.values().flatten();
    let bound = chains.map(|binding| {
        let mut paths = resolve(&binding.from, &bindings, &mut BTreeSet::new());
        for path in paths.iter_mut().filter(|path| binding.takes == Takes::Elements && !path.lost) {
            path.steps.push((Step::Any, binding.name));
        }
        Place { paths }
    });
    bound.collect()
}

fn bindings(rule: &Rule) -> Bindings<'_> {
    let mut bindings = Bindings::new();
    walk(rule, &mut |found| {
        if let Found::Bind { name, from, takes } = found {
            bindings.entry(name.text()).or_default().push(Binding { name, from, takes });
        }
    });
    bindings
}

/// Every path that a reference can be. A variable that is bound to itself stands for the whole input.
fn resolve<'a>(chain: &Chain<'a>, bindings: &Bindings<'a>, open: &mut BTreeSet<&'a str>) -> Vec<Path<'a>> {
    let root = chain.root.text();
    let document = match root {
        "input" => Document::Input,
        "data" => Document::Data,
        _ => {
            let Some(sources) = bindings.get(root) else { return Vec::new() };
            if !open.insert(root) {
                return vec![Path { document: Document::Input, steps: Vec::new(), lost: true }];
            }
            let mut paths = Vec::new();
            for Binding { name, from, takes } in sources {
                for mut path in resolve(from, bindings, open) {
                    if !path.lost {
                        path.steps.extend((*takes == Takes::Elements).then_some((Step::Any, *name)));
                        path.steps.extend(chain.steps.iter().cloned());
                    }
                    paths.push(path);
                }
            }
            open.remove(root);
            return paths;
        }
    };
    vec![Path { document, steps: chain.steps.clone(), lost: false }]
}

/// What the rules of `nodes` read together.
pub(super) fn of_nodes(graph: &Graph, units: &[Unit<'_>], nodes: &BTreeSet<usize>) -> Reads {
    let mut reads = Reads::default();
    for rule in rules(graph, units, nodes) {
        reads.merge(&of_rule(rule.1));
    }
    reads
}

/// The definitions of some nodes, each with its file.
pub(super) fn rules<'u, 's>(
    graph: &'u Graph,
    units: &'u [Unit<'s>],
    nodes: &'u BTreeSet<usize>,
) -> impl Iterator<Item = (&'u Unit<'s>, &'u Rule)> {
    let definitions = nodes.iter().filter_map(|index| graph.nodes.get(*index)).flat_map(|node| &node.definitions);
    definitions.filter_map(|(unit, rule)| {
        let unit = units.get(*unit)?;
        Some((unit, unit.module.policy.get(*rule)?.as_ref()))
    })
}

#[cfg(test)]
mod tests {
    use regorus::Engine;

    use super::*;
    use crate::rule::fixture;
    use crate::rule::syntax::parse;

    /// The leaves of what a rule reads, as `a.b`, `a.*.c`; `a?` where only the existence matters.
    fn leaves(rule: &str) -> Vec<String> {
        let mut engine = Engine::new();
        let module = parse(&mut engine, "p.rego", &format!("package a\n{rule}\n")).unwrap();
        let mut reads = Reads::default();
        for rule in &module.policy {
            reads.merge(&of_rule(rule));
        }
        let mut found = Vec::new();
        collect(&reads, "", &mut found);
        found
    }

    fn collect(reads: &Reads, at: &str, found: &mut Vec<String>) {
        if reads.whole {
            found.push(if at.is_empty() { "everything".into() } else { at[1..].to_owned() });
        }
        if !at.is_empty() && !reads.whole && reads.fields.is_empty() && reads.any.is_none() {
            found.push(format!("{}?", &at[1..]));
        }
        for (name, parts) in &reads.fields {
            collect(parts, &format!("{at}.{name}"), found);
        }
        if let Some(parts) = &reads.any {
            collect(parts, &format!("{at}.*"), found);
        }
    }

    #[test]
    fn references_read_what_they_end_at() {
        for (body, expected) in [
            ("input.near.role == input[\"far\"].role", vec!["far.role", "near.role"]),
            ("input.hops[_].name == input.hops[0].open", vec!["hops.*.name", "hops.*.open"]),
            ("input.tags[input.state]", vec!["state", "tags.*"]),
            ("count(input.hops) > 1", vec!["hops"]),
            ("f(input)", vec!["everything"]),
            ("x := input", vec![]),
            ("x := input\nx.near", vec!["near"]),
            ("x := input\nf(x)", vec!["everything"]),
            ("x = input.near\nx.role", vec!["near"]),
            ("some h in input.hops\nh.open", vec!["hops.*.open"]),
            ("some i, h in input.hops\nh.open\ni > 0", vec!["hops.*.open"]),
            ("some h in input.hops\nsome p in h.ports\np == 22", vec!["hops.*.ports.*"]),
            ("some h in input.hops\nh == 1", vec!["hops.*"]),
            ("some {\"name\": n} in input.hops\nn", vec!["hops"]),
            ("some [k, v] in input.hops\nv", vec!["hops"]),
            ("some _ in input.hops", vec!["hops"]),
            ("every h in input.hops { h.open }", vec!["hops.*.open"]),
            ("every h in input.hops { 1 == 1 }", vec!["hops.*?"]),
            ("some h in input.hops", vec!["hops.*?"]),
            ("s := input.near", vec!["near?"]),
            ("names := {h.name | some h in input.hops; h.open}\nnames", vec!["hops.*.name", "hops.*.open"]),
            ("s := input.near\nt := s\nt.role", vec!["near.role"]),
            ("s := input.near\nq := [s]\nq[0].role", vec!["near"]),
            ("s := [input.near, input.far][_]\ns.role", vec!["far", "near"]),
            ("not input.established", vec!["established"]),
            ("\"x\" in input.near.prefixes", vec!["near.prefixes"]),
            ("walked := input[k]\nwalked.role", vec!["*.role"]),
            ("some s in input\ns.role", vec!["*.role"]),
        ] {
            let rule = format!("r if {{\n{body}\n}}\nf(x) := x");
            assert_eq!(leaves(&rule), expected, "{body}");
        }
    }

    #[test]
    fn one_name_bound_in_two_places_reads_at_both() {
        let rule = "r if { some x in input.hops; x.name } else if { x := input.near; x.role }";
        assert_eq!(leaves(rule), ["hops.*.name", "hops.*.role", "near.name", "near.role"]);
    }

    #[test]
    fn a_variable_bound_to_itself_reads_everything() {
        assert_eq!(
            leaves("r if { x := input.near; y := [x.role | x := x.a] }"),
            ["everything", "near.a?", "near.role"]
        );
    }

    #[test]
    fn heads_and_defaults_read_too() {
        assert_eq!(
            leaves("deny contains {\"at\": input.near.id} if { input.established }"),
            ["established", "near.id"]
        );
        assert_eq!(leaves("names[h.name] := h.open if { some h in input.hops }"), ["hops.*.name", "hops.*.open"]);
    }

    fn errors(body: &str) -> Vec<String> {
        let text = format!("package a\nr if {{\n{body}\n}}\n");
        let mut engine = Engine::new();
        let module = parse(&mut engine, "p.rego", &text).unwrap();
        let mut errors = Vec::new();
        let unit = Unit::new("p.rego", &text, module, UnitKind::Policy, &mut errors);
        for rule in &unit.module.policy {
            let parameters = Parameters::from([("r".into(), BTreeSet::from(["limit".into()]))]);
            check(&unit, rule, fixture::PEERING, &fixture::vocabulary(), &parameters, &mut errors);
        }
        errors.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_field_that_does_not_exist_is_an_error_at_its_place() {
        let found = errors("input.near.rol == 1");
        assert_eq!(found.len(), 1);
        assert!(
            found[0].starts_with("p.rego:3:12: there is no `rol` in `input.near` of a `peering`\n"),
            "{}",
            found[0]
        );
        assert!(found[0].ends_with("hint: did you mean `role`?"), "{}", found[0]);
        assert!(errors("input[\"nearr\"].role")[0].contains("there is no `nearr` in `input` of a `peering`"));
    }

    #[test]
    fn fields_of_bound_variables_are_checked() {
        assert!(
            errors("some h in input.hops\nh.opne")[0].starts_with("p.rego:4:3: there is no `opne` in `input.hops[_]`")
        );
        assert!(errors("s := input.near\ns.rle")[0].contains("there is no `rle` in `input.near`"));
        assert!(errors("some h in input.hopps\nh.open")[0].contains("there is no `hopps` in `input`"));
        assert!(errors("every h in input.hops { h.opn }")[0].contains("there is no `opn`"));
        assert!(errors("s := input.nearr")[0].contains("there is no `nearr`"));
    }

    #[test]
    fn a_name_bound_twice_may_have_the_fields_of_either() {
        assert_eq!(errors("a := [x.name | some x in input.hops]\nb := [x | x := input.near; x.role]\na == b"), [""; 0]);
    }

    #[test]
    fn parameters_have_to_be_declared() {
        assert_eq!(errors("data.config.rules[\"r\"].limit > 1\ndata.config.rules.r.limit > 1"), [""; 0]);
        let found = errors("data.config.rules[\"r\"].limt > 1");
        assert!(found[0].starts_with("p.rego:3:24: there is no `limt` in `data.config.rules.r`\n"), "{}", found[0]);
        assert!(found[0].ends_with("did you mean `limit`?"), "{}", found[0]);
        assert!(errors("data.config.rules.other.limit")[0].contains("there is no `other` in `data.config.rules`"));
    }

    #[test]
    fn maps_and_dynamic_steps_are_allowed_where_they_are_maps() {
        assert_eq!(errors("input.tags.anything\ninput.tags[\"a b\"]\nsome k, v in input.tags\nk == v"), [""; 0]);
        assert_eq!(errors("input.far.role\ninput.far.environment"), [""; 0]);
        assert!(errors("input.state.x")[0].contains("there is no `x` in `input.state`"));
        assert!(errors("input.state[_]")[0].contains("neither a list nor an object"));
    }
}
