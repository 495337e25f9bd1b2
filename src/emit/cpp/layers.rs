//! One layer of integers as static arrays and a call.

use std::fmt::Write as _;

use super::Writer;
use super::library::Module;
use super::text::array;
use crate::base::arithmetic::{Base, Function, Layout, Rounding};
use crate::base::error::{Error, Result, codes};
use crate::frontend::ops::epilogue::Residual;
use crate::frontend::ops::window::Axis;
use crate::model::qgraph::{
    ConvOutput, DpuActivation, Layer, QConv, QMaxPool, QOperator as _, QValueId, Scale,
};

/// Refuses what a file of this kind cannot hold.
pub fn refused(what: impl Into<String>) -> Error {
    Error::new(&codes::RUNTIME_OPERATOR, what)
}

fn axis(axis: &Axis) -> String {
    let Axis { input, output, kernel, stride, dilation, begin, end } = axis;
    format!("{{{input}, {output}, {kernel}, {stride}, {dilation}, {begin}, {end}}}")
}

/// The enumerator of a rounding.
pub fn rounding(rounding: Rounding) -> &'static str {
    match rounding {
        Rounding::HalfUp => "Rounding::half_up",
        Rounding::HalfEven => "Rounding::half_even",
    }
}

fn function(index: usize, function: &Function) -> String {
    let (base, [low, high, slope]) = match function.base {
        Base::Zero => ("zero", [0; 3]),
        Base::Relu => ("relu", [0; 3]),
        Base::Identity => ("identity", [0; 3]),
        Base::Clamp { min, max } => ("clamp", [min, max, 0]),
        Base::Leaky { slope } => ("leaky", [0, 0, slope]),
    };
    let layout = match function.layout {
        Layout::None => "none",
        Layout::TwoSegments => "two_segments",
        Layout::Uniform => "uniform",
    };
    let mut text = String::new();
    let rom = match function.rom.is_empty() {
        true => "nullptr".to_owned(),
        false => {
            text += &array("std::int32_t", &format!("rom_{index}"), &function.rom);
            format!("rom_{index}")
        }
    };
    let (signed, unit) = (function.signed, function.unit);
    let _ = writeln!(
        text,
        "static const Function function_{index} = {{Base::{base}, RomLayout::{layout}, {signed}, {low}, {high}, {slope}, \
         {}, {}, {rom}}};",
        unit.fraction, unit.gain
    );
    text
}

