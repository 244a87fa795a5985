//! Leaving out what nobody reads changes no result: random policies on random facts, against the interpreter
//! on whole facts.

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::fixture::{Hop, PEERING, Peering, Side, policy, vocabulary};
use super::{EngineMode, FailureKind, RuleSet, Vocabulary};

/// Statements whose variables end in `$`, which becomes a number: each statement has its own. Those without
/// `$` share theirs on purpose.
const STATEMENTS: &[&str] = &[
    "input.established",
    "not input.established",
    "input.near.role == \"spoke\"",
    "input.far.role == input.near.role",
    "input.far == null",
    "not input.far",
    "not input.far.environment",
    "is_object(input.far)",
    "count(input.hops) > 1",
    "count(input) > 3",
    "input.hops[0].open",
    "input.hops[i$].open\n\ti$ > 0",
    "input.hops[_].ports[_] == 22",
    "some h$ in input.hops\n\th$.open",
    "some h$ in input.hops",
    "some i$, h$ in input.hops\n\ti$ > 0\n\th$.name != \"one\"",
    "some h$ in input.hops\n\tsome p$ in h$.ports\n\tp$ > 100",
    "some h$ in input.hops\n\th$ == input.hops[0]",
    "every h$ in input.hops { h$.open }",
    "every h$ in input.hops { 1 == 1 }",
    "every h$ in input.hops { count(h$.ports) > 0 }",
    "every p$ in input.near.prefixes { startswith(p$, \"10\") }",
    "x$ := input.near\n\tx$.role == \"hub\"",
    "x$ := input.far\n\tx$.environment",
    "x$ := input.far",
    "x$ := input.near\n\ty$ := x$\n\ty$.weight > 1",
    "x$ = input.near.role\n\tx$ == \"spoke\"",
    "x$ := {s.role | some s in [input.near, input.far]}\n\tcount(x$) == 1",
    "x$ := [x | some x in input.hops][0]\n\tx$.open",
    "x$ := [x | x := input.near.role]\n\ty$ := [x | some x in input.hops; x.open]\n\tcount(x$) > count(y$)",
    "x$ := {h.name: h | some h in input.hops}\n\tx$.one.open",
    "x$ := {h.name: h.open | some h in input.hops}\n\tcount(x$) > 1",
    "some k$, v$ in input.tags\n\tk$ != v$",
    "some k$, _ in input.tags\n\tk$ == \"env\"",
    "input.tags[k$] == \"prod\"\n\tk$ != \"env\"",
    "input[k$].role == \"hub\"\n\tk$ != \"near\"",
    "some v$ in input\n\tv$.role == \"hub\"",
    "some k$, v$ in input\n\tk$ == v$",
    "object.get(input, [\"near\", \"role\"], \"\") == \"spoke\"",
    "object.keys(input.tags)[\"env\"]",
    "role(input.near) == \"spoke\"",
    "role(input.far)",
    "x$ := input\n\trole(x$.near) == \"hub\"",
    "spoke",
    "not spoke",
    "names[\"one\"]",
    "[a$, b$] := [input.near.role, input.count]\n\ta$ == \"spoke\"\n\tb$ > 1",
    "[a$, _] = [input.near, 1]\n\ta$.weight < 2",
    "input.near in [input.near, input.far]",
    "\"10.0.0.0/8\" in input.near.prefixes",
    "some [a$, b$] in [[input.near, input.far]]\n\ta$ == b$",
    "x$ := [input.near, input.far][_]\n\tx$.role == \"spoke\"",
    "x$ := json.filter(input, [\"near/role\"])\n\tx$.near.role == \"hub\"",
    "input[\"near\"][\"role\"] != \"hub\"",
    "input.tags.env == input.near.environment",
    "x$ := input.hops[_]\n\tx$.open\n\tcount(x$.ports) > 0",
    "x$ := input.far.role",
    "x$ := role(input.far)",
    "x$ := [input.far.role]",
    "x$ := {\"a\": input.far.role}",
    "x$ := maybe",
    "x$ := input.far.role == \"hub\"",
    "x$ := [s.role | some s in [input.near, input.far]]\n\tcount(x$) == 1",
    "x$ := {k: v.role | some k, v in input; is_object(v)}\n\tcount(x$) == 1",
    "x$ := {k: role(v) | some k, v in input}\n\tcount(x$) < 2",
    "x$ := [1 | input.established]\n\tcount(x$) == 0",
    "x$ := {1 | input.far.role}\n\tcount(x$) == 1",
    "x$ := [y | y := input.far.role; y != \"hub\"]\n\tcount(x$) == 0",
    "some h$ in input.hops\n\tx$ := [1 | input.established]\n\tcount(x$) == 0\n\th$.open",
    "some h$ in input.hops\n\tx$ := [1 | h$.open]\n\tcount(x$) == 0",
    "every h$ in input.hops {\n\t\tx$ := [1 | h$.open]\n\t\tcount(x$) == 1\n\t}",
    "every s$ in [input.near, input.far] {\n\t\tx$ := s$.role\n\t}",
    "every s$ in input.far.prefixes { s$ == \"hub\" }",
    "not maybe",
    "not bound",
    "bound",
    "either == 2",
    "other(input.far) == 3",
    "count(roles) == 1",
    "not roles.hub",
    "by_name.far == \"hub\"",
    "count(by_name) == 1",
    "count(ports) > 1",
    "max([1 | input.established]) == 1",
    "x := input.near\n\tx.role == \"spoke\"",
    "y := {x.name | some x in input.hops}\n\tcount(y) > 0",
];

