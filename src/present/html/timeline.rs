//! The passes of a frame along its cycles, and what the idle ones are lost to.

use maud::{Markup, html};

use super::Content;
use super::chart::{Axis, Plot, Scale, bar, label, legend};
use super::table::{Cell, number, table, text};
use crate::compile::border::status::Cause;
use crate::present::tables::inspect::grouped;

/// Rows of the chart: kinds of passes, name.
const ROWS: [(&[&str], &str, &str); 3] = [
    (&["dense"], "dense", "array"),
    (&["plane"], "plane", "plane engine"),
    (&["load", "save", "processor"], "transfer", "transfers"),
];
const ROW_HEIGHT: f64 = 34.0;

pub fn section(content: &Content<'_>) -> Markup {
    html! {
        p {
            "One frame from its start to its end: " (grouped(content.cycles())) " cycles, "
            (duration(content.cycles() as f64 / content.compiled.target().clock_mhz as f64))
            " at " (content.compiled.target().clock_mhz) " MHz. The pale part of a bar is idle time."
        }
        (chart(content))
        (legend(&[("dense", "dense pass"), ("plane", "plane pass"), ("transfer", "launch of a transfer")]))
        h3 { "Where idle cycles go" }
        (causes(content))
    }
}

/// A time of so many microseconds.
fn duration(microseconds: f64) -> String {
    match microseconds {
        short if short < 100.0 => format!("{short:.1} µs"),
        long => format!("{:.2} ms", long / 1e3),
    }
}

fn chart(content: &Content<'_>) -> Markup {
    let mut plot = Plot::new(16.0 + ROW_HEIGHT * ROWS.len() as f64 + 48.0);
    plot.left = 108.0;
    let x = Scale::linear((0.0, content.cycles().max(1) as f64), plot.across());
    let mut start = 0;
    let spans: Vec<_> = content
        .lines
        .iter()
        .map(|line| {
            let span = (start, line);
            start += line.cycles;
            span
        })
        .collect();
    plot.frame(
        "Passes along the cycles of a frame",
        html! {
            (plot.columns(&Axis { scale: &x, ticks: 8, name: "cycle", form: |tick| grouped(tick as u64) }))
            @for (row, (kinds, class, name)) in ROWS.iter().enumerate() {
                @let top = plot.top + row as f64 * ROW_HEIGHT + 4.0;
                (label("tick end", (plot.left - 10.0, top + 17.0), name))
                @for (index, (start, line)) in spans.iter().enumerate() {
                    @if kinds.contains(&line.kind) {
                        @let (left, right) = (x.at(*start as f64), x.at((start + line.cycles) as f64));
                        @let title = format!(
                            "pass {index}, {}: cycles {} to {}, {:.0} % at work",
                            line.layers.join(" + "), grouped(*start), grouped(start + line.cycles),
                            100.0 * line.efficiency()
                        );
                        @let size = (right - left - 0.5).max(1.0);
                        (bar(&format!("{class} idle"), (left, top), (size, ROW_HEIGHT - 8.0), &title))
                        (bar(class, (left, top), (size * line.efficiency().min(1.0), ROW_HEIGHT - 8.0), &title))
                    }
                }
            }
        },
    )
}

fn causes(content: &Content<'_>) -> Markup {
    let total = content.cycles().max(1) as f64;
    let lost = |cause: Cause| -> u64 {
        content.predicted.iter().map(|pass| pass.stalls[cause as usize]).sum()
    };
    let mut rows: Vec<_> =
        Cause::ALL.into_iter().map(|cause| (cause.name(), lost(cause))).collect();
    rows.sort_by_key(|&(_, cycles)| std::cmp::Reverse(cycles));
    let row = |(name, cycles): (&str, u64)| {
        vec![Cell::text(name), Cell::count(cycles), Cell::share(cycles as f64 / total, 1)]
    };
    let model = table(
        "Idle cycles by cause, predicted",
        &[text("cause"), number("cycles"), number("of the frame")],
        rows.into_iter().map(row).collect(),
        true,
    );
    html! {
        div.columns {
            div { h4 { "By the cost model" } (model) }
            @if let Some(measured) = &content.extras.measured {
                @let rows = measured.first().stalls.iter().map(row);
                div {
                    h4 { "By the counters of the hardware" }
                    (table(
                        "Idle cycles by cause, counted",
                        &[text("cause"), number("cycles"), number("of the frame")],
                        rows.collect(),
                        true,
                    ))
                }
            }
        }
        @if content.extras.measured.is_some() {
            p.aside {
                "The hardware counts a cycle for each unit that waits, so that its causes overlap."
            }
        }
    }
}
