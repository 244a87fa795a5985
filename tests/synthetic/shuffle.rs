//! The same estate as people export it by hand: other files, other shapes, other order.
//!
//! Says nothing new and loses only what loose exports cannot say: which types were read whole (`--complete` says
//! it), tags of subscriptions and their management groups. Reads everything into memory: for small estates.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::random::Random;

/// The shapes in which a scan takes resources.
#[derive(Clone, Copy)]
enum Shape {
    Array,
    ListPage,
    SingleResource,
    Flattened,
    JsonLines,
    FlattenedLines,
    ResourceGraphPage,
}

const SHAPES: [Shape; 7] = [
    Shape::Array,
    Shape::ListPage,
    Shape::SingleResource,
    Shape::Flattened,
    Shape::JsonLines,
    Shape::FlattenedLines,
    Shape::ResourceGraphPage,
];

/// A resource and the tenant that it was read from.
struct Resource {
    tenant: String,
    value: Value,
}

/// Writes `exports/` beside the `snapshot/` of a folder and gives its path. The configuration stays as it is.
///
/// Resources are mixed and cut into files of every shape; keys change their order, as do arrays of objects
/// (subnets, peerings, rules), and files are compact or indented. Arrays of texts stay: their order is the owner's.
///
/// # Errors
/// `AlreadyExists` where exports are there, and whatever the file system says.
pub(crate) fn shuffle(dir: &Path, seed: u64) -> io::Result<PathBuf> {
    let mut random = Random::new(seed);
    let (mut resources, accounts) = read(&dir.join("snapshot"))?;
    random.shuffle(&mut resources);
    for resource in &mut resources {
        shuffle_arrays(&mut resource.value, &mut random);
    }
    let folder = dir.join("exports");
    fs::create_dir(&folder)?;
    fs::write(folder.join("accounts.json"), text(&Value::Array(accounts), &mut random))?;
    let mut number = 0;
    while !resources.is_empty() {
        let shape = SHAPES[if number < SHAPES.len() { number } else { random.below(SHAPES.len()) }];
        let most = if matches!(shape, Shape::SingleResource) { 1 } else { 40 };
        let part = resources.split_off(resources.len() - (1 + random.below(most)).min(resources.len()));
        let (text, ending) = export(part, shape, &mut random);
        let sub = if random.below(2) == 0 { "more" } else { "." };
        fs::create_dir_all(folder.join(sub))?;
        fs::write(folder.join(sub).join(format!("export-{number:04}.{ending}")), text)?;
        number += 1;
    }
    Ok(folder)
}

/// The resources of a snapshot, and its subscriptions as `az account list` prints them.
fn read(snapshot: &Path) -> io::Result<(Vec<Resource>, Vec<Value>)> {
    let manifest: Value = serde_json::from_slice(&fs::read(snapshot.join("manifest.json"))?)?;
    let (mut resources, mut accounts) = (Vec::new(), Vec::new());
    for file in manifest["files"].as_array().into_iter().flatten() {
        let path = file["path"].as_str().unwrap_or_default();
        let tenant = path.split('/').next().unwrap_or_default();
        let value: Value = serde_json::from_slice(&fs::read(snapshot.join(path))?)?;
        match value {
            Value::Array(values) => {
                resources.extend(values.into_iter().map(|value| Resource { tenant: tenant.to_owned(), value }));
            }
            subscription => accounts.push(json!({
                "cloudName": "AzureCloud",
                "homeTenantId": tenant,
                "id": subscription["subscriptionId"],
                "isDefault": accounts.is_empty(),
                "managedByTenants": [],
                "name": subscription["displayName"],
                "state": subscription["state"],
                "tenantId": tenant,
                "user": { "name": "auditor@contoso.example", "type": "user" },
            })),
        }
    }
    Ok((resources, accounts))
}