const HEADS: &[&str] = &[
    "\"m\"",
    "input.state",
    "sprintf(\"%v\", [input.near])",
    "sprintf(\"%v %v\", [input.hops, input.far.role])",
    "json.marshal(input)",
    "concat(\",\", sort([h.name | some h in input.hops]))",
    "sprintf(\"%v\", [input.far.role])",
    "sprintf(\"%v\", [{k: v.role | some k, v in input; is_object(v)}])",
];

const HELPERS: &str = "role(side) := side.role\n\nspoke if {\n\tsome s in [input.near, input.far]\n\ts.role == \"spoke\"\n}\n\n\
                       names contains h.name if {\n\tsome h in input.hops\n\th.open\n}\n\n\
                       maybe := input.far.role if input.established\n\nbound if {\n\tx := input.far.role\n}\n\n\
                       either := input.far.role if {\n\tinput.established\n} else := 2\n\n\
                       other(side) := x if {\n\tx := side.role\n} else := 3\n\n\
                       roles contains s.role if {\n\tsome s in [input.near, input.far]\n}\n\n\
                       by_name[k] := v.role if {\n\tsome k, v in input\n}\n\n\
                       ports contains h.ports[_] if {\n\tsome h in input.hops\n}";

fn text() -> impl Strategy<Value = String> {
    select(vec!["", "one", "two", "spoke", "hub", "prod", "env", "10.0.0.0/8"]).prop_map(str::to_owned)
}

fn side() -> impl Strategy<Value = Side> {
    let environment = proptest::option::of(text());
    (text(), text(), vec(text(), 0..3), environment, select(vec![0.0, 1.5, 2.0]))
        .prop_map(|(id, role, prefixes, environment, weight)| Side { id, role, prefixes, environment, weight })
}

fn hop() -> impl Strategy<Value = Hop> {
    (text(), any::<bool>(), vec(select(vec![22, 443]), 0..3)).prop_map(|(name, open, ports)| Hop { name, open, ports })
}

fn facts() -> impl Strategy<Value = Peering> {
    let far = proptest::option::of(side());
    (any::<bool>(), text(), side(), far, btree_map(text(), text(), 0..3), vec(hop(), 0..4), 0u32..4).prop_map(
        |(established, state, near, far, tags, hops, count)| Peering {
            established,
            state,
            near,
            far,
            tags,
            hops,
            count,
        },
    )
}

