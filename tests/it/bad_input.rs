//! Input as it is found: outputs that would replace it, damaged and hidden images, byte order marks,
//! categories listed twice. Each is said, and nothing is lost.

use std::fs;

use serde_json::{Value, json};

use crate::support::command::Bench;

const EVAL: &str = "eval detector.onnx --images images --coco";

/// Fixtures with a bundle, results of other commands and links to the model.
fn bench() -> Bench {
    let bench = Bench::new();
    bench.done("build colors.ceras -o bundle");
    bench.write("buffers.csv", "id,lower,upper,size\na,0,2,16\n");
    bench.write("evaluated.json", bench.done(&format!("{EVAL} annotations.json --format json")).0);
    let target = seigo::compile::boards::Target::load("kv260").unwrap().to_json().unwrap();
    bench.write("target.json", target);
    fs::create_dir(bench.path("tensors")).unwrap();
    bench.write("tensors/boxes.npy", bench.read("image.npy"));
    fs::hard_link(bench.path("detector.onnx"), bench.path("hard.onnx")).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink(bench.path("detector.onnx"), bench.path("soft.onnx")).unwrap();
    bench
}

/// A model whose only weight lies in a file beside it, under a name that the command line never sees.
fn with_external_data(bench: &Bench) {
    use prost::Message as _;
    use seigo::frontend::onnx::proto::{ModelProto, StringStringEntryProto};
    let mut model = ModelProto::decode(&bench.read("detector.onnx")[..]).unwrap();
    let weight = &mut model.graph.as_mut().unwrap().initializer[0];
    bench.write("weights.bin", weight.raw_data.take().unwrap());
    weight.data_location = 1;
    let entry = StringStringEntryProto { key: "location".into(), value: "weights.bin".into() };
    weight.external_data = vec![entry];
    bench.write("external.onnx", model.encode_to_vec());
}

#[test]
fn no_output_of_any_command_replaces_an_input() {
    let bench = bench();
    with_external_data(&bench);
    bench.done("inspect external.onnx");
    let quantize = "quantize detector.onnx --calib images";
    let cosim = "cosim bundle --image colors/red/a.png";
    let report = "report colors.ceras --build bundle --eval evaluated.json";
    let mut cases: Vec<String> = [
        "detector.onnx",
        "./detector.onnx",
        "images/../detector.onnx",
        "hard.onnx",
        "detector.task.json",
        "images/squares.png",
        "images/new.ceras",
    ]
    .map(|output| format!("{quantize} -o {output}"))
    .to_vec();
    #[cfg(unix)]
    cases.push(format!("{quantize} -o soft.onnx"));
    cases.extend(
        [
            "quantize detector.onnx --calib images -o new.ceras --report detector.onnx",
            "quantize detector.onnx --calib images -o new.ceras --report new.ceras",
            "quantize external.onnx --calib images --task detector.task.json -o weights.bin",
            "plan colors.ceras --target kv260 --save colors.ceras",
            "plan colors.ceras --target kv260 -o colors.ceras",
            "plan colors.ceras --target target.json -o target.json",
            "pack buffers.csv -o buffers.csv",
            "export colors.ceras --to exact -o colors.ceras",
            "import detector.onnx -o detector.onnx",
            "import detector.onnx --requantize -o detector.onnx",
            "build bundle/model.ceras -o bundle",
            "build colors.ceras --target bundle/target.json -o bundle",
            "detect detector.onnx --image images/squares.png -o images/squares.png",
            "detect detector.onnx --image images/squares.png -o detector.onnx",
            "run classifier.onnx --input image.npy -o image.npy",
            "run detector.onnx --image images/squares.png -o detector.onnx",
            "run detector.onnx --input tensors/boxes.npy -o tensors",
            "demo -o bundle --target bundle/target.json",
        ]
        .map(str::to_owned),
    );
    cases.extend(
        ["annotations.json", "detector.onnx", "images/results.json"]
            .map(|output| format!("{EVAL} annotations.json --results {output}")),
    );
    cases.extend(
        ["--junit bundle/program.bin", "--trace colors/red/a.png", "--junit a.x --trace a.x"]
            .map(|output| format!("{cosim} {output}")),
    );
    cases.extend(
        ["colors.ceras", "evaluated.json", "bundle/manifest.json"]
            .map(|output| format!("{report} -o {output}")),
    );
    let before = bench.content();
    for case in &cases {
        let text = bench.refused(case, "SG0103");
        assert!(text.contains("nothing was written"), "seigo {case}: {text}");
    }
    assert!(bench.content() == before, "a refused command changed a file");
}

