//! From groups and strips to a schedule.

use std::collections::BTreeMap;

use super::Group;
use super::choose::Choice;
use super::group::{self, Cut, Local, Members, Span};
use super::network::{Network, Strip};
use crate::base::error::{Error, Result, codes};
use crate::compile::schedule::rows::Rows;
use crate::compile::schedule::{
    Buffer, Dense, Filter, Leaving, Pass, PlaneRef, PlaneWork, Schedule, Source, Stored, StoredId,
    Transfer, View, Work, sizes,
};

struct Emitter<'a> {
    network: &'a Network<'a>,
    whole: &'a Schedule,
    choice: &'a Choice,
    schedule: Schedule,
    /// By tensor of the whole schedule: where all its rows lie in the shared memory.
    resident: Vec<Option<StoredId>>,
    /// Where it waits in DDR.
    homes: Vec<Option<(Buffer, u64)>>,
    /// Any tensor that held it last, for the outputs.
    last: Vec<Option<StoredId>>,
}

/// The passes.
///
/// # Errors
/// [`codes::INTERNAL`].
pub fn emit(network: &Network<'_>, choice: &Choice) -> Result<(Schedule, Vec<Group>)> {
    let whole = network.schedule;
    let mut emitter = Emitter {
        network,
        whole,
        choice,
        schedule: Schedule { tail: whole.tail.clone(), ..Schedule::default() },
        resident: vec![None; whole.stored.len()],
        homes: homes(network, whole, choice),
        last: vec![None; whole.stored.len()],
    };
    let mut groups = Vec::new();
    for span in &choice.groups {
        let first = emitter.schedule.passes.len();
        emitter.group(span)?;
        let end = emitter.schedule.passes.len();
        let (steps, without) = (span.end - span.first, Vec::new());
        groups.push(Group { steps, strips: span.strips, first, end, without });
    }
    for leaving in &whole.leaving {
        let stored = emitter.last[leaving.stored.0].ok_or_else(lost)?;
        emitter.schedule.leaving.push(Leaving { stored, ..leaving.clone() });
    }
    Ok((emitter.schedule, groups))
}

fn lost() -> Error {
    Error::new(&codes::INTERNAL, "a strip reads a tensor that lies nowhere")
}

/// Where every tensor waits in DDR, if it ever does: where it is sent anyway, or behind that.
fn homes(network: &Network<'_>, whole: &Schedule, choice: &Choice) -> Vec<Option<(Buffer, u64)>> {
    let bytes = |id: usize| sizes::words(&whole.stored[id], network.pixels) * sizes::WORD;
    let taken = network.tensors.iter().enumerate().flat_map(|(id, tensor)| {
        let scratch = tensor.home.iter().chain(&tensor.leaves);
        let scratch = scratch.filter(|(buffer, _)| *buffer == Buffer::Scratch);
        scratch.map(move |(_, offset)| offset + bytes(id)).collect::<Vec<_>>()
    });
    let mut free = taken.max().unwrap_or(0);
    let home = |(id, tensor): (usize, &super::network::Tensor)| {
        let scratch = tensor.leaves.iter().find(|(buffer, _)| *buffer == Buffer::Scratch);
        tensor.home.or(scratch.copied()).or_else(|| {
            choice.places.spilled(StoredId(id)).then(|| {
                let own = free;
                free += bytes(id);
                (Buffer::Scratch, own)
            })
        })
    };
    network.tensors.iter().enumerate().map(home).collect()
}

