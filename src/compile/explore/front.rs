//! Pareto dominance.

/// Whether the point `index` stands: no other is at most as costly in every respect and less in one.
pub fn stands<const N: usize>(costs: &[[u64; N]], index: usize) -> bool {
    let own = &costs[index];
    // `other <= own` everywhere and not equal is less in one.
    let beats = |other: &[u64; N]| other != own && other.iter().zip(own).all(|(a, b)| a <= b);
    !costs.iter().any(beats)
}

#[cfg(test)]
mod tests {
    use super::stands;

    #[test]
    fn equal_points_stand_together() {
        let costs = [[1, 5], [2, 2], [2, 2], [2, 3], [3, 1]];
        let standing: Vec<bool> = (0..costs.len()).map(|index| stands(&costs, index)).collect();
        assert_eq!(standing, [true, true, true, false, true]);
    }
}
