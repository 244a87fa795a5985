//! Puts a snapshot folder in place so that a crash at any moment leaves the old folder or the new one.
//!
//! The new folder is built beside the old one under a hidden name, manifest last, and made durable. Then it takes the
//! old one's place: by one exchange where the system offers that (Linux, macOS), else by two renames, the old folder
//! waiting under [`aside`] between them. A crash just there is repaired by the next writer, and until then
//! [`resting_place`] tells readers where the old folder waits. Knows files; what stands in them is the caller's.
//!
//! Folders are made for their owner alone (0700, files 0600): a map of a network is worth something to an intruder.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::json::document;
use super::{FileEntry, Manifest, ManifestError};

/// The file that makes a folder a snapshot.
const MANIFEST: &str = "manifest.json";

/// What desktops put into every folder that somebody looks at.
const LITTER: [&str; 3] = [".DS_Store", "Thumbs.db", "desktop.ini"];

/// Why a snapshot could not be written. Whatever the reason, what was there before is still whole.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The file system refused.
    #[error("cannot write the snapshot {}: {step}: {source}", path.display())]
    Io {
        /// The snapshot folder, as the caller named it.
        path: PathBuf,
        /// What was attempted.
        step: Step,
        /// Why it failed.
        source: io::Error,
    },
    /// The folder holds something that the new snapshot would wipe out.
    #[error(
        "cannot write the snapshot {}: the folder is there, and {reason}\n  help: name a new folder; only an empty folder or a snapshot is replaced",
        path.display()
    )]
    Occupied {
        /// The folder.
        path: PathBuf,
        /// What it holds, in words.
        reason: String,
    },
    /// What is there has a manifest that cannot be read.
    #[error("cannot write the snapshot {}: what is there is no snapshot that this program can read\n  help: name a new folder", path.display())]
    Manifest {
        /// The folder.
        path: PathBuf,
        /// What is wrong with it.
        source: ManifestError,
    },
}

/// A step of writing a snapshot, in the order in which they happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Finding out what is there.
    Inspect,
    /// Putting back what a crash left aside.
    Repair,
    /// Making the folder in which the snapshot is built.
    Stage,
    /// Writing one of its files.
    File,
    /// Writing its manifest.
    Manifest,
    /// Making its folders durable.
    Sync,
    /// Moving the old folder aside, where the two cannot be exchanged.
    MoveAside,
    /// Putting the new folder in place.
    Place,
    /// Removing the old folder.
    Remove,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Inspect => "looking at what is there failed",
            Self::Repair => "putting back the folder that an interrupted run moved aside failed",
            Self::Stage => "no folder could be made beside it",
            Self::File => "writing a file failed",
            Self::Manifest => "writing the manifest failed",
            Self::Sync => "making the files durable failed",
            Self::MoveAside => "moving the old snapshot aside failed",
            Self::Place => "putting the new snapshot in place failed",
            Self::Remove => "removing the old snapshot failed",
        })
    }
}

/// How a new folder takes the place of an old one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Swap {
    /// In one step, else in two.
    Exchange,
    /// In two steps.
    TwoRenames,
}

/// Hears of every step before it is taken, and may fail it: tests stop the program there.
type Checkpoint = Box<dyn FnMut(Step) -> io::Result<()>>;

/// A snapshot that is being built. Dropped before [`Staging::commit`], it leaves no trace.
pub struct Staging {
    named: PathBuf,
    target: PathBuf,
    folder: tempfile::TempDir,
    /// Says that the folder is no leftover of a crash, for as long as this lives.
    _claim: Option<File>,
    folders: BTreeSet<PathBuf>,
    files: Vec<FileEntry>,
    swap: Swap,
    checkpoint: Checkpoint,
}

impl fmt::Debug for Staging {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Staging")
            .field("target", &self.target)
            .field("files", &self.files.len())
            .finish_non_exhaustive()
    }
}

/// The folder that holds the snapshot of `dir`: `dir` itself, or the hidden one beside it where an interrupted
/// replacement left it.
pub fn resting_place(dir: &Path) -> PathBuf {
    let aside = aside(&resolved(dir));
    if !dir.exists() && aside.join(MANIFEST).is_file() { aside } else { dir.to_owned() }
}

impl Staging {
    /// Begins a snapshot that will stand at `dir`, which must be missing, empty, or a snapshot and nothing else.
    pub fn begin(dir: &Path) -> Result<Self, WriteError> {
        Self::begin_with(dir, Swap::Exchange, Box::new(|_| Ok(())))
    }

