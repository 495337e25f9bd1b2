//! Small networks in the spelling of an ONNX file, and the check that a rewrite leaves them unchanged.

use seigo::base::tensor::{DType, Tensor};
use seigo::frontend::graph::{Builder, Graph, ValueId};
use seigo::frontend::onnx::Attribute;
use seigo::frontend::rewrites;
use seigo::software::executor::Executor;

use crate::operator;

/// A network under construction; nodes are written as in ONNX, opset 17.
pub struct Net {
    builder: Builder,
    count: usize,
    state: u64,
}

impl Net {
    pub fn new() -> Self {
        Self { builder: Builder::new("test"), count: 0, state: 1 }
    }

    pub fn input(&mut self, shape: &[usize]) -> ValueId {
        self.count += 1;
        self.builder.input(&format!("input{}", self.count), DType::F32, shape)
    }

    /// Numbers from -1 to 1.
    fn numbers(&mut self, count: usize) -> Vec<f32> {
        numbers(&mut self.state, count)
    }

    /// A constant of random numbers from -1 to 1.
    pub fn random(&mut self, shape: &[usize]) -> ValueId {
        let values = self.numbers(shape.iter().product());
        self.tensor(Tensor::new(shape, values).unwrap())
    }

    /// A constant of random numbers from 0.5 to 1.5, for variances and divisors.
    pub fn positive(&mut self, shape: &[usize]) -> ValueId {
        let values = self.numbers(shape.iter().product());
        let values = values.into_iter().map(|value| 1.0 + value / 2.0).collect();
        self.tensor(Tensor::new(shape, values).unwrap())
    }

    pub fn scalar(&mut self, value: f32) -> ValueId {
        self.tensor(Tensor::scalar(value))
    }

    pub fn ints(&mut self, values: &[i64]) -> ValueId {
        self.tensor(Tensor::vector(values.to_vec()))
    }

    pub fn tensor(&mut self, value: Tensor) -> ValueId {
        self.count += 1;
        self.builder.constant(&format!("constant{}", self.count), value)
    }

    /// A node without attributes.
    pub fn op(&mut self, op_type: &str, inputs: &[ValueId]) -> ValueId {
        self.with(op_type, inputs, &[])
    }

    pub fn with(
        &mut self,
        op_type: &str,
        inputs: &[ValueId],
        attributes: &[(&str, Attribute)],
    ) -> ValueId {
        self.count += 1;
        let (name, op) = operator::parse(op_type, self.count, attributes);
        self.builder.node(&name, op, inputs).unwrap()
    }

    /// A convolution with random weights and bias, padded to keep the size.
    pub fn conv(&mut self, input: ValueId, channels: [usize; 2], kernel: usize) -> ValueId {
        let [from, to] = channels;
        let weight = self.random(&[to, from, kernel, kernel]);
        let bias = self.random(&[to]);
        let pads = Attribute::Ints(vec![(kernel / 2) as i64; 4]);
        self.with("Conv", &[input, weight, bias], &[("pads", pads)])
    }

    /// A layer with weights behind a value whose last axis is `last` long.
    pub fn weigh(&mut self, input: ValueId, last: usize) -> ValueId {
        let weight = self.random(&[last, 3]);
        self.op("MatMul", &[input, weight])
    }

    /// A resize to `sizes`: mode, places and rounding.
    pub fn resize(&mut self, input: ValueId, sizes: [usize; 4], how: [&str; 3]) -> ValueId {
        let none = self.tensor(Tensor::vector(Vec::<f32>::new()));
        let sizes = self.ints(&sizes.map(|size| size as i64));
        let [mode, places, rounding] = how.map(|name| Attribute::String(name.into()));
        let attributes = [
            ("mode", mode),
            ("coordinate_transformation_mode", places),
            ("nearest_mode", rounding),
        ];
        self.with("Resize", &[input, none, none, sizes], &attributes)
    }

    pub fn finish(mut self, outputs: &[ValueId]) -> Graph {
        for (position, &output) in outputs.iter().enumerate() {
            self.builder.output(&format!("output{position}"), output);
        }
        self.builder.finish().unwrap()
    }
}

fn numbers(state: &mut u64, count: usize) -> Vec<f32> {
    (0..count)
        .map(|_| {
            *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (*state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
        })
        .collect()
}

/// Operator kinds in order, with what is fused to them.
pub fn kinds(graph: &Graph) -> Vec<String> {
    graph.nodes.iter().map(|node| node.op.describe()).collect()
}

/// Runs rewrites by name, checks that the outputs stay the same on random inputs from -8 to 8 and
/// returns the new graph with the number of rewrites.
pub fn rewrite(graph: &Graph, names: &[&str]) -> (Graph, usize) {
    let mut rewritten = graph.clone();
    let chosen = rewrites::by_names(names).unwrap();
    let applied = rewrites::run(&mut rewritten, &chosen).unwrap();
    for seed in 1..4u64 {
        let mut state = seed;
        let inputs: Vec<Tensor> = graph
            .inputs
            .iter()
            .map(|&id| {
                let shape = &graph.fact(id).shape;
                let values = numbers(&mut state, shape.iter().product());
                Tensor::new(shape, values.into_iter().map(|value| 8.0 * value).collect()).unwrap()
            })
            .collect();
        let before = Executor::new(graph).run(&inputs).unwrap();
        let after = Executor::new(&rewritten).run(&inputs).unwrap();
        for (output, (before, after)) in graph.outputs.iter().zip(before.iter().zip(&after)) {
            assert_same(&output.name, before, after);
        }
    }
    let names = |graph: &Graph| -> Vec<_> {
        graph.outputs.iter().map(|output| output.name.clone()).collect()
    };
    assert_eq!(names(graph), names(&rewritten));
    (rewritten, applied.iter().map(|applied| applied.places).sum())
}

fn assert_same(name: &str, before: &Tensor, after: &Tensor) {
    assert_eq!((before.dtype(), before.shape()), (after.dtype(), after.shape()), "{name}");
    if before.dtype() != DType::F32 {
        assert_eq!(before, after, "{name}");
        return;
    }
    let (before, after) = (before.values::<f32>().unwrap(), after.values::<f32>().unwrap());
    let largest = before.iter().filter(|value| value.is_finite());
    let largest = largest.fold(1f32, |largest, value| largest.max(value.abs()));
    for (before, after) in before.iter().zip(after) {
        let same = before == after || (before - after).abs() <= 1e-5 * largest;
        assert!(same, "{name}: {before} became {after}");
    }
}

/// The rewrite changes nothing.
pub fn assert_untouched(graph: &Graph, name: &str) {
    let (rewritten, rewrites) = rewrite(graph, &[name]);
    assert_eq!(rewrites, 0, "{:?}", kinds(&rewritten));
    assert_eq!(kinds(&rewritten), kinds(graph));
}

/// All nodes become one of the given description.
pub fn assert_becomes(graph: &Graph, names: &[&str], expected: &[&str]) {
    let (rewritten, _) = rewrite(graph, names);
    assert_eq!(kinds(&rewritten), expected);
    let sources: usize = rewritten.nodes.iter().map(|node| node.sources.len()).sum();
    assert!(sources <= graph.nodes.len(), "a node is named as a source twice");
}
