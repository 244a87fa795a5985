//! Crashes are real here: a child process dies at a step, and what it leaves is looked at.

use std::env;
use std::process::Command;

use super::*;
use crate::snapshot::{FORMAT, Tool};

fn entry(path: &str) -> FileEntry {
    FileEntry {
        path: path.to_owned(),
        sha256: String::new(),
        resources: 0,
        via: "import".to_owned(),
        api_version: None,
        from: None,
        to: None,
    }
}

fn manifest(source: &str) -> Manifest {
    Manifest {
        format: FORMAT.to_owned(),
        tool: Tool { name: "vnetlint".to_owned(), version: "0".to_owned() },
        source: source.to_owned(),
        collected_at: None,
        tenants: Vec::new(),
        files: Vec::new(),
        gaps: Vec::new(),
    }
}

fn write(dir: &Path, content: &str) -> Result<Manifest, WriteError> {
    write_with(dir, content, Swap::Exchange, Box::new(|_| Ok(())))
}

fn write_with(dir: &Path, content: &str, swap: Swap, checkpoint: Checkpoint) -> Result<Manifest, WriteError> {
    let mut staging = Staging::begin_with(dir, swap, checkpoint)?;
    staging.put(entry("t/s/virtualNetworks.json"), content.as_bytes())?;
    staging.put(entry(&format!("t/s/{content}.json")), content.as_bytes())?;
    staging.commit(manifest(content))
}

/// What the snapshot of a folder says, its files checked; none where there is none.
fn content(dir: &Path) -> Option<String> {
    let dir = resting_place(dir);
    let text = fs::read(dir.join(MANIFEST)).ok()?;
    let manifest = Manifest::parse("manifest.json", &text).unwrap();
    assert_eq!(manifest.files.len(), 2);
    for file in &manifest.files {
        let bytes = fs::read(dir.join(&file.path)).unwrap();
        assert_eq!(format!("{:x}", Sha256::digest(&bytes)), file.sha256);
        assert_eq!(bytes, manifest.source.as_bytes());
    }
    assert_eq!(
        stranger(&dir, &manifest.files.iter().map(|f| dir.join(&f.path)).chain([dir.join(MANIFEST)]).collect())
            .unwrap(),
        None
    );
    Some(manifest.source)
}

fn names(folder: &Path) -> Vec<String> {
    let mut names = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect::<Vec<_>>();
    names.sort();
    names
}

fn counting(stop_at: usize, stop: fn() -> io::Result<()>) -> Checkpoint {
    let mut steps = 0;
    Box::new(move |_| {
        steps += 1;
        if steps == stop_at { stop() } else { Ok(()) }
    })
}

const CHILD: &str = "VNETLINT_TEST_CRASH";

/// Not a test of its own: the program that [`a_crash_at_any_step_leaves_the_old_snapshot_or_the_new_one`] kills.
#[test]
fn child_of_the_crash_test() {
    let Ok(what) = env::var(CHILD) else { return };
    let (swap, rest) = what.split_once(' ').unwrap();
    let (stop_at, dir) = rest.split_once(' ').unwrap();
    let swap = if swap == "exchange" { Swap::Exchange } else { Swap::TwoRenames };
    let checkpoint = counting(stop_at.parse().unwrap(), || std::process::abort());
    write_with(Path::new(dir), "new", swap, checkpoint).unwrap();
}

/// Writes in another process, which dies at a step; whether it lived.
fn crash(swap: &str, stop_at: usize, dir: &Path) -> bool {
    let child = Command::new(env::current_exe().unwrap())
        .args(["--exact", "snapshot::write::tests::child_of_the_crash_test"])
        .env(CHILD, format!("{swap} {stop_at} {}", dir.display()))
        .output()
        .unwrap();
    child.status.success()
}

#[test]
fn a_crash_at_any_step_leaves_the_old_snapshot_or_the_new_one() {
    for swap in ["exchange", "renames"] {
        for there in ["old", ""] {
            let mut crashes = 0;
            loop {
                let folder = tempfile::tempdir().unwrap();
                let dir = folder.path().join("snap");
                if !there.is_empty() {
                    write(&dir, there).unwrap();
                }
                let lived = crash(swap, crashes + 1, &dir);
                let left = content(&dir).unwrap_or_default();
                assert!(left == "new" || left == there, "{swap}, step {}: {left}", crashes + 1);
                assert!(!lived || left == "new");
                // The next run repairs and cleans up.
                write(&dir, "next").unwrap();
                assert_eq!(content(&dir).as_deref(), Some("next"));
                if cfg!(any(target_os = "linux", target_os = "macos")) {
                    assert_eq!(names(folder.path()), ["snap"], "{swap}, step {}", crashes + 1);
                }
                if lived {
                    break;
                }
                crashes += 1;
            }
            assert!(crashes >= 7, "{swap}: the child died at {crashes} steps");
        }
    }
}

