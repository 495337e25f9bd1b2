//! The whole plan: schedule, addresses, owner masks; as a section of the model file.

use serde::{Deserialize, Serialize};

use super::build::{Way, build};
use super::hide::{self, Found};
use super::strips::{Cut, Group};
use super::{Owners, Placed, Schedule, order, parity, place, sizes, validate, ways};
use crate::base::error::{Error, Result, codes};
use crate::compile::boards::Target;
use crate::compile::packing::{Packing, Problem};
use crate::model::qgraph::QGraph;

/// Version of the section's contents.
pub const VERSION: u32 = 1;

/// What the accelerator of a target does with a network, and where.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// For what it was made.
    pub target: Target,
    /// The passes.
    pub schedule: Schedule,
    /// Addresses and owner masks.
    pub placed: Placed,
    /// Passes that are done strip by strip; none where the network fits as it is.
    pub groups: Vec<Group>,
}

/// Percent of the memory that plans in strips do without, in the order in which they are tried.
const SLACKS: [u64; 7] = [0, 3, 6, 10, 15, 25, 40];

/// Searches the order with the smallest peak. A block has one owner, so that tensors take whole ones.
fn order_by_blocks(schedule: &mut Schedule, target: &Target) {
    let bytes = sizes::tensor_bytes(schedule, target.pixels);
    let blocks = bytes.iter().map(|bytes| bytes.next_multiple_of(target.block_bytes));
    order::order(schedule, &blocks.collect::<Vec<_>>());
}

fn is_about_memory(error: &Error) -> bool {
    [&codes::PLAN_CAPACITY, &codes::PLAN_TIMEOUT].into_iter().any(|code| error.code() == code)
}

/// The form in the file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    target: Target,
    schedule: Schedule,
    /// Word address of every stored tensor.
    bases: Vec<usize>,
    /// Per pass, hexadecimal masks of blocks in the order of [`super::Client::ALL`].
    owners: Vec<[String; 6]>,
    /// Bytes of which every address is a multiple.
    alignment: u64,
    packing: Packing,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    groups: Vec<Group>,
}

impl Plan {
    /// Plans a network for a target: passes, the order with the smallest peak, addresses.
    ///
    /// # Errors
    /// Those of [`super::build`] and [`place`].
    pub fn new(graph: &QGraph, target: &Target) -> Result<Self> {
        let mut failure = None;
        let tries = [(false, true), (true, true), (false, false)];
        for way in ways::fastest(graph, target, true)? {
            for (parts, ordered) in tries {
                let way = Way { parts, ..way.clone() };
                let mut schedule = build(graph, target, &way)?;
                if ordered {
                    order_by_blocks(&mut schedule, target);
                }
                parity::mark(graph, &mut schedule, target.pixels as usize);
                match place(graph, &mut schedule, target) {
                    Ok(placed) => return Self::checked(graph, target, schedule, placed),
                    Err(error) => failure = failure.or(Some(error)),
                }
            }
        }
        let failure =
            failure.unwrap_or_else(|| Error::new(&codes::INTERNAL, "no schedule was placed"));
        match is_about_memory(&failure) {
            true => Self::in_strips(graph, target),
            false => Err(failure),
        }
    }

    /// Plans a network that does not fit: passes in strips, tensors in DDR. Strips have no results between each other.
    fn in_strips(graph: &QGraph, target: &Target) -> Result<Self> {
        let mut failure = None;
        for way in ways::fastest(graph, target, false)? {
            match Self::cut(graph, target, &way) {
                Err(error) if is_about_memory(&error) => failure = failure.or(Some(error)),
                planned => return planned,
            }
        }
        Err(failure.unwrap_or_else(|| Error::new(&codes::INTERNAL, "no way was tried")))
    }

