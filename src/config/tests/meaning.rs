//! What a good file means.

use jiff::civil::date;
use proptest::prelude::*;
use serde_json::json;

use super::check;
use crate::config::{
    Approval, ClassifySubject, Cloud, Config, Credential, Orientation, Party, Pattern, Position, Standing,
};
use crate::finding::{RuleId, Severity};

const FULL: &str = r#"[cloud]
name = "usgov"

[[tenant]]
id = "00000000-0000-0000-0000-00000000000a"
name = "contoso"
credential = "workload-identity"
client_id = "00000000-0000-0000-0000-00000000000B"
subscriptions = ["sub-*", "00000000-0000-0000-0000-00000000000c"]
exclude = ["*-sandbox"]

[[tenant]]
id = "00000000-0000-0000-0000-00000000000d"

[classify.role]
shared = [{ name = "vnet-shared-*" }]
hub   = [{ tag = "Role", value = "hub" }, { name = "*-hub-*" }, { id = "/subscriptions/*/vnet-h/" }]
spoke = [{ tag = "Workload" }]

[classify.environment]
prod = [
    { tag = "Environment", value = "prod*" },
    { management_group = "mg-prod", name = "vnet-*" },
    { subscription = "*-prd-*" },
]
dev  = [{ tag = "Environment", value = "dev*" }]

[[approval]]
id = "NET-1423"
rule = "peering-cross-tenant"
local = "/subscriptions/s/virtualNetworks/vnet-spoke-app/"
remote = "vnet-hub"
reason = "Egress through the hub firewall"
requested_by = "platform-team"
approved_by = "network-architecture-board"
approved_on = 2026-01-15
expires = 2026-12-31

[[approval]]
id = "NET-2"
rule = "nsg-*"
local = "vnet-spoke-app"
reason = "A lone resource"
expires = 2026-12-31

[rules.nsg-broad-virtual-network-tag]
severity = "critical"
wide_port_count = 50
names = ["b", "c"]
ratio = 1

[rules.peering-spoke-to-spoke]
enabled = false

[estate]
on_premises = ["192.168.0.0/16", "fd00::/8"]
inspection_points = ["10.0.1.4", "fd00::1"]
"#;

fn config(text: &str) -> Config {
    Config::parse("vnetlint.toml", text).unwrap_or_else(|errors| panic!("{errors}"))
}

fn rule(id: &str) -> RuleId {
    id.parse().unwrap()
}

#[test]
fn a_full_file_is_read_whole() {
    let config = config(FULL);
    check(&config).unwrap();
    assert_eq!(config.cloud, Cloud::UsGov);
    let [contoso, other] = config.tenants.as_slice() else { panic!("two tenants") };
    assert_eq!(contoso.name.as_deref(), Some("contoso"));
    assert_eq!(contoso.credential, Some(Credential::WorkloadIdentity));
    assert_eq!(contoso.client_id.as_deref(), Some("00000000-0000-0000-0000-00000000000B"));
    assert_eq!(contoso.subscriptions.iter().map(Pattern::is_glob).collect::<Vec<_>>(), [true, false]);
    assert!(contoso.exclude[0].matches("team-SANDBOX"));
    assert_eq!(other.subscriptions[0].text(), "*", "every subscription unless said otherwise");
    assert_eq!(config.estate.on_premises.len(), 2);
    assert_eq!(config.estate.inspection_points.len(), 2);
}

#[test]
fn rule_settings_keep_their_parameters_apart() {
    let config = config(FULL);
    let settings = &config.rules[&rule("nsg-broad-virtual-network-tag")];
    assert!(settings.enabled);
    assert_eq!(settings.severity, Some(Severity::Critical));
    assert!(!config.rules[&rule("peering-spoke-to-spoke")].enabled);
    let parameters = config.parameters(&rule("nsg-broad-virtual-network-tag"));
    assert_eq!(json!(parameters), json!({ "wide_port_count": 50, "names": ["b", "c"], "ratio": 1 }));
    assert!(config.parameters(&rule("peering-orphan")).is_empty());
}

