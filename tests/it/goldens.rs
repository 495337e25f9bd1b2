//! What people open in an editor or a browser, whole: a change of the generator shows as a difference of text.
//! `INSTA_UPDATE=always cargo test --test it goldens::` writes the files of tests/golden anew.

use crate::support::command::Bench;

/// Compares with the file of that name in tests/golden, whatever the version is.
fn compare(name: &str, text: &str) {
    let text = text.replace(env!("CARGO_PKG_VERSION"), "VERSION");
    insta::with_settings!({ snapshot_path => "../golden", prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!(name, text);
    });
}

#[test]
fn the_generated_top_level() {
    let bench = Bench::new();
    for target in ["kv260", "zynq7020"] {
        bench.done(&format!("build colors.ceras --target {target} -o {target}"));
        let top = bench.read(&format!("{target}/rtl/seigo_top.v"));
        compare(&format!("seigo_top_{target}"), &String::from_utf8(top).unwrap());
    }
}

/// The body of the page, an element a line.
#[test]
fn the_report() {
    let bench = Bench::new();
    bench.done("report colors.ceras --target kv260 -o page.html");
    let page = String::from_utf8(bench.read("page.html")).unwrap();
    let body = page.split_once("<body>").unwrap().1.split_once("<script").unwrap().0;
    compare("report_kv260", &body.replace("><", ">\n<"));
}
