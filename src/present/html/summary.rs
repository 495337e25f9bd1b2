//! The figures that a reader asks for first.

use maud::{Markup, html};

use super::Content;
use super::table::{Cell, number, table, text};
use crate::base::arithmetic::Rounding;
use crate::present::tables::inspect::{Port, dims, grouped};
use crate::vision::eval::Score;

/// A figure: what it is, its value, and what is to be known beside it.
struct Figure {
    name: &'static str,
    value: String,
    beside: String,
}

pub fn section(content: &Content<'_>) -> Markup {
    html! {
        div.figures {
            @for figure in figures(content) {
                div.figure {
                    p.name { (figure.name) }
                    p.value { (figure.value) }
                    p.beside { (figure.beside) }
                }
            }
        }
        (proof(content))
        (scores(content))
        h3 { "Model and target" }
        (facts(content))
    }
}

fn figures(content: &Content<'_>) -> Vec<Figure> {
    let Content { compiled, inspection, plan, quality, extras, .. } = content;
    let target = compiled.target();
    let cycles = content.cycles();
    let mut figures = Vec::new();
    if let Some((name, Some(value))) =
        extras.score.as_ref().and_then(|score| score.measures().first().copied())
    {
        let float = extras.float_score.as_ref().and_then(|score| score.measures()[0].1);
        let kept = float.filter(|&float| float > 0.0).map(|float| {
            format!("{:.1} % of the float network's {:.1}", 100.0 * value / float, 100.0 * float)
        });
        let beside = kept.unwrap_or_else(|| "in int8".to_owned());
        figures.push(Figure { name, value: format!("{:.1}", 100.0 * value), beside });
    }
    let source = if extras.measured.is_some() { "counted in co-simulation" } else { "predicted" };
    figures.push(Figure {
        name: "Cycles a frame",
        value: grouped(cycles),
        beside: source.to_owned(),
    });
    figures.push(Figure {
        name: "Frames a second",
        value: grouped(target.clock_mhz * 1_000_000 / cycles.max(1)),
        beside: format!("if {} MHz are reached; not timed here", target.clock_mhz),
    });
    let macs: u64 = content.lines.iter().map(|line| line.dense_macs).sum();
    let peak = cycles.max(1) * target.pixels * 256;
    figures.push(Figure {
        name: "Array at work",
        value: format!("{:.0} %", 100.0 * content.busy() as f64 / cycles.max(1) as f64),
        beside: format!(
            "of the cycles; {:.0} % of peak in useful products",
            100.0 * macs as f64 / peak as f64
        ),
    });
    figures.push(Figure {
        name: "Shared memory",
        value: format!("{} blocks", plan.blocks),
        beside: format!(
            "of {}, {} KiB each; peak {} KiB",
            target.blocks(),
            plan.block_bytes >> 10,
            plan.peak >> 10
        ),
    });
    figures.push(Figure {
        name: "DDR a frame",
        value: format!("{:.0} KiB", plan.ddr_bytes as f64 / 1024.0),
        beside: format!("{:.0} KiB without reuse on chip", plan.no_reuse_bytes as f64 / 1024.0),
    });
    figures.push(Figure {
        name: "Model file",
        value: format!("{:.0} KiB", inspection.file_bytes as f64 / 1024.0),
        beside: format!("{} weights", grouped(inspection.weights as u64)),
    });
    if let Some(quality) = quality {
        figures.push(Figure {
            name: "Signal to noise",
            value: format!("{:.1} dB", quality.answer_sqnr),
            beside: format!(
                "of the answer on {} {}calibration images",
                quality.frames,
                if quality.held_out { "unused " } else { "" }
            ),
        });
    }
    figures
}

/// What the co-simulation says of the bits.
fn proof(content: &Content<'_>) -> Markup {
    let Some(measured) = &content.extras.measured else {
        return html! {
            p.note {
                "No co-simulation was given (" code { "--cosim" } "), so cycles are the cost model's prediction."
            }
        };
    };
    let (count, compared) = (measured.frames.len(), measured.first().compared);
    let frames = if count == 1 { "one frame".to_owned() } else { format!("{count} frames") };
    html! {
        @if measured.equal() {
            p.note.good {
                "Bit-exact: the generated Verilog ran " (frames) " in Verilator, " (compared)
                " stored tensors each, and every one equals the software reference."
            }
        } @else {
            p.note.bad {
                "Not bit-exact: a stored tensor of the co-simulation differs from the software reference."
            }
        }
    }
}

fn scores(content: &Content<'_>) -> Markup {
    let extras = content.extras;
    let Some(score) = extras.score.as_ref().or(extras.float_score.as_ref()) else {
        return html! {
            p.note {
                "No accuracy was given (" code { "--eval" } ", " code { "--float-eval" } ")."
            }
        };
    };
    let value = |score: &Option<Score>, at: usize| {
        score.as_ref().and_then(|score| score.measures().get(at).and_then(|(_, value)| *value))
    };
    let row = |(at, (name, _)): (usize, (&str, Option<f64>))| {
        let (float, own) = (value(&extras.float_score, at), value(&extras.score, at));
        let kept = float.zip(own).filter(|(float, _)| *float > 0.0);
        let kept = kept.map(|(float, own)| 100.0 * own / float);
        let percent = |value: Option<f64>| Cell::decimal(value.map(|value| 100.0 * value), 2);
        vec![Cell::text(name), percent(float), percent(own), Cell::decimal(kept, 2)]
    };
    let rows = score.measures().into_iter().enumerate();
    let rows = rows.filter(|(_, (_, value))| value.is_some()).map(row).collect();
    let columns = [text("measure, %"), number("float"), number("int8"), number("kept, %")];
    html! {
        h3 { "Accuracy on " (score.images()) " images" }
        @if score.left_out() > 0 {
            p.note { (score.left_out()) " further images could not be read and do not count." }
        }
        (table("Accuracy", &columns, rows, false))
    }
}

fn facts(content: &Content<'_>) -> Markup {
    let Content { compiled, inspection, .. } = content;
    let target = compiled.target();
    let port = |port: &Port| format!("{}: {} of {}", port.name, port.dtype, dims(&port.shape));
    let ports = |ports: &[Port]| ports.iter().map(port).collect::<Vec<_>>().join("; ");
    let (dense, plane) = content
        .lines
        .iter()
        .fold((0, 0), |(dense, plane), line| (dense + line.dense_macs, plane + line.plane_macs));
    let rounding = match inspection.rounding {
        Rounding::HalfUp => "half up",
        Rounding::HalfEven => "half to even",
    };
    let layers = inspection.layers.len() - inspection.views;
    let rows = [
        ("Input", ports(&inspection.inputs)),
        ("Output", ports(&inspection.outputs)),
        ("Layers", format!("{layers} for {} nodes of the original model", inspection.source_nodes)),
        ("Passes", content.lines.len().to_string()),
        (
            "Multiply-accumulates a frame",
            format!("{} dense, {} depthwise", grouped(dense), grouped(plane)),
        ),
        ("Rounding of shifts", rounding.to_owned()),
        (
            "Target",
            format!(
                "{}: {} pixels x 16 x 16 products a cycle, {} KiB of shared memory",
                target.name,
                target.pixels,
                target.memory_bytes >> 10
            ),
        ),
        (
            "On the processor",
            match content.plan.tail.len() {
                0 => "nothing".to_owned(),
                _ => content.plan.tail.join(", "),
            },
        ),
    ];
    html! { dl.facts { @for (name, value) in rows { div { dt { (name) } dd { (value) } } } } }
}
