//! The generator keeps its promises: what it writes is canonical, whole, clean where nothing is seeded, and the same twice.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use ipnet::Ipv4Net;
use serde_json::Value;
use vnetlint::azure::ResourceId;

use super::plan::Plan;
use super::snapshot::{TYPES, hex};
use super::vnet::{Environment, Vnet};
use super::{Answer, Seed, Seeds, Spec, generate, shuffle};

/// A generated estate, read back.
struct Estate {
    folder: tempfile::TempDir,
    answer: Answer,
    manifest: Value,
    /// Resources by the stem of their file.
    resources: BTreeMap<String, Vec<Value>>,
    /// Path below the snapshot and text.
    files: BTreeMap<String, String>,
}

impl Estate {
    fn of(spec: &Spec) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let answer = generate(spec, folder.path()).unwrap();
        let manifest = json(&fs::read_to_string(answer.snapshot.join("manifest.json")).unwrap());
        let mut resources = BTreeMap::<String, Vec<Value>>::new();
        let mut files = BTreeMap::new();
        for file in array(&manifest["files"]) {
            let path = text(&file["path"]);
            let content = fs::read_to_string(answer.snapshot.join(path)).unwrap();
            let stem = path.rsplit('/').next().unwrap().strip_suffix(".json").unwrap().to_owned();
            let values = resources.entry(stem).or_default();
            match json(&content) {
                Value::Array(items) => values.extend(items),
                single => values.push(single),
            }
            files.insert(path.to_owned(), content);
        }
        Self { folder, answer, manifest, resources, files }
    }

    fn vnets(&self) -> &[Value] {
        self.resources.get("virtualNetworks").map_or(&[], Vec::as_slice)
    }

    fn vnets_by_id(&self) -> BTreeMap<&str, &Value> {
        self.vnets().iter().map(|vnet| (text(&vnet["id"]), vnet)).collect()
    }

    /// Every id in the estate: resources, subnets, peerings and custom rules.
    fn ids(&self) -> Vec<&str> {
        let mut ids = Vec::new();
        for (stem, resources) in &self.resources {
            for resource in resources.iter().filter(|_| stem != "subscription") {
                ids.push(text(&resource["id"]));
                for children in ["subnets", "virtualNetworkPeerings", "securityRules", "defaultSecurityRules"] {
                    let owned =
                        array(&resource["properties"][children]).iter().filter(|child| !child["name"].is_null());
                    ids.extend(owned.map(|child| text(&child["id"])));
                }
            }
        }
        ids
    }
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn array(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn prefixes(space: &Value) -> Vec<Ipv4Net> {
    array(&space["addressPrefixes"]).iter().map(|prefix| text(prefix).parse().unwrap()).collect()
}

fn peerings(vnet: &Value) -> &[Value] {
    array(&vnet["properties"]["virtualNetworkPeerings"])
}

fn remote(peering: &Value) -> &str {
    text(&peering["properties"]["remoteVirtualNetwork"]["id"])
}

fn spec(vnets: usize, seeds: Seeds) -> Spec {
    Spec { seeds, ..Spec::clean(vnets) }
}

/// The document as it would stand if it had just been indented, by rules that know nothing of the writer.
fn reindented(document: &str) -> String {
    let (mut out, mut depth, mut quoted, mut escaped) = (String::new(), 0, false, false);
    let line = |out: &mut String, depth: usize| {
        out.push('\n');
        out.push_str(&"  ".repeat(depth));
    };
    for c in document.chars() {
        if quoted {
            out.push(c);
            quoted = c != '"' || escaped;
            escaped = c == '\\' && !escaped;
            continue;
        }
        if c.is_ascii_whitespace() {
            continue;
        }
        let opened = out.ends_with(['{', '[']);
        if matches!(c, '}' | ']') {
            depth -= 1;
        }
        if opened != matches!(c, '}' | ']') || out.ends_with(',') {
            line(&mut out, depth);
        }
        out.push(c);
        match c {
            '{' | '[' => depth += 1,
            ':' => out.push(' '),
            '"' => quoted = true,
            _ => {}
        }
    }
    out + "\n"
}

fn tree(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        if entry.file_type().unwrap().is_dir() {
            found.extend(tree(&entry.path()).into_iter().map(|(path, bytes)| (format!("{name}/{path}"), bytes)));
        } else {
            found.insert(name, fs::read(entry.path()).unwrap());
        }
    }
    found
}

