//! The integration tests, in one binary.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test that cannot go on fails, and says what it skips")]

mod bad_input;
mod command;
mod estate_of;
mod import;
mod one_peering;
mod properties;
mod readme;
mod realdata;
mod rules;
mod samples;
mod sessions;
mod small_estates;
#[path = "../synthetic/mod.rs"]
mod synthetic;
mod unreadable;
