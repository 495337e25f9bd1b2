//! Schedules of random graphs and of known networks: valid, and with the right numbers in every view.

use proptest::prelude::*;
use seigo::base::tensor::Tensor;
use seigo::compile::boards::Target;
use seigo::compile::schedule::{Placed, Plan, Schedule, StoredId, View};
use seigo::compile::schedule::{Way, Work, build, order, place, sizes, validate, ways};
use seigo::model::qgraph::QGraph;

use crate::networks::{self, NANO};
use crate::quantized::{self, Choices, inputs};
use crate::scheduled::{Truth, follow, replay};

/// Targets that can do all, and less.
fn targets() -> Vec<Target> {
    let all = Target::load("kv260").unwrap();
    let mut sequential = all.clone();
    sequential.capabilities.depthwise_chained = false;
    let mut chained = Target::load("zynq7020").unwrap();
    chained.capabilities.depthwise_sequential = false;
    chained.capabilities.stem_unit = false;
    let mut least = Target::load("kv260-large").unwrap();
    least.capabilities = Default::default();
    least.capabilities.depthwise_sequential = true;
    vec![all, sequential, chained, least]
}

/// Random graphs of every operator, and random networks of what the accelerator does.
fn graphs() -> impl Strategy<Value = (QGraph, Vec<Tensor>)> {
    let numbers = proptest::collection::vec(any::<u32>(), 0..200);
    let networks = numbers.prop_map(|numbers| {
        let mut choices = Choices::new(numbers);
        networks::random(&mut |limit| choices.below(limit))
    });
    prop_oneof![1 => quantized::graphs(), 3 => networks].prop_flat_map(|graph| {
        any::<u64>().prop_map(move |seed| (graph.clone(), inputs(&graph, seed)))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    #[test]
    fn random_graphs_are_scheduled_placed_and_read_the_right_numbers((graph, inputs) in graphs()) {
        let truth = Truth::new(&graph, &inputs);
        for target in targets() {
            for way in every_way(&graph, &target) {
                let parts = way.parts;
                let mut schedule = build(&graph, &target, &way).unwrap();
                let bytes = sizes::tensor_bytes(&schedule, target.pixels);
                if parts {
                    order(&mut schedule, &bytes);
                }
                let Some(placed) = place_if_it_fits(&graph, &mut schedule, &target) else {
                    continue;
                };
                validate::schedule(&graph, &schedule).unwrap();
                validate::placed(&graph, &schedule, &target, &placed).unwrap();
                follow(&graph, &schedule, &truth);
                replay_placed(&schedule, &placed, &target);
            }
        }
    }
}

/// The ways of building, each with split results whole and in parts.
fn every_way(graph: &QGraph, target: &Target) -> Vec<Way> {
    let ways = ways::all(graph, target, true).unwrap();
    let both = |way: Way| [false, true].map(|parts| Way { parts, ..way.clone() });
    ways.into_iter().flat_map(both).collect()
}

/// One of them.
fn some_way(graph: &QGraph, target: &Target, number: u32) -> Way {
    let mut ways = every_way(graph, target);
    ways.swap_remove(number as usize % ways.len())
}

/// None where the tensors that are alive together are really larger than the memory.
fn place_if_it_fits(graph: &QGraph, schedule: &mut Schedule, target: &Target) -> Option<Placed> {
    match place(graph, schedule, target) {
        Err(error) if error.code().id == "SG0702" => {
            let mut roomy = target.clone();
            roomy.memory_bytes = 128 * target.block_bytes;
            let alive = place(graph, schedule, &roomy).map(|placed| placed.packing.height);
            assert!(alive.ok().is_none_or(|height| height > target.memory_bytes));
            None
        }
        placed => Some(placed.unwrap()),
    }
}

fn replay_placed(schedule: &Schedule, placed: &Placed, target: &Target) {
    let words = target.memory_bytes as usize / 16;
    replay(schedule, &placed.bases, target.pixels as usize, words);
}

/// Whether nothing in `check` fails; its message is kept off the terminal.
fn holds(check: impl FnOnce() + std::panic::UnwindSafe) -> bool {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let held = std::panic::catch_unwind(check).is_ok();
    std::panic::set_hook(hook);
    held
}

/// Changes one thing of a schedule.
fn mutate(schedule: &mut Schedule, choices: &mut Choices) {
    let count = schedule.passes.len();
    let index = choices.below(count);
    let other = choices.below(count);
    let tensors = schedule.stored.len().max(1);
    let change = |view: &mut View, choices: &mut Choices| match choices.below(4) {
        0 => {
            let (a, b) = (choices.below(view.slots.len()), choices.below(view.slots.len()));
            view.slots.swap(a, b);
        }
        1 => {
            let plane = choices.below(view.planes.len());
            view.planes[plane].plane = choices.below(3);
        }
        2 => {
            let plane = choices.below(view.planes.len());
            view.planes[plane].stored = StoredId(choices.below(tensors));
        }
        _ => {
            let plane = choices.below(view.planes.len());
            view.planes[plane].upsampled ^= true;
        }
    };
    match (choices.below(5), &mut schedule.passes[index].work) {
        (0, _) => schedule.passes.swap(index, other),
        (1, _) => drop(schedule.passes.remove(index)),
        (2, _) => {
            let pass = schedule.passes[index].clone();
            schedule.passes.insert(other, pass);
        }
        (3, Work::Dense(dense)) => match choices.below(5) {
            0 => dense.store = Some(StoredId(choices.below(tensors))),
            1 => dense.planes += 1,
            2 => dense.advance += 1,
            3 => dense.filters.clear(),
            _ => {
                let (a, b) = (choices.below(16), choices.below(16));
                dense.slots.swap(a, b);
            }
        },
        (_, Work::Dense(dense)) => match &mut dense.source {
            seigo::compile::schedule::Source::Memory(views) => change(&mut views[0], choices),
            seigo::compile::schedule::Source::Stem(_) => dense.store = None,
        },
        (_, Work::Plane(plane)) => change(&mut plane.source, choices),
        (_, Work::Transfer(transfer)) => transfer.stored = StoredId(choices.below(tensors)),
        (_, Work::Processor { layers }) => drop(layers.pop()),
    }
}

fn mutated() -> impl Strategy<Value = (QGraph, Vec<Tensor>, Vec<u32>)> {
    (graphs(), proptest::collection::vec(any::<u32>(), 12))
        .prop_map(|((graph, inputs), numbers)| (graph, inputs, numbers))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, ..ProptestConfig::default() })]

    #[test]
    fn a_changed_schedule_that_is_accepted_is_right((graph, inputs, numbers) in mutated()) {
        let target = &targets()[numbers[0] as usize % 4];
        let mut schedule = build(&graph, target, &some_way(&graph, target, numbers[11])).unwrap();
        if schedule.passes.is_empty() {
            return Ok(());
        }
        mutate(&mut schedule, &mut Choices::new(numbers));
        if validate::schedule(&graph, &schedule).is_ok() {
            let truth = Truth::new(&graph, &inputs);
            follow(&graph, &schedule, &truth);
        }
    }

    #[test]
    fn changed_addresses_that_are_accepted_are_right((graph, _, numbers) in mutated()) {
        let target = &targets()[numbers[0] as usize % 4];
        let mut schedule = build(&graph, target, &some_way(&graph, target, numbers[11])).unwrap();
        let Some(mut placed) = place_if_it_fits(&graph, &mut schedule, target) else {
            return Ok(());
        };
        let mut choices = Choices::new(numbers);
        if schedule.stored.is_empty() {
            return Ok(());
        }
        let pass = choices.below(schedule.passes.len());
        match choices.below(4) {
            0 => {
                let client = choices.below(6);
                placed.owners[pass].0[client] ^= 1 << choices.below(64);
                prop_assert!(validate::placed(&graph, &schedule, target, &placed).is_err());
                return Ok(());
            }
            1 => schedule.passes[pass].waits ^= true,
            _ => {
                // Both places say the same, so that only the contents tell.
                let tensor = choices.below(schedule.stored.len());
                let row = target.pixels as usize;
                let base = choices.below(40) * row;
                placed.bases[tensor] = base;
                let seigo::compile::packing::Layout::Contiguous { offsets, alignment } = &mut placed.packing.layout
                else { unreachable!() };
                offsets[tensor] = base as u64 * 16;
                *alignment = target.pixels * 16;
            }
        }
        if validate::placed(&graph, &schedule, target, &placed).is_ok() {
            replay_placed(&schedule, &placed, target);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    /// Any byte of a plan in a file may be another: it is refused, or the plan is still right.
    #[test]
    fn a_damaged_plan_is_refused_or_right((graph, _, numbers) in mutated()) {
        let target = Target::load("kv260").unwrap();
        let plan = match Plan::new(&graph, &target) {
            Err(error) if error.code().id == "SG0702" => return Ok(()),
            plan => plan.unwrap(),
        };
        let mut bytes = plan.to_bytes().unwrap();
        let at = numbers[0] as usize % bytes.len();
        let other = bytes[numbers[2] as usize % bytes.len()];
        bytes[at] = if numbers[1] % 2 == 0 { b'0' + (numbers[1] >> 8) as u8 % 10 } else { other };
        if let Ok(plan) = Plan::from_bytes(&graph, 1, &bytes) {
            replay_placed(&plan.schedule, &plan.placed, &plan.target);
        }
        prop_assert_eq!(Plan::from_bytes(&graph, 2, &bytes).unwrap_err().code().id, "SG0602");
    }
}

/// The properties above are no empty words: most changes are wrong, and found.
#[test]
fn most_changes_are_rejected() {
    use proptest::strategy::ValueTree as _;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut rejected, mut wrong, mut all) = (0, 0, 0);
    for _ in 0..400 {
        let (graph, inputs, numbers) = mutated().new_tree(&mut runner).unwrap().current();
        let target = &targets()[numbers[0] as usize % 4];
        let mut schedule = build(&graph, target, &some_way(&graph, target, numbers[11])).unwrap();
        if schedule.passes.is_empty() {
            continue;
        }
        mutate(&mut schedule, &mut Choices::new(numbers));
        all += 1;
        rejected += usize::from(validate::schedule(&graph, &schedule).is_err());
        wrong += usize::from(!holds(|| follow(&graph, &schedule, &Truth::new(&graph, &inputs))));
    }
    println!("{all} changed schedules: {wrong} wrong, {rejected} rejected");
    assert!(rejected >= wrong && wrong * 4 > all, "{wrong} of {all} wrong, {rejected} rejected");
}

