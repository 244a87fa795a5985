//! Runs the built program as people do: in a folder of its own, with an empty environment.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The program, about to run in a folder.
pub(crate) fn vnetlint(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vnetlint"));
    command.env_clear().current_dir(folder).stdin(Stdio::null());
    command
}

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// `None` after a signal.
    pub(crate) status: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs to the end. A panic is never an answer.
pub(crate) fn run(mut command: Command) -> Ended {
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("the program writes UTF-8");
    let ended = Ended { status: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) };
    assert!(!ended.stderr.contains("panicked at"), "{command:?}: {ended:#?}");
    assert!(matches!(ended.status, Some(0..=3)), "{command:?}: {ended:#?}");
    ended
}

/// A folder with files in it, to run in.
pub(crate) struct Desk(tempfile::TempDir);

impl Desk {
    /// Files by path; folders are made as they are needed.
    pub(crate) fn with<T: AsRef<[u8]>>(files: &[(&str, T)]) -> Self {
        let desk = Self(tempfile::tempdir().unwrap());
        for (path, content) in files {
            desk.put(path, content.as_ref());
        }
        desk
    }

    pub(crate) fn put(&self, path: &str, content: &[u8]) {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// The names at the top of the folder, sorted.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path()).unwrap().map(Result::unwrap);
        let mut names = entries.map(|entry| entry.file_name().into_string().unwrap()).collect::<Vec<_>>();
        names.sort();
        names
    }

    /// `vnetlint` with arguments, in this folder.
    pub(crate) fn command(&self, arguments: &[impl AsRef<OsStr>]) -> Command {
        let mut command = vnetlint(self.path());
        command.args(arguments);
        command
    }

    /// Runs `vnetlint` with arguments, in this folder.
    pub(crate) fn run(&self, arguments: &[impl AsRef<OsStr>]) -> Ended {
        run(self.command(arguments))
    }
}

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}
