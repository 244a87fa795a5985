//! What bad rule settings and a bad estate say.

use insta::assert_snapshot;

use super::{complaints, complaints_about_rules};

#[test]
fn rule_settings_have_types() {
    let text = r#"[rules]
peering-cross-tenant = false

[rules.peering-spoke-to-spoke]
enabled = "no"
severity = "hihg"
since = 2026-01-01
ratio = inf
count = 99999999999999999999
"#;
    assert_snapshot!(complaints(text), @r#"
    error: `peering-cross-tenant` is a boolean, expected a table
     --> vnetlint.toml:2:24
      |
    2 | peering-cross-tenant = false
      |                        ^^^^^ expected `[rules.peering-cross-tenant]`

    error: `enabled` is a string, expected `true` or `false`
     --> vnetlint.toml:5:11
      |
    5 | enabled = "no"
      |           ^^^^ expected `true` or `false`

    error: `severity` has the unknown value `hihg`
     --> vnetlint.toml:6:12
      |
    6 | severity = "hihg"
      |            ^^^^^^ expected `low`, `medium`, `high` or `critical`
      |
      = help: did you mean `high`?

    error: `since` is a date or time, expected a string, number, boolean, array or table
     --> vnetlint.toml:7:9
      |
    7 | since = 2026-01-01
      |         ^^^^^^^^^^ expected a string, number, boolean, array or table
      |
      = help: write it in quotes

    error: `ratio` is out of range
     --> vnetlint.toml:8:9
      |
    8 | ratio = inf
      |         ^^^ expected a finite number of 64 bits

    error: `count` is out of range
     --> vnetlint.toml:9:9
      |
    9 | count = 99999999999999999999
      |         ^^^^^^^^^^^^^^^^^^^^ expected a finite number of 64 bits
    "#);
}

#[test]
fn rule_settings_belong_to_one_rule() {
    let text = r#"[rules."peering-*"]
enabled = false
"#;
    assert_snapshot!(complaints(text), @r#"
    error: `peering-*` is no rule id: lower-case letters, digits and single hyphens are expected, as in `peering-one-sided`
     --> vnetlint.toml:1:8
      |
    1 | [rules."peering-*"]
      |        ^^^^^^^^^^^ no rule id
      |
      = help: settings belong to one rule; globs serve approvals, `--select` and `--ignore`
    "#);
}

#[test]
fn an_address_prefix_is_whole() {
    let text = r#"[estate]
on_premises = ["10.0.0.1/8", "10.0.0.1", "ten"]
inspection_points = ["10.0.1.4/32"]
"#;
    assert_snapshot!(complaints(text), @r#"
    error: `on_premises` has bits beyond its prefix
     --> vnetlint.toml:2:16
      |
    2 | on_premises = ["10.0.0.1/8", "10.0.0.1", "ten"]
      |                ^^^^^^^^^^^^ expected `10.0.0.0/8`

    error: `on_premises` holds an address, expected a prefix
     --> vnetlint.toml:2:30
      |
    2 | on_premises = ["10.0.0.1/8", "10.0.0.1", "ten"]
      |                              ^^^^^^^^^^ expected `10.0.0.1/32`

    error: `on_premises` holds no address prefix
     --> vnetlint.toml:2:42
      |
    2 | on_premises = ["10.0.0.1/8", "10.0.0.1", "ten"]
      |                                          ^^^^^ expected CIDR notation, such as `192.168.0.0/16`

    error: `inspection_points` holds no IP address
     --> vnetlint.toml:3:22
      |
    3 | inspection_points = ["10.0.1.4/32"]
      |                      ^^^^^^^^^^^^^ expected an address, such as `10.0.1.4`
    "#);
}

#[test]
fn an_unknown_rule_is_suggested() {
    let text = r#"[[approval]]
id = "A"
rule = "peering-cross-tenants"
local = "a"
reason = "r"
expires = 2026-12-31

[rules.spoke]
enabled = false
"#;
    assert_snapshot!(complaints_about_rules(text), @r#"
    error: there is no rule `peering-cross-tenants`
     --> vnetlint.toml:3:8
      |
    3 | rule = "peering-cross-tenants"
      |        ^^^^^^^^^^^^^^^^^^^^^^^ unknown rule
      |
      = help: did you mean `peering-cross-tenant`?

    error: there is no rule `spoke`
     --> vnetlint.toml:8:8
      |
    8 | [rules.spoke]
      |        ^^^^^ unknown rule
      |
      = help: `vnetlint rules` lists the rules
    "#);
}

#[test]
fn an_unknown_parameter_is_suggested() {
    let text = r#"[rules.nsg-broad-virtual-network-tag]
wide_ports = 3
sevrity = "low"
wide_port_cuont = 3
"#;
    assert_snapshot!(complaints_about_rules(text), @r#"
    error: rule `nsg-broad-virtual-network-tag` has no parameter `wide_ports`
     --> vnetlint.toml:2:1
      |
    2 | wide_ports = 3
      | ^^^^^^^^^^ unknown parameter
      |
      = help: expected `names`, `ratio`, `wide_port_count`, `enabled` or `severity`

    error: rule `nsg-broad-virtual-network-tag` has no parameter `sevrity`
     --> vnetlint.toml:3:1
      |
    3 | sevrity = "low"
      | ^^^^^^^ unknown parameter
      |
      = help: did you mean `severity`?

    error: rule `nsg-broad-virtual-network-tag` has no parameter `wide_port_cuont`
     --> vnetlint.toml:4:1
      |
    4 | wide_port_cuont = 3
      | ^^^^^^^^^^^^^^^ unknown parameter
      |
      = help: did you mean `wide_port_count`?
    "#);
}

#[test]
fn a_parameter_has_the_type_of_its_default() {
    let text = r#"[rules.nsg-broad-virtual-network-tag]
wide_port_count = 1.5
names = ["b", 2]
ratio = "0.8"
"#;
    assert_snapshot!(complaints_about_rules(text), @r#"
    error: parameter `wide_port_count` of rule `nsg-broad-virtual-network-tag` is a float, which is another type than its default
     --> vnetlint.toml:2:19
      |
    2 | wide_port_count = 1.5
      |                   ^^^ expected an integer, as the default `100`

    error: parameter `names` of rule `nsg-broad-virtual-network-tag` is an array of several types, which is another type than its default
     --> vnetlint.toml:3:9
      |
    3 | names = ["b", 2]
      |         ^^^^^^^^ expected an array of strings, as the default `["a"]`

    error: parameter `ratio` of rule `nsg-broad-virtual-network-tag` is a string, which is another type than its default
     --> vnetlint.toml:4:9
      |
    4 | ratio = "0.8"
      |         ^^^^^ expected a float, as the default `0.8`
    "#);
}
