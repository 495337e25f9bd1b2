//! `seigo run`.

use std::path::{Path, PathBuf};

use super::network::{NetworkArgs, bind};
use super::outputs::Paths;
use super::tensors;
use super::terminal::Terminal;
use crate::base::error::{Error, Result, codes};
use crate::base::npy;

/// Run a network on tensors or an image and write its raw outputs as .npy files
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    network: NetworkArgs,
    /// Input tensor; NAME may be left out where the network has one input; may be repeated
    #[arg(long, value_name = "[NAME=]FILE.npy", required_unless_present = "image")]
    input: Vec<String>,
    /// JPEG or PNG image, pre-processed as the task says
    #[arg(long, value_name = "FILE", conflicts_with = "input")]
    image: Option<PathBuf>,
    /// Folder to write OUTPUT.npy files to; made if it is not there
    #[arg(long, short, value_name = "DIR")]
    output: PathBuf,
    /// Task file or preset for --image [default: MODEL's .task.json, else a preset that fits]
    #[arg(long, value_name = "FILE|PRESET", requires = "image")]
    task: Option<String>,
}

impl Args {
    /// What is read and written.
    pub fn paths(&self) -> Paths {
        self.network
            .paths()
            .reads_all("the input", self.input.iter().map(|given| tensors::file(given)))
            .reads_all("the image", &self.image)
            .reads_all("the task file", &self.task)
            .writes("--output", [&self.output])
    }
}

pub fn run(args: &Args, terminal: &Terminal) -> Result<u8> {
    let network = args.network.open(terminal)?;
    let names: Vec<_> =
        network.interface().outputs.iter().map(|(name, _)| (*name).to_owned()).collect();
    let files = paths(&args.output, &names);
    args.paths().writes("--output", &files).check()?;
    let outputs = match &args.image {
        Some(image) => bind(&network, args.task.as_deref(), terminal)?.outputs(image)?,
        None => {
            let names: Vec<_> = network.interface().inputs.iter().map(|(name, _)| *name).collect();
            let inputs = tensors::read(&names, &args.input)?;
            network.run(&inputs)?
        }
    };
    std::fs::create_dir_all(&args.output).map_err(|error| {
        let folder = args.output.display();
        Error::new(&codes::FILE_WRITE, format!("cannot make the folder {folder}: {error}"))
    })?;
    for (path, output) in files.iter().zip(&outputs) {
        npy::write(path, output)?;
        terminal.remark(&format!(
            "wrote {}: {}{:?}",
            path.display(),
            output.dtype(),
            output.shape()
        ));
    }
    Ok(0)
}

/// One file per output. What a file name cannot hold becomes `_`; names that are equal then, or
/// without regard to case, get the output's position behind them.
fn paths(folder: &Path, names: &[String]) -> Vec<PathBuf> {
    let plain = |name: &String| -> String {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        let plain: String = name.chars().map(|c| if allowed(c) { c } else { '_' }).collect();
        plain.trim_start_matches('.').to_owned()
    };
    let plain: Vec<_> = names.iter().map(plain).collect();
    let unique = |name: &String| {
        plain.iter().filter(|other| other.eq_ignore_ascii_case(name)).count() == 1
            && !name.is_empty()
    };
    plain
        .iter()
        .enumerate()
        .map(|(position, name)| {
            let suffix = if unique(name) { String::new() } else { format!(".{position}") };
            folder.join(format!("{name}{suffix}.npy"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_get_files_of_their_own_inside_the_folder() {
        let names = ["a/b", "a_b", "../up", "", "out"].map(str::to_owned);
        let names = paths(Path::new("x"), &names);
        let expected = ["a_b.0.npy", "a_b.1.npy", "_up.npy", ".3.npy", "out.npy"];
        assert_eq!(names, expected.map(|name| Path::new("x").join(name)));
    }
}
