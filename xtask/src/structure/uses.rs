//! What the files of a source tree take from each other, read from their `crate::` and `super::`
//! paths as text.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::{fs, io};

/// A source tree: its files, each with the paths that it names, as segments from the root.
pub struct Tree {
    /// Files, relative to the folder `src`, and what they name.
    pub files: BTreeMap<PathBuf, Vec<Vec<String>>>,
}

impl Tree {
    /// Reads every Rust file below `root`.
    ///
    /// # Errors
    /// A file or folder that cannot be read.
    pub fn read(root: &Path) -> io::Result<Self> {
        let mut files = BTreeMap::new();
        for file in rust_files(root)? {
            let relative = file.strip_prefix(root).expect("it lies below the root").to_owned();
            let named = named(&module(&relative), &code(&fs::read_to_string(&file)?));
            files.insert(relative, named);
        }
        Ok(Self { files })
    }

    /// The files that each file uses, itself left out.
    pub fn arrows(&self) -> BTreeMap<PathBuf, BTreeSet<PathBuf>> {
        let targets = |file: &Path, paths: &[Vec<String>]| {
            let targets = paths.iter().filter_map(|path| self.resolve(path));
            targets.filter(|target| target != file).collect()
        };
        self.files.iter().map(|(file, paths)| (file.clone(), targets(file, paths))).collect()
    }

    /// The file that a path leads into: `mod.rs` for what a folder itself holds.
    fn resolve(&self, path: &[String]) -> Option<PathBuf> {
        (1..=path.len()).rev().find_map(|length| {
            let stem: PathBuf = path[..length].iter().collect();
            let candidates = [stem.with_extension("rs"), stem.join("mod.rs")];
            candidates.into_iter().find(|file| self.files.contains_key(file))
        })
    }
}

fn rust_files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(rust_files(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// A file's module path as segments.
fn module(relative: &Path) -> Vec<String> {
    let stem = relative.with_extension("");
    let mut segments: Vec<_> =
        stem.iter().map(|part| part.to_string_lossy().into_owned()).collect();
    segments.pop_if(|last| last == "mod");
    segments
}

/// The code of a file up to its unit tests, without comment lines.
fn code(text: &str) -> String {
    let text = text.split("\n#[cfg(test)]\n").next().unwrap_or_default();
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

fn named(module: &[String], code: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for (position, _) in code.match_indices("crate::") {
        found.extend(alternatives(&code[position + "crate::".len()..]));
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
        let paths = alternatives(rest).into_iter();
        found.extend(paths.map(|tail| base.iter().cloned().chain(tail).collect()));
    }
    found
}

/// `a::b::C` to its segments; a `{` ends it.
fn segments(text: &str) -> Vec<String> {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_' && c != ':');
    let path = &text[..end.unwrap_or(text.len())];
    path.split("::").filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

/// The paths of `a::b::{c::D, e}`; braces within the braces are cut off.
fn alternatives(text: &str) -> Vec<Vec<String>> {
    let head = segments(text);
    let behind = text.find('{').filter(|&brace| {
        text[..brace].chars().all(|c| c.is_alphanumeric() || c == '_' || c == ':')
    });
    let Some(brace) = behind else { return vec![head] };
    let list = text[brace + 1..].split(['}', ';']).next().unwrap_or_default();
    let items = list.split(',').map(str::trim).filter(|item| !item.is_empty());
    items.map(|item| head.iter().cloned().chain(segments(item)).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::{alternatives, named};

    fn joined(paths: Vec<Vec<String>>) -> Vec<String> {
        paths.into_iter().map(|path| path.join("::")).collect()
    }

    #[test]
    fn braces_are_spread() {
        assert_eq!(joined(alternatives("a::{b::C, d};")), ["a::b::C", "a::d"]);
        assert_eq!(joined(alternatives("a::b(c)")), ["a::b"]);
    }

    #[test]
    fn super_climbs_from_the_file() {
        let module = ["compile".to_owned(), "program".to_owned(), "dense".to_owned()];
        let found = named(&module, "use super::encode::Encoder;\nuse super::super::packing;");
        assert_eq!(joined(found), ["compile::program::encode::Encoder", "compile::packing"]);
    }
}
