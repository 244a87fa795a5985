//! The command line's words and their help. Nothing runs here.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use jiff::civil::Date;

/// Does the network that really runs in Azure still obey the topology that was approved?
#[derive(Debug, Parser)]
#[command(
    name = "vnetlint",
    version,
    about,
    propagate_version = true,
    max_term_width = 100,
    subcommand_required = true
)]
#[command(after_help = "Exit status: 0 nothing at or above the level, 1 findings at or above it, 2 the command could \
not run, 3 it ran but the verdict is incomplete.")]
pub struct Cli {
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Evaluate the policies over exports or a snapshot, and report findings
    Scan(Scan),
    /// Turn exports that you already have into a snapshot folder
    Import(Import),
    /// List the rules, or explain one
    Rules(Rules),
    /// Print what policies see, as JSON
    Facts(Facts),
    /// Run the Rego unit tests of policies, with line coverage
    Test(Test),
}

/// Which policies.
#[derive(Debug, Args)]
pub struct Policies {
    /// Add the policies below this folder (repeatable)
    #[arg(long, value_name = "DIR")]
    pub policies: Vec<PathBuf>,
    /// Leave the shipped policies out
    #[arg(long)]
    pub no_builtin: bool,
}

/// `vnetlint scan`.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub struct Scan {
    /// A snapshot folder, or any mix of files and folders of exports; `-` is standard input
    #[arg(value_name = "INPUT", required = true)]
    pub inputs: Vec<PathBuf>,
    /// The exports are whole: of every subscription that appears in them, what they do not hold is not there
    #[arg(long)]
    pub complete: bool,
    /// Write a report; its ending is its format: .sarif .json .csv .md .junit.xml (repeatable)
    #[arg(short, long, value_name = "FILE")]
    pub output: Vec<PathBuf>,
    /// The format of standard output
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: StdoutFormat,
    /// What SARIF holds: what GitHub code scanning should show, or everything
    #[arg(long, value_name = "PROFILE", default_value = "github")]
    pub sarif: SarifProfile,
    /// Paths in SARIF are relative to this folder [default: the working folder]
    #[arg(long, value_name = "DIR")]
    pub source_root: Option<PathBuf>,
    /// The configuration [default: vnetlint.toml beside the input or in the working folder]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Judge approvals as of this day, UTC [default: the day the snapshot was collected]
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub as_of: Option<Date>,
    /// Run only these rules: ids or globs (repeatable)
    #[arg(long, value_name = "RULE")]
    pub select: Vec<String>,
    /// Leave these rules out: ids or globs (repeatable)
    #[arg(long, value_name = "RULE")]
    pub ignore: Vec<String>,
    /// Which policies.
    #[command(flatten)]
    pub policies: Policies,
    /// The lowest severity that makes the exit status 1
    #[arg(long, value_name = "LEVEL", default_value = "low")]
    pub fail_on: FailOn,
    /// Exit with 0 instead of 3 where the verdict is incomplete
    #[arg(long)]
    pub allow_incomplete: bool,
    /// How many threads judge [default: one a core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub jobs: Option<u16>,
    /// The evaluator of policies; the interpreter is slower, and the reference
    #[arg(long, value_name = "ENGINE", default_value = "rvm")]
    pub engine: Engine,
    /// Print the closing counts alone
    #[arg(short, long, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Print every finding, every place, and what the program does
    #[arg(short, long)]
    pub verbose: bool,
}

/// Formats of standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum StdoutFormat {
    /// A readable summary.
    Text,
    /// SARIF 2.1.0.
    Sarif,
    /// Our own JSON.
    Json,
    /// One row a finding.
    Csv,
    /// For a job summary.
    Md,
    /// JUnit XML.
    Junit,
}

/// SARIF profiles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SarifProfile {
    /// Violations alone, within GitHub's limits.
    Github,
    /// Everything.
    Full,
}

/// What makes the exit status 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    /// Any violation.
    Low,
    /// Medium and above.
    Medium,
    /// High and above.
    High,
    /// Critical alone.
    Critical,
    /// Nothing.
    Never,
}

/// Evaluators.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Engine {
    /// The virtual machine, sampled against the interpreter.
    Rvm,
    /// The reference.
    Interpreter,
}

/// `vnetlint import`.
#[derive(Debug, Args)]
pub struct Import {
    /// Any mix of files and folders of exports; `-` is standard input
    #[arg(value_name = "INPUT", required = true)]
    pub inputs: Vec<PathBuf>,
    /// The snapshot folder to write; an older snapshot there is replaced
    #[arg(short, long, value_name = "DIR")]
    pub output: PathBuf,
    /// The exports are whole: of every subscription that appears in them, what they do not hold is not there
    #[arg(long)]
    pub complete: bool,
    /// When the exports were made, RFC 3339 [default: now]
    #[arg(long, value_name = "TIME")]
    pub collected_at: Option<jiff::Timestamp>,
}

/// `vnetlint rules`.
#[derive(Debug, Args)]
pub struct Rules {
    /// The rule to explain
    pub rule: Option<String>,
    /// The format of the list
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: RulesFormat,
    /// Which policies.
    #[command(flatten)]
    pub policies: Policies,
}

/// Formats of the list of rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RulesFormat {
    /// A line each.
    Text,
    /// JSON.
    Json,
    /// A Markdown table.
    Md,
}

/// `vnetlint facts`.
#[derive(Debug, Args)]
pub struct Facts {
    /// A snapshot folder, or any mix of files and folders of exports; `-` is standard input
    #[arg(value_name = "INPUT", required_unless_present = "schema")]
    pub inputs: Vec<PathBuf>,
    /// The exports are whole: of every subscription that appears in them, what they do not hold is not there
    #[arg(long)]
    pub complete: bool,
    /// Only subjects with this ARM id, or of this virtual network
    #[arg(long, value_name = "ID")]
    pub subject: Option<String>,
    /// Only subjects of this kind
    #[arg(long, value_name = "KIND")]
    pub kind: Option<String>,
    /// Print the JSON Schema of the facts instead
    #[arg(long)]
    pub schema: bool,
    /// The configuration [default: vnetlint.toml beside the input or in the working folder]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The day by which approvals are judged, UTC [default: the day the snapshot was collected]
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub as_of: Option<Date>,
}

/// `vnetlint test`.
#[derive(Debug, Args)]
pub struct Test {
    /// A folder of policies with their tests [default: the shipped policies]
    pub dir: Option<PathBuf>,
    /// Run only tests whose name or file contains this
    #[arg(long, value_name = "TEXT")]
    pub filter: Option<String>,
    /// List the lines that no test covers
    #[arg(short, long)]
    pub verbose: bool,
}
