//! What the functions behind convolutions see on calibration frames: the sums before their activation.

use std::collections::HashMap;

use super::assign::{Assignment, Kind};
use super::channel::{self, Channel};
use super::filters::is_direct;
use super::statistics;
use super::{Frames, Options};
use crate::base::error::{Error, Place as _, Result, codes};
use crate::base::parallel;
use crate::base::tensor::Tensor;
use crate::frontend::graph::{Graph, Node, ValueId};
use crate::frontend::ops::binary::Binary;
use crate::frontend::ops::conv::Conv;
use crate::frontend::ops::epilogue::{Epilogue, Residual};
use crate::frontend::ops::{Inputs, Op};
use crate::software::executor::Executor;

/// Frames that are looked at, at most; spread over all that calibrate.
const FRAMES: usize = 16;

/// Per node whose output stage is rule A6, per channel: the argument of its function. `min` and `max` hold the
/// sum of the convolution alone as well, which the fixed point has to hold before a residual is added.
pub type Arguments = HashMap<usize, Vec<Channel>>;

/// Runs the float network, and the convolutions in question once more without what is behind their sums.
pub fn collect(
    graph: &Graph,
    assignment: &Assignment,
    source: &dyn Frames,
    options: &Options,
) -> Result<Arguments> {
    let wanted = Wanted::new(graph, assignment);
    if wanted.nodes.is_empty() {
        return Ok(Arguments::new());
    }
    let available = options.calibrating(source);
    let count = FRAMES.min(available);
    let executor = Executor::new(graph);
    let per_frame = parallel::map(count, |number| {
        let index = number * available / count;
        let mut frame =
            Frame { wanted: &wanted, seed: options.seed ^ index as u64, held: HashMap::new() };
        let mut seen = Vec::new();
        let mut failure = None;
        executor.run_observed(&source.frame(index)?, |id, tensor| {
            if failure.is_none() {
                failure = frame.observe(id, tensor, &mut seen).err();
            }
        })?;
        failure.map_or(Ok(seen), |error| Err(error.at(format!("calibration frame {index}"))))
    })?;
    let mut arguments = Arguments::new();
    for (node, channels) in per_frame.into_iter().flatten() {
        match arguments.get_mut(&node) {
            None => drop(arguments.insert(node, channels)),
            Some(all) => channel::join(all, channels),
        }
    }
    Ok(arguments)
}

/// The convolutions, and the values that have to be held for them.
struct Wanted<'a> {
    graph: &'a Graph,
    /// Index of the node, by its output.
    nodes: HashMap<ValueId, usize>,
    /// How many of them read a value.
    readers: HashMap<ValueId, usize>,
}

impl<'a> Wanted<'a> {
    fn new(graph: &'a Graph, assignment: &Assignment) -> Self {
        let mut wanted = Self { graph, nodes: HashMap::new(), readers: HashMap::new() };
        for (index, (node, kind)) in graph.nodes.iter().zip(&assignment.kinds).enumerate() {
            let Op::Conv(conv) = &node.op else { continue };
            if *kind == Kind::Conv && !is_direct(conv.epilogue) {
                wanted.nodes.insert(node.outputs[0], index);
                for id in read(node) {
                    *wanted.readers.entry(id).or_default() += 1;
                }
            }
        }
        wanted
    }
}

/// The values that the sums of a convolution are made of.
fn read(node: &Node) -> impl Iterator<Item = ValueId> + '_ {
    [0, Epilogue::RESIDUAL_INPUT].into_iter().filter_map(|position| node.input(position))
}

/// One frame on its way through the network.
struct Frame<'a> {
    wanted: &'a Wanted<'a>,
    seed: u64,
    /// Values with the number of convolutions that have still to read them.
    held: HashMap<ValueId, (usize, Tensor)>,
}

impl Frame<'_> {
    /// Takes note of a value; when it is the result of a convolution in question, looks at its argument.
    fn observe(
        &mut self,
        id: ValueId,
        tensor: &Tensor,
        seen: &mut Vec<(usize, Vec<Channel>)>,
    ) -> Result<()> {
        if let Some(&index) = self.wanted.nodes.get(&id) {
            let node = &self.wanted.graph.nodes[index];
            seen.push((index, self.argument(node).at(|| node.place())?));
            for id in read(node) {
                if let Some((left, _)) = self.held.get_mut(&id) {
                    *left -= 1;
                }
            }
            self.held.retain(|_, (left, _)| *left > 0);
        }
        if let Some(&readers) = self.wanted.readers.get(&id) {
            self.held.insert(id, (readers, tensor.clone()));
        }
        Ok(())
    }

    fn argument(&self, node: &Node) -> Result<Vec<Channel>> {
        let graph = self.wanted.graph;
        let missing = || Error::new(&codes::INTERNAL, "a sum without its inputs");
        let Op::Conv(conv) = &node.op else { return Err(missing()) };
        let held = |id: ValueId| self.held.get(&id).map(|(_, tensor)| tensor);
        let constant = |position: usize| node.input(position).and_then(|id| graph.constant(id));
        let input = node.input(0).and_then(held).ok_or_else(missing)?;
        let plain = Conv { epilogue: Epilogue::default(), ..conv.clone() };
        let sums = Op::Conv(plain).eval(Inputs::new(&[Some(input), constant(1), constant(2)]))?;
        let sums = sums.first().ok_or_else(missing)?;
        let output = node.outputs[0];
        let channels = |tensor: &Tensor| statistics::channels(graph, output, tensor, self.seed);
        if conv.epilogue.residual != Some(Residual::BeforeActivation) {
            return channels(sums);
        }
        let residual = node.input(Epilogue::RESIDUAL_INPUT);
        let residual = residual.and_then(|id| graph.constant(id).or_else(|| held(id)));
        let whole = Op::Binary(Binary::Add).eval(Inputs::new(&[Some(sums), residual]))?;
        let mut arguments = channels(whole.first().ok_or_else(missing)?)?;
        for (argument, sum) in arguments.iter_mut().zip(channels(sums)?) {
            argument.join(Channel { samples: Vec::new(), ..sum });
        }
        Ok(arguments)
    }
}
