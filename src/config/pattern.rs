//! Names and globs that match without regard to letter case.
//!
//! Knows two wildcards: `*` for any run of characters, `/` included, and `?` for exactly one. Brackets
//! and braces, which other globs read as alternatives, are refused: a list that silently matched
//! nothing would pass what it was meant to catch. `?` stands for a literal one. A backslash is itself.

use std::fmt;
use std::str::{Chars, FromStr};

/// A name, or a glob over names.
///
/// One matcher for plain texts and globs, rather than globs as regular expressions: it counts
/// characters instead of bytes (`?` matches `ü`, `Ü` equals `ü`), and it needs no allocation.
#[derive(Clone, PartialEq, Eq)]
pub struct Pattern {
    text: String,
    folded: Vec<char>,
    shape: Shape,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Plain,
    Any,
    Glob,
}

/// A text that is no pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPattern {
    /// It would match nothing.
    #[error("is empty, which matches nothing: `*` matches everything")]
    Empty,
    /// No id or name has it.
    #[error("starts or ends with white space, which no name does")]
    OuterSpace,
    /// It looks like a set of alternatives.
    #[error(
        "holds `{0}`: the wildcards are `*` and `?` alone; write one pattern for each alternative, or `?` for a literal `{0}`"
    )]
    Bracket(char),
}

impl Pattern {
    /// The pattern as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it holds a wildcard: a glob says that it means many.
    pub fn is_glob(&self) -> bool {
        self.shape != Shape::Plain
    }

    /// Whether the whole text matches.
    pub fn matches(&self, text: &str) -> bool {
        match self.shape {
            Shape::Any => true,
            Shape::Plain if self.text.is_ascii() => self.text.eq_ignore_ascii_case(text),
            Shape::Plain => self.folded.iter().copied().eq(text.chars().map(fold)),
            Shape::Glob => matches_glob(&self.folded, text),
        }
    }

    /// Every name there is.
    pub(super) fn any() -> Self {
        Self { text: "*".to_owned(), folded: vec!['*'], shape: Shape::Any }
    }
}

impl FromStr for Pattern {
    type Err = InvalidPattern;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.trim().is_empty() {
            return Err(InvalidPattern::Empty);
        }
        if text.trim() != text {
            return Err(InvalidPattern::OuterSpace);
        }
        if let Some(bracket) = text.chars().find(|symbol| "[]{}".contains(*symbol)) {
            return Err(InvalidPattern::Bracket(bracket));
        }
        let shape = match text {
            _ if text.bytes().all(|byte| byte == b'*') => Shape::Any,
            _ if text.contains(['*', '?']) => Shape::Glob,
            _ => Shape::Plain,
        };
        Ok(Self { text: text.to_owned(), folded: text.chars().map(fold).collect(), shape })
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, f)
    }
}

/// One character for each, so that `?` keeps its meaning: the few letters whose lower case is longer
/// stay as they are.
fn fold(symbol: char) -> char {
    if symbol.is_ascii() {
        return symbol.to_ascii_lowercase();
    }
    let mut lower = symbol.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(only), None) => only,
        _ => symbol,
    }
}

/// Matches greedily; on a mismatch the latest `*` takes one character more. Giving an earlier `*` more
/// can never help, so nothing else is tried.
fn matches_glob(pattern: &[char], text: &str) -> bool {
    let mut rest = text.chars();
    let mut at = 0;
    let mut latest_star: Option<(usize, Chars<'_>)> = None;
    loop {
        let here = rest.clone();
        let symbol = rest.next();
        match (pattern.get(at), symbol) {
            (Some('*'), _) if at + 1 == pattern.len() => return true,
            (Some('*'), _) => {
                at += 1;
                rest = here.clone();
                latest_star = Some((at, here));
                continue;
            }
            (None, None) => return true,
            // What is left of the pattern needs a character: a `*` that took more would leave fewer.
            (Some(_), None) => return false,
            (Some(&wanted), Some(symbol)) if wanted == '?' || wanted == fold(symbol) => {
                at += 1;
                continue;
            }
            _ => {}
        }
        let Some((after_star, from)) = &mut latest_star else { return false };
        from.next();
        rest = from.clone();
        at = *after_star;
    }
}

#[cfg(test)]
mod tests {
    use globset::GlobBuilder;
    use proptest::prelude::*;

    use super::*;

    fn matches(pattern: &str, text: &str) -> bool {
        pattern.parse::<Pattern>().unwrap().matches(text)
    }

    #[test]
    fn plain_texts_match_whole_and_in_any_case() {
        assert!(matches("vnet-Hub", "VNET-hub"));
        assert!(matches("Größe", "GRÖSSE".replace("SS", "ß").as_str()));
        assert!(!matches("vnet-hub", "vnet-hub-2"));
        assert!(!"vnet-hub".parse::<Pattern>().unwrap().is_glob());
    }

    #[test]
    fn a_star_crosses_slashes() {
        assert!(matches("/subscriptions/*/vnet-hub", "/subscriptions/S/resourceGroups/rg/VNET-HUB"));
        assert!(matches("*", ""));
        assert!(matches("**", "a/b"));
        assert!(matches("*-hub-*", "vnet-hub-weu"));
        assert!(!matches("*-hub-*", "vnet-hub"));
        assert!(matches("*spoke", "spoke-spoke"));
    }

    #[test]
    fn a_question_mark_is_one_character_of_any_alphabet() {
        assert!(matches("b?ro", "büro"));
        assert!(matches("B?RO*", "büro-1"));
        assert!(!matches("vnet?", "vnet"));
        assert!(!matches("vnet?", "vnet12"));
    }

    #[test]
    fn a_backslash_is_itself() {
        assert!(matches("a\\*", "a\\b"));
        assert!(!matches("a\\*", "a*"));
    }

    #[test]
    fn what_would_match_nothing_is_refused() {
        assert_eq!("".parse::<Pattern>(), Err(InvalidPattern::Empty));
        assert_eq!(" \t".parse::<Pattern>(), Err(InvalidPattern::Empty));
        assert_eq!("a ".parse::<Pattern>(), Err(InvalidPattern::OuterSpace));
        assert_eq!("vnet-{a,b}".parse::<Pattern>(), Err(InvalidPattern::Bracket('{')));
        assert_eq!("vnet-[ab]".parse::<Pattern>(), Err(InvalidPattern::Bracket('[')));
    }

    #[test]
    fn many_stars_do_not_explode() {
        let text = "a".repeat(2_000);
        assert!(!matches(&format!("{}b", "a*".repeat(200)), &text));
    }

    proptest! {
        #[test]
        fn globs_agree_with_globset_on_ascii(pattern in "[abAB/?*-]{1,8}", text in "[abAB/-]{0,10}") {
            // In globset two stars beside slashes mean whole path components; here they are one star.
            prop_assume!(!pattern.contains("**"));
            let oracle = GlobBuilder::new(&pattern).case_insensitive(true).literal_separator(false).build().unwrap();
            prop_assert_eq!(matches(&pattern, &text), oracle.compile_matcher().is_match(&text));
        }
    }
}