#[test]
fn every_size_gets_its_virtual_networks_rules_and_both_sides_of_each_link() {
    for vnets in [0, 1, 2, 26, 27, 60, 400] {
        let estate = Estate::of(&Spec::clean(vnets));
        assert_eq!(estate.vnets().len(), vnets);
        assert_eq!(estate.answer.size.vnets, vnets);
        let rules = estate.resources.get("networkSecurityGroups").into_iter().flatten();
        let rules = rules.map(|nsg| array(&nsg["properties"]["securityRules"]).len()).collect::<Vec<_>>();
        assert_eq!(rules, vec![10; vnets]);
        let hubs = estate.vnets().iter().filter(|vnet| vnet["tags"]["Role"] == "hub").count();
        let objects = estate.vnets().iter().map(|vnet| peerings(vnet).len()).sum::<usize>();
        assert_eq!(objects, 2 * (vnets - hubs));
        assert_eq!(objects, estate.answer.size.peerings);
        assert!(estate.answer.expected.is_empty(), "{:?}", estate.answer.expected);
    }
}

#[test]
fn the_manifest_says_what_the_files_hold() {
    let estate = Estate::of(&spec(160, Seeds::each(1)));
    assert_eq!(estate.manifest["format"], "vnetlint.snapshot/1");
    for file in array(&estate.manifest["files"]) {
        let content = &estate.files[text(&file["path"])];
        assert_eq!(text(&file["sha256"]), hex(content.as_bytes()));
        let resources = json(content).as_array().map_or(1, Vec::len);
        assert_eq!(file["resources"], resources);
    }
    let on_disk = tree(&estate.answer.snapshot).into_keys().filter(|path| path != "manifest.json");
    assert_eq!(on_disk.collect::<BTreeSet<_>>(), estate.files.keys().cloned().collect());
    for tenant in array(&estate.manifest["tenants"]) {
        for subscription in array(&tenant["subscriptions"]) {
            let complete = array(&subscription["complete"]).iter().map(text).collect::<Vec<_>>();
            assert_eq!(complete, TYPES);
            let place = format!("{}/{}", text(&tenant["id"]), text(&subscription["id"]));
            assert!(TYPES.iter().all(|stem| estate.files.contains_key(&format!("{place}/{stem}.json"))));
        }
    }
    assert_eq!(hex(b""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

#[test]
fn files_are_canonical() {
    let estate = Estate::of(&spec(160, Seeds::each(1)));
    for (path, content) in &estate.files {
        assert_eq!(content, &reindented(content), "{path}");
        let keys = array(&json(content)).iter().map(|one| text(&one["id"]).to_ascii_lowercase()).collect::<Vec<_>>();
        assert!(keys.is_sorted_by(|a, b| a < b), "{path}");
    }
}

#[test]
fn ids_are_unique_well_formed_and_in_the_subscription_of_their_file() {
    let estate = Estate::of(&spec(160, Seeds::each(1)));
    let ids = estate.ids();
    let unique = ids.iter().map(|id| id.to_ascii_lowercase()).collect::<BTreeSet<_>>();
    assert_eq!(unique.len(), ids.len());
    for (path, content) in estate.files.iter().filter(|(path, _)| !path.ends_with("subscription.json")) {
        for resource in array(&json(content)) {
            let id = ResourceId::new(text(&resource["id"]));
            assert_eq!(id.subscription(), path.split('/').nth(1));
            assert_eq!(id.name(), text(&resource["name"]));
            let full = format!("microsoft.network/{}", id.resource_type().unwrap());
            assert_eq!(full, text(&resource["type"]).to_ascii_lowercase());
        }
    }
    let guids = estate.files.values().flat_map(|content| {
        let resources = json(content);
        let guids = array(&resources).iter().filter_map(|one| one["properties"]["resourceGuid"].as_str());
        guids.map(str::to_owned).collect::<Vec<_>>()
    });
    let guids = guids.collect::<Vec<_>>();
    assert_eq!(guids.iter().collect::<BTreeSet<_>>().len(), guids.len());
}

#[test]
fn every_reference_points_at_something_that_exists_except_planted_orphans() {
    let estate = Estate::of(&spec(160, Seeds::each(1)));
    let known = estate.ids().into_iter().collect::<BTreeSet<_>>();
    let mut dangling = Vec::new();
    for values in estate.resources.values() {
        for value in values {
            references(value, &mut |id| {
                if !known.contains(id) && !id.contains("/ipConfigurations/") && !id.contains("/routes/") {
                    dangling.push(id.to_owned());
                }
            });
        }
    }
    let subscriptions = dangling.iter().filter(|id| id.split('/').count() == 3).count();
    assert_eq!(dangling.len() - subscriptions, 1, "{dangling:?}");
}

fn references(value: &Value, see: &mut impl FnMut(&str)) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| references(item, see)),
        Value::Object(members) => {
            if let Some(id) = members.get("id").and_then(Value::as_str) {
                see(id);
            }
            members.values().for_each(|member| references(member, see));
        }
        _ => {}
    }
}

