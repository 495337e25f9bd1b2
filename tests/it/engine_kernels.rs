//! The engine's convolutions by every set of kernels against the reference.

use proptest::prelude::*;
use seigo::software::engine::{Engine, Kernels};
use seigo::software::reference;

use crate::quantized::convolution;

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, max_shrink_iters: 0, ..ProptestConfig::default() })]

    #[test]
    fn convolutions_give_the_integers_of_the_reference(seed in any::<u64>()) {
        let (graph, inputs) = convolution(seed);
        let expected = reference::run(&graph, &inputs).unwrap();
        for kernels in Kernels::all() {
            let engine = Engine::with_kernels(&graph, kernels).unwrap();
            for _ in 0..2 {
                let outputs = engine.run(&inputs).unwrap();
                prop_assert_eq!(&outputs, &expected, "{} {:?}", kernels.name(), &graph);
            }
        }
    }
}
