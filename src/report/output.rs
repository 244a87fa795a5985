//! Report files: which format a path asks for, and writing that leaves either the old file or the whole new one.
//!
//! Knows no format's content: a report is a closure that writes.

use std::collections::BTreeSet;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// A format of report files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Format {
    /// [`super::sarif`].
    Sarif,
    /// [`super::json`].
    Json,
    /// [`super::csv`].
    Csv,
    /// [`super::markdown`].
    Markdown,
    /// [`super::junit`].
    Junit,
}

/// A path whose ending names no format that can be written.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum FormatError {
    /// The ending belongs to a format that is not there yet.
    #[error("cannot write `{path}`: reports of the format `{ending}` are not available yet; use one of {ENDINGS}")]
    NotAvailable {
        /// The path.
        path: String,
        /// Its ending.
        ending: &'static str,
    },
    /// The ending belongs to no format.
    #[error("cannot tell the format of the report `{0}` from its ending: use one of {ENDINGS}")]
    Unknown(String),
}

const ENDINGS: &str = "`.sarif`, `.json`, `.csv`, `.md`, `.junit.xml`";

impl Format {
    /// The format that a file's ending names, whatever its letter case. The longest ending counts: `.oscal.json` is
    /// not `.json`.
    pub fn from_path(path: &Path) -> Result<Self, FormatError> {
        const NOT_YET: [&str; 3] = [".html", ".oscal.json", ".ocsf.json"];
        const KNOWN: [(&str, Format); 5] = [
            (".sarif", Format::Sarif),
            (".json", Format::Json),
            (".csv", Format::Csv),
            (".md", Format::Markdown),
            (".junit.xml", Format::Junit),
        ];
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
        if let Some(ending) = NOT_YET.into_iter().find(|ending| name.ends_with(ending)) {
            return Err(FormatError::NotAvailable { path: path.display().to_string(), ending });
        }
        let known = KNOWN.into_iter().find(|(ending, _)| name.ends_with(ending));
        known.map(|(_, format)| format).ok_or_else(|| FormatError::Unknown(path.display().to_string()))
    }
}

/// A report file that could not be written. Whatever the step, the file that was there before is still whole.
#[derive(Debug, thiserror::Error)]
#[error("cannot write the report `{}`: {step}", path.display())]
pub struct OutputError {
    /// The file, as the caller named it.
    pub path: PathBuf,
    /// What was attempted.
    pub step: Step,
    /// Why it failed.
    #[source]
    pub source: io::Error,
}

/// A step of writing a report file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Finding out what the path names.
    Inspect,
    /// Making a temporary file.
    CreateTemporary,
    /// Writing the content.
    Write,
    /// Putting the finished file in place.
    Replace,
    /// Two reports of one run name the same file.
    Twice,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Inspect => "the path cannot be used",
            Self::CreateTemporary => "no temporary file could be made beside it",
            Self::Write => "writing its content failed",
            Self::Replace => "putting the finished file in place failed",
            Self::Twice => "two reports go to this file, name another for one of them",
        })
    }
}

/// A report that is complete and waits to be put in place. Dropped instead, it leaves no trace.
#[derive(Debug)]
#[must_use = "a report is on disk only after `persist`"]
pub struct Staged {
    path: PathBuf,
    content: Content,
}

#[derive(Debug)]
enum Content {
    /// A temporary file in the target's folder, and the target with symbolic links followed.
    File { temporary: tempfile::NamedTempFile, target: PathBuf },
    /// For a device or a pipe, which cannot be replaced: the content, to be copied.
    Special(File),
}

/// Renders a report completely, without touching the file at `path` yet.
///
/// A symbolic link is followed: the link stays, and the file that it names is replaced. An existing file's permissions
/// are kept, and a read-only one is refused; a new file gets what the umask allows. Devices, pipes and sockets
/// (`/dev/stdout`) are written directly, after everything else could be rendered.
pub fn stage(path: &Path, render: impl FnOnce(&mut dyn io::Write) -> io::Result<()>) -> Result<Staged, OutputError> {
    let failed = |step| move |source| OutputError { path: path.to_owned(), step, source };
    let existing = match fs::metadata(path) {
        Ok(metadata) => Some(metadata),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(failed(Step::Inspect)(error)),
    };
    let refuse = |kind, text: &str| Err(failed(Step::Inspect)(io::Error::new(kind, text.to_owned())));
    let mut content = match &existing {
        Some(metadata) if metadata.is_dir() => return refuse(io::ErrorKind::IsADirectory, "it is a folder"),
        Some(metadata) if !metadata.is_file() || is_descriptor(path) => {
            Content::Special(tempfile::tempfile().map_err(failed(Step::CreateTemporary))?)
        }
        Some(metadata) if metadata.permissions().readonly() => {
            return refuse(io::ErrorKind::PermissionDenied, "the file is read-only");
        }
        _ => {
            let target = follow(path).map_err(failed(Step::Inspect))?;
            let temporary = beside(&target, existing.as_ref()).map_err(failed(Step::CreateTemporary))?;
            Content::File { temporary, target }
        }
    };
    let file = match &mut content {
        Content::File { temporary, .. } => temporary.as_file_mut(),
        Content::Special(file) => file,
    };
    let mut buffered = io::BufWriter::with_capacity(1 << 16, file);
    render(&mut buffered).and_then(|()| buffered.flush()).map_err(failed(Step::Write))?;
    drop(buffered);
    if let Content::File { temporary, .. } = &content {
        temporary.as_file().sync_all().map_err(failed(Step::Write))?;
    }
    Ok(Staged { path: path.to_owned(), content })
}

