//! Networks: ONNX files, `.ceras` files and the plans in them.

use std::sync::LazyLock;

use seigo::compile::schedule::Plan;
use seigo::frontend::graph::{Graph, ImportOptions};
use seigo::frontend::onnx;
use seigo::frontend::rewrites;
use seigo::model::ceras::layout::{ENTRY_SIZE, Field, HEADER_SIZE, entry, header};
use seigo::model::ceras::{Model, Tag, section_sizes};
use seigo::quantize::qonnx::{ImportOptions as Quantized, import};

use super::sound;

/// The network that plans and programs are read for.
pub(super) static COLORS: LazyLock<Model> = LazyLock::new(|| {
    Model::from_bytes(include_bytes!("../../../fixtures/colors.ceras")).expect("a fixture")
});

/// An ONNX file, up to the fused graph.
pub fn onnx(bytes: &[u8]) {
    let Some(model) = sound(onnx::Model::decode(bytes, None)) else { return };
    let Some(mut graph) = sound(Graph::from_model(&model, &ImportOptions::default())) else {
        return;
    };
    if sound(rewrites::run(&mut graph, rewrites::STANDARD)).is_some() {
        graph.validate().expect("rewrites keep a graph valid");
    }
}

/// An ONNX file that another tool quantized.
pub fn qonnx(bytes: &[u8]) {
    let Some(model) = sound(onnx::Model::decode(bytes, None)) else { return };
    let Some(graph) = sound(import(&model, &Quantized::default())) else { return };
    graph.validate().expect("an imported network is valid");
}

/// A model file: as it is, and with checksums that fit.
pub fn ceras(bytes: &[u8]) {
    opened(bytes);
    let mut whole = bytes.to_vec();
    if summed(&mut whole).is_some() {
        opened(&whole);
    }
}

fn opened(bytes: &[u8]) {
    let sizes = sound(section_sizes(bytes));
    let Some(model) = sound(Model::from_bytes(bytes)) else { return };
    assert!(sizes.is_some(), "the model opens and its sections do not");
    let again = model.to_bytes().expect("a model that was read can be written");
    assert_eq!(Model::from_bytes(&again).expect("what was written is read"), model);
    if let Some((version, plan)) = model.section(Tag::Plan) {
        sound(Plan::from_bytes(&model.graph, version, plan));
    }
}

/// The plan in a model file.
pub fn plan(bytes: &[u8]) {
    let graph = &COLORS.graph;
    let Some(plan) = sound(Plan::from_bytes(graph, 1, bytes)) else { return };
    let again = plan.to_bytes().expect("a plan that was read can be written");
    assert_eq!(Plan::from_bytes(graph, 1, &again).expect("what was written is read"), plan);
}

/// Puts the size and all checksums of a model file right; none where its table leaves the file.
fn summed(file: &mut [u8]) -> Option<()> {
    let number = |file: &[u8], at: usize, field: &Field| -> Option<usize> {
        let bytes = file.get(at + field.offset..)?.get(..field.size)?;
        let number = bytes.iter().rev().fold(0u64, |number, &byte| number << 8 | u64::from(byte));
        usize::try_from(number).ok()
    };
    let set = |file: &mut [u8], at: usize, field: &Field, number: u64| {
        file[at + field.offset..][..field.size]
            .copy_from_slice(&number.to_le_bytes()[..field.size]);
    };
    let sections = number(file, 0, &header::SECTIONS)?;
    let table = HEADER_SIZE.checked_add(sections.checked_mul(ENTRY_SIZE)?)?;
    file.get(..table)?;
    for index in 0..sections {
        let at = HEADER_SIZE + index * ENTRY_SIZE;
        let (offset, size) = (number(file, at, &entry::OFFSET)?, number(file, at, &entry::SIZE)?);
        if let Some(bytes) = file.get(offset..).and_then(|rest| rest.get(..size)) {
            let sum = crc32fast::hash(bytes);
            set(file, at, &entry::CRC, sum.into());
        }
    }
    let size = file.len() as u64;
    set(file, 0, &header::FILE_SIZE, size);
    let mut sum = crc32fast::Hasher::new();
    sum.update(&file[..header::CRC.offset]);
    sum.update(&file[HEADER_SIZE..table]);
    set(file, 0, &header::CRC, sum.finalize().into());
    Some(())
}
