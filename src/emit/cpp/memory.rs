//! Where values lie: channels innermost, in one arena by lifetime.

/// Bytes to whose multiples every value is aligned.
const ALIGNMENT: usize = 16;

/// A tensor as batch, channels and the elements of a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Planes {
    pub batch: usize,
    pub channels: usize,
    pub plane: usize,
}

impl Planes {
    pub fn of(shape: &[usize]) -> Self {
        let extent = |axis: usize| shape.get(axis).copied().unwrap_or(1);
        let plane = shape.iter().skip(2).product();
        Self { batch: extent(0), channels: extent(1), plane }
    }

    /// The place in memory of an element, from the row-major one.
    pub fn place(self, index: usize) -> usize {
        let (image, channel) =
            (index / self.plane / self.channels, index / self.plane % self.channels);
        (image * self.plane + index % self.plane) * self.channels + channel
    }
}

/// Elements of memory from one index to the next, per axis.
pub fn strides(shape: &[usize]) -> Vec<usize> {
    let Planes { channels, plane, .. } = Planes::of(shape);
    let mut strides = vec![1; shape.len()];
    let mut step = channels;
    for axis in (2..shape.len()).rev() {
        strides[axis] = step;
        step *= shape[axis];
    }
    if let Some(first) = strides.first_mut() {
        *first = channels * plane;
    }
    strides
}

/// Memory that is in use from step `born` to step `dies`, both included.
#[derive(Debug, Clone, Copy)]
pub struct Lifetime {
    pub bytes: usize,
    pub born: usize,
    pub dies: usize,
}

/// The offset of each, and the bytes of all: large ones first, each at the lowest offset where nothing lies that lives at
/// the same time.
pub fn place(lives: &[Lifetime]) -> (Vec<usize>, usize) {
    let mut offsets = vec![0; lives.len()];
    let mut order: Vec<_> = (0..lives.len()).collect();
    order.sort_by_key(|&index| std::cmp::Reverse(lives[index].bytes));
    let (mut placed, mut whole): (Vec<usize>, _) = (Vec::new(), 0);
    for index in order {
        let own = lives[index];
        let size = own.bytes.next_multiple_of(ALIGNMENT);
        let mut offset = 0;
        for &other in &placed {
            let there = lives[other];
            let together = own.born <= there.dies && there.born <= own.dies;
            if together && offset + size > offsets[other] {
                offset = offset.max(offsets[other] + there.bytes.next_multiple_of(ALIGNMENT));
            }
        }
        offsets[index] = offset;
        whole = whole.max(offset + size);
        let behind = placed.partition_point(|&other| offsets[other] <= offset);
        placed.insert(behind, index);
    }
    (offsets, whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_lives_at_the_same_time_overlaps() {
        let lives: Vec<_> = (0..40usize)
            .map(|index| Lifetime {
                bytes: 1 + index * 37 % 101,
                born: index / 2,
                dies: index / 2 + index * 7 % 5,
            })
            .collect();
        let (offsets, whole) = place(&lives);
        for (a, first) in lives.iter().enumerate() {
            assert!(offsets[a] % ALIGNMENT == 0 && offsets[a] + first.bytes <= whole);
            for (b, second) in lives.iter().enumerate().skip(a + 1) {
                let together = first.born <= second.dies && second.born <= first.dies;
                let apart = offsets[a] + first.bytes <= offsets[b]
                    || offsets[b] + second.bytes <= offsets[a];
                assert!(!together || apart, "{a} and {b}");
            }
        }
    }

    #[test]
    fn strides_and_places_agree() {
        let shape = [2, 3, 4, 5];
        let (planes, strides) = (Planes::of(&shape), strides(&shape));
        for index in 0..120 {
            let at = [index / 60, index / 20 % 3, index / 5 % 4, index % 5];
            let place: usize = at.iter().zip(&strides).map(|(at, stride)| at * stride).sum();
            assert_eq!(planes.place(index), place);
        }
    }
}
