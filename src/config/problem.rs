//! What is wrong with a configuration file: every problem with its place, its excerpt and a way out.
//!
//! Knows text and spans, not what a key means. Values that look like secrets are masked in excerpts,
//! which end up in the logs of build servers.

use std::fmt;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::source::{Position, Source};

/// First and one-past-last byte.
pub(super) type Span = Range<usize>;

/// More are counted, not shown: nobody mends more at once.
const SHOWN: usize = 50;

/// What a key holds that belongs in no configuration file. Hyphens count as underscores.
const SECRET_WORDS: [&str; 12] = [
    "secret",
    "password",
    "passwd",
    "pwd",
    "passphrase",
    "certificate",
    "private_key",
    "privatekey",
    "api_key",
    "access_key",
    "token",
    "pfx",
];

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    span: Span,
    message: String,
    label: String,
    help: Option<String>,
    earlier: Option<(Span, &'static str)>,
}

impl Problem {
    pub(super) fn new(span: &Span, message: impl Into<String>) -> Self {
        Self { span: span.clone(), message: message.into(), label: String::new(), help: None, earlier: None }
    }

    /// What stands beside the underlined text.
    pub(super) fn label(self, label: impl Into<String>) -> Self {
        Self { label: label.into(), ..self }
    }

    /// What to do about it.
    pub(super) fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }

    /// The text before this one that it collides with.
    pub(super) fn earlier(self, span: &Span, label: &'static str) -> Self {
        Self { earlier: Some((span.clone(), label)), ..self }
    }

    fn render(&self, path: &str, text: &str) -> String {
        let (text, mark) = Source::without_mark(text);
        let clip = |span: &Span| clip_to_line(text, span.start.saturating_sub(mark)..span.end.saturating_sub(mark));
        let here = AnnotationKind::Primary.span(clip(&self.span)).label(printable(&self.label));
        let mut snippet = Snippet::source(text).path(path).annotation(here);
        if let Some((span, label)) = &self.earlier {
            snippet = snippet.annotation(AnnotationKind::Context.span(clip(span)).label(*label));
        }
        let title = Level::ERROR.primary_title(printable(&self.message));
        let help = self.help.iter().map(|help| Level::HELP.message(printable(help)));
        Renderer::plain().render(&[Group::with_title(title).element(snippet).elements(help)])
    }
}

