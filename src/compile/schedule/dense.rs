//! Passes of the dense array, with what is chained behind.

use super::build::{Builder, stored as stored_value};
use super::classify::Unit;
use super::phases::Part;
use super::{CHANNELS, Dense, Filter, Source, StoredId, View, Work, channels};
use crate::base::error::{Error, Result, codes};
use crate::compile::capabilities::Walk;
use crate::frontend::ops::Op;
use crate::model::qgraph::{QConv, QGraph, QValueId, Width};

impl Builder<'_> {
    /// A convolution, addition or change of scale, with the plane filters that can follow.
    pub(super) fn dense(&mut self, index: usize) -> Result<()> {
        let layer = &self.graph.layers[index];
        let (source, planes, advance) = self.source(index)?;
        let residual = match layer.op.conv().and_then(QConv::residual) {
            Some(_) => Some(self.natural_view(value(self.graph, index, 1)?)?),
            None => None,
        };
        let result = layer.outputs[0];
        if let Some(part) = self.roles.phases[index] {
            self.phase(index, part, (source, planes, advance, residual));
            return Ok(());
        }
        if let Some(parts) = self.split(index) {
            return self.dense_parts(index, &parts, (source, planes, advance));
        }
        let chained = self.chained(result);
        let keeps = chained.is_empty() || self.is_read_beyond(result, &chained);
        let chained = match keeps && !self.target.capabilities.store_and_forward {
            true => Vec::new(),
            false => chained,
        };
        let own = self.way.layout.as_ref().and_then(|layout| layout.slots(index).cloned());
        let slots = own.unwrap_or_else(|| channels::natural(self.graph.value(result).channels()));
        let store = (keeps || chained.is_empty()).then(|| self.store_whole(result, slots.clone()));
        let filter = |&layer: &usize| self.filter(layer, slots.clone());
        let filters: Vec<Filter> = chained.iter().map(filter).collect();
        self.pass(Work::Dense(Dense {
            layer: index,
            source,
            planes,
            advance,
            slots,
            store,
            phase: None,
            filters: filters.clone(),
            residual,
            rows: None,
        }));
        if let Some(stored) = store {
            self.leave(result, stored);
        }
        self.leave_filters(&filters);
        Ok(())
    }

    /// A convolution whose result lies between those of others; with the last of them the value is there.
    fn phase(
        &mut self,
        layer: usize,
        Part { value, phase }: Part,
        (source, planes, advance, residual): (Source, usize, usize, Option<View>),
    ) {
        let fresh = StoredId(self.schedule.stored.len());
        let (stored, count) = self.phases.entry(value).or_insert((fresh, 0));
        *count += 1;
        let (stored, last) = (*stored, *count == phase.block * phase.block);
        if stored == fresh {
            self.schedule.stored.push(stored_value(self.graph, value));
        }
        let slots = self.schedule.stored[stored.0].slots.clone();
        self.pass(Work::Dense(Dense {
            layer,
            source,
            planes,
            advance,
            slots,
            store: Some(stored),
            phase: Some(phase),
            filters: Vec::new(),
            residual,
            rows: None,
        }));
        if last {
            self.settle(value, &[stored]);
            self.leave(value, stored);
        }
    }

    /// Channels of the parts of a result that is only split, where a pass for each part has as many
    /// tiles as one pass for all.
    fn split(&self, index: usize) -> Option<Vec<usize>> {
        let layer = &self.graph.layers[index];
        let result = layer.outputs[0];
        let conv = layer.op.conv()?;
        let plain =
            conv.residual().is_none() && conv.group == 1 && self.roles.stems[index].is_none();
        let stays = !self.roles.to_middle[result.0] && !self.roles.to_tail[result.0];
        let &[reader] = &self.roles.readers[result.0][..] else { return None };
        let Some(Op::Split(_)) = self.graph.layers[reader].op.movement() else { return None };
        if !self.way.parts || !plain || !stays || self.roles.units[reader] != Ok(Unit::View) {
            return None;
        }
        let outputs = self.graph.layers[reader].outputs.iter();
        let parts: Vec<usize> = outputs.map(|&id| self.graph.value(id).channels()).collect();
        let tiles: usize = parts.iter().map(|count| count.div_ceil(CHANNELS)).sum();
        (tiles == conv.outputs().div_ceil(CHANNELS)).then_some(parts)
    }

    fn dense_parts(
        &mut self,
        layer: usize,
        parts: &[usize],
        (source, planes, advance): (Source, usize, usize),
    ) -> Result<()> {
        let result = self.graph.layers[layer].outputs[0];
        let mut tensors = Vec::with_capacity(parts.len());
        let mut first = 0;
        for &count in parts {
            let slots = channels::natural(count).into_iter();
            let slots = slots.map(|slot| slot.map(|own| own + first)).collect();
            let stored = self.store_slots(result, slots);
            tensors.push(stored);
            self.pass(Work::Dense(Dense {
                layer,
                source: source.clone(),
                planes,
                advance,
                slots: self.schedule.stored[stored.0].slots.clone(),
                store: Some(stored),
                phase: None,
                filters: Vec::new(),
                residual: None,
                rows: None,
            }));
            first += count;
        }
        self.settle(result, &tensors);
        Ok(())
    }

    /// A filter whose result is stored in these slots; its layer is done with it.
    pub(super) fn filter(&mut self, layer: usize, slots: Vec<Option<usize>>) -> Filter {
        self.done[layer] = true;
        Filter { layer, result: self.store_whole(self.graph.layers[layer].outputs[0], slots) }
    }

    pub(super) fn leave_filters(&mut self, filters: &[Filter]) {
        for filter in filters {
            self.leave(self.graph.layers[filter.layer].outputs[0], filter.result);
        }
    }

    /// Source, planes and advance of a dense pass.
    fn source(&mut self, index: usize) -> Result<(Source, usize, usize)> {
        if let Some(image) = self.roles.stems[index] {
            return Ok((Source::Stem(image), 0, 0));
        }
        let (graph, layer) = (self.graph, &self.graph.layers[index]);
        let Some(conv) = layer.op.conv() else {
            let views: Vec<View> = (0..layer.inputs.len())
                .map(|position| self.natural_view(value(graph, index, position)?))
                .collect::<Result<_>>()?;
            return Ok((Source::Memory(views), 1, 1));
        };
        let input = value(graph, index, 0)?;
        if conv.group == 1 {
            let pointwise = conv
                .axes
                .iter()
                .all(|axis| (axis.kernel, axis.stride, axis.begin, axis.end) == (1, 1, 0, 0));
            let view = self.any_view(input, pointwise)?;
            let planes = view.planes.len();
            return Ok((Source::Memory(vec![view]), planes, 0));
        }
        let view = self.natural_view(input)?;
        let (planes, advance) = group_window(conv, view.planes.len());
        Ok((Source::Memory(vec![view]), planes, advance))
    }

    /// Layers of the plane engine that run behind the pass which computes `value`: two depthwise
    /// convolutions that walk alike, one of them, or one maximum.
    fn chained(&self, value: QValueId) -> Vec<usize> {
        let narrow = matches!(self.graph.value(value).integer(), Some((Width::I8, _)));
        if !self.target.capabilities.depthwise_chained || !narrow {
            return Vec::new();
        }
        let readers: Vec<(usize, Walk)> = self.roles.readers[value.0]
            .iter()
            .filter(|&&reader| !self.done[reader])
            .filter_map(|&reader| match self.roles.units[reader] {
                Ok(Unit::Plane(walk)) => Some((reader, walk)),
                _ => None,
            })
            .collect();
        self.pair(&readers)
    }

    /// The first two convolutions that walk alike; else the first layer.
    pub(super) fn pair(&self, candidates: &[(usize, Walk)]) -> Vec<usize> {
        let convolutions: Vec<_> = candidates
            .iter()
            .filter(|(layer, _)| self.graph.layers[*layer].op.conv().is_some())
            .collect();
        if self.target.capabilities.two_filter_pairs {
            for (position, (first, walk)) in convolutions.iter().enumerate() {
                let second = convolutions[position + 1..].iter().find(|(_, own)| own == walk);
                if let Some((second, _)) = second {
                    return vec![*first, *second];
                }
            }
        }
        candidates.first().map(|(layer, _)| vec![*layer]).unwrap_or_default()
    }

    /// Whether anything but the layers in `chained` needs a value.
    fn is_read_beyond(&self, value: QValueId, chained: &[usize]) -> bool {
        let roles = &self.roles;
        let reads = |&reader: &usize| {
            let outputs = || self.graph.layers[reader].outputs.iter();
            let passive =
                roles.units[reader] == Ok(Unit::View) && !outputs().any(|id| roles.wanted[id.0]);
            !chained.contains(&reader) && !passive && !roles.tail[reader] && !roles.middle[reader]
        };
        roles.to_middle[value.0]
            || roles.to_tail[value.0]
            || roles.readers[value.0].iter().any(reads)
    }
}

