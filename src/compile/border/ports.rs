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
