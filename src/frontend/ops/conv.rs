//! Convolution over one or two spatial axes, with bias, activation and residual addition.
//!
//! ONNX: Conv (opset 1 on). Input `[N, C, (H,) W]`, weight `[M, C / group, (kH,) kW]`, bias `[M]`.
//! Pointwise and dense kernels are matrix products over blocks of output pixels (`dense`),
//! depthwise kernels are row loops (`depthwise`). The blocks are chosen from the shapes alone, so
//! that the result does not depend on the number of threads.

mod dense;
mod depthwise;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::epilogue::{Epilogue, Residual};
use super::matrix::Order;
use super::window::{Axis, Window};
use super::{Fact, Inputs, Operand, Operator};
use crate::base::error::{Error, Result, codes};
use crate::frontend::onnx::{Attributes, Node, bad};
use crate::base::tensor::{DType, Tensor, element_count, spare};

/// See the module. Inputs: data, weight, optional bias, and the residual when the epilogue adds
/// one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Conv {
    /// The sliding window.
    pub window: Window,
    /// Input and output channels are cut into this many independent groups.
    pub group: usize,
    /// Activation and residual addition.
    pub epilogue: Epilogue,
}

/// One convolution with all extents known.
#[derive(Debug, Clone, Copy)]
struct Problem<'a> {
    batch: usize,
    group: usize,
    /// Input channels of one group.
    inputs: usize,
    /// Output channels of one group.
    outputs: usize,
    /// Rows, then columns; a 1-D convolution has one row.
    rows: Axis,
    columns: Axis,
    data: &'a [f32],
    weight: &'a [f32],
    bias: Option<&'a [f32]>,
    residual: Option<&'a [f32]>,
    epilogue: &'a Epilogue,
    order: Order,
}

impl Problem<'_> {
    /// Output elements of one channel.
    fn pixels(&self) -> usize {
        self.rows.output * self.columns.output
    }

    /// Input elements of one channel.
    fn plane(&self) -> usize {
        self.rows.input * self.columns.input
    }
}

impl Operator for Conv {
    const ONNX: &'static [&'static str] = &["Conv"];
    const LIMITS: &'static str = "f32; one or two spatial axes. Three are refused.";

    fn describe(&self) -> String {
        let mut text = String::from(if self.group > 1 { "Conv (grouped)" } else { "Conv" });
        let mut add = |what: &str| {
            text.push_str(" + ");
            text.push_str(what);
        };
        if self.epilogue.residual == Some(Residual::BeforeActivation) {
            add("Add");
        }
        if let Some(activation) = &self.epilogue.activation {
            add(activation.kind());
        }
        if self.epilogue.residual == Some(Residual::AfterActivation) {
            add("Add");
        }
        text
    }

    fn parse(node: &Node, _opset: i64) -> Result<Self> {
        Ok(Self {
            window: Window::parse(&node.attributes)?,
            group: group(node)?,
            epilogue: Epilogue::default(),
        })
    }

    fn attributes(&self) -> Attributes {
        self.window.attributes().with("group", self.group as i64)
    }

    fn infer(&self, inputs: Inputs<'_, Fact>) -> Result<Vec<Fact>> {
        let (shape, _) = self.geometry(inputs)?;
        Ok(vec![Fact::new(DType::F32, shape)])
    }

    fn eval(&self, inputs: Inputs<'_, Tensor>) -> Result<Vec<Tensor>> {
        self.eval_by(inputs, Order::Fastest)
    }

    fn eval_in_order(&self, inputs: Inputs<'_, Tensor>) -> Result<Vec<Tensor>> {
        self.eval_by(inputs, Order::Fixed)
    }

    fn macs(&self, inputs: Inputs<'_, Fact>, outputs: &[Fact]) -> u64 {
        let taps: u64 = inputs.get(1).map_or(0, |weight| {
            weight.shape.iter().skip(1).map(|&extent| extent as u64).product()
        });
        outputs.iter().map(|output| output.len() as u64 * taps).sum()
    }
}

