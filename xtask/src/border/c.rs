//! Headers for C11 and C++11.

use std::fmt::Write as _;

use seigo::compile::border::status::{CLIENTS, Culprit, READERS};
use seigo::compile::border::{Field, Value, registers, status, stream};

use super::{SOURCE, upper};

/// A header: a comment, its guard, what it needs, its contents.
fn header(about: &str, guard: &str, body: &str) -> String {
    format!(
        "/* {about} {SOURCE}. For C11 and C++11. */\n#ifndef {guard}\n#define {guard}\n\n\
         #include <stddef.h>\n#include <stdint.h>\n\n\
         #ifndef SEIGO_ASSERT\n#ifdef __cplusplus\n\
         #define SEIGO_ASSERT(condition, message) static_assert(condition, message)\n#else\n\
         #define SEIGO_ASSERT(condition, message) _Static_assert(condition, message)\n#endif\n#endif\n\n\
         {body}\n#endif\n"
    )
}

/// `runtime/seigo_program.h`.
pub fn program() -> String {
    let mut text =
        "/* A field is WORD (of 32 bits), LSB and WIDTH; words are little-endian. */\n".to_owned();
    let constants = [
        ("MAGIC_VALUE", stream::MAGIC_VALUE as usize),
        ("VERSION_VALUE", stream::VERSION_VALUE as usize),
        ("RING_WORD_BYTES", stream::RING_WORD),
        ("DESCRIPTOR_RING_WORDS", stream::DESCRIPTOR_WORDS),
        ("SEGMENTS", stream::SEGMENTS),
        ("SEGMENT_FIRST_WORD", stream::SEGMENT_WORD),
        ("SEGMENT_WORDS", stream::SEGMENT_WORDS),
        ("LANE_RING_WORDS", stream::LANE_RING_WORDS),
        ("PART_RING_WORDS", stream::PART_RING_WORDS),
        ("FILTER_RING_WORDS", stream::FILTER_RING_WORDS),
        ("STEP_RING_WORDS", stream::STEP_RING_WORDS),
    ];
    for (name, value) in constants {
        let _ = writeln!(text, "#define SEIGO_{name} {value:#x}u");
    }
    for (prefix, table) in
        [("", stream::DESCRIPTOR), ("", stream::SEGMENT), ("LANE_", stream::LANE)]
    {
        text.push('\n');
        table.iter().for_each(|field| define(&mut text, prefix, field));
    }
    for table in [stream::KINDS, stream::RESIDUALS, stream::BUFFERS] {
        values(&mut text, table);
    }
    let _ = write!(
        text,
        "\n/* The descriptor of a pass. */\nstruct seigo_descriptor {{\n  uint32_t words[{words}];\n}};\n\
         SEIGO_ASSERT(sizeof(struct seigo_descriptor) == SEIGO_DESCRIPTOR_RING_WORDS * SEIGO_RING_WORD_BYTES,\n\
         \x20            \"a descriptor is {bytes} bytes\");\n\
         SEIGO_ASSERT(SEIGO_CHECKSUM_WORD == {last}, \"the checksum is the last word\");\n",
        words = stream::WORDS,
        bytes = stream::WORDS * 4,
        last = stream::WORDS - 1,
    );
    header("Fields of the accelerator's instruction stream.", "SEIGO_PROGRAM_H", &text)
}

fn define(text: &mut String, prefix: &str, field: &Field) {
    let name = format!("SEIGO_{prefix}{}", upper(field.name));
    let Field { word, lsb, width, meaning, .. } = field;
    let _ = write!(
        text,
        "/* {meaning} */\n#define {name}_WORD {word}\n#define {name}_LSB {lsb}\n#define {name}_WIDTH {width}\n"
    );
}

fn values(text: &mut String, table: &[Value]) {
    text.push('\n');
    for Value { name, value, meaning } in table {
        let _ = writeln!(text, "#define SEIGO_{} {value}u /* {meaning} */", upper(name));
    }
}

