//! A pass, seen from the rows of its last result: what it touches of every tensor for some of them.

use crate::compile::capabilities::SIDE;
use crate::compile::schedule::{
    CHANNELS, Client, Filter, PlaneRef, Schedule, Source, StoredId, Work, sizes, touched,
};
use crate::frontend::ops::window::Axis;
use crate::model::qgraph::QGraph;

/// A pass, seen from the rows of its last result.
pub(super) struct Shape {
    /// Rows of the last result.
    pub(super) rows: usize,
    /// From rows of the last result back to rows of the convolution's output.
    behind: Option<Axis>,
    /// From rows of the convolution's output back to rows of the input.
    ahead: Option<Axis>,
    /// Tensor, planes, client, whether its planes are resized.
    pub(super) uses: Vec<(StoredId, usize, Client, bool)>,
    /// Bytes of the instruction stream.
    pub(super) weights: u64,
}

impl Shape {
    pub(super) fn new(graph: &QGraph, schedule: &Schedule, work: &Work) -> Self {
        let mut shape = Self {
            rows: 1,
            behind: None,
            ahead: None,
            uses: Vec::new(),
            weights: sizes::stream_bytes(graph, work),
        };
        let planes = |id: StoredId| schedule.stored[id.0].slots.len() / CHANNELS;
        match work {
            Work::Dense(dense) => {
                if let Source::Memory(views) = &dense.source {
                    views.iter().for_each(|view| shape.read(Client::ReadStream, &view.planes));
                }
                if let Some(view) = &dense.residual {
                    shape.read(Client::ReadResidual, &view.planes);
                }
                let layer = &graph.layers[dense.layer];
                shape.ahead = layer.op.conv().map(|conv| conv.axes[0]);
                let output = graph.value(layer.outputs[0]).shape.get(2);
                shape.rows = output.copied().unwrap_or(1);
                let store = dense.store.map(|id| (id, planes(id), Client::WriteConv, false));
                shape.uses.extend(store);
                shape.filters(graph, schedule, &dense.filters);
            }
            Work::Plane(plane) => {
                shape.read(Client::ReadStream, &plane.source.planes);
                shape.filters(graph, schedule, &plane.filters);
            }
            Work::Transfer(_) | Work::Processor { .. } => {}
        }
        // A tensor in DDR needs no transfer: it takes no planes of a buffer.
        if let Work::Transfer(_) = work {
            shape.weights = 0;
            let tensors = touched(work).into_iter();
            shape.uses.extend(tensors.map(|(client, id)| (id, 0, client, false)));
        }
        shape
    }

    fn read(&mut self, client: Client, planes: &[PlaneRef]) {
        for plane in planes {
            let same = |(id, _, own, up): &&mut (StoredId, usize, Client, bool)| {
                *id == plane.stored && *own == client && *up == plane.upsampled
            };
            match self.uses.iter_mut().find(same) {
                Some(own) => own.1 += 1,
                None => self.uses.push((plane.stored, 1, client, plane.upsampled)),
            }
        }
    }

    fn filters(&mut self, graph: &QGraph, schedule: &Schedule, filters: &[Filter]) {
        for filter in filters {
            let stored = &schedule.stored[filter.result.0];
            let planes = stored.slots.len() / CHANNELS;
            self.uses.push((filter.result, planes, Client::WritePlane, false));
            self.rows = stored.height;
            self.behind = window(graph, filter.layer, stored.height);
        }
    }

    /// Most rows of a tensor in a strip of `rows` rows, and rows of all strips.
    pub(super) fn extent(
        &self,
        schedule: &Schedule,
        id: StoredId,
        client: Client,
        resized: bool,
        rows: usize,
    ) -> (usize, usize) {
        let height = schedule.stored[id.0].height;
        let (mut most, mut all) = (0, 0);
        let mut start = 0;
        while start < self.rows {
            let end = (start + rows.max(1)).min(self.rows);
            let mut span = (start, end);
            if client != Client::WritePlane {
                span = self.behind.map_or(span, |axis| back(&axis, span));
                if client == Client::ReadStream {
                    span = self.ahead.map_or(span, |axis| back(&axis, span));
                }
            }
            if resized {
                span = (span.0 / 2, span.1.div_ceil(2));
            }
            let count = span.1.min(height).saturating_sub(span.0);
            most = most.max(count);
            all += count;
            start = end;
        }
        (most, all)
    }
}

/// The window along the rows of a filter that gives `output` rows.
fn window(graph: &QGraph, layer: usize, output: usize) -> Option<Axis> {
    let layer = &graph.layers[layer];
    let input = &graph.value(layer.input(0)?).shape;
    let axis = *layer.op.operator().window(input).ok()??.first()?;
    // A stage of a cascade looks one row up and down.
    let large = axis.kernel > SIDE;
    Some(if large { Axis { kernel: SIDE, begin: 1, end: 1, output, ..axis } } else { axis })
}

/// Rows of the input that rows `start..end` of the output look at.
fn back(axis: &Axis, (start, end): (usize, usize)) -> (usize, usize) {
    let first = (start * axis.stride).saturating_sub(axis.begin);
    let last = (end - 1) * axis.stride + (axis.kernel - 1) * axis.dilation;
    let last = (last + 1).saturating_sub(axis.begin).min(axis.input);
    (first.min(last), last)
}
