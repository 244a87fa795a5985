//! The snapshot folder: what it promises, and how it is written so that it is whole or not there.

mod canonical;
mod json;
mod manifest;
mod secrets;
mod write;

pub(crate) use canonical::{embed, resource, settle};
pub(crate) use json::{Json, document};
pub use manifest::{FORMAT, FileEntry, Gap, Manifest, ManifestError, SubscriptionEntry, TenantEntry, Tool};
pub use secrets::is_secret;
pub use write::{Staging, Step, WriteError, resting_place};

/// Stands for the tenant of subscriptions of which no input tells who owns them, in paths and in the manifest. It
/// is no tenant: readers take it for "not known".
pub const UNKNOWN_TENANT: &str = "unknown-tenant";

/// Stands for the subscription of resources whose id names none, in paths alone.
pub const UNKNOWN_SUBSCRIPTION: &str = "unknown-subscription";
