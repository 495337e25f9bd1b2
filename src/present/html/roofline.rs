//! Multiply-accumulates a cycle against those for each byte of DDR, below what array and bus allow.

use maud::{Markup, html};

use super::Content;
use super::chart::{Axis, Plot, Scale, dot, label, legend, line};
use super::line::Line;
use super::table::{Cell, name, number, table, text};

/// The two limits.
struct Roof {
    /// Multiply-accumulates of the array a cycle.
    array: f64,
    /// Bytes of the bus a cycle.
    bus: f64,
}

impl Roof {
    fn of(content: &Content<'_>) -> Self {
        let target = content.compiled.target();
        let clock = target.clock_mhz as f64 * 1e6;
        let port = target.ddr_bits as f64 / 8.0;
        Self {
            array: (target.pixels * 256) as f64,
            bus: port.min(target.ddr_bytes_per_second as f64 / clock),
        }
    }

    /// The lower of both for so many multiply-accumulates a byte.
    fn at(&self, intensity: f64) -> f64 {
        self.array.min(self.bus * intensity)
    }

    /// Where they meet.
    fn ridge(&self) -> f64 {
        self.array / self.bus
    }
}

fn intensity(line: &Line) -> f64 {
    line.dense_macs as f64 / line.ddr.max(1) as f64
}

pub fn section(content: &Content<'_>) -> Markup {
    let roof = Roof::of(content);
    let lines: Vec<(usize, &Line)> =
        content.lines.iter().enumerate().filter(|(_, line)| line.dense_macs > 0).collect();
    let left = lines.iter().filter(|(_, line)| intensity(line) < roof.ridge());
    html! {
        p {
            "Every dense pass by the multiply-accumulates that it does for each byte from DDR and in each "
            "cycle. Feature maps stay in shared memory, so that bytes are weights, parameters and the image. "
            "Weights stream ahead of their pass, which lets single passes exceed the bus; the whole frame cannot. "
            "Left of " (format!("{:.0}", roof.ridge())) " a byte the bus limits (" (left.count()) " of "
            (lines.len()) " passes), right of it the array."
        }
        (chart(content, &lines, &roof))
        (legend(&[
            ("dense", "pass; the area is its share of the cycles"),
            ("whole", "whole frame"),
            ("bound", "limit"),
        ]))
        details open { summary { "Passes far below their limit" } (far(&lines, &roof)) }
    }
}

fn chart(content: &Content<'_>, lines: &[(usize, &Line)], roof: &Roof) -> Markup {
    let plot = Plot::new(420.0);
    let most = lines.iter().map(|(_, line)| intensity(line)).fold(roof.ridge() * 4.0, f64::max);
    let least = lines.iter().map(|(_, line)| intensity(line)).fold(roof.ridge() / 8.0, f64::min);
    let slowest = lines.iter().map(|(_, line)| line.rate()).fold(roof.array / 64.0, f64::min);
    let x = Scale::logarithmic((least.max(0.25) / 1.5, most * 1.5), plot.across());
    let y = Scale::logarithmic((slowest.max(0.5) / 1.5, roof.array * 1.6), plot.up());
    let (start, ridge) = (least.max(0.25) / 1.5, roof.ridge());
    let cycles: u64 = lines.iter().map(|(_, line)| line.cycles).sum();
    let radius = |line: &Line| 3.0 + 40.0 * (line.cycles as f64 / cycles.max(1) as f64).sqrt();
    let power = |tick: f64| if tick < 1.0 { format!("{tick}") } else { format!("{tick:.0}") };
    let macs = content.lines.iter().map(|line| line.dense_macs).sum::<u64>() as f64;
    let whole = macs / content.plan.ddr_bytes.max(1) as f64;
    let rate = macs / content.cycles().max(1) as f64;
    // Large dots first, so that small ones stay visible.
    let mut ordered = lines.to_vec();
    ordered.sort_by_key(|(_, line)| std::cmp::Reverse(line.cycles));
    plot.frame(
        "Multiply-accumulates a cycle against those a byte of DDR",
        html! {
            (plot.rows(&Axis { scale: &y, ticks: 10, name: "MAC/cycle", form: power }))
            (plot.columns(&Axis { scale: &x, ticks: 12, name: "MAC/byte of DDR", form: power }))
            (line("bound", (x.at(start), y.at(roof.at(start))), (x.at(ridge), y.at(roof.array))))
            (line("bound", (x.at(ridge), y.at(roof.array)), (plot.right, y.at(roof.array))))
            (label("tick end", (plot.right - 4.0, y.at(roof.array) - 7.0), format!("array: {:.0} a cycle", roof.array)))
            (label("tick", (x.at(start) + 6.0, plot.top + 14.0), format!("bus: {:.0} bytes a cycle", roof.bus)))
            @for (index, line) in &ordered {
                (dot("dense point", (x.at(intensity(line)), y.at(line.rate())), radius(line), &format!(
                    "pass {index}, {}: {:.1} MAC/cycle, {:.1} MAC/byte, {} cycles",
                    line.layers.join(" + "), line.rate(), intensity(line), line.cycles
                )))
            }
            (dot("whole", (x.at(whole), y.at(rate)), 7.0, &format!(
                "whole frame: {rate:.1} MAC/cycle, {whole:.1} MAC/byte"
            )))
        },
    )
}

/// How many passes the table lists.
const LISTED: usize = 12;

/// The passes that lose most cycles against their limit.
fn far(lines: &[(usize, &Line)], roof: &Roof) -> Markup {
    let lost = |line: &Line| {
        line.cycles as f64 - line.dense_macs as f64 / roof.at(intensity(line)).max(1e-9)
    };
    let mut ordered = lines.to_vec();
    ordered.sort_by(|a, b| lost(b.1).total_cmp(&lost(a.1)));
    let row = |(index, line): &(usize, &Line)| {
        let limit = roof.at(intensity(line));
        let by = if intensity(line) < roof.ridge() { "bus" } else { "array" };
        vec![
            Cell::count(*index as u64),
            Cell::text(name(&line.layers.join(" + "))),
            Cell::decimal(Some(intensity(line)), 1),
            Cell::decimal(Some(line.rate()), 1),
            Cell::decimal(Some(limit), 1),
            Cell::text(by),
            Cell::share(line.rate() / limit.max(1e-9), 0),
            Cell::count(lost(line).max(0.0) as u64),
        ]
    };
    let columns = [
        number("#"),
        text("layers"),
        number("MAC/byte"),
        number("MAC/cycle"),
        number("limit"),
        text("limited by"),
        number("of the limit"),
        number("cycles above it"),
    ];
    table(
        "Passes far below their limit",
        &columns,
        ordered.iter().take(LISTED).map(row).collect(),
        true,
    )
}
