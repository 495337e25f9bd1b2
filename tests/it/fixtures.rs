//! The small files that the golden tests of the command line run on, made by this code.
//!
//! The test compares them with what is committed; `SEIGO_BLESS=1 cargo test --test it fixtures::`
//! writes them.

use std::path::{Path, PathBuf};

use crate::support::{Value, Writer, classifier, detector, quantized};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// Models with one fault each, and the good ones.
fn models() -> Vec<(&'static str, Vec<u8>)> {
    let good = detector();
    let whole = good.bytes();
    let change = |edit: &dyn Fn(&mut Writer)| {
        let mut model = good.clone();
        edit(&mut model);
        model.bytes()
    };
    let node = |model: &mut Writer, name: &str| -> usize {
        model.graph().node.iter().position(|node| node.name == name).unwrap()
    };
    vec![
        ("detector.onnx", whole.clone()),
        ("classifier.onnx", classifier().bytes()),
        ("bad/cut.onnx", whole[..whole.len() / 2].to_vec()),
        ("bad/empty.onnx", Vec::new()),
        (
            "bad/photo.onnx",
            b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01".to_vec(),
        ),
        (
            "bad/shapes.onnx",
            change(&|model| {
                model.graph().initializer[0].dims = vec![3, 2, 1, 1];
            }),
        ),
        (
            "bad/size.onnx",
            change(&|model| {
                model.graph().initializer[0].dims = vec![2, 4, 1, 1];
            }),
        ),
        (
            "bad/operator.onnx",
            change(&|model| {
                let at = node(model, "silu");
                model.graph().node[at].op_type = "GridSample".into();
            }),
        ),
        (
            "bad/domain.onnx",
            change(&|model| {
                let at = node(model, "silu");
                model.graph().node[at].domain = "com.example".into();
            }),
        ),
        ("bad/opset.onnx", change(&|model| model.0.opset_import[0].version = 99)),
        (
            "bad/nan.onnx",
            change(&|model| {
                let values = [f32::NAN, 0.0, 0.0, 0.0, 0.0, 0.0];
                let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
                model.graph().initializer[0].raw_data = Some(bytes);
            }),
        ),
        (
            "bad/infinite.onnx",
            change(&|model| {
                let values = [1.0, f32::INFINITY];
                let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
                model.graph().initializer[1].raw_data = Some(bytes);
            }),
        ),
        (
            "bad/cycle.onnx",
            change(&|model| {
                let at = node(model, "stem");
                model.graph().node[at].input[0] = "silu".into();
            }),
        ),
        (
            "bad/twice.onnx",
            change(&|model| {
                let at = node(model, "obj");
                model.graph().node[at].output[0] = "reg".into();
            }),
        ),
        (
            "bad/missing.onnx",
            change(&|model| {
                let at = node(model, "head");
                model.graph().node[at].input[2] = "classes".into();
            }),
        ),
        (
            "bad/attribute.onnx",
            change(&|model| {
                let at = node(model, "pool");
                model.graph().node[at].attribute[1].ints = vec![0, 8];
            }),
        ),
        (
            "bad/external.onnx",
            change(&|model| {
                let weight = &mut model.graph().initializer[0];
                weight.raw_data = None;
                weight.data_location = 1;
                weight.external_data = vec![seigo::frontend::onnx::proto::StringStringEntryProto {
                    key: "location".into(),
                    value: "../weights.bin".into(),
                }];
            }),
        ),
        ("open.onnx", open().bytes()),
    ]
}

/// A quantized model, and what can happen to it.
fn quantized_models() -> Vec<(&'static str, Vec<u8>)> {
    let whole = quantized::classifier().to_bytes().unwrap();
    let flip = |at: usize, bits: u8| {
        let mut bytes = whole.clone();
        bytes[at] ^= bits;
        bytes
    };
    vec![
        ("colors.ceras", whole.clone()),
        ("bad/cut.ceras", whole[..whole.len() / 2].to_vec()),
        ("bad/short.ceras", whole[..20].to_vec()),
        ("bad/flipped.ceras", flip(whole.len() - 1, 1)),
        ("bad/header.ceras", flip(40, 1)),
        ("bad/newer.ceras", flip(8, 3)),
        ("bad/text.ceras", [&whole[..4], b"\n\x1a\n", &whole[8..]].concat()),
    ]
}

/// Height and width are left open.
fn open() -> Writer {
    let mut model = Writer::new("open");
    model.input("images", &[-1, 3, -1, -1]).output("blurred", &[-1, 3, -1, -1]).node(
        "AveragePool",
        "blurred",
        "images",
        &[("kernel_shape", Value::Ints(&[3, 3])), ("pads", Value::Ints(&[1, 1, 1, 1]))],
    );
    model
}

/// A gray picture with a red and a blue square.
fn squares() -> image::RgbImage {
    image::RgbImage::from_fn(64, 64, |x, y| match (x / 16, y / 16) {
        (1, 1) => image::Rgb([230, 10, 10]),
        (3, 2) => image::Rgb([10, 10, 230]),
        _ => image::Rgb([120, 120, 120]),
    })
}

fn pictures() -> Vec<(&'static str, image::RgbImage)> {
    let plain = |color| image::RgbImage::from_pixel(16, 12, image::Rgb(color));
    vec![
        ("images/squares.png", squares()),
        ("colors/red/a.png", plain([200, 30, 30])),
        ("colors/red/b.png", plain([120, 20, 10])),
        ("colors/green/a.png", plain([30, 200, 30])),
        ("colors/blue/a.png", plain([90, 40, 80])),
    ]
}

#[test]
fn committed_fixtures_are_what_this_code_makes() {
    let bless = std::env::var_os("SEIGO_BLESS").is_some();
    for (name, bytes) in models().into_iter().chain(quantized_models()) {
        let path = folder().join(name);
        if bless {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, &bytes).unwrap();
        }
        assert!(std::fs::read(&path).unwrap() == bytes, "{name} is stale: SEIGO_BLESS=1 writes it");
    }
    for (name, picture) in pictures() {
        let path = folder().join(name);
        if bless {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            picture.save(&path).unwrap();
        }
        let stored = image::open(&path).unwrap().into_rgb8();
        assert!(stored == picture, "{name} is stale: SEIGO_BLESS=1 writes it");
    }
}

#[test]
fn the_committed_tensor_is_what_this_code_makes() {
    let values = (0..192).map(|index| (index % 7) as f32 * 8.0).collect();
    let tensor = seigo::base::tensor::Tensor::new(&[1, 3, 8, 8], values).unwrap();
    let path = folder().join("image.npy");
    if std::env::var_os("SEIGO_BLESS").is_some() {
        seigo::base::npy::write(&path, &tensor).unwrap();
    }
    assert_eq!(seigo::base::npy::read(&path).unwrap(), tensor);
}
