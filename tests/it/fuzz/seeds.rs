//! Seeds that this code makes: a good file or two for every reader. `SEIGO_BLESS=1 cargo test --test it fuzz::` writes them;
//! seeds of findings lie beside them.

use std::io::Cursor;
use std::path::Path;

use image::{DynamicImage, ImageFormat};
use seigo::base::json;
use seigo::base::npy;
use seigo::base::tensor::Tensor;
use seigo::campaign::manifest::{Input, Manifest, TOOL, Work};
use seigo::compile::boards::Target;
use seigo::compile::packing::{Buffer, Problem, csv, plan_blocks};
use seigo::compile::program::predict::{READ_LATENCY, predict};
use seigo::compile::{CompileOptions, Compiled};
use seigo::device::vectors;
use seigo::emit::bundle;
use seigo::model::ceras::{Model, Tag};
use seigo::quantize::qonnx::export::{Functions, exact, qdq};
use seigo::verify::cosim::{End, Frame, FrameReport};
use seigo::vision::task::{TaskSpec, presets};

use crate::quantized::float_forms;
use crate::support::quantized::classifier;

type Seeds = Vec<(&'static str, &'static str, Vec<u8>)>;

fn compiled(target: &str) -> Compiled {
    let target = Target::load(target).unwrap();
    Compiled::new(classifier(), &target, CompileOptions::default()).unwrap()
}

/// Target, name and bytes.
fn made() -> Seeds {
    let mut all = networks();
    all.extend(data());
    all.extend(written());
    all
}

fn networks() -> Seeds {
    let (large, small) = (compiled("kv260"), compiled("zynq7020"));
    let mut planned = classifier();
    planned.set_section(Tag::Plan, 1, small.plan.to_bytes().unwrap()).unwrap();
    let mut both = classifier();
    both.floats = float_forms(&both.graph, 1);
    let description = bundle::describe(&large).unwrap();
    let graph = &classifier().graph;
    vec![
        ("ceras", "forms.ceras", both.to_bytes().unwrap()),
        ("ceras", "planned.ceras", planned.to_bytes().unwrap()),
        ("check_vectors", "check.bin", vectors::make(&large, &description).unwrap()),
        ("device", "device.json", json::line(&description).unwrap().into_bytes()),
        ("onnx", "network.onnx", super::super::support::detector().bytes()),
        ("plan", "kv260.json", large.plan.to_bytes().unwrap()),
        ("plan", "zynq7020.json", small.plan.to_bytes().unwrap()),
        ("program", "program.bin", large.program.stream.clone()),
        ("qonnx", "exact.onnx", exact(graph).unwrap().to_bytes()),
        ("qonnx", "qdq.onnx", qdq(graph, Functions::Operators).unwrap().to_bytes()),
    ]
}

fn data() -> Seeds {
    let fixture = |name: &str| {
        std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name))
            .unwrap()
    };
    let results = br#"[{"image_id":1,"category_id":7,"bbox":[1.0,1.0,9.0,9.0],"score":0.5}]"#;
    let target = |name| Target::load(name).unwrap().to_json().unwrap().into_bytes();
    let mut all = vec![
        ("annotations", "instances.json", fixture("annotations.json")),
        ("annotations", "results.json", results.to_vec()),
        ("npy", "bytes.npy", npy::encode(&Tensor::vector(vec![1i8, -2, 3])).unwrap()),
        (
            "npy",
            "float.npy",
            npy::encode(&Tensor::new(&[1, 2], vec![0.5f32, -1.0]).unwrap()).unwrap(),
        ),
        ("target", "kv260.json", target("kv260")),
        ("target", "zynq7020.json", target("zynq7020")),
        ("task", "detector.json", fixture("detector.task.json")),
    ];
    for name in ["yolox-coco", "yolov8-coco", "imagenet", "ultraface"] {
        all.push(("task", name, presets::find(name).unwrap().as_bytes().to_vec()));
    }
    let drawn =
        image::RgbImage::from_fn(5, 4, |x, y| image::Rgb([(50 * x) as u8, (60 * y) as u8, 7]));
    let drawn = DynamicImage::ImageRgb8(drawn);
    let encoded = |image: &DynamicImage, format| {
        let mut file = Cursor::new(Vec::new());
        image.write_to(&mut file, format).unwrap();
        file.into_inner()
    };
    all.push(("image", "color.jpg", encoded(&drawn, ImageFormat::Jpeg)));
    all.push(("image", "color.png", encoded(&drawn, ImageFormat::Png)));
    all.push(("image", "deep.png", encoded(&drawn.to_luma_alpha16().into(), ImageFormat::Png)));
    all
}

