//! `seigo.hwh`, the hardware description that PYNQ reads beside a bitstream: registers of the accelerator, its address,
//! its clock. Interconnects, which no driver sees, are left out. PYNQ knows interrupts only behind an interrupt
//! controller in the fabric, of which there is none: its drivers ask the registers.

use crate::compile::boards::board::Board;
use crate::compile::boards::processor::{Kind, Processor};
use crate::compile::border::ports::{CLOCK, CONTROL, INTERRUPT, PORTS, gmem};
use crate::compile::border::registers::{Access, REGISTERS, WINDOW};
use crate::emit::interfaces::{self, Mode};
use crate::emit::verilog::TOP;
use crate::emit::xml::Xml;

/// Instances, as in the block design.
const PROCESSOR: &str = "ps";
const ACCELERATOR: &str = "seigo";

/// The text for a clock of `mhz`.
pub fn text(board: &Board, mhz: u64) -> String {
    let (device, rest) = board.part.split_once('-').unwrap_or((board.part, ""));
    let mut xml = Xml::new();
    let head = [("EDWVERSION", "1.2"), ("TIMESTAMP", "-"), ("VIVADOVERSION", "-")];
    xml.element("EDKSYSTEM", &head, |xml| {
        let info = [
            ("ARCH", board.processor.catalog),
            ("BOARD", board.board_part),
            ("DEVICE", device),
            ("NAME", ACCELERATOR),
            ("PACKAGE", rest),
        ];
        xml.empty("SYSTEMINFO", &info);
        xml.empty("EXTERNALPORTS", &[]);
        xml.empty("EXTERNALINTERFACES", &[]);
        xml.element("MODULES", &[], |xml| {
            accelerator(xml, board, mhz);
            processor(xml, board, mhz);
        });
    });
    xml.finish()
}

fn accelerator(xml: &mut Xml, board: &Board, mhz: u64) {
    let attributes = [
        ("FULLNAME", "/seigo"),
        ("HWVERSION", "1.0"),
        ("INSTANCE", ACCELERATOR),
        ("IPTYPE", "PERIPHERAL"),
        ("IS_ENABLE", "1"),
        ("MODCLASS", "PERIPHERAL"),
        ("MODTYPE", "seigo"),
        ("NAME", TOP),
        ("VLNV", "seigo:ip:seigo:1.0"),
    ];
    xml.element("MODULE", &attributes, |xml| {
        xml.element("ADDRESSBLOCKS", &[], registers);
        xml.element("PARAMETERS", &[], |xml| parameter(xml, "Component_Name", ACCELERATOR));
        xml.element("PORTS", &[], |xml| {
            PORTS.iter().for_each(|port| self::port(xml, port, board.processor, mhz));
        });
        xml.element("BUSINTERFACES", &[], |xml| {
            for interface in interfaces::all().iter().filter(|own| own.library == "interface") {
                let master = interface.mode == Mode::Master;
                let bits = if master { gmem::DATA_BITS } else { 32 };
                bus(xml, interface.name, master, bits, &interface.ports());
            }
        });
        xml.element("MEMORYMAP", &[], |xml| {
            for segment in board.memory {
                let to = (PROCESSOR, board.processor.memory.0, segment.name);
                range(xml, to, (segment.base, segment.bytes), gmem::NAME, "MEMORY");
            }
        });
    });
}

/// The register block.
fn registers(xml: &mut Xml) {
    let attributes = [
        ("ACCESS", "read-write"),
        ("INTERFACE", CONTROL),
        ("NAME", "reg0"),
        ("RANGE", "4096"),
        ("USAGE", "register"),
    ];
    xml.element("ADDRESSBLOCK", &attributes, |xml| {
        xml.element("REGISTERS", &[], |xml| {
            for register in REGISTERS {
                xml.element("REGISTER", &[("NAME", register.name)], |xml| {
                    property(xml, "DESCRIPTION", register.meaning);
                    property(xml, "ADDRESS_OFFSET", &register.offset.to_string());
                    property(xml, "SIZE", "32");
                    property(xml, "ACCESS", "read-write");
                    property(xml, "IS_ENABLED", "true");
                    xml.element("FIELDS", &[], |xml| {
                        for bits in register.fields {
                            xml.element("FIELD", &[("NAME", bits.name)], |xml| {
                                property(xml, "DESCRIPTION", bits.meaning);
                                property(xml, "BIT_OFFSET", &bits.lsb.to_string());
                                property(xml, "BIT_WIDTH", &bits.width.to_string());
                                property(xml, "ACCESS", access(bits.access));
                            });
                        }
                    });
                });
            }
        });
    });
}

