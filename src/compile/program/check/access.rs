//! The words that each client of the shared memory touches in a pass.

use std::ops::Range;

use crate::compile::program::design::Design;
use crate::compile::program::fields::{self as f, Field};
use crate::compile::program::format::decode::{Kind, Pass};

/// A client's words in a pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// The owner mask that must give the blocks.
    pub mask: Field,
    /// Whether the words are written.
    pub writes: bool,
    /// The words.
    pub words: Range<usize>,
}

/// All accesses of a pass, plane by plane.
pub fn of(pass: &Pass<'_>, design: &Design) -> Vec<Access> {
    let d = pass.descriptor;
    let get = |field| d.get(field);
    let mut all = Vec::new();
    let mut add = |mask: Field, writes: bool, base: usize, words: usize| {
        all.push(Access { mask, writes, words: base..base + words });
    };
    match pass.kind {
        Kind::Dma => {
            let inward = d.flag(f::TO_MEMORY);
            let mask = if inward { f::WRITE_DMA } else { f::READ_DMA };
            for plane in 0..=get(f::DMA_PLANES) {
                add(mask, inward, get(f::DMA_BASE) + plane * get(f::DMA_STRIDE), get(f::DMA_WORDS));
            }
        }
        Kind::Processor | Kind::End => {}
        Kind::Dense | Kind::Plane => {
            let input = get(f::IN_HEIGHT) * get(f::IN_WIDTH);
            let result = get(f::OUT_HEIGHT) * get(f::OUT_WIDTH);
            let engine = get(f::PLANE_HEIGHT) * get(f::PLANE_WIDTH);
            let words = |wide: bool| if wide { 2 } else { 1 };
            for tile in 0..get(f::TILES) {
                for segment in d.segments() {
                    let pixels = if segment.upsampled { input / 4 } else { input };
                    for plane in 0..segment.planes {
                        let plane = plane + tile * get(f::PLANE_ADVANCE);
                        add(f::READ_STREAM, false, segment.base + plane * segment.stride, pixels);
                    }
                }
                if get(f::RESIDUAL) > 0 {
                    let base = get(f::RES_BASE) + tile * get(f::RES_STRIDE);
                    add(f::READ_RESIDUAL, false, base, result);
                }
                if d.flag(f::PLANE_MUL) {
                    let base = get(f::RES_BASE) + tile * get(f::RES_STRIDE);
                    add(f::READ_RESIDUAL, false, base, 1);
                }
                if d.flag(f::STORE) {
                    let base = get(f::OUT_BASE) + tile * get(f::OUT_STRIDE);
                    let words = words(d.flag(f::WIDE));
                    let all = match get(f::OUT_STEP) {
                        0 => result * words,
                        // From the first pixel to the last one, with what lies between.
                        step => {
                            let gaps = get(f::OUT_HEIGHT) - 1;
                            gaps * get(f::OUT_SKIP) + (result - 1 - gaps) * step + words
                        }
                    };
                    add(f::WRITE_CONV, true, base, all);
                }
                let filters =
                    [(f::PLANE_BASE0, f::PLANE_STRIDE0), (f::PLANE_BASE1, f::PLANE_STRIDE1)];
                for (index, (base, stride)) in filters.into_iter().enumerate().take(get(f::CHAIN)) {
                    let base = get(base) + tile * get(stride);
                    let wide = d.flag_at(f::PLANE_WIDE, index);
                    add(f::WRITE_PLANE, true, base, engine * words(wide));
                }
            }
        }
    }
    // Reads and writes go by rows of all banks: the row of the last word counts as touched.
    let p = design.pixels;
    all.into_iter()
        .map(|access| {
            let words = access.words.start / p * p..access.words.end.next_multiple_of(p);
            Access { words, ..access }
        })
        .collect()
}
