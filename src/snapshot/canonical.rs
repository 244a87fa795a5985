//! A resource's canonical JSON: one text for everything that says the same.
//!
//! Knows the shapes in which exports write a resource, and gives back ARM's own, with `properties`. Knows no file and
//! no other resource. The rules, which make the same estate the same bytes whatever exported it:
//!
//! - Keys of every object: `id`, `name`, `type`, `location`, `tags` first, `properties` last, the others between them
//!   by their bytes.
//! - Arrays whose elements are objects with an `id` or a `name` are sets to ARM: they are sorted by it, in lower case.
//!   Other arrays keep their order.
//! - Whatever is not in [`ENVELOPE`] belongs under `properties`. The command line's flattened shape is undone for
//!   children too: objects with an ARM id, and named elements of [`CHILDREN`].
//! - `type` is written as Azure documents it, also where the export left it out or in lower case.
//! - What says nothing is left out: `null`, empty `tags` and `properties`, the `resourceGroup` that the command line
//!   puts beside an `id`, and the columns that Resource Graph adds.
//! - What can hold a secret is left out (see [`super::secrets`]).

use std::cmp::Ordering;

use super::json::Json;

/// Members that stand beside `properties`.
/// Source: <https://learn.microsoft.com/azure/azure-resource-manager/templates/resource-declaration>.
const ENVELOPE: [&str; 14] = [
    "etag",
    "extendedLocation",
    "id",
    "identity",
    "kind",
    "location",
    "managedBy",
    "name",
    "plan",
    "sku",
    "systemData",
    "tags",
    "type",
    "zones",
];

/// Types whose `sku` is one of their properties.
const SKU_IN_PROPERTIES: [&str; 3] = ["azureFirewalls", "virtualHubs", "virtualNetworkGateways"];

/// Columns that Resource Graph and the command line add to a resource; its id and the manifest say the same.
const COLUMNS: [&str; 3] = ["resourceGroup", "subscriptionId", "tenantId"];

/// Arrays of child resources. Live exports give each child its id; hand-made ones may not.
const CHILDREN: [&str; 8] = [
    "defaultSecurityRules",
    "delegations",
    "ipConfigurations",
    "peerings",
    "routes",
    "securityRules",
    "subnets",
    "virtualNetworkPeerings",
];

/// Names that older command lines respelled, with ARM's own.
const RESPELLED: [(&str, &str); 9] = [
    ("enableIpForwarding", "enableIPForwarding"),
    ("enableOnlyIpv6Peering", "enableOnlyIPv6Peering"),
    ("hubIpAddresses", "hubIPAddresses"),
    ("privateIpAddress", "privateIPAddress"),
    ("privateIpAddressVersion", "privateIPAddressVersion"),
    ("privateIpAllocationMethod", "privateIPAllocationMethod"),
    ("publicIpAddress", "publicIPAddress"),
    ("publicIpAddressVersion", "publicIPAddressVersion"),
    ("publicIpAllocationMethod", "publicIPAllocationMethod"),
];

type Members = Vec<(String, Json)>;

/// A resource in ARM's shape, and how many values that can hold a secret it had.
#[derive(Debug)]
pub(crate) struct Canonical {
    pub(crate) resource: Json,
    pub(crate) secrets: u64,
}

/// Gives a resource of a type (`virtualNetworks.subnets`) ARM's shape. Order comes with [`settle`].
pub(crate) fn resource(kind: &str, mut value: Json) -> Canonical {
    let secrets = super::secrets::drop_from(&mut value);
    drop_silent(&mut value);
    let Json::Object(members) = value else { return Canonical { resource: value, secrets } };
    let flattened = !members.iter().any(|(name, value)| name == "properties" && matches!(value, Json::Object(_)));
    let known = !kind.contains('/');
    let arm_type = known.then(|| format!("Microsoft.Network/{}", kind.replace('.', "/")));
    let (mut envelope, mut properties) = (Members::new(), Members::new());
    for (name, value) in members {
        match (name.as_str(), value) {
            ("properties", Json::Object(inner)) => inner.into_iter().for_each(|member| add(&mut properties, member)),
            ("type", _) if known => {}
            (name, _) if COLUMNS.contains(&name) => {}
            ("kind" | "managedBy", value) if value.is_empty() => {}
            (name, value) if is_envelope(kind, name) => add(&mut envelope, (name.to_owned(), value)),
            (_, value) => add(&mut properties, (name, value)),
        }
    }
    if flattened {
        let flat = std::mem::take(&mut properties);
        for (name, value) in flat {
            add(&mut properties, unflattened(&name, value));
        }
    }
    envelope.extend(arm_type.map(|text| ("type".to_owned(), Json::Text(text))));
    if !properties.is_empty() {
        envelope.push(("properties".to_owned(), Json::Object(properties)));
    }
    Canonical { resource: Json::Object(envelope), secrets }
}

