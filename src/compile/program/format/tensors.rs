//! Stored tensors as words: how a value lies in planes of 16 channels.

use crate::base::error::Result;
use crate::compile::capabilities::WORD;
use crate::compile::program::design::Design;
use crate::compile::schedule::{
    CHANNELS, Dense, Pass, Rows, Schedule, Stage, Stored, StoredId, Transfer, Work, rows,
};
use crate::model::qgraph::{QGraph, Width};

/// The tensors that a pass writes, with the rows of their values: those whose contents are a value of the
/// graph.
///
/// # Errors
/// Those of [`rows::extent`].
pub fn results(graph: &QGraph, schedule: &Schedule, pass: &Pass) -> Result<Vec<(StoredId, Rows)>> {
    let held = |transfer: &Transfer| rows::held(&schedule.stored[transfer.stored.0]);
    Ok(match (&pass.work, rows::extent(graph, &pass.work)?) {
        // A value of phases is there with the last of them.
        (Work::Dense(Dense { phase: Some(_), store: Some(id), .. }), _) => {
            let writes =
                |pass: &&Pass| matches!(&pass.work, Work::Dense(dense) if dense.store == Some(*id));
            let last = schedule.passes.iter().rfind(writes) == Some(pass);
            let held = rows::held(&schedule.stored[id.0]);
            last.then_some((*id, held)).into_iter().collect()
        }
        (Work::Dense(dense), Some(extent)) => {
            let filters = dense.filters.iter().map(|filter| (filter.result, extent.result));
            dense.store.map(|id| (id, extent.middle)).into_iter().chain(filters).collect()
        }
        (Work::Plane(plane), Some(extent)) if plane.stage == Stage::Whole => {
            plane.filters.iter().map(|filter| (filter.result, extent.result)).collect()
        }
        (Work::Transfer(own), _) => vec![(own.stored, own.rows.unwrap_or_else(|| held(own)))],
        (Work::Dense(_) | Work::Plane(_) | Work::Processor { .. }, _) => Vec::new(),
    })
}

/// The first place where a tensor differs from what it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Difference {
    /// Channel of the value.
    pub channel: usize,
    /// Row.
    pub row: usize,
    /// Column.
    pub column: usize,
    /// The right number.
    pub expected: i64,
    /// The number in memory.
    pub found: i64,
    /// Numbers that differ, this one included.
    pub count: usize,
}

/// Words of a tensor in memory or in a buffer.
pub fn words(stored: &Stored, design: &Design) -> usize {
    stored.slots.len() / CHANNELS * stride(stored, design)
}

fn stride(stored: &Stored, design: &Design) -> usize {
    design.plane_stride(stored.height * stored.width, bytes(stored))
}

fn bytes(stored: &Stored) -> usize {
    match stored.format {
        Width::I8 => 1,
        Width::I16 => 2,
        Width::I32 => 4,
    }
}

/// Byte offset of a number in its tensor.
fn offset(stored: &Stored, design: &Design, slot: usize, pixel: usize) -> usize {
    let (plane, position) = (slot / CHANNELS, slot % CHANNELS);
    let own = bytes(stored);
    let pixel = if stored.by_parity { by_parity(pixel, design.pixels) } else { pixel };
    (plane * stride(stored, design) + pixel * own) * WORD + position * own
}

/// The place of a pixel among those before it: of `2 * pixels` the even ones come first, then the odd ones, the later half
/// of these first.
fn by_parity(pixel: usize, pixels: usize) -> usize {
    let inside = pixel % (2 * pixels);
    let place = match inside % 2 {
        0 => inside / 2,
        _ => pixels + (inside / 2 + pixels / 2) % pixels,
    };
    pixel - inside + place
}

/// Slots with their channels.
fn channels(stored: &Stored) -> impl Iterator<Item = (usize, usize)> + '_ {
    stored.slots.iter().enumerate().filter_map(|(slot, channel)| Some((slot, (*channel)?)))
}

/// The tensor's bytes from a value in the order channel, row, column.
pub fn pack(stored: &Stored, design: &Design, values: &[i64]) -> Vec<u8> {
    let pixels = stored.height * stored.width;
    let mut packed = vec![0; words(stored, design) * WORD];
    for (slot, channel) in channels(stored) {
        for pixel in 0..pixels {
            let value = values[channel * pixels + pixel].to_le_bytes();
            let start = offset(stored, design, slot, pixel);
            packed[start..start + bytes(stored)].copy_from_slice(&value[..bytes(stored)]);
        }
    }
    packed
}

/// The value, in the order channel, row, column, from the tensor's bytes.
pub fn unpack(stored: &Stored, design: &Design, memory: &[u8]) -> Vec<i64> {
    let pixels = stored.height * stored.width;
    let count = channels(stored).map(|(_, channel)| channel + 1).max().unwrap_or(0);
    let mut values = vec![0; count * pixels];
    for (slot, channel) in channels(stored) {
        for pixel in 0..pixels {
            let start = offset(stored, design, slot, pixel);
            values[channel * pixels + pixel] = signed(&memory[start..start + bytes(stored)]);
        }
    }
    values
}

/// Compares some rows of a value, in the order channel, row, column, with a tensor's bytes.
pub fn compare(
    stored: &Stored,
    design: &Design,
    memory: &[u8],
    (values, channel_count, own_rows): (&[i64], usize, Rows),
) -> Option<Difference> {
    let all = values.len() / channel_count.max(1);
    let pixels = own_rows.first * stored.width..own_rows.end() * stored.width;
    let own = bytes(stored);
    let mut first: Option<Difference> = None;
    for (slot, channel) in channels(stored) {
        for pixel in pixels.clone() {
            let start = offset(stored, design, slot, pixel - stored.first * stored.width);
            let found = signed(&memory[start..start + own]);
            let expected = values[channel * all + pixel];
            if found != expected {
                let (row, column) = (pixel / stored.width, pixel % stored.width);
                let new = Difference { channel, row, column, expected, found, count: 0 };
                first.get_or_insert(new).count += 1;
            }
        }
    }
    first
}

/// An image as the accelerator takes it: rows of pixels, channels innermost, every row padded to 16
/// bytes; byte `b` stands for `q = b - 128`. `q` is in the order channel, row, column.
pub fn image_bytes(q: &[i8], [channels, height, width]: [usize; 3]) -> Vec<u8> {
    let pitch = (width * channels).next_multiple_of(WORD);
    let mut bytes = vec![0; pitch * height];
    for (y, row) in bytes.chunks_mut(pitch).enumerate() {
        for (index, byte) in row.iter_mut().enumerate().take(width * channels) {
            let (x, channel) = (index / channels, index % channels);
            *byte = (i16::from(q[(channel * height + y) * width + x]) + 128) as u8;
        }
    }
    bytes
}

/// Little-endian two's complement.
fn signed(bytes: &[u8]) -> i64 {
    let unsigned = bytes.iter().rev().fold(0i64, |value, byte| value << 8 | i64::from(*byte));
    let unused = 64 - 8 * bytes.len();
    unsigned << unused >> unused
}
