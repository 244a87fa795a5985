//! The integration tests, in one binary.

mod readme;
#[path = "../synthetic/mod.rs"]
mod synthetic;
