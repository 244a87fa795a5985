//! vnetlint: does the network that really runs in Azure still obey the topology that was approved?

pub mod azure;
pub mod cli;
pub mod command;
pub mod config;
pub mod estate;
pub mod facts;
pub mod finding;
pub mod import;
pub mod input;
pub mod locate;
pub mod network;
pub mod report;
pub mod rule;
pub mod scan;
pub mod snapshot;
