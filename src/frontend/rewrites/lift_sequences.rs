//! Networks over sequences become networks over planes of one row.
//!
//! Convolutions and pools over `[N, C, L]` (keywords, vibration, activity) are those over `[N, C, 1, L]` with a
//! window of one row, which the accelerator does. Views stand where the sequence meets an operator that stays.

use std::collections::HashMap;

use super::Rewrite;
use super::view::reshape;
use crate::base::error::Result;
use crate::base::tensor::DType;
use crate::frontend::graph::{Graph, Node, ValueId};
use crate::frontend::ops::concat::Concat;
use crate::frontend::ops::global_pool::GlobalPool;
use crate::frontend::ops::reduce::Reduction;
use crate::frontend::ops::window::Window;
use crate::frontend::ops::{Fact, Op};

/// Rank of a sequence: frames, channels, length.
const RANK: usize = 3;
/// Where the row goes in: in front of the length.
const ROW: usize = 2;

/// See the module.
pub struct LiftSequences;

impl Rewrite for LiftSequences {
    fn name(&self) -> &'static str {
        "lift-sequences"
    }

    fn description(&self) -> &'static str {
        "turn layers over sequences into layers over planes of one row"
    }

    fn run(&self, graph: &mut Graph) -> Result<usize> {
        let is_sequence = |node: &Node| {
            matches!(node.op, Op::Conv(_)) && graph.fact(node.outputs[0]).shape.len() == RANK
        };
        if !graph.nodes.iter().any(is_sequence) {
            return Ok(0);
        }
        let mut lift = Lift { graph, planes: HashMap::new() };
        let mut lifted = 0;
        for index in 0..lift.graph.nodes.len() {
            lifted += usize::from(lift.node(index)?);
        }
        Ok(lifted)
    }
}

struct Lift<'a> {
    graph: &'a mut Graph,
    /// The plane that stands for a sequence.
    planes: HashMap<ValueId, ValueId>,
}

impl Lift<'_> {
    /// Lets a node compute planes, if it can; whether it did.
    fn node(&mut self, index: usize) -> Result<bool> {
        let node = &self.graph.nodes[index];
        let (Some(op), &[output]) = (self.lifted(node), &node.outputs[..]) else {
            return Ok(false);
        };
        let name = node.name.clone();
        // What is pooled over an axis that goes has that axis here.
        let taken = match op {
            Op::GlobalPool(_) => 1,
            _ => node.inputs.len(),
        };
        let inputs: Vec<Option<ValueId>> = node.inputs.iter().take(taken).copied().collect();
        let inputs = inputs.into_iter().map(|id| id.map(|id| self.input(id)).transpose());
        let inputs = inputs.collect::<Result<Vec<_>>>()?;
        let shape = &self.graph.fact(output).shape;
        let (outer, length) = (&shape[..ROW], shape.get(ROW).copied().unwrap_or(1));
        let shape: Vec<usize> = outer.iter().copied().chain([1, length]).collect();
        let plane = self.graph.add_value(&format!("{name}:plane"), Fact::new(DType::F32, shape));
        let node = &mut self.graph.nodes[index];
        (node.op, node.inputs, node.outputs) = (op, inputs, vec![plane]);
        self.planes.insert(output, plane);
        self.view(&format!("{name}:sequence"), plane, output);
        Ok(true)
    }

    /// The operator over planes, where all inputs can be planes.
    fn lifted(&self, node: &Node) -> Option<Op> {
        let fact = |id: ValueId| self.graph.fact(id);
        let rank = |id: ValueId| fact(id).shape.len();
        let mut given = node.inputs.iter().flatten();
        let fits = given.all(|&id| {
            self.graph.constant(id).is_some() || (rank(id), fact(id).dtype) == (RANK, DType::F32)
        });
        let data = node.input(0).filter(|&id| self.graph.constant(id).is_none());
        let output = node.outputs.first().filter(|&&id| rank(id) == RANK);
        match &node.op {
            _ if !fits || data.is_none() => None,
            Op::Reduce(reduce) if rank(node.outputs[0]) >= ROW => {
                let axes = self.graph.constant(node.input(1)?)?.to_i64s().ok()?;
                let pool = match reduce.reduction {
                    Reduction::Mean => GlobalPool::Average,
                    Reduction::Max => GlobalPool::Max,
                    _ => return None,
                };
                matches!(axes[..], [2 | -1]).then(|| pool.into())
            }
            _ if output.is_none() => None,
            Op::Conv(conv) => {
                let mut conv = conv.clone();
                conv.window = window(&conv.window);
                Some(conv.into())
            }
            Op::MaxPool(pool) => {
                let mut pool = pool.clone();
                pool.window = window(&pool.window);
                Some(pool.into())
            }
            Op::AveragePool(pool) => {
                let mut pool = pool.clone();
                pool.window = window(&pool.window);
                Some(pool.into())
            }
            Op::Concat(concat) if matches!(concat.axis, 1 | -2) => Some(Concat { axis: 1 }.into()),
            Op::GlobalPool(_) | Op::Activation(_) | Op::Binary(_) | Op::PRelu(_) => {
                Some(node.op.clone())
            }
            _ => None,
        }
    }

    /// An input as a plane: a constant of two axes or more gets the row, as broadcasting counts from the end.
    fn input(&mut self, id: ValueId) -> Result<ValueId> {
        if let Some(&plane) = self.planes.get(&id) {
            return Ok(plane);
        }
        let name = self.graph.value(id).name.clone();
        let mut shape = self.graph.fact(id).shape.clone();
        if shape.len() < 2 {
            return Ok(id);
        }
        shape.insert(shape.len() - 1, 1);
        let plane = match self.graph.constant(id) {
            Some(constant) => {
                let constant = constant.reshaped(&shape)?;
                self.graph.add_constant(&format!("{name}:plane"), constant)
            }
            None => {
                let fact = Fact::new(DType::F32, shape);
                let plane = self.graph.add_value(&format!("{name}:plane"), fact);
                self.view(&format!("{name}:plane"), id, plane);
                plane
            }
        };
        self.planes.insert(id, plane);
        Ok(plane)
    }

    /// Pushes a node that gives `input` the shape of `output`.
    fn view(&mut self, name: &str, input: ValueId, output: ValueId) {
        let node = reshape(self.graph, name, input, output);
        self.graph.nodes.push(node);
    }
}

/// A window over the length as one over a row. From row to row it steps as far as along the length: there is one
/// row, and the accelerator takes equal steps.
fn window(own: &Window) -> Window {
    let with = |first: usize, list: &[usize]| match list {
        [] => Vec::new(),
        list => [&[first], list].concat(),
    };
    let stride = own.strides.first().copied().unwrap_or(1);
    let pads = match &own.pads[..] {
        [] => Vec::new(),
        pads => [&[(0, 0)], pads].concat(),
    };
    Window {
        kernel: with(1, &own.kernel),
        strides: with(stride, &own.strides),
        pads,
        dilations: with(1, &own.dilations),
        auto_pad: own.auto_pad,
    }
}
