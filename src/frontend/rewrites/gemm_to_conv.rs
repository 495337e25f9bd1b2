//! A fully connected layer becomes a convolution, which the accelerator does.
//!
//! So classifiers end: a plane of C x H x W is flattened and multiplied with a matrix. That is a convolution
//! whose window is the plane, of one output pixel; where the plane is larger than the accelerator's windows,
//! or there is none, one of 1 x 1 on as many channels as there are numbers. The order of the weights follows
//! a transposition before the flattening (as networks have it that were trained with channels last). What
//! follows on the vector itself, a bias, a scale, an activation, is taken along, so that layer follows on
//! layer; the flattening moves behind the convolution.

use super::fold_affine::affine;
use super::view::reshape;
use super::{MAX_KERNEL, Rewrite};
use crate::base::error::{Error, Result, codes};
use crate::base::tensor::{DType, Tensor};
use crate::frontend::graph::{Graph, Links, Node, ValueId};
use crate::frontend::ops::binary::Binary;
use crate::frontend::ops::conv::Conv;
use crate::frontend::ops::epilogue::Epilogue;
use crate::frontend::ops::flatten::Flatten;
use crate::frontend::ops::window::Window;
use crate::frontend::ops::{Fact, Inputs, Op};

/// Inputs up to which a sum of int8 products surely fits 32 bits: 2^15 * 2^7 * 2^7 = 2^29.
const MAX_INPUTS: usize = 1 << 15;

/// See the module.
pub struct GemmToConv;

impl Rewrite for GemmToConv {
    fn name(&self) -> &'static str {
        "gemm-to-conv"
    }

    fn description(&self) -> &'static str {
        "turn fully connected layers into convolutions"
    }

    fn run(&self, graph: &mut Graph) -> Result<usize> {
        let mut turned = 0;
        for index in 0..graph.nodes.len() {
            let Some(mut layer) = Layer::new(graph, &graph.nodes[index])? else { continue };
            layer.take_along(graph, index);
            let planes = planes(graph, layer.data)?;
            layer.replace(graph, index, planes)?;
            turned += 1;
        }
        Ok(turned)
    }
}

/// A fully connected layer on one vector.
struct Layer {
    data: ValueId,
    inputs: usize,
    /// Output by output.
    weights: Vec<f32>,
    bias: Option<Vec<f32>>,
    epilogue: Epilogue,
}

/// Where the vector that a layer reads comes from.
struct Planes {
    value: ValueId,
    /// Channels, rows, columns.
    shape: [usize; 3],
    /// For each element of the vector, where it lies in the planes.
    order: Vec<i32>,
}

impl Layer {
    /// The layer that a node is, if it is one.
    fn new(graph: &Graph, node: &Node) -> Result<Option<Self>> {
        let (Some(a), Some(b)) = (node.input(0), node.input(1)) else { return Ok(None) };
        let (transposes, alpha, beta, epilogue) = match &node.op {
            Op::Gemm(gemm) => {
                ((gemm.transpose_a, gemm.transpose_b), gemm.alpha, gemm.beta, gemm.epilogue)
            }
            Op::MatMul(_) => ((false, false), 1.0, 1.0, Epilogue::default()),
            _ => return Ok(None),
        };
        // A matrix on the right has a row per input, one on the left a row per output.
        let (data, matrix, output_rows) = match (graph.constant(a), graph.constant(b)) {
            (None, Some(matrix)) => (a, matrix, transposes.1),
            (Some(matrix), None) => (b, matrix, !transposes.0),
            _ => return Ok(None),
        };
        let (outputs, inputs) = (graph.fact(node.outputs[0]).len(), graph.fact(data).len());
        let one_vector = outputs * inputs == matrix.len() && outputs > 0;
        let one_matrix = matrix.shape().iter().rev().skip(2).all(|&extent| extent == 1);
        let fits = (1..=MAX_INPUTS).contains(&inputs);
        if !(one_vector && one_matrix && fits) || epilogue.residual.is_some() {
            return Ok(None);
        }
        let addend = node.input(2);
        let bias = addend.and_then(|id| bias(graph, id, beta, outputs));
        if bias.is_none() && addend.is_some() {
            return Ok(None);
        }
        let matrix = matrix.values::<f32>()?;
        let at = |output: usize, input: usize| match output_rows {
            true => matrix[output * inputs + input],
            false => matrix[input * outputs + output],
        };
        let weights = (0..outputs)
            .flat_map(|output| (0..inputs).map(move |input| (output, input)))
            .map(|(output, input)| alpha * at(output, input))
            .collect();
        Ok(Some(Self { data, inputs, weights, bias, epilogue }))
    }

