//! Average pooling, and a mean or sum over a plane, becomes a depthwise convolution with equal weights, which the
//! accelerator does.
//!
//! The weight 1 / count is one number, so that int8 with a power-of-two scale holds it to 1 part in 128 or
//! better, and the convolution rounds once. A mean over a whole plane is a mean of means over parts of it where that
//! is quicker, or the plane larger than a convolution takes. Where pads do not count, or a last window is cut off, the
//! divisor changes at the border: the convolution has the divisor of the inside, and the borders are multiplied
//! behind it.

use super::borders::{Border, borders, multiply};
use super::chain::Chain;
use super::{MAX_DEPTHWISE_KERNEL, MAX_KERNEL, Rewrite};
use crate::base::error::Result;
use crate::base::tensor::DType;
use crate::frontend::graph::{Graph, Node, ValueId};
use crate::frontend::ops::average_pool::AveragePool;
use crate::frontend::ops::flatten::Flatten;
use crate::frontend::ops::global_pool::GlobalPool;
use crate::frontend::ops::reduce::Reduction;
use crate::frontend::ops::window::{Axis, Window};
use crate::frontend::ops::{Fact, Op};

/// See the module.
pub struct AverageToConv;

/// A sum over windows, times a weight.
struct Sum {
    window: Window,
    weight: f32,
}

/// Sums, one behind the other, and the borders along rows and columns that are multiplied behind them.
struct Mean {
    sums: Vec<Sum>,
    borders: [Vec<Border>; 2],
}

impl Rewrite for AverageToConv {
    fn name(&self) -> &'static str {
        "average-to-conv"
    }

    fn description(&self) -> &'static str {
        "turn average pooling into depthwise convolutions with equal weights"
    }

    fn run(&self, graph: &mut Graph) -> Result<usize> {
        let mut turned = 0;
        for index in 0..graph.nodes.len() {
            let Some((input, mean)) = mean(graph, &graph.nodes[index]) else { continue };
            if graph.fact(graph.nodes[index].outputs[0]).shape.len() == 2 {
                flatten_behind(graph, index);
            }
            replace(graph, index, input, mean)?;
            turned += 1;
        }
        Ok(turned)
    }
}

/// Lets the node at `index` give planes of one pixel, for a reduction that drops its axes, and
/// flattens them behind it.
pub(super) fn flatten_behind(graph: &mut Graph, index: usize) {
    let (name, output) = (graph.nodes[index].name.clone(), graph.nodes[index].outputs[0]);
    let [images, channels] = graph.fact(output).shape[..] else { return };
    let fact = Fact::new(DType::F32, [images, channels, 1, 1]);
    let planes = graph.add_value(&format!("{name}:planes"), fact);
    graph.nodes[index].outputs = vec![planes];
    graph.nodes.push(Node {
        name: format!("{name}:flatten"),
        op: Flatten { axis: 1 }.into(),
        inputs: vec![Some(planes)],
        outputs: vec![output],
        sources: Vec::new(),
    });
}

/// Puts depthwise convolutions in the place of the node at `index`, which becomes the last of them.
fn replace(graph: &mut Graph, index: usize, input: ValueId, mean: Mean) -> Result<()> {
    let name = format!("{}:part", graph.nodes[index].name);
    let mut chain = Chain::new(graph, name);
    let mut value = input;
    for Sum { window, weight } in mean.sums {
        let taps = vec![weight; window.kernel.iter().product()];
        value = chain.depthwise(value, window, &taps, None)?;
    }
    for (axis, borders) in mean.borders.into_iter().enumerate() {
        for border in borders {
            value = multiply(&mut chain, value, axis, border)?;
        }
    }
    chain.replace(index);
    Ok(())
}

