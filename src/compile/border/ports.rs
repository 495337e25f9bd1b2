//! The ports of the accelerator's top level.

/// A port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Port {
    /// Into the design.
    pub input: bool,
    /// Bits.
    pub bits: u32,
    /// Name.
    pub name: &'static str,
}

const fn input(name: &'static str, bits: u32) -> Port {
    Port { input: true, bits, name }
}

const fn output(name: &'static str, bits: u32) -> Port {
    Port { input: false, bits, name }
}

/// What the master for DDR, `m_axi_gmem`, does at most; interconnects are sized by it.
pub mod gmem {
    /// Prefix of its ports.
    pub const NAME: &str = "m_axi_gmem";
    /// Bits of data.
    pub const DATA_BITS: u32 = 128;
    /// Bits of an address.
    pub const ADDRESS_BITS: u32 = 40;
    /// Beats of a burst.
    pub const BURST: u32 = 16;
    /// Reads under way: `Outstanding` of `rtl/seigo_axi_read.v`.
    pub const READS: u32 = 32;
    /// Writes under way: `Outstanding` of `rtl/seigo_axi_write.v`.
    pub const WRITES: u32 = 16;
}

/// Prefix of the ports of the slave for the processor.
pub const CONTROL: &str = "s_axi_ctrl";

/// The clock of all ports, its reset (active low) and the interrupt (active high).
pub const CLOCK: &str = "aclk";
/// See [`CLOCK`].
pub const RESET: &str = "aresetn";
/// See [`CLOCK`].
pub const INTERRUPT: &str = "interrupt_o";

/// Those of the modules `seigo` and `seigo_top`, in order: clock and reset, AXI4-Lite slave, interrupt, AXI4 master,
/// and what only simulation looks at.
pub const PORTS: &[Port] = &[
    input("aclk", 1),
    input("aresetn", 1),
    input("s_axi_ctrl_awvalid", 1),
    output("s_axi_ctrl_awready", 1),
    input("s_axi_ctrl_awaddr", 12),
    input("s_axi_ctrl_awprot", 3),
    input("s_axi_ctrl_wvalid", 1),
    output("s_axi_ctrl_wready", 1),
    input("s_axi_ctrl_wdata", 32),
    input("s_axi_ctrl_wstrb", 4),
    output("s_axi_ctrl_bvalid", 1),
    input("s_axi_ctrl_bready", 1),
    output("s_axi_ctrl_bresp", 2),
    input("s_axi_ctrl_arvalid", 1),
    output("s_axi_ctrl_arready", 1),
    input("s_axi_ctrl_araddr", 12),
    input("s_axi_ctrl_arprot", 3),
    output("s_axi_ctrl_rvalid", 1),
    input("s_axi_ctrl_rready", 1),
    output("s_axi_ctrl_rdata", 32),
    output("s_axi_ctrl_rresp", 2),
    output("interrupt_o", 1),
    output("m_axi_gmem_awvalid", 1),
    input("m_axi_gmem_awready", 1),
    output("m_axi_gmem_awaddr", 40),
    output("m_axi_gmem_awlen", 8),
    output("m_axi_gmem_awsize", 3),
    output("m_axi_gmem_awburst", 2),
    output("m_axi_gmem_awlock", 1),
    output("m_axi_gmem_awcache", 4),
    output("m_axi_gmem_awprot", 3),
    output("m_axi_gmem_awqos", 4),
    output("m_axi_gmem_wvalid", 1),
    input("m_axi_gmem_wready", 1),
    output("m_axi_gmem_wdata", 128),
    output("m_axi_gmem_wstrb", 16),
    output("m_axi_gmem_wlast", 1),
    input("m_axi_gmem_bvalid", 1),
    output("m_axi_gmem_bready", 1),
    input("m_axi_gmem_bresp", 2),
    output("m_axi_gmem_arvalid", 1),
    input("m_axi_gmem_arready", 1),
    output("m_axi_gmem_araddr", 40),
    output("m_axi_gmem_arlen", 8),
    output("m_axi_gmem_arsize", 3),
    output("m_axi_gmem_arburst", 2),
    output("m_axi_gmem_arlock", 1),
    output("m_axi_gmem_arcache", 4),
    output("m_axi_gmem_arprot", 3),
    output("m_axi_gmem_arqos", 4),
    input("m_axi_gmem_rvalid", 1),
    output("m_axi_gmem_rready", 1),
    input("m_axi_gmem_rdata", 128),
    input("m_axi_gmem_rresp", 2),
    input("m_axi_gmem_rlast", 1),
    output("pass_done_o", 1),
    output("pass_index_o", 16),
    output("stall_o", 6),
];

#[cfg(test)]
mod tests {
    use super::*;

    /// The figures for interconnects are the parameters of the Verilog.
    #[test]
    fn bursts_under_way_are_those_of_the_verilog() {
        for (file, outstanding) in [("axi_read", gmem::READS), ("axi_write", gmem::WRITES)] {
            let path = format!("{}/rtl/seigo_{file}.v", env!("CARGO_MANIFEST_DIR"));
            let text = std::fs::read_to_string(path).unwrap();
            assert!(text.contains(&format!("parameter Outstanding = {outstanding}")), "{file}");
            assert!(text.contains(&format!("at most {} beats", gmem::BURST)), "{file}");
        }
        let bits = |name: &str| {
            let name = format!("{}_{name}", gmem::NAME);
            PORTS.iter().find(|port| port.name == name).unwrap().bits
        };
        assert_eq!((bits("rdata"), bits("wdata")), (gmem::DATA_BITS, gmem::DATA_BITS));
        assert_eq!((bits("araddr"), bits("awaddr")), (gmem::ADDRESS_BITS, gmem::ADDRESS_BITS));
    }
}
