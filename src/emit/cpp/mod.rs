//! A network as one C++ file for processors without an operating system: static arrays, no parsing, no heap.
//!
//! The arithmetic is that of the C++ library (`runtime/src/plain`), of which a file holds what its network needs.

mod copies;
mod floats;
mod layers;
mod library;
mod memory;
mod text;

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write as _;

use crate::base::error::{Place as _, Result};
use crate::model::qgraph::{Layer, Operand, QFloat, QGraph, QMove, QOp, QValueId, Width};
use layers::{refused, rounding};
use library::Module;
use memory::{Lifetime, Planes};
use text::{array, comment, identifier};

/// A network in C++.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The file to compile; it needs no other one.
    pub code: String,
    /// What a program that calls it includes.
    pub header: String,
    /// Bytes that a call needs for activations.
    pub arena: usize,
}

/// Writes a network whose functions are in the namespace `name`.
///
/// # Errors
/// [`crate::base::error::codes::RUNTIME_OPERATOR`] naming the layer that such a file cannot hold; those of the operators that move elements.
pub fn source(graph: &QGraph, name: &str) -> Result<Source> {
    let mut writer = Writer::new(graph, identifier(name));
    writer.functions();
    writer.take_inputs();
    for (index, layer) in graph.layers.iter().enumerate() {
        writer.now = index + 1;
        let _ = writeln!(writer.body, "  // {}", comment(&layer.place()));
        writer.layer(index, layer).at(|| layer.place())?;
    }
    writer.now = graph.layers.len() + 1;
    writer.give_outputs();
    Ok(writer.finish())
}

/// A file while it is written.
struct Writer<'a> {
    graph: &'a QGraph,
    name: String,
    needs: BTreeSet<Module>,
    /// Static arrays.
    data: String,
    /// Statements of the function.
    body: String,
    /// Values of the graph, then floats beside integers.
    lives: Vec<Lifetime>,
    /// The floats of an integer value, as they are computed before they are quantized.
    results: HashMap<QValueId, usize>,
    constants: usize,
    /// The step at hand.
    now: usize,
}

/// Bytes of an element and its type.
fn element(width: Option<Width>) -> (usize, &'static str) {
    match width {
        Some(Width::I8) => (1, "std::uint8_t"),
        Some(Width::I16) => (2, "std::int16_t"),
        Some(Width::I32) => (4, "std::int32_t"),
        None => (4, "float"),
    }
}

impl<'a> Writer<'a> {
    fn new(graph: &'a QGraph, name: String) -> Self {
        let mut lives: Vec<_> = graph
            .values
            .iter()
            .map(|value| {
                let width = value.integer().map(|(width, _)| width);
                Lifetime { bytes: value.len() * element(width).0, born: 0, dies: 0 }
            })
            .collect();
        for (index, layer) in graph.layers.iter().enumerate() {
            let now = index + 1;
            for id in layer.inputs.iter().flatten().filter_map(Operand::value) {
                lives[id.0].dies = now;
            }
            for id in &layer.outputs {
                (lives[id.0].born, lives[id.0].dies) = (now, now);
            }
        }
        for output in &graph.outputs {
            lives[output.value.0].dies = graph.layers.len() + 1;
        }
        Self {
            graph,
            name,
            needs: BTreeSet::new(),
            data: String::new(),
            body: String::new(),
            lives,
            results: HashMap::new(),
            constants: 0,
            now: 0,
        }
    }

