//! Transposed convolution: every input element adds the kernel, times its value, to the output.
//!
//! ONNX: ConvTranspose (opset 1 on), any number of spatial axes. Input `[N, C, ...]`, weight
//! `[C, M / group, kernel...]`, bias `[M]`. The products of all taps come from one matrix product
//! per group and image; a pass over them adds each where it belongs.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use ndarray::{ArrayView2, ArrayViewMut2};

use super::epilogue::Epilogue;
use super::gemm::{internal, product};
use super::matrix::Order;
use super::window::{AutoPad, Axis, Window, per_axis};
use super::{Fact, Inputs, Operand, Operator, conv};
use crate::base::error::{Error, Result, codes};
use crate::frontend::onnx::{Attributes, Node, bad};
use crate::base::tensor::{DType, Tensor, element_count};

/// See the module. Inputs: data, weight, optional bias, and the residual when the epilogue adds
/// one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct ConvTranspose {
    /// Kernel, strides, pads and dilations; pads take elements away.
    pub window: Window,
    /// Input and output channels are cut into this many independent groups.
    pub group: usize,
    /// Elements added at the end of each axis; empty means none.
    pub output_padding: Vec<usize>,
    /// Wanted extents, from which pads follow; empty means that the pads are given.
    pub output_shape: Vec<usize>,
    /// Activation and residual addition.
    pub epilogue: Epilogue,
}

impl Operator for ConvTranspose {
    const ONNX: &'static [&'static str] = &["ConvTranspose"];
    const LIMITS: &'static str = "f32; any number of spatial axes.";

    fn parse(node: &Node, _opset: i64) -> Result<Self> {
        let sizes = |name: &str| Ok(node.attributes.sizes(name)?.unwrap_or_default());
        Ok(Self {
            window: Window::parse(&node.attributes)?,
            group: conv::group(node)?,
            output_padding: sizes("output_padding")?,
            output_shape: sizes("output_shape")?,
            epilogue: Epilogue::default(),
        })
    }

    fn attributes(&self) -> Attributes {
        let attributes = self.window.attributes().with("group", self.group as i64);
        attributes
            .with_list("output_padding", &self.output_padding)
            .with_list("output_shape", &self.output_shape)
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

    fn macs(&self, inputs: Inputs<'_, Fact>, _outputs: &[Fact]) -> u64 {
        let (Some(data), Some(weight)) = (inputs.get(0), inputs.get(1)) else { return 0 };
        let taps: u64 = weight.shape.iter().skip(1).map(|&extent| extent as u64).product();
        data.len() as u64 * taps
    }
}

impl ConvTranspose {
    fn eval_by(&self, inputs: Inputs<'_, Tensor>, order: Order) -> Result<Vec<Tensor>> {
        let (shape, axes) = self.geometry(inputs)?;
        let residual = self.epilogue.residual(inputs, &shape)?;
        let (data, weight) = (inputs.required(0)?, inputs.required(1)?);
        let bias = inputs.get(2).map(Tensor::values::<f32>).transpose()?;
        let depth = data.shape()[1] / self.group;
        let outputs = shape[1] / self.group;
        let taps: usize = axes.iter().map(|axis| axis.kernel).product();
        let pixels: usize = axes.iter().map(|axis| axis.output).product();
        let plane: usize = axes.iter().map(|axis| axis.input).product();
        let mut output = vec![0f32; element_count(&shape)?];
        let mut products = vec![0f32; element_count(&[outputs, taps, pixels])?];
        let (data, weight) = (data.values::<f32>()?, weight.values::<f32>()?);
        for (index, output) in output.chunks_exact_mut((outputs * plane).max(1)).enumerate() {
            let group = index % self.group;
            if let Some(bias) = bias {
                for (plane, &bias) in output.chunks_exact_mut(plane).zip(&bias[group * outputs..]) {
                    plane.fill(bias);
                }
            }
            let data = &data[index * depth * pixels..][..depth * pixels];
            let weight = &weight[group * depth * outputs * taps..][..depth * outputs * taps];
            let data = ArrayView2::from_shape((depth, pixels), data).map_err(internal)?;
            let weight =
                ArrayView2::from_shape((depth, outputs * taps), weight).map_err(internal)?;
            let target = ArrayViewMut2::from_shape((outputs * taps, pixels), &mut products);
            product(target.map_err(internal)?, weight.reversed_axes(), data, order);
            for (tap, products) in products.chunks_exact(pixels.max(1)).enumerate() {
                let plane = &mut output[tap / taps * plane..][..plane];
                scatter(products, plane, &axes, tap % taps);
            }
        }
        self.epilogue.apply(&mut output, residual.map(Tensor::values).transpose()?);
        Ok(vec![Tensor::new(&shape, output)?])
    }
}