#[test]
fn a_failure_at_any_step_leaves_the_old_snapshot_and_no_trace() {
    for swap in [Swap::Exchange, Swap::TwoRenames] {
        for there in ["old", ""] {
            let mut failures = 0;
            loop {
                let folder = tempfile::tempdir().unwrap();
                let dir = folder.path().join("snap");
                if !there.is_empty() {
                    write(&dir, there).unwrap();
                }
                let full = counting(failures + 1, || Err(io::ErrorKind::StorageFull.into()));
                let outcome = write_with(&dir, "new", swap, full);
                assert_eq!(content(&dir).unwrap_or_default(), if outcome.is_ok() { "new" } else { there });
                if outcome.is_ok() {
                    break;
                }
                let left: &[&str] = if there.is_empty() { &[] } else { &["snap"] };
                assert_eq!(names(folder.path()), left, "{outcome:?}");
                failures += 1;
            }
            assert!(failures >= 6, "{swap:?}: {failures} steps failed");
        }
    }
}

#[test]
fn readers_find_the_old_snapshot_between_two_renames() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("snap");
    write(&dir, "old").unwrap();
    fs::rename(&dir, aside(&dir)).unwrap();
    assert_eq!(resting_place(&dir), folder.path().join(".snap.vnetlint-old"));
    assert_eq!(content(&dir).as_deref(), Some("old"));
    // An empty folder in its place changes nothing for the next run.
    fs::create_dir(&dir).unwrap();
    drop(Staging::begin(&dir).unwrap());
    assert_eq!((names(folder.path()), content(&dir).as_deref()), (vec!["snap".to_owned()], Some("old")));
}

#[test]
fn only_an_empty_folder_or_a_snapshot_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("snap");
    fs::create_dir(&dir).unwrap();
    write(&dir, "first").unwrap();
    write(&dir, "second").unwrap();
    fs::write(dir.join(".DS_Store"), "").unwrap();
    write(&dir, "third").unwrap();
    fs::write(dir.join("t/notes.md"), "keep me").unwrap();
    let error = write(&dir, "fourth").unwrap_err().to_string();
    assert!(error.contains("it holds t/notes.md, which is no part of the snapshot"), "{error}");
    assert_eq!(fs::read_to_string(dir.join("t/notes.md")).unwrap(), "keep me");

    let other = folder.path().join("other");
    fs::create_dir(&other).unwrap();
    fs::write(other.join("data.json"), "[]").unwrap();
    let error = write(&other, "x").unwrap_err().to_string();
    assert!(error.contains("no manifest.json: it is no snapshot"), "{error}");
    fs::write(other.join("manifest.json"), r#"{"format":"something.else/1"}"#).unwrap();
    assert!(matches!(write(&other, "x"), Err(WriteError::Manifest { .. })));
    let error = write(&other.join("data.json"), "x").unwrap_err().to_string();
    assert!(error.contains("it is no folder"), "{error}");
    assert_eq!(names(folder.path()), ["other", "snap"]);
}

#[test]
fn a_folder_above_that_is_missing_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("a/b/snap");
    write(&dir, "x").unwrap();
    assert_eq!(content(&dir).as_deref(), Some("x"));
}

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_snapshot_is_its_owners_alone() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("snap");
        write(&dir, "x").unwrap();
        assert_eq!((mode(&dir), mode(&dir.join("t/s"))), (0o700, 0o700));
        assert_eq!((mode(&dir.join(MANIFEST)), mode(&dir.join("t/s/x.json"))), (0o600, 0o600));
    }

    #[test]
    fn a_read_only_folder_is_refused_and_stays() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("snap");
        write(&dir, "old").unwrap();
        fs::set_permissions(&dir, fs::Permissions::from_mode(0o555)).unwrap();
        let error = write(&dir, "new").unwrap_err().to_string();
        fs::set_permissions(&dir, fs::Permissions::from_mode(0o755)).unwrap();
        assert!(error.contains("read-only"), "{error}");
        assert_eq!(content(&dir).as_deref(), Some("old"));
    }

    #[test]
    fn a_link_stays_and_the_folder_that_it_names_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let (link, real) = (folder.path().join("link"), folder.path().join("real"));
        write(&real, "old").unwrap();
        symlink("real", &link).unwrap();
        write(&link, "new").unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(content(&real).as_deref(), Some("new"));
    }
}

#[cfg(any(target_os = "linux", target_os = "macos"))]
#[test]
fn leftovers_of_crashes_are_swept_and_running_imports_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("snap");
    let mut running = Staging::begin(&dir).unwrap();
    running.put(entry("t/a.json"), b"[]").unwrap();
    fs::create_dir(folder.path().join(".snap.vnetlint-dead.tmp")).unwrap();
    write(&dir, "other").unwrap();
    assert_eq!(names(folder.path()).len(), 2, "{:?}", names(folder.path()));
    running.put(entry("t/b.json"), b"[]").unwrap();
    running.commit(manifest("running")).unwrap();
    assert_eq!(names(folder.path()), ["snap"]);
}
