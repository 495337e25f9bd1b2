//! The control registers of the accelerator: 4 KiB on AXI4-Lite, 32 bits each.
//!
//! Offsets and fields of the first four are those of Vitis HLS (`ap_ctrl_hs`). Other offsets read 0 and ignore
//! writes.

/// Bytes of the register window.
pub const WINDOW: u32 = 0x1000;

/// Value of the register Version in this version of the hardware.
pub const VERSION_VALUE: u32 = 1;

/// Who may do what with a register or a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Read and written; holds what was written.
    ReadWrite,
    /// Read only; writes are ignored.
    Read,
    /// Writing 1 does something; reads as 0.
    Pulse,
    /// Writing 1 sets it, the hardware clears it.
    Set,
    /// Cleared by reading its register.
    ReadClear,
    /// Writing 1 toggles it.
    Toggle,
}

impl Access {
    /// As a table says it.
    pub const fn words(self) -> &'static str {
        match self {
            Self::ReadWrite => "read, write",
            Self::Read => "read",
            Self::Pulse => "writing 1 acts, reads 0",
            Self::Set => "writing 1 sets, the hardware clears",
            Self::ReadClear => "read, which clears",
            Self::Toggle => "read, writing 1 toggles",
        }
    }
}

/// Bits of a register.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bits {
    /// Name in all generated files, behind that of its register.
    pub name: &'static str,
    /// Lowest bit.
    pub lsb: u32,
    /// Bits.
    pub width: u32,
    /// Who may do what.
    pub access: Access,
    /// What it says.
    pub meaning: &'static str,
}

impl Bits {
    /// The bits at their place.
    pub const fn mask(&self) -> u32 {
        (u32::MAX >> (32 - self.width)) << self.lsb
    }

    /// Their value in a register's.
    pub const fn read(&self, register: u32) -> u32 {
        (register & self.mask()) >> self.lsb
    }

    /// A register's value with these bits only. Bits that do not fit are cut off.
    pub const fn place(&self, value: u32) -> u32 {
        (value << self.lsb) & self.mask()
    }
}

/// A register.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Register {
    /// Name in all generated files.
    pub name: &'static str,
    /// Bytes from the start of the window.
    pub offset: u32,
    /// Value after a reset; `None` where it depends on the design.
    pub reset: Option<u32>,
    /// Its fields, from the low bit up; the rest reads 0.
    pub fields: &'static [Bits],
    /// What it is for.
    pub meaning: &'static str,
}

macro_rules! registers {
    ($($id:ident = $name:literal, $offset:literal, $reset:expr, $meaning:literal {
        $($bits:ident = $field:literal, $lsb:literal $width:literal $access:ident, $says:literal;)*
    })*) => {
        $(
            $(#[doc = $says] pub const $bits: Bits = Bits {
                name: $field, lsb: $lsb, width: $width, access: Access::$access, meaning: $says,
            };)*
            #[doc = $meaning] pub const $id: Register = Register {
                name: $name, offset: $offset, reset: $reset, fields: &[$($bits),*], meaning: $meaning,
            };
        )*

        /// All of them, in order.
        pub const REGISTERS: &[Register] = &[$($id),*];
    };
}

