//! What a reader has to know beside the findings: what was not seen, what was odd, which policies failed.

use std::sync::Arc;

use super::{Failure, Verdict};
use crate::config::Config;
use crate::estate::Estate;
use crate::input::Sources;
use crate::report::{Notice, NoticeKind};

/// Types that rules depend on, with what is not decided without them.
const NEEDED: [(&str, &str); 6] = [
    ("virtualNetworks", "peerings, subnets and address spaces"),
    ("networkSecurityGroups", "security rules"),
    ("routeTables", "what a user-defined route makes of the tag VirtualNetwork"),
    ("virtualNetworkGateways", "gateway transit"),
    ("azureFirewalls", "which networks hold a forwarder"),
    ("networkInterfaces", "which networks hold a forwarder"),
];

/// Everything worth saying beside the findings, in order.
pub fn notices(estate: &Estate, config: &Config, verdict: &Verdict, sources: &Sources) -> Vec<Notice> {
    let inventory = &estate.inventory;
    let note = |kind, message: String| Notice { kind, message, tenant: None, place: None };
    let mut notices = Vec::new();
    for gap in inventory.scope.gaps() {
        let what = if gap.kind == "*" { "everything".to_owned() } else { gap.kind.clone() };
        let of = gap.subscription.as_ref().map(|s| format!(" of subscription {s}")).unwrap_or_default();
        let status = gap.status.map(|status| format!(" (HTTP {status})")).unwrap_or_default();
        let message = format!("{what}{of} could not be read: {}{status}", gap.reason);
        let tenant = gap.tenant.as_deref().map(|tenant| Arc::from(tenant.to_ascii_lowercase()));
        notices.push(Notice { kind: NoticeKind::Gap, message, tenant, place: None });
    }
    for kind in &inventory.cut_lists {
        let message = format!("a list of {kind} goes on in another page, which is not among the inputs");
        notices.push(note(NoticeKind::Gap, message));
    }
    notices.extend(verdict.failures.iter().map(failed));
    for (kind, what) in NEEDED {
        if !inventory.scope.is_read(kind) {
            let message = format!("no input holds {kind}: {what} cannot be decided where they matter");
            notices.push(note(NoticeKind::NotRead, message));
        }
    }
    notices.extend(odd(estate, sources));
    if inventory.tenants.is_empty() {
        let message = "no input tells which tenant owns a subscription: rules about tenants were not judged; add the \
                       output of `az account list`"
            .to_owned();
        notices.push(note(NoticeKind::Note, message));
    }
    for file in &inventory.foreign {
        notices.push(note(NoticeKind::Note, format!("{file} holds no Azure resources and was left out")));
    }
    notices.extend(unused_matchers(estate, config));
    notices.sort();
    notices
}

fn failed(failure: &Failure) -> Notice {
    let Failure { failure, subject, times } = failure;
    let more = if *times > 1 { format!(", and on {} more", times - 1) } else { String::new() };
    Notice {
        kind: NoticeKind::PolicyFailure,
        message: format!("{failure}; on {subject}{more}: its result is undetermined"),
        tenant: None,
        place: failure.place.as_ref().map(|(path, line, column)| (path.clone(), u64::from(*line), u64::from(*column))),
    }
}

/// Values that could not be understood, with their places; the first thousand, which nobody reads to the end.
fn odd(estate: &Estate, sources: &Sources) -> Vec<Notice> {
    const MOST: usize = 1000;
    let oddities = &estate.inventory.oddities;
    let anchors = oddities.iter().take(MOST).map(|(anchor, _)| anchor.clone()).collect::<Vec<_>>();
    let located = crate::locate::locate(sources, &anchors);
    let mut notices = Vec::with_capacity(anchors.len());
    for (anchor, message) in oddities.iter().take(MOST) {
        let place = located.get(anchor).map(|at| (sources.shown(at.file).to_owned(), at.start_line, at.start_column));
        notices.push(Notice { kind: NoticeKind::OddValue, message: message.clone(), tenant: None, place });
    }
    if oddities.len() > MOST {
        let message = format!("{} more values could not be understood", oddities.len() - MOST);
        notices.push(Notice { kind: NoticeKind::OddValue, message, tenant: None, place: None });
    }
    notices
}

/// Matchers of the configuration that decided nothing.
fn unused_matchers(estate: &Estate, config: &Config) -> Vec<Notice> {
    let Some(source) = &config.source else { return Vec::new() };
    let reasons = || estate.vnets.iter().flat_map(|node| [&node.role.reason, &node.environment.reason]);
    let unused = config.classify.matchers().filter(|matcher| {
        let place = format!("({}:{})", source.path(), matcher.line);
        !reasons().any(|reason| reason.ends_with(&place))
    });
    unused
        .map(|matcher| {
            let start = usize::try_from(matcher.span.0).unwrap_or(0);
            let position = source.position(start);
            Notice {
                kind: NoticeKind::Note,
                message: format!("a matcher of `{}` decides for no virtual network", matcher.value),
                tenant: None,
                place: Some((source.path().to_owned(), position.line as u64, position.column as u64)),
            }
        })
        .collect()
}
