//! Networks that do not fit: passes in strips, tensors in DDR, and what does not even fit that way.

use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;
use seigo::base::random::Random;
use seigo::compile::Compiled;
use seigo::compile::boards::Target;
use seigo::compile::schedule::{Buffer, Plan, Work, sizes};
use seigo::model::qgraph::QGraph;

use crate::accelerator::{compile, simulate};
use crate::networks::{self, NANO, Net, SMALL, Shape};
use crate::quantized::{Choices, inputs};

fn describe(plan: &Plan, graph: &QGraph) -> String {
    let traffic = sizes::traffic(graph, &plan.schedule, plan.target.pixels);
    let strips = plan.groups.iter().filter(|group| group.strips > 1);
    format!(
        "{}: {} passes, {} of {} groups in strips, peak {} of {} B, DDR {} B ({traffic:?})",
        plan.target.name,
        plan.schedule.passes.len(),
        strips.count(),
        plan.groups.len(),
        plan.placed.packing.height,
        plan.target.memory_bytes,
        traffic.total(),
    )
}

/// A target with so many blocks of memory.
fn small(pixels: u64, blocks: u64, block_bytes: u64) -> Target {
    let mut target = Target::load(if pixels == 1 { "zynq7020" } else { "kv260" }).unwrap();
    target.pixels = pixels;
    target.port_domains.banks = pixels;
    target.block_bytes = block_bytes;
    target.port_domains.bytes = block_bytes;
    target.port_domains.count = blocks;
    target.memory_bytes = blocks * block_bytes;
    target
}

#[test]
fn yolox_nano_on_a_zynq_7020_is_planned_in_strips() {
    let graph = NANO.graph();
    let plan = Plan::new(&graph, &Target::load("zynq7020").unwrap()).unwrap();
    println!("{}", describe(&plan, &graph));
    assert!(plan.groups.iter().any(|group| group.strips > 1));
    let traffic = sizes::traffic(&graph, &plan.schedule, 1);
    assert!(traffic.total() <= 3_500_000, "{traffic:?}");
}

#[test]
fn a_network_that_fits_has_no_strips() {
    let graph = NANO.graph();
    let plan = Plan::new(&graph, &Target::load("kv260").unwrap()).unwrap();
    assert!(plan.groups.is_empty());
}

#[test]
fn a_memory_that_does_not_hold_one_strip_is_refused_with_layer_and_size() {
    let graph = SMALL.graph();
    let error = Plan::new(&graph, &small(1, 16, 1024)).unwrap_err();
    assert_eq!(error.code().id, "SG0702");
    println!("{error}");
    assert!(error.message().contains("does not hold one strip"), "{error}");
}

/// Random networks in small memories.
const NETWORKS: usize = 200;

/// Images of few rows and odd sizes, windows that are higher than the image, and a bus of a tenth of the bandwidth: the right
/// numbers, or a refusal that says how much memory the layer wants.
#[test]
fn odd_sizes_are_computed_or_refused_with_the_memory_that_would_do() {
    let mut random = Random::new(19, 0);
    let (mut right, mut refused) = (0, 0);
    for case in 0..40u64 {
        let mut pick = |choices: &[usize]| choices[random.below(choices.len() as u64) as usize];
        let (mut net, image) = Net::new("odd", 3, 16);
        net.0.values[image.0].shape = vec![1, 3, pick(&[1, 2, 5, 13]), pick(&[1, 3, 17, 90, 417])];
        let shape = Shape::square(pick(&[1, 3, 5, 7]), pick(&[1, 2]));
        let stem = net.conv("stem", image, 16, shape, None);
        let body = net.depthwise("body", stem, pick(&[3, 5, 7]), pick(&[1, 2]));
        let more = net.conv("more", body, 32, Shape::square(pick(&[1, 3, 5]), 1), None);
        let head = net.linear("head", more, 16);
        net.output(head);
        let graph = net.finish();
        let pixels = [1, 4][case as usize % 2];
        for blocks in [100, pick(&[2, 4, 8]) as u64, pick(&[12, 20, 40]) as u64] {
            let mut target = small(pixels, blocks, 256 * pixels);
            (target.ddr_bytes_per_second, target.ddr_bits) = (480_000_000, 32);
            match compile(&graph, &target) {
                Ok(compiled) => {
                    simulate(&compiled, &inputs(&graph, case)).unwrap();
                    right += 1;
                }
                Err(error) => {
                    assert_eq!(error.code().id, "SG0702", "{error}");
                    let wants = error.message().split("which needs ").nth(1);
                    let bytes = wants.and_then(|text| text.split(' ').next()?.parse::<u64>().ok());
                    assert!(bytes.is_none_or(|bytes| bytes > target.memory_bytes), "{error}");
                    refused += 1;
                }
            }
        }
    }
    println!("{right} right, {refused} refused");
    assert!(right > 40 && refused > 10);
}

