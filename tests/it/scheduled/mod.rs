//! Follows a schedule with numbers: every view must hold what the reference has in that value.

use std::collections::HashMap;

use seigo::base::tensor::Tensor;
use seigo::compile::schedule::{CHANNELS, Schedule, Source, Stage, Stored, StoredId, View, Work};
use seigo::model::qgraph::{QGraph, QOp, QValueId};
use seigo::software::reference;

/// Integers of every value, by the reference.
pub struct Truth(HashMap<QValueId, (Vec<usize>, Vec<i64>)>);

impl Truth {
    pub fn new(graph: &QGraph, inputs: &[Tensor]) -> Self {
        let mut all = HashMap::new();
        reference::run_observed(graph, inputs, |id, tensor| {
            if let (Ok(q), true) = (tensor.to_i64s(), graph.value(id).integer().is_some()) {
                all.insert(id, (tensor.shape().to_vec(), q));
            }
            Ok(())
        })
        .unwrap();
        Self(all)
    }

    /// The pixels of a channel, in raster order.
    fn channel(&self, id: QValueId, channel: usize) -> &[i64] {
        let (shape, q) = &self.0[&id];
        let plane: usize = shape.iter().skip(2).product();
        &q[channel * plane..][..plane]
    }
}

/// Runs all passes; panics where a pass would read anything but what its layer reads.
pub fn follow(graph: &QGraph, schedule: &Schedule, truth: &Truth) {
    check_layers(graph, schedule);
    let mut memory: Memory<'_> = Memory { schedule, truth, slots: HashMap::new() };
    for pass in &schedule.passes {
        match &pass.work {
            Work::Dense(dense) => {
                let mut output = graph.layers[dense.layer].outputs[0];
                if let Source::Memory(views) = &dense.source {
                    views.iter().for_each(|view| memory.check(view));
                    if matches!(graph.layers[dense.layer].op, QOp::Move(_)) {
                        output = views[0].value;
                    }
                }
                dense.residual.iter().for_each(|view| memory.check(view));
                dense.store.iter().for_each(|&id| memory.write(id, output));
                for filter in &dense.filters {
                    assert_eq!(graph.layers[filter.layer].input(0), Some(output));
                    memory.write(filter.result, graph.layers[filter.layer].outputs[0]);
                }
            }
            Work::Plane(plane) => {
                let filter = &plane.filters[0];
                let output = graph.layers[filter.layer].outputs[0];
                if plane.stage == Stage::Cascade || is_large(graph, filter.layer) {
                    memory.cascade(&plane.source, filter.result);
                    if plane.stage == Stage::Whole {
                        memory.check_stored(filter.result, output);
                    }
                    continue;
                }
                memory.check(&plane.source);
                for filter in &plane.filters {
                    memory.write(filter.result, graph.layers[filter.layer].outputs[0]);
                }
            }
            Work::Transfer(transfer) if transfer.to_memory => {
                memory.write(transfer.stored, schedule.stored[transfer.stored.0].value);
            }
            Work::Transfer(transfer) => {
                memory.check_stored(transfer.stored, schedule.stored[transfer.stored.0].value);
            }
            Work::Processor { .. } => {}
        }
    }
}

/// Every layer that computes is done once: by passes, channel by channel, or by the processor; and
/// outputs leave or are made by the processor.
fn check_layers(graph: &QGraph, schedule: &Schedule) {
    let mut channels = vec![0; graph.layers.len()];
    let mut processor = schedule.tail.clone();
    for pass in &schedule.passes {
        let count = |slots: &[Option<usize>]| slots.iter().flatten().count();
        match &pass.work {
            Work::Dense(dense) => {
                channels[dense.layer] += count(&dense.slots);
                dense.filters.iter().for_each(|own| channels[own.layer] += count(&dense.slots));
            }
            Work::Plane(plane) if plane.stage == Stage::Whole => {
                let slots = &plane.source.slots;
                plane.filters.iter().for_each(|own| channels[own.layer] += count(slots));
            }
            Work::Processor { layers } => processor.extend(layers),
            _ => {}
        }
    }
    for (index, layer) in graph.layers.iter().enumerate() {
        let by_processor = processor.iter().filter(|&&own| own == index).count();
        if matches!(layer.op, QOp::Move(_)) {
            continue;
        }
        let whole = graph.value(layer.outputs[0]).channels();
        assert!(
            (channels[index], by_processor) == (whole, 0)
                || (channels[index], by_processor) == (0, 1),
            "{} is done by {} of {whole} channels and {by_processor} times",
            layer.place(),
            channels[index]
        );
    }
    for output in &graph.outputs {
        let leaves = schedule.leaving.iter().any(|own| own.value == output.value);
        let made = processor.iter().any(|&own| graph.layers[own].outputs.contains(&output.value));
        assert!(leaves || made || graph.inputs.contains(&output.value), "{} stays", output.name);
    }
}

