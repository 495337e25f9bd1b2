//! Filters of the plane engine: 3 x 3 depthwise convolutions and maxima.

use super::design::limit;
use super::encode::Encoder;
use super::fields;
use super::layer::{Layer, Stage};
use super::record::{Descriptor, lanes};
use crate::base::error::{Place as _, Result};
use crate::compile::schedule::{CHANNELS, Filter, StoredId};
use crate::frontend::ops::Op;
use crate::frontend::ops::window::Axis;
use crate::model::qgraph::{QOp, Scale, Width};

/// Side of the engine's window.
const SIDE: usize = 3;

/// How the engine walks over a plane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Walk {
    stride: usize,
    pads: [usize; 2],
    output: [usize; 2],
}

/// One of the filters.
struct One<'a> {
    /// `None` for a maximum.
    layer: Option<Layer<'a>>,
    result: StoredId,
    walk: Walk,
    /// Where the kernel begins in the window of 3 x 3.
    place: [usize; 2],
    kernel: [usize; 2],
    scales: &'a [Scale],
}

/// The filters of a pass, at most two, on the same planes.
pub struct Filters<'a> {
    encoder: &'a Encoder<'a>,
    filters: Vec<One<'a>>,
    slots: &'a [Option<usize>],
}

impl<'a> Filters<'a> {
    /// Looks at filters on planes with channels `slots`.
    ///
    /// # Errors
    /// `PROGRAM_LIMIT` for what the engine cannot do, at the filter's layer.
    pub fn new(
        encoder: &'a Encoder<'a>,
        filters: &[Filter],
        slots: &'a [Option<usize>],
    ) -> Result<Self> {
        let filters: Vec<One<'a>> = filters
            .iter()
            .map(|filter| one(encoder, filter).at(|| encoder.graph.layers[filter.layer].place()))
            .collect::<Result<_>>()?;
        if filters.len() > 2 {
            return Err(limit(format!("{} filters on one input; two exist", filters.len())));
        }
        if let [first, second] = &filters[..] {
            let maximum = first.layer.is_none() || second.layer.is_none();
            if first.walk != second.walk || maximum {
                return Err(limit("two filters on one input need the same stride and padding"));
            }
        }
        Ok(Self { encoder, filters, slots })
    }

    /// Ring words of a tile's filters.
    pub fn ring_words(&self) -> usize {
        let convolutions = self.filters.iter().filter(|filter| filter.layer.is_some());
        convolutions.count() * fields::FILTER_RING_WORDS
    }

    /// Fills in the plane engine's part of a descriptor.
    ///
    /// # Errors
    /// `PROGRAM_LIMIT` when a result does not fit the filter.
    pub fn describe(&self, d: &mut Descriptor) -> Result<()> {
        let Some(first) = self.filters.first() else { return Ok(()) };
        let Walk { stride, pads, output } = first.walk;
        d.set(fields::CHAIN, self.filters.len())?;
        d.set(fields::PLANE_HEIGHT, output[0])?;
        d.set(fields::PLANE_WIDTH, output[1])?;
        d.set(fields::PLANE_STRIDE_XY, stride)?;
        d.set(fields::PLANE_PAD_TOP, pads[0])?;
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
            self.encoder.check_extent(filter.result, width, output)?;
            let stored = &self.encoder.schedule.stored[filter.result.0];
            if stored.slots.len() != self.slots.len() {
                return Err(limit("a filter's result has another number of planes than its input"));
            }
            let (base, stride) = self.encoder.plane(filter.result, 0)?;
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
                    d.set(function_field, function)?;
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
            for place in (0..SIDE).flat_map(|y| (0..SIDE).map(move |x| [y, x])) {
                stream.extend(own.iter().map(|channel| tap(filter, layer, *channel, place) as u8));
            }
            let zero =
                |channel: &Option<usize>| channel.map_or(0, |own| filter.scales[own].zero as u8);
            stream.extend(own.iter().map(zero));
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
        place[axis].checked_sub(filter.place[axis]).filter(|&tap| tap < filter.kernel[axis])
    };
    match (inside(0), inside(1)) {
        (Some(y), Some(x)) => layer.weight(channel, 0, channel, [y, x]),
        _ => 0,
    }
}

