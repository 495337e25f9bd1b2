//! Targets: built-in figures, the field table against the type and the documentation, bad input.

use std::collections::BTreeSet;
use std::path::Path;

use seigo::base::json::fields::{Field, Kind, fields};
use seigo::compile::boards::{Capabilities, NAMES, Target};
use seigo::compile::{CompileOptions, Compiled};
use seigo::emit::verilog;
use seigo::model::ceras::Model;
use serde_json::{Value, json};

fn kv260() -> Value {
    serde_json::to_value(Target::load("kv260").unwrap()).unwrap()
}

fn set(value: &mut Value, name: &str, new: Value) {
    let (object, key) = name.rsplit_once('.').map_or(("", name), |(object, key)| (object, key));
    let pointer = if object.is_empty() { String::new() } else { format!("/{object}") };
    value.pointer_mut(&pointer).unwrap()[key] = new;
}

fn refused(value: &Value) -> String {
    let error = Target::from_json(&value.to_string()).unwrap_err();
    assert_eq!(error.code().id, "SG0801");
    error.to_string()
}

#[test]
fn built_in_targets_pass_their_own_check() {
    for name in NAMES {
        let target = Target::load(name).unwrap();
        assert_eq!(target.name, name);
        assert_eq!(Target::from_json(&target.to_json().unwrap()).unwrap(), target);
    }
    let blocks = NAMES.map(|name| Target::load(name).unwrap().blocks());
    assert_eq!(blocks, [64, 64, 24, 44]);
}

/// What the memory port says of the memory is a part of the hardware: it is in the Verilog, and no program of one is for
/// the other.
#[test]
fn the_memory_port_says_what_the_target_asks_for() {
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/colors.ceras");
    let tops: Vec<(String, String)> = [None, Some(json!({ "cache": 15, "prot": 2 }))]
        .into_iter()
        .map(|axi| {
            let mut target = kv260();
            axi.into_iter().for_each(|axi| set(&mut target, "axi", axi));
            let target = Target::from_json(&target.to_string()).unwrap();
            let model = Model::load(&model).unwrap();
            let design = Compiled::new(model, &target, CompileOptions::default()).unwrap().design;
            (verilog::top(&design, ""), verilog::hash(&design))
        })
        .collect();
    assert!(!tops[0].0.contains("Axi"));
    assert!(tops[1].0.contains(".AxiCache(4'd15)") && tops[1].0.contains(".AxiProt(3'd2)"));
    assert_ne!(tops[0].1, tops[1].1);
}

/// The fields that hold a value, but for the two of the head.
fn leaves() -> Vec<Field> {
    let all = fields::<Target>().into_iter();
    all.filter(|field| field.kind != Kind::Object)
        .filter(|field| !["format", "version"].contains(&&*field.name))
        .collect()
}

#[test]
fn the_schema_names_every_field_of_the_type() {
    let mut leaves_of_json = BTreeSet::new();
    for (key, value) in kv260().as_object().unwrap() {
        match value.as_object() {
            Some(inner) => leaves_of_json.extend(inner.keys().map(|name| format!("{key}.{name}"))),
            None => drop(leaves_of_json.insert(key.clone())),
        }
    }
    leaves_of_json.retain(|name| !["format", "version"].contains(&&**name));
    let table: BTreeSet<String> = leaves().into_iter().map(|field| field.name).collect();
    assert_eq!(leaves_of_json, table);
    assert_eq!(table.len(), 28);
}

#[test]
fn every_absurd_value_is_refused_by_name() {
    for field in leaves() {
        let wrong = match field.kind {
            Kind::Text { .. } => vec![json!(""), json!(3), json!(null)],
            Kind::Words(_) => vec![json!("virtex"), json!(1), json!(null)],
            Kind::Number(range) => {
                let (min, max) = (range.min.unwrap() as u64, range.max.unwrap() as u64);
                let mut wrong =
                    vec![json!(max + 1), json!(-1), json!(1.5), json!("4"), json!(null)];
                wrong.extend(min.checked_sub(1).map(Value::from));
                wrong.extend(range.power_of_two.then(|| json!(max - 1)));
                wrong
            }
            _ => vec![json!("yes"), json!(1), json!(null)],
        };
        for value in wrong {
            let mut target = kv260();
            set(&mut target, &field.name, value);
            let message = refused(&target);
            assert!(message.contains(&format!("`{}`", field.name)), "{message}");
            assert!(message.contains(&format!("allowed: {}", field.kind.text())), "{message}");
            assert!(message.contains(&format!("({})", field.meaning)), "{message}");
        }
    }
}