const fn access(access: Access) -> &'static str {
    match access {
        Access::ReadWrite | Access::Set | Access::Toggle => "read-write",
        Access::Read | Access::ReadClear => "read-only",
        Access::Pulse => "write-only",
    }
}

fn port(xml: &mut Xml, port: &crate::compile::border::ports::Port, ps: &Processor, mhz: u64) {
    let left = (port.bits - 1).to_string();
    let hz = ps.clock_hz(mhz).to_string();
    let mut attributes = vec![("DIR", if port.input { "I" } else { "O" }), ("NAME", port.name)];
    if port.bits > 1 {
        attributes.extend([("LEFT", left.as_str()), ("RIGHT", "0")]);
    }
    let other = match port.name {
        CLOCK => Some((ps.clock, "clk")),
        INTERRUPT => Some((ps.interrupt, "INTERRUPT")),
        _ => None,
    };
    let Some((pin, kind)) = other else {
        attributes.push(("SIGIS", "undef"));
        return xml.empty("PORT", &attributes);
    };
    attributes.extend([("SIGIS", kind), ("SIGNAME", port.name)]);
    if port.name == CLOCK {
        attributes.push(("CLKFREQUENCY", &hz));
    } else {
        attributes.push(("SENSITIVITY", "LEVEL_HIGH"));
    }
    connected(xml, &attributes, PROCESSOR, pin);
}

fn connected(xml: &mut Xml, attributes: &[(&str, &str)], instance: &str, pin: &str) {
    xml.element("PORT", attributes, |xml| {
        xml.element("CONNECTIONS", &[], |xml| {
            xml.empty("CONNECTION", &[("INSTANCE", instance), ("PORT", pin)]);
        });
    });
}

fn processor(xml: &mut Xml, board: &Board, mhz: u64) {
    let processor = board.processor;
    let vlnv = format!("xilinx.com:ip:{}:1.0", processor.ip);
    let attributes = [
        ("FULLNAME", "/ps"),
        ("HWVERSION", "1.0"),
        ("INSTANCE", PROCESSOR),
        ("IPTYPE", "PERIPHERAL"),
        ("IS_ENABLE", "1"),
        ("IS_PL", "FALSE"),
        ("MODCLASS", "PERIPHERAL"),
        ("MODTYPE", processor.ip),
        ("NAME", PROCESSOR),
        ("VLNV", &vlnv),
    ];
    xml.element("MODULE", &attributes, |xml| {
        xml.element("PARAMETERS", &[], |xml| {
            clocks(xml, processor, mhz);
            // PYNQ sets the widths of the ports by these.
            if processor.kind == Kind::ZynqUltra {
                let bits = |name| processor.parameter(name).unwrap_or_default();
                parameter(xml, "C_MAXIGP0_DATA_WIDTH", bits("PSU__MAXIGP0__DATA_WIDTH"));
                parameter(xml, "C_SAXIGP2_DATA_WIDTH", bits("PSU__SAXIGP2__DATA_WIDTH"));
            }
        });
        let address = format!("{}_awaddr", processor.control.0.to_lowercase());
        let target = format!("{}_awaddr", processor.memory.0.to_lowercase());
        xml.element("PORTS", &[], |xml| {
            let clock =
                [("DIR", "O"), ("NAME", processor.clock), ("SIGIS", "clk"), ("SIGNAME", CLOCK)];
            connected(xml, &clock, ACCELERATOR, CLOCK);
            let interrupt = [
                ("DIR", "I"),
                ("NAME", processor.interrupt),
                ("SIGIS", "INTERRUPT"),
                ("SIGNAME", INTERRUPT),
            ];
            connected(xml, &interrupt, ACCELERATOR, INTERRUPT);
            for (name, direction) in [(&address, "O"), (&target, "I")] {
                xml.empty("PORT", &[("DIR", direction), ("NAME", name), ("SIGIS", "undef")]);
            }
        });
        xml.element("BUSINTERFACES", &[], |xml| {
            let map = |name: &str| [("AWADDR".to_owned(), name.to_owned())];
            bus(xml, processor.control.0, true, 32, &map(&address));
            bus(xml, processor.memory.0, false, processor.memory_bits as u32, &map(&target));
        });
        xml.element("MEMORYMAP", &[], |xml| {
            let to = (ACCELERATOR, CONTROL, "reg0");
            range(xml, to, (board.window, WINDOW.into()), processor.control.0, "REGISTER");
        });
    });
}

