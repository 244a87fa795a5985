//! From an inventory to a snapshot folder: which resource stands in which file.
//!
//! The inventory says what there is and where it stands; the text of each resource is read again from there, one
//! subscription and type at a time. Knows neither how exports are found nor how a folder is put in place.
//!
//! - A subscription whose tenant no input tells stands below `unknown-tenant`; a resource whose id names no
//!   subscription stands below `unknown-tenant/unknown-subscription`.
//! - Folders are named by ids in lower case; an id that is no safe name of a folder is replaced by a hash of it.
//! - Subnets and peerings that were exported on their own are embedded into their virtual network where it lists its
//!   own. Where it does not, or was not read, they stay in files of their own: embedded, they would pass for the whole
//!   list, and what is not among them for gone.
//! - Types that no snapshot holds are left out, and so are values that can hold a secret.

use std::collections::{BTreeMap, BTreeSet};
use std::io::BufReader;

use compact_str::CompactString;
use sha2::{Digest as _, Sha256};

use crate::azure::{Origin, Place, ResourceId, Subscription};
use crate::finding::FileId;
use crate::input::{Inventory, Sources};
use crate::locate;
use crate::snapshot::{
    self, FORMAT, FileEntry, Gap, Json, Manifest, Staging, SubscriptionEntry, TenantEntry, Tool, UNKNOWN_SUBSCRIPTION,
    UNKNOWN_TENANT, WriteError,
};

