//! What YOLOX-Nano needs of the shared memory, in every mode: the packing reaches the lower bound.

mod modes;

use seigo::compile::boards::Target;
use seigo::compile::packing;
use seigo::compile::schedule::{Plan, validate};

use self::modes::{Modes, Survey, survey};
use crate::networks::NANO;

/// Peak and blocks of YOLOX-Nano; height and lower bound must agree.
fn peak(target: &Target, modes: Modes) -> (u64, u64) {
    let graph = NANO.graph();
    let Survey { schedule, problem, packing } = survey(&graph, target, modes);
    validate::schedule(&graph, &schedule).unwrap();
    packing::validate::packing(&problem, &packing).unwrap();
    assert_eq!(packing.height, packing.lower_bound, "ratio 1.000");
    let blocks = packing::plan_blocks(&problem, target.block_bytes).unwrap();
    (packing.height, blocks.height / target.block_bytes)
}

fn target(pixels: u64, chained: bool) -> Target {
    let mut target = Target::load("kv260").unwrap();
    target.pixels = pixels;
    target.capabilities.depthwise_chained = chained;
    target
}

const STREAMED: Modes =
    Modes { image_resident: false, outputs_streamed: true, streamed_pixels: None };

#[test]
fn as_exported() {
    let modes = Modes { image_resident: true, ..STREAMED };
    assert_eq!(peak(&target(1, false), modes).0, 1_211_392);
}

#[test]
fn input_streamed_depthwise_sequential() {
    assert_eq!(peak(&target(1, false), STREAMED).0, 865_280);
}

#[test]
fn depthwise_chained() {
    let (bytes, blocks) = peak(&target(1, true), STREAMED);
    assert_eq!(bytes, 692_224);
    assert!(blocks <= 44, "{blocks} blocks");
    let (bytes, blocks) = peak(&target(4, true), STREAMED);
    println!("P=4: {bytes} bytes, {blocks} blocks");
    assert!((692_224..=692_992).contains(&bytes), "{bytes}");
    assert!(blocks <= 44, "{blocks} blocks");
}

#[test]
fn first_stage_streamed() {
    let modes = Modes { streamed_pixels: Some(104 * 104), ..STREAMED };
    let (bytes, _) = peak(&target(1, true), modes);
    println!("{bytes} bytes with the 104 x 104 stage streamed");
    assert!(bytes <= 522_496, "{bytes}");
}

#[test]
fn outputs_resident() {
    for pixels in [1, 4] {
        let (bytes, blocks) = peak(&target(pixels, true), Modes::default());
        println!("P={pixels}: {bytes} bytes, {blocks} blocks with outputs of int16 stored");
    }
}

#[test]
fn the_plan_for_the_kv260_fits_and_survives_its_file_form() {
    let graph = NANO.graph();
    let target = Target::load("kv260").unwrap();
    let start = std::time::Instant::now();
    let plan = Plan::new(&graph, &target).unwrap();
    println!(
        "{:?}, {} bytes of {}, bound {}",
        start.elapsed(),
        plan.placed.packing.height,
        target.memory_bytes,
        plan.placed.packing.lower_bound
    );
    let bytes = plan.to_bytes().unwrap();
    assert_eq!(Plan::from_bytes(&graph, 1, &bytes).unwrap().to_bytes().unwrap(), bytes);
}