    /// The C++ type of a value's elements.
    fn kind(&self, id: QValueId) -> &'static str {
        match self.results.contains_key(&id) {
            true => "float",
            false => element(self.graph.value(id).integer().map(|(width, _)| width)).1,
        }
    }

    /// A pointer to the bytes of a value.
    fn bytes(&self, id: QValueId) -> String {
        format!("(arena + at_{})", id.0)
    }

    fn pointer(&self, slot: usize, kind: &str) -> String {
        format!("reinterpret_cast<{kind}*>(arena + at_{slot})")
    }

    /// Where a layer writes a value: as it is stored, or its floats.
    fn result(&self, id: QValueId) -> String {
        let slot = self.results.get(&id).copied().unwrap_or(id.0);
        self.pointer(slot, self.kind(id))
    }

    fn temporary(&mut self, elements: usize) -> usize {
        self.lives.push(Lifetime { bytes: elements * 4, born: self.now, dies: self.now });
        self.lives.len() - 1
    }

    /// Description of a value for the conversions.
    fn planes(&mut self, id: QValueId) -> String {
        self.needs.insert(Module::Convert);
        let value = self.graph.value(id);
        let Planes { batch, channels, plane } = Planes::of(&value.shape);
        let Some((width, scales)) = value.integer() else {
            return format!("Planes{{{batch}, {channels}, {plane}, 0, nullptr}}");
        };
        let name = format!("scales_{}", id.0);
        if !self.data.contains(&format!(" {name}[]")) {
            let pairs =
                scales.iter().map(|scale| format!("{{{}, {}}}", scale.exponent, scale.zero));
            self.data += &array("ChannelScale", &name, pairs);
        }
        format!("Planes{{{batch}, {channels}, {plane}, {}, {name}}}", width.bits())
    }

    /// The floats of a value in the order of memory, computed where it holds integers.
    fn floats(&mut self, id: QValueId) -> String {
        let value = self.graph.value(id);
        if value.integer().is_none() {
            return self.pointer(id.0, "float");
        }
        let (planes, slot) = (self.planes(id), self.temporary(value.len()));
        let to = self.pointer(slot, "float");
        let _ =
            writeln!(self.body, "  dequantize_planes({planes}, false, {}, {to});", self.bytes(id));
        to
    }

    /// Quantizes the floats of a value, where it holds integers.
    fn quantized(&mut self, id: QValueId) {
        let Some(slot) = self.results.remove(&id) else { return };
        let (planes, from) = (self.planes(id), self.pointer(slot, "float"));
        let _ = writeln!(
            self.body,
            "  if (!quantize_planes({planes}, {}, false, {from}, {})) return false;",
            rounding(self.graph.rounding),
            self.bytes(id)
        );
    }

    fn layer(&mut self, index: usize, layer: &Layer) -> Result<()> {
        match &layer.op {
            QOp::Conv(conv) => self.conv(index, layer, conv),
            QOp::Add | QOp::Rescale => self.add(index, layer, false),
            QOp::ChannelMul => self.channel_mul(index, layer),
            QOp::DpuAdd => self.add(index, layer, true),
            QOp::MaxPool(pool) => self.max_pool(layer, pool),
            QOp::Move(QMove(op)) => {
                let inputs = layer.inputs.iter().flatten().filter_map(Operand::value);
                let pointers: Vec<_> = inputs.map(|id| self.pointer(id.0, self.kind(id))).collect();
                if !copies::moves(op) {
                    return Err(refused(format!("{} of integers", op.kind())));
                }
                self.movement(layer, op, &pointers)
            }
            QOp::Float(QFloat(op)) => {
                for &id in &layer.outputs {
                    let value = self.graph.value(id);
                    if value.integer().is_some() {
                        let slot = self.temporary(value.len());
                        self.results.insert(id, slot);
                    }
                }
                self.float(layer, op)
            }
        }
    }

    fn take_inputs(&mut self) {
        for (&id, field) in self.graph.inputs.iter().zip(self.fields().0) {
            let planes = self.planes(id);
            let to = self.result(id);
            let _ = match self.graph.value(id).integer() {
                None => {
                    writeln!(self.body, "  turn_planes({planes}, false, inputs.{field}, {to});")
                }
                Some(_) => writeln!(
                    self.body,
                    "  if (!quantize_planes({planes}, {}, true, inputs.{field}, {})) return false;",
                    rounding(self.graph.rounding),
                    self.bytes(id)
                ),
            };
        }
    }

    fn give_outputs(&mut self) {
        for (output, field) in self.graph.outputs.iter().zip(self.fields().1) {
            let id = output.value;
            let planes = self.planes(id);
            let _ = match self.graph.value(id).integer() {
                None => {
                    let from = self.pointer(id.0, "float");
                    writeln!(self.body, "  turn_planes({planes}, true, {from}, outputs.{field});")
                }
                Some(_) => writeln!(
                    self.body,
                    "  dequantize_planes({planes}, true, {}, outputs.{field});",
                    self.bytes(id)
                ),
            };
        }
    }

    /// Names of inputs and outputs, each unique.
    fn fields(&self) -> (Vec<String>, Vec<String>) {
        let unique = |names: Vec<&str>| {
            let mut fields: Vec<String> = Vec::new();
            for name in names {
                let name = identifier(name);
                let taken = fields.contains(&name);
                fields.push(if taken { format!("{name}_{}", fields.len()) } else { name });
            }
            fields
        };
        let inputs = self.graph.inputs.iter().map(|&id| &*self.graph.value(id).name).collect();
        let outputs = self.graph.outputs.iter().map(|output| &*output.name).collect();
        (unique(inputs), unique(outputs))
    }

    /// Types and the function, for those who call it.
    fn declarations(&self, arena: usize) -> String {
        let graph = self.graph;
        let (inputs, outputs) = self.fields();
        let guard = format!("{}_NETWORK_H", self.name.to_uppercase());
        let mut text = format!(
            "#ifndef {guard}\n#define {guard}\n\n#include <cstddef>\n\nnamespace {} {{\n\n\
             // Floats, row-major.\nstruct Inputs {{\n",
            self.name
        );
        for (&id, field) in graph.inputs.iter().zip(&inputs) {
            let _ = writeln!(text, "  const float* {field};  // {:?}", graph.value(id).shape);
        }
        text += "};\n\nstruct Outputs {\n";
        for (output, field) in graph.outputs.iter().zip(&outputs) {
            let _ = writeln!(text, "  float* {field};  // {:?}", graph.value(output.value).shape);
        }
        let _ = write!(
            text,
            "}};\n\n// Bytes of memory for a call, aligned to 16.\nconstexpr std::size_t kArenaBytes = {arena};\n\n\
             // False where a number is not finite.\n\
             bool run(const Inputs& inputs, const Outputs& outputs, unsigned char* arena);\n\n\
             }}  // namespace {}\n\n#endif\n",
            self.name
        );
        text
    }

    fn finish(self) -> Source {
        let (offsets, arena) = memory::place(&self.lives);
        let header = self.declarations(arena);
        let mut code = format!(
            "// {}, generated by Seigo {}: one function, static arrays, no heap. Compile it with -ffp-contract=off.\n",
            comment(&self.graph.name),
            env!("CARGO_PKG_VERSION")
        );
        code += &header;
        code += "\n#include <cstdint>\n#include <cstring>\n\n";
        code += &library::text(&self.needs);
        let _ = write!(
            code,
            "namespace {} {{\n\nnamespace {{\n\nusing namespace ceras::detail;\n\n",
            self.name
        );
        for (slot, offset) in offsets
            .iter()
            .enumerate()
            .filter(|(slot, _)| self.body.contains(&format!("at_{slot})")))
        {
            let _ = writeln!(code, "constexpr std::size_t at_{slot} = {offset};");
        }
        let _ = write!(
            code,
            "\n{}\n}}  // namespace\n\nbool run(const Inputs& inputs, const Outputs& outputs, unsigned char* arena) {{\n{}  return true;\n}}\n\n\
             }}  // namespace {}\n",
            self.data, self.body, self.name
        );
        Source { code, header, arena }
    }
}
