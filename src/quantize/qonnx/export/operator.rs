//! Operators as ONNX nodes; what ONNX has no node for becomes several.

use super::writer::Writer;
use crate::base::error::{Error, Result, codes};
use crate::base::tensor::Tensor;
use crate::frontend::onnx::Attributes;
use crate::frontend::ops::Op;
use crate::frontend::ops::activation::Activation;
use crate::frontend::ops::channel_shuffle::ChannelShuffle;
use crate::frontend::ops::epilogue::{Epilogue, Residual};
use crate::frontend::ops::softmax::Softmax;
use crate::frontend::ops::space_to_depth::SpaceToDepth;

/// Names of the inputs; empty for an omitted one.
pub type Names = Vec<String>;

/// Writes `op`; `shape` is that of its first input.
pub fn operator(
    writer: &mut Writer,
    op: &Op,
    shape: &[usize],
    mut inputs: Names,
    outputs: Names,
) -> Result<()> {
    let first = inputs.first().cloned().unwrap_or_default();
    let output = outputs.first().cloned().unwrap_or_default();
    match op {
        Op::Activation(activation) => self::activation(writer, activation, &first, output),
        Op::Conv(conv) => epilogue(writer, op, &conv.epilogue, inputs, output),
        Op::ConvTranspose(conv) => epilogue(writer, op, &conv.epilogue, inputs, output),
        Op::Gemm(gemm) => epilogue(writer, op, &gemm.epilogue, inputs, output),
        Op::SpaceToDepth(op) => space_to_depth(writer, op, shape, &first, output),
        Op::ChannelShuffle(op) => channel_shuffle(writer, *op, shape, &first, output)?,
        Op::Softmax(op) if op.flatten => softmax(writer, *op, shape, &first, output)?,
        // Before opset 11 the scales were the second input.
        Op::Resize(resize) if resize.scales_input == 1 => {
            inputs.insert(1, String::new());
            inputs.truncate(3);
            writer.write(op.kind(), inputs, outputs, &op.attributes());
        }
        Op::Split(split) => {
            let mut attributes = op.attributes();
            if inputs.get(1).is_none_or(String::is_empty) {
                attributes = attributes.with("num_outputs", split.parts as i64);
            }
            writer.write(op.kind(), inputs, outputs, &attributes);
        }
        _ => {
            while inputs.last().is_some_and(String::is_empty) {
                inputs.pop();
            }
            writer.write(op.kind(), inputs, outputs, &op.attributes());
        }
    }
    Ok(())
}

/// Writes a function of one element.
pub fn activation(writer: &mut Writer, activation: &Activation, x: &str, output: String) {
    let plain = Attributes::default();
    match activation {
        Activation::Silu => {
            let sigmoid = writer.plain("Sigmoid", &[x]);
            writer.write("Mul", vec![x.to_owned(), sigmoid], vec![output], &plain);
        }
        Activation::Clamp { min, max } => {
            let min = writer.constant(&Tensor::scalar(*min));
            let max = writer.constant(&Tensor::scalar(*max));
            writer.write("Clip", vec![x.to_owned(), min, max], vec![output], &plain);
        }
        Activation::Square { factor } => {
            let square = writer.plain("Mul", &[x, x]);
            let factor = writer.constant(&Tensor::scalar(*factor));
            writer.write("Mul", vec![square, factor], vec![output], &plain);
        }
        other => {
            let op = Op::from(*other);
            writer.write(op.kind(), vec![x.to_owned()], vec![output], &op.attributes());
        }
    }
}

/// A product with what is fused behind it.
fn epilogue(writer: &mut Writer, op: &Op, own: &Epilogue, mut inputs: Names, output: String) {
    let residual = inputs.get(Epilogue::RESIDUAL_INPUT).cloned().unwrap_or_default();
    inputs.truncate(Epilogue::RESIDUAL_INPUT);
    while inputs.last().is_some_and(String::is_empty) {
        inputs.pop();
    }
    let references: Vec<_> = inputs.iter().map(String::as_str).collect();
    let mut value = writer.node(op.kind(), &references, &op.attributes());
    if own.residual == Some(Residual::BeforeActivation) {
        value = writer.plain("Add", &[&value, &residual]);
    }
    if let Some(function) = &own.activation {
        let name = writer.fresh(&format!("{value}/activation"));
        activation(writer, function, &value, name.clone());
        value = name;
    }
    if own.residual == Some(Residual::AfterActivation) {
        value = writer.plain("Add", &[&value, &residual]);
    }
    writer.rename(&value, &output);
}

/// SpaceToDepth in the order of ONNX, then the channel groups in the wanted order.
fn space_to_depth(
    writer: &mut Writer,
    op: &SpaceToDepth,
    shape: &[usize],
    x: &str,
    output: String,
) {
    let block = op.block;
    let channels = shape.get(1).copied().unwrap_or(1);
    let groups: Vec<usize> = op.offsets.iter().map(|&(y, x)| y * block + x).collect();
    let attributes = op.clone();
    let attributes = Op::from(attributes).attributes();
    if groups.iter().copied().eq(0..block * block) {
        writer.write("SpaceToDepth", vec![x.to_owned()], vec![output], &attributes);
        return;
    }
    let depth = writer.node("SpaceToDepth", &[x], &attributes);
    let order = groups.iter().flat_map(|group| group * channels..(group + 1) * channels);
    let order = writer.constant(&Tensor::vector(order.map(|channel| channel as i64).collect()));
    let axis = Attributes::default().with("axis", 1i64);
    writer.write("Gather", vec![depth, order], vec![output], &axis);
}

fn channel_shuffle(
    writer: &mut Writer,
    op: ChannelShuffle,
    shape: &[usize],
    x: &str,
    output: String,
) -> Result<()> {
    let &[n, c, h, w] = shape else {
        return Err(Error::new(&codes::INTERNAL, "a shuffle of other than rank 4"));
    };
    let groups = op.groups.max(1);
    let split = extents(writer, &[n, groups, c / groups, h * w]);
    let back = extents(writer, shape);
    let matrix = writer.plain("Reshape", &[x, &split]);
    let order = Attributes::default().with("perm", vec![0i64, 2, 1, 3]);
    let turned = writer.node("Transpose", &[&matrix], &order);
    writer.write("Reshape", vec![turned, back], vec![output], &Attributes::default());
    Ok(())
}

/// Before opset 13 the axes behind the given one belonged to it.
fn softmax(
    writer: &mut Writer,
    op: Softmax,
    shape: &[usize],
    x: &str,
    output: String,
) -> Result<()> {
    let axis = crate::frontend::ops::axis(op.axis, shape.len())?;
    let rows: usize = shape[..axis].iter().product();
    let columns: usize = shape[axis..].iter().product();
    let matrix = extents(writer, &[rows, columns]);
    let back = extents(writer, shape);
    let matrix = writer.plain("Reshape", &[x, &matrix]);
    let last = Attributes::default().with("axis", -1i64);
    let kind = if op.log { "LogSoftmax" } else { "Softmax" };
    let own = writer.node(kind, &[&matrix], &last);
    writer.write("Reshape", vec![own, back], vec![output], &Attributes::default());
    Ok(())
}

/// A constant shape.
pub fn extents(writer: &mut Writer, shape: &[usize]) -> String {
    writer.constant(&Tensor::vector(shape.iter().map(|&extent| extent as i64).collect()))
}
