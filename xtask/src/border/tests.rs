//! The generated files compile and agree with what is written by hand.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use seigo::compile::border::ports::PORTS;

use super::*;

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name)
}

#[test]
fn the_headers_are_c_and_cpp_without_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    let unit = folder.path().join("unit.c");
    let lines = "#include \"seigo_program.h\"\n#include \"seigo_registers.h\"\n\
                 int main(void) { return seigo_error_meaning(99) != NULL; }\n";
    std::fs::write(&unit, lines).unwrap();
    for (compiler, language, standard) in [("cc", "c", "c11"), ("c++", "c++", "c++11")] {
        let mut command = Command::new(compiler);
        command.args(["-x", language, &format!("-std={standard}"), "-fsyntax-only"]);
        command.args(["-Wall", "-Wextra", "-Wpedantic", "-Werror"]);
        let output = command.arg("-I").arg(path("runtime")).arg(&unit).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{compiler}: {said}");
    }
}

/// Direction, bits and name of each port in a module's header.
fn declared(module: &str) -> Vec<(bool, u32, String)> {
    let text = std::fs::read_to_string(path(&format!("rtl/seigo_{module}.v"))).unwrap();
    let (_, ports) = text.split_once(&format!("module seigo_{module}")).unwrap();
    let ports = ports.split(");").next().unwrap();
    let lines = ports.lines().map(str::trim);
    let lines = lines.filter(|line| line.starts_with("input") || line.starts_with("output"));
    lines
        .map(|line| {
            let line = line.split("//").next().unwrap().trim().trim_end_matches(',');
            let bits = match line.split_once('[') {
                Some((_, range)) => range.split(':').next().unwrap().parse::<u32>().unwrap() + 1,
                None => 1,
            };
            (line.starts_with("input"), bits, line.rsplit(' ').next().unwrap().to_owned())
        })
        .collect()
}

#[test]
fn the_ports_are_those_of_the_hand_written_module() {
    let table: Vec<_> =
        PORTS.iter().map(|port| (port.input, port.bits, port.name.to_owned())).collect();
    assert_eq!(declared("core"), table);
}

#[test]
fn modules_with_codes_take_them_from_the_tables() {
    for (module, header) in [
        ("control_registers", "seigo_registers.vh"),
        ("control_registers", "seigo_status.vh"),
        ("pass_control", "seigo_descriptor.vh"),
        ("pass_control", "seigo_status.vh"),
        ("block_arbiter", "seigo_status.vh"),
        ("output_lanes", "seigo_lanes.vh"),
        ("output_lanes", "seigo_descriptor.vh"),
        ("core", "seigo_status.vh"),
    ] {
        let text = std::fs::read_to_string(path(&format!("rtl/seigo_{module}.v"))).unwrap();
        assert!(text.contains(&format!("`include \"{header}\"")), "{module} without {header}");
    }
}

#[test]
fn no_two_local_parameters_have_the_same_name() {
    let mut seen = BTreeSet::new();
    for (name, text) in files().iter().filter(|(name, _)| name.ends_with(".vh")) {
        for line in text.lines().filter_map(|line| line.strip_prefix("localparam ")) {
            let line = line.split("//").next().unwrap().split(']').next_back().unwrap();
            for part in line.split(',') {
                let own = part.split('=').next().unwrap().trim().to_owned();
                assert!(seen.insert(own.clone()), "{name}: {own}");
            }
        }
    }
}
