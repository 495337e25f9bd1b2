//! From a schedule with addresses to the instruction stream.

mod context;
mod dense;
mod filter;
mod layer;
pub mod sums;

use self::context::Encoder;
use self::dense::{DensePass, window};
use self::filter::Filters;
use crate::base::error::{Error, Place as _, Result, codes};
use crate::compile::capabilities::WORD;
use crate::compile::program::design::Design;
use crate::compile::program::fields::{self, SEGMENT_WORD};
use crate::compile::program::format::record::Descriptor;
use crate::compile::program::refusal::limit;
use crate::compile::program::{Entry, Program, buffers};
use crate::compile::schedule::{
    Buffer, Client, Owners, Placed, PlaneWork, Rows, Schedule, Transfer, Work, rows,
};
use crate::frontend::ops::window::Axis;
use crate::model::qgraph::QGraph;

/// Encodes a schedule as it is placed.
///
/// # Errors
/// [`codes::PROGRAM_LIMIT`], naming the layer that needs what the hardware cannot do;
/// [`codes::PLAN_INVALID`] when addresses and schedule do not fit each other.
pub fn encode(
    graph: &QGraph,
    schedule: &Schedule,
    placed: &Placed,
    design: &Design,
) -> Result<Program> {
    let encoder = Encoder { graph, schedule, bases: &placed.bases, design };
    encoder.check_bases()?;
    if placed.owners.len() != schedule.passes.len() {
        return Err(Error::new(&codes::PLAN_INVALID, "owner masks do not fit the schedule"));
    }
    let mut stream = Vec::new();
    let mut entries = Vec::new();
    for (index, (pass, owners)) in schedule.passes.iter().zip(&placed.owners).enumerate() {
        let name = encoder.name(&pass.work);
        entries.push(Entry { offset: stream.len(), name: name.clone() });
        let mut records = Vec::new();
        let mut descriptor = encoder.pass(&pass.work, &mut records).at(|| name.clone())?;
        write_owners(&mut descriptor, owners);
        descriptor.set(fields::WAIT_DMA, pass.waits.into())?;
        finish(&mut descriptor, index)?;
        stream.extend(descriptor.bytes());
        stream.extend(records);
    }
    entries.push(Entry { offset: stream.len(), name: "end".to_owned() });
    let mut end = Descriptor::new();
    end.set(fields::KIND, fields::KIND_END)?;
    end.set(fields::WAIT_DMA, 1)?;
    finish(&mut end, schedule.passes.len())?;
    stream.extend(end.bytes());
    Ok(Program { stream, entries, buffers: buffers::sizes(graph, schedule, design) })
}

fn finish(descriptor: &mut Descriptor, index: usize) -> Result<()> {
    descriptor.set(fields::VERSION, fields::VERSION_VALUE as usize)?;
    descriptor.set(fields::MAGIC, fields::MAGIC_VALUE as usize)?;
    descriptor.set(fields::INDEX, index)?;
    descriptor.seal();
    Ok(())
}

fn write_owners(descriptor: &mut Descriptor, owners: &Owners) {
    for client in Client::ALL {
        let field = match client {
            Client::ReadStream => fields::READ_STREAM,
            Client::ReadResidual => fields::READ_RESIDUAL,
            Client::ReadDma => fields::READ_DMA,
            Client::WriteConv => fields::WRITE_CONV,
            Client::WritePlane => fields::WRITE_PLANE,
            Client::WriteDma => fields::WRITE_DMA,
        };
        descriptor.set_mask(field, owners.mask(client));
    }
}

impl<'a> Encoder<'a> {
    fn pass(&self, work: &Work, records: &mut Vec<u8>) -> Result<Descriptor> {
        match work {
            Work::Dense(dense) => {
                let pass = DensePass::new(self, dense)?;
                pass.records(records)?;
                pass.descriptor()
            }
            Work::Plane(plane) => self.plane_pass(plane, records),
            Work::Transfer(transfer) => self.transfer(transfer),
            Work::Processor { .. } => {
                let mut d = Descriptor::new();
                d.set(fields::KIND, fields::KIND_PROCESSOR)?;
                Ok(d)
            }
        }
    }

