//! `vnetlint import`: what it writes says what the exports said, is the same bytes for the same estate, and is there
//! whole or not at all.

#![allow(clippy::unwrap_used, reason = "what fails to be set up fails the test")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use serde_json::{Value, json};
use tempfile::TempDir;
use vnetlint::config::{Config, KnownRule};
use vnetlint::estate::Estate;
use vnetlint::import::{self, ImportError, Imported};
use vnetlint::input::{self, Completeness};
use vnetlint::rule::{EngineMode, Requirement, RuleSet, embedded};
use vnetlint::scan;
use vnetlint::snapshot::{Manifest, Staging, UNKNOWN_TENANT};

use crate::synthetic::{self, Spec};

const COLLECTED_AT: &str = "2026-06-30T00:00:00Z";
const HUB: &str = "/subscriptions/5a1f0c1e-0000-4000-8000-000000000001/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/vnet-hub";

fn import(inputs: &[PathBuf], completeness: Completeness, dir: &Path) -> Result<Imported, ImportError> {
    let (inventory, sources) = input::load(inputs, &mut &b""[..], completeness, &|_| {}).unwrap();
    import::import(&inventory, &sources, COLLECTED_AT, Staging::begin(dir).unwrap())
}

/// Imports one text, and gives the folder above the snapshot `snap`.
fn import_text(text: &str) -> (TempDir, Imported) {
    let folder = tempfile::tempdir().unwrap();
    let export = folder.path().join("export.json");
    fs::write(&export, text).unwrap();
    let imported = import(&[export], Completeness::AsStated, &folder.path().join("snap")).unwrap();
    (folder, imported)
}

/// Every file of a snapshot but its manifest, whose times differ.
fn files(dir: &Path) -> BTreeMap<String, String> {
    let manifest = manifest(dir);
    let read = |path: String| (path.clone(), fs::read_to_string(dir.join(path)).unwrap());
    manifest.files.into_iter().map(|file| read(file.path)).collect()
}

fn manifest(dir: &Path) -> Manifest {
    Manifest::parse("manifest.json", &fs::read(dir.join("manifest.json")).unwrap()).unwrap()
}

/// What a scan finds, without places, and what policies see of every subject: a line each, sorted.
fn scanned(inputs: &[PathBuf], completeness: Completeness, config: &Config) -> Vec<String> {
    static RULES: OnceLock<RuleSet> = OnceLock::new();
    let shipped = RULES.get_or_init(|| RuleSet::load(&embedded(), &scan::vocabulary()).unwrap());
    let as_of = Some(jiff::civil::date(2026, 6, 30));
    let (inventory, _) = input::load(inputs, &mut &b""[..], completeness, &|_| {}).unwrap();
    let estate = Estate::build(inventory, config);
    let defaults = shipped.rules().iter().map(|rule| {
        let parameters = rule.metadata.parameters.iter();
        parameters.map(|(name, parameter)| (name.clone(), parameter.default.clone())).collect()
    });
    let defaults = defaults.collect::<Vec<BTreeMap<_, _>>>();
    let known = shipped.rules().iter().zip(&defaults);
    let known = known.map(|(rule, parameters)| KnownRule { id: &rule.metadata.id, parameters });
    config.check_rules(&known.collect::<Vec<_>>()).unwrap();
    let parameters = shipped.rules().iter().map(|rule| {
        let set = config.parameters(&rule.metadata.id).into_iter().collect();
        (rule.metadata.id.to_string(), Value::Object(set))
    });
    let parameters = parameters.collect::<serde_json::Map<_, _>>();
    let data = json!({"config": {"rules": parameters}, "estate": scan::estate_data(&estate, config, as_of)});
    let rules = shipped.clone().with_data(data).unwrap();
    let mut rules = rules;
    let tenants_known = !estate.inventory.tenants.is_empty();
    let judged = |rule: &vnetlint::rule::Rule| match rule.metadata.requires {
        Some(Requirement::Tenants) => tenants_known,
        None => true,
    };
    let enabled = rules.rules().iter().map(judged).collect::<Vec<_>>();
    let on = rules.rules().iter().map(|rule| rule.metadata.id.clone()).zip(enabled.iter().copied());
    let on = on.collect::<BTreeMap<_, _>>();
    rules.enable(|rule| on[&rule.metadata.id]);
    let settings = scan::Settings { config, config_file: None, as_of, engine: EngineMode::Rvm, enabled: &enabled };
    let verdict = scan::scan(&estate, &rules, settings, &|_, _| {});
    let said = verdict.findings.iter().map(|finding| {
        let related = finding.related.iter().map(|evidence| evidence.resource.as_str()).collect::<Vec<_>>();
        let outcome = finding.outcome.as_str();
        let (rule, message, print) = (&finding.rule, &finding.message, &finding.fingerprint.0);
        format!("{rule} {outcome} {} {related:?} {:?} {print} {message}", finding.subject.resource, finding.tenant)
    });
    let mut said = said.collect::<Vec<_>>();
    said.extend(verdict.failures.iter().map(|failure| format!("{} failed", failure.subject)));
    let mut facts = Vec::new();
    scan::write_facts(&estate, config, &rules, as_of, None, None, &mut facts).unwrap();
    let facts: Value = serde_json::from_slice(&facts).unwrap();
    said.push(facts["data"].to_string());
    said.extend(facts["subjects"].as_array().unwrap().iter().map(Value::to_string));
    said.sort();
    said
}

