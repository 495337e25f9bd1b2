//! No sum of a tile leaves its accumulator, whatever the inputs are.

use super::demand;
use crate::base::error::Result;
use crate::compile::program::design::Design;
use crate::compile::program::fields as f;
use crate::compile::program::format::decode::{Kind, Pass};

/// Checks every channel of every tile of a pass.
pub fn check(pass: &Pass<'_>, design: &Design) -> Result<()> {
    let d = pass.descriptor;
    if !matches!(pass.kind, Kind::Dense | Kind::Plane) {
        return Ok(());
    }
    let filters = if d.flag(f::MAXIMUM) { 0 } else { d.get(f::CHAIN) };
    let step = f::STEP_BYTES + usize::from(d.flag(f::PADDED)) * f::RING_WORD;
    for tile in 0..d.get(f::TILES) {
        let (parameters, steps) =
            pass.record(tile).split_at(d.get(f::PARAMETER_WORDS) * f::RING_WORD);
        let filter_bytes = f::filter_ring_words(d.get(f::PLANE_REACH)) * f::RING_WORD;
        let (dense, filter) =
            parameters.split_at(parameters.len().saturating_sub(filters * filter_bytes));
        for channel in 0..dense.len() / 8 {
            let rows = steps.chunks_exact(step).flat_map(|step| &step[16 * channel..][..16]);
            fits(rows.map(magnitude), &dense[8 * channel..], design.accumulator_bits)?;
        }
        for filter in filter.chunks_exact(filter_bytes) {
            // Parts of the taps, the last with zero points and lanes behind.
            let (first, last) = filter.split_at(filter_bytes - f::FILTER_BYTES);
            let (taps, rest) = last.split_at(f::TAPS_BYTES);
            for channel in 0..16 {
                let parts = first.chunks_exact(f::PART_BYTES).map(|part| &part[..f::TAPS_BYTES]);
                let taps =
                    parts.chain([taps]).flat_map(|part| part.iter().skip(channel).step_by(16));
                // What a mask leaves of a factor is as much as the factor.
                let taps = taps.map(|tap| match d.flag(f::PLANE_MUL) {
                    true => u64::from(*tap != 0) * 128,
                    false => magnitude(tap),
                });
                fits(taps, &rest[16 + 8 * channel..], design.plane_sum_bits)?;
            }
        }
    }
    Ok(())
}

fn magnitude(weight: &u8) -> u64 {
    u64::from((*weight as i8).unsigned_abs())
}

/// Magnitudes of the weights of a channel and its lane, which begins with the bias.
fn fits(weights: impl Iterator<Item = u64>, lane: &[u8], bits: u32) -> Result<()> {
    let weights: u64 = weights.sum();
    let bias = lane.iter().take(4).rev().fold(0u32, |word, &byte| word << 8 | u32::from(byte));
    let bound = weights * 128 + u64::from((bias as i32).unsigned_abs());
    demand(bound < 1 << (bits - 1), || {
        format!("a sum can reach {bound}, beyond the {bits} bits of an accumulator")
    })
}
