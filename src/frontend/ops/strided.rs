//! Copies of every n-th element, which sliding windows and blocks of pixels are made of.

/// Fills `target` from every `step`-th element of `source`, as far as both reach; returns how many
/// elements were written. `step` is never 0.
pub(super) fn copy_every<T: Copy>(target: &mut [T], source: &[T], step: usize) -> usize {
    let count = target.len().min(source.len().div_ceil(step));
    let target = &mut target[..count];
    match step {
        1 => target.copy_from_slice(&source[..count]),
        2 => {
            // Pairs, so that the compiler shuffles vectors; the last may be half a pair.
            let (pairs, odd) = source.as_chunks::<2>();
            for (target, &[value, _]) in target.iter_mut().zip(pairs) {
                *target = value;
            }
            if let (Some(target), [value]) = (target.get_mut(pairs.len()), odd) {
                *target = *value;
            }
        }
        _ => {
            for (target, &value) in target.iter_mut().zip(source.iter().step_by(step)) {
                *target = value;
            }
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_and_length_is_that_of_the_definition() {
        for (step, length, room) in
            (1..4).flat_map(|step| (0..9).flat_map(move |a| (0..9).map(move |b| (step, a, b))))
        {
            let source: Vec<usize> = (10..10 + length).collect();
            let mut target = vec![0; room];
            let count = copy_every(&mut target, &source, step);
            let wanted: Vec<usize> = source.iter().copied().step_by(step).take(room).collect();
            assert_eq!(target[..count], wanted);
            assert!(target[count..].iter().all(|&value| value == 0));
        }
    }
}
