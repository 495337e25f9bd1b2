//! When a network does not fit the shared memory: which tensors lie in DDR, and how many strips of
//! rows each pass is done in, for the least traffic.
//!
//! A tensor is *resident*, in shared memory from its producer to its last reader, or *in DDR*: then
//! every pass that touches it moves the rows of one strip at a time, through a buffer of two strips
//! when there is more than one. A pass in `n` strips reads its weights `n` times. Tensors become
//! resident one by one, in several orders, as long as every pass keeps room for its strips and the
//! whole traffic falls. Strips are of single passes: no tensor goes from pass to pass by strips.

mod shape;

use std::cmp::Reverse;

use super::sizes::{self, Traffic};
use super::{Dense, Schedule, Source, StoredId, Work};
use crate::base::error::{Error, Result, codes};
use crate::compile::boards::Target;
use crate::compile::packing::{self, Buffer, Packing, Problem};
use crate::model::qgraph::QGraph;
use shape::Shape;

/// Rows of a tensor that a strip of a pass touches, at most, and over all strips together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rows {
    /// The tensor.
    pub stored: StoredId,
    /// Whether the pass writes it.
    pub writes: bool,
    /// Planes that the pass touches.
    pub planes: usize,
    /// Most rows of a strip.
    pub strip: usize,
    /// Rows of all strips; rows at the border of two strips count twice.
    pub all: usize,
}

/// How a pass is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Strips {
    /// Number of strips; 1 is a pass as ever.
    pub count: usize,
    /// Rows of the last result that a strip computes; the last strip may have fewer.
    pub rows: usize,
    /// What a strip moves between shared memory and DDR.
    pub moved: Vec<Rows>,
}

/// A plan of what does not fit.
#[derive(Debug, Clone, PartialEq)]
pub struct Tiling {
    /// By stored tensor: it lies in DDR.
    pub in_ddr: Vec<bool>,
    /// By pass; transfers of outputs are part of the passes that make them.
    pub strips: Vec<Strips>,
    /// Resident tensors, then the buffers of the passes.
    pub problem: Problem,
    /// Where they lie.
    pub packing: Packing,
    /// By buffer, the tensor in it or part of it.
    pub tensors: Vec<StoredId>,
    /// Bytes of a frame.
    pub traffic: Traffic,
    /// The same if nothing were resident: every pass reads all its inputs from DDR and writes its
    /// results there, in as few strips as fit.
    pub no_reuse: u64,
}

/// Plans strips and spilling.
///
/// # Errors
/// [`codes::PLAN_CAPACITY`] naming the pass of which even one row of each tensor does not fit, with
/// their sizes; [`codes::PLAN_TIMEOUT`] when the pieces cannot be packed.
pub fn tile(graph: &QGraph, schedule: &Schedule, target: &Target) -> Result<Tiling> {
    let mut planner = Planner::new(graph, schedule, target);
    planner.check_smallest()?;
    planner.no_reuse = (0..planner.shapes.len()).map(|pass| planner.cost(pass)).sum();
    // Fragmentation of the packing takes some memory at times: then less is planned with.
    for slack in [0, 2, 4, 8, 16] {
        planner.capacity = target.memory_bytes - target.memory_bytes * slack / 100;
        if planner.check_smallest().is_err() {
            break;
        }
        planner.choose();
        let (tensors, buffers) = planner.buffers()?.into_iter().unzip::<_, _, Vec<_>, Vec<_>>();
        let alignment = target.pixels * sizes::WORD;
        let problem = Problem::new(buffers, Some(target.memory_bytes), alignment)?;
        match packing::plan_within(&problem, super::addresses::SEARCH) {
            Ok(packing) => return planner.finish(problem, packing, tensors),
            Err(error) if slack == 16 => return Err(error),
            Err(_) => {}
        }
    }
    Err(Error::new(&codes::PLAN_TIMEOUT, "the strips could not be packed"))
}

/// Which tensors are tried first.
#[derive(Clone, Copy)]
enum Preference {
    /// Most uses for the length of the life.
    Rate,
    /// Most bytes saved for the length of the life.
    Saving,
    /// Most bytes saved.
    Large,
}

struct Planner<'a> {
    graph: &'a QGraph,
    schedule: &'a Schedule,
    pixels: u64,
    capacity: u64,
    shapes: Vec<Shape>,
    /// By tensor: first and last pass that touch it.
    spans: Vec<(usize, usize)>,
    resident: Vec<bool>,
    /// By pass: bytes of resident tensors alive.
    held: Vec<u64>,
    /// Traffic with nothing resident and the whole memory for strips.
    no_reuse: u64,
}

impl<'a> Planner<'a> {
    fn new(graph: &'a QGraph, schedule: &'a Schedule, target: &Target) -> Self {
        let shapes: Vec<Shape> =
            schedule.passes.iter().map(|pass| Shape::new(graph, schedule, &pass.work)).collect();
        let mut spans = vec![(usize::MAX, 0); schedule.stored.len()];
        for (index, shape) in shapes.iter().enumerate() {
            for (id, ..) in &shape.uses {
                let (first, last) = &mut spans[id.0];
                (*first, *last) = ((*first).min(index), index);
            }
        }
        Self {
            graph,
            schedule,
            pixels: target.pixels,
            capacity: target.memory_bytes,
            held: vec![0; shapes.len()],
            no_reuse: 0,
            shapes,
            resident: vec![false; spans.len()],
            spans,
        }
    }

