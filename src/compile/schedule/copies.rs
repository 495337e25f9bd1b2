//! Values as planes that a pass can read: from where they lie, or copied together first.

use super::build::Builder;
use super::channels::{self, Channel};
use super::classify::Unit;
use super::{CHANNELS, Dense, Source, StoredId, View, Work, estimate, layout};
use crate::base::error::{Error, Result, codes};
use crate::compile::capabilities::SEGMENTS;
use crate::model::qgraph::QValueId;

/// Some planes of a view that one copy joins.
struct Joined {
    channels: Vec<(usize, Channel)>,
    /// Pieces of the view afterwards above those that a pass reads.
    excess: usize,
    /// Cycles that the readers of the view spare, less those of the copy.
    spared: i64,
}

impl Builder<'_> {
    /// A value as planes; resized planes are only allowed where `resized` says so.
    pub(super) fn any_view(&mut self, id: QValueId, resized: bool) -> Result<View> {
        let home = self.home(id)?;
        if !resized && home.iter().any(|channel| channel.upsampled) {
            self.copy(id)?;
        }
        let gains = self.way.layout.as_ref().is_some_and(|layout| layout.joins);
        self.join(id, gains)?;
        Ok(channels::view(id, &self.home(id)?))
    }

    /// A value as one run of planes with every channel in the slot of its number.
    pub(super) fn natural_view(&mut self, id: QValueId) -> Result<View> {
        let count = self.graph.value(id).channels();
        let view = channels::view(id, &self.home(id)?);
        if channels::is_natural(&view, count) {
            return Ok(view);
        }
        self.copy(id)?;
        Ok(channels::view(id, &self.home(id)?))
    }

    /// Makes a view a tensor.
    pub(super) fn copy(&mut self, id: QValueId) -> Result<()> {
        self.join(id, false)?;
        let home = self.home(id)?;
        let new = self.store_slots(id, channels::natural(home.len()));
        self.copy_channels(channels::view(id, &home), new)?;
        self.settle(id, &[new]);
        Ok(())
    }

    /// Copies planes of which a value has few channels into fewer, until a pass can read all pieces of it; with `gains`
    /// also where that spares its readers more cycles than it takes.
    fn join(&mut self, id: QValueId, gains: bool) -> Result<()> {
        if self.moving(id).is_none() {
            return Ok(());
        }
        let mut home = self.home(id)?;
        loop {
            let view = channels::view(id, &home);
            let excess = channels::segments(&view.planes).saturating_sub(SEGMENTS);
            if excess == 0 && !gains {
                break;
            }
            let Some(best) = self.best_join(id, &home, &view) else { break };
            let better = best.excess == excess && gains && best.spared > 0;
            if best.excess >= excess && !better {
                break;
            }
            let count = best.channels.len();
            let numbers = best.channels.iter().map(|(channel, _)| Some(*channel));
            let slots =
                numbers.chain(std::iter::repeat(None)).take(count.next_multiple_of(CHANNELS));
            let new = self.store_slots(id, slots.collect());
            for (slot, &(channel, _)) in best.channels.iter().enumerate() {
                home[channel] = Channel { stored: new, slot, upsampled: false };
            }
            self.copy_channels(channels::view_part(id, best.channels), new)?;
        }
        self.homes[id.0] = Some(home);
        Ok(())
    }

    /// Which planes are best joined: some of those with the fewest channels, or the shortest pieces.
    fn best_join(&self, id: QValueId, home: &[Channel], view: &View) -> Option<Joined> {
        let planes = |view: &View| -> Vec<Vec<(usize, Channel)>> {
            let planes = view.slots.chunks(CHANNELS);
            planes
                .map(|slots| slots.iter().flatten().map(|&own| (own, home[own])).collect())
                .collect()
        };
        let mut emptiest = planes(view);
        emptiest.sort_by_key(Vec::len);
        let mut pieces = channels::runs(view);
        pieces.sort_by_key(|piece| piece.planes.len());
        let shortest: Vec<_> = pieces.iter().flat_map(planes).collect();
        let cycles = self.plane_cycles(id);
        let join = |(planes, count): (&[Vec<(usize, Channel)>], usize)| {
            self.join_of(id, planes, count, cycles)
        };
        let counts = 2..=emptiest.len();
        let all = [&emptiest[..], &shortest[..]].into_iter();
        let all = all.flat_map(|planes| counts.clone().map(move |count| (planes, count)));
        all.filter_map(join).min_by_key(|joined| (joined.excess, -joined.spared))
    }

    /// Cycles of a copy for each plane that it reads and plane that it makes, and of the readers of a value for each plane
    /// of it.
    fn plane_cycles(&self, id: QValueId) -> [u64; 2] {
        let pixels = channels::extent(self.graph, id).iter().product::<usize>() as u64;
        let copy = pixels.div_ceil(self.target.pixels);
        [copy, layout::plane_cycles(self.graph, &self.roles, self.target.pixels, id)]
    }

    /// The first `count` of some planes joined, if a pass can read them.
    fn join_of(
        &self,
        id: QValueId,
        planes: &[Vec<(usize, Channel)>],
        count: usize,
        [copy, reading]: [u64; 2],
    ) -> Option<Joined> {
        let (some, rest) = planes.split_at(count);
        let mut channels = some.concat();
        channels.sort_unstable();
        let source = channels::view_part(id, channels.iter().copied());
        if channels::segments(&source.planes) > SEGMENTS {
            return None;
        }
        let made = channels.len().div_ceil(CHANNELS);
        let rest = channels::view_part(id, rest.concat());
        let cycles = estimate::FILL + (source.planes.len() * made) as u64 * copy;
        let spared = count.saturating_sub(made) as u64 * reading;
        let excess = (channels::segments(&rest.planes) + 1).saturating_sub(SEGMENTS);
        Some(Joined { channels, excess, spared: spared as i64 - cycles as i64 })
    }

    /// The movement that makes a value.
    fn moving(&self, id: QValueId) -> Option<usize> {
        let made = self.graph.layers.iter().position(|layer| layer.outputs.contains(&id));
        made.filter(|&layer| self.roles.units[layer] == Ok(Unit::View))
    }

    /// A pass that copies channels of a value to a tensor.
    fn copy_channels(&mut self, view: View, to: StoredId) -> Result<()> {
        let layer = self.moving(view.value).ok_or_else(|| {
            let name = &self.graph.value(view.value).name;
            Error::new(&codes::INTERNAL, format!("\"{name}\" is not a view that could be copied"))
        })?;
        let slots = self.schedule.stored[to.0].slots.clone();
        // Planes that stay whole are copied one by one.
        let whole = channels::segments(&view.planes) == 1 && view.slots == slots;
        let (planes, advance) = if whole { (1, 1) } else { (view.planes.len(), 0) };
        self.pass(Work::Dense(Dense {
            layer,
            planes,
            source: Source::Memory(vec![view]),
            advance,
            slots,
            store: Some(to),
            phase: None,
            filters: Vec::new(),
            residual: None,
            rows: None,
        }));
        Ok(())
    }
}