impl Conv {
    fn eval_by(&self, inputs: Inputs<'_, Tensor>, order: Order) -> Result<Vec<Tensor>> {
        let (shape, axes) = self.geometry(inputs)?;
        let (data, weight) = (inputs.required(0)?, inputs.required(1)?);
        let (rows, columns) = match axes[..] {
            [columns] => (Axis::UNIT, columns),
            [rows, columns] => (rows, columns),
            _ => return Err(rank(data.shape())),
        };
        let residual = self.epilogue.residual(inputs, &shape)?;
        let problem = Problem {
            batch: shape[0],
            group: self.group,
            inputs: weight.shape()[1],
            outputs: shape[1] / self.group,
            rows,
            columns,
            data: data.values()?,
            weight: weight.values()?,
            bias: inputs.get(2).map(Tensor::values).transpose()?,
            residual: residual.map(Tensor::values).transpose()?,
            epilogue: &self.epilogue,
            order,
        };
        let mut output = spare::buffer(element_count(&shape)?);
        if problem.inputs == 1 && problem.outputs == 1 && depthwise::is_worthwhile(&problem) {
            depthwise::run(&problem, &mut output);
        } else {
            dense::run(&problem, &mut output)?;
        }
        Ok(vec![Tensor::new(&shape, output)?])
    }

    /// Output shape and the window along each spatial axis.
    ///
    /// # Errors
    /// [`codes::SHAPE`] when data, weight, bias and residual do not fit each other.
    pub fn geometry<T: Operand>(&self, inputs: Inputs<'_, T>) -> Result<(Vec<usize>, Vec<Axis>)> {
        let (data, weight) = (inputs.required(0)?, inputs.required(1)?);
        let (x, w) = (data.shape(), weight.shape());
        only_floats(inputs)?;
        if !(3..=4).contains(&x.len()) {
            return Err(rank(x));
        }
        let outputs = w.first().copied().unwrap_or(0);
        if w.len() != x.len()
            || w[1].checked_mul(self.group) != Some(x[1])
            || outputs % self.group != 0
        {
            return Err(Error::new(
                &codes::SHAPE,
                format!("a weight {w:?} in {} groups does not fit an input {x:?}", self.group),
            ));
        }
        check_bias(inputs.get(2), outputs)?;
        let axes = self.window.axes(&w[2..], &x[2..], false)?;
        let mut shape = vec![x[0], outputs];
        shape.extend(axes.iter().map(|axis| axis.output));
        element_count(&shape)?;
        self.epilogue.residual(inputs, &shape)?;
        Ok((shape, axes))
    }
}

/// The attribute `group`, at least 1.
pub(super) fn group(node: &Node) -> Result<usize> {
    let group = node.attributes.int("group")?.unwrap_or(1);
    usize::try_from(group)
        .ok()
        .filter(|&group| group > 0)
        .ok_or_else(|| bad("group", &format!("is {group}")))
}

/// Refuses element types other than f32.
pub(super) fn only_floats<T: Operand>(inputs: Inputs<'_, T>) -> Result<()> {
    match inputs.same_dtype()? {
        DType::F32 => Ok(()),
        other => Err(Error::new(&codes::SHAPE, format!("expected f32 inputs, got {other}"))),
    }
}

/// Refuses a bias that is not one value per output channel.
pub(super) fn check_bias<T: Operand>(bias: Option<&T>, channels: usize) -> Result<()> {
    match bias {
        Some(bias) if bias.shape() != [channels] => Err(Error::new(
            &codes::SHAPE,
            format!("a bias {:?} for {channels} channels", bias.shape()),
        )),
        _ => Ok(()),
    }
}

fn rank(shape: &[usize]) -> Error {
    Error::new(
        &codes::SHAPE,
        format!("an input {shape:?}; convolutions have one or two spatial axes"),
    )
}

#[cfg(test)]
mod tests;
