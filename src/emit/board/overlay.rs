//! The device tree overlay of a board. Labels are those of the vendor's kernels (linux-xlnx: zynqmp.dtsi, zynq-7000.dtsi);
//! bindings: xlnx,afi-fpga, xlnx,fclk, generic-uio, ikwzm,u-dma-buf.

use std::fmt::Write as _;

use crate::compile::boards::board::Board;
use crate::compile::boards::processor::{Kind, Processor};
use crate::compile::border::registers::WINDOW;

/// Name of the UIO device and of the shared memory, by which drivers find them.
const DEVICE: &str = "seigo";

/// Level-sensitive, active high: the flags in a device tree's interrupt.
const LEVEL_HIGH: u32 = 4;

/// The text of `seigo.dtso` for a clock of `mhz` and `memory` bytes that processor and accelerator share.
pub fn text(board: &Board, mhz: u64, memory: u64) -> String {
    let processor = board.processor;
    let mut text = format!(
        "// Device tree overlay of the accelerator on the {}. Board's tree and kernel are the vendor's.\n\
         /dts-v1/;\n/plugin/;\n\n&fpga_full {{\n  firmware-name = \"seigo.bit.bin\";\n",
        board.title
    );
    if processor.kind == Kind::ZynqUltra {
        text.push_str("  // pl_resetn0 is asserted while the bitstream loads.\n  resets = <&zynqmp_reset 116>;\n");
    }
    text.push_str("};\n\n&amba {\n");
    if let Some(ports) = ports(processor) {
        let _ = write!(
            text,
            "  // Widths of the processor's ports come from here too: {}.\n  \
               seigo_ports: afi0 {{\n    compatible = \"xlnx,afi-fpga\";\n    config-afi = {};\n  }};\n\n",
            ports.0, ports.1
        );
    }
    let (clocks, number) = processor.tree_clock;
    let cells = |value: u64| match processor.kind {
        Kind::ZynqUltra => format!("{:#x} {:#x}", value >> 32, value & 0xffff_ffff),
        Kind::Zynq7000 => format!("{value:#x}"),
    };
    let _ = write!(
        text,
        "  // The clock comes from here and not from the bitstream: {mhz} MHz, or the next lower rate that a PLL of {} MHz divides to.\n  \
           seigo_clock: clocking0 {{\n    compatible = \"xlnx,fclk\";\n    #clock-cells = <0>;\n    \
             clocks = <&{clocks} {number}>;\n    assigned-clocks = <&{clocks} {number}>;\n    \
             assigned-clock-rates = <{}>;\n    clock-output-names = \"seigo_clock\";\n  }};\n\n  \
           // Registers and interrupt, as /sys/class/uio/uioN/name = {DEVICE}. The kernel needs the boot argument\n  \
           // uio_pdrv_genirq.of_id=generic-uio.\n  \
           {DEVICE}@{:x} {{\n    compatible = \"generic-uio\";\n    reg = <{} {}>;\n    \
             interrupt-parent = <&{}>;\n    interrupts = <0 {} {LEVEL_HIGH}>;\n  }};\n\n  \
           // Memory that both see, as /dev/{DEVICE}. The port is not coherent with the caches: drivers clean them.\n  \
           {DEVICE}-memory {{\n    compatible = \"ikwzm,u-dma-buf\";\n    device-name = \"{DEVICE}\";\n    \
             size = <{memory:#x}>;\n  }};\n}};\n",
        processor.pll_mhz,
        processor.clock_hz(mhz),
        board.window,
        cells(board.window),
        cells(WINDOW.into()),
        processor.tree_interrupts,
        processor.spi,
    );
    text
}

/// What sets the widths of the ports: in words, and as pairs of register and value. Zynq-7000 needs none: its ports have
/// 32 and 64 bits after a reset.
fn ports(processor: &Processor) -> Option<(String, String)> {
    let bits = |name: &str| processor.parameter(name).and_then(|value| value.parse::<u32>().ok());
    let control = bits("PSU__MAXIGP0__DATA_WIDTH")?;
    let memory = bits("PSU__SAXIGP2__DATA_WIDTH")?;
    // Registers 4 and 5: reads and writes of HP0, 0 for 128 bits, 1 for 64, 2 for 32. Register 14: bits 9 and 8 for
    // M_AXI_HPM0_FPD, 0 for 32 bits, 1 for 64, 2 for 128.
    let slave = 7 - memory.ilog2();
    let master = (control.ilog2() - 5) << 8;
    Some((
        format!("{} has {control} bits, {} has {memory}", processor.control.0, processor.memory.0),
        format!("<4 {slave}>, <5 {slave}>, <14 {master:#x}>"),
    ))
}
