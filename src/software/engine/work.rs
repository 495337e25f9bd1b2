//! One layer: what it was prepared to, and how it runs on a frame.

use super::conv::{Prepared, Source};
use super::elementwise::Elementwise;
use super::kernels::Kernels;
use super::moves::{Moved, Moves};
use super::plan::{Frame, Place, Plan};
use super::{missing, pool};
use crate::base::error::{Error, Place as _, Result, codes};
use crate::base::tensor::Tensor;
use crate::frontend::ops::window::Axis;
use crate::frontend::ops::{Inputs, Op};
use crate::model::qgraph::{Computation, Layer, Operand, QGraph, QValueId};

/// A layer, ready to run.
#[derive(Debug)]
pub struct Work<'a> {
    layer: &'a Layer,
    kind: Kind<'a>,
}

#[derive(Debug)]
enum Kind<'a> {
    Conv(Box<Prepared<'a>>),
    /// With whether all operands are bytes.
    Elementwise(Elementwise, bool),
    Moves(Moves),
    MaxPool([Axis; 2]),
    /// An operator of the float network, on numbers as they are carried.
    OnIntegers(Op),
    /// The same on the floats that they stand for.
    Float(&'a Op),
}

impl<'a> Work<'a> {
    /// # Errors
    /// [`codes::INTERNAL`] for a layer that is not validated.
    pub fn new(graph: &'a QGraph, plan: &Plan, index: usize, kernels: Kernels) -> Result<Self> {
        let layer = &graph.layers[index];
        let kind = prepare(graph, plan, layer, kernels).at(|| layer.place())?;
        Ok(Self { layer, kind })
    }

    /// Computes the layer's outputs.
    ///
    /// # Errors
    /// Those of the operators.
    pub fn run(&self, graph: &QGraph, plan: &Plan, frame: &mut Frame) -> Result<()> {
        let layer = self.layer;
        for (position, &id) in layer.outputs.iter().enumerate() {
            let Some(Place { slot, layout }) = &plan.places[id.0] else { continue };
            if !self.on_bytes() {
                continue;
            }
            // No input is in this slot, since all of them are alive.
            let mut output = std::mem::take(&mut frame.slots[*slot]);
            let source = |position: usize| bytes(plan, frame, layer, position);
            match &self.kind {
                Kind::Conv(conv) => {
                    let residual = layer.input(1).and_then(|_| source(1));
                    if let Some(input) = source(0) {
                        conv.run(input, residual, layout, &mut output);
                    }
                }
                Kind::Moves(moves) => {
                    let sources: Vec<&[u8]> = (0..layer.inputs.len())
                        .filter_map(|position| source(position).map(|source| source.bytes))
                        .collect();
                    moves.run(position, &sources, &mut output);
                }
                Kind::MaxPool(axes) => {
                    if let Some(input) = source(0) {
                        pool::run(*axes, (input.layout, input.bytes), (layout, &mut output));
                    }
                }
                Kind::Elementwise(sum, _) => {
                    let second = usize::from(layer.inputs.len() > 1);
                    if let (Some(a), Some(b)) = (source(0), source(second)) {
                        let inputs = [(a.layout, a.bytes), (b.layout, b.bytes)];
                        sum.run(inputs, (layout, &mut output));
                    }
                }
                Kind::OnIntegers(_) | Kind::Float(_) => {}
            }
            frame.slots[*slot] = output;
            plan.fill_border(graph, frame, id);
        }
        self.run_on_tensors(graph, plan, frame)
    }

    /// Whether all operands are bytes and no tensor is made.
    fn on_bytes(&self) -> bool {
        match &self.kind {
            Kind::Conv(_) | Kind::Moves(_) | Kind::MaxPool(_) => true,
            Kind::Elementwise(_, on_bytes) => *on_bytes,
            Kind::OnIntegers(_) | Kind::Float(_) => false,
        }
    }

    /// What is computed on tensors, or gives some.
    fn run_on_tensors(&self, graph: &QGraph, plan: &Plan, frame: &mut Frame) -> Result<()> {
        let layer = self.layer;
        let Some(&id) = layer.outputs.first() else { return Ok(()) };
        match &self.kind {
            Kind::Conv(conv) if plan.places[id.0].is_none() => {
                let residual = layer.input(1).and_then(|_| bytes(plan, frame, layer, 1));
                let input = bytes(plan, frame, layer, 0).ok_or_else(|| missing(id))?;
                let tensor = conv.run_wide(input, residual, graph.value(id))?;
                frame.tensors[id.0] = Some(tensor);
            }
            Kind::Elementwise(sum, false) => {
                let second = usize::from(layer.inputs.len() > 1);
                let input = |position: usize| {
                    let id = layer.input(position).ok_or_else(|| missing(id))?;
                    plan.carried(graph, frame, id)
                };
                let inputs = [input(0)?, input(second)?];
                let tensor = sum.run_carried([&inputs[0], &inputs[1]], graph.value(id))?;
                plan.enter(graph, frame, id, &tensor)?;
            }
            Kind::OnIntegers(op) => {
                let outputs = self.evaluate(graph, plan, frame, op, false)?;
                for (&id, output) in layer.outputs.iter().zip(&outputs) {
                    plan.enter(graph, frame, id, output)?;
                }
            }
            Kind::Float(op) => {
                let outputs = self.evaluate(graph, plan, frame, op, true)?;
                for (&id, output) in layer.outputs.iter().zip(&outputs) {
                    plan.quantize(graph, frame, id, output)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// An operator, its sums by rule A14, on tensors as they are carried, or on the floats that they stand for.
    fn evaluate(
        &self,
        graph: &QGraph,
        plan: &Plan,
        frame: &Frame,
        op: &Op,
        float: bool,
    ) -> Result<Vec<Tensor>> {
        let inputs = self.layer.inputs.iter().map(|operand| match operand {
            None => Ok(None),
            Some(Operand::Constant(tensor)) => Ok(Some(tensor.clone())),
            Some(Operand::Value(id)) if float => plan.real(graph, frame, *id).map(Some),
            Some(Operand::Value(id)) => plan.carried(graph, frame, *id).map(Some),
        });
        let inputs = inputs.collect::<Result<Vec<_>>>()?;
        let references: Vec<_> = inputs.iter().map(Option::as_ref).collect();
        op.eval_in_order(Inputs::new(&references))
    }
}

/// The bytes of an input, where it is held as bytes.
fn bytes<'f>(
    plan: &'f Plan,
    frame: &'f Frame,
    layer: &Layer,
    position: usize,
) -> Option<Source<'f>> {
    let place = plan.places[layer.input(position)?.0].as_ref()?;
    Some(Source { layout: &place.layout, bytes: &frame.slots[place.slot] })
}

fn prepare<'a>(
    graph: &'a QGraph,
    plan: &Plan,
    layer: &'a Layer,
    kernels: Kernels,
) -> Result<Kind<'a>> {
    let layout = |id: Option<QValueId>| Some(&plan.places[id?.0].as_ref()?.layout);
    let output = layer.outputs.first().copied();
    match layer.op.operator().computation() {
        Computation::Conv(conv) => {
            let layouts = [layout(layer.input(0)), layout(layer.input(1)), layout(output)];
            let conv = Prepared::new(graph, layer, conv, kernels, layouts)?;
            Ok(Kind::Conv(Box::new(conv)))
        }
        Computation::OnIntegers(op) => {
            if let Some(moves) = moves(graph, plan, layer, &op)? {
                return Ok(Kind::Moves(moves));
            }
            let axes = output.and_then(|_| max_pool(graph, plan, layer, &op));
            Ok(axes.map_or_else(|| Kind::OnIntegers(op.into_owned()), Kind::MaxPool))
        }
        Computation::Float(op) => Ok(Kind::Float(op)),
        computation => {
            let second = usize::from(layer.inputs.len() > 1);
            let value = |id: Option<QValueId>| {
                let id =
                    id.ok_or_else(|| Error::new(&codes::INTERNAL, "a sum without operands"))?;
                Ok(graph.value(id))
            };
            let inputs = [value(layer.input(0))?, value(layer.input(second))?];
            let sum = Elementwise::new(graph.rounding, &computation, inputs, value(output)?)?;
            let places = [layout(layer.input(0)), layout(layer.input(second)), layout(output)];
            let on_bytes = places.iter().all(Option::is_some);
            let sum = sum.ok_or_else(|| Error::new(&codes::INTERNAL, "no sum"))?;
            Ok(Kind::Elementwise(sum, on_bytes))
        }
    }
}

/// The movement of a layer, where everything that it moves is bytes.
fn moves(graph: &QGraph, plan: &Plan, layer: &Layer, op: &Op) -> Result<Option<Moves>> {
    if !op.moves() {
        return Ok(None);
    }
    let layout = |id: QValueId| Some(&plan.places[id.0].as_ref()?.layout);
    let inputs = layer.inputs.iter().map(|operand| match operand {
        None => Some(None),
        Some(Operand::Constant(tensor)) => Some(Some(Moved::Constant(tensor))),
        Some(Operand::Value(id)) => Some(Some(Moved::Bytes(&graph.value(*id).shape, layout(*id)?))),
    });
    let outputs = layer.outputs.iter().map(|&id| layout(id));
    let (inputs, outputs) =
        (inputs.collect::<Option<Vec<_>>>(), outputs.collect::<Option<Vec<_>>>());
    match (inputs, outputs) {
        (Some(inputs), Some(outputs)) => Moves::new(op, &inputs, &outputs),
        _ => Ok(None),
    }
}

/// The window of a maximum over rows and columns of bytes.
fn max_pool(graph: &QGraph, plan: &Plan, layer: &Layer, op: &Op) -> Option<[Axis; 2]> {
    let Op::MaxPool(pool) = op else { return None };
    let id = layer.input(0)?;
    plan.places[id.0].as_ref()?;
    plan.places[layer.outputs.first()?.0].as_ref()?;
    let extents = graph.value(id).shape.get(2..)?;
    let axes = pool.window.axes(&pool.window.kernel, extents, pool.ceil).ok()?;
    axes.try_into().ok()
}
