//! Multiplying the positions at the border of planes and repeating them, by what the accelerator does.
//!
//! With I a plane whose border is 0 and whose inner part is that of x, `f x - (f - 1) I` is x inside and f x at the
//! border. A convolution without padding cuts the border off, one with padding puts zeros there, and the third one
//! adds. Inside, the integers are those of x again.

use super::MAX_KERNEL;
use super::chain::Chain;
use crate::base::error::Result;
use crate::frontend::graph::ValueId;
use crate::frontend::ops::window::Window;

/// So many positions at the beginning and end of an axis are multiplied.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Border {
    pub begin: usize,
    pub end: usize,
    pub factor: f32,
}

/// The borders that bring every position of an axis from a sum over `counts[p]` elements to the mean of the largest
/// number of them: position p is multiplied by the largest count divided by its own. `None` where that is no border:
/// a smaller count inside, or nothing but border.
pub fn borders(counts: &[f32]) -> Option<Vec<Border>> {
    let most = counts.iter().copied().fold(0.0, f32::max);
    let inner = |count: &f32| *count == most;
    let first = counts.iter().position(inner)?;
    let last = counts.iter().rposition(inner)?;
    if counts[first..=last].iter().any(|count| *count != most) || counts.contains(&0.0) {
        return None;
    }
    // From the border to the inside.
    let begin = steps(&counts[..=first]);
    let end: Vec<f32> = counts[last..].iter().rev().copied().collect();
    let end = steps(&end);
    let made: Vec<Border> = match begin == end {
        true => {
            begin.iter().map(|&(size, factor)| Border { begin: size, end: size, factor }).collect()
        }
        false => {
            let begin = begin.iter().map(|&(begin, factor)| Border { begin, end: 0, factor });
            let end = end.iter().map(|&(end, factor)| Border { begin: 0, end, factor });
            begin.chain(end).collect()
        }
    };
    let small = |border: &Border| border.begin + border.end < counts.len().min(MAX_KERNEL);
    made.iter().all(small).then_some(made)
}

/// Sizes of borders and by what they are multiplied, for counts from the border to the inside.
fn steps(counts: &[f32]) -> Vec<(usize, f32)> {
    let pairs = counts.windows(2).zip(1..);
    pairs
        .filter(|(pair, _)| pair[0] != pair[1])
        .map(|(pair, size)| (size, pair[1] / pair[0]))
        .collect()
}

/// Multiplies a border along rows (axis 0) or columns (axis 1).
///
/// # Errors
/// Those of making nodes.
pub fn multiply(
    chain: &mut Chain<'_>,
    value: ValueId,
    axis: usize,
    border: Border,
) -> Result<ValueId> {
    let Border { begin, end, factor } = border;
    let along = |own: usize, other: usize| match axis {
        0 => vec![own, other],
        _ => vec![other, own],
    };
    let taps = begin + end + 1;
    let cut = Window { kernel: along(taps, 1), ..Window::default() };
    let mut one = vec![0.0; taps];
    one[begin] = 1.0;
    let inner = chain.depthwise(value, cut, &one, None)?;
    let mut pads = vec![(0, 0); 2];
    pads[axis] = (begin, end);
    let padded = Window { pads, ..Window::default() };
    let inner = chain.depthwise(inner, padded, &[1.0 - factor], None)?;
    chain.depthwise(value, Window::default(), &[factor], Some(inner))
}

/// Repeats the first or the last position along rows (axis 0) or columns (axis 1): what is x without the others, with
/// zeros in their place, is added to x beside a zero. Exact, since each number meets zeros alone or itself.
///
/// # Errors
/// Those of making nodes.
pub fn repeat(chain: &mut Chain<'_>, value: ValueId, axis: usize, first: bool) -> Result<ValueId> {
    let padded = |before: usize, behind: usize| {
        let mut pads = vec![(0, 0); 2];
        pads[axis] = (before, behind);
        Window { pads, ..Window::default() }
    };
    let [beside, at] = match first {
        true => [padded(0, 1), padded(1, 0)],
        false => [padded(1, 0), padded(0, 1)],
    };
    let mut others = None;
    if chain.shape(value)[2 + axis] > 1 {
        let mut kernel = vec![1, 1];
        kernel[axis] = 2;
        let taps = if first { [0.0, 1.0] } else { [1.0, 0.0] };
        let cut = chain.depthwise(value, Window { kernel, ..Window::default() }, &taps, None)?;
        others = Some(chain.depthwise(cut, padded(1, 1), &[-1.0], None)?);
    }
    let alone = chain.depthwise(value, beside, &[1.0], others)?;
    chain.depthwise(value, at, &[1.0], Some(alone))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By what each position is multiplied.
    fn factors(borders: &[Border], extent: usize) -> Vec<f32> {
        let at = |p: usize| {
            let own = borders.iter().filter(|own| p < own.begin || p + own.end >= extent);
            own.map(|own| own.factor).product()
        };
        (0..extent).map(at).collect()
    }

    #[test]
    fn borders_bring_every_count_to_the_largest() {
        let all: [&[f32]; 7] = [
            &[2.0, 3.0, 3.0, 2.0],
            &[2.0, 3.0, 3.0, 3.0],
            &[3.0, 4.0, 5.0, 5.0, 4.0, 3.0],
            &[3.0, 3.0, 5.0, 5.0, 5.0, 1.0],
            &[1.0, 2.0, 1.0],
            &[4.0, 4.0],
            &[3.0, 3.0, 2.0],
        ];
        for counts in all {
            let most = counts.iter().copied().fold(0.0, f32::max);
            let made = factors(&borders(counts).unwrap(), counts.len());
            for (made, count) in made.iter().zip(counts) {
                assert!((made * count - most).abs() < 1e-5, "{counts:?}: {made} of {count}");
            }
        }
        assert_eq!(borders(&[3.0, 2.0, 3.0]), None);
        assert_eq!(borders(&[0.0, 2.0, 2.0]), None);
        assert_eq!(borders(&[1.0, 2.0]).unwrap().len(), 1);
    }
}