/// What commands write.
fn written() -> Seeds {
    let compiled = compiled("kv260");
    let buffers = vec![Buffer::new("a", 0, 2, 16), Buffer::new("b", 1, 3, 32)];
    let problem = Problem::new(buffers, Some(64), 16).unwrap();
    let packing = plan_blocks(&problem, 16).unwrap();
    let task: TaskSpec = serde_json::from_value(classifier().meta.task.unwrap()).unwrap();
    let campaign = Manifest {
        format: Default::default(),
        version: Default::default(),
        tool: TOOL.to_owned(),
        model: "1".to_owned(),
        program: "2".to_owned(),
        target: compiled.target().clone(),
        task,
        annotations: None,
        images: vec![Input { file: "/images/a.png".to_owned(), sha256: "3".to_owned() }],
        limit_seconds: 60.0,
        attempts: 2,
        tasks: vec![
            Work::Frame { image: 0, id: Some(1), stalls: None },
            Work::Fault { seed: 7, image: 0 },
        ],
    };
    let accuracy = br#"{"format":"seigo-accuracy","version":1,"task":"classification","images":3,"top1":2,"top5":3}"#;
    let vivado = "| Tool Version : Vivado v.2023.2\n| Command : report_utilization\n| Design State : Routed\n\
                  | CLB LUTs | 67750 | 0 |\n| Block RAM Tile | 44.5 | 0 |\n| DSPs | 837 | 0 |\n";
    vec![
        ("campaign", "manifest.json", json::pretty(&campaign).unwrap().into_bytes()),
        ("csv", "buffers.csv", b"id,lower,upper,size\na,0,2,16\nb,1,3,32\n".to_vec()),
        ("csv", "labels.csv", b"file,label\n/dev/null red\n".to_vec()),
        ("csv", "offsets.csv", b"id,lower,upper,size,offset\na,0,2,16,0\nb,1,3,32,16\n".to_vec()),
        ("csv", "packing.csv", csv::write_packing(&packing).into_bytes()),
        ("csv", "packing.json", packing.to_json().unwrap().into_bytes()),
        ("report", "accuracy.json", accuracy.to_vec()),
        ("report", "frame.json", json::line(&frame(&compiled)).unwrap().into_bytes()),
        (
            "report",
            "resources.json",
            br#"{"tool":"t","estimate":true,"lut":5,"bram36":1.5}"#.to_vec(),
        ),
        ("report", "utilization.rpt", vivado.as_bytes().to_vec()),
    ]
}

/// A frame as the cost model predicts it.
fn frame(compiled: &Compiled) -> FrameReport {
    let program = &compiled.program;
    let predicted = predict(&program.stream, &compiled.design, READ_LATENCY).unwrap();
    let frame = Frame {
        end: End::Done,
        cycles: predicted.iter().map(|pass| pass.cycles).sum(),
        passes: Vec::new(),
        stalls: Default::default(),
        compared: 3,
        mismatch: None,
        outputs: Vec::new(),
    };
    FrameReport::new("x.png", &frame, program, &predicted, 0.5)
}

#[test]
fn made_seeds_are_those_of_this_code() {
    let bless = std::env::var_os("SEIGO_BLESS").is_some();
    for (target, name, bytes) in made() {
        let path = super::folder().join("seeds").join(target).join(name);
        if bless {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, &bytes).unwrap();
        }
        assert!(std::fs::read(&path).unwrap() == bytes, "{}", path.display());
    }
    assert!(Model::from_bytes(&classifier().to_bytes().unwrap()).is_ok());
}
