//! What each command prints and writes as JSON, against the schema that `seigo schema` ships.

use serde_json::Value;

use crate::support::command::Bench;

/// Checks documents of one form: against its schema, and that the schema notices damage.
fn check(bench: &Bench, name: &str, documents: &[Value]) {
    let schema: Value = serde_json::from_str(&bench.done(&format!("schema {name}")).0).unwrap();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    assert!(!documents.is_empty(), "{name}");
    for document in documents {
        let errors: Vec<_> =
            validator.iter_errors(document).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{name}: {errors:?}\n{document:#}");
        assert_eq!(document["format"], format!("seigo-{name}"));
        assert!(document["version"].as_u64().unwrap() >= 1);
        for field in schema["required"].as_array().unwrap() {
            let mut damaged = document.clone();
            damaged.as_object_mut().unwrap().remove(field.as_str().unwrap());
            assert!(!validator.is_valid(&damaged), "{name}: {field} may be missing");
        }
        for (field, _) in document.as_object().unwrap() {
            let mut damaged = document.clone();
            // No field of any form is a list of lists.
            damaged[field] = serde_json::json!([[]]);
            assert!(!validator.is_valid(&damaged), "{name}: {field} may be anything");
        }
    }
}

fn printed(bench: &Bench, command: &str) -> Value {
    serde_json::from_str(&bench.done(command).0).unwrap()
}

fn written(bench: &Bench, name: &str) -> Value {
    serde_json::from_slice(&bench.read(name)).unwrap()
}

#[test]
fn what_commands_print_is_what_the_schema_says() {
    let bench = Bench::new();
    bench.write("buffers.csv", "id,lower,upper,size\na,0,2,16\nb,1,3,8\n");
    let print = |command: &str| printed(&bench, command);
    check(&bench, "inspection", &[print("inspect detector.onnx --format json")]);
    check(&bench, "quantized-inspection", &[print("inspect colors.ceras --format json")]);
    let graphs = ["detector.onnx --emit json", "classifier.onnx --emit imported --format json"];
    check(&bench, "graph", &graphs.map(|own| print(&format!("inspect {own}"))));
    check(&bench, "quantized-graph", &[print("inspect colors.ceras --emit json")]);
    let seen = [
        "detect detector.onnx --image images/squares.png --format json",
        "detect classifier.onnx --image colors/blue/a.png --format json",
    ];
    check(&bench, "prediction", &seen.map(print));
    let scores = [
        "eval detector.onnx --images images --coco annotations.json --format json",
        "eval classifier.onnx --images colors --format json",
    ];
    check(&bench, "accuracy", &scores.map(print));
    check(&bench, "plan", &[print("plan colors.ceras --target kv260 --format json")]);
    let explored = print("explore colors.ceras --target zynq7020 --fps 100 --format json");
    check(&bench, "exploration", &[explored]);
    let packings = ["", " --blocks 16"];
    let packings = packings.map(|own| print(&format!("pack buffers.csv --format json{own}")));
    check(&bench, "packing", &packings);
    bench.done("quantize detector.onnx --calib images -o detector.ceras --report layers.json");
    check(&bench, "quantization", &[written(&bench, "layers.json")]);
}

#[test]
fn the_files_of_a_bundle_and_its_frames_are_what_the_schema_says() {
    let bench = Bench::new();
    bench.done("build colors.ceras -o bundle");
    check(&bench, "bundle", &[written(&bench, "bundle/manifest.json")]);
    check(&bench, "target", &[written(&bench, "bundle/target.json")]);
    check(&bench, "device", &[written(&bench, "bundle/device.json")]);
    let frames = bench.done("cosim bundle --images colors/red --format json").0;
    let frames: Vec<Value> =
        frames.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(frames.iter().all(|frame| frame["equal"] == true));
    check(&bench, "frame", &frames);
    bench.done(
        "farm plan colors.ceras --images colors/red --frames 1 --faults 1 --point kv260 -o farm",
    );
    bench.done("farm run farm");
    bench.done("farm collect farm");
    check(&bench, "campaign", &[written(&bench, "farm/manifest.json")]);
    let results = ["0", "1", "2"].map(|own| written(&bench, &format!("farm/results/{own}.json")));
    check(&bench, "campaign-result", &results);
    check(&bench, "campaign-summary", &[written(&bench, "farm/summary.json")]);
}

#[test]
fn the_task_files_and_resources_that_people_write_are_what_the_schema_says() {
    let bench = Bench::new();
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: std::path::PathBuf| -> Value {
        serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
    };
    let presets = folder.join("src/vision/task/presets").read_dir().unwrap();
    let mut tasks: Vec<Value> = presets.map(|entry| read(entry.unwrap().path())).collect();
    tasks.push(read(folder.join("models/shapes/shapes.task.json")));
    check(&bench, "task", &tasks);
    let resources = serde_json::json!({
        "format": "seigo-resources", "version": 1, "tool": "yosys", "estimate": true, "lut": 5,
    });
    check(&bench, "resources", &[resources]);
}

/// Every form that the list names is checked above.
#[test]
fn no_form_is_left_out() {
    let bench = Bench::new();
    let listed = bench.done("schema").0;
    let names: Vec<_> = listed.lines().filter_map(|line| line.split_whitespace().next()).collect();
    let own = include_str!("json_forms.rs");
    assert_eq!(names.len(), 19);
    for name in names {
        assert!(own.contains(&format!("check(&bench, \"{name}\", ")), "{name}");
    }
    bench.refused("schema frames", "SG0103");
}
