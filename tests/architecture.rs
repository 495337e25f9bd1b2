//! The module table of ARCHITECTURE.md is true: no module uses another that its row does not name,
//! every module has a row, and no row is left over.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Module and the modules it may use, from the rows `| \`name\` | ... | \`a\`, \`b\` |`.
fn table() -> BTreeMap<String, BTreeSet<String>> {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let quoted = |cell: &str| -> Vec<String> {
        cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
    };
    let modules = text.split("## Modules").nth(1).and_then(|rest| rest.split("## ").next());
    let rows = modules.unwrap().lines().filter(|line| line.starts_with("| `"));
    rows.map(|row| {
        let cells: Vec<_> = row.trim_matches('|').split('|').collect();
        let uses = quoted(cells.last().unwrap()).into_iter().collect();
        (quoted(cells[0]).remove(0), uses)
    })
    .collect()
}

fn modules() -> BTreeMap<String, Vec<PathBuf>> {
    let mut modules: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for entry in fs::read_dir(root().join("src")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        if name == "lib" || name == "main" {
            continue;
        }
        let files = modules.entry(name).or_default();
        if path.is_dir() {
            collect(&path, files);
        } else {
            files.push(path);
        }
    }
    modules
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// Names that follow `crate::`, outside of comments; `for_dtype` is a macro of `tensor`.
fn uses(text: &str) -> BTreeSet<String> {
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let code: String = code.collect::<Vec<_>>().join("\n");
    let mut names = BTreeSet::new();
    for (position, _) in code.match_indices("crate::") {
        let rest = &code[position + "crate::".len()..];
        assert!(!rest.starts_with('{'), "write one `use crate::module` per module");
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        names.insert(match &rest[..end] {
            "for_dtype" => "tensor".to_owned(),
            "Error" | "Result" => "error".to_owned(),
            name => name.to_owned(),
        });
    }
    names
}

#[test]
fn modules_use_only_what_the_table_allows() {
    let table = table();
    let modules = modules();
    let listed: BTreeSet<_> = table.keys().collect();
    let present: BTreeSet<_> = modules.keys().collect();
    assert_eq!(listed, present, "ARCHITECTURE.md and src/ must name the same modules");
    for (module, files) in &modules {
        for file in files {
            for used in uses(&fs::read_to_string(file).unwrap()) {
                assert!(
                    used == *module || table[module].contains(&used),
                    "{}: `{module}` may not use `{used}` (see ARCHITECTURE.md)",
                    file.display()
                );
            }
        }
    }
}

#[test]
fn the_table_has_no_cycle() {
    let mut table = table();
    while !table.is_empty() {
        let leaf = table
            .iter()
            .find(|(_, uses)| uses.iter().all(|used| !table.contains_key(used)))
            .map(|(module, _)| module.clone())
            .expect("a module that uses only modules below it");
        table.remove(&leaf);
    }
}
