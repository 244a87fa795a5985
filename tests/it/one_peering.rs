//! One peering, followed from the export's text to SARIF: one step, one assertion.
//!
//! The best way into the code: each step names the module that takes it.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use vnetlint::azure::{PeeringState, ResourceId};
use vnetlint::config::Config;
use vnetlint::estate::{Estate, Far};
use vnetlint::facts::Context;
use vnetlint::facts::peering::{Link, LinkState};
use vnetlint::finding::{Anchor, Outcome};
use vnetlint::input::{self, Completeness};
use vnetlint::locate;
use vnetlint::report::sarif::{self, Profile, SarifOptions};
use vnetlint::rule::EngineMode;
use vnetlint::scan;

use crate::estate_of::shipped;

/// Two spokes with a peering of their own, as `az network vnet list` prints them: properties lie flat.
const EXPORT: &str = r#"[
  {
    "id": "/subscriptions/0a1b/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/vnet-app",
    "name": "vnet-app",
    "tags": { "Role": "spoke", "Environment": "prod" },
    "addressSpace": { "addressPrefixes": ["10.1.0.0/16"] },
    "subnets": [],
    "virtualNetworkPeerings": [
      {
        "name": "to-web",
        "peeringState": "Connected",
        "remoteVirtualNetwork": {
          "id": "/subscriptions/0A1B/resourceGroups/RG/providers/Microsoft.Network/virtualNetworks/vnet-web"
        }
      }
    ]
  },
  {
    "id": "/subscriptions/0a1b/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/vnet-web",
    "name": "vnet-web",
    "tags": { "Role": "spoke", "Environment": "prod" },
    "addressSpace": { "addressPrefixes": ["10.2.0.0/16"] },
    "subnets": [],
    "virtualNetworkPeerings": [
      {
        "name": "to-app",
        "peeringState": "Connected",
        "remoteVirtualNetwork": {
          "id": "/subscriptions/0a1b/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/vnet-app"
        }
      }
    ]
  }
]
"#;

const RULE: &str = "peering-spoke-to-spoke";

