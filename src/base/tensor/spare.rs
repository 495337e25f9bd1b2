//! Buffers that no tensor of a frame has any more, for those that are computed next: no memory is asked for and set to zero
//! again for every layer.

use std::cell::RefCell;

use super::{Data, Element, Tensor};

/// Larger buffers than this many times what is wanted are kept for larger tensors.
const ROOM: usize = 4;

/// Buffers that are kept; the oldest goes.
const MOST: usize = 16;

thread_local! {
    /// Those of the frame that this thread computes, with the elements that they have memory for; none outside of frames.
    static SPARE: RefCell<Option<Vec<(usize, Data)>>> = const { RefCell::new(None) };
}

/// While it lives, its thread keeps the buffers of tensors that are given back. Frames within a frame share them.
#[derive(Debug)]
pub struct Frame {
    outermost: bool,
}

impl Frame {
    /// Begins a frame on this thread.
    #[expect(clippy::new_without_default, reason = "a frame is begun, not a value")]
    pub fn new() -> Self {
        let outermost = SPARE.with_borrow_mut(|spare| {
            let none = spare.is_none();
            spare.get_or_insert_default();
            none
        });
        Self { outermost }
    }
}

impl Drop for Frame {
    fn drop(&mut self) {
        if self.outermost {
            SPARE.set(None);
        }
    }
}

/// `count` elements, whatever they are: for a tensor of which every element is written.
pub fn buffer<T: Element>(count: usize) -> Vec<T> {
    let found = SPARE.with_borrow_mut(|spare| {
        let spare = spare.as_mut()?;
        let fits = |(room, data): &(usize, Data)| {
            data.dtype() == T::DTYPE && (count..=count.saturating_mul(ROOM)).contains(room)
        };
        let fitting = spare.iter().enumerate().filter(|(_, own)| fits(own));
        let (at, _) = fitting.min_by_key(|(_, (room, _))| *room)?;
        T::only_owner(spare.remove(at).1)
    });
    let mut values = found.unwrap_or_default();
    values.resize(count, T::default());
    values
}

/// Gives back a tensor that nobody reads any more; its buffer is kept where no other tensor shares it.
pub fn give_back(tensor: Tensor) {
    let mut data = tensor.data;
    SPARE.with_borrow_mut(|spare| {
        if let (Some(spare), Some(room)) = (spare.as_mut(), data.room()) {
            if spare.len() == MOST {
                spare.remove(0);
            }
            spare.push((room, data));
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tensor(count: usize) -> Tensor {
        Tensor::vector(vec![1.5f32; count])
    }

    #[test]
    fn buffers_come_back_within_a_frame_alone() {
        let zeros = |count| buffer::<f32>(count) == vec![0.0; count];
        give_back(tensor(100));
        assert!(zeros(100));
        {
            let _frame = Frame::new();
            drop(Frame::new());
            let (shared, own) = (tensor(100), tensor(200));
            let copy = shared.clone();
            give_back(shared);
            give_back(own);
            // The shared one did not, the other one did, shorter and then longer.
            assert_eq!(copy.values::<f32>().unwrap(), [1.5; 100]);
            assert_eq!(buffer::<i32>(150), [0; 150]);
            let values = buffer::<f32>(60);
            assert_eq!(values, [1.5; 60]);
            give_back(Tensor::vector(values));
            let longer = buffer::<f32>(150);
            assert_eq!((&longer[..60], &longer[60..]), (&[1.5; 60][..], &[0.0; 90][..]));
            give_back(Tensor::vector(longer));
            // Too large for this one.
            assert!(zeros(10));
        }
        assert!(zeros(150));
    }
}