/// `runtime/seigo_registers.h`.
pub fn registers() -> String {
    let mut text = format!(
        "#define SEIGO_REGISTER_WINDOW {:#x}u\n/* What the register Version reads. */\n\
         #define SEIGO_REGISTER_VERSION {}u\n",
        registers::WINDOW,
        registers::VERSION_VALUE
    );
    for register in registers::REGISTERS {
        let name = format!("SEIGO_REG_{}", upper(register.name));
        let reset =
            register.reset.map_or_else(String::new, |reset| format!("; after a reset {reset:#x}"));
        let _ = write!(
            text,
            "\n/* {}{reset} */\n#define {name} {:#05x}u\n",
            register.meaning, register.offset
        );
        for bits in register.fields {
            let field = format!("{name}_{}", upper(bits.name));
            let _ = write!(
                text,
                "/* {}; {} */\n#define {field}_LSB {}\n#define {field}_MASK {:#x}u\n",
                bits.meaning,
                bits.access.words(),
                bits.lsb,
                bits.mask()
            );
        }
    }
    text.push_str(&overlay());
    text.push_str("\n/* Field ErrorCode of the register Status. */\n");
    for fault in status::FAULTS {
        let _ = writeln!(text, "#define SEIGO_{} {}u", upper(fault.name), fault.code);
    }
    text.push_str(
        "\n/* Field Client of the register Error: of the shared memory, or a reader of the bus. */",
    );
    values(&mut text, CLIENTS);
    values(&mut text, READERS);
    let _ = writeln!(
        text,
        "\n/* Causes of stalls, counted in registers from SEIGO_REG_STALL_STREAM on. */"
    );
    let _ = writeln!(text, "#define SEIGO_STALLS {}u", status::Cause::COUNTED.len());
    text.push_str(
        "\n/* The name of a cause, by its place; a null pointer for a number that is none. */\n",
    );
    text.push_str(
        "static inline const char *seigo_stall_name(uint32_t cause) {\n  switch (cause) {\n",
    );
    for (index, (cause, _)) in status::Cause::COUNTED.into_iter().enumerate() {
        let _ = writeln!(text, "    case {index}u:\n      return \"{}\";", cause.name());
    }
    text.push_str("    default:\n      return NULL;\n  }\n}\n");
    words(&mut text);
    header("Registers of the accelerator.", "SEIGO_REGISTERS_H", &text)
}

/// The registers as a struct, its offsets checked against the table's.
fn overlay() -> String {
    let mut members = String::new();
    let mut checks = String::new();
    let (mut next, mut holes) = (0, 0);
    for register in registers::REGISTERS {
        if register.offset > next {
            let _ =
                writeln!(members, "  uint32_t reserved{holes}[{}];", (register.offset - next) / 4);
            holes += 1;
        }
        let name = upper(register.name);
        let member = name.to_lowercase();
        let _ = writeln!(members, "  uint32_t {member};");
        let _ = writeln!(
            checks,
            "SEIGO_ASSERT(offsetof(struct seigo_registers, {member}) == SEIGO_REG_{name}, \"{member}\");"
        );
        next = register.offset + 4;
    }
    format!(
        "\n/* The registers as they lie in the window; access them through a pointer to volatile. */\n\
         struct seigo_registers {{\n{members}}};\n{checks}\
         SEIGO_ASSERT(sizeof(struct seigo_registers) == {next:#x}u, \"size of the registers\");\n"
    )
}

/// Functions that give words for codes.
fn words(text: &mut String) {
    type Take = fn(&status::Fault) -> &'static str;
    let functions: [(&str, &str, Take); 2] = [
        ("meaning", "What an error code means; a null pointer for a code that is none.", |fault| {
            fault.meaning
        }),
        ("advice", "What to do about an error; a null pointer for a code that is none.", |fault| {
            fault.advice
        }),
    ];
    for (name, about, take) in functions {
        let _ = write!(
            text,
            "\n/* {about} */\nstatic inline const char *seigo_error_{name}(uint32_t code) {{\n  switch (code) {{\n"
        );
        for fault in status::FAULTS {
            let _ = write!(
                text,
                "    case SEIGO_{}:\n      return \"{}\";\n",
                upper(fault.name),
                take(fault)
            );
        }
        text.push_str("    default:\n      return NULL;\n  }\n}\n");
    }
    text.push_str(
        "\n/* Who caused an error, by its code and the field Client; a null pointer where nobody did. */\n\
         static inline const char *seigo_error_client(uint32_t code, uint32_t client) {\n  switch (code) {\n",
    );
    for (culprit, table) in [(Culprit::Memory, CLIENTS), (Culprit::Reader, READERS)] {
        for fault in status::FAULTS.iter().filter(|fault| fault.culprit == culprit) {
            let _ = writeln!(text, "    case SEIGO_{}:", upper(fault.name));
        }
        text.push_str("      switch (client) {\n");
        for value in table {
            let _ = write!(
                text,
                "        case SEIGO_{}:\n          return \"{}\";\n",
                upper(value.name),
                value.meaning
            );
        }
        text.push_str("        default:\n          return NULL;\n      }\n");
    }
    text.push_str("    default:\n      return NULL;\n  }\n}\n");
}
