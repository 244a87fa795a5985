//! From a symbolic place to a line and a column in the input file as it is.
//!
//! Reads a file again only when a finding points into it, and only then counts lines.

use std::collections::BTreeMap;
use std::fmt;

use rayon::prelude::*;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::finding::{Anchor, FileId, Location};
use crate::input::Sources;

/// How many characters of a line an excerpt shows.
const EXCERPT: usize = 120;

/// Line and column of a byte, 1-based; columns count Unicode code points.
pub fn line_column(text: &[u8], offset: u64) -> (u64, u64) {
    let end = usize::try_from(offset).unwrap_or(usize::MAX).min(text.len());
    let before = &text[..end];
    let line = before.split(|byte| *byte == b'\n').count() as u64;
    let start = before.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
    (line, 1 + characters(&before[start..]))
}

/// Code points of UTF-8 text.
fn characters(text: &[u8]) -> u64 {
    text.iter().filter(|byte| (**byte & 0xc0) != 0x80).count() as u64
}

/// The locations of anchors, file by file.
///
/// An anchor whose file cannot be read again, or has changed since, has no location.
pub fn locate(sources: &Sources, anchors: &[Anchor]) -> BTreeMap<Anchor, Location> {
    let mut by_file: BTreeMap<FileId, Vec<&Anchor>> = BTreeMap::new();
    for anchor in anchors {
        let (Anchor::Json { file, .. } | Anchor::Text { file, .. }) = anchor;
        by_file.entry(*file).or_default().push(anchor);
    }
    let files = by_file.into_par_iter().map(|(file, mut anchors)| {
        anchors.sort_unstable();
        anchors.dedup();
        let Ok(text) = sources.text(file) else { return Vec::new() };
        in_file(file, &text, &anchors)
    });
    files.flatten_iter().collect()
}

fn in_file(file: FileId, text: &[u8], anchors: &[&Anchor]) -> Vec<(Anchor, Location)> {
    let mut spans = anchors
        .iter()
        .filter_map(|&anchor| {
            let (start, end) = match anchor {
                Anchor::Json { offset, pointer, .. } => {
                    let offset = usize::try_from(*offset).ok()?;
                    let (start, end) = span(text.get(offset..)?, pointer)?;
                    (offset + start, offset + end)
                }
                Anchor::Text { span: (start, end), .. } => (usize::try_from(*start).ok()?, usize::try_from(*end).ok()?),
            };
            (start <= end && end <= text.len()).then_some((start, end, anchor))
        })
        .collect::<Vec<_>>();
    spans.sort_unstable();
    // One walk over the text counts the lines of all places.
    let mut line = 1;
    let mut line_start = 0;
    let mut at = 0;
    let mut located = Vec::with_capacity(spans.len());
    for (start, end, anchor) in spans {
        for (position, byte) in text[at..start].iter().enumerate() {
            if *byte == b'\n' {
                line += 1;
                line_start = at + position + 1;
            }
        }
        at = start;
        located.push((anchor.clone(), location(file, text, (start, end), line, line_start)));
    }
    located
}

fn location(file: FileId, text: &[u8], (start, end): (usize, usize), line: u64, line_start: usize) -> Location {
    // One line, so that code review shows it: a value that goes on is cut at the line's end.
    let end = text[start..end].iter().position(|b| matches!(b, b'\n' | b'\r')).map_or(end, |at| start + at);
    let start_column = 1 + characters(&text[line_start..start]);
    let snippet = String::from_utf8_lossy(&text[start..end]);
    let length = snippet.chars().count();
    let line_end = text[start..].iter().position(|b| matches!(b, b'\n' | b'\r')).map_or(text.len(), |at| start + at);
    // Long lines are shown around the place; a few bytes too many are cut by characters below.
    let from = line_start.max(start.saturating_sub(EXCERPT));
    let before = String::from_utf8_lossy(&text[from..start]);
    let shown_before = if from > line_start { 20 } else { EXCERPT };
    let skip = before.chars().count().saturating_sub(shown_before);
    let before = before.chars().skip(skip).collect::<String>();
    let cut = skip > 0 || from > line_start;
    let before = if cut { format!("…{before}") } else { before };
    let rest = String::from_utf8_lossy(&text[start..line_end.min(start + 4 * EXCERPT)])
        .chars()
        .take(EXCERPT)
        .collect::<String>();
    Location {
        file,
        start_line: line,
        start_column,
        end_line: line,
        end_column: start_column + length as u64,
        snippet: snippet.into_owned(),
        line_text_column: before.chars().count(),
        line_text: before + &rest,
    }
}

