//! The integration tests, in one binary.

mod import;
#[path = "../synthetic/mod.rs"]
mod synthetic;
