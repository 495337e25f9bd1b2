//! The larger or smaller one of computed tensors, element by element, becomes sums with a ReLU between them:
//! `max(a, b) = relu(a - b) + b` and `min(a, b) = a - relu(a - b)`. Behind the last layer with weights, where numbers are in float, it stays.

use super::affine_to_conv::leads_to_weights;
use super::{Chain, Rewrite};
use crate::base::error::Result;
use crate::base::tensor::DType;
use crate::frontend::graph::{Graph, Node, ValueId};
use crate::frontend::ops::Op;
use crate::frontend::ops::activation::Activation;
use crate::frontend::ops::binary::Binary;
use crate::frontend::ops::min_max::MinMax;

/// See the module.
pub struct MaximaToSums;

impl Rewrite for MaximaToSums {
    fn name(&self) -> &'static str {
        "maxima-to-sums"
    }

    fn description(&self) -> &'static str {
        "turn maxima and minima of computed tensors into sums and ReLU"
    }

    fn run(&self, graph: &mut Graph) -> Result<usize> {
        let (mut turned, leads) = (0, leads_to_weights(graph));
        for index in 0..graph.nodes.len() {
            let found = alike(graph, &graph.nodes[index]);
            let leading = |_: &_| leads[graph.nodes[index].outputs[0].0];
            let Some((kind, values)) = found.filter(leading) else { continue };
            let mut chain = Chain::new(graph, format!("{}:part", graph.nodes[index].name));
            let mut found = values[0];
            for &value in &values[1..] {
                found = one_of(&mut chain, kind, found, value)?;
            }
            chain.replace(index);
            turned += 1;
        }
        Ok(turned)
    }
}

/// The tensors that are compared, if all are computed planes of one shape.
fn alike(graph: &Graph, node: &Node) -> Option<(MinMax, Vec<ValueId>)> {
    let Op::MinMax(kind) = node.op else { return None };
    let values = node.inputs.iter().copied().collect::<Option<Vec<ValueId>>>()?;
    let fact = graph.fact(node.outputs[0]);
    let planes = fact.dtype == DType::F32 && fact.shape.len() == 4 && values.len() > 1;
    let same = |&id: &ValueId| graph.constant(id).is_none() && graph.fact(id).shape == fact.shape;
    (planes && values.iter().all(same)).then_some((kind, values))
}

fn one_of(chain: &mut Chain<'_>, kind: MinMax, a: ValueId, b: ValueId) -> Result<ValueId> {
    let difference = chain.push(Binary::Sub.into(), vec![Some(a), Some(b)])?;
    let more = chain.push(Activation::Relu.into(), vec![Some(difference)])?;
    match kind {
        MinMax::Max => chain.push(Binary::Add.into(), vec![Some(more), Some(b)]),
        MinMax::Min => chain.push(Binary::Sub.into(), vec![Some(a), Some(more)]),
    }
}
