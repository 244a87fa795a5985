//! The integration tests, in one binary.

mod readme;
mod samples;
#[path = "../synthetic/mod.rs"]
mod synthetic;