fn body() -> impl Strategy<Value = String> {
    (subsequence(STATEMENTS, 1..4), subsequence(STATEMENTS, 0..2), select(HEADS)).prop_map(|(first, second, head)| {
        let number = |statements: Vec<&str>| -> String {
            let numbered = statements.iter().enumerate().map(|(index, text)| text.replace('$', &index.to_string()));
            numbered.fold(String::new(), |all, text| all + "\t" + &text + "\n")
        };
        let second = if second.is_empty() {
            String::new()
        } else {
            format!("undetermined contains {{\"message\": \"u\"}} if {{\n{}}}\n\n", number(second))
        };
        format!("{HELPERS}\n\n{second}deny contains {{\"message\": {head}}} if {{\n{}}}", number(first))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_left_out_is_never_missed(body in body(), subjects in vec(facts(), 1..6)) {
        let set = match RuleSet::load(&[policy("random", "", &body)], &vocabulary()) {
            Ok(set) => set,
            // Two statements with the same shared name do not load; nothing else may keep one from loading.
            Err(errors) => {
                prop_assert!(errors.to_string().contains('x'), "{errors}\n{body}");
                return Ok(());
            }
        };
        for facts in subjects {
            let json = serde_json::to_value(&facts).unwrap();
            if let Err(failure) = set.agree(0, &json) {
                prop_assert!(
                    matches!(failure.kind, FailureKind::Evaluation | FailureKind::Verdict),
                    "{failure}\n{body}\n{json}"
                );
                continue;
            }
            let mut machine = Vec::new();
            set.evaluator(EngineMode::Rvm).judge(PEERING, 7, &facts, &mut machine);
            let mut reference = Vec::new();
            set.evaluator(EngineMode::Interpreter).judge(PEERING, 7, &facts, &mut reference);
            prop_assert_eq!(machine, reference, "{}\n{}", body, json);
        }
    }
}

#[test]
fn every_template_loads_on_its_own() {
    for statement in STATEMENTS {
        for head in HEADS {
            let body = format!(
                "{HELPERS}\n\ndeny contains {{\"message\": {head}}} if {{\n\t{}\n}}",
                statement.replace('$', "0")
            );
            if let Err(errors) = RuleSet::load(&[policy("one", "", &body)], &vocabulary()) {
                panic!("{errors}\n{body}");
            }
        }
    }
}

/// Facts whose `far` has no fields: what refers to them is undefined.
const LONELY: &str =
    r#"{"near": {"role": "hub"}, "far": {}, "tags": {"a": "b"}, "hops": [{"open": true}, {}], "n": 5}"#;

/// Bodies that regorus 0.14 judges wrongly as they stand, in one of its evaluators or in both, and whether Rego
/// says that they hold on [`LONELY`].
const WEAK_SPOTS: &[(&str, bool)] = &[
    ("x := input.far.role", false),
    ("x := input.far.role\n\ty := x", false),
    ("a := input.far.role\n\tb := a\n\tnot b", false),
    ("_ := input.far.role", false),
    ("x := role(input.far)", false),
    ("x := [input.far.role]", false),
    ("x := {\"a\": input.far.role}\n\tnot x.a", false),
    ("x := 1 + input.far.role", false),
    ("x := input.near.role == input.far.role", false),
    ("x := nothing", false),
    ("some k\n\tx := input[k].role\n\tk == \"far\"", false),
    ("every k, v in input { y := v.role }", false),
    ("every h in input.hops { y := h.open }", false),
    ("not bound", true),
    ("count([y | y := input.far.role]) == 0", true),
    ("count([1 | y := input.far.role]) == 0", true),
    ("count([v.role | some v in [input.near, input.far]]) == 1", true),
    ("count({k: v.role | some k, v in input}) == 1", true),
    ("count({v.role: k | some k, v in input}) == 1", true),
    ("count({k: 1 | some k, v in input; y := v.role}) == 1", true),
    ("count([h.open | some h in input.hops]) == 1", true),
    ("x := [1 | input.n == 1]\n\tcount(x) > 5", false),
    ("x := {1: 1 | input.n == 1}\n\tcount(x) > 5", false),
    ("some h in input.hops\n\tx := [1 | input.n == 1]\n\tcount(x) == 0\n\th.open", true),
    ("every h in input.hops { x := [1 | input.n == 1]; count(x) == 1 }", false),
    ("x := max([1 | input.far.role])", false),
    ("count(roles) == 1", true),
    ("count(entries) == 1", true),
    ("count(by_name) == 1", true),
    ("by_name.near == \"hub\"", true),
    ("either == 2", true),
    ("other(input.far) == 3", true),
    ("other2(input.far) == 3", true),
    ("fallback == 5", true),
];

const WEAK_HELPERS: &str = "role(side) := side.role\n\nnothing := input.far.role if input.n\n\n\
                            bound if {\n\tx := input.far.role\n}\n\n\
                            roles contains v.role if {\n\tsome v in input\n}\n\n\
                            entries contains {\"r\": v.role} if {\n\tsome v in input\n}\n\n\
                            by_name[k] := v.role if {\n\tsome k, v in input\n}\n\n\
                            either := input.far.role if {\n\tinput.n\n} else := 2\n\n\
                            other(side) := side.role if {\n\tside\n} else := 3\n\n\
                            other2(side) := x if {\n\tx := side.role\n} else := 3\n\n\
                            default fallback := 5\n\nfallback := input.far.role if input.n";

#[test]
fn weak_spots_of_the_engine_are_judged_as_rego_has_them() {
    let free = Vocabulary::new(vec![("peering".into(), serde_json::json!(true))], None);
    let lonely: serde_json::Value = serde_json::from_str(LONELY).unwrap();
    for (body, holds) in WEAK_SPOTS {
        let body = format!("{WEAK_HELPERS}\n\ndeny contains {{\"message\": \"m\"}} if {{\n\t{body}\n}}");
        let set = RuleSet::load(&[policy("weak", "", &body)], &free).unwrap_or_else(|errors| panic!("{errors}"));
        let verdicts = set.agree(0, &lonely).unwrap_or_else(|failure| panic!("{failure}\n{body}"));
        assert_eq!(!verdicts.is_pass(), *holds, "{body}");
    }
}

#[test]
fn entries_of_which_some_are_undefined_keep_the_others() {
    let free = Vocabulary::new(vec![("peering".into(), serde_json::json!(true))], None);
    let body = "deny contains {\"message\": \"m\", \"at\": side.role} if {\n\tsome side in input\n}";
    let set = RuleSet::load(&[policy("weak", "", body)], &free).unwrap();
    let verdicts = set.agree(0, &serde_json::from_str(LONELY).unwrap()).unwrap();
    assert_eq!(verdicts.deny.len(), 1);
}