/// Every example of the shipped rules, with its configuration.
fn examples() -> Vec<(PathBuf, Config)> {
    let policies = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies");
    let folders = |dir: &Path| {
        let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
        entries.filter(|path| path.is_dir()).collect::<Vec<_>>()
    };
    let mut examples = Vec::new();
    for rule in folders(&policies).iter().flat_map(|area| folders(area)) {
        for name in ["fails", "passes"] {
            let path = rule.join(format!("{name}.json"));
            let toml = fs::read_to_string(rule.join(format!("{name}.toml"))).unwrap_or_default();
            if path.is_file() {
                examples.push((path, Config::parse("vnetlint.toml", &toml).unwrap()));
            }
        }
    }
    examples.sort_by(|a, b| a.0.cmp(&b.0));
    assert!(examples.len() > 50);
    examples
}

fn same(before: &[String], after: &[String], of: &str) {
    for (line, again) in before.iter().zip(after) {
        assert_eq!(line, again, "{of}");
    }
    assert_eq!(before.len(), after.len(), "{of}");
}

#[test]
fn a_snapshot_says_what_the_exports_said() {
    for (path, config) in examples() {
        for completeness in [Completeness::Whole, Completeness::AsStated] {
            let folder = tempfile::tempdir().unwrap();
            let snap = folder.path().join("snap");
            import(std::slice::from_ref(&path), completeness, &snap).unwrap();
            let before = scanned(std::slice::from_ref(&path), completeness, &config);
            let after = scanned(std::slice::from_ref(&snap), Completeness::AsStated, &config);
            same(&before, &after, &format!("{}, {completeness:?}", path.display()));
        }
    }
}

#[test]
fn a_snapshot_imported_again_is_the_same_files() {
    for (path, _) in examples() {
        let folder = tempfile::tempdir().unwrap();
        let (once, twice) = (folder.path().join("once"), folder.path().join("twice"));
        let first = import(std::slice::from_ref(&path), Completeness::Whole, &once).unwrap().manifest;
        let second = import(std::slice::from_ref(&once), Completeness::AsStated, &twice).unwrap().manifest;
        assert_eq!(first, second, "{}", path.display());
        assert_eq!(files(&once), files(&twice), "{}", path.display());
        // Into its own place as well.
        import(std::slice::from_ref(&once), Completeness::AsStated, &once).unwrap();
        assert_eq!(files(&once), files(&twice), "{}", path.display());
    }
}

#[test]
fn an_estate_in_any_shape_and_order_is_the_same_files() {
    let folder = tempfile::tempdir().unwrap();
    let answer = synthetic::generate(&Spec::of(200), folder.path()).unwrap();
    let expected = folder.path().join("expected");
    import(std::slice::from_ref(&answer.snapshot), Completeness::AsStated, &expected).unwrap();
    let expected = files(&expected);
    assert!(expected.len() > 20);
    for seed in 1..4 {
        let exports = synthetic::shuffle(folder.path(), seed).unwrap();
        let snap = folder.path().join("snap");
        import(std::slice::from_ref(&exports), Completeness::Whole, &snap).unwrap();
        // `az account list` tells less of a subscription than the snapshot that the exports were made from.
        let resources = |files: &BTreeMap<String, String>| {
            let of_resources = files.clone().into_iter().filter(|(path, _)| !path.ends_with("/subscription.json"));
            of_resources.collect::<Vec<_>>()
        };
        assert_eq!(resources(&files(&snap)), resources(&expected), "seed {seed}");
        fs::remove_dir_all(&exports).unwrap();
    }
}

