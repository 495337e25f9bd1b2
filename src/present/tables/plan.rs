//! `seigo plan` on a model: passes with the blocks that they read and write, the peak, DDR traffic.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::inspect::{grouped, right_align, table};
use crate::base::json::{Form, FormatOf, VersionOf};
use crate::compile::boards::Target;
use crate::compile::packing::Packing;
use crate::compile::schedule::estimate;
use crate::compile::schedule::sizes::{self, Traffic};
use crate::compile::schedule::strips::Group;
use crate::compile::schedule::{Dense, Pass, Plan, Schedule, StoredId, Way, Work, build, touched};
use crate::model::qgraph::QGraph;

/// Everything that `seigo plan` says of a model.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct PlanReport {
    /// `seigo-plan`.
    pub format: FormatOf<Self>,
    /// Version of this form.
    pub version: VersionOf<Self>,
    /// Name of the network.
    pub network: String,
    /// Name of the target.
    pub target: String,
    /// Bytes of the target's shared memory.
    pub memory_bytes: u64,
    /// Bytes of a block.
    pub block_bytes: u64,
    /// Bytes of which every address is a multiple.
    pub alignment: u64,
    /// Highest byte in use.
    pub peak: u64,
    /// Live bytes of the fullest pass: no packing is lower.
    pub lower_bound: u64,
    /// Peak over lower bound.
    pub ratio: f64,
    /// Blocks in use.
    pub blocks: u64,
    /// Cycles of a frame: predicted, see `predicted`, or estimated without stalls.
    pub cycles: u64,
    /// Whether cycles are those that the cost model predicts for the program.
    pub predicted: bool,
    /// Bytes of a frame to and from DDR.
    pub ddr: Traffic,
    /// All of them.
    pub ddr_bytes: u64,
    /// The same if every pass were over whole tensors, read all inputs from DDR and wrote its results there.
    pub no_reuse_bytes: u64,
    /// Layers that the processor does when the accelerator is done.
    pub tail: Vec<String>,
    /// In order.
    pub passes: Vec<PassRow>,
    /// What is done strip by strip; none where the network fits.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<GroupRow>,
}

impl Form for PlanReport {
    const FORMAT: &'static str = "seigo-plan";
    const VERSION: u32 = 1;
}

/// What a pass uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PassKind {
    /// The dense array.
    Dense,
    /// The plane engine alone.
    Plane,
    /// A transfer to shared memory.
    Load,
    /// A transfer from shared memory.
    Save,
    /// The processor.
    Processor,
}

impl PassKind {
    /// Its word in tables and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Dense => "dense",
            Self::Plane => "plane",
            Self::Load => "load",
            Self::Save => "save",
            Self::Processor => "processor",
        }
    }
}

/// One pass.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct PassRow {
    /// What it uses.
    pub kind: PassKind,
    /// Layers that it does, or the tensor that it moves.
    pub layers: Vec<String>,
    /// Whether it waits for transfers.
    pub waits: bool,
    /// Blocks that it reads.
    pub reads: Vec<u64>,
    /// Blocks that it writes.
    pub writes: Vec<u64>,
    /// Bytes that it writes.
    pub bytes: u64,
    /// Cycles, as in the whole.
    pub cycles: u64,
    /// What most of the cycles without work wait for, where it is predicted.
    pub idle_by: Option<Cow<'static, str>>,
    /// Strips of rows; 1 is a whole pass.
    pub strips: usize,
}

/// Successive passes that are done strip by strip.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct GroupRow {
    /// The first pass and the one behind the last.
    pub passes: [usize; 2],
    /// Passes in between that do not belong to it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub without: Vec<usize>,
    /// Strips of rows.
    pub strips: usize,
    /// Layers of a strip, in order.
    pub layers: Vec<String>,
    /// Cycles of all its passes, as in the whole.
    pub cycles: u64,
    /// Bytes of all its passes to and from DDR.
    pub ddr_bytes: u64,
}

/// The network behind a report.
#[derive(Clone, Copy)]
struct Subject<'a> {
    graph: &'a QGraph,
    target: &'a Target,
    schedule: &'a Schedule,
    packing: &'a Packing,
}

impl PlanReport {
    /// Of a plan.
    pub fn of_plan(graph: &QGraph, plan: &Plan) -> Self {
        let Plan { target, schedule, placed, groups } = plan;
        let subject = Subject { graph, target, schedule, packing: &placed.packing };
        let tensors: Vec<_> = (0..schedule.stored.len()).map(StoredId).collect();
        subject.report(placed.problem.alignment(), &tensors, groups)
    }

