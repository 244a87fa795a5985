//! Selectors: conditions that spare the evaluation of a policy.
//!
//! A selector compares one scalar of the facts with a few allowed ones. It is evaluated on the facts'
//! `Serialize` implementation itself: fields that no selector of the kind asks for are not serialised, and
//! nothing is allocated. It must never change what a policy says; the evaluator verifies that on samples.

use serde::de::{Error as _, Visitor};
use serde::ser;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::value::Unserialisable;

/// A condition: the scalar at `path` is one of `allowed`.
#[derive(Clone, Debug, PartialEq)]
pub struct Selector {
    /// Dotted path into the facts, such as `near.role`.
    pub path: String,
    /// What the scalar may be; [`Scalar::Null`] stands for an absent one, too.
    pub allowed: Vec<Scalar>,
}

/// A single value.
#[derive(Clone, Debug, PartialEq)]
pub enum Scalar {
    /// Null, or not there.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Integer(i128),
    /// Any other number.
    Float(f64),
    /// A text, compared exactly.
    Text(Box<str>),
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl Visitor<'_> for Reader {
            type Value = Scalar;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a text, a number, true, false or null")
            }

            fn visit_unit<E>(self) -> Result<Scalar, E> {
                Ok(Scalar::Null)
            }

            fn visit_bool<E>(self, value: bool) -> Result<Scalar, E> {
                Ok(Scalar::Bool(value))
            }

            fn visit_i64<E>(self, value: i64) -> Result<Scalar, E> {
                Ok(Scalar::Integer(value.into()))
            }

            fn visit_u64<E>(self, value: u64) -> Result<Scalar, E> {
                Ok(Scalar::Integer(value.into()))
            }

            fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Scalar, E> {
                if value.is_finite() { Ok(Scalar::Float(value)) } else { Err(E::custom("a finite number is expected")) }
            }

            fn visit_str<E>(self, value: &str) -> Result<Scalar, E> {
                Ok(Scalar::Text(value.into()))
            }
        }
        deserializer.deserialize_any(Reader).map_err(D::Error::custom)
    }
}

/// A scalar where it stands, without a copy.
#[derive(Clone, Copy)]
enum Seen<'a> {
    Null,
    Bool(bool),
    Integer(i128),
    Float(f64),
    Text(&'a str),
}

impl Scalar {
    fn is(&self, seen: Seen<'_>) -> bool {
        match (self, seen) {
            (Self::Null, Seen::Null) => true,
            (Self::Bool(allowed), Seen::Bool(seen)) => *allowed == seen,
            (Self::Integer(allowed), Seen::Integer(seen)) => *allowed == seen,
            (Self::Text(allowed), Seen::Text(seen)) => allowed.as_ref() == seen,
            (Self::Float(allowed), Seen::Float(seen)) => same(*allowed, seen),
            (Self::Integer(allowed), Seen::Float(seen)) => same(to_float(*allowed), seen),
            (Self::Float(allowed), Seen::Integer(seen)) => same(*allowed, to_float(seen)),
            _ => false,
        }
    }
}

#[allow(clippy::float_cmp, reason = "a selector compares exactly, as the policy behind it does")]
fn same(left: f64, right: f64) -> bool {
    left == right
}

#[allow(clippy::cast_precision_loss, reason = "facts' numbers are far below 2^53")]
fn to_float(value: i128) -> f64 {
    value as f64
}

/// The selectors of all rules of one kind, as one walk over the facts.
#[derive(Clone, Debug, Default)]
pub(super) struct Probe {
    nodes: Vec<Node>,
    tests: Vec<Vec<Scalar>>,
    /// What a test says while nothing was seen.
    absent: Vec<bool>,
    /// For every rule the tests that must hold.
    rules: Vec<Vec<usize>>,
}

#[derive(Clone, Debug, Default)]
struct Node {
    children: Vec<(Box<str>, usize)>,
    tests: Vec<usize>,
}

