//! Functions `max(x, 0) + entry` in unsigned numbers of 16 bits, with the zero point: twice the room that signed ones have, and
//! nothing is left to do for the straight part and for the zero point.

use super::exact::{Exact, half_of};
use crate::base::arithmetic::{Base, Layout};
use crate::frontend::ops::epilogue::Residual;

/// A short table whose entries are made positive, for functions `max(x, 0) + entry` in unsigned numbers of 16 bits. The last entry
/// repeats, so that every byte is an address.
#[derive(Debug)]
#[repr(C, align(64))]
pub struct Lifted {
    pub entries: [u16; 256],
    /// The lower and the upper byte of each.
    pub low: [u8; 256],
    pub high: [u8; 256],
}

/// The table and what its entries are lifted by, where unsigned numbers do in every channel.
pub fn lifted(exact: &Exact<'_>, channels: &[usize]) -> Option<(i32, Box<Lifted>)> {
    let function = exact.function()?;
    let short = function.layout == Layout::TwoSegments && !function.signed;
    if !short || function.base != Base::Relu {
        return None;
    }
    let lift = function.rom.iter().map(|&entry| -i32::from(entry)).max()?.max(0);
    if !channels.iter().all(|&channel| moved(exact, channel, lift).is_some()) {
        return None;
    }
    let mut table = Box::new(Lifted { entries: [0; 256], low: [0; 256], high: [0; 256] });
    for address in 0..256 {
        let entry = function.rom[address.min(function.rom.len() - 1)];
        let own = (i32::from(entry) + lift) as u16;
        table.entries[address] = own;
        [table.low[address], table.high[address]] = own.to_le_bytes();
    }
    Some((lift, table))
}

/// What is added to `max(x, 0) + entry + lift`, a residual included, and what is taken away, before the last shift; `None` where
/// unsigned numbers of 16 bits might give another byte. What is above them counts as 2^16 - 1 there, and what is below 0 as 0:
/// both have to be saturated in the end.
pub fn moved(exact: &Exact<'_>, channel: usize, lift: i32) -> Option<(u16, u16)> {
    const MOST: i64 = u16::MAX as i64;
    let shift = exact.last_shift(channel);
    let target = i64::from(exact.scales[channel].zero) + 128;
    let mut constant = half_of(shift) + (target << shift) - i64::from(lift);
    if let Some((scales, align)) = &exact.residual {
        let align = -align[channel];
        if exact.conv.residual() != Some(Residual::AfterActivation) || !(0..=8).contains(&align) {
            return None;
        }
        constant -= (i64::from(scales[channel].zero) + 128) << align;
    }
    let (up, down) = (constant.max(0), (-constant).max(0));
    let saturates = up <= MOST && down <= MOST && (MOST - down) >> shift >= u8::MAX.into();
    (shift > 0 && saturates).then_some((up as u16, down as u16))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::base::arithmetic::{Function, Rounding, X_BITS};
    use crate::frontend::ops::window::Axis;
    use crate::model::qgraph::{
        ConvOutput, Format, Layer, Operand, QConv, QGraph, QOp, QValue, QValueId, Scale, Width,
    };

    /// What decides a channel: the entries of its table, its last shift and its zero point, and exponent and zero point of a residual.
    #[derive(Debug, Clone)]
    struct Channel {
        rom: Vec<i16>,
        shift: i8,
        zero: i8,
        residual: Option<(i8, i8)>,
    }

    fn channels() -> impl Strategy<Value = Channel> {
        let entries = prop_oneof![-300i16..40, -20i16..300, any::<i16>()];
        let rom = prop::collection::vec(entries, Layout::TwoSegments.entries());
        (rom, 0i8..=15, any::<i8>(), prop::option::of((-18i8..=-2, any::<i8>())))
            .prop_map(|(rom, shift, zero, residual)| Channel { rom, shift, zero, residual })
    }

    fn graph(channel: &Channel) -> QGraph {
        let value = |name: &str, (exponent, zero): (i8, i8)| {
            let scales = vec![Scale { exponent, zero }];
            let format = Format::Integer { width: Width::I8, scales };
            QValue { name: name.into(), shape: vec![1, 1, 1, 1], format }
        };
        let conv = QConv {
            axes: [Axis { input: 1, output: 1, ..Axis::UNIT }; 2],
            group: 1,
            weights: vec![1],
            exponents: vec![0],
            bias: vec![0],
            output: ConvOutput::Function {
                function: 0,
                arguments: vec![0],
                shifts: vec![channel.shift],
                residual: channel.residual.map(|_| Residual::AfterActivation),
                fractions: vec![10],
            },
        };
        let mut function = Function::straight("own", Base::Relu);
        (function.layout, function.rom) = (Layout::TwoSegments, channel.rom.clone());
        QGraph {
            name: "one".into(),
            values: vec![
                value("x", (0, 0)),
                value("y", (0, channel.zero)),
                value("r", channel.residual.unwrap_or_default()),
            ],
            layers: vec![Layer {
                name: "conv".into(),
                op: QOp::Conv(Box::new(conv)),
                inputs: [0, 2].map(|id| Some(Operand::Value(QValueId(id)))).to_vec(),
                outputs: vec![QValueId(1)],
                sources: Vec::new(),
            }],
            inputs: vec![QValueId(0), QValueId(2)],
            outputs: Vec::new(),
            functions: vec![function],
            rounding: Rounding::HalfUp,
        }
    }

    /// Arguments where something may change: all near 0 and near the ends of 16 bits, some of all others.
    fn arguments() -> impl Iterator<Item = i64> {
        let end = 1i64 << (X_BITS - 1);
        let near = |center: i64| (center - 300..center + 300).step_by(7);
        (-end..end)
            .step_by(997)
            .chain((-9000..9000).step_by(5))
            .chain([end - 1])
            .chain([-(1 << 16), -(1 << 15), 1 << 15, 1 << 16].into_iter().flat_map(near))
    }

    proptest! {
        #[test]
        fn unsigned_numbers_give_the_bytes_of_the_rule(channel in channels()) {
            let graph = graph(&channel);
            let layer = &graph.layers[0];
            let QOp::Conv(conv) = &layer.op else { unreachable!() };
            let exact = Exact::new(&graph, layer, conv).unwrap();
            let Some((lift, table)) = lifted(&exact, &[0]) else { return Ok(()) };
            let (up, down) = moved(&exact, 0, lift).unwrap();
            let align = channel.residual.map_or(0, |(exponent, _)| 10 + exponent);
            for x in arguments() {
                let magnitude = x.unsigned_abs().min(u16::MAX.into()) as usize;
                let address = (magnitude >> 3).min((magnitude >> 6) + 112).min(255);
                let entry = u16::from_le_bytes([table.low[address], table.high[address]]);
                prop_assert_eq!(entry, table.entries[address]);
                let straight = x.clamp(0, u16::MAX.into()) as u16;
                for residual in if channel.residual.is_some() { vec![-128, -1, 127] } else { vec![0] } {
                    let other = if channel.residual.is_some() { ((residual + 128) as u16) << align } else { 0 };
                    let sum = straight.saturating_add(entry).saturating_add(other);
                    let byte = (sum.saturating_add(up).saturating_sub(down) >> channel.shift).min(255);
                    let expected = exact.at_argument(0, x, residual) + 128;
                    prop_assert_eq!(i64::from(byte), expected, "x {}, residual {}", x, residual);
                }
            }
        }
    }
}