/// The input of a mean and what makes it, if depthwise convolutions can do it.
fn mean(graph: &Graph, node: &Node) -> Option<(ValueId, Mean)> {
    let input = node.input(0)?;
    let &[_, _, height, width] = &graph.fact(input).shape[..] else { return None };
    let plane = [height, width];
    let mean = match &node.op {
        Op::AveragePool(pool) => of_pool(pool, plane)?,
        Op::GlobalPool(GlobalPool::Average) => whole(plane),
        Op::Reduce(reduce) if matches!(reduce.reduction, Reduction::Mean | Reduction::Sum) => {
            let axes = graph.constant(node.input(1)?)?.values::<i64>().ok()?;
            let spatial =
                [2, 3].iter().all(|axis| axes.contains(axis) || axes.contains(&(axis - 4)));
            if !spatial || axes.len() != 2 {
                return None;
            }
            let mut mean = whole(plane);
            if reduce.reduction == Reduction::Sum
                && let Some(last) = mean.sums.last_mut()
            {
                last.weight *= (height * width) as f32;
            }
            mean
        }
        _ => return None,
    };
    let fits = |sum: &Sum| sum.window.kernel.iter().all(|taps| (1..=MAX_KERNEL).contains(taps));
    (!mean.sums.is_empty() && mean.sums.iter().all(fits)).then_some((input, mean))
}

/// The mean over a whole plane: sums over parts side by side, until one window is left. A part that the
/// plane's end cuts off is padded, with zeros, which add nothing.
fn whole(mut plane: [usize; 2]) -> Mean {
    let mut left = plane.iter().product::<usize>() as f32;
    let mut sums = Vec::new();
    for kernel in Parts::of(plane).kernels {
        let output = [0, 1].map(|axis| plane[axis].div_ceil(kernel[axis]));
        let pads =
            [0, 1].map(|axis| (0, (output[axis] * kernel[axis]).saturating_sub(plane[axis])));
        // Each part but the last is a mean of its own, so that int8 holds it.
        let one = output == [1, 1];
        let count = if one { left } else { (kernel[0] * kernel[1]) as f32 };
        // Along an axis with one output any stride will do.
        let stride = [0, 1].iter().find(|&&axis| output[axis] > 1).map(|&axis| kernel[axis]);
        let strides = stride.map_or_else(Vec::new, |stride| vec![stride; 2]);
        let (kernel, pads) = (kernel.to_vec(), pads.to_vec());
        let window = Window { kernel, strides, pads, ..Window::default() };
        sums.push(Sum { window, weight: 1.0 / count });
        plane = output;
        left /= count;
    }
    Mean { sums, borders: Default::default() }
}

/// Windows by which a plane becomes one pixel, one behind the other.
struct Parts {
    /// Cycles of 16 channels, about.
    cycles: usize,
    kernels: Vec<[usize; 2]>,
}

/// Cycles in which the weights of a tap arrive: of 16 by 16 channels for the array, of 16 for the depthwise unit.
const ARRAY_TAP: usize = 16;
const DEPTHWISE_TAP: usize = 2;
/// Pixels that they take in a cycle.
const ARRAY_PIXELS: usize = 4;
const DEPTHWISE_PIXELS: usize = 2;
/// What a pass costs beside.
const PASS: usize = 100;

impl Parts {
    /// The quickest; a mean of means over parts has the weights of these alone, so that 14 x 14 taps are 2 x 2 and 7 x 7.
    fn of(plane: [usize; 2]) -> Self {
        let [height, width] = plane;
        let pixels = height * width;
        let most = height.max(width);
        let mut best = Self { cycles: usize::MAX, kernels: Vec::new() };
        let mut take = |cycles: usize, first: &[[usize; 2]], rest: Option<Self>| {
            let rest = rest.unwrap_or(Self { cycles: 0, kernels: Vec::new() });
            let cycles = cycles + PASS * first.len() + rest.cycles;
            if cycles < best.cycles {
                best = Self { cycles, kernels: [first, &rest.kernels].concat() };
            }
        };
        if most <= MAX_DEPTHWISE_KERNEL {
            take(pixels / DEPTHWISE_PIXELS + DEPTHWISE_TAP * pixels, &[plane], None);
        }
        if most <= MAX_KERNEL {
            take(pixels * ARRAY_TAP, &[plane], None);
            let rows = width * ARRAY_TAP.max(height / ARRAY_PIXELS);
            take(rows + height * ARRAY_TAP, &[[1, width], [height, 1]], None);
        }
        let even = |side: &usize| plane.iter().all(|extent| extent.is_multiple_of(*side));
        let mut sides: Vec<usize> = (2..=MAX_KERNEL.min(most)).filter(even).collect();
        if sides.is_empty() && most > MAX_KERNEL {
            sides.push(most.div_ceil(MAX_KERNEL).min(MAX_KERNEL));
        }
        for side in sides {
            let kernel = plane.map(|extent| extent.min(side));
            let output = plane.map(|extent| extent.div_ceil(side));
            if output == [1, 1] {
                continue;
            }
            let cycles = match side {
                2 => pixels / DEPTHWISE_PIXELS + DEPTHWISE_TAP * 9,
                _ => side * side * ARRAY_TAP.max(output[0] * output[1] / ARRAY_PIXELS),
            };
            take(cycles, &[kernel], Some(Self::of(output)));
        }
        best
    }
}