#[test]
fn missing_and_unknown_fields_are_named() {
    for field in leaves().iter().filter(|field| field.required) {
        let mut target = kv260();
        let (object, key) = field.name.rsplit_once('.').unwrap_or(("", &field.name));
        let parent = if object.is_empty() { &mut target } else { &mut target[object] };
        parent.as_object_mut().unwrap().remove(key);
        let message = refused(&target);
        assert!(message.contains(&format!("field `{}` is missing", field.name)), "{message}");
    }
    for name in ["luts", "port_domains.width", "capabilities.magic"] {
        let mut target = kv260();
        set(&mut target, name, json!(1));
        let last = name.rsplit('.').next().unwrap();
        assert!(refused(&target).contains(&format!("unknown field `{last}`")));
    }
    for text in ["", "[]", "{", "3"] {
        assert_eq!(Target::from_json(text).unwrap_err().code().id, "SG0801");
    }
}

#[test]
fn a_board_has_its_part_and_may_be_left_out() {
    let mut target = kv260();
    target.as_object_mut().unwrap().remove("board");
    assert_eq!(Target::from_json(&target.to_string()).unwrap().board.board(), None);
    target["board"] = json!("ultra96");
    let message = refused(&target);
    assert!(
        message.contains("allowed: xczu3eg-sbva484-1-i, the part of board ultra96"),
        "{message}"
    );
}

#[test]
fn the_head_may_be_left_out_but_not_be_wrong() {
    let mut target = kv260();
    for field in ["format", "version"] {
        target.as_object_mut().unwrap().remove(field);
    }
    assert_eq!(Target::from_json(&target.to_string()).unwrap(), Target::load("kv260").unwrap());
    for (field, wrong) in [("format", json!("seigo-task")), ("version", json!(2))] {
        let mut target = kv260();
        target[field] = wrong;
        assert!(refused(&target).contains(&format!("field `{field}`: invalid value")));
    }
}

#[test]
fn fields_that_contradict_each_other_are_refused() {
    let cases: [(&[(&str, Value)], &str); 4] = [
        (&[("memory_bytes", json!(1_000_000))], "`memory_bytes` is 1000000; allowed: 1048576"),
        (&[("port_domains.banks", json!(2))], "`port_domains.banks` is 2; allowed: pixels = 4"),
        (&[("uram", json!(0))], "`memory_bytes` is 1048576; allowed: at most 589824"),
        (&[("capabilities", json!({}))], "at least one true"),
    ];
    for (changes, expected) in cases {
        let mut target = kv260();
        for (name, value) in changes {
            set(&mut target, name, value.clone());
        }
        let message = refused(&target);
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn flags_that_are_not_given_are_off() {
    let mut target = kv260();
    target["capabilities"] = json!({ "depthwise_sequential": true });
    let capabilities = Target::from_json(&target.to_string()).unwrap().capabilities;
    assert_eq!(
        capabilities,
        Capabilities { depthwise_sequential: true, ..Capabilities::default() }
    );
}

#[test]
fn files_and_unknown_names() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mine.json");
    let mut target = kv260();
    target["name"] = json!("mine");
    std::fs::write(&path, target.to_string()).unwrap();
    assert_eq!(Target::load(path.to_str().unwrap()).unwrap().name, "mine");
    std::fs::write(&path, "{}").unwrap();
    let error = Target::load(path.to_str().unwrap()).unwrap_err().to_string();
    assert!(error.contains("mine.json") && error.contains("field `name` is missing"), "{error}");
    let error = Target::load("virtex2").unwrap_err();
    assert_eq!(error.code().id, "SG0801");
    assert!(error.advice().contains("kv260, kv260-large, zynq7020, ultra96"));
    assert_eq!(Target::load("/nonexistent/x.json").unwrap_err().code().id, "SG0101");
}
