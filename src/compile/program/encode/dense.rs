//! Passes of the dense array: descriptor and tile records.

use super::context::Encoder;
use super::filter::Filters;
use super::layer::{Layer, Stage};
use crate::base::error::Result;
use crate::compile::capabilities::{
    ArrayWindow, BATCH, SEGMENTS, WORD, image_pitch, reads_padding,
};
use crate::compile::program::design::Design;
use crate::compile::program::fields::{self, SEGMENT_WORD, SEGMENT_WORDS};
use crate::compile::program::format::record::{Descriptor, lanes};
use crate::compile::program::refusal::{limit, refused};
use crate::compile::program::stem;
use crate::compile::schedule::rows::{self, Extent};
use crate::compile::schedule::{
    CHANNELS, Dense, Phase, PlaneRef, Rows, Source, Stored, StoredId, View,
};
use crate::frontend::ops::epilogue::Residual;
use crate::frontend::ops::window::Axis;
use crate::model::qgraph::Width;

/// Planes that lie one behind the other in a stored tensor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// Word address of the first plane of the first tile.
    pub base: usize,
    /// Planes that a tile reads.
    pub planes: usize,
    /// Words from plane to plane.
    pub stride: usize,
    /// Half the height and width.
    pub upsampled: bool,
    /// Pixels by parity.
    pub by_parity: bool,
}

/// A dense pass while it is encoded.
pub struct DensePass<'a> {
    encoder: &'a Encoder<'a>,
    dense: &'a Dense,
    layer: Layer<'a>,
    filters: Filters<'a>,
    stem: Option<stem::Convolution<'a>>,
    padded: bool,
    extent: Extent,
}

impl<'a> DensePass<'a> {
    /// Looks at a pass.
    ///
    /// # Errors
    /// `PROGRAM_LIMIT` for what the hardware cannot do.
    pub fn new(encoder: &'a Encoder<'a>, dense: &'a Dense) -> Result<Self> {
        let stored = dense.store.map(|id| encoder.schedule.stored[id.0].value);
        let layer = Layer::new(encoder.graph, dense.layer, stored)?;
        layer.check_weights(encoder.design)?;
        let stem = match &dense.source {
            Source::Stem(image) => {
                Some(stem::Convolution::new(encoder.graph, dense.layer, *image)?)
            }
            Source::Memory(_) => None,
        };
        let extent = rows::dense_extent(encoder.graph, dense)?;
        let filters = Filters::new(encoder, &dense.filters, &dense.slots, &extent)?;
        let padded = stem.is_none() && layer.axes.iter().any(reads_padding);
        Ok(Self { encoder, dense, layer, filters, stem, padded, extent })
    }

    fn tiles(&self) -> usize {
        self.dense.slots.len() / CHANNELS
    }

    /// Input planes of a tile, all views together.
    fn planes(&self) -> usize {
        match (&self.stem, &self.dense.source) {
            (Some(stem), _) => stem.stem.planes(),
            (None, Source::Memory(views)) => self.dense.planes * views.len(),
            (None, Source::Stem(_)) => 0,
        }
    }

    /// Taps of the array: the stem unit has already gathered its own.
    fn taps(&self) -> [usize; 2] {
        match self.stem {
            Some(_) => [1, 1],
            None => self.layer.axes.map(|axis| axis.kernel),
        }
    }

    fn steps(&self) -> usize {
        self.planes() * self.taps().iter().product::<usize>()
    }

    fn parameter_words(&self) -> usize {
        fields::LANE_RING_WORDS + self.filters.ring_words()
    }

    fn tile_words(&self) -> usize {
        let step = fields::STEP_RING_WORDS + usize::from(self.padded);
        self.parameter_words() + self.steps() * step
    }

    /// The descriptor, without index, owner masks and checksum.
    ///
    /// # Errors
    /// `PROGRAM_LIMIT` when a number does not fit its field.
    pub fn descriptor(&self) -> Result<Descriptor> {
        let mut d = Descriptor::new();
        d.set(fields::KIND, fields::KIND_DENSE)?;
        d.set(fields::FROM_STEM, self.stem.is_some().into())?;
        d.set(fields::PADDED, self.padded.into())?;
        d.set(fields::TILES, self.tiles())?;
        d.set(fields::STEPS, self.steps())?;
        d.set(fields::PLANES, self.planes())?;
        d.set(fields::PLANE_ADVANCE, self.dense.advance)?;
        d.set(fields::TILE_WORDS, self.tile_words())?;
        d.set(fields::PARAMETER_WORDS, self.parameter_words())?;
        self.geometry(&mut d)?;
        self.output_stage(&mut d)?;
        self.segments(&mut d)?;
        self.result(&mut d)?;
        self.residual(&mut d)?;
        self.filters.describe(&mut d)?;
        Ok(d)
    }

