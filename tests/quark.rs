//! The YOLOX-Nano that AMD Quark quantized.
use seigo::onnx::Model;
use seigo::qonnx::{ImportOptions, import};
use std::path::PathBuf;

fn shared() -> Option<PathBuf> {
    let root = std::env::var_os("SEIGO_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from);
    root.is_dir().then_some(root)
}

#[test]
fn imports() {
    let m = Model::load(&shared().unwrap().join("models/yolox_nano.quark_xint8.onnx")).unwrap();
    let q = import(&m, &ImportOptions::default()).unwrap();
    let mut n = std::collections::BTreeMap::new();
    for l in &q.layers {
        let k = format!(
            "{}{}",
            match &l.op {
                seigo::qgraph::QOp::Float(_) => "F:",
                seigo::qgraph::QOp::Move(_) => "M:",
                _ => "",
            },
            l.op.kind()
        );
        *n.entry(k).or_insert(0) += 1;
    }
    println!("{n:?}");
    for l in q.layers.iter().take(12) {
        println!(
            "{} {:?} -> {:?}",
            l.place(),
            l.inputs
                .iter()
                .flatten()
                .filter_map(|o| o.value())
                .map(|v| &q.value(v).name)
                .collect::<Vec<_>>(),
            l.outputs.iter().map(|v| &q.value(*v).name).collect::<Vec<_>>()
        );
    }
}
