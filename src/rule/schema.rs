//! What there is to read: subject kinds and their fields, as JSON Schemas.
//!
//! Understands what schemars 1 writes: `$defs` and `$ref`, `properties`, `items`, `prefixItems`,
//! `additionalProperties`, and `anyOf`, `oneOf`, `allOf`. A schema that says nothing allows everything.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::error::did_you_mean;

/// A kind of subject: its position in the [`Vocabulary`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubjectKind(pub u16);

/// What policies may speak of.
#[derive(Clone, Debug, Default)]
pub struct Vocabulary {
    kinds: Vec<(String, Json)>,
    data: Option<Json>,
}

impl Vocabulary {
    /// Subject kinds by name, each with the JSON Schema of its facts. A kind's position is its [`SubjectKind`].
    ///
    /// `data` is the schema of the document that policies see as `data`: `config` and `estate`. Without it,
    /// what policies read below those two is not checked.
    pub fn new(kinds: Vec<(String, Json)>, data: Option<Json>) -> Self {
        Self { kinds, data }
    }

    /// The kind of that name.
    pub fn kind(&self, name: &str) -> Option<SubjectKind> {
        let index = self.kinds.iter().position(|(known, _)| known == name)?;
        u16::try_from(index).ok().map(SubjectKind)
    }

    /// A kind's name; empty for a kind of another vocabulary.
    pub fn name(&self, kind: SubjectKind) -> &str {
        self.kinds.get(usize::from(kind.0)).map_or("", |(name, _)| name.as_str())
    }

    /// The names of all kinds, in the order of their [`SubjectKind`].
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.kinds.iter().map(|(name, _)| name.as_str())
    }

    /// How many kinds there are.
    pub fn len(&self) -> usize {
        self.kinds.len()
    }

    /// Whether there is no kind at all.
    pub fn is_empty(&self) -> bool {
        self.kinds.is_empty()
    }

    /// Whether facts of `kind` can have something at `path`.
    pub(super) fn check(&self, kind: SubjectKind, path: &[Step]) -> Result<(), Unknown> {
        let Some((_, schema)) = self.kinds.get(usize::from(kind.0)) else { return Ok(()) };
        walk(schema, path).map(drop)
    }

    /// Whether the `data` document can have something at `path`, which starts at `data`.
    pub(super) fn check_data(&self, path: &[Step]) -> Result<(), Unknown> {
        self.data.as_ref().map_or(Ok(()), |schema| walk(schema, path).map(drop))
    }

    /// Whether the dotted `path` of `kind` leads to a scalar, for a selector; else what is wrong, and a hint.
    pub(super) fn check_scalar(&self, kind: SubjectKind, path: &str) -> Result<(), (String, Option<String>)> {
        let Some((_, schema)) = self.kinds.get(usize::from(kind.0)) else { return Ok(()) };
        let mut found = Places::Some(vec![schema]);
        let mut so_far = String::new();
        for name in path.split('.') {
            if let Places::Some(places) = &found
                && places.iter().all(|place| is_type(place, "array"))
            {
                return Err((format!("`{so_far}` is a list, and selectors compare single values"), None));
            }
            found = found
                .step(schema, &Step::Field(name.to_owned()))
                .map_err(|known| (format!("there is no `{name}` here"), suggestion(name, &known)))?;
            so_far = if so_far.is_empty() { name.to_owned() } else { format!("{so_far}.{name}") };
        }
        if let Places::Some(places) = expand(schema, found) {
            for (kind, word) in [("array", "a list"), ("object", "an object")] {
                if places.iter().any(|place| is_type(place, kind)) {
                    return Err((format!("`{path}` is {word}, and selectors compare single values"), None));
                }
            }
        }
        Ok(())
    }
}

/// One step of a path into a document.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Step {
    /// A field by its name.
    Field(String),
    /// Some element or some field: an index, a variable, `_`.
    Any,
}

