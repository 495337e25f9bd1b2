//! Targets: built-in figures, the field table against the type and the documentation, bad input.

use std::collections::BTreeSet;

use seigo::compile::boards::fields::{FIELDS, Kind};
use seigo::compile::boards::{Capabilities, NAMES, Target};
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
        assert_eq!(Target::from_json(&target.to_json()).unwrap(), target);
    }
    let blocks = NAMES.map(|name| Target::load(name).unwrap().blocks());
    assert_eq!(blocks, [64, 64, 24, 44]);
}

#[test]
fn the_table_names_every_field_of_the_type() {
    let mut leaves = BTreeSet::new();
    for (key, value) in kv260().as_object().unwrap() {
        match value.as_object() {
            Some(inner) => leaves.extend(inner.keys().map(|name| format!("{key}.{name}"))),
            None => drop(leaves.insert(key.clone())),
        }
    }
    let table: BTreeSet<String> = FIELDS.iter().map(|field| field.name.to_owned()).collect();
    assert_eq!(leaves, table);
    assert_eq!(table.len(), FIELDS.len());
}

#[test]
fn every_absurd_value_is_refused_by_name() {
    for field in FIELDS {
        let wrong = match field.kind {
            Kind::Text => vec![json!(""), json!(3), json!(null)],
            Kind::Word(_) => vec![json!("virtex"), json!(1), json!(null)],
            Kind::Number(range) => {
                let mut wrong =
                    vec![json!(range.max + 1), json!(-1), json!(1.5), json!("4"), json!(null)];
                wrong.extend(range.min.checked_sub(1).map(Value::from));
                wrong.extend(range.power_of_two.then(|| json!(range.max - 1)));
                wrong
            }
            Kind::Flag => vec![json!("yes"), json!(1), json!(null)],
        };
        for value in wrong {
            let mut target = kv260();
            set(&mut target, field.name, value);
            let message = refused(&target);
            assert!(message.contains(&format!("`{}`", field.name)), "{message}");
            assert!(message.contains(&field.kind.text()), "{message}");
        }
    }
}

#[test]
fn missing_and_unknown_fields_are_named() {
    for field in FIELDS.iter().filter(|field| !matches!(field.kind, Kind::Flag)) {
        let mut target = kv260();
        let (object, key) = field.name.rsplit_once('.').unwrap_or(("", field.name));
        let parent = if object.is_empty() { &mut target } else { &mut target[object] };
        parent.as_object_mut().unwrap().remove(key);
        assert!(refused(&target).contains(&format!("field `{}` is missing", field.name)));
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