    fn size(&self, id: usize) -> u64 {
        sizes::words(&self.schedule.stored[id], self.pixels) * sizes::WORD
    }

    /// Bytes of `rows` rows of a use.
    fn row_bytes(&self, rows: &Rows) -> u64 {
        let stored = &self.schedule.stored[rows.stored.0];
        let words = (rows.strip * stored.width) as u64 * sizes::pixel_words(stored.format);
        words.next_multiple_of(self.pixels) * rows.planes as u64 * sizes::WORD
    }

    /// The strips of a pass with this many rows.
    fn strips(&self, pass: usize, rows: usize) -> Strips {
        let shape = &self.shapes[pass];
        let count = shape.rows.div_ceil(rows.max(1)).max(1);
        let mut moved: Vec<Rows> = Vec::new();
        for &(stored, planes, client, resized) in &shape.uses {
            if self.resident[stored.0] || planes == 0 {
                continue;
            }
            let (strip, all) = shape.extent(self.schedule, stored, client, resized, rows);
            let own = Rows { stored, writes: client.writes(), planes, strip, all };
            match moved.iter_mut().find(|other| other.stored == stored) {
                Some(other) if other.planes >= planes => {}
                Some(other) => *other = own,
                None => moved.push(own),
            }
        }
        Strips { count, rows, moved }
    }

    /// Bytes of the buffers of a pass.
    fn buffer_bytes(&self, strips: &Strips) -> u64 {
        let copies = if strips.count > 1 { 2 } else { 1 };
        strips.moved.iter().map(|rows| self.row_bytes(rows) * copies).sum()
    }

    /// Fewest strips that fit beside what is resident.
    fn fit(&self, pass: usize) -> Option<Strips> {
        let rows = self.shapes[pass].rows;
        let room = self.capacity.checked_sub(self.held[pass])?;
        // Fewer rows take less room, so that the number of strips can be halved down to.
        let fits = |count: usize| {
            let strips = self.strips(pass, rows.div_ceil(count));
            (self.buffer_bytes(&strips) <= room).then_some(strips)
        };
        if let Some(strips) = fits(1) {
            return Some(strips);
        }
        fits(rows)?;
        let (mut low, mut high) = (1, rows);
        while low + 1 < high {
            let middle = low.midpoint(high);
            if fits(middle).is_some() { high = middle } else { low = middle }
        }
        fits(high)
    }

    /// Bytes of a pass to and from DDR.
    fn traffic(&self, pass: usize, strips: &Strips) -> Traffic {
        let work = &self.schedule.passes[pass].work;
        let mut traffic = Traffic {
            stream: self.shapes[pass].weights * strips.count as u64,
            ..Traffic::default()
        };
        for rows in &strips.moved {
            let stored = &self.schedule.stored[rows.stored.0];
            let words = (rows.all * stored.width) as u64 * sizes::pixel_words(stored.format);
            let bytes = words * rows.planes as u64 * sizes::WORD;
            *(if rows.writes { &mut traffic.stored } else { &mut traffic.loaded }) += bytes;
        }
        match work {
            Work::Dense(Dense { source: Source::Stem(image), .. }) => {
                traffic.image = self.graph.value(*image).len() as u64;
            }
            // A tensor in DDR is there already.
            Work::Transfer(transfer) if self.resident[transfer.stored.0] => {
                let bytes = self.size(transfer.stored.0);
                let way = match transfer.to_memory {
                    true => &mut traffic.loaded,
                    false => &mut traffic.stored,
                };
                *way += bytes;
            }
            _ => {}
        }
        traffic
    }

    /// Every pass must do with one row a strip and nothing resident.
    fn check_smallest(&self) -> Result<()> {
        for pass in 0..self.shapes.len() {
            let strips = self.strips(pass, 1);
            let needed = self.buffer_bytes(&strips);
            if needed <= self.capacity {
                continue;
            }
            let mut parts: Vec<&Rows> = strips.moved.iter().collect();
            parts.sort_by_key(|rows| Reverse(self.row_bytes(rows)));
            let mut sum = 0;
            let mut names = Vec::new();
            for rows in parts {
                if sum > self.capacity {
                    break;
                }
                let bytes = self.row_bytes(rows) * if strips.count > 1 { 2 } else { 1 };
                sum += bytes;
                let value = self.graph.value(self.schedule.stored[rows.stored.0].value);
                names.push(format!("{} rows of {} ({bytes})", rows.strip, value.name));
            }
            return Err(Error::new(
                &codes::PLAN_CAPACITY,
                format!(
                    "a memory of {} B does not hold one strip of pass {pass}, which needs {needed} B: {}",
                    self.capacity,
                    names.join(", ")
                ),
            ));
        }
        Ok(())
    }

