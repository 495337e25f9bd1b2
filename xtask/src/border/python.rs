//! Registers for Python.

use std::fmt::Write as _;

use seigo::compile::border::status::{CLIENTS, Cause, Culprit, FAULTS, READERS};
use seigo::compile::border::{Value, registers};

use super::{SOURCE, upper};

/// `drivers/python/seigo/registers.py`.
pub fn registers() -> String {
    let mut text = format!(
        "\"\"\"Registers of the accelerator. {SOURCE}.\n\nOffsets, and masks of fields.\n\"\"\"\n\n\
         WINDOW = {:#x}\nVERSION_VALUE = {}\n",
        registers::WINDOW,
        registers::VERSION_VALUE
    );
    for register in registers::REGISTERS {
        let name = upper(register.name);
        let _ = writeln!(text, "\n# {}\n{name} = {:#05x}", register.meaning, register.offset);
        for bits in register.fields {
            let _ = writeln!(
                text,
                "{name}_{} = {:#x}  # {}",
                upper(bits.name),
                bits.mask(),
                bits.meaning
            );
        }
    }
    text.push_str("\n# Stall cycles by cause.\nSTALLS = {\n");
    for (cause, register) in Cause::COUNTED {
        let _ = writeln!(text, "    {:?}: {},", cause.name(), upper(register.name));
    }
    text.push_str("}\n");
    clients(&mut text, "_CLIENTS", CLIENTS);
    clients(&mut text, "_READERS", READERS);
    text.push_str(
        "\n# Errors by code: what it means, what to do, who the client is.\nFAULTS = {\n",
    );
    for fault in FAULTS {
        let names = match fault.culprit {
            Culprit::None => "{}",
            Culprit::Memory => "_CLIENTS",
            Culprit::Reader => "_READERS",
        };
        let _ = writeln!(
            text,
            "    {}: (\n        {:?},\n        {:?},\n        {names},\n    ),",
            fault.code, fault.meaning, fault.advice
        );
    }
    text.push_str("}\n");
    text
}

fn clients(text: &mut String, name: &str, table: &[Value]) {
    let entries: Vec<String> =
        table.iter().map(|own| format!("{}: {:?}", own.value, own.meaning)).collect();
    let _ = writeln!(text, "\n{name} = {{{}}}", entries.join(", "));
}
