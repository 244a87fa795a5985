//! The file as written: TOML tables whose keys are taken one by one, each value with its place.
//!
//! Reads the parser's tree instead of deserialising into structs: serde stops at the first problem,
//! and an author wants all of them. Knows TOML's types, not what a key means.

use std::str::FromStr as _;

use jiff::civil::Date;
use serde_json::Value as Json;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::pattern::Pattern;
use super::problem::{Problem, Problems, Span, alternatives, closest, looks_secret};

/// A table whose keys are taken one by one; [`Table::finish`] complains about the rest.
pub(super) struct Table<'t> {
    /// How messages call it, such as `[[approval]]`.
    title: String,
    /// Its header, or the braces and what they enclose.
    pub(super) span: Span,
    /// In the order of the file.
    entries: Vec<Value<'t>>,
    known: Vec<&'static str>,
}

/// A value and the key that it stands under; an element of an array stands under the array's key.
#[derive(Clone)]
pub(super) struct Value<'t> {
    pub(super) key: &'t str,
    pub(super) key_span: Span,
    pub(super) span: Span,
    node: &'t DeValue<'t>,
}

/// A string and its place.
#[derive(Clone)]
pub(super) struct Text<'t> {
    pub(super) text: &'t str,
    pub(super) span: Span,
}

impl<'t> Table<'t> {
    pub(super) fn new(title: impl Into<String>, span: Span, table: &'t DeTable<'t>) -> Self {
        let entry = |(key, value): (&'t Spanned<_>, &'t Spanned<DeValue<'t>>)| {
            let name: &'t std::borrow::Cow<'t, str> = key.get_ref();
            Value { key: name, key_span: key.span(), span: value.span(), node: value.get_ref() }
        };
        let mut entries = table.iter().map(entry).collect::<Vec<_>>();
        entries.sort_by_key(|entry| entry.key_span.start);
        Self { title: title.into(), span, entries, known: Vec::new() }
    }