/// Puts keys and sets in their order, at any depth.
pub(crate) fn settle(value: &mut Json) {
    match value {
        Json::List(items) => {
            items.iter_mut().for_each(settle);
            if let Some(keys) = items.iter().map(key).collect::<Option<Vec<_>>>() {
                let mut keyed = keys.into_iter().zip(std::mem::take(items)).collect::<Vec<_>>();
                keyed.sort_by(|(key, item), (other_key, other)| key.cmp(other_key).then_with(|| by_text(item, other)));
                *items = keyed.into_iter().map(|(_, item)| item).collect();
            }
        }
        Json::Object(members) => {
            for (_, member) in &mut *members {
                settle(member);
            }
            members.sort_by(|(a, _), (b, _)| (rank(a), a).cmp(&(rank(b), b)));
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) => {}
    }
}

/// Adds a child to an array of a resource's properties, which is made where it is missing.
pub(crate) fn embed(parent: &mut Json, array: &str, child: Json) {
    let Json::Object(members) = parent else { return };
    let properties = slot(members, "properties", || Json::Object(Members::new()));
    let Json::Object(properties) = properties else { return };
    if let Json::List(items) = slot(properties, array, || Json::List(Vec::new())) {
        items.push(child);
    }
}

fn slot<'a>(members: &'a mut Members, name: &str, new: impl FnOnce() -> Json) -> &'a mut Json {
    let at = members.iter().position(|(key, _)| key == name).unwrap_or_else(|| {
        members.push((name.to_owned(), new()));
        members.len() - 1
    });
    &mut members[at].1
}

/// What an object already has stays, as when a scan reads it.
fn add(members: &mut Members, (name, value): (String, Json)) {
    if !members.iter().any(|(known, _)| *known == name) {
        members.push((name, value));
    }
}

fn is_envelope(kind: &str, name: &str) -> bool {
    ENVELOPE.contains(&name) && !(name == "sku" && SKU_IN_PROPERTIES.contains(&kind))
}

/// Drops what says nothing. Tags are the owner's: a tag without a value is a tag.
fn drop_silent(value: &mut Json) {
    match value {
        Json::List(items) => items.iter_mut().for_each(drop_silent),
        Json::Object(members) => {
            for (name, member) in &mut *members {
                if name != "tags" {
                    drop_silent(member);
                }
            }
            let group = members.iter().find(|(name, _)| name == "id").and_then(|(_, id)| resource_group(id));
            members.retain(|(name, value)| match (name.as_str(), value) {
                (_, Json::Null) => false,
                ("resourceGroup", Json::Text(text)) => {
                    group.as_ref().is_none_or(|group| !group.eq_ignore_ascii_case(text))
                }
                ("tags" | "properties", Json::Object(inner)) => !inner.is_empty(),
                _ => true,
            });
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) => {}
    }
}

fn resource_group(id: &Json) -> Option<String> {
    crate::azure::ResourceId::new(id.as_text()?).resource_group().map(str::to_owned)
}

/// A member of a flattened resource's properties, its children nested again.
fn unflattened(name: &str, value: Json) -> (String, Json) {
    let name = RESPELLED.iter().find(|(other, _)| *other == name).map_or(name, |(_, arm)| arm);
    let value = match value {
        Json::List(items) => {
            let named = |item: &Json| CHILDREN.contains(&name) && matches!(item.member("name"), Some(Json::Text(_)));
            Json::List(items.into_iter().map(|item| child(named(&item), item)).collect())
        }
        value => child(false, value),
    };
    (name.to_owned(), value)
}