    fn outputs(&self) -> usize {
        self.weights.len() / self.inputs
    }

    /// Does the work of the nodes behind, as long as they change each number by itself; an activation
    /// is the last.
    fn take_along(&mut self, graph: &mut Graph, index: usize) {
        let links = graph.links();
        while self.epilogue.activation.is_none()
            && let [output] = graph.nodes[index].outputs[..]
            && let Some(next) = links.only_consumer(output)
            && self.takes(graph, next)
        {
            graph.absorb(index, next);
        }
    }

    /// Takes the work of a node that reads the layer's output, if it can.
    fn takes(&mut self, graph: &Graph, next: usize) -> bool {
        let node = &graph.nodes[next];
        if let Op::Activation(activation) = node.op {
            self.epilogue.activation = Some(activation);
            return true;
        }
        let outputs = self.outputs();
        let known = affine(graph, node).filter(|affine| affine.scale.len() == outputs);
        let (scale, shift) = match known.filter(|affine| affine.is_finite()) {
            Some(affine) => (affine.scale, affine.shift),
            None => match addend(graph, node, outputs) {
                Some(addend) => (vec![1.0; outputs], addend),
                None => return false,
            },
        };
        let bias = self.bias.take().unwrap_or_else(|| vec![0.0; outputs]);
        for (filter, scale) in self.weights.chunks_mut(self.inputs).zip(&scale) {
            filter.iter_mut().for_each(|weight| *weight *= scale);
        }
        let terms = bias.iter().zip(scale.iter().zip(&shift));
        self.bias = Some(terms.map(|(bias, (scale, shift))| bias * scale + shift).collect());
        true
    }

    /// Puts a convolution in the place of the node.
    fn replace(self, graph: &mut Graph, index: usize, planes: Option<Planes>) -> Result<()> {
        let (name, outputs) = (graph.nodes[index].name.clone(), self.outputs());
        let (input, shape, weights) = match planes {
            Some(Planes { value, shape, order }) => {
                (value, shape, reordered(&self.weights, &order))
            }
            None => (pixel(graph, &name, self.data), [self.inputs, 1, 1], self.weights),
        };
        let [channels, rows, columns] = shape;
        let weight = Tensor::new(&[outputs, channels, rows, columns], weights)?;
        let vector = graph.nodes[index].outputs[0];
        let result = Fact::new(DType::F32, [1, outputs, 1, 1]);
        let result = graph.add_value(&format!("{name}:planes"), result);
        let mut inputs = vec![input, graph.add_constant(&format!("{name}:weight"), weight)];
        if let Some(bias) = self.bias {
            inputs.push(graph.add_constant(&format!("{name}:bias"), Tensor::vector(bias)));
        }
        let window = Window { kernel: vec![rows, columns], ..Window::default() };
        let node = &mut graph.nodes[index];
        node.op = Conv { window, group: 1, epilogue: self.epilogue }.into();
        node.inputs = inputs.into_iter().map(Some).collect();
        node.outputs = vec![result];
        let view = match graph.fact(vector).shape[..] {
            [1, _] => Node {
                name: format!("{name}:flatten"),
                op: Flatten { axis: 1 }.into(),
                inputs: vec![Some(result)],
                outputs: vec![vector],
                sources: Vec::new(),
            },
            _ => reshape(graph, &format!("{name}:vector"), result, vector),
        };
        graph.nodes.push(view);
        Ok(())
    }
}

