//! Filters of the plane engine: depthwise convolutions and maxima.

use super::context::Encoder;
use super::layer::{Layer, Stage};
use crate::base::error::{Place as _, Result};
use crate::compile::capabilities::{
    Datapath, FILTERS, Maximum, PART_SIDE, SIDE, Walk, Window, product_window,
};
use crate::compile::program::fields;
use crate::compile::program::format::record::{Descriptor, lanes};
use crate::compile::program::refusal::{limit, refused};
use crate::compile::schedule::rows::Extent;
use crate::compile::schedule::{CHANNELS, Filter, StoredId};
use crate::model::qgraph::{Scale, Width};

/// One of the filters.
struct One<'a> {
    /// `None` for a maximum.
    layer: Option<Layer<'a>>,
    result: StoredId,
    window: Window,
    scales: &'a [Scale],
}

/// The filters of a pass, at most two, on the same planes.
pub struct Filters<'a> {
    encoder: &'a Encoder<'a>,
    filters: Vec<One<'a>>,
    slots: &'a [Option<usize>],
    extent: Extent,
}

impl<'a> Filters<'a> {
    /// Looks at filters on planes with channels `slots`, for some rows of their results.
    ///
    /// # Errors
    /// `PROGRAM_LIMIT` for what the engine cannot do, at the filter's layer.
    pub fn new(
        encoder: &'a Encoder<'a>,
        filters: &[Filter],
        slots: &'a [Option<usize>],
        extent: &Extent,
    ) -> Result<Self> {
        let filters: Vec<One<'a>> = filters
            .iter()
            .map(|filter| one(encoder, filter).at(|| encoder.graph.layers[filter.layer].place()))
            .collect::<Result<_>>()?;
        if filters.len() > FILTERS {
            return Err(limit(format!("{} filters on one input; {FILTERS} exist", filters.len())));
        }
        if let [first, second] = &filters[..] {
            let maximum = first.layer.is_none() || second.layer.is_none();
            if first.window.walk != second.window.walk || maximum {
                return Err(limit("two filters on one input need the same stride and padding"));
            }
        }
        Ok(Self { encoder, filters, slots, extent: *extent })
    }

    /// Whether the filter is a product with a number per channel, which the residual reader reads.
    pub fn multiply(&self) -> bool {
        let layers = self.filters.iter().filter_map(|filter| filter.layer.as_ref());
        layers.into_iter().any(|layer| layer.products().is_some())
    }

    /// Ring words of a tile's filters.
    pub fn ring_words(&self) -> usize {
        let convolutions = self.filters.iter().filter(|filter| filter.layer.is_some());
        convolutions.map(|filter| fields::filter_ring_words(filter.window.walk.reach)).sum()
    }

    /// Fills in the plane engine's part of a descriptor.
    ///
    /// # Errors
    /// `PROGRAM_LIMIT` when a result does not fit the filter.
    pub fn describe(&self, d: &mut Descriptor) -> Result<()> {
        let Some(first) = self.filters.first() else { return Ok(()) };
        let Walk { stride, reach, pads, output } = first.window.walk;
        let rows = self.extent.result;
        d.set(fields::CHAIN, self.filters.len())?;
        d.set(fields::PLANE_HEIGHT, rows.count)?;
        d.set(fields::PLANE_WIDTH, output[1])?;
        d.set(fields::PLANE_STRIDE_XY, stride)?;
        d.set(fields::PLANE_REACH, reach)?;
        d.set(fields::PLANE_PAD_TOP, self.extent.middle_above)?;
        d.set(fields::PLANE_PAD_LEFT, pads[1])?;
        d.set(fields::MAXIMUM, first.layer.is_none().into())?;
        if first.layer.is_none() {
            d.set(fields::TAP_MASK, mask(first))?;
        }
        let (mut direct, mut relus, mut wide) = (0, 0, 0);
        for (index, filter) in self.filters.iter().enumerate() {
            let (base_field, stride_field, function_field) = [
                (fields::PLANE_BASE0, fields::PLANE_STRIDE0, fields::PLANE_FUNCTION0),
                (fields::PLANE_BASE1, fields::PLANE_STRIDE1, fields::PLANE_FUNCTION1),
            ][index];
            let width = filter.layer.as_ref().map_or(Width::I8, |layer| layer.width);
            self.encoder.check_extent(filter.result, width, (rows, output[1]))?;
            let stored = &self.encoder.schedule.stored[filter.result.0];
            if stored.slots.len() != self.slots.len() {
                return Err(limit("a filter's result has another number of planes than its input"));
            }
            let (base, stride) = self.encoder.plane(filter.result, 0, rows.first)?;
            d.set(base_field, base)?;
            d.set(stride_field, stride)?;
            wide |= usize::from(width == Width::I16) << index;
            match filter.layer.as_ref().map(|layer| layer.stage) {
                None => {}
                Some(Stage::Direct { relu }) => {
                    direct |= 1 << index;
                    relus |= usize::from(relu) << index;
                }
                Some(Stage::Function { function, residual: None }) => {
                    d.set(function_field, self.encoder.function(function)?)?;
                }
                Some(Stage::Function { .. }) => {
                    return Err(limit("the plane engine adds no residual"));
                }
            }
        }
        d.set(fields::PLANE_DIRECT, direct)?;
        d.set(fields::PLANE_RELU, relus)?;
        d.set(fields::PLANE_WIDE, wide)
    }