#[test]
fn the_manifest_tells_hashes_counts_and_what_was_read_whole() {
    use sha2::Digest as _;
    let folder = tempfile::tempdir().unwrap();
    let answer = synthetic::generate(&Spec::of(40), folder.path()).unwrap();
    let snap = folder.path().join("snap");
    let before = manifest(&answer.snapshot);
    let after = import(std::slice::from_ref(&answer.snapshot), Completeness::AsStated, &snap).unwrap().manifest;
    assert_eq!(after, manifest(&snap));
    assert_eq!(after.tenants, before.tenants);
    assert_eq!((after.source.as_str(), after.collected_at.as_deref()), ("import", Some(COLLECTED_AT)));
    let counts = |manifest: &Manifest| {
        manifest.files.iter().map(|file| (file.path.clone(), file.resources)).collect::<BTreeMap<_, _>>()
    };
    assert_eq!(counts(&after), counts(&before));
    for file in &after.files {
        assert_eq!(file.sha256, format!("{:x}", sha2::Sha256::digest(fs::read(snap.join(&file.path)).unwrap())));
        assert_eq!(file.via, "import");
    }
}

#[test]
fn secrets_never_reach_the_folder() {
    let gateway = HUB.replace("virtualNetworks/vnet-hub", "virtualNetworkGateways/vgw");
    let connection = HUB.replace("virtualNetworks/vnet-hub", "connections/cn");
    let circuit = HUB.replace("virtualNetworks/vnet-hub", "expressRouteCircuits/erc");
    let text = json!([
        {"id": HUB, "tags": {"Password": "PLANTED-1", "Role": "hub"}, "properties": {"subnets": []}},
        {"id": connection, "sharedKey": "PLANTED-2", "properties": {"AUTHORIZATIONKEY": "PLANTED-3"}},
        {"id": gateway, "vpnClientConfiguration": {
            "vpnClientAddressPool": {"addressPrefixes": ["172.16.0.0/24"]},
            "vpnClientRootCertificates": [{"name": "root", "publicCertData": "PLANTED-4"}],
            "radiusServers": [{"radiusServerAddress": "10.0.0.9", "radiusServerSecret": "PLANTED-5"}],
            "radiusServerSecret": "PLANTED-6",
        }},
        {"id": circuit, "properties": {"serviceKey": "PLANTED-7", "authorizations": [
            {"name": "a", "properties": {"authorizationKey": "PLANTED-8", "authorizationUseStatus": "InUse"}},
        ], "peerings": [{"name": "p", "properties": {"sharedKey": "PLANTED-9"}}]}},
        {"id": "/subscriptions/5a1f0c1e-0000-4000-8000-000000000001", "tags": {"accessToken": "PLANTED-10"}},
    ]);
    let (folder, imported) = import_text(&text.to_string());
    let snap = folder.path().join("snap");
    let all = files(&snap).into_values().collect::<String>();
    assert!(!all.contains("PLANTED") && !fs::read_to_string(snap.join("manifest.json")).unwrap().contains("PLANTED"));
    assert_eq!(imported.secrets, 10);
    for kept in ["172.16.0.0/24", "10.0.0.9", "InUse", "\"Role\": \"hub\""] {
        assert!(all.contains(kept), "{kept}");
    }
}

