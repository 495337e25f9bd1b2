//! Constraints. All pins but those of the board's table belong to the processor, whose IP brings their constraints and
//! that of the clock.

use std::fmt::Write as _;

use crate::compile::boards::board::Board;
use crate::compile::boards::processor::Kind;
use crate::compile::border::ports::CLOCK;

/// The text of `constraints.xdc` for a board; `constraints/` has that of every board.
pub fn board(board: &Board) -> String {
    let mut text = format!(
        "# {}, {}. Made of the table in src/compile/boards/board.rs.\n#\n\
         # No clock is created here: the processor's IP constrains {}, which clocks everything. There is one clock, so no\n\
         # path between registers is false; the reset's synchronizer brings its own exception, and the interrupt ends in\n\
         # the processor, which takes it as asynchronous.\n",
        board.title, board.part, board.processor.clock
    );
    for pin in board.pins {
        let port = format!("[get_ports {}]", pin.port);
        let _ = write!(
            text,
            "\n# {}.\n\
             set_property PACKAGE_PIN {} {port}\n\
             set_property IOSTANDARD {} {port}\n\
             # It changes some thousand times a second: slow and weak edges disturb nothing.\n\
             set_property SLEW SLOW {port}\n\
             set_property DRIVE 4 {port}\n\
             # For the same reason nobody cares when in a cycle it arrives.\n\
             set_false_path -to {port}\n",
            pin.reason, pin.package, pin.standard
        );
    }
    text.push_str(
        "\n# A design that fills half of the part loads in half of the time.\n\
         set_property BITSTREAM.GENERAL.COMPRESS TRUE [current_design]\n",
    );
    let overheat = match board.processor.kind {
        Kind::ZynqUltra => "BITSTREAM.CONFIG.OVERTEMPSHUTDOWN",
        Kind::Zynq7000 => "BITSTREAM.CONFIG.OVERTEMPPOWERDOWN",
    };
    let _ = writeln!(
        text,
        "# The fabric switches itself off before heat damages it.\nset_property {overheat} ENABLE [current_design]"
    );
    text
}

/// The text of `out_of_context.xdc`: the accelerator alone at a clock of `mhz`.
pub fn out_of_context(mhz: u64) -> String {
    format!(
        "# For the accelerator without a system around it: nothing else constrains its clock.\n\
         create_clock -name {CLOCK} -period {:.3} [get_ports {CLOCK}]\n",
        1_000.0 / mhz as f64
    )
}
