//! One side of a rule: what may stand in the address fields of an NSG rule, and their union.
//!
//! Knows the spellings; a service tag or an application security group (ASG) stays an opaque name here.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use ipnet::IpNet;
use serde::{Serialize, Serializer};

use super::prefix::{AddressRange, PrefixSet, parse_address_range, parse_prefix};

/// A service tag: a named set of address prefixes whose content Azure decides
/// (<https://learn.microsoft.com/azure/virtual-network/service-tags-overview>).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tag {
    /// `VirtualNetwork`: the VNet's own space and all that is connected to it, decided for each subnet.
    VirtualNetwork,
    /// `Internet`: what lies outside the virtual network and is reachable by the public internet.
    Internet,
    /// `AzureLoadBalancer`: where Azure's health probes come from.
    AzureLoadBalancer,
    /// Any other tag, such as `Storage.WestEurope`.
    Other(TagName),
}

impl Tag {
    /// Takes a tag's name in any letter case, the three old spellings (`VIRTUAL_NETWORK`, `INTERNET`,
    /// `AZURE_LOADBALANCER`) included; `None` for a text that no tag can have: tags start with a letter and hold
    /// letters, digits, dots, underscores and hyphens.
    pub fn parse(text: &str) -> Option<Self> {
        let known = [
            ("VirtualNetwork", Self::VirtualNetwork),
            ("VIRTUAL_NETWORK", Self::VirtualNetwork),
            ("Internet", Self::Internet),
            ("AzureLoadBalancer", Self::AzureLoadBalancer),
            ("AZURE_LOADBALANCER", Self::AzureLoadBalancer),
        ];
        if let Some((_, tag)) = known.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(text)) {
            return Some(tag);
        }
        let inner = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
        let shaped = text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.bytes().all(inner);
        shaped.then(|| Self::Other(TagName(Arc::from(text))))
    }

    /// The tag's name: Azure's spelling of a known one, of another one the spelling that was read.
    pub fn as_str(&self) -> &str {
        match self {
            Self::VirtualNetwork => "VirtualNetwork",
            Self::Internet => "Internet",
            Self::AzureLoadBalancer => "AzureLoadBalancer",
            Self::Other(name) => &name.0,
        }
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Tag {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// The name of a service tag as it was read; equality, order and hash ignore ASCII letter case.
#[derive(Clone, Debug)]
pub struct TagName(Arc<str>);

impl TagName {
    fn folded(&self) -> impl Iterator<Item = u8> + '_ {
        self.0.bytes().map(|b| b.to_ascii_lowercase())
    }
}

impl PartialEq for TagName {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for TagName {}

impl PartialOrd for TagName {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for TagName {
    fn cmp(&self, other: &Self) -> Ordering {
        self.folded().cmp(other.folded())
    }
}

impl Hash for TagName {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.folded().for_each(|b| state.write_u8(b));
        state.write_u8(u8::MAX);
    }
}

/// The id of an application security group in lower case, as ARM ids compare.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AsgId(Arc<str>);

impl AsgId {
    /// Takes an id in any letter case.
    pub fn new(id: &str) -> Self {
        Self(Arc::from(id.to_ascii_lowercase()))
    }

    /// The id in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Serialize for AsgId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// A named set of addresses whose content a rule does not tell.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(untagged)]
pub enum Atom {
    /// A service tag.
    Tag(Tag),
    /// The private addresses of the members of an application security group.
    Asg(AsgId),
}

impl fmt::Display for Atom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tag(tag) => tag.fmt(f),
            Self::Asg(id) => f.write_str(id.as_str()),
        }
    }
}

/// One value of `sourceAddressPrefix`, `sourceAddressPrefixes`, `destinationAddressPrefix` or
/// `destinationAddressPrefixes`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AddressTerm {
    /// `*`, `Any` or `0.0.0.0/0`: to an NSG the three mean the same, every address of both families.
    Any,
    /// A prefix, or a bare address; `::/0` is every IPv6 address and no more.
    Prefix(IpNet),
    /// Two addresses around a hyphen.
    Range(AddressRange),
    /// A service tag.
    Tag(Tag),
}

