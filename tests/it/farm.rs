//! Campaigns by the command line: from a plan to what came out, and what happens to one that is disturbed.

use serde_json::Value;

use crate::support::command::Bench;

/// The target whose design is compiled fastest.
const TARGET: &str = "--target zynq7020";

/// The detector, quantized; its simulation is that of the tests of commands.
fn bench() -> Bench {
    let bench = Bench::new();
    bench.done("quantize detector.onnx --calib images -o model.ceras");
    bench
}

fn json(text: &[u8]) -> Value {
    serde_json::from_slice(text).unwrap()
}

fn status(bench: &Bench, command: &str) -> Option<i32> {
    bench.run(command).status.code()
}

/// Frames with annotations give the accuracy that the engine gives, to the last bit.
#[test]
fn the_accuracy_of_the_rtl_is_that_of_the_engine() {
    let bench = bench();
    // A picture without what the other one holds, so that the figures are not all 1.
    std::fs::copy(bench.path("colors/red/b.png"), bench.path("images/plain.png")).unwrap();
    let mut truth = json(&bench.read("annotations.json"));
    let mut annotation = truth["annotations"][0].clone();
    (annotation["id"], annotation["image_id"]) = (3.into(), 2.into());
    truth["annotations"].as_array_mut().unwrap().push(annotation);
    let image = serde_json::json!({ "id": 2, "file_name": "plain.png", "width": 8, "height": 8 });
    truth["images"].as_array_mut().unwrap().push(image);
    bench.write("truth.json", truth.to_string());

    let data = "--images images --coco truth.json";
    let (_, err) =
        bench.done(&format!("farm plan model.ceras {TARGET} {data} --faults 16 -o farm"));
    assert!(err.contains("wrote farm: 18 tasks") && err.contains("| parallel "), "{err}");
    let manifest = bench.read("farm/manifest.json");
    // Half of it: what is missing is named, and counts as left out.
    assert_eq!(bench.done("farm run farm --task 0-1 --jobs 2").0, "2 of 2 tasks right\n");
    assert_eq!(status(&bench, "farm collect farm"), Some(1));
    let half = json(&bench.read("farm/summary.json"));
    assert_eq!(half["counts"]["missing"], 16);
    assert_eq!((&half["score"]["images"], half["score"].get("left_out")), (&2.into(), None));
    // Planning again changes nothing, so that results stay.
    bench.done(&format!("farm plan model.ceras {TARGET} {data} --faults 16 -o farm"));
    assert!(manifest == bench.read("farm/manifest.json"));
    let (out, err) = bench.done("farm run farm");
    assert!(err.contains("task 0 (frame squares.png): done before"), "{err}");
    assert_eq!(out, "18 of 18 tasks right\n");

    let summary = json(bench.done("farm collect farm --format json").0.as_bytes());
    assert_eq!((&summary["holds"], &summary["counts"]["right"]), (&true.into(), &18.into()));
    let faults = summary["faults"].as_array().unwrap();
    let kinds: Vec<_> = faults.iter().map(|row| row["fault"].as_str().unwrap()).collect();
    assert_eq!(
        kinds,
        ["bus", "descriptor", "foreign", "weights", "memory", "reset", "stall", "silence"]
    );
    for row in faults {
        assert_eq!(row["injected"], 2, "{row}");
        for none in ["undefined", "foreign", "lasting"] {
            assert_eq!(row[none], 0, "{row}");
        }
    }
    let ends = |end: &str| faults.iter().map(|row| row[end].as_u64().unwrap()).sum::<u64>();
    assert_eq!(["error", "reset"].map(ends), [6, 4], "{faults:?}");
    assert_eq!(ends("right") + ends("unseen"), 6, "{faults:?}");
    let eval = json(bench.done(&format!("eval model.ceras {data} --format json")).0.as_bytes());
    assert!(eval["ap"].as_f64().unwrap() < 1.0, "{eval}");
    for field in
        ["task", "ap", "ap50", "ap75", "ap_small", "ar_1", "ar_100", "images", "categories"]
    {
        assert_eq!(summary["score"][field], eval[field], "{field}");
    }
    let junit = String::from_utf8(bench.read("farm/junit.xml")).unwrap();
    assert!(junit.contains("tests=\"18\" failures=\"0\" errors=\"0\""), "{junit}");
    let page = String::from_utf8(bench.read("farm/index.html")).unwrap();
    assert!(page.contains("all of them are right") && page.ends_with("</html>"));
    disturbed(&bench);
}

/// Results of others, a task that hangs, an image that was changed: each is named, and figures stay apart.
fn disturbed(bench: &Bench) {
    let (right, other) = (bench.read("farm/results/1.json"), bench.read("farm/results/0.json"));
    bench.write("farm/results/1.json", &other);
    let output = bench.run("farm collect farm");
    let [out, err] = [&output.stdout, &output.stderr].map(|own| String::from_utf8_lossy(own));
    assert_eq!(output.status.code(), Some(1));
    assert!(err.contains("1.json is left out: SG1303: it is of task 0"), "{err}");
    assert!(out.contains("again: seigo farm run farm --task 1\n"), "{out}");
    assert_eq!(json(&bench.read("farm/summary.json"))["score"]["left_out"], 1);
    bench.write("farm/results/1.json", &right);

    let output = bench.run("farm run farm --task 0 --again --timeout 0.001");
    assert_eq!(output.status.code(), Some(1));
    let err = String::from_utf8_lossy(&output.stderr);
    assert_eq!(err.matches("SG1306: the task ran longer").count(), 4, "{err}");
    assert_eq!(status(bench, "farm collect farm"), Some(1));
    assert_eq!(json(&bench.read("farm/summary.json"))["tasks"][0]["status"], "failed");

    let image = bench.read("images/squares.png");
    bench.write("images/squares.png", bench.read("images/plain.png"));
    assert_eq!(status(bench, "farm run farm --task 0"), Some(1));
    let failure = json(&bench.read("farm/results/0.json"))["outcome"].clone();
    assert_eq!(failure["code"], "SG1302", "{failure}");
    bench.write("images/squares.png", image);
    bench.done("farm run farm --task 0");
    bench.done("farm collect farm");
    bench.write("farm/model.ceras", bench.read("colors.ceras"));
    bench.refused("farm run farm", "SG1302");
}

/// A disk that is full in the middle ends the run by its code, and no result is half written.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_ends_the_run_and_leaves_no_half_result() {
    let bench = bench();
    bench.done(&format!("farm plan model.ceras {TARGET} --images images --faults 3 -o farm"));
    // Four pages for the results: a file system of its own, for this command and no other.
    let script = format!(
        "mount -t tmpfs -o size=4k full farm/results || exit 77; head -c 4096 /dev/zero > farm/results/x; \
         {} farm run farm; status=$?; rm farm/results/x; ls farm/results | wc -l; exit $status",
        env!("CARGO_BIN_EXE_seigo")
    );
    let output = std::process::Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-c", &script])
        .current_dir(bench.path("."))
        .output()
        .unwrap();
    let err = String::from_utf8_lossy(&output.stderr);
    if output.status.code() == Some(77) || err.contains("unshare") {
        println!("left out: no file system can be mounted here: {err}");
        return;
    }
    assert_eq!(output.status.code(), Some(2), "{err}");
    assert!(err.contains("error[SG0102]: cannot write farm/results/"), "{err}");
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "0");
}
