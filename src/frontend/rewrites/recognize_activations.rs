//! Activations that an exporter wrote as several elementwise operators.
//!
//! Every group of elementwise operators that computes one value from one other (constants are
//! scalars) is a function of one number. It is evaluated on a grid and compared with the known
//! activations, so the way in which an exporter spells a function does not matter.

use super::Rewrite;
use crate::base::error::Result;
use crate::base::tensor::{DType, Tensor};
use crate::frontend::graph::{Graph, Links, Node, ValueId};
use crate::frontend::ops::activation::Activation;
use crate::frontend::ops::{Inputs, Op};

/// See the module.
pub struct RecognizeActivations;

/// Operators in the longest known spelling (GELU with tanh: nine) and some room.
const MAX_GROUP: usize = 12;

impl Rewrite for RecognizeActivations {
    fn name(&self) -> &'static str {
        "recognize-activations"
    }

    fn description(&self) -> &'static str {
        "recognize SiLU, hard-swish, Mish, GELU, clamps and others in their elementwise spellings"
    }

    fn run(&self, graph: &mut Graph) -> Result<usize> {
        let mut recognized = 0;
        // Consumers first, so that the largest group is tried before its parts.
        for index in (0..graph.nodes.len()).rev() {
            let links = graph.links();
            let Some((group, input, activation)) = recognize(graph, &links, index) else {
                continue;
            };
            let sources: Vec<String> = group
                .iter()
                .rev()
                .filter(|&&member| member == index || is_inside(graph, &links, &group, member))
                .flat_map(|&member| graph.nodes[member].sources.clone())
                .collect();
            let node = &mut graph.nodes[index];
            node.op = activation.into();
            node.inputs = vec![Some(input)];
            node.sources = sources;
            recognized += 1;
        }
        Ok(recognized)
    }
}

/// Whether only members of the group read the outputs of `member`, so that it disappears.
fn is_inside(graph: &Graph, links: &Links, group: &[usize], member: usize) -> bool {
    graph.nodes[member].outputs.iter().all(|&id| {
        !links.is_output(id) && links.consumers(id).iter().all(|reader| group.contains(reader))
    })
}

/// The largest recognizable group that ends at `last`: its members (last first), its input and
/// what it computes.
fn recognize(
    graph: &Graph,
    links: &Links,
    last: usize,
) -> Option<(Vec<usize>, ValueId, Activation)> {
    let node = &graph.nodes[last];
    if !is_elementwise(graph, node) {
        return None;
    }
    let mut best = None;
    let mut group = vec![last];
    let mut frontier = variable_inputs(graph, node);
    while group.len() <= MAX_GROUP {
        if let [input] = frontier[..]
            && let Some(activation) = identify(graph, &group, input)
        {
            best = Some((group.clone(), input, activation));
        }
        // Going back through the latest producer keeps the group closed.
        let producers = frontier.iter().filter_map(|&id| links.producer(id));
        let Some(member) = producers.max() else { break };
        if !is_elementwise(graph, &graph.nodes[member]) {
            break;
        }
        frontier.retain(|&id| links.producer(id) != Some(member));
        for id in variable_inputs(graph, &graph.nodes[member]) {
            if !frontier.contains(&id) {
                frontier.push(id);
            }
        }
        group.push(member);
    }
    let already = matches!(node.op, Op::Activation(_))
        && best.as_ref().is_some_and(|(group, _, _)| group.len() == 1);
    best.filter(|_| !already)
}

fn is_elementwise(graph: &Graph, node: &Node) -> bool {
    let known = matches!(
        node.op,
        Op::Activation(_) | Op::Binary(_) | Op::Clip(_) | Op::MinMax(_) | Op::Pow(_) | Op::PRelu(_)
    );
    let scalar = |id: ValueId| {
        let uniform = graph.constant(id).and_then(|value| value.values::<f32>().ok());
        uniform.is_none_or(|values| {
            values.windows(2).all(|pair| pair[0] == pair[1]) && !values.is_empty()
        })
    };
    let output = graph.fact(node.outputs[0]);
    let same_shape =
        variable_inputs(graph, node).iter().all(|&id| graph.fact(id).shape == output.shape);
    known
        && output.dtype == DType::F32
        && same_shape
        && node.inputs.iter().flatten().all(|&id| scalar(id))
}

