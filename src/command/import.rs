//! `vnetlint import`.

use std::io::Write as _;

use super::load::{self, Progress};
use super::{Status, note};
use crate::cli::Import;
use crate::import::{self, Imported};
use crate::input::Inventory;
use crate::snapshot::Staging;

/// Writes a snapshot folder, and says what is in it and what is not.
pub(super) fn run(arguments: &Import) -> anyhow::Result<Status> {
    let progress = Progress::new(false);
    // First, so that a folder that cannot be written is known before hours of reading.
    let staging = Staging::begin(&arguments.output)?;
    let (inventory, sources) = load::inputs(&arguments.inputs, arguments.complete, &progress)?;
    let collected_at = collected_at(arguments, &inventory);
    progress.say("writing the snapshot".to_owned());
    let imported = import::import(&inventory, &sources, &collected_at, staging)?;
    progress.finish();
    say(arguments, &inventory, &imported)?;
    Ok(if imported.manifest.gaps.is_empty() { Status::Done } else { Status::Incomplete })
}

/// When the exports were made: as the user says, else as snapshots among the inputs say, else now. Whole seconds,
/// because such times compare as texts.
fn collected_at(arguments: &Import, inventory: &Inventory) -> String {
    let said = arguments.collected_at.map(|time| format!("{time:.0}"));
    said.or_else(|| inventory.collected_at.clone()).unwrap_or_else(|| format!("{:.0}", jiff::Timestamp::now()))
}

fn say(arguments: &Import, inventory: &Inventory, imported: &Imported) -> anyhow::Result<()> {
    let manifest = &imported.manifest;
    let resources: u64 = manifest.files.iter().map(|file| file.resources).sum();
    let subscriptions: usize = manifest.tenants.iter().map(|tenant| tenant.subscriptions.len()).sum();
    let mut out = anstream::stdout().lock();
    writeln!(
        out,
        "{}: {resources} resources of {subscriptions} subscriptions, in {} files",
        arguments.output.display(),
        manifest.files.len()
    )?;
    out.flush()?;
    if !inventory.skipped.is_empty() {
        let skipped = inventory.skipped.iter().map(|(kind, count)| format!("{kind} ({count})")).collect::<Vec<_>>();
        note(&format!("left out, because no rule reads these types: {}", skipped.join(", ")));
    }
    if imported.secrets > 0 {
        note(&format!("left out {} values that can hold a secret", imported.secrets));
    }
    for path in &inventory.foreign {
        note(&format!("{path} holds no Azure resources and was left out"));
    }
    if inventory.tenants.is_empty() {
        note("no input tells which tenant owns a subscription; add the output of `az account list`");
    }
    for gap in &manifest.gaps {
        let of = gap.subscription.as_ref().map(|id| format!(" of subscription {id}")).unwrap_or_default();
        let what = if gap.kind == "*" { "everything" } else { &gap.kind };
        note(&format!("the snapshot lacks {what}{of}: {}", gap.reason));
    }
    Ok(())
}