fn value(graph: &QGraph, layer: usize, position: usize) -> Result<QValueId> {
    let missing = || Error::new(&codes::INTERNAL, format!("input {position} is missing"));
    graph.layers[layer].input(position).ok_or_else(missing)
}

/// Planes that a tile of a grouped convolution reads, and by how many the first one moves per tile.
fn group_window(conv: &QConv, planes: usize) -> (usize, usize) {
    let (inputs, outputs) = (conv.group_inputs(), conv.outputs() / conv.group);
    let tiles = conv.outputs().div_ceil(CHANNELS);
    let needs = |tile: usize| {
        let last = ((tile + 1) * CHANNELS).min(conv.outputs()) - 1;
        let first = tile * CHANNELS / outputs * inputs / CHANNELS;
        (first, ((last / outputs + 1) * inputs).div_ceil(CHANNELS))
    };
    let advance = (1..tiles).map(|tile| needs(tile).0 / tile).min().unwrap_or(0);
    if advance == 0 {
        return (planes, 0);
    }
    let width = (0..tiles).map(|tile| needs(tile).1 - tile * advance).max().unwrap_or(planes);
    // The last window must end within the input.
    match (tiles - 1) * advance + width <= planes {
        true => (width, advance),
        false => (planes, 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frontend::ops::window::Axis;
    use crate::model::qgraph::ConvOutput;

    fn window(group: usize, inputs: usize, outputs: usize) -> (usize, usize) {
        let conv = QConv {
            axes: [Axis::UNIT; 2],
            group,
            weights: vec![1; outputs * (inputs / group)],
            exponents: vec![0; outputs],
            bias: vec![0; outputs],
            output: ConvOutput::Direct { shifts: vec![0; outputs], relu: false },
        };
        group_window(&conv, inputs.div_ceil(CHANNELS))
    }

    #[test]
    fn groups_move_the_window_where_they_fit_the_planes() {
        assert_eq!(window(64, 64, 64), (1, 1));
        assert_eq!(window(4, 64, 64), (1, 1));
        assert_eq!(window(16, 64, 64), (1, 1));
        assert_eq!(window(2, 64, 32), (2, 2));
        assert_eq!(window(2, 64, 64), (4, 0));
        assert_eq!(window(5, 40, 40), (1, 1));
        assert_eq!(window(4, 80, 64), (2, 1));
    }
}