    fn begin_with(dir: &Path, swap: Swap, mut checkpoint: Checkpoint) -> Result<Self, WriteError> {
        let failed = |step| move |source| WriteError::Io { path: dir.to_owned(), step, source };
        let mut target = resolved(dir);
        let parent = parent(&target).to_owned();
        fs::create_dir_all(&parent).map_err(failed(Step::Inspect))?;
        if let Some(name) = target.file_name() {
            target = fs::canonicalize(&parent).map_err(failed(Step::Inspect))?.join(name);
        }
        checkpoint(Step::Repair).and_then(|()| repair(&target)).map_err(failed(Step::Repair))?;
        inspect(dir, &target)?;
        checkpoint(Step::Stage).map_err(failed(Step::Stage))?;
        sweep(&target);
        let (folder, claim) = stage(&target).map_err(failed(Step::Stage))?;
        let folders = BTreeSet::from([folder.path().to_owned()]);
        let named = dir.to_owned();
        Ok(Self { named, target, folder, _claim: claim, folders, files: Vec::new(), swap, checkpoint })
    }

    /// Adds a file. Its hash is filled in; its path stays inside the folder.
    pub fn put(&mut self, mut entry: FileEntry, content: &[u8]) -> Result<(), WriteError> {
        debug_assert!(Manifest::is_inside(&entry.path), "{}", entry.path);
        let path = self.folder.path().join(&entry.path);
        self.step(Step::File, |this| this.write(&path, content))?;
        entry.sha256 = format!("{:x}", Sha256::digest(content));
        self.files.push(entry);
        Ok(())
    }

    /// Completes the manifest with the files, writes it, and puts the folder in place.
    pub fn commit(mut self, mut manifest: Manifest) -> Result<Manifest, WriteError> {
        self.files.sort_by(|a, b| a.path.cmp(&b.path));
        manifest.files = std::mem::take(&mut self.files);
        let text = document(&manifest);
        let path = self.folder.path().join(MANIFEST);
        self.step(Step::Manifest, |this| this.write(&path, &text))?;
        self.step(Step::Sync, |this| this.folders.iter().try_for_each(|folder| sync(folder)))?;
        self.place()?;
        Ok(manifest)
    }

    fn step<T>(&mut self, step: Step, act: impl FnOnce(&mut Self) -> io::Result<T>) -> Result<T, WriteError> {
        let done = (self.checkpoint)(step).and_then(|()| act(self));
        done.map_err(|source| WriteError::Io { path: self.named.clone(), step, source })
    }

    fn write(&mut self, path: &Path, content: &[u8]) -> io::Result<()> {
        let mut missing = path.ancestors().skip(1).take_while(|folder| !self.folders.contains(*folder));
        let missing = missing.by_ref().map(Path::to_owned).collect::<Vec<_>>();
        for folder in missing.into_iter().rev() {
            private_folder().create(&folder)?;
            self.folders.insert(folder);
        }
        let mut file = private_file().open(path)?;
        file.write_all(content)?;
        file.sync_all()
    }

    fn place(mut self) -> Result<(), WriteError> {
        let (new, target) = (self.folder.path().to_owned(), self.target.clone());
        let is_there = target.join(MANIFEST).is_file();
        if !is_there {
            self.step(Step::Place, |this| {
                // An empty folder may be in the way.
                if this.target.is_dir() {
                    fs::remove_dir(&this.target)?;
                }
                fs::rename(&new, &this.target)
            })?;
        } else if self.swap == Swap::TwoRenames || !self.step(Step::Place, |_| exchange(&new, &target))? {
            self.two_renames(&new)?;
        }
        let _best_effort = sync(parent(&target));
        // The new snapshot is in place: from here on nothing can fail it. The old one, under the staging folder's
        // name after an exchange, goes with it.
        if (self.checkpoint)(Step::Remove).is_ok() {
            let _leftover_is_swept_by_the_next_run = fs::remove_dir_all(aside(&target));
        }
        Ok(())
    }

    fn two_renames(&mut self, new: &Path) -> Result<(), WriteError> {
        let aside = aside(&self.target);
        self.step(Step::MoveAside, |this| fs::rename(&this.target, &aside))?;
        let placed = self.step(Step::Place, |this| fs::rename(new, &this.target));
        if placed.is_err() {
            self.step(Step::Repair, |this| fs::rename(&aside, &this.target))?;
        }
        placed
    }
}

/// Where the old folder waits between two renames.
fn aside(target: &Path) -> PathBuf {
    target.with_file_name(hidden(target, "old"))
}

fn hidden(target: &Path, ending: &str) -> OsString {
    let mut name = OsString::from(".");
    name.push(target.file_name().unwrap_or_default());
    name.push(".vnetlint-");
    name.push(ending);
    name
}

/// The folder that a path names, a symbolic link followed: the link stays, and what it names is replaced.
fn resolved(dir: &Path) -> PathBuf {
    if let Ok(path) = fs::canonicalize(dir) {
        return path;
    }
    fs::read_link(dir).map_or_else(|_| dir.to_owned(), |next| parent(dir).join(next))
}

fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Ends what a crash between two renames interrupted.
fn repair(target: &Path) -> io::Result<()> {
    let aside = aside(target);
    if !aside.join(MANIFEST).is_file() {
        return Ok(());
    }
    if target.join(MANIFEST).is_file() {
        // The crash came after both renames.
        return fs::remove_dir_all(&aside);
    }
    match fs::remove_dir(target) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => fs::rename(&aside, target),
    }
}

/// Refuses to replace anything but a snapshot: whatever else is there would be lost.
fn inspect(dir: &Path, target: &Path) -> Result<(), WriteError> {
    let failed = |source| WriteError::Io { path: dir.to_owned(), step: Step::Inspect, source };
    let occupied = |reason: String| Err(WriteError::Occupied { path: dir.to_owned(), reason });
    let metadata = match fs::metadata(target) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed(error)),
    };
    if !metadata.is_dir() {
        return Err(failed(io::Error::new(io::ErrorKind::NotADirectory, "it is no folder")));
    }
    if metadata.permissions().readonly() {
        return Err(failed(io::Error::new(io::ErrorKind::PermissionDenied, "the folder is read-only")));
    }
    if fs::read_dir(target).map_err(failed)?.next().is_none() {
        return Ok(());
    }
    let manifest = target.join(MANIFEST);
    if !manifest.is_file() {
        return occupied(format!("it holds no {MANIFEST}: it is no snapshot"));
    }
    let text = fs::read(&manifest).map_err(failed)?;
    let manifest = Manifest::parse(&manifest.display().to_string(), &text)
        .map_err(|source| WriteError::Manifest { path: dir.to_owned(), source })?;
    let mut own = manifest.files.iter().map(|file| target.join(&file.path)).collect::<BTreeSet<_>>();
    own.insert(target.join(MANIFEST));
    match stranger(target, &own).map_err(failed)? {
        Some(path) => {
            let path = path.strip_prefix(target).unwrap_or(&path).display().to_string();
            occupied(format!("it holds {path}, which is no part of the snapshot"))
        }
        None => Ok(()),
    }
}

/// A file below a folder that its manifest does not name.
fn stranger(folder: &Path, own: &BTreeSet<PathBuf>) -> io::Result<Option<PathBuf>> {
    let mut entries = fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            if let Some(found) = stranger(&path, own)? {
                return Ok(Some(found));
            }
        } else if !own.contains(&path) && !LITTER.iter().any(|name| entry.file_name() == *name) {
            return Ok(Some(path));
        }
    }
    Ok(None)
}

const STAGING: &str = ".tmp";

fn stage(target: &Path) -> io::Result<(tempfile::TempDir, Option<File>)> {
    let prefix = hidden(target, "");
    let mut builder = tempfile::Builder::new();
    builder.prefix(&prefix).suffix(STAGING);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(fs::Permissions::from_mode(0o700));
    }
    let folder = builder.tempdir_in(parent(target))?;
    let claim = claim(folder.path());
    Ok((folder, claim))
}

/// Removes what runs that crashed were building. A run that lives claims its folder.
fn sweep(target: &Path) {
    let prefix = hidden(target, "");
    let prefix = prefix.as_encoded_bytes();
    for entry in fs::read_dir(parent(target)).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.as_encoded_bytes();
        if name.starts_with(prefix) && name.ends_with(STAGING.as_bytes()) && claim(&entry.path()).is_some() {
            let _best_effort = fs::remove_dir_all(entry.path());
        }
    }
}

fn private_folder() -> fs::DirBuilder {
    #[allow(unused_mut, reason = "without a mode where there are no modes")]
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
}

fn private_file() -> fs::OpenOptions {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Makes the names in a folder durable.
fn sync(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

/// Claims a folder until the file that this gives is closed, by exit or by crash; none where another run has it.
#[cfg(any(target_os = "linux", target_os = "macos"))]
fn claim(folder: &Path) -> Option<File> {
    let file = File::open(folder).ok()?;
    rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive).ok()?;
    Some(file)
}

/// Nothing can be claimed here, so leftovers stay.
#[cfg(not(any(target_os = "linux", target_os = "macos")))]
fn claim(_: &Path) -> Option<File> {
    None
}

/// Exchanges two folders in one step; false where the system or the file system cannot.
#[cfg(any(target_os = "linux", target_os = "macos"))]
fn exchange(one: &Path, other: &Path) -> io::Result<bool> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    use rustix::io::Errno;
    match renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE) {
        Ok(()) => Ok(true),
        Err(Errno::NOSYS | Errno::INVAL | Errno::NOTSUP) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Not offered here.
#[cfg(not(any(target_os = "linux", target_os = "macos")))]
fn exchange(_: &Path, _: &Path) -> io::Result<bool> {
    Ok(false)
}

#[cfg(test)]
mod tests;
