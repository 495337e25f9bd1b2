//! Graphs made in code: for tests and for stages that lower to operators.

use super::{Graph, Node, Output, ValueId};
use crate::base::error::{Error, Result, codes};
use crate::base::tensor::{DType, Tensor};
use crate::frontend::ops::{Fact, Op};

/// Adds values and nodes in order of execution.
#[derive(Debug)]
pub struct Builder {
    graph: Graph,
}

impl Builder {
    /// An empty graph.
    pub fn new(name: &str) -> Self {
        Self {
            graph: Graph {
                name: name.to_owned(),
                values: Vec::new(),
                nodes: Vec::new(),
                inputs: Vec::new(),
                outputs: Vec::new(),
            },
        }
    }

    /// Adds a network input.
    pub fn input(&mut self, name: &str, dtype: DType, shape: &[usize]) -> ValueId {
        let id = self.graph.add_value(name, Fact::new(dtype, shape));
        self.graph.inputs.push(id);
        id
    }

    /// Adds a constant.
    pub fn constant(&mut self, name: &str, value: Tensor) -> ValueId {
        self.graph.add_constant(name, value)
    }

    /// Adds a node and returns its first output.
    ///
    /// # Errors
    /// Those of shape inference.
    pub fn node(&mut self, name: &str, op: impl Into<Op>, inputs: &[ValueId]) -> Result<ValueId> {
        let outputs = self.node_with_outputs(name, op, inputs)?;
        outputs
            .first()
            .copied()
            .ok_or_else(|| Error::new(&codes::INTERNAL, format!("node \"{name}\" has no output")))
    }

    /// Adds a node and returns all of its outputs.
    ///
    /// # Errors
    /// Those of shape inference.
    pub fn node_with_outputs(
        &mut self,
        name: &str,
        op: impl Into<Op>,
        inputs: &[ValueId],
    ) -> Result<Vec<ValueId>> {
        let mut op = op.into();
        if let Some(&first) = inputs.first() {
            op.count_axes(self.graph.fact(first).shape.len());
        }
        let mut node = Node {
            name: name.to_owned(),
            op,
            inputs: inputs.iter().copied().map(Some).collect(),
            outputs: Vec::new(),
            sources: vec![name.to_owned()],
        };
        for (position, fact) in self.graph.infer(&node)?.into_iter().enumerate() {
            let output = if position == 0 { name.to_owned() } else { format!("{name}.{position}") };
            let id = self.graph.add_value(&output, fact);
            node.outputs.push(id);
        }
        let outputs = node.outputs.clone();
        self.graph.nodes.push(node);
        Ok(outputs)
    }

    /// Makes a value a network output.
    pub fn output(&mut self, name: &str, value: ValueId) {
        self.graph.outputs.push(Output { name: name.to_owned(), value });
    }

    /// Checks the graph and returns it.
    ///
    /// # Errors
    /// Those of [`Graph::validate`].
    pub fn finish(self) -> Result<Graph> {
        self.graph.validate()?;
        Ok(self.graph)
    }
}
