//! Recorded and official Azure JSON that others wrote: whatever holds resources is scanned, and nothing panics.
//!
//! The files lie beside the repository, in `../shared/realdata`, and are not part of it: without them there is nothing
//! to do, and the tests say so.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::command::{Desk, root};
use crate::estate_of::Scan;

/// The folder, where it is there.
fn realdata() -> Option<PathBuf> {
    let folder = root().join("../shared/realdata");
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: {} is not there", folder.display());
    None
}

fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            found.extend(files(&path, ending));
        } else if path.extension().is_some_and(|own| own == ending) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Whether a document is a resource, or a list or page of some.
fn holds_resources(value: &Value) -> bool {
    let is_resource = |value: &Value| value["id"].as_str().is_some_and(|id| id.contains("/providers/"));
    let items = value.as_array().or_else(|| value["value"].as_array()).or_else(|| value["data"].as_array());
    is_resource(value) || items.is_some_and(|items| items.iter().any(is_resource))
}

/// Everything in a file that could be an export: the file itself, recorded answers, answers of examples.
fn exports(path: &Path) -> Vec<Value> {
    let text = fs::read(path).unwrap();
    let documents = serde_json::Deserializer::from_slice(&text).into_iter::<Value>();
    let documents = documents.map_while(Result::ok).collect::<Vec<_>>();
    let mut found = Vec::new();
    for document in documents {
        found.push(document["body"].clone());
        let answers = document["responses"].as_object().into_iter().flatten();
        found.extend(answers.map(|(_, answer)| answer["body"].clone()));
        found.push(document);
    }
    found.retain(holds_resources);
    found
}

#[test]
fn everything_recorded_can_be_scanned() {
    let Some(folder) = realdata() else { return };
    let paths = files(&folder, "json").into_iter().chain(files(&folder, "jsonl"));
    let (mut scanned, mut refused, mut panicked) = (0, 0, Vec::new());
    for path in paths {
        // One answer after the other says different things of one resource: each is an export of its own, and those
        // that repeat the one before say nothing new.
        let mut exports = exports(&path);
        exports.dedup();
        for export in exports {
            let scan = Scan::text(export.to_string());
            match catch_unwind(AssertUnwindSafe(|| scan.report().map(|report| report.resources.len()))) {
                Ok(Ok(_)) => scanned += 1,
                Ok(Err(_)) => refused += 1,
                Err(_) => panicked.push(path.display().to_string()),
            }
        }
    }
    println!("{scanned} exports scanned, {refused} refused");
    assert!(panicked.is_empty(), "{panicked:#?}");
    assert!(scanned > 500, "{scanned} exports scanned, {refused} refused");
    assert!(refused * 20 < scanned, "{scanned} exports scanned, {refused} refused");
}

#[test]
fn the_program_takes_every_file_as_it_is() {
    let Some(folder) = realdata() else { return };
    let desk = Desk::with::<&str>(&[]);
    let folder = folder.canonicalize().unwrap();
    let mut statuses = [0; 4];
    // `run` knows that no status but these four is an answer, and a panic never one.
    for path in files(&folder, "json").into_iter().step_by(4) {
        let ended = desk.run(&["scan".as_ref(), path.as_os_str(), "--quiet".as_ref()]);
        statuses[usize::try_from(ended.status.unwrap()).unwrap()] += 1;
        assert!(ended.status != Some(2) || ended.stderr.starts_with("error: "), "{}: {ended:?}", path.display());
    }
    assert!(statuses[0] + statuses[1] > 0 && statuses[2] > 0, "{statuses:?}");
}
