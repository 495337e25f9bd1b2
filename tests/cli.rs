//! Golden tests of the command line: output, errors and exit status.
//!
//! `TRYCMD=overwrite cargo test --test cli` writes what is printed now into the files; read the
//! difference before committing it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use std::fs;
use std::path::Path;

use seigo::base::npy;
use seigo::vision::eval::coco::ResultRecord;

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}

/// The commands run in a copy of the fixtures, where they also write; what they wrote is read.
#[test]
fn commands_print_and_write_what_is_committed() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let folder = tempfile::tempdir().unwrap();
    copy(&tests.join("fixtures"), folder.path());
    std::env::set_current_dir(folder.path()).unwrap();
    let cases = trycmd::TestCases::new();
    cases.env("COLUMNS", "100").case(tests.join("cli/*.trycmd"));
    cases.run();
    let drawn = image::open("out.png").unwrap().into_rgb8();
    assert_eq!(drawn.dimensions(), (64, 64));
    let plain = image::open("images/squares.png").unwrap().into_rgb8();
    assert!(drawn != plain, "boxes are drawn");
    let results = ResultRecord::from_json(&fs::read("results.json").unwrap()).unwrap();
    let best: Vec<_> = results.iter().filter(|r| r.score > 0.9).map(|r| r.category_id).collect();
    assert_eq!(best, [7, 3]);
    assert_eq!(npy::read(Path::new("outputs/boxes.npy")).unwrap().shape(), [1, 16, 7]);
    let scores = npy::read(Path::new("outputs/scores.npy")).unwrap();
    let sum: f32 = scores.values::<f32>().unwrap().iter().sum();
    assert!((sum - 1.0).abs() < 1e-6);
    let report = fs::read_to_string("colors.html").unwrap();
    assert!(report.starts_with("<!DOCTYPE html>") && report.ends_with("</html>"));
    assert!(!Path::new("none.html").exists(), "a report that failed is written");
    let left: Vec<_> = fs::read_dir(".").unwrap().map(|e| e.unwrap().file_name()).collect();
    let temporary = left.iter().any(|name| name.to_string_lossy().starts_with(".seigo-"));
    assert!(!temporary, "temporary files are left: {left:?}");
}
