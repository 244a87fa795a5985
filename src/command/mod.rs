//! One short function for each command: what is opened, in which order, and what comes out.
//!
//! The only place that reads the clock, the working folder and the standard streams.

mod facts;
mod import;
mod load;
mod rules;
mod scan;
mod test;

use std::io::{self, IsTerminal as _, Write as _};
use std::process::ExitCode;

use crate::cli::{Cli, Command};

/// Runs a command, and prints what stopped it.
pub fn run(cli: Cli) -> ExitCode {
    stop_cleanly();
    let outcome = match cli.command {
        Command::Scan(arguments) => scan::run(&arguments),
        Command::Import(arguments) => import::run(&arguments),
        Command::Rules(arguments) => rules::run(&arguments),
        Command::Facts(arguments) => facts::run(&arguments),
        Command::Test(arguments) => test::run(&arguments),
    };
    match outcome {
        Ok(status) => status.into(),
        Err(error) if is_closed_pipe(&error) => Status::Done.into(),
        Err(error) => {
            // Nothing is left to tell when standard error is closed too.
            let text = chain(&error);
            // Complaints about the configuration come with their own heading.
            let text = text.strip_prefix("error: ").unwrap_or(&text);
            let _ = writeln!(anstream::stderr(), "{ERROR}error{ERROR:#}: {text}");
            Status::CouldNotRun.into()
        }
    }
}

/// On Ctrl-C or a request to end: nothing half-written stays, and nothing is said.
fn stop_cleanly() {
    /// As shells report a process that SIGINT ended: 128 + 2.
    const INTERRUPTED: i32 = 130;
    #[expect(clippy::exit, reason = "the work goes on in other threads and has to end here")]
    let stop = || {
        crate::report::output::discard_unfinished();
        std::process::exit(INTERRUPTED);
    };
    // Without a handler the system ends the process, and a temporary file may stay behind.
    let _is_set = ctrlc::set_handler(stop);
}

const ERROR: anstyle::Style = anstyle::AnsiColor::Red.on_default().bold();
const NOTE: anstyle::Style = anstyle::AnsiColor::Cyan.on_default().bold();

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    /// Done, and nothing at or above the level.
    Done,
    /// Findings at or above the level.
    Findings,
    /// The command could not run.
    CouldNotRun,
    /// It ran, but the verdict is incomplete.
    Incomplete,
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        Self::from(match status {
            Status::Done => 0,
            Status::Findings => 1,
            Status::CouldNotRun => 2,
            Status::Incomplete => 3,
        })
    }
}

/// An error with its causes, each said once.
fn chain(error: &anyhow::Error) -> String {
    let mut text = error.to_string();
    for cause in error.chain().skip(1) {
        let cause = cause.to_string();
        if !text.contains(&cause) {
            text.push_str(": ");
            text.push_str(&cause);
        }
    }
    text
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    let closed = |cause: &(dyn std::error::Error + 'static)| {
        cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    };
    error.chain().any(closed)
}

/// A line on standard error that is no error.
fn note(text: &str) {
    // A closed standard error is no reason to stop.
    let _ = writeln!(anstream::stderr(), "{NOTE}note{NOTE:#}: {text}");
}

/// What the program does, on standard error, when asked for.
fn log(verbose: bool) {
    if verbose {
        let subscriber = tracing_subscriber::fmt().with_writer(io::stderr).without_time().with_target(false);
        let subscriber = subscriber.with_ansi(io::stderr().is_terminal());
        // A second subscriber is refused; the first one serves.
        let _ = subscriber.try_init();
    }
}
