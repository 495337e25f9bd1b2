//! Verilog headers: local parameters, included inside of modules.

use std::fmt::Write as _;

use seigo::compile::border::{Field, Value, function, registers, status, stream};

use super::SOURCE;

/// A header with a comment at its top; no module uses all of its names.
fn header(about: &str, body: &str) -> String {
    format!(
        "// {about}\n// {SOURCE}.\n// Included inside of modules, none of which uses all of it.\n\n\
         /* verilator lint_off UNUSEDPARAM */\n{body}/* verilator lint_on UNUSEDPARAM */\n"
    )
}

fn field(text: &mut String, prefix: &str, field: &Field) {
    let (name, lsb, width) = (field.name, field.bit(), field.width);
    let _ = writeln!(text, "localparam {prefix}{name}Lsb = {lsb}, {prefix}{name}Width = {width};");
}

fn value(text: &mut String, width: usize, value: &Value) {
    let (name, number) = (value.name, value.value);
    let range = if width == 1 { String::new() } else { format!("[{}:0] ", width - 1) };
    let _ = writeln!(text, "localparam {range}{name} = {width}'d{number};  // {}", value.meaning);
}

fn values(text: &mut String, width: usize, all: &[Value]) {
    text.push('\n');
    all.iter().for_each(|one| value(text, width, one));
}

/// `rtl/seigo_descriptor.vh`.
pub fn descriptor() -> String {
    let mut text = format!(
        "localparam DescriptorWords = {};\nlocalparam DescriptorBits = {};\n\
         localparam [{}:0] MagicValue = {}'h{:X};\nlocalparam [{}:0] VersionValue = {}'d{};\n",
        stream::DESCRIPTOR_WORDS,
        stream::WORDS * 32,
        stream::MAGIC.width - 1,
        stream::MAGIC.width,
        stream::MAGIC_VALUE,
        stream::VERSION.width - 1,
        stream::VERSION.width,
        stream::VERSION_VALUE,
    );
    stream::DESCRIPTOR.iter().for_each(|one| field(&mut text, "", one));
    let _ = writeln!(
        text,
        "localparam Segments = {}, SegmentLsb = {}, SegmentWidth = {};",
        stream::SEGMENTS,
        stream::SEGMENT_WORD * 32,
        stream::SEGMENT_WORDS * 32
    );
    stream::SEGMENT.iter().for_each(|one| field(&mut text, "", one));
    values(&mut text, stream::KIND.width, stream::KINDS);
    values(&mut text, stream::RESIDUAL.width, stream::RESIDUALS);
    values(&mut text, stream::DMA_BUFFER.width, stream::BUFFERS);
    header(
        "Bit positions and values of the descriptor's fields; docs/isa.md says what they mean.",
        &text,
    )
}

/// `rtl/seigo_lanes.vh`.
pub fn lanes() -> String {
    let mut text = format!("localparam LaneBits = {};\n", 8 * stream::LANE_BYTES);
    stream::LANE.iter().for_each(|one| field(&mut text, "Lane", one));
    let _ = writeln!(text, "\nlocalparam FunctionBits = {};", function::BITS);
    function::FUNCTION.iter().for_each(|one| field(&mut text, "", one));
    let _ = writeln!(
        text,
        "localparam TwoSegmentsEntries = {}, UniformEntries = {};",
        function::TWO_SEGMENTS_ENTRIES,
        function::UNIFORM_ENTRIES
    );
    values(&mut text, function::BASE.width, function::BASES);
    values(&mut text, function::LAYOUT.width, function::LAYOUTS);
    header(
        "Lane parameters of a channel and an entry of the function table; docs/isa.md says what they mean.",
        &text,
    )
}

/// `rtl/seigo_registers.vh`.
pub fn registers() -> String {
    let mut text = String::new();
    for register in registers::REGISTERS {
        let (name, offset) = (register.name, register.offset);
        let _ = writeln!(text, "localparam [11:0] Reg{name} = 12'h{offset:03X};");
    }
    for register in registers::REGISTERS.iter().filter(|one| one.fields[0].width < 32) {
        text.push('\n');
        for bits in register.fields {
            let name = format!("{}{}", register.name, bits.name);
            let (lsb, width) = (bits.lsb, bits.width);
            let _ = writeln!(text, "localparam {name}Lsb = {lsb}, {name}Width = {width};");
        }
    }
    let _ = writeln!(
        text,
        "\nlocalparam [31:0] RegisterMapVersion = 32'd{};",
        registers::VERSION_VALUE
    );
    header(
        "Offsets of the control registers, and the fields that are no whole register; docs/registers.md says\n\
         // what they mean.",
        &text,
    )
}

/// `rtl/seigo_status.vh`.
pub fn status() -> String {
    let mut text = String::new();
    for fault in status::FAULTS {
        let (name, code) = (fault.name, fault.code);
        let _ = writeln!(text, "localparam [7:0] {name} = 8'd{code};");
    }
    values(&mut text, 8, status::CLIENTS);
    values(&mut text, 8, status::READERS);
    let _ = writeln!(text, "\nlocalparam Stalls = {};", status::Cause::COUNTED.len());
    for (bit, (cause, register)) in status::Cause::COUNTED.iter().enumerate() {
        let _ = writeln!(text, "localparam {} = {bit};  // {}", register.name, cause.name());
    }
    header(
        "Error codes, who causes an error, and the bits of the causes of stalls; docs/registers.md says what\n\
         // they mean.",
        &text,
    )
}
