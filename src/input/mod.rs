//! From what people export to an inventory: which files, which shape, which resources.
//!
//! Opens files and remembers where every resource stands; judges nothing and joins nothing.

mod elements;
mod encoding;
mod inventory;
mod scope;
mod source;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read};
use std::path::PathBuf;

use rayon::prelude::*;
use sha2::{Digest as _, Sha256};

pub use inventory::{Conflict, Inventory, Other};
pub use scope::Scope;
pub use source::Sources;

use crate::azure::Place;
use crate::finding::FileId;
use crate::report::InputFile;
use crate::snapshot::{Manifest, ManifestError, UNKNOWN_TENANT};
use elements::{BadInput, Contents, PageSeen};

/// Whether the exports hold everything of the subscriptions that appear in them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Completeness {
    /// The user says so.
    Whole,
    /// Nobody says so; a manifest may, for its own files.
    AsStated,
}

/// Why the inputs could not be read.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum InputError {
    #[error("cannot read {path}: {source}")]
    Read { path: String, source: io::Error },
    #[error("standard input (`-`) is named twice, and can be read once")]
    StdinTwice,
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    #[error("{path}:{line}:{column}: {message}{}", hint.map(|h| format!("\n  help: {h}")).unwrap_or_default())]
    Content { path: String, line: u64, column: u64, message: String, hint: Option<&'static str> },
    #[error("{path}: the file is empty\n  help: an export that found nothing holds `[]`")]
    Empty { path: String },
    #[error(
        "{path}: the file differs from what the snapshot's manifest recorded (SHA-256 {expected})\n  help: a snapshot is not edited by hand; import or collect it again, or scan the files one by one"
    )]
    Changed { path: String, expected: String },
    #[error(
        "{id}: two inputs say different things of it\n  --> {first}\n  --> {second}\n  help: leave one of the files out, or scan snapshots, whose manifests tell which is newer"
    )]
    Conflict { id: String, first: String, second: String },
    #[error(
        "no Azure resource was found in {inputs}\n  help: export some with `az network vnet list -o json`, or name a snapshot folder"
    )]
    Nothing { inputs: String },
}

impl InputError {
    fn read(path: &str, source: io::Error) -> Self {
        Self::Read { path: path.to_owned(), source }
    }
}

/// All that is wrong with the inputs, a line or more each.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
pub struct InputErrors(pub Vec<InputError>);

impl From<InputError> for InputErrors {
    fn from(error: InputError) -> Self {
        Self(vec![error])
    }
}

/// Reads everything that the inputs hold.
///
/// Files are read side by side; the outcome does not depend on how many at once. `stdin` is read where an
/// input is `-`. `progress` hears of every file that was read.
pub fn load(
    inputs: &[PathBuf],
    stdin: &mut dyn Read,
    completeness: Completeness,
    progress: &(dyn Fn(&str) + Sync),
) -> Result<(Inventory, Sources), InputErrors> {
    let (sources, manifests) = source::discover(inputs, stdin)?;
    let ids = sources.ids().map(|(id, _)| id).collect::<Vec<_>>();
    let read = ids.par_iter().map(|&id| {
        let file = read_file(&sources, id);
        progress(sources.shown(id));
        file
    });
    let read = read.collect::<Vec<_>>();
    let mut collector = inventory::Collector::default();
    let mut errors = Vec::new();
    let mut pages = Vec::new();
    collector.reserve(read.iter().flatten().map(|file| file.contents.elements.len()).sum());
    for ((id, source), file) in sources.ids().zip(read) {
        collector.times.push(source.collected_at.clone());
        match file {
            Ok(ReadFile { contents, .. }) if contents.foreign => {
                collector.inventory.files.push(InputFile { path: source.shown.clone(), sha256: None, resources: 0 });
                collector.inventory.foreign.push(source.shown.clone());
            }
            Ok(ReadFile { contents, sha256 }) => {
                let resources = contents.elements.len() as u64;
                let files = &mut collector.inventory.files;
                files.push(InputFile { path: source.shown.clone(), sha256: Some(sha256), resources });
                for (place, element) in contents.elements {
                    collector.add(place, element);
                }
                pages.extend(contents.pages);
            }
            Err(error) => errors.push(error),
        }
        debug_assert_eq!(id.0 as usize + 1, collector.times.len());
    }
    if !errors.is_empty() {
        return Err(InputErrors(errors));
    }
    let mut inventory = collector.finish().map_err(|conflicts| conflicting(&sources, conflicts))?;
    if inventory.counts.is_empty() && inventory.skipped.is_empty() && manifests.is_empty() {
        let inputs = inputs.iter().map(|p| p.display().to_string()).collect::<Vec<_>>().join(", ");
        return Err(InputError::Nothing { inputs }.into());
    }
    promises(&mut inventory, &manifests, completeness);
    inventory.cut_lists = cut_lists(&pages);
    inventory.scope.cut(&inventory.cut_lists);
    Ok((inventory, sources))
}