#[test]
fn an_empty_file_is_like_no_file() {
    assert_eq!(Config { source: None, ..config("") }, Config::default());
    check(&Config::default()).unwrap();
}

#[test]
fn a_cloud_of_its_own_has_two_endpoints() {
    let text = "[cloud]\nresource_manager = \"http://127.0.0.1:8080/\"\nauthority = \"https://login.local\"\n";
    let Cloud::Custom { resource_manager, authority } = config(text).cloud else { panic!("endpoints") };
    assert_eq!(resource_manager.as_str(), "http://127.0.0.1:8080");
    assert_eq!(authority.as_str(), "https://login.local");
}

#[test]
fn an_approval_knows_its_place_and_its_note() {
    let config = config(FULL);
    let approval = &config.approvals[0];
    let source = config.source.as_ref().unwrap();
    let (start, end) = approval.span;
    let (start, end) = (usize::try_from(start).unwrap(), usize::try_from(end).unwrap());
    assert_eq!(&source.text()[start..end], "\"NET-1423\"");
    assert_eq!(source.position(start), Position { line: 29, column: 6 });
    let note = approval.note();
    assert_eq!(note.approved_on.as_deref(), Some("2026-01-15"));
    assert_eq!(note.expires, "2026-12-31");
    assert_eq!(note.approved_by.as_deref(), Some("network-architecture-board"));
}

#[test]
fn an_approval_holds_from_its_first_day_through_its_last() {
    let approval = &config(FULL).approvals[0];
    assert_eq!(approval.standing_on(date(2026, 1, 14)), Standing::NotYet);
    assert!(approval.in_force_on(date(2026, 1, 15)));
    assert!(approval.in_force_on(date(2026, 12, 31)));
    assert_eq!(approval.standing_on(date(2027, 1, 1)), Standing::Expired);
    assert!(!approval.in_force_on(date(2027, 1, 1)));
}

const SPOKE: Party<'_> = Party { id: "/subscriptions/S/virtualNetworks/VNET-spoke-app", name: "VNET-spoke-app" };
const HUB: Party<'_> = Party { id: "/subscriptions/S/virtualNetworks/vnet-HUB", name: "vnet-HUB" };
const OTHER: Party<'_> = Party { id: "/subscriptions/S/virtualNetworks/vnet-hub-2", name: "vnet-hub-2" };

#[test]
fn an_approval_of_a_link_minds_its_orientation() {
    let approval = &config(FULL).approvals[0];
    for orientation in [Orientation::EitherWay, Orientation::ReceiverFirst] {
        assert!(approval.covers_link(&SPOKE, &HUB, orientation));
        assert!(!approval.covers_link(&SPOKE, &OTHER, orientation));
        assert!(!approval.covers_link(&HUB, &HUB, orientation));
    }
    assert!(approval.covers_link(&HUB, &SPOKE, Orientation::EitherWay));
    assert!(!approval.covers_link(&HUB, &SPOKE, Orientation::ReceiverFirst));
}

#[test]
fn links_and_lone_resources_are_approved_apart() {
    let approvals = config(FULL).approvals;
    let [link, lone]: [Approval; 2] = approvals.try_into().unwrap();
    assert!(!link.covers_resource(&[SPOKE]));
    assert!(lone.covers_resource(&[HUB, SPOKE]));
    assert!(!lone.covers_resource(&[HUB]));
    assert!(!lone.covers_resource(&[]));
    assert!(!lone.covers_link(&SPOKE, &HUB, Orientation::EitherWay));
}

#[test]
fn an_approval_speaks_of_its_rules_alone() {
    let approvals = config(FULL).approvals;
    assert!(approvals[0].covers_rule(&rule("peering-cross-tenant")));
    assert!(!approvals[0].covers_rule(&rule("peering-cross-region")));
    assert!(approvals[1].covers_rule(&rule("nsg-any-to-any")));
}

