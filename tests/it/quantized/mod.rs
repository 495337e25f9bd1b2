//! Random quantized graphs, for tests.

mod convolution;
mod forms;
pub mod oracle;
mod random;

use proptest::prelude::*;
use seigo::base::tensor::Tensor;
use seigo::model::qgraph::QGraph;

pub use convolution::convolution;
pub use forms::float_forms;
pub use random::{Choices, inputs, network};

pub fn graphs() -> impl Strategy<Value = QGraph> {
    proptest::collection::vec(any::<u32>(), 0..900)
        .prop_map(|numbers| network(Choices::new(numbers)))
}

/// A graph with inputs for it that also reach beyond its range.
pub fn runs() -> impl Strategy<Value = (QGraph, Vec<Tensor>)> {
    (graphs(), any::<u64>()).prop_map(|(graph, seed)| {
        let inputs = inputs(&graph, seed);
        (graph, inputs)
    })
}
