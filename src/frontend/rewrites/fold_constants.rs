//! Everything that does not depend on the network's input is computed now.

use super::Rewrite;
use crate::base::error::Result;
use crate::frontend::graph::Graph;
use crate::frontend::ops::Inputs;

/// See the module.
pub struct FoldConstants;

impl Rewrite for FoldConstants {
    fn name(&self) -> &'static str {
        "fold-constants"
    }

    fn description(&self) -> &'static str {
        "compute what does not depend on the input, shape arithmetic included"
    }

    fn run(&self, graph: &mut Graph) -> Result<usize> {
        let mut folded = 0;
        for index in 0..graph.nodes.len() {
            let node = &graph.nodes[index];
            let known = node.outputs.iter().all(|&id| graph.constant(id).is_some());
            if !known {
                let inputs: Vec<_> =
                    node.inputs.iter().map(|id| id.and_then(|id| graph.constant(id))).collect();
                if inputs
                    .iter()
                    .zip(&node.inputs)
                    .any(|(value, id)| value.is_none() && id.is_some())
                {
                    continue;
                }
                let values =
                    node.op.eval(Inputs::new(&inputs)).map_err(|error| error.at(node.place()))?;
                for (id, value) in node.outputs.clone().into_iter().zip(values) {
                    graph.values[id.0].fact = value.into();
                }
            }
            // A value without a producer is a constant.
            graph.nodes[index].outputs.clear();
            folded += 1;
        }
        graph.nodes.retain(|node| !node.outputs.is_empty());
        Ok(folded)
    }
}
