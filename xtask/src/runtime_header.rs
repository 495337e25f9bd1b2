//! `runtime/src/format.h`: what the C++ library knows of model files, arithmetic and errors, from the tables here.

use std::fmt::Write as _;

use seigo::base::arithmetic::{FRACTION, FRACTIONS, Layout, X_BITS};
use seigo::base::error::{Code, codes};
use seigo::model::ceras::Tag;
use seigo::model::ceras::layout::{
    CONTENTS, ENTRY_SIZE, Field, HEADER_SIZE, MAGIC, MAX_SECTIONS, MAX_VALUE, SECTION_ALIGNMENT,
    VERSION, entry, header,
};
use seigo::model::qgraph::{MAX_ALIGNMENT, MAX_EXTENT, MAX_SHIFT};

/// Codes that the library gives.
const CODES: &[(&str, &Code)] = &[
    ("kFileRead", &codes::FILE_READ),
    ("kShape", &codes::SHAPE),
    ("kNonFinite", &codes::ACTIVATION_NON_FINITE),
    ("kAccumulator", &codes::ACCUMULATOR),
    ("kQuantizedGraph", &codes::QUANTIZED_GRAPH),
    ("kCerasFormat", &codes::CERAS_FORMAT),
    ("kCerasVersion", &codes::CERAS_VERSION),
    ("kRuntimeOperator", &codes::RUNTIME_OPERATOR),
];

/// The header.
pub fn header() -> String {
    let mut text = String::from(
        "// Numbers of the model file, the arithmetic and the errors. Generated from src/model/ceras/layout.rs,\n\
         // src/base/arithmetic and src/base/error/codes.rs by `make generate`.\n\
         #ifndef CERAS_FORMAT_H\n#define CERAS_FORMAT_H\n\n#include <cstddef>\n#include <cstdint>\n\n\
         namespace ceras::format {\n\nstruct Field {\n  std::size_t offset, size;\n};\n\n",
    );
    let magic: Vec<_> = MAGIC.iter().map(|byte| format!("{byte:#04x}")).collect();
    let _ = writeln!(
        text,
        "constexpr std::uint8_t kMagic[{}] = {{{}}};",
        MAGIC.len(),
        magic.join(", ")
    );
    let later = Tag::ALL.iter().take_while(|(_, _, needed, _)| *needed).count();
    let (least, most) = FRACTIONS;
    let numbers = [
        ("kVersion", i64::from(VERSION)),
        ("kContents", i64::from(CONTENTS)),
        ("kHeaderSize", HEADER_SIZE as i64),
        ("kEntrySize", ENTRY_SIZE as i64),
        ("kMaxSections", i64::from(MAX_SECTIONS)),
        ("kSectionAlignment", SECTION_ALIGNMENT as i64),
        ("kMaxElements", MAX_VALUE as i64),
        ("kMaxExtent", MAX_EXTENT as i64),
    ];
    for (name, number) in numbers {
        let _ = writeln!(text, "constexpr std::size_t {name} = {number};");
    }
    let integers = [
        ("kTags", Tag::ALL.len() as i32),
        ("kFirstLaterTag", later as i32),
        ("kFraction", FRACTION),
        ("kLeastFraction", least),
        ("kMostFraction", most),
        ("kArgumentBits", X_BITS as i32),
        ("kTwoSegmentEntries", Layout::TwoSegments.entries() as i32),
        ("kUniformEntries", Layout::Uniform.entries() as i32),
        ("kMaxAlignment", MAX_ALIGNMENT),
        ("kMaxShift", MAX_SHIFT),
    ];
    for (name, number) in integers {
        let _ = writeln!(text, "constexpr int {name} = {number};");
    }
    text.push_str("\n// Sections in the order of the file.\nenum Tag : int {");
    let tags: Vec<_> =
        Tag::ALL.iter().map(|(tag, ..)| format!("k{}", title(&tag.name()))).collect();
    let letters: Vec<_> = Tag::ALL.iter().map(|(tag, ..)| format!("\"{}\"", tag.name())).collect();
    let _ = writeln!(text, " {} }};", tags.join(", "));
    let _ =
        writeln!(text, "constexpr const char* kTagLetters[kTags] = {{{}}};", letters.join(", "));
    for (space, fields) in [("header", header::ALL), ("entry", entry::ALL)] {
        let _ = writeln!(text, "\nnamespace {space} {{");
        for Field { name, offset, size } in fields {
            let name: String = name.split('_').map(title).collect();
            let _ = writeln!(text, "constexpr Field k{name}{{{offset}, {size}}};");
        }
        let _ = writeln!(text, "}}  // namespace {space}");
    }
    text.push_str("\n// Codes of docs/errors.md.\n");
    for (name, code) in CODES {
        let number = code.id.trim_start_matches("SG").trim_start_matches('0');
        let _ = writeln!(text, "constexpr int {name} = {number};  // {}", code.meaning);
    }
    text.push_str("\n}  // namespace ceras::format\n\n#endif\n");
    text
}

/// `META` and `meta` as `Meta`.
fn title(word: &str) -> String {
    let (first, rest) = word.split_at(word.len().min(1));
    first.to_ascii_uppercase() + &rest.to_ascii_lowercase()
}
