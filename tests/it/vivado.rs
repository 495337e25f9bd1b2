//! The sources for Vivado: every script runs in the model of tests/vivado, and each of many faults is found. Nothing
//! here is Vivado; what is shown is that the scripts are whole and fit each other and the tables that they are made of.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use seigo::compile::boards::{NAMES, Target};
use seigo::compile::{CompileOptions, Compiled};
use seigo::emit::{bundle, vivado};
use seigo::model::ceras::Model;
use tempfile::TempDir;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn compile(target: &Target) -> Compiled {
    let model = Model::load(&root().join("tests/fixtures/colors.ceras")).unwrap();
    Compiled::new(model, target, CompileOptions::default()).unwrap()
}

/// A bundle in a folder of its own.
fn build(target: &Target) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    bundle::write(&compile(target), &folder.path().join("bundle")).unwrap();
    folder
}

/// What the model of Vivado says of a script: output, or the complaint.
fn run(folder: &Path, script: &str, found: &[&str]) -> Result<String, String> {
    run_with(folder, script, found, &[])
}

/// With more arguments behind the folder.
fn run_with(
    folder: &Path,
    script: &str,
    found: &[&str],
    arguments: &[&str],
) -> Result<String, String> {
    let mut command = Command::new("tclsh");
    command.arg(root().join("tests/vivado/vivado.tcl"));
    command.args(found.iter().flat_map(|setting| ["-with", setting]));
    command.arg(folder.join("bundle/vivado").join(script)).arg(folder.join("out")).args(arguments);
    let output = command.output().expect("tclsh runs: `make deps` installs it");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    match output.status.success() {
        true => Ok(text(&output.stdout)),
        false => Err(text(&output.stderr)),
    }
}

