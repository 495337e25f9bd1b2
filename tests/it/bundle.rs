//! Bundles that cannot be made or used: one clear message each, exit status 2, nothing half-written.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use seigo::compile::boards::Target;
use seigo::compile::schedule::{Way, Work, build};
use seigo::compile::{CompileOptions, Compiled};
use seigo::model::ceras::Model;
use tempfile::TempDir;

use crate::networks::{self, Net, Shape};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

fn seigo(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_seigo"));
    command.args(arguments).current_dir(folder);
    command
}

/// It must end with status 2 and this code; the message.
fn refused(output: &Output, code: &str) -> String {
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.contains(&format!("error[{code}]")), "{text}");
    assert!(text.contains("help: "), "{text}");
    text
}

/// A folder with a bundle of a small classifier.
fn bundle() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::copy(fixture("colors.ceras"), folder.path().join("colors.ceras")).unwrap();
    fs::copy(fixture("colors/red/a.png"), folder.path().join("a.png")).unwrap();
    let built = seigo(folder.path(), &["build", "colors.ceras", "-o", "out"]).output().unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    folder
}

const COSIM: &[&str] = &["cosim", "out", "--image", "a.png"];

#[test]
fn a_bundle_that_was_changed_is_refused_by_the_file_s_name() {
    let folder = bundle();
    let out = folder.path().join("out");
    for name in ["rtl/seigo_top.v", "program.bin", "model.ceras", "target.json", "manifest.json"] {
        let path = out.join(name);
        let before = fs::read(&path).unwrap();
        let mut bytes = before.clone();
        bytes[before.len() / 2] ^= 1;
        fs::write(&path, bytes).unwrap();
        let text = refused(&seigo(folder.path(), COSIM).output().unwrap(), "SG1004");
        assert!(text.contains(name) || name == "manifest.json", "{text}");
        fs::remove_file(&path).unwrap();
        refused(&seigo(folder.path(), COSIM).output().unwrap(), "SG1004");
        fs::write(&path, before).unwrap();
    }
}

#[test]
fn a_folder_that_is_no_bundle_is_neither_run_nor_replaced() {
    let folder = bundle();
    fs::create_dir(folder.path().join("mine")).unwrap();
    fs::write(folder.path().join("mine/notes"), "mine").unwrap();
    let built = seigo(folder.path(), &["build", "colors.ceras", "-o", "mine"]).output().unwrap();
    refused(&built, "SG1004");
    assert_eq!(fs::read(folder.path().join("mine/notes")).unwrap(), b"mine");
    refused(&seigo(folder.path(), &["cosim", "mine"]).output().unwrap(), "SG1004");
}

#[test]
fn missing_tools_are_named() {
    let folder = bundle();
    let tools = folder.path().join("tools");
    fs::create_dir(&tools).unwrap();
    let run = || {
        let mut command = seigo(folder.path(), COSIM);
        command.env("PATH", &tools).env("SEIGO_CACHE", folder.path().join("cache"));
        command.output().unwrap()
    };
    assert!(refused(&run(), "SG1001").contains("verilator"));
    // A Verilator that does nothing: then there is no compiler.
    let verilator = tools.join("verilator");
    fs::write(&verilator, "#!/bin/sh\nexit 0\n").unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(&verilator, mode).unwrap();
    let text = String::from_utf8_lossy(&run().stderr).into_owned();
    assert!(text.contains("error[SG100"), "{text}");
    assert_eq!(run().status.code(), Some(2));
}