/// Why an inventory could not be written as a snapshot.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// A resource that a scan can judge and a snapshot cannot hold.
    #[error(
        "{path}:{line}:{column}: {message}, so it cannot be written as a resource of a snapshot\n  help: correct it there, or export it again"
    )]
    Resource {
        /// The input.
        path: String,
        /// Line, 1-based.
        line: u64,
        /// Column, 1-based.
        column: u64,
        /// What is wrong.
        message: String,
    },
    /// An input cannot be read again.
    #[error("cannot read {path} again: {source}")]
    Read {
        /// The input.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// None of the inputs' resources belongs into a snapshot.
    #[error("the inputs hold no resource that a snapshot holds, only other types: {0}")]
    Nothing(String),
    /// The folder cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// What was written.
#[derive(Debug)]
pub struct Imported {
    /// The manifest.
    pub manifest: Manifest,
    /// How many values were left out because they can hold a secret.
    pub secrets: u64,
}

/// Writes what the inputs hold as the snapshot that was begun; `collected_at` is RFC 3339, UTC.
///
/// # Errors
/// Whatever happens, what was at the folder before is still there, and whole.
pub fn import(
    inventory: &Inventory,
    sources: &Sources,
    collected_at: &str,
    mut staging: Staging,
) -> Result<Imported, ImportError> {
    let plan = Plan::of(inventory);
    if plan.is_empty() && inventory.scope.gaps().is_empty() {
        let skipped = inventory.skipped.iter().map(|(kind, count)| format!("{kind} ({count})"));
        return Err(ImportError::Nothing(skipped.collect::<Vec<_>>().join(", ")));
    }
    let mut texts = Texts { sources, decoded: BTreeMap::new() };
    let mut secrets = 0;
    for (subscription, kinds) in &plan.subscriptions {
        let tenant = inventory.tenants.get(subscription.as_str()).map_or(UNKNOWN_TENANT, |tenant| tenant.as_str());
        let folder = format!("{}/{}", safe_name(tenant), safe_name(subscription));
        for (kind, items) in kinds {
            let mut resources = Vec::with_capacity(items.len());
            for item in items {
                let (resource, dropped) = read(&mut texts, kind, item)?;
                secrets += dropped;
                resources.push(resource);
            }
            let path = format!("{folder}/{}.json", safe_name(&kind.replace('/', ".")));
            staging.put(entry(path, resources.len()), &snapshot::document(&resources))?;
        }
        if let Some(known) = inventory.subscriptions.get(subscription.as_str()) {
            let (value, dropped) = subscription_json(known, tenant);
            secrets += dropped;
            staging.put(entry(format!("{folder}/subscription.json"), 1), &snapshot::document(&value))?;
        }
    }
    let manifest = staging.commit(manifest(inventory, &plan, collected_at))?;
    Ok(Imported { manifest, secrets })
}

/// Which resources stand in which file.
#[derive(Default)]
struct Plan {
    /// By subscription (lower case) and type; a type that was read whole is there also when it is empty.
    subscriptions: BTreeMap<String, BTreeMap<String, Vec<Item>>>,
}

/// A resource, and the children that it takes in.
struct Item {
    id: ResourceId,
    place: Place,
    children: Vec<Child>,
}

/// A child that was exported on its own.
struct Child {
    kind: &'static str,
    id: ResourceId,
    place: Place,
}

const SUBNETS: &str = "virtualNetworks.subnets";
const PEERINGS: &str = "virtualNetworks.virtualNetworkPeerings";

impl Plan {
    fn of(inventory: &Inventory) -> Self {
        let mut plan = Self::default();
        plan.vnets(inventory);
        for (kind, id, place) in listed(inventory) {
            plan.add(kind, Item { id: id.clone(), place, children: Vec::new() });
        }
        let known = inventory.subscriptions.keys().chain(inventory.tenants.keys()).map(CompactString::as_str);
        for subscription in known.chain(inventory.scope.subscriptions()) {
            let kinds = plan.subscriptions.entry(subscription.to_owned()).or_default();
            for kind in complete(inventory, subscription) {
                if is_safe(&kind) && kind != "subscription" {
                    kinds.entry(kind).or_default();
                }
            }
        }
        for items in plan.subscriptions.values_mut().flat_map(BTreeMap::values_mut) {
            items.sort_by(|a, b| a.id.cmp(&b.id));
        }
        plan
    }

    /// Virtual networks, and their children that stand on their own.
    fn vnets(&mut self, inventory: &Inventory) {
        for vnet in &inventory.vnets {
            let own = |kind: &'static str, id: ResourceId, origin: Origin| match origin {
                Origin::Own(place) => Some(Child { kind, id, place }),
                Origin::Embedded(_) => None,
            };
            let subnets = vnet.subnets.iter().filter_map(|subnet| own(SUBNETS, vnet.subnet_id(subnet), subnet.origin));
            let peerings = vnet.peerings.iter();
            let peerings = peerings.filter_map(|peering| own(PEERINGS, vnet.peering_id(peering), peering.origin));
            let mut children = Vec::new();
            for (child, embeds) in
                subnets.map(|c| (c, vnet.subnets_given)).chain(peerings.map(|c| (c, vnet.peerings_given)))
            {
                if vnet.seen && embeds {
                    children.push(child);
                } else {
                    self.add(child.kind, Item { id: child.id, place: child.place, children: Vec::new() });
                }
            }
            if vnet.seen {
                self.add("virtualNetworks", Item { id: vnet.id.clone(), place: vnet.place, children });
            }
        }
    }

    fn add(&mut self, kind: &str, item: Item) {
        let subscription =
            item.id.subscription().map_or_else(|| UNKNOWN_SUBSCRIPTION.to_owned(), str::to_ascii_lowercase);
        self.subscriptions.entry(subscription).or_default().entry(kind.to_owned()).or_default().push(item);
    }

    fn is_empty(&self) -> bool {
        self.subscriptions.is_empty()
    }
}

