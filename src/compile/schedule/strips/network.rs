//! The schedule of whole tensors as a chain of steps, and where each tensor is made and read.

use crate::base::error::Result;
use crate::compile::boards::Target;
use crate::compile::capabilities::{STEP_RING_WORDS, reads_padding, side};
use crate::compile::schedule::estimate::engine_pixels;
use crate::compile::schedule::rows::{self, Rows};
use crate::compile::schedule::{
    Buffer, CHANNELS, PlaneRef, Schedule, Source, Stage, StoredId, View, Work, sizes,
};
use crate::frontend::ops::window::Axis;
use crate::model::qgraph::QGraph;

/// What a pass does with a tensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Reads the rows of its input, half as many of a resized one.
    Input { resized: bool },
    /// Adds it: the rows of the array's result.
    Residual,
    /// One pixel of each plane, whatever the rows.
    Factor,
    /// The array's result.
    Middle,
    /// The result of a filter, or of the array where there is none.
    Result,
}

impl Role {
    pub fn reads(self) -> bool {
        matches!(self, Self::Input { .. } | Self::Residual | Self::Factor)
    }
}

/// A pass that computes, or work of the processor.
pub struct Step {
    /// Its index in the schedule of whole tensors.
    pub pass: usize,
    /// The processor's: nothing crosses it in strips.
    pub processor: bool,
    /// Tensors that it touches.
    pub uses: Vec<(StoredId, Role)>,
    /// Rows of the last result and of the array's result.
    pub result_rows: usize,
    pub middle_rows: usize,
    /// From rows of the last result to rows of the array's result, and from these to the input's.
    behind: Option<Axis>,
    ahead: Option<Axis>,
    /// Some plane that it reads is resized.
    resized: bool,
    /// Columns of the array's result.
    width: u64,
    tiles: u64,
    steps: u64,
    filters: u64,
    /// Cycles of the load of a step's weights.
    load: u64,
    /// Ring words of all tiles and the descriptor.
    stream_words: u64,
    plane_pass: bool,
}

/// A tensor of the whole schedule.
pub struct Tensor {
    /// Where it begins in DDR before anything runs, or where the processor puts it.
    pub home: Option<(Buffer, u64)>,
    /// It holds a stage of a maximum, no value of the graph: it never goes to DDR.
    pub stage: bool,
    /// Where it has to be sent.
    pub leaves: Vec<(Buffer, u64)>,
    /// The step that makes it.
    pub made: Option<usize>,
    /// Steps that make or read it, in order.
    pub points: Vec<usize>,
    pub height: usize,
    /// Words of a row of a plane.
    pub row_words: u64,
    pub planes: u64,
}

/// Steps and tensors.
pub struct Network<'a> {
    pub graph: &'a QGraph,
    pub schedule: &'a Schedule,
    pub pixels: u64,
    /// Bytes of which every tensor takes a multiple.
    pub grain: u64,
    /// What a word on the bus counts, in half cycles: DDR belongs to the processor, too.
    word: u64,
    pub steps: Vec<Step>,
    pub tensors: Vec<Tensor>,
    pub memory: u64,
}

/// The rows that a step computes in a strip.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Strip {
    pub result: Rows,
    pub middle: Rows,
    pub input: Rows,
}

impl<'a> Network<'a> {
    pub fn new(
        graph: &'a QGraph,
        schedule: &'a Schedule,
        target: &Target,
        grain: u64,
    ) -> Result<Self> {
        let mut tensors: Vec<Tensor> = schedule
            .stored
            .iter()
            .map(|stored| Tensor {
                home: None,
                stage: false,
                leaves: Vec::new(),
                made: None,
                points: Vec::new(),
                height: stored.height,
                row_words: stored.width as u64 * sizes::pixel_words(stored.format),
                planes: (stored.slots.len() / CHANNELS) as u64,
            })
            .collect();
        let mut steps = Vec::new();
        for (pass, own) in schedule.passes.iter().enumerate() {
            if let Work::Transfer(transfer) = &own.work {
                let tensor = &mut tensors[transfer.stored.0];
                let place = (transfer.buffer, transfer.offset);
                match transfer.to_memory {
                    true => tensor.home = Some(place),
                    false => tensor.leaves.push(place),
                }
                continue;
            }
            if let Work::Plane(plane) = &own.work
                && plane.stage == Stage::Cascade
            {
                plane.filters.iter().for_each(|own| tensors[own.result.0].stage = true);
            }
            let index = steps.len();
            let step = Step::new(graph, schedule, pass)?;
            for &(id, role) in &step.uses {
                let tensor = &mut tensors[id.0];
                if !role.reads() {
                    tensor.made = Some(index);
                }
                if tensor.points.last() != Some(&index) {
                    tensor.points.push(index);
                }
            }
            steps.push(step);
        }
        let bits = target.ddr_bits.max(1);
        Ok(Self {
            graph,
            schedule,
            pixels: target.pixels,
            grain,
            word: 128u64.div_ceil(bits).max(1) * TRAFFIC,
            steps,
            tensors,
            memory: target.memory_bytes,
        })
    }

