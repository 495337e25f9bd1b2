//! The top level of a board whose pins the fabric drives. Bits are taken here and not by an IP in the block design,
//! since those for that are others in every few versions of Vivado.

use crate::compile::boards::board::Board;

/// Name of the module, and of its file without `.v`.
pub const BOARD: &str = "seigo_board";

/// Name of the wrapper that Vivado makes around the block design.
pub const WRAPPER: &str = "system_wrapper";

/// The top level of a board around its block design; none where the wrapper of that is the top.
pub fn text(board: &Board) -> Option<String> {
    (!board.pins.is_empty()).then(|| around(board, BOARD, WRAPPER))
}

/// A top level with the board's pins around `inner`, whose ports are named like the processor's pins behind them.
pub fn around(board: &Board, name: &str, inner: &str) -> String {
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
    let ports = match ports.is_empty() {
        true => String::new(),
        false => format!(" (\n{}\n)", ports.join(",\n")),
    };
    format!(
        "// Top level for the {}: the system, and the pins that the fabric drives.\n\
         `default_nettype none\n\n\
         module {name}{ports};\n{}  {inner} system ({});\nendmodule\n\n\
         `default_nettype wire\n",
        board.title,
        wires.concat(),
        connections.join(", "),
    )
}
