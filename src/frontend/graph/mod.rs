//! The graph: values, operators in topological order, static shapes everywhere.
//!
//! Made by [`Graph::from_model`], changed only by `rewrites`, checked by [`Graph::validate`].

mod builder;
mod composites;
mod dump;
mod import;
mod order;
mod rewrite;
mod validate;

use crate::base::error::Result;
use crate::base::tensor::Tensor;
use crate::frontend::ops::{Fact, Inputs, Op};

pub use builder::Builder;
pub use composites::COMPOSITES;
pub use dump::{GraphDump, NodeDump, OutputDump, ValueDump};
pub use import::{ImportOptions, parse_input_shape};
pub use rewrite::Links;

/// Index of a value in [`Graph::values`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ValueId(pub usize);

/// A network: plain data.
#[derive(Debug, Clone, PartialEq)]
pub struct Graph {
    /// Name from the model file.
    pub name: String,
    /// Everything that flows between operators, constants included.
    pub values: Vec<Value>,
    /// Operators; each comes after the producers of its inputs.
    pub nodes: Vec<Node>,
    /// Network inputs.
    pub inputs: Vec<ValueId>,
    /// Network outputs.
    pub outputs: Vec<Output>,
}

/// One value. A value with [`Fact::value`] and no producer is a constant.
#[derive(Debug, Clone, PartialEq)]
pub struct Value {
    /// Name from the model file, or derived from one; unique.
    pub name: String,
    /// Type, shape and, for constants, the value.
    pub fact: Fact,
}

/// A network output keeps its name even when a rewrite lets another value take its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// Name in the model file.
    pub name: String,
    /// The value that leaves.
    pub value: ValueId,
}

/// One operator.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Name of the ONNX node it came from; for fused ones, of the node that does the main work.
    pub name: String,
    /// The operator with its attributes.
    pub op: Op,
    /// Inputs by position; `None` is an omitted optional one.
    pub inputs: Vec<Option<ValueId>>,
    /// Outputs by position.
    pub outputs: Vec<ValueId>,
    /// Names of all ONNX nodes whose work this one does, in graph order.
    pub sources: Vec<String>,
}

impl Node {
    /// How errors and reports name this node.
    pub fn place(&self) -> String {
        format!("node \"{}\" ({})", self.name, self.op.kind())
    }

    /// The input at `position`, if it is there.
    pub fn input(&self, position: usize) -> Option<ValueId> {
        self.inputs.get(position).copied().flatten()
    }
}

impl Graph {
    /// The value behind an index.
    pub fn value(&self, id: ValueId) -> &Value {
        &self.values[id.0]
    }

    /// Type and shape of a value.
    pub fn fact(&self, id: ValueId) -> &Fact {
        &self.values[id.0].fact
    }

    /// The value itself, if it is known at conversion time.
    pub fn constant(&self, id: ValueId) -> Option<&Tensor> {
        self.values[id.0].fact.value.as_ref()
    }

    /// Adds a value; the name is made unique by a suffix where it is taken.
    pub fn add_value(&mut self, name: &str, fact: Fact) -> ValueId {
        let taken = |name: &str| self.values.iter().any(|value| value.name == name);
        let mut unique = name.to_owned();
        let mut suffix = 1;
        while taken(&unique) {
            unique = format!("{name}.{suffix}");
            suffix += 1;
        }
        self.values.push(Value { name: unique, fact });
        ValueId(self.values.len() - 1)
    }

    /// Adds a constant.
    pub fn add_constant(&mut self, name: &str, value: Tensor) -> ValueId {
        self.add_value(name, Fact::from(value))
    }

    /// The facts of a node's inputs, by position.
    pub fn input_facts<'a>(&'a self, node: &Node) -> Vec<Option<&'a Fact>> {
        node.inputs.iter().map(|input| input.map(|id| self.fact(id))).collect()
    }

    /// The facts of a node's outputs.
    pub fn output_facts(&self, node: &Node) -> Vec<Fact> {
        node.outputs.iter().map(|&id| self.fact(id).clone()).collect()
    }

    /// Multiply-accumulate operations of one node.
    pub fn macs(&self, node: &Node) -> u64 {
        node.op.macs(Inputs::new(&self.input_facts(node)), &self.output_facts(node))
    }

    /// Whether a node only renames or reshapes, so that nothing is computed or moved for it.
    pub fn is_view(&self, node: &Node) -> bool {
        node.op.is_view(Inputs::new(&self.input_facts(node)))
    }

    /// Nodes that compute or move data: all but the views.
    pub fn layers(&self) -> impl Iterator<Item = &Node> {
        self.nodes.iter().filter(|node| !self.is_view(node))
    }

    /// Infers the outputs of a node from the facts of its inputs.
    ///
    /// # Errors
    /// Those of [`Op::infer`], with the node's name.
    pub fn infer(&self, node: &Node) -> Result<Vec<Fact>> {
        let inputs = self.input_facts(node);
        let facts = node.op.infer(Inputs::new(&inputs)).map_err(|e| e.at(node.place()))?;
        for fact in &facts {
            fact.check_size().map_err(|e| e.at(node.place()))?;
        }
        Ok(facts)
    }
}
