//! What passes are encoded from, and what every kind of pass asks of it: addresses, extents, scales.

use crate::base::error::{Error, Result, codes};
use crate::compile::program::design::Design;
use crate::compile::program::refusal::limit;
use crate::compile::schedule::{CHANNELS, PlaneRef, Schedule, StoredId, Work};
use crate::model::qgraph::{QGraph, QValueId, Scale, Width};

/// What the passes are encoded from.
pub struct Encoder<'a> {
    /// The layers.
    pub graph: &'a QGraph,
    /// The passes.
    pub schedule: &'a Schedule,
    /// Word address of every stored tensor.
    pub bases: &'a [usize],
    /// The hardware.
    pub design: &'a Design,
}

impl<'a> Encoder<'a> {
    /// How errors and reports call a pass.
    pub(super) fn name(&self, work: &Work) -> String {
        let layer = |index: usize| self.graph.layers[index].name.as_str();
        match work {
            Work::Dense(dense) => {
                let filters = dense.filters.iter().map(|filter| filter.layer);
                let layers = std::iter::once(dense.layer).chain(filters);
                layers.map(layer).collect::<Vec<_>>().join(" + ")
            }
            Work::Plane(plane) => {
                let layers = plane.filters.iter().map(|filter| layer(filter.layer));
                layers.collect::<Vec<_>>().join(" + ")
            }
            Work::Transfer(transfer) => {
                let value = self.graph.value(self.schedule.stored[transfer.stored.0].value);
                format!("{} {}", if transfer.to_memory { "load" } else { "save" }, value.name)
            }
            Work::Processor { layers } => {
                layers.iter().map(|&index| layer(index)).collect::<Vec<_>>().join(", ")
            }
        }
    }

    pub(super) fn check_bases(&self) -> Result<()> {
        let aligned = self.bases.iter().all(|base| base.is_multiple_of(self.design.pixels));
        if self.bases.len() != self.schedule.stored.len() || !aligned {
            return Err(Error::new(&codes::PLAN_INVALID, "addresses do not fit the schedule"));
        }
        Ok(())
    }

    /// Words of a pixel of a plane.
    fn pixel_words(&self, id: StoredId) -> usize {
        self.schedule.stored[id.0].format.bits() as usize / 8
    }

    /// Address and stride of a plane.
    ///
    /// # Errors
    /// `PROGRAM_LIMIT` for int32 tensors, which the shared memory does not hold.
    pub fn plane(&self, id: StoredId, plane: usize) -> Result<(usize, usize)> {
        let stored = &self.schedule.stored[id.0];
        if stored.format == Width::I32 {
            return Err(limit("int32 tensors have no place in the shared memory"));
        }
        let stride = self.design.plane_stride(stored.height * stored.width, self.pixel_words(id));
        Ok((self.bases[id.0] + plane * stride, stride))
    }

    /// Words of a stored tensor.
    pub(super) fn words(&self, id: StoredId) -> usize {
        let stored = &self.schedule.stored[id.0];
        let stride = self.design.plane_stride(stored.height * stored.width, self.pixel_words(id));
        stored.slots.len() / CHANNELS * stride
    }

    /// Address and stride of planes that lie one behind the other, not resized.
    ///
    /// # Errors
    /// `PROGRAM_LIMIT` when they do not.
    pub fn run(&self, planes: &[PlaneRef]) -> Result<(usize, usize)> {
        let first = planes.first().ok_or_else(|| limit("a view of no plane"))?;
        let (base, stride) = self.plane(first.stored, first.plane)?;
        for (index, plane) in planes.iter().enumerate() {
            let (own, own_stride) = self.plane(plane.stored, plane.plane)?;
            let narrow = self.schedule.stored[plane.stored.0].format == Width::I8;
            if own != base + index * stride || own_stride != stride || plane.upsampled || !narrow {
                return Err(limit("the planes do not lie one behind the other as int8"));
            }
        }
        Ok((base, stride))
    }

    /// A result of a pass must lie in its tensor as the pass makes it.
    ///
    /// # Errors
    /// `PROGRAM_LIMIT`.
    pub fn check_result(
        &self,
        id: StoredId,
        width: Width,
        extent: [usize; 2],
        slots: &[Option<usize>],
    ) -> Result<()> {
        self.check_extent(id, width, extent)?;
        match self.schedule.stored[id.0].slots == slots {
            true => Ok(()),
            false => Err(limit("result and tensor hold the channels in different orders")),
        }
    }

    /// Extent and width of a tensor are those of the result.
    ///
    /// # Errors
    /// `PROGRAM_LIMIT`.
    pub fn check_extent(&self, id: StoredId, width: Width, extent: [usize; 2]) -> Result<()> {
        let stored = &self.schedule.stored[id.0];
        if [stored.height, stored.width] != extent || stored.format != width {
            return Err(limit(format!(
                "a result of {extent:?} in a tensor of {} x {}",
                stored.height, stored.width
            )));
        }
        Ok(())
    }

    /// Scales of a value.
    ///
    /// # Errors
    /// `PROGRAM_LIMIT` for a float value.
    pub fn scales(&self, id: QValueId) -> Result<&'a [Scale]> {
        let integer = self.graph.value(id).integer();
        integer.map(|(_, scales)| scales).ok_or_else(|| limit("a float input"))
    }
}
