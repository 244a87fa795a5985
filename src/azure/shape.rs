//! Reads JSON objects that may be nested or flattened, complete or not, well typed or not.
//!
//! ARM nests what a resource is about under `properties`; the Azure command line lifts it to the top.
//! A [`shape!`] reads both into one struct: a `properties` object fills the struct that holds it.
//! A value of the wrong type never fails the resource: it is [`Given::Odd`], and the caller decides.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// A property as the JSON gives it. `null` counts as absent: ARM writes both.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum Given<T> {
    /// Not there, or `null`.
    #[default]
    Absent,
    /// There, and of the right type.
    Value(T),
    /// There, and of another type, which is named: `a string`.
    Odd(&'static str),
}

impl<T> Given<T> {
    /// The value, where there is one of the right type.
    pub(crate) fn value(&self) -> Option<&T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::Odd(_) => None,
        }
    }

    /// The value, where there is one of the right type.
    pub(crate) fn into_value(self) -> Option<T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::Odd(_) => None,
        }
    }
}

/// Text, borrowed from the input where it holds no escapes.
pub(super) type Text<'a> = Cow<'a, str>;

/// A list whose elements may be odd one by one.
pub(super) type List<T> = Vec<Given<T>>;

/// What a type accepts; everything else is odd.
pub(crate) trait Read<'de>: Sized {
    /// Reads a boolean.
    fn boolean(_: bool) -> Option<Self> {
        None
    }

    /// Reads a non-negative whole number.
    fn unsigned(_: u64) -> Option<Self> {
        None
    }

    /// Reads a string.
    fn text(_: Text<'de>) -> Option<Self> {
        None
    }

    /// Reads an array.
    fn list<A: SeqAccess<'de>>(mut seq: A) -> Result<Option<Self>, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    /// Reads an object.
    fn object<A: MapAccess<'de>>(mut map: A) -> Result<Option<Self>, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(None)
    }
}

impl Read<'_> for bool {
    fn boolean(value: bool) -> Option<Self> {
        Some(value)
    }
}

impl Read<'_> for u64 {
    fn unsigned(value: u64) -> Option<Self> {
        Some(value)
    }
}

impl<'de> Read<'de> for Text<'de> {
    fn text(value: Self) -> Option<Self> {
        Some(value)
    }
}

impl<'de, T: Read<'de>> Read<'de> for List<T> {
    fn list<A: SeqAccess<'de>>(mut seq: A) -> Result<Option<Self>, A::Error> {
        let mut items = Self::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Some(items))
    }
}

/// The elements of a page, each as its text in the input: where an element stands is where its text begins.
#[derive(Debug)]
pub(crate) struct Page<'a>(pub Vec<&'a RawValue>);

impl<'de> Read<'de> for Page<'de> {
    fn list<A: SeqAccess<'de>>(mut seq: A) -> Result<Option<Self>, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Some(Self(items)))
    }
}

/// String values by name, such as tags, in the order of the input.
#[derive(Debug, Default)]
pub(crate) struct Table<'a>(pub Vec<(Text<'a>, Given<Text<'a>>)>);

impl<'de> Read<'de> for Table<'de> {
    fn object<A: MapAccess<'de>>(mut map: A) -> Result<Option<Self>, A::Error> {
        let mut rows = Vec::new();
        while let Some(Key(key)) = map.next_key()? {
            rows.push((key, map.next_value()?));
        }
        Ok(Some(Self(rows)))
    }
}

impl<'de, T: Read<'de>> Deserialize<'de> for Given<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any<T>(PhantomData<T>);

        impl<'de, T: Read<'de>> Visitor<'de> for Any<T> {
            type Value = Given<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON value")
            }

            fn visit_bool<E>(self, value: bool) -> Result<Given<T>, E> {
                Ok(T::boolean(value).map_or(Given::Odd("a boolean"), Given::Value))
            }

            fn visit_u64<E>(self, value: u64) -> Result<Given<T>, E> {
                Ok(T::unsigned(value).map_or(Given::Odd("a number"), Given::Value))
            }

            fn visit_i64<E>(self, _: i64) -> Result<Given<T>, E> {
                Ok(Given::Odd("a negative number"))
            }

            fn visit_f64<E>(self, _: f64) -> Result<Given<T>, E> {
                Ok(Given::Odd("a fractional number"))
            }

            fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Given<T>, E> {
                Ok(T::text(Cow::Borrowed(value)).map_or(Given::Odd("a string"), Given::Value))
            }

            fn visit_str<E>(self, value: &str) -> Result<Given<T>, E> {
                Ok(T::text(Cow::Owned(value.to_owned())).map_or(Given::Odd("a string"), Given::Value))
            }

            fn visit_unit<E>(self) -> Result<Given<T>, E> {
                Ok(Given::Absent)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Given<T>, A::Error> {
                Ok(T::list(seq)?.map_or(Given::Odd("an array"), Given::Value))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Given<T>, A::Error> {
                Ok(T::object(map)?.map_or(Given::Odd("an object"), Given::Value))
            }
        }

        deserializer.deserialize_any(Any(PhantomData))
    }
}

