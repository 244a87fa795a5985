//! The command line: see `vnetlint --help`.

use std::process::ExitCode;

use clap::Parser as _;

// Reading and judging allocate millions of small blocks, from several threads at once.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    vnetlint::command::run(vnetlint::cli::Cli::parse())
}
