//! What a bad text says: syntax, unknown keys, secrets, encodings.

use insta::assert_snapshot;

use super::complaints;
use crate::config::Config;

#[test]
fn a_file_in_another_encoding_is_named_as_such() {
    let windows_1252 = Config::from_bytes("vnetlint.toml", b"[estate]\n# gr\xfcn\n").unwrap_err();
    assert_snapshot!(windows_1252, @r"
    error: the file is not UTF-8
     --> vnetlint.toml:2:5
      |
    2 | # gr�n
      |     ^ no character
      |
      = help: save the file with the encoding UTF-8
    ");
}

#[test]
fn an_unknown_section_suggests_the_known_one() {
    let text = r#"[[approvals]]
id = "A"
"#;
    assert_snapshot!(complaints(text), @r#"
    error: unknown key `approvals` in the file
     --> vnetlint.toml:1:3
      |
    1 | [[approvals]]
      |   ^^^^^^^^^ unknown key
      |
      = help: did you mean `approval`?
    "#);
}

#[test]
fn a_far_off_key_lists_the_known_ones() {
    let text = r#"[estate]
colour = "red"
"#;
    assert_snapshot!(complaints(text), @r#"
    error: unknown key `colour` in `[estate]`
     --> vnetlint.toml:2:1
      |
    2 | colour = "red"
      | ^^^^^^ unknown key
      |
      = help: expected `on_premises` or `inspection_points`
    "#);
}

#[test]
fn a_misspelt_key_is_suggested() {
    let text = r#"[[approval]]
id = "A"
rule = "peering-cross-tenant"
local = "a"
reason = "r"
expires = 2026-12-31
aproved_by = "x"
"#;
    assert_snapshot!(complaints(text), @r#"
    error: unknown key `aproved_by` in `[[approval]]`
     --> vnetlint.toml:7:1
      |
    7 | aproved_by = "x"
      | ^^^^^^^^^^ unknown key
      |
      = help: did you mean `approved_by`?
    "#);
}

#[test]
fn every_problem_is_reported_at_once() {
    let text = r#"[cloud]
name = "germany"

[[approval]]
id = "A"
rule = "Peering"
local = 7
expires = "2026-12-31"
"#;
    assert_snapshot!(complaints(text), @r#"
    error: `name` has the unknown value `germany`
     --> vnetlint.toml:2:8
      |
    2 | name = "germany"
      |        ^^^^^^^^^ expected `public`, `usgov` or `china`

    error: `[[approval]]` lacks `reason`
     --> vnetlint.toml:4:1
      |
    4 | [[approval]]
      | ^^^^^^^^^^^^ expected `reason = "why this is allowed"`

    error: `Peering` is no rule id: lower-case letters, digits and single hyphens are expected, as in `peering-one-sided`
     --> vnetlint.toml:6:8
      |
    6 | rule = "Peering"
      |        ^^^^^^^^^ no rule id or glob

    error: `local` is an integer, expected a string
     --> vnetlint.toml:7:9
      |
    7 | local = 7
      |         ^ expected a string

    error: `expires` is a string, expected a date
     --> vnetlint.toml:8:11
      |
    8 | expires = "2026-12-31"
      |           ^^^^^^^^^^^^ expected a date
      |
      = help: write the day alone, without quotes: expires = 2026-12-31
    "#);
}

#[test]
fn syntax_errors_are_reported_alone() {
    let text = r"[cloud
name = public
";
    assert_snapshot!(complaints(text), @r#"
    error: this is no TOML: unclosed table, expected `]`
     --> vnetlint.toml:1:7
      |
    1 | [cloud
      |       ^ here
    "#);
}

#[test]
fn a_duplicate_key_is_a_syntax_error() {
    let text = r"[estate]
on_premises = []
on_premises = []
";
    assert_snapshot!(complaints(text), @r#"
    error: this is no TOML: duplicate key
     --> vnetlint.toml:3:1
      |
    3 | on_premises = []
      | ^^^^^^^^^^^ here
    "#);
}

#[test]
fn nesting_has_a_limit() {
    let text = format!("a = {}{}", "[".repeat(100), "]".repeat(100));
    assert_snapshot!(complaints(&text), @r#"
    error: this is no TOML: cannot recurse further; max recursion depth met
     --> vnetlint.toml:1:85
      |
    1 | a = [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]...
      |                                                                                     ^ here
    "#);
}

#[test]
fn a_secret_is_refused_and_not_repeated() {
    let text = r#"[[tenant]]
id = "00000000-0000-0000-0000-00000000000a"
client_secret = "hunter2" # keep me
"#;
    assert_snapshot!(complaints(text), @r#"
    error: `client_secret` looks like a secret, and `[[tenant]]` takes none
     --> vnetlint.toml:3:1
      |
    3 | client_secret = ********* # keep me
      | ^^^^^^^^^^^^^ not allowed in this file
      |
      = help: secrets come from the environment: remove the key, and replace the secret if others could read it
    "#);
}

#[test]
fn a_secret_beside_another_problem_is_not_repeated() {
    let text = r#"tenant = [{ id = "00000000-0000-0000-0000-00000000000a", client-password = "hünter2", nme = "x" }]
"#;
    assert_snapshot!(complaints(text), @r#"
    error: `client-password` looks like a secret, and `[[tenant]]` takes none
     --> vnetlint.toml:1:58
      |
    1 | tenant = [{ id = "00000000-0000-0000-0000-00000000000a", client-password = **·******, nme = "x" }]
      |                                                          ^^^^^^^^^^^^^^^ not allowed in this file
      |
      = help: secrets come from the environment: remove the key, and replace the secret if others could read it

    error: unknown key `nme` in `[[tenant]]`
     --> vnetlint.toml:1:87
      |
    1 | tenant = [{ id = "00000000-0000-0000-0000-00000000000a", client-password = **·******, nme = "x" }]
      |                                                                                       ^^^ unknown key
      |
      = help: did you mean `name`?
    "#);
}

#[test]
fn a_secret_beside_a_syntax_error_is_not_repeated() {
    let text = r#"[[tenant]]
id = "00000000-0000-0000-0000-00000000000a"
client_secret = hunter2 x
"#;
    assert_snapshot!(complaints(text), @r#"
    error: this is no TOML: string values must be quoted, expected literal string
     --> vnetlint.toml:3:17
      |
    3 | client_secret************
      |                 ^^^^^^^^^ here
    "#);
}