    /// Bytes of some rows of a tensor in the shared memory.
    pub fn bytes(&self, id: StoredId, rows: usize) -> u64 {
        let tensor = &self.tensors[id.0];
        let plane = (rows as u64 * tensor.row_words).next_multiple_of(self.pixels);
        (plane * tensor.planes * sizes::WORD).next_multiple_of(self.grain)
    }

    /// All bytes of a tensor.
    pub fn size(&self, id: StoredId) -> u64 {
        self.bytes(id, self.tensors[id.0].height)
    }

    /// What a transfer of some rows counts.
    pub fn transfer(&self, id: StoredId, rows: usize) -> u64 {
        let tensor = &self.tensors[id.0];
        tensor.planes * (self.traffic(rows as u64 * tensor.row_words) + JOB)
    }

    /// What so many words to or from DDR count.
    pub fn traffic(&self, words: u64) -> u64 {
        words * self.word / 2
    }

    /// Whether rows from `row` on can be read or written in a tensor that begins with row `first`.
    pub fn aligned(&self, id: StoredId, first: usize, row: usize) -> bool {
        let above = row.checked_sub(first).map(|above| above as u64 * self.tensors[id.0].row_words);
        above.is_some_and(|above| above.is_multiple_of(self.pixels))
    }
}

/// Cycles of a transfer of a plane besides its words.
const JOB: u64 = 60;
/// Half cycles that a beat of the bus counts.
const TRAFFIC: u64 = 3;
/// Cycles of a pass besides its groups.
const FILL: u64 = 56;

impl Step {
    fn new(graph: &QGraph, schedule: &Schedule, pass: usize) -> Result<Self> {
        let work = &schedule.passes[pass].work;
        let mut step = Self {
            pass,
            processor: false,
            uses: Vec::new(),
            result_rows: 1,
            middle_rows: 1,
            behind: None,
            ahead: None,
            resized: false,
            width: 1,
            tiles: 0,
            steps: 0,
            filters: 0,
            load: STEP_RING_WORDS as u64 + 1,
            stream_words: sizes::stream_bytes(graph, work) / sizes::WORD,
            plane_pass: false,
        };
        let Some(extent) = rows::extent(graph, work)? else {
            step.processor = true;
            return Ok(step);
        };
        (step.result_rows, step.middle_rows) = (extent.result.count, extent.middle.count);
        let filters = match work {
            Work::Dense(dense) => {
                let layer = &graph.layers[dense.layer];
                step.ahead = layer.op.conv().map(|conv| conv.axes[0]);
                let padded = layer.op.conv().is_some_and(|c| c.axes.iter().any(reads_padding));
                step.load += u64::from(padded);
                step.tiles = (dense.slots.len() / CHANNELS) as u64;
                step.steps = sizes::steps(graph, dense);
                let shape = &graph.value(layer.outputs[0]).shape;
                step.width = shape.get(3).copied().unwrap_or(1) as u64;
                if let Source::Memory(views) = &dense.source {
                    views.iter().for_each(|view| step.reads(view));
                    if layer.op.movement().is_some() {
                        let shape = &graph.value(views[0].value).shape;
                        step.width = shape.get(3).copied().unwrap_or(1) as u64;
                    }
                }
                let residual = dense.residual.iter().flat_map(|view| &view.planes);
                residual.for_each(|plane| step.uses(plane.stored, Role::Residual));
                dense.store.iter().for_each(|&id| step.uses(id, Role::Middle));
                &dense.filters
            }
            Work::Plane(plane) => {
                step.plane_pass = true;
                step.reads(&plane.source);
                let factor = plane.factor.iter().flat_map(|view| &view.planes);
                factor.for_each(|plane| step.uses(plane.stored, Role::Factor));
                let first = plane.source.planes[0].stored;
                step.width = schedule.stored[first.0].width as u64;
                step.tiles = plane.source.planes.len() as u64;
                &plane.filters
            }
            Work::Transfer(_) | Work::Processor { .. } => return Ok(step),
        };
        step.filters = filters.len() as u64;
        for filter in filters {
            step.uses(filter.result, Role::Result);
            let walk = rows::filter_walk(graph, filter.layer)?;
            step.behind = Some(Axis {
                kernel: side(walk.reach),
                stride: walk.stride,
                begin: walk.pads[0],
                input: step.middle_rows,
                output: step.result_rows,
                ..Axis::UNIT
            });
        }
        Ok(step)
    }

