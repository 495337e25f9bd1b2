//! What is fuzzed (fuzz/), on the compiler that everyone has: over all seeds, those of past findings among them, and over
//! some changes to each.

mod many;
mod networks;
mod readers;
mod seeds;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use seigo::base::random::Random;

/// Every target with what it does.
fn targets() -> impl Iterator<Item = (&'static str, fn(&[u8]))> {
    readers::ALL.into_iter().chain(networks::ALL)
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz")
}

/// Names of the files in a folder, without what follows the last dot where `stems` says so.
fn names(folder: &Path, stems: bool) -> BTreeSet<String> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let name = |path: PathBuf| {
        let name = if stems { path.file_stem() } else { path.file_name() };
        name.unwrap().to_string_lossy().into_owned()
    };
    paths.map(name).collect()
}

/// The seeds of a target, and what files elsewhere in the repository serve as one.
fn seeds_of(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let own = folder().join("seeds").join(target);
    let mut folders = vec![own];
    if ["onnx", "qonnx", "ceras"].contains(&target) {
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
        folders.extend([fixtures.join("bad"), fixtures]);
    }
    let files = folders.iter().flat_map(|folder| fs::read_dir(folder).unwrap());
    let files = files.map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
    files.map(|path| (path.clone(), fs::read(&path).unwrap())).collect()
}

#[test]
fn every_seed_runs_without_a_defect() {
    for (name, target) in targets() {
        let seeds = seeds_of(name);
        assert!(!seeds.is_empty(), "{name} has no seeds");
        for (path, bytes) in seeds {
            println!("{}", path.display());
            target(&bytes);
        }
    }
}

/// A byte set, a bit flipped, a piece left out or repeated.
fn changed(bytes: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..random.between(1, 4) {
        let length = bytes.len() as u64;
        let at = random.below(length) as usize;
        match random.below(4) {
            _ if bytes.is_empty() => bytes.push(random.below(256) as u8),
            0 => bytes[at] = [0, 1, 0x7F, 0x80, 0xFF][random.below(5) as usize],
            1 => bytes[at] ^= 1 << random.below(8),
            2 => drop(bytes.drain(at..(at + 1 + random.below(8) as usize).min(length as usize))),
            _ => {
                let end = (at + 1 + random.below(8) as usize).min(length as usize);
                let piece = bytes[at..end].to_vec();
                bytes.splice(at..at, piece);
            }
        }
    }
    bytes
}

/// `SEIGO_FUZZ_CHANGES` changes to each seed, by the numbers of `SEIGO_FUZZ_SEED`.
#[test]
fn changed_seeds_run_without_a_defect() {
    let given = |name| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let count = given("SEIGO_FUZZ_CHANGES").unwrap_or(20);
    for (name, target) in targets() {
        for (path, bytes) in seeds_of(name) {
            println!("{}", path.display());
            let seed = given("SEIGO_FUZZ_SEED").unwrap_or(7);
            let mut random = Random::new(seed, bytes.len() as u64);
            (0..count).for_each(|_| target(&changed(&bytes, &mut random)));
        }
    }
}

/// A target is a line of the table, a file, an entry of the package and a folder of seeds.
#[test]
fn every_target_is_whole() {
    let table: BTreeSet<String> = targets().map(|(name, _)| name.to_owned()).collect();
    assert_eq!(names(&folder().join("targets"), true), table);
    assert_eq!(names(&folder().join("seeds"), false), table);
    let package = fs::read_to_string(folder().join("Cargo.toml")).unwrap();
    for name in &table {
        assert!(
            package.contains(&format!("name = \"{name}\"\npath = \"targets/{name}.rs\"\n")),
            "{name}"
        );
    }
    readers::ALL.iter().for_each(|(name, _)| readers::run(name, b""));
    networks::ALL.iter().for_each(|(name, _)| networks::run(name, b""));
}
