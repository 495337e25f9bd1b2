//! The packing problem: which buffers live when, and how much memory there is.
//!
//! Words follow the MiniMalloc paper (Moffitt, ASPLOS 2023): a *buffer* has a *lifespan* and a
//! *size* and gets an *offset*; the memory has a *capacity*; the highest end is the *height*.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::base::error::{Error, Result, codes};

/// Largest number of buffers in one problem.
pub const MAX_BUFFERS: usize = 65_536;
/// Largest size, capacity or alignment in bytes (1 TiB), so that sums over all buffers fit 64 bits.
pub const MAX_BYTES: u64 = 1 << 40;
/// Largest step number.
pub const MAX_STEP: u64 = 1 << 48;

/// When a buffer holds data: steps `lower..upper`, half-open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Lifespan {
    /// First step in which the buffer is alive.
    pub lower: u64,
    /// First step in which it is dead again.
    pub upper: u64,
}

impl Lifespan {
    /// The steps `lower..upper`.
    pub const fn new(lower: u64, upper: u64) -> Self {
        Self { lower, upper }
    }

    /// Whether there is a step in which both are alive.
    pub const fn overlaps(self, other: Self) -> bool {
        self.lower < other.upper && other.lower < self.upper
    }

    /// Whether the buffer is alive in `step`.
    pub const fn contains(self, step: u64) -> bool {
        self.lower <= step && step < self.upper
    }

    /// Number of steps; 0 where the bounds are reversed.
    pub const fn length(self) -> u64 {
        self.upper.saturating_sub(self.lower)
    }
}

/// A piece of memory that is needed for some time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Buffer {
    /// Unique name.
    pub id: String,
    /// When it is needed.
    #[serde(flatten)]
    pub lifespan: Lifespan,
    /// Bytes, at least 1.
    pub size: u64,
}

impl Buffer {
    /// The column names of a buffer, in the order of every table and CSV file.
    pub const COLUMNS: [&'static str; 4] = ["id", "lower", "upper", "size"];

    /// A buffer of `size` bytes that is alive in steps `lower..upper`.
    pub fn new(id: impl Into<String>, lower: u64, upper: u64, size: u64) -> Self {
        Self { id: id.into(), lifespan: Lifespan::new(lower, upper), size }
    }

    /// The text of each of [`Buffer::COLUMNS`].
    pub fn fields(&self) -> [String; 4] {
        let Lifespan { lower, upper } = self.lifespan;
        [self.id.clone(), lower.to_string(), upper.to_string(), self.size.to_string()]
    }
}

/// A checked problem: unique ids, forward lifespans, positive sizes, numbers within the limits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    buffers: Vec<Buffer>,
    capacity: Option<u64>,
    alignment: u64,
}

impl Problem {
    /// Checks the buffers and makes a problem of them.
    ///
    /// Every offset will be a multiple of `alignment` bytes, and a buffer occupies its size rounded
    /// up to that multiple. Without `capacity` the height is only minimized.
    ///
    /// # Errors
    /// [`codes::PLAN_PROBLEM`] naming the first row (counted from 1) and id that breaks a rule.
    pub fn new(buffers: Vec<Buffer>, capacity: Option<u64>, alignment: u64) -> Result<Self> {
        let rows = |row: usize| format!("row {row}");
        Self::with_places(buffers, capacity, alignment, rows)
    }

    /// As [`Problem::new`], with `place` naming the origin of row `n` (counted from 1) in errors.
    pub(crate) fn with_places(
        buffers: Vec<Buffer>,
        capacity: Option<u64>,
        alignment: u64,
        place: impl Fn(usize) -> String,
    ) -> Result<Self> {
        if !(1..=MAX_BYTES).contains(&alignment) {
            return Err(malformed(format!("alignment {alignment} is outside 1..={MAX_BYTES}"))
                .help("give the alignment in bytes; 1 means any offset"));
        }
        if let Some(capacity) = capacity {
            check_capacity(capacity)?;
        }
        if buffers.len() > MAX_BUFFERS {
            return Err(malformed(format!(
                "{} buffers are more than the {MAX_BUFFERS} that a problem may have",
                buffers.len()
            )));
        }
        let mut seen = HashMap::with_capacity(buffers.len());
        for (index, buffer) in buffers.iter().enumerate() {
            let row = index + 1;
            check_buffer(buffer).map_err(|error| error.at(place(row)))?;
            if let Some(first) = seen.insert(buffer.id.as_str(), row) {
                let message = format!("id \"{}\" is already used in {}", buffer.id, place(first));
                return Err(malformed(message).at(place(row)));
            }
        }
        Ok(Self { buffers, capacity, alignment })
    }

