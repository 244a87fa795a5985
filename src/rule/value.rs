//! From any `Serialize` value to the engine's, in one step and without what nobody reads.
//!
//! Building a value costs more than most policies do, so fields outside the read set are not even serialised,
//! and field names are shared between all values of a worker. The result equals what the JSON text of the
//! same value would parse to, apart from what was left out.

use std::fmt;
use std::sync::Arc;

use regorus::Value;
use regorus::value::{Array, Object};
use rustc_hash::FxHashMap;
use serde::ser::{self, Impossible};
use serde::{Serialize, Serializer};

use super::reads::Reads;

/// Facts that have no JSON form, such as a map whose keys are lists.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Unserialisable(String);

impl ser::Error for Unserialisable {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

/// What is kept of a value: [`Reads`], with its field names as the engine wants them.
#[derive(Debug, Default)]
pub(super) struct Kept {
    whole: bool,
    fields: Vec<(Box<str>, Value, Self)>,
    any: Option<Box<Self>>,
}

impl Kept {
    /// Compiles a read set.
    pub(super) fn new(reads: &Reads) -> Self {
        let field = |(name, parts): (&String, &Reads)| {
            // A named field is also one of any.
            let mut parts = parts.clone();
            if let Some(any) = &reads.any {
                parts.merge(any);
            }
            (name.as_str().into(), Value::from(name.as_str()), Self::new(&parts))
        };
        Self {
            whole: reads.whole,
            fields: reads.fields.iter().map(field).collect(),
            any: reads.any.as_ref().map(|parts| Box::new(Self::new(parts))),
        }
    }

