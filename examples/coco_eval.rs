//! Evaluates a COCO result file: `cargo run --example coco_eval -- ANNOTATIONS RESULTS`.
//!
//! Prints the report as JSON; `tests/ort/coco_ap.py` compares it with pycocotools.

use std::path::Path;
use std::process::ExitCode;

use seigo::base::error::{Error, Result, codes};
use seigo::base::files;
use seigo::vision::eval::coco::{Annotations, ResultRecord, evaluate};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [annotations, results] = &arguments[..] else {
        eprintln!("usage: coco_eval ANNOTATIONS RESULTS");
        return ExitCode::from(2);
    };
    match run(Path::new(annotations), Path::new(results)) {
        Ok(report) => {
            println!("{report}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

fn run(annotations: &Path, results: &Path) -> Result<String> {
    let annotations = Annotations::load(annotations)?;
    let results = ResultRecord::from_json(&files::read(results)?)?;
    let report = evaluate(&annotations, &results)?;
    serde_json::to_string_pretty(&report)
        .map_err(|error| Error::new(&codes::INTERNAL, error.to_string()))
}
