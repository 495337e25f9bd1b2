//! Sources for Vivado: scripts, the packaged IP, the block design of the target's board, constraints.
//!
//! | file | what |
//! |---|---|
//! | `vivado/build.tcl` | from the Verilog to a bitstream in batch, with gates and a verdict |
//! | `vivado/project.tcl` | the same as a project |
//! | `vivado/bd.tcl` | the block design of the board; missing where no board is known |
//! | `vivado/design.tcl`, `gates.tcl`, `settings.tcl` | what the scripts share |
//! | `vivado/ip/component.xml` | the accelerator as an IP, of the files in `rtl/` |
//! | `vivado/constraints.xdc` | pins and exceptions of the board |
//! | `vivado/out_of_context.xdc` | the clock of the accelerator alone |
//! | `device/`, `vivado/device.xdc` | the whole device in plain Verilog, without IP of the vendor |
//! | `seigo.core` | the same sources for FuseSoC, with `sim/smoke_tb.v` |

mod block_design;
mod component;
pub mod constraints;
mod device;
mod fusesoc;
mod settings;
mod top;

use crate::base::error::Result;
use crate::base::files::sha256;
use crate::compile::Compiled;
use crate::emit::verilog;

/// Templates that are the same in every bundle.
const FIXED: [(&str, &str); 4] = [
    ("vivado/build.tcl", include_str!("templates/build.tcl")),
    ("vivado/project.tcl", include_str!("templates/project.tcl")),
    ("vivado/design.tcl", include_str!("templates/design.tcl")),
    ("vivado/gates.tcl", include_str!("templates/gates.tcl")),
];

/// Every file by its path in the bundle.
///
/// # Errors
/// [`codes::INTERNAL`](crate::base::error::codes::INTERNAL) when the model cannot be written.
pub fn files(compiled: &Compiled) -> Result<Vec<(String, String)>> {
    let target = compiled.target();
    let board = target.board.board();
    let model = sha256(&compiled.model.to_bytes()?);
    let verilog = verilog::files(compiled)?;
    let names: Vec<&str> = verilog.iter().map(|(name, _)| name.as_str()).collect();
    let mut files: Vec<(String, String)> =
        FIXED.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    let mut add = |name: &str, text: String| files.push((name.to_owned(), text));
    add("vivado/settings.tcl", settings::text(target, &model));
    add("vivado/ip/component.xml", component::text(&names));
    add(&format!("vivado/ip/{}", component::DIALOG), DIALOG.to_owned());
    add("vivado/out_of_context.xdc", constraints::out_of_context(target.clock_mhz));
    add("seigo.core", fusesoc::core(&names, &target.part));
    add("sim/smoke_tb.v", fusesoc::bench(&verilog::hash(&compiled.design)));
    if let Some(board) = board {
        add("vivado/bd.tcl", block_design::text(board, target.clock_mhz));
        add("vivado/constraints.xdc", constraints::board(board));
        if let Some(text) = top::text(board) {
            add(&format!("vivado/{}.v", top::BOARD), text);
        }
        files.extend(device::files(board, target.clock_mhz));
    }
    Ok(files)
}

/// The dialog of the IP in a block design: its name, nothing to set.
const DIALOG: &str = "\
# The dialog of the IP: it has no parameters, since all of them follow from the network.
proc init_gui {IPINST} {
  ipgui::add_param $IPINST -name Component_Name
}
";
