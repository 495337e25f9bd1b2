//! Chores of the project: `cargo run -p xtask -- help` lists them.

fn main() {}