/// Everything but virtual networks and subscriptions, with its type.
fn listed(inventory: &Inventory) -> impl Iterator<Item = (&str, &ResourceId, Place)> {
    let nsgs = inventory.nsgs.iter().map(|r| ("networkSecurityGroups", &r.id, r.place));
    let route_tables = inventory.route_tables.iter().map(|r| ("routeTables", &r.id, r.place));
    let gateways = inventory.gateways.iter().map(|r| ("virtualNetworkGateways", &r.id, r.place));
    let connections = inventory.connections.iter().map(|r| ("connections", &r.id, r.place));
    let local_gateways = inventory.local_gateways.iter().map(|r| ("localNetworkGateways", &r.id, r.place));
    let firewalls = inventory.firewalls.iter().map(|r| ("azureFirewalls", &r.id, r.place));
    let interfaces = inventory.interfaces.iter().map(|r| ("networkInterfaces", &r.id, r.place));
    let hubs = inventory.virtual_hubs.iter().map(|r| ("virtualHubs", &r.id, r.place));
    let hub_connections = inventory.hub_connections.iter();
    let hub_connections = hub_connections.map(|r| ("virtualHubs.hubVirtualNetworkConnections", &r.id, r.place));
    let others = inventory.others.iter().map(|r| (r.kind.as_str(), &r.id, r.place));
    let gateways = gateways.chain(connections).chain(local_gateways);
    nsgs.chain(route_tables)
        .chain(gateways)
        .chain(firewalls)
        .chain(interfaces)
        .chain(hubs)
        .chain(hub_connections)
        .chain(others)
}

/// Types of a subscription that were read whole; a list whose next page is missing was not.
fn complete(inventory: &Inventory, subscription: &str) -> BTreeSet<String> {
    let mut kinds = inventory.scope.complete_kinds(subscription);
    kinds.retain(|kind| !inventory.cut_lists.contains(kind));
    kinds
}

/// A resource as the snapshot writes it, and how many of its values can hold a secret.
fn read(texts: &mut Texts<'_>, kind: &str, item: &Item) -> Result<(Json, u64), ImportError> {
    let mut canonical = snapshot::resource(kind, texts.read(&item.id, item.place)?);
    for child in &item.children {
        let embedded = snapshot::resource(child.kind, texts.read(&child.id, child.place)?);
        canonical.secrets += embedded.secrets;
        let array = child.kind.rsplit('.').next().unwrap_or(child.kind);
        snapshot::embed(&mut canonical.resource, array, embedded.resource);
    }
    snapshot::settle(&mut canonical.resource);
    Ok((canonical.resource, canonical.secrets))
}

/// Reads resources again from where they stand.
struct Texts<'a> {
    sources: &'a Sources,
    /// Texts that can be read from their beginning alone: UTF-16.
    decoded: BTreeMap<FileId, Vec<u8>>,
}

impl Texts<'_> {
    fn read(&mut self, id: &ResourceId, place: Place) -> Result<Json, ImportError> {
        let path = || self.sources.shown(place.file).to_owned();
        let unread = |source| ImportError::Read { path: path(), source };
        let parsed = if let Some(text) = self.sources.text_from(place.file, place.offset).map_err(unread)? {
            Json::parse(BufReader::with_capacity(1 << 15, text))
        } else {
            if !self.decoded.contains_key(&place.file) {
                let text = self.sources.text(place.file).map_err(unread)?;
                self.decoded.insert(place.file, text);
            }
            let text = self.decoded.get(&place.file).map_or(&[][..], Vec::as_slice);
            let offset = usize::try_from(place.offset).unwrap_or(usize::MAX).min(text.len());
            Json::parse(&text[offset..])
        };
        let fault = |message: String| {
            let text = self.sources.text(place.file).unwrap_or_default();
            let (line, column) = locate::line_column(&text, place.offset);
            ImportError::Resource { path: path(), line, column, message }
        };
        let value = parsed.map_err(|error| {
            let text = error.to_string();
            fault(text.rsplit_once(" at line ").map_or(text.as_str(), |(text, _)| text).to_owned())
        })?;
        let own = |value: &Json| value.member("id").and_then(Json::as_text).map(ResourceId::new);
        let found = own(&value).or_else(|| value.member("properties").and_then(own));
        // A child's id is made from its parent's; hand-made exports may write another.
        if found.as_ref().is_none_or(|found| found != id && !found.name().eq_ignore_ascii_case(id.name())) {
            return Err(fault(format!("{id} is not there any more: the file was changed while it was read")));
        }
        Ok(value)
    }
}