fn role(config: &Config, subject: &ClassifySubject<'_>) -> Option<String> {
    config.classify.role(subject).map(|found| format!("{} by {}", found.value(), found.reason))
}

fn environment(config: &Config, subject: &ClassifySubject<'_>) -> Option<String> {
    config.classify.environment(subject).map(|found| format!("{} by {}", found.value(), found.reason))
}

#[test]
fn a_class_comes_with_its_reason() {
    let config = config(FULL);
    let subject = ClassifySubject {
        id: "/Subscriptions/S/VNET-H",
        name: "VNET-h",
        tags: vec![("environment", "PRODUCTION")],
        subscription_id: "S",
        ..ClassifySubject::default()
    };
    assert_eq!(
        role(&config, &subject).as_deref(),
        Some("hub by id matches /subscriptions/*/vnet-h (vnetlint.toml:17)")
    );
    assert_eq!(
        environment(&config, &subject).as_deref(),
        Some("prod by tag environment = PRODUCTION (vnetlint.toml:22)")
    );
    let subject = ClassifySubject { tags: vec![("ROLE", "hub"), ("workload", "")], ..subject };
    assert_eq!(role(&config, &subject).as_deref(), Some("hub by tag ROLE = hub (vnetlint.toml:17)"));
    assert_eq!(environment(&config, &subject), None);
}

#[test]
fn the_first_name_in_the_file_wins_not_the_first_in_the_alphabet() {
    let subject = ClassifySubject { name: "vnet-shared-hub-1", ..ClassifySubject::default() };
    assert_eq!(role(&config(FULL), &subject).as_deref(), Some("shared by name vnet-shared-hub-1 (vnetlint.toml:16)"));
}

#[test]
fn all_conditions_of_a_matcher_hold_together() {
    let config = config(FULL);
    let subject =
        ClassifySubject { name: "x", management_groups: vec!["root", "MG-prod"], ..ClassifySubject::default() };
    assert_eq!(environment(&config, &subject), None);
    let subject = ClassifySubject { name: "vnet-a", ..subject };
    assert_eq!(
        environment(&config, &subject).as_deref(),
        Some("prod by name vnet-a and management group MG-prod (vnetlint.toml:23)")
    );
}

#[test]
fn a_tag_without_a_value_need_only_exist() {
    let subject = ClassifySubject { tags: vec![("WORKLOAD", "")], ..ClassifySubject::default() };
    assert_eq!(role(&config(FULL), &subject).as_deref(), Some("spoke by tag WORKLOAD (vnetlint.toml:18)"));
}

#[test]
fn a_subscription_goes_by_its_name_or_its_id() {
    let config = config("[classify.environment]\ndev = [{ subscription = \"0a*\" }, { subscription = \"*-dev-*\" }]\n");
    let subject = ClassifySubject { subscription_id: "0A1", ..ClassifySubject::default() };
    assert_eq!(environment(&config, &subject).as_deref(), Some("dev by subscription 0A1 (vnetlint.toml:2)"));
    let subject =
        ClassifySubject { subscription_id: "1", subscription_name: Some("app-DEV-1"), ..ClassifySubject::default() };
    assert_eq!(environment(&config, &subject).as_deref(), Some("dev by subscription app-DEV-1 (vnetlint.toml:2)"));
}

#[test]
fn matchers_that_decide_nothing_can_be_found() {
    let config = config(FULL);
    let subject = ClassifySubject { name: "vnet-shared-1", ..ClassifySubject::default() };
    let decided = config.classify.role(&subject).unwrap().matcher.span;
    let idle = config.classify.matchers().filter(|matcher| matcher.span != decided).count();
    assert_eq!((idle, config.classify.matchers().count()), (8, 9));
}

