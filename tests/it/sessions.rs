//! Sessions of the command line, as documentation shows them: `tests/cmd/*.md`, and the README's.

use std::fs;
use std::path::Path;

use crate::command::root;

/// `$ vnetlint ...` in a block of `console` runs in a copy of the folder that the page names, or in the repository's
/// root. `$ cargo ...` is left out: it would build the program again.
#[test]
fn sessions_go_as_their_pages_say() {
    let cases = trycmd::TestCases::new();
    cases.register_bin("vnetlint", Path::new(env!("CARGO_BIN_EXE_vnetlint")));
    cases.register_bin("cargo", trycmd::schema::Bin::Ignore);
    cases.case("tests/cmd/*.md");
    let readme = fs::read_to_string(root().join("README.md")).unwrap_or_default();
    if readme.contains("```console") {
        cases.case("README.md");
    }
}
