//! What the C++ library knows of model files, arithmetic, errors and task files, from the tables here.

use std::fmt::Write as _;

use seigo::base::arithmetic::{FRACTION, FRACTIONS, Layout, X_BITS};
use seigo::base::error::{Code, Result, codes};
use seigo::base::json::Form as _;
use seigo::model::ceras::Tag;
use seigo::model::ceras::layout::{
    CONTENTS, ENTRY_SIZE, Field, HEADER_SIZE, MAGIC, MAX_SECTIONS, MAX_VALUE, SECTION_ALIGNMENT,
    VERSION, entry, header,
};
use seigo::model::qgraph::{MAX_ALIGNMENT, MAX_EXTENT, MAX_SHIFT};
use seigo::vision::task::classes::{COCO80, MAX_CLASSES};
use seigo::vision::task::{Limits, MAX_INPUT, TaskSpec};

/// Codes that the library gives.
const CODES: &[(&str, &Code)] = &[
    ("kFileRead", &codes::FILE_READ),
    ("kFileWrite", &codes::FILE_WRITE),
    ("kShape", &codes::SHAPE),
    ("kImageDecode", &codes::IMAGE_DECODE),
    ("kTaskSpec", &codes::TASK_SPEC),
    ("kTaskOutput", &codes::TASK_OUTPUT),
    ("kNonFinite", &codes::ACTIVATION_NON_FINITE),
    ("kAccumulator", &codes::ACCUMULATOR),
    ("kQuantizedGraph", &codes::QUANTIZED_GRAPH),
    ("kCerasFormat", &codes::CERAS_FORMAT),
    ("kCerasVersion", &codes::CERAS_VERSION),
    ("kRuntimeOperator", &codes::RUNTIME_OPERATOR),
    ("kFloatForm", &codes::FLOAT_FORM),
];

/// `runtime/src/format.h`: model files, arithmetic and errors.
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
    let optional = Tag::ALL.iter().take_while(|(_, _, needed, _)| *needed).count();
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
        ("kFirstOptionalTag", optional as i32),
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

/// `runtime/src/vision/defaults.h`: what a task file may leave out, limits of its numbers, the built-in list of classes.
///
/// # Errors
/// None in practice: the two smallest task files are valid.
pub fn task_defaults() -> Result<String> {
    let smallest = |kind: &str| {
        let input = r#""input":{"resize":"stretch","color":"rgb"}"#;
        TaskSpec::from_json(&format!("{{\"version\":1,{input},\"classes\":1,{kind}}}"))
    };
    let detector = smallest(r#""detection":{"boxes":"corners"}"#)?;
    let classifier = smallest(r#""classification":{}"#)?;
    let mut text = String::from(
        "// What a task file may leave out, limits of its numbers, the built-in list of classes. Generated from\n\
         // src/vision/task by `make generate`.\n\
         #ifndef CERAS_VISION_DEFAULTS_H\n#define CERAS_VISION_DEFAULTS_H\n\n#include \"spec.h\"\n\n\
         namespace ceras::task {\n\n",
    );
    let _ = writeln!(text, "constexpr const char* kFormat = \"{}\";", TaskSpec::FORMAT);
    let _ = writeln!(text, "constexpr std::int64_t kVersion = {};", TaskSpec::VERSION);
    let top = classifier.classification.map_or(0, |own| own.top);
    for (name, number) in [
        ("kMaxInput", MAX_INPUT as usize),
        ("kMaxClasses", MAX_CLASSES),
        ("kPad", detector.input.pad.into()),
        ("kTop", top),
    ] {
        let _ = writeln!(text, "constexpr std::size_t {name} = {number};");
    }
    let limits = detector.detection.iter();
    for (name, own) in limits.flat_map(|own| [("kShow", own.show), ("kEvaluation", own.evaluation)])
    {
        let Limits { score_threshold, nms_threshold, max_detections } = own;
        let _ = writeln!(
            text,
            "constexpr Limits {name} = {{{score_threshold}f, {nms_threshold}f, {max_detections}}};"
        );
    }
    text.push_str("constexpr const char* kCoco80 = \"coco80\";\n");
    let _ = writeln!(text, "constexpr const char* kCoco80Names[{}] = {{", COCO80.len());
    for names in COCO80.chunks(8) {
        let _ = writeln!(text, "    \"{}\",", names.join("\", \""));
    }
    text.push_str("};\n\n}  // namespace ceras::task\n\n#endif\n");
    Ok(text)
}

/// `META` and `meta` as `Meta`.
fn title(word: &str) -> String {
    let (first, rest) = word.split_at(word.len().min(1));
    first.to_ascii_uppercase() + &rest.to_ascii_lowercase()
}
