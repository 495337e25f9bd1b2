//! The processors beside the fabric, and what a design connects to of them.
//!
//! Names are those of the vendor's block design (PG201 for Zynq UltraScale+, PG082 for Zynq-7000) and of the parameters
//! of its IP; interrupt numbers are those of UG1085 and UG585.

use super::Family;

/// Which processor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Zynq UltraScale+: Cortex-A53, AXI4 ports of up to 128 bits.
    ZynqUltra,
    /// Zynq-7000: Cortex-A9, AXI3 ports of up to 64 bits.
    Zynq7000,
}

/// A processor as a design sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Processor {
    /// Which.
    pub kind: Kind,
    /// Name for people.
    pub title: &'static str,
    /// Family of the fabric beside it.
    pub family: Family,
    /// Family as the vendor's catalog of IP calls it.
    pub catalog: &'static str,
    /// Family as bootgen calls it.
    pub boot: &'static str,
    /// Name of the IP in the catalog.
    pub ip: &'static str,
    /// Rule that applies a board's preset, with what it is told.
    pub automation: (&'static str, &'static str),
    /// Clock to the fabric: pin of the IP.
    pub clock: &'static str,
    /// Parameter of the IP that asks for the clock's MHz, and the one that says what the PLL gives.
    pub frequency: (&'static str, &'static str),
    /// MHz of the PLL behind the clock, as the boards' presets and boot firmware set it. It is divided by whole numbers.
    pub pll_mhz: u64,
    /// The clock in the kernel's device tree: label of the controller, number.
    pub tree_clock: (&'static str, u32),
    /// Label of the interrupt controller in the kernel's device tree.
    pub tree_interrupts: &'static str,
    /// Reset to the fabric, active low: pin of the IP.
    pub reset: &'static str,
    /// Port through which the processor writes registers: interface, its clock.
    pub control: (&'static str, &'static str),
    /// Port to the DDR that the accelerator reads and writes: interface, its clock, the map of its segments.
    pub memory: (&'static str, &'static str, &'static str),
    /// Bits of the port to the DDR.
    pub memory_bits: u64,
    /// Whether the port to the DDR is AXI3: bursts of up to 16 beats and write IDs.
    pub axi3: bool,
    /// Interrupt input: pin of the IP.
    pub interrupt: &'static str,
    /// The input's number as the kernel's device tree counts shared peripheral interrupts.
    pub spi: u32,
    /// Parameters of the IP with their values and the reason for each. The clock's rate comes from the target.
    pub parameters: &'static [Parameter],
    /// Segments of the port to the DDR that are no DDR: the accelerator must not reach them.
    pub excluded: &'static [&'static str],
}

impl Processor {
    /// The PLL's divisor for the highest clock that is not above `mhz`: a design is closed for no more.
    pub fn divisor(&self, mhz: u64) -> u64 {
        self.pll_mhz.div_ceil(mhz.max(1))
    }

    /// That clock in Hz, rounded down.
    pub fn clock_hz(&self, mhz: u64) -> u64 {
        self.pll_mhz * 1_000_000 / self.divisor(mhz)
    }

    /// Value of a parameter; none where the table does not set it.
    pub fn parameter(&self, name: &str) -> Option<&'static str> {
        self.parameters.iter().find(|own| own.name == name).map(|own| own.value)
    }
}

/// A parameter of an IP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parameter {
    /// Name, without `CONFIG.`.
    pub name: &'static str,
    /// Value.
    pub value: &'static str,
    /// Why.
    pub reason: &'static str,
}

const fn parameter(name: &'static str, value: &'static str, reason: &'static str) -> Parameter {
    Parameter { name, value, reason }
}

