//! What bad approvals say.

use insta::assert_snapshot;

use super::complaints;

#[test]
fn an_approval_states_what_it_must() {
    let text = r#"[[approval]]
rule = "*"
"#;
    assert_snapshot!(complaints(text), @r#"
    error: `[[approval]]` lacks `id`
     --> vnetlint.toml:1:1
      |
    1 | [[approval]]
      | ^^^^^^^^^^^^ expected `id = "NET-1423"`

    error: `[[approval]]` lacks `local`
     --> vnetlint.toml:1:1
      |
    1 | [[approval]]
      | ^^^^^^^^^^^^ expected `local = "vnet-spoke-app"`

    error: `[[approval]]` lacks `reason`
     --> vnetlint.toml:1:1
      |
    1 | [[approval]]
      | ^^^^^^^^^^^^ expected `reason = "why this is allowed"`

    error: `[[approval]]` lacks `expires`
     --> vnetlint.toml:1:1
      |
    1 | [[approval]]
      | ^^^^^^^^^^^^ expected `expires = 2026-12-31`
    "#);
}

#[test]
fn an_approval_has_a_reason() {
    let text = r#"[[approval]]
id = "A"
rule = "peering-cross-tenant"
local = "a"
reason = "  "
expires = 2026-12-31
"#;
    assert_snapshot!(complaints(text), @r#"
    error: `reason` is blank
     --> vnetlint.toml:5:10
      |
    5 | reason = "  "
      |          ^^^^ expected a text
    "#);
}

#[test]
fn an_approval_id_stands_once() {
    let text = r#"[[approval]]
id = "A"
rule = "peering-cross-tenant"
local = "a"
reason = "r"
expires = 2026-12-31
[[approval]]
id = "a"
rule = "peering-cross-tenant"
local = "a"
reason = "r"
expires = 2026-12-31
"#;
    assert_snapshot!(complaints(text), @r#"
    error: two approvals have the id `a`
     --> vnetlint.toml:8:6
      |
    2 | id = "A"
      |      --- used here
    ...
    8 | id = "a"
      |      ^^^ used again here
    "#);
}

#[test]
fn an_expiry_is_no_string() {
    let text = r#"[[approval]]
id = "A"
rule = "peering-cross-tenant"
local = "a"
reason = "r"
expires = "2026-12-31"
"#;
    assert_snapshot!(complaints(text), @r#"
    error: `expires` is a string, expected a date
     --> vnetlint.toml:6:11
      |
    6 | expires = "2026-12-31"
      |           ^^^^^^^^^^^^ expected a date
      |
      = help: write the day alone, without quotes: expires = 2026-12-31
    "#);
}

#[test]
fn an_expiry_has_no_time() {
    let text = r#"[[approval]]
id = "A"
rule = "peering-cross-tenant"
local = "a"
reason = "r"
expires = 2026-12-31T00:00:00Z
"#;
    assert_snapshot!(complaints(text), @r#"
    error: `expires` has a time of day, expected a date
     --> vnetlint.toml:6:11
      |
    6 | expires = 2026-12-31T00:00:00Z
      |           ^^^^^^^^^^^^^^^^^^^^ expected a date
      |
      = help: write the day alone, without quotes: expires = 2026-12-31
    "#);
}

#[test]
fn an_expiry_is_a_day_of_the_calendar() {
    let text = r#"[[approval]]
id = "A"
rule = "peering-cross-tenant"
local = "a"
reason = "r"
expires = 2026-02-30
"#;
    assert_snapshot!(complaints(text), @r#"
    error: this is no TOML: invalid date, expected day between 01 and 28
     --> vnetlint.toml:6:11
      |
    6 | expires = 2026-02-30
      |           ^^^^^^^^^^ here
    "#);
}

#[test]
fn an_approval_expires_after_it_is_approved() {
    let text = r#"[[approval]]
id = "A"
rule = "peering-cross-tenant"
local = "a"
reason = "r"
approved_on = 2026-02-01
expires = 2026-01-31
"#;
    assert_snapshot!(complaints(text), @r#"
    error: an approval expires before it is approved
     --> vnetlint.toml:7:11
      |
    6 | approved_on = 2026-02-01
      |               ---------- approved here
    7 | expires = 2026-01-31
      |           ^^^^^^^^^^ expires here
    "#);
}