/// Half of a JPEG file, an empty file, text and a file of macOS beside one good image.
fn damaged(bench: &Bench, folder: &str) {
    let picture = image::open(bench.path("images/squares.png")).unwrap();
    picture.save(bench.path(&format!("{folder}/whole.jpg"))).unwrap();
    let whole = bench.read(&format!("{folder}/whole.jpg"));
    fs::remove_file(bench.path(&format!("{folder}/whole.jpg"))).unwrap();
    bench.write(&format!("{folder}/half.jpg"), &whole[..whole.len() / 2]);
    bench.write(&format!("{folder}/empty.png"), "");
    bench.write(&format!("{folder}/text.jpg"), "GIF89a or so");
    bench.write(&format!("{folder}/._squares.png"), [0, 5, 22, 7]);
    bench.write(&format!("{folder}/.DS_Store"), [0]);
    bench.write(&format!("{folder}/other.webp"), "RIFF");
}

const DAMAGED: [&str; 3] = ["half.jpg", "empty.png", "text.jpg"];

#[test]
fn damaged_images_are_named_and_the_others_calibrate() {
    let bench = Bench::new();
    bench.done("quantize detector.onnx --calib images -o clean.ceras");
    damaged(&bench, "images");
    let (_, text) = bench.done("quantize detector.onnx --calib images -o found.ceras");
    for name in DAMAGED {
        let line =
            text.lines().find(|line| line.contains(name)).unwrap_or_else(|| panic!("{text}"));
        assert!(line.starts_with("warning: "), "{line}");
    }
    assert!(text.contains("note: images/._squares.png is a hidden file"), "{text}");
    assert!(text.contains("note: images/other.webp is neither JPEG nor PNG"), "{text}");
    assert!(bench.read("clean.ceras") == bench.read("found.ceras"), "the damaged ones took part");
    let (_, quiet) = bench.done("quantize detector.onnx --calib images -o found.ceras -q");
    assert_eq!(quiet.lines().filter(|line| line.starts_with("warning: ")).count(), 3, "{quiet}");
    for name in DAMAGED {
        let text = bench.refused(&format!("detect detector.onnx --image images/{name}"), "SG0401");
        assert!(text.contains(name), "{text}");
    }
    fs::remove_file(bench.path("images/squares.png")).unwrap();
    let text = bench.refused("quantize detector.onnx --calib images -o none.ceras", "SG0401");
    assert!(text.contains("images/"), "{text}");
    assert!(!bench.path("none.ceras").exists());
}

#[test]
fn damaged_tensors_are_named_and_the_others_calibrate() {
    let bench = Bench::new();
    fs::create_dir(bench.path("calib")).unwrap();
    let tensor = seigo::base::tensor::Tensor::new(&[1, 3, 32, 32], vec![64f32; 3072]).unwrap();
    seigo::base::npy::write(&bench.path("calib/a.npy"), &tensor).unwrap();
    let whole = bench.read("calib/a.npy");
    bench.write("calib/b.npy", &whole[..whole.len() / 2]);
    bench.write("calib/._a.npy", [0]);
    bench.write("calib/squares.png", bench.read("images/squares.png"));
    let (_, text) = bench.done("quantize detector.onnx --calib calib -o new.ceras");
    assert!(text.contains("warning: calib/b.npy is left out"), "{text}");
    assert!(text.contains("note: calib/._a.npy is a hidden file"), "{text}");
    assert!(text.contains("note: calib: 1 images beside the .npy tensors are left out"), "{text}");
    bench.write("calib/a.npy", bench.read("image.npy"));
    let text = bench.refused("quantize detector.onnx --calib calib -o none.ceras", "SG0301");
    assert!(text.contains("given f32[1, 3, 8, 8]"), "{text}");
    fs::remove_file(bench.path("calib/a.npy")).unwrap();
    bench.refused("quantize detector.onnx --calib calib -o none.ceras", "SG0104");
}

/// Annotations of the good image and of the damaged ones.
fn annotations(bench: &Bench, edit: impl Fn(&mut Value)) -> String {
    let mut all: Value = serde_json::from_slice(&bench.read("annotations.json")).unwrap();
    edit(&mut all);
    serde_json::to_string(&all).unwrap()
}

