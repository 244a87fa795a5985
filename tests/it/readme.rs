//! The pages of the repository: the README's picture is what the program prints, its list of rules is whole, and links
//! lead to files that exist.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use snapbox::{assert_data_eq, file};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Markdown files below a folder, build products and hidden folders other than `.github` left out.
fn pages(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the folder is readable") {
        let path = entry.expect("the folder is readable").path();
        let name = path.file_name().expect("an entry has a name").to_string_lossy().into_owned();
        let ours = name == ".github" || !name.starts_with('.') && name != "target";
        if path.is_dir() && ours {
            pages(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "md") {
            found.push(path);
        }
    }
}

/// Where the links of a page lead that lead to files, code blocks left out.
fn linked_files(page: &Path) -> Vec<PathBuf> {
    let text = fs::read_to_string(page).unwrap_or_else(|error| panic!("{}: {error}", page.display()));
    let mut in_code = false;
    let prose = text.lines().filter(|line| {
        let fence = line.trim_start().starts_with("```");
        in_code ^= fence;
        !in_code && !fence
    });
    let prose = prose.collect::<Vec<_>>().join("\n");
    let targets = prose.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target);
    let files = targets.filter(|target| !target.contains("://") && !target.starts_with(['#', '<']));
    let without_anchor = files.map(|target| target.split_once('#').map_or(target, |(file, _)| file));
    without_anchor.map(|target| page.with_file_name(target)).collect()
}

#[test]
fn links_between_pages_lead_to_files_that_exist() {
    let mut all = Vec::new();
    pages(root(), &mut all);
    assert!(all.len() > 20, "only {} pages were found", all.len());
    for page in all {
        for target in linked_files(&page) {
            assert!(target.exists(), "{} links to {}, which is not there", page.display(), target.display());
        }
    }
}

#[test]
fn the_readme_lists_every_rule() {
    let mut shipped = Vec::new();
    pages(&root().join("policies"), &mut shipped);
    let rules = shipped.into_iter().filter(|page| page.parent().unwrap().join("fails.json").exists());
    let listed = linked_files(&root().join("README.md")).into_iter().collect::<BTreeSet<_>>();
    for rule in rules {
        assert!(listed.contains(&rule), "README.md does not link to {}", rule.display());
    }
}

#[test]
fn the_configuration_of_the_readme_is_valid() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let (_, block) = readme.split_once("```toml\n").unwrap();
    let (block, _) = block.split_once("```").unwrap();
    let config = vnetlint::config::Config::parse("README.md", block).unwrap();
    assert_eq!(config.approvals.len(), 1);
}

/// Drawn again by `SNAPSHOTS=overwrite cargo test --test it picture`.
#[test]
fn the_picture_of_the_readme_is_what_the_program_prints() {
    let typed =
        "vnetlint scan samples/violations/exports --as-of 2026-06-30 --select nsg-broad-* --select *-forwarded-*";
    let arguments = typed.split(' ').skip(1);
    let mut vnetlint = Command::new(env!("CARGO_BIN_EXE_vnetlint"));
    vnetlint.args(arguments).current_dir(root()).env("CLICOLOR_FORCE", "1").env_remove("NO_COLOR");
    let printed = vnetlint.output().unwrap();
    assert_eq!(printed.status.code(), Some(1), "{}", String::from_utf8_lossy(&printed.stderr));
    let screen = format!("$ {typed}\n{}", String::from_utf8(printed.stdout).unwrap());
    assert_data_eq!(screen, file!["../../.github/scan.term.svg"].raw());
}
