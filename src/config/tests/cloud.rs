//! What bad clouds and tenants say.

use insta::assert_snapshot;

use super::complaints;

#[test]
fn a_cloud_is_one_of_three() {
    let text = r#"[cloud]
name = "us-gov"
"#;
    assert_snapshot!(complaints(text), @r#"
    error: `name` has the unknown value `us-gov`
     --> vnetlint.toml:2:8
      |
    2 | name = "us-gov"
      |        ^^^^^^^^ expected `public`, `usgov` or `china`
      |
      = help: did you mean `usgov`?
    "#);
}

#[test]
fn endpoints_come_in_pairs() {
    let text = r#"[cloud]
resource_manager = "https://management.local"
"#;
    assert_snapshot!(complaints(text), @r#"
    error: `[cloud]` names one endpoint of two
     --> vnetlint.toml:1:1
      |
    1 | [cloud]
      | ^^^^^^^ undecided
      |
      = help: `resource_manager` and `authority` go together
    "#);
}

#[test]
fn a_cloud_is_a_name_or_endpoints() {
    let text = r#"[cloud]
name = "public"
resource_manager = "https://management.local"
authority = "https://login.local"
"#;
    assert_snapshot!(complaints(text), @r#"
    error: `[cloud]` names a cloud and endpoints
     --> vnetlint.toml:1:1
      |
    1 | [cloud]
      | ^^^^^^^ undecided
      |
      = help: remove `name`, or `resource_manager` and `authority`
    "#);
}

#[test]
fn an_endpoint_is_encrypted() {
    let text = r#"[cloud]
resource_manager = "http://management.local"
authority = "login.local"
"#;
    assert_snapshot!(complaints(text), @r#"
    error: `resource_manager` is not https: plain http is allowed on loopback alone, such as `http://localhost:8080`
     --> vnetlint.toml:2:20
      |
    2 | resource_manager = "http://management.local"
      |                    ^^^^^^^^^^^^^^^^^^^^^^^^^ expected an https URL

    error: `authority` is no URL of the form `https://host/path`
     --> vnetlint.toml:3:13
      |
    3 | authority = "login.local"
      |             ^^^^^^^^^^^^^ expected an https URL
    "#);
}

#[test]
fn a_tenant_stands_in_double_brackets() {
    let text = r#"[tenant]
id = "00000000-0000-0000-0000-00000000000a"
"#;
    assert_snapshot!(complaints(text), @r#"
    error: `tenant` is a table, expected an array of tables, each under its own `[[tenant]]`
     --> vnetlint.toml:1:1
      |
    1 | [tenant]
      | ^^^^^^^^ expected an array of tables, each under its own `[[tenant]]`
    "#);
}

#[test]
fn a_tenant_has_an_id() {
    let text = r#"[[tenant]]
name = "contoso"
"#;
    assert_snapshot!(complaints(text), @r#"
    error: `[[tenant]]` lacks `id`
     --> vnetlint.toml:1:1
      |
    1 | [[tenant]]
      | ^^^^^^^^^^ expected `id = "00000000-0000-0000-0000-000000000000"`
    "#);
}

#[test]
fn a_tenant_id_is_a_guid() {
    let text = r#"[[tenant]]
id = "contoso.onmicrosoft.com"
client_id = "0"
"#;
    assert_snapshot!(complaints(text), @r#"
    error: `id` is no GUID
     --> vnetlint.toml:2:6
      |
    2 | id = "contoso.onmicrosoft.com"
      |      ^^^^^^^^^^^^^^^^^^^^^^^^^ expected 8-4-4-4-12 hexadecimal digits

    error: `client_id` is no GUID
     --> vnetlint.toml:3:13
      |
    3 | client_id = "0"
      |             ^^^ expected 8-4-4-4-12 hexadecimal digits
    "#);
}

#[test]
fn a_tenant_stands_once() {
    let text = r#"[[tenant]]
id = "00000000-0000-0000-0000-00000000000a"
[[tenant]]
id = "00000000-0000-0000-0000-00000000000A"
"#;
    assert_snapshot!(complaints(text), @r#"
    error: two tenants have the id `00000000-0000-0000-0000-00000000000A`
     --> vnetlint.toml:4:6
      |
    2 | id = "00000000-0000-0000-0000-00000000000a"
      |      -------------------------------------- used here
    3 | [[tenant]]
    4 | id = "00000000-0000-0000-0000-00000000000A"
      |      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ used again here
    "#);
}

#[test]
fn a_credential_is_a_known_kind() {
    let text = r#"[[tenant]]
id = "00000000-0000-0000-0000-00000000000a"
credential = "azure_cli"
"#;
    assert_snapshot!(complaints(text), @r#"
    error: `credential` has the unknown value `azure_cli`
     --> vnetlint.toml:3:14
      |
    3 | credential = "azure_cli"
      |              ^^^^^^^^^^^ expected `azure-cli`, `managed-identity`, `workload-identity`, `client-secret`, `client-certificate`, `azure-pipelines` or `github-oidc`
      |
      = help: did you mean `azure-cli`?
    "#);
}

#[test]
fn a_tenant_reads_some_subscription() {
    let text = r#"[[tenant]]
id = "00000000-0000-0000-0000-00000000000a"
subscriptions = []
exclude = "x"
"#;
    assert_snapshot!(complaints(text), @r#"
    error: `subscriptions` is empty: nothing would be read
     --> vnetlint.toml:3:17
      |
    3 | subscriptions = []
      |                 ^^ no subscription
      |
      = help: remove the key to read every subscription

    error: `exclude` is a string, expected an array of names or globs, such as ["*"]
     --> vnetlint.toml:4:11
      |
    4 | exclude = "x"
      |           ^^^ expected an array of names or globs, such as ["*"]
    "#);
}
