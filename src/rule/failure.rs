//! What comes of judging: verdicts, or the reason why a policy has none.
//!
//! A failure belongs to a rule and is never a pass. Knows nothing of how a policy runs.

use std::fmt;

use super::verdict::Verdicts;
use crate::finding::RuleId;

/// What one rule says of one subject, where that is not a pass.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    /// The rule's position in [`RuleSet::rules`](super::RuleSet::rules).
    pub rule: usize,
    /// What it says, or why it could not say anything.
    pub result: Result<Verdicts, PolicyFailure>,
}

/// A policy that could not be evaluated on a subject. Never a pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyFailure {
    /// The rule.
    pub rule: RuleId,
    /// What happened.
    pub kind: FailureKind,
    /// The details.
    pub message: String,
    /// File, line and column in the policy, where they are known.
    pub place: Option<(String, u32, u32)>,
}

/// What can happen to a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// The policy's own error, such as a division by zero.
    Evaluation,
    /// It takes too many steps, or too long.
    Limit,
    /// Its result is no set of entries.
    Verdict,
    /// Its selector excludes a subject that the policy speaks of.
    Selector,
    /// The two evaluators differ.
    Disagreement,
    /// The policy reads more than was found in its text.
    Pruning,
    /// The facts cannot be handed over.
    Facts,
}

impl FailureKind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Evaluation => "fails",
            Self::Limit => "takes too long",
            Self::Verdict => "has a result that cannot be read",
            Self::Selector => "has a selector that excludes a subject it speaks of",
            Self::Disagreement => "says different things in the engine's two evaluators",
            Self::Pruning => "reads facts that were taken for unread",
            Self::Facts => "cannot be given its facts",
        }
    }
}

impl fmt::Display for PolicyFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rule `{}` {}: {}", self.rule, self.kind.as_str(), self.message)?;
        match &self.place {
            Some((path, line, column)) => write!(f, " (at {path}:{line}:{column})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for PolicyFailure {}
