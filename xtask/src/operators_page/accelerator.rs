//! Whether the accelerator runs an operator in int8: a sample network is quantized and scheduled.

use seigo::base::error::{Place as _, Result};
use seigo::base::tensor::{DType, Tensor};
use seigo::compile::boards::Target;
use seigo::compile::schedule::{Worker, assignment};
use seigo::frontend::graph::{Graph, ImportOptions};
use seigo::frontend::onnx::{Attributes, Dim, Input, Model, Node, OPSETS};
use seigo::model::qgraph::QGraph;
use seigo::quantize::ptq::{Frames, Options, quantize};

use super::samples::{CHANNELS, Extra, Forms, Sample, Stand, forms};

/// The target that samples are scheduled for; all built-in ones have the same units.
const TARGET: &str = "kv260";
/// Output channels of the closing convolution.
const CLASSES: usize = 16;

/// What the page says of one ONNX operator type.
///
/// # Errors
/// Those of importing, quantizing and scheduling a sample.
pub fn cell(operator: &str) -> Result<String> {
    let samples = match forms(operator)? {
        Forms::Never(why) => return Ok(format!("no: {why}")),
        Forms::Elsewhere(where_) => return Ok(where_.to_owned()),
        Forms::Samples(samples) => samples,
    };
    let (mut yes, mut no) = (Vec::new(), Vec::new());
    for sample in &samples {
        let runs = runs(operator, sample).at(|| format!("{operator}, {}", sample.label))?;
        if runs { &mut yes } else { &mut no }.push(sample.label);
    }
    let list = |answer: &str, labels: &[&str]| match labels {
        [] | [""] => answer.to_owned(),
        labels => format!("{answer}: {}", labels.join(", ")),
    };
    Ok(match (yes.is_empty(), no.is_empty()) {
        (_, true) => list("yes", &yes),
        (true, false) => list("no", &no),
        (false, false) => format!("{}; {}", list("yes", &yes), list("no", &no)),
    })
}

fn runs(operator: &str, sample: &Sample) -> Result<bool> {
    let graph = Graph::from_model(&network(operator, sample)?, &ImportOptions::default())?;
    let frame = positive(&graph.fact(graph.inputs[0]).shape, 1.0)?;
    let options = Options { gptq: false, bias_correction: false, ..Options::default() };
    let quantized = quantize(&graph, &Frame(frame), &options, &|_| {})?;
    on_accelerator(&quantized.graph)
}

/// Whether the compiler leaves nothing to the processor but giving an output another shape.
fn on_accelerator(graph: &QGraph) -> Result<bool> {
    let assigned = assignment(graph, &Target::load(TARGET)?)?;
    let mut layers = graph.layers.iter().zip(assigned);
    Ok(layers.all(|(layer, by)| match by.worker {
        Worker::Processor => false,
        Worker::ProcessorAfter => graph.is_view(layer),
        _ => true,
    }))
}

/// The frame that calibrates a sample.
struct Frame(Tensor);

impl Frames for Frame {
    fn len(&self) -> usize {
        1
    }

    fn frame(&self, _: usize) -> Result<Vec<Tensor>> {
        Ok(vec![self.0.clone()])
    }
}

/// The sample's network: a convolution, what the sample stands behind, the operator, and a convolution or fully
/// connected layer where the result allows one.
fn network(operator: &str, sample: &Sample) -> Result<Model> {
    let mut net = Net::new(if operator == "Upsample" { 9 } else { *OPSETS.end() });
    let start = net.start(sample)?;
    let mut inputs = vec![start.clone()];
    for (index, extra) in sample.extras.iter().enumerate() {
        inputs.push(match extra {
            Extra::Constant(value) => net.constant(&format!("extra{index}"), value.clone()),
            Extra::Map => net.map("second")?,
            Extra::Same => start.clone(),
            Extra::Absent => String::new(),
        });
    }
    net.node(operator, inputs, sample.attributes.clone(), "result");
    let result = {
        let graph = Graph::from_model(&net.0, &ImportOptions::default())?;
        graph.fact(graph.outputs[0].value).clone()
    };
    match (result.dtype, &result.shape[..]) {
        (DType::F32, &[1, channels, _, _]) => {
            let weights = net.constant("closing", positive(&[CLASSES, channels, 1, 1], 0.1)?);
            net.node("Conv", vec!["result".into(), weights], Attributes::default(), "end");
        }
        (DType::F32, &[1, features]) => {
            let weights = net.constant("closing", positive(&[features, CLASSES], 0.1)?);
            net.node("Gemm", vec!["result".into(), weights], Attributes::default(), "end");
        }
        _ => {}
    }
    Ok(net.0)
}

/// A model under construction; the node added last is its output.
struct Net(Model);

impl Net {
    fn new(opset: i64) -> Self {
        Self(Model {
            opset,
            name: "sample".into(),
            producer: String::new(),
            inputs: vec![],
            outputs: vec![],
            initializers: vec![],
            nodes: vec![],
        })
    }

    fn constant(&mut self, name: &str, value: Tensor) -> String {
        self.0.initializers.push((name.to_owned(), value));
        name.to_owned()
    }

    fn node(
        &mut self,
        operator: &str,
        inputs: Vec<String>,
        attributes: Attributes,
        output: &str,
    ) -> String {
        self.0.nodes.push(Node {
            name: output.to_owned(),
            op_type: operator.to_owned(),
            domain: String::new(),
            inputs,
            outputs: vec![output.to_owned()],
            attributes,
        });
        self.0.outputs = vec![output.to_owned()];
        output.to_owned()
    }

    /// A feature map that a convolution makes of the image.
    fn map(&mut self, name: &str) -> Result<String> {
        let weights = positive(&[CHANNELS, 3, 1, 1], 0.3)?;
        let weights = self.constant(&format!("{name}:weights"), weights);
        Ok(self.node("Conv", vec!["image".into(), weights], Attributes::default(), name))
    }

    fn pixel(&mut self, map: String) -> String {
        self.node("GlobalAveragePool", vec![map], Attributes::default(), "pixel")
    }

    /// The image and what stands between it and the sample's operator.
    fn start(&mut self, sample: &Sample) -> Result<String> {
        let shape = [1, 3, sample.side, sample.side].map(Dim::Known).to_vec();
        self.0.inputs.push(Input { name: "image".into(), dtype: DType::F32, dims: Some(shape) });
        if sample.stand == Stand::Image {
            return Ok("image".into());
        }
        let map = self.map("map")?;
        Ok(match sample.stand {
            Stand::Image | Stand::Map => map,
            Stand::Vector => {
                let pixel = self.pixel(map);
                self.node("Flatten", vec![pixel], Attributes::default(), "vector")
            }
            Stand::Pixel => self.pixel(map),
        })
    }
}

/// Different values between `largest / 2` and `largest`, so that every function is defined on what follows.
pub fn positive(shape: &[usize], largest: f32) -> Result<Tensor> {
    let count: usize = shape.iter().product();
    let value = |index: usize| largest * (0.5 + (index * 37 % 64) as f32 / 128.0);
    Tensor::new(shape, (0..count).map(value).collect())
}
