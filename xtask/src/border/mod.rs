//! Files that are made of the tables of the hardware's border: `make generate`.

mod c;
mod pages;
mod python;
mod rdl;
mod verilog;

/// What every file says of itself.
const SOURCE: &str = "Generated from src/compile/border by `make generate`";

/// Path from the root of the repository, and contents.
pub fn files() -> Vec<(&'static str, String)> {
    vec![
        ("rtl/seigo_descriptor.vh", verilog::descriptor()),
        ("rtl/seigo_lanes.vh", verilog::lanes()),
        ("rtl/seigo_registers.vh", verilog::registers()),
        ("rtl/seigo_status.vh", verilog::status()),
        ("runtime/seigo_program.h", c::program()),
        ("runtime/seigo_registers.h", c::registers()),
        ("runtime/seigo.rdl", rdl::registers()),
        ("drivers/python/seigo/registers.py", python::registers()),
        ("docs/isa.md", pages::stream()),
        ("docs/registers.md", pages::registers()),
    ]
}

/// `PlaneBase0` as `PLANE_BASE0`.
fn upper(name: &str) -> String {
    let mut upper = String::new();
    for (index, letter) in name.char_indices() {
        if letter.is_ascii_uppercase() && index > 0 {
            upper.push('_');
        }
        upper.push(letter.to_ascii_uppercase());
    }
    upper
}

#[cfg(test)]
mod tests;
