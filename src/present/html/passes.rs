//! Every pass of the program in numbers.

use maud::{Markup, html};

use super::Content;
use super::line::Line;
use super::table::{Cell, Column, name, number, table, text};
use crate::present::tables::inspect::grouped;
use crate::present::tables::plan::runs;

pub fn section(content: &Content<'_>) -> Markup {
    let measured = content.extras.measured.is_some();
    html! {
        p {
            "A pass does one convolution, with the depthwise ones behind it where they are chained. Its sums "
            "are aligned to the next layer by right shifts, one per output channel; the table gives the least "
            "and the largest. "
            @if measured { "Cycles are counted in the co-simulation, beside the prediction of the cost model. " }
            @else { "Cycles are predicted by the cost model. " }
            "A pass is at work while its engine has a group of pixels; the rest is idle for the cause given."
        }
        (numbers(content, measured))
    }
}

const COLUMNS: [Column; 12] = [
    number("#"),
    text("kind"),
    text("layers"),
    number("shifts"),
    number("blocks read"),
    number("blocks written"),
    number("cycles"),
    number("predicted"),
    number("at work"),
    text("idle by"),
    number("MAC/cycle"),
    number("DDR, B"),
];
const PREDICTED: usize = 7;

fn numbers(content: &Content<'_>, measured: bool) -> Markup {
    let shown = |column: usize| measured || column != PREDICTED;
    let pick = |cells: Vec<Cell>| -> Vec<Cell> {
        let cells = cells.into_iter().enumerate();
        cells.filter(|(column, _)| shown(*column)).map(|(_, cell)| cell).collect()
    };
    let rows = content.lines.iter().enumerate().map(|(index, line)| pick(row(index, line)));
    let columns: Vec<Column> =
        COLUMNS.into_iter().enumerate().filter(|(at, _)| shown(*at)).map(|(_, c)| c).collect();
    html! {
        (table("Every pass", &columns, rows.collect(), true))
        p.sum { "Sum: " (grouped(content.cycles())) " cycles, the end of the program included." }
    }
}

fn row(index: usize, line: &Line) -> Vec<Cell> {
    let shifts = match line.shifts {
        None => Cell::keyed("–", f64::MIN),
        Some((low, high)) if low == high => Cell::keyed(low, low.into()),
        Some((low, high)) => Cell::keyed(format!("{low} to {high}"), low.into()),
    };
    let works = matches!(line.kind, "dense" | "plane");
    let layers = html! {
        @for (at, layer) in line.layers.iter().enumerate() {
            @if at > 0 { " + " }
            (name(layer))
        }
    };
    vec![
        Cell::count(index as u64),
        Cell::text(html! { span.kind.(line.kind) { (line.kind) } }),
        Cell::text(layers),
        shifts,
        Cell::keyed(runs(&line.reads), line.reads.len() as f64),
        Cell::keyed(runs(&line.writes), line.writes.len() as f64),
        Cell::count(line.cycles),
        Cell::count(line.predicted),
        if works { Cell::share(line.efficiency(), 0) } else { Cell::decimal(None, 0) },
        Cell::text(line.cause.map_or("", |cause| cause.name())),
        Cell::decimal((line.dense_macs > 0).then(|| line.rate()), 1),
        Cell::count(line.ddr),
    ]
}
