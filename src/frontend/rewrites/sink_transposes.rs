//! Transpositions move behind what works element by element, until they meet their opposite.
//!
//! Networks of TensorFlow have channels last: their exporter puts a transposition in front of each convolution and one
//! behind it, and leaves those around an addition or an activation. In between, a constant per channel would be one per
//! column.

use super::Rewrite;
use crate::base::error::Result;
use crate::frontend::graph::{Graph, Links, Node, ValueId};
use crate::frontend::ops::transpose::Transpose;
use crate::frontend::ops::{Inputs, Op};

/// See the module.
pub struct SinkTransposes;

impl Rewrite for SinkTransposes {
    fn name(&self) -> &'static str {
        "sink-transposes"
    }

    fn description(&self) -> &'static str {
        "move transpositions behind what works element by element, and drop those that meet their opposite"
    }

    fn run(&self, graph: &mut Graph) -> Result<usize> {
        let mut moved = 0;
        for index in 0..graph.nodes.len() {
            let links = graph.links();
            if join(graph, &links, index) || sink(graph, &links, index)? {
                moved += 1;
            }
        }
        Ok(moved)
    }
}

/// The input of the transposition that makes a value, and its order.
fn transposed(graph: &Graph, links: &Links, id: ValueId) -> Option<(ValueId, Vec<usize>)> {
    let (_, node) = graph.producer(links, id)?;
    let (Op::Transpose(transpose), input) = (&node.op, node.input(0)?) else { return None };
    let rank = graph.fact(input).shape.len();
    let order = match &transpose.order {
        Some(order) => order.iter().map(|&axis| axis as usize).collect(),
        None => (0..rank).rev().collect(),
    };
    Some((input, order))
}

/// Whether the node transposes what another one transposed, and now what that one read.
fn join(graph: &mut Graph, links: &Links, index: usize) -> bool {
    let output = graph.nodes[index].outputs.first().copied();
    let Some((output, (middle, second))) =
        output.and_then(|output| Some((output, transposed(graph, links, output)?)))
    else {
        return false;
    };
    let Some((input, first)) = transposed(graph, links, middle) else { return false };
    let order: Vec<i64> = second.iter().map(|&axis| first[axis] as i64).collect();
    if order.iter().copied().eq(0..order.len() as i64) {
        graph.redirect(output, input);
    } else {
        let node = &mut graph.nodes[index];
        node.op = Transpose { order: Some(order) }.into();
        node.inputs = vec![Some(input)];
    }
    true
}

/// Whether a transposition of all that the node reads is now one of its result.
fn sink(graph: &mut Graph, links: &Links, index: usize) -> Result<bool> {
    let Some((inputs, order)) = sources(graph, links, &graph.nodes[index]) else {
        return Ok(false);
    };
    let output = graph.nodes[index].outputs[0];
    let mut node = graph.nodes[index].clone();
    node.inputs = Vec::with_capacity(inputs.len());
    for source in inputs {
        node.inputs.push(match source {
            Source::As(input) => input,
            Source::Constant(id) => Some(straightened(graph, id, &order)?),
        });
    }
    let facts = graph.infer(&node)?;
    let [fact] = &facts[..] else { return Ok(false) };
    let straight = graph.add_value(&format!("{}:straight", node.name), fact.clone());
    node.outputs = vec![straight];
    let order = order.iter().map(|&axis| axis as i64).collect();
    graph.nodes.push(Node {
        name: format!("{}:transpose", node.name),
        op: Transpose { order: Some(order) }.into(),
        inputs: vec![Some(straight)],
        outputs: vec![output],
        sources: Vec::new(),
    });
    graph.nodes[index] = node;
    Ok(true)
}

/// What a node is to read instead.
enum Source {
    As(Option<ValueId>),
    /// A constant whose axes go back to their places.
    Constant(ValueId),
}

/// What a node that works element by element is to read, if all its values are transposed in one order.
fn sources(graph: &Graph, links: &Links, node: &Node) -> Option<(Vec<Source>, Vec<usize>)> {
    // Bounds of a clip are scalars.
    let along = |position: usize| match node.op {
        Op::Activation(_) | Op::Clip(_) => position == 0,
        Op::Binary(_) | Op::PRelu(_) | Op::Sum(_) => true,
        _ => false,
    };
    if node.outputs.len() != 1 || !along(0) {
        return None;
    }
    let mut found: Option<Vec<usize>> = None;
    let mut sources = Vec::with_capacity(node.inputs.len());
    for (position, input) in node.inputs.iter().enumerate() {
        let Some(id) = input.filter(|_| along(position)) else {
            sources.push(Source::As(*input));
            continue;
        };
        if graph.constant(id).is_some() {
            sources.push(Source::Constant(id));
            continue;
        }
        let (source, order) = transposed(graph, links, id)?;
        if found.as_ref().is_some_and(|found| *found != order) {
            return None;
        }
        found = Some(order);
        sources.push(Source::As(Some(source)));
    }
    let order = found?;
    let fits = |id: &ValueId| graph.fact(*id).shape.len() <= order.len();
    let rank = graph.fact(node.outputs[0]).shape.len() == order.len();
    (rank && node.inputs.iter().flatten().all(fits)).then_some((sources, order))
}

/// A constant that is broadcast from the right, in the order of axes before a transposition.
fn straightened(graph: &mut Graph, id: ValueId, order: &[usize]) -> Result<ValueId> {
    let Some(constant) = graph.constant(id).cloned() else { return Ok(id) };
    if constant.len() == 1 {
        return Ok(id);
    }
    let mut shape = vec![1; order.len() - constant.shape().len()];
    shape.extend(constant.shape());
    let constant = constant.reshaped(&shape)?;
    let mut back = vec![0; order.len()];
    order.iter().enumerate().for_each(|(at, &axis)| back[axis] = at as i64);
    let op = Op::from(Transpose { order: Some(back) });
    let straight = op.eval(Inputs::new(&[Some(&constant)]))?.swap_remove(0);
    let name = format!("{}:straight", graph.value(id).name);
    Ok(graph.add_constant(&name, straight))
}
