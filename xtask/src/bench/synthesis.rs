//! Resources and logic levels of both geometries, as `sim/synth/report.py` counts them.

use std::path::Path;
use std::process::Command;

use super::{Args, FOLDER, output, write};
use crate::page::Failure;

/// Builds, synthesizes, and keeps the tables of the report.
pub fn measure(args: &Args, model: &Path) -> Result<(), Failure> {
    let mut text = String::new();
    for (title, target, folder, domains) in [
        ("P = 4, `kv260`", "kv260", "p4", None),
        ("P = 1, `zynq7020`", "sim/synth/zynq7020-64.json", "p1", Some("24")),
    ] {
        let bundle = Path::new(FOLDER).join(folder);
        let mut build = Command::new(&args.seigo);
        build.arg("build").arg(model).args(["--target", target, "-o"]).arg(&bundle);
        output(&mut build)?;
        let mut synth = Command::new("sim/synth/synth.sh");
        synth.arg(&bundle).envs(domains.map(|count| ("DOMAINS", count)));
        text += &format!("{title}:\n\n{}\n", kept(&output(&mut synth)?));
    }
    write("synthesis", &text)
}

/// The tables, then what is said of the array and of the deepest path.
fn kept(report: &str) -> String {
    let (table, rest): (Vec<&str>, Vec<&str>) =
        report.lines().partition(|line| line.starts_with('|'));
    let wanted = |line: &&&str| {
        line.starts_with("dense array: ")
            || line.starts_with("levels: ")
            || line.contains(" levels: ")
    };
    let mut said: Vec<&str> = rest.iter().filter(wanted).copied().collect();
    said.truncate(3);
    format!("{}\n\n    {}\n", table.join("\n"), said.join("\n    "))
}
