//! The integration tests, in one binary.

mod samples;
mod import;
#[path = "../synthetic/mod.rs"]
mod synthetic;
