//! The second road to a bitstream: the whole device in plain Verilog, with the processor as a primitive of the part. It
//! needs no IP of the vendor and no block design, so nothing of it depends on the version of Vivado; what the IP would
//! set in the processor is set by boot firmware and device tree in both roads.

use std::fmt::Write as _;

use super::top;
use crate::compile::boards::board::Board;
use crate::compile::boards::processor::Kind;

macro_rules! sources {
    ($($name:literal),* $(,)?) => {
        /// Every file of `rtl/device` with its text.
        const SOURCES: &[(&str, &str)] =
            &[$(($name, include_str!(concat!("../../../rtl/device/", $name)))),*];
    };
}

sources![
    "seigo_axi3_port.v",
    "seigo_axi3_split.v",
    "seigo_lite_bridge.v",
    "seigo_reset.v",
    "seigo_zynq_7000.v",
    "seigo_zynq_ultra.v",
];

/// Name of the top level, and of its file without `.v`.
pub const TOP: &str = "seigo_device";

/// Module of the processor with what stands around it, name of its instance of the primitive, pin of its clock.
const fn processor(kind: Kind) -> (&'static str, &'static str, &'static str) {
    match kind {
        Kind::ZynqUltra => ("seigo_zynq_ultra", "PS8_i", "PLCLK[0]"),
        Kind::Zynq7000 => ("seigo_zynq_7000", "PS7_i", "FCLKCLK[0]"),
    }
}

/// Every file by its path in the bundle, for a clock of `mhz`.
pub fn files(board: &Board, mhz: u64) -> Vec<(String, String)> {
    let (module, _, _) = processor(board.processor.kind);
    // The processor of the other boards is a primitive that this part does not have.
    let own =
        |name: &&(&str, &str)| !name.0.starts_with("seigo_zynq") || name.0 == format!("{module}.v");
    let mut files: Vec<(String, String)> = SOURCES
        .iter()
        .filter(own)
        .map(|(name, text)| (format!("device/{name}"), (*text).to_owned()))
        .collect();
    files.push((format!("device/{TOP}.v"), top::around(board, TOP, module)));
    files.push(("vivado/device.xdc".to_owned(), constraints(board, mhz)));
    files
}

/// What the processor's IP would bring.
fn constraints(board: &Board, mhz: u64) -> String {
    let (_, instance, pin) = processor(board.processor.kind);
    let mut text = String::from(
        "# For the device in plain Verilog, beside constraints.xdc: what the processor's IP would bring.\n",
    );
    let _ = write!(
        text,
        "# The clock, at the rate that the processor's PLL gives.\n\
         create_clock -name seigo_clock -period {:.3} [get_pins {{system/{instance}/{pin}}}]\n\
         # The processor's reset is asynchronous; the synchronizer is made for that.\n\
         set_false_path -to [get_pins {{system/i_reset/stages_q_reg[*]/CLR}}]\n",
        1e9 / board.processor.clock_hz(mhz) as f64
    );
    text
}

#[cfg(test)]
mod tests {
    use super::SOURCES;

    #[test]
    fn every_file_of_the_folder_is_listed() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("rtl/device");
        let entries = std::fs::read_dir(folder).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        assert_eq!(names, SOURCES.iter().map(|(name, _)| *name).collect::<Vec<_>>());
    }
}
