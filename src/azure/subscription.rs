//! Subscriptions: which tenant owns them, what they are called, where they stand in the management groups.
//!
//! Read from `az account list`, ARM's `GET /subscriptions`, Resource Graph's `resourcecontainers`, and a
//! snapshot's own `subscription.json`.

use compact_str::CompactString;

use super::reader::Reader;
use super::resource::RawResource;
use super::shape::{Text, shape};
use super::{Place, ResourceId};

/// A subscription.
#[derive(Debug, Clone, PartialEq)]
pub struct Subscription {
    /// Its GUID, lower case.
    pub id: CompactString,
    /// Where it stands.
    pub place: Place,
    /// Display name.
    pub name: Option<CompactString>,
    /// Tenant id, lower case.
    pub tenant: Option<CompactString>,
    /// `state`: `Enabled`, `Warned`, `PastDue`, `Disabled`, `Deleted`, as written.
    pub state: Option<CompactString>,
    /// Tags.
    pub tags: Box<[(CompactString, CompactString)]>,
    /// Management groups from the root to the parent: names and display names.
    pub management_groups: Box<[CompactString]>,
}

shape! {
    RawManagementGroup<'a> {
        name: Text<'a> = "name";
        display_name: Text<'a> = "displayName";
    }
}

impl Subscription {
    pub(super) fn read(id: &str, place: Place, raw: RawResource<'_>, reader: &mut Reader) -> Self {
        let tenant = reader.text("tenantId", raw.tenant).map(|t| t.to_ascii_lowercase());
        let name = reader.text("displayName", raw.display_name).or_else(|| reader.text("name", raw.name));
        let state = reader.text("state", raw.state);
        let tags = super::vnet::tags(reader, raw.tags);
        // Resource Graph lists the nearest group first; a path reads from the root.
        let chain = reader.list("managementGroupAncestorsChain", "a management group", raw.management_chain);
        let mut groups: Vec<CompactString> = Vec::new();
        for (_, group) in chain.unwrap_or_default().into_iter().rev() {
            for text in [group.name.into_value(), group.display_name.into_value()].into_iter().flatten() {
                if !groups.iter().any(|g| g.eq_ignore_ascii_case(&text)) {
                    groups.push(text.into());
                }
            }
        }
        groups.extend(reader.texts("managementGroups", raw.management_groups));
        Self { id: id.to_ascii_lowercase().into(), place, name, tenant, state, tags, management_groups: groups.into() }
    }

    /// Its GUID out of `/subscriptions/<guid>` or as it stands.
    pub(super) fn guid(id: &ResourceId) -> &str {
        id.subscription().unwrap_or_else(|| id.name())
    }
}
