//! The module table of ARCHITECTURE.md is true: a module uses only the groups above its own row and
//! the modules named before it in its row, every group and module has its place, and no files of a
//! module use each other in a circle.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// Groups from the ground up, each with its modules in order, from the rows
/// `| \`group\` | \`module\`, ... | ... |`.
fn table() -> Vec<(String, Vec<String>)> {
    let path = source().with_file_name("ARCHITECTURE.md");
    let text = fs::read_to_string(path).unwrap();
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

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

/// The code of a file up to its unit tests, without comment lines.
fn code(file: &Path) -> String {
    let text = fs::read_to_string(file).unwrap();
    let text = text.split("\n#[cfg(test)]\nmod ").next().unwrap().to_owned();
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

/// The path behind every `crate::` and `super::` of a file, as segments from the folder `src`.
fn uses(file: &Path) -> Vec<Vec<String>> {
    let relative = file.strip_prefix(source()).unwrap().with_extension("");
    let mut module: Vec<String> =
        relative.iter().map(|part| part.to_string_lossy().into_owned()).collect();
    if module.last().is_some_and(|last| last == "mod") {
        module.pop();
    }
    let code = code(file);
    let mut found = Vec::new();
    for (position, _) in code.match_indices("crate::") {
        let rest = &code[position + "crate::".len()..];
        assert!(!rest.starts_with('{'), "{}: one `use crate::group` per module", file.display());
        found.push(segments(rest));
    }
    for (position, _) in code.match_indices("super::") {
        if code[..position].ends_with("super::") {
            continue;
        }
        let (mut rest, mut up) = (&code[position..], 0);
        while let Some(after) = rest.strip_prefix("super::") {
            (rest, up) = (after, up + 1);
        }
        let base = &module[..module.len().saturating_sub(up)];
        for tail in alternatives(rest) {
            found.push(base.iter().cloned().chain(tail).collect());
        }
    }
    found
}

/// `a::b::C` to its segments.
fn segments(text: &str) -> Vec<String> {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_' && c != ':');
    let path = &text[..end.unwrap_or(text.len())];
    path.split("::").filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

/// The members of `{a::b, c}`, or the one path.
fn alternatives(text: &str) -> Vec<Vec<String>> {
    match text.strip_prefix('{') {
        Some(list) => {
            let list = list.split(['}', ';']).next().unwrap();
            list.split(',').map(|item| segments(item.trim())).collect()
        }
        None => vec![segments(text)],
    }
}

/// Group and module that a path names, where it names one below another group.
fn home(path: &[String]) -> (String, Option<String>) {
    match path[0].as_str() {
        "for_dtype" => ("base".to_owned(), Some("tensor".to_owned())),
        "Error" | "Result" => ("base".to_owned(), Some("error".to_owned())),
        group => (group.to_owned(), path.get(1).cloned()),
    }
}

#[test]
fn modules_use_only_what_stands_before_them() {
    let table = table();
    let floor = |group: &str| table.iter().position(|(name, _)| name == group);
    for (level, (group, modules)) in table.iter().enumerate() {
        for file in rust_files(&source().join(group)) {
            let inside = file.strip_prefix(source().join(group)).unwrap();
            let first = inside.iter().next().unwrap();
            let own = Path::new(first).file_stem().unwrap().to_string_lossy();
            let rank = |name: &str| modules.iter().position(|module| module == name);
            for (used, module) in
                uses(&file).iter().filter(|path| !path.is_empty()).map(|p| home(p))
            {
                let place = file.display();
                let used_level = floor(&used)
                    .unwrap_or_else(|| panic!("{place}: `{used}` is no group of ARCHITECTURE.md"));
                assert!(used_level <= level, "{place}: `{group}` may not use `{used}`");
                let (Some(mine), Some(other)) =
                    (rank(&own), module.as_deref().and_then(rank).filter(|_| used_level == level))
                else {
                    continue;
                };
                assert!(other <= mine, "{place}: `{own}` may not use `{}`", modules[other]);
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
    for (group, modules) in table.iter().filter(|(group, modules)| modules[..] != [group.clone()]) {
        let named: BTreeSet<_> = modules.iter().cloned().collect();
        assert_eq!(members(&source().join(group)), named, "modules of `{group}`");
    }
}

/// The file that a path of segments leads into, `mod.rs` for what a folder itself holds.
fn resolve(path: &[String]) -> Option<PathBuf> {
    for length in (1..=path.len()).rev() {
        let stem = path[..length].iter().fold(source(), |folder, part| folder.join(part));
        let candidates = [stem.with_extension("rs"), stem.join("mod.rs")];
        if let Some(file) = candidates.into_iter().find(|file| file.is_file()) {
            return Some(file);
        }
    }
    None
}

/// A folder's `mod.rs` declares its files, so only what others take from it counts: files that
/// use it, and files that it takes something from by a path of its own.
#[test]
#[ignore = "circles are still being taken apart"]
fn no_files_use_each_other_in_a_circle() {
    let mut arrows: BTreeMap<PathBuf, BTreeSet<PathBuf>> = BTreeMap::new();
    for file in rust_files(&source()) {
        let targets = uses(&file).into_iter().filter_map(|path| resolve(&path));
        let targets = targets.filter(|target| *target != file).collect();
        arrows.insert(file, targets);
    }
    let is_module = |file: &Path| file.file_name().is_some_and(|name| name == "mod.rs");
    arrows.retain(|file, _| !is_module(file));
    // What uses nothing that is left, or is used by nothing that is left, is in no circle.
    loop {
        let used: BTreeSet<_> = arrows.values().flatten().cloned().collect();
        let before = arrows.len();
        let left: BTreeSet<_> = arrows.keys().cloned().collect();
        arrows.retain(|file, uses| used.contains(file) && uses.iter().any(|u| left.contains(u)));
        if arrows.len() == before {
            break;
        }
    }
    let circle: Vec<_> = arrows.keys().map(|file| file.display().to_string()).collect();
    assert!(circle.is_empty(), "files in a circle, or between two: {circle:#?}");
}
