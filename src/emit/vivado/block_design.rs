//! The block design of a board: processor, reset, interconnects, accelerator, and every connection by name.

use std::fmt::Write as _;

use super::component::{BLOCK, COMPONENT, LIBRARY, VENDOR};
use crate::compile::boards::board::Board;
use crate::compile::boards::processor::Processor;
use crate::compile::border::ports::{CLOCK, CONTROL, INTERRUPT, RESET, gmem};
use crate::compile::border::registers::WINDOW;

/// The text of `bd.tcl` for a clock of `mhz`.
pub fn text(board: &Board, mhz: u64) -> String {
    let mut text = String::from(HEAD);
    text.push_str(&cells(board, mhz));
    text.push_str(&nets(board.processor));
    text.push_str(&pins(board));
    text.push_str(&interfaces(board.processor));
    text.push_str(&addresses(board));
    text
}

const HEAD: &str = r#"# The system around the accelerator, drawn into the open block design; design.tcl sources it.
#
# Every connection is made by name and none by automation, which connects what it takes for right and differs between
# versions.

# The newest version of an IP in the catalog: numbers differ between releases of Vivado, names do not.
proc newest {name} {
  set found [lsort -dictionary [get_ipdefs "$name:*"]]
  if {$found eq ""} {error "seigo: the catalog has no IP $name"}
  return [get_property VLNV [lindex $found end]]
}

proc place {cell name} {
  return [create_bd_cell -type ip -vlnv [newest $name] $cell]
}

"#;

/// The cells and their parameters.
fn cells(board: &Board, mhz: u64) -> String {
    let processor = board.processor;
    let (rule, told) = processor.automation;
    let (ask, given) = processor.frequency;
    let mut text = format!(
        "# The processor, set up as the {title} needs it: memory, pins and clocks of the board come from its files.\n\
         set ps [place ps xilinx.com:ip:{ip}]\n\
         apply_bd_automation -rule xilinx.com:bd_rule:{rule} \\\n  \
         -config {{{told}}} $ps\n",
        title = board.title,
        ip = processor.ip,
    );
    // One call with all of them, since the IP checks them together; a list, so that each has its reason.
    text.push_str("set parameters {}\n");
    for parameter in board.all_parameters() {
        let _ = writeln!(
            text,
            "# {}.\nlappend parameters CONFIG.{} {{{}}}",
            sentence(parameter.reason),
            parameter.name,
            parameter.value
        );
    }
    let _ = write!(
        text,
        "# The target's clock. The PLL of the preset stays, and the IP takes the nearest rate that it can divide.\n\
         lappend parameters CONFIG.{ask} {{{mhz}}}\n\
         set_property -dict $parameters $ps\n\
         # What the PLL gives, for the verdict; slack is counted against it.\n\
         set ::actual_mhz [get_property CONFIG.{given} $ps]\n\
         puts \"seigo: {mhz} MHz asked for, the PLL gives $::actual_mhz\"\n\n\
         # Holds the design in reset until the clock runs, and releases it in step with the clock.\n\
         place reset xilinx.com:ip:proc_sys_reset\n\
         # Between the processor, which speaks {ps_language}, and the registers, which speak AXI4-Lite.\n\
         set_property -dict {{CONFIG.NUM_SI 1 CONFIG.NUM_MI 1}} [place control xilinx.com:ip:smartconnect]\n\
         # Between the accelerator ({bits} bits, AXI4) and the port to the DDR ({ps_bits} bits, {ps_language}).\n\
         set_property -dict {{CONFIG.NUM_SI 1 CONFIG.NUM_MI 1}} [place memory xilinx.com:ip:smartconnect]\n\
         # The accelerator, from ip/component.xml.\n\
         place seigo {VENDOR}:{LIBRARY}:{COMPONENT}\n\n",
        ps_language = if processor.axi3 { "AXI3" } else { "AXI4" },
        bits = gmem::DATA_BITS,
        ps_bits = processor.memory_bits,
    );
    text
}

