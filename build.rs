//! Embeds `policies/` in the binary: every rule's `.rego` files and page, and the shared helpers.
//!
//! The folder is the list: a new rule needs no line here.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it for build scripts"));
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it for build scripts"));
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=policies");

    let policies = root.join("policies");
    let mut files = Vec::new();
    if policies.is_dir() {
        walk(&policies, &policies, &mut files)?;
    }
    files.sort();

    let mut text = String::from("&[\n");
    for (name, file) in files {
        writeln!(text, "    ({name:?}, include_str!({:?})),", file.display().to_string()).expect("writes to a string");
    }
    text.push_str("]\n");
    fs::write(out.join("policies.rs"), text)
}

/// Collects `(path below policies/, absolute path)` of what a rule set is made of.
fn walk(root: &Path, folder: &Path, files: &mut Vec<(String, PathBuf)>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            walk(root, &path, files)?;
            continue;
        }
        let below = path.strip_prefix(root).expect("walked from the root");
        let name = below.components().map(|c| c.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/");
        let page = name.ends_with("/README.md");
        if page || path.extension().is_some_and(|extension| extension == "rego") {
            files.push((name, path));
        }
    }
    Ok(())
}
