//! A core file for FuseSoC: lint, a smoke test, synthesis in Vivado.

use super::component;
use crate::compile::border::registers;
use crate::emit::verilog::TOP;

/// The text of `seigo.core`, with the files of `rtl/` by name.
pub fn core(files: &[&str], part: &str) -> String {
    let lines: String = files
        .iter()
        .map(|name| match name.ends_with(".vh") {
            true => format!("      - rtl/{name}: {{is_include_file: true}}\n"),
            false => format!("      - rtl/{name}\n"),
        })
        .collect();
    include_str!("templates/seigo.core")
        .replace("@VERSION@", &format!("{}.0", component::version()))
        .replace("@FILES@", &lines)
        .replace("@PART@", &format!("\"{}\"", part.replace(['"', '\\'], "")))
        .replace("@TOP@", TOP)
}

/// The text of `sim/smoke_tb.v` for the design with this hash, in 16 hexadecimal digits.
pub fn bench(design: &str) -> String {
    let digits = |from: usize| format!("32'h{}", design.get(from..from + 8).unwrap_or("0"));
    let address = |register: &registers::Register| format!("12'h{:03x}", register.offset);
    include_str!("templates/smoke_tb.v")
        .replace("@VERSION_ADDRESS@", &address(&registers::VERSION))
        .replace("@VERSION@", &registers::VERSION_VALUE.to_string())
        .replace("@HASH_LOW_ADDRESS@", &address(&registers::HASH_LOW))
        .replace("@HASH_HIGH_ADDRESS@", &address(&registers::HASH_HIGH))
        .replace("@HASH_LOW@", &digits(8))
        .replace("@HASH_HIGH@", &digits(0))
        .replace("@CONTROL_ADDRESS@", &address(&registers::CONTROL))
        .replace("@CONTROL@", &registers::CONTROL.reset.unwrap_or_default().to_string())
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_field_of_the_templates_is_filled() {
        for text in [super::core(&["a.v", "b.vh"], "x"), super::bench("0123456789abcdef")] {
            let mut fields = text.split('@').skip(1);
            assert!(!fields.any(|field| field.starts_with(char::is_uppercase)), "{text}");
        }
    }
}