/// What the inputs tell of a subscription, in the shape in which ARM does.
fn subscription_json(known: &Subscription, tenant: &str) -> (Json, u64) {
    let text = |text: &str| Json::Text(text.to_owned());
    let mut members = vec![
        ("id".to_owned(), Json::Text(format!("/subscriptions/{}", known.id))),
        ("type".to_owned(), text("Microsoft.Resources/subscriptions")),
        ("subscriptionId".to_owned(), text(&known.id)),
    ];
    let optional = [
        ("displayName", known.name.as_deref()),
        ("state", known.state.as_deref()),
        ("tenantId", (tenant != UNKNOWN_TENANT).then_some(tenant)),
    ];
    for (name, value) in optional {
        members.extend(value.map(|value| (name.to_owned(), text(value))));
    }
    let mut secrets = 0;
    if !known.tags.is_empty() {
        let tags = known.tags.iter().filter(|(name, _)| !snapshot::is_secret(name));
        let tags = tags.map(|(name, value)| (name.to_string(), text(value))).collect::<Vec<_>>();
        secrets = (known.tags.len() - tags.len()) as u64;
        members.push(("tags".to_owned(), Json::Object(tags)));
    }
    if !known.management_groups.is_empty() {
        let groups = known.management_groups.iter().map(|group| text(group)).collect();
        members.push(("managementGroups".to_owned(), Json::List(groups)));
    }
    let mut value = Json::Object(members);
    snapshot::settle(&mut value);
    (value, secrets)
}

fn entry(path: String, resources: usize) -> FileEntry {
    FileEntry {
        path,
        sha256: String::new(),
        resources: resources as u64,
        via: "import".to_owned(),
        api_version: None,
        from: None,
        to: None,
    }
}

fn manifest(inventory: &Inventory, plan: &Plan, collected_at: &str) -> Manifest {
    let mut tenants: BTreeMap<&str, Vec<SubscriptionEntry>> = BTreeMap::new();
    for name in inventory.tenant_names.keys() {
        tenants.entry(name).or_default();
    }
    for subscription in plan.subscriptions.keys().filter(|id| *id != UNKNOWN_SUBSCRIPTION) {
        let tenant = inventory.tenants.get(subscription.as_str()).map_or(UNKNOWN_TENANT, |tenant| tenant.as_str());
        let known = inventory.subscriptions.get(subscription.as_str());
        tenants.entry(tenant).or_default().push(SubscriptionEntry {
            id: subscription.clone(),
            name: known.and_then(|known| known.name.as_deref()).map(str::to_owned),
            complete: complete(inventory, subscription).into_iter().collect(),
        });
    }
    let tenants = tenants.into_iter().map(|(id, subscriptions)| TenantEntry {
        id: id.to_owned(),
        name: inventory.tenant_names.get(id).cloned(),
        subscriptions,
    });
    let cut = inventory.cut_lists.iter().map(|kind| Gap {
        tenant: None,
        subscription: None,
        kind: kind.clone(),
        reason: "the list goes on in another page, which was not among the inputs".to_owned(),
        status: None,
        correlation_id: None,
    });
    Manifest {
        format: FORMAT.to_owned(),
        tool: Tool { name: env!("CARGO_PKG_NAME").to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() },
        source: "import".to_owned(),
        collected_at: Some(collected_at.to_owned()),
        tenants: tenants.collect(),
        files: Vec::new(),
        gaps: inventory.scope.gaps().iter().cloned().chain(cut).collect(),
    }
}

/// Whether a text is the name of a folder or file on every system.
fn is_safe(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    (1..=100).contains(&name.len()) && name.chars().all(plain) && !name.starts_with('.') && !name.ends_with('.')
}

/// An id or a type as the name of a folder or a file.
fn safe_name(id: &str) -> String {
    if is_safe(id) { id.to_owned() } else { format!("id-{:.16}", format!("{:x}", Sha256::digest(id.as_bytes()))) }
}
