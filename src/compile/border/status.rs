//! What the hardware says of itself: errors, who causes them, and what holds the array up.

use super::field::{Value, values};
use super::registers::{self, Register};

/// Whom the field Client of the register Error names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Culprit {
    /// Nobody.
    None,
    /// A client of the shared memory: [`CLIENTS`], with the block.
    Memory,
    /// A reader of the bus: [`READERS`].
    Reader,
}

/// An error that ends a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// Name in all generated files.
    pub name: &'static str,
    /// Field ErrorCode of the register Status.
    pub code: u32,
    /// Whom the client names.
    pub culprit: Culprit,
    /// What it means.
    pub meaning: &'static str,
    /// What to do.
    pub advice: &'static str,
}

macro_rules! faults {
    ($($id:ident = $name:literal, $code:literal $culprit:ident, $meaning:literal, $advice:literal;)*) => {
        $(#[doc = $meaning] pub const $id: Fault = Fault {
            name: $name, code: $code, culprit: Culprit::$culprit, meaning: $meaning, advice: $advice,
        };)*

        /// All of them, in order.
        pub const FAULTS: &[Fault] = &[$($id),*];
    };
}

faults! {
    ERROR_DESCRIPTOR = "ErrorDescriptor", 1 None,
        "the next descriptor has no magic number, or another version, kind or index than expected",
        "check that the program in memory is the one that was built with this design, and the stream's address and length";
    ERROR_CHECKSUM = "ErrorChecksum", 2 None,
        "the checksum of the next descriptor is wrong",
        "the program in memory was damaged or cut off: load it again, and flush caches before the start";
    ERROR_OWNER = "ErrorOwner", 3 Memory,
        "the owner table of the next pass breaks a rule, or names a block that the design does not have",
        "the program was built for another target, or damaged: build it again";
    ERROR_ACCESS = "ErrorAccess", 4 Memory,
        "access to a block of the shared memory that the running pass does not grant; it was not performed",
        "the program was damaged or belongs to another design: load it again; in the simulator it is a defect of Seigo";
    ERROR_READ = "ErrorRead", 5 Reader,
        "a read from memory was not answered with OKAY",
        "check the base addresses and that the accelerator may read there";
    ERROR_WRITE = "ErrorWrite", 6 None,
        "a write to memory was not answered with OKAY",
        "check the base addresses and that the accelerator may write there";
}

values! { CLIENTS:
    CLIENT_CONVOLUTION = "ClientConvolution", 0, "convolution write-back";
    CLIENT_PLANE = "ClientPlane", 1, "plane engine write-back";
    CLIENT_RESIDUAL = "ClientResidual", 2, "residual reader";
    CLIENT_DMA = "ClientDma", 3, "DMA";
    CLIENT_WINDOW = "ClientWindow", 4, "memory window";
    CLIENT_FETCH = "ClientFetch", 5, "input fetch";
    CLIENT_TABLE = "ClientTable", 6, "owner table";
}

values! { READERS:
    READER_IMAGE = "ReaderImage", 0, "image";
    READER_STREAM = "ReaderStream", 1, "weight stream";
    READER_DMA = "ReaderDma", 2, "DMA";
}

/// Why the dense array, or the plane engine in a plane pass, does nothing in a cycle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// Weights or descriptors have not come from DDR, or a weight tile is not loaded.
    Weights,
    /// Both accumulator halves wait for the output lanes.
    Lanes,
    /// The output lanes wait for a residual.
    Port,
    /// The image has not come, or its patches are not made.
    Image,
    /// The output lanes wait for the plane engine.
    Plane,
    /// Two pixels of a group lie in one bank.
    Bank,
    /// A transfer that must be over.
    Transfer,
    /// Start and end of the pass.
    Fill,
}

impl Cause {
    /// All causes; [`Self::COUNTED`] come first, in the same order.
    pub const ALL: [Self; 8] = [
        Self::Weights,
        Self::Lanes,
        Self::Port,
        Self::Image,
        Self::Plane,
        Self::Bank,
        Self::Transfer,
        Self::Fill,
    ];

    /// Those that the hardware counts, each with its register, by the bit of the port `stall_o`.
    pub const COUNTED: [(Self, Register); 6] = [
        (Self::Weights, registers::STALL_STREAM),
        (Self::Lanes, registers::STALL_LANES),
        (Self::Port, registers::STALL_PORT),
        (Self::Image, registers::STALL_IMAGE),
        (Self::Plane, registers::STALL_PLANE),
        (Self::Bank, registers::STALL_BANK),
    ];

    /// Its word in tables and JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Weights => "weights",
            Self::Lanes => "lanes",
            Self::Port => "port",
            Self::Image => "image",
            Self::Plane => "plane engine",
            Self::Bank => "banks",
            Self::Transfer => "transfer",
            Self::Fill => "fill",
        }
    }
}

impl Fault {
    /// The error with a code, if there is such a one.
    pub fn of(code: u32) -> Option<&'static Self> {
        FAULTS.iter().find(|fault| fault.code == code)
    }

    /// The name of a client of this error.
    pub fn client(&self, client: u32) -> Option<&'static str> {
        let values = match self.culprit {
            Culprit::None => return None,
            Culprit::Memory => CLIENTS,
            Culprit::Reader => READERS,
        };
        values.iter().find(|value| value.value == client as usize).map(|value| value.meaning)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_stalls_stand_in_the_order_of_their_registers() {
        for (index, fault) in FAULTS.iter().enumerate() {
            assert_eq!(fault.code as usize, index + 1);
            assert_eq!(Fault::of(fault.code), Some(fault));
        }
        for (index, (cause, register)) in Cause::COUNTED.into_iter().enumerate() {
            let offset = registers::CYCLES.offset + 4 * (index as u32 + 1);
            assert_eq!(register.offset, offset, "{}", cause.name());
            assert_eq!(Cause::ALL[index], cause);
        }
    }
}