    fn cut(graph: &QGraph, target: &Target, way: &Way) -> Result<Self> {
        let mut schedule = build(graph, target, way)?;
        order_by_blocks(&mut schedule, target);
        let mut failure = None;
        // A block has one owner; small tensors share blocks where nothing else helps. Fragmentation takes
        // some of the memory at times; then less is planned with.
        for grain in [target.block_bytes, target.pixels * sizes::WORD] {
            for slack in SLACKS {
                let room = target.memory_bytes - target.memory_bytes * slack / 100;
                let cut = match Cut::new(graph, &schedule, target, (room, grain)) {
                    Ok(cut) => cut,
                    Err(error) if slack == 0 => {
                        failure = Some(error);
                        break;
                    }
                    Err(_) => break,
                };
                let (mut schedule, groups) = cut.emit()?;
                parity::mark(graph, &mut schedule, target.pixels as usize);
                match place(graph, &mut schedule, target) {
                    Ok(placed) => {
                        let found = Found { schedule, placed, groups };
                        let found = hide::improve(graph, target, cut, found);
                        let plan = Self::checked(graph, target, found.schedule, found.placed)?;
                        return Ok(Self { groups: found.groups, ..plan });
                    }
                    Err(error) if is_about_memory(&error) => failure = failure.or(Some(error)),
                    Err(error) => return Err(error),
                }
            }
        }
        Err(failure.unwrap_or_else(|| Error::new(&codes::INTERNAL, "no strips were placed")))
    }

    fn checked(
        graph: &QGraph,
        target: &Target,
        schedule: Schedule,
        placed: Placed,
    ) -> Result<Self> {
        validate::schedule(graph, &schedule)?;
        validate::placed(graph, &schedule, target, &placed)?;
        Ok(Self { target: target.clone(), schedule, placed, groups: Vec::new() })
    }

    /// The contents of the section.
    ///
    /// # Errors
    /// [`codes::INTERNAL`].
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let hexadecimal = |owners: &Owners| owners.0.map(|mask| format!("{mask:x}"));
        let form = Form {
            target: self.target.clone(),
            schedule: self.schedule.clone(),
            bases: self.placed.bases.clone(),
            owners: self.placed.owners.iter().map(hexadecimal).collect(),
            alignment: self.placed.problem.alignment(),
            packing: self.placed.packing.clone(),
            groups: self.groups.clone(),
        };
        serde_json::to_vec(&form).map_err(|error| Error::new(&codes::INTERNAL, error.to_string()))
    }

    /// Reads a section and checks it against the network.
    ///
    /// # Errors
    /// [`codes::CERAS_VERSION`] for a newer version, [`codes::PLAN_INVALID`] for contents that break
    /// a rule or belong to another network, [`codes::TARGET`] for an absurd target.
    pub fn from_bytes(graph: &QGraph, version: u32, bytes: &[u8]) -> Result<Self> {
        if version > VERSION {
            let message = format!("the plan has version {version}, this is version {VERSION}");
            return Err(Error::new(&codes::CERAS_VERSION, message));
        }
        let wrong = |message: String| Error::new(&codes::PLAN_INVALID, message);
        let form: Form = serde_json::from_slice(bytes)
            .map_err(|error| wrong(format!("the plan is malformed: {error}")))?;
        let target = Target::from_json(&form.target.to_json()?)?;
        let mut owners = Vec::with_capacity(form.owners.len());
        for (pass, masks) in form.owners.iter().enumerate() {
            let mut own = Owners::default();
            for (mask, text) in own.0.iter_mut().zip(masks) {
                *mask = u128::from_str_radix(text, 16)
                    .map_err(|_| wrong(format!("pass {pass} has the owner mask \"{text}\"")))?;
            }
            owners.push(own);
        }
        validate::schedule(graph, &form.schedule)?;
        let buffers = form.packing.buffers.clone();
        let problem = Problem::new(buffers, Some(target.memory_bytes), form.alignment)?;
        let placed = Placed { bases: form.bases, owners, problem, packing: form.packing };
        validate::placed(graph, &form.schedule, &target, &placed)?;
        Ok(Self { target, schedule: form.schedule, placed, groups: form.groups })
    }
}
