//! Maximum pooling (A9).

use super::frame::Frame;
use crate::base::error::Result;
use crate::base::tensor::Tensor;
use crate::frontend::ops::window::Axis;
use crate::model::qgraph::QMaxPool;

/// The largest `q` of every window, over any number of spatial axes.
///
/// # Errors
/// Those of [`crate::frontend::ops::window::Window::axes`]; none for a valid graph.
pub fn run(QMaxPool { max_pool: op }: &QMaxPool, frame: &Frame<'_>) -> Result<Vec<Tensor>> {
    let (input, output) = (frame.input(0)?, frame.output()?);
    let extents = &input.value.shape[2..];
    let axes = op.window.axes(&op.window.kernel, extents, op.ceil)?;
    let plane: usize = extents.iter().product();
    let pixels: usize = axes.iter().map(|axis| axis.output).product();
    let taps: usize = axes.iter().map(|axis| axis.kernel).product();
    let least = -(1i64 << (output.width.bits() - 1)); // below or equal to every q
    let maximum = |index: usize| {
        let source = &input.q[index / pixels * plane..][..plane];
        let positions = (0..taps).filter_map(|tap| position(&axes, index % pixels, tap));
        positions.map(|position| source[position]).max().unwrap_or(least)
    };
    output.store((0..output.value.len()).map(maximum).collect())
}

/// The input element that tap `tap` of output `pixel` reads, both counted row-major; `None`
/// outside of the input.
fn position(axes: &[Axis], mut pixel: usize, mut tap: usize) -> Option<usize> {
    let (mut position, mut step) = (0, 1);
    for axis in axes.iter().rev() {
        let along = pixel % axis.output * axis.stride + tap % axis.kernel * axis.dilation;
        let along = along.checked_sub(axis.begin).filter(|&along| along < axis.input)?;
        position += along * step;
        step *= axis.input;
        pixel /= axis.output;
        tap /= axis.kernel;
    }
    Some(position)
}