#[test]
fn unseeded_links_are_connected_in_sync_and_mirrored() {
    let estate = Estate::of(&Spec::clean(400));
    let vnets = estate.vnets_by_id();
    for vnet in estate.vnets() {
        for peering in peerings(vnet) {
            let far = vnets[remote(peering)];
            let back = peerings(far).iter().find(|back| remote(back) == text(&vnet["id"])).expect("both sides exist");
            let (near, back) = (&peering["properties"], &back["properties"]);
            assert_eq!(near["peeringState"], "Connected");
            assert_eq!(near["peeringSyncLevel"], "FullyInSync");
            assert_eq!(near["resourceGuid"], back["resourceGuid"]);
            assert_eq!(near["remoteAddressSpace"], far["properties"]["addressSpace"]);
            assert_eq!(near["useRemoteGateways"], back["allowGatewayTransit"]);
            assert_eq!(near["allowForwardedTraffic"], far["tags"]["Role"] == "hub");
        }
    }
}

#[test]
fn space_is_private_and_disjoint_within_each_reach() {
    let estate = Estate::of(&Spec::clean(400));
    let vnets = estate.vnets_by_id();
    let private: Ipv4Net = "10.0.0.0/8".parse().unwrap();
    for hub in estate.vnets().iter().filter(|vnet| vnet["tags"]["Role"] == "hub") {
        let reach = peerings(hub).iter().map(|peering| vnets[remote(peering)]).chain([hub]);
        let spaces = reach.flat_map(|vnet| prefixes(&vnet["properties"]["addressSpace"])).collect::<Vec<_>>();
        assert!(spaces.iter().all(|space| private.contains(space)));
        for (position, a) in spaces.iter().enumerate() {
            for b in &spaces[position + 1..] {
                assert!(!a.contains(b) && !b.contains(a), "{a} and {b}");
            }
        }
    }
}

#[test]
fn production_and_the_rest_share_no_space_even_where_it_is_used_again() {
    let plan = Plan::new(&Spec::clean(5000));
    let blocks = |wanted: &[Environment]| {
        let vnets = plan.vnets.iter().filter(|vnet| wanted.contains(&vnet.environment));
        vnets.map(Vnet::block).collect::<BTreeSet<_>>()
    };
    let (prod, rest) = (blocks(&[Environment::Prod]), blocks(&[Environment::Dev, Environment::Test]));
    assert!(!prod.is_empty() && !rest.is_empty());
    assert!(prod.is_disjoint(&rest), "all blocks have one length, so equality is overlap");
    let different = prod.len() + rest.len() + blocks(&[Environment::Shared]).len();
    assert!(different < plan.vnets.len(), "the estate is big enough to use space again");
}

#[test]
fn subnets_lie_in_their_virtual_network_and_workloads_are_filtered() {
    let estate = Estate::of(&Spec::clean(60));
    for vnet in estate.vnets() {
        let space = prefixes(&vnet["properties"]["addressSpace"]);
        for subnet in array(&vnet["properties"]["subnets"]) {
            let mut own = prefixes(&subnet["properties"]);
            own.extend(subnet["properties"]["addressPrefix"].as_str().map(|prefix| prefix.parse::<Ipv4Net>().unwrap()));
            assert_eq!(own.len(), 1);
            assert!(space.iter().any(|space| space.contains(&own[0])));
            let workload = text(&subnet["name"]).starts_with("snet-");
            assert_eq!(workload, subnet["properties"]["networkSecurityGroup"].is_object());
        }
    }
}

#[test]
fn the_same_specification_gives_the_same_bytes_and_another_seed_does_not() {
    let (first, again) = (Estate::of(&Spec::of(200)), Estate::of(&Spec::of(200)));
    assert_eq!(tree(first.folder.path()), tree(again.folder.path()));
    assert_eq!(first.answer.expected, again.answer.expected);
    let other = Estate::of(&Spec { seed: 2, ..Spec::of(200) });
    assert_ne!(first.answer.expected, other.answer.expected);
}

#[test]
fn every_seed_alone_changes_the_estate_and_names_resources_that_exist() {
    let write = |seeds| {
        let folder = tempfile::tempdir().unwrap();
        let answer = generate(&spec(60, seeds), folder.path()).unwrap();
        let files = tree(&answer.snapshot).into_values().map(|bytes| String::from_utf8(bytes).unwrap());
        (answer, files.collect::<Vec<_>>())
    };
    let (_, clean) = write(Seeds::none());
    for seed in Seed::ALL {
        let (answer, files) = write(Seeds::none().with(seed, 1));
        assert_ne!(clean, files, "{seed:?}");
        assert!(!answer.expected.is_empty(), "{seed:?}");
        for expected in answer.expected {
            assert_eq!((expected.rule, expected.seed), (seed.rule(), Some(seed)));
            let exists = |id: &String| files.iter().any(|file| file.contains(&format!("\"id\": \"{id}\",")));
            assert!(!expected.about.is_empty() && expected.about.iter().all(exists), "{expected:?}");
        }
    }
}