/// The sums and borders of an average pool, with all its pads written out.
fn of_pool(pool: &AveragePool, plane: [usize; 2]) -> Option<Mean> {
    let axes = pool.window.axes(&pool.window.kernel, &plane, pool.ceil).ok()?;
    let covers = |axis: &Axis| (axis.kernel, axis.begin, axis.output) == (axis.input, 0, 1);
    if axes.iter().all(|axis| covers(axis) && (axis.end, axis.dilation) == (0, 1)) {
        return Some(whole(plane));
    }
    let &[rows, columns] = &axes[..] else { return None };
    let counts = [rows, columns].map(|axis| pool.counts(&axis));
    let most = counts.iter().map(|counts| counts.iter().copied().fold(0.0, f32::max));
    let weight = 1.0 / most.product::<f32>();
    let list = |of: fn(&Axis) -> usize| axes.iter().map(of).collect();
    let window = Window {
        kernel: pool.window.kernel.clone(),
        strides: list(|axis| axis.stride),
        pads: axes.iter().map(|axis| (axis.begin, end(axis))).collect(),
        dilations: list(|axis| axis.dilation),
        ..Window::default()
    };
    let borders = [borders(&counts[0])?, borders(&counts[1])?];
    Some(Mean { sums: vec![Sum { window, weight }], borders })
}

/// The padding at the end with which a convolution has just as many outputs; `ceil_mode` adds windows
/// that reach behind the pads of the file.
fn end(axis: &Axis) -> usize {
    let reach = (axis.output - 1) * axis.stride + axis.extent();
    reach.saturating_sub(axis.input + axis.begin).max(axis.end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn planes_are_cut_where_that_is_quicker() {
        let kernels = |plane| Parts::of(plane).kernels;
        assert_eq!(kernels([1, 1]), [[1, 1]]);
        assert_eq!(kernels([7, 7]), [[7, 7]]);
        assert_eq!(kernels([14, 14]), [[2, 2], [7, 7]]);
        assert_eq!(kernels([13, 13]), [[1, 13], [13, 1]]);
    }

    #[test]
    fn parts_are_the_whole_plane() {
        for height in 1..=70 {
            for width in [1, 2, 3, 7, 13, 16, 17, 40, 64, 225] {
                let mean = whole([height, width]);
                let mut plane = [height, width];
                let mut weight = 1.0;
                for Sum { window, weight: own } in &mean.sums {
                    let axes = window.axes(&window.kernel, &plane, false).unwrap();
                    // No element is left out or counted twice.
                    for axis in &axes {
                        assert!(
                            axis.output == 1 || axis.stride == axis.kernel,
                            "{height} x {width}"
                        );
                        let end = (axis.output - 1) * axis.stride + axis.kernel;
                        assert_eq!(end, axis.input + axis.end, "{height} x {width}");
                        assert!(axis.kernel <= MAX_KERNEL);
                    }
                    plane = [axes[0].output, axes[1].output];
                    weight *= own;
                }
                let count = (height * width) as f32;
                assert!(
                    plane == [1, 1] && (weight * count - 1.0).abs() < 1e-4,
                    "{height} x {width}"
                );
            }
        }
    }
}
