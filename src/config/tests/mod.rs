//! The configuration as a whole: what a good file means, and what every kind of bad one says.

mod approvals;
mod classify;
mod cloud;
mod meaning;
mod rules;
mod written;

use std::collections::BTreeMap;

use serde_json::json;

use super::{Config, ConfigErrors, KnownRule};

/// What is said about a file that cannot be used.
fn complaints(text: &str) -> String {
    Config::parse("vnetlint.toml", text).unwrap_err().to_string()
}

/// What is said about a file that is good until the rules are known.
fn complaints_about_rules(text: &str) -> String {
    check(&Config::parse("vnetlint.toml", text).unwrap()).unwrap_err().to_string()
}

/// Checks against a few rules, one of which has parameters.
fn check(config: &Config) -> Result<(), ConfigErrors> {
    let ids = ["nsg-broad-virtual-network-tag", "peering-cross-tenant", "peering-spoke-to-spoke"];
    let ids = ids.map(|id| id.parse().unwrap());
    let none = BTreeMap::new();
    let defaults = [("wide_port_count", json!(100)), ("names", json!(["a"])), ("ratio", json!(0.8))];
    let defaults = defaults.map(|(name, default)| (name.to_owned(), default)).into();
    let parameters = [&defaults, &none, &none];
    config.check_rules(
        &ids.iter().zip(parameters).map(|(id, parameters)| KnownRule { id, parameters }).collect::<Vec<_>>(),
    )
}
