//! One layer in float, and the movement of elements.

use std::fmt::Write as _;

use super::Writer;
use super::copies::{self, Input};
use super::layers::refused;
use super::library::Module;
use super::memory::{Planes, strides};
use super::text::{array, float};
use crate::base::error::Result;
use crate::base::tensor::{DType, Tensor};
use crate::frontend::ops::activation::Activation;
use crate::frontend::ops::binary::Binary;
use crate::frontend::ops::global_pool::GlobalPool;
use crate::frontend::ops::softmax::Softmax;
use crate::frontend::ops::{Op, axis};
use crate::model::qgraph::{Layer, Operand};

/// Statements of one copy that are still a program.
const MOST_COPIES: usize = 4096;

/// The enumerator of an activation function and its constants.
fn map(activation: &Activation) -> String {
    let zero = 0.0f32;
    let (kind, first, second, flag) = match *activation {
        Activation::Relu => ("relu", zero, zero, false),
        Activation::Clamp { min, max } => ("clamp", min, max, false),
        Activation::LeakyRelu { alpha } => ("leaky_relu", alpha, zero, false),
        Activation::Sigmoid => ("sigmoid", zero, zero, false),
        Activation::Silu => ("silu", zero, zero, false),
        Activation::HardSigmoid { alpha, beta } => ("hard_sigmoid", alpha, beta, false),
        Activation::HardSwish => ("hard_swish", zero, zero, false),
        Activation::Mish => ("mish", zero, zero, false),
        Activation::Gelu { tanh } => ("gelu", zero, zero, tanh),
        Activation::Elu { alpha } => ("elu", alpha, zero, false),
        Activation::Selu { alpha, gamma } => ("selu", alpha, gamma, false),
        Activation::Celu { alpha } => ("celu", alpha, zero, false),
        Activation::Square { factor } => ("square", factor, zero, false),
        Activation::Tanh => ("tanh", zero, zero, false),
        Activation::Softplus => ("softplus", zero, zero, false),
        Activation::Softsign => ("softsign", zero, zero, false),
        Activation::Erf => ("erf", zero, zero, false),
        Activation::Exp => ("exp", zero, zero, false),
        Activation::Log => ("log", zero, zero, false),
        Activation::Sqrt => ("sqrt", zero, zero, false),
        Activation::Reciprocal => ("reciprocal", zero, zero, false),
        Activation::Abs => ("abs", zero, zero, false),
        Activation::Neg => ("neg", zero, zero, false),
        Activation::Floor => ("floor", zero, zero, false),
        Activation::Ceil => ("ceil", zero, zero, false),
        Activation::Round => ("round", zero, zero, false),
    };
    format!("FloatMap{{FloatMap::Kind::{kind}, {}, {}, {flag}}}", float(first), float(second))
}

/// A value or a constant that a layer in float reads.
struct Term {
    pointer: String,
    shape: Vec<usize>,
    /// Elements from one index to the next, per axis.
    steps: Vec<usize>,
}

fn row_major(shape: &[usize]) -> Vec<usize> {
    let mut steps = vec![1; shape.len()];
    for axis in (1..shape.len()).rev() {
        steps[axis - 1] = steps[axis] * shape[axis];
    }
    steps
}

