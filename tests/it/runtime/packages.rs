//! Ways to get at the C++ library from outside of the tree: one pair of files, CMake, pkg-config. The programs are those of
//! `runtime/examples`, in C++ and in C.

use std::fs;
use std::path::Path;
use std::process::Command;

use seigo::vision::task::{Prediction, PredictionReport};

use super::ROOT;
use crate::support::command::Bench;

/// Runs a command that has to end well; what it printed.
fn done(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let text = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
    assert!(output.status.success(), "{command:?}: {}", text.concat());
    text[0].clone().into_owned()
}

/// A model, a picture as PPM, and what the command says of them.
fn detector() -> (Bench, PredictionReport) {
    let bench = Bench::new();
    bench.done("quantize detector.onnx --calib images -o model.ceras");
    let picture = image::open(bench.path("images/squares.png")).unwrap().to_rgb8();
    let (width, height) = picture.dimensions();
    let mut ppm = format!("P6\n{width} {height}\n255\n").into_bytes();
    ppm.extend(picture.as_raw());
    bench.write("squares.ppm", ppm);
    let text = bench.done("detect model.ceras --image images/squares.png --format json").0;
    (bench, serde_json::from_str(&text).unwrap())
}

/// A program of `runtime/examples` in the bench's folder, with another header.
fn example(bench: &Bench, name: &str, header: &str) {
    let text = fs::read_to_string(Path::new(ROOT).join("runtime/examples").join(name)).unwrap();
    let own = if name.ends_with(".c") { "ceras/ceras.h" } else { "ceras/vision.hpp" };
    assert!(text.contains(own));
    bench.write(name, text.replace(own, header));
}

fn compiler(bench: &Bench, program: &str, arguments: &[&str]) {
    let warnings = ["-Wall", "-Wextra", "-Werror"];
    done(Command::new(program).args(warnings).args(arguments).current_dir(bench.path("")));
}

/// The C++ program gives the document of the command, the C one the same numbers.
fn runs(bench: &Bench, expected: &PredictionReport, program: &str) {
    let mut command = Command::new(bench.path(program));
    let text = done(command.args(["model.ceras", "squares.ppm"]).current_dir(bench.path("")));
    if !program.ends_with("-c") {
        assert_eq!(&serde_json::from_str::<PredictionReport>(&text).unwrap(), expected, "{text}");
        return;
    }
    let Prediction::Detections(all) = &expected.prediction else { panic!("no detector") };
    assert!(!all.is_empty());
    let numbers = |line: &str| -> Vec<f32> {
        let numbers = line.rsplitn(6, ' ').take(5).map(|word| word.parse().unwrap());
        let mut numbers: Vec<f32> = numbers.collect();
        numbers.reverse();
        numbers
    };
    let found: Vec<_> = text.lines().map(numbers).collect();
    let own = all.iter().map(|one| {
        let edges = one.bbox;
        vec![one.score, edges.x1, edges.y1, edges.x2, edges.y2]
    });
    assert_eq!(found, own.collect::<Vec<_>>(), "{text}");
}

#[test]
fn one_pair_of_files_and_one_command_make_a_program() {
    let (bench, expected) = detector();
    let script = Path::new(ROOT).join("runtime/amalgamate.sh");
    done(Command::new("sh").arg(script).arg(bench.path("")));
    example(&bench, "detect.cpp", "ceras.h");
    example(&bench, "detect.c", "ceras.h");
    compiler(&bench, "g++", &["-std=c++17", "detect.cpp", "ceras.cpp", "-o", "detect-one"]);
    runs(&bench, &expected, "detect-one");
    // The rest is quicker from objects.
    compiler(&bench, "gcc", &["-std=c99", "-pedantic", "-c", "detect.c"]);
    let flags = ["-std=c++17", "-fno-exceptions", "-fno-rtti", "-Wpedantic", "-Wshadow"];
    compiler(&bench, "g++", &[&flags[..], &["-c", "ceras.cpp"]].concat());
    compiler(&bench, "g++", &["detect.o", "ceras.o", "-o", "detect-c"]);
    runs(&bench, &expected, "detect-c");
}

#[test]
#[ignore = "needs CMake and pkg-config; make test-runtime runs it"]
fn an_installation_is_found_by_cmake_and_pkg_config() {
    let (bench, expected) = detector();
    let prefix = bench.path("installed");
    let cmake = |arguments: &[&str]| {
        done(Command::new("cmake").args(arguments).current_dir(bench.path("")));
    };
    let source = format!("{ROOT}/runtime");
    let (at, to) = (format!("-DCMAKE_PREFIX_PATH={}", prefix.display()), prefix.display());
    cmake(&["-S", &source, "-B", "build-library", "-DCMAKE_BUILD_TYPE=Debug"]);
    cmake(&["--build", "build-library", "--parallel", "2"]);
    cmake(&["--install", "build-library", "--prefix", &to.to_string()]);
    example(&bench, "detect.cpp", "ceras/vision.hpp");
    example(&bench, "detect.c", "ceras/ceras.h");
    bench.write(
        "CMakeLists.txt",
        "cmake_minimum_required(VERSION 3.16)\nproject(own C CXX)\nfind_package(ceras REQUIRED)\n\
         add_executable(detect-cmake detect.cpp)\nadd_executable(detect-cmake-c detect.c)\n\
         target_link_libraries(detect-cmake ceras::ceras)\n\
         target_link_libraries(detect-cmake-c ceras::ceras)\n",
    );
    cmake(&["-S", ".", "-B", "own", &at]);
    cmake(&["--build", "own"]);
    runs(&bench, &expected, "own/detect-cmake");
    runs(&bench, &expected, "own/detect-cmake-c");
    let found = Command::new("find").arg(&prefix).args(["-name", "pkgconfig"]).output().unwrap();
    let folder = String::from_utf8(found.stdout).unwrap().trim().to_owned();
    let mut config = Command::new("pkg-config");
    config.args(["--cflags", "--libs", "ceras"]).env("PKG_CONFIG_PATH", folder);
    let flags = done(&mut config);
    let flags: Vec<_> = flags.split_whitespace().collect();
    let own = ["-std=c++17", "detect.cpp", "-o", "detect-pkg"];
    compiler(&bench, "g++", &[&own[..], &flags].concat());
    runs(&bench, &expected, "detect-pkg");
    let own = ["-std=c99", "detect.c", "-o", "detect-pkg-c"];
    compiler(&bench, "gcc", &[&own[..], &flags].concat());
    runs(&bench, &expected, "detect-pkg-c");
}
