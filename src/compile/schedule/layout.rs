//! Where the channels of stored tensors lie.
//!
//! A tensor that is only read channel by channel, by convolutions with weights for each of them, may hold its channels
//! in any order. A reader takes time for every plane that it reads, also for one of which it needs a single channel: what
//! halves of a shuffle, slices and choices of channels read is put together here, so that it fills planes.

use std::collections::{BTreeMap, BTreeSet};

use super::classify::Unit;
use super::roles::Roles;
use super::{CHANNELS, Dense, Schedule, Source, View, Work, channels, estimate};
use crate::compile::capabilities::Datapath;
use crate::model::qgraph::{Operand, QConv, QGraph, QValueId};

/// The channels in the slots of a tensor.
pub type Slots = Vec<Option<usize>>;

/// Where channels lie, and what is copied together.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Layout {
    /// By the layer on the dense array that makes them, where channels have another order than that of their numbers.
    pub orders: BTreeMap<usize, Slots>,
    /// Planes of which little is read are copied into fewer where that spares cycles.
    pub joins: bool,
}

impl Layout {
    /// The slots of the results of a layer.
    pub fn slots(&self, layer: usize) -> Option<&Slots> {
        self.orders.get(&layer)
    }

    /// The layout that spares most planes to the passes of a schedule, which was built in the order of numbers.
    pub fn of(graph: &QGraph, roles: &Roles, schedule: &Schedule, pixels: u64) -> Self {
        let reads = Reads::of(graph, schedule, pixels);
        let free = free(graph, roles);
        let mut orders = BTreeMap::new();
        for pass in &schedule.passes {
            let Work::Dense(dense) = &pass.work else { continue };
            if !is_ordered(graph, &free, dense) {
                continue;
            }
            let own = reads.of_results(dense);
            let natural: Slots = dense.slots.clone();
            let slots = arrange(&own, &reads.cycles);
            let cost = |slots: &Slots| cost(slots, &own, &reads.cycles);
            if cost(&slots) < cost(&natural) {
                orders.insert(dense.layer, slots);
            }
        }
        Self { orders, joins: false }
    }
}

/// By value: all that read it take its channels in any order.
pub fn free(graph: &QGraph, roles: &Roles) -> Vec<bool> {
    let mut free = vec![false; graph.values.len()];
    let reads = |free: &[bool], reader: usize, id: QValueId| {
        let layer = &graph.layers[reader];
        let outputs = || layer.outputs.iter();
        match roles.units[reader] {
            Ok(Unit::View) => outputs().all(|own| free[own.0] || !roles.wanted[own.0]),
            Ok(Unit::Plane(_)) => outputs().all(|own| free[own.0]),
            Ok(Unit::Dense) => {
                let inputs = layer.inputs.iter().flatten().filter_map(Operand::value);
                roles.phases[reader].is_none()
                    && layer.op.conv().is_some_and(|conv| conv.group == 1)
                    && inputs.skip(1).all(|own| own != id)
            }
            Ok(Unit::ChannelMul | Unit::Cascade(_) | Unit::Phases) | Err(_) => false,
        }
    };
    for layer in graph.layers.iter().rev() {
        for &id in &layer.outputs {
            let stays = !roles.to_middle[id.0] && !roles.to_tail[id.0];
            free[id.0] =
                stays && roles.readers[id.0].iter().all(|&reader| reads(&free, reader, id));
        }
    }
    free
}

/// Cycles that the readers of a value take for each plane of it.
pub fn plane_cycles(graph: &QGraph, roles: &Roles, pixels: u64, id: QValueId) -> u64 {
    let of = |&reader: &usize| match roles.units[reader] {
        Ok(Unit::Dense) => layer_cycles(graph, reader, pixels),
        // Its result has as many planes.
        Ok(Unit::Plane(_)) => {
            let result = graph.layers[reader].outputs[0];
            layer_cycles(graph, reader, pixels) + plane_cycles(graph, roles, pixels, result)
        }
        _ => 0,
    };
    roles.readers[id.0].iter().map(of).sum()
}

/// Cycles of a layer for each plane of its input.
fn layer_cycles(graph: &QGraph, layer: usize, pixels: u64) -> u64 {
    let layer = &graph.layers[layer];
    let plane = |id: QValueId| channels::extent(graph, id).iter().product::<usize>() as u64;
    let result = plane(layer.outputs[0]).div_ceil(pixels);
    match Datapath::of(&layer.op) {
        Ok(Datapath::Convolution(conv)) if conv.group == 1 => {
            let [rows, columns] = conv.axes.map(|axis| axis.kernel);
            (conv.outputs().div_ceil(CHANNELS) * rows * columns) as u64 * result
        }
        Ok(Datapath::Movement(_)) => {
            graph.value(layer.outputs[0]).channels().div_ceil(CHANNELS) as u64 * result
        }
        _ => layer.input(0).map_or(0, |id| plane(id).div_ceil(estimate::engine_pixels(pixels))),
    }
}

