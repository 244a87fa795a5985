//! Writes JSON as `serde_json` prints it prettily: two spaces, empty containers closed.
//!
//! Hand-written because an estate of 100,000 virtual networks is gigabytes of it, and a debug build has to
//! write thousands within seconds. Knows nothing of Azure.

use std::fmt::{Display, Write as _};

/// A document that grows at its end.
#[derive(Default)]
pub(crate) struct Json {
    text: String,
    depth: usize,
    /// Whether the container that is open has an entry.
    filled: bool,
}

impl Json {
    /// One array of objects, with its final newline.
    pub(crate) fn document<T>(items: impl IntoIterator<Item = T>, each: impl FnMut(&mut Self, T)) -> String {
        let mut json = Self::default();
        json.array(items, each);
        json.text.push('\n');
        json.text
    }

    /// One object, with its final newline.
    pub(crate) fn object_document(fill: impl FnOnce(&mut Self)) -> String {
        let mut json = Self::default();
        json.container(['{', '}'], fill);
        json.text.push('\n');
        json.text
    }

    /// A member whose text needs no escape.
    pub(crate) fn text(&mut self, key: &str, value: impl Display) {
        self.key(key);
        self.quoted(value);
    }

    /// A member whose value prints as JSON does: a number or a boolean.
    pub(crate) fn bare(&mut self, key: &str, value: impl Display) {
        self.key(key);
        self.write(value);
    }

    /// An entity tag as ARM writes it: `W/"guid"`.
    pub(crate) fn etag(&mut self, guid: &str) {
        self.key("etag");
        self.write(format_args!(r#""W/\"{guid}\"""#));
    }

    /// A member that holds a reference to another resource: `{"id": ...}`.
    pub(crate) fn reference(&mut self, key: &str, id: impl Display) {
        self.object(key, |json| json.text("id", id));
    }

    pub(crate) fn object(&mut self, key: &str, fill: impl FnOnce(&mut Self)) {
        self.key(key);
        self.container(['{', '}'], fill);
    }

    /// A member that holds an array of objects.
    pub(crate) fn objects<T>(&mut self, key: &str, items: impl IntoIterator<Item = T>, each: impl FnMut(&mut Self, T)) {
        self.key(key);
        self.array(items, each);
    }

    /// A member that holds an array of texts.
    pub(crate) fn texts<T: Display>(&mut self, key: &str, values: impl IntoIterator<Item = T>) {
        self.key(key);
        self.container(['[', ']'], |json| {
            for value in values {
                json.entry();
                json.quoted(value);
            }
        });
    }

    fn array<T>(&mut self, items: impl IntoIterator<Item = T>, mut each: impl FnMut(&mut Self, T)) {
        self.container(['[', ']'], |json| {
            for item in items {
                json.entry();
                json.container(['{', '}'], |json| each(json, item));
            }
        });
    }

    fn container(&mut self, [open, close]: [char; 2], fill: impl FnOnce(&mut Self)) {
        self.text.push(open);
        self.depth += 1;
        self.filled = false;
        fill(self);
        self.depth -= 1;
        if self.filled {
            self.line();
        }
        self.text.push(close);
        self.filled = true;
    }

    fn key(&mut self, key: &str) {
        self.entry();
        self.text.push('"');
        self.text.push_str(key);
        self.text.push_str("\": ");
    }

    fn entry(&mut self) {
        if self.filled {
            self.text.push(',');
        }
        self.filled = true;
        self.line();
    }

    fn line(&mut self) {
        const INDENT: &str = "\n                                        ";
        self.text.push_str(&INDENT[..=2 * self.depth]);
    }

    fn quoted(&mut self, value: impl Display) {
        self.text.push('"');
        let start = self.text.len();
        self.write(value);
        debug_assert!(!self.text.as_bytes()[start..].contains(&b'"'), "needs an escape: {}", &self.text[start..]);
        self.text.push('"');
    }

    fn write(&mut self, value: impl Display) {
        write!(self.text, "{value}").expect("a String takes everything");
    }
}
