//! Which files the inputs are, and their text.

use std::fs::File;
use std::io::{self, Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::InputError;
use crate::finding::FileId;
use crate::snapshot::{Manifest, resting_place};

/// Every file of the inputs, by path; keeps no text but that of standard input.
#[derive(Debug, Default)]
pub struct Sources {
    files: Vec<Source>,
}

/// One file.
#[derive(Debug, Clone)]
pub(super) struct Source {
    pub(super) shown: String,
    text: Origin,
    /// Whether the user named this file, or a folder above it.
    pub(super) named: bool,
    pub(super) sha256: Option<String>,
    pub(super) collected_at: Option<String>,
}

#[derive(Debug, Clone)]
enum Origin {
    File(PathBuf),
    Memory(Arc<[u8]>),
}

impl Sources {
    /// The bytes of a file as they are.
    pub(super) fn open(&self, file: FileId) -> io::Result<Box<dyn Read + Send>> {
        match &self.files[file.0 as usize].text {
            Origin::File(path) => Ok(Box::new(File::open(path)?)),
            Origin::Memory(bytes) => Ok(Box::new(Cursor::new(Arc::clone(bytes)))),
        }
    }

    /// The text of a file, UTF-8, without a byte-order mark.
    pub fn text(&self, file: FileId) -> io::Result<Vec<u8>> {
        let mut text = Vec::new();
        super::encoding::utf8(self.open(file)?)?.read_to_end(&mut text)?;
        Ok(text)
    }

    /// The text of a file from a byte of it on; none where it has to be decoded from its beginning.
    pub(crate) fn text_from(&self, file: FileId, offset: u64) -> io::Result<Option<Box<dyn Read + '_>>> {
        let source = self.files.get(file.0 as usize).ok_or(io::ErrorKind::NotFound)?;
        match &source.text {
            Origin::File(path) => super::encoding::utf8_from(File::open(path)?, offset),
            Origin::Memory(bytes) => super::encoding::utf8_from(Cursor::new(&**bytes), offset),
        }
    }

    /// The file as the user named it.
    pub fn shown(&self, file: FileId) -> &str {
        self.files.get(file.0 as usize).map_or("?", |source| source.shown.as_str())
    }

    /// One of these files, at once: estates have ten thousands of them.
    pub(super) fn source(&self, file: FileId) -> &Source {
        &self.files[file.0 as usize]
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = (FileId, &Source)> {
        (0..).map(FileId).zip(&self.files)
    }

    /// Adds a text that is already in memory, such as the configuration, behind the inputs.
    pub fn add_text(&mut self, shown: &str, text: &str) -> FileId {
        let id = FileId(u32::try_from(self.files.len()).unwrap_or(u32::MAX));
        self.files.push(Source {
            shown: shown.to_owned(),
            text: Origin::Memory(Arc::from(text.as_bytes())),
            named: true,
            sha256: None,
            collected_at: None,
        });
        id
    }
}

/// The files behind the inputs, and the manifests of snapshots among them.
pub(super) fn discover(inputs: &[PathBuf], stdin: &mut dyn Read) -> Result<(Sources, Vec<Manifest>), InputError> {
    let mut found = Vec::new();
    let mut manifests = Vec::new();
    let mut stdin_taken = false;
    for input in inputs {
        if input.as_os_str() == "-" {
            if std::mem::replace(&mut stdin_taken, true) {
                return Err(InputError::StdinTwice);
            }
            let mut bytes = Vec::new();
            stdin.read_to_end(&mut bytes).map_err(|source| InputError::read("-", source))?;
            found.push(Source {
                shown: "-".to_owned(),
                text: Origin::Memory(bytes.into()),
                named: true,
                sha256: None,
                collected_at: None,
            });
            continue;
        }
        // A crash may have left the snapshot that belongs here aside.
        let input = &resting_place(input);
        if std::fs::metadata(input).map_err(|source| InputError::read(&shown(input), source))?.is_dir() {
            folder(input, &mut found, &mut manifests)?;
        } else {
            found.push(Source::file(input.clone(), Named::Itself));
        }
    }
    found.sort_by(|a, b| a.shown.cmp(&b.shown));
    found.dedup_by(|a, b| a.shown == b.shown);
    Ok((Sources { files: found }, manifests))
}

#[derive(Clone, Copy)]
enum Named {
    Itself,
    ByFolder,
}

impl Source {
    fn file(path: PathBuf, named: Named) -> Self {
        Self {
            shown: shown(&path),
            text: Origin::File(path),
            named: matches!(named, Named::Itself),
            sha256: None,
            collected_at: None,
        }
    }
}

fn shown(path: &Path) -> String {
    let text = path.to_string_lossy().replace('\\', "/");
    text.strip_prefix("./").filter(|rest| !rest.is_empty()).map_or(text.clone(), str::to_owned)
}

/// A snapshot's files as its manifest lists them, or every JSON file below a folder.
fn folder(path: &Path, found: &mut Vec<Source>, manifests: &mut Vec<Manifest>) -> Result<(), InputError> {
    let manifest = path.join("manifest.json");
    if manifest.is_file() {
        let shown = shown(&manifest);
        let text = std::fs::read(&manifest).map_err(|source| InputError::read(&shown, source))?;
        let manifest = Manifest::parse(&shown, &text)?;
        for file in &manifest.files {
            let mut source = Source::file(path.join(&file.path), Named::ByFolder);
            source.sha256 = Some(file.sha256.clone());
            source.collected_at = file.to.clone().or_else(|| manifest.collected_at.clone());
            found.push(source);
        }
        manifests.push(manifest);
        return Ok(());
    }
    let entries = std::fs::read_dir(path).map_err(|source| InputError::read(&shown(path), source))?;
    for entry in entries {
        let entry = entry.map_err(|source| InputError::read(&shown(path), source))?;
        let path = entry.path();
        // A link to a folder above would never end: folders are entered only where they really are.
        let kind = entry.file_type().map_err(|source| InputError::read(&shown(&path), source))?;
        if kind.is_dir() {
            if !entry.file_name().to_string_lossy().starts_with('.') {
                folder(&path, found, manifests)?;
            }
        } else if is_json(&path) && path.is_file() {
            found.push(Source::file(path, Named::ByFolder));
        }
    }
    Ok(())
}

fn is_json(path: &Path) -> bool {
    let known = |ending: &std::ffi::OsStr| ["json", "jsonl", "ndjson"].iter().any(|e| ending.eq_ignore_ascii_case(e));
    path.extension().is_some_and(known)
}
