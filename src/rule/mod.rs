//! Policies: how they load, what they read, and what they say of a subject.
//!
//! A policy is a Rego package that yields `deny` entries, and may yield `undetermined` ones, for one
//! subject at a time. This module checks policies before they run, runs them in regorus' virtual machine
//! and guards what that machine hides. It knows nothing of Azure: subjects are any `Serialize` value, and
//! what kinds of them there are, with which fields, the caller says in a [`Vocabulary`].
//!
//! No other module names the engine.

mod compile;
mod data;
mod definedness;
mod engine;
mod error;
mod failure;
mod graph;
mod load;
mod metadata;
mod reads;
mod safety;
mod schema;
mod select;
mod syntax;
mod test;
mod value;
mod verdict;

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod soundness;

pub use data::DataError;
pub use engine::{EngineMode, Evaluator};
pub use error::{LoadError, LoadErrors};
pub use failure::{FailureKind, Judgement, PolicyFailure};
pub use load::{PolicySource, Rule, RuleSet, embedded};
pub use metadata::{Approval, Control, Metadata, Parameter, RelatedResource, Relation, Requirement};
pub use schema::{SubjectKind, Vocabulary};
pub use select::{Scalar, Selector};
pub use test::{Coverage, Outcome, TestReport, TestResult, run_tests};
pub use verdict::{Verdict, Verdicts};
