//! What `seigo cosim` prints of a frame.

use serde_json::json;

use super::{Format, Ran};
use crate::compile::Compiled;
use crate::compile::program::predict::PassCost;
use crate::verify::cosim::{CAUSES, End, Mismatch, PassReport};

pub fn frame(format: Format, compiled: &Compiled, predicted: &[PassCost], ran: &Ran) -> String {
    match format {
        Format::Table => table(compiled, predicted, ran),
        Format::Json => format!("{}\n", document(compiled, predicted, ran)),
    }
}

/// The measured cause of most cycles that the array was held up, with their number; the predicted one
/// for cycles that no counter sees.
fn cause(pass: &PassReport, cost: &PassCost) -> (&'static str, Option<u64>) {
    let (index, cycles) =
        pass.held_up.iter().enumerate().max_by_key(|(_, cycles)| **cycles).unwrap_or((0, &0));
    let idle = pass.cycles.saturating_sub(cost.busy);
    match *cycles {
        cycles if 2 * cycles > idle => (CAUSES[index], Some(cycles)),
        _ => (cost.cause().map_or("", |cause| cause.name()), None),
    }
}

fn table(compiled: &Compiled, predicted: &[PassCost], ran: &Ran) -> String {
    let frame = &ran.frame;
    let mut lines = vec![
        ran.name.clone(),
        "  pass     cycles  predicted  busy   idle by              layers".to_owned(),
    ];
    for (index, (pass, cost)) in frame.passes.iter().zip(predicted).enumerate() {
        let busy = 100.0 * cost.busy as f64 / pass.cycles.max(1) as f64;
        let cause = match cause(pass, cost) {
            (name, Some(cycles)) => format!("{name} {cycles}"),
            (name, None) => name.to_owned(),
        };
        lines.push(format!(
            "  {index:>4}  {:>9}  {:>9}  {busy:>3.0} %  {cause:<19}  {}",
            pass.cycles, cost.cycles, pass.name
        ));
    }
    let total: u64 = predicted.iter().map(|cost| cost.cycles).sum();
    let busy: u64 = predicted.iter().map(|cost| cost.busy).sum();
    lines.push(format!(
        "  predicted {total} cycles ({:+.2} %); array or plane engine busy {:.1} %",
        100.0 * (total as f64 / frame.cycles.max(1) as f64 - 1.0),
        100.0 * busy as f64 / frame.cycles.max(1) as f64
    ));
    let stalls: Vec<_> = CAUSES
        .iter()
        .zip(frame.stalls)
        .map(|(cause, cycles)| format!("{cause} {cycles}"))
        .collect();
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

fn document(compiled: &Compiled, predicted: &[PassCost], ran: &Ran) -> serde_json::Value {
    let frame = &ran.frame;
    let by_cause = |cycles: &mut dyn Iterator<Item = u64>| -> serde_json::Map<_, _> {
        CAUSES.iter().zip(cycles).map(|(cause, own)| ((*cause).to_owned(), own.into())).collect()
    };
    let passes: Vec<_> = frame
        .passes
        .iter()
        .zip(predicted)
        .map(|(pass, cost)| {
            json!({
                "name": pass.name,
                "cycles": pass.cycles,
                "predicted": cost.cycles,
                "busy": cost.busy,
                "cause": cause(pass, cost).0,
                "stalls": by_cause(&mut pass.held_up.iter().copied()),
            })
        })
        .collect();
    let difference = frame.mismatch.as_ref().map(|mismatch| {
        let d = mismatch.difference;
        json!({
            "pass": mismatch.pass,
            "value": mismatch.value,
            "channel": d.channel,
            "row": d.row,
            "column": d.column,
            "found": d.found,
            "expected": d.expected,
            "count": d.count,
            "cycle": mismatch.cycle,
        })
    });
    let fault = match frame.end {
        End::Done => None,
        End::Fault(fault) => Some(json!({
            "code": fault.code,
            "meaning": fault.meaning(),
            "advice": fault.advice(),
            "client": fault.client(),
            "block": fault.block(),
            "pass": fault.pass,
            "layers": fault.pass_name(&compiled.program),
        })),
    };
    json!({
        "frame": ran.name,
        "equal": ran.equal(),
        "cycles": frame.cycles,
        "compared": frame.compared,
        "seconds": ran.seconds,
        "difference": difference,
        "fault": fault,
        "stalls": by_cause(&mut frame.stalls.iter().map(|&cycles| u64::from(cycles))),
        "passes": passes,
    })
}