impl Probe {
    /// Lays the selectors of several rules, in their order, into one tree.
    pub(super) fn new<'a>(rules: impl IntoIterator<Item = &'a [Selector]>) -> Self {
        let mut probe = Self { nodes: vec![Node::default()], ..Self::default() };
        for selectors in rules {
            let tests = selectors.iter().map(|selector| probe.test(selector)).collect();
            probe.rules.push(tests);
        }
        probe
    }

    fn test(&mut self, selector: &Selector) -> usize {
        let mut at = 0;
        for name in selector.path.split('.') {
            let known = self.nodes[at].children.iter().find(|(child, _)| child.as_ref() == name);
            at = if let Some((_, index)) = known {
                *index
            } else {
                let index = self.nodes.len();
                self.nodes[at].children.push((name.into(), index));
                self.nodes.push(Node::default());
                index
            };
        }
        let same = self.nodes[at].tests.iter().find(|test| self.tests[**test] == selector.allowed);
        if let Some(test) = same {
            return *test;
        }
        let test = self.tests.len();
        self.nodes[at].tests.push(test);
        self.absent.push(selector.allowed.contains(&Scalar::Null));
        self.tests.push(selector.allowed.clone());
        test
    }

    /// Reports the positions of the rules whose selectors all hold for `facts`.
    ///
    /// Facts that cannot be serialised select every rule: the evaluation then says why.
    pub(super) fn selected<F: Serialize + ?Sized>(&self, facts: &F, hits: &mut Vec<bool>, mut each: impl FnMut(usize)) {
        hits.clear();
        hits.extend_from_slice(&self.absent);
        let walked = self.tests.is_empty() || facts.serialize(Walk { probe: self, node: 0, hits }).is_ok();
        for (rule, tests) in self.rules.iter().enumerate() {
            if !walked || tests.iter().all(|test| hits[*test]) {
                each(rule);
            }
        }
    }
}

/// A serializer that stands at one node of the tree.
struct Walk<'p, 'h> {
    probe: &'p Probe,
    node: usize,
    hits: &'h mut Vec<bool>,
}

impl Walk<'_, '_> {
    #[allow(clippy::unnecessary_wraps, reason = "serializer methods return results")]
    fn scalar(self, seen: Seen<'_>) -> Result<(), Unserialisable> {
        for test in &self.probe.nodes[self.node].tests {
            self.hits[*test] = self.probe.tests[*test].iter().any(|allowed| allowed.is(seen));
        }
        Ok(())
    }

    /// A list or an object is none of the allowed scalars.
    fn compound(self) -> Fields<Self> {
        for test in &self.probe.nodes[self.node].tests {
            self.hits[*test] = false;
        }
        let left = self.probe.nodes[self.node].children.len();
        Fields { at: self, key: None, left }
    }
}

/// Fields of an object.
struct Fields<W> {
    at: W,
    /// The child that the next value of a map belongs to.
    key: Option<usize>,
    /// Children that were not met yet: without any, the rest of the object is passed over.
    left: usize,
}

impl Fields<Walk<'_, '_>> {
    fn child(&mut self, name: &str) -> Option<usize> {
        if self.left == 0 {
            return None;
        }
        let children = &self.at.probe.nodes.get(self.at.node)?.children;
        let (_, index) = children.iter().find(|(child, _)| child.as_ref() == name)?;
        self.left -= 1;
        Some(*index)
    }

    fn descend<T: Serialize + ?Sized>(&mut self, node: Option<usize>, value: &T) -> Result<(), Unserialisable> {
        match node {
            Some(node) => value.serialize(Walk { probe: self.at.probe, node, hits: self.at.hits }),
            None => Ok(()),
        }
    }
}

macro_rules! integers {
    ($($method:ident: $type:ty),*) => {
        $(fn $method(self, value: $type) -> Result<(), Unserialisable> {
            #[allow(clippy::cast_lossless, reason = "one body for all widths")]
            self.scalar(Seen::Integer(value as i128))
        })*
    };
}

impl Serializer for Walk<'_, '_> {
    type Ok = ();
    type Error = Unserialisable;
    type SerializeSeq = Nothing;
    type SerializeTuple = Nothing;
    type SerializeTupleStruct = Nothing;
    type SerializeTupleVariant = Nothing;
    type SerializeMap = Fields<Self>;
    type SerializeStruct = Fields<Self>;
    type SerializeStructVariant = Fields<Self>;

    integers!(serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64, serialize_i128: i128,
        serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64);

    fn serialize_u128(self, value: u128) -> Result<(), Unserialisable> {
        self.scalar(Seen::Integer(i128::try_from(value).unwrap_or(i128::MAX)))
    }

