//! The integration tests, in one binary.

mod samples;
// mod bad_input;
mod bad_input;
mod command;
mod estate_of;
mod one_peering;
mod properties;
mod realdata;
mod rules;
mod sessions;
mod small_estates;
#[path = "../synthetic/mod.rs"]
mod synthetic;
mod unreadable;
