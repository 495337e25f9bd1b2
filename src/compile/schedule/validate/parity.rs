//! Independent check of tensors by parity: who touches them, and that they lie in pairs of rows of the banks.

use super::wrong;
use crate::base::error::Result;
use crate::compile::schedule::{Buffer, Schedule, Source, Stored, StoredId, Work, touched};
use crate::model::qgraph::{QGraph, Width};

/// Only the array reads a tensor by parity, and only what it stores as a whole, pixel behind pixel, lies so; it goes to DDR
/// only to come back. Its planes are multiples of two rows of the banks and begin with one, as do the rows of each piece.
pub fn parity(graph: &QGraph, schedule: &Schedule, bases: &[usize], pixels: usize) -> Result<()> {
    let processor = schedule.passes.iter().any(|pass| matches!(pass.work, Work::Processor { .. }));
    for (index, stored) in schedule.stored.iter().enumerate().filter(|(_, own)| own.by_parity) {
        let id = StoredId(index);
        let pair = 2 * pixels;
        let pieces = [bases[index], stored.height * stored.width, stored.first * stored.width];
        let other = schedule.stored.iter().any(|own| own.value == stored.value && !own.by_parity);
        let lies = pieces.iter().all(|words| words % pair == 0);
        if pixels == 1 || stored.format != Width::I8 || !lies || other {
            return Err(wrong(format!("tensor {index} does not lie in pairs of rows")));
        }
        let users = schedule.passes.iter().map(|pass| &pass.work);
        let mut users = users.filter(|work| touched(work).iter().any(|(_, own)| *own == id));
        if !users.all(|work| may_touch(graph, (stored, id, pair), work, processor)) {
            return Err(wrong(format!("tensor {index} lies by parity, which a pass cannot do")));
        }
    }
    Ok(())
}

fn may_touch(
    graph: &QGraph,
    (stored, id, pair): (&Stored, StoredId, usize),
    work: &Work,
    processor: bool,
) -> bool {
    match work {
        Work::Dense(dense) => {
            let added = dense.residual.iter().flat_map(|view| &view.planes);
            let filtered = dense.filters.iter().any(|filter| filter.result == id);
            let writes = dense.store == Some(id) && dense.phase.is_none();
            let reads = match &dense.source {
                Source::Memory(views) => {
                    let mut planes = views.iter().flat_map(|view| &view.planes);
                    planes.any(|plane| plane.stored == id && !plane.upsampled)
                }
                Source::Stem(_) => false,
            };
            let readable = match graph.layers[dense.layer].op.conv() {
                Some(conv) => {
                    let [rows, columns] = conv.axes;
                    columns.stride % 2 == 0 || [rows, columns].iter().all(|a| a.kernel == 1)
                }
                None => true,
            };
            !added.into_iter().any(|plane| plane.stored == id)
                && !filtered
                && (writes || (reads && readable))
        }
        Work::Transfer(transfer) => {
            let whole = transfer.rows.is_none_or(|rows| {
                [rows.first, rows.count].iter().all(|count| (count * stored.width) % pair == 0)
            });
            transfer.buffer == Buffer::Scratch && !processor && whole
        }
        Work::Plane(_) | Work::Processor { .. } => false,
    }
}
