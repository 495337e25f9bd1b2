//! How wide sums are: the accumulators of the dense array and the sums of the plane engine, with their biases.

use super::layer::Layer;
use crate::base::error::{Place as _, Result};
use crate::compile::capabilities::Datapath;
use crate::compile::program::design::Design;
use crate::compile::program::refusal::{limit, refused};
use crate::compile::schedule::{Filter, Schedule, Work};
use crate::model::qgraph::{QGraph, QValueId};

/// Bits of the accumulators and sums that the Verilog can have.
const BITS: std::ops::RangeInclusive<u32> = 20..=32;

/// Bits of the sum that a DSP slice can shift.
const DSP_BITS: u32 = 26;

/// Makes the accumulators and the plane engine's sums of `design` as wide as the passes need and no wider. A sum that
/// fits at its end may wrap on its way. Lanes stay in DSP slices only where these take such sums.
///
/// # Errors
/// [`codes::PROGRAM_LIMIT`](crate::base::error::codes::PROGRAM_LIMIT), naming the layer, for what the hardware cannot
/// do, a sum beyond 32 bits too.
pub fn fit(design: &mut Design, graph: &QGraph, schedule: &Schedule) -> Result<()> {
    design.accumulator_bits = *BITS.start();
    design.plane_sum_bits = *BITS.start();
    for pass in &schedule.passes {
        let filters = match &pass.work {
            Work::Dense(dense) => {
                let stored = dense.store.map(|id| schedule.stored[id.0].value);
                let bits = needed(graph, dense.layer, stored)?;
                design.accumulator_bits = design.accumulator_bits.max(bits);
                &dense.filters
            }
            Work::Plane(plane) => &plane.filters,
            Work::Transfer(_) | Work::Processor { .. } => continue,
        };
        for Filter { layer, .. } in filters {
            let place = || graph.layers[*layer].place();
            let path = Datapath::of(&graph.layers[*layer].op).map_err(refused).at(place)?;
            if matches!(path, Datapath::Convolution(_) | Datapath::ChannelMul) {
                design.plane_sum_bits = design.plane_sum_bits.max(needed(graph, *layer, None)?);
            }
        }
    }
    design.dsp_lanes &= design.accumulator_bits.max(design.plane_sum_bits) <= DSP_BITS;
    Ok(())
}

/// Bits that hold the sums of a layer's channels, without and with their biases.
fn needed(graph: &QGraph, layer: usize, copied: Option<QValueId>) -> Result<u32> {
    let place = || graph.layers[layer].place();
    let bound = Layer::new(graph, layer, copied).at(place)?.bound();
    let bits = u64::BITS - bound.leading_zeros() + 1;
    if bits > *BITS.end() {
        let text =
            format!("a sum can reach {bound}, beyond the {} bits of an accumulator", BITS.end());
        return Err(limit(text)).at(place);
    }
    Ok(bits)
}