#[test]
fn what_no_input_tells_stands_below_unknown_folders_and_stays_unknown() {
    let odd = json!([
        {"id": HUB, "properties": {}},
        {"id": "no-arm-id", "type": "Microsoft.Network/networkSecurityGroups", "properties": {"securityRules": "none"}},
        {"id": "/subscriptions/../resourceGroups/r/providers/Microsoft.Network/routeTables/rt", "routes": 7},
        {"id": "/subscriptions/s/resourceGroups/r/providers/Microsoft.Network/networkManagers/m/a\\b:c/x", "properties": 1},
        {"id": "/subscriptions/s/resourceGroups/r/providers/Microsoft.Network/virtualNetworks/v", "tenantId": "../../escape",
         "properties": {"virtualNetworkPeerings": [{"name": "p"}, {"name": "P"}, {"properties": []}, 3, null]}},
    ]);
    let (folder, imported) = import_text(&odd.to_string());
    let snap = folder.path().join("snap");
    let paths = imported.manifest.files.iter().map(|file| file.path.clone()).collect::<Vec<_>>();
    assert!(paths.contains(&format!("{UNKNOWN_TENANT}/5a1f0c1e-0000-4000-8000-000000000001/virtualNetworks.json")));
    assert!(paths.contains(&format!("{UNKNOWN_TENANT}/unknown-subscription/networkSecurityGroups.json")));
    assert_eq!(paths.len(), 5, "{paths:?}");
    let mut below = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect::<Vec<_>>();
    below.sort();
    assert_eq!(below, ["export.json", "snap"]);

    let export = folder.path().join("export.json");
    let none = Config::default();
    let before = scanned(&[export], Completeness::AsStated, &none);
    same(&before, &scanned(std::slice::from_ref(&snap), Completeness::AsStated, &none), "unknown");
    let (inventory, _) =
        input::load(std::slice::from_ref(&snap), &mut &b""[..], Completeness::AsStated, &|_| {}).unwrap();
    assert_eq!(inventory.tenants.len(), 1, "{:?}", inventory.tenants);
    let before = files(&snap);
    import(std::slice::from_ref(&snap), Completeness::AsStated, &snap).unwrap();
    assert_eq!(files(&snap), before);
}