/// Clock 0 runs the design, the others are off; PYNQ divides by both divisors.
fn clocks(xml: &mut Xml, processor: &Processor, mhz: u64) {
    for clock in 0..4 {
        let on = if clock == 0 { "1" } else { "0" };
        let divisor = processor.divisor(mhz).to_string();
        let names = match processor.kind {
            Kind::ZynqUltra => [
                format!("PSU__CRL_APB__PL{clock}_REF_CTRL__SRCSEL"),
                format!("PSU__CRL_APB__PL{clock}_REF_CTRL__DIVISOR0"),
                format!("PSU__CRL_APB__PL{clock}_REF_CTRL__DIVISOR1"),
                format!("PSU__FPGA_PL{clock}_ENABLE"),
            ],
            Kind::Zynq7000 => [
                format!("PCW_FCLK{clock}_PERIPHERAL_CLKSRC"),
                format!("PCW_FCLK{clock}_PERIPHERAL_DIVISOR0"),
                format!("PCW_FCLK{clock}_PERIPHERAL_DIVISOR1"),
                format!("PCW_FPGA_FCLK{clock}_ENABLE"),
            ],
        };
        let source = match processor.kind {
            Kind::ZynqUltra => "IOPLL",
            Kind::Zynq7000 => "IO PLL",
        };
        if clock == 0 && processor.kind == Kind::ZynqUltra {
            let given = format!("{:.6}", processor.clock_hz(mhz) as f64 / 1e6);
            parameter(xml, processor.frequency.1, &given);
        }
        for (name, value) in names.iter().zip([source, &divisor, "1", on]) {
            parameter(xml, name, value);
        }
    }
}

fn parameter(xml: &mut Xml, name: &str, value: &str) {
    xml.empty("PARAMETER", &[("NAME", name), ("VALUE", value)]);
}

fn property(xml: &mut Xml, name: &str, value: &str) {
    xml.empty("PROPERTY", &[("NAME", name), ("VALUE", value)]);
}

/// An AXI interface; both ends of a connection have the same bus name.
fn bus<T: AsRef<str>>(xml: &mut Xml, name: &str, master: bool, bits: u32, maps: &[(String, T)]) {
    let control = name == CONTROL || (master && name != gmem::NAME);
    let bits = bits.to_string();
    let attributes = [
        ("BUSNAME", if control { "control" } else { "memory" }),
        ("DATAWIDTH", bits.as_str()),
        ("NAME", name),
        ("TYPE", if master { "MASTER" } else { "SLAVE" }),
        ("VLNV", "xilinx.com:interface:aximm:1.0"),
    ];
    xml.element("BUSINTERFACE", &attributes, |xml| {
        xml.element("PORTMAPS", &[], |xml| {
            for (logical, physical) in maps {
                xml.empty("PORTMAP", &[("LOGICAL", logical), ("PHYSICAL", physical.as_ref())]);
            }
        });
    });
}

/// Where a master finds a slave: instance, interface and block of it, first address and bytes.
fn range(
    xml: &mut Xml,
    to: (&str, &str, &str),
    (base, bytes): (u64, u64),
    master: &str,
    kind: &str,
) {
    let (low, high) = (format!("{base:#X}"), format!("{:#X}", base + bytes - 1));
    let hexadecimal = |text: &str| text.replace("0X", "0x");
    let (low, high) = (hexadecimal(&low), hexadecimal(&high));
    let attributes = [
        ("ADDRESSBLOCK", to.2),
        ("BASENAME", "C_BASEADDR"),
        ("BASEVALUE", low.as_str()),
        ("HIGHNAME", "C_HIGHADDR"),
        ("HIGHVALUE", high.as_str()),
        ("INSTANCE", to.0),
        ("IS_DATA", "TRUE"),
        ("IS_INSTRUCTION", "FALSE"),
        ("MASTERBUSINTERFACE", master),
        ("MEMTYPE", kind),
        ("SLAVEBUSINTERFACE", to.1),
    ];
    xml.empty("MEMRANGE", &attributes);
}
