//! Facts that are computed when they are serialised, and texts that are composed then.
//!
//! A subject has many facts and most policies read few: what nobody reads costs a pointer.

use std::borrow::Cow;
use std::fmt;

use ipnet::IpNet;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Serialize, Serializer};

use super::Context;

/// A fact of kind `T` about `of`, computed each time that it is serialised.
pub struct Later<'a, K, T> {
    context: &'a Context<'a>,
    of: K,
    compute: fn(&'a Context<'a>, K) -> T,
}

impl<'a, K: Copy, T> Later<'a, K, T> {
    pub(super) fn new(context: &'a Context<'a>, of: K, compute: fn(&'a Context<'a>, K) -> T) -> Self {
        Self { context, of, compute }
    }

    /// Computes it.
    pub fn get(&self) -> T {
        (self.compute)(self.context, self.of)
    }
}

impl<K: Copy, T: Serialize> Serialize for Later<'_, K, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.get().serialize(serializer)
    }
}

impl<K, T: JsonSchema> JsonSchema for Later<'_, K, T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn schema_id() -> Cow<'static, str> {
        T::schema_id()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

/// Address prefixes, a list of strings in CIDR notation.
#[derive(Debug, Clone, Copy)]
pub struct Nets<'a>(pub &'a [IpNet]);

impl Serialize for Nets<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(Display))
    }
}

impl JsonSchema for Nets<'_> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        Vec::<String>::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Vec::<String>::json_schema(generator)
    }
}

/// Serialises by way of `Display`.
struct Display<T>(T);

impl<T: fmt::Display> Serialize for Display<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// The ARM id of a child resource, composed of its parent's and its own name.
#[derive(Debug, Clone, Copy)]
pub struct ChildId<'a> {
    /// The parent's id.
    pub parent: &'a str,
    /// `subnets`, `virtualNetworkPeerings`, `securityRules`.
    pub kind: &'static str,
    /// The child's name.
    pub name: &'a str,
}

impl fmt::Display for ChildId<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.parent, self.kind, self.name)
    }
}

impl Serialize for ChildId<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl JsonSchema for ChildId<'_> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        String::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        String::json_schema(generator)
    }
}
