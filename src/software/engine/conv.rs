//! Convolutions: sums of products by kernels, then the output stage.

use rayon::prelude::*;

use super::depthwise::{Filters, by_rows};
use super::kernels::{Dense, Depthwise, Finish, Kernels, LANES, pack};
use super::layout::{Border, Layout, byte};
use super::stage::exact::Exact;
use super::stage::narrow::{CHUNK, Narrow, chunks_until_first, filter_sum};
use super::stage::wide::Wide;
use crate::base::error::{Error, Result, codes};
use crate::base::tensor::Tensor;
use crate::frontend::ops::window::Axis;
use crate::model::qgraph::{Layer, QConv, QGraph, QValue, accumulator_bounds};

/// Bytes of sums that are worked on at a time, so that they stay in the first cache.
const SUMS: usize = 16 * 1024;
/// Pixels of a tile.
const TILE: std::ops::RangeInclusive<usize> = 12..=240;

/// A value while a layer runs.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    pub layout: &'a Layout,
    pub bytes: &'a [u8],
}

/// A convolution, ready to run.
#[derive(Debug)]
pub struct Prepared<'a> {
    exact: Exact<'a>,
    kernels: Kernels,
    axes: [Axis; 2],
    /// Offsets of the segments of a window, and their bytes.
    segments: Vec<usize>,
    length: usize,
    /// What is added to a channel's sums of bytes to get those of stored integers.
    offsets: Vec<i32>,
    form: Form,
    /// Where the result is wider than 8 bits and 32 bits do.
    wide: Option<Wide>,
    /// 1 x 1 without steps and padding, where pixels of all values follow each other over the ends of rows.
    flat: bool,
}

#[derive(Debug)]
enum Form {
    /// Weights and, where 16 bits do, output stage by group.
    Dense(Vec<(Vec<i8>, Option<Narrow>)>),
    /// A filter per channel whose output stage is narrow. Where pixels' windows follow each other as the pixels do,
    /// a row is one run.
    Depthwise(Filters),
}

impl<'a> Prepared<'a> {
    /// `layouts` are those of input, residual and output where they are bytes.
    ///
    /// # Errors
    /// [`codes::INTERNAL`] for a graph that is not validated.
    pub fn new(
        graph: &'a QGraph,
        layer: &'a Layer,
        conv: &'a QConv,
        kernels: Kernels,
        layouts: [Option<&Layout>; 3],
    ) -> Result<Self> {
        let exact = Exact::new(graph, layer, conv)?;
        let input = layouts[0].ok_or_else(|| Error::new(&codes::INTERNAL, "no int8 input"))?;
        let [rows, columns] = conv.axes;
        let wide = if layouts[2].is_none() { Wide::new(&exact) } else { None };
        let offset = |channel| (-128 * filter_sum(&exact, channel)) as i32;
        let offsets = (0..conv.outputs()).map(offset).collect();
        let one = |axis: Axis| axis.kernel == 1 && axis.stride == 1 && axis.begin + axis.end == 0;
        let whole = |axis: Axis| axis.input == axis.output;
        let flat = [rows, columns].into_iter().all(|axis| one(axis) && whole(axis))
            && layouts.iter().flatten().all(|layout| layout.is_flat());
        let depthwise = conv.group_inputs() == 1 && conv.group == conv.outputs();
        let filters = if depthwise { Filters::new(&exact, kernels) } else { None };
        let joined =
            filters.is_none() && columns.dilation == 1 && (conv.group == 1 || columns.kernel == 1);
        let place = |(row, column): (usize, usize)| {
            let pixel = column * columns.dilation * input.channels;
            row * rows.dilation * input.line() + pixel
        };
        let segments: Vec<_> = match &filters {
            Some(filters) => filters.taps.iter().map(|tap| place((tap.row, tap.column))).collect(),
            None => {
                let columns = if joined { 1 } else { columns.kernel };
                by_rows(rows.kernel, columns).map(place).collect()
            }
        };
        let inputs = conv.group_inputs();
        let length = if joined { columns.kernel * inputs } else { inputs };
        let form = match filters {
            Some(filters) => Form::Depthwise(filters),
            None => dense_form(&exact, kernels, joined, segments.len(), length),
        };
        Ok(Self { exact, kernels, axes: conv.axes, segments, length, offsets, form, wide, flat })
    }