#[test]
fn accuracy_says_how_many_images_are_left_out() {
    let bench = Bench::new();
    damaged(&bench, "images");
    let text = annotations(&bench, |all| {
        for (id, name) in (2..).zip(DAMAGED) {
            let image = json!({"id": id, "file_name": name});
            all["images"].as_array_mut().unwrap().push(image);
            let object =
                json!({"id": 10 + id, "image_id": id, "category_id": 7, "bbox": [1, 1, 9, 9]});
            all["annotations"].as_array_mut().unwrap().push(object);
        }
    });
    bench.write("more.json", text);
    let (out, err) = bench.done(&format!("{EVAL} more.json --format json"));
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&report["images"], &report["left_out"]), (&json!(1), &json!(3)), "{out}");
    assert_eq!(report["ap"], 1.0, "{out}");
    assert_eq!(err.matches("warning: ").count(), 3, "{err}");
    assert!(bench.done(&format!("{EVAL} more.json")).0.contains("left out          3"));
    damaged(&bench, "colors/red");
    let (out, _) = bench.done("eval classifier.onnx --images colors --format json");
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&report["images"], &report["left_out"]), (&json!(4), &json!(3)), "{out}");
    fs::remove_file(bench.path("images/squares.png")).unwrap();
    bench.write("images/squares.png", "");
    bench.refused(&format!("{EVAL} more.json"), "SG0401");
}

#[test]
fn every_reader_of_text_takes_a_byte_order_mark_and_names_utf_16() {
    let bench = bench();
    bench.write("labels.csv", "red/a.png,red\n");
    bench.write("resources.json", r#"{"tool": "t", "estimate": true}"#);
    let image = "--image images/squares.png";
    let readers = [
        ("detector.task.json", format!("detect detector.onnx {image}")),
        ("detector.task.json", format!("detect detector.onnx {image} --task detector.task.json")),
        ("annotations.json", format!("{EVAL} annotations.json")),
        ("labels.csv", "eval classifier.onnx --images colors --labels labels.csv".to_owned()),
        ("target.json", "plan colors.ceras --target target.json".to_owned()),
        ("buffers.csv", "pack buffers.csv".to_owned()),
        ("evaluated.json", "report colors.ceras --eval evaluated.json -o x.html".to_owned()),
        ("evaluated.json", "report colors.ceras --float-eval evaluated.json -o x.html".to_owned()),
        ("resources.json", "report colors.ceras --resources resources.json -o x.html".to_owned()),
    ];
    for (file, command) in readers {
        let before = bench.read(file);
        bench.write(file, [&b"\xEF\xBB\xBF"[..], &before].concat());
        bench.done(&command);
        let text = String::from_utf8(before.clone()).unwrap();
        let utf16 = std::iter::once(0xFEFF).chain(text.encode_utf16()).flat_map(u16::to_le_bytes);
        bench.write(file, utf16.collect::<Vec<u8>>());
        let refused = bench.refused(&command, "SG0101");
        assert!(refused.contains(file) && refused.contains("UTF-16"), "{refused}");
        bench.write(file, before);
    }
}

#[test]
fn of_categories_listed_twice_the_annotated_one_is_taken() {
    let bench = Bench::new();
    let task: Value = serde_json::from_slice(&bench.read("detector.task.json")).unwrap();
    let mut by_name = task.clone();
    by_name.as_object_mut().unwrap().remove("category_ids");
    bench.write("names.task.json", by_name.to_string());
    let second = json!({"id": 998, "name": "red"});
    let twice = annotations(&bench, |all| {
        all["categories"].as_array_mut().unwrap().push(second.clone());
    });
    bench.write("twice.json", twice);
    let eval = format!("{EVAL} twice.json --task names.task.json");
    let (out, err) = bench.done(&format!("{eval} --format json"));
    assert_eq!(serde_json::from_str::<Value>(&out).unwrap()["ap"], 1.0, "{out}");
    assert!(
        err.contains("note: twice.json: several categories are called \"red\"; 7 is taken"),
        "{err}"
    );
    let both = annotations(&bench, |all| {
        all["categories"].as_array_mut().unwrap().push(second.clone());
        all["annotations"][1]["category_id"] = 998.into();
    });
    bench.write("twice.json", both);
    let text = bench.refused(&eval, "SG0404");
    assert!(text.contains("(ids 7, 998)") && text.contains("category_ids"), "{text}");
    let same_id = annotations(&bench, |all| {
        all["categories"].as_array_mut().unwrap().push(json!({"id": 7, "name": "green"}));
    });
    bench.write("twice.json", same_id);
    assert!(bench.refused(&eval, "SG0404").contains("two categories have the id 7"));
}
