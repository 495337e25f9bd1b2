//! Every command where all goes well, on one small detector: what it prints, what it writes, and that
//! the next command takes it.
//!
//! All simulations are of one design, which the user's cache keeps between tests and runs.

use serde_json::Value;

use crate::support::command::Bench;

/// The target whose design is compiled fastest.
const TARGET: &str = "--target zynq7020";
const IMAGE: &str = "--image images/squares.png";

/// Fixtures, with the detector quantized and built.
fn bench() -> Bench {
    let bench = Bench::new();
    let (out, err) =
        bench.done("quantize detector.onnx --calib images -o model.ceras --report layers.json");
    assert!(out.contains(" bytes\n") && err.contains("wrote model.ceras"), "{out}{err}");
    let report: Value = serde_json::from_slice(&bench.read("layers.json")).unwrap();
    assert!(report["layers"].as_array().is_some_and(|layers| !layers.is_empty()));
    let (_, err) = bench.done(&format!("build model.ceras {TARGET} -o bundle"));
    assert!(err.contains("wrote bundle: 4 passes"), "{err}");
    bench
}

#[test]
fn a_built_bundle_holds_what_its_manifest_says_and_is_built_again_in_its_place() {
    let bench = bench();
    let manifest: Value = serde_json::from_slice(&bench.read("bundle/manifest.json")).unwrap();
    let files = manifest["files"].as_object().unwrap();
    for name in ["rtl/seigo_top.v", "program.bin", "model.ceras", "target.json"] {
        assert!(files.contains_key(name), "{name}");
        assert!(!bench.read(&format!("bundle/{name}")).is_empty());
    }
    assert!(bench.read("bundle/model.ceras") == bench.read("model.ceras"));
    bench.write("bundle/stray", "");
    bench.done(&format!("build model.ceras {TARGET} -o bundle"));
    assert!(!bench.path("bundle/stray").exists());
}

#[test]
fn a_simulated_frame_is_shown_counted_and_reported() {
    let bench = bench();
    let (out, _) = bench.done(&format!("cosim bundle {IMAGE}"));
    assert!(out.contains("4 tensors, all equal to the reference, bit for bit"), "{out}");
    let (out, err) = bench.done(&format!("cosim bundle {IMAGE} --format json --junit frame.xml"));
    assert!(err.contains("wrote frame.xml"), "{err}");
    let frame: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&frame["equal"], &frame["compared"]), (&true.into(), &4.into()), "{out}");
    let cases = frame["passes"].as_array().unwrap().len() + 1;
    let junit = String::from_utf8(bench.read("frame.xml")).unwrap();
    // A case per pass, the last of which is the end, and one for the outputs.
    assert!(junit.contains(&format!("tests=\"{cases}\" failures=\"0\" errors=\"0\"")), "{junit}");
    assert!(junit.contains("pass 0: stem") && junit.contains("name=\"outputs\""), "{junit}");
    let stalled = bench.done(&format!("cosim bundle {IMAGE} --format json --stall-seed 3")).0;
    let stalled: Value = serde_json::from_str(&stalled).unwrap();
    assert_eq!(stalled["equal"], true);
    assert!(stalled["cycles"].as_u64() > frame["cycles"].as_u64(), "stalls cost nothing");

    // The same line with a byte order mark, as editors and shells of other systems save it.
    bench.write("cosim.json", [&b"\xEF\xBB\xBF"[..], out.as_bytes()].concat());
    bench.done(&format!(
        "report model.ceras --build bundle --cosim cosim.json {IMAGE} -o page.html"
    ));
    let page = String::from_utf8(bench.read("page.html")).unwrap();
    assert!(page.contains("Bit-exact"), "the page does not show the frame");
}

#[test]
fn waves_begin_with_a_layer() {
    let bench = bench();
    bench.done(&format!("cosim bundle {IMAGE} --trace all.fst"));
    bench.done(&format!("cosim bundle {IMAGE} --trace late.fst --from-layer reg"));
    let [all, late] = ["all.fst", "late.fst"].map(|name| bench.read(name).len());
    assert!(late > 1000 && late < all, "{late} of {all} bytes");
    let command = format!("cosim bundle {IMAGE} --trace no.fst --from-layer nobody");
    assert!(bench.refused(&command, "SG0103").contains("\"nobody\""));
    assert!(!bench.path("no.fst").exists());
}

#[test]
fn the_engine_rtl_gives_the_bits_of_the_others() {
    let bench = bench();
    let rtl = format!("--engine rtl {TARGET}");
    let detect = format!("detect model.ceras {IMAGE} --format json");
    let fast = bench.done(&detect).0;
    assert_eq!(bench.done(&format!("{detect} --engine reference")).0, fast);
    assert_eq!(bench.done(&format!("{detect} {rtl}")).0, fast);
    bench.done(&format!("run model.ceras {IMAGE} -o fast"));
    bench.done(&format!("run model.ceras {IMAGE} -o rtl {rtl}"));
    assert!(bench.read("fast/boxes.npy") == bench.read("rtl/boxes.npy"));
    let eval = "eval model.ceras --images images --coco annotations.json --format json";
    assert_eq!(bench.done(eval).0, bench.done(&format!("{eval} {rtl}")).0);
}

#[test]
fn a_plan_is_saved_with_the_model_and_shown_again() {
    let bench = bench();
    let (shown, _) = bench.done(&format!("plan model.ceras {TARGET} --save planned.ceras"));
    assert_eq!(bench.done("plan planned.ceras").0, shown);
    bench.refused("plan model.ceras", "SG0103");
    let detect = |model: &str| bench.done(&format!("detect {model} {IMAGE} --format json")).0;
    assert_eq!(detect("planned.ceras"), detect("model.ceras"));
    let (svg, _) = bench.done(&format!("plan model.ceras {TARGET} --format svg"));
    assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"));
    let (json, _) = bench.done(&format!("plan model.ceras {TARGET} --format json"));
    assert!(serde_json::from_str::<Value>(&json).unwrap().is_object());
}

#[test]
fn what_is_exported_is_imported_again() {
    let bench = bench();
    let run = |model: &str| -> Vec<u8> {
        bench.done(&format!("run {model} {IMAGE} --task detector.task.json -o {model}.out"));
        bench.read(&format!("{model}.out/boxes.npy"))
    };
    let own = run("model.ceras");
    bench.done("export model.ceras --to exact -o exact.onnx");
    // Integer arithmetic in stock operators: the float executor gives the same bits.
    assert!(run("exact.onnx") == own, "the exact form is not exact");
    bench.done("export model.ceras --to qdq -o tables.onnx");
    run("tables.onnx");
    bench.done("export model.ceras --to qdq-operators -o qdq.onnx");
    let (_, err) = bench.done("import qdq.onnx -o again.ceras");
    assert!(err.contains(" layers, "), "{err}");
    run("again.ceras");
    let (_, err) = bench.done("import qdq.onnx --requantize -o float.onnx");
    assert!(err.contains("taken out"), "{err}");
    run("float.onnx");
    bench.done("quantize float.onnx --calib images --task detector.task.json -o new.ceras");
}

#[test]
fn the_demo_ends_with_a_report() {
    let bench = Bench::new();
    let (out, _) = bench.done("demo -o demo");
    assert!(out.contains("Done in"), "{out}");
    for name in ["report.html", "detections.png", "shapes.ceras", "accelerator/manifest.json"] {
        assert!(!bench.read(&format!("demo/{name}")).is_empty(), "{name}");
    }
}