/// An element or a member of a flattened resource; `named` where its array says that it is a child.
fn child(named: bool, value: Json) -> Json {
    let members = match value {
        Json::Object(members) => members,
        Json::List(items) => return Json::List(items.into_iter().map(|item| child(false, item)).collect()),
        scalar => return scalar,
    };
    let has_id = members.iter().any(|(name, value)| name == "id" && value.as_text().is_some_and(|id| id.contains('/')));
    let nested = members.iter().any(|(name, _)| name == "properties");
    let members =
        members.into_iter().map(|(name, value)| if name == "tags" { (name, value) } else { unflattened(&name, value) });
    if nested || !(named || has_id) {
        let mut kept = Members::new();
        members.for_each(|member| add(&mut kept, member));
        return Json::Object(kept);
    }
    let (mut envelope, mut properties) = (Members::new(), Members::new());
    for member in members {
        add(if ENVELOPE.contains(&member.0.as_str()) { &mut envelope } else { &mut properties }, member);
    }
    if !properties.is_empty() {
        envelope.push(("properties".to_owned(), Json::Object(properties)));
    }
    Json::Object(envelope)
}

/// What an element of a set is known by.
fn key(item: &Json) -> Option<(String, String)> {
    let text = |name| item.member(name).and_then(Json::as_text).map(str::to_ascii_lowercase);
    match (text("id"), text("name")) {
        (None, None) => None,
        (id, name) => Some((id.unwrap_or_default(), name.unwrap_or_default())),
    }
}

/// Two elements of one name differ somewhere: their texts decide.
fn by_text(a: &Json, b: &Json) -> Ordering {
    let text = |value: &Json| serde_json::to_string(value).unwrap_or_default();
    text(a).cmp(&text(b))
}

