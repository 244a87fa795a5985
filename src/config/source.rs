//! The text of a configuration file, and lines and columns in it.
//!
//! Knows no TOML.

/// A text and where it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    path: String,
    text: String,
    line_starts: Vec<usize>,
}

/// A place for people: 1-based, columns in Unicode code points.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

/// What some editors put before the first line; it has no column.
const BYTE_ORDER_MARK: char = '\u{feff}';

impl Source {
    pub(super) fn new(path: &str, text: &str) -> Self {
        let line_starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { path: path.to_owned(), text: text.to_owned(), line_starts }
    }

    /// The path, as messages name it.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The text, byte for byte as it was read: spans are offsets into it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Line and column of a byte offset; an offset past the end is the end.
    pub fn position(&self, offset: usize) -> Position {
        let line = self.line_starts.partition_point(|&start| start <= offset);
        let start = self.line_starts.get(line.saturating_sub(1)).copied().unwrap_or(0);
        let line_text = self.text.get(start..).unwrap_or_default();
        let column = line_text
            .char_indices()
            .take_while(|(at, _)| start + at < offset)
            .filter(|(_, symbol)| *symbol != BYTE_ORDER_MARK)
            .count();
        Position { line, column: column + 1 }
    }

    /// The text without its byte-order mark, and how many bytes that took.
    pub(super) fn without_mark(text: &str) -> (&str, usize) {
        let bare = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
        (bare, text.len() - bare.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(text: &str, offset: usize) -> (usize, usize) {
        let position = Source::new("f", text).position(offset);
        (position.line, position.column)
    }

    #[test]
    fn lines_and_columns_start_at_one() {
        assert_eq!(place("ab\ncd", 0), (1, 1));
        assert_eq!(place("ab\ncd", 3), (2, 1));
        assert_eq!(place("ab\r\ncd", 5), (2, 2));
        assert_eq!(place("", 0), (1, 1));
        assert_eq!(place("a", 99), (1, 2));
    }

    #[test]
    fn columns_count_code_points_and_no_byte_order_mark() {
        assert_eq!(place("größe = 1", "größe".len()), (1, 6));
        assert_eq!(place("\u{feff}a = 1", 3), (1, 1));
    }
}
