//! Text for people: names from Azure made safe to print, numbers, lists and line breaks.
//!
//! Knows no report and no format; every format that a person reads passes foreign text through here.

use std::borrow::Cow;
use std::fmt::Write as _;

/// The text with nothing in it that a terminal would obey or that would hide what it says.
///
/// Line breaks and tabs become a space; every other control character (escape sequences start with one), and the
/// invisible characters that change the direction of text (<https://trojansource.codes/>), become `\u{...}`.
pub(crate) fn printable(text: &str) -> Cow<'_, str> {
    if text.chars().all(is_printable) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '\n' | '\r' | '\t' => safe.push(' '),
            c if is_printable(c) => safe.push(c),
            c => safe.extend(c.escape_unicode()),
        }
    }
    Cow::Owned(safe)
}

fn is_printable(c: char) -> bool {
    let steers = matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    !c.is_control() && !steers
}

/// A number as people read it: `12,345`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.char_indices() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 file`, `12,345 files`: the noun must take an `s`.
pub(crate) fn counted(number: u64, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", grouped(number))
}

/// A length as a count for people.
pub(crate) fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

/// Breaks a text at spaces into lines of at most `width` characters; a longer word has its own line.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut length = 0;
    for word in text.split_whitespace() {
        let word_length = word.chars().count();
        if length > 0 && length + 1 + word_length > width {
            lines.push(std::mem::take(&mut line));
            length = 0;
        }
        if length > 0 {
            line.push(' ');
            length += 1;
        }
        line.push_str(word);
        length += word_length;
    }
    lines.push(line);
    lines
}

/// `12 virtualNetworks, 3 routeTables`: counts by name, most first.
pub(crate) fn census<'a>(counts: impl IntoIterator<Item = (&'a String, &'a u64)>) -> String {
    let mut counts = counts.into_iter().collect::<Vec<_>>();
    counts.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
    let mut text = String::new();
    for (name, number) in counts {
        let comma = if text.is_empty() { "" } else { ", " };
        let _infallible = write!(text, "{comma}{} {}", grouped(*number), printable(name));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_and_direction_marks_are_spelled_out() {
        assert_eq!(printable("vnet-\u{1b}[31mred\u{9b}2J"), "vnet-\\u{1b}[31mred\\u{9b}2J");
        assert_eq!(printable("a\u{202e}b\u{7f}"), "a\\u{202e}b\\u{7f}");
        assert_eq!(printable("two\nlines\tand tab"), "two lines and tab");
        assert!(matches!(printable("größe-日本"), Cow::Borrowed("größe-日本")));
    }

    #[test]
    fn numbers_have_groups_of_three() {
        assert_eq!([0, 999, 1000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!(counted(1, "file"), "1 file");
    }

    #[test]
    fn lines_break_at_spaces_only() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("a incomprehensibilities b", 5), ["a", "incomprehensibilities", "b"]);
        assert_eq!(wrap("", 5), [""]);
    }
}