/// The bytes that stand for a pointer's target, counted from the resource's first byte: the property with its
/// name for a scalar; for an object its `name`, so that the place is one line; the nearest enclosing object
/// where the target does not exist.
fn span(resource: &[u8], pointer: &str) -> Option<(usize, usize)> {
    let mut stream = serde_json::Deserializer::from_slice(resource).into_iter::<&RawValue>();
    let mut here = stream.next()?.ok()?.get();
    let offset = |text: &str| text.as_ptr().addr() - resource.as_ptr().addr();
    let name = |text| child(text, "name").or_else(|| child(text, "id")).filter(|name| !name.starts_with(['{', '[']));
    let mut scalar = None;
    let mut nearest_name = name(here);
    for step in pointer.split('/').skip(1) {
        let step = step.replace("~1", "/").replace("~0", "~");
        match child(here, &step) {
            Some(inner) if inner.starts_with(['{', '[']) => {
                here = inner;
                nearest_name = name(here).or(nearest_name);
            }
            Some(inner) => {
                scalar = Some(inner);
                break;
            }
            // The command line's shape has no `properties`.
            None if step == "properties" => {}
            None => break,
        }
    }
    if scalar.is_none() && here.starts_with('{') {
        scalar = nearest_name;
    }
    let target = scalar.unwrap_or(here);
    let start = offset(target);
    let end = if scalar.is_some() { start + target.len() } else { start + 1 };
    Some((key_start(resource, start).unwrap_or(start), end))
}

/// Where the key of the value at `value` begins; none for an array's element.
fn key_start(text: &[u8], value: usize) -> Option<usize> {
    let before = text[..value].trim_ascii_end();
    let before = before.strip_suffix(b":")?.trim_ascii_end().strip_suffix(b"\"")?;
    // Keys of ARM hold no quotes; a key with an escaped one is shown from that quote on.
    before.iter().rposition(|b| *b == b'"')
}

/// The text of a member or an element.
fn child<'a>(text: &'a str, step: &str) -> Option<&'a str> {
    struct Child<'s>(&'s str);

    impl<'de> DeserializeSeed<'de> for Child<'_> {
        type Value = Option<&'de RawValue>;

        fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
            deserializer.deserialize_any(self)
        }
    }

    impl<'de> Visitor<'de> for Child<'_> {
        type Value = Option<&'de RawValue>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object or an array")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut found = None;
            while let Some(key) = map.next_key::<std::borrow::Cow<'de, str>>()? {
                if found.is_none() && key.eq_ignore_ascii_case(self.0) {
                    found = Some(map.next_value()?);
                } else {
                    map.next_value::<IgnoredAny>()?;
                }
            }
            Ok(found)
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
            let wanted = self.0.parse::<usize>().ok();
            let mut found = None;
            let mut index = 0;
            while let Some(item) = seq.next_element::<&'de RawValue>()? {
                if Some(index) == wanted {
                    found = Some(item);
                }
                index += 1;
            }
            Ok(found)
        }
    }

    let mut deserializer = serde_json::Deserializer::from_str(text);
    Child(step).deserialize(&mut deserializer).ok().flatten().map(RawValue::get)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str, pointer: &str) -> String {
        let (start, end) = span(text.as_bytes(), pointer).unwrap();
        text[start..end].to_owned()
    }

    #[test]
    fn a_property_is_found_with_its_name_in_both_shapes() {
        let nested = r#"{"name": "v", "properties": {"peerings": [{"name": "a"}, {"name": "p", "properties": {"flag" : true}}]}}"#;
        let flat = r#"{"name": "v", "peerings": [{"name": "a"}, {"name": "p", "flag" : true}]}"#;
        for text in [nested, flat] {
            assert_eq!(found(text, "/properties/peerings/1/properties/flag"), "\"flag\" : true");
            assert_eq!(found(text, "/properties/peerings/1"), "\"name\": \"p\"");
            assert_eq!(found(text, "/properties/peerings/1/properties/missing"), "\"name\": \"p\"");
            assert_eq!(found(text, "/properties/peerings"), "\"peerings\": [");
            assert_eq!(found(text, ""), "\"name\": \"v\"");
        }
    }

    #[test]
    fn columns_count_characters() {
        assert_eq!(line_column("ab\ncé,x".as_bytes(), 7), (2, 4));
        assert_eq!(line_column(b"", 9), (1, 1));
    }

    #[test]
    fn a_long_line_is_shown_around_its_place() {
        let text = format!("{{\"id\": \"{}\", \"flag\": true}}", "é".repeat(400));
        let (start, end) = span(text.as_bytes(), "/flag").unwrap();
        let at = location(FileId(0), text.as_bytes(), (start, end), 1, 0);
        assert_eq!(at.snippet, "\"flag\": true");
        assert_eq!(at.line_text.chars().skip(at.line_text_column).take(12).collect::<String>(), "\"flag\": true");
        assert_eq!(at.start_column, 1 + text[..start].chars().count() as u64);
    }
}