    /// Bytes to bytes.
    pub fn run(
        &self,
        input: Source<'_>,
        residual: Option<Source<'_>>,
        layout: &Layout,
        output: &mut [u8],
    ) {
        let outputs = layout.channels;
        if self.flat {
            let pixels = self.tile();
            let chunks = output[..layout.bytes()].par_chunks_mut(pixels * outputs);
            chunks.enumerate().for_each_init(
                || self.scratch(),
                |sums, (index, output)| {
                    let first = index * pixels;
                    let from = &input.bytes[first * input.layout.channels..];
                    let other = residual.map(|residual| &residual.bytes[first * outputs..]);
                    self.pixels(from, other, output.len() / outputs, output, sums);
                },
            );
            return;
        }
        let lines = output[..layout.bytes()].par_chunks_mut(layout.line()).enumerate();
        lines.for_each_init(
            || self.scratch(),
            |sums, (line, output)| {
                let Some((image, row)) = layout.row_of(line) else { return };
                let other = residual.map(|from| &from.bytes[from.layout.row(image, row)..]);
                let first = layout.border.left * outputs;
                let output = &mut output[first..first + layout.columns * outputs];
                let from = self.window(input, image, row);
                self.pixels(from, other, layout.columns, output, sums);
            },
        );
    }

    /// Bytes to a wider result, as it is carried.
    ///
    /// # Errors
    /// None for a valid graph.
    pub fn run_wide(
        &self,
        input: Source<'_>,
        residual: Option<Source<'_>>,
        value: &QValue,
    ) -> Result<Tensor> {
        let layout = Layout::new(value, Border::default())?;
        let outputs = layout.channels;
        let mut rows = vec![0f32; value.len()];
        rows.par_chunks_mut((layout.columns * outputs).max(1)).enumerate().for_each_init(
            || self.scratch(),
            |sums, (line, output)| {
                let (image, row) = (line / layout.rows, line % layout.rows);
                let other = residual.map(|from| &from.bytes[from.layout.row(image, row)..]);
                let from = self.window(input, image, row);
                if let Some(wide) = &self.wide {
                    return self.widely(from, wide, layout.columns, sums, output);
                }
                self.exactly(from, other, layout.columns, sums, |at, q| {
                    let zero = self.exact.scales[at % outputs].zero;
                    output[at] = (q - i64::from(zero)) as f32;
                });
            },
        );
        let pixels = layout.pixels();
        let mut data = vec![0f32; value.len()];
        data.par_chunks_mut(pixels.max(1)).enumerate().for_each(|(plane, data)| {
            let (image, channel) = (plane / outputs, plane % outputs);
            let from = rows[image * pixels * outputs + channel..].iter().step_by(outputs);
            data.iter_mut().zip(from).for_each(|(to, &from)| *to = from);
        });
        Tensor::new(&value.shape, data)
    }

