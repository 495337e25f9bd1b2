//! Chores of the project: `cargo run -p xtask -- help` lists them.

mod ablation;
mod bench;
mod border;
mod coco_eval;
mod dump;
mod errors_page;
mod fidelity;
mod frames;
mod generate;
mod links;
mod mutate;
mod onnx_tests;
mod operators_page;
mod page;
mod runtime_header;
mod structure;
mod task_page;
mod yolox;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use seigo::base::error::{Error, codes};
use seigo::vision::scenes;

/// Chores of the project.
#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the ONNX project's own node tests
    OnnxTests {
        /// Folder with the tests, `onnx/backend/test/data/node` of the PyPI package onnx
        folder: PathBuf,
        /// List the tests that are not claimed, each with the reason
        #[arg(long)]
        list: bool,
    },
    /// Run a frame for each line of standard input, a number of threads; print its milliseconds
    Frames {
        /// The ONNX model
        model: PathBuf,
    },
    /// Write all generated files: pages of docs/, Verilog and C headers, SystemRDL
    #[command(alias = "generate")]
    Docs,
    /// Check the links of all pages, and that the book in docs/ lists every page
    Links,
    /// Write drawn scenes for training and calibration: PNG images and instances.json
    Scenes {
        /// Seed of the scenes
        #[arg(long)]
        seed: u64,
        /// How many
        #[arg(long)]
        count: u64,
        /// Single shapes of 32 x 32 pixels and labels.csv instead
        #[arg(long)]
        crops: bool,
        /// Folder to write to
        #[arg(long, short)]
        output: PathBuf,
    },
    /// Evaluate a COCO result file, as JSON (tests/ort/coco_ap.py)
    CocoEval {
        /// Annotations in COCO instances format
        annotations: PathBuf,
        /// The result file
        results: PathBuf,
    },
    /// Write what a Verilog testbench needs to run a frame of a bundle (sim/icarus)
    DumpFrame {
        /// Bundle that `seigo build` wrote
        bundle: PathBuf,
        /// Folder to write to
        folder: PathBuf,
        /// Seed of the image
        #[arg(default_value_t = 1)]
        seed: u64,
    },
    /// Write the exports of a quantized model and every value for an image (tests/ort)
    DumpQuantized {
        /// .ceras model, quantized ONNX model, or ONNX model to quantize
        model: PathBuf,
        /// The image
        image: PathBuf,
        /// Folder to write to
        folder: PathBuf,
        /// Folder of images to quantize a float model with
        calibration: Option<PathBuf>,
    },
    /// Draw the structure of the library: rooms, arrows, floors
    Structure {
        /// The folder with the source
        #[arg(long, default_value = "src")]
        source: PathBuf,
    },
    /// Compare quantized detectors with their float network on images without annotations
    Fidelity(fidelity::Args),
    /// Measure what each technique of the quantizer gives and write the table of docs/accuracy.md
    Ablation {
        /// The command
        #[arg(long)]
        seigo: PathBuf,
        /// Folder with models/yolox_nano.onnx and coco
        #[arg(long)]
        shared: PathBuf,
    },
    /// Put small faults into the RTL, one at a time, and count those that no bench notices
    Mutate(mutate::Args),
    /// Measure what docs/benchmarks.md says and write its tables
    Bench(bench::Args),
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::OnnxTests { folder, list } => onnx_tests::run(&folder, list),
        Command::Frames { model } => frames::run(&model),
        Command::Docs => generate::write(),
        Command::Links => links::run(Path::new(".")).map_err(broken),
        Command::Scenes { seed, count, crops, output } => {
            let export = if crops { scenes::export_crops } else { scenes::export };
            export(&output, seed, count).map(|()| ExitCode::SUCCESS)
        }
        Command::CocoEval { annotations, results } => {
            coco_eval::run(&annotations, &results).map(|report| {
                print!("{report}");
                ExitCode::SUCCESS
            })
        }
        Command::DumpFrame { bundle, folder, seed } => {
            dump::frame::run(&bundle, &folder, seed).map(|()| ExitCode::SUCCESS)
        }
        Command::DumpQuantized { model, image, folder, calibration } => {
            dump::quantized::run(&model, &image, &folder, calibration.as_deref())
                .map(|()| ExitCode::SUCCESS)
        }
        Command::Structure { source } => match structure::draw(&source) {
            Ok(text) => {
                print!("{text}");
                Ok(ExitCode::SUCCESS)
            }
            Err(cause) => {
                Err(Error::new(&codes::FILE_READ, format!("{}: {cause}", source.display())))
            }
        },
        Command::Fidelity(args) => fidelity::run(&args),
        Command::Ablation { seigo, shared } => ablation::run(&seigo, &shared).map_err(broken),
        Command::Mutate(args) => mutate::run(&args).map_err(broken),
        Command::Bench(args) => bench::run(&args).map_err(broken),
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            eprintln!("{}", seigo::cli::failure::text(&error));
            ExitCode::from(2)
        }
    }
}

fn broken(failure: page::Failure) -> Error {
    Error::new(&codes::INTERNAL, failure.to_string())
}
