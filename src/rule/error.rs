//! What can be wrong with policies when they load, and how it reads.
//!
//! Every error has a place in a file, the line it stands on, and, where one is known, the next step.

use std::fmt;

/// One thing that keeps a policy from loading.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LoadError {
    /// The file, as messages show it.
    pub path: String,
    /// 1-based line.
    pub line: u32,
    /// 1-based column; a tab counts as four.
    pub column: u32,
    /// What is wrong: lower case, no full stop.
    pub message: String,
    /// What to do next.
    pub hint: Option<String>,
    /// The line of the file, with four spaces for a tab.
    pub excerpt: String,
}

impl LoadError {
    /// An error at a place of `text`, whose line becomes the excerpt.
    pub(super) fn at(path: &str, text: &str, (line, column): (u32, u32), message: impl Into<String>) -> Self {
        let index = usize::try_from(line).unwrap_or(usize::MAX).saturating_sub(1);
        Self {
            path: path.to_owned(),
            line,
            column,
            message: message.into(),
            hint: None,
            excerpt: text.lines().nth(index).unwrap_or_default().replace('\t', "    "),
        }
    }

    /// The same error with its next step.
    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}", self.path, self.line, self.column, self.message)?;
        if !self.excerpt.trim().is_empty() {
            let width = self.line.to_string().len();
            let column = usize::try_from(self.column).unwrap_or(1).saturating_sub(1);
            write!(f, "\n {} | {}\n {:width$} | {:column$}^", self.line, self.excerpt, "", "")?;
        }
        match &self.hint {
            Some(hint) => write!(f, "\n  hint: {hint}"),
            None => Ok(()),
        }
    }
}

/// All that is wrong with a set of policies, in the order of files and lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadErrors(pub Vec<LoadError>);

impl LoadErrors {
    /// Sorts the errors and drops those that say the same of the same place.
    pub(super) fn new(mut errors: Vec<LoadError>) -> Self {
        errors.sort();
        errors.dedup();
        Self(errors)
    }
}

impl fmt::Display for LoadErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{error}")?;
        }
        Ok(())
    }
}

impl std::error::Error for LoadErrors {}

/// The name among `known` that `name` most likely stands for.
pub(super) fn did_you_mean<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = name.chars().count() / 3 + 1;
    let close = |other: &str| {
        let distance = edit_distance(name, other);
        (distance <= allowed || (name.len() > 2 && other.contains(name))).then_some(distance)
    };
    known.into_iter().filter_map(|other| close(other).map(|distance| (distance, other))).min().map(|(_, other)| other)
}

/// Levenshtein's distance in characters.
fn edit_distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, l) in left.chars().enumerate() {
        let mut diagonal = i;
        let mut before = i + 1;
        for (cell, r) in row.iter_mut().skip(1).zip(&right) {
            let above = *cell;
            *cell = (diagonal + usize::from(l != *r)).min(above + 1).min(before + 1);
            diagonal = above;
            before = *cell;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_shows_its_line_and_a_caret_below_the_column() {
        let error =
            LoadError::at("a.rego", "package a\nx := nope(1)\n", (2, 6), "unknown function `nope`").hint("look");
        let expected = "a.rego:2:6: unknown function `nope`\n 2 | x := nope(1)\n   |      ^\n  hint: look";
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn a_typo_finds_the_name_that_was_meant_and_nonsense_finds_none() {
        let known = ["near", "far", "allow_forwarded_traffic"];
        assert_eq!(did_you_mean("nearr", known), Some("near"));
        assert_eq!(did_you_mean("allow_forwarded_trafic", known), Some("allow_forwarded_traffic"));
        assert_eq!(did_you_mean("zzzzzz", known), None);
        assert_eq!(edit_distance("kitten", "sitting"), 3);
        assert_eq!(edit_distance("", "abc"), 3);
        assert_eq!(edit_distance("abc", ""), 3);
    }
}
