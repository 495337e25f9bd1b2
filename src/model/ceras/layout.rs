//! Where the bytes of a .ceras file are: the one table of header fields and sections.
//!
//! `docs/model-format.md` repeats the table; a test compares the two.

/// First bytes of every file; the line ends show what a text transfer would break.
pub const MAGIC: [u8; 8] = *b"\x89CER\r\n\x1a\n";
/// Version of the format that is written, and the newest that is read.
pub const VERSION: u32 = 1;
/// Version of the contents of the sections that hold the graph.
pub const CONTENTS: u32 = 1;
/// Elements of one value: more than any part's memory, little enough to be checked.
pub const MAX_VALUE: usize = 1 << 28;
/// Sections and arrays in them start at multiples of this.
pub const SECTION_ALIGNMENT: usize = 64;
/// Bytes before the section table.
pub const HEADER_SIZE: usize = 32;
/// Bytes of one entry of the section table.
pub const ENTRY_SIZE: usize = 32;
/// More sections than this are no file of this format.
pub const MAX_SECTIONS: u32 = 64;

/// A field of the header or of a table entry.
#[derive(Debug)]
pub struct Field {
    /// Name.
    pub name: &'static str,
    /// First byte, from the start of the header or entry.
    pub offset: usize,
    /// Bytes.
    pub size: usize,
}

macro_rules! fields {
    ($($(#[$doc:meta])* $constant:ident = $name:literal at $offset:literal size $size:literal;)*) => {
        $($(#[$doc])* pub const $constant: Field =
            Field { name: $name, offset: $offset, size: $size };)*
    };
}

/// Fields of the header.
pub mod header {
    use super::Field;

    fields! {
        /// [`super::MAGIC`].
        MAGIC = "magic" at 0 size 8;
        /// Version of the format.
        VERSION = "version" at 8 size 4;
        /// Number of entries of the section table.
        SECTIONS = "sections" at 12 size 4;
        /// Bytes of the whole file.
        FILE_SIZE = "file_size" at 16 size 8;
        /// Zero.
        RESERVED = "reserved" at 24 size 4;
        /// CRC-32 of the bytes before it and of the section table.
        CRC = "crc" at 28 size 4;
    }

    /// In the order of the file.
    pub const ALL: &[Field] = &[MAGIC, VERSION, SECTIONS, FILE_SIZE, RESERVED, CRC];
}

/// Fields of an entry of the section table.
pub mod entry {
    use super::Field;

    fields! {
        /// Four ASCII letters.
        TAG = "tag" at 0 size 4;
        /// Version of the section's contents.
        VERSION = "version" at 4 size 4;
        /// First byte in the file.
        OFFSET = "offset" at 8 size 8;
        /// Bytes.
        SIZE = "size" at 16 size 8;
        /// CRC-32 of the section's bytes.
        CRC = "crc" at 24 size 4;
        /// Zero.
        RESERVED = "reserved" at 28 size 4;
    }

    /// In the order of the file.
    pub const ALL: &[Field] = &[TAG, VERSION, OFFSET, SIZE, CRC, RESERVED];
}

/// A kind of section.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "the table below says what each holds")]
pub enum Tag {
    Meta,
    Graph,
    Weights,
    Params,
    Scales,
    Functions,
    Constants,
    Floats,
    Plan,
    Program,
}

impl Tag {
    /// Every kind, in the order of the file: tag, whether every file has it, contents.
    pub const ALL: [(Self, [u8; 4], bool, &'static str); 10] = [
        (Self::Meta, *b"META", true, "JSON: tool, source, task, report"),
        (Self::Graph, *b"GRPH", true, "JSON: values, layers, functions"),
        (Self::Weights, *b"WGTS", true, "int8 weights of the convolutions"),
        (Self::Params, *b"PRMS", true, "int32 biases, int8 exponents and shifts"),
        (Self::Scales, *b"SCLS", true, "exponent and zero point per channel, int8 each"),
        (Self::Functions, *b"FUNC", true, "int16 ROM entries"),
        (Self::Constants, *b"CNST", true, "constant tensors"),
        (Self::Floats, *b"FLTS", false, "JSON: layers in float besides their integer form"),
        (Self::Plan, *b"PLAN", false, "memory plan"),
        (Self::Program, *b"PROG", false, "accelerator program"),
    ];

    /// The four bytes in the file.
    pub fn bytes(self) -> [u8; 4] {
        Self::ALL[self as usize].1
    }

    /// The four letters.
    pub fn name(self) -> String {
        self.bytes().map(char::from).iter().collect()
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|(_, tag, ..)| tag == bytes).map(|(tag, ..)| tag)
    }
}

/// The tables of `docs/model-format.md`.
pub fn tables() -> String {
    let mut text = String::new();
    for (title, fields) in [("header", header::ALL), ("entry", entry::ALL)] {
        text.push_str(&format!("| {title} field | offset | bytes |\n|---|---:|---:|\n"));
        for Field { name, offset, size } in fields {
            text.push_str(&format!("| `{name}` | {offset} | {size} |\n"));
        }
    }
    text.push_str("| section | contents | in every file |\n|---|---|---|\n");
    for (tag, _, needed, contents) in Tag::ALL {
        let needed = if needed { "yes" } else { "no" };
        text.push_str(&format!("| `{}` | {contents} | {needed} |\n", tag.name()));
    }
    text
}