#[test]
fn one_peering_from_file_to_sarif() {
    // 1. `input` takes the export apart. Its shape is recognised from the content, and every resource is kept once.
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("vnets.json");
    std::fs::write(&file, EXPORT).unwrap();
    let (inventory, sources) =
        input::load(std::slice::from_ref(&file), &mut std::io::empty(), Completeness::AsStated, &|_| {}).unwrap();
    assert_eq!(inventory.counts, BTreeMap::from([("virtualNetworks".to_owned(), 2)]));

    // 2. `azure` read each element into a typed resource: one peering object is one side, with what it says itself.
    let app = &inventory.vnets[0];
    let object = &app.peerings[0];
    assert_eq!((object.name.as_str(), &object.state), ("to-web", &Some(PeeringState::Connected)));
    assert_eq!(object.allow_forwarded_traffic, None, "what the export leaves out is not known, it is not false");

    // 3. `estate` joins it with its reverse, whatever the letter case of the ids that name each other.
    let config = Config::default();
    let estate = Estate::build(inventory, &config);
    let [link] = estate.links.as_slice() else { panic!("two objects are one link: {:?}", estate.links) };
    let Far::Seen(back) = link.remote else { panic!("the reverse is in the export: {link:?}") };
    assert_eq!(estate.peering(back).1.name.as_str(), "to-app");

    // 4. `facts` states what policies see: both sides, what they are, and what their two states mean together.
    let ids = shipped().rules().iter().map(|rule| rule.metadata.id.clone()).collect::<Vec<_>>();
    let context = Context { estate: &estate, config: &config, rules: &ids, as_of: None };
    let facts = Link::of(&context, link);
    assert_eq!((facts.state, facts.roles), (LinkState::Established, "spoke+spoke"));

    // 5. `rule` evaluates `policies/peering/spoke_to_spoke/spoke_to_spoke.rego` with these facts as `input`; what it
    //    denies comes back as a verdict.
    let data = json!({"config": {"rules": {}}, "estate": scan::estate_data(&estate, &config, None)});
    let rules = shipped().clone().with_data(data).unwrap();
    let position = ids.iter().position(|id| id.as_str() == RULE).unwrap();
    let verdicts = rules.agree(position, &serde_json::to_value(&facts).unwrap()).unwrap();
    assert_eq!((verdicts.deny.len(), verdicts.undetermined.len()), (1, 0), "{verdicts:?}");

    // 6. `scan` does that for every subject and every rule, and makes findings of verdicts: with severity, the other
    //    side, and an identity that survives reordering.
    let mut only = rules;
    only.enable(|rule| rule.metadata.id.as_str() == RULE);
    let enabled = ids.iter().map(|id| id.as_str() == RULE).collect::<Vec<_>>();
    let settings =
        scan::Settings { config: &config, config_file: None, as_of: None, engine: EngineMode::Rvm, enabled: &enabled };
    let verdict = scan::scan(&estate, &only, settings, &|_, _| {});
    let [finding] = verdict.findings.as_slice() else { panic!("{:#?}", verdict.findings) };
    let id = "/subscriptions/0a1b/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/vnet-app/\
              virtualNetworkPeerings/to-web";
    assert_eq!((&finding.outcome, &finding.subject.resource), (&Outcome::Violation, &ResourceId::new(id)));

    // 7. A finding points at a byte and into the JSON below it: no line was counted so far, and no text was kept.
    let Some(Anchor::Json { offset, pointer, .. }) = &finding.subject.anchor else { panic!("{finding:#?}") };
    let byte = usize::try_from(*offset).unwrap();
    assert!(EXPORT[byte..].starts_with("{\n    \"id\""), "the anchor starts at the resource");
    assert!(pointer.starts_with("/properties/virtualNetworkPeerings/0"), "the pointer is in ARM's nested shape");

    // 8. `locate` opens the file again and finds the line and the column, in the shape that the file really has.
    let mut report = scan::report(&estate, &config, &only, &enabled, None, verdict, Vec::new());
    let located = locate::locate(&sources, &scan::anchors(&report.findings));
    scan::fill_places(&mut report.findings, &located);
    let place = report.findings[0].subject.location.clone().unwrap();
    let text_of_line = EXPORT.lines().nth(usize::try_from(place.start_line).unwrap() - 1).unwrap();
    let column = usize::try_from(place.start_column).unwrap() - 1;
    assert!(
        text_of_line[column..].starts_with(&place.snippet),
        "{text_of_line:?} holds {:?} at {column}",
        place.snippet
    );
    assert!((9..=14).contains(&place.start_line), "it is a line of the peering object: {place:?}");

    // 9. `report::sarif` writes it down for GitHub: the same place, the ARM id, and the other side.
    let options = SarifOptions { source_path: &|_| "vnets.json".to_owned() };
    let output = sarif::render(&report, Profile::Github, &options);
    let mut text = Vec::new();
    output.files[0].write(&mut text).unwrap();
    let sarif: Value = serde_json::from_slice(&text).unwrap();
    let result = &sarif["runs"][0]["results"][0];
    let location = &result["locations"][0];
    assert_eq!(result["ruleId"], RULE);
    assert_eq!(location["physicalLocation"]["artifactLocation"]["uri"], "vnets.json");
    assert_eq!(location["physicalLocation"]["region"]["startLine"], place.start_line);
    assert_eq!(location["physicalLocation"]["region"]["startColumn"], place.start_column);
    assert_eq!(location["logicalLocations"][0]["fullyQualifiedName"], id);
    let other = &result["relatedLocations"][0]["logicalLocations"][0]["fullyQualifiedName"];
    assert!(other.as_str().unwrap().ends_with("/vnet-web/virtualNetworkPeerings/to-app"), "{other}");
}
