//! Golden tests of the command line: output, errors and exit status.
//!
//! `TRYCMD=overwrite cargo test --test it cli::` writes what is printed now into the files; read the
//! difference before committing it.

use std::fs;
#[cfg(unix)]
use std::os::unix::fs::symlink;
#[cfg(windows)]
use std::os::windows::fs::symlink_file as symlink;
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

/// Runs all cases in `folder`.
///
/// trycmd runs `NAME.trycmd` in the folder that the file `NAME.in` beside it names. The cases are
/// linked, so that what `TRYCMD=overwrite` writes lands in the files that are committed.
fn run_cases(folder: &Path) {
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli");
    let cases = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(committed).unwrap() {
        let case = entry.unwrap().path();
        let link = cases.path().join(case.file_name().unwrap());
        symlink(&case, &link).unwrap();
        fs::write(link.with_extension("in"), folder.to_str().unwrap()).unwrap();
    }
    let runner = trycmd::TestCases::new();
    runner.env("COLUMNS", "100").case(cases.path().join("*.trycmd"));
    runner.run();
}

/// The commands run in a copy of the fixtures, where they also write; what they wrote is read.
#[test]
fn commands_print_and_write_what_is_committed() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures"), folder);
    run_cases(folder);
    let drawn = image::open(folder.join("out.png")).unwrap().into_rgb8();
    assert_eq!(drawn.dimensions(), (64, 64));
    let plain = image::open(folder.join("images/squares.png")).unwrap().into_rgb8();
    assert!(drawn != plain, "boxes are drawn");
    let results = ResultRecord::from_json(&fs::read(folder.join("results.json")).unwrap()).unwrap();
    let best: Vec<_> = results.iter().filter(|r| r.score > 0.9).map(|r| r.category_id).collect();
    assert_eq!(best, [7, 3]);
    assert_eq!(npy::read(&folder.join("outputs/boxes.npy")).unwrap().shape(), [1, 16, 7]);
    let scores = npy::read(&folder.join("outputs/scores.npy")).unwrap();
    let sum: f32 = scores.values::<f32>().unwrap().iter().sum();
    assert!((sum - 1.0).abs() < 1e-6);
    let report = fs::read_to_string(folder.join("colors.html")).unwrap();
    assert!(report.starts_with("<!DOCTYPE html>") && report.ends_with("</html>"));
    assert!(!folder.join("none.html").exists(), "a report that failed is written");
    let left: Vec<_> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name()).collect();
    let temporary = left.iter().any(|name| name.to_string_lossy().starts_with(".seigo-"));
    assert!(!temporary, "temporary files are left: {left:?}");
}
