//! Chains of nodes that take the place of one.

use crate::base::error::Result;
use crate::base::tensor::Tensor;
use crate::frontend::graph::{Graph, Node, ValueId};
use crate::frontend::ops::Op;
use crate::frontend::ops::conv::Conv;
use crate::frontend::ops::epilogue::{Epilogue, Residual};
use crate::frontend::ops::resize::{Aspect, Coordinates, Mode, Resize, Rounding};
use crate::frontend::ops::window::Window;

/// Nodes that are added to a graph one behind the other, under names that begin with that of the node which they
/// replace.
pub struct Chain<'a> {
    graph: &'a mut Graph,
    name: String,
    count: usize,
}

impl<'a> Chain<'a> {
    /// No node yet; names begin with `name`.
    pub fn new(graph: &'a mut Graph, name: String) -> Self {
        Self { graph, name, count: 0 }
    }

    /// Extents of a value.
    pub fn shape(&self, value: ValueId) -> &[usize] {
        &self.graph.fact(value).shape
    }

    /// A node with one output; the output.
    ///
    /// # Errors
    /// Those of inferring its shape.
    pub fn push(&mut self, op: Op, inputs: Vec<Option<ValueId>>) -> Result<ValueId> {
        self.count += 1;
        let name = format!("{}{}", self.name, self.count);
        let mut node = Node { name, op, inputs, outputs: Vec::new(), sources: Vec::new() };
        let facts = self.graph.infer(&node)?;
        node.outputs =
            facts.into_iter().map(|fact| self.graph.add_value(&node.name, fact)).collect();
        let output = node.outputs[0];
        self.graph.nodes.push(node);
        Ok(output)
    }

    /// A constant input.
    pub fn constant(&mut self, value: Tensor) -> ValueId {
        let name = format!("{}{}:constant", self.name, self.count + 1);
        self.graph.add_constant(&name, value)
    }

    /// A depthwise convolution whose channels all have the same taps, row by row; `residual` is added to its sums.
    ///
    /// # Errors
    /// Those of [`Chain::push`], and another number of taps than the window has.
    pub fn depthwise(
        &mut self,
        input: ValueId,
        window: Window,
        taps: &[f32],
        residual: Option<ValueId>,
    ) -> Result<ValueId> {
        let channels = self.shape(input)[1];
        let kernel: Vec<usize> = match &window.kernel[..] {
            [] => vec![1, 1],
            kernel => kernel.to_vec(),
        };
        let shape = [&[channels, 1], &kernel[..]].concat();
        let weights = self.constant(Tensor::new(&shape, taps.repeat(channels))?);
        let before = residual.map(|_| Residual::BeforeActivation);
        let epilogue = Epilogue { activation: None, residual: before };
        let mut inputs = vec![Some(input), Some(weights)];
        if residual.is_some() {
            inputs.extend([None, residual]);
        }
        self.push(Conv { window, group: channels, epilogue }.into(), inputs)
    }

    /// Each pixel as 2 x 2 pixels, which readers on the accelerator find by themselves.
    ///
    /// # Errors
    /// Those of [`Chain::push`].
    pub fn double(&mut self, input: ValueId) -> Result<ValueId> {
        let scales = self.constant(Tensor::vector(vec![1.0f32, 1.0, 2.0, 2.0]));
        let op = Resize {
            mode: Mode::Nearest(Rounding::Floor),
            coordinates: Coordinates::Asymmetric,
            scales_input: 1,
            axes: None,
            aspect: Aspect::Stretch,
            extrapolation: 0.0,
        };
        self.push(op.into(), vec![Some(input), Some(scales)])
    }

    /// Puts the last node in the place of the node at `index`, whose name and output it gets.
    pub fn replace(self, index: usize) {
        if let Some(last) = self.graph.nodes.pop() {
            let node = &mut self.graph.nodes[index];
            (node.op, node.inputs) = (last.op, last.inputs);
        }
    }
}