fn rank(name: &str) -> u8 {
    match name {
        "id" => 0,
        "name" => 1,
        "type" => 2,
        "location" => 3,
        "tags" => 4,
        "properties" => 6,
        _ => 5,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn canonical(kind: &str, text: &str) -> String {
        let mut value = resource(kind, Json::parse(text.as_bytes()).unwrap()).resource;
        settle(&mut value);
        serde_json::to_string(&value).unwrap()
    }

    const ID: &str = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/v";

    #[test]
    fn every_shape_of_a_virtual_network_gives_the_same_text() {
        let nested = format!(
            r#"{{"id":"{ID}","name":"v","type":"Microsoft.Network/virtualNetworks","location":"westeurope","tags":{{"a":null}},"etag":"W/\"1\"","properties":{{"addressSpace":{{"addressPrefixes":["10.1.0.0/16","10.0.0.0/16"]}},"subnets":[{{"id":"{ID}/subnets/B","name":"B","properties":{{"addressPrefix":"10.0.1.0/24","routeTable":{{"id":"/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/routeTables/rt"}}}}}},{{"id":"{ID}/subnets/a","name":"a","properties":{{}}}}],"virtualNetworkPeerings":[]}}}}"#
        );
        let flattened = format!(
            r#"{{"addressSpace":{{"addressPrefixes":["10.1.0.0/16","10.0.0.0/16"]}},"bgpCommunities":null,"etag":"W/\"1\"","id":"{ID}","location":"westeurope","name":"v","resourceGroup":"RG","subnets":[{{"id":"{ID}/subnets/a","name":"a","resourceGroup":"rg"}},{{"addressPrefix":"10.0.1.0/24","id":"{ID}/subnets/B","name":"B","resourceGroup":"rg","routeTable":{{"id":"/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/routeTables/rt","resourceGroup":"rg"}}}}],"tags":{{"a":null}},"type":"Microsoft.Network/virtualNetworks","virtualNetworkPeerings":[]}}"#
        );
        let graph = nested
            .replacen(
                r#""type":"Microsoft.Network/virtualNetworks""#,
                r#""type":"microsoft.network/virtualnetworks","tenantId":"t","subscriptionId":"s","resourceGroup":"rg","kind":"","managedBy":"","sku":null,"plan":null,"zones":null"#,
                1,
            );
        let bare = nested.replacen(r#""type":"Microsoft.Network/virtualNetworks","#, "", 1);
        let expected = canonical("virtualNetworks", &nested);
        assert_eq!(
            expected,
            format!(
                r#"{{"id":"{ID}","name":"v","type":"Microsoft.Network/virtualNetworks","location":"westeurope","tags":{{"a":null}},"etag":"W/\"1\"","properties":{{"addressSpace":{{"addressPrefixes":["10.1.0.0/16","10.0.0.0/16"]}},"subnets":[{{"id":"{ID}/subnets/a","name":"a"}},{{"id":"{ID}/subnets/B","name":"B","properties":{{"addressPrefix":"10.0.1.0/24","routeTable":{{"id":"/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/routeTables/rt"}}}}}}],"virtualNetworkPeerings":[]}}}}"#
            )
        );
        for other in [&flattened, &graph, &bare, &expected] {
            assert_eq!(canonical("virtualNetworks", other), expected, "{other}");
        }
    }

    #[test]
    fn a_sku_goes_where_its_type_has_it() {
        let flat = r#"{"id":"/x","sku":{"tier":"Standard","name":"VpnGw1"},"gatewayType":"Vpn"}"#;
        assert_eq!(
            canonical("virtualNetworkGateways", flat),
            r#"{"id":"/x","type":"Microsoft.Network/virtualNetworkGateways","properties":{"gatewayType":"Vpn","sku":{"name":"VpnGw1","tier":"Standard"}}}"#
        );
        assert_eq!(
            canonical("publicIPAddresses", r#"{"id":"/x","sku":{"name":"Standard"},"ipAddress":"1.2.3.4"}"#),
            r#"{"id":"/x","type":"Microsoft.Network/publicIPAddresses","sku":{"name":"Standard"},"properties":{"ipAddress":"1.2.3.4"}}"#
        );
    }

    #[test]
    fn children_without_an_id_and_old_spellings_are_nested_too() {
        assert_eq!(
            canonical(
                "networkInterfaces",
                r#"{"id":"/x","enableIpForwarding":true,"ipConfigurations":[{"name":"c","privateIpAddress":"10.0.0.4","subnet":{"id":"/s","resourceGroup":"g"}}]}"#
            ),
            r#"{"id":"/x","type":"Microsoft.Network/networkInterfaces","properties":{"enableIPForwarding":true,"ipConfigurations":[{"name":"c","properties":{"privateIPAddress":"10.0.0.4","subnet":{"id":"/s","properties":{"resourceGroup":"g"}}}}]}}"#
        );
    }

    #[test]
    fn what_stands_twice_is_read_as_a_scan_reads_it() {
        let text = r#"{"id":"/x","routes":[1],"properties":{"routes":[2],"disableBgpRoutePropagation":true}}"#;
        assert_eq!(
            canonical("routeTables", text),
            r#"{"id":"/x","type":"Microsoft.Network/routeTables","properties":{"disableBgpRoutePropagation":true,"routes":[1]}}"#
        );
    }

    #[test]
    fn odd_types_survive() {
        for properties in ["3", "\"x\"", "[]", "[null,{\"id\":7}]"] {
            let text = format!(r#"{{"id":"/x","name":[1],"tags":"t","properties":{properties}}}"#);
            let once = canonical("virtualNetworks", &text);
            assert_eq!(canonical("virtualNetworks", &once), once);
            assert!(once.contains(properties) && once.contains(r#""tags":"t""#), "{once}");
        }
    }

    /// JSON that could be a resource, or could have been meant as one.
    fn any_json() -> impl Strategy<Value = serde_json::Value> {
        use serde_json::Value;
        let name = prop::sample::select(vec![
            "id",
            "name",
            "type",
            "tags",
            "properties",
            "sku",
            "subnets",
            "routes",
            "resourceGroup",
            "kind",
            "sharedKey",
            "privateIpAddress",
            "privateIPAddress",
            "x",
        ]);
        let text = prop::sample::select(vec!["", "a", "B", "/subscriptions/s/resourceGroups/a/providers/p/t/n"]);
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            text.prop_map(Value::from)
        ];
        leaf.prop_recursive(5, 48, 6, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map(name.clone().prop_map(str::to_owned), inner, 0..6)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn canonical_text_is_its_own_canonical_text(value in any_json(), kind in prop::sample::select(vec!["virtualNetworks", "azureFirewalls", "networkmanagers/x"])) {
            let once = canonical(kind, &value.to_string());
            prop_assert_eq!(canonical(kind, &once), once);
        }
    }
}
