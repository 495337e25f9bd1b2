//! A value in another shape, for rewrites that need one.

use crate::base::tensor::Tensor;
use crate::frontend::graph::{Graph, Node, ValueId};
use crate::frontend::ops::reshape::Reshape;

/// A node that gives `input` the shape of `output`.
pub fn reshape(graph: &mut Graph, name: &str, input: ValueId, output: ValueId) -> Node {
    let shape = graph.fact(output).shape.iter().map(|&extent| extent as i64).collect();
    let shape = graph.add_constant(&format!("{name}:shape"), Tensor::vector(shape));
    Node {
        name: name.to_owned(),
        op: Reshape { allow_zero: false }.into(),
        inputs: vec![Some(input), Some(shape)],
        outputs: vec![output],
        sources: Vec::new(),
    }
}