/// Chains, residuals, concatenations, splits, depthwise filters, pools, resizes and a stem, in a memory
/// that holds fewer and fewer of the rows.
#[test]
fn random_networks_in_small_memories_give_the_right_numbers() {
    let mut runner = TestRunner::deterministic();
    let numbers = proptest::collection::vec(proptest::prelude::any::<u32>(), 0..200);
    let mut random = Random::new(7, 0);
    let (mut in_strips, mut refused, mut spilled, mut tried) = (0, 0, 0, 0);
    for case in 0u64.. {
        if tried == NETWORKS {
            break;
        }
        let mut choices = Choices::new(numbers.new_tree(&mut runner).unwrap().current());
        let graph = networks::random(&mut |limit| choices.below(limit));
        let pixels = [1, 1, 2, 4][case as usize % 4];
        let whole = compile(&graph, &small(pixels, 120, 1024 * pixels));
        let Ok(whole) = whole else { continue };
        tried += 1;
        let least = whole.plan.placed.packing.lower_bound.div_ceil(64 * pixels);
        for _ in 0..2 {
            let blocks = 2 + random.below(least.max(3));
            let target = small(pixels, blocks.min(128), 64 * pixels);
            match compile(&graph, &target) {
                Ok(compiled) => {
                    in_strips += usize::from(!compiled.plan.groups.is_empty());
                    spilled += usize::from(spills(&compiled));
                    simulate(&compiled, &inputs(&graph, case)).unwrap();
                }
                Err(error) => {
                    assert!(["SG0702", "SG0703"].contains(&error.code().id), "{error}");
                    refused += 1;
                }
            }
        }
    }
    println!(
        "{tried} networks: {in_strips} plans in strips, {spilled} with tensors in DDR, {refused} refused"
    );
    assert!(in_strips > NETWORKS / 4 && spilled > NETWORKS / 12);
}

fn spills(compiled: &Compiled) -> bool {
    let loads = |work: &Work| matches!(work, Work::Transfer(own) if own.to_memory && own.buffer == Buffer::Scratch);
    compiled.schedule().passes.iter().any(|pass| loads(&pass.work))
}

/// A stage of a large maximum looks one row up and down, whatever the maximum's own window.
#[test]
fn the_stages_of_large_maxima_are_done_in_strips() {
    let (mut net, image) = Net::new("maxima", 3, 64);
    let stem = net.conv("stem", image, 32, Shape::square(3, 2), None);
    let pool = net.max_pool("pool", stem, 9, 1);
    let head = net.linear("head", pool, 16);
    net.output(head);
    let graph = net.finish();
    let compiled = compile(&graph, &small(1, 40, 1024)).unwrap();
    println!("{}", describe(&compiled.plan, &graph));
    assert!(compiled.plan.groups.iter().any(|group| group.strips > 1));
    simulate(&compiled, &inputs(&graph, 3)).unwrap();
}
/// Blocks of convolutions with residuals, splits, concatenations and branches.
fn long(layers: usize) -> QGraph {
    let (mut net, image) = Net::new("long", 3, 64);
    let mut x = net.conv("stem", image, 32, Shape::square(3, 2), None);
    let mut kept = [x; 4];
    let mut index = 0;
    while net.0.layers.len() < layers {
        let name = |part: &str| format!("b{index}.{part}");
        let [a, b] = net.halves(&name("split"), x);
        let a = net.conv(&name("in"), a, 32, Shape::POINT, None);
        let a = net.depthwise(&name("dw"), a, 3 + 2 * (index % 2), 1);
        let a = net.conv(&name("out"), a, 16, Shape::POINT, None);
        let joined = net.concat(&name("cat"), &[a, b, kept[index % 4]]);
        let y = net.conv(&name("mix"), joined, 32, Shape::POINT, Some(x));
        kept[index % 4] = x;
        x = y;
        index += 1;
    }
    net.output(x);
    net.finish()
}

#[test]
fn a_graph_of_5000_layers_is_planned() {
    let graph = long(5000);
    graph.validate().unwrap();
    let start = std::time::Instant::now();
    let plan = Plan::new(&graph, &Target::load("kv260").unwrap()).unwrap();
    println!(
        "{} layers, {} passes: {:?}, {} bytes, bound {}",
        graph.layers.len(),
        plan.schedule.passes.len(),
        start.elapsed(),
        plan.placed.packing.height,
        plan.placed.packing.lower_bound
    );
}
