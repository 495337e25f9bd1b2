//! What a bundle tells drivers and hardware: description, check vectors, program.

use std::sync::LazyLock;

use seigo::compile::boards::Target;
use seigo::compile::program::predict::{READ_LATENCY, predict};
use seigo::compile::program::simulate::Machine;
use seigo::compile::program::{check, fields, format};
use seigo::compile::{CompileOptions, Compiled};
use seigo::device::description::Description;
use seigo::device::vectors;
use seigo::emit::bundle;

use super::models::COLORS;
use super::{sound, text};

static COMPILED: LazyLock<Compiled> = LazyLock::new(|| {
    let target = Target::load("kv260").expect("a built-in target");
    Compiled::new(COLORS.clone(), &target, CompileOptions::default()).expect("a fixture")
});

static DESCRIPTION: LazyLock<Description> =
    LazyLock::new(|| bundle::describe(&COMPILED).expect("a fixture"));

/// `device.json`; with one that is read, check vectors are too.
pub fn device(bytes: &[u8]) {
    let Some(found) = text(bytes).and_then(|text| sound(Description::from_json(text))) else {
        return;
    };
    static VECTORS: LazyLock<Vec<u8>> =
        LazyLock::new(|| vectors::make(&COMPILED, &DESCRIPTION).expect("a fixture"));
    sound(vectors::parse(&VECTORS, &found));
    let tensors = found.inputs.iter().chain(&found.outputs);
    for tensor in tensors.filter(|tensor| tensor.len() < 1 << 16) {
        let mut buffer = vec![0; 1 << 12];
        sound(tensor.pack(&vec![i32::MAX; tensor.len()], &mut buffer));
        sound(tensor.unpack(&buffer));
    }
}

/// `check.bin`.
pub fn check_vectors(bytes: &[u8]) {
    sound(vectors::parse(bytes, &DESCRIPTION));
}

/// `program.bin`, with checksums that fit: what the checker lets pass runs in the interpreter without touching what it
/// does not own, and has a cost.
pub fn program(bytes: &[u8]) {
    let mut stream = bytes.to_vec();
    summed(&mut stream);
    let Compiled { design, program, .. } = &*COMPILED;
    let buffers = program.buffers;
    if sound(check::check(&stream, design, buffers)).is_none() {
        sound(format::decode::decode(&stream));
        return;
    }
    let mut machine =
        Machine::new(design, vec![0; buffers.image as usize], buffers.output, buffers.scratch);
    machine.run(&stream, |_, _| Ok(())).expect("a proven program touches only what it owns");
    predict(&stream, design, READ_LATENCY).expect("a proven program has a cost");
}

/// Puts the checksums of all descriptors right, up to one that leaves the stream.
fn summed(stream: &mut [u8]) {
    let mut at = 0;
    while let Some(descriptor) =
        stream.get_mut(at..).and_then(|rest| rest.get_mut(..4 * fields::WORDS))
    {
        let (words, sum) = descriptor.split_at_mut(4 * (fields::WORDS - 1));
        let words: Vec<u32> = words
            .chunks_exact(4)
            .map(|word| word.iter().rev().fold(0, |value, byte| value << 8 | u32::from(*byte)))
            .collect();
        let total = words.iter().fold(0u32, |sum, word| sum.wrapping_add(*word));
        sum.copy_from_slice(&(!total).to_le_bytes());
        let get = |field: fields::Field| {
            let mask = (1u64 << field.width) - 1;
            (u64::from(words[field.word]) >> field.lsb & mask) as usize
        };
        let records = get(fields::TILES) * get(fields::TILE_WORDS) * fields::RING_WORD;
        at += fields::DESCRIPTOR_WORDS * fields::RING_WORD + records;
    }
}
