//! The page on the accelerator states the limits that the compiler keeps to.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use seigo::compile::capabilities::LIMITS;

#[test]
fn the_page_has_the_limits_of_the_code() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/accelerator.md");
    let text = fs::read_to_string(page).unwrap();
    let section = text.split("## Limits").nth(1).unwrap().split("\n## ").next().unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| ")).skip(1).map(str::to_owned);
    let expected = LIMITS.iter().map(|limit| {
        let (least, most) = limit.range;
        format!("| {} | {least} | {most} |", limit.what)
    });
    assert_eq!(rows.collect::<BTreeSet<_>>(), expected.collect());
}
