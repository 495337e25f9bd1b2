//! What passes are encoded from, and what every kind of pass asks of it: addresses, extents, scales.

use crate::base::error::{Error, Result, codes};
use crate::compile::program::design::Design;
use crate::compile::program::refusal::limit;
use crate::compile::schedule::{CHANNELS, PlaneRef, Rows, Schedule, StoredId, Work, rows};
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

    /// Where the lanes have a function of the graph.
    ///
    /// # Errors
    /// [`codes::PROGRAM_LIMIT`] where the design was made for another graph.
    pub(super) fn function(&self, index: usize) -> Result<usize> {
        let function = &self.graph.functions[index];
        let place = self.design.functions.iter().position(|own| own.same_lane(function));
        place.ok_or_else(|| limit(format!("the lanes have no function {}", function.name)))
    }

    /// Words of a pixel of a plane.
    pub(super) fn pixel_words(&self, id: StoredId) -> usize {
        self.schedule.stored[id.0].format.bits() as usize / 8
    }

    /// Address of row `row` of the value in a plane, and stride of the planes.
    ///
    /// # Errors
    /// `PROGRAM_LIMIT` for int32 tensors, which the shared memory does not hold, for a row that the tensor
    /// does not hold, and where the row does not begin with a word of the first bank.
    pub fn plane(&self, id: StoredId, plane: usize, row: usize) -> Result<(usize, usize)> {
        let stored = &self.schedule.stored[id.0];
        let Some(above) = row.checked_sub(stored.first).filter(|&above| above < stored.height)
        else {
            return Err(limit(format!("row {row} does not lie in tensor {}", id.0)));
        };
        let above = above * stored.width * self.pixel_words(id);
        if !above.is_multiple_of(self.design.pixels) {
            return Err(limit(format!("row {row} of tensor {} begins within a word row", id.0)));
        }
        if stored.format == Width::I32 {
            return Err(limit("int32 tensors have no place in the shared memory"));
        }
        let stride = self.design.plane_stride(stored.height * stored.width, self.pixel_words(id));
        Ok((self.bases[id.0] + plane * stride + above, stride))
    }

    /// Words from plane to plane where all rows of a tensor's value lie, and the number of planes.
    pub(super) fn whole(&self, id: StoredId) -> (usize, usize) {
        let stored = rows::whole(self.graph, &self.schedule.stored[id.0]);
        let stride = self.design.plane_stride(stored.height * stored.width, self.pixel_words(id));
        (stride, stored.slots.len() / CHANNELS)
    }

    /// Address and stride of planes, from some row on, that lie one behind the other, not resized.
    ///
    /// # Errors
    /// `PROGRAM_LIMIT` when they do not.
    pub fn run(&self, planes: &[PlaneRef], rows: Rows) -> Result<(usize, usize)> {
        let first = planes.first().ok_or_else(|| limit("a view of no plane"))?;
        let (base, stride) = self.plane(first.stored, first.plane, rows.first)?;
        for (index, plane) in planes.iter().enumerate() {
            self.check_rows(plane.stored, rows)?;
            let (own, own_stride) = self.plane(plane.stored, plane.plane, rows.first)?;
            let stored = &self.schedule.stored[plane.stored.0];
            let narrow = stored.format == Width::I8 && !stored.by_parity;
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
        extent: (Rows, usize),
        slots: &[Option<usize>],
    ) -> Result<()> {
        self.check_extent(id, width, extent)?;
        match self.schedule.stored[id.0].slots == slots {
            true => Ok(()),
            false => Err(limit("result and tensor hold the channels in different orders")),
        }
    }

    /// A tensor holds these rows of its value.
    ///
    /// # Errors
    /// `PROGRAM_LIMIT`.
    pub fn check_rows(&self, id: StoredId, rows: Rows) -> Result<()> {
        let held = rows::held(&self.schedule.stored[id.0]);
        match held.contains(rows) {
            true => Ok(()),
            false => Err(limit(format!("tensor {} holds {held:?}, not {rows:?}", id.0))),
        }
    }

    /// Width of a tensor is that of the result, and it has room for its rows and columns.
    ///
    /// # Errors
    /// `PROGRAM_LIMIT`.
    pub fn check_extent(
        &self,
        id: StoredId,
        width: Width,
        (rows, columns): (Rows, usize),
    ) -> Result<()> {
        let stored = &self.schedule.stored[id.0];
        if stored.width != columns || stored.format != width {
            return Err(limit(format!(
                "a result of {columns} columns in a tensor of {} x {}",
                stored.height, stored.width
            )));
        }
        self.check_rows(id, rows)
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