/// Types of lists of which a page is missing.
///
/// Resource Graph tells how many rows a query has: the pages of one query have that number in common. ARM's pages tell
/// only whether another one follows: where one does, some page of the type has to be a last one.
fn cut_lists(pages: &[PageSeen]) -> Vec<String> {
    let mut cut = BTreeSet::new();
    let mut queries: BTreeMap<u64, Vec<&PageSeen>> = BTreeMap::new();
    for page in pages {
        match page.total {
            Some(total) => queries.entry(total).or_default().push(page),
            None if page.continues => {
                let ends = |kind: &&String| {
                    pages.iter().any(|other| other.total.is_none() && !other.continues && other.kinds.contains(*kind))
                };
                cut.extend(page.kinds.iter().filter(|kind| !ends(kind)).cloned());
            }
            None => {}
        }
    }
    for (total, pages) in queries {
        let rows = pages.iter().map(|page| page.rows).sum::<u64>();
        if rows < total || pages.iter().all(|page| page.continues) {
            cut.extend(pages.iter().flat_map(|page| page.kinds.iter().cloned()));
        }
    }
    cut.into_iter().collect()
}

/// What manifests and the user say about how much the inputs show.
fn promises(inventory: &mut Inventory, manifests: &[Manifest], completeness: Completeness) {
    for manifest in manifests {
        inventory.collected_at = inventory.collected_at.take().max(manifest.collected_at.clone());
        for tenant in &manifest.tenants {
            let id = tenant.id.to_ascii_lowercase();
            for subscription in &tenant.subscriptions {
                let key = subscription.id.to_ascii_lowercase();
                if id != UNKNOWN_TENANT {
                    inventory.tenants.entry(key.as_str().into()).or_insert_with(|| id.as_str().into());
                }
                inventory.scope.complete(&key, subscription.complete.iter().cloned());
            }
            if let Some(name) = &tenant.name {
                inventory.tenant_names.insert(id, name.clone());
            }
        }
        for gap in &manifest.gaps {
            inventory.scope.gap(gap.clone());
        }
    }
    if completeness == Completeness::Whole {
        let appearing = inventory.vnets.iter().filter(|v| v.seen).filter_map(|v| v.id.subscription());
        let mut whole = appearing.map(str::to_ascii_lowercase).collect::<Vec<_>>();
        whole.extend(inventory.nsgs.iter().filter_map(|nsg| nsg.id.subscription()).map(str::to_ascii_lowercase));
        whole.extend(inventory.subscriptions.keys().map(ToString::to_string));
        inventory.scope.whole(whole);
    }
}

struct ReadFile {
    contents: Contents,
    sha256: String,
}

fn read_file(sources: &Sources, id: FileId) -> Result<ReadFile, InputError> {
    let shown = sources.shown(id);
    let source = sources.source(id);
    let bytes = sources.open(id).map_err(|error| InputError::read(shown, error))?;
    let mut hashing = Hashing { bytes, hash: Sha256::new() };
    let text = encoding::utf8(&mut hashing).map_err(|error| InputError::read(shown, error))?;
    let contents = match elements::read(id, text) {
        Ok(contents) => contents,
        // A folder may hold other people's JSON; a file that the user named is meant.
        Err(bad) if bad.foreign && !source.named => Contents { any: true, foreign: true, ..Contents::default() },
        Err(bad) => return Err(content_error(sources, id, bad)),
    };
    if !contents.any {
        return Err(InputError::Empty { path: shown.to_owned() });
    }
    let sha256 = format!("{:x}", hashing.hash.finalize());
    match &source.sha256 {
        Some(expected) if !expected.eq_ignore_ascii_case(&sha256) => {
            Err(InputError::Changed { path: shown.to_owned(), expected: expected.clone() })
        }
        _ => Ok(ReadFile { contents, sha256 }),
    }
}

struct Hashing<R> {
    bytes: R,
    hash: Sha256,
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.bytes.read(buffer)?;
        self.hash.update(&buffer[..read]);
        Ok(read)
    }
}

fn content_error(sources: &Sources, id: FileId, bad: BadInput) -> InputError {
    let text = sources.text(id).unwrap_or_default();
    let (line, column) = crate::locate::line_column(&text, bad.offset);
    InputError::Content { path: sources.shown(id).to_owned(), line, column, message: bad.message, hint: bad.hint }
}

fn conflicting(sources: &Sources, conflicts: Vec<Conflict>) -> InputErrors {
    let at = |place: Place| {
        let text = sources.text(place.file).unwrap_or_default();
        let (line, column) = crate::locate::line_column(&text, place.offset);
        format!("{}:{line}:{column}", sources.shown(place.file))
    };
    let one = |c: Conflict| InputError::Conflict { id: c.id, first: at(c.first), second: at(c.second) };
    InputErrors(conflicts.into_iter().map(one).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(kind: &str, rows: u64, continues: bool, total: Option<u64>) -> PageSeen {
        PageSeen { kinds: BTreeSet::from([kind.to_owned()]), rows, continues, total }
    }

    #[test]
    fn a_list_whose_last_page_is_missing_is_cut() {
        assert_eq!(cut_lists(&[page("virtualNetworks", 10, true, None)]), ["virtualNetworks"]);
        assert!(cut_lists(&[page("a", 10, true, None), page("a", 3, false, None)]).is_empty());
        assert_eq!(cut_lists(&[page("a", 10, true, None), page("b", 3, false, None)]), ["a"]);
    }

    #[test]
    fn rows_of_a_query_are_counted() {
        assert!(cut_lists(&[page("a", 10, true, Some(13)), page("b", 3, false, Some(13))]).is_empty());
        assert_eq!(cut_lists(&[page("a", 10, true, Some(23)), page("b", 3, false, Some(23))]), ["a", "b"]);
        assert_eq!(cut_lists(&[page("a", 10, true, Some(10))]), ["a"]);
        assert_eq!(cut_lists(&[page("a", 5, false, Some(10))]), ["a"]);
    }
}