    /// Makes tensors resident as long as the traffic falls, in each of some orders; the best stays.
    fn choose(&mut self) {
        let mut best: Option<(u64, Vec<bool>)> = None;
        for preference in [Preference::Rate, Preference::Saving, Preference::Large] {
            let total = self.choose_by(preference);
            if best.as_ref().is_none_or(|(least, _)| total < *least) {
                best = Some((total, self.resident.clone()));
            }
        }
        let chosen = best.map(|(_, resident)| resident).unwrap_or_default();
        self.clear();
        for (id, _) in chosen.iter().enumerate().filter(|(_, resident)| **resident) {
            self.set(id, true, self.size(id));
        }
    }

    fn clear(&mut self) {
        self.resident.fill(false);
        self.held.fill(0);
    }

    fn choose_by(&mut self, preference: Preference) -> u64 {
        self.clear();
        let mut costs: Vec<u64> = (0..self.shapes.len()).map(|pass| self.cost(pass)).collect();
        let mut candidates: Vec<usize> = (0..self.resident.len())
            .filter(|&id| self.spans[id].0 <= self.spans[id].1 && self.uses(id) > 0)
            .collect();
        candidates.sort_by_key(|&id| {
            let (first, last) = self.spans[id];
            let (uses, size) = (self.uses(id), self.size(id));
            let passes = (last - first + 1) as u64;
            Reverse(match preference {
                Preference::Rate => (uses * 1_000_000 / passes, size),
                Preference::Saving => (uses * size / passes, size),
                Preference::Large => (uses * size, uses),
            })
        });
        // A tensor that does not pay now may pay beside others.
        for _ in 0..3 {
            let mut changed = false;
            for &id in &candidates {
                changed |= self.toggle(id, &mut costs);
            }
            if !changed {
                break;
            }
        }
        costs.iter().sum()
    }

    fn uses(&self, id: usize) -> u64 {
        let uses = self.shapes.iter().flat_map(|shape| &shape.uses);
        uses.filter(|(own, planes, ..)| own.0 == id && *planes > 0).count() as u64
    }

    /// Cost of a pass; more than anything else where it does not fit.
    fn cost(&self, pass: usize) -> u64 {
        match self.fit(pass) {
            Some(strips) => self.traffic(pass, &strips).total(),
            None => u64::MAX / (1 << 20),
        }
    }

    /// Changes the place of a tensor if the traffic falls by it.
    fn toggle(&mut self, id: usize, costs: &mut [u64]) -> bool {
        let (first, last) = self.spans[id];
        let size = self.size(id);
        self.set(id, !self.resident[id], size);
        let new: Vec<u64> = (first..=last).map(|pass| self.cost(pass)).collect();
        let before: u64 = costs[first..=last].iter().sum();
        if new.iter().sum::<u64>() < before {
            costs[first..=last].copy_from_slice(&new);
            return true;
        }
        self.set(id, !self.resident[id], size);
        false
    }

    fn set(&mut self, id: usize, resident: bool, size: u64) {
        self.resident[id] = resident;
        let (first, last) = self.spans[id];
        for held in &mut self.held[first..=last] {
            *held = if resident { *held + size } else { *held - size };
        }
    }

    fn all_strips(&self) -> Result<Vec<Strips>> {
        let missing = |pass| {
            Error::new(&codes::INTERNAL, format!("pass {pass} lost the room for its strips"))
        };
        (0..self.shapes.len()).map(|pass| self.fit(pass).ok_or_else(|| missing(pass))).collect()
    }

    fn buffers(&self) -> Result<Vec<(StoredId, Buffer)>> {
        let name = |id: usize| &self.graph.value(self.schedule.stored[id].value).name;
        let mut buffers = Vec::new();
        for id in (0..self.resident.len()).filter(|&id| self.resident[id]) {
            let (first, last) = self.spans[id];
            let name = format!("{id} {}", name(id));
            let size = self.size(id);
            buffers.push((StoredId(id), Buffer::new(name, first as u64, last as u64 + 1, size)));
        }
        for (pass, strips) in self.all_strips()?.iter().enumerate() {
            let copies = if strips.count > 1 { 2 } else { 1 };
            for rows in &strips.moved {
                let id = rows.stored.0;
                let name = format!("pass {pass}: {} rows of {id} {}", rows.strip, name(id));
                let bytes = self.row_bytes(rows) * copies;
                let buffer = Buffer::new(name, pass as u64, pass as u64 + 1, bytes);
                buffers.push((rows.stored, buffer));
            }
        }
        Ok(buffers)
    }

    fn finish(&self, problem: Problem, packing: Packing, tensors: Vec<StoredId>) -> Result<Tiling> {
        let strips = self.all_strips()?;
        let mut traffic = Traffic::default();
        for (pass, strips) in strips.iter().enumerate() {
            let own = self.traffic(pass, strips);
            traffic.stream += own.stream;
            traffic.image += own.image;
            traffic.loaded += own.loaded;
            traffic.stored += own.stored;
        }
        Ok(Tiling {
            in_ddr: self.resident.iter().map(|resident| !resident).collect(),
            strips,
            problem,
            packing,
            tensors,
            traffic,
            no_reuse: self.no_reuse,
        })
    }
}
