use super::*;
use crate::base::json;
use crate::compile::CompileOptions;
use crate::compile::boards::Target;
use crate::compile::program::Entry;
use crate::model::ceras::Model;
use crate::verify::cosim::{End, Frame, FrameReport, PassReport};
use crate::vision::eval::AccuracyReport;
use crate::vision::eval::classification::Accuracy;
use std::path::Path;

fn colors() -> Compiled {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/colors.ceras");
    let (model, target) = (Model::load(&path).unwrap(), Target::load("kv260").unwrap());
    Compiled::new(model, &target, CompileOptions::default()).unwrap()
}

/// What the co-simulation would print if every pass took its predicted cycles and ten more.
fn frame(compiled: &Compiled) -> FrameReport {
    let predicted =
        predict::predict(&compiled.program.stream, &compiled.design, READ_LATENCY).unwrap();
    let pass = |(entry, cost): (&Entry, &PassCost)| PassReport {
        name: entry.name.clone(),
        cycles: cost.cycles + 10,
        held_up: Default::default(),
        stored: Vec::new(),
    };
    let frame = Frame {
        end: End::Done,
        cycles: predicted.iter().map(|cost| cost.cycles + 10).sum(),
        passes: compiled.program.entries.iter().zip(&predicted).map(pass).collect(),
        stalls: [0, 77, 0, 0, 0, 0],
        compared: 3,
        mismatch: None,
        outputs: Vec::new(),
    };
    FrameReport::new("x.png", &frame, &compiled.program, &predicted, 0.5)
}

fn measured(frame: &FrameReport) -> Option<Measured> {
    Some(Measured::from_json(&json::line(frame).unwrap()).unwrap())
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
    let extras = Extras { measured: measured(&frame), ..Extras::default() };
    let page = render(&compiled, &extras).unwrap();
    assert!(page.contains("Bit-exact"));
    assert!(page.contains(&format!("Sum: {} cycles", frame.cycles)), "{}", frame.cycles);
    assert!(page.contains(">77</td>"));
}

#[test]
fn frames_of_another_program_are_refused() {
    let compiled = colors();
    let mut frame = frame(&compiled);
    frame.passes[1].name = "other".to_owned();
    let extras = Extras { measured: measured(&frame), ..Extras::default() };
    let error = render(&compiled, &extras).unwrap_err();
    assert_eq!(error.code().id, "SG1101");
    assert!(error.message().contains("pass 1 is \"other\" instead of"), "{error}");
}

#[test]
fn a_wrong_bit_is_said_aloud() {
    let compiled = colors();
    let mut frame = frame(&compiled);
    frame.equal = false;
    let extras = Extras { measured: measured(&frame), ..Extras::default() };
    let page = render(&compiled, &extras).unwrap();
    assert!(page.contains("Not bit-exact") && !page.contains("Bit-exact"));
}

#[test]
fn accuracy_is_set_beside_the_float_network() {
    let compiled = colors();
    let score = |top1: usize| {
        Some(Score::Classification(Accuracy { images: 200, top1, top5: 200, left_out: 0 }))
    };
    let extras = Extras { score: score(180), float_score: score(190), ..Extras::default() };
    let page = render(&compiled, &extras).unwrap();
    assert!(page.contains("94.7 % of the float network's 95.0"));
    assert!(!page.contains("do not count"));
    let fewer = Accuracy { images: 198, top1: 9, top5: 20, left_out: 2 };
    let extras = Extras { score: Some(Score::Classification(fewer)), ..Extras::default() };
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
}

#[test]
fn measurements_are_read_as_they_are_written() {
    let frame = frame(&colors());
    let text = json::line(&frame).unwrap();
    assert_eq!(
        Measured::from_json(&format!("{text}{text}")).unwrap().frames,
        [frame.clone(), frame]
    );
    for wrong in
        ["", "{}", &text.replace("seigo-frame", "seigo-plan"), &text.replace("cycles", "c")]
    {
        assert_eq!(Measured::from_json(wrong).unwrap_err().code().id, "SG1101");
    }
    let given = Score::Classification(Accuracy { images: 5, top1: 3, top5: 4, left_out: 0 });
    let text = json::pretty(&AccuracyReport::from(given.clone())).unwrap();
    assert_eq!(score(&text).unwrap(), given);
    for wrong in ["[]", &text.replace("top1", "top2"), &text.replace("classification", "speech")] {
        assert_eq!(score(wrong).unwrap_err().code().id, "SG1101");
    }
}
