//! vnetlint: does the network that really runs in Azure still obey the topology that was approved?

pub mod azure;
pub mod finding;
pub mod report;
pub mod rule;