impl Writer<'_> {
    /// Tables of activation functions, each once.
    pub fn functions(&mut self) {
        let functions = self.graph.functions.iter().enumerate();
        let text: String = functions.map(|(index, own)| function(index, own)).collect();
        if !text.is_empty() {
            self.needs.insert(Module::Arithmetic);
        }
        self.data += &text;
    }

    pub fn conv(&mut self, index: usize, layer: &Layer, conv: &QConv) -> Result<()> {
        self.needs.insert(Module::Conv);
        let missing = || Error::new(&codes::INTERNAL, "a convolution without input or output");
        let (input, output) = (layer.input(0).ok_or_else(missing)?, layer.outputs[0]);
        let data = self.graph.value(input);
        let [rows, columns] = &conv.axes;
        let (own, taps) = (conv.group_inputs(), rows.kernel * columns.kernel);
        let at = |output: usize, tap: usize, channel: usize| (output * own + channel) * taps + tap;
        let order = (0..conv.outputs())
            .flat_map(|output| (0..taps).map(move |tap| (output, tap)))
            .flat_map(|(output, tap)| (0..own).map(move |channel| at(output, tap, channel)));
        let weights: Vec<_> = order.map(|position| conv.weights[position]).collect();
        self.data += &array("std::int8_t", &format!("weights_{index}"), &weights);
        let padded = [rows, columns].iter().any(|axis| axis.begin + axis.end > 0);
        let zeros = match padded {
            true => {
                let scales = data.integer().map_or(&[][..], |(_, scales)| scales);
                let name = format!("zeros_{index}");
                self.data += &array("std::int8_t", &name, scales.iter().map(|scale| scale.zero));
                name
            }
            false => "nullptr".to_owned(),
        };
        let residual = conv.residual().and_then(|_| layer.input(1));
        let stage = self.stage(index, conv, output, residual);
        let _ = writeln!(
            self.data,
            "static const PlainConv conv_{index} = {{{}, {}, {}, {}, {}, {}, weights_{index}, {zeros}, {stage}}};",
            axis(rows),
            axis(columns),
            data.shape[0],
            data.channels(),
            conv.outputs(),
            conv.group
        );
        let other = residual.map_or("nullptr".to_owned(), |id| self.bytes(id));
        let _ = writeln!(
            self.body,
            "  plain_conv(conv_{index}, {}, {other}, {});",
            self.bytes(input),
            self.bytes(output)
        );
        Ok(())
    }

    /// The output stage of a convolution, its arrays written before.
    fn stage(
        &mut self,
        index: usize,
        conv: &QConv,
        output: QValueId,
        residual: Option<QValueId>,
    ) -> String {
        let (graph, outputs) = (self.graph, 0..conv.outputs());
        let (width, scales) = match graph.value(output).integer() {
            Some((width, scales)) => (width.bits(), scales),
            None => (8, &[][..]),
        };
        let folded = outputs.clone().map(|output| {
            let weights = &conv.weights[output * conv.taps()..][..conv.taps()];
            let sum: i64 = weights.iter().map(|&weight| i64::from(weight)).sum();
            (i64::from(conv.bias[output]) - 128 * sum) as i32
        });
        let folded: Vec<_> = folded.map(literal).collect();
        self.data += &array("std::int32_t", &format!("folded_{index}"), folded);
        let mut numbers = |name: &str, numbers: Vec<i32>| {
            let name = format!("{name}_{index}");
            self.data += &array("std::int16_t", &name, numbers);
            name
        };
        let wide = |numbers: &[i8]| numbers.iter().map(|&number| number.into()).collect();
        let zero = numbers("zero", scales.iter().map(|scale| scale.zero.into()).collect());
        let none = || "nullptr".to_owned();
        let (mut argument, mut shifts, mut align, mut other) = (none(), none(), none(), none());
        let (mut kind, mut relu, mut name, mut place) = ("direct", false, none(), 0);
        let (mut bias, mut activation, mut dpu) = (none(), 0, [0; 3]);
        match &conv.output {
            ConvOutput::Direct { shifts: own, relu: limited } => {
                shifts = numbers("shifts", wide(own));
                relu = *limited;
            }
            ConvOutput::Function { function, arguments, shifts: own, residual: added, .. } => {
                kind = "function";
                name = format!("&function_{function}");
                argument = numbers("argument", wide(arguments));
                shifts = numbers("shifts", wide(own));
                place = match added {
                    None => 0,
                    Some(Residual::BeforeActivation) => 1,
                    Some(Residual::AfterActivation) => 2,
                };
                if let Some((_, scales)) = residual.and_then(|id| graph.value(id).integer()) {
                    let shift =
                        |at: usize| conv.residual_shift(&graph.functions, at, scales[at].exponent);
                    align = numbers("align", outputs.map(shift).collect());
                    other = numbers(
                        "residual_zero",
                        scales.iter().map(|scale| scale.zero.into()).collect(),
                    );
                }
            }
            ConvOutput::Dpu { accumulator_shift, bias_shift, shift, activation: own } => {
                kind = "dpu";
                dpu = [*accumulator_shift, *bias_shift, *shift];
                activation = match own {
                    DpuActivation::None => 0,
                    DpuActivation::Relu => 1,
                    DpuActivation::LeakyRelu => 2,
                };
                bias = format!("bias_{index}");
                self.data +=
                    &array("std::int32_t", &bias, conv.bias.iter().map(|&own| literal(own)));
            }
        }
        let [accumulator, bias_shift, shift] = dpu;
        format!(
            "{{StageOf<std::int16_t>::Kind::{kind}, {}, {relu}, {name}, {place}, {activation}, {accumulator}, {bias_shift}, \
             {shift}, {width}, {bias}, folded_{index}, {argument}, {shifts}, {zero}, {align}, {other}}}",
            rounding(graph.rounding)
        )
    }

    /// An addition, by the rules of the DPU or not, or a change of scale.
    pub fn add(&mut self, index: usize, layer: &Layer, dpu: bool) -> Result<()> {
        self.needs.insert(Module::Add);
        let inputs: Vec<_> = (0..2).filter_map(|position| layer.input(position)).collect();
        let output = layer.outputs[0];
        let graph = self.graph;
        let scales = |id: QValueId| graph.value(id).integer().map_or(&[][..], |(_, scales)| scales);
        let (first, last) = (scales(inputs[0]), scales(*inputs.last().unwrap_or(&inputs[0])));
        let channel = |at: usize| {
            let (a, b, out) = (first[at], last[at], scales(output)[at]);
            let exponent = |scale: Scale| i32::from(scale.exponent);
            let (least, most) = (exponent(a).min(exponent(b)), exponent(a).max(exponent(b)));
            // As in elementwise.cpp, by rules A13 and A8.
            let (left, right) = match dpu {
                true => ([a, b].map(|own| 7 - (most - exponent(own))), exponent(out) - most + 7),
                false => ([a, b].map(|own| exponent(own) - least), exponent(out) - least),
            };
            format!(
                "{{{{{}, {}}}, {right}, {{{}, {}}}, {}}}",
                left[0], left[1], a.zero, b.zero, out.zero
            )
        };
        let value = graph.value(output);
        let count = value.channels();
        self.data += &array("AddChannel", &format!("add_{index}"), (0..count).map(channel));
        let bits = value.integer().map_or(8, |(width, _)| width.bits());
        let [a, b] = [0, 1].map(|at| inputs.get(at).map(|&id| self.bytes(id)));
        let a = a.unwrap_or_default();
        let b = b.map_or("nullptr".to_owned(), |b| format!("{b} + i"));
        let _ = writeln!(
            self.body,
            "  for (std::size_t i = 0; i < {}; ++i) store_integer({}, i, {bits}, added(add_{index}[i % {count}], {}, {bits}, \
             {a} + i, {b}));",
            value.len(),
            self.bytes(output),
            rounding(graph.rounding)
        );
        Ok(())
    }

    /// A tensor times a number per channel, by rule A15.
    pub fn channel_mul(&mut self, index: usize, layer: &Layer) -> Result<()> {
        let missing = || Error::new(&codes::INTERNAL, "a product without two factors");
        self.needs.insert(Module::Add);
        let (a, b) = (layer.input(0).ok_or_else(missing)?, layer.input(1).ok_or_else(missing)?);
        let output = layer.outputs[0];
        let graph = self.graph;
        let scales = |id: QValueId| graph.value(id).integer().map_or(&[][..], |(_, scales)| scales);
        let channel = |((a, b), out): ((&Scale, &Scale), &Scale)| {
            let right = i32::from(out.exponent) - i32::from(a.exponent) - i32::from(b.exponent);
            format!("{{{{0, 0}}, {right}, {{{}, {}}}, {}}}", a.zero, b.zero, out.zero)
        };
        let channels = scales(a).iter().zip(scales(b)).zip(scales(output)).map(channel);
        self.data += &array("AddChannel", &format!("mul_{index}"), channels);
        let value = graph.value(output);
        let bits = value.integer().map_or(8, |(width, _)| width.bits());
        let (all, count) = (value.len(), value.channels());
        let image = all / value.shape[0];
        let _ = writeln!(
            self.body,
            "  for (std::size_t i = 0; i < {all}; ++i) store_integer({}, i, {bits}, multiplied(mul_{index}[i % {count}], {}, {bits}, \
             {}[i], {}[i / {image} * {count} + i % {count}]));",
            self.bytes(output),
            rounding(graph.rounding),
            self.bytes(a),
            self.bytes(b)
        );
        Ok(())
    }

    pub fn max_pool(&mut self, layer: &Layer, pool: &QMaxPool) -> Result<()> {
        let missing = || Error::new(&codes::INTERNAL, "a pooling without input or output");
        let (input, output) = (layer.input(0).ok_or_else(missing)?, layer.outputs[0]);
        let shape = &self.graph.value(input).shape;
        let axes = pool.window(shape)?.unwrap_or_default();
        let (rows, columns) = match &axes[..] {
            [columns] => (&Axis::UNIT, columns),
            [rows, columns] => (rows, columns),
            _ => return Err(refused(format!("a pooling over {} axes", axes.len()))),
        };
        self.needs.insert(Module::Pool);
        let _ = writeln!(
            self.body,
            "  plain_max_pool({}, {}, {}, {}, {}, {});",
            axis(rows),
            axis(columns),
            shape[0],
            shape[1],
            self.bytes(input),
            self.bytes(output)
        );
        Ok(())
    }
}

/// The least integer has no literal of its own.
fn literal(number: i32) -> String {
    match number {
        i32::MIN => "INT32_MIN".to_owned(),
        number => number.to_string(),
    }
}