/// A path that leads nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unknown {
    /// The step that has no place, by its position in the path.
    pub at: usize,
    /// What is wrong with it.
    pub message: String,
    /// What may have been meant.
    pub hint: Option<String>,
}

/// Where a path can be in a schema.
enum Places<'a> {
    /// Anything is allowed here.
    Anything,
    /// In one of these.
    Some(Vec<&'a Json>),
}

fn walk<'a>(root: &'a Json, path: &[Step]) -> Result<Places<'a>, Unknown> {
    let mut found = Places::Some(vec![root]);
    for (at, step) in path.iter().enumerate() {
        found = found.step(root, step).map_err(|known| match step {
            Step::Field(name) => {
                let hint = suggestion(name, &known);
                Unknown { at, message: format!("there is no `{name}`"), hint }
            }
            Step::Any => Unknown { at, message: "this is neither a list nor an object".into(), hint: None },
        })?;
        if matches!(found, Places::Anything) {
            break;
        }
    }
    Ok(found)
}

impl<'a> Places<'a> {
    /// One step down, or the names that there are.
    fn step(self, root: &'a Json, step: &Step) -> Result<Self, BTreeSet<&'a str>> {
        let Places::Some(places) = expand(root, self) else { return Ok(Places::Anything) };
        let mut next = Vec::new();
        let mut known = BTreeSet::new();
        for place in places {
            let fields = place.get("properties").and_then(Json::as_object);
            let rest = place.get("additionalProperties").filter(|rest| **rest != Json::Bool(false));
            // `additionalProperties` is allowed where it is not spoken of; schemars says so of maps only, and
            // a typo must not pass for it.
            match step {
                Step::Field(name) => {
                    known.extend(fields.into_iter().flat_map(|fields| fields.keys().map(String::as_str)));
                    next.extend(fields.and_then(|fields| fields.get(name)).or(rest));
                }
                Step::Any => {
                    next.extend(place.get("items").filter(|items| **items != Json::Bool(false)));
                    next.extend(place.get("prefixItems").and_then(Json::as_array).into_iter().flatten());
                    next.extend(fields.into_iter().flat_map(serde_json::Map::values).chain(rest));
                    if is_type(place, "array") && place.get("items").is_none() && place.get("prefixItems").is_none() {
                        return Ok(Places::Anything);
                    }
                }
            }
        }
        if next.is_empty() { Err(known) } else { Ok(Places::Some(next)) }
    }
}

/// Follows `$ref` and the `…Of` keywords until only plain schemas are left.
fn expand<'a>(root: &'a Json, places: Places<'a>) -> Places<'a> {
    let Places::Some(mut open) = places else { return Places::Anything };
    let mut plain = Vec::new();
    let mut seen = BTreeSet::new();
    while let Some(place) = open.pop() {
        let mut followed = false;
        if let Some(target) = place.get("$ref").and_then(Json::as_str) {
            followed = true;
            if seen.insert(target) {
                match root.pointer(target.trim_start_matches('#')) {
                    Some(target) => open.push(target),
                    None => return Places::Anything,
                }
            }
        }
        for keyword in ["anyOf", "oneOf", "allOf"] {
            if let Some(parts) = place.get(keyword).and_then(Json::as_array) {
                followed = true;
                open.extend(parts);
            }
        }
        let says_something = ["type", "properties", "items", "prefixItems", "additionalProperties", "enum", "const"]
            .iter()
            .any(|keyword| place.get(keyword).is_some());
        if says_something {
            plain.push(place);
        } else if !followed {
            return Places::Anything;
        }
    }
    Places::Some(plain)
}

fn is_type(schema: &Json, name: &str) -> bool {
    match schema.get("type") {
        Some(Json::String(one)) => one == name,
        Some(Json::Array(many)) => many.iter().any(|one| one == name),
        _ => false,
    }
}

fn suggestion(name: &str, known: &BTreeSet<&str>) -> Option<String> {
    if known.is_empty() {
        return None;
    }
    let close = did_you_mean(name, known.iter().copied());
    let listed = || format!("there is {}", known.iter().copied().collect::<Vec<_>>().join(", "));
    Some(close.map_or_else(listed, |name| format!("did you mean `{name}`?")))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use schemars::{JsonSchema, schema_for};

    use super::*;

    #[derive(JsonSchema)]
    #[allow(dead_code, reason = "only its schema is wanted")]
    struct Facts {
        name: String,
        near: Side,
        far: Option<Side>,
        tags: BTreeMap<String, String>,
        by_id: BTreeMap<String, Side>,
        hops: Vec<Hop>,
        pair: (u8, Side),
        free: serde_json::Value,
        maybe: Option<bool>,
    }

    #[derive(JsonSchema)]
    #[allow(dead_code, reason = "only its schema is wanted")]
    struct Side {
        role: Role,
        prefixes: Vec<String>,
        next: Option<Box<Self>>,
    }

    #[derive(JsonSchema)]
    #[allow(dead_code, reason = "only its schema is wanted")]
    enum Role {
        Hub,
        Spoke,
    }

    #[derive(JsonSchema)]
    #[allow(dead_code, reason = "only its schema is wanted")]
    #[serde(tag = "kind")]
    enum Hop {
        Peering { link: String },
        Gateway { gateway: String },
    }

    fn vocabulary() -> Vocabulary {
        Vocabulary::new(vec![("link".into(), schema_for!(Facts).to_value())], None)
    }

    fn check(path: &str) -> Result<(), String> {
        let steps: Vec<Step> =
            path.split('.').map(|step| if step == "*" { Step::Any } else { Step::Field(step.into()) }).collect();
        let wrong =
            |unknown: Unknown| format!("{} {} {}", unknown.at, unknown.message, unknown.hint.unwrap_or_default());
        vocabulary().check(SubjectKind(0), &steps).map_err(wrong)
    }

    #[test]
    fn fields_of_structs_options_maps_lists_and_enums_are_found() {
        for path in [
            "name",
            "near.role",
            "far.role",
            "far.next.next.prefixes.*",
            "tags.anything",
            "by_id.*.role",
            "by_id.x.role",
            "hops.*.link",
            "hops.*.gateway",
            "hops.*.kind",
            "pair.*.role",
            "free.a.b.*.c",
            "*",
            "*.role",
        ] {
            assert_eq!(check(path), Ok(()), "{path}");
        }
    }

    #[test]
    fn what_is_not_there_is_named_with_its_step_and_a_suggestion() {
        assert_eq!(check("nearr"), Err("0 there is no `nearr` did you mean `near`?".into()));
        assert_eq!(check("far.rol"), Err("1 there is no `rol` did you mean `role`?".into()));
        assert_eq!(check("hops.*.lnk"), Err("2 there is no `lnk` did you mean `link`?".into()));
        assert_eq!(check("near.zzzzzzzzz"), Err("1 there is no `zzzzzzzzz` there is next, prefixes, role".into()));
    }

    #[test]
    fn a_field_of_a_list_or_of_a_text_is_not_there() {
        assert_eq!(check("hops.link"), Err("1 there is no `link` ".into()));
        assert_eq!(check("name.length"), Err("1 there is no `length` ".into()));
        assert_eq!(check("near.role.*"), Err("2 this is neither a list nor an object ".into()));
    }

    #[test]
    fn selectors_take_scalars_only() {
        let scalar = |path: &str| vocabulary().check_scalar(SubjectKind(0), path);
        assert_eq!(scalar("near.role"), Ok(()));
        assert_eq!(scalar("maybe"), Ok(()));
        assert_eq!(scalar("tags.env"), Ok(()));
        assert!(scalar("hops").unwrap_err().0.contains("is a list"));
        assert!(scalar("hops.kind").unwrap_err().0.contains("is a list"));
        assert!(scalar("far").unwrap_err().0.contains("is an object"));
        assert!(scalar("neer.role").unwrap_err().1.unwrap().contains("near"));
    }
}
