//! `vnetlint facts`.

use std::io::{BufWriter, Write as _};

use anyhow::bail;

use super::Status;
use super::load::{self, Progress};
use crate::cli::{Facts, Policies};
use crate::estate::Estate;
use crate::scan::{self, Kind};

/// Prints what policies see.
pub(super) fn run(arguments: &Facts) -> anyhow::Result<Status> {
    let kind = match &arguments.kind {
        Some(name) => Some(kind(name)?),
        None => None,
    };
    let mut out = BufWriter::new(std::io::stdout().lock());
    if arguments.schema {
        serde_json::to_writer_pretty(&mut out, &scan::facts_schema())?;
        out.write_all(b"\n")?;
        out.flush()?;
        return Ok(Status::Done);
    }
    let progress = Progress::new(false);
    let config = load::config(arguments.config.as_deref(), &arguments.inputs)?;
    let rules = load::rules(&Policies { policies: Vec::new(), no_builtin: false })?;
    let (inventory, _) = load::inputs(&arguments.inputs, arguments.complete, &progress)?;
    let as_of = load::as_of(arguments.as_of, &inventory, &config)?;
    let estate = Estate::build(inventory, &config);
    progress.finish();
    let about = arguments.subject.as_deref();
    let written = scan::write_facts(&estate, &config, &rules, as_of, kind, about, &mut out)?;
    out.flush()?;
    if let (0, Some(id)) = (written, about) {
        bail!("no subject has the id {id}, or belongs to it");
    }
    Ok(Status::Done)
}

fn kind(name: &str) -> anyhow::Result<Kind> {
    let kinds = || Kind::ALL.into_iter().filter(|kind| *kind != Kind::Approval);
    match kinds().find(|kind| kind.name() == name) {
        Some(kind) => Ok(kind),
        None => bail!(
            "`{name}` is no kind of subject; there are {}",
            kinds().map(Kind::name).collect::<Vec<_>>().join(", ")
        ),
    }
}