#[test]
fn no_two_seeds_meet_in_one_resource() {
    let folder = tempfile::tempdir().unwrap();
    let answer = generate(&Spec::of(1500), folder.path()).unwrap();
    let mut seen = BTreeSet::new();
    assert!(answer.expected.iter().flat_map(|expected| &expected.about).all(|id| seen.insert(id)));
    assert!(Seed::ALL.iter().all(|seed| answer.expected.iter().any(|expected| expected.seed == Some(*seed))));
}

#[test]
fn seeds_without_room_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let error = generate(&spec(5, Seeds::none().with(Seed::Orphan, 9)), folder.path()).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
    assert!(!folder.path().join("snapshot").exists());
}

#[test]
fn a_crowded_hub_is_near_the_limit_of_peerings() {
    let estate = Estate::of(&Spec { spokes_per_hub: 400, ..Spec::clean(401) });
    let [expected] = estate.answer.expected.as_slice() else { panic!("one hub") };
    assert_eq!(expected.rule, "peering-near-limit");
    assert!(expected.about[0].contains("vnet-hub-"));
}

#[test]
fn differences_name_what_is_missing_unexpected_and_said_twice() {
    let mut answer = Estate::of(&spec(60, Seeds::none().with(Seed::Mesh, 1))).answer;
    answer.tolerated.insert(("nsg-any-to-any", "/an/id".to_owned()));
    let link = answer.expected[0].about.clone();
    let right = ("peering-spoke-to-spoke", link[1].as_str());
    assert_eq!(answer.differences([right]), Vec::<String>::new());
    assert_eq!(answer.differences([right, ("nsg-any-to-any", "/AN/ID")]), Vec::<String>::new());
    assert_eq!(answer.differences([]).len(), 1);
    assert_eq!(answer.differences([right, right]).len(), 1);
    assert_eq!(answer.differences([right, ("peering-spoke-to-spoke", &link[0])]).len(), 1, "a pair is one finding");
    assert_eq!(answer.differences([right, ("peering-orphan", "/an/id")]), ["unexpected: peering-orphan /an/id"]);
}

#[test]
fn exports_hold_the_same_resources_in_other_shapes_and_another_order() {
    let estate = Estate::of(&spec(160, Seeds::each(1)));
    let exports = shuffle(estate.folder.path(), 7).unwrap();
    let mut found = Vec::new();
    let mut first_keys = BTreeSet::new();
    for (path, bytes) in tree(&exports).into_iter().filter(|(path, _)| path != "accounts.json") {
        let content = String::from_utf8(bytes).unwrap();
        let lines = path.rsplit('.').next() == Some("jsonl");
        let documents = if lines { content.lines().map(json).collect() } else { vec![json(&content)] };
        first_keys
            .extend(content.lines().filter(|_| lines).filter_map(|line| line.split('"').nth(1).map(str::to_owned)));
        for document in documents {
            let list = ["value", "data"].into_iter().find_map(|key| document[key].as_array().cloned());
            match list {
                Some(items) => found.extend(items),
                None if document.is_array() => found.extend(array(&document).iter().cloned()),
                None => found.push(document),
            }
        }
    }
    let ids = |values: &mut dyn Iterator<Item = &Value>| {
        let mut ids = values.map(|value| text(&value["id"]).to_owned()).collect::<Vec<_>>();
        ids.sort();
        ids
    };
    let mut original =
        estate.resources.iter().filter(|(stem, _)| *stem != "subscription").flat_map(|(_, values)| values);
    assert_eq!(ids(&mut found.iter()), ids(&mut original));
    let flattened = found.iter().filter(|value| value["properties"].is_null()).collect::<Vec<_>>();
    assert!(!flattened.is_empty() && flattened.len() < found.len());
    assert!(flattened.iter().all(|value| value["resourceGroup"] == "rg-network"));
    assert!(found.iter().any(|value| value["tenantId"].is_string()), "Resource Graph's shape occurs");
    assert!(first_keys.contains("type"), "keys are not in alphabetical order: {first_keys:?}");

    let accounts = json(&fs::read_to_string(exports.join("accounts.json")).unwrap());
    assert_eq!(array(&accounts).len(), estate.answer.size.subscriptions);

    let again = Estate::of(&spec(160, Seeds::each(1)));
    assert_eq!(tree(&exports), tree(&shuffle(again.folder.path(), 7).unwrap()));
    let other = Estate::of(&spec(160, Seeds::each(1)));
    assert_ne!(tree(&exports), tree(&shuffle(other.folder.path(), 8).unwrap()));
}
