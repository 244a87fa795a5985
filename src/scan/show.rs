//! Facts as JSON, for policy authors and other Rego engines.

use std::io::{self, Write};

use jiff::civil::Date;
use serde_json::{Value, json};

use super::findings::subject_id;
use super::subjects::{Kind, Subject, Subjects};
use crate::azure::ResourceId;
use crate::config::Config;
use crate::estate::Estate;
use crate::facts::Context;
use crate::rule::RuleSet;

/// The JSON Schema of every kind's facts, by the name that policies use.
pub fn facts_schema() -> Value {
    let kinds = Kind::ALL.into_iter().map(|kind| (kind.name().to_owned(), kind.schema()));
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "vnetlint facts",
        "description": "What policies see as `input`, by the kind of subject.",
        "subjects": Value::Object(kinds.collect()),
        "data": super::subjects::data_schema(),
    })
}

/// Writes `{"format", "data", "subjects": [{"kind", "id", "facts"}]}`; how many subjects were written.
///
/// `about` narrows to subjects with that ARM id, and to those of the virtual network or NSG with that id.
pub fn write_facts(
    estate: &Estate,
    config: &Config,
    rules: &RuleSet,
    as_of: Option<Date>,
    only: Option<Kind>,
    about: Option<&str>,
    out: &mut dyn Write,
) -> io::Result<u64> {
    let ids = rules.rules().iter().map(|rule| rule.metadata.id.clone()).collect::<Vec<_>>();
    let context = Context { estate, config, rules: &ids, as_of };
    let about = about.map(ResourceId::new);
    let data =
        json!({"config": {"rules": parameters(config, rules)}, "estate": super::estate_data(estate, config, as_of)});
    write!(out, "{{\n\"format\": \"vnetlint.facts/1\",\n\"data\": {data},\n\"subjects\": [")?;
    let mut written = 0;
    for kind in Kind::ALL.into_iter().filter(|kind| only.is_none_or(|only| only == *kind)) {
        let subjects = Subjects::of(estate, kind);
        for chunk in subjects.chunks() {
            let mut lines = Vec::new();
            subjects.visit(&context, chunk, &mut |_, subject, facts| {
                let id = subject_id(&context, subject);
                if about.as_ref().is_none_or(|about| concerns(estate, subject, &id, about)) {
                    lines.push(json!({"kind": kind.name(), "id": id, "facts": facts.to_json()}));
                }
            });
            for line in lines {
                let comma = if written > 0 { "," } else { "" };
                write!(out, "{comma}\n{line}")?;
                written += 1;
            }
        }
    }
    out.write_all(b"\n]\n}\n")?;
    Ok(written)
}

fn parameters(config: &Config, rules: &RuleSet) -> Value {
    let of_rule = |rule: &crate::rule::Rule| {
        let defaults =
            rule.metadata.parameters.iter().map(|(name, parameter)| (name.clone(), parameter.default.clone()));
        let set = config.parameters(&rule.metadata.id);
        Value::Object(defaults.chain(set).collect())
    };
    let with = rules.rules().iter().filter(|rule| !rule.metadata.parameters.is_empty());
    Value::Object(with.map(|rule| (rule.metadata.id.to_string(), of_rule(rule))).collect())
}

fn concerns(estate: &Estate, subject: Subject, id: &ResourceId, about: &ResourceId) -> bool {
    let vnet = |index| estate.node(index).id == *about;
    *id == *about
        || match subject {
            Subject::Peering(index) | Subject::PeeringSide(index, _) => {
                let link = estate.link(index);
                let far = link.remote.end().map(|end| estate.peering(end));
                vnet(link.local.vnet)
                    || vnet(link.remote.vnet())
                    || far.is_some_and(|(vnet, peering)| vnet.peering_id(peering) == *about)
            }
            Subject::Subnet(subnet) => vnet(subnet.vnet),
            Subject::NsgRule { nsg, .. } => estate.inventory.nsgs[nsg as usize].id == *about,
            Subject::Vnet(_) | Subject::Approval(_) => false,
        }
}