/// The random graphs lead to every kind of pass.
#[test]
fn the_random_graphs_reach_every_kind_of_pass() {
    use proptest::strategy::ValueTree as _;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut seen = std::collections::BTreeMap::<&str, usize>::new();
    for _ in 0..400 {
        let (graph, _) = graphs().new_tree(&mut runner).unwrap().current();
        for target in targets() {
            for pass in build(&graph, &target, &Way::default()).unwrap().passes {
                let kinds = match &pass.work {
                    Work::Dense(dense) => vec![
                        "dense",
                        if dense.filters.is_empty() { "alone" } else { "chained" },
                        if dense.filters.len() == 2 { "pair" } else { "no pair" },
                        if dense.residual.is_some() { "residual" } else { "no residual" },
                        if dense.advance > 0 { "groups" } else { "no groups" },
                        match dense.source {
                            seigo::compile::schedule::Source::Stem(_) => "stem",
                            seigo::compile::schedule::Source::Memory(_) => "memory",
                        },
                        match graph.layers[dense.layer].op {
                            seigo::model::qgraph::QOp::Move(_) => "copy",
                            seigo::model::qgraph::QOp::Add => "add",
                            seigo::model::qgraph::QOp::Rescale => "rescale",
                            _ => "convolution",
                        },
                    ],
                    Work::Plane(_) => vec!["plane"],
                    Work::Transfer(own) if own.to_memory => vec!["load"],
                    Work::Transfer(_) => vec!["save"],
                    Work::Processor { .. } => vec!["processor"],
                };
                kinds.into_iter().for_each(|kind| *seen.entry(kind).or_default() += 1);
            }
        }
    }
    println!("{seen:?}");
    let needed = [
        "chained",
        "pair",
        "residual",
        "groups",
        "stem",
        "copy",
        "add",
        "rescale",
        "plane",
        "load",
        "save",
        "processor",
    ];
    for kind in needed {
        assert!(seen.contains_key(kind), "no {kind}: {seen:?}");
    }
}

#[test]
fn yolox_nano_is_all_passes_of_the_accelerator() {
    let graph = NANO.graph();
    graph.validate().unwrap();
    let target = Target::load("kv260").unwrap();
    let mut schedule = build(&graph, &target, &Way::default()).unwrap();
    let placed = place(&graph, &mut schedule, &target).unwrap();
    validate::schedule(&graph, &schedule).unwrap();
    let count =
        |what: fn(&Work) -> bool| schedule.passes.iter().filter(|pass| what(&pass.work)).count();
    println!(
        "{} passes: {} dense, {} plane, {} transfers; {} bytes",
        schedule.passes.len(),
        count(|work| matches!(work, Work::Dense(_))),
        count(|work| matches!(work, Work::Plane(_))),
        count(|work| matches!(work, Work::Transfer(_))),
        placed.packing.height
    );
    assert!(schedule.tail.is_empty());
}
