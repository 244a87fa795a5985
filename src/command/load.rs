//! What several commands read: inputs, configuration, policies.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use indicatif::{ProgressBar, ProgressStyle};
use jiff::civil::Date;

use crate::cli::Policies;
use crate::config::{Config, KnownRule};
use crate::input::{self, Completeness, Inventory, Sources};
use crate::report::InputFile;
use crate::rule::{PolicySource, RuleSet, embedded};
use crate::scan::vocabulary;

/// A spinner on a terminal, silence elsewhere.
pub(super) struct Progress(ProgressBar);

impl Progress {
    pub(super) fn new(quiet: bool) -> Self {
        if quiet || !io::stderr().is_terminal() {
            return Self(ProgressBar::hidden());
        }
        let style =
            ProgressStyle::with_template("{spinner} {msg}").unwrap_or_else(|_| ProgressStyle::default_spinner());
        let bar = ProgressBar::new_spinner().with_style(style);
        bar.enable_steady_tick(Duration::from_millis(120));
        Self(bar)
    }

    pub(super) fn say(&self, text: String) {
        tracing::info!("{text}");
        self.0.set_message(text);
    }

    pub(super) fn finish(&self) {
        self.0.finish_and_clear();
    }
}

/// Reads the inputs.
pub(super) fn inputs(inputs: &[PathBuf], complete: bool, progress: &Progress) -> anyhow::Result<(Inventory, Sources)> {
    let completeness = if complete { Completeness::Whole } else { Completeness::AsStated };
    let say = |path: &str| progress.say(format!("reading {path}"));
    Ok(input::load(inputs, &mut io::stdin().lock(), completeness, &say)?)
}

/// The configuration that was named, or the one beside the inputs or in the working folder, or none.
pub(super) fn config(named: Option<&Path>, inputs: &[PathBuf]) -> anyhow::Result<Config> {
    let Some(path) = named.map(Path::to_owned).map_or_else(|| find_config(inputs), |path| Ok(Some(path)))? else {
        return Ok(Config::default());
    };
    let shown = path.display().to_string();
    let bytes = fs::read(&path).with_context(|| format!("cannot read the configuration {shown}"))?;
    Ok(Config::from_bytes(&shown, &bytes)?)
}

const CONFIG: &str = "vnetlint.toml";

fn find_config(inputs: &[PathBuf]) -> anyhow::Result<Option<PathBuf>> {
    let mut found: BTreeMap<PathBuf, PathBuf> = BTreeMap::new();
    for input in inputs.iter().filter(|input| input.as_os_str() != "-") {
        let inside = input.is_dir().then(|| input.join(CONFIG));
        let beside = input.parent().map(|parent| parent.join(CONFIG));
        if let Some(path) = inside.into_iter().chain(beside).find(|path| path.is_file()) {
            found.insert(path.canonicalize().unwrap_or_else(|_| path.clone()), path);
        }
    }
    let mut found = found.into_values();
    match (found.next(), found.next()) {
        (None, _) => Ok(Some(PathBuf::from(CONFIG)).filter(|path| path.is_file())),
        (Some(only), None) => Ok(Some(only)),
        (Some(one), Some(other)) => {
            bail!(
                "two configurations stand beside the inputs, {} and {}; name one with --config",
                one.display(),
                other.display()
            )
        }
    }
}

/// Makes the configuration a file that findings can point into.
pub(super) fn add_config(
    config: &Config,
    inventory: &mut Inventory,
    sources: &mut Sources,
) -> Option<crate::finding::FileId> {
    use sha2::Digest as _;
    let source = config.source.as_ref()?;
    let sha256 = format!("{:x}", sha2::Sha256::digest(source.text().as_bytes()));
    inventory.files.push(InputFile { path: source.path().to_owned(), sha256: Some(sha256), resources: 0 });
    Some(sources.add_text(source.path(), source.text()))
}

/// The day that approvals are judged by: as asked for, else when the snapshot was collected, else today.
pub(super) fn as_of(asked: Option<Date>, inventory: &Inventory, config: &Config) -> anyhow::Result<Option<Date>> {
    if let Some(day) = asked {
        return Ok(Some(day));
    }
    if let Some(time) = &inventory.collected_at {
        let time: jiff::Timestamp =
            time.parse().with_context(|| format!("the manifest's collected_at `{time}` is no RFC 3339 time"))?;
        return Ok(Some(time.to_zoned(jiff::tz::TimeZone::UTC).date()));
    }
    if config.approvals.is_empty() {
        return Ok(None);
    }
    let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    super::note(&format!(
        "the inputs do not say when they were exported: approvals are judged as of today, {today}; --as-of sets the day"
    ));
    Ok(Some(today))
}

/// Loads and checks policies.
pub(super) fn rules(asked: &Policies) -> anyhow::Result<RuleSet> {
    let mut sources = if asked.no_builtin { Vec::new() } else { embedded() };
    for dir in &asked.policies {
        sources.extend(folder(dir)?);
    }
    if sources.is_empty() {
        bail!("no policies: --no-builtin leaves the shipped ones out, and no --policies DIR adds any");
    }
    Ok(RuleSet::load(&sources, &vocabulary())?)
}

/// Every policy, test and page below a folder.
pub(super) fn folder(dir: &Path) -> anyhow::Result<Vec<PolicySource>> {
    let mut files = Vec::new();
    walk(dir, &mut files).with_context(|| format!("cannot read the policies in {}", dir.display()))?;
    files.sort();
    let root = dir.to_string_lossy().replace('\\', "/");
    let mut sources = Vec::new();
    for path in files {
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let inside = path.strip_prefix(dir).unwrap_or(&path).to_string_lossy().replace('\\', "/");
        sources.push(PolicySource::new(&root, &inside, &text));
    }
    if !sources.iter().any(PolicySource::is_rego) {
        bail!("no .rego file was found in {}", dir.display());
    }
    Ok(sources)
}

fn walk(dir: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let path = entry.path();
        let kind = entry.file_type()?;
        let name = entry.file_name();
        if kind.is_dir() {
            if !name.to_string_lossy().starts_with('.') {
                walk(&path, files)?;
            }
        } else if name == "README.md" || path.extension().is_some_and(|ending| ending == "rego") {
            files.push(path);
        }
    }
    Ok(())
}

/// Checks the configuration against the rules that loaded, and hands them their parameters.
pub(super) fn configure(rules: RuleSet, config: &Config, estate: &serde_json::Value) -> anyhow::Result<RuleSet> {
    let defaults = rules.rules().iter().map(|rule| {
        let parameters = rule.metadata.parameters.iter();
        parameters.map(|(name, parameter)| (name.clone(), parameter.default.clone())).collect::<BTreeMap<_, _>>()
    });
    let defaults = defaults.collect::<Vec<_>>();
    let known = rules.rules().iter().zip(&defaults);
    let known = known.map(|(rule, parameters)| KnownRule { id: &rule.metadata.id, parameters }).collect::<Vec<_>>();
    config.check_rules(&known)?;
    let parameters = rules.rules().iter().map(|rule| {
        let set = config.parameters(&rule.metadata.id).into_iter().collect::<serde_json::Map<_, _>>();
        (rule.metadata.id.to_string(), serde_json::Value::Object(set))
    });
    let parameters = parameters.collect::<serde_json::Map<_, _>>();
    Ok(rules.with_data(serde_json::json!({"config": {"rules": parameters}, "estate": estate}))?)
}
