//! The built-in targets.

use crate::base::json::{FormatOf, VersionOf};

use super::board::Name;
use super::{Axi, Capabilities, DspKind, Family, PortDomains, Target};

/// Names of the built-in targets.
pub const NAMES: [&str; 4] = ["kv260", "kv260-large", "zynq7020", "ultra96"];

const KIB: u64 = 1 << 10;
const BLOCK: u64 = 16 * KIB;

/// All that the accelerator does; outputs are stored before they leave.
const ALL: Capabilities = Capabilities {
    depthwise_sequential: true,
    depthwise_chained: true,
    stem_unit: true,
    input_streamed: true,
    two_filter_pairs: true,
    store_and_forward: true,
    streamed_outputs: false,
};

/// The built-in target of this name.
pub fn find(name: &str) -> Option<Target> {
    match name {
        "kv260" => Some(kv260(name, 4, 250, PortDomains { banks: 4, bytes: 512 * KIB, count: 2 })),
        "kv260-large" => {
            Some(kv260(name, 8, 200, PortDomains { banks: 8, bytes: 512 * KIB, count: 2 }))
        }
        "zynq7020" => Some(zynq7020(name)),
        "ultra96" => Some(ultra96(name)),
        _ => None,
    }
}

/// Kria K26: 32 of 64 URAM hold the activations.
fn kv260(name: &str, pixels: u64, clock_mhz: u64, port_domains: PortDomains) -> Target {
    Target {
        format: FormatOf::default(),
        version: VersionOf::default(),
        name: name.to_owned(),
        part: "xck26-sfvc784-2LV-c".to_owned(),
        board: Name::Kv260,
        family: Family::Xcup,
        pixels,
        lut: 117_120,
        ff: 234_240,
        dsp: 1_248,
        dsp_kind: DspKind::Dsp48e2,
        bram36: 144,
        uram: 64,
        ddr_bits: 128,
        axi: Axi::default(),
        ddr_bytes_per_second: 19_200_000_000,
        clock_mhz,
        memory_bytes: port_domains.bytes * port_domains.count,
        block_bytes: BLOCK,
        port_domains,
        capabilities: ALL,
    }
}

/// PYNQ-Z2: 96 of 140 BRAM36 hold the activations, four for each block of 16 KiB.
fn zynq7020(name: &str) -> Target {
    let port_domains = PortDomains { banks: 1, bytes: 64 * KIB, count: 6 };
    Target {
        format: FormatOf::default(),
        version: VersionOf::default(),
        name: name.to_owned(),
        part: "xc7z020clg400-1".to_owned(),
        board: Name::PynqZ2,
        family: Family::Xc7,
        pixels: 1,
        lut: 53_200,
        ff: 106_400,
        dsp: 220,
        dsp_kind: DspKind::Dsp48e1,
        bram36: 140,
        uram: 0,
        ddr_bits: 64,
        axi: Axi::default(),
        ddr_bytes_per_second: 2_100_000_000,
        clock_mhz: 100,
        memory_bytes: port_domains.bytes * port_domains.count,
        block_bytes: BLOCK,
        port_domains,
        capabilities: ALL,
    }
}

/// Ultra96-V2: 176 of 216 BRAM36 hold the activations, four for each bank of 16 KiB.
fn ultra96(name: &str) -> Target {
    let port_domains = PortDomains { banks: 2, bytes: 2 * BLOCK, count: 22 };
    Target {
        format: FormatOf::default(),
        version: VersionOf::default(),
        name: name.to_owned(),
        part: "xczu3eg-sbva484-1-i".to_owned(),
        board: Name::Ultra96,
        family: Family::Xcup,
        pixels: 2,
        lut: 70_560,
        ff: 141_120,
        dsp: 360,
        dsp_kind: DspKind::Dsp48e2,
        bram36: 216,
        uram: 0,
        ddr_bits: 128,
        axi: Axi::default(),
        ddr_bytes_per_second: 8_532_000_000,
        clock_mhz: 200,
        memory_bytes: port_domains.bytes * port_domains.count,
        block_bytes: BLOCK,
        port_domains,
        capabilities: ALL,
    }
}