/// Whether the results of a pass may have any order.
fn is_ordered(graph: &QGraph, free: &[bool], dense: &Dense) -> bool {
    let layer = &graph.layers[dense.layer];
    let conv = layer.op.conv().filter(|conv| conv.group == 1 && conv.residual().is_none());
    let filters = dense.filters.iter().map(|filter| graph.layers[filter.layer].outputs[0]);
    let mut results = dense.store.map(|_| layer.outputs[0]).into_iter().chain(filters);
    let all = conv.map(QConv::outputs) == Some(dense.slots.iter().flatten().count());
    all && dense.phase.is_none() && results.all(|id| free[id.0])
}

/// The passes that read each slot of the stored tensors, and what each takes for a plane.
struct Reads {
    slots: Vec<Vec<BTreeSet<usize>>>,
    cycles: Vec<u64>,
}

impl Reads {
    fn of(graph: &QGraph, schedule: &Schedule, pixels: u64) -> Self {
        let none = |slots: &Slots| vec![BTreeSet::new(); slots.len()];
        let mut all = Self {
            slots: schedule.stored.iter().map(|stored| none(&stored.slots)).collect(),
            cycles: vec![0; schedule.passes.len()],
        };
        // What reads the result of the plane engine reads the same slots of its input.
        for (index, pass) in schedule.passes.iter().enumerate().rev() {
            let readers = BTreeSet::from([index]);
            match &pass.work {
                Work::Dense(dense) => {
                    all.cycles[index] = layer_cycles(graph, dense.layer, pixels);
                    if let Source::Memory(views) = &dense.source {
                        views.iter().for_each(|view| all.add(view, |_| readers.clone()));
                    }
                }
                Work::Plane(plane) => {
                    let layers = plane.filters.iter().map(|filter| filter.layer);
                    all.cycles[index] =
                        layers.map(|layer| layer_cycles(graph, layer, pixels)).sum();
                    let results = plane.filters.iter().map(|filter| filter.result.0);
                    let behind: Vec<_> = results.map(|id| all.slots[id].clone()).collect();
                    all.add(&plane.source, |slot| {
                        let behind = behind.iter().filter_map(|own| own.get(slot)).flatten();
                        behind.chain(&readers).copied().collect()
                    });
                }
                Work::Transfer(_) | Work::Processor { .. } => {}
            }
        }
        all
    }

    /// Adds the readers of each slot of a view.
    fn add(&mut self, view: &View, readers: impl Fn(usize) -> BTreeSet<usize>) {
        for (slot, _) in view.slots.iter().enumerate().filter(|(_, own)| own.is_some()) {
            let plane = view.planes[slot / CHANNELS];
            let at = plane.plane * CHANNELS + slot % CHANNELS;
            self.slots[plane.stored.0][at].extend(readers(slot));
        }
    }

    /// By channel of a pass's results: who reads it.
    fn of_results(&self, dense: &Dense) -> Vec<BTreeSet<usize>> {
        let results = dense.store.into_iter().chain(dense.filters.iter().map(|own| own.result));
        let results: Vec<_> = results.map(|id| &self.slots[id.0]).collect();
        let mut channels: Vec<_> = dense.slots.iter().enumerate().collect();
        channels.sort_unstable_by_key(|(_, channel)| **channel);
        let channels = channels.into_iter().filter(|(_, channel)| channel.is_some());
        channels
            .map(|(slot, _)| results.iter().flat_map(|slots| &slots[slot]).copied().collect())
            .collect()
    }
}

/// Cycles that all readers take for the planes that they read of slots.
fn cost(slots: &Slots, readers: &[BTreeSet<usize>], cycles: &[u64]) -> u64 {
    let planes = slots.chunks(CHANNELS).map(|plane| {
        let own: BTreeSet<usize> =
            plane.iter().flatten().flat_map(|&channel| &readers[channel]).copied().collect();
        own.into_iter().map(|pass| cycles[pass]).sum::<u64>()
    });
    planes.sum()
}

/// Channels in an order in which those with the same readers fill planes: what is left of groups is placed by size, or
/// that of those who take most for a plane first, whichever costs less.
fn arrange(readers: &[BTreeSet<usize>], cycles: &[u64]) -> Slots {
    let mut groups: BTreeMap<&BTreeSet<usize>, Vec<usize>> = BTreeMap::new();
    readers.iter().enumerate().for_each(|(own, by)| groups.entry(by).or_default().push(own));
    let mut rests: Vec<(&BTreeSet<usize>, &[usize])> = Vec::new();
    let mut whole = Vec::new();
    for (readers, channels) in &groups {
        let planes = channels.chunks_exact(CHANNELS);
        rests.push((*readers, planes.remainder()));
        whole.extend(planes.flatten().copied().map(Some));
    }
    let all = readers.len().div_ceil(CHANNELS) - whole.len() / CHANNELS;
    let size = |(_, channels): &(&BTreeSet<usize>, &[usize])| channels.len();
    let weight = |(readers, _): &(&BTreeSet<usize>, &[usize])| {
        readers.iter().map(|&pass| cycles[pass]).sum::<u64>()
    };
    rests.sort_by_key(|rest| std::cmp::Reverse((size(rest), weight(rest))));
    let by_size = place(&rests, all, cycles);
    rests.sort_by_key(|rest| std::cmp::Reverse((weight(rest), size(rest))));
    let by_weight = place(&rests, all, cycles);
    let slots = [by_size, by_weight].map(|rests| [whole.clone(), rests].concat());
    slots.into_iter().min_by_key(|slots| cost(slots, readers, cycles)).unwrap_or_default()
}

