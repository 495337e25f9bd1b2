//! Tests across modules, all in one binary: the library is linked once, and a helper that no test
//! uses any more is reported as dead code.
//!
//! A test file is a module here; `cargo test --test it NAME::` runs one of them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed step of a test is a failed test")]

mod accelerator;
mod assignment;
mod bad_input;
mod bundle;
mod ceras;
mod ceras_size;
mod cli;
mod coco_shared;
mod commands;
mod cosim;
mod damage;
#[cfg(unix)]
mod drivers;
mod engine_kernels;
mod exported;
mod farm;
mod fixtures;
mod forms;
mod fuzz;
mod goldens;
#[cfg(unix)]
mod interrupt;
mod json_forms;
mod limits;
mod memory;
mod memory_puzzles;
mod networks;
mod operator;
mod operator_json;
mod passes;
mod program;
mod qonnx;
mod quantize;
mod quantize_input;
mod quantized;
mod quark;
mod reference_oracle;
mod rtl;
#[cfg(unix)]
mod runtime;
mod schedule;
mod schedule_peaks;
mod schedule_program;
mod schedule_strips;
mod scheduled;
mod several_inputs;
mod shapes;
mod support;
mod target;
mod vivado;
mod windows;
mod yolox_nano;