fn export(part: Vec<Resource>, shape: Shape, random: &mut Random) -> (String, &'static str) {
    let count = part.len();
    let values = part.into_iter().map(|Resource { tenant, mut value }| {
        match shape {
            Shape::Flattened | Shape::FlattenedLines => flatten(&mut value),
            Shape::ResourceGraphPage => add_columns(&mut value, tenant),
            _ => {}
        }
        value
    });
    let mut values = values.collect::<Vec<_>>();
    match shape {
        Shape::Array | Shape::Flattened => (text(&Value::Array(values), random), "json"),
        Shape::ListPage => (text(&json!({ "value": values }), random), "json"),
        Shape::SingleResource => (text(&values.pop().unwrap_or_default(), random), "json"),
        Shape::JsonLines | Shape::FlattenedLines => {
            let mut lines = String::new();
            for value in &values {
                write(&mut lines, value, None, random);
                lines.push('\n');
            }
            (lines, "jsonl")
        }
        Shape::ResourceGraphPage => {
            let page = json!({
                "totalRecords": count, "count": count, "resultTruncated": "false", "facets": [], "data": values,
            });
            (text(&page, random), "json")
        }
    }
}

/// What Resource Graph adds: columns beside the resource's own, the type in lower case.
fn add_columns(value: &mut Value, tenant: String) {
    if let Value::Object(members) = value {
        let lower = members.get("type").and_then(Value::as_str).unwrap_or_default().to_ascii_lowercase();
        let id = members.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
        members.insert("type".to_owned(), Value::String(lower));
        members.insert("tenantId".to_owned(), Value::String(tenant));
        members.insert("subscriptionId".to_owned(), id.split('/').nth(2).unwrap_or_default().into());
        members.insert("resourceGroup".to_owned(), id.split('/').nth(4).unwrap_or_default().into());
        members.insert("kind".to_owned(), "".into());
        members.insert("managedBy".to_owned(), "".into());
        for missing in ["plan", "identity", "zones", "extendedLocation"] {
            members.insert(missing.to_owned(), Value::Null);
        }
    }
}

/// What the Azure CLI does: members of `properties` move up, and whatever has an id says its resource group.
fn flatten(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(flatten),
        Value::Object(members) => {
            if let Some(Value::Object(properties)) = members.remove("properties") {
                members.extend(properties);
            }
            if let Some(group) = members.get("id").and_then(Value::as_str).and_then(|id| id.split('/').nth(4)) {
                members.insert("resourceGroup".to_owned(), group.into());
            }
            members.values_mut().for_each(flatten);
        }
        _ => {}
    }
}

fn shuffle_arrays(value: &mut Value, random: &mut Random) {
    match value {
        Value::Array(items) => {
            if items.iter().all(Value::is_object) {
                random.shuffle(items);
            }
            for item in items {
                shuffle_arrays(item, random);
            }
        }
        Value::Object(members) => {
            for member in members.values_mut() {
                shuffle_arrays(member, random);
            }
        }
        _ => {}
    }
}

/// A document, compact or indented.
fn text(value: &Value, random: &mut Random) -> String {
    let indent = [None, Some(2), Some(4)][random.below(3)];
    let mut text = String::new();
    write(&mut text, value, indent.map(|step| (step, 0)), random);
    text
}

/// Writes a value with the keys of its objects in random order. `indent` is the step and the present depth.
fn write(out: &mut String, value: &Value, indent: Option<(usize, usize)>, random: &mut Random) {
    let inner = indent.map(|(step, depth)| (step, depth + step));
    let line = |out: &mut String, indent: Option<(usize, usize)>| {
        if let Some((_, depth)) = indent {
            out.push('\n');
            out.extend(std::iter::repeat_n(' ', depth));
        }
    };
    match value {
        Value::Array(items) => {
            out.push('[');
            for (position, item) in items.iter().enumerate() {
                out.push_str(if position == 0 { "" } else { "," });
                line(out, inner);
                write(out, item, inner, random);
            }
            line(out, indent);
            out.push(']');
        }
        Value::Object(members) => {
            out.push('{');
            for (position, (key, member)) in in_random_order(members, random).into_iter().enumerate() {
                out.push_str(if position == 0 { "" } else { "," });
                line(out, inner);
                out.push_str(&Value::String(key.clone()).to_string());
                out.push(':');
                write(out, member, inner, random);
            }
            line(out, indent);
            out.push('}');
        }
        scalar => out.push_str(&scalar.to_string()),
    }
}

fn in_random_order<'a>(members: &'a Map<String, Value>, random: &mut Random) -> Vec<(&'a String, &'a Value)> {
    let mut members = members.iter().collect::<Vec<_>>();
    random.shuffle(&mut members);
    members
}
