//! Subject `approval`: one approval of the configuration, after everything else was judged.

use schemars::JsonSchema;
use serde::Serialize;

/// An approval: the subject `approval`.
#[derive(Serialize, JsonSchema)]
pub struct ApprovalSubject<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its rule, an id or a glob, as written.
    pub rule: &'a str,
    /// Its `local`, as written.
    pub local: &'a str,
    /// Its `remote`, as written.
    pub remote: Option<&'a str>,
    /// Why it was given.
    pub reason: &'a str,
    /// Its last day, `YYYY-MM-DD`.
    pub expires: String,
    /// The day that the scan judges by, `YYYY-MM-DD`.
    pub as_of: String,
    /// Whether it is in force on that day.
    pub in_force: bool,
    /// Results that it covers, or would if it were in force: violations.
    pub covered_violations: u64,
    /// Results that it would cover and that the data does not decide.
    pub covered_undetermined: u64,
    /// Plain names of it that match more than one virtual network.
    pub ambiguous: Vec<Ambiguity>,
    /// Whether the estate holds what the approval could be about but part of it was not read, so that
    /// "covers nothing" is not certain.
    pub incomplete: bool,
}

/// A plain name that more than one virtual network has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Ambiguity {
    /// `local` or `remote`.
    pub side: &'static str,
    /// The name as written.
    pub name: String,
    /// ARM ids that it matches, sorted; at most 10.
    pub ids: Vec<String>,
    /// How many it matches.
    pub count: u64,
}
