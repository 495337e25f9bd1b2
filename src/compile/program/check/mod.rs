//! Proof of a program from its bytes: what it touches, and that it ends.
//!
//! Decodes the stream again and knows nothing of the schedule. For every pass: the numbers of the
//! descriptor agree with each other; every word that a client reads or writes lies in a block that its
//! owner mask gives, and no mask gives more; the masks obey the rules of the owner table; what is read
//! was written before, and by a transfer only after it has been waited for; no word of a running
//! transfer is written; the weight ring and the stem unit's row buffers hold what must be held at once;
//! no sum leaves its accumulator.

mod access;
mod order;
mod shape;
mod sums;

use super::Buffers;
use super::design::Design;
use crate::base::error::{Place as _, Result};
use crate::compile::program::format::decode::{Kind, Pass, decode, wrong};

/// What a proven program does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// Passes by kind: dense, plane, DMA, processor.
    pub passes: [usize; 4],
    /// Multiplications of the dense array, padding of tiles included.
    pub products: u64,
    /// Ring words of the largest tile.
    pub largest_tile: usize,
    /// Blocks that are ever touched.
    pub blocks: usize,
}

/// Checks `stream` for `design`.
///
/// # Errors
/// `PROGRAM_INVALID` naming the pass and the rule that it breaks.
pub fn check(stream: &[u8], design: &Design, buffers: Buffers) -> Result<Summary> {
    let passes = decode(stream)?;
    let mut summary = Summary::default();
    let mut touched = 0;
    let mut order = order::Order::new(design, buffers);
    for pass in &passes {
        let place = || format!("pass {}", pass.index);
        shape::check(pass, design).at(place)?;
        sums::check(pass, design).at(place)?;
        let accesses = access::of(pass, design);
        touched |= order.step(pass, &accesses, design, buffers).at(place)?;
        count(pass, design, &mut summary);
    }
    summary.blocks = touched.count_ones() as usize;
    Ok(summary)
}

fn count(pass: &Pass<'_>, design: &Design, summary: &mut Summary) {
    use super::fields;
    let d = pass.descriptor;
    match pass.kind {
        Kind::Dense => {
            summary.passes[0] += 1;
            let steps = d.get(fields::TILES) * d.get(fields::STEPS) * d.get(fields::GROUPS);
            summary.products += (steps * design.pixels * 256) as u64;
        }
        Kind::Plane => summary.passes[1] += 1,
        Kind::Dma => summary.passes[2] += 1,
        Kind::Processor => summary.passes[3] += 1,
        Kind::End => {}
    }
    summary.largest_tile = summary.largest_tile.max(d.get(fields::TILE_WORDS));
}

/// Fails with `message` unless `rule` holds.
fn demand(rule: bool, message: impl FnOnce() -> String) -> Result<()> {
    if rule { Ok(()) } else { Err(wrong(message())) }
}