impl Writer<'_> {
    /// Copies of a layer that moves elements; floats are those of `pointers`, one for each value that it reads.
    pub fn movement(&mut self, layer: &Layer, op: &Op, pointers: &[String]) -> Result<()> {
        let graph = self.graph;
        let inputs = layer.inputs.iter().map(|operand| match operand {
            None => None,
            Some(Operand::Constant(tensor)) => Some(Input::Constant(tensor)),
            Some(Operand::Value(id)) => Some(Input::Value(&graph.value(*id).shape)),
        });
        let inputs: Vec<_> = inputs.collect();
        let values = layer.inputs.iter().flatten().filter_map(Operand::value);
        copies::check(values.map(|id| graph.value(id).len()).sum())?;
        let copies = copies::copies(op, &inputs)?;
        if copies.len() > MOST_COPIES {
            return Err(refused("it moves elements without an order in them"));
        }
        for copy in copies {
            let target = layer.outputs[copy.output];
            let (kind, to) = (self.kind(target), self.result(target));
            self.body += &copy.code(kind, &pointers[copy.input], &to);
        }
        Ok(())
    }

    pub fn float(&mut self, layer: &Layer, op: &Op) -> Result<()> {
        let mut pointers = Vec::new();
        for id in layer.inputs.iter().flatten().filter_map(Operand::value) {
            pointers.push(self.floats(id));
        }
        if copies::moves(op) {
            self.movement(layer, op, &pointers)?;
        } else {
            match op {
                Op::Activation(activation) => self.activation(layer, activation, &pointers),
                Op::Binary(binary) => self.binary(layer, *binary, &pointers)?,
                Op::Softmax(softmax) => self.softmax(layer, softmax, &pointers)?,
                Op::GlobalPool(pool) => self.global_pool(layer, *pool, &pointers),
                _ => return Err(refused(format!("{} in float", op.kind()))),
            }
        }
        for &id in &layer.outputs {
            self.quantized(id);
        }
        Ok(())
    }

    fn activation(&mut self, layer: &Layer, activation: &Activation, pointers: &[String]) {
        self.needs.insert(Module::FloatMap);
        let output = layer.outputs[0];
        let (to, from) = (self.result(output), &pointers[0]);
        let count = self.graph.value(output).len();
        let _ = writeln!(
            self.body,
            "  for (std::size_t i = 0; i < {count}; ++i) {to}[i] = mapped({}, {from}[i]);",
            map(activation)
        );
    }

    fn term(
        &mut self,
        layer: &Layer,
        position: usize,
        pointers: &mut std::slice::Iter<'_, String>,
    ) -> Result<Term> {
        match layer.inputs.get(position).and_then(Option::as_ref) {
            None => Err(refused("an operand is missing")),
            Some(Operand::Value(id)) => {
                let shape = self.graph.value(*id).shape.clone();
                let steps = strides(&shape);
                Ok(Term { pointer: pointers.next().cloned().unwrap_or_default(), shape, steps })
            }
            Some(Operand::Constant(tensor)) => {
                let pointer = self.constant(tensor)?;
                let shape = tensor.shape().to_vec();
                Ok(Term { pointer, steps: row_major(&shape), shape })
            }
        }
    }

    /// A constant as an array, row-major; its name.
    fn constant(&mut self, tensor: &Tensor) -> Result<String> {
        if tensor.dtype() != DType::F32 {
            return Err(refused(format!("a constant of type {}", tensor.dtype())));
        }
        let name = format!("constant_{}", self.constants);
        self.constants += 1;
        let numbers = tensor.values::<f32>()?.iter().map(|&number| float(number));
        self.data += &array("float", &name, numbers);
        Ok(name)
    }

    fn binary(&mut self, layer: &Layer, binary: Binary, pointers: &[String]) -> Result<()> {
        let mut pointers = pointers.iter();
        let [a, b] = [0, 1].map(|position| self.term(layer, position, &mut pointers));
        let sign = match binary {
            Binary::Add => '+',
            Binary::Sub => '-',
            Binary::Mul => '*',
            Binary::Div => '/',
        };
        let output = layer.outputs[0];
        let shape = &self.graph.value(output).shape;
        let to = Term { pointer: self.result(output), shape: shape.clone(), steps: strides(shape) };
        let element = |term: &Term| {
            let missing = shape.len() - term.shape.len();
            let mut text = format!("{}[0", term.pointer);
            for (at, (&extent, step)) in term.shape.iter().zip(&term.steps).enumerate() {
                if extent > 1 {
                    let _ = write!(text, " + {step} * i{}", at + missing);
                }
            }
            text + "]"
        };
        let mut text = String::from("  ");
        for (at, extent) in shape.iter().enumerate().filter(|&(_, &extent)| extent != 1) {
            let _ = write!(text, "for (std::size_t i{at} = 0; i{at} < {extent}; ++i{at}) ");
        }
        let _ = writeln!(text, "{} = {} {sign} {};", element(&to), element(&a?), element(&b?));
        self.body += &text;
        Ok(())
    }

    fn global_pool(&mut self, layer: &Layer, pool: GlobalPool, pointers: &[String]) {
        self.needs.insert(Module::Lanes);
        let function = match pool {
            GlobalPool::Average => "mean_lane",
            GlobalPool::Max => "largest_lane",
        };
        let input = layer.input(0).map_or(&[][..], |id| &self.graph.value(id).shape);
        let Planes { batch, channels, plane } = Planes::of(input);
        let (to, from) = (self.result(layer.outputs[0]), &pointers[0]);
        let _ = writeln!(
            self.body,
            "  for (std::size_t i = 0; i < {}; ++i) {to}[i] = {function}({from} + i / {channels} * {} + i % {channels}, \
             {plane}, {channels});",
            batch * channels,
            plane * channels
        );
    }

    fn softmax(&mut self, layer: &Layer, softmax: &Softmax, pointers: &[String]) -> Result<()> {
        let output = layer.outputs[0];
        let shape = &self.graph.value(output).shape;
        let last = softmax.axis == shape.len() as i64 - 1 || softmax.axis == -1;
        if softmax.flatten && !last {
            return Err(refused("a Softmax over several axes"));
        }
        self.needs.insert(Module::Lanes);
        let along = axis(softmax.axis, shape.len())?;
        let steps = strides(shape);
        let (mut text, mut first) = (String::from("  "), String::from("0"));
        for (at, extent) in shape.iter().enumerate().filter(|&(at, _)| at != along) {
            let _ = write!(text, "for (std::size_t i{at} = 0; i{at} < {extent}; ++i{at}) ");
            let _ = write!(first, " + {} * i{at}", steps[at]);
        }
        let to = self.result(output);
        let _ = writeln!(
            self.body,
            "{text}softmax_lane({} + ({first}), {to} + ({first}), {}, {}, {});",
            pointers[0], shape[along], steps[along], softmax.log
        );
        Ok(())
    }
}
