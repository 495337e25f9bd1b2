//! Moments of what each convolution reads, in the integers of the quantized network, and of what
//! it misses there.
//!
//! For a filter with weight error d, the mean squared error of its sum is d' H d with
//! H = E[v v'] over patches v. Patches hold `q - z`, so their sums are integers: their order, and
//! with it the number of threads, does not matter. What is missing is the filter's sum over the
//! float network's patch less that over v; those sums are added up in the order of the frames.

use std::sync::Mutex;

use ndarray::{Array2, ArrayView2};

use super::Options;
use super::state::State;
use super::weights::Folded;
use crate::base::error::{Error, Result, codes};
use crate::base::parallel;
use crate::base::random::{Samples, mix};
use crate::base::tensor::Tensor;
use crate::frontend::ops::matrix;
use crate::model::qgraph::{QConv, QValueId, Scale};

/// Patches per frame and convolution.
const PATCHES: usize = 800;
/// Patches whose products are summed in single precision at a time: 255^2 * 250 < 2^24.
const EXACT: usize = 250;

/// Longest patch whose products are summed: twice 0.5 GB in double precision. Filters of more weights are rounded
/// to the nearest, with corrected bias. So are the weights of a mean, which are all the same number.
const LONGEST: usize = 8_192;

/// Frames whose sums are held at a time.
const HELD: usize = 16;

/// Moments of one convolution.
#[derive(Debug)]
pub struct Moments {
    /// Number of patches.
    pub count: f64,
    /// Per group, the sum of v v', taps x taps; none for patches that are too long, and for means.
    pub second: Vec<Array2<f64>>,
    /// Per group, the sum of v.
    pub first: Vec<Vec<f64>>,
    /// Per group, the sum of m v', outputs x taps, for what is missing in each output's sum.
    pub cross: Vec<Array2<f64>>,
    /// Per output, the sums of m and of m squared.
    pub missing: Vec<(f64, f64)>,
}

/// The convolution whose moments are taken.
pub struct Reader<'a> {
    /// Index of its layer.
    pub layer: usize,
    /// The convolution, for its geometry.
    pub conv: &'a QConv,
    /// Its weights.
    pub folded: &'a Folded,
    /// What it reads.
    pub input: QValueId,
    /// Scales of what it reads.
    pub scales: &'a [Scale],
}

/// Sums over one frame that are no integers: per group m v', then m and its square.
type Missing = (Vec<Array2<f32>>, Vec<(f64, f64)>);

impl Reader<'_> {
    /// Sums up patches of all frames.
    pub fn collect(&self, states: &[State], options: &Options) -> Result<Moments> {
        let sums = Mutex::new(Moments::new(self.conv, self.folded));
        let chunks = states.chunks(HELD).enumerate();
        for (chunk, states) in chunks {
            let missing = parallel::map(states.len(), |number| {
                self.frame(&states[number], chunk * HELD + number, &sums, options)
            })?;
            let mut sums = sums.lock().map_err(|_| stopped())?;
            for (cross, missing) in missing {
                for (sum, own) in sums.cross.iter_mut().zip(&cross) {
                    sum.zip_mut_with(own, |sum, &part| *sum += f64::from(part));
                }
                for (sum, own) in sums.missing.iter_mut().zip(missing) {
                    *sum = (sum.0 + own.0, sum.1 + own.1);
                }
            }
        }
        sums.into_inner().map_err(|_| stopped())
    }

    fn frame(
        &self,
        state: &State,
        number: usize,
        sums: &Mutex<Moments>,
        options: &Options,
    ) -> Result<Missing> {
        let seed = options.seed ^ mix(number as u64) ^ mix((self.layer as u64) << 20);
        let read = |values: &[Option<Tensor>]| {
            let tensor = values[self.input.0].as_ref();
            let tensor = tensor.ok_or_else(|| Error::new(&codes::INTERNAL, "a value is missing"));
            patches(self.conv, tensor?, &mut Samples::new(seed))
        };
        let carried = read(&state.carried)?;
        let mut float = read(&state.float)?;
        let window = self.conv.taps() / self.conv.group_inputs().max(1);
        let outputs = self.conv.outputs() / self.conv.group.max(1);
        let mut missing = Vec::with_capacity(self.conv.outputs());
        let mut cross = Vec::with_capacity(self.conv.group);
        for (group, (float, carried)) in float.iter_mut().zip(&carried).enumerate() {
            for (tap, mut column) in float.columns_mut().into_iter().enumerate() {
                let scale = self.scales[group * self.conv.group_inputs() + tap / window.max(1)];
                let steps = 2f32.powi(-i32::from(scale.exponent));
                column.mapv_inplace(|value| value * steps);
            }
            *float -= carried;
            let taps = self.folded.taps;
            let filters = &self.folded.weights[group * outputs * taps..][..outputs * taps];
            let filters =
                Array2::from_shape_fn((taps, outputs), |(tap, o)| filters[o * taps + tap] as f32);
            let mut sums = Array2::zeros((float.nrows(), outputs));
            matrix::multiply(sums.view_mut(), float.view(), filters.view(), false);
            let of = |column: ndarray::ArrayView1<'_, f32>| {
                let values = || column.iter().map(|&value| f64::from(value));
                (values().sum::<f64>(), values().map(|value| value * value).sum::<f64>())
            };
            missing.extend(sums.columns().into_iter().map(of));
            let mut product = Array2::zeros((outputs, taps));
            matrix::multiply(product.view_mut(), sums.t(), carried.view(), false);
            cross.push(product);
        }
        sums.lock().map_err(|_| stopped())?.add(&carried);
        Ok((cross, missing))
    }
}

fn stopped() -> Error {
    Error::new(&codes::INTERNAL, "a thread stopped early")
}

impl Moments {
    fn new(conv: &QConv, folded: &Folded) -> Self {
        let taps = conv.taps();
        let outputs = conv.outputs() / conv.group.max(1);
        let products = if taps > LONGEST || folded.is_mean() { 0 } else { conv.group };
        Self {
            count: 0.0,
            second: vec![Array2::zeros((taps, taps)); products],
            first: vec![vec![0.0; taps]; conv.group],
            cross: vec![Array2::zeros((outputs, taps)); conv.group],
            missing: vec![(0.0, 0.0); conv.outputs()],
        }
    }

    /// Adds patches: per group, patches x taps.
    fn add(&mut self, patches: &[Array2<f32>]) {
        self.count += patches.first().map_or(0, Array2::nrows) as f64;
        for (group, patches) in patches.iter().enumerate() {
            for rows in patches.axis_chunks_iter(ndarray::Axis(0), EXACT) {
                if let Some(second) = self.second.get_mut(group) {
                    second.zip_mut_with(&gram(rows), |sum, &part| *sum += f64::from(part));
                }
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
fn patches(conv: &QConv, tensor: &Tensor, random: &mut Samples) -> Result<Vec<Array2<f32>>> {
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