/// Inputs that are not constant, each once.
fn variable_inputs(graph: &Graph, node: &Node) -> Vec<ValueId> {
    let mut inputs: Vec<_> =
        node.inputs.iter().flatten().copied().filter(|&id| graph.constant(id).is_none()).collect();
    inputs.dedup();
    inputs
}

/// Where functions are compared: closely around 0, where they bend, and at every magnitude up to 2^40, since a
/// bound such as 240 or 32767 shows beyond it only.
fn grid() -> Vec<f32> {
    let near = (-1200..=1200).map(|step| step as f32 / 100.0 + 0.003);
    let far = (14..=160).map(|quarter| 2_f32.powf(quarter as f32 / 4.0));
    near.chain(far.flat_map(|x| [x, -x])).collect()
}

/// The known activation that the group equals on the grid. Numbers at which the group overflows (the logarithm
/// of an exponential, say) tell nothing.
fn identify(graph: &Graph, group: &[usize], input: ValueId) -> Option<Activation> {
    let grid = grid();
    let values = evaluate(graph, group, input, &grid)?;
    candidates(graph, group).into_iter().find(|candidate| {
        grid.iter().zip(&values).filter(|(_, y)| y.is_finite()).all(|(&x, &y)| {
            let exact = candidate.exact(x.into());
            (f64::from(y) - exact).abs() <= 2e-6 * (1.0 + f64::from(x).abs() + exact.abs())
        })
    })
}

fn candidates(graph: &Graph, group: &[usize]) -> Vec<Activation> {
    use Activation::{Gelu, HardSigmoid, HardSwish, Mish, Relu, Sigmoid, Silu, Softplus, Tanh};
    let mut candidates = vec![
        Relu,
        Silu,
        HardSwish,
        Mish,
        Gelu { tanh: false },
        Gelu { tanh: true },
        Sigmoid,
        HardSigmoid { alpha: 1.0 / 6.0, beta: 0.5 },
        HardSigmoid { alpha: 0.2, beta: 0.5 },
        Tanh,
        Softplus,
    ];
    // Functions with parameters: those that the constants in the group suggest.
    let mut constants: Vec<f32> = group
        .iter()
        .flat_map(|&member| graph.nodes[member].inputs.iter().flatten())
        .filter_map(|&id| graph.constant(id)?.values::<f32>().ok()?.first().copied())
        .collect();
    // A ReLU in the group bounds by zero without a constant.
    constants.push(0.0);
    for &alpha in &constants {
        candidates.push(Activation::LeakyRelu { alpha });
        candidates.push(Activation::Clamp { min: alpha, max: f32::INFINITY });
        candidates.push(Activation::Clamp { min: f32::NEG_INFINITY, max: alpha });
        for &max in constants.iter().filter(|&&max| max > alpha) {
            candidates.push(Activation::Clamp { min: alpha, max });
        }
    }
    candidates
}

/// Runs the group on the grid.
fn evaluate(graph: &Graph, group: &[usize], input: ValueId, grid: &[f32]) -> Option<Vec<f32>> {
    let mut known = vec![(input, Tensor::vector(grid.to_vec()))];
    let mut members = group.to_vec();
    members.sort_unstable();
    for &member in &members {
        let node = &graph.nodes[member];
        let scalars: Vec<Option<Tensor>> =
            node.inputs.iter().map(|id| scalar(graph, *id)).collect();
        let inputs: Vec<Option<&Tensor>> = node
            .inputs
            .iter()
            .zip(&scalars)
            .map(|(id, scalar)| {
                let computed = known.iter().find(|(known, _)| Some(*known) == *id);
                computed.map(|(_, value)| value).or(scalar.as_ref())
            })
            .collect();
        let mut outputs = node.op.eval(Inputs::new(&inputs)).ok()?;
        known.push((node.outputs[0], outputs.pop()?));
    }
    let (_, last) = known.pop()?;
    last.values::<f32>().ok().map(<[f32]>::to_vec)
}

fn scalar(graph: &Graph, id: Option<ValueId>) -> Option<Tensor> {
    let value = graph.constant(id?)?;
    match value.values::<f32>() {
        Ok(values) => values.first().map(|&value| Tensor::scalar(value)),
        Err(_) => Some(value.clone()),
    }
}
