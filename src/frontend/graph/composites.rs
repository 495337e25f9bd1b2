//! Operators that ONNX defines by others: when a model is read, each becomes the nodes of its definition, so that
//! nothing behind the import knows it.
//!
//! Definitions: the pages of the operators in the ONNX specification, opset 22.

use crate::base::error::{Error, Result, codes};
use crate::base::tensor::Tensor;
use crate::frontend::onnx::{Attributes, Node, bad};

/// The operator types that are read, each with what is not supported of it.
pub const COMPOSITES: [(&str, &str); 6] = [
    ("GroupNormalization", ""),
    ("InstanceNormalization", ""),
    ("LRN", ""),
    ("LayerNormalization", ""),
    ("LpNormalization", ""),
    ("MeanVarianceNormalization", ""),
];

/// The opset that the parts are written in.
pub const OPSET: i64 = 17;

/// From this opset on, scale and bias of a GroupNormalization are numbers of channels, and not of groups.
const SCALE_PER_CHANNEL: i64 = 21;

/// Whether an operator is defined by others.
pub fn is_composite(node: &Node) -> bool {
    node.domain.is_empty() && COMPOSITES.iter().any(|(name, _)| *name == node.op_type)
}

/// The nodes that a composite stands for. Their values and names begin with the name of its first output.
/// `shapes` are those of its inputs.
///
/// # Errors
/// [`codes::ONNX_ATTRIBUTE`], and [`codes::SHAPE`] for an input that is missing or has too few axes.
pub fn parts(node: &Node, shapes: &[Option<Vec<usize>>], opset: i64) -> Result<Vec<Node>> {
    let mut parts = Parts { node, shapes, parts: Vec::new() };
    let result = match &*node.op_type {
        "GroupNormalization" => parts.group_normalization(opset),
        "InstanceNormalization" => parts.instance_normalization(),
        "LRN" => parts.local_response_normalization(),
        "LayerNormalization" => parts.layer_normalization(),
        "LpNormalization" => parts.lp_normalization(),
        _ => parts.mean_variance_normalization(),
    }?;
    parts.give(0, &result);
    Ok(parts.parts)
}

/// The nodes of a composite under construction.
struct Parts<'a> {
    node: &'a Node,
    shapes: &'a [Option<Vec<usize>>],
    parts: Vec<Node>,
}

/// Numbers with mean 0 and deviation 1.
struct Standard {
    values: String,
    mean: String,
    deviation: String,
}

