//! The forms of each operator that the page tells apart.

use seigo::base::error::Result;
use seigo::base::tensor::Tensor;
use seigo::frontend::onnx::Attributes;

/// Channels of the feature map in front of a sample's operator.
pub const CHANNELS: usize = 16;

/// Height and width of the image.
const SIDE: usize = 8;

/// The form of a product that has no constant weights.
const COMPUTED: &str = "two computed tensors";

/// What stands in front of a sample's operator.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Stand {
    /// The network's input, 1 x 3 x 8 x 8.
    Image,
    /// A convolution: 1 x 16 x 8 x 8.
    Map,
    /// A convolution, a global average and a Flatten: 1 x 16.
    Vector,
    /// A convolution and a global average: 1 x 16 x 1 x 1.
    Pixel,
}

/// An input behind the first.
pub enum Extra {
    /// Known at conversion.
    Constant(Tensor),
    /// Another convolution's result.
    Map,
    /// The first input once more.
    Same,
    /// Left out.
    Absent,
}

/// One form of an operator.
pub struct Sample {
    /// How the page calls the form; empty where there is only one.
    pub label: &'static str,
    pub stand: Stand,
    /// Height and width of the image.
    pub side: usize,
    pub attributes: Attributes,
    pub extras: Vec<Extra>,
}

