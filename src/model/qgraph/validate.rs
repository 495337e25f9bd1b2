//! The rules of a well-formed quantized graph. After this check every layer can run.

use super::{Format, Layer, Operand, Operands, QGraph, QValueId, wrong};
use crate::base::error::Result;
use crate::base::tensor::element_count;

impl QGraph {
    /// Checks links, order, shapes, scales, shift ranges, tables and accumulator bounds.
    ///
    /// # Errors
    /// `QUANTIZED_GRAPH` and `ACCUMULATOR`, naming the layer.
    pub fn validate(&self) -> Result<()> {
        self.check_values()?;
        for function in &self.functions {
            if !function.is_consistent() {
                return Err(wrong(format!(
                    "function \"{}\" has a ROM of another size",
                    function.name
                )));
            }
        }
        let mut available = vec![false; self.values.len()];
        for id in &self.inputs {
            if std::mem::replace(self.slot(&mut available, *id)?, true) {
                return Err(wrong(format!("input {} comes twice", id.0)));
            }
        }
        for layer in &self.layers {
            self.check_layer(layer, &mut available).map_err(|error| error.at(layer.place()))?;
        }
        for output in &self.outputs {
            if !*self.slot(&mut available, output.value)? {
                return Err(wrong(format!("output \"{}\" is never computed", output.name)));
            }
        }
        Ok(())
    }

    fn slot<'a>(&self, available: &'a mut [bool], id: QValueId) -> Result<&'a mut bool> {
        available.get_mut(id.0).ok_or_else(|| wrong(format!("value {} does not exist", id.0)))
    }

    fn check_values(&self) -> Result<()> {
        for value in &self.values {
            element_count(&value.shape)?;
            if let Format::Integer { scales, .. } = &value.format {
                let fits = scales.iter().all(|scale| (-32..=31).contains(&scale.exponent));
                if scales.len() != value.channels() || !fits {
                    return Err(wrong(format!("the scales of \"{}\" do not fit it", value.name)));
                }
            }
        }
        Ok(())
    }

    fn check_layer(&self, layer: &Layer, available: &mut [bool]) -> Result<()> {
        for id in layer.inputs.iter().flatten().filter_map(Operand::value) {
            if !*self.slot(available, id)? {
                return Err(wrong(format!("value {} is read before it is computed", id.0)));
            }
        }
        for id in &layer.outputs {
            if std::mem::replace(self.slot(available, *id)?, true) {
                return Err(wrong(format!("value {} is computed twice", id.0)));
            }
        }
        let (operator, operands) = (layer.op.operator(), Operands { graph: self, layer });
        operands.check_shapes(&operator.shapes(&operands)?)?;
        operator.check(&operands)?;
        operator.scales().check(&operands)
    }
}