    /// Fetch reads the planes as a 1 x 1 convolution would, and the plane engine takes them.
    fn plane_pass(&self, work: &PlaneWork, records: &mut Vec<u8>) -> Result<Descriptor> {
        let extent = rows::plane_extent(self.graph, work)?;
        let filters = Filters::new(self, &work.filters, &work.source.slots, &extent)?;
        let planes = work.source.planes.len();
        let (base, stride) = self.run(&work.source.planes, extent.input)?;
        let stored = &self.schedule.stored[work.source.planes[0].stored.0];
        let axis = |extent: usize| Axis { input: extent, output: extent, ..Axis::UNIT };
        let mut d = Descriptor::new();
        d.set(fields::KIND, fields::KIND_PLANE)?;
        d.set(fields::TILES, planes)?;
        d.set(fields::STEPS, 1)?;
        d.set(fields::PLANES, 1)?;
        d.set(fields::PLANE_ADVANCE, 1)?;
        d.set(fields::TAPS_X, 1)?;
        d.set(fields::TAPS_Y, 1)?;
        d.set(fields::DILATION, 1)?;
        d.set(fields::TILE_WORDS, filters.ring_words())?;
        d.set(fields::PARAMETER_WORDS, filters.ring_words())?;
        window(&mut d, self.design, &[axis(extent.input.count), axis(stored.width)], 1)?;
        d.set(fields::SEG_BASE.after(SEGMENT_WORD), base)?;
        d.set(fields::SEG_PLANES.after(SEGMENT_WORD), 1)?;
        d.set(fields::SEG_STRIDE.after(SEGMENT_WORD), stride)?;
        filters.describe(&mut d)?;
        self.factor(work, filters.multiply(), &mut d)?;
        for tile in 0..planes {
            filters.record(tile, records)?;
        }
        Ok(d)
    }

    /// Where the factors of a product lie.
    fn factor(&self, work: &PlaneWork, multiplied: bool, d: &mut Descriptor) -> Result<()> {
        let view = match (&work.factor, multiplied) {
            (None, false) => return Ok(()),
            (Some(view), true) if work.filters.len() == 1 => view,
            _ => return Err(limit("pass and layer disagree about factors")),
        };
        if view.slots != work.source.slots {
            return Err(limit("the factors have another order than the channels"));
        }
        let (base, stride) = self.run(&view.planes, Rows::all(1))?;
        d.set(fields::PLANE_MUL, 1)?;
        d.set(fields::RES_BASE, base)?;
        d.set(fields::RES_STRIDE, stride)
    }

    fn transfer(&self, transfer: &Transfer) -> Result<Descriptor> {
        let id = transfer.stored;
        let stored = &self.schedule.stored[id.0];
        let (pitch, planes) = self.whole(id);
        let rows = transfer.rows.unwrap_or(rows::held(stored));
        self.check_rows(id, rows)?;
        let (base, stride) = self.plane(id, 0, rows.first)?;
        let row = stored.width * self.pixel_words(id);
        let offset = usize::try_from(transfer.offset).ok().filter(|o| o.is_multiple_of(WORD));
        let offset =
            offset.ok_or_else(|| limit(format!("a buffer offset of {} B", transfer.offset)))?;
        let mut d = Descriptor::new();
        d.set(fields::KIND, fields::KIND_DMA)?;
        d.set(fields::TO_MEMORY, transfer.to_memory.into())?;
        match transfer.rows {
            None => {
                d.set(fields::DMA_WORDS, pitch * planes)?;
                d.set(fields::DMA_OFFSET, offset / WORD)?;
            }
            Some(_) => {
                d.set(fields::DMA_WORDS, rows.count * row)?;
                d.set(fields::DMA_OFFSET, offset / WORD + rows.first * row)?;
                d.set(fields::DMA_PLANES, planes - 1)?;
                d.set(fields::DMA_STRIDE, stride)?;
                d.set(fields::DMA_PITCH, pitch)?;
            }
        }
        d.set(fields::DMA_BASE, base)?;
        d.set(
            fields::DMA_BUFFER,
            match transfer.buffer {
                Buffer::Image => fields::BUFFER_IMAGE,
                Buffer::Output => fields::BUFFER_OUTPUT,
                Buffer::Scratch => fields::BUFFER_SCRATCH,
            },
        )?;
        Ok(d)
    }
}