    /// The buffers, in the order in which they were given.
    pub fn buffers(&self) -> &[Buffer] {
        &self.buffers
    }

    /// Bytes that the packing must not exceed, where there is a limit.
    pub fn capacity(&self) -> Option<u64> {
        self.capacity
    }

    /// Every offset is a multiple of this many bytes.
    pub fn alignment(&self) -> u64 {
        self.alignment
    }

    /// Bytes that buffer `index` occupies: its size rounded up to the alignment.
    pub fn extent(&self, index: usize) -> u64 {
        self.buffers[index].size.next_multiple_of(self.alignment)
    }
}

fn check_capacity(capacity: u64) -> Result<()> {
    if (1..=MAX_BYTES).contains(&capacity) {
        return Ok(());
    }
    Err(malformed(format!("capacity {capacity} is outside 1..={MAX_BYTES} bytes"))
        .help("give the capacity of the memory in bytes"))
}

fn check_buffer(buffer: &Buffer) -> Result<()> {
    let Buffer { id, lifespan: Lifespan { lower, upper }, size } = buffer;
    if id.is_empty() {
        return Err(malformed("a buffer has an empty id"));
    }
    if *size == 0 || *size > MAX_BYTES {
        return Err(malformed(format!(
            "buffer \"{id}\" has size {size}; sizes are 1..={MAX_BYTES} bytes"
        )));
    }
    if lower >= upper {
        return Err(malformed(format!(
            "buffer \"{id}\" lives {lower}..{upper}; lower must be below upper"
        )));
    }
    if *upper > MAX_STEP {
        return Err(malformed(format!(
            "buffer \"{id}\" lives until step {upper}; the last step is {MAX_STEP}"
        )));
    }
    Ok(())
}

fn malformed(message: impl Into<String>) -> Error {
    Error::new(&codes::PLAN_PROBLEM, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(buffers: Vec<Buffer>) -> String {
        Problem::new(buffers, None, 1).unwrap_err().to_string()
    }

    #[test]
    fn every_bad_row_is_named() {
        let good = || Buffer::new("a", 0, 1, 1);
        assert!(message(vec![good(), Buffer::new("b", 0, 1, 0)]).contains("\"b\" has size 0"));
        assert!(message(vec![good(), Buffer::new("b", 4, 4, 1)]).contains("lives 4..4"));
        assert!(message(vec![good(), Buffer::new("b", 5, 4, 1)]).contains("row 2"));
        assert!(message(vec![good(), good()]).contains("already used in row 1"));
        assert!(message(vec![Buffer::new("", 0, 1, 1)]).contains("empty id"));
        assert!(message(vec![Buffer::new("b", 0, 1, MAX_BYTES + 1)]).contains("has size"));
        assert!(message(vec![Buffer::new("b", 0, u64::MAX, 1)]).contains("last step"));
    }

    #[test]
    fn capacity_and_alignment_are_checked() {
        let one = || vec![Buffer::new("a", 0, 1, 5)];
        assert!(Problem::new(one(), Some(0), 1).is_err());
        assert!(Problem::new(one(), Some(MAX_BYTES + 1), 1).is_err());
        assert!(Problem::new(one(), None, 0).is_err());
        assert_eq!(Problem::new(one(), None, 4).unwrap().extent(0), 8);
    }

    #[test]
    fn an_empty_problem_is_fine() {
        assert!(Problem::new(Vec::new(), Some(1), 1).is_ok());
    }
}
