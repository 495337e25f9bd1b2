//! The top level of a board whose pins the fabric drives. Bits are taken here and not by an IP in the block design,
//! since those for that are others in every few versions of Vivado.

use crate::compile::boards::board::Board;

/// Name of the module, and of its file without `.v`.
pub const BOARD: &str = "seigo_board";

/// Name of the wrapper that Vivado makes around the block design.
pub const WRAPPER: &str = "system_wrapper";

/// The top level of a board; none where the wrapper of the block design is the top.
pub fn text(board: &Board) -> Option<String> {
    if board.pins.is_empty() {
        return None;
    }
    let ports: Vec<String> =
        board.pins.iter().map(|pin| format!("  output wire {}", pin.port)).collect();
    let wires: Vec<String> = board
        .pins
        .iter()
        .map(|pin| {
            let (source, bit, width) = pin.source;
            format!(
                "  wire [{}:0] {source};\n  // {}\n  assign {} = {source}[{bit}];\n",
                width - 1,
                pin.reason,
                pin.port
            )
        })
        .collect();
    let connections: Vec<String> =
        board.pins.iter().map(|pin| format!(".{0}({0})", pin.source.0)).collect();
    Some(format!(
        "// Top level for the {}: the block design, and the pins that the fabric drives.\n\
         `default_nettype none\n\n\
         module {BOARD} (\n{}\n);\n{}  {WRAPPER} system ({});\nendmodule\n\n\
         `default_nettype wire\n",
        board.title,
        ports.join(",\n"),
        wires.concat(),
        connections.join(", "),
    ))
}