    fn geometry(&self, d: &mut Descriptor) -> Result<()> {
        let [rows, columns] = self.layer.axes;
        let Extent { middle, input, input_above: begin, .. } = self.extent;
        let rows = Axis { input: input.count, begin, output: middle.count, ..rows };
        let Some(stem) = &self.stem else {
            let ArrayWindow { stride, dilation } =
                ArrayWindow::fit(&self.layer.axes).map_err(refused)?;
            window(d, self.encoder.design, &[rows, columns], stride)?;
            d.set(fields::DILATION, dilation)?;
            d.set(fields::TAPS_Y, rows.kernel)?;
            d.set(fields::TAPS_X, columns.kernel)?;
            d.set(fields::PAD_TOP, rows.begin)?;
            return d.set(fields::PAD_LEFT, columns.begin);
        };
        // Rows of the image; all of them where the pass does all of its result.
        let [height, width] = stem.image;
        let block = stem.block();
        let first = input.first * block;
        let count = match self.dense.rows {
            Some(_) => input.count * block,
            None => height,
        };
        let axes = [Axis { input: count, ..rows }, Axis { input: width, ..columns }];
        window(d, self.encoder.design, &axes, 1)?;
        d.set(fields::DILATION, 1)?;
        d.set(fields::TAPS_Y, 1)?;
        d.set(fields::TAPS_X, 1)?;
        d.set(fields::PAD_TOP, begin * block)?;
        let pitch = image_pitch(width, stem.stem.channels) / WORD;
        d.set(fields::DMA_OFFSET, first * pitch)?;
        d.set(fields::PAD_LEFT, stem.pads[1])?;
        d.set_signed(fields::STEM_PAD, stem.pad().into())
    }

    fn output_stage(&self, d: &mut Descriptor) -> Result<()> {
        match self.layer.stage {
            Stage::Direct { relu } => {
                d.set(fields::DIRECT, 1)?;
                d.set(fields::RELU, relu.into())
            }
            Stage::Function { function, residual } => {
                d.set(fields::FUNCTION, self.encoder.function(function)?)?;
                d.set(
                    fields::RESIDUAL,
                    match residual {
                        None => fields::RESIDUAL_NONE,
                        Some(Residual::BeforeActivation) => fields::RESIDUAL_BEFORE,
                        Some(Residual::AfterActivation) => fields::RESIDUAL_AFTER,
                    },
                )
            }
        }
    }

    fn segments(&self, d: &mut Descriptor) -> Result<()> {
        let Source::Memory(views) = &self.dense.source else { return Ok(()) };
        if views.len() != self.layer.views() {
            return Err(limit(format!("{} inputs for {}", views.len(), self.layer.views())));
        }
        let mut segments = Vec::new();
        for (position, view) in views.iter().enumerate() {
            self.check_view(view, position)?;
            segments.extend(self.segments_of(view)?);
        }
        if segments.len() > SEGMENTS {
            return Err(limit(format!(
                "the input lies in {} pieces; the plane table has {SEGMENTS}",
                segments.len()
            )));
        }
        let flat = self.layer.axes.iter().all(|axis| axis.kernel == 1 && axis.stride == 1);
        if segments.iter().any(|segment| segment.upsampled) && (!flat || self.padded) {
            return Err(limit("a resized input is read by 1 x 1 convolutions of stride 1 only"));
        }
        for (k, segment) in segments.iter().enumerate() {
            let word = SEGMENT_WORD + k * SEGMENT_WORDS;
            d.set(fields::SEG_BASE.after(word), segment.base)?;
            d.set(fields::SEG_PLANES.after(word), segment.planes)?;
            d.set(fields::SEG_STRIDE.after(word), segment.stride)?;
            d.set(fields::SEG_UP.after(word), segment.upsampled.into())?;
            d.set(fields::SEG_PARITY.after(word), segment.by_parity.into())?;
        }
        Ok(())
    }

    fn check_view(&self, view: &View, position: usize) -> Result<()> {
        let expected = self.layer.source(position)?;
        if view.value != expected {
            return Err(limit(format!(
                "the pass reads \"{}\" where the layer reads \"{}\"",
                self.encoder.graph.value(view.value).name,
                self.encoder.graph.value(expected).name
            )));
        }
        Ok(())
    }

    /// The rows of a plane that are read: half as many where each stands for two.
    fn read_rows(&self, plane: &PlaneRef) -> Result<Rows> {
        let Rows { first, count } = self.extent.input;
        match plane.upsampled {
            false => Ok(self.extent.input),
            true if first.is_multiple_of(2) && count.is_multiple_of(2) => {
                Ok(Rows { first: first / 2, count: count / 2 })
            }
            true => Err(limit("a strip that begins or ends within a row of a resized input")),
        }
    }

