//! The model file: what goes in comes out; whatever else is in a file, it is refused or changes
//! nothing.

use std::sync::LazyLock;

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use seigo::model::ceras::layout::{ENTRY_SIZE, HEADER_SIZE, entry, header};
use seigo::model::ceras::{Model, Tag, section_sizes};
use seigo::model::forms::in_forms;
use seigo::model::qgraph::QOp;
use seigo::software::reference;

use crate::quantized::{float_forms, graphs, inputs};

fn model(graph: seigo::model::qgraph::QGraph) -> Model {
    let mut model = Model::new(graph);
    model.meta.source = Some("sha256:00ff".into());
    model.meta.report = Some(serde_json::json!({ "layers": [{ "sqnr": 31.4 }] }));
    model.floats = float_forms(&model.graph, 1);
    model.set_section(Tag::Program, 7, vec![1, 2, 3]).unwrap();
    model
}

/// A file of a few kilobytes with a convolution that has a float form, a movement and a float layer.
static SMALL: LazyLock<(Model, Vec<u8>)> = LazyLock::new(|| {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    loop {
        let graph = graphs().new_tree(&mut runner).unwrap().current();
        let has = |kind: fn(&QOp) -> bool| graph.layers.iter().any(|layer| kind(&layer.op));
        let small = model(graph.clone());
        let bytes = small.to_bytes().unwrap();
        if has(|op| matches!(op, QOp::Conv(_)))
            && has(|op| matches!(op, QOp::Move(_)))
            && has(QOp::is_float)
            && !graph.functions.is_empty()
            && !small.floats.is_empty()
            && bytes.len() < 5600
        {
            return (small, bytes);
        }
    }
});

proptest! {
    #[test]
    fn what_is_written_is_read(graph in graphs()) {
        let model = model(graph);
        let bytes = model.to_bytes().unwrap();
        let read = Model::from_bytes(&bytes).unwrap();
        prop_assert_eq!(read.section(Tag::Program), Some((7, &[1u8, 2, 3][..])));
        prop_assert_eq!(read.section(Tag::Plan), None);
        prop_assert_eq!(read.to_bytes().unwrap(), bytes, "same model, same bytes");
        prop_assert_eq!(read, model);
    }
}

#[test]
fn every_flipped_byte_is_noticed() {
    let (model, bytes) = &*SMALL;
    for at in 0..bytes.len() {
        for flip in [0xff, 1 << (at % 8)] {
            let mut damaged = bytes.clone();
            damaged[at] ^= flip;
            match Model::from_bytes(&damaged) {
                Ok(read) => assert_eq!(read, *model, "byte {at}"),
                Err(error) => assert!(error.code().id.starts_with("SG06"), "byte {at}: {error}"),
            }
        }
    }
}

#[test]
fn every_truncation_and_every_extension_is_noticed() {
    let (_, bytes) = &*SMALL;
    for length in 0..bytes.len() {
        let error = Model::from_bytes(&bytes[..length]).unwrap_err();
        assert_eq!(error.code().id, "SG0601", "{length} bytes: {error}");
    }
    let longer = [&bytes[..], &[0]].concat();
    assert_eq!(Model::from_bytes(&longer).unwrap_err().code().id, "SG0601");
}

pub fn repair(file: &mut [u8]) {
    let number = |file: &[u8], at: usize| {
        usize::try_from(u64::from_le_bytes(file[at..at + 8].try_into().unwrap())).unwrap()
    };
    let count = u32::from_le_bytes(file[12..16].try_into().unwrap()) as usize;
    for index in 0..count {
        let at = HEADER_SIZE + index * ENTRY_SIZE;
        let offset = number(file, at + entry::OFFSET.offset);
        let size = number(file, at + entry::SIZE.offset);
        let crc = crc32fast::hash(&file[offset..offset + size]);
        file[at + entry::CRC.offset..][..4].copy_from_slice(&crc.to_le_bytes());
    }
    let mut crc = crc32fast::Hasher::new();
    crc.update(&file[..header::CRC.offset]);
    crc.update(&file[HEADER_SIZE..HEADER_SIZE + count * ENTRY_SIZE]);
    let crc = crc.finalize();
    file[header::CRC.offset..][..4].copy_from_slice(&crc.to_le_bytes());
}

/// With checksums that are right again, a changed file is refused or it runs.
#[test]
fn a_forged_file_is_refused_or_runs() {
    let (_, bytes) = &*SMALL;
    let start = HEADER_SIZE + section_sizes(bytes).unwrap().len() * ENTRY_SIZE;
    let mut opened = 0;
    for at in start..bytes.len() {
        for change in [1, 2, 0x10, 0x80] {
            let mut forged = bytes.clone();
            forged[at] ^= change;
            repair(&mut forged);
            let Ok(model) = Model::from_bytes(&forged) else { continue };
            opened += 1;
            if model.graph.values.iter().all(|value| value.len() < 1 << 16) {
                let inputs = inputs(&model.graph, 5);
                let _ = reference::run(&model.graph, &inputs);
                let mixed = in_forms(&model.graph, &model.floats, &|_| true);
                let _ = reference::run(&mixed, &inputs);
            }
        }
    }
    assert!(opened > 100, "the test reaches the graph: {opened}");
}

#[test]
fn newer_files_are_told_from_damaged_ones() {
    let (_, bytes) = &*SMALL;
    let mut newer = bytes.clone();
    newer[header::VERSION.offset] = 2;
    assert_eq!(Model::from_bytes(&newer).unwrap_err().code().id, "SG0602");
    let mut newer_section = bytes.clone();
    newer_section[HEADER_SIZE + entry::VERSION.offset] = 2;
    repair(&mut newer_section);
    let error = Model::from_bytes(&newer_section).unwrap_err();
    assert_eq!(error.code().id, "SG0602");
    assert!(error.message().contains("META"), "{error}");
    let mut unknown = bytes.clone();
    unknown[HEADER_SIZE] = b'X';
    repair(&mut unknown);
    assert_eq!(Model::from_bytes(&unknown).unwrap_err().code().id, "SG0602");
    for foreign in [&b""[..], b"\x08\x07\x12\x07pytorch", &[0; 4096]] {
        assert_eq!(Model::from_bytes(foreign).unwrap_err().code().id, "SG0601");
    }
}

#[test]
fn damage_is_named_by_section_and_offset() {
    let (_, bytes) = &*SMALL;
    let mut damaged = bytes.clone();
    *damaged.last_mut().unwrap() ^= 1;
    let error = Model::from_bytes(&damaged).unwrap_err().to_string();
    assert!(error.contains("section PROG at offset"), "{error}");
}

#[test]
fn only_later_stages_may_set_sections() {
    let mut model = SMALL.0.clone();
    assert!(model.set_section(Tag::Weights, 1, vec![]).is_err());
    model.set_section(Tag::Plan, 1, vec![9]).unwrap();
    model.set_section(Tag::Plan, 2, vec![8]).unwrap();
    let read = Model::from_bytes(&model.to_bytes().unwrap()).unwrap();
    assert_eq!(read.section(Tag::Plan), Some((2, &[8u8][..])));
}

/// The page's tables are those of the code.
#[test]
fn the_page_has_the_tables_of_the_code() {
    let page = include_str!("../../docs/model-format.md");
    for line in seigo::model::ceras::layout::tables().lines() {
        assert!(page.contains(line), "docs/model-format.md lacks the line {line}");
    }
}
