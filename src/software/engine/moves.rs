//! Movement of bytes (rule A10): where each goes is found once, by running the operator on the numbers of elements.

use std::collections::HashMap;

use super::layout::Layout;
use crate::base::error::Result;
use crate::base::tensor::Tensor;
use crate::frontend::ops::{Inputs, Op};

use rayon::prelude::*;

/// Neighbors of a run that may begin a row of runs with it.
const OPEN: usize = 16;

/// What an operator moves.
#[derive(Debug)]
pub struct Moves {
    outputs: Vec<Output>,
}

/// What becomes an output, line by line.
#[derive(Debug)]
struct Output {
    bytes: usize,
    line: usize,
    copies: Vec<Vec<Copies>>,
}

/// Runs of bytes at equal distances. `to` counts from the begin of a line on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Copies {
    source: usize,
    length: usize,
    count: usize,
    from: usize,
    to: usize,
    from_step: isize,
    to_step: isize,
}

/// An operand of a movement.
pub enum Moved<'a> {
    /// Bytes of a shape, and where they lie.
    Bytes(&'a [usize], &'a Layout),
    /// A constant, such as a target shape.
    Constant(&'a Tensor),
}

impl Moves {
    /// `None` where an element comes from no input.
    ///
    /// # Errors
    /// Those of the operator.
    pub fn new(op: &Op, inputs: &[Option<Moved<'_>>], outputs: &[&Layout]) -> Result<Option<Self>> {
        // Elements are numbered over all inputs, from 1 on; 0 is what an operator fills in.
        let (mut origins, mut numbered) = (Vec::new(), Vec::new());
        for input in inputs {
            numbered.push(match input {
                None => None,
                Some(Moved::Constant(tensor)) => Some((*tensor).clone()),
                Some(Moved::Bytes(shape, layout)) => {
                    let first = origins.len() as i32 + 1;
                    let source = origins.last().map_or(0, |&(source, _)| source + 1);
                    origins.extend(places(layout).into_iter().map(|place| (source, place)));
                    Some(Tensor::new(shape, (first..=origins.len() as i32).collect())?)
                }
            });
        }
        let references: Vec<_> = numbered.iter().map(Option::as_ref).collect();
        let results = op.eval(Inputs::new(&references))?;
        let mut moved = Vec::with_capacity(outputs.len());
        for (result, layout) in results.iter().zip(outputs) {
            let numbers = result.values::<i32>()?;
            if numbers.contains(&0) {
                return Ok(None);
            }
            let (bytes, line) = (layout.bytes(), layout.line());
            let mut origin_of = vec![None; bytes];
            for (to, &number) in places(layout).into_iter().zip(numbers) {
                origin_of[to] = Some(origins[number as usize - 1]);
            }
            let lines = origin_of.chunks(line);
            moved.push(Output {
                bytes,
                line,
                copies: lines.map(|line| together(runs(line))).collect(),
            });
        }
        Ok(Some(Self { outputs: moved }))
    }

    /// Moves into an output, by its position.
    pub fn run(&self, output: usize, inputs: &[&[u8]], to: &mut [u8]) {
        let Output { bytes, line, copies } = &self.outputs[output];
        to[..*bytes].par_chunks_mut(*line).zip(copies).for_each(|(to, copies)| {
            for copies in copies {
                let from = inputs[copies.source];
                match copies.length {
                    1 => copies.run_fixed::<1>(from, to),
                    3 => copies.run_fixed::<3>(from, to),
                    12 => copies.run_fixed::<12>(from, to),
                    16 => copies.run_fixed::<16>(from, to),
                    32 => copies.run_fixed::<32>(from, to),
                    64 => copies.run_fixed::<64>(from, to),
                    128 => copies.run_fixed::<128>(from, to),
                    _ => copies.run(from, to),
                }
            }
        });
    }
}

impl Copies {
    fn at(&self, index: usize) -> (usize, usize) {
        let moved = |first: usize, step: isize| first.wrapping_add_signed(step * index as isize);
        (moved(self.from, self.from_step), moved(self.to, self.to_step))
    }

    fn run(&self, from: &[u8], to: &mut [u8]) {
        for index in 0..self.count {
            let (source, target) = self.at(index);
            to[target..target + self.length].copy_from_slice(&from[source..source + self.length]);
        }
    }

