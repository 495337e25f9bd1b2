//! The fixed point in which the output stage of a convolution computes (rules A6 and A7): how many fraction bits,
//! and by which table, from what calibration frames show.
//!
//! [`FRACTION`] bits hold numbers up to 512 in steps of 1/1024, which suits most layers. A layer gets others where
//! its numbers leave that range, where its output is finer than the step, or where its table would not cover what
//! the function sees. Functions without constants take a number of bits per channel.

use super::Options;
use super::arguments::Arguments;
use super::assign::{Assignment, Origin};
use super::channel::Channel;
use super::fixed_point::{Demand, FixedPoint, FixedPoints, RESIDUAL_SHIFT, all};
use super::function::{self, function};
use super::range;
use super::statistics::Statistics;
use super::tables::Tables;
use crate::base::arithmetic::{FRACTION, Unit};
use crate::base::error::{Error, Place as _, Result, codes};
use crate::frontend::graph::{Graph, Node};
use crate::frontend::ops::Op;
use crate::frontend::ops::activation::Activation;
use crate::frontend::ops::epilogue::{Epilogue, Residual};
use crate::model::qgraph::Width;

/// Bits by which a wide output is taken to be finer than int8.
const WIDE: i32 = 2;

/// Chooses the fixed points of all output stages by rule A6.
pub fn choose(
    graph: &Graph,
    assignment: &Assignment,
    statistics: &Statistics,
    arguments: &Arguments,
    options: &Options,
) -> Result<FixedPoints> {
    let mut seen = Seen { assignment, statistics, options, points: FixedPoints::new() };
    let mut nodes: Vec<_> = arguments.iter().collect();
    nodes.sort_by_key(|(index, _)| **index);
    let convs = || {
        nodes.iter().filter_map(|&(&index, arguments)| match &graph.nodes[index].op {
            Op::Conv(conv) => Some((&graph.nodes[index], conv.epilogue, arguments)),
            _ => None,
        })
    };
    // Tables first: they leave the least choice, and the exponents of their results are in the others' way.
    let mut tables = Tables::default();
    for (node, epilogue, arguments) in convs() {
        if let Some(shape) = function::shape(epilogue.activation) {
            let demands = seen.demands(node, epilogue, arguments);
            tables.want(node.outputs[0], epilogue.residual, shape, &demands, arguments);
        }
    }
    seen.points.extend(tables.choose());
    for (node, epilogue, arguments) in convs() {
        if function::shape(epilogue.activation).is_none() {
            let demands = seen.demands(node, epilogue, arguments);
            let point = straight(epilogue, &demands).at(|| node.place())?;
            seen.points.insert(node.outputs[0], point);
        }
    }
    Ok(seen.points)
}

/// The fixed point of a function without table.
fn straight(epilogue: Epilogue, demands: &[Option<Demand>]) -> Result<FixedPoint> {
    let fraction = |demand: Option<Demand>| demand.map_or(FRACTION, Demand::fraction);
    let (fractions, unit) = match epilogue.activation {
        Some(Activation::Clamp { .. }) => {
            let shared = all(demands).map_or(FRACTION, |demand| coarse(demand, demand.fraction()));
            (vec![shared; demands.len()], Unit { fraction: shared as i8, gain: 0 })
        }
        _ => (demands.iter().map(|demand| fraction(*demand)).collect(), Unit::default()),
    };
    let function = function(epilogue.activation, unit)
        .ok_or_else(|| Error::new(&codes::INTERNAL, "an activation without a function"))?;
    Ok(FixedPoint { function, fractions, residual: epilogue.residual })
}

/// Every fourth number of bits, where the demand leaves that much room: each clamp in another fixed point is one
/// of the few functions that the hardware holds.
fn coarse(demand: Demand, fraction: i32) -> i32 {
    let rounded = FRACTION + 4 * (fraction - FRACTION).div_euclid(4);
    if rounded >= demand.least { rounded } else { fraction }
}

/// What calibration frames show of a network's values.
struct Seen<'a> {
    assignment: &'a Assignment,
    statistics: &'a Statistics,
    options: &'a Options,
    /// What is chosen so far.
    points: FixedPoints,
}

impl Seen<'_> {
    /// Per output channel; `None` for one that is always 0.
    fn demands(
        &self,
        node: &Node,
        epilogue: Epilogue,
        arguments: &[Channel],
    ) -> Vec<Option<Demand>> {
        let output = node.outputs[0];
        let residuals = node.input(Epilogue::RESIDUAL_INPUT);
        let residuals = residuals.map(|id| &self.assignment.origins[id.0][..]).unwrap_or_default();
        let owner = self.assignment.owner(output);
        let channels = self.statistics.values.get(&owner).map_or(&[][..], |channels| channels);
        let own = |(index, (argument, channel)): (usize, (&Channel, &Channel))| {
            let exponent = self.covering(epilogue, channel);
            let exponent = match self.assignment.widths[output.0] {
                Some(Width::I8) => exponent,
                _ => exponent - WIDE,
            };
            let (x, y) = (largest(argument), largest(channel));
            let mut demand = Demand::of(x, y, exponent);
            if let Some(origin) = residuals.get(index) {
                self.add_residual(&mut demand, epilogue.residual, *origin);
            }
            (x.max(y) > 0.0).then_some(demand)
        };
        arguments.iter().zip(channels).enumerate().map(own).collect()
    }

    /// Keeps the residual within its shift, and its numbers within the bits.
    fn add_residual(&self, demand: &mut Demand, place: Option<Residual>, origin: Origin) {
        let Some(channels) = self.statistics.values.get(&origin.owner) else { return };
        let channel = &channels[origin.channel];
        let (least, _) = range::reachable(&self.points, origin.owner, origin.channel);
        let most = RESIDUAL_SHIFT - self.covering(Epilogue::default(), channel).max(least);
        let most = most.min(Demand::of(0.0, largest(channel), 0).result_most);
        match place {
            Some(Residual::AfterActivation) => demand.result_most = demand.result_most.min(most),
            _ => demand.argument_most = demand.argument_most.min(most),
        }
    }

    /// The exponent that covers a channel with int8.
    fn covering(&self, epilogue: Epilogue, channel: &Channel) -> i32 {
        range::unlimited(epilogue, channel, self.options).widest()
    }
}

fn largest(channel: &Channel) -> f64 {
    channel.max.max(-channel.min).into()
}