/// Zynq UltraScale+ with the HP0 port.
pub const ZYNQ_ULTRA: Processor = Processor {
    kind: Kind::ZynqUltra,
    title: "4 x Cortex-A53",
    family: Family::Xcup,
    catalog: "zynquplus",
    boot: "zynqmp",
    ip: "zynq_ultra_ps_e",
    automation: ("zynq_ultra_ps_e", "apply_board_preset \"1\""),
    clock: "pl_clk0",
    frequency: ("PSU__CRL_APB__PL0_REF_CTRL__FREQMHZ", "PSU__CRL_APB__PL0_REF_CTRL__ACT_FREQMHZ"),
    pll_mhz: 1_500,
    tree_clock: ("zynqmp_clk", 71),
    tree_interrupts: "gic",
    reset: "pl_resetn0",
    control: ("M_AXI_HPM0_FPD", "maxihpm0_fpd_aclk"),
    memory: ("S_AXI_HP0_FPD", "saxihp0_fpd_aclk", "SAXIGP2"),
    memory_bits: 128,
    axi3: false,
    interrupt: "pl_ps_irq0",
    spi: 89,
    parameters: &[
        parameter("PSU__USE__M_AXI_GP0", "1", "M_AXI_HPM0_FPD writes and reads the registers"),
        parameter(
            "PSU__MAXIGP0__DATA_WIDTH",
            "32",
            "as wide as a register, so that no converter stands between",
        ),
        parameter(
            "PSU__USE__M_AXI_GP1",
            "0",
            "presets switch it on, and a port without a clock is an error (BD 41-758)",
        ),
        parameter("PSU__USE__M_AXI_GP2", "0", "the same"),
        parameter("PSU__USE__S_AXI_GP2", "1", "S_AXI_HP0_FPD is the way to the DDR"),
        parameter("PSU__SAXIGP2__DATA_WIDTH", "128", "as wide as the accelerator's port"),
        parameter("PSU__USE__IRQ0", "1", "pl_ps_irq0 takes the interrupt"),
        parameter(
            "PSU__USE__FABRIC__RST",
            "1",
            "pl_resetn0 holds the design until the processor has set it up",
        ),
        parameter("PSU__NUM_FABRIC_RESETS", "1", "one reset is used"),
        parameter("PSU__FPGA_PL0_ENABLE", "1", "pl_clk0 clocks all of the design"),
    ],
    excluded: &["HP0_QSPI", "HP0_LPS_OCM"],
};

/// Zynq-7000 with the HP0 port.
pub const ZYNQ_7000: Processor = Processor {
    kind: Kind::Zynq7000,
    title: "2 x Cortex-A9",
    family: Family::Xc7,
    catalog: "zynq",
    boot: "zynq",
    ip: "processing_system7",
    automation: (
        "processing_system7",
        "make_external \"FIXED_IO, DDR\" apply_board_preset \"1\" Master \"Disable\" Slave \"Disable\"",
    ),
    clock: "FCLK_CLK0",
    frequency: ("PCW_FPGA0_PERIPHERAL_FREQMHZ", "PCW_ACT_FPGA0_PERIPHERAL_FREQMHZ"),
    pll_mhz: 1_000,
    tree_clock: ("clkc", 15),
    tree_interrupts: "intc",
    reset: "FCLK_RESET0_N",
    control: ("M_AXI_GP0", "M_AXI_GP0_ACLK"),
    memory: ("S_AXI_HP0", "S_AXI_HP0_ACLK", "S_AXI_HP0"),
    memory_bits: 64,
    axi3: true,
    interrupt: "IRQ_F2P",
    spi: 29,
    parameters: &[
        parameter("PCW_USE_M_AXI_GP0", "1", "M_AXI_GP0 writes and reads the registers"),
        parameter("PCW_USE_S_AXI_HP0", "1", "S_AXI_HP0 is the way to the DDR"),
        parameter("PCW_S_AXI_HP0_DATA_WIDTH", "64", "the widest it can be"),
        parameter("PCW_USE_FABRIC_INTERRUPT", "1", "interrupts from the fabric are taken"),
        parameter("PCW_IRQ_F2P_INTR", "1", "IRQ_F2P takes the interrupt"),
        parameter("PCW_EN_CLK0_PORT", "1", "FCLK_CLK0 clocks all of the design"),
        parameter(
            "PCW_EN_RST0_PORT",
            "1",
            "FCLK_RESET0_N holds the design until the processor has set it up",
        ),
    ],
    excluded: &[],
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_never_above_what_was_asked_for() {
        assert_eq!(ZYNQ_ULTRA.clock_hz(250), 250_000_000);
        // 1,500 MHz by 8: by 7 it would be 214 MHz.
        assert_eq!(ZYNQ_ULTRA.clock_hz(200), 187_500_000);
        assert_eq!(ZYNQ_7000.clock_hz(100), 100_000_000);
        for processor in [ZYNQ_ULTRA, ZYNQ_7000] {
            for mhz in 1..=2_000 {
                assert!(processor.clock_hz(mhz) <= mhz * 1_000_000, "{mhz}");
            }
        }
    }
}