/// Replays the addresses word by word: what a pass reads must still be there, and no transfer that
/// may go on is disturbed.
pub fn replay(schedule: &Schedule, bases: &[usize], pixels: usize, words: usize) {
    let mut memory: Vec<Option<StoredId>> = vec![None; words];
    let mut reading = vec![false; words];
    let mut writing = vec![false; words];
    let area = |id: StoredId, plane: usize| {
        let stored = &schedule.stored[id.0];
        let plane_words = stored.height * stored.width * stored.format.bits() as usize / 8;
        let stride = plane_words.div_ceil(pixels) * pixels;
        bases[id.0] + plane * stride..bases[id.0] + (plane + 1) * stride
    };
    for pass in &schedule.passes {
        if pass.waits {
            reading.fill(false);
            writing.fill(false);
        }
        let planes = |id: StoredId| 0..schedule.stored[id.0].slots.len() / CHANNELS;
        let whole = |id: StoredId| planes(id).map(move |plane| (id, plane)).collect::<Vec<_>>();
        let (mut reads, mut writes) = (Vec::new(), Vec::new());
        let view = |view: &View| -> Vec<_> {
            view.planes.iter().map(|plane| (plane.stored, plane.plane)).collect()
        };
        match &pass.work {
            Work::Dense(dense) => {
                if let Source::Memory(views) = &dense.source {
                    reads.extend(views.iter().flat_map(view));
                }
                reads.extend(dense.residual.iter().flat_map(view));
                writes.extend(dense.store.into_iter().flat_map(whole));
                writes.extend(dense.filters.iter().flat_map(|own| whole(own.result)));
            }
            Work::Plane(plane) => {
                reads.extend(view(&plane.source));
                writes.extend(plane.filters.iter().flat_map(|own| whole(own.result)));
            }
            Work::Transfer(own) if own.to_memory => writes.extend(whole(own.stored)),
            Work::Transfer(own) => reads.extend(whole(own.stored)),
            Work::Processor { .. } => {
                assert!(!reading.contains(&true) && !writing.contains(&true));
            }
        }
        for &(id, plane) in &writes {
            for word in area(id, plane) {
                assert!(!reading[word] && !writing[word], "a transfer is disturbed");
                memory[word] = Some(id);
            }
        }
        for &(id, plane) in &reads {
            for word in area(id, plane) {
                assert_eq!(memory[word], Some(id), "something else lies there");
                assert!(!writing[word], "it is not there yet");
            }
        }
        if let Work::Transfer(own) = &pass.work {
            let busy = if own.to_memory { &mut writing } else { &mut reading };
            planes(own.stored)
                .flat_map(|plane| area(own.stored, plane))
                .for_each(|w| busy[w] = true);
        }
    }
}

fn is_large(graph: &QGraph, layer: usize) -> bool {
    matches!(&graph.layers[layer].op, QOp::MaxPool(pool) if pool.max_pool.window.kernel[0] > 3)
}

struct Memory<'a> {
    schedule: &'a Schedule,
    truth: &'a Truth,
    slots: HashMap<(StoredId, usize), Vec<i64>>,
}

impl Memory<'_> {
    fn stored(&self, id: StoredId) -> &Stored {
        &self.schedule.stored[id.0]
    }

    fn write(&mut self, id: StoredId, value: QValueId) {
        assert_eq!(self.stored(id).value, value);
        for (slot, channel) in self.stored(id).slots.clone().into_iter().enumerate() {
            if let Some(channel) = channel {
                self.slots.insert((id, slot), self.truth.channel(value, channel).to_vec());
            }
        }
    }

    fn check_stored(&self, id: StoredId, value: QValueId) {
        for (slot, channel) in self.stored(id).slots.iter().enumerate() {
            if let Some(channel) = channel {
                assert_eq!(self.slots[&(id, slot)], self.truth.channel(value, *channel));
            }
        }
    }

    fn check(&self, view: &View) {
        for (position, channel) in view.slots.iter().enumerate() {
            let Some(channel) = *channel else { continue };
            let plane = view.planes[position / CHANNELS];
            let slot = plane.plane * CHANNELS + position % CHANNELS;
            let own = &self.slots[&(plane.stored, slot)];
            let (height, width) =
                (self.stored(plane.stored).height, self.stored(plane.stored).width);
            let seen: Vec<i64> = if plane.upsampled {
                let pixel = |y: usize, x: usize| own[y / 2 * width + x / 2];
                (0..2 * height).flat_map(|y| (0..2 * width).map(move |x| pixel(y, x))).collect()
            } else {
                own.clone()
            };
            assert_eq!(seen, self.truth.channel(view.value, channel), "channel {channel}");
        }
    }

    /// A 3 x 3 maximum with stride 1 and padding 1.
    fn cascade(&mut self, source: &View, result: StoredId) {
        let (height, width) = (self.stored(result).height, self.stored(result).width);
        for (position, channel) in source.slots.iter().enumerate() {
            if channel.is_none() {
                continue;
            }
            let plane = source.planes[position / CHANNELS];
            let own = &self.slots[&(plane.stored, plane.plane * CHANNELS + position % CHANNELS)];
            let around = |at: usize, end: usize| at.saturating_sub(1)..(at + 2).min(end);
            let pixel = |y: usize, x: usize| {
                around(y, height)
                    .flat_map(|y| around(x, width).map(move |x| own[y * width + x]))
                    .max()
                    .unwrap()
            };
            let pixels = (0..height).flat_map(|y| (0..width).map(move |x| pixel(y, x))).collect();
            self.slots.insert((result, position), pixels);
        }
    }
}
