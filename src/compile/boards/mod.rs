//! Targets: what a part and the accelerator preset on it can hold and do.
//!
//! [`Target::load`] takes the name of a built-in target or the path of a JSON file with the same
//! fields. Names, ranges and meanings stand at the fields of [`Target`] and nowhere else; its schema,
//! the check and `docs/targets.md` come from there.

pub mod board;
mod builtin;
mod check;
pub mod page;
pub mod processor;

use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::base::error::{Error, Place as _, Result, codes};
use crate::base::files;
use crate::base::json::{self, Form, FormatOf, VersionOf};
pub use builtin::NAMES;

/// Data bytes of an UltraRAM.
const URAM_BYTES: u64 = 32 << 10;

/// FPGA family, by the name that `yosys synth_xilinx -family` uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Family {
    /// UltraScale+.
    Xcup,
    /// 7 series.
    Xc7,
}

/// Kind of the DSP slices; decides whether two int8 products share one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DspKind {
    /// 27 x 18 bit: two int8 products that share a weight fit one slice.
    Dsp48e2,
    /// 25 x 18 bit: one int8 product for each slice.
    Dsp48e1,
}

/// Physical units of arbitration of the shared memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PortDomains {
    /// Banks of 16 bytes of a port domain: P.
    #[schemars(range(min = 1, max = 8), extend("x-power-of-two" = true))]
    pub banks: u64,
    /// Bytes of a port domain: whole blocks.
    #[schemars(range(min = 16_384, max = 1_048_576), extend("x-power-of-two" = true))]
    pub bytes: u64,
    /// Port domains, the units of arbitration.
    #[schemars(range(min = 2, max = 128))]
    pub count: u64,
}

/// What the accelerator's bursts say of the memory (AMBA AXI Protocol Specification, IHI 0022, A4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Axi {
    /// AxCACHE: 3 for memory that the processor's caches are cleaned of, 15 at a coherent port.
    #[schemars(range(min = 0, max = 15))]
    pub cache: u64,
    /// AxPROT: bit 0 privileged, bit 1 non-secure, bit 2 instruction.
    #[schemars(range(min = 0, max = 7))]
    pub prot: u64,
}

impl Default for Axi {
    /// Modifiable, bufferable, not cached; secure data.
    fn default() -> Self {
        Self { cache: 3, prot: 0 }
    }
}

/// What the hardware can do; a flag that is not given is off, and no plan asks for it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Capabilities {
    /// Depthwise convolutions run as passes of their own.
    pub depthwise_sequential: bool,
    /// Depthwise convolutions run chained behind the convolution that produces their input.
    pub depthwise_chained: bool,
    /// The first layer is folded from raw pixels by the stem unit.
    pub stem_unit: bool,
    /// The input is streamed by rows instead of being stored in shared memory.
    pub input_streamed: bool,
    /// Two depthwise filters read the same input in one pass.
    pub two_filter_pairs: bool,
    /// A chained pass also stores the convolution's own output.
    pub store_and_forward: bool,
    /// Outputs leave to DDR while they are computed instead of being stored first.
    pub streamed_outputs: bool,
}

/// A part with an accelerator preset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// `seigo-target`; may be left out.
    #[serde(default)]
    pub format: FormatOf<Self>,
    /// Version of this form; may be left out.
    #[serde(default)]
    pub version: VersionOf<Self>,
    /// Short name.
    #[schemars(length(min = 1))]
    pub name: String,
    /// Part number for synthesis.
    #[schemars(length(min = 1))]
    pub part: String,
    /// Board that carries the part, for the Vivado project and what runs on the board.
    #[serde(default)]
    pub board: board::Name,
    /// FPGA family.
    pub family: Family,
    /// P: pixels that the dense array takes each cycle.
    #[schemars(range(min = 1, max = 8), extend("x-power-of-two" = true))]
    pub pixels: u64,
    /// Look-up tables of the part.
    #[schemars(range(min = 1_000, max = 10_000_000))]
    pub lut: u64,
    /// Flip-flops of the part.
    #[schemars(range(min = 1_000, max = 20_000_000))]
    pub ff: u64,
    /// DSP slices of the part.
    #[schemars(range(min = 1, max = 20_000))]
    pub dsp: u64,
    /// Kind of the DSP slices.
    pub dsp_kind: DspKind,
    /// Block RAMs of 36 Kbit (4 KiB of data) of the part.
    #[schemars(range(min = 1, max = 10_000))]
    pub bram36: u64,
    /// UltraRAMs of 288 Kbit (32 KiB of data) of the part.
    #[schemars(range(min = 0, max = 4_000))]
    pub uram: u64,
    /// Bits of the accelerator's AXI port to DDR.
    #[schemars(range(min = 32, max = 1_024), extend("x-power-of-two" = true))]
    pub ddr_bits: u64,
    /// What the bursts on that port say of the memory.
    #[serde(default)]
    pub axi: Axi,
    /// Peak bandwidth of the board's DDR.
    #[schemars(range(min = 1_000_000, max = 10_000_000_000_000u64))]
    pub ddr_bytes_per_second: u64,
    /// Clock of the accelerator.
    #[schemars(range(min = 1, max = 2_000))]
    pub clock_mhz: u64,
    /// Capacity of the shared memory: all port domains.
    #[schemars(range(min = 32_768, max = 2_097_152))]
    pub memory_bytes: u64,
    /// Bytes of a logical block, the unit of ownership.
    #[schemars(range(min = 16_384, max = 16_384), extend("x-power-of-two" = true))]
    pub block_bytes: u64,
    /// Geometry of the shared memory.
    pub port_domains: PortDomains,
    /// What the hardware can do.
    #[serde(default)]
    pub capabilities: Capabilities,
}

impl Form for Target {
    const FORMAT: &'static str = "seigo-target";
    const VERSION: u32 = 1;
}

impl Target {
    /// A built-in target by name ([`NAMES`]), or one from a JSON file.
    ///
    /// # Errors
    /// [`codes::TARGET`] for an unknown name or a description that is malformed or absurd, naming
    /// the field and the allowed range; [`codes::FILE_READ`] when the file cannot be read.
    pub fn load(name_or_path: &str) -> Result<Self> {
        if let Some(target) = builtin::find(name_or_path) {
            return Ok(target);
        }
        let path = Path::new(name_or_path);
        let json = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
        if !json && !path.is_file() {
            return Err(Error::new(
                &codes::TARGET,
                format!("there is no target \"{name_or_path}\""),
            )
            .help(format!("choose one of {}, or give the path of a JSON file", NAMES.join(", "))));
        }
        Self::from_json(&files::read_text(path)?).at(|| name_or_path)
    }

    /// Reads the JSON form.
    ///
    /// # Errors
    /// [`codes::TARGET`] naming the field that is missing, unknown or absurd, and what is allowed.
    pub fn from_json(text: &str) -> Result<Self> {
        check::parse(text)
    }

    /// The JSON form, which [`Target::from_json`] reads.
    ///
    /// # Errors
    /// None in practice: strings, integers and flags always serialize.
    pub fn to_json(&self) -> Result<String> {
        json::pretty(self)
    }

    /// Data bytes of all UltraRAMs of the part.
    pub fn uram_bytes(&self) -> u64 {
        self.uram * URAM_BYTES
    }

    /// Whether the shared memory is made of UltraRAM.
    pub fn ultra_ram(&self) -> bool {
        self.memory_bytes <= self.uram_bytes()
    }

    /// Whole logical blocks of the shared memory.
    pub fn blocks(&self) -> u64 {
        self.memory_bytes / self.block_bytes
    }
}
