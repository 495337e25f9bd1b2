//! Sums of several values become additions of two, a difference becomes the sum with the negative: the additions are
//! residual connections, and a factor of -1 goes where scales go.

use super::Rewrite;
use crate::base::error::Result;
use crate::base::tensor::{DType, Tensor};
use crate::frontend::graph::{Graph, Node, ValueId};
use crate::frontend::ops::binary::Binary;
use crate::frontend::ops::{Fact, Op};

/// See the module.
pub struct SumsToPairs;

impl Rewrite for SumsToPairs {
    fn name(&self) -> &'static str {
        "sums-to-pairs"
    }

    fn description(&self) -> &'static str {
        "turn sums of several values and differences into sums of two"
    }

    fn run(&self, graph: &mut Graph) -> Result<usize> {
        let mut turned = 0;
        for index in 0..graph.nodes.len() {
            let Some((op, values)) = alike(graph, &graph.nodes[index]) else { continue };
            match op {
                Op::Binary(Binary::Sub) => negate(graph, index, values[1]),
                _ => pairs(graph, index, &values),
            }
            turned += 1;
        }
        Ok(turned)
    }
}

/// The operator and its inputs, if it is a difference or sum of computed planes of one shape.
fn alike(graph: &Graph, node: &Node) -> Option<(Op, Vec<ValueId>)> {
    let sums = match &node.op {
        Op::Binary(op) => *op == Binary::Sub,
        Op::Sum(sum) => !sum.mean && node.inputs.len() > 1,
        _ => false,
    };
    let values = node.inputs.iter().copied().collect::<Option<Vec<ValueId>>>()?;
    let fact = graph.fact(node.outputs[0]);
    let planes = fact.dtype == DType::F32 && fact.shape.len() == 4;
    let same = |&id: &ValueId| graph.constant(id).is_none() && graph.fact(id).shape == fact.shape;
    (sums && planes && values.iter().all(same)).then(|| (node.op.clone(), values))
}

/// A node in front of that at `index`.
fn push(graph: &mut Graph, index: usize, (part, op): (&str, Op), inputs: [ValueId; 2]) -> ValueId {
    let name = format!("{}:{part}", graph.nodes[index].name);
    let shape = graph.fact(graph.nodes[index].outputs[0]).shape.clone();
    let output = graph.add_value(&name, Fact::new(DType::F32, shape));
    let inputs = inputs.map(Some).to_vec();
    graph.nodes.push(Node { name, op, inputs, outputs: vec![output], sources: Vec::new() });
    output
}

fn negate(graph: &mut Graph, index: usize, value: ValueId) {
    let name = format!("{}:factor", graph.nodes[index].name);
    let factor = graph.add_constant(&name, Tensor::scalar(-1f32));
    let negative = push(graph, index, ("negative", Binary::Mul.into()), [value, factor]);
    let node = &mut graph.nodes[index];
    node.op = Binary::Add.into();
    node.inputs[1] = Some(negative);
}

fn pairs(graph: &mut Graph, index: usize, values: &[ValueId]) {
    let (last, rest) = (values[values.len() - 1], &values[1..values.len() - 1]);
    let mut sum = values[0];
    for (number, &value) in rest.iter().enumerate() {
        let part = format!("sum{}", number + 1);
        sum = push(graph, index, (&part, Binary::Add.into()), [sum, value]);
    }
    let node = &mut graph.nodes[index];
    node.op = Binary::Add.into();
    node.inputs = vec![Some(sum), Some(last)];
}