    fn serialize_bool(self, value: bool) -> Result<(), Unserialisable> {
        self.scalar(Seen::Bool(value))
    }

    fn serialize_f32(self, value: f32) -> Result<(), Unserialisable> {
        self.serialize_f64(value.into())
    }

    fn serialize_f64(self, value: f64) -> Result<(), Unserialisable> {
        self.scalar(if value.is_finite() { Seen::Float(value) } else { Seen::Null })
    }

    fn serialize_char(self, value: char) -> Result<(), Unserialisable> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Result<(), Unserialisable> {
        self.scalar(Seen::Text(value))
    }

    fn serialize_bytes(self, _value: &[u8]) -> Result<(), Unserialisable> {
        self.compound();
        Ok(())
    }

    fn serialize_none(self) -> Result<(), Unserialisable> {
        self.scalar(Seen::Null)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Unserialisable> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Unserialisable> {
        self.scalar(Seen::Null)
    }

    fn serialize_unit_struct(self, _name: &'static str) -> Result<(), Unserialisable> {
        self.scalar(Seen::Null)
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), Unserialisable> {
        self.scalar(Seen::Text(variant))
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<(), Unserialisable> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Unserialisable> {
        let mut fields = self.compound();
        let child = fields.child(variant);
        fields.descend(child, value)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Nothing, Unserialisable> {
        self.compound();
        Ok(Nothing)
    }

    fn serialize_tuple(self, _: usize) -> Result<Nothing, Unserialisable> {
        self.compound();
        Ok(Nothing)
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Nothing, Unserialisable> {
        self.compound();
        Ok(Nothing)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Nothing, Unserialisable> {
        self.compound();
        Ok(Nothing)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Fields<Self>, Unserialisable> {
        Ok(self.compound())
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Fields<Self>, Unserialisable> {
        Ok(self.compound())
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Fields<Self>, Unserialisable> {
        let mut fields = self.compound();
        match fields.child(variant) {
            Some(node) => {
                fields.left = fields.at.probe.nodes[node].children.len();
                fields.at.node = node;
            }
            None => fields.left = 0,
        }
        Ok(fields)
    }
}

impl ser::SerializeStruct for Fields<Walk<'_, '_>> {
    type Ok = ();
    type Error = Unserialisable;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Unserialisable> {
        let child = self.child(name);
        self.descend(child, value)
    }

    fn end(self) -> Result<(), Unserialisable> {
        Ok(())
    }
}

impl ser::SerializeStructVariant for Fields<Walk<'_, '_>> {
    type Ok = ();
    type Error = Unserialisable;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Unserialisable> {
        let child = self.child(name);
        self.descend(child, value)
    }

    fn end(self) -> Result<(), Unserialisable> {
        Ok(())
    }
}

impl ser::SerializeMap for Fields<Walk<'_, '_>> {
    type Ok = ();
    type Error = Unserialisable;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Unserialisable> {
        let mut found = None;
        key.serialize(super::value::Key(&mut |name: &str| found = self.child(name)))?;
        self.key = found;
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unserialisable> {
        let child = self.key.take();
        self.descend(child, value)
    }

    fn end(self) -> Result<(), Unserialisable> {
        Ok(())
    }
}

/// The elements of a list: selectors do not look into lists.
struct Nothing;

macro_rules! nothing {
    ($($trait:ident::$method:ident),*) => {
        $(impl ser::$trait for Nothing {
            type Ok = ();
            type Error = Unserialisable;

            fn $method<T: Serialize + ?Sized>(&mut self, _: &T) -> Result<(), Unserialisable> {
                Ok(())
            }

            fn end(self) -> Result<(), Unserialisable> {
                Ok(())
            }
        })*
    };
}

nothing!(
    SerializeSeq::serialize_element,
    SerializeTuple::serialize_element,
    SerializeTupleStruct::serialize_field,
    SerializeTupleVariant::serialize_field
);

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::collections::BTreeMap;

    use super::*;
    use crate::rule::fixture;

    fn selector(path: &str, allowed: &[Scalar]) -> Selector {
        Selector { path: path.into(), allowed: allowed.to_vec() }
    }

    fn text(value: &str) -> Scalar {
        Scalar::Text(value.into())
    }

    fn selected<F: Serialize>(rules: &[Vec<Selector>], facts: &F) -> Vec<usize> {
        let probe = Probe::new(rules.iter().map(Vec::as_slice));
        let mut found = Vec::new();
        probe.selected(facts, &mut Vec::new(), |rule| found.push(rule));
        found
    }

    #[test]
    fn a_rule_is_selected_when_all_its_selectors_hold() {
        let rules = [
            vec![],
            vec![selector("established", &[Scalar::Bool(true)])],
            vec![selector("established", &[Scalar::Bool(false)])],
            vec![selector("near.role", &[text("hub"), text("spoke")]), selector("count", &[Scalar::Integer(3)])],
            vec![selector("near.role", &[text("spoke")]), selector("count", &[Scalar::Integer(4)])],
            vec![selector("near.weight", &[Scalar::Float(1.5)]), selector("tags.env", &[text("prod")])],
            vec![selector("near.role", &[text("Spoke")])],
        ];
        assert_eq!(selected(&rules, &fixture::peering()), [0, 1, 3, 5]);
    }

    #[test]
    fn null_stands_for_null_and_for_absent_at_any_depth() {
        let null = [Scalar::Null];
        let rules = ["far.environment", "far", "tags.owner", "nowhere.at.all", "near.role", "near", "hops"]
            .map(|path| vec![selector(path, &null)]);
        assert_eq!(selected(&rules, &fixture::peering()), [0, 2, 3]);
        let lonely = fixture::Peering { far: None, ..fixture::peering() };
        assert_eq!(selected(&rules, &lonely), [0, 1, 2, 3]);
        let both = [vec![selector("far.environment", &[Scalar::Null, text("prod")])]];
        assert_eq!(selected(&both, &lonely), [0]);
    }

    #[test]
    fn whole_and_broken_numbers_meet() {
        let facts = BTreeMap::from([("a", 2.0)]);
        assert_eq!(selected(&[vec![selector("a", &[Scalar::Integer(2)])]], &facts), [0]);
        let facts = BTreeMap::from([("a", 2u8)]);
        assert_eq!(selected(&[vec![selector("a", &[Scalar::Float(2.0)])]], &facts), [0]);
        assert_eq!(selected(&[vec![selector("a", &[text("2")])]], &facts), [0; 0]);
    }

    #[test]
    fn enums_are_compared_as_json_has_them() {
        #[derive(Serialize)]
        #[serde(rename_all = "snake_case")]
        enum Far {
            NotVisible,
            Seen { role: String },
            Id(u8),
        }
        #[derive(Serialize)]
        struct Facts {
            far: Far,
        }
        let rules = [
            vec![selector("far", &[text("not_visible")])],
            vec![selector("far.seen.role", &[text("hub")])],
            vec![selector("far.id", &[Scalar::Integer(7)])],
            vec![selector("far.seen.role", &[Scalar::Null])],
        ];
        assert_eq!(selected(&rules, &Facts { far: Far::NotVisible }), [0, 3]);
        assert_eq!(selected(&rules, &Facts { far: Far::Seen { role: "hub".into() } }), [1]);
        assert_eq!(selected(&rules, &Facts { far: Far::Id(7) }), [2, 3]);
    }

    #[test]
    fn fields_that_nobody_asks_for_are_not_serialised() {
        struct Costly<'a>(&'a Cell<u32>);
        impl Serialize for Costly<'_> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                self.0.set(self.0.get() + 1);
                serializer.serialize_u32(1)
            }
        }
        #[derive(Serialize)]
        struct Facts<'a> {
            wanted: Costly<'a>,
            unwanted: Costly<'a>,
        }
        let (wanted, unwanted) = (Cell::new(0), Cell::new(0));
        let facts = Facts { wanted: Costly(&wanted), unwanted: Costly(&unwanted) };
        let rules = [vec![selector("wanted", &[Scalar::Integer(1)])], vec![selector("wanted", &[Scalar::Integer(1)])]];
        assert_eq!(selected(&rules, &facts), [0, 1]);
        assert_eq!((wanted.get(), unwanted.get()), (1, 0));
    }

    #[test]
    fn facts_that_cannot_be_serialised_select_everything() {
        struct Broken;
        impl Serialize for Broken {
            fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
                Err(ser::Error::custom("no"))
            }
        }
        assert_eq!(selected(&[vec![selector("a", &[text("x")])]], &Broken), [0]);
    }
}
