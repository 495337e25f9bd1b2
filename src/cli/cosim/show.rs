//! What `seigo cosim` prints of a frame.

use super::{Format, Ran};
use crate::base::error::Result;
use crate::base::json;
use crate::compile::Compiled;
use crate::compile::program::predict::PassCost;
use crate::verify::cosim::{End, FrameReport, Mismatch};

/// A frame for people, or as JSON on a line.
pub fn frame(
    format: Format,
    compiled: &Compiled,
    predicted: &[PassCost],
    ran: &Ran,
) -> Result<String> {
    let report = FrameReport::new(&ran.name, &ran.frame, &compiled.program, predicted, ran.seconds);
    match format {
        Format::Text => Ok(table(compiled, predicted, &report, ran)),
        Format::Json => json::line(&report),
    }
}

fn table(compiled: &Compiled, predicted: &[PassCost], report: &FrameReport, ran: &Ran) -> String {
    let frame = &ran.frame;
    let mut lines = vec![
        ran.name.clone(),
        "  pass     cycles  predicted  busy   idle by              layers".to_owned(),
    ];
    for (index, pass) in report.passes.iter().enumerate() {
        let busy = 100.0 * pass.busy as f64 / pass.cycles.max(1) as f64;
        let cause = match pass.counted() {
            Some(cycles) => format!("{} {cycles}", pass.cause),
            None => pass.cause.clone(),
        };
        lines.push(format!(
            "  {index:>4}  {:>9}  {:>9}  {busy:>3.0} %  {cause:<19}  {}",
            pass.cycles, pass.predicted, pass.name
        ));
    }
    let total: u64 = predicted.iter().map(|cost| cost.cycles).sum();
    let busy: u64 = predicted.iter().map(|cost| cost.busy).sum();
    lines.push(format!(
        "  predicted {total} cycles ({:+.2} %); array or plane engine busy {:.1} %",
        100.0 * (total as f64 / frame.cycles.max(1) as f64 - 1.0),
        100.0 * busy as f64 / frame.cycles.max(1) as f64
    ));
    let stalls: Vec<_> =
        report.stalls.iter().map(|(cause, cycles)| format!("{cause} {cycles}")).collect();
    lines.push(format!("  stall cycles: {}", stalls.join(", ")));
    lines.push(format!(
        "  {} cycles, {:.2} s; compared: {} tensors in shared memory, {} outputs in DDR",
        frame.cycles,
        ran.seconds,
        frame.stored(),
        frame.compared - frame.stored()
    ));
    lines.extend(verdict(compiled, ran));
    lines.join("\n") + "\n"
}

fn verdict(compiled: &Compiled, ran: &Ran) -> Option<String> {
    if let Some(mismatch) = &ran.frame.mismatch {
        return Some(format!("  DIFFERS first in {}", place(compiled, mismatch)));
    }
    match ran.frame.end {
        End::Fault(fault) => Some(format!(
            "  FAULT: {}\n  help: {}",
            fault.describe(&compiled.program),
            fault.advice()
        )),
        End::Done if ran.frame.compared == 0 => Some("  NOTHING was compared".to_owned()),
        End::Done => Some(format!(
            "  {} tensors, all equal to the reference, bit for bit",
            ran.frame.compared
        )),
    }
}

fn place(compiled: &Compiled, mismatch: &Mismatch) -> String {
    let d = mismatch.difference;
    let entry = compiled.program.entries.get(mismatch.pass);
    format!(
        "pass {} ({}), {}: channel {}, row {}, column {}: {} instead of {}; {} numbers differ; cycle {}",
        mismatch.pass,
        entry.map_or("end", |entry| &entry.name),
        mismatch.value,
        d.channel,
        d.row,
        d.column,
        d.found,
        d.expected,
        d.count,
        mismatch.cycle
    )
}