/// Places groups one after the other in `all` planes, each where its readers read already or what is left is least.
fn place(groups: &[(&BTreeSet<usize>, &[usize])], all: usize, cycles: &[u64]) -> Slots {
    let mut planes: Vec<Plane> = Vec::with_capacity(all);
    for &(readers, mut channels) in groups {
        while !channels.is_empty() {
            if planes.len() < all && !planes.iter().any(|own| own.fits(channels)) {
                planes.push(Plane::default());
            }
            let open = planes.iter_mut().filter(|own| own.room() > 0);
            let best =
                open.min_by_key(|own| (!own.fits(channels), own.more(readers, cycles), own.room()));
            // There is room for every channel in as many planes as these take.
            let Some(plane) = best else { break };
            let (now, later) = channels.split_at(plane.room().min(channels.len()));
            plane.channels.extend(now);
            plane.readers.extend(readers);
            channels = later;
        }
    }
    let filled = |own: Plane| {
        let channels = own.channels.into_iter().map(Some);
        channels.chain(std::iter::repeat(None)).take(CHANNELS)
    };
    planes.into_iter().flat_map(filled).collect()
}

/// A plane that is being filled.
#[derive(Default)]
struct Plane {
    channels: Vec<usize>,
    readers: BTreeSet<usize>,
}

impl Plane {
    fn room(&self) -> usize {
        CHANNELS - self.channels.len()
    }

    fn fits(&self, channels: &[usize]) -> bool {
        channels.len() <= self.room()
    }

    /// What these readers take for the plane that do not read it yet.
    fn more(&self, readers: &BTreeSet<usize>, cycles: &[u64]) -> u64 {
        readers.difference(&self.readers).map(|&pass| cycles[pass]).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The readers of channels: passes by how many successive channels each reads.
    fn readers(groups: &[(usize, &[usize])]) -> Vec<BTreeSet<usize>> {
        let of = |(count, passes): &(usize, &[usize])| {
            vec![BTreeSet::from_iter(passes.iter().copied()); *count]
        };
        groups.iter().flat_map(of).collect()
    }

    fn natural(readers: &[BTreeSet<usize>]) -> Slots {
        channels::natural(readers.len())
    }

    /// What a block of a ShuffleNetV2 gives to each of those behind it: halves of halves, the last one first.
    #[test]
    fn halves_of_halves_fill_planes() {
        let readers = readers(&[(8, &[3]), (7, &[2]), (14, &[1]), (29, &[0])]);
        let cycles = [10; 4];
        let slots = arrange(&readers, &cycles);
        assert_eq!(cost(&natural(&readers), &readers, &cycles), 70);
        assert_eq!(cost(&slots, &readers, &cycles), 50);
    }

    #[test]
    fn those_with_the_most_to_read_are_kept_together() {
        // 24 channels are two planes: one of the readers finds its 12 in both.
        let readers = readers(&[(12, &[0]), (12, &[1])]);
        assert_eq!(cost(&arrange(&readers, &[1, 1]), &readers, &[1, 1]), 2);
        let three = self::readers(&[(11, &[0]), (11, &[1]), (10, &[2])]);
        for cycles in [[9, 9, 1], [9, 1, 9], [1, 9, 9]] {
            let slots = arrange(&three, &cycles);
            assert!(cost(&slots, &three, &cycles) <= cost(&natural(&three), &three, &cycles));
        }
    }

    #[test]
    fn every_channel_has_one_slot_in_as_few_planes() {
        let mut samples = crate::base::random::Samples::new(5);
        for _ in 0..300 {
            let channels = 1 + samples.below(130);
            let some = |samples: &mut crate::base::random::Samples| {
                (0..5).filter(|_| samples.below(3) == 0).collect::<BTreeSet<usize>>()
            };
            let readers: Vec<_> = (0..channels).map(|_| some(&mut samples)).collect();
            let slots = arrange(&readers, &[3, 1, 4, 1, 5]);
            let mut seen: Vec<usize> = slots.iter().flatten().copied().collect();
            seen.sort_unstable();
            assert!(seen.into_iter().eq(0..channels));
            assert_eq!(slots.len(), channels.next_multiple_of(CHANNELS));
        }
    }
}
