//! `vnetlint import`.

use super::Status;
use crate::cli::Import;

/// Writes a snapshot folder.
pub(super) fn run(_arguments: &Import) -> anyhow::Result<Status> {
    anyhow::bail!("import is not there yet")
}
