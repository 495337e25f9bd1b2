//! Networks that do not fit: strips of rows, tensors in DDR, and what does not even fit that way.

use seigo::compile::boards::Target;
use seigo::compile::schedule::{Plan, Work, build, tile, validate};
use seigo::model::qgraph::QGraph;

use crate::networks::{NANO, Net, SMALL, Shape};

fn tiled(graph: &QGraph, target: &Target) -> tile::Tiling {
    let schedule = build(graph, target).unwrap();
    let tiling = tile::tile(graph, &schedule, target).unwrap();
    validate::tiling(graph, &schedule, target, &tiling).unwrap();
    let strips = tiling.strips.iter().filter(|strips| strips.count > 1);
    println!(
        "{}: {} of {} passes in strips, {} of {} tensors in DDR, {} of {} B, DDR {} B of {} B ({:?})",
        target.name,
        strips.count(),
        schedule.passes.len(),
        tiling.in_ddr.iter().filter(|own| **own).count(),
        schedule.stored.len(),
        tiling.packing.height,
        target.memory_bytes,
        tiling.traffic.total(),
        tiling.no_reuse,
        tiling.traffic
    );
    tiling
}

#[test]
fn yolox_nano_on_a_zynq_7020() {
    let graph = NANO.graph();
    let target = Target::load("zynq7020").unwrap();
    let error = Plan::new(&graph, &target).unwrap_err();
    assert_eq!(error.code().id, "SG0702", "{error}");
    let tiling = tiled(&graph, &target);
    assert!(tiling.strips.iter().any(|strips| strips.count > 1));
    assert!(tiling.traffic.total() * 2 < tiling.no_reuse);
}

#[test]
fn yolox_s_at_640() {
    let graph = SMALL.graph();
    for name in ["kv260", "kv260-large", "zynq7020", "ultra96"] {
        let tiling = tiled(&graph, &Target::load(name).unwrap());
        assert!(tiling.traffic.total() < tiling.no_reuse);
        assert!(tiling.in_ddr.contains(&true) && tiling.in_ddr.contains(&false));
    }
}

#[test]
fn a_network_that_fits_needs_no_strips() {
    let graph = NANO.graph();
    let tiling = tiled(&graph, &Target::load("kv260").unwrap());
    assert!(tiling.strips.iter().all(|strips| strips.count == 1));
    let outputs = tiling.in_ddr.iter().filter(|own| **own).count();
    assert_eq!(outputs, graph.outputs.len(), "only what leaves is in DDR");
}

#[test]
fn a_memory_that_does_not_hold_one_strip_is_refused_with_the_tensors() {
    let mut target = Target::load("zynq7020").unwrap();
    target.port_domains.bytes = 1024;
    target.block_bytes = 1024;
    target.port_domains.count = 16;
    target.memory_bytes = 16 * 1024;
    let graph = SMALL.graph();
    let schedule = build(&graph, &target).unwrap();
    let error = tile::tile(&graph, &schedule, &target).unwrap_err();
    assert_eq!(error.code().id, "SG0702");
    assert!(error.message().contains("does not hold one strip of pass"), "{error}");
    println!("{error}");
}

#[test]
fn a_changed_plan_in_strips_is_rejected() {
    let graph = NANO.graph();
    let target = Target::load("zynq7020").unwrap();
    let schedule = build(&graph, &target).unwrap();
    let good = tiled(&graph, &target);
    let mut resident = good.clone();
    let index = good.in_ddr.iter().position(|own| *own).unwrap();
    resident.in_ddr[index] = false;
    let mut strips = good.clone();
    let pass = good.strips.iter().position(|strips| strips.count > 1).unwrap();
    strips.strips[pass].rows += 1;
    let mut fewer = good.clone();
    fewer.strips[pass].count -= 1;
    let mut moved = good.clone();
    let seigo::compile::packing::Layout::Contiguous { offsets, .. } = &mut moved.packing.layout
    else {
        unreachable!()
    };
    let highest = offsets.iter().enumerate().max_by_key(|(_, offset)| **offset).unwrap().0;
    offsets[highest] = 0;
    let mut elsewhere = good.clone();
    elsewhere.tensors.swap(0, good.tensors.len() - 1);
    for (index, bad) in [resident, strips, fewer, moved, elsewhere].into_iter().enumerate() {
        let error = validate::tiling(&graph, &schedule, &target, &bad);
        assert_eq!(error.map_err(|error| error.code().id), Err("SG0704"), "change {index}");
    }
}

/// A stage of a large maximum looks one row up and down, whatever the maximum's own window.
#[test]
fn the_stages_of_large_maxima_are_done_in_strips() {
    let (mut net, image) = Net::new("maxima", 3, 256);
    let stem = net.conv("stem", image, 64, Shape::square(3, 2), None);
    let pool = net.max_pool("pool", stem, 9, 1);
    let head = net.linear("head", pool, 16);
    net.output(head);
    let graph = net.0;
    let target = Target::load("zynq7020").unwrap();
    let tiling = tiled(&graph, &target);
    let schedule = build(&graph, &target).unwrap();
    let stages = schedule.passes.iter().zip(&tiling.strips);
    let stages = stages.filter(|(pass, _)| matches!(pass.work, Work::Plane(_)));
    let counts: Vec<_> = stages.map(|(_, strips)| strips.count).collect();
    assert_eq!(counts.len(), 4);
    assert!(counts.iter().all(|&count| count > 1), "{counts:?}");
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
        let a = net.depthwise(&name("dw"), a, 3, 1);
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
