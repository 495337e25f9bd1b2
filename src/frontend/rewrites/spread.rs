//! A tensor of one pixel per channel, or of one channel, spread over a whole feature map by what the accelerator
//! does.
//!
//! A convolution on one pixel whose pads are its kernel but one, all weights 1, gives the pixel at each of kernel x
//! kernel places. Doubling (nearest neighbors, which readers find by themselves) makes larger planes of small
//! ones, and a convolution with one weight of 1 in a corner cuts off what is too much. One channel becomes many by a
//! 1 x 1 convolution.

use super::MAX_KERNEL;
use super::chain::Chain;
use crate::base::error::Result;
use crate::base::tensor::Tensor;
use crate::frontend::graph::{Graph, ValueId};
use crate::frontend::ops::conv::Conv;
use crate::frontend::ops::epilogue::Epilogue;
use crate::frontend::ops::window::Window;

/// How a plane is reached from one pixel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Steps {
    /// Rows and columns of the plane that the pixel is copied to.
    first: [usize; 2],
    /// How many times it is doubled, before what is too much is cut off and behind that.
    doubled: usize,
    behind: usize,
}

/// Gives `value` the shape `whole`, whose channels and plane it has or has one of, times a factor per channel of
/// `whole`, which what is of that shape already does not get.
///
/// # Errors
/// None; those of making tensors.
pub fn spread(
    graph: &mut Graph,
    name: &str,
    value: ValueId,
    whole: &[usize],
    factors: &[f32],
) -> Result<ValueId> {
    let shape = graph.fact(value).shape.clone();
    let mut chain = Chain::new(graph, format!("{name}:spread"));
    let (mut value, mut factors) = (value, factors.to_vec());
    if shape[1] != whole[1] {
        let weights = std::mem::replace(&mut factors, vec![1.0; whole[1]]);
        let (window, filters) = (Window::default(), [whole[1], 1, 1, 1]);
        value = conv(&mut chain, value, (window, 1), (&filters, weights))?;
    }
    let plane = [whole[2], whole[3]];
    if shape[2..] != plane {
        value = fill(&mut chain, value, plane, &factors)?;
    }
    Ok(value)
}

/// The plane of a value made of its pixel, times a factor per channel.
fn fill(
    chain: &mut Chain<'_>,
    value: ValueId,
    plane: [usize; 2],
    factors: &[f32],
) -> Result<ValueId> {
    let channels = chain.shape(value)[1];
    let Steps { first, doubled, behind } = steps(plane);
    let copies = Window {
        kernel: first.to_vec(),
        pads: first.iter().map(|&side| (side - 1, side - 1)).collect(),
        ..Window::default()
    };
    let copied = first[0] * first[1];
    let factors = factors.iter().flat_map(|&factor| std::iter::repeat_n(factor, copied));
    let filters = [channels, 1, first[0], first[1]];
    let mut value = conv(chain, value, (copies, channels), (&filters, factors.collect()))?;
    let mut reached = first;
    for _ in 0..doubled {
        reached = reached.map(|extent| 2 * extent);
        value = chain.double(value)?;
    }
    let cut = plane.map(|extent| extent >> behind);
    while reached != cut {
        let kernel = [0, 1].map(|axis| (reached[axis] - cut[axis] + 1).min(MAX_KERNEL));
        reached = [0, 1].map(|axis| reached[axis] + 1 - kernel[axis]);
        let taps = kernel[0] * kernel[1];
        let mut corner = vec![0.0; taps];
        corner[0] = 1.0;
        let window = Window { kernel: kernel.to_vec(), ..Window::default() };
        value = chain.depthwise(value, window, &corner, None)?;
    }
    for _ in 0..behind {
        value = chain.double(value)?;
    }
    Ok(value)
}

fn conv(
    chain: &mut Chain<'_>,
    input: ValueId,
    (window, group): (Window, usize),
    (shape, weights): (&[usize; 4], Vec<f32>),
) -> Result<ValueId> {
    let weights = chain.constant(Tensor::new(shape, weights)?);
    let op = Conv { window, group, epilogue: Epilogue::default() };
    chain.push(op.into(), vec![Some(input), Some(weights)])
}

/// Multiplications that a pass counts besides its own, so that few pixels are not moved in many passes.
const PASS: usize = 50;

/// The steps with the fewest multiplications. Doubling moves each pixel once.
fn steps(plane: [usize; 2]) -> Steps {
    let pixels = |plane: [usize; 2]| plane[0] * plane[1];
    let halves = plane.map(usize::trailing_zeros);
    let all = (0..=halves[0].min(halves[1]) as usize).flat_map(|behind| {
        let cut = plane.map(|extent| extent >> behind);
        (0..12).map(move |doubled| {
            let first = cut.map(|extent| extent.div_ceil(1 << doubled));
            (cut, Steps { first, doubled, behind })
        })
    });
    let cost = |(cut, steps): ([usize; 2], Steps)| {
        let reached = steps.first.map(|extent| extent << steps.doubled);
        let kernel = [0, 1].map(|axis| reached[axis] - cut[axis] + 1);
        let fits = steps.first.iter().all(|side| (1..=MAX_KERNEL).contains(side));
        let cutting = if kernel == [1, 1] { 0 } else { pixels(kernel) * pixels(cut) };
        let copying = pixels(steps.first) * pixels(steps.first);
        let doubling = pixels(reached) * 4 / 3 + (pixels(plane) - pixels(cut)) * 4 / 3;
        let passes = 1 + steps.doubled + usize::from(cutting > 0) + steps.behind;
        fits.then_some((copying + cutting + doubling + PASS * passes, steps))
    };
    let cheapest = all.filter_map(cost).min_by_key(|(cost, _)| *cost);
    cheapest.map_or(Steps { first: plane, doubled: 0, behind: 0 }, |(_, own)| own)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn planes_are_reached_by_small_kernels() {
        assert_eq!(steps([24, 24]), Steps { first: [3, 3], doubled: 3, behind: 0 });
        // 2, 4, 8, cut by a kernel of 2 x 2: fewer multiplications than 7 x 7 copies.
        assert_eq!(steps([7, 7]), Steps { first: [2, 2], doubled: 2, behind: 0 });
        assert_eq!(steps([28, 28]), Steps { first: [2, 2], doubled: 2, behind: 2 });
        for extent in 1..200 {
            let Steps { first, doubled, behind } = steps([extent, 40]);
            assert!(first.iter().all(|side| *side <= 15), "{extent}");
            let cut = extent >> behind;
            assert!(cut << behind == extent && (first[0] << doubled) >= cut, "{extent}");
        }
    }
}