/// The span up to the end of its first line, on boundaries of characters.
fn clip_to_line(text: &str, span: Span) -> Span {
    let boundary = |mut at: usize| {
        at = at.min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let start = boundary(span.start);
    let end = boundary(span.end).max(start);
    let line = text.get(start..end).and_then(|marked| marked.lines().next()).unwrap_or_default();
    start..start + line.len()
}

/// The text without what would steer a terminal or turn its direction; what goes is replaced by
/// characters of the same length, since spans are offsets.
fn printable(text: &str) -> String {
    let steers = |symbol: char| {
        (symbol.is_control() && !matches!(symbol, '\n' | '\r' | '\t'))
            || matches!(symbol, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|symbol| if steers(symbol) { strike(symbol) } else { symbol }).collect()
}

/// Problems as they are met.
#[derive(Debug, Default)]
pub(super) struct Problems {
    list: Vec<Problem>,
    secrets: Vec<Span>,
}

impl Problems {
    pub(super) fn push(&mut self, problem: Problem) {
        self.list.push(problem);
    }

    /// How many were met so far.
    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    /// Keeps a text out of every excerpt.
    pub(super) fn mask(&mut self, span: Span) {
        self.secrets.push(span);
    }

    /// Keeps what follows a secret's name on a line out of every excerpt: for text that is no TOML.
    pub(super) fn mask_lines(&mut self, text: &str) {
        let mut start = 0;
        for line in text.split_inclusive('\n') {
            if let Some(end_of_word) = secret_word(line) {
                self.mask(start + end_of_word..start + line.len());
            }
            start += line.len();
        }
    }

    /// The result of a stage: what it made, or all that is wrong.
    pub(super) fn into_result(mut self, source: &Source) -> Result<(), ConfigErrors> {
        if self.list.is_empty() {
            return Ok(());
        }
        self.list.sort_by_key(|problem| (problem.span.start, problem.span.end));
        let text = masked(source.text(), self.secrets);
        Err(ConfigErrors { file: Source::new(source.path(), &printable(&text)), problems: self.list })
    }
}

/// Whether a key's name says that its value is secret.
pub(super) fn looks_secret(key: &str) -> bool {
    secret_word(key).is_some()
}

/// Where the first secret's name in a text ends.
fn secret_word(text: &str) -> Option<usize> {
    let text = text.to_ascii_lowercase().replace('-', "_");
    SECRET_WORDS.iter().filter_map(|word| Some(text.find(word)? + word.len())).min()
}

/// The text with its secrets struck out. Each character gives way to one of the same length, so that
/// spans and columns stay true.
fn masked(text: &str, mut secrets: Vec<Span>) -> String {
    secrets.sort_by_key(|span| span.start);
    let mut masked = String::with_capacity(text.len());
    for span in secrets {
        let start = span.start.max(masked.len());
        masked.push_str(text.get(masked.len()..start).unwrap_or_default());
        masked.extend(text.get(start..span.end).unwrap_or_default().chars().map(strike));
    }
    masked.push_str(text.get(masked.len()..).unwrap_or_default());
    masked
}

fn strike(symbol: char) -> char {
    match (symbol, symbol.len_utf8()) {
        ('\n' | '\r', _) => symbol,
        (_, 1) => '*',
        (_, 2) => '\u{b7}',
        (_, 3) => '\u{2022}',
        _ => '\u{1d7ce}',
    }
}

/// Everything that is wrong with a configuration file, in its order. Displays itself as plain text
/// with an excerpt for each problem.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub struct ConfigErrors {
    /// The text with its secrets struck out.
    file: Source,
    problems: Vec<Problem>,
}

impl ConfigErrors {
    /// Place and message of each problem.
    pub fn places(&self) -> impl Iterator<Item = (Position, &str)> {
        self.problems.iter().map(|problem| (self.file.position(problem.span.start), problem.message.as_str()))
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().take(SHOWN).enumerate() {
            let gap = if index == 0 { "" } else { "\n\n" };
            write!(f, "{gap}{}", problem.render(self.file.path(), self.file.text()))?;
        }
        match self.problems.len().saturating_sub(SHOWN) {
            0 => Ok(()),
            more => write!(f, "\n\n{}: {more} more problems are not shown", self.file.path()),
        }
    }
}

/// The candidate that a misspelt word most likely means.
pub(super) fn closest<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let word = word.to_ascii_lowercase().replace('_', "-");
    let distance = |candidate: &str| strsim::osa_distance(&word, &candidate.to_ascii_lowercase().replace('_', "-"));
    // A third of the letters, as rustc has it.
    let tolerance = word.chars().count().max(3) / 3;
    let near = candidates.into_iter().map(|candidate| (distance(candidate), candidate));
    near.filter(|(distance, _)| *distance <= tolerance).min().map(|(_, candidate)| candidate)
}

/// `a`, `b` or `c`.
pub(super) fn alternatives<'c>(words: impl IntoIterator<Item = &'c str>) -> String {
    let words = words.into_iter().map(|word| format!("`{word}`")).collect::<Vec<_>>();
    match words.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        Some((only, _)) => only.clone(),
        None => "nothing".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_words_are_suggested_and_far_ones_are_not() {
        let keys = ["expires", "reason", "approved_by", "approved_on"];
        assert_eq!(closest("expire", keys), Some("expires"));
        assert_eq!(closest("approved-by", keys), Some("approved_by"));
        assert_eq!(closest("resaon", keys), Some("reason"));
        assert_eq!(closest("severity", keys), None);
        assert_eq!(closest("", keys), None);
    }

    #[test]
    fn a_masked_text_keeps_its_offsets_and_columns() {
        let text = "a = \"pä€😀\" # after";
        let end = text.find(" #").unwrap();
        let masked = masked(text, vec![6..end, 4..8]);
        assert_eq!(masked.len(), text.len());
        assert_eq!(masked.chars().count(), text.chars().count());
        assert!(masked.ends_with(" # after") && !masked.contains('p') && !masked.contains('ä'), "{masked}");
    }

    #[test]
    fn a_long_list_ends_with_a_count() {
        let mut problems = Problems::default();
        for _ in 0..SHOWN + 3 {
            problems.push(Problem::new(&(0..1), "wrong"));
        }
        let text = problems.into_result(&Source::new("c.toml", "x")).unwrap_err().to_string();
        assert!(text.ends_with("c.toml: 3 more problems are not shown"), "{text}");
        assert_eq!(text.matches("error: wrong").count(), SHOWN);
    }
}