    fn reads(&mut self, view: &View) {
        for &PlaneRef { stored, upsampled, .. } in &view.planes {
            self.resized |= upsampled;
            self.uses(stored, Role::Input { resized: upsampled });
        }
    }

    fn uses(&mut self, id: StoredId, role: Role) {
        if !self.uses.contains(&(id, role)) {
            self.uses.push((id, role));
        }
    }

    /// What the step touches to compute rows of its last result; all of its tensors where these are all
    /// rows. `None` where a strip like that does not exist.
    pub fn strip(&self, result: Rows) -> Option<Strip> {
        if result.count == self.result_rows {
            let input = self.ahead.map_or(self.middle_rows, |axis| axis.input);
            let middle = Rows::all(self.middle_rows);
            return Some(Strip { result, middle, input: Rows::all(input) });
        }
        let middle = match &self.behind {
            Some(axis) => rows::reach(axis, result)?.rows,
            None => result,
        };
        let input = match &self.ahead {
            Some(axis) => rows::reach(axis, middle)?.rows,
            None => middle,
        };
        Some(Strip { result, middle, input })
    }

    /// The smallest strip that has `result` rows of the filters' results, `middle` rows of the array's
    /// result, and reads whole rows of resized planes.
    pub fn cover(&self, result: Option<Rows>, middle: Option<Rows>) -> Option<Strip> {
        let mut rows = match (result, middle, &self.behind) {
            (Some(rows), ..) => rows,
            (None, Some(middle), None) => middle,
            // Rows that certainly are too few.
            (None, Some(middle), Some(axis)) => {
                let at = (middle.first + axis.begin) / axis.stride;
                Rows { first: at.min(self.result_rows - 1), count: 1 }
            }
            (None, None, _) => return None,
        };
        loop {
            let strip = self.strip(rows)?;
            let even = |row: usize| !self.resized || row.is_multiple_of(2);
            let more_above = middle.is_some_and(|middle| middle.first < strip.middle.first)
                || !even(strip.input.first);
            let more_below = middle.is_some_and(|middle| strip.middle.end() < middle.end())
                || !even(strip.input.end());
            if !more_above && !more_below {
                return Some(strip);
            }
            let first = rows.first - usize::from(more_above && rows.first > 0);
            let end = (rows.end() + usize::from(more_below)).min(self.result_rows);
            let next = Rows::between(first, end);
            if next == rows {
                return None;
            }
            rows = next;
        }
    }

    /// Cycles of a strip, without what waits for DDR.
    pub fn cycles(&self, strip: &Strip, pixels: u64) -> u64 {
        if self.processor {
            return 0;
        }
        let plane = strip.middle.count as u64 * self.width;
        let lanes = (pixels / 2).max(1);
        let parts = self.behind.map_or(1, |axis| (axis.kernel as u64 / 2).pow(2));
        let engine = self.filters * self.tiles * parts * plane.div_ceil(engine_pixels(pixels));
        if self.plane_pass {
            return engine + FILL;
        }
        let groups = plane.div_ceil(pixels);
        let batches = groups.div_ceil(crate::compile::capabilities::BATCH as u64);
        let array = self.tiles * self.steps * groups.max(batches * self.load);
        array.max(self.tiles * plane.div_ceil(lanes)).max(engine).max(self.stream_words) + FILL
    }

    /// Bytes of the instruction stream.
    pub fn stream_words(&self) -> u64 {
        self.stream_words
    }
}