impl Parts<'_> {
    fn input(&self, position: usize) -> Result<String> {
        let name = self.node.inputs.get(position).filter(|name| !name.is_empty());
        name.cloned()
            .ok_or_else(|| Error::new(&codes::SHAPE, format!("input {position} is missing")))
    }

    fn shape(&self, position: usize) -> Result<&[usize]> {
        self.input(position)?;
        Ok(self.shapes.get(position).and_then(Option::as_deref).unwrap_or_default())
    }

    fn float(&self, name: &str, default: f32) -> Result<f32> {
        Ok(self.node.attributes.float(name)?.unwrap_or(default))
    }

    /// The shape of the first input, with at least `least` axes.
    fn data(&self, least: usize) -> Result<Vec<usize>> {
        let shape = self.shape(0)?.to_vec();
        if shape.len() < least {
            return Err(Error::new(
                &codes::SHAPE,
                format!("input 0 has shape {shape:?}; {least} axes are the least"),
            ));
        }
        Ok(shape)
    }

    /// The attribute `axis`, counted from the front.
    fn axis(&self, rank: usize) -> Result<usize> {
        let axis = self.node.attributes.int("axis")?.unwrap_or(-1);
        let counted = if axis < 0 { axis.checked_add(rank as i64) } else { Some(axis) };
        let within = counted.and_then(|axis| usize::try_from(axis).ok());
        within
            .filter(|&axis| axis < rank)
            .ok_or_else(|| bad("axis", &format!("is {axis}, of an input with {rank} axes")))
    }

    fn push(&mut self, part: &str, op: &str, inputs: &[&str], attributes: Attributes) -> String {
        let given = self.node.outputs.iter().find(|name| !name.is_empty());
        let first = given.unwrap_or(&self.node.name);
        let name = format!("{first}:{part}");
        self.parts.push(Node {
            name: name.clone(),
            op_type: op.to_owned(),
            domain: String::new(),
            inputs: inputs.iter().map(|&input| input.to_owned()).collect(),
            outputs: vec![name.clone()],
            attributes,
        });
        name
    }

    fn plain(&mut self, part: &str, op: &str, inputs: &[&str]) -> String {
        self.push(part, op, inputs, Attributes::default())
    }

    fn constant(&mut self, part: &str, value: Tensor) -> String {
        self.push(part, "Constant", &[], Attributes::default().with("value", value))
    }

    fn scalar(&mut self, part: &str, value: f32) -> String {
        self.constant(part, Tensor::scalar(value))
    }

    fn reduced(&mut self, part: &str, op: &str, input: &str, axes: &[usize]) -> String {
        self.push(part, op, &[input], Attributes::default().with_list("axes", axes))
    }

    fn reshaped(&mut self, part: &str, input: &str, shape: &[usize]) -> String {
        let extents = shape.iter().map(|&extent| extent as i64).collect();
        let shape = self.constant(&format!("{part}.shape"), Tensor::vector::<i64>(extents));
        // An extent of 0 is one, and no copy of the input's.
        let attributes = Attributes::default().with("allowzero", true);
        self.push(part, "Reshape", &[input, &shape], attributes)
    }

    /// Calls a value by the name of an output of the composite, if that is asked for.
    fn give(&mut self, position: usize, value: &str) {
        let Some(output) = self.node.outputs.get(position).filter(|name| !name.is_empty()) else {
            return;
        };
        let names =
            self.parts.iter_mut().flat_map(|part| part.inputs.iter_mut().chain(&mut part.outputs));
        names.filter(|name| *name == value).for_each(|name| name.clone_from(output));
    }

    /// Input minus mean, divided by deviation; `within` is added to the variance, `behind` to its root.
    fn standard(&mut self, input: &str, axes: &[usize], within: f32, behind: f32) -> Standard {
        let mean = self.reduced("mean", "ReduceMean", input, axes);
        let centered = self.plain("centered", "Sub", &[input, &mean]);
        let square = self.plain("square", "Mul", &[&centered, &centered]);
        let mut variance = self.reduced("variance", "ReduceMean", &square, axes);
        if within != 0.0 {
            let epsilon = self.scalar("epsilon", within);
            variance = self.plain("shifted", "Add", &[&variance, &epsilon]);
        }
        let mut deviation = self.plain("deviation", "Sqrt", &[&variance]);
        if behind != 0.0 {
            let epsilon = self.scalar("epsilon", behind);
            deviation = self.plain("divisor", "Add", &[&deviation, &epsilon]);
        }
        let values = self.plain("standard", "Div", &[&centered, &deviation]);
        Standard { values, mean, deviation }
    }

    /// Times input 1 plus input 2, which have an axis of their own and `behind` more of extent 1.
    fn scaled(&mut self, values: &str, behind: usize) -> Result<String> {
        let axes: Vec<usize> = (1..=behind).collect();
        let mut result = values.to_owned();
        for (position, part, op) in [(1, "scaled", "Mul"), (2, "biased", "Add")] {
            let mut own = self.input(position)?;
            if behind > 0 {
                let attributes = Attributes::default().with_list("axes", &axes);
                own = self.push(&format!("{part}.factor"), "Unsqueeze", &[&own], attributes);
            }
            result = self.plain(part, op, &[&result, &own]);
        }
        Ok(result)
    }

    fn layer_normalization(&mut self) -> Result<String> {
        let rank = self.data(1)?.len();
        let axes: Vec<usize> = (self.axis(rank)?..rank).collect();
        let (input, scale) = (self.input(0)?, self.input(1)?);
        let epsilon = self.float("epsilon", 1e-5)?;
        let Standard { values, mean, deviation } = self.standard(&input, &axes, epsilon, 0.0);
        let mut result = self.plain("scaled", "Mul", &[&values, &scale]);
        if let Ok(bias) = self.input(2) {
            result = self.plain("biased", "Add", &[&result, &bias]);
        }
        if self.node.outputs.get(2).is_some_and(|name| !name.is_empty()) {
            let inverse = self.plain("inverse", "Reciprocal", &[&deviation]);
            self.give(2, &inverse);
        }
        self.give(1, &mean);
        Ok(result)
    }

    fn instance_normalization(&mut self) -> Result<String> {
        let rank = self.data(3)?.len();
        let axes: Vec<usize> = (2..rank).collect();
        let (input, epsilon) = (self.input(0)?, self.float("epsilon", 1e-5)?);
        let Standard { values, .. } = self.standard(&input, &axes, epsilon, 0.0);
        self.scaled(&values, rank - 2)
    }

    fn group_normalization(&mut self, opset: i64) -> Result<String> {
        let shape = self.data(3)?;
        let groups = self.node.attributes.int("num_groups")?.unwrap_or(0);
        let groups = usize::try_from(groups).ok().filter(|&groups| groups > 0);
        let groups = groups
            .filter(|&groups| shape[1].is_multiple_of(groups))
            .ok_or_else(|| bad("num_groups", &format!("does not divide {} channels", shape[1])))?;
        let (input, epsilon) = (self.input(0)?, self.float("epsilon", 1e-5)?);
        let each = shape[1..].iter().product::<usize>() / groups;
        let grouped = self.reshaped("groups", &input, &[shape[0], groups, each]);
        let Standard { values, .. } = self.standard(&grouped, &[2], epsilon, 0.0);
        if opset >= SCALE_PER_CHANNEL {
            let values = self.reshaped("channels", &values, &shape);
            return self.scaled(&values, shape.len() - 2);
        }
        let values = self.scaled(&values, 1)?;
        Ok(self.reshaped("channels", &values, &shape))
    }

    fn mean_variance_normalization(&mut self) -> Result<String> {
        let rank = self.data(1)?.len();
        let axes = self.node.attributes.ints("axes")?.unwrap_or_else(|| vec![0, 2, 3]);
        let counted = axes.iter().map(|&axis| if axis < 0 { axis + rank as i64 } else { axis });
        let within = |axis: i64| usize::try_from(axis).ok().filter(|&axis| axis < rank);
        let axes: Option<Vec<usize>> = counted.map(within).collect();
        let axes =
            axes.ok_or_else(|| bad("axes", &format!("are not all of an input with {rank}")))?;
        let input = self.input(0)?;
        Ok(self.standard(&input, &axes, 0.0, 1e-9).values)
    }

    fn lp_normalization(&mut self) -> Result<String> {
        let rank = self.data(1)?.len();
        let axis = self.axis(rank)?;
        let norm = match self.node.attributes.int("p")?.unwrap_or(2) {
            1 => "ReduceL1",
            2 => "ReduceL2",
            other => return Err(bad("p", &format!("is {other}, not 1 or 2"))),
        };
        let input = self.input(0)?;
        let norm = self.reduced("norm", norm, &input, &[axis]);
        // Zeros divided by their norm are zeros.
        let least = self.scalar("least", f32::MIN_POSITIVE);
        let norm = self.plain("divisor", "Max", &[&norm, &least]);
        Ok(self.plain("normal", "Div", &[&input, &norm]))
    }

    /// Squares of neighboring channels are averaged by a pool over an axis of channels.
    fn local_response_normalization(&mut self) -> Result<String> {
        let shape = self.data(2)?;
        let size = self.node.attributes.int("size")?.unwrap_or(0);
        let size = usize::try_from(size).ok().filter(|&size| size > 0 && size <= 2 * shape[1]);
        let size = size.ok_or_else(|| bad("size", "is no number of channels"))?;
        let input = self.input(0)?;
        let square = self.plain("square", "Mul", &[&input, &input]);
        let plane: usize = shape[2..].iter().product();
        let rows = self.reshaped("rows", &square, &[shape[0], 1, shape[1], plane]);
        let (before, behind) = ((size - 1) / 2, size / 2);
        let window = Attributes::default()
            .with_list("kernel_shape", &[size, 1])
            .with_list("pads", &[before, 0, behind, 0])
            .with("count_include_pad", true);
        let mean = self.push("means", "AveragePool", &[&rows], window);
        let mean = self.reshaped("channels", &mean, &shape);
        let (alpha, beta) = (self.float("alpha", 1e-4)?, self.float("beta", 0.75)?);
        let (alpha, beta) = (self.scalar("alpha", alpha), self.scalar("beta", beta));
        let bias = self.float("bias", 1.0)?;
        let bias = self.scalar("bias", bias);
        let scaled = self.plain("scaled", "Mul", &[&mean, &alpha]);
        let biased = self.plain("biased", "Add", &[&scaled, &bias]);
        let divisor = self.plain("divisor", "Pow", &[&biased, &beta]);
        Ok(self.plain("normal", "Div", &[&input, &divisor]))
    }
}

#[cfg(test)]
mod tests;
