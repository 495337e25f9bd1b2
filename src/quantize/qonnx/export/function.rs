//! Rule A7 with stock operators.

use super::stage::Stage;
use crate::base::arithmetic::{Base, Function, Layout};

/// `base(x) + rom[address(x)]` for an integer-valued `x`. A leaky base needs double precision.
pub fn function(stage: &mut Stage<'_>, function: &Function, x: &str) -> String {
    let base = base(stage, function.base, x);
    let entry = match function.layout {
        Layout::None => return base.unwrap_or_else(|| stage.mul(x, &[0.0])),
        layout => entry(stage, function, layout, x),
    };
    match base {
        Some(base) => stage.writer.plain("Add", &[&base, &entry]),
        None => entry,
    }
}

/// `None` for 0.
fn base(stage: &mut Stage<'_>, base: Base, x: &str) -> Option<String> {
    Some(match base {
        Base::Zero => return None,
        Base::Relu => stage.writer.plain("Relu", &[x]),
        Base::Identity => x.to_owned(),
        Base::Clamp { min, max } => stage.clip(x, min.into(), max.into()),
        Base::Leaky { slope } => {
            let scaled = stage.mul(x, &[f64::from(slope) / 256.0]);
            let rounded = stage.half_up(&scaled);
            stage.by_sign(x, &rounded, x)
        }
    })
}

fn entry(stage: &mut Stage<'_>, function: &Function, layout: Layout, x: &str) -> String {
    let magnitude = stage.writer.plain("Abs", &[x]);
    let fine = stage.mul(&magnitude, &[0.125]);
    let fine = stage.writer.plain("Floor", &[&fine]);
    let mut address = match layout {
        Layout::TwoSegments => {
            // The two lines cross at the border of the segments, so the lower one counts.
            let coarse = stage.mul(&magnitude, &[1.0 / 64.0]);
            let coarse = stage.writer.plain("Floor", &[&coarse]);
            let coarse = stage.add(&coarse, &[112.0]);
            stage.writer.plain("Min", &[&fine, &coarse])
        }
        Layout::None | Layout::Uniform => fine,
    };
    let last = layout.entries() as f64 - 1.0;
    address = stage.clip(&address, 0.0, last);
    if function.signed {
        let second = stage.add(&address, &[layout.entries() as f64]);
        address = stage.by_sign(x, &second, &address);
    }
    let rom: Vec<f64> = function.rom.iter().map(|&entry| entry.into()).collect();
    let rom = stage.writer.numbers(stage.real, &[rom.len()], &rom);
    stage.look_up(&rom, &address)
}
