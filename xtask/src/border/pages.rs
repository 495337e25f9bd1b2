//! Pages with the tables, for people.

use std::fmt::Write as _;

use seigo::compile::border::ports::{PORTS, Port};
use seigo::compile::border::registers::{self, REGISTERS};
use seigo::compile::border::status::{CLIENTS, Cause, Culprit, FAULTS, READERS};
use seigo::compile::border::{Field, Value, function, stream};

use super::SOURCE;

/// Bits `lsb` to `lsb + width - 1` in words.
fn bits(lsb: usize, width: usize) -> String {
    match width {
        1 => lsb.to_string(),
        _ => format!("{lsb} to {}", lsb + width - 1),
    }
}

fn form(field: &Field) -> &'static str {
    if field.signed { "signed" } else { "unsigned" }
}

fn values(text: &mut String, title: &str, table: &[Value]) {
    let _ = write!(text, "\n{title}:\n\n| value | name | meaning |\n|---:|---|---|\n");
    for Value { name, value, meaning } in table {
        let _ = writeln!(text, "| {value} | `{name}` | {meaning} |");
    }
}

/// `docs/isa.md`.
pub fn stream() -> String {
    let mut text = format!(
        "# The instruction stream\n\n{SOURCE}; do not edit.\n\n\
         One linear stream in DDR holds, per pass, a descriptor of {} ring words (32 bytes each, {} \
         words of 32 bits, little-endian) and then its tiles' records; \
         [accelerator.md](accelerator.md) says what is in a record and what the passes do. Fields that \
         a pass does not use are 0.\n",
        stream::DESCRIPTOR_WORDS,
        stream::WORDS
    );
    fields(&mut text, "Descriptor", "", stream::DESCRIPTOR);
    values(&mut text, "`Kind`", stream::KINDS);
    values(&mut text, "`Residual`", stream::RESIDUALS);
    values(&mut text, "`DmaBuffer`", stream::BUFFERS);
    let note = format!(
        "Segment k (0 to {}) begins at word {} + {} k of the descriptor. Segments behind the last one have \
         0 planes.\n\n",
        stream::SEGMENTS - 1,
        stream::SEGMENT_WORD,
        stream::SEGMENT_WORDS
    );
    fields(&mut text, "Segment of the plane table", &note, stream::SEGMENT);
    let note = format!("{} bytes.\n\n", stream::LANE_BYTES);
    fields(&mut text, "Lane parameters of a channel", &note, stream::LANE);
    entry(&mut text);
    text
}

fn fields(text: &mut String, title: &str, note: &str, table: &[Field]) {
    let _ = write!(
        text,
        "\n## {title}\n\n{note}| field | word | bits | form | meaning |\n|---|---|---|---|---|\n"
    );
    for field in table {
        let Field { name, word, lsb, width, meaning, .. } = *field;
        let bits = if width > 32 { bits(0, width) } else { bits(lsb, width) };
        let _ = writeln!(text, "| `{name}` | {word} | {bits} | {} | {meaning} |", form(field));
    }
}

/// An entry of the function table.
fn entry(text: &mut String) {
    let _ = write!(
        text,
        "\n## Entry of the function table\n\n\
         {} bits; not in the stream, but a parameter of the design (`FunctionTable`): the activation functions are \
         fixed when it is generated.\n\n| field | bits | form | meaning |\n|---|---|---|---|\n",
        function::BITS
    );
    for field in function::FUNCTION {
        let _ = writeln!(
            text,
            "| `{}` | {} | {} | {} |",
            field.name,
            bits(field.bit(), field.width),
            form(field),
            field.meaning
        );
    }
    values(text, "`FunctionBase`", function::BASES);
    values(text, "`FunctionLayout`", function::LAYOUTS);
}

/// `docs/registers.md`.
pub fn registers() -> String {
    let mut text = format!(
        "# Registers, errors, ports\n\n{SOURCE}; do not edit.\n\n\
         The processor's view of the accelerator. [boards.md](boards.md) says in which order it uses the registers. \
         `runtime/seigo_registers.h` has the same for C and C++, `runtime/seigo.rdl` in SystemRDL.\n\n\
         ## Registers\n\n\
         An AXI4-Lite slave of {} bytes; registers of 32 bits, numbers of 64 bits low word first. Every access is \
         answered with OKAY; offsets that are not listed, and bits without a field, read 0 and ignore writes. The \
         first four registers are those of Vitis HLS (`ap_ctrl_hs`), with two more events.\n\n\
         | offset | register | after a reset | what it is for |\n|---|---|---|---|\n",
        registers::WINDOW
    );
    for register in REGISTERS {
        let reset = register.reset.map_or("by the design".to_owned(), |reset| reset.to_string());
        let _ = writeln!(
            text,
            "| 0x{:02X} | `{}` | {reset} | {} |",
            register.offset, register.name, register.meaning
        );
    }
    text.push_str(
        "\n## Fields\n\n| register | field | bits | access | meaning |\n|---|---|---|---|---|\n",
    );
    for register in REGISTERS {
        for field in register.fields {
            let _ = writeln!(
                text,
                "| `{}` | `{}` | {} | {} | {} |",
                register.name,
                field.name,
                bits(field.lsb as usize, field.width as usize),
                field.access.words(),
                field.meaning
            );
        }
    }
    errors(&mut text);
    text.push_str(
        "\n## Causes of stalls\n\nBits of the port `stall_o`; each is counted by a register.\n\n\
         | bit | word | register | meaning |\n|---:|---|---|---|\n",
    );
    for (bit, (cause, register)) in Cause::COUNTED.iter().enumerate() {
        let (name, meaning) = (register.name, register.meaning);
        let _ = writeln!(text, "| {bit} | {} | `{name}` | {meaning} |", cause.name());
    }
    text.push_str("\n## Ports of the top level\n\n| port | direction | bits |\n|---|---|---:|\n");
    for Port { input, bits, name } in PORTS {
        let direction = if *input { "in" } else { "out" };
        let _ = writeln!(text, "| `{name}` | {direction} | {bits} |");
    }
    text
}

fn errors(text: &mut String) {
    text.push_str(
        "\n## Errors\n\nAn error ends the frame; the register `Status` has its code, `Error` and `Pass` who caused it and \
         where.\n\n| code | name | meaning | client | what to do |\n|---:|---|---|---|---|\n",
    );
    for fault in FAULTS {
        let client = match fault.culprit {
            Culprit::None => "",
            Culprit::Memory => "client of the shared memory, with the block",
            Culprit::Reader => "reader",
        };
        let _ = writeln!(
            text,
            "| {} | `{}` | {} | {client} | {} |",
            fault.code, fault.name, fault.meaning, fault.advice
        );
    }
    values(text, "Clients of the shared memory", CLIENTS);
    values(text, "Readers", READERS);
}
