use proptest::prelude::*;

use super::*;

fn yolox() -> serde_json::Value {
    serde_json::from_str(presets::find("yolox-coco").unwrap()).unwrap()
}

/// The message for the `yolox-coco` preset after one change.
fn message(change: impl FnOnce(&mut serde_json::Value)) -> String {
    let mut value = yolox();
    change(&mut value);
    let error = TaskSpec::from_json(&value.to_string()).unwrap_err();
    assert_eq!(error.code().id, "SG0403");
    error.message().to_owned()
}

#[test]
fn every_preset_is_valid_and_survives_being_written() {
    for (name, text) in presets::ALL {
        let spec = TaskSpec::load(name).unwrap();
        assert_eq!(spec, TaskSpec::from_json(text).unwrap());
        assert_eq!(spec, TaskSpec::from_json(&spec.to_json().unwrap()).unwrap(), "{name}");
    }
}

#[test]
fn the_wrong_field_is_named() {
    let unknown = message(|v| v["input"]["colour"] = "bgr".into());
    assert!(unknown.starts_with("`input.colour`: unknown field `colour`"), "{unknown}");
    let kind = message(|v| v["input"]["pad"] = "gray".into());
    assert!(kind.starts_with("`input.pad`: invalid type: string"), "{kind}");
    let variant = message(|v| v["detection"]["boxes"] = "polygon".into());
    assert!(variant.starts_with("`detection.boxes`: unknown variant `polygon`"), "{variant}");
    let missing = message(|v| {
        v.as_object_mut().unwrap().remove("classes");
    });
    assert!(missing.starts_with("`classes` is missing: "), "{missing}");
    let nested = message(|v| v["input"]["mean"] = serde_json::json!([0, "x", 0]));
    assert!(nested.starts_with("`input.mean[1]`: invalid type: string"), "{nested}");
    let list = message(|v| v["classes"] = "coco91".into());
    assert!(list.contains("\"coco91\", expected \"coco80\""), "{list}");
}

#[test]
fn values_that_make_no_sense_are_refused() {
    type Change = fn(&mut serde_json::Value);
    let cases: [(Change, &str); 13] = [
        (
            |v| v["input"]["mean"] = serde_json::json!([0, 0]),
            "`input.mean` has 2 numbers for 3 channels",
        ),
        (
            |v| v["version"] = 2.into(),
            "`version`: invalid value: integer `2`, expected version 1 of seigo-task",
        ),
        (|v| v["input"]["width"] = 0.into(), "`input.width` is 0; allowed: 1..=16384"),
        (
            |v| v["input"]["std"] = serde_json::json!([1, 0, 1]),
            "`input.std` must be finite and not zero",
        ),
        (|v| v["input"]["scale"] = 0.into(), "`input.scale` must be finite and not zero"),
        (
            |v| v["input"]["short_side"] = 256.into(),
            "`input.short_side` only goes with \"center-crop\"",
        ),
        (|v| v["classes"] = serde_json::json!([]), "`classes` must be 1 to 1048576 classes"),
        (|v| v["category_ids"] = serde_json::json!([1]), "`category_ids` 1 ids for 80 classes"),
        (
            |v| v["detection"]["strides"] = serde_json::json!([]),
            "`detection.strides` must be given for \"grid-center-exp\"",
        ),
        (
            |v| v["detection"]["show"]["nms_threshold"] = 2.into(),
            "`detection.show.nms_threshold` is 2; allowed: 0..=1",
        ),
        (
            |v| v["detection"]["background"] = 81.into(),
            "`detection.background` is beyond the 80 classes and the background",
        ),
        (
            |v| v["classification"] = serde_json::json!({}),
            "`classification` stands beside `detection`; only one can be",
        ),
        (
            |v| {
                v.as_object_mut().unwrap().remove("detection");
            },
            "`detection` it or `classification` must be given",
        ),
    ];
    for (change, expected) in cases {
        let message = message(change);
        assert!(message.starts_with(expected), "{message}");
    }
}

#[test]
fn a_missing_description_names_the_file_and_the_presets() {
    let error = TaskSpec::beside(Path::new("/nonexistent/net.onnx")).unwrap_err();
    assert_eq!(error.code().id, "SG0403");
    assert!(error.advice().contains("/nonexistent/net.task.json"), "{error}");
    assert!(error.advice().contains("yolox-coco"), "{error}");
    let error = TaskSpec::load("yolox-cocoa").unwrap_err();
    assert_eq!(error.message(), "\"yolox-cocoa\" is neither a file nor a preset");
}

#[test]
fn a_file_beside_the_model_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("net.v1.onnx");
    std::fs::write(folder.path().join("net.v1.task.json"), yolox().to_string()).unwrap();
    assert_eq!(TaskSpec::beside(&model).unwrap(), TaskSpec::load("yolox-coco").unwrap());
    let broken = folder.path().join("broken.json");
    std::fs::write(&broken, "{").unwrap();
    let error = TaskSpec::load(broken.to_str().unwrap()).unwrap_err();
    assert_eq!(error.code().id, "SG0403");
    assert!(error.to_string().contains("broken.json"), "{error}");
}

/// Every JSON block of the page that users read.
#[test]
fn the_examples_of_the_documentation_are_valid() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/task.md");
    let page = files::read_text(&page).unwrap();
    let blocks: Vec<_> = page.split("```json\n").skip(1).collect();
    assert!(blocks.len() >= 3);
    for block in blocks {
        let (json, _) = block.split_once("```").unwrap();
        TaskSpec::from_json(json).unwrap_or_else(|error| panic!("{error}\n{json}"));
    }
    for (name, _) in presets::ALL {
        assert!(page.contains(&format!("`{name}`")), "{name} is not described");
    }
}

proptest! {
    #[test]
    fn damaged_descriptions_never_panic(
        which in 0usize..5,
        changes in prop::collection::vec((any::<prop::sample::Index>(), 0x20u8..0x7F), 1..6),
    ) {
        let mut bytes = presets::ALL[which].1.as_bytes().to_vec();
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        let text = String::from_utf8(bytes).unwrap();
        if let Err(error) = TaskSpec::from_json(&text) {
            prop_assert_eq!(error.code().id, "SG0403");
        }
    }
}

#[test]
fn a_task_fits_its_model() {
    use crate::vision::task::Task;
    let refused = |spec: &TaskSpec, shape: &[usize]| {
        let error = Task::new(spec.clone(), shape).unwrap_err();
        assert_eq!(error.code().id, "SG0403");
        error.message().to_owned()
    };
    let mut spec = TaskSpec::load("yolox-coco").unwrap();
    assert!(Task::new(spec.clone(), &[1, 3, 416, 640]).is_ok());
    assert_eq!(
        refused(&spec, &[1, 1, 416, 416]),
        "the model's input has shape [1, 1, 416, 416], but images enter as 1 x 3 x height x width"
    );
    assert_eq!(
        refused(&spec, &[1, 3, 416, 420]),
        "`detection.strides`: 8 does not divide the input of 420x416"
    );
    assert_eq!(refused(&spec, &[1, 3, 0, 416]), "the model's input is 416x0 pixels");
    spec.input.width = Some(320);
    assert_eq!(
        refused(&spec, &[1, 3, 416, 416]),
        "`input.width` is 320, but the model's input has 416"
    );
    let spec = TaskSpec::load("imagenet").unwrap();
    let larger = TaskSpec { input: InputSpec { width: None, height: None, ..spec.input }, ..spec };
    assert_eq!(
        refused(&larger, &[1, 3, 299, 299]),
        "`input.short_side` is 256, too short for a crop of 299x299"
    );
}
