//! Boards: what a design needs to know of one beyond its part. Scripts, constraints, device trees and documentation
//! are made of these tables.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::processor::{Parameter, Processor, ZYNQ_7000, ZYNQ_ULTRA};

/// A board that is known, by the name in target files.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Name {
    /// one that is not known here, so that the bundle has no block design.
    #[default]
    None,
    /// Kria KV260.
    Kv260,
    /// Ultra96-V2.
    Ultra96,
    /// PYNQ-Z2.
    PynqZ2,
}

/// A board.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Board {
    /// Name in target files.
    pub name: &'static str,
    /// Name for people.
    pub title: &'static str,
    /// Its part.
    pub part: &'static str,
    /// The vendor's name of the board, `*` for the version.
    pub board_part: &'static str,
    /// Where Vivado gets the board's files from.
    pub board_files: &'static str,
    /// Its processor.
    pub processor: &'static Processor,
    /// Parameters of the processor's IP that only this board needs.
    pub parameters: &'static [Parameter],
    /// Its DDR as the accelerator's port sees it.
    pub memory: &'static [Segment],
    /// Address of the register window.
    pub window: u64,
    /// Pins of the fabric that the design drives.
    pub pins: &'static [Pin],
}

/// A part of the DDR behind the processor's port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segment {
    /// Name that the IP gives it.
    pub name: &'static str,
    /// First address.
    pub base: u64,
    /// Bytes.
    pub bytes: u64,
}

/// A pin of the package that the design drives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pin {
    /// Port of the top level.
    pub port: &'static str,
    /// Pin of the processor's IP that drives it, and the bit of it.
    pub source: (&'static str, u32, u32),
    /// Pin of the package.
    pub package: &'static str,
    /// I/O standard.
    pub standard: &'static str,
    /// Why it is driven.
    pub reason: &'static str,
}

/// 2 GiB.
const HALF: u64 = 2 << 30;

const KV260: Board = Board {
    name: "kv260",
    title: "Kria KV260",
    part: "xck26-sfvc784-2LV-c",
    board_part: "xilinx.com:kv260_som:part0:*",
    board_files: "part of Vivado since 2021.1",
    processor: &ZYNQ_ULTRA,
    parameters: &[
        Parameter {
            name: "PSU__TTC0__WAVEOUT__ENABLE",
            value: "1",
            reason: "timer 0 of the processor makes the pulses of the fan",
        },
        Parameter {
            name: "PSU__TTC0__WAVEOUT__IO",
            value: "EMIO",
            reason: "the fan's pin belongs to the fabric",
        },
    ],
    // 4 GiB: the upper half lies above the 32-bit addresses.
    memory: &[
        Segment { name: "HP0_DDR_LOW", base: 0, bytes: HALF },
        Segment { name: "HP0_DDR_HIGH", base: 0x8_0000_0000, bytes: HALF },
    ],
    window: 0xA000_0000,
    pins: &[Pin {
        port: "fan_en_b",
        source: ("emio_ttc0_wave_o", 2, 3),
        package: "A12",
        standard: "LVCMOS33",
        reason: "the fan: a timer of the processor sets its speed by pulses",
    }],
};

const ULTRA96: Board = Board {
    name: "ultra96",
    title: "Ultra96-V2",
    part: "xczu3eg-sbva484-1-i",
    board_part: "avnet.com:ultra96v2:part0:*",
    board_files: "Vivado Store, Boards, ultra96v2",
    processor: &ZYNQ_ULTRA,
    parameters: &[],
    memory: &[Segment { name: "HP0_DDR_LOW", base: 0, bytes: HALF }],
    window: 0xA000_0000,
    pins: &[],
};

const PYNQ_Z2: Board = Board {
    name: "pynq-z2",
    title: "PYNQ-Z2",
    part: "xc7z020clg400-1",
    board_part: "tul.com.tw:pynq-z2:part0:*",
    board_files: "Vivado Store, Boards, pynq-z2, or TUL's page of the board",
    processor: &ZYNQ_7000,
    parameters: &[],
    memory: &[Segment { name: "HP0_DDR_LOWOCM", base: 0, bytes: 512 << 20 }],
    window: 0x4000_0000,
    pins: &[],
};

impl Name {
    /// All that are known.
    pub const ALL: [Self; 3] = [Self::Kv260, Self::Ultra96, Self::PynqZ2];

    /// What is known of it.
    pub const fn board(self) -> Option<&'static Board> {
        match self {
            Self::None => None,
            Self::Kv260 => Some(&KV260),
            Self::Ultra96 => Some(&ULTRA96),
            Self::PynqZ2 => Some(&PYNQ_Z2),
        }
    }
}

impl Board {
    /// All parameters of the processor's IP but the clock's rate, those that the board adds last.
    pub fn all_parameters(&self) -> impl Iterator<Item = &'static Parameter> {
        self.processor.parameters.iter().chain(self.parameters)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compile::boards::{NAMES, Target};

    #[test]
    fn names_are_those_of_target_files_and_parts_those_of_the_targets() {
        for name in Name::ALL {
            let board = name.board().unwrap();
            assert_eq!(serde_json::to_value(name).unwrap(), board.name);
            let end = board.memory.iter().map(|segment| segment.base + segment.bytes).max();
            assert!(end.unwrap() <= 1 << 40, "{}: the port has 40 address bits", board.name);
        }
        for name in NAMES {
            let target = Target::load(name).unwrap();
            let board = target.board.board().unwrap();
            assert_eq!(board.part, target.part, "{name}");
            assert_eq!(board.processor.family, target.family, "{name}");
            assert_eq!(board.processor.memory_bits, target.ddr_bits, "{name}");
        }
    }
}
