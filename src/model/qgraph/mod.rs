//! The quantized graph: what the model file holds, the reference runs and the accelerator does.
//!
//! Made by `quant` or by an import of an already quantized model; checked by
//! [`QGraph::validate`]. After that check every layer can run. Rule numbers are those of
//! `docs/arithmetic.md`.

mod ops;
mod validate;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

// The list of operators is in `ops`; a new one adds nothing here.
pub use ops::*;

use crate::base::arithmetic::{Function, Rounding};
use crate::base::pattern;
use crate::base::tensor::{DType, Tensor};

/// Index of a value in [`QGraph::values`].
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct QValueId(pub usize);

/// A quantized network: plain data.
#[derive(Debug, Clone, PartialEq)]
pub struct QGraph {
    /// Name from the original model.
    pub name: String,
    /// Everything that flows between layers; constants belong to their layers.
    pub values: Vec<QValue>,
    /// Layers in order of execution.
    pub layers: Vec<Layer>,
    /// Network inputs, always [`Format::Float`] or integer as the accelerator takes them.
    pub inputs: Vec<QValueId>,
    /// Network outputs.
    pub outputs: Vec<QOutput>,
    /// Activation functions that layers share (rule A7).
    pub functions: Vec<Function>,
    /// Rounding of every right shift (rule A2).
    pub rounding: Rounding,
}

/// One value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct QValue {
    /// Name in the original model; unique.
    pub name: String,
    /// Extents, outermost first; channels are dimension 1.
    pub shape: Vec<usize>,
    /// How its numbers are held.
    pub format: Format,
}

/// How the numbers of a value are held.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// Single precision, on the processor.
    Float,
    /// Integers with a scale per channel (rule A1).
    Integer {
        /// Width of an element.
        width: Width,
        /// One per channel.
        scales: Vec<Scale>,
    },
}

/// Width of stored integers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the variants are the Rust types of the same name")]
pub enum Width {
    I8,
    I16,
    I32,
}

impl Width {
    /// Bits of an element.
    pub fn bits(self) -> u32 {
        match self {
            Self::I8 => 8,
            Self::I16 => 16,
            Self::I32 => 32,
        }
    }

    /// Element type of a tensor that holds such values.
    pub fn dtype(self) -> DType {
        match self {
            Self::I8 => DType::I8,
            Self::I16 => DType::I16,
            Self::I32 => DType::I32,
        }
    }
}

/// Exponent and zero point of one channel (rule A1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
pub struct Scale {
    /// Power of two of one step, -32..=31.
    pub exponent: i8,
    /// The integer that stands for 0.
    pub zero: i8,
}

/// A network output keeps the name it has in the original model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct QOutput {
    /// Name in the original model.
    pub name: String,
    /// The value that leaves.
    pub value: QValueId,
}

/// One layer.
#[derive(Debug, Clone, PartialEq)]
pub struct Layer {
    /// Name of the node it came from.
    pub name: String,
    /// What it computes.
    pub op: QOp,
    /// Its inputs by position; `None` is an omitted optional one.
    pub inputs: Vec<Option<Operand>>,
    /// Its outputs.
    pub outputs: Vec<QValueId>,
    /// Names of all nodes of the original model whose work it does.
    pub sources: Vec<String>,
}

/// An input of a layer.
#[derive(Debug, Clone, PartialEq)]
pub enum Operand {
    /// A value of the graph.
    Value(QValueId),
    /// A constant, such as the target shape of a reshape or the weights of a float layer.
    Constant(Tensor),
}

impl Operand {
    /// The value, unless it is a constant.
    pub fn value(&self) -> Option<QValueId> {
        match self {
            Self::Value(id) => Some(*id),
            Self::Constant(_) => None,
        }
    }
}

impl QGraph {
    /// Whether the outputs of a layer are parts of its input's memory under other names, so that
    /// nothing is computed and nothing moves.
    pub fn is_view(&self, layer: &Layer) -> bool {
        layer.op.operator().is_view(&Operands { graph: self, layer })
    }

    /// The value behind an index.
    pub fn value(&self, id: QValueId) -> &QValue {
        &self.values[id.0]
    }

    /// For each layer, the values that nobody reads after it.
    pub fn dead_after(&self) -> Vec<Vec<QValueId>> {
        let mut seen = vec![false; self.values.len()];
        for output in &self.outputs {
            seen[output.value.0] = true;
        }
        let mut dead = vec![Vec::new(); self.layers.len()];
        for (index, layer) in self.layers.iter().enumerate().rev() {
            let inputs = layer.inputs.iter().flatten().filter_map(Operand::value);
            for id in inputs.chain(layer.outputs.iter().copied()) {
                if !std::mem::replace(&mut seen[id.0], true) {
                    dead[index].push(id);
                }
            }
        }
        dead
    }
}

impl Layer {
    /// How errors and reports name this layer.
    pub fn place(&self) -> String {
        format!("layer \"{}\" ({})", self.name, self.op.kind())
    }

    /// Whether a pattern with stars is its name, or that of a node of the original model in it.
    pub fn is_named(&self, pattern: &str) -> bool {
        std::iter::once(&self.name).chain(&self.sources).any(|name| pattern::matches(pattern, name))
    }

    /// The value at an input position, unless it is a constant or omitted.
    pub fn input(&self, position: usize) -> Option<QValueId> {
        self.inputs.get(position)?.as_ref()?.value()
    }

    /// Whether a value is among the inputs.
    pub fn reads(&self, id: QValueId) -> bool {
        self.inputs.iter().flatten().any(|operand| operand.value() == Some(id))
    }
}

impl QValue {
    /// Width and scales, when it is quantized.
    pub fn integer(&self) -> Option<(Width, &[Scale])> {
        match &self.format {
            Format::Float => None,
            Format::Integer { width, scales } => Some((*width, scales)),
        }
    }

    /// Number of channels (dimension 1).
    pub fn channels(&self) -> usize {
        self.shape.get(1).copied().unwrap_or(1)
    }

    /// Number of elements.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether there is no element.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