#[test]
fn carriage_returns_and_a_byte_order_mark_change_nothing() {
    let windows = format!("\u{feff}{}", FULL.replace('\n', "\r\n"));
    let (unix, windows) = (config(FULL), config(&windows));
    assert_eq!(unix.tenants, windows.tenants);
    assert_eq!(unix.approvals[0].note(), windows.approvals[0].note());
    let lines = |config: &Config| config.classify.matchers().map(|matcher| matcher.line).collect::<Vec<_>>();
    assert_eq!(lines(&unix), lines(&windows));
}

/// Reads a text as a user's file; whatever it is, the answer is settings or complaints with places.
fn survives(bytes: &[u8]) -> Result<(), TestCaseError> {
    let Err(errors) = Config::from_bytes("f.toml", bytes) else { return Ok(()) };
    let lines = String::from_utf8_lossy(bytes).matches('\n').count() + 1;
    prop_assert!(errors.places().next().is_some());
    prop_assert!(errors.places().all(|(place, _)| (1..=lines).contains(&place.line) && place.column > 0));
    let text = errors.to_string();
    prop_assert!(text.contains("--> f.toml:"), "{text}");
    prop_assert!(!text.chars().any(|symbol| symbol.is_control() && symbol != '\n'), "{text:?}");
    Ok(())
}

#[test]
fn every_beginning_of_a_good_file_is_read_or_explained() {
    for end in 0..=FULL.len() {
        survives(&FULL.as_bytes()[..end]).unwrap();
    }
}

#[test]
fn depth_is_no_danger() {
    for deep in [
        format!("a = {}", "[".repeat(10_000)),
        format!("{}1", "a = { ".repeat(10_000)),
        format!("[{}a]", "a.".repeat(10_000)),
        format!("{}a = 1", "a.".repeat(10_000)),
    ] {
        survives(deep.as_bytes()).unwrap();
    }
}

proptest! {
    #[test]
    fn no_text_is_a_danger(text in "\\PC{0,80}") {
        survives(text.as_bytes())?;
    }

    #[test]
    fn no_bytes_are_a_danger(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
        survives(&bytes)?;
    }

    #[test]
    fn no_pieces_of_toml_are_a_danger(pieces in proptest::collection::vec(prop_oneof![
        Just("[["), Just("]]"), Just("["), Just("]"), Just("{"), Just("}"), Just("="), Just(","), Just("."),
        Just("\n"), Just("\r\n"), Just("\""), Just("\"\"\""), Just("'"), Just("#"), Just(" "), Just("\u{feff}"), Just("ü"),
        Just("approval"), Just("tenant"), Just("classify"), Just("role"), Just("rules"), Just("estate"), Just("cloud"),
        Just("client_secret"), Just("id"), Just("name"), Just("expires"), Just("2026-12-31"), Just("1"), Just("inf"),
        Just("[[approval]]\n"), Just("[classify.role]\nhub=[{"), Just("\"a\""), Just("true"), Just("\u{1b}[31m"),
    ], 0..40)) {
        survives(pieces.concat().as_bytes())?;
    }

    #[test]
    fn no_damage_to_a_good_file_is_a_danger(at in 0..FULL.len(), length in 0_usize..40, put in "[\\[\\]{}=\"'.,\n a1\u{0}]{0,4}") {
        let end = (at + length).min(FULL.len());
        survives(&[&FULL.as_bytes()[..at], put.as_bytes(), &FULL.as_bytes()[end..]].concat())?;
    }

    #[test]
    fn secrets_never_come_back(secret in "[a-z]{12}", before in "[ a-z=\"\\[{]{0,10}", after in "[ a-z=\"\\]}]{0,10}") {
        let text = format!("[[tenant]]\n{before}\nclient_secret = \"{secret}\"{after}\n");
        if let Err(errors) = Config::parse("f.toml", &text) {
            prop_assert!(!errors.to_string().contains(&secret), "{errors}");
        }
    }
}