    /// From the first byte of a row's first window on.
    fn window<'b>(&self, input: Source<'b>, image: usize, row: usize) -> &'b [u8] {
        let [rows, columns] = self.axes;
        let border = input.layout.border;
        let line = image * input.layout.height() + border.top + row * rows.stride - rows.begin;
        let pixel = border.left - columns.begin;
        &input.bytes[line * input.layout.line() + pixel * input.layout.channels..]
    }

    fn groups(&self) -> usize {
        self.exact.conv.group
    }

    /// Lanes of a pixel's sums in a group.
    fn lanes(&self) -> usize {
        (self.exact.conv.outputs() / self.groups()).next_multiple_of(LANES)
    }

    fn tile(&self) -> usize {
        (SUMS / 4 / self.lanes() / 12 * 12).clamp(*TILE.start(), *TILE.end())
    }

    fn scratch(&self) -> Vec<i32> {
        match self.form {
            Form::Dense(_) => vec![0; (self.tile() * self.lanes()).next_multiple_of(CHUNK)],
            Form::Depthwise(_) => Vec::new(),
        }
    }

    /// Sums of a tile of pixels for a group.
    fn sums(
        &self,
        input: &[u8],
        first: usize,
        pixels: usize,
        group: usize,
        weights: &[i8],
        sums: &mut [i32],
    ) {
        let conv = self.exact.conv;
        let channels = conv.group * conv.group_inputs();
        let step = self.axes[1].stride * channels;
        let task = Dense {
            input: &input[first * step + group * conv.group_inputs()..],
            step,
            pixels,
            segments: &self.segments,
            length: self.length,
            weights,
            blocks: self.lanes() / LANES,
        };
        self.kernels.dense(&task, sums);
    }

    /// Neighboring pixels of one line.
    fn pixels(
        &self,
        input: &[u8],
        residual: Option<&[u8]>,
        pixels: usize,
        output: &mut [u8],
        sums: &mut [i32],
    ) {
        let outputs = self.exact.conv.outputs();
        let groups = match &self.form {
            Form::Depthwise(filters) => {
                let (runs, channels) =
                    if filters.whole_rows { (1, pixels * outputs) } else { (pixels, outputs) };
                let narrow = &filters.narrow;
                let finish = Finish { narrow, pixels: runs, channels, step: channels, residual };
                let step = self.axes[1].stride * outputs;
                let columns = filters.shares_columns.then_some(outputs);
                let (taps, weights) = (&self.segments, &filters.weights);
                let task = Depthwise { input, step, taps, columns, weights, finish };
                return self.kernels.depthwise(&task, output);
            }
            Form::Dense(groups) if groups.iter().any(|(_, narrow)| narrow.is_none()) => {
                return self.exactly(input, residual, pixels, sums, |at, q| {
                    output[at] = byte(q);
                });
            }
            Form::Dense(groups) => groups,
        };
        let channels = outputs / self.groups();
        self.tiles(groups, input, pixels, sums, |first, own, group, sums| {
            let Some(narrow) = &groups[group].1 else { return };
            let at = first * outputs + group * channels;
            let residual = residual.map(|residual| &residual[at..]);
            let finish = Finish { narrow, pixels: own, channels, step: outputs, residual };
            self.kernels.finish(&finish, sums, &mut output[at..]);
        });
    }

    /// Sums of one line's pixels, tile by tile and group by group: `finish` gets the first pixel of a tile, how many it
    /// has, the group and the sums.
    fn tiles(
        &self,
        groups: &[(Vec<i8>, Option<Narrow>)],
        input: &[u8],
        pixels: usize,
        sums: &mut [i32],
        mut finish: impl FnMut(usize, usize, usize, &[i32]),
    ) {
        for first in (0..pixels).step_by(self.tile()) {
            let own = (pixels - first).min(self.tile());
            for (group, (weights, _)) in groups.iter().enumerate() {
                self.sums(input, first, own, group, weights, sums);
                finish(first, own, group, sums);
            }
        }
    }

    /// Neighboring pixels of one line to wider results, as they are carried.
    fn widely(
        &self,
        input: &[u8],
        wide: &Wide,
        pixels: usize,
        sums: &mut [i32],
        output: &mut [f32],
    ) {
        let Form::Dense(groups) = &self.form else { return };
        let outputs = self.exact.conv.outputs();
        let (channels, lanes) = (outputs / self.groups(), self.lanes());
        self.tiles(groups, input, pixels, sums, |first, own, group, sums| {
            let output = &mut output[first * outputs + group * channels..];
            let range = (group * channels, channels);
            self.kernels.wide(wide, range, (sums, lanes), (output, outputs), own);
        });
    }

    /// The same by the output stage as it is written down; `put` gets the stored integers.
    fn exactly(
        &self,
        input: &[u8],
        residual: Option<&[u8]>,
        pixels: usize,
        sums: &mut [i32],
        mut put: impl FnMut(usize, i64),
    ) {
        let Form::Dense(groups) = &self.form else { return };
        let outputs = self.exact.conv.outputs();
        let (channels, lanes) = (outputs / self.groups(), self.lanes());
        self.tiles(groups, input, pixels, sums, |first, own, group, sums| {
            for (pixel, sums) in sums.chunks(lanes).take(own).enumerate() {
                for (lane, sum) in sums[..channels].iter().enumerate() {
                    let channel = group * channels + lane;
                    let at = (first + pixel) * outputs + channel;
                    let sum = sum.wrapping_add(self.offsets[channel]);
                    let other = residual.map_or(0, |residual| i64::from(residual[at]) - 128);
                    put(at, self.exact.at(channel, sum.into(), other));
                }
            }
        });
    }
}

fn dense_form(
    exact: &Exact<'_>,
    kernels: Kernels,
    joined: bool,
    segments: usize,
    length: usize,
) -> Form {
    let conv = exact.conv;
    let bounds: Vec<u64> = accumulator_bounds(conv).collect();
    let (own, inputs) = (conv.outputs() / conv.group, conv.group_inputs());
    let [rows, columns] = conv.axes.map(|axis| axis.kernel);
    let blocks = own.div_ceil(LANES);
    // Blocks of all pixels follow each other.
    let chunks = chunks_until_first(blocks * LANES);
    let groups = (0..conv.group).map(|group| {
        let weight = |output: usize, segment: usize, at: usize| {
            let (row, column) = if joined {
                (segment, at / inputs)
            } else {
                (segment / columns, segment % columns)
            };
            let filter = ((group * own + output) * inputs + at % inputs) * rows + row;
            conv.weights[filter * columns + column]
        };
        let channel = |place: usize| {
            let within = place / LANES % blocks * LANES + place % LANES;
            (within < own).then_some(group * own + within)
        };
        let narrow = Narrow::new(exact, kernels.order(), chunks, &bounds, channel);
        (pack(own, segments, length, weight), narrow)
    });
    Form::Dense(groups.collect())
}
