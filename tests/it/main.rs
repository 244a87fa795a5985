//! The integration tests, in one binary.

mod samples;
#[path = "../synthetic/mod.rs"]
mod synthetic;