    /// Appends the filters of a tile to the stream.
    ///
    /// # Errors
    /// `PROGRAM_LIMIT` when input and result hold different channels.
    pub fn record(&self, tile: usize, stream: &mut Vec<u8>) -> Result<()> {
        for filter in &self.filters {
            let Some(layer) = &filter.layer else { continue };
            let result = &self.encoder.schedule.stored[filter.result.0].slots;
            let own = &result[tile * CHANNELS..][..CHANNELS];
            let square = |side: usize| (0..side).flat_map(move |y| (0..side).map(move |x| [y, x]));
            let parts: Vec<_> = square(filter.window.walk.reach).collect();
            for (index, part) in parts.iter().enumerate() {
                for place in square(PART_SIDE) {
                    let place = [0, 1].map(|axis| part[axis] * PART_SIDE + place[axis]);
                    stream.extend(
                        own.iter().map(|channel| tap(filter, layer, *channel, place) as u8),
                    );
                }
                let ends = index + 1 == parts.len();
                let zero = |channel: &Option<usize>| {
                    channel.filter(|_| ends).map_or(0, |own| outside(filter, layer, own) as u8)
                };
                stream.extend(own.iter().map(zero));
            }
            let own: Vec<_> = own.iter().map(|&channel| layer.lane(channel)).collect();
            stream.extend(lanes(&own)?);
        }
        Ok(())
    }
}

/// The weight of a channel at a place of the window, 0 outside of the kernel.
fn tap(filter: &One<'_>, layer: &Layer<'_>, channel: Option<usize>, place: [usize; 2]) -> i8 {
    let Some(channel) = channel else { return 0 };
    let inside = |axis: usize| {
        let Window { first, kernel, dilation, .. } = filter.window;
        let offset = place[axis].checked_sub(first[axis])?;
        let tap = offset / dilation[axis];
        (offset % dilation[axis] == 0 && tap < kernel[axis]).then_some(tap)
    };
    match (inside(0), inside(1)) {
        (Some(y), Some(x)) => layer.weight(channel, 0, channel, [y, x]),
        _ => 0,
    }
}

/// What a channel reads outside of its input.
fn outside(filter: &One<'_>, layer: &Layer<'_>, channel: usize) -> i8 {
    layer.products().map_or(filter.scales[channel].zero, |products| products[channel].fill)
}

fn mask(filter: &One<'_>) -> usize {
    let Window { first, kernel, dilation, .. } = filter.window;
    let taps = |axis: usize| (0..kernel[axis]).map(move |tap| first[axis] + tap * dilation[axis]);
    taps(0).flat_map(|y| taps(1).map(move |x| y * SIDE + x)).fold(0, |mask, tap| mask | 1 << tap)
}

fn one<'a>(encoder: &'a Encoder<'a>, filter: &Filter) -> Result<One<'a>> {
    let node = &encoder.graph.layers[filter.layer];
    let input = node.input(0).map(|id| encoder.graph.value(id));
    let Some((value, (Width::I8, scales))) = input.and_then(|v| Some((v, v.integer()?))) else {
        return Err(limit("the plane engine reads int8 tensors only"));
    };
    let not_depthwise = || limit("the plane engine takes depthwise convolutions only");
    let (layer, window) = match Datapath::of(&node.op).map_err(refused)? {
        Datapath::Maximum => (None, Maximum::of(&node.op, &value.shape)?.map_err(refused)?.window),
        Datapath::ChannelMul => {
            let layer = Layer::new(encoder.graph, filter.layer, None)?;
            (Some(layer), product_window(&value.shape).map_err(refused)?)
        }
        Datapath::Sum(_) | Datapath::Movement(_) => return Err(not_depthwise()),
        Datapath::Convolution(_) => {
            let layer = Layer::new(encoder.graph, filter.layer, None)?;
            if !layer.is_depthwise() {
                return Err(not_depthwise());
            }
            layer.check_weights(encoder.design)?;
            let window = Window::fit(&layer.axes).map_err(refused)?;
            (Some(layer), window)
        }
    };
    Ok(One { layer, result: filter.result, window, scales })
}
