//! Movement of elements as nested loops: the operator runs once on the numbers of the elements, and the loops are what its
//! result is made of.

use std::fmt::Write as _;

use super::memory::Planes;
use crate::base::error::{Error, Result, codes};
use crate::base::tensor::Tensor;
use crate::frontend::ops::{Inputs, Op};

/// One loop: how often, and how far the elements written and read move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Loop {
    count: usize,
    to: i64,
    from: i64,
}

/// Elements of one input to one output: the first ones, and the loops from the innermost to the outermost one.
#[derive(Debug, PartialEq, Eq)]
pub struct Copy {
    pub input: usize,
    pub output: usize,
    to: i64,
    from: i64,
    loops: Vec<Loop>,
}

/// What an operator of movement copies from its inputs, given by their shapes or as constants.
///
/// # Errors
/// Those of the operator.
pub fn copies(op: &Op, inputs: &[Option<Input<'_>>]) -> Result<Vec<Copy>> {
    let mut first = 0;
    let mut starts = Vec::new();
    let mut tensors = Vec::new();
    for input in inputs {
        tensors.push(match input {
            None => None,
            Some(Input::Constant(tensor)) => Some((*tensor).clone()),
            Some(Input::Value(shape)) => {
                let count: usize = shape.iter().product();
                starts.push((first, Planes::of(shape)));
                let numbers = (first..first + count).map(|number| number as i32);
                first += count;
                Some(Tensor::new(shape, numbers.collect::<Vec<i32>>())?)
            }
        });
    }
    let references: Vec<_> = tensors.iter().map(Option::as_ref).collect();
    let mut copies = Vec::new();
    for (output, tensor) in op.eval(Inputs::new(&references))?.iter().enumerate() {
        let numbers = tensor.values::<i32>()?;
        let planes = Planes::of(tensor.shape());
        let mut pairs = vec![Vec::new(); starts.len()];
        for (index, &number) in numbers.iter().enumerate() {
            let number = number as usize;
            let input = starts.partition_point(|(start, _)| *start <= number) - 1;
            let from = starts[input].1.place(number - starts[input].0);
            pairs[input].push((planes.place(index) as i64, from as i64));
        }
        for (input, mut pairs) in pairs.into_iter().enumerate() {
            pairs.sort_unstable();
            pieces(input, output, &pairs, &mut copies);
        }
    }
    Ok(copies)
}

/// An input of an operator of movement.
pub enum Input<'a> {
    Value(&'a [usize]),
    Constant(&'a Tensor),
}

/// Pairs in the order of what is written, as few copies as the loops take.
fn pieces(input: usize, output: usize, pairs: &[(i64, i64)], copies: &mut Vec<Copy>) {
    let Some(&(to, from)) = pairs.first() else { return };
    if let Some(loops) = nest(pairs) {
        copies.push(Copy { input, output, to, from, loops });
        return;
    }
    let (left, right) = pairs.split_at(pairs.len() / 2);
    pieces(input, output, left, copies);
    pieces(input, output, right, copies);
}

fn nest(pairs: &[(i64, i64)]) -> Option<Vec<Loop>> {
    let mut loops = Vec::new();
    let mut starts = pairs.to_vec();
    while starts.len() > 1 {
        let step = |pair: &[(i64, i64)]| (pair[1].0 - pair[0].0, pair[1].1 - pair[0].1);
        let first = step(&starts[..2]);
        let count = 1 + starts.windows(2).take_while(|pair| step(pair) == first).count();
        let same = |run: &[(i64, i64)]| {
            run.len() == count && run.windows(2).all(|pair| step(pair) == first)
        };
        if !starts.chunks(count).all(same) {
            return None;
        }
        loops.push(Loop { count, to: first.0, from: first.1 });
        starts = starts.chunks(count).map(|run| run[0]).collect();
    }
    Some(loops)
}

impl Copy {
    /// Statements that copy elements of a type from one pointer to the other.
    pub fn code(&self, kind: &str, from: &str, to: &str) -> String {
        let mut loops = &self.loops[..];
        let mut count = 1;
        if let Some((inner, outer)) = loops.split_first()
            && (inner.to, inner.from) == (1, 1)
        {
            (count, loops) = (inner.count, outer);
        }
        let (mut source, mut target) = (self.from.to_string(), self.to.to_string());
        let mut text = String::from("  ");
        for (depth, own) in loops.iter().enumerate().rev() {
            let _ = write!(
                text,
                "for (std::ptrdiff_t i{depth} = 0; i{depth} < {}; ++i{depth}) ",
                own.count
            );
            let _ = write!(source, " + {} * i{depth}", own.from);
            let _ = write!(target, " + {} * i{depth}", own.to);
        }
        let _ = match count {
            1 => writeln!(text, "{to}[{target}] = {from}[{source}];"),
            _ => writeln!(
                text,
                "std::memcpy({to} + ({target}), {from} + ({source}), {count} * sizeof({kind}));"
            ),
        };
        text
    }
}

/// Refuses what is not moved as a whole: elements that are added or computed.
pub fn moves(op: &Op) -> bool {
    op.moves() || matches!(op, Op::Tile(_) | Op::Expand(_))
}

/// More elements than the numbers of one operator hold.
pub fn check(elements: usize) -> Result<()> {
    if i32::try_from(elements).is_ok() {
        return Ok(());
    }
    Err(Error::new(&codes::RUNTIME_OPERATOR, format!("it moves {elements} elements")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frontend::ops::concat::Concat;
    use crate::frontend::ops::transpose::Transpose;

    #[test]
    fn a_concatenation_is_one_nest_for_each_input() {
        let shapes: [&[usize]; 2] = [&[1, 3, 2, 2], &[1, 5, 2, 2]];
        let inputs = shapes.map(|shape| Some(Input::Value(shape)));
        let copies = copies(&Concat { axis: 1 }.into(), &inputs).unwrap();
        assert_eq!(copies.len(), 2);
        let code = copies[1].code("float", "a", "b");
        let expected = "  for (std::ptrdiff_t i0 = 0; i0 < 4; ++i0) \
            std::memcpy(b + (3 + 8 * i0), a + (0 + 5 * i0), 5 * sizeof(float));\n";
        assert_eq!(code, expected);
    }

    #[test]
    fn loops_visit_every_element_once() {
        let op = Transpose { order: Some(vec![0, 2, 3, 1]) };
        let shape: &[usize] = &[2, 3, 4, 5];
        let copies = copies(&op.into(), &[Some(Input::Value(shape))]).unwrap();
        let count = |copy: &Copy| copy.loops.iter().map(|own| own.count).product::<usize>();
        assert_eq!(copies.iter().map(count).sum::<usize>(), 120);
        assert!(copies.len() <= 2);
    }
}