/// How an operator gets its answer.
pub enum Forms {
    /// It cannot stand in integers, for this reason.
    Never(&'static str),
    /// It does not run within a frame; the answer.
    Elsewhere(&'static str),
    /// By trying.
    Samples(Vec<Sample>),
}

impl Sample {
    fn new(label: &'static str, stand: Stand) -> Self {
        Self { label, stand, side: SIDE, attributes: Attributes::default(), extras: Vec::new() }
    }

    fn map(label: &'static str) -> Self {
        Self::new(label, Stand::Map)
    }

    fn on(mut self, side: usize) -> Self {
        self.side = side;
        self
    }

    fn set(mut self, name: &str, value: impl Into<seigo::frontend::onnx::Attribute>) -> Self {
        self.attributes = self.attributes.with(name, value);
        self
    }

    fn and(mut self, extra: Extra) -> Self {
        self.extras.push(extra);
        self
    }

    /// With a constant between 0.25 and 0.5.
    fn floats(self, shape: &[usize]) -> Result<Self> {
        Ok(self.and(Extra::Constant(super::accelerator::positive(shape, 0.5)?)))
    }

    /// With a list of 64-bit integers.
    fn integers(self, values: &[i64]) -> Self {
        self.and(Extra::Constant(Tensor::vector(values.to_vec())))
    }

    /// With a square window: its side, stride, and padding on each of the four sides.
    fn window(self, side: i64, stride: i64, pad: i64) -> Self {
        self.set("kernel_shape", vec![side; 2])
            .set("strides", vec![stride; 2])
            .set("pads", vec![pad; 4])
    }
}

/// The forms of one ONNX operator type.
///
/// # Errors
/// Only a constant whose shape and values disagree.
pub fn forms(operator: &str) -> Result<Forms> {
    let samples = match operator {
        "And" | "Or" | "Xor" | "Not" | "Where" => return Ok(Forms::Never("reads booleans")),
        "Equal" | "Greater" | "GreaterOrEqual" | "Less" | "LessOrEqual" => {
            return Ok(Forms::Never("gives booleans"));
        }
        "ArgMax" | "ArgMin" => return Ok(Forms::Never("gives indices")),
        "Constant" | "ConstantOfShape" | "Range" | "Shape" | "Size" => {
            return Ok(Forms::Elsewhere("computed at conversion"));
        }
        "QuantizeLinear" | "DequantizeLinear" => {
            return Ok(Forms::Elsewhere("in quantized models, by `seigo import`"));
        }
        "Conv" | "ConvTranspose" => convolutions(operator)?,
        "MaxPool" | "AveragePool" => pools(operator),
        "Gemm" | "MatMul" => products(operator)?,
        "Add" | "Sub" | "Mul" | "Div" | "Pow" | "Max" | "Min" | "Mod" | "Sum" | "Mean" => {
            two(operator)?
        }
        _ if operator.starts_with("Reduce") => vec![
            Sample::map("over height and width").integers(&[2, 3]),
            Sample::map("over channels").integers(&[1]),
        ],
        _ => match shapes(operator)? {
            Some(samples) => samples,
            None => others(operator)?,
        },
    };
    Ok(Forms::Samples(samples))
}

fn convolutions(operator: &str) -> Result<Vec<Sample>> {
    if operator == "ConvTranspose" {
        let sample = Sample::map("").set("strides", vec![2_i64; 2]);
        return Ok(vec![sample.floats(&[CHANNELS, CHANNELS, 2, 2])?]);
    }
    let grouped = |label, groups: usize| {
        let weights = [CHANNELS, CHANNELS / groups, 3, 3];
        Sample::map(label).window(3, 1, 1).set("group", groups as i64).floats(&weights)
    };
    let square = |label, side: i64, dilation: i64| {
        let weights = [CHANNELS, CHANNELS, side as usize, side as usize];
        let pad = side / 2 * dilation;
        Sample::map(label).window(side, 1, pad).set("dilations", vec![dilation; 2]).floats(&weights)
    };
    Ok(vec![
        square("kernels up to 15 x 15", 15, 1)?,
        square("dilated", 3, 2)?,
        square("kernels above 15 on larger maps", 17, 1)?.on(20),
        grouped("in groups", 4)?,
        grouped("depthwise", CHANNELS)?,
    ])
}

fn pools(operator: &str) -> Vec<Sample> {
    let mut samples = vec![
        Sample::map("2 x 2 with stride 2").window(2, 2, 0),
        Sample::map("3 x 3 with stride 2").window(3, 2, 0),
        Sample::map("3 x 3 with stride 3").window(3, 3, 0),
        Sample::map("5 x 5 with stride 1 and padding").window(5, 1, 2),
    ];
    if operator == "AveragePool" {
        let sample = Sample::map("with padding that counts").window(3, 1, 1);
        samples.push(sample.set("count_include_pad", 1_i64));
    }
    samples
}

fn products(operator: &str) -> Result<Vec<Sample>> {
    let constant = Sample::new("constant weights", Stand::Vector).floats(&[CHANNELS, CHANNELS])?;
    let computed = match operator {
        "Gemm" => Sample::new(COMPUTED, Stand::Vector).set("transB", 1_i64),
        _ => Sample::map(COMPUTED),
    };
    Ok(vec![constant, computed.and(Extra::Same)])
}

/// Operators of two tensors.
fn two(operator: &str) -> Result<Vec<Sample>> {
    let remainder = |sample: Sample| match operator {
        "Mod" => sample.set("fmod", 1_i64),
        _ => sample,
    };
    Ok(vec![
        remainder(Sample::map("two feature maps").and(Extra::Map)),
        remainder(Sample::map("a constant for each channel").floats(&[1, CHANNELS, 1, 1])?),
    ])
}

/// Operators that change shapes or move elements.
fn shapes(operator: &str) -> Result<Option<Vec<Sample>>> {
    let map = Sample::map;
    Ok(Some(match operator {
        "Concat" => vec![
            map("channels").set("axis", 1_i64).and(Extra::Map),
            map("channels counted from the end").set("axis", -3_i64).and(Extra::Map),
            map("other axes").set("axis", 2_i64).and(Extra::Map),
        ],
        "Split" => vec![
            map("channels").set("axis", 1_i64).integers(&[8, 8]),
            map("channels counted from the end").set("axis", -3_i64).integers(&[8, 8]),
            map("other axes").set("axis", 2_i64).integers(&[4, 4]),
        ],
        "Slice" => vec![
            map("channels").integers(&[4]).integers(&[12]).integers(&[1]),
            map("other axes").integers(&[0]).integers(&[4]).integers(&[2]),
        ],
        "Gather" => {
            let some = [3, 2, 1, 0, 4, 5, 6, 7];
            vec![
                map("channels").set("axis", 1_i64).integers(&some),
                map("other axes").set("axis", 2_i64).integers(&some),
            ]
        }
        "Transpose" => vec![map("").set("perm", vec![0_i64, 1, 3, 2])],
        "Reshape" => vec![
            Sample::new("maps of 1 x 1 to a vector", Stand::Pixel).integers(&[1, -1]),
            map("other").integers(&[1, 4, 16, 16]),
        ],
        "Flatten" => vec![Sample::new("maps of 1 x 1", Stand::Pixel), map("larger maps")],
        "Squeeze" => vec![Sample::new("", Stand::Pixel).integers(&[2, 3])],
        "Unsqueeze" => vec![Sample::new("", Stand::Vector).integers(&[2, 3])],
        "Expand" => vec![Sample::new("", Stand::Pixel).integers(&[1, 16, 8, 8])],
        "Tile" => {
            vec![map("channels").integers(&[1, 2, 1, 1]), map("other axes").integers(&[1, 1, 2, 2])]
        }
        "Pad" => vec![map("zeros before a convolution").integers(&[0, 0, 1, 1, 0, 0, 1, 1])],
        "DepthToSpace" => vec![map("").set("blocksize", 2_i64)],
        "SpaceToDepth" => vec![
            Sample::new("on the image", Stand::Image).set("blocksize", 2_i64),
            map("elsewhere").set("blocksize", 2_i64),
        ],
        "Resize" | "Upsample" => resizes(operator),
        _ => return Ok(None),
    }))
}

fn resizes(operator: &str) -> Vec<Sample> {
    let scales = |factor: f32| Extra::Constant(Tensor::vector(vec![1.0, 1.0, factor, factor]));
    let form = |label, mode: &str, factor| {
        let sample = Sample::map(label).set("mode", mode);
        match operator {
            "Upsample" => sample.and(scales(factor)),
            _ => sample
                .set("coordinate_transformation_mode", "asymmetric")
                .set("nearest_mode", "floor")
                .and(Extra::Absent)
                .and(scales(factor)),
        }
    };
    vec![
        form("nearest by 2", "nearest", 2.0),
        form("nearest by 4", "nearest", 4.0),
        form("nearest by 3", "nearest", 3.0),
        form("linear", "linear", 2.0),
    ]
}

/// Activations, and what is left.
fn others(operator: &str) -> Result<Vec<Sample>> {
    let channels = [CHANNELS];
    Ok(vec![match operator {
        "BatchNormalization" => {
            let mut sample = Sample::map("");
            for _ in 0..4 {
                sample = sample.floats(&channels)?;
            }
            sample
        }
        "GroupNormalization" => {
            let sample = Sample::map("").set("num_groups", 4_i64);
            sample.floats(&channels)?.floats(&channels)?
        }
        "InstanceNormalization" => Sample::map("").floats(&channels)?.floats(&channels)?,
        "LayerNormalization" => Sample::map("").floats(&[8])?,
        "LRN" => Sample::map("").set("size", 5_i64),
        "Cast" => Sample::map("to f32").set("to", 1_i64),
        "CastLike" => Sample::map("to f32").floats(&[1])?,
        "Clip" => Sample::map("")
            .and(Extra::Constant(Tensor::scalar(0.0_f32)))
            .and(Extra::Constant(Tensor::scalar(0.5_f32))),
        "PRelu" => Sample::map("").floats(&[CHANNELS, 1, 1])?,
        _ => Sample::map(""),
    }])
}