    /// The same where the compiler knows the length, and needs no call for a copy.
    #[inline]
    fn run_fixed<const LENGTH: usize>(&self, from: &[u8], to: &mut [u8]) {
        let least = self.from_step.min(self.to_step);
        if self.count == 1 || least < LENGTH as isize {
            return self.run(from, to);
        }
        // All but the last run are followed by a whole step.
        let (from_step, to_step) = (self.from_step as usize, self.to_step as usize);
        let (before, (last_from, last_to)) = (self.count - 1, self.at(self.count - 1));
        let sources = from[self.from..][..before * from_step].chunks_exact(from_step);
        let targets = to[self.to..][..before * to_step].chunks_exact_mut(to_step);
        for (to, from) in targets.zip(sources) {
            to[..LENGTH].copy_from_slice(&from[..LENGTH]);
        }
        to[last_to..][..LENGTH].copy_from_slice(&from[last_from..][..LENGTH]);
    }
}

/// The byte of every element, in the order of a tensor.
fn places(layout: &Layout) -> Vec<usize> {
    let Layout { images, channels, rows, columns, .. } = *layout;
    let mut places = Vec::with_capacity(images * channels * rows * columns);
    for image in 0..images {
        for channel in 0..channels {
            for row in 0..rows {
                let first = layout.row(image, row) + channel;
                places.extend((0..columns).map(|column| first + column * channels));
            }
        }
    }
    places
}

/// Neighbors that come from neighbors, as one run: by the source and the place there of each byte of a line.
fn runs(line: &[Option<(usize, usize)>]) -> Vec<Copies> {
    let mut runs = Vec::<Copies>::new();
    for (to, origin) in line.iter().enumerate() {
        let Some((source, from)) = *origin else { continue };
        match runs.last_mut() {
            Some(run)
                if run.source == source
                    && run.to + run.length == to
                    && run.from + run.length == from =>
            {
                run.length += 1;
            }
            _ => runs.push(Copies {
                source,
                length: 1,
                count: 1,
                from,
                to,
                from_step: 0,
                to_step: 0,
            }),
        }
    }
    runs
}

/// Runs at equal distances put together, each with the neighbor that begins the longest row of them.
fn together(runs: Vec<Copies>) -> Vec<Copies> {
    let place: HashMap<usize, usize> =
        runs.iter().enumerate().map(|(index, run)| (run.to, index)).collect();
    let mut taken = vec![false; runs.len()];
    let mut all = Vec::new();
    for first in 0..runs.len() {
        if taken[first] {
            continue;
        }
        let next = |copies: &Copies, taken: &[bool]| {
            let (from, to) = copies.at(copies.count);
            let index = *place.get(&to)?;
            let own = &runs[index];
            let fits = (own.source, own.length, own.from) == (copies.source, copies.length, from);
            (fits && !taken[index]).then_some(index)
        };
        let row = |neighbor: &Copies| {
            let mut copies = runs[first];
            copies.from_step = neighbor.from.wrapping_sub(copies.from) as isize;
            copies.to_step = neighbor.to.wrapping_sub(copies.to) as isize;
            while next(&copies, &taken).is_some() {
                copies.count += 1;
            }
            copies
        };
        let neighbors = runs[first + 1..].iter().take(OPEN);
        let longest = neighbors.map(row).max_by_key(|copies| copies.count);
        let copies = longest.filter(|copies| copies.count > 1).unwrap_or(runs[first]);
        (0..copies.count).for_each(|index| taken[place[&copies.at(index).1]] = true);
        all.push(copies);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frontend::ops::concat::Concat;
    use crate::frontend::ops::resize::{Aspect, Coordinates, Mode, Resize, Rounding};
    use crate::frontend::ops::space_to_depth::SpaceToDepth;
    use crate::frontend::ops::transpose::Transpose;
    use crate::model::qgraph::{Format, QValue, Scale, Width};
    use crate::software::engine::layout::Border;

    fn layout(shape: &[usize], border: usize) -> Layout {
        let scales = vec![Scale::default(); shape[1]];
        let format = Format::Integer { width: Width::I8, scales };
        let value = QValue { name: "x".into(), shape: shape.to_vec(), format };
        let border = Border { top: border, left: border, bottom: 0, right: border };
        Layout::new(&value, border).unwrap()
    }

    /// Bytes of numbered elements, and what an operator makes of the numbers.
    fn check(op: &Op, shapes: &[&[usize]], result: &[usize]) -> Moves {
        let (mut tensors, mut bytes, mut layouts) = (Vec::new(), Vec::new(), Vec::new());
        for (number, shape) in shapes.iter().enumerate() {
            let own = layout(shape, number);
            let count: usize = shape.iter().product();
            let values: Vec<i32> = (0..count).map(|at| (40 * number + at) as i32).collect();
            let mut held = vec![255u8; own.bytes()];
            places(&own).iter().zip(&values).for_each(|(&at, &value)| held[at] = value as u8);
            tensors.push(Tensor::new(shape, values).unwrap());
            bytes.push(held);
            layouts.push(own);
        }
        let inputs: Vec<_> =
            shapes.iter().zip(&layouts).map(|(s, l)| Some(Moved::Bytes(s, l))).collect();
        let target = layout(result, 1);
        let moves = Moves::new(op, &inputs, &[&target]).unwrap().unwrap();
        let mut output = vec![255u8; target.bytes()];
        let sources: Vec<&[u8]> = bytes.iter().map(Vec::as_slice).collect();
        moves.run(0, &sources, &mut output);
        let references: Vec<_> = tensors.iter().map(Some).collect();
        let expected = op.eval(Inputs::new(&references)).unwrap().remove(0);
        let found: Vec<i32> = places(&target).iter().map(|&at| output[at].into()).collect();
        assert_eq!(found, expected.values::<i32>().unwrap());
        let outside = output.iter().filter(|&&byte| byte == 255).count();
        assert_eq!(outside, target.bytes() - found.len());
        moves
    }

    #[test]
    fn channels_are_joined_by_two_copies_a_line() {
        let concat = Op::from(Concat { axis: 1 });
        let moves = check(&concat, &[&[1, 3, 2, 4], &[1, 2, 2, 4]], &[1, 5, 2, 4]);
        let lines = moves.outputs[0].copies.iter().filter(|copies| !copies.is_empty());
        assert!(lines.clone().count() == 2 && lines.into_iter().all(|copies| copies.len() == 2));
    }

    #[test]
    fn blocks_of_pixels_become_channels_by_a_copy_for_each_row() {
        let op = Op::from(SpaceToDepth { block: 2, offsets: vec![(0, 0), (1, 0), (0, 1), (1, 1)] });
        let moves = check(&op, &[&[1, 3, 4, 8]], &[1, 12, 2, 4]);
        let lines = moves.outputs[0].copies.iter().filter(|copies| !copies.is_empty());
        let counts: Vec<usize> = lines.map(Vec::len).collect();
        assert_eq!(counts, [2, 2]);
    }

    /// Twice the pixels of 8 channels: runs of 16 bytes overlap where they come from.
    #[test]
    fn pixels_are_repeated() {
        let constant = |values: Vec<f32>| Tensor::vector(values);
        let (none, scales) = (constant(vec![]), constant(vec![1.0, 1.0, 2.0, 2.0]));
        let resize = Op::from(Resize {
            mode: Mode::Nearest(Rounding::Floor),
            coordinates: Coordinates::Asymmetric,
            scales_input: 2,
            axes: None,
            aspect: Aspect::Stretch,
            extrapolation: 0.0,
        });
        let (shape, own, target) =
            ([1, 8, 1, 2], layout(&[1, 8, 1, 2], 0), layout(&[1, 8, 2, 4], 0));
        let inputs = [
            Some(Moved::Bytes(&shape, &own)),
            Some(Moved::Constant(&none)),
            Some(Moved::Constant(&scales)),
        ];
        let moves = Moves::new(&resize, &inputs, &[&target]).unwrap().unwrap();
        let source: Vec<u8> = (0..16).collect();
        let mut output = vec![0; target.bytes()];
        moves.run(0, &[&source], &mut output);
        let line = [&source[..8], &source[..8], &source[8..], &source[8..]].concat();
        assert_eq!(output, [&line[..], &line].concat());
    }

    #[test]
    fn every_element_finds_its_place() {
        let transpose = Op::from(Transpose { order: Some(vec![0, 3, 1, 2]) });
        check(&transpose, &[&[1, 2, 3, 4]], &[1, 4, 2, 3]);
    }
}
