//! Where every tensor lies while it lives.

use maud::{Markup, PreEscaped, html};

use super::Content;
use super::packing;
use super::table::{Cell, folded, name, number, table, text};
use crate::compile::packing::Packing;
use crate::compile::schedule::StoredId;
use crate::present::tables::inspect::grouped;
use crate::present::tables::plan::runs;

pub fn section(content: &Content<'_>) -> Markup {
    let compiled = content.compiled;
    let packing = &compiled.plan.placed.packing;
    let tensors: Vec<_> = (0..compiled.schedule().stored.len()).map(StoredId).collect();
    let title = format!("{} on {}", compiled.graph().name, compiled.target().name);
    let drawing =
        packing::draw_schedule(title, compiled.target(), compiled.schedule(), &tensors, packing);
    html! {
        p {
            "Every tensor by the passes in which it lives (to the right) and the addresses that it holds "
            "(upward). Peak " (grouped(packing.height)) " B of "
            (grouped(compiled.target().memory_bytes)) "; no plan is below "
            (grouped(packing.lower_bound)) " B, the most that must live at once."
        }
        div.scroll.chart role="region" aria-label="Memory plan" tabindex="0" { (PreEscaped(drawing)) }
        (folded("Every tensor in numbers", numbers(packing, compiled.target().block_bytes)))
    }
}

fn numbers(packing: &Packing, block: u64) -> Markup {
    let row = |(index, buffer): (usize, &crate::compile::packing::Buffer)| {
        let blocks: Vec<u64> = packing
            .ranges(index)
            .into_iter()
            .flat_map(|(start, end)| start / block..end.div_ceil(block))
            .collect();
        vec![
            Cell::text(name(&buffer.id)),
            Cell::count(buffer.lifespan.lower),
            Cell::count(buffer.lifespan.upper.saturating_sub(1)),
            Cell::count(buffer.size),
            Cell::keyed(runs(&blocks), blocks.first().map_or(f64::MIN, |&block| block as f64)),
        ]
    };
    let columns = [
        text("tensor"),
        number("first pass"),
        number("last pass"),
        number("bytes"),
        number("blocks"),
    ];
    table("Every tensor", &columns, packing.buffers.iter().enumerate().map(row).collect(), true)
}
