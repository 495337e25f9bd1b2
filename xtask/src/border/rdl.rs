//! The register map in SystemRDL 2.0.

use std::fmt::Write as _;

use seigo::compile::border::registers::{self, Access, Bits};
use seigo::compile::border::status;

use super::SOURCE;

/// `runtime/seigo.rdl`.
pub fn registers() -> String {
    let mut text = format!(
        "// Registers of the accelerator. {SOURCE}.\n\nenum error_code {{\n  None = 8'd0 {{ desc = \"no error\"; }};\n"
    );
    for fault in status::FAULTS {
        let name = fault.name.trim_start_matches("Error");
        let _ = writeln!(text, "  {name} = 8'd{} {{ desc = \"{}\"; }};", fault.code, fault.meaning);
    }
    text.push_str(
        "};\n\naddrmap seigo {\n  name = \"Seigo control registers\";\n  default regwidth = 32;\n  default accesswidth = 32;\n  addressing = compact;\n",
    );
    for register in registers::REGISTERS {
        let _ = writeln!(text, "\n  reg {{\n    desc = \"{}\";", register.meaning);
        for bits in register.fields {
            field(&mut text, bits, register.reset);
        }
        let _ = writeln!(text, "  }} {} @ {:#05x};", register.name, register.offset);
    }
    text.push_str("};\n");
    text
}

fn field(text: &mut String, bits: &Bits, reset: Option<u32>) {
    let access = match bits.access {
        Access::ReadWrite => "sw = rw; hw = r;",
        Access::Read => "sw = r; hw = w;",
        Access::Pulse => "sw = w; hw = r; singlepulse;",
        Access::Set => "sw = rw; onwrite = woset; hw = rw;",
        Access::ReadClear => "sw = r; onread = rclr; hw = rw;",
        Access::Toggle => "sw = rw; onwrite = wot; hw = rw;",
    };
    let reset = reset.map_or_else(String::new, |reset| {
        format!(" reset = {}'h{:x};", bits.width, bits.read(reset))
    });
    let encode =
        if bits.name == registers::STATUS_ERROR_CODE.name { " encode = error_code;" } else { "" };
    let _ = writeln!(
        text,
        "    field {{ desc = \"{}\"; {access}{reset}{encode} }} {}[{}:{}];",
        bits.meaning,
        bits.name,
        bits.lsb + bits.width - 1,
        bits.lsb
    );
}