    /// Runs of neighboring planes; with an advance the whole view is one run.
    fn segments_of(&self, view: &View) -> Result<Vec<Segment>> {
        let encoder = self.encoder;
        let mut segments: Vec<Segment> = Vec::new();
        for plane in &view.planes {
            let rows = self.read_rows(plane)?;
            encoder.check_rows(plane.stored, rows)?;
            let (base, stride) = encoder.plane(plane.stored, plane.plane, rows.first)?;
            let Stored { format, by_parity, .. } = encoder.schedule.stored[plane.stored.0];
            if format != Width::I8 {
                return Err(limit("the array reads int8 tensors only"));
            }
            if by_parity && plane.upsampled {
                return Err(limit("a resized input that lies by parity"));
            }
            match segments.last_mut() {
                Some(last)
                    if last.base + last.planes * stride == base
                        && last.stride == stride
                        && last.upsampled == plane.upsampled
                        && last.by_parity == by_parity =>
                {
                    last.planes += 1;
                }
                _ => {
                    let upsampled = plane.upsampled;
                    segments.push(Segment { base, planes: 1, stride, upsampled, by_parity });
                }
            }
        }
        let (planes, advance) = (self.dense.planes, self.dense.advance);
        if advance == 0 {
            return match view.planes.len() == planes {
                true => Ok(segments),
                false => Err(limit(format!("{} planes where {planes} are", view.planes.len()))),
            };
        }
        let reach = (self.tiles() - 1) * advance + planes;
        let [segment] = &mut segments[..] else {
            return Err(limit("the planes of a pass by groups must lie one behind the other"));
        };
        if reach > segment.planes {
            return Err(limit(format!("{reach} planes are read, {} exist", segment.planes)));
        }
        segment.planes = planes;
        Ok(segments)
    }

    fn result(&self, d: &mut Descriptor) -> Result<()> {
        d.set(fields::WIDE, (self.layer.width == Width::I16).into())?;
        let Some(id) = self.dense.store else { return Ok(()) };
        let rows = self.extent.middle;
        if let Some(phase) = self.dense.phase {
            return self.phase(d, id, phase);
        }
        let extent = (rows, self.layer.axes[1].output);
        self.encoder.check_result(id, self.layer.width, extent, &self.dense.slots)?;
        let (base, stride) = self.encoder.plane(id, 0, rows.first)?;
        d.set(fields::STORE, 1)?;
        d.set(fields::OUT_PARITY, self.encoder.schedule.stored[id.0].by_parity.into())?;
        d.set(fields::OUT_BASE, base)?;
        d.set(fields::OUT_STRIDE, stride)
    }

    /// A result between those of other passes.
    fn phase(&self, d: &mut Descriptor, id: StoredId, phase: Phase) -> Result<()> {
        let Phase { block, row, column } = phase;
        let [rows, columns] = self.layer.axes.map(|axis| axis.output);
        let all = Rows::all(block * rows);
        let extent = (all, block * columns);
        self.encoder.check_result(id, self.layer.width, extent, &self.dense.slots)?;
        let stored = &self.encoder.schedule.stored[id.0];
        if self.dense.rows.is_some() || row.max(column) >= block || stored.by_parity {
            return Err(limit(format!("row {row} and column {column} of blocks of {block}")));
        }
        let (base, stride) = self.encoder.plane(id, 0, 0)?;
        let words = self.encoder.pixel_words(id);
        let pitch = block * columns;
        d.set(fields::STORE, 1)?;
        d.set(fields::OUT_BASE, base + (row * pitch + column) * words)?;
        d.set(fields::OUT_STRIDE, stride)?;
        d.set(fields::OUT_STEP, block * words)?;
        d.set(fields::OUT_SKIP, (block * pitch - (columns - 1) * block) * words)
    }

    fn residual(&self, d: &mut Descriptor) -> Result<()> {
        let added = matches!(self.layer.stage, Stage::Function { residual: Some(_), .. });
        let view = match &self.dense.residual {
            Some(view) if added => view,
            None if !added => return Ok(()),
            _ => return Err(limit("pass and layer disagree about the residual")),
        };
        let same = view.slots.iter().zip(&self.dense.slots);
        let mut differing = same.filter(|(own, result)| result.is_some() && own != result);
        if view.slots.len() != self.dense.slots.len() || differing.next().is_some() {
            return Err(limit("the residual has another order of channels than the result"));
        }
        let (base, stride) = self.encoder.run(&view.planes, self.extent.middle)?;
        d.set(fields::RES_BASE, base)?;
        d.set(fields::RES_STRIDE, stride)
    }

