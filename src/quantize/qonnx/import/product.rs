//! Products with a constant matrix: convolutions over one pixel.

use super::{Import, Operand, Source, Stored};
use crate::base::error::Result;
use crate::base::tensor::Tensor;
use crate::frontend::ops::Op;
use crate::frontend::ops::reshape::Reshape;
use crate::frontend::ops::window::Axis;
use crate::model::qgraph::{QOp, QValueId};

impl Import<'_> {
    /// Converts the Gemm or MatMul at `index`, whose input has rank 2.
    pub(super) fn product(&mut self, index: usize) -> Result<bool> {
        let node = &self.graph.nodes[index];
        let transposed = match &node.op {
            Op::Gemm(gemm) if !gemm.transpose_a && gemm.alpha == 1.0 && gemm.beta == 1.0 => {
                gemm.transpose_b
            }
            Op::MatMul(_) => false,
            _ => return Ok(false),
        };
        let Some(data) = self.numbers(node.input(0)) else { return Ok(false) };
        let Some(stored) = self.weights(node.input(1)) else { return Ok(false) };
        let (&[batch, inputs], &[rows, columns]) =
            (&self.quantized.value(data).shape[..], &stored.shape[..])
        else {
            return Ok(false);
        };
        let stored = if transposed { stored } else { turned(stored, rows, columns) };
        let outputs = if transposed { rows } else { columns };
        let Some(bias) = self.bias(node.input(2), outputs)? else { return Ok(false) };
        let Some(sums) = self.sums(data, &stored, bias, [Axis::UNIT; 2], 1) else {
            return Ok(false);
        };
        let pixel = self.reshaped(index, data, &[batch, inputs, 1, 1]);
        let before = self.quantized.layers.len();
        if !self.finish(index, pixel, sums)? {
            // The float layer reads the matrix itself.
            self.quantized.layers.pop();
            self.quantized.values.pop();
            return Ok(false);
        }
        let Some(&product) = self.quantized.layers[before].outputs.first() else {
            return Ok(false);
        };
        self.quantized.values[product.0].shape = vec![batch, outputs, 1, 1];
        let matrix = self.reshaped(index, product, &[batch, outputs]);
        // The matrix is what has the name in the model.
        let (first, second) = (product.0, matrix.0);
        let name = std::mem::take(&mut self.quantized.values[first].name);
        let other = std::mem::replace(&mut self.quantized.values[second].name, name);
        self.quantized.values[first].name = other;
        let replaced = self.sources.values_mut().filter_map(|source| match source {
            Source::Codes(id) | Source::Numbers(id) => Some(id),
            _ => None,
        });
        for id in replaced {
            if *id == product {
                *id = matrix;
            }
        }
        Ok(true)
    }

    /// Adds a movement of `id` to another shape.
    fn reshaped(&mut self, index: usize, id: QValueId, shape: &[usize]) -> QValueId {
        let value = self.quantized.value(id);
        let (name, format) = (value.name.clone(), value.format.clone());
        let target = self.value(&name, shape, format);
        let wanted = Tensor::vector(shape.iter().map(|&extent| extent as i64).collect());
        let inputs = vec![Some(Operand::Value(id)), Some(Operand::Constant(wanted))];
        let op = QOp::Move(Reshape { allow_zero: false }.into());
        let name = format!("{}:{name}", self.graph.nodes[index].name);
        self.layer(&name, op, inputs, vec![target], &[index]);
        target
    }
}

/// The matrix with outputs as rows.
fn turned(mut stored: Stored, rows: usize, columns: usize) -> Stored {
    let at = |output: usize, input: usize| stored.codes[input * columns + output];
    let codes = (0..columns).flat_map(|o| (0..rows).map(move |i| (o, i)));
    let codes = codes.map(|(output, input)| at(output, input)).collect();
    stored.codes = codes;
    stored.shape = vec![columns, rows];
    stored.quantization.axis = match stored.quantization.axis {
        1 | -1 => 0,
        _ => 1,
    };
    stored
}