/// Adds the products of one tap, one for each input element, to the output plane. Here an axis
/// is that of the convolution whose gradient this is: its output is our input.
fn scatter(products: &[f32], plane: &mut [f32], axes: &[Axis], tap: usize) {
    let Some((last, outer)) = axes.split_last() else { return };
    let (columns, first) = last.inside(tap % last.kernel);
    let rows: usize = outer.iter().map(|axis| axis.output).product();
    for row in 0..rows {
        let Some(target) = target_row(row, tap / last.kernel, outer) else { continue };
        let products = &products[row * last.output..][columns.clone()];
        let target = &mut plane[target * last.input..][..last.input];
        let targets = target.iter_mut().skip(first).step_by(last.stride);
        for (target, product) in targets.zip(products) {
            *target += product;
        }
    }
}

/// The output row that input row `row` adds to through tap `tap`, over all axes but the last.
fn target_row(mut row: usize, mut tap: usize, outer: &[Axis]) -> Option<usize> {
    let mut target = 0;
    let mut size = 1;
    for axis in outer.iter().rev() {
        let position = row % axis.output * axis.stride + tap % axis.kernel * axis.dilation;
        let position = position.checked_sub(axis.begin).filter(|&at| at < axis.input)?;
        target += position * size;
        size *= axis.input;
        row /= axis.output;
        tap /= axis.kernel;
    }
    Some(target)
}

impl ConvTranspose {
    /// Output shape and, for each spatial axis, the convolution whose gradient this is: its output is our input.
    ///
    /// # Errors
    /// [`codes::SHAPE`] and [`codes::ONNX_ATTRIBUTE`] when inputs and attributes do not fit each other.
    pub fn geometry<T: Operand>(&self, inputs: Inputs<'_, T>) -> Result<(Vec<usize>, Vec<Axis>)> {
        conv::only_floats(inputs)?;
        let (x, w) = (inputs.required(0)?.shape(), inputs.required(1)?.shape());
        if x.len() < 3 || x.len() != w.len() || x[1] != w[0] || x[1] % self.group != 0 {
            return Err(Error::new(
                &codes::SHAPE,
                format!("a weight {w:?} in {} groups does not fit an input {x:?}", self.group),
            ));
        }
        let channels = w[1].saturating_mul(self.group);
        conv::check_bias(inputs.get(2), channels)?;
        let kernel = &w[2..];
        if !self.window.kernel.is_empty() && self.window.kernel != kernel {
            return Err(bad("kernel_shape", &format!("does not match the weight {w:?}")));
        }
        let rank = kernel.len();
        let strides = per_axis("strides", &self.window.strides, rank, 1)?;
        let dilations = per_axis("dilations", &self.window.dilations, rank, 1)?;
        let pads = per_axis("pads", &self.window.pads, rank, (0, 0))?;
        let extra = per_axis("output_padding", &self.output_padding, rank, 0)?;
        let wanted: Vec<_> = self.output_shape.iter().copied().map(Some).collect();
        // Some exporters give the whole shape.
        let wanted = if wanted.len() == x.len() { &wanted[2..] } else { &wanted[..] };
        let wanted = per_axis("output_shape", wanted, rank, None)?;
        let mut shape = vec![x[0], channels];
        let mut axes = Vec::with_capacity(rank);
        for index in 0..rank {
            let axis = Axis {
                input: 0,
                output: x[2 + index],
                kernel: kernel[index],
                stride: strides[index],
                dilation: dilations[index],
                begin: pads[index].0,
                end: pads[index].1,
            };
            let axis = self.axis(axis, extra[index], wanted[index]).ok_or_else(|| {
                Error::new(
                    &codes::SHAPE,
                    format!("strides {strides:?} and pads {pads:?} for an input {x:?}"),
                )
            })?;
            shape.push(axis.input);
            axes.push(axis);
        }
        element_count(&shape)?;
        element_count(&[&w[1..], &x[2..]].concat())?;
        self.epilogue.residual(inputs, &shape)?;
        Ok((shape, axes))
    }

