//! Inference: what must be true of every completion of a partial packing.

use super::state::State;

/// Working storage of [`Inference::run`], reused from node to node.
pub struct Inference {
    /// Lowest offset that each buffer can still get; valid for the members of the last run.
    pub lowest: Vec<u64>,
    /// Height that each section needs at least; valid for the sections of the last run.
    pub needs: Vec<u64>,
    order: Vec<u32>,
}

/// Half-open range of the sections in which a contradiction was found.
pub type Contradiction = (usize, usize);

impl Inference {
    /// Storage for an instance with this many buffers and sections.
    pub fn new(buffers: usize, sections: usize) -> Self {
        Self { lowest: vec![0; buffers], needs: vec![0; sections], order: Vec::new() }
    }

    /// Computes `lowest` and `needs` of `members`, or shows that they cannot be completed within
    /// `capacity`.
    pub fn run(
        &mut self,
        state: &State<'_>,
        members: &[u32],
        capacity: u64,
    ) -> Result<(), Contradiction> {
        for &member in members {
            let buffer = member as usize;
            self.lowest[buffer] = state.skyline[buffer] + u64::from(state.barred[buffer]);
        }
        self.lift_barred(state, members)?;
        self.stack_sections(state, members, capacity)
    }

    /// A barred buffer rests on a buffer still to be placed, so not below the lowest end of those;
    /// and something must come to lie where it would have rested, or it could be dropped there.
    ///
    /// Both are necessary for a packing whose sum of offsets is smallest, and there is one such
    /// packing if there is any. Two rounds carry the news from one barred buffer to the next.
    fn lift_barred(&mut self, state: &State<'_>, members: &[u32]) -> Result<(), Contradiction> {
        let instance = state.instance;
        for _ in 0..2 {
            for &member in members {
                let buffer = member as usize;
                if !state.barred[buffer] {
                    continue;
                }
                let (mut lowest_end, mut lowest) = (u64::MAX, u64::MAX);
                for other in instance.neighbors(buffer).filter(|&other| !state.placed[other]) {
                    lowest = lowest.min(self.lowest[other]);
                    lowest_end = lowest_end.min(self.lowest[other] + instance.size[other]);
                }
                if lowest >= state.skyline[buffer] + instance.size[buffer] {
                    return Err(instance.range[buffer]);
                }
                self.lowest[buffer] = self.lowest[buffer].max(lowest_end);
            }
        }
        Ok(())
    }

    /// The height of each section when its buffers are stacked in the order of their lowest
    /// offsets: the optimum of one section alone (a single machine with release dates).
    fn stack_sections(
        &mut self,
        state: &State<'_>,
        members: &[u32],
        capacity: u64,
    ) -> Result<(), Contradiction> {
        let instance = state.instance;
        let lowest = &self.lowest;
        self.order.clear();
        self.order.extend_from_slice(members);
        self.order.sort_unstable_by_key(|&member| (lowest[member as usize], member));
        let (first, last) = state.sections(members);
        self.needs[first..last].fill(0);
        for &member in &self.order {
            let buffer = member as usize;
            let (lowest, size) = (self.lowest[buffer], instance.size[buffer]);
            let (lower, upper) = instance.range[buffer];
            let mut highest = 0;
            for need in &mut self.needs[lower..upper] {
                *need = (*need).max(lowest) + size;
                highest = highest.max(*need);
            }
            if highest > capacity {
                let over = |&section: &usize| self.needs[section] > capacity;
                let section = (lower..upper).find(over).unwrap_or(lower);
                return Err((section, section + 1));
            }
        }
        Ok(())
    }
}
