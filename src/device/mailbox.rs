//! The messages between a driver and a simulated device in another process: `docs/driver.md` has them as a table.
//!
//! Both are 16 bytes, little-endian. A driver asks and waits for the answer.

use std::io::{self, Read, Write};

/// Version of these messages.
pub const VERSION: u32 = 1;
/// What the memory file's name adds to the socket's.
pub const MEMORY_SUFFIX: &str = ".memory";

/// What a driver asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// The first one: version of the messages; `extra` is the memory's first address.
    Hello = 0,
    /// `extra` is the memory's size in bytes.
    Memory = 1,
    /// A register's value.
    Read = 2,
    /// Writes a register.
    Write = 3,
    /// Waits for the interrupt, at most `value` milliseconds: 1 where it is high.
    Wait = 4,
    /// `extra` is the count of cycles since power was switched on.
    Cycles = 5,
}

impl Operation {
    const ALL: [Self; 6] =
        [Self::Hello, Self::Memory, Self::Read, Self::Write, Self::Wait, Self::Cycles];
}

/// A question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request {
    /// What is asked for; none for a number that this version does not know.
    pub operation: Option<Operation>,
    /// The register.
    pub offset: u32,
    /// What is written, or milliseconds.
    pub value: u64,
}

/// How an answer begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Done.
    Done = 0,
    /// Another driver holds the device.
    Busy = 1,
    /// The device does not know the question, or cannot do it.
    Refused = 2,
}

/// An answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reply {
    /// Whether it worked: a number of [`Outcome`].
    pub outcome: u32,
    /// A register's value, and the like.
    pub value: u32,
    /// Addresses, sizes, cycles.
    pub extra: u64,
}

impl Request {
    /// Sends it.
    ///
    /// # Errors
    /// Those of the socket.
    pub fn send(
        operation: Operation,
        offset: u32,
        value: u64,
        to: &mut impl Write,
    ) -> io::Result<()> {
        let mut bytes = [0; 16];
        bytes[..4].copy_from_slice(&(operation as u32).to_le_bytes());
        bytes[4..8].copy_from_slice(&offset.to_le_bytes());
        bytes[8..].copy_from_slice(&value.to_le_bytes());
        to.write_all(&bytes)
    }

    /// Receives one.
    ///
    /// # Errors
    /// Those of the socket; the other side's end is one.
    pub fn receive(from: &mut impl Read) -> io::Result<Self> {
        let (operation, offset, value) = receive(from)?;
        let known = Operation::ALL.into_iter().find(|own| *own as u32 == operation);
        Ok(Self { operation: known, offset, value })
    }
}

impl Reply {
    /// A reply of a question that was answered.
    pub fn done(value: u32, extra: u64) -> Self {
        Self { outcome: Outcome::Done as u32, value, extra }
    }

    /// A reply without an answer.
    pub fn not(outcome: Outcome) -> Self {
        Self { outcome: outcome as u32, value: 0, extra: 0 }
    }

    /// Sends it.
    ///
    /// # Errors
    /// Those of the socket.
    pub fn send(self, to: &mut impl Write) -> io::Result<()> {
        let mut bytes = [0; 16];
        bytes[..4].copy_from_slice(&self.outcome.to_le_bytes());
        bytes[4..8].copy_from_slice(&self.value.to_le_bytes());
        bytes[8..].copy_from_slice(&self.extra.to_le_bytes());
        to.write_all(&bytes)
    }

    /// Receives one.
    ///
    /// # Errors
    /// Those of the socket; the other side's end is one.
    pub fn receive(from: &mut impl Read) -> io::Result<Self> {
        let (outcome, value, extra) = receive(from)?;
        Ok(Self { outcome, value, extra })
    }
}

fn receive(from: &mut impl Read) -> io::Result<(u32, u32, u64)> {
    let mut bytes = [[0; 4]; 4];
    from.read_exact(bytes.as_flattened_mut())?;
    let [first, second, low, high] = bytes.map(u32::from_le_bytes);
    Ok((first, second, u64::from(high) << 32 | u64::from(low)))
}
