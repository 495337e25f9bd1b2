//! Filters of one channel each, in the order in which kernels take their taps.

use super::kernels::{Kernels, UNIT, pack_depthwise};
use super::stage::exact::Exact;
use super::stage::narrow::{CHUNK, Narrow, chunks_until_first};
use crate::model::qgraph::{QConv, accumulator_bounds};

/// The filters of a layer whose output stage is narrow.
#[derive(Debug)]
pub struct Filters {
    pub weights: Vec<i8>,
    pub narrow: Narrow,
    pub taps: Vec<Tap>,
    /// Windows follow each other as pixels do, so that a row is one run.
    pub whole_rows: bool,
    /// A column of a pixel's window is one of its neighbor's too, and pixels have whole chunks.
    pub shares_columns: bool,
}

/// A tap of a window, or one of weight 0.
#[derive(Debug, Clone, Copy)]
pub struct Tap {
    pub row: usize,
    pub column: usize,
    real: bool,
}

impl Filters {
    /// `None` where the output stage is not narrow.
    pub fn new(exact: &Exact<'_>, kernels: Kernels) -> Option<Self> {
        let conv = exact.conv;
        let channels = conv.outputs();
        let whole_rows = conv.axes[1].stride == 1;
        let chunks =
            if whole_rows { chunks_until_first(channels) } else { channels.div_ceil(CHUNK) };
        let channel = |place: usize| match whole_rows {
            true => Some(place % channels),
            false => (place < channels).then_some(place),
        };
        let bounds: Vec<u64> = accumulator_bounds(conv).collect();
        let order = kernels.depthwise_order();
        let narrow = Narrow::new(exact, order, chunks, &bounds, channel)?;
        let [rows, columns] = conv.axes;
        let shares_columns = (rows.kernel, columns.kernel) == (3, 3)
            && (columns.stride, columns.dilation) == (1, 1)
            && channels.is_multiple_of(CHUNK);
        let taps = if shares_columns { by_columns(conv) } else { row_by_row(conv) };
        let weights = pack_depthwise(order, chunks, taps.len(), channel, |channel, tap| {
            let Tap { row, column, real } = taps[tap];
            let own = (channel * rows.kernel + row) * columns.kernel + column;
            if real { conv.weights[own] } else { 0 }
        });
        Some(Self { weights, narrow, taps, whole_rows, shares_columns })
    }
}

fn row_by_row(conv: &QConv) -> Vec<Tap> {
    let [rows, columns] = conv.axes.map(|axis| axis.kernel);
    by_rows(rows, columns).map(|(row, column)| Tap { row, column, real: true }).collect()
}

/// Column by column, each filled up to [`UNIT`] taps.
fn by_columns(conv: &QConv) -> Vec<Tap> {
    let [rows, columns] = conv.axes.map(|axis| axis.kernel);
    let tap = |tap: usize| {
        let (column, row) = (tap / UNIT, tap % UNIT);
        Tap { row: row % rows, column, real: row < rows }
    };
    (0..columns * UNIT).map(tap).collect()
}

/// Rows and columns of a window, row by row.
pub fn by_rows(rows: usize, columns: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..rows).flat_map(move |row| (0..columns).map(move |column| (row, column)))
}
