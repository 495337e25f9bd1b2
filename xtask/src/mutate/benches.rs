//! Which benches see a module, and whether they notice a fault in it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::Path;
use std::process::{Command, Output};

/// What the benches say to a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// A bench failed, or never ended.
    Noticed,
    /// All passed.
    Survived,
    /// It is no Verilog any more.
    Refused,
    /// No bench contains the module, and there is no frame to run.
    NotRun,
}

/// The benches of `sim/unit` by the modules that lie in what they elaborate.
pub struct Benches(BTreeMap<String, Vec<String>>);

impl Benches {
    /// Reads which module uses which under `root`.
    pub fn read(root: &Path) -> io::Result<Self> {
        let mut sources = BTreeMap::new();
        for folder in ["rtl", "rtl/device", "sim/unit"] {
            for path in super::files(&root.join(folder), ".v")? {
                let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
                sources.insert(name, fs::read_to_string(&path)?);
            }
        }
        let mut by_module: BTreeMap<String, Vec<(usize, String)>> = BTreeMap::new();
        for path in super::files(&root.join("sim/unit"), "_tb.cpp")? {
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let bench = name.trim_end_matches("_tb");
            let top =
                if sources.contains_key(&name) { name.clone() } else { format!("seigo_{bench}") };
            let inside = closure(&sources, &top);
            for module in &inside {
                by_module.entry(module.clone()).or_default().push((inside.len(), bench.into()));
            }
        }
        // The smallest design first: it is the bench of the module itself.
        let ordered = by_module.into_iter().map(|(module, mut benches)| {
            benches.sort();
            (module, benches.into_iter().map(|(_, bench)| bench).collect())
        });
        Ok(Self(ordered.collect()))
    }

    /// The benches that see a module, the smallest design first.
    pub fn of(&self, module: &str) -> &[String] {
        self.0.get(module).map_or(&[], Vec::as_slice)
    }
}

/// A module and all that it contains.
fn closure(sources: &BTreeMap<String, String>, top: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut open = vec![top.to_owned()];
    while let Some(module) = open.pop() {
        let Some(source) = sources.get(&module) else { continue };
        if found.insert(module) {
            // A comment may name modules that are not inside.
            let code = source.lines().map(|line| line.split("//").next().unwrap_or_default());
            let letter = |letter: char| letter.is_alphanumeric() || letter == '_';
            let words = code.flat_map(|line| line.split(move |sign| !letter(sign)));
            open.extend(words.filter(|word| sources.contains_key(*word)).map(str::to_owned));
        }
    }
    found
}

/// Builds and runs benches in a tree until one fails.
pub fn run(tree: &Path, benches: &[String]) -> io::Result<Verdict> {
    for bench in benches {
        let output = limited(tree, "sim/unit/run.sh").arg(bench).env("STOP", "1").output()?;
        match verdict(&output, "FAILED:") {
            Verdict::Survived => {}
            other => return Ok(other),
        }
    }
    Ok(Verdict::Survived)
}

/// Runs the frame of a bundle in Icarus Verilog: for modules that no bench sees.
pub fn frame(bundle: &Path, frame: &Path, root: &Path) -> io::Result<Verdict> {
    let mut command = limited(root, "sim/icarus/run.sh");
    let output = command.args([bundle, frame]).env("ONLY", "icarus").output()?;
    Ok(verdict(&output, "FAILED"))
}

/// A script that ends after three minutes at the latest.
fn limited(folder: &Path, script: &str) -> Command {
    let mut command = Command::new("timeout");
    command.args(["180", script]).current_dir(folder);
    command
}

fn verdict(output: &Output, failure: &str) -> Verdict {
    const TIMED_OUT: i32 = 124;
    let text = String::from_utf8_lossy(&output.stdout);
    match output.status.code() {
        Some(0) => Verdict::Survived,
        Some(TIMED_OUT) => Verdict::Noticed,
        _ if text.contains(failure) => Verdict::Noticed,
        _ => Verdict::Refused,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_belongs_to_the_benches_whose_design_contains_it() {
        let benches = Benches::read(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))).unwrap();
        assert_eq!(benches.of("seigo_lane")[0], "output_lanes");
        assert!(benches.of("seigo_lane").contains(&"plane_engine".to_owned()));
        assert!(benches.of("seigo_core").is_empty());
    }
}