impl Emitter<'_> {
    fn group(&mut self, span: &Span) -> Result<()> {
        if self.network.steps[span.first].processor {
            let pass = &self.whole.passes[self.network.steps[span.first].pass];
            self.pass(pass.work.clone());
            return Ok(());
        }
        let members = Members::new(self.network, &self.choice.places, span);
        let locals = &members.locals;
        for local in locals.iter().filter(|local| local.whole && !local.made && local.loads) {
            let id = self.tensor(local, None);
            self.resident[local.id.0] = Some(id);
            self.load(local, id, None)?;
        }
        for strip in 0..span.strips {
            let cut = group::cut(self.network, &members, span, strip).ok_or_else(|| {
                Error::new(&codes::INTERNAL, "a strip cannot be done that was counted on")
            })?;
            self.strip(span, locals, &cut)?;
        }
        for local in locals {
            if local.whole && local.saves {
                let id = self.resident[local.id.0].ok_or_else(lost)?;
                self.save(local, id, None);
            }
            if local.whole && !local.stays {
                self.resident[local.id.0] = None;
            }
        }
        Ok(())
    }

    fn strip(&mut self, span: &Span, locals: &[Local], cut: &Cut) -> Result<()> {
        let mut pieces: BTreeMap<StoredId, StoredId> = BTreeMap::new();
        for step in span.first..span.end {
            let Some(strip) = cut.steps[step - span.first] else { continue };
            for (at, local) in locals.iter().enumerate() {
                let touched = self.network.steps[step].uses.iter().any(|(id, _)| *id == local.id);
                if !touched || pieces.contains_key(&local.id) {
                    continue;
                }
                let rows = self.rows(local, cut.held[at]);
                let id = match self.resident[local.id.0].filter(|_| local.whole) {
                    Some(id) => id,
                    None => self.tensor(local, rows),
                };
                pieces.insert(local.id, id);
                if local.whole {
                    self.resident[local.id.0] = Some(id);
                } else if local.loads {
                    self.load(local, id, rows)?;
                }
            }
            self.compute(step, &strip, &pieces)?;
            for (at, local) in locals.iter().enumerate() {
                let made = local.made && local.from == step;
                if made && local.saves && !local.whole {
                    let rows = self.rows(local, cut.own[at]);
                    self.save(local, pieces[&local.id], rows);
                }
            }
        }
        Ok(())
    }

    /// Rows of a tensor: `None` is all of them.
    fn rows(&self, local: &Local, rows: Rows) -> Option<Rows> {
        (rows.count < self.network.tensors[local.id.0].height).then_some(rows)
    }

    /// Rows that a transfer moves: all of them with what fills the planes up to rows of all banks, or
    /// without, since strips never write that.
    fn moved(&self, local: &Local, rows: Option<Rows>) -> Option<Rows> {
        let tensor = &self.network.tensors[local.id.0];
        let plane = tensor.height as u64 * tensor.row_words;
        let full = plane.is_multiple_of(self.network.pixels);
        rows.or((!full).then_some(Rows::all(tensor.height)))
    }

    fn pass(&mut self, work: Work) {
        self.schedule.passes.push(Pass { work, waits: false });
    }

    fn tensor(&mut self, local: &Local, rows: Option<Rows>) -> StoredId {
        let whole = &self.whole.stored[local.id.0];
        let rows = rows.unwrap_or(Rows::all(whole.height));
        let new = StoredId(self.schedule.stored.len());
        self.schedule.stored.push(Stored {
            first: rows.first,
            height: rows.count,
            ..whole.clone()
        });
        self.last[local.id.0] = Some(new);
        new
    }

    fn load(&mut self, local: &Local, stored: StoredId, rows: Option<Rows>) -> Result<()> {
        let (buffer, offset) = self.homes[local.id.0].ok_or_else(lost)?;
        let rows = self.moved(local, rows);
        self.pass(Work::Transfer(Transfer { stored, to_memory: true, buffer, offset, rows }));
        Ok(())
    }

    fn save(&mut self, local: &Local, stored: StoredId, rows: Option<Rows>) {
        let rows = self.moved(local, rows);
        let mut places = self.network.tensors[local.id.0].leaves.clone();
        if self.choice.places.spilled(local.id) {
            places.extend(self.homes[local.id.0].filter(|home| !places.contains(home)));
        }
        for (buffer, offset) in places {
            self.pass(Work::Transfer(Transfer { stored, to_memory: false, buffer, offset, rows }));
        }
    }

    fn compute(
        &mut self,
        step: usize,
        strip: &Strip,
        pieces: &BTreeMap<StoredId, StoredId>,
    ) -> Result<()> {
        let step = &self.network.steps[step];
        let rows = (strip.result.count < step.result_rows).then_some(strip.result);
        let here = |id: &StoredId| pieces.get(id).copied().ok_or_else(lost);
        let view = |view: &View| -> Result<View> {
            let plane = |plane: &PlaneRef| Ok(PlaneRef { stored: here(&plane.stored)?, ..*plane });
            let planes = view.planes.iter().map(plane).collect::<Result<_>>()?;
            Ok(View { planes, ..view.clone() })
        };
        let filters = |filters: &[Filter]| -> Result<Vec<Filter>> {
            let filter = |own: &Filter| Ok(Filter { result: here(&own.result)?, ..own.clone() });
            filters.iter().map(filter).collect()
        };
        let work = match &self.whole.passes[step.pass].work {
            Work::Dense(dense) => Work::Dense(Dense {
                source: match &dense.source {
                    Source::Memory(views) => {
                        Source::Memory(views.iter().map(view).collect::<Result<_>>()?)
                    }
                    Source::Stem(image) => Source::Stem(*image),
                },
                store: dense.store.as_ref().map(here).transpose()?,
                filters: filters(&dense.filters)?,
                residual: dense.residual.as_ref().map(view).transpose()?,
                rows,
                ..dense.clone()
            }),
            Work::Plane(plane) => Work::Plane(PlaneWork {
                source: view(&plane.source)?,
                filters: filters(&plane.filters)?,
                factor: plane.factor.as_ref().map(view).transpose()?,
                rows,
                ..plane.clone()
            }),
            other => other.clone(),
        };
        self.pass(work);
        Ok(())
    }
}