#[test]
fn children_of_their_own_are_embedded_only_where_the_list_is_given() {
    let peering = |vnet: &str| {
        let remote = json!({"id": format!("{HUB}-far")});
        json!({"id": format!("{vnet}/virtualNetworkPeerings/to-far"), "name": "to-far", "peeringState": "Connected",
               "resourceGroup": "rg", "remoteVirtualNetwork": remote})
    };
    let silent = format!("{HUB}-silent");
    let unread = format!("{HUB}-unread");
    let text = json!([
        {"id": HUB, "properties": {"virtualNetworkPeerings": [], "subnets": []}},
        {"id": silent, "properties": {"subnets": []}},
        peering(HUB), peering(&silent), peering(&unread),
    ]);
    let (folder, imported) = import_text(&text.to_string());
    let snap = folder.path().join("snap");
    let paths = imported.manifest.files.iter().map(|f| f.path.rsplit('/').next().unwrap()).collect::<Vec<_>>();
    assert_eq!(paths, ["virtualNetworks.json", "virtualNetworks.virtualNetworkPeerings.json"]);
    let read = |at: usize| -> Value {
        serde_json::from_slice(&fs::read(snap.join(&imported.manifest.files[at].path)).unwrap()).unwrap()
    };
    assert_eq!(read(0)[0]["properties"]["virtualNetworkPeerings"][0]["properties"]["peeringState"], "Connected");
    assert!(read(0)[1]["properties"].get("virtualNetworkPeerings").is_none());
    let own = read(1).as_array().unwrap().iter().map(|p| p["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!(own, [silent, unread].map(|vnet| format!("{vnet}/virtualNetworkPeerings/to-far")));
    let export = folder.path().join("export.json");
    let none = Config::default();
    assert_eq!(scanned(&[export], Completeness::AsStated, &none), scanned(&[snap], Completeness::AsStated, &none));
}

#[test]
fn gaps_and_cut_lists_are_kept_and_nothing_is_complete_there() {
    let page = json!({"value": [{"id": HUB, "properties": {}}], "nextLink": "https://management.azure.com/next"});
    let folder = tempfile::tempdir().unwrap();
    let (export, snap, again) =
        (folder.path().join("page.json"), folder.path().join("snap"), folder.path().join("again"));
    fs::write(&export, page.to_string()).unwrap();
    let first = import(&[export], Completeness::Whole, &snap).unwrap().manifest;
    assert_eq!(first.gaps.iter().map(|gap| gap.kind.as_str()).collect::<Vec<_>>(), ["virtualNetworks"]);
    let complete = &first.tenants[0].subscriptions[0].complete;
    assert!(complete.contains(&"routeTables".to_owned()) && !complete.contains(&"virtualNetworks".to_owned()));
    let second = import(&[snap], Completeness::AsStated, &again).unwrap().manifest;
    assert_eq!((second.gaps, second.tenants), (first.gaps, first.tenants));
}

#[test]
fn a_subscription_keeps_what_every_source_tells_of_it() {
    let guid = "5a1f0c1e-0000-4000-8000-000000000001";
    let account = json!([{"id": guid, "name": "sub-prod", "state": "Enabled", "tenantId": "T1"}]);
    let container = json!({"data": [{
        "id": format!("/subscriptions/{guid}"), "type": "microsoft.resources/subscriptions", "name": "sub-prod",
        "tenantId": "t1", "tags": {"Environment": "prod"},
        "properties": {"managementGroupAncestorsChain": [
            {"name": "mg-prod", "displayName": "Production"}, {"name": "root", "displayName": "Root"},
        ]},
    }]});
    let folder = tempfile::tempdir().unwrap();
    let paths = ["accounts.json", "containers.json", "vnets.json"].map(|name| folder.path().join(name));
    for (path, text) in paths.iter().zip([account, container, json!([{"id": HUB}])]) {
        fs::write(path, text.to_string()).unwrap();
    }
    let snap = folder.path().join("snap");
    import(&paths, Completeness::AsStated, &snap).unwrap();
    let text = &files(&snap)[&format!("t1/{guid}/subscription.json")];
    let expected = json!({
        "id": format!("/subscriptions/{guid}"), "type": "Microsoft.Resources/subscriptions", "subscriptionId": guid,
        "displayName": "sub-prod", "state": "Enabled", "tenantId": "t1", "tags": {"Environment": "prod"},
        "managementGroups": ["root", "mg-prod", "Production"],
    });
    assert_eq!(serde_json::from_str::<Value>(text).unwrap(), expected);
    let load = |inputs: &[PathBuf]| input::load(inputs, &mut &b""[..], Completeness::AsStated, &|_| {}).unwrap().0;
    let (before, after) = (load(&paths), load(&[snap]));
    assert_eq!(before.subscriptions, after.subscriptions);
    assert_eq!(before.tenants, after.tenants);
}

#[test]
fn utf_16_and_marks_are_read_at_the_right_byte() {
    let text = format!("[ {{\"id\": \"{HUB}-é\", \"tags\": {{\"Ort\": \"Köln\"}}}}, {{\"id\": \"{HUB}\"}} ]");
    let utf16 = [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect::<Vec<u8>>();
    let plain = files(&import_text(&text).0.path().join("snap"));
    for bytes in [utf16, format!("\u{feff}{text}").into_bytes()] {
        let folder = tempfile::tempdir().unwrap();
        let (export, snap) = (folder.path().join("export.json"), folder.path().join("snap"));
        fs::write(&export, bytes).unwrap();
        import(&[export], Completeness::AsStated, &snap).unwrap();
        assert_eq!(files(&snap), plain);
    }
}

/// The program itself: exit status, streams, and what it leaves.
mod command {
    use super::*;

    fn vnetlint(arguments: &[&str], folder: &Path) -> Output {
        Command::new(env!("CARGO_BIN_EXE_vnetlint")).args(arguments).current_dir(folder).output().unwrap()
    }

    fn said(bytes: &[u8]) -> String {
        String::from_utf8_lossy(bytes).into_owned()
    }

    /// A folder with an export and the snapshot `snap` of it.
    fn imported() -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("export.json"), json!([{"id": HUB, "properties": {}}]).to_string()).unwrap();
        let output = vnetlint(
            &["import", "export.json", "-o", "snap", "--collected-at", "2026-06-30T02:00:00.5+02:00"],
            folder.path(),
        );
        assert!(output.status.success(), "{}", said(&output.stderr));
        folder
    }

    #[test]
    fn an_import_says_what_it_wrote_and_keeps_the_time_of_snapshots() {
        let folder = imported();
        let time = |name: &str| manifest(&folder.path().join(name)).collected_at.unwrap();
        assert_eq!(time("snap"), "2026-06-30T00:00:00Z");
        let output = vnetlint(&["import", "snap", "-o", "again"], folder.path());
        assert_eq!(said(&output.stdout), "again: 1 resources of 1 subscriptions, in 1 files\n");
        assert_eq!(time("again"), "2026-06-30T00:00:00Z");
        let output = vnetlint(&["import", "export.json", "-o", "now"], folder.path());
        assert!(output.status.success());
        assert!(time("now").parse::<jiff::Timestamp>().unwrap() > time("snap").parse().unwrap());
    }

    #[test]
    fn whatever_stops_an_import_leaves_the_old_snapshot_and_exit_status_2() {
        let folder = imported();
        let before = files(&folder.path().join("snap"));
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        write("cut.json", &json!([{"id": HUB}]).to_string()[..40]);
        write("other.json", &json!([{"id": HUB, "properties": {"subnets": []}}]).to_string());
        write(
            "machines.json",
            r#"[{"id":"/subscriptions/s/resourceGroups/r/providers/Microsoft.Compute/virtualMachines/m"}]"#,
        );
        write("deep.json", &format!(r#"[{{"id":"{HUB}","x":{}{}}}]"#, "[".repeat(70), "]".repeat(70)));
        for (inputs, message) in [
            (&["missing.json"][..], "cannot read missing.json"),
            (&["cut.json"], "cut short"),
            (&["export.json", "other.json"], "two inputs say different things"),
            (&["machines.json"], "only other types: microsoft.compute/virtualmachines (1)"),
            (&["deep.json"], "deep.json:1:2: the JSON is nested more than 64 deep"),
        ] {
            let arguments = [&["import", "-o", "snap"], inputs].concat();
            let output = vnetlint(&arguments, folder.path());
            assert_eq!(output.status.code(), Some(2), "{inputs:?}");
            assert!(said(&output.stderr).contains(message), "{}", said(&output.stderr));
            assert_eq!(files(&folder.path().join("snap")), before);
        }
        let output = vnetlint(&["import", "export.json", "-o", "export.json"], folder.path());
        assert_eq!(output.status.code(), Some(2));
        fs::create_dir(folder.path().join("full")).unwrap();
        fs::write(folder.path().join("full/letter.txt"), "").unwrap();
        let output = vnetlint(&["import", "export.json", "-o", "full"], folder.path());
        assert_eq!(output.status.code(), Some(2));
        assert!(said(&output.stderr).contains("it is no snapshot"), "{}", said(&output.stderr));
        let hidden = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
        assert!(hidden.into_iter().all(|name| !name.to_string_lossy().starts_with('.')));
    }

    #[cfg(unix)]
    #[test]
    fn a_device_and_a_read_only_folder_are_no_place_for_a_snapshot() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = imported();
        let snap = folder.path().join("snap");
        let before = files(&snap);
        fs::set_permissions(&snap, fs::Permissions::from_mode(0o500)).unwrap();
        let read_only = vnetlint(&["import", "export.json", "-o", "snap"], folder.path());
        assert_eq!((read_only.status.code(), files(&snap)), (Some(2), before));
        assert!(said(&read_only.stderr).contains("read-only"), "{}", said(&read_only.stderr));
        let device = vnetlint(&["import", "export.json", "-o", "/dev/full"], folder.path());
        assert_eq!(device.status.code(), Some(2), "{}", said(&device.stderr));
        let inside = vnetlint(&["import", "export.json", "-o", "/dev/full/snap"], folder.path());
        assert_eq!(inside.status.code(), Some(2), "{}", said(&inside.stderr));
    }

    #[test]
    fn a_snapshot_with_gaps_is_written_and_the_exit_status_is_3() {
        let folder = tempfile::tempdir().unwrap();
        let page = json!({"value": [{"id": HUB}], "nextLink": "https://management.azure.com/next"});
        fs::write(folder.path().join("page.json"), page.to_string()).unwrap();
        let output = vnetlint(&["import", "page.json", "-o", "snap"], folder.path());
        assert_eq!(output.status.code(), Some(3));
        assert!(said(&output.stderr).contains("the snapshot lacks virtualNetworks: the list goes on"));
        assert_eq!(manifest(&folder.path().join("snap")).gaps.len(), 1);
    }
}
