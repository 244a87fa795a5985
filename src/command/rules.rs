//! `vnetlint rules`.

use std::io::Write as _;

use anyhow::bail;

use super::{Status, load};
use crate::cli::{Rules, RulesFormat};
use crate::rule::{Rule, RuleSet};

const BOLD: anstyle::Style = anstyle::Style::new().bold();

/// Lists the rules, or explains one.
pub(super) fn run(arguments: &Rules) -> anyhow::Result<Status> {
    let rules = load::rules(&arguments.policies)?;
    let mut out = anstream::stdout().lock();
    match &arguments.rule {
        Some(id) => out.write_all(explain(&rules, id)?.as_bytes())?,
        None => out.write_all(list(&rules, arguments.format)?.as_bytes())?,
    }
    out.flush()?;
    Ok(Status::Done)
}

fn list(rules: &RuleSet, format: RulesFormat) -> anyhow::Result<String> {
    Ok(match format {
        RulesFormat::Text => text(rules),
        RulesFormat::Md => markdown(rules),
        RulesFormat::Json => {
            let all = rules.rules().iter().map(|rule| {
                serde_json::json!({
                    "id": rule.metadata.id,
                    "severity": rule.metadata.severity,
                    "subject": rules.vocabulary().name(rule.metadata.subject),
                    "title": rule.metadata.title,
                    "description": rule.metadata.description,
                    "remediation": rule.metadata.remediation,
                    "controls": rule.metadata.controls,
                    "parameters": rule.metadata.parameters,
                    "file": rule.path,
                })
            });
            let mut text = serde_json::to_string_pretty(&all.collect::<Vec<_>>())?;
            text.push('\n');
            text
        }
    })
}

fn text(rules: &RuleSet) -> String {
    let width = rules.rules().iter().map(|rule| rule.metadata.id.as_str().len()).max().unwrap_or(0);
    let line = |rule: &Rule| {
        let metadata = &rule.metadata;
        let id = metadata.id.as_str();
        format!("{BOLD}{id:width$}{BOLD:#}  {:8}  {}\n", metadata.severity.as_str(), metadata.title)
    };
    rules.rules().iter().map(line).collect()
}

/// The table of `policies/README.md`.
fn markdown(rules: &RuleSet) -> String {
    let mut text = String::from("| rule | severity | subject | reports |\n|---|---|---|---|\n");
    for rule in rules.rules() {
        let metadata = &rule.metadata;
        let folder =
            rule.path.strip_prefix("policies/").and_then(|path| path.rsplit_once('/')).map_or("", |(dir, _)| dir);
        let subject = rules.vocabulary().name(metadata.subject);
        let row = format!(
            "| [`{id}`]({folder}/README.md) | {} | `{subject}` | {} |\n",
            metadata.severity,
            metadata.title,
            id = metadata.id
        );
        text.push_str(&row);
    }
    text
}

fn explain(rules: &RuleSet, id: &str) -> anyhow::Result<String> {
    let named = |rule: &&Rule| {
        rule.metadata.id.as_str() == id || rule.metadata.aliases.iter().any(|alias| alias.as_str() == id)
    };
    let Some(rule) = rules.rules().iter().find(named) else {
        bail!("no rule has the id `{id}`; `vnetlint rules` lists them");
    };
    let metadata = &rule.metadata;
    let text = match &rule.page {
        Some(page) => page.trim_end().to_owned(),
        None => format!("# {}\n\n{}\n\n{}", metadata.id, metadata.title, metadata.description),
    };
    let subject = rules.vocabulary().name(metadata.subject);
    Ok(format!("{text}\n\nSeverity: {}. Subject: {subject}. Policy: {}\n", metadata.severity, rule.path))
}