impl Staged {
    /// Puts the report in place.
    pub fn persist(self) -> Result<(), OutputError> {
        let Self { path, content } = self;
        let failed = |step| {
            let path = path.clone();
            move |source| OutputError { path, step, source }
        };
        match content {
            Content::File { temporary, target } => {
                temporary.persist(&target).map_err(|error| failed(Step::Replace)(error.error))?;
                sync_folder(&target);
                Ok(())
            }
            Content::Special(mut content) => {
                let mut out = File::options().append(true).open(&path).map_err(failed(Step::Write))?;
                content.rewind().map_err(failed(Step::Write))?;
                io::copy(&mut content, &mut out).and_then(|_| out.flush()).map_err(failed(Step::Write))
            }
        }
    }
}

/// Puts reports in place that were all rendered before. Two reports that name one file are refused.
pub fn persist_all(reports: Vec<Staged>) -> Result<(), OutputError> {
    let mut targets = BTreeSet::new();
    for report in &reports {
        if let Content::File { target, .. } = &report.content
            && !targets.insert(target.clone())
        {
            let source = io::Error::from(io::ErrorKind::AlreadyExists);
            return Err(OutputError { path: report.path.clone(), step: Step::Twice, source });
        }
    }
    reports.into_iter().try_for_each(Staged::persist)
}

/// Writes one file: afterwards it is the old one (on an error) or the whole new one. See [`stage`] for links, devices
/// and permissions.
pub fn write_atomically(
    path: &Path,
    render: impl FnOnce(&mut dyn io::Write) -> io::Result<()>,
) -> Result<(), OutputError> {
    stage(path, render)?.persist()
}

/// Whether a path names an open file of this process. `/dev/stdout` may be a regular file that others write to as well:
/// it is appended to, because replacing it would lose what they write.
fn is_descriptor(path: &Path) -> bool {
    cfg!(unix) && (path.starts_with("/dev") || path.starts_with("/proc"))
}

/// The file that a path names after symbolic links, which need not exist.
fn follow(path: &Path) -> io::Result<PathBuf> {
    const MOST_LINKS: usize = 40; // as many as Linux follows: path_resolution(7)
    let mut target = path.to_owned();
    for _ in 0..MOST_LINKS {
        match fs::read_link(&target) {
            Ok(next) => target = folder(&target).join(next),
            Err(_not_a_link) => {
                let name = target.file_name().ok_or(io::ErrorKind::InvalidFilename)?;
                return Ok(fs::canonicalize(folder(&target))?.join(name));
            }
        }
    }
    Err(io::Error::other("too many levels of symbolic links"))
}

fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

fn beside(target: &Path, existing: Option<&fs::Metadata>) -> io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".vnetlint-").suffix(".tmp");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // The umask is taken off it, as for any file that a program creates.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    let temporary = builder.tempfile_in(folder(target))?;
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner).insert(temporary.path().to_owned());
    if let Some(existing) = existing {
        temporary.as_file().set_permissions(existing.permissions())?;
    }
    Ok(temporary)
}

/// Temporary files that this process has made. Finished ones stay listed: their names are used once.
static UNFINISHED: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// Removes what was begun and not finished, for a process that is told to stop.
pub fn discard_unfinished() {
    for path in &*UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner) {
        // A finished file has another name by now.
        let _gone_or_going = fs::remove_file(path);
    }
}

