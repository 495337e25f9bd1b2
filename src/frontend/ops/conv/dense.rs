//! Convolutions as matrix products over blocks of output pixels.
//!
//! The output of one group is a matrix, channels by pixels. It is cut into tiles; each tile is the
//! product of some rows of the weight and a block of columns. For a pointwise kernel these columns
//! are the input itself; otherwise they are gathered into a buffer of the thread.

use std::cell::RefCell;

use ndarray::{ArrayView2, ArrayViewMut2, Axis as Dimension, s};
use rayon::prelude::*;

use super::Problem;
use crate::base::error::{Error, Result, codes};
use crate::frontend::ops::strided::copy_every;

/// Elements of gathered columns that stay in the second-level cache beside the weight.
const GATHERED: usize = 128 * 1024;

/// Tiles wanted for a whole image, so that many cores find work on small feature maps.
const TILES: usize = 16;

thread_local! {
    static COLUMNS: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
}

/// A part of one group's output: rows `row..` and columns `pixel..` of the matrix.
struct Tile<'a> {
    batch: usize,
    group: usize,
    row: usize,
    pixel: usize,
    output: ArrayViewMut2<'a, f32>,
}

/// Fills `output`, of `batch * group * outputs * pixels` elements.
pub(super) fn run(problem: &Problem<'_>, output: &mut [f32]) -> Result<()> {
    let size = problem.outputs * problem.pixels();
    if size == 0 {
        return Ok(());
    }
    let depth = problem.inputs * problem.rows.kernel * problem.columns.kernel;
    let (tile_rows, tile_pixels) = tile(problem, depth);
    let mut tiles = Vec::new();
    for (index, matrix) in output.chunks_exact_mut(size).enumerate() {
        let (batch, group) = (index / problem.group, index % problem.group);
        let matrix = ArrayViewMut2::from_shape((problem.outputs, problem.pixels()), matrix)
            .map_err(|error| Error::new(&codes::INTERNAL, error.to_string()))?;
        let mut rest = matrix;
        let mut row = 0;
        while row < problem.outputs {
            let count = tile_rows.min(problem.outputs - row);
            let (band, below) = rest.split_at(Dimension(0), count);
            rest = below;
            let mut band = band;
            let mut pixel = 0;
            while pixel < problem.pixels() {
                let count = tile_pixels.min(problem.pixels() - pixel);
                let (output, right) = band.split_at(Dimension(1), count);
                band = right;
                tiles.push(Tile { batch, group, row, pixel, output });
                pixel += count;
            }
            row += count;
        }
    }
    tiles.into_par_iter().try_for_each(|tile| run_tile(problem, depth, tile))
}

/// Extents of a tile, from the shapes alone.
fn tile(problem: &Problem<'_>, depth: usize) -> (usize, usize) {
    let pixels = (GATHERED / depth.max(1)).clamp(64, 1024).next_multiple_of(16);
    let bands = problem.pixels().div_ceil(pixels) * problem.group * problem.batch;
    let rows = problem.outputs.div_ceil(TILES.div_ceil(bands)).next_multiple_of(16).max(32);
    (rows, pixels)
}

fn run_tile(problem: &Problem<'_>, depth: usize, mut tile: Tile<'_>) -> Result<()> {
    let broken = |error: ndarray::ShapeError| Error::new(&codes::INTERNAL, error.to_string());
    let (rows, pixels) = tile.output.dim();
    let first = tile.group * problem.outputs + tile.row;
    let weight = &problem.weight[first * depth..][..rows * depth];
    let weight = ArrayView2::from_shape((rows, depth), weight).map_err(broken)?;
    let input_size = problem.inputs * problem.plane();
    let input = &problem.data[(tile.batch * problem.group + tile.group) * input_size..];
    let input = &input[..input_size];
    if is_pointwise(problem) {
        let input =
            ArrayView2::from_shape((problem.inputs, problem.plane()), input).map_err(broken)?;
        let columns = input.slice(s![.., tile.pixel..tile.pixel + pixels]);
        problem.order.multiply(tile.output.view_mut(), weight, columns);
    } else {
        COLUMNS.with_borrow_mut(|buffer| {
            if buffer.len() < depth * pixels {
                buffer.resize(depth * pixels, 0.0);
            }
            let buffer = &mut buffer[..depth * pixels];
            gather(problem, input, tile.pixel, pixels, buffer);
            let columns = ArrayView2::from_shape((depth, pixels), &*buffer).map_err(broken)?;
            problem.order.multiply(tile.output.view_mut(), weight, columns);
            Ok::<_, Error>(())
        })?;
    }
    let start = (tile.batch * problem.group * problem.outputs + first) * problem.pixels();
    for (index, mut row) in tile.output.rows_mut().into_iter().enumerate() {
        let residual = problem
            .residual
            .map(|values| &values[start + index * problem.pixels() + tile.pixel..][..pixels]);
        if let Some(row) = row.as_slice_mut() {
            if let Some(bias) = problem.bias {
                let bias = bias[first + index];
                row.iter_mut().for_each(|sum| *sum += bias);
            }
            problem.epilogue.apply(row, residual);
        }
    }
    Ok(())
}

/// Whether output pixel i reads input pixel i alone.
fn is_pointwise(problem: &Problem<'_>) -> bool {
    [problem.rows, problem.columns].iter().all(|axis| {
        (axis.kernel, axis.stride, axis.begin, axis.end) == (1, 1, 0, 0)
    })
}

/// Writes the input elements that output pixels `first..first + pixels` read, one row of
/// `columns` for each input channel and tap.
fn gather(
    problem: &Problem<'_>,
    input: &[f32],
    first: usize,
    pixels: usize,
    columns: &mut [f32],
) {
    let (rows, cols) = (&problem.rows, &problem.columns);
    let taps = rows.kernel * cols.kernel;
    for (index, line) in columns.chunks_exact_mut(pixels).enumerate() {
        let plane = &input[index / taps * problem.plane()..][..problem.plane()];
        let tap = index % taps;
        let (row_tap, column_tap) = (tap / cols.kernel, tap % cols.kernel);
        let (inside_rows, first_row) = rows.inside(row_tap);
        let (inside, first_column) = cols.inside(column_tap);
        let mut done = 0;
        while done < pixels {
            let (y, x) = ((first + done) / cols.output, (first + done) % cols.output);
            let count = (cols.output - x).min(pixels - done);
            let target = &mut line[done..done + count];
            done += count;
            // The part of x..x + count for which the tap is inside of the row.
            let begin = inside.start.clamp(x, x + count);
            let end = inside.end.clamp(begin, x + count);
            if !inside_rows.contains(&y) || begin == end {
                target.fill(0.0);
                continue;
            }
            let row = first_row + (y - inside_rows.start) * rows.stride;
            let source = &plane[row * cols.input..][..cols.input];
            let source = &source[first_column + (begin - inside.start) * cols.stride..];
            target[..begin - x].fill(0.0);
            target[end - x..].fill(0.0);
            copy_every(&mut target[begin - x..end - x], source, cols.stride);
        }
    }
}