/// `beta` times a constant addend, one per output.
fn bias(graph: &Graph, addend: ValueId, beta: f32, outputs: usize) -> Option<Vec<f32>> {
    let values = graph.constant(addend)?.values::<f32>().ok()?;
    let scaled = values.iter().map(|value| beta * value);
    match values.len() {
        1 => Some(scaled.cycle().take(outputs).collect()),
        count => (count == outputs).then(|| scaled.collect()),
    }
}

/// What an addition adds to each of `outputs` numbers, if that is constant.
fn addend(graph: &Graph, node: &Node, outputs: usize) -> Option<Vec<f32>> {
    let (Op::Binary(Binary::Add), [Some(a), Some(b)]) = (&node.op, &node.inputs[..]) else {
        return None;
    };
    let constant = graph.constant(*a).or(graph.constant(*b))?;
    let same = graph.fact(node.outputs[0]).len() == outputs && constant.len() == outputs;
    same.then(|| constant.values::<f32>().ok().map(<[f32]>::to_vec)).flatten()
}

/// The planes that a vector is made from by views and transpositions, where the accelerator's windows
/// take them whole.
fn planes(graph: &Graph, vector: ValueId) -> Result<Option<Planes>> {
    let links = graph.links();
    let mut found = None;
    let mut value = vector;
    let mut order: Vec<i32> = (0..graph.fact(vector).len() as i32).collect();
    loop {
        // The first of several is the one that is computed; those behind it are its views.
        if let [1, channels, rows, columns] = graph.fact(value).shape[..]
            && (1..=MAX_KERNEL).contains(&rows)
            && (1..=MAX_KERNEL).contains(&columns)
        {
            let shape = [channels, rows, columns];
            found = Some(Planes { value, shape, order: order.clone() });
        }
        let Some((input, moved)) = before(graph, &links, value)? else { return Ok(found) };
        order = order.iter().map(|&at| moved[at as usize]).collect();
        value = input;
    }
}

/// The value that another one is a view or a transposition of, and where each element comes from.
fn before(graph: &Graph, links: &Links, value: ValueId) -> Result<Option<(ValueId, Vec<i32>)>> {
    let Some((_, node)) = graph.producer(links, value) else { return Ok(None) };
    let moves = matches!(
        node.op,
        Op::Flatten(_) | Op::Reshape(_) | Op::Squeeze(_) | Op::Unsqueeze(_) | Op::Transpose(_)
    );
    let Some(input) = node.input(0).filter(|&input| moves && graph.constant(input).is_none())
    else {
        return Ok(None);
    };
    let fact = graph.fact(input);
    let positions = Tensor::new(&fact.shape, (0..fact.len() as i32).collect::<Vec<_>>())?;
    let rest = node.inputs.iter().skip(1).map(|id| id.and_then(|id| graph.constant(id)));
    let inputs: Vec<Option<&Tensor>> = std::iter::once(Some(&positions)).chain(rest).collect();
    let moved = node.op.eval(Inputs::new(&inputs)).map_err(|error| error.at(node.place()))?;
    let moved = moved.first().map(|tensor| tensor.values::<i32>().map(<[i32]>::to_vec));
    let moved = moved.ok_or_else(|| Error::new(&codes::INTERNAL, "a view without output"))??;
    Ok(Some((input, moved)))
}

/// Weights of a vector as those of the planes in which its element `i` lies at `order[i]`.
fn reordered(weights: &[f32], order: &[i32]) -> Vec<f32> {
    let mut planes = vec![0.0; weights.len()];
    let inputs = order.len().max(1);
    for (planes, vector) in planes.chunks_mut(inputs).zip(weights.chunks(inputs)) {
        for (weight, &at) in vector.iter().zip(order) {
            planes[at as usize] = *weight;
        }
    }
    planes
}

/// A vector as the channels of one pixel.
fn pixel(graph: &mut Graph, name: &str, vector: ValueId) -> ValueId {
    let fact = Fact::new(DType::F32, [1, graph.fact(vector).len(), 1, 1]);
    let pixel = graph.add_value(&format!("{name}:pixel"), fact);
    let node = reshape(graph, &format!("{name}:channels"), vector, pixel);
    graph.nodes.push(node);
    pixel
}
