//! The integration tests, in one binary.

#[path = "../synthetic/mod.rs"]
mod synthetic;
