//! The float executor: runs a graph on real input; for calibration and for float layers.
//!
//! Operators spread their own work over the threads of the current rayon pool; the result does
//! not depend on how many there are.

use crate::base::awake::awake;
use crate::base::error::{Error, Result, codes};
use crate::base::tensor::{Tensor, spare};
use crate::frontend::graph::{Graph, Node, ValueId};
use crate::frontend::ops::Inputs;

/// A graph with the order in which its intermediate values can be dropped.
#[derive(Debug)]
pub struct Executor<'a> {
    graph: &'a Graph,
    /// For each node, the values that nobody reads after it.
    dead_after: Vec<Vec<ValueId>>,
}

impl<'a> Executor<'a> {
    /// Prepares a graph.
    pub fn new(graph: &'a Graph) -> Self {
        let mut seen = vec![false; graph.values.len()];
        for output in &graph.outputs {
            seen[output.value.0] = true;
        }
        let mut dead_after = vec![Vec::new(); graph.nodes.len()];
        for (index, node) in graph.nodes.iter().enumerate().rev() {
            for &id in node.inputs.iter().flatten().chain(&node.outputs) {
                if !std::mem::replace(&mut seen[id.0], true) {
                    dead_after[index].push(id);
                }
            }
        }
        Self { graph, dead_after }
    }

    /// Runs the graph on one tensor per network input and returns one per network output.
    ///
    /// # Errors
    /// [`codes::SHAPE`] when an input does not fit, and those of the operators.
    pub fn run(&self, inputs: &[Tensor]) -> Result<Vec<Tensor>> {
        awake(|| self.run_observed(inputs, |_, _| ()))
    }

    /// Like [`Executor::run`]; `observe` sees every network input and computed value once.
    ///
    /// # Errors
    /// Those of [`Executor::run`].
    pub fn run_observed(
        &self,
        inputs: &[Tensor],
        mut observe: impl FnMut(ValueId, &Tensor),
    ) -> Result<Vec<Tensor>> {
        let graph = self.graph;
        let _frame = spare::Frame::new();
        self.check_inputs(inputs)?;
        let mut values: Vec<Option<Tensor>> =
            graph.values.iter().map(|value| value.fact.value.clone()).collect();
        for (&id, tensor) in graph.inputs.iter().zip(inputs) {
            observe(id, tensor);
            values[id.0] = Some(tensor.clone());
        }
        for (node, dead) in graph.nodes.iter().zip(&self.dead_after) {
            for (&id, output) in node.outputs.iter().zip(eval(node, &values)?) {
                observe(id, &output);
                values[id.0] = Some(output);
            }
            for id in dead {
                if let Some(tensor) = values[id.0].take() {
                    spare::give_back(tensor);
                }
            }
        }
        graph
            .outputs
            .iter()
            .map(|output| {
                values[output.value.0].clone().ok_or_else(|| {
                    let name = &output.name;
                    Error::new(&codes::INTERNAL, format!("output \"{name}\" was not computed"))
                })
            })
            .collect()
    }

    fn check_inputs(&self, inputs: &[Tensor]) -> Result<()> {
        let wanted = &self.graph.inputs;
        if inputs.len() != wanted.len() {
            return Err(Error::new(
                &codes::SHAPE,
                format!("{} inputs given, the network has {}", inputs.len(), wanted.len()),
            ));
        }
        for (&id, tensor) in wanted.iter().zip(inputs) {
            let value = self.graph.value(id);
            if (tensor.dtype(), tensor.shape()) != (value.fact.dtype, &value.fact.shape[..]) {
                return Err(Error::new(
                    &codes::SHAPE,
                    format!(
                        "input \"{}\" is {}{:?}, given {}{:?}",
                        value.name,
                        value.fact.dtype,
                        value.fact.shape,
                        tensor.dtype(),
                        tensor.shape()
                    ),
                ));
            }
        }
        Ok(())
    }
}

fn eval(node: &Node, values: &[Option<Tensor>]) -> Result<Vec<Tensor>> {
    let inputs: Vec<_> =
        node.inputs.iter().map(|id| id.and_then(|id| values[id.0].as_ref())).collect();
    node.op.eval(Inputs::new(&inputs)).map_err(|error| error.at(node.place()))
}
