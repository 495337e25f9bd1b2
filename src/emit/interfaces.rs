//! The accelerator's ports as interfaces of the vendor's tools, by which a block design connects them: the attributes
//! of the generated top level and the packaged IP say the same.

use crate::compile::border::ports::{CLOCK, CONTROL, INTERRUPT, PORTS, RESET, gmem};
use crate::compile::border::registers::WINDOW;

/// An interface: ports that belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interface {
    /// Name, also the prefix of its ports.
    pub name: &'static str,
    /// Library of the type in the vendor's catalog: `interface` or `signal`.
    pub library: &'static str,
    /// Type of the bus.
    pub bus: &'static str,
    /// Which side the accelerator is.
    pub mode: Mode,
    /// What interconnects are sized by and validation looks at.
    pub parameters: Vec<(&'static str, String)>,
}

/// Which side of an interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// With its address space.
    Master,
    /// With its memory map.
    Mapped,
    /// Of a signal that drives the component.
    Slave,
    /// Of a signal that the component drives.
    Source,
}

/// All of them.
pub fn all() -> [Interface; 5] {
    let number = |value: u32| value.to_string();
    let signal =
        |name, bus, mode, parameters| Interface { name, library: "signal", bus, mode, parameters };
    [
        Interface {
            name: CONTROL,
            library: "interface",
            bus: "aximm",
            mode: Mode::Mapped,
            parameters: vec![
                ("PROTOCOL", "AXI4LITE".to_owned()),
                ("DATA_WIDTH", number(32)),
                ("ADDR_WIDTH", number(WINDOW.ilog2())),
            ],
        },
        Interface {
            name: gmem::NAME,
            library: "interface",
            bus: "aximm",
            mode: Mode::Master,
            parameters: vec![
                ("PROTOCOL", "AXI4".to_owned()),
                ("DATA_WIDTH", number(gmem::DATA_BITS)),
                ("ADDR_WIDTH", number(gmem::ADDRESS_BITS)),
                ("ID_WIDTH", number(0)),
                ("MAX_BURST_LENGTH", number(gmem::BURST)),
                ("NUM_READ_OUTSTANDING", number(gmem::READS)),
                ("NUM_WRITE_OUTSTANDING", number(gmem::WRITES)),
                // Every beat is as wide as the bus; logic for others costs hundreds of LUTs a port.
                ("SUPPORTS_NARROW_BURST", number(0)),
            ],
        },
        signal(
            CLOCK,
            "clock",
            Mode::Slave,
            vec![
                ("ASSOCIATED_BUSIF", format!("{CONTROL}:{}", gmem::NAME)),
                ("ASSOCIATED_RESET", RESET.to_owned()),
                // No FREQ_HZ: a PLL gives 99,999,001 Hz where 100 MHz were asked for, and both must agree.
            ],
        ),
        signal(RESET, "reset", Mode::Slave, vec![("POLARITY", "ACTIVE_LOW".to_owned())]),
        signal(
            INTERRUPT,
            "interrupt",
            Mode::Source,
            vec![("SENSITIVITY", "LEVEL_HIGH".to_owned())],
        ),
    ]
}

impl Interface {
    /// Logical and physical name of every signal.
    pub fn ports(&self) -> Vec<(String, &'static str)> {
        if self.library == "interface" {
            let prefix = format!("{}_", self.name);
            let signals =
                PORTS.iter().filter_map(|port| Some((port, port.name.strip_prefix(&prefix)?)));
            return signals.map(|(port, signal)| (signal.to_uppercase(), port.name)).collect();
        }
        let logical = match self.bus {
            "clock" => "CLK",
            "reset" => "RST",
            _ => "INTERRUPT",
        };
        vec![(logical.to_owned(), self.name)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is in no interface is what only simulation looks at.
    #[test]
    fn every_port_is_in_one_interface() {
        let mut ports: Vec<_> =
            all().iter().flat_map(Interface::ports).map(|(_, port)| port).collect();
        ports.extend(["pass_done_o", "pass_index_o", "stall_o"]);
        ports.sort_unstable();
        let mut expected: Vec<_> = PORTS.iter().map(|port| port.name).collect();
        expected.sort_unstable();
        assert_eq!(ports, expected);
    }
}
