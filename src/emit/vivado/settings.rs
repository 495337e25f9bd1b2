//! `settings.tcl`: what the scripts have to know of target and board.

use super::top;
use crate::compile::boards::Target;
use crate::emit::verilog::TOP;

/// The text for a target and the hash of the model, in hexadecimal digits.
pub fn text(target: &Target, model: &str) -> String {
    let board = target.board.board();
    let own_top = board.and_then(top::text).is_some();
    let name = match board {
        Some(_) if own_top => top::BOARD,
        Some(_) => top::WRAPPER,
        None => TOP,
    };
    let entries = [
        ("made_by", "what wrote these files", format!("seigo {}", env!("CARGO_PKG_VERSION"))),
        ("target", "name of the target", target.name.clone()),
        ("model", "SHA-256 of the model that the design computes", model.to_owned()),
        ("part", "the part", target.part.clone()),
        ("board", "the board", board.map_or_else(String::new, |board| board.title.to_owned())),
        (
            "board_part",
            "the board's files, * for their version; empty where no board is known",
            board.map_or_else(String::new, |board| board.board_part.to_owned()),
        ),
        (
            "board_files",
            "where the board's files come from",
            board.map_or_else(String::new, |board| board.board_files.to_owned()),
        ),
        (
            "board_sources",
            "Verilog around the block design",
            if own_top { format!("{}.v", top::BOARD) } else { String::new() },
        ),
        ("top", "the top level", name.to_owned()),
        ("clock_mhz", "the clock that is asked for", target.clock_mhz.to_string()),
        (
            "budget",
            "what the part has: a design that takes more is refused after synthesis",
            format!(
                "lut {} ff {} dsp {} bram36 {} uram {}",
                target.lut, target.ff, target.dsp, target.bram36, target.uram
            ),
        ),
    ];
    let lines: Vec<String> = entries
        .iter()
        .map(|(name, meaning, value)| {
            format!("# {meaning}\ndict set settings {name} {}\n", quoted(value))
        })
        .collect();
    format!(
        "# What the scripts beside this file have to know of this design; the rest of them is the same for every one.\n\
         set settings [dict create]\n{}",
        lines.concat()
    )
}

/// A word of Tcl with this value, whatever is in it: names of targets come from users.
fn quoted(value: &str) -> String {
    let mut word = String::from("\"");
    for letter in value.chars() {
        if matches!(letter, '"' | '\\' | '$' | '[' | ']') {
            word.push('\\');
        }
        match letter {
            '\n' => word.push_str("\\n"),
            '\r' => word.push_str("\\r"),
            other => word.push(other),
        }
    }
    word.push('"');
    word
}