fn verdict(folder: &Path) -> serde_json::Value {
    let text = fs::read_to_string(folder.join("out/verdict.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// A target on no board that is known.
fn elsewhere() -> Target {
    let mut target = serde_json::to_value(Target::load("zynq7020").unwrap()).unwrap();
    target.as_object_mut().unwrap().remove("board");
    // What is in a name must not end a word of Tcl.
    target["name"] = "a \"b\" [exit] $c \\".into();
    Target::from_json(&target.to_string()).unwrap()
}

#[test]
fn the_design_of_every_board_is_whole_in_batch_and_as_a_project() {
    for name in NAMES {
        let target = Target::load(name).unwrap();
        let folder = build(&target);
        let built = run(folder.path(), "build.tcl", &[]).unwrap();
        assert!(built.contains("model: step route, bitstream, 5 cells"), "{name}: {built}");
        for file in ["seigo.bit", "seigo.xsa", "timing.rpt", "utilization.rpt", "drc.rpt"] {
            assert!(folder.path().join("out").join(file).is_file(), "{name}: {file}");
        }
        let verdict = verdict(folder.path());
        assert_eq!((&verdict["passed"], &verdict["target"]), (&true.into(), &name.into()));
        let project = build(&target);
        let drawn = run(project.path(), "project.tcl", &[]).unwrap();
        assert!(drawn.contains("model: step project, 5 cells"), "{name}: {drawn}");
    }
}

/// The road without a block design: all of the device is Verilog.
#[test]
fn the_plain_device_of_every_board_is_built_too() {
    for name in NAMES {
        let folder = build(&Target::load(name).unwrap());
        let built = run_with(folder.path(), "build.tcl", &["boards=0"], &["device"]).unwrap();
        assert!(built.ends_with("model: step route, bitstream\n"), "{name}: {built}");
        let device = folder.path().join("bundle/vivado/device.xdc");
        let text = fs::read_to_string(&device).unwrap();
        fs::write(&device, text.replace("system/PS", "system/ZS")).unwrap();
        let complaint = run_with(folder.path(), "build.tcl", &[], &["device"]).unwrap_err();
        assert!(complaint.contains("there is no instance ZS"), "{complaint}");
    }
    let folder = build(&elsewhere());
    let complaint = run_with(folder.path(), "build.tcl", &[], &["device"]).unwrap_err();
    assert!(complaint.contains("no board is known"), "{complaint}");
}

#[test]
fn without_a_board_the_accelerator_is_built_alone() {
    let folder = build(&elsewhere());
    assert!(!folder.path().join("bundle/vivado/bd.tcl").exists());
    let built = run(folder.path(), "build.tcl", &[]).unwrap();
    assert!(built.ends_with("model: step route\n"), "{built}");
    assert!(!folder.path().join("out/seigo.bit").exists());
    assert_eq!(verdict(folder.path())["target"], elsewhere().name);
    let project = build(&elsewhere());
    run(project.path(), "project.tcl", &[]).unwrap();
}

/// What `seigo report --resources` reads is what the utilization report says.
#[test]
fn counted_resources_are_those_of_the_report() {
    let folder = build(&Target::load("kv260").unwrap());
    run(folder.path(), "build.tcl", &["lut=67750", "dsp=837", "uram=32", "slack=0.5"]).unwrap();
    let text = fs::read_to_string(folder.path().join("out/resources.json")).unwrap();
    let found = seigo::present::html::Resources::from_json(&text).unwrap();
    assert_eq!((found.lut, found.ff, found.dsp), (Some(67_750), Some(31_234), Some(837)));
    assert_eq!((found.bram36, found.uram), (Some(44.5), Some(32)));
    // 4 ns less 0.5 ns.
    assert_eq!(found.fmax_mhz, Some(285.7));
    assert!(!found.estimate && found.tool == "Vivado 2023.2");
}

#[test]
fn each_gate_stops_before_the_bitstream_and_the_verdict_names_it() {
    let folder = build(&Target::load("kv260").unwrap());
    for (found, gate) in [
        ("slack=-0.2", "timing_setup: worst slack is -0.2 ns"),
        ("hold=-0.01", "timing_hold: "),
        ("critical=2", "critical_warnings: 2 critical warnings"),
        ("drc=1", "design_rules: ONE-1"),
        ("methodology=2", "methodology: ONE-1 TWO-2"),
        ("blackbox=1", "black_boxes: cells without a content: inner/hole"),
        ("unclocked=3", "timing_clocks: "),
        ("unrouted=1", "routing: 1 nets"),
        ("lut=117121", "budget_lut_synthesis: 117121 of 117120"),
        ("dsp=1249", "budget_dsp_synthesis: 1249 of 1248"),
        ("lut=0", "counted_synthesis: "),
    ] {
        let complaint = run(folder.path(), "build.tcl", &[found]).unwrap_err();
        assert!(complaint.contains(gate), "{found}: {complaint}");
        assert!(!folder.path().join("out/seigo.bit").exists(), "{found}");
        let verdict = verdict(folder.path());
        assert_eq!(verdict["passed"], false);
        assert!(verdict["failures"][0].as_str().unwrap().starts_with(gate), "{verdict}");
    }
    // A good run after a bad one.
    run(folder.path(), "build.tcl", &[]).unwrap();
    assert_eq!(verdict(folder.path())["passed"], true);
    let complaint = run(folder.path(), "build.tcl", &["boards=0"]).unwrap_err();
    assert!(complaint.contains("there are no files of the board Kria KV260"), "{complaint}");
}

/// A fault: target, file below the bundle's `vivado/`, text, what takes its place, what the complaint says.
type Fault = (&'static str, &'static str, &'static str, &'static str, &'static str);

const FAULTS: &[Fault] = &[
    // Commands, options, objects.
    (
        "kv260",
        "bd.tcl",
        "create_bd_cell -type",
        "create_bd_cel -type",
        "invalid command name \"create_bd_cel\"",
    ),
    ("kv260", "bd.tcl", "-type ip -vlnv", "-typ ip -vlnv", "create_bd_cell has no option -typ"),
    (
        "kv260",
        "bd.tcl",
        "-offset 0xa0000000",
        "-ofset 0xa0000000",
        "assign_bd_address has no option -ofset",
    ),
    (
        "kv260",
        "build.tcl",
        "-hierarchical -file utilization_synth",
        "-hierachical -file utilization_synth",
        "has no option -hierachical",
    ),
    (
        "kv260",
        "build.tcl",
        "-part [seigo::setting part] -flatten_hierarchy rebuilt\n}",
        "-part\n}",
        "synth_design: -part has no value",
    ),
    (
        "kv260",
        "build.tcl",
        "-bin_file seigo.bit",
        "-bin_file seigo.bit again.bit",
        "write_bitstream takes at most 1 objects",
    ),
    (
        "kv260",
        "bd.tcl",
        "set_property -dict $parameters $ps",
        "set_property CONFIG.PSU__USE__IRQ0 1",
        "not all given",
    ),
    ("kv260", "bd.tcl", "ps/pl_clk0]", "ps/pl_clk1]", "no pin matches ps/pl_clk1"),
    (
        "kv260",
        "design.tcl",
        "  validate_bd_design\n",
        "",
        "the block design was changed after validation",
    ),
    ("kv260", "design.tcl", "  generate_target all [get_files system.bd]\n", "", "not generated"),
    (
        "kv260",
        "build.tcl",
        "$here None",
        "$here Hierarchical",
        "without synth_checkpoint_mode None",
    ),
    (
        "kv260",
        "build.tcl",
        "route_design -directive Explore\n",
        "",
        "write_bitstream comes after route_design",
    ),
    // Parameters of the processor.
    ("kv260", "bd.tcl", "PSU__USE__S_AXI_GP2", "PSU__USE__S_AXI_HP0", "[BD 41-1276]"),
    ("kv260", "bd.tcl", "SAXIGP2__DATA_WIDTH {128}", "SAXIGP2__DATA_WIDTH {100}", "cannot be 100"),
    (
        "kv260",
        "bd.tcl",
        "lappend parameters CONFIG.PSU__USE__M_AXI_GP1 {0}\n",
        "",
        "ps/maxihpm1_fpd_aclk is open",
    ),
    (
        "kv260",
        "bd.tcl",
        "lappend parameters CONFIG.PSU__USE__S_AXI_GP2 {1}\n",
        "",
        "no pin matches ps/saxihp0_fpd_aclk",
    ),
    (
        "zynq7020",
        "bd.tcl",
        "PCW_IRQ_F2P_INTR {1}",
        "PCW_IRQ_F2P_INTR {0}",
        "no pin matches ps/IRQ_F2P",
    ),
    (
        "zynq7020",
        "bd.tcl",
        "xilinx.com:bd_rule:processing_system7",
        "xilinx.com:bd_rule:zynq_ultra_ps_e",
        "there is no rule",
    ),
    (
        "ultra96",
        "bd.tcl",
        "apply_board_preset \"1\"",
        "apply_board_preset \"0\"",
        "preset is not applied",
    ),
    // Connections.
    ("kv260", "bd.tcl", "  [get_bd_pins memory/aclk] \\\n", "", "memory/aclk is open"),
    (
        "kv260",
        "bd.tcl",
        "  [get_bd_pins ps/saxihp0_fpd_aclk] \\\n",
        "",
        "ps/saxihp0_fpd_aclk is open",
    ),
    (
        "zynq7020",
        "bd.tcl",
        "  [get_bd_pins ps/M_AXI_GP0_ACLK] \\\n",
        "",
        "ps/M_AXI_GP0_ACLK is open",
    ),
    (
        "kv260",
        "bd.tcl",
        "  [get_bd_pins control/aresetn] \\\n",
        "",
        "control/aresetn is not driven",
    ),
    (
        "kv260",
        "bd.tcl",
        "connect_bd_net [get_bd_pins reset/peripheral_aresetn]",
        "connect_bd_net [get_bd_pins ps/pl_resetn0]",
        "seigo/aresetn is not driven by a synchronizer",
    ),
    (
        "kv260",
        "bd.tcl",
        "reset/peripheral_aresetn",
        "reset/peripheral_reset",
        "is active low, reset/peripheral_reset is not",
    ),
    ("kv260", "bd.tcl", "[get_bd_pins ps/pl_ps_irq0]", "[get_bd_pins reset/mb_reset]", "drivers"),
    (
        "kv260",
        "bd.tcl",
        "connect_bd_net [get_bd_pins seigo/interrupt_o] \\\n  [get_bd_pins ps/pl_ps_irq0]\n",
        "",
        "ps/pl_ps_irq0 is open",
    ),
    (
        "kv260",
        "bd.tcl",
        "[get_bd_pins seigo/interrupt_o]",
        "[get_bd_pins ps/pl_resetn0]",
        "mixes intr rst",
    ),
    ("kv260", "bd.tcl", "-from 2 -to 0", "-from 0 -to 0", "mixes widths"),
    (
        "kv260",
        "bd.tcl",
        "connect_bd_intf_net [get_bd_intf_pins control/M00_AXI] [get_bd_intf_pins seigo/s_axi_ctrl]\n",
        "",
        "seigo/s_axi_ctrl is open",
    ),
    (
        "kv260",
        "bd.tcl",
        "[get_bd_intf_pins control/M00_AXI]",
        "[get_bd_intf_pins memory/M00_AXI]",
        "is connected twice",
    ),
    (
        "ultra96",
        "bd.tcl",
        "[get_bd_intf_pins control/S00_AXI]",
        "[get_bd_intf_pins seigo/s_axi_ctrl]",
        "is connected twice",
    ),
    // Addresses.
    ("kv260", "bd.tcl", "-range 0x1000", "-range 0x10000", "has 4096 bytes, not 65536"),
    ("kv260", "bd.tcl", "-offset 0x0800000000", "-offset 0x0880000000", "begins at 0x800000000"),
    ("kv260", "bd.tcl", "-range 0x80000000", "-range 0x60000000", "1610612736 bytes"),
    ("kv260", "bd.tcl", "    exclude_bd_addr_seg", "    list", "[BD 41-1356] ps/SAXIGP2/HP0_QSPI"),
    (
        "zynq7020",
        "bd.tcl",
        "ps/S_AXI_HP0/HP0_DDR_LOWOCM",
        "seigo/s_axi_ctrl/reg0",
        "seigo/m_axi_gmem does not reach",
    ),
    // The package and the constraints.
    (
        "kv260",
        "ip/component.xml",
        "ASSOCIATED_BUSIF\">s_axi_ctrl:m_axi_gmem<",
        "ASSOCIATED_BUSIF\">s_axi_ctrl<",
        "no clock is associated with m_axi_gmem",
    ),
    (
        "kv260",
        "ip/component.xml",
        "../../rtl/seigo_core.v",
        "../rtl/seigo_core.v",
        "which does not exist",
    ),
    (
        "kv260",
        "ip/component.xml",
        "SUPPORTS_NARROW_BURST\">0<",
        "SUPPORTS_NARROW_BURST\">1<",
        "has narrow bursts",
    ),
    (
        "kv260",
        "ip/component.xml",
        "<spirit:name>m_axi_gmem_wlast</spirit:name>",
        "<spirit:name>m_axi_gmem_last</spirit:name>",
        "which is no port",
    ),
    (
        "kv260",
        "constraints.xdc",
        "set_property PACKAGE_PIN A12 [get_ports fan_en_b]\n",
        "",
        "port fan_en_b has no PACKAGE_PIN",
    ),
    ("kv260", "constraints.xdc", "[get_ports fan_en_b]", "[get_ports fan]", "there is no port fan"),
    (
        "kv260",
        "constraints.xdc",
        "BITSTREAM.GENERAL.COMPRESS",
        "BITSTREAM.GENERAL.COMPRES",
        "has no property",
    ),
    ("kv260", "constraints.xdc", "set_property SLEW", "if {1} {set_property SLEW", "no constraint"),
];

/// A model that finds nothing would pass everything.
#[test]
fn every_seeded_fault_is_found() {
    let folders = NAMES.map(|name| (name, build(&Target::load(name).unwrap())));
    for (target, file, text, other, complaint) in FAULTS {
        let (_, folder) = folders.iter().find(|(name, _)| name == target).unwrap();
        let path = folder.path().join("bundle/vivado").join(file);
        let script = fs::read_to_string(&path).unwrap();
        assert!(script.contains(text), "{target}/{file} has no {text:?}");
        fs::write(&path, script.replacen(text, other, 1)).unwrap();
        match run(folder.path(), "build.tcl", &[]) {
            Ok(_) => panic!("{file} with {other:?} for {text:?} passes"),
            Err(found) => assert!(found.contains(complaint), "{file} with {other:?}: {found}"),
        }
        fs::write(&path, script).unwrap();
        fs::remove_dir_all(folder.path().join("out")).unwrap();
    }
}

#[test]
fn constraints_of_the_boards_are_those_in_the_folder() {
    for name in NAMES {
        let board = Target::load(name).unwrap().board.board().unwrap();
        let path = root().join("constraints").join(format!("{}.xdc", board.name));
        assert_eq!(fs::read_to_string(path).unwrap(), vivado::constraints::board(board));
    }
}

/// The bundle's files by size: what a design costs beyond its Verilog and its model.
#[test]
fn the_sources_for_vivado_stay_small() {
    for name in NAMES {
        let files = vivado::files(&compile(&Target::load(name).unwrap())).unwrap();
        let bytes: usize = files.iter().map(|(_, text)| text.len()).sum();
        assert!(bytes < 300_000, "{name}: {bytes} bytes");
        let wide = |text: &str| text.lines().map(str::len).max();
        for (path, text) in files.iter().filter(|(path, _)| path.ends_with(".tcl")) {
            assert!(wide(text) <= Some(140), "{path}");
        }
    }
}

/// The smoke test that FuseSoC runs passes in Icarus Verilog, and fails on another model's hash.
#[test]
fn the_smoke_test_of_a_bundle_passes_and_can_fail() {
    let folder = build(&Target::load("zynq7020").unwrap());
    let bundle = folder.path().join("bundle");
    let simulate = || {
        let program: PathBuf = folder.path().join("smoke");
        let mut command = Command::new("iverilog");
        command.args(["-g2005", "-s", "smoke_tb", "-I", "rtl", "-y", "rtl", "-o"]).arg(&program);
        let built = command.arg("sim/smoke_tb.v").current_dir(&bundle).output().unwrap();
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        let run = Command::new("vvp").arg(&program).output().unwrap();
        String::from_utf8_lossy(&run.stdout).into_owned()
    };
    let said = simulate();
    assert!(said.lines().any(|line| line == "passed"), "{said}");
    let top = bundle.join("rtl/seigo_top.v");
    let text = fs::read_to_string(&top).unwrap();
    fs::write(&top, text.replace(".ConfigHash(", ".ConfigHash(~")).unwrap();
    assert!(simulate().contains("FAILED"));
}