#[test]
fn a_model_that_does_not_fit_names_the_tensors() {
    let folder = tempfile::tempdir().unwrap();
    let (mut net, image) = Net::new("large", 3, 64);
    // A row of 64 pixels of it takes 64 KiB.
    let sum = net.conv("sum", image, 1024, Shape::square(3, 1), None);
    net.output(sum);
    Model::new(net.finish()).save(&folder.path().join("large.ceras")).unwrap();
    let mut target = Target::load("zynq7020").unwrap();
    target.name = "tiny".to_owned();
    target.port_domains.bytes = target.block_bytes;
    target.port_domains.count = 2;
    target.memory_bytes = 2 * target.block_bytes;
    let json = serde_json::to_vec(&target).unwrap();
    fs::write(folder.path().join("tiny.json"), json).unwrap();
    let arguments = ["build", "large.ceras", "--target", "tiny.json", "-o", "other"];
    let text = refused(&seigo(folder.path(), &arguments).output().unwrap(), "SG0702");
    assert!(text.contains("large.ceras") && text.contains("sum"), "{text}");
    assert!(!folder.path().join("other").exists());
}

#[test]
fn layers_of_the_processor_are_refused_on_request() {
    let folder = tempfile::tempdir().unwrap();
    let target = Target::load("kv260").unwrap();
    let (mut random, mut found) = (1u32, None);
    for _ in 0..200 {
        let graph = networks::random(&mut |limit| {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (random >> 8) as usize % limit.max(1)
        });
        let passes = build(&graph, &target, &Way::default()).unwrap().passes;
        let layers = passes.into_iter().find_map(|pass| match pass.work {
            Work::Processor { layers } => Some(layers),
            _ => None,
        });
        let bytes = Model::new(graph.clone()).to_bytes().unwrap();
        if let Some(layers) = layers
            && Compiled::new(Model::new(graph.clone()), &target, CompileOptions::default()).is_ok()
        {
            found = Some((bytes, graph.layers[layers[0]].name.clone()));
            break;
        }
    }
    let (bytes, layer) = found.expect("one network in 200 has such a layer");
    fs::write(folder.path().join("mixed.ceras"), bytes).unwrap();
    let arguments = ["build", "mixed.ceras", "-o", "out", "--no-processor"];
    let text = refused(&seigo(folder.path(), &arguments).output().unwrap(), "SG0901");
    assert!(text.contains(&layer), "{text}");
    assert!(!folder.path().join("out").exists());
    let built = seigo(folder.path(), &arguments[..4]).output().unwrap();
    assert!(built.status.success());
}

/// A network of one layer, whose kernel is larger than any unit takes.
fn beyond_the_accelerator(folder: &Path) {
    let (mut net, image) = Net::new("wide", 3, 20);
    let result = net.conv("wide", image, 4, Shape::square(17, 1), None);
    net.output(result);
    fs::write(folder.join("wide.ceras"), Model::new(net.finish()).to_bytes().unwrap()).unwrap();
}

#[test]
fn a_network_that_is_all_the_processor_s_is_refused_on_request_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    beyond_the_accelerator(folder.path());
    let arguments = ["build", "wide.ceras", "-o", "out", "--no-processor"];
    let text = refused(&seigo(folder.path(), &arguments).output().unwrap(), "SG0901");
    assert!(text.contains("wide (a 17 x 17 kernel; the array takes up to 15 x 15)"), "{text}");
    assert!(!folder.path().join("out").exists());
}

#[test]
fn a_bundle_without_a_pass_is_written_with_a_warning_and_never_called_equal() {
    let folder = tempfile::tempdir().unwrap();
    beyond_the_accelerator(folder.path());
    let built = seigo(folder.path(), &["-q", "build", "wide.ceras", "-o", "out"]).output().unwrap();
    let text = String::from_utf8_lossy(&built.stderr).into_owned();
    assert!(built.status.success(), "{text}");
    assert!(text.contains("warning: the accelerator computes no layer of this model"), "{text}");
    let inspected = seigo(folder.path(), &["inspect", "wide.ceras"]).output().unwrap();
    let text = String::from_utf8_lossy(&inspected.stdout).into_owned();
    assert!(text.contains("processor, after the last pass"), "{text}");
    let arguments = ["cosim", "out", "--input", "x.npy", "--junit", "out.xml"];
    let run = seigo(folder.path(), &arguments).output().unwrap();
    refused(&run, "SG1006");
    assert!(run.stdout.is_empty());
    assert!(!folder.path().join("out.xml").exists());
}
