//! Small faults in the RTL: a sample of them, one at a time, and whether the benches notice.

mod benches;
mod verilog;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args as Arguments;
use seigo::base::random::Random;

use benches::{Benches, Verdict};
use verilog::Fault;

use crate::page::Failure;

/// Survivors that were looked at, with the reason why nothing can notice them.
const EXPLAINED: &str = "sim/mutants.txt";
/// Where the tree with the faults lies, and the list of what was tried.
const FOLDER: &str = "build/mutants";

/// Which faults.
#[derive(Arguments)]
pub struct Args {
    /// How many of all faults
    #[arg(long, default_value_t = 100)]
    sample: usize,
    /// Seed of the sample
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Faults in this module alone
    #[arg(long)]
    module: Option<String>,
    /// Bundle and folder of a frame (`dump-frame`), for modules without a bench
    #[arg(long, num_args = 2, value_names = ["BUNDLE", "FRAME"])]
    frame: Option<Vec<PathBuf>>,
}

/// A fault in a file of the RTL.
struct Mutant {
    file: PathBuf,
    module: String,
    fault: Fault,
}

impl Mutant {
    /// Names it whatever its line number: the file, the line as it is and as it becomes.
    fn name(&self, source: &str) -> String {
        let lines = |text: &str| {
            let first = text[..self.fault.place.start].rfind('\n').map_or(0, |at| at + 1);
            text[first..].lines().next().unwrap_or_default().trim().to_owned()
        };
        let (before, after) = (lines(source), lines(&self.fault.put(source)));
        format!("{}: {before} => {after}", self.file.display())
    }
}

/// Counts of a module.
#[derive(Default)]
struct Score {
    noticed: usize,
    survived: usize,
    explained: usize,
    refused: usize,
    not_run: usize,
}

/// Tries a sample of faults and prints the score of each module and the survivors.
///
/// # Errors
/// Files that cannot be read or written, scripts that cannot be started.
pub fn run(args: &Args) -> Result<ExitCode, Failure> {
    let root = Path::new(".").canonicalize()?;
    let folder = root.join(FOLDER);
    let tree = folder.join("tree");
    copy(&root, &tree)?;
    let explained = fs::read_to_string(root.join(EXPLAINED)).unwrap_or_default();
    let benches = Benches::read(&root)?;
    let mut scores: BTreeMap<String, Score> = BTreeMap::new();
    let mut survivors = Vec::new();
    for mutant in sample(&root, args)? {
        let source = fs::read_to_string(root.join(&mutant.file))?;
        let name = mutant.name(&source);
        let score = scores.entry(mutant.module.clone()).or_default();
        if explained.lines().any(|line| line == name) {
            score.explained += 1;
            continue;
        }
        let verdict = attempt(&root, &tree, &mutant, &source, &benches, args)?;
        println!("{verdict:?} line {} of {name}", mutant.fault.line);
        match verdict {
            Verdict::Noticed => score.noticed += 1,
            Verdict::Refused => score.refused += 1,
            Verdict::NotRun => score.not_run += 1,
            Verdict::Survived => {
                score.survived += 1;
                survivors.push(name);
            }
        }
    }
    report(&scores, &survivors);
    Ok(if survivors.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Puts a fault into the tree, or into a copy of the bundle, and runs what sees it.
fn attempt(
    root: &Path,
    tree: &Path,
    mutant: &Mutant,
    source: &str,
    benches: &Benches,
    args: &Args,
) -> io::Result<Verdict> {
    let faulty = mutant.fault.put(source);
    let own = benches.of(&mutant.module);
    if !own.is_empty() {
        fs::write(tree.join(&mutant.file), faulty)?;
        let verdict = benches::run(tree, own);
        fs::write(tree.join(&mutant.file), source)?;
        return verdict;
    }
    let Some([bundle, frame]) = args.frame.as_deref() else { return Ok(Verdict::NotRun) };
    let copied = tree.join("bundle");
    let rtl = copied.join("rtl");
    fs::create_dir_all(&rtl)?;
    for path in files(&bundle.join("rtl"), "")? {
        fs::copy(&path, rtl.join(path.file_name().unwrap_or_default()))?;
    }
    fs::write(rtl.join(mutant.file.file_name().unwrap_or_default()), faulty)?;
    benches::frame(&copied, &frame.canonicalize()?, root)
}

/// A random sample of the faults in all modules, in the order of files and lines.
fn sample(root: &Path, args: &Args) -> io::Result<Vec<Mutant>> {
    let mut all = Vec::new();
    for path in files(&root.join("rtl"), ".v")? {
        let module = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if args.module.as_ref().is_some_and(|own| *own != module) {
            continue;
        }
        let file = path.strip_prefix(root).unwrap_or(&path).to_owned();
        let faults = verilog::faults(&fs::read_to_string(&path)?);
        let mutant = |fault| Mutant { file: file.clone(), module: module.clone(), fault };
        all.extend(faults.into_iter().map(mutant));
    }
    println!("{} faults in all", all.len());
    let mut random = Random::new(args.seed, 0);
    while all.len() > args.sample {
        all.remove(random.below(all.len() as u64) as usize);
    }
    Ok(all)
}

/// What the benches need, in a folder of its own.
fn copy(root: &Path, tree: &Path) -> io::Result<()> {
    for folder in ["rtl", "rtl/device", "sim/unit", "runtime"] {
        fs::create_dir_all(tree.join(folder))?;
        for path in files(&root.join(folder), "")? {
            let to = tree.join(folder).join(path.file_name().unwrap_or_default());
            if fs::read(&to).ok() != Some(fs::read(&path)?) {
                fs::copy(&path, to)?;
            }
        }
    }
    Ok(())
}

/// The files of a folder whose names end so, in order.
fn files(folder: &Path, end: &str) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_file() && path.to_string_lossy().ends_with(end) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn report(scores: &BTreeMap<String, Score>, survivors: &[String]) {
    println!("\n| module | noticed | survived | explained | no Verilog any more | no bench |");
    println!("|---|---:|---:|---:|---:|---:|");
    let mut sum = Score::default();
    for (module, score) in scores {
        let Score { noticed, survived, explained, refused, not_run } = score;
        println!("| `{module}` | {noticed} | {survived} | {explained} | {refused} | {not_run} |");
        sum.noticed += noticed;
        sum.survived += survived;
        sum.explained += explained;
        sum.refused += refused;
        sum.not_run += not_run;
    }
    let judged = (sum.noticed + sum.survived).max(1);
    println!(
        "| all | {} ({:.1} %) | {} | {} | {} | {} |",
        sum.noticed,
        100.0 * sum.noticed as f64 / judged as f64,
        sum.survived,
        sum.explained,
        sum.refused,
        sum.not_run
    );
    if !survivors.is_empty() {
        println!("\nNobody noticed:");
        survivors.iter().for_each(|name| println!("{name}"));
    }
}
