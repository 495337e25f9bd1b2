//! A pass of the program with all that is known of it.

use super::inputs::Measured;
use crate::compile::Compiled;
use crate::compile::border::status::Cause;
use crate::compile::program::predict::PassCost;
use crate::compile::schedule::{estimate, sizes};
use crate::present::tables::plan::PlanReport;
use crate::present::tables::quantized::QuantizedInspection;

/// A pass.
pub struct Line {
    /// `dense`, `plane`, `load`, `save` or `processor`.
    pub kind: &'static str,
    /// Layers that it does, or the tensor that it moves.
    pub layers: Vec<String>,
    /// Least and largest right shift of its sums; negative is to the left.
    pub shifts: Option<(i32, i32)>,
    /// Blocks that it reads.
    pub reads: Vec<u64>,
    /// Blocks that it writes.
    pub writes: Vec<u64>,
    /// Cycles: measured where frames are given, else predicted.
    pub cycles: u64,
    /// Predicted cycles.
    pub predicted: u64,
    /// Cycles in which its engine has work.
    pub busy: u64,
    /// Cause of most of its idle cycles.
    pub cause: Option<Cause>,
    /// Multiply-accumulates on the dense array.
    pub dense_macs: u64,
    /// Multiply-accumulates on the plane engine.
    pub plane_macs: u64,
    /// Bytes to and from DDR.
    pub ddr: u64,
}

impl Line {
    /// Share of the cycles in which its engine has work, 0 to 1.
    pub fn efficiency(&self) -> f64 {
        self.busy as f64 / self.cycles.max(1) as f64
    }

    /// Multiply-accumulates of the dense array a cycle.
    pub fn rate(&self) -> f64 {
        self.dense_macs as f64 / self.cycles.max(1) as f64
    }
}

/// The passes of a compiled network.
pub fn lines(
    compiled: &Compiled,
    inspection: &QuantizedInspection,
    plan: &PlanReport,
    predicted: &[PassCost],
    measured: Option<&Measured>,
) -> Vec<Line> {
    let graph = compiled.graph();
    let passes = compiled.schedule().passes.iter().zip(&plan.passes).zip(predicted).enumerate();
    let line = |(index, ((pass, row), predicted)): (usize, ((&_, &_), &PassCost))| {
        let pass: &crate::compile::schedule::Pass = pass;
        let row: &crate::present::tables::plan::PassRow = row;
        let cycles = measured.map(|frames| frames.first().passes[index].cycles);
        let (dense_macs, plane_macs) = estimate::macs(graph, &pass.work);
        let pixels = compiled.target().pixels;
        Line {
            kind: row.kind.name(),
            layers: row.layers.clone(),
            shifts: shifts(inspection, &row.layers),
            reads: row.reads.clone(),
            writes: row.writes.clone(),
            cycles: cycles.unwrap_or(predicted.cycles),
            predicted: predicted.cycles,
            busy: predicted.busy,
            cause: predicted.cause(),
            dense_macs,
            plane_macs,
            ddr: sizes::work_traffic(graph, compiled.schedule(), &pass.work, pixels).total(),
        }
    };
    passes.map(line).collect()
}

/// Least and largest shift of the layers' sums.
fn shifts(inspection: &QuantizedInspection, layers: &[String]) -> Option<(i32, i32)> {
    let edges = inspection.edges.iter().filter(|edge| layers.contains(&edge.consumer));
    let shifts = edges.filter_map(|edge| edge.shifts);
    shifts.reduce(|(low, high), (least, most)| (low.min(least), high.max(most)))
}
