//! The name of an Azure resource.
//!
//! ARM ids compare without regard to letter case and print as Azure wrote them
//! (<https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules>).
//! Nothing here assumes that an id is well formed: what an id does not hold is `None`.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use serde::{Serialize, Serializer};

/// An ARM id, for example
/// `/subscriptions/0000/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/vnet-hub`.
///
/// Equality, order and hash ignore ASCII letter case; [`fmt::Display`] gives the text as it was written.
#[derive(Clone)]
pub struct ResourceId(Arc<str>);

impl ResourceId {
    /// Takes an id as it was written, without its surrounding white space and trailing slashes.
    pub fn new(text: &str) -> Self {
        Self(Arc::from(text.trim().trim_end_matches('/')))
    }

    /// The id as Azure wrote it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The key under which equal ids meet: the id in lower case.
    pub fn key(&self) -> String {
        self.0.to_ascii_lowercase()
    }

    /// The id of a child resource, such as a peering of a virtual network.
    pub fn child(&self, kind: &str, name: &str) -> Self {
        Self(Arc::from(format!("{}/{kind}/{name}", self.0)))
    }

    /// The subscription's id, without the path around it.
    pub fn subscription(&self) -> Option<&str> {
        self.segment_after("subscriptions")
    }

    /// The resource group's name.
    pub fn resource_group(&self) -> Option<&str> {
        self.segment_after("resourceGroups")
    }

    /// The last segment.
    pub fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// The resource type after the last provider, in lower case and without the provider when that is
    /// `Microsoft.Network`: `virtualnetworks/virtualnetworkpeerings`, or `microsoft.compute/virtualmachines`.
    pub fn resource_type(&self) -> Option<String> {
        let mut segments = self.0.trim_start_matches('/').split('/').collect::<Vec<_>>();
        let provider = segments.iter().rposition(|s| s.eq_ignore_ascii_case("providers"))?;
        segments.drain(..=provider);
        let (namespace, rest) = segments.split_first()?;
        let types = rest.iter().step_by(2).copied().collect::<Vec<_>>().join("/");
        if types.is_empty() {
            return None;
        }
        let full =
            if namespace.eq_ignore_ascii_case("Microsoft.Network") { types } else { format!("{namespace}/{types}") };
        Some(full.to_ascii_lowercase())
    }

    /// The id without its last type and name: the virtual network of a subnet.
    pub fn parent(&self) -> Option<Self> {
        let (head, _name) = self.0.rsplit_once('/')?;
        let (head, _kind) = head.rsplit_once('/')?;
        (!head.is_empty()).then(|| Self(Arc::from(head)))
    }

    fn segment_after(&self, keyword: &str) -> Option<&str> {
        let mut segments = self.0.split('/');
        segments.find(|s| s.eq_ignore_ascii_case(keyword))?;
        segments.next().filter(|s| !s.is_empty())
    }
}

impl PartialEq for ResourceId {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for ResourceId {}

impl PartialOrd for ResourceId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ResourceId {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.bytes().map(|b| b.to_ascii_lowercase()).cmp(other.0.bytes().map(|b| b.to_ascii_lowercase()))
    }
}

impl Hash for ResourceId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for byte in self.0.bytes() {
            state.write_u8(byte.to_ascii_lowercase());
        }
        state.write_u8(0xff);
    }
}

impl fmt::Debug for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for ResourceId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEERING: &str =
        "/subscriptions/S/resourcegroups/rg/providers/microsoft.network/virtualNetworks/v/virtualNetworkPeerings/p";

    #[test]
    fn ids_that_differ_in_case_are_one() {
        assert_eq!(ResourceId::new(PEERING), ResourceId::new(&PEERING.to_uppercase()));
    }

    #[test]
    fn parts_are_found_whatever_the_case() {
        let id = ResourceId::new(PEERING);
        assert_eq!(id.subscription(), Some("S"));
        assert_eq!(id.resource_group(), Some("rg"));
        assert_eq!(id.name(), "p");
        assert_eq!(id.resource_type().as_deref(), Some("virtualnetworks/virtualnetworkpeerings"));
        assert_eq!(id.parent().unwrap().name(), "v");
    }

    #[test]
    fn malformed_ids_have_no_parts() {
        for text in ["", "/", "x", "subscription/without-slash", "/providers/", "/subscriptions/"] {
            let id = ResourceId::new(text);
            assert_eq!(id.subscription(), None, "{text}");
            assert_eq!(id.resource_type(), None, "{text}");
        }
    }
}
