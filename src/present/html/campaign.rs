//! The page of a campaign: what came out, what failed and how to repeat it.

use maud::{Markup, html};

use super::document::document;
use super::table::{Cell, number, table, text};
use crate::campaign::Summary;
use crate::campaign::collect::{Row, Status};

/// The page of what came out of a campaign.
pub fn campaign(summary: &Summary) -> String {
    let lead = html! {
        (summary.counts.all) " tasks on " (summary.target) " · model " code { (short(&summary.model)) }
        " · manifest " code { (short(&summary.manifest)) }
    };
    let sections = [
        ("summary", "Summary", overview(summary)),
        ("troubles", "What is not right", troubles(summary)),
        ("left-out", "Left out", left_out(summary)),
        ("tasks", "Tasks", tasks(summary)),
    ];
    let footer = html! {
        p {
            "Made by " (summary.tool) ". Cycles and predictions are those of the generated Verilog in co-simulation; no \
             number here was taken on a board."
        }
    };
    document("Campaign", &lead, &sections, &footer).into_string()
}

/// The first digits of a hash.
fn short(hash: &str) -> &str {
    hash.get(..12).unwrap_or(hash)
}

fn overview(summary: &Summary) -> Markup {
    let counts = summary.counts;
    let figures = [
        ("Right", counts.right),
        ("Wrong", counts.wrong),
        ("Failed", counts.failed),
        ("Missing", counts.missing),
    ];
    html! {
        div.figures {
            @for (name, count) in figures {
                div.figure { p.name { (name) } p.value { (count) } p.beside { "of " (counts.all) } }
            }
        }
        @if summary.holds { p.note.good { "Every task has a result, and all of them are right." } }
        @else { p.note.bad { "Not every task has a result that is right." } }
        @if let Some(score) = &summary.score {
            h3 { "Accuracy of what the RTL computed" }
            @let rows = score.measures().into_iter().map(|(name, value)| {
                vec![Cell::text(name), Cell::decimal(value.map(|value| 100.0 * value), 2)]
            });
            (table("Accuracy", &[text("measure"), number("percent")], rows.collect(), false))
            p.aside {
                (score.images()) " images"
                @if score.left_out() > 0 { "; " (score.left_out()) " without a frame are left out" }
            }
        }
        @if !summary.faults.is_empty() {
            h3 { "Faults" }
            @let heads = summary.faults[0].columns().map(|(name, _)| number(name));
            @let heads: Vec<_> = std::iter::once(text("kind")).chain(heads).collect();
            @let rows = summary.faults.iter().map(|row| {
                let counts = row.columns().map(|(_, count)| Cell::count(count as u64));
                std::iter::once(Cell::text(row.fault.name())).chain(counts).collect()
            });
            (table("Faults by kind", &heads, rows.collect(), false))
            p.aside {
                "A flipped bit in weights or in the shared memory has no parity that would notice it: the result may be wrong, \
                 and nothing says so. Those count as unseen."
            }
        }
    }
}

fn troubles(summary: &Summary) -> Markup {
    let troubled = summary.tasks.iter().filter(|row| row.status != Status::Right);
    let rows: Vec<_> = troubled
        .map(|row| {
            let repeat = row.repeat.as_deref().unwrap_or_default();
            vec![
                Cell::count(row.index as u64),
                Cell::text(&row.name),
                Cell::text(row.status.name()),
                Cell::text(&row.what),
                Cell::text(html! { code { (repeat) } }),
            ]
        })
        .collect();
    let columns = [number("task"), text("name"), text("status"), text("what"), text("again")];
    match rows.is_empty() {
        true => html! { p { "Nothing." } },
        false => table("What is not right", &columns, rows, true),
    }
}

fn left_out(summary: &Summary) -> Markup {
    let rows: Vec<_> = summary
        .left_out
        .iter()
        .map(|own| vec![Cell::text(&own.file), Cell::text(&own.code), Cell::text(&own.reason)])
        .collect();
    match rows.is_empty() {
        true => html! { p { "Every file among the results is one of this campaign." } },
        false => table("Left out", &[text("file"), text("code"), text("reason")], rows, true),
    }
}

fn tasks(summary: &Summary) -> Markup {
    let optional = |count: Option<u64>| count.map_or_else(|| Cell::decimal(None, 0), Cell::count);
    let row = |row: &Row| {
        vec![
            Cell::count(row.index as u64),
            Cell::text(&row.name),
            Cell::text(row.status.name()),
            optional(row.cycles),
            optional(row.predicted),
            Cell::count(row.attempts.into()),
            Cell::decimal(Some(row.seconds), 2),
            Cell::text(&row.what),
        ]
    };
    let columns = [
        number("task"),
        text("name"),
        text("status"),
        number("cycles"),
        number("predicted"),
        number("attempts"),
        number("seconds"),
        text("what"),
    ];
    table("Tasks", &columns, summary.tasks.iter().map(row).collect(), true)
}