    /// Fills in the extent of our output and the pads.
    fn axis(&self, mut axis: Axis, extra: usize, wanted: Option<usize>) -> Option<Axis> {
        const LIMIT: usize = i32::MAX as usize;
        if axis.output == 0 || axis.kernel == 0 || axis.stride == 0 || axis.dilation == 0 {
            return None;
        }
        let steps = (axis.output - 1).checked_mul(axis.stride)?;
        let reach = (axis.kernel - 1).checked_mul(axis.dilation)?;
        let full = steps.checked_add(reach)?.checked_add(1)?.checked_add(extra)?;
        let same = matches!(self.window.auto_pad, AutoPad::SameUpper | AutoPad::SameLower);
        let wanted = wanted.or(if same { axis.output.checked_mul(axis.stride) } else { None });
        if let Some(wanted) = wanted {
            let total = full.saturating_sub(wanted);
            let upper = self.window.auto_pad == AutoPad::SameUpper;
            axis.begin = if upper { total / 2 } else { total.div_ceil(2) };
            axis.end = total - axis.begin;
            axis.input = wanted;
        } else {
            if self.window.auto_pad == AutoPad::Valid {
                (axis.begin, axis.end) = (0, 0);
            }
            axis.input = full.checked_sub(axis.begin.checked_add(axis.end)?)?;
        }
        (full <= LIMIT && axis.input > 0 && axis.input <= LIMIT).then_some(axis)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::frontend::ops::conv::Conv;

    fn tensor(shape: &[usize]) -> Tensor {
        let count: usize = shape.iter().product();
        let values = (0..count).map(|index| ((index * 37 + 11) % 17) as f32 - 8.0);
        Tensor::new(shape, values.collect()).unwrap()
    }

    fn dot(a: &Tensor, b: &Tensor) -> f64 {
        let (a, b) = (a.values::<f32>().unwrap(), b.values::<f32>().unwrap());
        a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum()
    }

    proptest! {
        /// <conv(x), y> = <x, conv_transpose(y)> defines the transpose.
        #[test]
        fn it_is_the_transpose_of_the_convolution(
            (kernel, stride, dilation, pad) in (1usize..4, 1usize..4, 1usize..3, 0usize..3),
            (group, inputs, outputs, extent) in (1usize..3, 1usize..4, 1usize..4, 1usize..9),
        ) {
            let window = Window {
                strides: vec![stride, 1],
                dilations: vec![dilation, 1],
                pads: vec![(pad, 1), (0, pad)],
                ..Window::default()
            };
            prop_assume!(window.axes(&[kernel, 2], &[extent, 4], false).is_ok());
            let x = tensor(&[2, group * inputs, extent, 4]);
            let w = tensor(&[group * outputs, inputs, kernel, 2]);
            let conv = Conv { window: window.clone(), group, epilogue: Epilogue::default() };
            let forward = conv.eval(Inputs::new(&[Some(&x), Some(&w)])).unwrap().remove(0);
            let y = tensor(forward.shape());
            // Elements that no window of the convolution reached come back by padding the output.
            let axes = conv.window.axes(&[kernel, 2], &[extent, 4], false).unwrap();
            let extra = axes.iter().map(|axis| {
                let reach = (axis.output - 1) * axis.stride + axis.extent();
                axis.input + axis.begin + axis.end - reach
            });
            let transpose = ConvTranspose {
                window,
                group,
                output_padding: extra.collect(),
                output_shape: Vec::new(),
                epilogue: Epilogue::default(),
            };
            let back = transpose.eval(Inputs::new(&[Some(&y), Some(&w)])).unwrap().remove(0);
            prop_assert_eq!(back.shape(), x.shape());
            prop_assert_eq!(dot(&forward, &y), dot(&x, &back));
        }
    }

    #[test]
    fn impossible_extents_are_errors() {
        let op = ConvTranspose {
            window: Window { pads: vec![(9, 9)], ..Window::default() },
            group: 1,
            output_padding: Vec::new(),
            output_shape: Vec::new(),
            epilogue: Epilogue::default(),
        };
        let (x, w) = (Fact::new(DType::F32, [1, 1, 4]), Fact::new(DType::F32, [1, 1, 3]));
        assert!(op.infer(Inputs::new(&[Some(&x), Some(&w)])).is_err());
        let huge = Window { strides: vec![usize::MAX], ..Window::default() };
        let op = ConvTranspose { window: huge, ..op };
        assert!(op.infer(Inputs::new(&[Some(&x), Some(&w)])).is_err());
    }
}
