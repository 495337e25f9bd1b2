//! The page of the documentation about targets.

use std::fmt::Write as _;

use serde_json::Value;

use super::board::{Board, Name};
use super::{NAMES, Target, builtin};
use crate::base::error::Result;
use crate::base::json;
use crate::base::json::fields::{Field, Kind, fields, table};

/// The text of `docs/targets.md`.
///
/// # Errors
/// None in practice: targets always serialize.
pub fn page() -> Result<String> {
    let mut text = String::from(INTRODUCTION);
    let targets: Vec<Target> = NAMES.iter().filter_map(|name| builtin::find(name)).collect();
    let fields: Vec<Field> =
        fields::<Target>().into_iter().filter(|field| field.kind != Kind::Object).collect();
    // Writing to a String does not fail.
    let _ = writeln!(text, "\n## Built-in targets\n\n| field | {} |", NAMES.join(" | "));
    let _ = writeln!(text, "|---|{}", "---|".repeat(NAMES.len()));
    let values = targets.iter().map(json::value).collect::<Result<Vec<_>>>()?;
    for field in fields.iter().filter(|field| !HEAD.contains(&&*field.name)) {
        let pointer = format!("/{}", field.name.replace('.', "/"));
        let cell = |value: &Value| match value.pointer(&pointer) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Bool(on)) => if *on { "yes" } else { "no" }.to_owned(),
            Some(other) => other.to_string(),
            None => String::new(),
        };
        let cells: Vec<String> = values.iter().map(cell).collect();
        let _ = writeln!(text, "| `{}` | {} |", field.name, cells.join(" | "));
    }
    text.push_str(&boards());
    text.push_str("\n## Fields\n\n");
    text.push_str(&table(&fields, "", true));
    text.push_str(RULES);
    if let Some(target) = targets.last() {
        let _ = write!(text, "\n## Example\n\n```json\n{}```\n", target.to_json()?);
    }
    Ok(text)
}

/// What is known of the boards.
fn boards() -> String {
    let mut text = String::from(BOARDS);
    let boards: Vec<&Board> = Name::ALL.iter().filter_map(|name| name.board()).collect();
    let names: Vec<String> = boards.iter().map(|board| format!("`{}`", board.name)).collect();
    let _ = writeln!(text, "| | {} |\n|---|{}", names.join(" | "), "---|".repeat(boards.len()));
    let mut row = |what: &str, cell: &dyn Fn(&Board) -> String| {
        let cells: Vec<String> = boards.iter().map(|board| cell(board)).collect();
        let _ = writeln!(text, "| {what} | {} |", cells.join(" | "));
    };
    row("board", &|board| board.title.to_owned());
    row("part", &|board| board.part.to_owned());
    row("files of the board in Vivado", &|board| {
        format!("`{}`: {}", board.board_part, board.board_files)
    });
    row("processor", &|board| board.processor.title.to_owned());
    row("clock of the design", &|board| format!("`{}`", board.processor.clock));
    row("registers, 4 KiB", &|board| {
        format!("{:#x}, through `{}`", board.window, board.processor.control.0)
    });
    row("port to the DDR", &|board| {
        let processor = board.processor;
        let language = if processor.axi3 { "AXI3" } else { "AXI4" };
        format!("`{}`, {} bits, {language}", processor.memory.0, processor.memory_bits)
    });
    row("DDR", &|board| {
        let ranges = board
            .memory
            .iter()
            .map(|segment| format!("{} MiB at {:#x}", segment.bytes >> 20, segment.base));
        ranges.collect::<Vec<_>>().join(", ")
    });
    row("interrupt", &|board| {
        format!("`{}`, SPI {}", board.processor.interrupt, board.processor.spi)
    });
    row("pins", &|board| {
        let pins = board.pins.iter().map(|pin| format!("{} to {}", pin.port, pin.package));
        let pins = pins.collect::<Vec<_>>().join(", ");
        if pins.is_empty() { "none".to_owned() } else { pins }
    });
    text
}

const BOARDS: &str = "
## Boards

What the field `board` stands for. Scripts, constraints and device trees of a bundle are made of the same table; a target
without a board gets a bundle without a block design. [Boards](boards.md) says how to go on.

";

/// Fields that are the same for every target, or its name.
const HEAD: [&str; 3] = ["format", "version", "name"];

const INTRODUCTION: &str = "\
# Targets

A target is a part together with an accelerator preset on it. `--target` takes one of the built-in
names or the path of a JSON file with the fields below. A name with a dot is a field inside an
object. Unknown fields are refused; `seigo schema target` prints the JSON Schema, for editors.

Part figures are those of the vendor's data sheets (K26: DS987; Zynq UltraScale+: DS891; Zynq-7000:
DS190). DDR bandwidth is the peak of the board's memory: KV260 64 bit at 2,400 Mb/s, PYNQ-Z2 16 bit
at 1,050 Mb/s, Ultra96-V2 32 bit at 2,133 Mb/s. Clocks are what the design aims at; timing closure
decides.
";

const RULES: &str = "
The ranges are those of the Verilog, so that every target elaborates. Beyond them: `memory_bytes` is
`port_domains.bytes` times `port_domains.count`; a domain has `pixels` banks; the memory fits the part's
RAM, 4 KiB for each block RAM and 32 KiB for each UltraRAM; depthwise convolutions run in at least one
of the two ways; `part` is that of `board`. The memory is made of UltraRAM where the part has enough for all of it.
";
