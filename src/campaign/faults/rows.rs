//! What came out of faults, kind by kind.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::campaign::record::{FaultEnd, FaultKind, FaultOutcome};

/// Faults of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FaultRow {
    /// The kind.
    pub fault: FaultKind,
    /// How many were injected.
    pub injected: usize,
    /// Frames that an error of the hardware ended.
    pub error: usize,
    /// Frames with the right result.
    pub right: usize,
    /// Frames with a wrong result and no error.
    pub unseen: usize,
    /// Frames that a reset ended.
    pub reset: usize,
    /// Frames that did not end as they have to.
    pub undefined: usize,
    /// Frames that wrote a block which no pass up to their end owns.
    pub foreign: usize,
    /// Frames behind which the next one was wrong.
    pub lasting: usize,
}

impl FaultRow {
    /// Heads of the columns, and the numbers below them.
    pub fn columns(&self) -> [(&'static str, usize); 8] {
        [
            ("injected", self.injected),
            ("error", self.error),
            ("right result", self.right),
            ("wrong, unseen", self.unseen),
            ("reset", self.reset),
            ("undefined", self.undefined),
            ("foreign blocks", self.foreign),
            ("next frame wrong", self.lasting),
        ]
    }

    fn of(fault: FaultKind, outcomes: &[FaultOutcome]) -> Self {
        let own = || outcomes.iter().filter(|own| own.fault == fault);
        let ends = |end| own().filter(|own| own.end == end).count();
        Self {
            fault,
            injected: own().count(),
            error: ends(FaultEnd::Error),
            right: ends(FaultEnd::Right),
            unseen: ends(FaultEnd::Unseen),
            reset: ends(FaultEnd::Reset),
            undefined: own().filter(|own| !own.defined).count(),
            foreign: own().filter(|own| own.untouched == Some(false)).count(),
            lasting: own().filter(|own| !own.recovered).count(),
        }
    }
}

/// A row for every kind of fault that was injected.
pub fn by_kind(faults: &[FaultOutcome]) -> Vec<FaultRow> {
    let rows = FaultKind::ALL.into_iter().map(|kind| FaultRow::of(kind, faults));
    rows.filter(|row| row.injected > 0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_end_is_counted_in_its_kind() {
        let outcome = |fault, end, defined, untouched, recovered| FaultOutcome {
            fault,
            injected: String::new(),
            found: String::new(),
            end,
            defined,
            untouched,
            recovered,
        };
        use FaultEnd::{Error, Reset, Right, Unseen};
        use FaultKind::{Bus, Memory};
        let rows = by_kind(&[
            outcome(Memory, Right, true, Some(true), true),
            outcome(Memory, Unseen, true, Some(true), true),
            outcome(Bus, Error, true, Some(false), true),
            outcome(Bus, Reset, false, None, false),
            outcome(Memory, Unseen, true, Some(true), true),
        ]);
        let counts = rows.iter().map(|row| (row.fault, row.columns().map(|(_, count)| count)));
        assert_eq!(
            counts.collect::<Vec<_>>(),
            [(Bus, [2, 1, 0, 0, 1, 1, 1, 1]), (Memory, [3, 0, 1, 2, 0, 0, 0, 0])]
        );
    }
}
