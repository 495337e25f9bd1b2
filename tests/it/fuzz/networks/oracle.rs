//! The rules of ONNX for a few operators in 64-bit floats, one loop for each axis, from the text of the ONNX operator pages.

/// A tensor of rank 4.
#[derive(Debug, Clone)]
pub struct Values {
    /// Extents.
    pub shape: [usize; 4],
    /// Elements in raster order.
    pub numbers: Vec<f64>,
}

/// A window along rows and columns.
#[derive(Debug, Clone, Copy)]
pub struct Window {
    /// Taps.
    pub kernel: [usize; 2],
    /// Elements from one output to the next.
    pub strides: [usize; 2],
    /// Elements from one tap to the next.
    pub dilations: [usize; 2],
    /// Elements before rows and columns, then behind.
    pub pads: [usize; 4],
}

impl Window {
    /// Outputs along an axis of so many elements; none where the window is longer.
    pub fn outputs(&self, axis: usize, extent: usize) -> Option<usize> {
        let reach = (self.kernel[axis] - 1) * self.dilations[axis] + 1;
        let room = (extent + self.pads[axis] + self.pads[axis + 2]).checked_sub(reach)?;
        Some(room / self.strides[axis] + 1)
    }

    /// Row and column of a tap, where it is not in a pad.
    fn tap(&self, [y, x]: [usize; 2], [i, j]: [usize; 2], shape: [usize; 4]) -> Option<[usize; 2]> {
        let at = |axis: usize, output: usize, tap: usize| {
            (output * self.strides[axis] + tap * self.dilations[axis])
                .checked_sub(self.pads[axis])
                .filter(|&at| at < shape[axis + 2])
        };
        Some([at(0, y, i)?, at(1, x, j)?])
    }
}

impl Values {
    /// A tensor whose elements a function of the indices gives.
    pub fn new(shape: [usize; 4], mut element: impl FnMut([usize; 4]) -> f64) -> Self {
        let [n, c, h, w] = shape;
        let mut numbers = Vec::with_capacity(n * c * h * w);
        for index in 0..n * c * h * w {
            numbers.push(element([
                index / (c * h * w),
                index / (h * w) % c,
                index / w % h,
                index % w,
            ]));
        }
        Self { shape, numbers }
    }

    /// An element.
    pub fn at(&self, [n, c, y, x]: [usize; 4]) -> f64 {
        let [_, channels, rows, columns] = self.shape;
        self.numbers[((n * channels + c) * rows + y) * columns + x]
    }

    /// A function of every element.
    pub fn map(&self, function: impl Fn(f64) -> f64) -> Self {
        Self { shape: self.shape, numbers: self.numbers.iter().map(|&x| function(x)).collect() }
    }

    /// A function of the elements of two tensors of one shape.
    pub fn zip(&self, other: &Self, function: impl Fn(f64, f64) -> f64) -> Self {
        let both = self.numbers.iter().zip(&other.numbers);
        Self { shape: self.shape, numbers: both.map(|(&a, &b)| function(a, b)).collect() }
    }

    fn windowed(
        &self,
        window: &Window,
        outputs: usize,
        element: impl Fn([usize; 4]) -> f64,
    ) -> Self {
        let extent = |axis| window.outputs(axis, self.shape[axis + 2]).expect("a window that fits");
        Self::new([self.shape[0], outputs, extent(0), extent(1)], element)
    }

    /// Convolution; `weight` has outputs x inputs of a group x taps.
    pub fn conv(&self, weight: &Self, bias: &[f64], window: &Window, group: usize) -> Self {
        let [outputs, inputs, ..] = weight.shape;
        self.windowed(window, outputs, |[n, o, y, x]| {
            let first = o / (outputs / group) * inputs;
            let mut sum = bias.get(o).copied().unwrap_or(0.0);
            for c in 0..inputs {
                for i in 0..window.kernel[0] {
                    for j in 0..window.kernel[1] {
                        if let Some([row, column]) = window.tap([y, x], [i, j], self.shape) {
                            sum += weight.at([o, c, i, j]) * self.at([n, first + c, row, column]);
                        }
                    }
                }
            }
            sum
        })
    }

    /// The elements of a window outside of its pads, folded; with their count.
    fn pooled(
        &self,
        window: &Window,
        start: f64,
        fold: impl Fn(f64, f64) -> f64,
        end: impl Fn(f64, usize) -> f64,
    ) -> Self {
        self.windowed(window, self.shape[1], |[n, c, y, x]| {
            let (mut value, mut count) = (start, 0);
            for i in 0..window.kernel[0] {
                for j in 0..window.kernel[1] {
                    if let Some([row, column]) = window.tap([y, x], [i, j], self.shape) {
                        value = fold(value, self.at([n, c, row, column]));
                        count += 1;
                    }
                }
            }
            end(value, count)
        })
    }

    /// The largest element of each window.
    pub fn max_pool(&self, window: &Window) -> Self {
        self.pooled(window, f64::NEG_INFINITY, f64::max, |value, _| value)
    }

    /// The mean of each window; pads count where `with_pads` says so.
    pub fn average_pool(&self, window: &Window, with_pads: bool) -> Self {
        let taps = window.kernel[0] * window.kernel[1];
        self.pooled(
            window,
            0.0,
            |a, b| a + b,
            |sum, count| sum / if with_pads { taps } else { count } as f64,
        )
    }

    /// Tensors behind each other along the channels.
    pub fn concat(&self, other: &Self) -> Self {
        let [n, c, h, w] = self.shape;
        Self::new([n, c + other.shape[1], h, w], |[n, channel, y, x]| {
            match channel.checked_sub(c) {
                None => self.at([n, channel, y, x]),
                Some(channel) => other.at([n, channel, y, x]),
            }
        })
    }

    /// Channels from `first` on.
    pub fn channels(&self, first: usize, count: usize) -> Self {
        let [n, _, h, w] = self.shape;
        Self::new([n, count, h, w], |[n, c, y, x]| self.at([n, first + c, y, x]))
    }

    /// Every pixel four times.
    pub fn enlarged(&self) -> Self {
        let [n, c, h, w] = self.shape;
        Self::new([n, c, 2 * h, 2 * w], |[n, c, y, x]| self.at([n, c, y / 2, x / 2]))
    }
}
