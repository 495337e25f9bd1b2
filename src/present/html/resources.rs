//! What the accelerator takes of the part.

use maud::{Markup, html};

use super::Content;
use super::chart::meter;
use super::inputs::Resources;
use super::table::{Cell, number, table, text};
use crate::compile::boards::Target;

/// Share from which a resource is marked: routing gets hard.
const FULL: f64 = 0.8;

pub fn section(content: &Content<'_>) -> Markup {
    let target = content.compiled.target();
    html! {
        @match &content.extras.resources {
            None => {
                p.note {
                    "No synthesis report was given (" code { "--resources" } "), so nothing is said of look-up "
                    "tables, memories or the clock that the design reaches. The part has:"
                }
                (of_part(target))
            }
            Some(resources) => {
                p {
                    @if resources.estimate { "Estimated by " } @else { "Counted by " }
                    (resources.tool) ", against " (target.part) "."
                    @if let Some(clock) = resources.fmax_mhz {
                        " Highest clock by the same tool: " (format!("{clock:.0}")) " MHz; the target's is "
                        (target.clock_mhz) " MHz."
                    }
                }
                (usage(resources, target))
            }
        }
    }
}

/// Name and number of each kind in the part.
fn kinds(target: &Target) -> [(&'static str, u64); 5] {
    [
        ("look-up tables", target.lut),
        ("flip-flops", target.ff),
        ("DSP slices", target.dsp),
        ("block RAMs of 36 Kbit", target.bram36),
        ("UltraRAMs", target.uram),
    ]
}

fn of_part(target: &Target) -> Markup {
    let rows = kinds(target).map(|(name, count)| vec![Cell::text(name), Cell::count(count)]);
    table("The part", &[text("resource"), number("in the part")], rows.into(), false)
}

fn usage(resources: &Resources, target: &Target) -> Markup {
    let whole = |count: Option<u64>| count.map(|count| count as f64);
    let used = [
        whole(resources.lut),
        whole(resources.ff),
        whole(resources.dsp),
        resources.bram36,
        whole(resources.uram),
    ];
    let class = |share: Option<f64>| if share > Some(FULL) { "weak" } else { "dense" };
    let row = |((name, count), used): ((&'static str, u64), Option<f64>)| {
        let share = used.filter(|_| count > 0).map(|used| used / count as f64);
        let digits = usize::from(used.is_some_and(|used| used.fract() != 0.0));
        vec![
            Cell::text(name),
            Cell::decimal(used, digits),
            Cell::count(count),
            share.map_or_else(|| Cell::decimal(None, 0), |share| Cell::share(share, 1)),
            Cell::text(meter(class(share), share.unwrap_or(0.0))),
        ]
    };
    let rows = kinds(target).into_iter().zip(used).map(row).collect();
    let columns = [
        text("resource"),
        number("used"),
        number("in the part"),
        number("share"),
        text("0 to 100 %"),
    ];
    table("Resources", &columns, rows, false)
}
