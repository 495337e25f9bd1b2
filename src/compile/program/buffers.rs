//! What the host puts into the image buffer, and how large the buffers in DDR are.

use std::collections::HashMap;

use super::Buffers;
use super::design::Design;
use super::format::tensors;
use crate::base::error::{Error, Result, codes};
use crate::compile::capabilities::{WORD, channels_last, image_extent, image_pitch};
use crate::compile::schedule::{Buffer, Schedule, Source, Transfer, Work, rows};
use crate::model::qgraph::{QGraph, QValueId};

/// Bytes of the three buffers.
pub fn sizes(graph: &QGraph, schedule: &Schedule, design: &Design) -> Buffers {
    let mut sizes = Buffers::default();
    for work in schedule.passes.iter().map(|pass| &pass.work) {
        if let Some(image) = streamed(work) {
            let [channels, height, width] = image_extent(graph, image);
            let pitch = image_pitch(width, channels);
            sizes.image = sizes.image.max((pitch * height) as u64);
        }
        let Work::Transfer(Transfer { stored, buffer, offset, .. }) = work else { continue };
        let whole = rows::whole(graph, &schedule.stored[stored.0]);
        let words = tensors::words(&whole, design);
        let size = match buffer {
            Buffer::Image => &mut sizes.image,
            Buffer::Output => &mut sizes.output,
            Buffer::Scratch => &mut sizes.scratch,
        };
        *size = (*size).max(offset + (words * WORD) as u64);
    }
    sizes
}

/// The image buffer of a frame from the stored integers of the network inputs, in the order channel,
/// row, column: pixels for the stem unit at its start, planes where transfers read them.
///
/// # Errors
/// [`codes::SHAPE`] when an input is missing or has another size.
pub fn image(
    graph: &QGraph,
    schedule: &Schedule,
    design: &Design,
    values: &HashMap<QValueId, Vec<i64>>,
) -> Result<Vec<u8>> {
    let find = |id: QValueId| {
        let value = graph.value(id);
        values.get(&id).filter(|own| own.len() == value.len()).ok_or_else(|| {
            Error::new(&codes::SHAPE, format!("no integers for input \"{}\"", value.name))
        })
    };
    let mut buffer = vec![0; sizes(graph, schedule, design).image as usize];
    for work in schedule.passes.iter().map(|pass| &pass.work) {
        let (start, bytes) = match work {
            Work::Transfer(transfer) if transfer.buffer == Buffer::Image => {
                let stored = rows::whole(graph, &schedule.stored[transfer.stored.0]);
                let packed = tensors::pack(&stored, design, find(stored.value)?);
                (transfer.offset as usize, packed)
            }
            _ => {
                let Some(id) = streamed(work) else { continue };
                let q: Vec<i8> = find(id)?.iter().map(|&q| q as i8).collect();
                (0, tensors::image_bytes(&q, flat(graph, id)))
            }
        };
        buffer[start..start + bytes.len()].copy_from_slice(&bytes);
    }
    Ok(buffer)
}

/// Channels, rows and columns in which the integers of an image are packed: with the channels last, they are rows
/// of bytes already.
pub fn flat(graph: &QGraph, image: QValueId) -> [usize; 3] {
    let [channels, height, width] = image_extent(graph, image);
    match channels_last(graph, image) {
        true => [1, height, width * channels],
        false => [channels, height, width],
    }
}

/// The network input that the stem unit streams in a pass.
pub fn streamed(work: &Work) -> Option<QValueId> {
    match work {
        Work::Dense(dense) => match dense.source {
            Source::Stem(image) => Some(image),
            Source::Memory(_) => None,
        },
        _ => None,
    }
}
