//! The points of an exploration as a picture: look-up tables to the right, frames a second upward.

use maud::{Markup, PreEscaped, html};

use super::chart::{Axis, Plot, Scale, dot, label, line};
use crate::present::tables::explore::{ExplorationReport, PointRow};
use crate::present::tables::inspect::grouped;

/// Every rule names the drawing's class, so that the drawing can stand in a page beside others.
const STYLE: &str = include_str!("front.css");
/// Height of the picture, and of its title, in pixels.
const HEIGHT: f64 = 620.0;
const TOP: f64 = 84.0;
/// Room beyond the largest number.
const ROOM: f64 = 1.08;

/// Draws the points as a self-contained SVG that follows the viewer's light or dark preference.
pub fn draw_front(report: &ExplorationReport) -> String {
    let plot = Plot { top: TOP, ..Plot::new(HEIGHT) };
    let most = |number: fn(&PointRow) -> f64| report.points.iter().map(number).fold(1.0, f64::max);
    let wanted = report.wanted.unwrap_or(0.0);
    let across = Scale::linear((0.0, ROOM * most(|row| row.lut as f64)), plot.across());
    let up = Scale::linear((0.0, ROOM * most(|row| row.frames_per_second).max(wanted)), plot.up());
    let columns = Axis {
        scale: &across,
        ticks: 8,
        name: "look-up tables (fitted)",
        form: |number| grouped(number as u64),
    };
    let name = format!("frames a second at {} MHz (predicted cycles)", report.clock_mhz);
    let rows = Axis { scale: &up, ticks: 6, name: &name, form: |number| format!("{number}") };
    let svg = html! {
        svg xmlns="http://www.w3.org/2000/svg" class="front" viewBox=(format!("0 0 {} {HEIGHT}", plot.width))
            width=(plot.width) height=(HEIGHT) role="img" {
            style { (PreEscaped(STYLE)) }
            rect class="page" width=(plot.width) height=(HEIGHT) {}
            (heading(report, &plot))
            (plot.rows(&rows))
            (plot.columns(&columns))
            @if let Some(wanted) = report.wanted {
                @let at = up.at(wanted);
                (line("wanted", (plot.left, at), (plot.right, at)))
            }
            @for (index, row) in report.points.iter().enumerate() {
                (point(index, row, report, (across.at(row.lut as f64), up.at(row.frames_per_second))))
            }
        }
    };
    format!("{}\n", svg.into_string())
}

fn heading(report: &ExplorationReport, plot: &Plot) -> Markup {
    let front = report.points.iter().filter(|row| row.front).count();
    html! {
        (label("title", (plot.left, 32.0), format!("{} on {}", report.network, report.part)))
        (label("sub", (plot.left, 56.0), format!(
            "{} points, {front} on the front of cycles, LUT, DSP and RAM (solid); nothing was synthesized",
            report.points.len()
        )))
        @for (place, pixels) in [1, 2, 4, 8].into_iter().enumerate() {
            @let x = plot.right - 200.0 + 52.0 * place as f64;
            (dot(&format!("p{pixels}"), (x, 52.0), 5.0, ""))
            (label("", (x + 10.0, 56.0), format!("P {pixels}")))
        }
    }
}

fn point(index: usize, row: &PointRow, report: &ExplorationReport, at: (f64, f64)) -> Markup {
    let beside = if row.front { "" } else { " beside" };
    let chosen = if index == report.chosen { " chosen" } else { "" };
    let title = format!(
        "{index}: {}: {} cycles, {:.1} frames a second, {} LUT, {} DSP, {} BRAM36, {} URAM",
        row.target,
        grouped(row.cycles),
        row.frames_per_second,
        grouped(row.lut),
        row.dsp,
        row.bram36,
        row.uram
    );
    let radius = if row.front { 6.0 } else { 4.5 };
    dot(&format!("p{}{beside}{chosen}", row.pixels), at, radius, &title)
}