/// Makes the new name durable. A file system that cannot do so still has the old file or the new one.
fn sync_folder(target: &Path) {
    if cfg!(unix)
        && let Ok(folder) = File::open(folder(target))
    {
        let _best_effort = folder.sync_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect::<Vec<_>>();
        names.sort();
        names
    }

    #[test]
    fn formats_come_from_the_longest_ending() {
        for (path, format) in [
            ("report.sarif", Format::Sarif),
            ("a/b.JSON", Format::Json),
            ("x.csv", Format::Csv),
            ("summary.md", Format::Markdown),
            ("x.junit.xml", Format::Junit),
            ("oscal.json", Format::Json),
        ] {
            assert_eq!(Format::from_path(Path::new(path)), Ok(format), "{path}");
        }
    }

    #[test]
    fn formats_that_are_not_there_are_named() {
        let error = |path: &str| Format::from_path(Path::new(path)).unwrap_err().to_string();
        insta::assert_snapshot!(error("x.oscal.json"), @"cannot write `x.oscal.json`: reports of the format `.oscal.json` are not available yet; use one of `.sarif`, `.json`, `.csv`, `.md`, `.junit.xml`");
        assert!(error("x.ocsf.json").contains("not available yet"));
        assert!(error("x.html").contains("not available yet"));
        insta::assert_snapshot!(error("report.xml"), @"cannot tell the format of the report `report.xml` from its ending: use one of `.sarif`, `.json`, `.csv`, `.md`, `.junit.xml`");
        assert!(matches!(Format::from_path(Path::new("/")), Err(FormatError::Unknown(_))));
    }

    #[test]
    fn a_failure_while_rendering_leaves_the_old_file_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.json");
        fs::write(&path, "old").unwrap();
        let result = write_atomically(&path, |out| {
            out.write_all("x".repeat(200_000).as_bytes())?;
            Err(io::Error::from(io::ErrorKind::StorageFull))
        });
        let error = result.unwrap_err();
        assert_eq!((error.step, error.source.kind()), (Step::Write, io::ErrorKind::StorageFull));
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        assert_eq!(names(folder.path()), ["report.json"]);
    }

    #[test]
    fn nothing_is_in_place_before_everything_was_rendered() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let first = stage(&path("a.json"), |out| out.write_all(b"a")).unwrap();
        assert!(!path("a.json").exists());
        let second = stage(&path("b.json"), |out| out.write_all(b"b")).unwrap();
        persist_all(vec![first, second]).unwrap();
        assert_eq!(names(folder.path()), ["a.json", "b.json"]);
        assert_eq!(fs::read_to_string(path("b.json")).unwrap(), "b");
    }

    #[test]
    fn two_reports_for_one_file_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let staged = |name: &str| stage(&folder.path().join(name), |out| out.write_all(b"x")).unwrap();
        let error = persist_all(vec![staged("a.json"), staged("./a.json")]).unwrap_err();
        assert_eq!(error.step, Step::Twice);
        assert_eq!(names(folder.path()), Vec::<String>::new());
    }

    #[test]
    fn a_folder_and_a_missing_folder_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let write = |path: &Path| write_atomically(path, |out| out.write_all(b"x")).unwrap_err();
        assert_eq!(write(folder.path()).step, Step::Inspect);
        let missing = folder.path().join("missing/report.json");
        assert_eq!(write(&missing).source.kind(), io::ErrorKind::NotFound);
    }

    #[cfg(unix)]
    mod unix {
        use std::io::Read as _;
        use std::os::unix::fs::{PermissionsExt as _, symlink};

        use super::*;

        fn mode(path: &Path) -> u32 {
            fs::metadata(path).unwrap().permissions().mode() & 0o777
        }

        #[test]
        fn a_new_file_has_the_permissions_of_any_new_file_and_an_old_one_keeps_its_own() {
            let folder = tempfile::tempdir().unwrap();
            let (plain, new, old) =
                (folder.path().join("plain"), folder.path().join("new.csv"), folder.path().join("old.csv"));
            fs::write(&plain, "").unwrap();
            fs::write(&old, "old").unwrap();
            fs::set_permissions(&old, fs::Permissions::from_mode(0o640)).unwrap();
            for path in [&new, &old] {
                write_atomically(path, |out| out.write_all(b"new")).unwrap();
            }
            assert_eq!(mode(&new), mode(&plain));
            assert_eq!(mode(&old), 0o640);
        }

        #[test]
        fn a_read_only_file_is_refused() {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("report.csv");
            fs::write(&path, "old").unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).unwrap();
            assert_eq!(write_atomically(&path, |out| out.write_all(b"new")).unwrap_err().step, Step::Inspect);
            assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        }

        #[test]
        fn a_link_stays_and_its_target_is_replaced() {
            let folder = tempfile::tempdir().unwrap();
            fs::create_dir(folder.path().join("real")).unwrap();
            let (link, target) = (folder.path().join("link.json"), folder.path().join("real/target.json"));
            symlink("real/target.json", &link).unwrap();
            for content in ["created through a dangling link", "replaced through a link"] {
                write_atomically(&link, |out| out.write_all(content.as_bytes())).unwrap();
                assert_eq!(fs::read_to_string(&target).unwrap(), content);
                assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
            }
        }

        #[test]
        fn links_in_a_circle_are_an_error() {
            let folder = tempfile::tempdir().unwrap();
            let link = folder.path().join("a.json");
            symlink("a.json", &link).unwrap();
            assert_eq!(write_atomically(&link, |out| out.write_all(b"x")).unwrap_err().step, Step::Inspect);
        }

        #[test]
        fn a_pipe_is_written_directly() {
            let (mut read, write) = io::pipe().unwrap();
            let path = PathBuf::from(format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&write)));
            if !path.exists() {
                return; // no procfs on this system
            }
            write_atomically(&path, |out| out.write_all(b"through the pipe")).unwrap();
            drop(write);
            let mut text = String::new();
            read.read_to_string(&mut text).unwrap();
            assert_eq!(text, "through the pipe");
        }
    }
}