    /// Takes over the cycles of every pass, and of the end of the frame, that the cost model predicts,
    /// with the largest cause of those without work.
    pub fn predict(&mut self, costs: &[(u64, Option<&'static str>)]) {
        for (row, &(cycles, idle_by)) in self.passes.iter_mut().zip(costs) {
            (row.cycles, row.idle_by) = (cycles, idle_by.map(Cow::Borrowed));
        }
        self.cycles = costs.iter().map(|cost| cost.0).sum();
        for group in &mut self.groups {
            let [first, end] = group.passes;
            let own = (first..end).filter(|pass| !group.without.contains(pass));
            group.cycles = own.map(|pass| self.passes[pass].cycles).sum();
        }
        self.predicted = true;
    }

    /// The tables.
    pub fn to_table(&self) -> String {
        let mut passes =
            table(&["pass", "layers", "reads", "writes", "bytes", "cycles", "strips", "idle by"]);
        for (index, row) in self.passes.iter().enumerate() {
            passes.add_row([
                format!("{index} {}{}", row.kind.name(), if row.waits { " (waits)" } else { "" }),
                row.layers.join(" + "),
                runs(&row.reads),
                runs(&row.writes),
                grouped(row.bytes),
                grouped(row.cycles),
                row.strips.to_string(),
                row.idle_by.as_deref().unwrap_or("").to_owned(),
            ]);
        }
        let passes = right_align(passes, 4..7);
        let mut text = format!("{passes}\n\n");
        text.push_str(&self.groups_table());
        let mut line = |name: &str, value: String| text.push_str(&format!("{name:<16} {value}\n"));
        line("target", format!("{}, {} B", self.target, grouped(self.memory_bytes)));
        line("peak", format!("{} B", grouped(self.peak)));
        line("lower bound", format!("{} B", grouped(self.lower_bound)));
        line("ratio", format!("{:.3}", self.ratio));
        line("blocks", format!("{} of {} B", self.blocks, grouped(self.block_bytes)));
        let kind = if self.predicted { "predicted" } else { "estimate without stalls" };
        line("cycles", format!("{} ({kind})", grouped(self.cycles)));
        let Traffic { stream, image, loaded, stored } = self.ddr;
        let parts = [("weights", stream), ("image", image), ("loaded", loaded), ("stored", stored)];
        let parts = parts.map(|(name, bytes)| format!("{name} {}", grouped(bytes)));
        line("DDR per frame", format!("{} B: {}", grouped(self.ddr_bytes), parts.join(", ")));
        line("without reuse", format!("{} B", grouped(self.no_reuse_bytes)));
        if !self.tail.is_empty() {
            line("processor", self.tail.join(", "));
        }
        text
    }
}

impl PlanReport {
    /// Groups of more than one strip, and what they move.
    fn groups_table(&self) -> String {
        let mut groups = table(&["passes", "strip by strip", "strips", "cycles", "DDR bytes"]);
        let shown: Vec<&GroupRow> = self.groups.iter().filter(|row| row.strips > 1).collect();
        for row in &shown {
            let [first, end] = row.passes;
            groups.add_row([
                format!("{first}-{}", end - 1),
                row.layers.join(", "),
                row.strips.to_string(),
                grouped(row.cycles),
                grouped(row.ddr_bytes),
            ]);
        }
        match shown.is_empty() {
            true => String::new(),
            false => format!("{}\n\n", right_align(groups, 2..5)),
        }
    }
}

impl Subject<'_> {
    fn report(self, alignment: u64, tensors: &[StoredId], groups: &[Group]) -> PlanReport {
        let Self { graph, target, schedule, packing } = self;
        let row = |(index, pass): (usize, &Pass)| {
            let group = groups.iter().find(|group| group.contains(index));
            self.row(index, pass, tensors, group.map_or(1, |group| group.strips))
        };
        let passes: Vec<PassRow> = schedule.passes.iter().enumerate().map(row).collect();
        let ddr = sizes::traffic(graph, schedule, target.pixels);
        // Strips repeat weights and rows: beside them stand passes over whole tensors, which a plan in strips came from.
        let cut = !groups.is_empty();
        let whole = cut.then(|| build(graph, target, &Way::default()).ok()).flatten();
        PlanReport {
            format: FormatOf::default(),
            version: VersionOf::default(),
            network: graph.name.clone(),
            target: target.name.clone(),
            memory_bytes: target.memory_bytes,
            block_bytes: target.block_bytes,
            alignment,
            peak: packing.height,
            lower_bound: packing.lower_bound,
            ratio: packing.ratio(),
            blocks: packing.height.div_ceil(target.block_bytes),
            cycles: passes.iter().map(|row| row.cycles).sum(),
            predicted: false,
            ddr,
            ddr_bytes: ddr.total(),
            no_reuse_bytes: sizes::no_reuse(
                graph,
                whole.as_ref().unwrap_or(schedule),
                target.pixels,
            ),
            tail: schedule.tail.iter().map(|&layer| graph.layers[layer].name.clone()).collect(),
            groups: groups.iter().map(|group| self.group(group, &passes)).collect(),
            passes,
        }
    }

    fn group(self, group: &Group, passes: &[PassRow]) -> GroupRow {
        let rows = || group.passes().map(|pass| &passes[pass]);
        let mut layers: Vec<String> = Vec::new();
        let computes = |row: &&PassRow| !matches!(row.kind, PassKind::Load | PassKind::Save);
        for name in rows().filter(computes).map(|row| row.layers.join(" + ")) {
            if !layers.contains(&name) {
                layers.push(name);
            }
        }
        let traffic = group.passes().map(|pass| {
            let work = &self.schedule.passes[pass].work;
            sizes::work_traffic(self.graph, self.schedule, work, self.target.pixels).total()
        });
        GroupRow {
            passes: [group.first, group.end],
            without: group.without.clone(),
            strips: group.strips,
            layers,
            cycles: rows().map(|row| row.cycles).sum(),
            ddr_bytes: traffic.sum(),
        }
    }

    fn row(self, index: usize, pass: &Pass, tensors: &[StoredId], strips: usize) -> PassRow {
        let Self { graph, target, schedule, packing } = self;
        let (mut reads, mut writes, mut bytes) = (Vec::new(), Vec::new(), 0);
        for (client, id) in touched(&pass.work) {
            let list = if client.writes() { &mut writes } else { &mut reads };
            for (buffer, _) in tensors.iter().enumerate().filter(|(_, own)| **own == id) {
                if packing.buffers[buffer].lifespan.contains(index as u64) {
                    for (start, end) in packing.ranges(buffer) {
                        let block = target.block_bytes;
                        list.extend(start / block..end.div_ceil(block));
                    }
                }
            }
            if client.writes() {
                bytes += sizes::words(&schedule.stored[id.0], target.pixels) * sizes::WORD;
            }
        }
        for list in [&mut reads, &mut writes] {
            list.sort_unstable();
            list.dedup();
        }
        let (kind, layers) = names(graph, schedule, &pass.work);
        let cycles = match &pass.work {
            Work::Transfer(_) => 0,
            work => estimate::cycles(graph, schedule, work, target.pixels),
        };
        let waits = pass.waits;
        PassRow { kind, layers, waits, reads, writes, bytes, cycles, idle_by: None, strips }
    }
}

fn names(graph: &QGraph, schedule: &Schedule, work: &Work) -> (PassKind, Vec<String>) {
    let layer = |index: usize| graph.layers[index].name.clone();
    match work {
        Work::Dense(Dense { layer: own, filters, .. }) => {
            let filters = filters.iter().map(|filter| filter.layer);
            (PassKind::Dense, std::iter::once(*own).chain(filters).map(layer).collect())
        }
        Work::Plane(plane) => {
            (PassKind::Plane, plane.filters.iter().map(|filter| layer(filter.layer)).collect())
        }
        Work::Transfer(transfer) => {
            let value = schedule.stored[transfer.stored.0].value;
            let kind = if transfer.to_memory { PassKind::Load } else { PassKind::Save };
            (kind, vec![graph.value(value).name.clone()])
        }
        Work::Processor { layers } => {
            (PassKind::Processor, layers.iter().map(|&index| layer(index)).collect())
        }
    }
}

/// Ascending numbers as runs: `0-3, 7`.
pub fn runs(numbers: &[u64]) -> String {
    let mut runs: Vec<(u64, u64)> = Vec::new();
    for &number in numbers {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == number => *last = number,
            _ => runs.push((number, number)),
        }
    }
    let text = |(first, last): &(u64, u64)| match first == last {
        true => first.to_string(),
        false => format!("{first}-{last}"),
    };
    runs.iter().map(text).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::runs;

    #[test]
    fn runs_are_short() {
        assert_eq!(runs(&[0, 1, 2, 7, 9, 10]), "0-2, 7, 9-10");
        assert_eq!(runs(&[]), "");
    }
}
