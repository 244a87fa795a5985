//! Scans a text with the library, in the order in which `vnetlint scan` does: inventory, estate, rules, verdict, report.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::OnceLock;

use jiff::civil::Date;
use serde_json::{Value, json};
use vnetlint::config::{Config, KnownRule};
use vnetlint::estate::Estate;
use vnetlint::finding::Finding;
use vnetlint::input::{self, Completeness, InputErrors, Inventory, Sources};
use vnetlint::locate;
use vnetlint::report::{InputFile, Report};
use vnetlint::rule::{EngineMode, RuleSet, embedded};
use vnetlint::scan;

/// What a test scans, and how.
#[derive(Clone)]
pub(crate) struct Scan {
    pub(crate) inputs: Vec<PathBuf>,
    /// What `-` among the inputs holds.
    pub(crate) text: Vec<u8>,
    pub(crate) config: Config,
    pub(crate) completeness: Completeness,
    pub(crate) as_of: Option<Date>,
    pub(crate) engine: EngineMode,
}

/// The day that examples are judged by.
pub(crate) const AS_OF: Date = jiff::civil::date(2026, 6, 30);

impl Scan {
    /// A whole export on standard input, judged as of [`AS_OF`].
    pub(crate) fn text(text: impl Into<Vec<u8>>) -> Self {
        Self { text: text.into(), ..Self::paths([PathBuf::from("-")]) }
    }

    /// Whole exports in files.
    pub(crate) fn paths(inputs: impl IntoIterator<Item = PathBuf>) -> Self {
        Self {
            inputs: inputs.into_iter().collect(),
            text: Vec::new(),
            config: Config::default(),
            completeness: Completeness::Whole,
            as_of: Some(AS_OF),
            engine: EngineMode::Rvm,
        }
    }

    pub(crate) fn with_config(self, text: &str) -> Self {
        Self { config: Config::parse("vnetlint.toml", text).unwrap(), ..self }
    }

    pub(crate) fn load(&self) -> Result<(Inventory, Sources), InputErrors> {
        input::load(&self.inputs, &mut self.text.as_slice(), self.completeness, &|_| {})
    }

    pub(crate) fn estate(&self) -> Estate {
        Estate::build(self.load().unwrap().0, &self.config)
    }

    pub(crate) fn report(&self) -> Result<Report, InputErrors> {
        let (mut inventory, mut sources) = self.load()?;
        let config_file = self.config.source.as_ref().map(|source| {
            inventory.files.push(InputFile { path: source.path().to_owned(), sha256: None, resources: 0 });
            sources.add_text(source.path(), source.text())
        });
        let estate = Estate::build(inventory, &self.config);
        let rules = self.rules(&estate);
        let enabled = rules.rules().iter().map(|rule| !scan::unjudged(&estate, rule)).collect::<Vec<_>>();
        let mut running = rules;
        let on = running.rules().iter().zip(&enabled).map(|(rule, on)| (rule.metadata.id.clone(), *on));
        let on = on.collect::<BTreeMap<_, _>>();
        running.enable(|rule| on[&rule.metadata.id]);
        let settings = scan::Settings {
            config: &self.config,
            config_file,
            as_of: self.as_of,
            engine: self.engine,
            enabled: &enabled,
        };
        let verdict = scan::scan(&estate, &running, settings, &|_, _| {});
        let notices = scan::notices(&estate, &self.config, &verdict, &sources);
        let mut report = scan::report(&estate, &self.config, &running, &enabled, self.as_of, verdict, notices);
        let located = locate::locate(&sources, &scan::anchors(&report.findings));
        scan::fill_places(&mut report.findings, &located);
        Ok(report)
    }

    /// The shipped rules with the configuration's parameters.
    fn rules(&self, estate: &Estate) -> RuleSet {
        let rules = shipped().clone();
        let defaults = rules.rules().iter().map(|rule| {
            let parameters = rule.metadata.parameters.iter();
            parameters.map(|(name, parameter)| (name.clone(), parameter.default.clone())).collect()
        });
        let defaults = defaults.collect::<Vec<BTreeMap<_, _>>>();
        let known = rules.rules().iter().zip(&defaults);
        let known = known.map(|(rule, parameters)| KnownRule { id: &rule.metadata.id, parameters });
        self.config.check_rules(&known.collect::<Vec<_>>()).unwrap();
        let parameters = rules.rules().iter().map(|rule| {
            let set = self.config.parameters(&rule.metadata.id).into_iter().collect();
            (rule.metadata.id.to_string(), Value::Object(set))
        });
        let parameters = parameters.collect::<serde_json::Map<_, _>>();
        let data = scan::estate_data(estate, &self.config, self.as_of);
        rules.with_data(json!({"config": {"rules": parameters}, "estate": data})).unwrap()
    }

    /// The facts of every subject of a kind, as `vnetlint facts` prints them.
    pub(crate) fn facts(&self, kind: scan::Kind) -> Vec<Value> {
        let estate = self.estate();
        let mut text = Vec::new();
        scan::write_facts(&estate, &self.config, shipped(), self.as_of, Some(kind), None, &mut text).unwrap();
        let facts: Value = serde_json::from_slice(&text).unwrap();
        let subjects = facts["subjects"].as_array().unwrap().iter();
        subjects.map(|subject| subject["facts"].clone()).collect()
    }
}

/// The rules that the program carries; loading them takes longer than scanning a small estate.
pub(crate) fn shipped() -> &'static RuleSet {
    static RULES: OnceLock<RuleSet> = OnceLock::new();
    RULES.get_or_init(|| RuleSet::load(&embedded(), &scan::vocabulary()).unwrap())
}

/// What a finding says, without where it stands.
pub(crate) fn said(finding: &Finding) -> (String, String, String, String, String) {
    let Finding { rule, outcome, message, subject, fingerprint, .. } = finding;
    (rule.to_string(), outcome.as_str().to_owned(), subject.resource.key(), message.clone(), fingerprint.0.clone())
}