registers! {
    CONTROL = "Control", 0x00, Some(4), "starts a frame and says whether it has ended" {
        CONTROL_START = "Start", 0 1 Set, "starts a frame; falls when it has ended";
        CONTROL_DONE = "Done", 1 1 ReadClear, "a frame has ended, with or without an error; cleared by the next one too";
        CONTROL_IDLE = "Idle", 2 1 Read, "no frame runs or is asked for";
        CONTROL_READY = "Ready", 3 1 ReadClear, "as Done";
        CONTROL_INTERRUPT = "Interrupt", 9 1 Read, "the interrupt output";
    }
    GLOBAL_INTERRUPT = "GlobalInterrupt", 0x04, Some(0), "lets interrupts out" {
        GLOBAL_INTERRUPT_ENABLE = "Enable", 0 1 ReadWrite, "the interrupt output may rise";
    }
    INTERRUPT_ENABLE = "InterruptEnable", 0x08, Some(0), "which events are kept in InterruptStatus" {
        INTERRUPT_ENABLE_DONE = "Done", 0 1 ReadWrite, "a frame has ended";
        INTERRUPT_ENABLE_READY = "Ready", 1 1 ReadWrite, "the same";
        INTERRUPT_ENABLE_PROCESSOR = "Processor", 2 1 ReadWrite, "the program waits for the processor";
        INTERRUPT_ENABLE_ERROR = "Error", 3 1 ReadWrite, "an error ends the frame";
    }
    INTERRUPT_STATUS = "InterruptStatus", 0x0C, Some(0), "events since they were toggled away; any of them raises the interrupt" {
        INTERRUPT_STATUS_DONE = "Done", 0 1 Toggle, "a frame has ended";
        INTERRUPT_STATUS_READY = "Ready", 1 1 Toggle, "the same";
        INTERRUPT_STATUS_PROCESSOR = "Processor", 2 1 Toggle, "the program waits for the processor";
        INTERRUPT_STATUS_ERROR = "Error", 3 1 Toggle, "an error has ended the frame";
    }
    STREAM_BASE_LOW = "StreamBaseLow", 0x10, Some(0), "address of the program, a multiple of 4,096; taken at the start of a frame, as all addresses and the length" {
        STREAM_BASE_LOW_ADDRESS = "Address", 0 32 ReadWrite, "bits 31 to 0";
    }
    STREAM_BASE_HIGH = "StreamBaseHigh", 0x14, Some(0), "address of the program" {
        STREAM_BASE_HIGH_ADDRESS = "Address", 0 32 ReadWrite, "bits 63 to 32, of which 39 to 32 count";
    }
    IMAGE_BASE_LOW = "ImageBaseLow", 0x18, Some(0), "address of the image buffer, a multiple of 4,096" {
        IMAGE_BASE_LOW_ADDRESS = "Address", 0 32 ReadWrite, "bits 31 to 0";
    }
    IMAGE_BASE_HIGH = "ImageBaseHigh", 0x1C, Some(0), "address of the image buffer" {
        IMAGE_BASE_HIGH_ADDRESS = "Address", 0 32 ReadWrite, "bits 63 to 32, of which 39 to 32 count";
    }
    OUTPUT_BASE_LOW = "OutputBaseLow", 0x20, Some(0), "address of the output buffer, a multiple of 4,096" {
        OUTPUT_BASE_LOW_ADDRESS = "Address", 0 32 ReadWrite, "bits 31 to 0";
    }
    OUTPUT_BASE_HIGH = "OutputBaseHigh", 0x24, Some(0), "address of the output buffer" {
        OUTPUT_BASE_HIGH_ADDRESS = "Address", 0 32 ReadWrite, "bits 63 to 32, of which 39 to 32 count";
    }
    SCRATCH_BASE_LOW = "ScratchBaseLow", 0x28, Some(0), "address of the scratch buffer, a multiple of 4,096" {
        SCRATCH_BASE_LOW_ADDRESS = "Address", 0 32 ReadWrite, "bits 31 to 0";
    }
    SCRATCH_BASE_HIGH = "ScratchBaseHigh", 0x2C, Some(0), "address of the scratch buffer" {
        SCRATCH_BASE_HIGH_ADDRESS = "Address", 0 32 ReadWrite, "bits 63 to 32, of which 39 to 32 count";
    }
    STREAM_WORDS = "StreamWords", 0x30, Some(0), "length of the program" {
        STREAM_WORDS_COUNT = "Count", 0 32 ReadWrite, "ring words of 32 bytes, of which the low 24 bits count";
    }
    RESUME = "Resume", 0x34, Some(0), "the processor's step is done" {
        RESUME_GO = "Go", 0 1 Pulse, "lets the program go on; ignored while it does not wait";
    }
    RESET = "Reset", 0x38, Some(0), "soft reset" {
        RESET_NOW = "Now", 0 1 Pulse, "ends the frame without Done";
    }
    STATUS = "Status", 0x40, Some(0), "what the accelerator does" {
        STATUS_RUNNING = "Running", 0 1 Read, "a frame runs";
        STATUS_PROCESSOR = "Processor", 1 1 Read, "the program waits for the processor";
        STATUS_ERROR = "Error", 2 1 Read, "the last frame ended by an error, and the bus is quiet: another one may start";
        STATUS_CLEARING = "Clearing", 3 1 Read, "waits until the bus is quiet, before a frame and after an error or a reset";
        STATUS_ERROR_CODE = "ErrorCode", 8 8 Read, "which error; 0 without one";
    }
    PASS = "Pass", 0x44, Some(0), "where the program is" {
        PASS_RUNNING = "Running", 0 16 Read, "the pass that runs";
        PASS_ERROR = "Error", 16 16 Read, "the pass that ran when the error came";
    }
    ERROR = "Error", 0x48, Some(0), "who caused the error, and where" {
        ERROR_CLIENT = "Client", 0 8 Read, "client of the shared memory or of the bus, by the error's code";
        ERROR_BLOCK = "Block", 16 16 Read, "block of the shared memory";
    }
    COUNT = "Count", 0x4C, Some(0), "what the counters count" {
        COUNT_PASS = "Pass", 0 16 ReadWrite, "the pass, with Only";
        COUNT_ONLY = "Only", 16 1 ReadWrite, "one pass, else the whole frame";
    }
    VERSION = "Version", 0x50, Some(VERSION_VALUE), "of this register map and of the program's form" {
        VERSION_NUMBER = "Number", 0 32 Read, "counts up with every change that a driver must know";
    }
    HASH_LOW = "HashLow", 0x54, None, "hash of the design's parameters; a bundle says which one its program needs" {
        HASH_LOW_BITS = "Bits", 0 32 Read, "bits 31 to 0";
    }
    HASH_HIGH = "HashHigh", 0x58, None, "hash of the design's parameters; a bundle says which one its program needs" {
        HASH_HIGH_BITS = "Bits", 0 32 Read, "bits 63 to 32";
    }
    CYCLES = "Cycles", 0x60, Some(0), "of the last frame, or of the counted pass in it; shown when the frame has ended, as all counters" {
        CYCLES_COUNT = "Count", 0 32 Read, "cycles";
    }
    STALL_STREAM = "StallStream", 0x64, Some(0), "cycles of them without weights" {
        STALL_STREAM_COUNT = "Count", 0 32 Read, "cycles";
    }
    STALL_LANES = "StallLanes", 0x68, Some(0), "cycles of them that accumulators and output lanes hold up" {
        STALL_LANES_COUNT = "Count", 0 32 Read, "cycles";
    }
    STALL_PORT = "StallPort", 0x6C, Some(0), "cycles of them that wait for a residual" {
        STALL_PORT_COUNT = "Count", 0 32 Read, "cycles";
    }
    STALL_IMAGE = "StallImage", 0x70, Some(0), "cycles of them without the image" {
        STALL_IMAGE_COUNT = "Count", 0 32 Read, "cycles";
    }
    STALL_PLANE = "StallPlane", 0x74, Some(0), "cycles of them that the plane engine holds up" {
        STALL_PLANE_COUNT = "Count", 0 32 Read, "cycles";
    }
    STALL_BANK = "StallBank", 0x78, Some(0), "cycles of them in which lanes want the same bank" {
        STALL_BANK_COUNT = "Count", 0 32 Read, "cycles";
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_rise_and_fields_do_not_overlap() {
        for pair in REGISTERS.windows(2) {
            assert!(pair[0].offset < pair[1].offset, "{}", pair[1].name);
        }
        for register in REGISTERS {
            assert!(register.offset % 4 == 0 && register.offset < WINDOW, "{}", register.name);
            let mut taken = 0;
            for bits in register.fields {
                assert!(bits.lsb + bits.width <= 32, "{} {}", register.name, bits.name);
                assert_eq!(taken & bits.mask(), 0, "{} {} overlaps", register.name, bits.name);
                taken |= bits.mask();
            }
            assert_eq!(register.reset.unwrap_or(0) & !taken, 0, "{}", register.name);
        }
    }
}
