//! Runs a program once and says what it took: as a whole process, from its start to its end.
//!
//! The figures come from the kernel's account of ended children (`getrusage`). Its peak memory is that of the
//! largest child so far, and a child counts what its parent held when it was started; so every program is run by a
//! small process of its own, which is this one started again.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

/// The first argument of the small process that runs a program.
pub(crate) const MEASURE: &str = "--measure";

/// What one run took.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub(crate) struct Usage {
    pub(crate) wall: Duration,
    /// Processor time, of the program and of the kernel on its behalf.
    pub(crate) cpu: Duration,
    /// The most memory that was resident at a time, in bytes.
    pub(crate) peak: u64,
    /// The exit status; none after a signal.
    pub(crate) status: Option<i32>,
}

/// Runs a program to its end.
pub(crate) fn run(program: &Path, arguments: &[&OsStr]) -> io::Result<Usage> {
    let this = std::env::current_exe()?;
    let output = Command::new(this).arg(MEASURE).arg(program).args(arguments).stderr(Stdio::inherit()).output()?;
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// In the small process: runs the program that the arguments name, and prints what it took.
pub(crate) fn measure(program_and_arguments: &[OsString]) -> io::Result<String> {
    let Some((program, arguments)) = program_and_arguments.split_first() else {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "no program is named"));
    };
    let started = Instant::now();
    let status = Command::new(program).args(arguments).stdout(Stdio::null()).status()?;
    let wall = started.elapsed();
    let (cpu, peak) = account()?;
    Ok(serde_json::to_string(&Usage { wall, cpu, peak, status: status.code() })?)
}

/// Processor time and peak memory of the only child.
#[cfg(unix)]
fn account() -> io::Result<(Duration, u64)> {
    use nix::sys::resource::{UsageWho, getrusage};
    use nix::sys::time::TimeValLike as _;

    let account = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let cpu = account.user_time().num_microseconds() + account.system_time().num_microseconds();
    // Linux counts in KiB, macOS in bytes.
    let unit = if cfg!(target_os = "macos") { 1 } else { 1024 };
    let peak = u64::try_from(account.max_rss()).unwrap_or(0) * unit;
    Ok((Duration::from_micros(u64::try_from(cpu).unwrap_or(0)), peak))
}

#[cfg(not(unix))]
fn account() -> io::Result<(Duration, u64)> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "processes are measured on Unix alone"))
}