    /// The value of a key that this table may have.
    pub(super) fn take(&mut self, key: &'static str) -> Option<Value<'t>> {
        self.known.push(key);
        let index = self.entries.iter().position(|entry| entry.key == key)?;
        Some(self.entries.remove(index))
    }

    /// The value of a key that this table must have; `form` shows how it is written.
    pub(super) fn require(&mut self, key: &'static str, form: &str, problems: &mut Problems) -> Option<Value<'t>> {
        let value = self.take(key);
        if value.is_none() {
            let message = format!("{} lacks `{key}`", self.title);
            problems.push(Problem::new(&self.span, message).label(format!("expected `{form}`")));
        }
        value
    }

    /// An optional text that is not blank.
    pub(super) fn text(&mut self, key: &'static str, problems: &mut Problems) -> Option<Text<'t>> {
        self.take(key)?.text(problems)
    }

    /// An optional pattern.
    pub(super) fn pattern(&mut self, key: &'static str, problems: &mut Problems) -> Option<Pattern> {
        self.take(key)?.pattern(problems)
    }

    /// An optional pattern over ARM ids, which end in no slash.
    pub(super) fn id_pattern(&mut self, key: &'static str, problems: &mut Problems) -> Option<Pattern> {
        self.take(key)?.id_pattern(problems)
    }

    /// The elements of an optional array.
    pub(super) fn array(&mut self, key: &'static str, expected: &str, problems: &mut Problems) -> Vec<Value<'t>> {
        self.take(key).and_then(|value| value.array(expected, problems)).unwrap_or_default()
    }

    /// Keeps what looks like a secret out of every excerpt, however deep it stands.
    pub(super) fn mask_secrets(&self, problems: &mut Problems) {
        for entry in &self.entries {
            if looks_secret(entry.key) {
                problems.mask(entry.span.clone());
            }
            entry.mask_secrets(problems);
        }
    }

    /// What was not taken, in the order of the file: for tables whose keys are the user's own names.
    pub(super) fn into_entries(self) -> Vec<Value<'t>> {
        self.entries
    }

    /// Complains about every key that nobody took.
    pub(super) fn finish(self, problems: &mut Problems) {
        for Value { key, key_span, .. } in self.entries {
            if looks_secret(key) {
                let message = format!("`{key}` looks like a secret, and {} takes none", self.title);
                let help =
                    "secrets come from the environment: remove the key, and replace the secret if others could read it";
                problems.push(Problem::new(&key_span, message).label("not allowed in this file").help(help));
                continue;
            }
            let help = match closest(key, self.known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("expected {}", alternatives(self.known.iter().copied())),
            };
            let message = format!("unknown key `{key}` in {}", self.title);
            problems.push(Problem::new(&key_span, message).label("unknown key").help(help));
        }
    }
}

impl<'t> Value<'t> {
    /// What TOML calls this type.
    fn kind(&self) -> &'static str {
        match self.node {
            DeValue::String(_) => "a string",
            DeValue::Integer(_) => "an integer",
            DeValue::Float(_) => "a float",
            DeValue::Boolean(_) => "a boolean",
            DeValue::Datetime(_) => "a date or time",
            DeValue::Array(_) => "an array",
            DeValue::Table(_) => "a table",
        }
    }

    /// Says that another type is expected here.
    fn mismatch(&self, expected: &str) -> Problem {
        let message = format!("`{}` is {}, expected {expected}", self.key, self.kind());
        Problem::new(&self.span, message).label(format!("expected {expected}"))
    }

    /// Says that the text here does not serve.
    pub(super) fn unfit(&self, why: &str) -> Problem {
        Problem::new(&self.span, format!("`{}` {why}", self.key))
    }

    /// A text that is not blank.
    pub(super) fn text(&self, problems: &mut Problems) -> Option<Text<'t>> {
        let DeValue::String(text) = self.node else {
            problems.push(self.mismatch("a string"));
            return None;
        };
        if text.trim().is_empty() {
            problems.push(self.unfit("is blank").label("expected a text"));
            return None;
        }
        Some(Text { text, span: self.span.clone() })
    }

    pub(super) fn pattern(&self, problems: &mut Problems) -> Option<Pattern> {
        let Text { text, .. } = self.text(problems)?;
        self.parsed(text, problems)
    }

    pub(super) fn id_pattern(&self, problems: &mut Problems) -> Option<Pattern> {
        let Text { text, .. } = self.text(problems)?;
        self.parsed(text.trim_end_matches('/'), problems)
    }

    fn parsed(&self, text: &str, problems: &mut Problems) -> Option<Pattern> {
        match Pattern::from_str(text) {
            Ok(pattern) => Some(pattern),
            Err(why) => {
                problems.push(self.unfit(&why.to_string()).label("no name or glob"));
                None
            }
        }
    }

    /// One word of several, each with what it means.
    pub(super) fn word<T: Clone>(&self, words: &[(&'static str, T)], problems: &mut Problems) -> Option<T> {
        let Text { text, .. } = self.text(problems)?;
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, meaning)| meaning.clone());
        if found.is_none() {
            let expected = alternatives(words.iter().map(|(word, _)| *word));
            let problem = self.unfit(&format!("has the unknown value `{text}`")).label(format!("expected {expected}"));
            let near = closest(text, words.iter().map(|(word, _)| *word));
            problems.push(match near {
                Some(near) => problem.help(format!("did you mean `{near}`?")),
                None => problem,
            });
        }
        found
    }

    pub(super) fn boolean(&self, problems: &mut Problems) -> Option<bool> {
        let DeValue::Boolean(value) = self.node else {
            problems.push(self.mismatch("`true` or `false`"));
            return None;
        };
        Some(*value)
    }

    /// A day: TOML's local date, and nothing that looks like one.
    pub(super) fn date(&self, problems: &mut Problems) -> Option<Date> {
        let form = format!("write the day alone, without quotes: {} = 2026-12-31", self.key);
        let DeValue::Datetime(written) = self.node else {
            problems.push(self.mismatch("a date").help(form));
            return None;
        };
        let (Some(day), None, None) = (written.date, written.time, written.offset) else {
            problems.push(self.unfit("has a time of day, expected a date").label("expected a date").help(form));
            return None;
        };
        let parts = (i16::try_from(day.year), i8::try_from(day.month), i8::try_from(day.day));
        let date = match parts {
            (Ok(year), Ok(month), Ok(day)) => Date::new(year, month, day).ok(),
            _ => None,
        };
        if date.is_none() {
            problems.push(self.unfit("is no day of the calendar").label("no such day"));
        }
        date
    }

    /// The elements of an array.
    pub(super) fn array(&self, expected: &str, problems: &mut Problems) -> Option<Vec<Self>> {
        let DeValue::Array(elements) = self.node else {
            problems.push(self.mismatch(expected));
            return None;
        };
        let element =
            |value: &'t Spanned<DeValue<'t>>| Value { span: value.span(), node: value.get_ref(), ..self.clone() };
        Some(elements.iter().map(element).collect())
    }

    pub(super) fn table(&self, title: impl Into<String>, problems: &mut Problems) -> Option<Table<'t>> {
        let title = title.into();
        let DeValue::Table(table) = self.node else {
            problems.push(self.mismatch("a table").label(format!("expected {title}")));
            return None;
        };
        Some(Table::new(title, self.span.clone(), table))
    }

