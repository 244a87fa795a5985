//! What bad classes say.

use insta::assert_snapshot;

use super::complaints;

#[test]
fn a_role_is_one_of_three() {
    let text = r#"[classify.role]
hubs = [{ name = "h" }]
transit = [{ name = "t" }]
"#;
    assert_snapshot!(complaints(text), @r#"
    error: `hubs` is no role
     --> vnetlint.toml:2:1
      |
    2 | hubs = [{ name = "h" }]
      | ^^^^ expected `hub`, `spoke` or `shared`
      |
      = help: did you mean `hub`?

    error: `transit` is no role
     --> vnetlint.toml:3:1
      |
    3 | transit = [{ name = "t" }]
      | ^^^^^^^ expected `hub`, `spoke` or `shared`
    "#);
}

#[test]
fn a_lookalike_of_production_is_no_environment() {
    let text = r#"[classify.environment]
Production = [{ name = "p" }]
"#;
    assert_snapshot!(complaints(text), @r#"
    error: `Production` would be a non-production environment
     --> vnetlint.toml:2:1
      |
    2 | Production = [{ name = "p" }]
      | ^^^^^^^^^^ write `prod`
      |
      = help: `prod` is production, `shared` joins neither side, every other name is non-production
    "#);
}

#[test]
fn an_environment_stands_once() {
    let text = r#"[classify.environment]
dev = [{ name = "d" }]
Dev = [{ name = "e" }]
"#;
    assert_snapshot!(complaints(text), @r#"
    error: `Dev` stands twice in `[classify.environment]`
     --> vnetlint.toml:3:1
      |
    2 | dev = [{ name = "d" }]
      | --- used here
    3 | Dev = [{ name = "e" }]
      | ^^^ names that differ in letter case are one
    "#);
}

#[test]
fn a_class_lists_matchers() {
    let text = r#"[classify.role]
hub = { name = "h" }
spoke = []
shared = ["s"]
"#;
    assert_snapshot!(complaints(text), @r#"
    error: `hub` is a table, expected an array of matchers, such as [{ name = "vnet-hub-*" }]
     --> vnetlint.toml:2:7
      |
    2 | hub = { name = "h" }
      |       ^^^^^^^^^^^^^^ expected an array of matchers, such as [{ name = "vnet-hub-*" }]

    error: `spoke` lists no matcher, so nothing can be it
     --> vnetlint.toml:3:9
      |
    3 | spoke = []
      |         ^^ expected a matcher

    error: `shared` is a string, expected a table
     --> vnetlint.toml:4:11
      |
    4 | shared = ["s"]
      |           ^^^ expected a matcher
    "#);
}

#[test]
fn a_matcher_states_a_condition() {
    let text = r#"[classify.role]
hub = [{}, { value = "hub" }, { tag = "Role", vlaue = "hub" }]
"#;
    assert_snapshot!(complaints(text), @r#"
    error: a matcher states no condition
     --> vnetlint.toml:2:8
      |
    2 | hub = [{}, { value = "hub" }, { tag = "Role", vlaue = "hub" }]
      |        ^^ expected `tag`, `name`, `id`, `subscription` or `management_group`
      |
      = help: { name = "*" } matches everything

    error: a matcher has a `value` without a `tag`
     --> vnetlint.toml:2:14
      |
    2 | hub = [{}, { value = "hub" }, { tag = "Role", vlaue = "hub" }]
      |              ^^^^^ of which tag?
      |
      = help: write { tag = "Environment", value = "prod*" }

    error: unknown key `vlaue` in a matcher
     --> vnetlint.toml:2:47
      |
    2 | hub = [{}, { value = "hub" }, { tag = "Role", vlaue = "hub" }]
      |                                               ^^^^^ unknown key
      |
      = help: did you mean `value`?
    "#);
}

#[test]
fn a_matcher_has_texts() {
    let text = r#"[classify.environment]
dev = [{ tag = "Production", value = false }]
"#;
    assert_snapshot!(complaints(text), @r#"
    error: `value` is a boolean, expected a string
     --> vnetlint.toml:2:38
      |
    2 | dev = [{ tag = "Production", value = false }]
      |                                      ^^^^^ expected a string
    "#);
}

#[test]
fn a_glob_has_no_alternatives() {
    let text = r#"[classify.role]
hub = [{ name = "vnet-{a,b}" }, { name = "" }, { name = " a" }]
"#;
    assert_snapshot!(complaints(text), @r#"
    error: `name` holds `{`: the wildcards are `*` and `?` alone; write one pattern for each alternative, or `?` for a literal `{`
     --> vnetlint.toml:2:17
      |
    2 | hub = [{ name = "vnet-{a,b}" }, { name = "" }, { name = " a" }]
      |                 ^^^^^^^^^^^^ no name or glob

    error: `name` is blank
     --> vnetlint.toml:2:42
      |
    2 | hub = [{ name = "vnet-{a,b}" }, { name = "" }, { name = " a" }]
      |                                          ^^ expected a text

    error: `name` starts or ends with white space, which no name does
     --> vnetlint.toml:2:57
      |
    2 | hub = [{ name = "vnet-{a,b}" }, { name = "" }, { name = " a" }]
      |                                                         ^^^^ no name or glob
    "#);
}
