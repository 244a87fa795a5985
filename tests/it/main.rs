//! The integration tests, in one binary.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test that cannot go on fails, and says what it skips")]

mod bad_input;
mod command;
mod estate_of;
mod one_peering;
mod properties;
mod realdata;
mod rules;
mod readme;
mod samples;
mod import;
mod sessions;
mod small_estates;
#[path = "../synthetic/mod.rs"]
mod synthetic;
mod unreadable;
