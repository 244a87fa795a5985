//! The document that policies see as `data`: parameters, the rest of the configuration, the estate's summary.
//!
//! Parameters are held to what rules declare; what else is in the document is not looked at.

use std::collections::BTreeMap;

use super::error::did_you_mean;
use super::load::RuleSet;

/// A setting or a document that policies cannot be given.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DataError {
    /// The document is no object, or has other parts than the two that policies see.
    #[error("policies see `data.config` and `data.estate`, not `{0}`")]
    Shape(String),
    /// A rule that does not exist.
    #[error("cannot set parameters of `{id}`: there is no such rule{}", hint(.meant.as_deref()))]
    Rule {
        /// The id as it was given.
        id: String,
        /// The id that may have been meant.
        meant: Option<String>,
    },
    /// A parameter that the rule does not have.
    #[error("rule `{id}` has no parameter `{name}`{}", hint(.meant.as_deref()))]
    Parameter {
        /// The rule.
        id: String,
        /// The parameter as it was given.
        name: String,
        /// The parameter that may have been meant.
        meant: Option<String>,
    },
    /// A parameter of another type than its default.
    #[error("parameter `{name}` of rule `{id}` is {expected}, as its default is, not {found}")]
    Type {
        /// The rule.
        id: String,
        /// The parameter.
        name: String,
        /// The type of the default.
        expected: &'static str,
        /// The type of what was given.
        found: &'static str,
    },
}

fn hint(meant: Option<&str>) -> String {
    meant.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default()
}

impl RuleSet {
    /// Gives policies their `data`: `config`, where `config.rules["<id>"]` holds parameters, and `estate`.
    ///
    /// Parameters that are not given have their defaults.
    pub fn with_data(mut self, data: serde_json::Value) -> Result<Self, DataError> {
        let merged = self.merged(data)?;
        self.set_data(merged);
        Ok(self)
    }

    pub(super) fn merged(&self, data: serde_json::Value) -> Result<serde_json::Value, DataError> {
        use serde_json::Value as Json;
        let Json::Object(mut data) = data else { return Err(DataError::Shape(data.to_string())) };
        if let Some(other) = data.keys().find(|key| !matches!(key.as_str(), "config" | "estate")) {
            return Err(DataError::Shape(other.clone()));
        }
        let object = || Json::Object(serde_json::Map::new());
        let config = data.entry("config").or_insert_with(object);
        let Json::Object(config) = config else { return Err(DataError::Shape(format!("config = {config}"))) };
        let given = config.entry("rules").or_insert_with(object);
        let Json::Object(given) = given else { return Err(DataError::Shape(format!("config.rules = {given}"))) };

        let parameters: BTreeMap<&str, _> =
            self.rules.iter().map(|rule| (rule.metadata.id.as_str(), &rule.metadata.parameters)).collect();
        for (id, values) in &*given {
            let Some(known) = parameters.get(id.as_str()) else {
                let meant = did_you_mean(id, parameters.keys().copied()).map(str::to_owned);
                return Err(DataError::Rule { id: id.clone(), meant });
            };
            let Json::Object(values) = values else {
                return Err(DataError::Shape(format!("config.rules.{id} = {values}")));
            };
            for (name, value) in values {
                let Some(parameter) = known.get(name) else {
                    let meant = did_you_mean(name, known.keys().map(String::as_str)).map(str::to_owned);
                    return Err(DataError::Parameter { id: id.clone(), name: name.clone(), meant });
                };
                let (expected, found) = (type_of(&parameter.default), type_of(value));
                if expected != found {
                    return Err(DataError::Type { id: id.clone(), name: name.clone(), expected, found });
                }
            }
        }
        for (id, known) in parameters {
            if known.is_empty() {
                continue;
            }
            if let Json::Object(values) = given.entry(id).or_insert_with(object) {
                for (name, parameter) in known {
                    values.entry(name.clone()).or_insert_with(|| parameter.default.clone());
                }
            }
        }
        data.entry("estate").or_insert_with(object);
        Ok(Json::Object(data))
    }
}

fn type_of(value: &serde_json::Value) -> &'static str {
    match value {
        serde_json::Value::Null => "null",
        serde_json::Value::Bool(_) => "true or false",
        serde_json::Value::Number(_) => "a number",
        serde_json::Value::String(_) => "a text",
        serde_json::Value::Array(_) => "a list",
        serde_json::Value::Object(_) => "an object",
    }
}
