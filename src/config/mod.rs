//! The configuration file, `vnetlint.toml`: from TOML as written to settings that are known to be good.
//!
//! Every complaint points into the file, and all of them come at once. Knows rule ids as words; which
//! rules exist is checked later ([`Config::check_rules`]). Opens no file and judges no network.
//!
//! The smallest useful file says which VNets are hubs, and what was approved until when:
//!
//! ```
//! let text = r#"
//! [classify.role]
//! hub = [{ name = "vnet-hub-*" }]
//!
//! [[approval]]
//! id = "NET-1423"
//! rule = "peering-unapproved-forwarded-traffic"
//! local = "*"                 # every spoke may take traffic
//! remote = "vnet-hub-weu"     # that this hub forwards
//! reason = "Egress through the hub firewall"
//! expires = 2026-12-31
//! "#;
//! let config = vnetlint::config::Config::parse("vnetlint.toml", text)?;
//! assert_eq!(config.approvals.len(), 1);
//! # Ok::<(), vnetlint::config::ConfigErrors>(())
//! ```

mod approval;
mod classify;
mod cloud;
mod pattern;
mod problem;
mod raw;
mod rules;
mod source;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::str::FromStr as _;

use ipnet::IpNet;
use serde_json::Value as Json;
use toml::de::DeTable;

pub use approval::{Approval, Orientation, Party, Standing};
pub use classify::{Classify, ClassifySubject, Match, Matcher};
pub use cloud::{Cloud, Credential, Endpoint, InvalidEndpoint, Tenant};
pub use pattern::{InvalidPattern, Pattern};
pub use problem::ConfigErrors;
pub use rules::{KnownRule, Parameter, RuleSettings};
pub use source::{Position, Source};

use crate::finding::RuleId;
use problem::{Problem, Problems};
use raw::{Table, Value};

/// The settings of a run. The default is what holds without a file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Config {
    /// The cloud to collect from.
    pub cloud: Cloud,
    /// The tenants to collect from, in the file's order.
    pub tenants: Vec<Tenant>,
    /// Declared roles and environments.
    pub classify: Classify,
    /// What was approved, in the file's order.
    pub approvals: Vec<Approval>,
    /// What is said about rules.
    pub rules: BTreeMap<RuleId, RuleSettings>,
    /// What no export of Azure can show.
    pub estate: EstateSettings,
    /// The file; `None` without one. Spans are offsets into its text.
    pub source: Option<Source>,
}

/// `[estate]`: what no export of Azure can show.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EstateSettings {
    /// Prefixes on premises, which BGP brings.
    pub on_premises: Vec<IpNet>,
    /// Addresses of forwarders that count as a firewall, beside Azure Firewalls.
    pub inspection_points: Vec<IpAddr>,
}

impl Config {
    /// Reads a configuration file's text; `path` is how messages name it.
    pub fn parse(path: &str, text: &str) -> Result<Self, ConfigErrors> {
        let source = Source::new(path, text);
        let mut problems = Problems::default();
        let (document, syntax_errors) = DeTable::parse_recoverable(text);
        let mut top = Table::new("the file", document.span(), document.get_ref());
        top.mask_secrets(&mut problems);
        if !syntax_errors.is_empty() {
            // What the parser guessed around its errors is worth no complaint of ours.
            problems.mask_lines(text);
            for error in syntax_errors {
                let span = error.span().unwrap_or_default();
                problems.push(Problem::new(&span, format!("this is no TOML: {}", error.message())).label("here"));
            }
            problems.into_result(&source)?;
            return Ok(Self::default());
        }
        let cloud = cloud::read_cloud(top.take("cloud"), &mut problems).unwrap_or_default();
        let tenants = cloud::read_tenants(top.take("tenant"), &mut problems);
        let classify = classify::read(top.take("classify"), &source, &mut problems);
        let approvals = approval::read(top.take("approval"), &mut problems);
        let rules = rules::read(top.take("rules"), &mut problems);
        let estate = read_estate(top.take("estate"), &mut problems);
        top.finish(&mut problems);
        problems.into_result(&source)?;
        Ok(Self { cloud, tenants, classify, approvals, rules, estate, source: Some(source) })
    }

    /// Reads a configuration file's bytes, which have to be UTF-8.
    pub fn from_bytes(path: &str, bytes: &[u8]) -> Result<Self, ConfigErrors> {
        let why = match std::str::from_utf8(bytes) {
            Ok(text) => return Self::parse(path, text),
            Err(why) => why,
        };
        let text = String::from_utf8_lossy(bytes);
        let mut problems = Problems::default();
        problems.mask_lines(&text);
        let at = why.valid_up_to();
        let problem = Problem::new(&(at..at + char::REPLACEMENT_CHARACTER.len_utf8()), "the file is not UTF-8");
        problems.push(problem.label("no character").help("save the file with the encoding UTF-8"));
        problems.into_result(&Source::new(path, &text))?;
        Ok(Self::default())
    }

    /// Checks what the file says about rules against the rules that exist: those of `[rules.*]`, their
    /// parameters, and the plain rule ids of approvals.
    pub fn check_rules(&self, known: &[KnownRule<'_>]) -> Result<(), ConfigErrors> {
        let Some(source) = &self.source else { return Ok(()) };
        let mut problems = Problems::default();
        rules::check(&self.rules, known, &mut problems);
        rules::check_approvals(&self.approvals, known, &mut problems);
        problems.into_result(source)
    }

    /// The parameters that the file sets for a rule; the others keep the rule's defaults.
    pub fn parameters(&self, rule: &RuleId) -> BTreeMap<String, Json> {
        let set = self.rules.get(rule).into_iter().flat_map(|settings| &settings.parameters);
        set.map(|(name, parameter)| (name.clone(), parameter.value.clone())).collect()
    }
}

fn read_estate(written: Option<Value<'_>>, problems: &mut Problems) -> EstateSettings {
    let table = written.and_then(|written| written.table("`[estate]`", problems));
    let Some(mut table) = table else { return EstateSettings::default() };
    let prefixes = table.array("on_premises", "an array of prefixes, such as [\"192.168.0.0/16\"]", problems);
    let addresses = table.array("inspection_points", "an array of addresses, such as [\"10.0.1.4\"]", problems);
    table.finish(problems);
    EstateSettings {
        on_premises: prefixes.iter().filter_map(|element| prefix(element, problems)).collect(),
        inspection_points: addresses.iter().filter_map(|element| address(element, problems)).collect(),
    }
}

fn prefix(written: &Value<'_>, problems: &mut Problems) -> Option<IpNet> {
    let text = written.text(problems)?.text;
    let why = match (IpNet::from_str(text), IpAddr::from_str(text)) {
        (Ok(prefix), _) if prefix == prefix.trunc() => return Some(prefix),
        (Ok(prefix), _) => written.unfit("has bits beyond its prefix").label(format!("expected `{}`", prefix.trunc())),
        (_, Ok(address)) => {
            written.unfit("holds an address, expected a prefix").label(format!("expected `{}`", IpNet::from(address)))
        }
        _ => written.unfit("holds no address prefix").label("expected CIDR notation, such as `192.168.0.0/16`"),
    };
    problems.push(why);
    None
}

fn address(written: &Value<'_>, problems: &mut Problems) -> Option<IpAddr> {
    let text = written.text(problems)?.text;
    let address = IpAddr::from_str(text).ok();
    if address.is_none() {
        problems.push(written.unfit("holds no IP address").label("expected an address, such as `10.0.1.4`"));
    }
    address
}
