//! From given properties to typed values, keeping what could not be understood.

use std::net::IpAddr;

use compact_str::CompactString;
use ipnet::IpNet;

use super::ResourceId;
use super::shape::{Given, List, Text, shape};

shape! {
    /// `{"id": "..."}`.
    Reference<'a> {
        id: Text<'a> = "id";
    }
}

shape! {
    /// `{"addressPrefixes": [...]}`.
    AddressSpace<'a> {
        prefixes: List<Text<'a>> = "addressPrefixes";
    }
}

/// A value that could not be understood, by its place inside the resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Oddity {
    /// RFC 6901 pointer in ARM's nested shape.
    pub pointer: String,
    /// What is odd, as a sentence without a full stop.
    pub message: String,
}

/// Address prefixes of a property.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Prefixes {
    /// Whether the property is there at all.
    pub given: bool,
    /// Those that could be read, in the input's order.
    pub nets: Box<[IpNet]>,
    /// Those that are no prefix, as written.
    pub odd: Box<[CompactString]>,
}

impl Prefixes {
    /// The prefixes, where the property is given and every entry of it could be read.
    pub fn whole(&self) -> Option<&[IpNet]> {
        (self.given && self.odd.is_empty()).then_some(&*self.nets)
    }
}

/// Collects oddities while one resource is read; `at` is the pointer of the object in hand.
pub(crate) struct Reader {
    pub(crate) oddities: Vec<Oddity>,
    at: String,
}

impl Reader {
    pub(crate) fn new() -> Self {
        Self { oddities: Vec::new(), at: String::new() }
    }

    /// Reads a part of the resource that stands below `step`, such as `/properties/subnets/3`.
    pub(crate) fn inside<T>(&mut self, step: std::fmt::Arguments<'_>, read: impl FnOnce(&mut Self) -> T) -> T {
        let length = self.at.len();
        std::fmt::Write::write_fmt(&mut self.at, step).expect("writing to a string does not fail");
        let value = read(self);
        self.at.truncate(length);
        value
    }

    pub(crate) fn odd(&mut self, property: &str, message: String) {
        self.oddities.push(Oddity { pointer: format!("{}/{property}", self.at), message });
    }

    /// Notes a `properties` that is no object, and so holds nothing.
    pub(crate) fn properties(&mut self, odd: Option<&'static str>) {
        if let Some(found) = odd {
            self.odd("properties", format!("`properties` is {found}, where an object is expected"));
        }
    }

    /// The value of a property, an oddity where it has another type.
    pub(crate) fn take<T>(&mut self, property: &str, expected: &str, given: Given<T>) -> Option<T> {
        match given {
            Given::Absent => None,
            Given::Value(value) => Some(value),
            Given::Odd(found) => {
                let name = property.rsplit('/').next().unwrap_or(property);
                self.odd(property, format!("`{name}` is {found}, where {expected} is expected"));
                None
            }
        }
    }

    pub(crate) fn flag(&mut self, property: &str, given: Given<bool>) -> Option<bool> {
        self.take(property, "true or false", given)
    }

    pub(crate) fn text(&mut self, property: &str, given: Given<Text<'_>>) -> Option<CompactString> {
        self.take(property, "a string", given).map(CompactString::from)
    }

    /// A list's elements with their positions; odd elements are noted and left out.
    pub(crate) fn list<T>(&mut self, property: &str, expected: &str, given: Given<List<T>>) -> Option<Vec<(u32, T)>> {
        let items = self.take(property, "an array", given)?;
        let mut read = Vec::with_capacity(items.len());
        for (index, item) in (0u32..).zip(items) {
            match item {
                Given::Value(item) => read.push((index, item)),
                Given::Absent => {
                    self.odd(&format!("{property}/{index}"), format!("an entry is null, where {expected} is expected"));
                }
                Given::Odd(found) => {
                    self.odd(
                        &format!("{property}/{index}"),
                        format!("an entry is {found}, where {expected} is expected"),
                    );
                }
            }
        }
        Some(read)
    }

    pub(crate) fn texts(&mut self, property: &str, given: Given<List<Text<'_>>>) -> Box<[CompactString]> {
        let items = self.list(property, "a string", given).unwrap_or_default();
        items.into_iter().map(|(_, text)| CompactString::from(text)).collect()
    }

    /// The id of a reference.
    pub(crate) fn reference(&mut self, property: &str, given: Given<Reference<'_>>) -> Option<ResourceId> {
        let reference = self.take(property, "an object with an id", given)?;
        let id = self.take(&format!("{property}/id"), "an ARM id", reference.id)?;
        Some(ResourceId::new(&id))
    }

    /// The ids of a list of references.
    pub(crate) fn references(&mut self, property: &str, given: Given<List<Reference<'_>>>) -> Option<Vec<ResourceId>> {
        let items = self.list(property, "an object with an id", given)?;
        Some(items.into_iter().filter_map(|(_, r)| r.id.into_value()).map(|id| ResourceId::new(&id)).collect())
    }

    /// The prefixes of an `addressSpace`-like object.
    pub(crate) fn address_space(&mut self, property: &str, given: Given<AddressSpace<'_>>) -> Prefixes {
        let Some(space) = self.take(property, "an object with addressPrefixes", given) else {
            return Prefixes::default();
        };
        self.prefixes(&format!("{property}/addressPrefixes"), space.prefixes)
    }

    /// A list of prefixes.
    pub(crate) fn prefixes(&mut self, property: &str, given: Given<List<Text<'_>>>) -> Prefixes {
        let listed = given.value().map_or(0, Vec::len);
        let Some(items) = self.list(property, "an address prefix", given) else {
            return Prefixes::default();
        };
        let mut nets = Vec::with_capacity(items.len());
        // Entries that are no text have none to keep.
        let mut odd = vec![CompactString::default(); listed - items.len()];
        for (index, text) in items {
            if let Some(net) = prefix(&text) {
                nets.push(net);
            } else {
                self.odd(&format!("{property}/{index}"), format!("`{text}` is no address prefix"));
                odd.push(CompactString::from(text));
            }
        }
        Prefixes { given: true, nets: nets.into(), odd: odd.into() }
    }

    /// An IP address.
    pub(crate) fn address(&mut self, property: &str, given: Given<Text<'_>>) -> Option<IpAddr> {
        let text = self.take(property, "an IP address", given)?;
        let address = text.trim().parse().ok();
        if address.is_none() && !text.trim().is_empty() {
            self.odd(property, format!("`{text}` is no IP address"));
        }
        address
    }
}

/// A prefix in CIDR notation, or a bare address; bits below the mask are cleared, as Azure does.
pub(crate) fn prefix(text: &str) -> Option<IpNet> {
    let text = text.trim();
    text.parse::<IpNet>().ok().map(|net| net.trunc()).or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}
