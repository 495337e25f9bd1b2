//! How well each layer follows the float network.

use maud::{Markup, html};

use super::Content;
use super::chart::{Axis, Plot, Scale, bar, legend, meter};
use super::table::{Cell, Column, folded, name, number, table, text};
use crate::quantize::ptq::LayerQuality;

/// Below this many dB a layer is marked.
const WEAK: f64 = 20.0;
/// Where the scale of the bars ends, in dB.
const MOST: f64 = 60.0;

pub fn section(content: &Content<'_>) -> Markup {
    let Some(quality) = &content.quality else {
        return html! {
            p.note { "The model file holds no error per layer; " code { "seigo quantize" } " stores one." }
        };
    };
    let layers: Vec<_> = quality.layers.iter().filter(|layer| layer.sqnr.is_finite()).collect();
    let worst = layers.iter().min_by(|a, b| a.sqnr.total_cmp(&b.sqnr));
    html! {
        p {
            "Signal to noise ratio of every layer's output against the float network, the errors of all "
            "layers before it included; measured on " (quality.frames) " images"
            @if quality.held_out { " held out from calibration" } ". 6 dB are one bit."
            @if let Some(worst) = worst {
                " The lowest is " strong { (format!("{:.1} dB", worst.sqnr)) } " in " (name(&worst.layer)) "."
            }
            " The last column of the table is the network's answer when that layer alone computes in integers."
        }
        (chart(&layers))
        (legend(&[("dense", "20 dB and more"), ("weak", "less than 20 dB")]))
        (folded("Every layer in numbers", numbers(&quality.layers)))
    }
}

fn chart(layers: &[&LayerQuality]) -> Markup {
    let plot = Plot::new(280.0);
    let x = Scale::linear((0.0, layers.len().max(1) as f64), plot.across());
    let y = Scale::linear((0.0, MOST), plot.up());
    let width = (x.at(1.0) - x.at(0.0)).min(24.0);
    plot.frame(
        "Signal to noise ratio of each layer in dB",
        html! {
            (plot.rows(&Axis { scale: &y, ticks: 6, name: "dB", form: whole }))
            (plot.columns(&Axis { scale: &x, ticks: 10, name: "layer, in order of execution", form: whole }))
            @for (index, layer) in layers.iter().enumerate() {
                (bar(
                    class(layer.sqnr),
                    (x.at(index as f64) + 0.1 * width, y.at(layer.sqnr)),
                    (0.8 * width, plot.bottom - y.at(layer.sqnr)),
                    &format!("{index} {}: {:.1} dB", layer.layer, layer.sqnr),
                ))
            }
        },
    )
}

/// No noise at all is stored as so many dB.
const EXACT: f64 = 300.0;

fn decibels(sqnr: f64) -> Cell {
    match sqnr {
        exact if exact >= EXACT => Cell::keyed("exact", exact),
        _ => Cell::decimal(Some(sqnr), 1),
    }
}

/// How a bar of so many dB looks.
fn class(sqnr: f64) -> &'static str {
    if sqnr < WEAK { "weak" } else { "dense" }
}

const COLUMNS: [Column; 8] = [
    number("#"),
    text("layer"),
    text("operator"),
    number("dB"),
    text("0 to 60 dB"),
    number("clipped"),
    number("float range"),
    number("alone, dB"),
];

fn numbers(layers: &[LayerQuality]) -> Markup {
    let row = |(index, layer): (usize, &LayerQuality)| {
        let [low, high] = layer.range;
        vec![
            Cell::count(index as u64),
            Cell::text(name(&layer.layer)),
            Cell::text(&layer.operator),
            decibels(layer.sqnr),
            Cell::keyed(meter(class(layer.sqnr), layer.sqnr / MOST), layer.sqnr),
            Cell::share(layer.clipped, 3),
            Cell::keyed(format!("{low:.3} to {high:.3}"), high - low),
            layer.sensitivity.map_or_else(|| Cell::decimal(None, 1), decibels),
        ]
    };
    table("Every layer", &COLUMNS, layers.iter().enumerate().map(row).collect(), true)
}

fn whole(number: f64) -> String {
    format!("{number:.0}")
}