    /// The tables that `[[title]]` headers make.
    pub(super) fn tables(&self, title: &str, problems: &mut Problems) -> Vec<Table<'t>> {
        let expected = format!("an array of tables, each under its own `{title}`");
        let elements = self.array(&expected, problems).unwrap_or_default();
        elements.iter().filter_map(|element| element.table(format!("`{title}`"), problems)).collect()
    }

    /// The value as JSON, which has neither dates nor infinite numbers.
    pub(super) fn json(&self, problems: &mut Problems) -> Option<Json> {
        match self.node {
            DeValue::String(text) => Some(Json::from(text.as_ref())),
            DeValue::Boolean(value) => Some(Json::from(*value)),
            DeValue::Integer(written) => {
                let number = i64::from_str_radix(written.as_str(), written.radix()).ok();
                self.number(number.map(Json::from), problems)
            }
            DeValue::Float(written) => {
                let number = written.as_str().parse::<f64>().ok().and_then(serde_json::Number::from_f64);
                self.number(number.map(Json::Number), problems)
            }
            DeValue::Datetime(_) => {
                problems.push(self.mismatch("a string, number, boolean, array or table").help("write it in quotes"));
                None
            }
            DeValue::Array(_) => {
                // Every element is looked at, for all of their problems.
                let elements = self.array("an array", problems)?;
                let elements = elements.iter().map(|element| element.json(problems)).collect::<Vec<_>>();
                elements.into_iter().collect::<Option<Vec<_>>>().map(Json::Array)
            }
            DeValue::Table(_) => {
                let entries = self.table("a table", problems)?.into_entries();
                let entries = entries.iter().map(|entry| Some((entry.key.to_owned(), entry.json(problems)?)));
                let entries = entries.collect::<Vec<_>>();
                entries.into_iter().collect::<Option<serde_json::Map<_, _>>>().map(Json::Object)
            }
        }
    }

    fn mask_secrets(&self, problems: &mut Problems) {
        match self.node {
            DeValue::Table(table) => Table::new("", self.span.clone(), table).mask_secrets(problems),
            DeValue::Array(elements) => {
                for value in elements {
                    Self { span: value.span(), node: value.get_ref(), ..self.clone() }.mask_secrets(problems);
                }
            }
            _ => {}
        }
    }

    fn number(&self, number: Option<Json>, problems: &mut Problems) -> Option<Json> {
        if number.is_none() {
            problems.push(self.unfit("is out of range").label("expected a finite number of 64 bits"));
        }
        number
    }
}

/// Complains about an id that was seen before, letter case apart.
pub(super) fn refuse_repetition<'t>(id: &Text<'t>, seen: &mut Vec<Text<'t>>, things: &str, problems: &mut Problems) {
    match seen.iter().find(|earlier| earlier.text.eq_ignore_ascii_case(id.text)) {
        Some(earlier) => {
            let problem = Problem::new(&id.span, format!("two {things} have the id `{}`", id.text));
            problems.push(problem.label("used again here").earlier(&earlier.span, "used here"));
        }
        None => seen.push(id.clone()),
    }
}
