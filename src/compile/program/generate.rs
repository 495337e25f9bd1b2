//! The files that are made of the field tables: Verilog, C and documentation.

use std::fmt::Write as _;

use super::fields::{self, Field};

const SOURCE: &str = "Generated from the field table by `make generate`";

/// `rtl/descriptor.vh`: bit positions as local parameters.
pub fn verilog() -> String {
    let mut text = format!(
        "// Bit positions of the descriptor's fields. {SOURCE};\n\
         // docs/isa.md says what each field means. Included inside of modules, none of which\n\
         // uses all of them.\n\n\
         /* verilator lint_off UNUSEDPARAM */\n\
         localparam DescriptorWords = {};\nlocalparam DescriptorBits = {};\n",
        fields::DESCRIPTOR_WORDS,
        fields::WORDS * 32
    );
    for field in fields::DESCRIPTOR {
        let Field { name, width, .. } = field;
        line(&mut text, format!("localparam {name}Lsb = {}, {name}Width = {width};", field.bit()));
    }
    line(
        &mut text,
        format!(
            "localparam Segments = {}, SegmentLsb = {}, SegmentWidth = {};",
            fields::SEGMENTS,
            fields::SEGMENT_WORD * 32,
            fields::SEGMENT_WORDS * 32
        ),
    );
    for field in fields::SEGMENT {
        let Field { name, width, .. } = field;
        line(&mut text, format!("localparam {name}Lsb = {}, {name}Width = {width};", field.bit()));
    }
    text.push_str("/* verilator lint_on UNUSEDPARAM */\n");
    text
}

/// `runtime/seigo_program.h`: the same for C and C++.
pub fn c_header() -> String {
    let mut text = format!(
        "/* Fields of the accelerator's instruction stream. {SOURCE}. */\n\
         #ifndef SEIGO_PROGRAM_H\n#define SEIGO_PROGRAM_H\n\n\
         /* A field is WORD (of 32 bits), LSB and WIDTH; words are little-endian. */\n"
    );
    let constants = [
        ("MAGIC_VALUE", fields::MAGIC_VALUE as usize),
        ("VERSION_VALUE", fields::VERSION_VALUE as usize),
        ("RING_WORD_BYTES", fields::RING_WORD),
        ("DESCRIPTOR_RING_WORDS", fields::DESCRIPTOR_WORDS),
        ("SEGMENTS", fields::SEGMENTS),
        ("SEGMENT_FIRST_WORD", fields::SEGMENT_WORD),
        ("SEGMENT_WORDS", fields::SEGMENT_WORDS),
        ("LANE_RING_WORDS", fields::LANE_RING_WORDS),
        ("FILTER_RING_WORDS", fields::FILTER_RING_WORDS),
        ("STEP_RING_WORDS", fields::STEP_RING_WORDS),
    ];
    for (name, value) in constants {
        line(&mut text, format!("#define SEIGO_{name} {value:#x}u"));
    }
    for (prefix, table) in tables() {
        text.push('\n');
        for field in table {
            let name = format!("SEIGO_{prefix}{}", snake(field.name));
            line(&mut text, format!("/* {} */", field.meaning));
            line(&mut text, format!("#define {name}_WORD {}", field.word));
            line(&mut text, format!("#define {name}_LSB {}", field.lsb));
            line(&mut text, format!("#define {name}_WIDTH {}", field.width));
        }
    }
    text.push_str("\n#endif\n");
    text
}

/// `docs/isa.md`.
pub fn page() -> String {
    let mut text = format!(
        "# The instruction stream\n\n{SOURCE}; do not edit.\n\n\
         One linear stream in DDR holds, per pass, a descriptor of {} ring words (32 bytes each, {} \
         words of 32 bits, little-endian) and then its tiles' records; \
         [accelerator.md](accelerator.md) says what is in a record and what the passes do. Fields that \
         a pass does not use are 0.\n",
        fields::DESCRIPTOR_WORDS,
        fields::WORDS
    );
    let titles = [
        ("Descriptor", String::new()),
        (
            "Segment of the plane table",
            format!(
                "Segment k (0 to {}) begins at word {} + {} k of the descriptor. Segments behind the \
                 last one have 0 planes.\n\n",
                fields::SEGMENTS - 1,
                fields::SEGMENT_WORD,
                fields::SEGMENT_WORDS
            ),
        ),
        ("Lane parameters of a channel", "8 bytes.\n\n".to_owned()),
    ];
    for ((title, note), (_, table)) in titles.into_iter().zip(tables()) {
        let _ = write!(
            text,
            "\n## {title}\n\n{note}| field | word | bits | form | meaning |\n|---|---|---|---|---|\n"
        );
        for field in table {
            let Field { name, word, lsb, width, signed, meaning } = field;
            let bits = match width {
                1 => lsb.to_string(),
                33.. => format!("0 to {}", width - 1),
                _ => format!("{lsb} to {}", lsb + width - 1),
            };
            let form = if *signed { "signed" } else { "unsigned" };
            line(&mut text, format!("| `{name}` | {word} | {bits} | {form} | {meaning} |"));
        }
    }
    text
}

fn tables() -> [(&'static str, &'static [Field]); 3] {
    [("", fields::DESCRIPTOR), ("", fields::SEGMENT), ("LANE_", fields::LANE)]
}

fn line(text: &mut String, line: String) {
    text.push_str(&line);
    text.push('\n');
}

/// `PlaneBase0` as `PLANE_BASE0`.
fn snake(name: &str) -> String {
    let mut snake = String::new();
    for (index, letter) in name.char_indices() {
        if letter.is_ascii_uppercase() && index > 0 {
            snake.push('_');
        }
        snake.push(letter.to_ascii_uppercase());
    }
    snake
}
