//! The table of target fields: names, ranges and meanings in one place.

use std::fmt::Write as _;

use super::{NAMES, Target, builtin};

/// What a number may be.
#[derive(Debug, Clone, Copy)]
pub struct Range {
    /// Smallest value.
    pub min: u64,
    /// Largest value.
    pub max: u64,
    /// Whether only powers of two are allowed.
    pub power_of_two: bool,
}

impl Range {
    /// Whether `value` is allowed.
    pub fn allows(self, value: u64) -> bool {
        (self.min..=self.max).contains(&value) && (!self.power_of_two || value.is_power_of_two())
    }

    /// The range in words.
    pub fn text(self) -> String {
        let power = if self.power_of_two { "a power of two in " } else { "" };
        format!("{power}{}..={}", self.min, self.max)
    }
}

/// What a field holds.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// Any text but the empty one.
    Text,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A whole number.
    Number(Range),
    /// `true` or `false`; `false` where it is not given.
    Flag,
}

impl Kind {
    /// What is allowed, in words.
    pub fn text(self) -> String {
        match self {
            Self::Text => "text".to_owned(),
            Self::Word(words) => words.join(" or "),
            Self::Number(range) => range.text(),
            Self::Flag => "true or false (default)".to_owned(),
        }
    }
}

/// One field.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// Name in JSON; a dot leads into an object.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// What it means.
    pub meaning: &'static str,
}

const fn text(name: &'static str, meaning: &'static str) -> Field {
    Field { name, kind: Kind::Text, meaning }
}

const fn word(name: &'static str, words: &'static [&'static str], meaning: &'static str) -> Field {
    Field { name, kind: Kind::Word(words), meaning }
}

const fn number(name: &'static str, min: u64, max: u64, meaning: &'static str) -> Field {
    Field { name, kind: Kind::Number(Range { min, max, power_of_two: false }), meaning }
}

const fn power(name: &'static str, min: u64, max: u64, meaning: &'static str) -> Field {
    Field { name, kind: Kind::Number(Range { min, max, power_of_two: true }), meaning }
}

const fn flag(name: &'static str, meaning: &'static str) -> Field {
    Field { name, kind: Kind::Flag, meaning }
}

/// Every field, in the order of the documentation.
pub const FIELDS: &[Field] = &[
    text("name", "short name"),
    text("part", "part number for synthesis"),
    word("family", &["xcup", "xc7"], "FPGA family: UltraScale+ or 7 series"),
    power("pixels", 1, 8, "P, the pixels that the dense array takes each cycle"),
    number("lut", 1_000, 10_000_000, "look-up tables of the part"),
    number("ff", 1_000, 20_000_000, "flip-flops of the part"),
    number("dsp", 1, 20_000, "DSP slices of the part"),
    word("dsp_kind", &["dsp48e2", "dsp48e1"], "two int8 products a slice, or one"),
    number("bram36", 1, 10_000, "block RAMs of 36 Kbit (4 KiB of data) of the part"),
    number("uram", 0, 4_000, "UltraRAMs of 288 Kbit (32 KiB of data) of the part"),
    power("ddr_bits", 32, 1_024, "bits of the accelerator's AXI port to DDR"),
    number(
        "ddr_bytes_per_second",
        1_000_000,
        10_000_000_000_000,
        "peak bandwidth of the board's DDR",
    ),
    number("clock_mhz", 1, 2_000, "clock of the accelerator"),
    number("memory_bytes", 1 << 15, 1 << 21, "capacity of the shared memory: all port domains"),
    power("block_bytes", 1 << 14, 1 << 14, "bytes of a logical block, the unit of ownership"),
    power("port_domains.banks", 1, 8, "banks of 16 bytes of a port domain: P"),
    power("port_domains.bytes", 1 << 14, 1 << 20, "bytes of a port domain: whole blocks"),
    number("port_domains.count", 2, 128, "port domains, the units of arbitration"),
    flag("capabilities.depthwise_sequential", "depthwise convolutions run as passes of their own"),
    flag(
        "capabilities.depthwise_chained",
        "depthwise convolutions run chained behind the convolution that produces their input",
    ),
    flag("capabilities.stem_unit", "the first layer is folded from raw pixels"),
    flag("capabilities.input_streamed", "the input is streamed by rows and never stored"),
    flag("capabilities.two_filter_pairs", "two depthwise filters read one input in one pass"),
    flag(
        "capabilities.store_and_forward",
        "a chained pass also stores the convolution's own output",
    ),
    flag("capabilities.streamed_outputs", "outputs leave to DDR while they are computed"),
];

/// The text of `docs/targets.md`.
pub fn documentation() -> String {
    let mut text = String::from(INTRODUCTION);
    let targets: Vec<Target> = NAMES.iter().filter_map(|name| builtin::find(name)).collect();
    // Writing to a String does not fail.
    let _ = writeln!(text, "\n## Built-in targets\n\n| field | {} |", NAMES.join(" | "));
    let _ = writeln!(text, "|---|{}", "---|".repeat(NAMES.len()));
    let values: Vec<serde_json::Value> =
        targets.iter().filter_map(|target| serde_json::to_value(target).ok()).collect();
    for field in FIELDS.iter().skip(1) {
        let pointer = format!("/{}", field.name.replace('.', "/"));
        let cell = |value: &serde_json::Value| match value.pointer(&pointer) {
            Some(serde_json::Value::String(text)) => text.clone(),
            Some(serde_json::Value::Bool(on)) => if *on { "yes" } else { "no" }.to_owned(),
            Some(other) => other.to_string(),
            None => String::new(),
        };
        let cells: Vec<String> = values.iter().map(cell).collect();
        let _ = writeln!(text, "| `{}` | {} |", field.name, cells.join(" | "));
    }
    text.push_str("\n## Fields\n\n| field | allowed | meaning |\n|---|---|---|\n");
    for Field { name, kind, meaning } in FIELDS {
        let _ = writeln!(text, "| `{name}` | {} | {meaning} |", kind.text());
    }
    text.push_str(RULES);
    if let Some(target) = targets.last() {
        let _ = write!(text, "\n## Example\n\n```json\n{}```\n", target.to_json());
    }
    text
}

const INTRODUCTION: &str = "\
# Targets

A target is a part together with an accelerator preset on it. `--target` takes one of the built-in
names or the path of a JSON file with the fields below. A name with a dot is a field inside an
object. Every field but the flags must be given; unknown fields are refused.

Part figures are those of the vendor's data sheets (K26: DS987; Zynq UltraScale+: DS891; Zynq-7000:
DS190). DDR bandwidth is the peak of the board's memory: KV260 64 bit at 2,400 Mb/s, PYNQ-Z2 16 bit
at 1,050 Mb/s, Ultra96-V2 32 bit at 2,133 Mb/s. Clocks are what the design aims at; timing closure
decides.
";

const RULES: &str = "
The ranges are those of the Verilog, so that every target elaborates. Beyond them: `memory_bytes` is
`port_domains.bytes` times `port_domains.count`; a domain has `pixels` banks; the memory fits the part's
RAM, 4 KiB for each block RAM and 32 KiB for each UltraRAM; depthwise convolutions run in at least one
of the two ways. The memory is made of UltraRAM where the part has enough for all of it.
";
