//! A small vocabulary and small policies that the tests of this module share.

use std::collections::BTreeMap;

use schemars::{JsonSchema, schema_for};
use serde::{Deserialize, Serialize};

use super::{PolicySource, SubjectKind, Vocabulary};

pub(super) const PEERING: SubjectKind = SubjectKind(0);
pub(super) const SIDE: SubjectKind = SubjectKind(1);

#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub(super) struct Peering {
    pub established: bool,
    pub state: String,
    pub near: Side,
    pub far: Option<Side>,
    pub tags: BTreeMap<String, String>,
    pub hops: Vec<Hop>,
    pub count: u32,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub(super) struct Side {
    pub id: String,
    pub role: String,
    pub prefixes: Vec<String>,
    pub environment: Option<String>,
    pub weight: f64,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub(super) struct Hop {
    pub name: String,
    pub open: bool,
    pub ports: Vec<u16>,
}

#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub(super) struct PeeringSide {
    pub established: bool,
    pub flag: bool,
}

pub(super) fn vocabulary() -> Vocabulary {
    let kinds = vec![
        ("peering".to_owned(), schema_for!(Peering).to_value()),
        ("peering_side".to_owned(), schema_for!(PeeringSide).to_value()),
    ];
    Vocabulary::new(kinds, None)
}

pub(super) fn side(id: &str, role: &str) -> Side {
    Side { id: id.into(), role: role.into(), prefixes: vec!["10.0.0.0/16".into()], environment: None, weight: 1.5 }
}

pub(super) fn peering() -> Peering {
    Peering {
        established: true,
        state: "Connected".into(),
        near: side("/a", "spoke"),
        far: Some(side("/b", "spoke")),
        tags: BTreeMap::from([("env".into(), "prod".into())]),
        hops: vec![Hop { name: "one".into(), open: true, ports: vec![22, 443] }, Hop::default()],
        count: 3,
    }
}

/// A policy of `policies/peering/<name>/` with `select` lines of its own and a body.
pub(super) fn policy(name: &str, custom: &str, body: &str) -> PolicySource {
    let custom = custom.lines().fold(String::new(), |text, line| text + "#   " + line + "\n");
    let text = format!(
        "# METADATA\n# title: {name}\n# description: d\n# custom:\n#   id: peering-{id}\n#   severity: high\n\
         #   subject: peering\n#   controls: []\n#   remediation: r\n{custom}package policies.peering.{name}\n\n{body}\n",
        id = name.replace('_', "-"),
    );
    PolicySource::new("policies", &format!("peering/{name}/{name}.rego"), &text)
}

/// A helper `policies/lib/<name>.rego`.
pub(super) fn lib(name: &str, body: &str) -> PolicySource {
    PolicySource::new("policies", &format!("lib/{name}.rego"), &format!("package policies.lib.{name}\n\n{body}\n"))
}
