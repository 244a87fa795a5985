//! The snapshot folder: what it promises, and how it is written so that it is whole or not there.

mod manifest;

pub use manifest::{FORMAT, FileEntry, Gap, Manifest, ManifestError, SubscriptionEntry, TenantEntry, Tool};