fn mask(filter: &One<'_>) -> usize {
    let rows = filter.place[0]..filter.place[0] + filter.kernel[0];
    let columns = filter.place[1]..filter.place[1] + filter.kernel[1];
    rows.flat_map(|y| columns.clone().map(move |x| y * SIDE + x))
        .fold(0, |mask, tap| mask | 1 << tap)
}

fn one<'a>(encoder: &'a Encoder<'a>, filter: &Filter) -> Result<One<'a>> {
    let node = &encoder.graph.layers[filter.layer];
    let input = node.input(0).map(|id| encoder.graph.value(id));
    let Some((value, (Width::I8, scales))) = input.and_then(|v| Some((v, v.integer()?))) else {
        return Err(limit("the plane engine reads int8 tensors only"));
    };
    let (layer, axes) = match &node.op {
        QOp::MaxPool(Op::MaxPool(pool)) => {
            let axes = pool.window.axes(&pool.window.kernel, &value.shape[2..], pool.ceil)?;
            let &[rows, columns] = &axes[..] else {
                return Err(limit("the plane engine takes maxima over two axes"));
            };
            (None, cascade([rows, columns])?)
        }
        _ => {
            let layer = Layer::new(encoder.graph, filter.layer, None)?;
            if !layer.is_depthwise() {
                return Err(limit("the plane engine takes depthwise convolutions only"));
            }
            layer.check_weights(encoder.design)?;
            let axes = layer.axes;
            (Some(layer), axes)
        }
    };
    let [rows, columns] = axes;
    if rows.stride != columns.stride || !(1..=2).contains(&rows.stride) {
        return Err(limit(format!(
            "strides {} and {}; the plane engine takes 1 or 2",
            rows.stride, columns.stride
        )));
    }
    let [y, x] = [fit(&rows)?, fit(&columns)?];
    Ok(One {
        layer,
        result: filter.result,
        walk: Walk {
            stride: rows.stride,
            pads: [rows.begin + y, columns.begin + x],
            output: [rows.output, columns.output],
        },
        place: [y, x],
        kernel: [rows.kernel, columns.kernel],
        scales,
    })
}

/// The stages of a large maximum are 3 x 3 maxima with stride 1 and padding 1.
fn cascade(axes: [Axis; 2]) -> Result<[Axis; 2]> {
    if axes.iter().all(|axis| axis.kernel <= SIDE) {
        return Ok(axes);
    }
    let whole = |axis: &Axis| {
        let half = axis.kernel / 2;
        axis.kernel % 2 == 1
            && axis.stride == 1
            && axis.dilation == 1
            && axis.begin == half
            && axis.output == axis.input
    };
    if !axes.iter().all(whole) || axes[0].kernel != axes[1].kernel {
        return Err(limit("maxima above 3 x 3 need an odd square kernel, stride 1, same extent"));
    }
    Ok(axes.map(|axis| Axis { kernel: SIDE, begin: 1, end: 1, ..axis }))
}

/// Where in the engine's window a kernel of at most 3 taps begins, so that the padding is 0 or 1 and
/// the window reaches at most one position beyond the end.
fn fit(axis: &Axis) -> Result<usize> {
    let flat = axis.kernel == 1 || axis.dilation == 1;
    let fits = |place: &usize| {
        let pad = axis.begin + place;
        pad <= 1 && (axis.output - 1) * axis.stride + 2 <= axis.input + pad
    };
    match SIDE.checked_sub(axis.kernel) {
        Some(spare) if flat => (0..=spare).find(fits).ok_or_else(|| {
            limit(format!("the plane engine cannot place the window {axis:?}; it pads by one"))
        }),
        _ => Err(limit(format!(
            "a kernel of {} with dilation {}; the plane engine has 3 x 3 taps",
            axis.kernel, axis.dilation
        ))),
    }
}
