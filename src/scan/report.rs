//! Puts everything that a report may print together.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;

use super::Verdict;
use crate::config::Config;
use crate::estate::Estate;
use crate::report::{ControlReport, Notice, NoticeKind, Report, RuleReport, TenantReport};
use crate::rule::{Relation, Rule, RuleSet};

/// The report of a scan. `enabled` tells which rules ran; the others are left out.
pub fn report(
    estate: &Estate,
    config: &Config,
    rules: &RuleSet,
    enabled: &[bool],
    as_of: Option<Date>,
    verdict: Verdict,
    notices: Vec<Notice>,
) -> Report {
    let inventory = &estate.inventory;
    let ran = rules.rules().iter().zip(enabled).zip(&verdict.counts).filter(|((_, on), _)| **on);
    let rules = ran.map(|((rule, _), counts)| RuleReport {
        severity: config.rules.get(&rule.metadata.id).and_then(|own| own.severity).unwrap_or(rule.metadata.severity),
        counts: *counts,
        ..described(rule)
    });
    Report {
        version: env!("CARGO_PKG_VERSION"),
        as_of: as_of.map(|day| day.to_string()),
        collected_at: inventory.collected_at.clone(),
        rules: rules.collect(),
        findings: verdict.findings,
        inputs: inventory.files.clone(),
        resources: inventory.counts.clone(),
        skipped: inventory.skipped.clone(),
        tenants: tenants(estate, &notices),
        notices,
    }
}

fn described(rule: &Rule) -> RuleReport {
    let metadata = &rule.metadata;
    let relation = |relation| match relation {
        Relation::Tests => "tests",
        Relation::Supports => "supports",
    };
    RuleReport {
        id: metadata.id.clone(),
        severity: metadata.severity,
        title: metadata.title.clone(),
        description: metadata.description.clone(),
        remediation: metadata.remediation.clone(),
        page: rule.page.clone().unwrap_or_default(),
        related_resources: metadata.related_resources.iter().map(|resource| resource.url.clone()).collect(),
        controls: metadata
            .controls
            .iter()
            .map(|control| ControlReport {
                framework: control.framework.clone(),
                control: control.control.clone(),
                relation: relation(control.relation).to_owned(),
            })
            .collect(),
        counts: crate::report::Counts::default(),
    }
}

/// Tenants of everything that was read. A gap without a tenant concerns them all.
fn tenants(estate: &Estate, notices: &[Notice]) -> BTreeMap<Arc<str>, TenantReport> {
    let inventory = &estate.inventory;
    let mut tenants: BTreeMap<Arc<str>, TenantReport> = BTreeMap::new();
    for tenant in inventory.tenants.values().map(compact_str::CompactString::as_str) {
        if !tenants.contains_key(tenant) {
            let name = inventory.tenant_names.get(tenant).cloned();
            tenants.insert(Arc::from(tenant), TenantReport { name, incomplete: false });
        }
    }
    for gap in notices.iter().filter(|notice| notice.kind == NoticeKind::Gap) {
        match &gap.tenant {
            Some(tenant) => {
                let name = inventory.tenant_names.get(&**tenant).cloned();
                tenants.entry(Arc::clone(tenant)).or_insert(TenantReport { name, incomplete: true }).incomplete = true;
            }
            None => tenants.values_mut().for_each(|tenant| tenant.incomplete = true),
        }
    }
    tenants
}
