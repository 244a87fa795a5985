//! What the inputs promise to show: the difference between "gone" and "not seen".

use std::collections::{BTreeMap, BTreeSet};

use crate::snapshot::Gap;

/// Which lists were read whole, which in part, and which not at all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scope {
    /// Types that were read whole, by subscription (lower case).
    complete: BTreeMap<String, BTreeSet<String>>,
    /// Subscriptions (lower case) of which everything is in the inputs, because the user says so.
    whole: BTreeSet<String>,
    /// Types of which any input holds a list or a resource.
    read: BTreeSet<String>,
    /// What was in scope and could not be read.
    gaps: Vec<Gap>,
    /// Types of which some list goes on in a page that is not among the inputs.
    cut: BTreeSet<String>,
}

impl Scope {
    pub(super) fn read(&mut self, kind: &str) {
        if !self.read.contains(kind) {
            self.read.insert(kind.to_owned());
        }
    }

    pub(super) fn complete(&mut self, subscription: &str, kinds: impl IntoIterator<Item = String>) {
        let kinds = kinds.into_iter().collect::<Vec<_>>();
        self.read.extend(kinds.iter().cloned());
        self.complete.entry(subscription.to_ascii_lowercase()).or_default().extend(kinds);
    }

    pub(super) fn whole(&mut self, subscriptions: impl IntoIterator<Item = String>) {
        self.whole.extend(subscriptions);
    }

    pub(super) fn cut(&mut self, kinds: &[String]) {
        self.cut.extend(kinds.iter().cloned());
    }

    pub(super) fn gap(&mut self, gap: Gap) {
        self.gaps.push(gap);
        self.gaps.sort_by(|a, b| {
            (&a.tenant, &a.subscription, &a.kind, &a.reason).cmp(&(&b.tenant, &b.subscription, &b.kind, &b.reason))
        });
        self.gaps.dedup();
    }

    /// Whether the inputs hold every resource of a type that the subscription holds.
    pub fn is_whole(&self, subscription: &str, kind: &str) -> bool {
        let subscription = subscription.to_ascii_lowercase();
        if self.cut.contains(kind) {
            return false;
        }
        if self.gaps.iter().any(|gap| covers(gap, &subscription, kind)) {
            return false;
        }
        self.whole.contains(&subscription) || self.complete.get(&subscription).is_some_and(|kinds| kinds.contains(kind))
    }

    /// Whether any input holds a resource or a list of this type.
    pub fn is_read(&self, kind: &str) -> bool {
        self.read.contains(kind) || !self.whole.is_empty()
    }

    /// Subscriptions (lower case) of which anything was read whole.
    pub fn subscriptions(&self) -> impl Iterator<Item = &str> {
        self.complete.keys().chain(&self.whole).map(String::as_str)
    }

    /// Types of a subscription that were read whole, as manifests and the user say, less those that a gap covers.
    pub fn complete_kinds(&self, subscription: &str) -> BTreeSet<String> {
        let mut kinds = self.complete.get(subscription).cloned().unwrap_or_default();
        if self.whole.contains(subscription) {
            kinds.extend(crate::azure::listed_kinds().map(str::to_owned));
        }
        kinds.retain(|kind| self.is_whole(subscription, kind));
        kinds
    }

    /// What was in scope and could not be read.
    pub fn gaps(&self) -> &[Gap] {
        &self.gaps
    }
}

fn covers(gap: &Gap, subscription: &str, kind: &str) -> bool {
    let same = |text: &Option<String>| text.as_ref().is_some_and(|s| s.eq_ignore_ascii_case(subscription));
    same(&gap.subscription) && (gap.kind == "*" || gap.kind == kind)
}
