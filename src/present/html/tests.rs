use super::*;
use crate::compile::CompileOptions;
use crate::compile::boards::Target;
use crate::model::ceras::Model;
use std::path::Path;

fn colors() -> Compiled {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/colors.ceras");
    let (model, target) = (Model::load(&path).unwrap(), Target::load("kv260").unwrap());
    Compiled::new(model, &target, CompileOptions::default()).unwrap()
}

/// What the co-simulation would print if every pass took its predicted cycles and ten more.
fn frame(compiled: &Compiled) -> serde_json::Value {
    let predicted =
        predict::predict(&compiled.program.stream, &compiled.design, predict::Timing::default())
            .unwrap();
    let entries = compiled.program.entries.iter().zip(&predicted);
    let passes: Vec<_> = entries
        .map(|(entry, cost)| serde_json::json!({ "name": entry.name, "cycles": cost.cycles + 10 }))
        .collect();
    let cycles: u64 = predicted.iter().map(|cost| cost.cycles + 10).sum();
    serde_json::json!({
        "frame": "x.png", "equal": true, "cycles": cycles, "compared": 3,
        "stalls": { "lanes": 77 }, "passes": passes,
    })
}

#[test]
fn every_section_is_there_without_extras() {
    let compiled = colors();
    let page = render(&compiled, &Extras::default()).unwrap();
    for (anchor, title, _) in SECTIONS {
        assert!(page.contains(&format!("<section id=\"{anchor}\"")), "{anchor}");
        assert!(page.contains(&format!(">{title}</h2>")), "{title}");
    }
    assert!(page.contains("predicted by the cost model"));
    for outside in ["http:", "https:", "url(", "src=\"/", "@import", "<link"] {
        let found = page.replace("http://www.w3.org/2000/svg", "");
        assert!(!found.contains(outside), "the page refers to {outside}");
    }
}

#[test]
fn counted_cycles_replace_predicted_ones() {
    let compiled = colors();
    let frame = frame(&compiled);
    let extras = Extras {
        measured: Some(Measured::from_json(&frame.to_string()).unwrap()),
        ..Extras::default()
    };
    let page = render(&compiled, &extras).unwrap();
    assert!(page.contains("Bit-exact"));
    assert!(page.contains(&format!("Sum: {} cycles", frame["cycles"])), "{}", frame["cycles"]);
    assert!(page.contains(">77</td>"));
}

#[test]
fn frames_of_another_program_are_refused() {
    let compiled = colors();
    let mut frame = frame(&compiled);
    frame["passes"][1]["name"] = "other".into();
    let extras = Extras {
        measured: Some(Measured::from_json(&frame.to_string()).unwrap()),
        ..Extras::default()
    };
    let error = render(&compiled, &extras).unwrap_err();
    assert_eq!(error.code().id, "SG1101");
    assert!(error.message().contains("pass 1 is \"other\" instead of"), "{error}");
}

#[test]
fn a_wrong_bit_is_said_aloud() {
    let compiled = colors();
    let mut frame = frame(&compiled);
    frame["equal"] = false.into();
    let extras = Extras {
        measured: Some(Measured::from_json(&frame.to_string()).unwrap()),
        ..Extras::default()
    };
    let page = render(&compiled, &extras).unwrap();
    assert!(page.contains("Not bit-exact") && !page.contains("Bit-exact"));
}

#[test]
fn accuracy_is_set_beside_the_float_network() {
    let compiled = colors();
    let score = |top1: usize| {
        let text = format!("{{\"images\": 200, \"top1\": {top1}, \"top5\": 200}}");
        Some(Score::from_json(&text).unwrap())
    };
    let extras = Extras { score: score(180), float_score: score(190), ..Extras::default() };
    let page = render(&compiled, &extras).unwrap();
    assert!(page.contains("94.7 % of the float network's 95.0"));
    assert!(!page.contains("do not count"));
    let fewer = "{\"images\": 198, \"top1\": 9, \"top5\": 20, \"left_out\": 2}";
    let extras = Extras { score: Some(Score::from_json(fewer).unwrap()), ..Extras::default() };
    let page = render(&compiled, &extras).unwrap();
    assert!(page.contains("2 further images could not be read and do not count."));
}

#[test]
fn resources_are_read_field_by_field() {
    let resources = Resources::from_json(r#"{"tool": "t", "estimate": true, "lut": 5}"#).unwrap();
    assert_eq!((resources.lut, resources.ff), (Some(5), None));
    let error = Resources::from_json(r#"{"tool": "t", "estimate": true, "luts": 5}"#).unwrap_err();
    assert_eq!(error.code().id, "SG1101");
    assert!(error.message().contains("luts"), "{error}");
    assert!(Measured::from_json("").is_err() && Measured::from_json("{}").is_err());
    assert!(Score::from_json("[]").is_err() && Score::from_json("{\"images\": 3}").is_err());
    let detector = Score::from_json("{\"images\": 3, \"ap\": 0.5, \"ap50\": null}").unwrap();
    assert_eq!(detector.measures()[..2], [("mAP@.5", None), ("mAP@.5:.95", Some(0.5))]);
}