    /// Appends the records of all tiles to the stream.
    ///
    /// # Errors
    /// `PROGRAM_LIMIT` for lane parameters out of range and channels that no plane holds.
    pub fn records(&self, stream: &mut Vec<u8>) -> Result<()> {
        for (tile, slots) in self.dense.slots.chunks(CHANNELS).enumerate() {
            let own: Vec<_> = slots.iter().map(|&channel| self.layer.lane(channel)).collect();
            stream.extend(lanes(&own)?);
            self.filters.record(tile, stream)?;
            match &self.stem {
                Some(stem) => stem_weights(stem, slots, stream),
                None => self.weights(tile, slots, stream)?,
            }
        }
        Ok(())
    }

    fn weights(&self, tile: usize, slots: &[Option<usize>], stream: &mut Vec<u8>) -> Result<()> {
        let Source::Memory(views) = &self.dense.source else { return Ok(()) };
        let [rows, columns] = self.taps();
        for (position, view) in views.iter().enumerate() {
            let first = tile * self.dense.advance * CHANNELS;
            let inputs = &view.slots[first..first + self.dense.planes * CHANNELS];
            self.check_inputs(slots, inputs)?;
            let inputs = once(inputs);
            let scales = self.encoder.scales(view.value)?;
            for plane in inputs.chunks(CHANNELS) {
                for tap in (0..rows).flat_map(|i| (0..columns).map(move |j| [i, j])) {
                    for output in slots {
                        stream.extend(plane.iter().map(|input| match (output, input) {
                            (Some(output), Some(input)) => {
                                self.layer.weight(*output, position, *input, tap) as u8
                            }
                            _ => 0,
                        }));
                    }
                    if self.padded {
                        let zero = |input: &Option<usize>| {
                            input.map_or(0, |channel| scales[channel].zero as u8)
                        };
                        stream.extend(plane.iter().map(zero));
                        stream.extend([0; CHANNELS]);
                    }
                }
            }
        }
        Ok(())
    }

    /// Every input channel that an output channel of the tile needs is among the planes read.
    fn check_inputs(&self, slots: &[Option<usize>], inputs: &[Option<usize>]) -> Result<()> {
        let mut present = vec![false; self.layer_inputs()];
        for input in inputs.iter().flatten() {
            if let Some(present) = present.get_mut(*input) {
                *present = true;
            }
        }
        for output in slots.iter().flatten() {
            if let Some(missing) = self.layer.needs(*output).find(|&input| !present[input]) {
                return Err(limit(format!(
                    "no plane that is read holds input channel {missing} of output channel {output}"
                )));
            }
        }
        Ok(())
    }

    fn layer_inputs(&self) -> usize {
        let ends = (0..self.layer.outputs()).map(|output| self.layer.needs(output).end);
        ends.max().unwrap_or(0)
    }
}

/// A channel that comes twice counts once.
fn once(inputs: &[Option<usize>]) -> Vec<Option<usize>> {
    let mut seen = std::collections::HashSet::new();
    inputs.iter().map(|input| input.filter(|channel| seen.insert(*channel))).collect()
}

fn stem_weights(stem: &stem::Convolution<'_>, slots: &[Option<usize>], stream: &mut Vec<u8>) {
    for plane in 0..stem.stem.planes() {
        for output in slots {
            let bytes = plane * CHANNELS..(plane + 1) * CHANNELS;
            let weight = |index| output.map_or(0, |output| stem.weight(output, index) as u8);
            stream.extend(bytes.map(weight));
        }
    }
}

/// Extents, batches and the walk of the lanes over the output pixels.
///
/// # Errors
/// `PROGRAM_LIMIT` when a number does not fit its field.
pub fn window(d: &mut Descriptor, design: &Design, axes: &[Axis; 2], stride: usize) -> Result<()> {
    let [rows, columns] = axes;
    let (p, width) = (design.pixels, columns.output);
    let groups = (rows.output * width).div_ceil(p);
    let batches = groups.div_ceil(BATCH);
    d.set(fields::GROUPS, groups)?;
    d.set(fields::BATCHES, batches)?;
    d.set(fields::BATCH_GROUPS, groups / batches)?;
    d.set(fields::BATCH_EXTRA, groups % batches)?;
    d.set(fields::STRIDE, stride)?;
    d.set(fields::IN_HEIGHT, rows.input)?;
    d.set(fields::IN_WIDTH, columns.input)?;
    d.set(fields::OUT_HEIGHT, rows.output)?;
    d.set(fields::OUT_WIDTH, width)?;
    d.set(fields::STEP_X, stride * (p % width))?;
    d.set(fields::STEP_Y, stride * (p / width))?;
    d.set(fields::WRAP_X, stride * width)?;
    d.set(fields::ROW_WORDS, stride * columns.input)?;
    let nibbles = |at: fn(usize, usize) -> usize| {
        (0..p).fold(0, |word, lane| word | at(lane, width) << (4 * lane))
    };
    d.set(fields::LANE_X, nibbles(|lane, width| lane % width))?;
    d.set(fields::LANE_Y, nibbles(|lane, width| lane / width))
}
