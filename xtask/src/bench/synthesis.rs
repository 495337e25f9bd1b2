//! Resources and logic levels of both geometries, as `sim/synth/report.py` counts them.

use std::path::Path;
use std::process::Command;

use super::{Args, FOLDER, write};
use crate::page::Failure;
use crate::yolox::output;

/// Builds, synthesizes, and keeps the tables of the report.
pub fn measure(args: &Args, model: &Path) -> Result<(), Failure> {
    let mut text = String::new();
    for (title, target, folder, domains) in [
        ("P = 4, `kv260`", "kv260", "p4", None),
        ("P = 1, `zynq7020`", "sim/synth/zynq7020-64.json", "p1", Some("6")),
    ] {
        let bundle = Path::new(FOLDER).join(folder);
        let mut build = Command::new(&args.seigo);
        build.arg("build").arg(model).args(["--force", "--target", target, "-o"]).arg(&bundle);
        output(&mut build)?;
        let mut synth = Command::new("sim/synth/synth.sh");
        synth.arg(&bundle).envs(domains.map(|count| ("DOMAINS", count)));
        text += &format!("{title}:\n\n{}\n", kept(&output(&mut synth)?));
    }
    write("synthesis", &text)
}

/// The tables, then what is said of the array and of the levels, with the ends of the deepest path.
fn kept(report: &str) -> String {
    let (table, rest): (Vec<&str>, Vec<&str>) =
        report.lines().partition(|line| line.starts_with('|'));
    let of = |start: &str| rest.iter().find(|line| line.starts_with(start));
    let deepest = rest.iter().find(|line| line.contains(" levels: ") && line.contains(" -> "));
    let said = [of("dense array: "), of("levels: "), deepest].into_iter().flatten();
    let said: Vec<String> = said.map(|line| format!("    {line}\n")).collect();
    format!("{}\n\n{}", table.join("\n"), said.concat())
}

#[cfg(test)]
mod tests {
    use super::kept;

    #[test]
    fn tables_and_the_deepest_path_are_kept() {
        let report = "== took 3 s\n| a |\n|---|\n\ndense array: 2 DSP\nkept apart: lane\nlevels: 4 at most\n\
                      ends of paths by levels: 0: 1\n4 levels: x -> y\n      LUT6 z\n3 levels: v -> w\n";
        let expected =
            "| a |\n|---|\n\n    dense array: 2 DSP\n    levels: 4 at most\n    4 levels: x -> y\n";
        assert_eq!(kept(report), expected);
    }
}
