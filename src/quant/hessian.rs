//! Second moments of what each convolution reads, in the integers of a first quantized model.
//!
//! For a filter with weight error d, the mean squared error of its sum is d' H d with
//! H = E[v v'] over patches v. Patches hold `q - z`, so all sums are integers: their order, and
//! with it the number of threads, does not matter.

use std::collections::HashMap;
use std::sync::Mutex;

use ndarray::{Array2, ArrayView2};

use super::statistics::{Random, mix};
use super::{Frames, Options, Progress};
use crate::engine::Engine;
use crate::error::{Error, Result, codes};
use crate::frames;
use crate::ops::matrix;
use crate::qgraph::{QConv, QGraph, QOp, QValueId};
use crate::tensor::Tensor;

/// Patches per frame and convolution.
const PATCHES: usize = 800;
/// Patches whose products are summed in single precision at a time: 255^2 * 250 < 2^24.
const EXACT: usize = 250;

/// Moments of one convolution.
#[derive(Debug)]
pub struct Moments {
    /// Number of patches.
    pub count: f64,
    /// Per group, the sum of v v', taps x taps.
    pub second: Vec<Array2<f64>>,
    /// Per group, the sum of v.
    pub first: Vec<Vec<f64>>,
}

/// Runs the quantized model and sums up patches, by index of the layer,
/// which is that of the node.
pub fn collect(
    graph: &QGraph,
    source: &dyn Frames,
    options: &Options,
    progress: Progress<'_>,
) -> Result<HashMap<usize, Moments>> {
    let engine = Engine::new(graph)?;
    let mut readers: HashMap<QValueId, Vec<(usize, &QConv)>> = HashMap::new();
    let mut moments = HashMap::new();
    for (index, layer) in graph.layers.iter().enumerate() {
        if let (QOp::Conv(conv), Some(input)) = (&layer.op, layer.input(0)) {
            readers.entry(input).or_default().push((index, conv));
            moments.insert(index, Mutex::new(Moments::new(conv)));
        }
    }
    // Frames at equal distances, so that few of them still see all of the calibration set.
    let available = options.calibrating(source);
    let count = available.min(options.hessian_frames);
    frames::map(count, |number| {
        let index = number * available / count;
        engine.run_observed(&source.frame(index)?, |id, tensor| {
            for (layer, conv) in readers.get(&id).into_iter().flatten() {
                let seed = options.seed ^ mix(index as u64) ^ mix((*layer as u64) << 20);
                let own = patches(conv, tensor, &mut Random(seed))?;
                let sums = &moments[layer];
                let mut sums = sums
                    .lock()
                    .map_err(|_| Error::new(&codes::INTERNAL, "a thread stopped early"))?;
                sums.add(&own);
            }
            Ok(())
        })?;
        progress("Hessians", 0);
        Ok(())
    })?;
    moments
        .into_iter()
        .map(|(index, sums)| {
            let sums = sums
                .into_inner()
                .map_err(|_| Error::new(&codes::INTERNAL, "a thread stopped early"))?;
            Ok((index, sums))
        })
        .collect()
}

impl Moments {
    fn new(conv: &QConv) -> Self {
        let taps = conv.taps();
        Self {
            count: 0.0,
            second: vec![Array2::zeros((taps, taps)); conv.group],
            first: vec![vec![0.0; taps]; conv.group],
        }
    }

    /// Adds patches: per group, patches x taps.
    fn add(&mut self, patches: &[Array2<f32>]) {
        self.count += patches.first().map_or(0, Array2::nrows) as f64;
        for (group, patches) in patches.iter().enumerate() {
            for rows in patches.axis_chunks_iter(ndarray::Axis(0), EXACT) {
                let product = gram(rows);
                self.second[group].zip_mut_with(&product, |sum, &part| *sum += f64::from(part));
                for row in rows.rows() {
                    for (sum, &value) in self.first[group].iter_mut().zip(row) {
                        *sum += f64::from(value);
                    }
                }
            }
        }
    }
}

fn gram(rows: ArrayView2<'_, f32>) -> Array2<f32> {
    let taps = rows.ncols();
    let mut product = Array2::zeros((taps, taps));
    matrix::multiply(product.view_mut(), rows.t(), rows, false);
    product
}

/// Patches at random output positions, padding as zeros.
fn patches(conv: &QConv, tensor: &Tensor, random: &mut Random) -> Result<Vec<Array2<f32>>> {
    let values = tensor.values::<f32>()?;
    let &[batch, channels, rows, columns] = tensor.shape() else {
        return Err(Error::new(&codes::INTERNAL, "a convolution reads rank 4"));
    };
    let [vertical, horizontal] = conv.axes;
    let positions = batch * vertical.output * horizontal.output;
    let count = PATCHES.min(positions);
    let inputs = conv.group_inputs();
    let mut patches = vec![Array2::zeros((count, conv.taps())); conv.group];
    for number in 0..count {
        let position = if count == positions { number } else { random.below(positions) };
        let (frame, pixel) = (position / (positions / batch), position % (positions / batch));
        let (y, x) = (pixel / horizontal.output, pixel % horizontal.output);
        for (group, patches) in patches.iter_mut().enumerate() {
            let mut row = patches.row_mut(number);
            let mut tap = 0;
            for channel in group * inputs..(group + 1) * inputs {
                let plane = (frame * channels + channel) * rows * columns;
                for ky in 0..vertical.kernel {
                    let from_y = (y * vertical.stride + ky * vertical.dilation)
                        .checked_sub(vertical.begin)
                        .filter(|&at| at < rows);
                    for kx in 0..horizontal.kernel {
                        let from_x = (x * horizontal.stride + kx * horizontal.dilation)
                            .checked_sub(horizontal.begin)
                            .filter(|&at| at < columns);
                        if let (Some(from_y), Some(from_x)) = (from_y, from_x) {
                            row[tap] = values[plane + from_y * columns + from_x];
                        }
                        tap += 1;
                    }
                }
            }
        }
    }
    Ok(patches)
}