/// An object's key, borrowed where possible.
pub(crate) struct Key<'a>(pub(crate) Text<'a>);

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;

        impl<'de> Visitor<'de> for KeyVisitor {
            type Value = Key<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }

            fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Borrowed(value)))
            }

            fn visit_str<E>(self, value: &str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Owned(value.to_owned())))
            }
        }

        deserializer.deserialize_str(KeyVisitor)
    }
}

/// An object whose properties may stand in it or in a `properties` object inside it.
pub(super) trait Shape<'de>: Default {
    /// Takes over the properties of an object; what is already there stays.
    fn fill<A: MapAccess<'de>>(&mut self, map: A) -> Result<(), A::Error>;
}

/// Fills a shape from the value of its `properties` key. Properties that are no object hold nothing; what they are
/// instead is the result.
pub(crate) struct Fill<'x, T>(pub(crate) &'x mut T);

impl<'de, T: Shape<'de>> serde::de::DeserializeSeed<'de> for Fill<'_, T> {
    type Value = Option<&'static str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, T: Shape<'de>> Visitor<'de> for Fill<'_, T> {
    type Value = Option<&'static str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of properties")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Some("a boolean"))
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(Some("a number"))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Some("a number"))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Some("a number"))
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(Some("a string"))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Some("an array"))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        self.0.fill(map)?;
        Ok(None)
    }
}

/// The error for a key that stands twice in one object: which of the two Azure meant is anyone's guess.
pub(crate) fn twice<E: serde::de::Error>(key: &str) -> E {
    E::custom(format_args!("the key `{key}` stands twice in one object"))
}

/// Declares an object's shape: each field with its type and the JSON names it goes by.
macro_rules! shape {
    ($(#[$meta:meta])* $name:ident<$lt:lifetime> { $($field:ident: $kind:ty = $first:literal $(| $more:literal)*;)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Default)]
        pub(crate) struct $name<$lt> {
            $(pub(crate) $field: $crate::azure::shape::Given<$kind>,)+
            /// What `properties` is, where it is no object.
            pub(crate) odd_properties: Option<&'static str>,
            pub(crate) lifetime: std::marker::PhantomData<&$lt ()>,
        }

        impl<$lt> $crate::azure::shape::Shape<$lt> for $name<$lt> {
            fn fill<A: serde::de::MapAccess<$lt>>(&mut self, mut map: A) -> Result<(), A::Error> {
                #[derive(Default)]
                struct Seen { $($field: bool,)+ properties: bool }
                let mut seen = Seen::default();
                while let Some($crate::azure::shape::Key(key)) = map.next_key()? {
                    match &*key {
                        $($first $(| $more)* => {
                            if std::mem::replace(&mut seen.$field, true) {
                                return Err($crate::azure::shape::twice(&key));
                            }
                            let value = map.next_value()?;
                            if matches!(self.$field, $crate::azure::shape::Given::Absent) {
                                self.$field = value;
                            }
                        })+
                        "properties" => {
                            if std::mem::replace(&mut seen.properties, true) {
                                return Err($crate::azure::shape::twice(&key));
                            }
                            let odd = map.next_value_seed($crate::azure::shape::Fill(self))?;
                            self.odd_properties = self.odd_properties.or(odd);
                        }
                        _ => { map.next_value::<serde::de::IgnoredAny>()?; }
                    }
                }
                Ok(())
            }
        }

        impl<$lt> $crate::azure::shape::Read<$lt> for $name<$lt> {
            fn object<A: serde::de::MapAccess<$lt>>(map: A) -> Result<Option<Self>, A::Error> {
                let mut it = Self::default();
                $crate::azure::shape::Shape::fill(&mut it, map)?;
                Ok(Some(it))
            }
        }
    };
}
pub(crate) use shape;