/// A text that is no address prefix, no range and no service tag.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "reading `{0}` in a rule's addresses: expected `*`, an address prefix as `10.0.0.0/16`, an address range, or a service tag as `VirtualNetwork`"
)]
pub struct InvalidAddressTerm(String);

impl AddressTerm {
    /// Reads one value of an address field.
    pub fn parse(text: &str) -> Result<Self, InvalidAddressTerm> {
        if text == "*" || text.eq_ignore_ascii_case("any") {
            return Ok(Self::Any);
        }
        if let Ok(prefix) = parse_prefix(text) {
            let any = matches!(prefix, IpNet::V4(net) if net.prefix_len() == 0);
            return Ok(if any { Self::Any } else { Self::Prefix(prefix) });
        }
        if let Ok(range) = parse_address_range(text) {
            return Ok(Self::Range(range));
        }
        Tag::parse(text).map(Self::Tag).ok_or_else(|| InvalidAddressTerm(text.to_owned()))
    }
}

/// One side of a rule, its source or its destination: the union of prefixes, service tags and ASGs.
///
/// The empty union matches nothing; it is not `*`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressSpec {
    prefixes: PrefixSet,
    atoms: Vec<Atom>,
}

impl AddressSpec {
    /// The empty union, which matches nothing.
    pub const NOTHING: Self = Self { prefixes: PrefixSet::EMPTY, atoms: Vec::new() };
    /// Every address.
    pub const ANY: Self = Self { prefixes: PrefixSet::ANY, atoms: Vec::new() };

    /// The union of the values of the singular and the plural field and of the list of ASGs.
    pub fn new(terms: impl IntoIterator<Item = AddressTerm>, asgs: impl IntoIterator<Item = AsgId>) -> Self {
        let mut ranges = Vec::new();
        let mut atoms = asgs.into_iter().map(Atom::Asg).collect::<Vec<_>>();
        let mut any = false;
        for term in terms {
            match term {
                AddressTerm::Any => any = true,
                AddressTerm::Prefix(prefix) => ranges.push(AddressRange::from(prefix)),
                AddressTerm::Range(range) => ranges.push(range),
                AddressTerm::Tag(tag) => atoms.push(Atom::Tag(tag)),
            }
        }
        atoms.sort_unstable();
        atoms.dedup();
        Self { prefixes: if any { PrefixSet::ANY } else { ranges.into_iter().collect() }, atoms }
    }

    /// Whether nothing can match.
    pub fn is_empty(&self) -> bool {
        self.prefixes.is_empty() && self.atoms.is_empty()
    }

    /// Whether every address matches, whatever tags and ASGs hold.
    pub fn is_any(&self) -> bool {
        self.prefixes.is_any()
    }

    /// The addresses that are written as such.
    pub fn prefixes(&self) -> &PrefixSet {
        &self.prefixes
    }

    /// The tags and ASGs, sorted, each once; also where they stand beside `*`.
    pub fn atoms(&self) -> &[Atom] {
        &self.atoms
    }

    /// Whether this is proven to match all that `other` matches, whatever tags and ASGs hold.
    pub fn covers(&self, other: &Self) -> bool {
        self.is_any()
            || (self.prefixes.contains_set(&other.prefixes) && other.atoms.iter().all(|atom| self.atoms.contains(atom)))
    }
}

impl From<AddressTerm> for AddressSpec {
    fn from(term: AddressTerm) -> Self {
        Self::new([term], [])
    }
}

impl From<Tag> for AddressSpec {
    fn from(tag: Tag) -> Self {
        Self::from(AddressTerm::Tag(tag))
    }
}

