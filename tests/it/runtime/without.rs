//! The library without parts of it: what is left has the same numbers, and says what it has not.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use proptest::prelude::*;
use seigo::model::qgraph::QOp;

use super::forms::with_forms;
use super::{ROOT, compare_by, expected, make, run_by};
use crate::quantized::{inputs, runs};
use crate::support::quantized::classifier;

/// `tensors` with the portable kernels, integers and nothing else.
fn smallest() -> Command {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    let program = BUILT.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("runtime-without");
        let program = folder.join("tensors");
        make(&folder, &["WITHOUT=float images vectors".into(), program.display().to_string()]);
        program
    });
    Command::new(program)
}

fn refused(text: &str) -> bool {
    text.starts_with("error[SG0603]: layer ")
        && text.contains(" in float, and this library was built without layers in float")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, max_shrink_iters: 0, ..ProptestConfig::default() })]

    /// Of layers in two forms the integers run.
    #[test]
    fn integers_have_the_same_numbers((graph, inputs) in runs(), seed: u64) {
        let (model, _) = with_forms(&graph, seed);
        if graph.layers.iter().any(|layer| matches!(layer.op, QOp::Float(_))) {
            let folder = tempfile::tempdir().unwrap();
            let output = run_by(smallest(), &folder, &model.to_bytes().unwrap(), &inputs, ["best", "1"]);
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            prop_assert!(output.status.code() == Some(2) && refused(&text), "{text}");
        } else {
            let text = compare_by(smallest(), &model, &expected(&graph, &inputs), &inputs, ["best", "2"]);
            prop_assert!(text.starts_with("portable"), "{text}");
        }
    }
}

#[test]
fn what_was_left_out_is_named() {
    let model = classifier();
    let bytes = model.to_bytes().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let output = run_by(smallest(), &folder, &bytes, &inputs(&model.graph, 7), ["best", "1"]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(refused(&text) && text.contains("\"pool\": \"global-pool\""), "{text}");

    let output =
        Command::new(Path::new(ROOT).join("runtime/sources.sh")).arg("floats").output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        text.contains("\"floats\" is no part of the library; float, images and vectors are"),
        "{text}"
    );
}
