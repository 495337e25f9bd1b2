//! A ReLU on its own: a depthwise convolution with weight 1, so that it stays on integers.

use super::{Import, Operand};
use crate::base::error::Result;
use crate::frontend::ops::window::Axis;
use crate::model::qgraph::{ConvOutput, QConv, QOp, Width};

impl Import<'_> {
    /// Converts the ReLU at `index` between a quantized value and a QuantizeLinear.
    pub(super) fn relu(&mut self, index: usize) -> Result<bool> {
        let node = &self.graph.nodes[index];
        let Some(data) = self.numbers(node.input(0)) else { return Ok(false) };
        let Some(quantizer) = node.outputs.first().and_then(|&id| self.quantizer(id)) else {
            return Ok(false);
        };
        let (width, scales) = self.target(quantizer)?;
        let own = self.scales(data);
        let &[_, channels, rows, columns] = &self.quantized.value(data).shape[..] else {
            return Ok(false);
        };
        let shifts: Option<Vec<i8>> = own
            .iter()
            .zip(&scales)
            .map(|(own, scale)| scale.exponent.checked_sub(own.exponent))
            .map(|shift| shift.filter(|shift| (-2..=31).contains(shift)))
            .collect();
        let Some(shifts) = shifts.filter(|_| width == Width::I8) else { return Ok(false) };
        let axis = |extent| Axis { input: extent, output: extent, ..Axis::UNIT };
        let conv = QConv {
            axes: [axis(rows), axis(columns)],
            group: channels,
            weights: vec![1; channels],
            exponents: own.iter().map(|scale| scale.exponent).collect(),
            bias: own.iter().map(|scale| -i32::from(scale.zero)).collect(),
            output: ConvOutput::Direct { shifts, relu: true },
        };
        let target = self.quantized_by(quantizer)?;
        let inputs = vec![Some(Operand::Value(data))];
        let op = QOp::Conv(Box::new(conv));
        self.layer(&node.name, op, inputs, vec![target], &[index, quantizer]);
        Ok(true)
    }
}
