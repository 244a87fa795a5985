//! Writes a plan as a snapshot folder, one subscription at a time, and the configuration beside it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::answer::Size;
use super::json::Json;
use super::plan::Plan;
use super::vnet::{Role, Vnet};
use super::{arm, hub, nsg};

const COLLECTED_AT: &str = "2026-11-20T02:00:00Z";
const FINISHED_AT: &str = "2026-11-20T02:04:00Z";

/// Every type that a snapshot holds, by the stem of its file. All are read whole in every subscription.
pub(crate) const TYPES: [&str; 14] = [
    "applicationSecurityGroups",
    "azureFirewalls",
    "connections",
    "expressRouteCircuits",
    "localNetworkGateways",
    "networkInterfaces",
    "networkManagers",
    "networkSecurityGroups",
    "publicIPAddresses",
    "routeTables",
    "virtualHubs",
    "virtualHubs.hubVirtualNetworkConnections",
    "virtualNetworkGateways",
    "virtualNetworks",
];

/// One line of the manifest's `files`.
struct File {
    sha256: String,
    resources: usize,
    api_version: &'static str,
}

/// Writes the folder, which must not exist, the manifest last.
pub(crate) fn write(plan: &Plan, folder: &Path) -> io::Result<Size> {
    fs::create_dir(folder)?;
    let defaults = nsg::DefaultRules::new();
    let mut files = BTreeMap::new();
    let mut size = Size {
        subscriptions: plan.subscriptions.len(),
        vnets: plan.vnets.len(),
        peerings: plan.vnets.iter().map(|vnet| vnet.peerings.len()).sum(),
        security_rules: 10 * plan.vnets.len(),
        bytes: 0,
    };
    for (number, subscription) in plan.subscriptions.iter().enumerate() {
        let place = format!("{}/{}", plan.tenants[subscription.tenant].id, subscription.id);
        fs::create_dir_all(folder.join(&place))?;
        let mut put = |stem: &str, text: &str, resources, api_version| {
            let path = format!("{place}/{stem}.json");
            fs::write(folder.join(&path), text)?;
            size.bytes += u64::try_from(text.len()).expect("a length fits 64 bits");
            files.insert(path, File { sha256: hex(text.as_bytes()), resources, api_version });
            io::Result::Ok(())
        };
        put("subscription", &arm::subscription(plan, number), 1, "2022-12-01")?;
        for stem in TYPES {
            let (text, resources) = list(plan, &subscription.vnets, stem, &defaults);
            put(stem, &text, resources, "2024-05-01")?;
        }
    }
    fs::write(folder.join("manifest.json"), manifest(plan, &files))?;
    Ok(size)
}

/// The resources of one type, sorted by id, and how many they are.
fn list(plan: &Plan, vnets: &[usize], stem: &str, defaults: &nsg::DefaultRules) -> (String, usize) {
    let is_hub = |vnet: &Vnet| vnet.role == Role::Hub;
    let of = |fits: &dyn Fn(&Vnet) -> bool, write: &dyn Fn(&mut Json, usize)| {
        let numbers = vnets.iter().copied().filter(|n| fits(&plan.vnets[*n])).collect::<Vec<_>>();
        (Json::document(&numbers, |json, number| write(json, *number)), numbers.len())
    };
    match stem {
        "azureFirewalls" => of(&|vnet| vnet.firewall, &|json, n| hub::firewall(json, plan, n)),
        "connections" => of(&is_hub, &|json, n| hub::connection(json, plan, n)),
        "expressRouteCircuits" => of(&|v| is_hub(v) && !hub::has_vpn(v), &|json, n| hub::circuit(json, plan, n)),
        "localNetworkGateways" => {
            of(&|v| is_hub(v) && hub::has_vpn(v), &|json, n| hub::local_network_gateway(json, plan, n))
        }
        "networkInterfaces" => of(&|vnet| vnet.nic, &|json, n| arm::network_interface(json, plan, n)),
        "networkSecurityGroups" => of(&|_| true, &|json, n| nsg::write(json, plan, n, defaults)),
        "publicIPAddresses" => {
            let firewalls = vnets.iter().filter(|n| plan.vnets[**n].firewall).map(|n| (*n, "afw"));
            let gateways = vnets.iter().filter(|n| is_hub(&plan.vnets[**n])).map(|n| (*n, "vgw"));
            let both = firewalls.chain(gateways).collect::<Vec<_>>();
            (Json::document(&both, |json, (n, of)| hub::public_ip(json, plan, *n, of)), both.len())
        }
        "routeTables" => of(&|vnet| vnet.role == Role::Spoke, &|json, n| arm::route_table(json, plan, n)),
        "virtualNetworkGateways" => of(&is_hub, &|json, n| hub::gateway(json, plan, n)),
        "virtualNetworks" => of(&|_| true, &|json, n| arm::vnet(json, plan, n)),
        _ => of(&|_| false, &|_, _| {}),
    }
}

fn manifest(plan: &Plan, files: &BTreeMap<String, File>) -> String {
    let mut tenants = plan.tenants.iter().enumerate().collect::<Vec<_>>();
    tenants.sort_by_key(|(_, tenant)| &tenant.id);
    Json::object_document(|json| {
        json.text("format", "vnetlint.snapshot/1");
        json.object("tool", |json| {
            json.text("name", "vnetlint");
            json.text("version", env!("CARGO_PKG_VERSION"));
        });
        json.text("source", "collect");
        json.text("collected_at", COLLECTED_AT);
        json.objects("tenants", tenants, |json, (number, tenant)| {
            json.text("id", &tenant.id);
            json.text("name", &tenant.name);
            let mut own = plan.subscriptions.iter().filter(|one| one.tenant == number).collect::<Vec<_>>();
            own.sort_by_key(|subscription| &subscription.id);
            json.objects("subscriptions", own, |json, subscription| {
                json.text("id", &subscription.id);
                json.text("name", &subscription.name);
                json.texts("complete", TYPES);
            });
        });
        json.objects("files", files, |json, (path, file)| {
            json.text("path", path);
            json.text("sha256", &file.sha256);
            json.bare("resources", file.resources);
            json.text("via", "arm");
            json.text("api_version", file.api_version);
            json.text("from", COLLECTED_AT);
            json.text("to", FINISHED_AT);
        });
        json.objects("gaps", [(); 0], |_, ()| {});
    })
}

/// The SHA-256 of some bytes, in hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a String takes everything");
        text
    })
}

/// Every spoke may take traffic that a hub forwards; roles and environments are left to inference.
pub(crate) fn configuration(plan: &Plan) -> &'static str {
    if !arm::approval_is_used(plan) {
        return "";
    }
    r#"[[approval]]
id = "NET-0001"
rule = "peering-unapproved-forwarded-traffic"
local = "vnet-spoke-*"
remote = "vnet-hub-*"
reason = "Egress and traffic between spokes pass the hub firewall"
requested_by = "platform-team"
approved_by = "network-architecture-board"
approved_on = 2026-01-15
expires = 2099-12-31
"#
}