/// Clock, reset, interrupt.
fn nets(processor: &Processor) -> String {
    let mut text = String::from("# One clock for everything: nothing crosses clock domains.\n");
    let (_, control_clock) = processor.control;
    let (_, memory_clock, _) = processor.memory;
    let clocked = [
        format!("ps/{}", processor.clock),
        format!("ps/{control_clock}"),
        format!("ps/{memory_clock}"),
        "reset/slowest_sync_clk".to_owned(),
        "control/aclk".to_owned(),
        "memory/aclk".to_owned(),
        format!("seigo/{CLOCK}"),
    ];
    text.push_str(&net(&clocked));
    text.push_str(
        "# The processor's reset is asynchronous: it goes to the synchronizer and nowhere else.\n",
    );
    text.push_str(&net(&[format!("ps/{}", processor.reset), "reset/ext_reset_in".to_owned()]));
    text.push_str("# All AXI interfaces leave reset in the same cycle.\n");
    let reset = [
        "reset/peripheral_aresetn".to_owned(),
        "control/aresetn".to_owned(),
        "memory/aresetn".to_owned(),
        format!("seigo/{RESET}"),
    ];
    text.push_str(&net(&reset));
    let _ = writeln!(
        text,
        "# High while an event waits: shared peripheral interrupt {} of the device tree.",
        processor.spi
    );
    text.push_str(&net(&[format!("seigo/{INTERRUPT}"), format!("ps/{}", processor.interrupt)]));
    text
}

fn net(pins: &[String]) -> String {
    let pins: Vec<String> = pins.iter().map(|pin| format!("[get_bd_pins {pin}]")).collect();
    format!("connect_bd_net {}\n", pins.join(" \\\n  "))
}

/// Pins of the processor's IP that leave the block design for pins of the board.
fn pins(board: &Board) -> String {
    let mut text = String::new();
    for pin in board.pins {
        let (source, bit, width) = pin.source;
        let _ = write!(
            text,
            "# {}; {} takes bit {bit}.\n\
             create_bd_port -dir O -from {} -to 0 {source}\n\
             connect_bd_net [get_bd_pins ps/{source}] [get_bd_ports {source}]\n",
            sentence(pin.reason),
            super::top::BOARD,
            width - 1,
        );
    }
    text
}

/// AXI connections.
fn interfaces(processor: &Processor) -> String {
    let connect = |from: String, to: String| {
        format!("connect_bd_intf_net [get_bd_intf_pins {from}] [get_bd_intf_pins {to}]\n")
    };
    [
        "\n# Registers: processor to accelerator.\n".to_owned(),
        connect(format!("ps/{}", processor.control.0), "control/S00_AXI".to_owned()),
        connect("control/M00_AXI".to_owned(), format!("seigo/{CONTROL}")),
        "# Program, images, results: accelerator to DDR.\n".to_owned(),
        connect(format!("seigo/{}", gmem::NAME), "memory/S00_AXI".to_owned()),
        connect("memory/M00_AXI".to_owned(), format!("ps/{}", processor.memory.0)),
    ]
    .concat()
}

/// Where the registers and the DDR are.
fn addresses(board: &Board) -> String {
    let map = board.processor.memory.2;
    let mut text = format!(
        "\n# The register window, where the device tree says that it is.\n\
         assign_bd_address -offset {:#010x} -range {WINDOW:#x} -target_address_space [get_bd_addr_spaces ps/Data] \\\n  \
         [get_bd_addr_segs seigo/{CONTROL}/{BLOCK}]\n\
         # The DDR at the addresses that the processor uses, so that a buffer has one address.\n",
        board.window
    );
    for segment in board.memory {
        let _ = writeln!(
            text,
            "assign_bd_address -offset {:#012x} -range {:#x} -target_address_space \\\n  [get_bd_addr_spaces \
             seigo/{}] [get_bd_addr_segs ps/{map}/{}]",
            segment.base,
            segment.bytes,
            gmem::NAME,
            segment.name
        );
    }
    let names: Vec<&str> = board.memory.iter().map(|segment| segment.name).collect();
    let _ = write!(
        text,
        "# What else is behind the port (flash, on-chip memory) must not be reached by a wrong base address, and a segment\n\
         # that is neither mapped nor excluded is a critical warning.\n\
         foreach segment [get_bd_addr_segs ps/{map}/*] {{\n  \
           if {{[lsearch -exact {{{}}} [file tail $segment]] < 0}} {{\n    \
             exclude_bd_addr_seg -target_address_space [get_bd_addr_spaces seigo/{}] $segment\n  }}\n}}\n",
        names.join(" "),
        gmem::NAME
    );
    text
}

/// With a capital letter, but for names.
fn sentence(reason: &str) -> String {
    let name = reason.split_whitespace().next().is_some_and(|word| word.contains('_'));
    let mut letters = reason.chars();
    match letters.next() {
        Some(first) if !name => first.to_uppercase().chain(letters).collect(),
        _ => reason.to_owned(),
    }
}