    /// Everything.
    pub(super) fn everything() -> Self {
        Self { whole: true, ..Self::default() }
    }
}

/// Field names as values, shared by all values of a worker.
#[derive(Debug, Default)]
pub(super) struct Names(FxHashMap<&'static str, Value>);

impl Names {
    fn get(&mut self, name: &'static str) -> Value {
        self.0.entry(name).or_insert_with(|| Value::from(name)).clone()
    }
}

/// Builds the engine's value of `facts`, and counts its parts.
pub(super) fn build<F: Serialize + ?Sized>(
    facts: &F,
    kept: &Kept,
    names: &mut Names,
) -> Result<(Value, usize), Unserialisable> {
    let mut size = 0;
    let value = facts.serialize(Builder { kept, names, size: &mut size })?;
    Ok((value, size))
}

/// A serializer for the part of a value that `kept` describes.
struct Builder<'k, 'n> {
    kept: &'k Kept,
    names: &'n mut Names,
    size: &'n mut usize,
}

impl<'k, 'n> Builder<'k, 'n> {
    #[allow(clippy::unnecessary_wraps, reason = "serializer methods return results")]
    fn scalar(self, value: Value) -> Result<Value, Unserialisable> {
        *self.size += 1;
        Ok(value)
    }

    fn object(self, wrap: Wrap) -> Fields<'k, 'n> {
        *self.size += 1;
        Fields { at: self, entries: Vec::new(), key: None, wrap }
    }

    fn list(self, length: usize, wrap: Wrap) -> Elements<'k, 'n> {
        *self.size += 1;
        let kept = if self.kept.whole { Some(self.kept) } else { self.kept.any.as_deref() };
        let items = Vec::with_capacity(if kept.is_some() { length.min(1 << 16) } else { 0 });
        Elements { names: self.names, size: self.size, kept, items, wrap }
    }

    /// The part of a field that is kept, with the field's name as a value where it is at hand.
    fn field(&self, name: &str) -> Option<(Option<&'k Value>, &'k Kept)> {
        if self.kept.whole {
            return Some((None, self.kept));
        }
        let named = self.kept.fields.iter().find(|(known, ..)| known.as_ref() == name);
        named.map(|(_, key, kept)| (Some(key), kept)).or_else(|| self.kept.any.as_deref().map(|kept| (None, kept)))
    }

    /// The content of an enum's variant, which JSON has as an object of one field.
    fn variant(self, name: &'static str) -> (Wrap, Self) {
        *self.size += 1;
        match self.field(name) {
            Some((key, kept)) => {
                let key = key.cloned().unwrap_or_else(|| self.names.get(name));
                (Wrap::In(key), Builder { kept, ..self })
            }
            None => (Wrap::Dropped, Builder { kept: &NOTHING, ..self }),
        }
    }
}

/// What stands around the content of an enum's variant.
enum Wrap {
    /// Nothing: it is no variant.
    Bare,
    /// An object of one field.
    In(Value),
    /// An object whose only field nobody reads.
    Dropped,
}

impl Wrap {
    fn around(self, value: Value) -> Value {
        match self {
            Self::Bare => value,
            Self::In(key) => object_of(vec![(key, value)]),
            Self::Dropped => object_of(Vec::new()),
        }
    }
}

/// What is kept of a field that nobody reads.
static NOTHING: Kept = Kept { whole: false, fields: Vec::new(), any: None };

fn object_of(entries: Vec<(Value, Value)>) -> Value {
    entries.into_iter().collect::<Object>().into_value()
}

macro_rules! numbers {
    ($($method:ident: $type:ty),*) => {
        $(fn $method(self, value: $type) -> Result<Value, Unserialisable> {
            self.scalar(Value::from(value))
        })*
    };
}

macro_rules! small_numbers {
    ($($method:ident: $type:ty => $wide:ty),*) => {
        $(fn $method(self, value: $type) -> Result<Value, Unserialisable> {
            self.scalar(Value::from(<$wide>::from(value)))
        })*
    };
}

impl<'k, 'n> Serializer for Builder<'k, 'n> {
    type Ok = Value;
    type Error = Unserialisable;
    type SerializeSeq = Elements<'k, 'n>;
    type SerializeTuple = Elements<'k, 'n>;
    type SerializeTupleStruct = Elements<'k, 'n>;
    type SerializeTupleVariant = Elements<'k, 'n>;
    type SerializeMap = Fields<'k, 'n>;
    type SerializeStruct = Fields<'k, 'n>;
    type SerializeStructVariant = Fields<'k, 'n>;

    numbers!(serialize_i32: i32, serialize_i64: i64, serialize_i128: i128, serialize_u32: u32, serialize_u64: u64,
        serialize_u128: u128, serialize_f64: f64);
    small_numbers!(serialize_i8: i8 => i32, serialize_i16: i16 => i32, serialize_u8: u8 => u32,
        serialize_u16: u16 => u32, serialize_f32: f32 => f64);

    fn serialize_bool(self, value: bool) -> Result<Value, Unserialisable> {
        self.scalar(Value::Bool(value))
    }

    fn serialize_char(self, value: char) -> Result<Value, Unserialisable> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Result<Value, Unserialisable> {
        self.scalar(Value::String(Arc::from(value)))
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<Value, Unserialisable> {
        value.serialize(self)
    }

    fn serialize_none(self) -> Result<Value, Unserialisable> {
        self.scalar(Value::Null)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Value, Unserialisable> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<Value, Unserialisable> {
        self.scalar(Value::Null)
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<Value, Unserialisable> {
        self.scalar(Value::Null)
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<Value, Unserialisable> {
        let name = self.names.get(variant);
        self.scalar(name)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<Value, Unserialisable> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<Value, Unserialisable> {
        let (wrap, inner) = self.variant(variant);
        Ok(wrap.around(value.serialize(inner)?))
    }

    fn serialize_seq(self, length: Option<usize>) -> Result<Elements<'k, 'n>, Unserialisable> {
        Ok(self.list(length.unwrap_or_default(), Wrap::Bare))
    }

    fn serialize_tuple(self, length: usize) -> Result<Elements<'k, 'n>, Unserialisable> {
        Ok(self.list(length, Wrap::Bare))
    }

    fn serialize_tuple_struct(self, _: &'static str, length: usize) -> Result<Elements<'k, 'n>, Unserialisable> {
        Ok(self.list(length, Wrap::Bare))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        length: usize,
    ) -> Result<Elements<'k, 'n>, Unserialisable> {
        let (wrap, inner) = self.variant(variant);
        Ok(inner.list(length, wrap))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Fields<'k, 'n>, Unserialisable> {
        Ok(self.object(Wrap::Bare))
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Fields<'k, 'n>, Unserialisable> {
        Ok(self.object(Wrap::Bare))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Fields<'k, 'n>, Unserialisable> {
        let (wrap, inner) = self.variant(variant);
        Ok(inner.object(wrap))
    }
}

/// A list that is being built; without `kept` nobody reads its elements.
struct Elements<'k, 'n> {
    names: &'n mut Names,
    size: &'n mut usize,
    kept: Option<&'k Kept>,
    items: Vec<Value>,
    wrap: Wrap,
}

impl Elements<'_, '_> {
    fn push<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unserialisable> {
        if let Some(kept) = self.kept {
            let item = value.serialize(Builder { kept, names: &mut *self.names, size: &mut *self.size })?;
            self.items.push(item);
        }
        Ok(())
    }

    #[allow(clippy::unnecessary_wraps, reason = "serializer methods return results")]
    fn finish(self) -> Result<Value, Unserialisable> {
        Ok(self.wrap.around(Value::Array(Arc::new(Array::from(self.items)))))
    }
}

macro_rules! elements {
    ($($trait:ident::$method:ident),*) => {
        $(impl ser::$trait for Elements<'_, '_> {
            type Ok = Value;
            type Error = Unserialisable;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unserialisable> {
                self.push(value)
            }

            fn end(self) -> Result<Value, Unserialisable> {
                self.finish()
            }
        })*
    };
}

elements!(
    SerializeSeq::serialize_element,
    SerializeTuple::serialize_element,
    SerializeTupleStruct::serialize_field,
    SerializeTupleVariant::serialize_field
);

/// An object that is being built; `key` belongs to the next value of a map.
struct Fields<'k, 'n> {
    at: Builder<'k, 'n>,
    entries: Vec<(Value, Value)>,
    key: Option<(Value, &'k Kept)>,
    wrap: Wrap,
}

impl Fields<'_, '_> {
    fn named<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Unserialisable> {
        let Some((key, kept)) = self.at.field(name) else { return Ok(()) };
        let key = key.cloned().unwrap_or_else(|| self.at.names.get(name));
        let value = value.serialize(Builder { kept, names: &mut *self.at.names, size: &mut *self.at.size })?;
        self.entries.push((key, value));
        Ok(())
    }

    #[allow(clippy::unnecessary_wraps, reason = "serializer methods return results")]
    fn finish(self) -> Result<Value, Unserialisable> {
        Ok(self.wrap.around(object_of(self.entries)))
    }
}

macro_rules! named_fields {
    ($($trait:ident),*) => {
        $(impl ser::$trait for Fields<'_, '_> {
            type Ok = Value;
            type Error = Unserialisable;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                name: &'static str,
                value: &T,
            ) -> Result<(), Unserialisable> {
                self.named(name, value)
            }

            fn end(self) -> Result<Value, Unserialisable> {
                self.finish()
            }
        })*
    };
}

named_fields!(SerializeStruct, SerializeStructVariant);

impl ser::SerializeMap for Fields<'_, '_> {
    type Ok = Value;
    type Error = Unserialisable;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Unserialisable> {
        let mut found = None;
        key.serialize(Key(&mut |name: &str| {
            let field = self.at.field(name);
            found = field.map(|(key, kept)| (key.cloned().unwrap_or_else(|| Value::from(name)), kept));
        }))?;
        self.key = found;
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unserialisable> {
        if let Some((key, kept)) = self.key.take() {
            let value = value.serialize(Builder { kept, names: &mut *self.at.names, size: &mut *self.at.size })?;
            self.entries.push((key, value));
        }
        Ok(())
    }

    fn end(self) -> Result<Value, Unserialisable> {
        self.finish()
    }
}

/// A serializer for the keys of maps: gives their text, as JSON has them.
pub(super) struct Key<F>(pub F);

macro_rules! key_numbers {
    ($($method:ident: $type:ty),*) => {
        $(fn $method(mut self, value: $type) -> Result<(), Unserialisable> {
            (self.0)(&value.to_string());
            Ok(())
        })*
    };
}

impl<F: FnMut(&str)> Serializer for Key<F> {
    type Ok = ();
    type Error = Unserialisable;
    type SerializeSeq = Impossible<(), Unserialisable>;
    type SerializeTuple = Impossible<(), Unserialisable>;
    type SerializeTupleStruct = Impossible<(), Unserialisable>;
    type SerializeTupleVariant = Impossible<(), Unserialisable>;
    type SerializeMap = Impossible<(), Unserialisable>;
    type SerializeStruct = Impossible<(), Unserialisable>;
    type SerializeStructVariant = Impossible<(), Unserialisable>;

    key_numbers!(serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64, serialize_i128: i128,
        serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64, serialize_u128: u128,
        serialize_bool: bool, serialize_char: char);

    fn serialize_str(mut self, value: &str) -> Result<(), Unserialisable> {
        (self.0)(value);
        Ok(())
    }

    fn serialize_unit_variant(mut self, _: &'static str, _: u32, variant: &'static str) -> Result<(), Unserialisable> {
        (self.0)(variant);
        Ok(())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<(), Unserialisable> {
        value.serialize(self)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Unserialisable> {
        value.serialize(self)
    }

    fn serialize_f32(self, _: f32) -> Result<(), Unserialisable> {
        no_key()
    }

    fn serialize_f64(self, _: f64) -> Result<(), Unserialisable> {
        no_key()
    }

    fn serialize_bytes(self, _: &[u8]) -> Result<(), Unserialisable> {
        no_key()
    }

    fn serialize_none(self) -> Result<(), Unserialisable> {
        no_key()
    }

    fn serialize_unit(self) -> Result<(), Unserialisable> {
        no_key()
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Unserialisable> {
        no_key()
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<(), Unserialisable> {
        no_key()
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self::SerializeSeq, Unserialisable> {
        no_key()
    }

    fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, Unserialisable> {
        no_key()
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeTupleStruct, Unserialisable> {
        no_key()
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, Unserialisable> {
        no_key()
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, Unserialisable> {
        no_key()
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeStruct, Unserialisable> {
        no_key()
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, Unserialisable> {
        no_key()
    }
}

fn no_key<T>() -> Result<T, Unserialisable> {
    Err(Unserialisable("a map's key is no text".to_owned()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::rule::fixture;

    fn json(value: &Value) -> serde_json::Value {
        serde_json::from_str(&value.to_json_str().unwrap()).unwrap()
    }

    fn kept(paths: &[&str]) -> Kept {
        let mut reads = Reads::default();
        for path in paths {
            let mut at = &mut reads;
            for step in path.split('.') {
                at = if step == "*" {
                    at.any.get_or_insert_default()
                } else {
                    at.fields.entry(step.into()).or_default()
                };
            }
            at.whole = true;
        }
        Kept::new(&reads)
    }

    fn pruned<F: Serialize>(facts: &F, paths: &[&str]) -> serde_json::Value {
        json(&build(facts, &kept(paths), &mut Names::default()).unwrap().0)
    }

    #[derive(Serialize)]
    struct Everything {
        small: i8,
        large: u64,
        float: f32,
        infinite: f64,
        letter: char,
        none: Option<u8>,
        some: Option<u8>,
        unit: (),
        tuple: (u8, String),
        numbered: BTreeMap<u16, bool>,
        variants: Vec<Variant>,
        #[serde(flatten)]
        rest: BTreeMap<String, u8>,
        tagged: Tagged,
        any: serde_json::Value,
    }

    #[derive(Serialize)]
    enum Variant {
        Unit,
        Newtype(u8),
        Tuple(u8, u8),
        Struct { field: u8 },
    }

    #[derive(Serialize)]
    #[serde(tag = "kind", rename_all = "snake_case")]
    enum Tagged {
        Peering { link: String },
    }

    fn everything() -> Everything {
        Everything {
            small: -3,
            large: u64::MAX,
            float: 0.5,
            infinite: f64::INFINITY,
            letter: 'ß',
            none: None,
            some: Some(1),
            unit: (),
            tuple: (1, "two".into()),
            numbered: BTreeMap::from([(1, true)]),
            variants: vec![Variant::Unit, Variant::Newtype(1), Variant::Tuple(1, 2), Variant::Struct { field: 3 }],
            rest: BTreeMap::from([("extra".into(), 9)]),
            tagged: Tagged::Peering { link: "l".into() },
            any: serde_json::json!({"b": [1, 2.5, null], "a": {}}),
        }
    }

    #[test]
    fn a_whole_value_equals_its_json() {
        let facts = everything();
        let value = build(&facts, &Kept::everything(), &mut Names::default()).unwrap().0;
        assert_eq!(json(&value), serde_json::to_value(&facts).unwrap());
        assert_eq!(value, Value::from_json_str(&serde_json::to_string(&facts).unwrap()).unwrap());
    }

    #[test]
    fn only_what_is_read_is_left() {
        let facts = fixture::peering();
        let expected = serde_json::json!({"near": {"role": "spoke"}, "hops": [{"ports": [22, 443]}, {"ports": []}]});
        assert_eq!(pruned(&facts, &["near.role", "hops.*.ports"]), expected);
        assert_eq!(pruned(&facts, &["hops.name"]), serde_json::json!({"hops": []}));
        assert_eq!(pruned(&facts, &["state.below.a.text"]), serde_json::json!({"state": "Connected"}));
        assert_eq!(
            pruned(&facts, &["tags.*", "far.id"]),
            serde_json::json!({"tags": {"env": "prod"}, "far": {"id": "/b"}})
        );
    }

    #[test]
    fn a_named_field_is_also_one_of_any() {
        let facts = fixture::peering();
        let value = pruned(&facts, &["*.role", "near.id"]);
        assert_eq!(value["near"], serde_json::json!({"id": "/a", "role": "spoke"}));
        assert_eq!(value["far"], serde_json::json!({"role": "spoke"}));
        assert_eq!(value["count"], 3);
    }

    #[test]
    fn flattened_tagged_and_variant_fields_are_pruned_by_their_json_names() {
        let facts = everything();
        assert_eq!(pruned(&facts, &["extra"]), serde_json::json!({"extra": 9}));
        assert_eq!(pruned(&facts, &["tagged.kind"]), serde_json::json!({"tagged": {"kind": "peering"}}));
        let expected = serde_json::json!({"variants": ["Unit", {}, {}, {"Struct": {"field": 3}}]});
        assert_eq!(pruned(&facts, &["variants.*.Struct.field"]), expected);
        let expected = serde_json::json!({"variants": ["Unit", {}, {"Tuple": [1, 2]}, {}]});
        assert_eq!(pruned(&facts, &["variants.*.Tuple.*"]), expected);
    }

    #[test]
    fn the_size_counts_what_was_built() {
        let facts = fixture::peering();
        let (_, whole) = build(&facts, &Kept::everything(), &mut Names::default()).unwrap();
        let (_, part) = build(&facts, &kept(&["near.role"]), &mut Names::default()).unwrap();
        assert!(whole > 20, "{whole}");
        assert_eq!(part, 3);
    }

    #[test]
    fn a_map_with_keys_that_are_no_text_is_an_error() {
        let facts = BTreeMap::from([(vec![1], 2)]);
        let error = build(&facts, &Kept::everything(), &mut Names::default()).unwrap_err();
        assert_eq!(error.to_string(), "a map's key is no text");
    }
}