impl From<PrefixSet> for AddressSpec {
    fn from(prefixes: PrefixSet) -> Self {
        Self { prefixes, atoms: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use std::hash::DefaultHasher;

    use super::*;

    fn term(text: &str) -> AddressTerm {
        AddressTerm::parse(text).unwrap()
    }

    #[test]
    fn three_spellings_mean_any_address() {
        for text in ["*", "Any", "any", "ANY", "0.0.0.0/0", "10.0.0.0/0"] {
            assert_eq!(term(text), AddressTerm::Any, "{text}");
        }
        let v6 = AddressSpec::from(term("::/0"));
        assert!(!v6.is_any());
        assert_eq!(*v6.prefixes(), PrefixSet::any_v6());
    }

    #[test]
    fn known_tags_have_an_old_and_a_new_spelling() {
        for (text, tag) in [
            ("VirtualNetwork", Tag::VirtualNetwork),
            ("virtualnetwork", Tag::VirtualNetwork),
            ("VIRTUAL_NETWORK", Tag::VirtualNetwork),
            ("INTERNET", Tag::Internet),
            ("AzureLoadBalancer", Tag::AzureLoadBalancer),
            ("AZURE_LOADBALANCER", Tag::AzureLoadBalancer),
        ] {
            assert_eq!(term(text), AddressTerm::Tag(tag), "{text}");
        }
    }

    #[test]
    fn other_tags_keep_their_spelling_and_compare_without_it() {
        let hash = |tag: &Tag| {
            let mut state = DefaultHasher::new();
            tag.hash(&mut state);
            state.finish()
        };
        let (Some(a), Some(b)) = (Tag::parse("Storage.WestEurope"), Tag::parse("storage.westeurope")) else { panic!() };
        assert_eq!(a.as_str(), "Storage.WestEurope");
        assert_eq!((&a, hash(&a), a.cmp(&b)), (&b, hash(&b), Ordering::Equal));
        assert_ne!(a, Tag::parse("Storage").unwrap());
        assert_eq!(AsgId::new("/Subscriptions/X"), AsgId::new("/subscriptions/x"));
    }

    #[test]
    fn addresses_that_are_neither_are_refused() {
        for text in [
            "",
            " ",
            "10.0.0.0/33",
            "10.0.0",
            "10.0.0.300",
            "10.0.0.9-10.0.0.4",
            "10.0.0.4-fd00::1",
            " VirtualNetwork",
            "Virtual Network",
            "a/24",
            "fe80::zz",
            "1Tag",
            "10.0.0.0/24,10.0.1.0/24",
            "[\"*\"]",
            "**",
            "Tag\n",
        ] {
            assert_eq!(AddressTerm::parse(text), Err(InvalidAddressTerm(text.to_owned())), "{text:?}");
        }
    }

    #[test]
    fn a_side_is_the_union_of_its_fields_and_an_empty_one_is_not_any() {
        let terms = ["10.0.1.0/24", "Storage", "10.0.0.0-10.0.0.255", "storage"].map(term);
        let spec = AddressSpec::new(terms, [AsgId::new("/Asg"), AsgId::new("/asg")]);
        assert_eq!(spec.prefixes().prefixes().iter().map(IpNet::to_string).collect::<Vec<_>>(), ["10.0.0.0/23"]);
        assert_eq!(spec.atoms().iter().map(Atom::to_string).collect::<Vec<_>>(), ["Storage", "/asg"]);
        let nothing = AddressSpec::new([], []);
        assert_eq!(nothing, AddressSpec::NOTHING);
        assert!(nothing.is_empty() && !nothing.is_any() && !nothing.covers(&spec));
        let any = AddressSpec::new(["*", "Storage"].map(term), []);
        assert!(any.is_any() && any.covers(&spec) && !spec.covers(&any));
    }

    #[test]
    fn a_name_is_covered_by_any_and_by_itself_alone() {
        let side = |texts: &[&str]| AddressSpec::new(texts.iter().map(|text| term(text)), []);
        assert!(side(&["Storage", "Sql"]).covers(&side(&["Sql"])));
        assert!(!side(&["Storage"]).covers(&side(&["Storage.WestEurope"])));
        assert!(!side(&["0.0.0.0/1", "128.0.0.0/1"]).covers(&side(&["Sql"])));
        assert!(side(&["0.0.0.0/1", "128.0.0.0/1", "::/0"]).covers(&side(&["Sql"])));
        assert!(!side(&["Sql"]).covers(&side(&["10.0.0.0/8"])));
    }
}
