//! What cannot be read does not pass: a value that one of the headline rules judges by is taken away or made odd, one
//! at a time, everywhere in the rule's failing example. The rule still speaks, or says that it cannot tell.

use std::fs;

use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};
use vnetlint::finding::Outcome;
use vnetlint::report::NoticeKind;

use crate::command::root;
use crate::estate_of::Scan;

/// Everywhere in a document, as pointers, but for the document itself.
fn places(value: &Value) -> Vec<String> {
    let below = |step: &str, inner: &Value| {
        let step = format!("/{}", step.replace('~', "~0").replace('/', "~1"));
        let inner = places(inner).into_iter().map(|rest| format!("{step}{rest}"));
        inner.chain([step.clone()]).collect::<Vec<_>>()
    };
    match value {
        Value::Object(members) => members.iter().flat_map(|(key, inner)| below(key, inner)).collect(),
        Value::Array(items) => items.iter().enumerate().flat_map(|(at, inner)| below(&at.to_string(), inner)).collect(),
        _ => Vec::new(),
    }
}

/// What is done to a value.
#[derive(Clone, Debug)]
enum Harm {
    /// The property is not there.
    Deleted,
    Replaced(Value),
}

impl Harm {
    fn done(&self, document: &Value, place: &str) -> Value {
        let mut document = document.clone();
        match self {
            Self::Replaced(odd) => *document.pointer_mut(place).unwrap() = odd.clone(),
            Self::Deleted => {
                let (parent, step) = place.rsplit_once('/').unwrap();
                match document.pointer_mut(parent).unwrap() {
                    Value::Object(members) => drop(members.remove(&step.replace("~1", "/").replace("~0", "~"))),
                    Value::Array(items) => drop(items.remove(step.parse().unwrap())),
                    _ => unreachable!("a place has a parent"),
                }
            }
        }
        document
    }
}

/// The failing example of a rule.
fn example(rule: &str) -> (Value, String) {
    let folder = root().join("policies").join(rule);
    let export = serde_json::from_slice(&fs::read(folder.join("fails.json")).unwrap()).unwrap();
    (export, fs::read_to_string(folder.join("fails.toml")).unwrap_or_default())
}

/// Damages every place of the rule's example, and tells where nobody speaks of what the rule spoke of.
///
/// Either the rule itself speaks, or another rule says of the same subject that it cannot be judged: which rule reports
/// a defect of an NSG rule is decided once. Places that hold one of `warned` make something vanish that nobody can
/// judge then; that an odd value stands there has to be in the report.
fn silenced(folder: &str, warned: &[&str]) -> Vec<String> {
    let rule = folder.replace(['/', '_'], "-");
    let (export, config) = example(folder);
    let whole = Scan::text(export.to_string()).with_config(&config).report().unwrap();
    let subject = &whole.findings.iter().find(|finding| finding.rule.as_str() == rule).unwrap().subject.resource;
    let mut silent = Vec::new();
    for place in places(&export) {
        // An element of a list that is not there is another estate, and not one that cannot be read.
        let in_list = place.rsplit('/').next().is_some_and(|step| step.parse::<usize>().is_ok());
        let odd = if export.pointer(&place).is_some_and(Value::is_number) { json!("odd") } else { json!(5) };
        let deleted = (!in_list).then_some(Harm::Deleted);
        for harm in deleted.into_iter().chain([Harm::Replaced(odd)]) {
            let text = harm.done(&export, &place).to_string();
            // Input that cannot be read at all stops the run: that is no pass.
            let Ok(report) = Scan::text(text).with_config(&config).report() else { continue };
            let speaks = report.findings.iter().any(|finding| {
                finding.rule.as_str() == rule
                    || (finding.outcome == Outcome::Undetermined && finding.subject.resource == *subject)
            });
            let has_notice = report.notices.iter().any(|notice| notice.kind == NoticeKind::OddValue);
            let is_deleted = matches!(harm, Harm::Deleted);
            let excused = warned.iter().any(|warned| place.ends_with(warned)) && (has_notice || is_deleted);
            if !speaks && !excused {
                silent.push(format!("{place} {harm:?}"));
            }
        }
    }
    silent
}

#[test]
fn a_spoke_to_spoke_peering_does_not_pass_unread() {
    assert_eq!(silenced("peering/spoke_to_spoke", &[]), Vec::<String>::new());
}

#[test]
fn a_peering_of_production_with_others_does_not_pass_unread() {
    // A hub without an environment of its own serves all.
    assert_eq!(silenced("peering/prod_to_nonprod", &["/0/tags", "/0/tags/Environment"]), Vec::<String>::new());
}

#[test]
fn a_broad_tag_does_not_pass_unread() {
    // A subnet that names no NSG has none: that is what `subnet-without-nsg` says of it. A rule that is not there is
    // no subject.
    let none = [
        "/networkSecurityGroup",
        "/networkSecurityGroup/id",
        "/subnets/0/properties",
        "/3/properties",
        "/securityRules",
        "/securityRules/0",
    ];
    assert_eq!(silenced("nsg/broad_virtual_network_tag", &none), Vec::<String>::new());
}

#[test]
fn unapproved_forwarded_traffic_does_not_pass_unread() {
    // The receiving side is the subject: without its object there is none.
    let no_object = ["/1/properties", "/1/properties/virtualNetworkPeerings", "/1/properties/virtualNetworkPeerings/0"];
    assert_eq!(silenced("peering/unapproved_forwarded_traffic", &no_object), Vec::<String>::new());
}

fn odd_value() -> impl Strategy<Value = Harm> {
    let odd = prop_oneof![
        Just(json!(null)),
        Just(json!(true)),
        Just(json!(-1)),
        Just(json!(1e300)),
        Just(json!("")),
        Just(json!("10.0.0.0/99")),
        Just(json!("*")),
        Just(json!("/subscriptions//providers/")),
        Just(json!("\u{0}\u{202e}\u{1f4a9}")),
        Just(json!([])),
        Just(json!([null, [], {}])),
        Just(json!({})),
        Just(json!({"properties": {"properties": 5}, "id": "/", "name": ""})),
    ];
    prop_oneof![Just(Harm::Deleted), odd.prop_map(Harm::Replaced)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    /// Every example, several values damaged at once: there is a report or an error, never a panic, and every report
    /// can be written.
    #[test]
    fn no_damage_makes_a_scan_panic(
        which in any::<Index>(),
        harms in prop::collection::vec((any::<Index>(), odd_value()), 1..6),
    ) {
        let (mut export, config) = example(EXAMPLES[which.index(EXAMPLES.len())]);
        for (at, harm) in harms {
            let places = places(&export);
            if !places.is_empty() {
                export = harm.done(&export, &places[at.index(places.len())]);
            }
        }
        if let Ok(report) = Scan::text(export.to_string()).with_config(&config).report() {
            let mut out = Vec::new();
            vnetlint::report::json::write(&report, &mut out).unwrap();
            vnetlint::report::csv::write(&report, &mut out).unwrap();
            vnetlint::report::terminal::write(&report, vnetlint::report::terminal::Verbosity::Verbose, &mut out).unwrap();
        }
    }
}

const EXAMPLES: [&str; 8] = [
    "address/overlap",
    "nsg/broad_virtual_network_tag",
    "nsg/management_port_exposed",
    "nsg/virtual_network_tag_is_any",
    "peering/gateway_transit_mismatch",
    "peering/out_of_sync",
    "peering/unapproved_forwarded_traffic",
    "subnet/without_nsg",
];
