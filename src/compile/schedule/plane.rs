//! Passes of the plane engine alone.

use super::build::{Builder, stored};
use super::classify::Unit;
use super::{Filter, PlaneWork, Stage, StoredId, View, Work, channels};
use crate::base::error::{Error, Result, codes};
use crate::compile::capabilities::Walk;
use crate::model::qgraph::QValueId;

impl Builder<'_> {
    /// A depthwise convolution or a maximum, with a second convolution on the same input.
    pub(super) fn plane(&mut self, index: usize, walk: Walk) -> Result<()> {
        let convolution = self.graph.layers[index].op.conv().is_some();
        if convolution && !self.target.capabilities.depthwise_sequential {
            return self.dense(index);
        }
        let input = self.input(index)?;
        let mut candidates = vec![(index, walk)];
        for &reader in self.roles.readers[input.0].iter().filter(|&&reader| !self.done[reader]) {
            if let Ok(Unit::Plane(own)) = self.roles.units[reader] {
                candidates.push((reader, own));
            }
        }
        // Later layers join this pass; this layer is always in it.
        let mut layers = self.pair(&candidates);
        if !layers.contains(&index) {
            layers = vec![index];
        }
        let result = |layer: usize| self.graph.layers[layer].outputs[0];
        if layers.iter().all(|&layer| self.free[result(layer).0]) {
            return self.by_pieces(input, &layers);
        }
        let source = self.natural_view(input)?;
        let filter = |&layer: &usize| self.filter(layer, source.slots.clone());
        let filters: Vec<Filter> = layers.iter().map(filter).collect();
        self.filter_pass(source, filters.clone());
        self.leave_filters(&filters);
        Ok(())
    }

    fn filter_pass(&mut self, source: View, filters: Vec<Filter>) {
        let stage = Stage::Whole;
        let work = PlaneWork { source, filters, stage, factor: None, rows: None };
        self.pass(Work::Plane(work));
    }

    /// A pass for each run of planes in which the input lies; so lie the results.
    fn by_pieces(&mut self, input: QValueId, layers: &[usize]) -> Result<()> {
        let pieces = channels::runs(&self.any_view(input, false)?);
        let mut results = vec![Vec::with_capacity(pieces.len()); layers.len()];
        for piece in pieces {
            let mut filters = Vec::with_capacity(layers.len());
            for (&layer, results) in layers.iter().zip(&mut results) {
                let value = self.graph.layers[layer].outputs[0];
                let result = self.store_slots(value, piece.slots.clone());
                results.push(result);
                filters.push(Filter { layer, result });
            }
            self.filter_pass(piece, filters);
        }
        for (&layer, results) in layers.iter().zip(&results) {
            self.done[layer] = true;
            self.settle(self.graph.layers[layer].outputs[0], results);
        }
        Ok(())
    }

    /// A product of a tensor with a number per channel.
    pub(super) fn channel_mul(&mut self, index: usize) -> Result<()> {
        let factors = self.graph.layers[index].input(1);
        let factors =
            factors.ok_or_else(|| Error::new(&codes::INTERNAL, "a product without factors"))?;
        let source = self.natural_view(self.input(index)?)?;
        let factor = Some(self.natural_view(factors)?);
        let filters = vec![self.filter(index, source.slots.clone())];
        let stage = Stage::Whole;
        let work = PlaneWork { source, filters: filters.clone(), stage, factor, rows: None };
        self.pass(Work::Plane(work));
        self.leave_filters(&filters);
        Ok(())
    }

    /// All maxima above 3 x 3 on one input, each from the one before: 5 x 5 is two stages of 3 x 3,
    /// 9 x 9 two more.
    pub(super) fn cascades(&mut self, index: usize) -> Result<()> {
        let input = self.input(index)?;
        let base = self.natural_view(input)?;
        let mut source = base.clone();
        let mut pools: Vec<(usize, usize)> = self.roles.readers[input.0]
            .iter()
            .filter(|&&reader| reader == index || !self.done[reader])
            .filter_map(|&reader| match self.roles.units[reader] {
                Ok(Unit::Cascade(stages)) => Some((stages, reader)),
                _ => None,
            })
            .collect();
        pools.sort_unstable();
        let mut reached = 0;
        for (stages, layer) in pools {
            if reached == stages {
                // A second pool of the same size begins again.
                (source, reached) = (base.clone(), 0);
            }
            let value = self.graph.layers[layer].outputs[0];
            while reached + 1 < stages {
                let result = StoredId(self.schedule.stored.len());
                self.schedule.stored.push(stored(self.graph, value));
                source = self.stage(source, Filter { layer, result }, Stage::Cascade, value);
                reached += 1;
            }
            let filter = self.filter(layer, base.slots.clone());
            source = self.stage(source, filter.clone(), Stage::Whole, value);
            reached += 1;
            self.leave(value, filter.result);
        }
        Ok(())
    }

    /// One stage; the view of its result.
    fn stage(&mut self, source: View, filter: Filter, stage: Stage, value: QValueId) -> View {
        let home = channels::home(&self.schedule, &[filter.result]);
        self.pass(Work::Plane(PlaneWork {
            source,
            filters: vec![filter],
            stage,
            factor: None,
            rows: None,
        }));
        channels::view(value, &home)
    }

    fn input(&self, index: usize) -> Result<QValueId> {
        let missing = || Error::new(&codes::INTERNAL, "input 0 is missing");
        self.graph.layers[index].input(0).ok_or_else(missing)
    }
}
