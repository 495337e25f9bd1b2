//! Who may touch which block in which step.
//!
//! A *client* is a port of the accelerator that reads or writes shared memory: stream read, write
//! back, residual read, DMA, processor. The owner table gives every client exactly the blocks that
//! its accesses of a step need; the arbiter reports everything else as an error.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::packing::Packing;
use crate::base::error::{Error, Result, codes};

/// Number of a client.
pub type Client = u8;

/// Direction of an access.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccessKind {
    /// The client reads the buffer.
    Read,
    /// The client writes the buffer.
    Write,
}

/// A client reads or writes a whole buffer in one step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Access {
    /// Step, on the scale of the lifespans.
    pub step: u64,
    /// Index of the buffer in the problem.
    pub buffer: usize,
    /// Direction.
    pub kind: AccessKind,
    /// Who.
    pub client: Client,
}

/// The owners of one block in one step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ownership {
    /// The block.
    pub block: u32,
    /// Clients that may read it, ascending.
    pub readers: BTreeSet<Client>,
    /// The client that may write it.
    pub writer: Option<Client>,
}

/// Owners of all blocks in all steps; what is not listed belongs to nobody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnerTable {
    /// Bytes of a block.
    pub block_size: u64,
    /// By step, the owned blocks in ascending order.
    pub steps: BTreeMap<u64, Vec<Ownership>>,
}

impl OwnerTable {
    /// The table that `accesses` to the buffers of `packing` need, in blocks of `block_size` bytes.
    ///
    /// Offsets that are no multiple of the block size let two buffers share a block; such a packing
    /// is refused when one of them is written while the other is read.
    ///
    /// # Errors
    /// [`codes::PLAN_INVALID`] naming the step and block in which two clients write, or one buffer
    /// is written while another one is read; [`codes::PLAN_PROBLEM`] when an access names no buffer
    /// or the block size is 0 or leads to block numbers above 32 bits.
    pub fn new(packing: &Packing, accesses: &[Access], block_size: u64) -> Result<Self> {
        let mut cells: BTreeMap<u64, BTreeMap<u32, Cell>> = BTreeMap::new();
        for access in accesses {
            for block in blocks_of(packing, access.buffer, block_size)? {
                let cell = cells.entry(access.step).or_default().entry(block).or_default();
                cell.add(access).map_err(|conflict| {
                    Error::new(
                        &codes::PLAN_INVALID,
                        format!(
                            "block {block} in step {}: {}",
                            access.step,
                            conflict.text(packing)
                        ),
                    )
                    .help("align the buffers to whole blocks, or do not share a block in this step")
                })?;
            }
        }
        let steps = cells
            .into_iter()
            .map(|(step, blocks)| {
                let own = |(block, cell): (u32, Cell)| Ownership {
                    block,
                    readers: cell.readers.iter().map(|&(client, _)| client).collect(),
                    writer: cell.writers.first().map(|&(client, _)| client),
                };
                (step, blocks.into_iter().map(own).collect())
            })
            .collect();
        Ok(Self { block_size, steps })
    }

    /// The owners of `block` in `step`, if it has any.
    pub fn get(&self, step: u64, block: u32) -> Option<&Ownership> {
        let blocks = self.steps.get(&step)?;
        blocks.binary_search_by_key(&block, |own| own.block).ok().map(|index| &blocks[index])
    }

    /// One more than the highest block that is ever owned.
    pub fn block_count(&self) -> u64 {
        let last = self.steps.values().flatten().map(|own| u64::from(own.block) + 1);
        last.max().unwrap_or(0)
    }
}

/// Accesses to one block in one step, as (client, buffer).
#[derive(Default)]
struct Cell {
    readers: Vec<(Client, usize)>,
    writers: Vec<(Client, usize)>,
}

enum Conflict {
    Writers(Client, Client),
    ReadWrite { read: usize, written: usize },
}

impl Conflict {
    fn text(&self, packing: &Packing) -> String {
        let name = |buffer: usize| &packing.buffers[buffer].id;
        match *self {
            Self::Writers(first, second) => format!("clients {first} and {second} both write it"),
            Self::ReadWrite { read, written } => {
                format!("\"{}\" is written while \"{}\" is read", name(written), name(read))
            }
        }
    }
}

impl Cell {
    fn add(&mut self, access: &Access) -> Result<(), Conflict> {
        let (client, buffer) = (access.client, access.buffer);
        match access.kind {
            AccessKind::Read => self.readers.push((client, buffer)),
            AccessKind::Write => {
                if let Some(&(first, _)) =
                    self.writers.first().filter(|&&(first, _)| first != client)
                {
                    return Err(Conflict::Writers(first, client));
                }
                self.writers.push((client, buffer));
            }
        }
        for &(_, written) in &self.writers {
            if let Some(&(_, read)) = self.readers.iter().find(|&&(_, read)| read != written) {
                return Err(Conflict::ReadWrite { read, written });
            }
        }
        Ok(())
    }
}

/// Most blocks of one buffer.
const MAX_TOUCHED: u64 = 1 << 20;

/// Every block that a buffer touches, ascending by address range.
fn blocks_of(packing: &Packing, buffer: usize, block_size: u64) -> Result<Vec<u32>> {
    let refuse = |message: String| Err(Error::new(&codes::PLAN_PROBLEM, message));
    if block_size == 0 {
        return refuse("block size 0".to_owned());
    }
    if buffer >= packing.buffers.len() {
        return refuse(format!("an access names buffer {buffer} of {}", packing.buffers.len()));
    }
    let mut blocks = Vec::new();
    for (start, end) in packing.ranges(buffer) {
        if (end - start) / block_size > MAX_TOUCHED {
            return refuse(format!(
                "\"{}\" lies in more than {MAX_TOUCHED} blocks of {block_size} B",
                packing.buffers[buffer].id
            ));
        }
        for block in start / block_size..end.div_ceil(block_size) {
            match u32::try_from(block) {
                Ok(block) => blocks.push(block),
                Err(_) => return refuse(format!("block {block} has no 32-bit number")),
            }
        }
    }
    Ok(blocks)
}
