//! Who touches the shared memory: clients, and the tensors that each touches in a pass.

use super::{PlaneRef, Source, StoredId, Work};

/// A client of the shared memory, with its direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Client {
    /// Fetch.
    ReadStream,
    /// The residual reader.
    ReadResidual,
    /// DMA to DDR.
    ReadDma,
    /// Write-back of the dense result.
    WriteConv,
    /// Write-back of the plane engine.
    WritePlane,
    /// DMA from DDR.
    WriteDma,
}

impl Client {
    /// All clients, in the order of the masks in a descriptor.
    pub const ALL: [Self; 6] = [
        Self::ReadStream,
        Self::ReadResidual,
        Self::ReadDma,
        Self::WriteConv,
        Self::WritePlane,
        Self::WriteDma,
    ];

    /// Whether it writes.
    pub fn writes(self) -> bool {
        self >= Self::WriteConv
    }
}

/// Tensors that a pass touches, with the client.
pub fn touched(work: &Work) -> Vec<(Client, StoredId)> {
    let planes = |planes: &[PlaneRef]| -> Vec<StoredId> {
        let mut ids: Vec<_> = planes.iter().map(|plane| plane.stored).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    };
    let mut all = Vec::new();
    let mut add = |client, ids: Vec<StoredId>| all.extend(ids.into_iter().map(|id| (client, id)));
    match work {
        Work::Dense(dense) => {
            if let Source::Memory(views) = &dense.source {
                for view in views {
                    add(Client::ReadStream, planes(&view.planes));
                }
            }
            if let Some(view) = &dense.residual {
                add(Client::ReadResidual, planes(&view.planes));
            }
            add(Client::WriteConv, dense.store.into_iter().collect());
            add(Client::WritePlane, dense.filters.iter().map(|filter| filter.result).collect());
        }
        Work::Plane(plane) => {
            add(Client::ReadStream, planes(&plane.source.planes));
            if let Some(factor) = &plane.factor {
                add(Client::ReadResidual, planes(&factor.planes));
            }
            add(Client::WritePlane, plane.filters.iter().map(|filter| filter.result).collect());
        }
        Work::Transfer(transfer) => {
            let client = if transfer.to_memory { Client::WriteDma } else { Client::ReadDma };
            add(client, vec![transfer.stored]);
        }
        Work::Processor { .. } => {}
    }
    all
}
