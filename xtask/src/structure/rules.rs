//! The table of ARCHITECTURE.md, held against the source.
#![cfg(test)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::circles;
use super::uses::Tree;

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("src")
}

fn tree() -> Tree {
    Tree::read(&source()).unwrap()
}

/// Groups from the ground up, each with its modules in order, from the rows
/// `| \`group\` | \`module\`, ... | ... |`.
fn table() -> Vec<(String, Vec<String>)> {
    let text = fs::read_to_string(source().with_file_name("ARCHITECTURE.md")).unwrap();
    let quoted = |cell: &str| -> Vec<String> {
        cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
    };
    let modules = text.split("## Modules").nth(1).and_then(|rest| rest.split("## ").next());
    let rows = modules.unwrap().lines().filter(|line| line.starts_with("| `"));
    rows.map(|row| {
        let cells: Vec<_> = row.trim_matches('|').split('|').collect();
        (quoted(cells[0]).remove(0), quoted(cells[1]))
    })
    .collect()
}

/// Names of the files and folders in a folder, `mod.rs` left out.
fn members(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let stems = entries.map(|path| path.file_stem().unwrap().to_string_lossy().into_owned());
    stems.filter(|stem| stem != "mod").collect()
}

/// The group and, where the path names one, the module that a path leads to. The crate's root
/// passes on two names of `error` and a macro of `tensor`.
fn home(path: &[String]) -> Option<(&str, Option<&str>)> {
    Some(match path.first()?.as_str() {
        "for_dtype" => ("base", Some("tensor")),
        "Error" | "Result" => ("base", Some("error")),
        group => (group, path.get(1).map(String::as_str)),
    })
}

#[test]
fn modules_use_only_what_stands_before_them() {
    let (table, tree) = (table(), tree());
    for (file, paths) in &tree.files {
        let parts: Vec<_> = file
            .iter()
            .map(|part| part.to_string_lossy().trim_end_matches(".rs").to_owned())
            .collect();
        let [group, module, ..] = &parts[..] else { continue };
        let level = table.iter().position(|(name, _)| name == group).unwrap();
        let rank = |name: &str| table[level].1.iter().position(|other| other == name);
        for (used, inner) in paths.iter().filter_map(|path| home(path)) {
            let floor = table.iter().position(|(name, _)| name == used);
            let floor = floor.unwrap_or_else(|| panic!("{}: no group `{used}`", file.display()));
            assert!(floor <= level, "{}: `{group}` may not use `{used}`", file.display());
            if let (true, Some(mine), Some(other)) =
                (floor == level, rank(module), inner.and_then(rank))
            {
                assert!(
                    other <= mine,
                    "{}: may not use `{}`",
                    file.display(),
                    table[level].1[other]
                );
            }
        }
    }
}

#[test]
fn the_table_names_every_group_and_module() {
    let table = table();
    let mut groups = members(&source());
    groups.remove("lib");
    groups.remove("main");
    assert_eq!(groups, table.iter().map(|(group, _)| group.clone()).collect());
    // A group whose row names only itself keeps its files without an order.
    for (group, modules) in table.iter().filter(|(group, modules)| modules[..] != [group.clone()]) {
        let named: BTreeSet<_> = modules.iter().cloned().collect();
        assert_eq!(members(&source().join(group)), named, "modules of `{group}`");
    }
}

#[test]
fn no_files_use_each_other_in_a_circle() {
    let circle = circles(&tree());
    assert!(circle.is_empty(), "files in a circle, or between two: {circle:#?}");
}
