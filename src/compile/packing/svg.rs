//! The packing as a picture: steps to the right, addresses upward, a rectangle for each buffer.

use std::fmt::{self, Write as _};

use super::solution::Packing;

/// What the chart says besides the packing.
#[derive(Debug, Clone, Default)]
pub struct Chart {
    /// First line of the title: what was planned.
    pub title: String,
    /// Kind of each buffer, by index ("weights", "feature map", ...): decides the color and is
    /// listed in a legend. Empty: one color.
    pub kinds: Vec<String>,
    /// Bytes of the memory, drawn as a line.
    pub capacity: Option<u64>,
    /// Label of the horizontal axis; "step" where it is empty.
    pub step_label: String,
}

/// Plot area in pixels: left, top, width, height.
const LEFT: f64 = 92.0;
const TOP: f64 = 84.0;
const WIDTH: f64 = 1080.0;
const HEIGHT: f64 = 560.0;
const RIGHT_MARGIN: f64 = 32.0;
const BOTTOM_MARGIN: f64 = 96.0;
/// Average width of a character of the labels and height of their line, in pixels.
const LABEL_CHARACTER: f64 = 6.2;
const LABEL_LINE: f64 = 12.0;

/// Every rule names the drawing's class, so that the drawing can stand in a page beside others.
const STYLE: &str = "\
.memory-plan { font-family: system-ui, 'Helvetica Neue', Arial, sans-serif; background: #ffffff; }
.memory-plan text { fill: #1f2933; font-size: 12px; }
.memory-plan .name { font-size: 10.5px; pointer-events: none; }
.memory-plan .title { font-size: 18px; font-weight: 600; }
.memory-plan .sub { font-size: 13px; fill: #52606d; }
.memory-plan .page { fill: #ffffff; }
.memory-plan .grid { stroke: #e4e7eb; } .memory-plan .axis { stroke: #7b8794; }
.memory-plan .buffer { stroke: #ffffff; stroke-width: 0.75; }
.memory-plan .live { fill: none; stroke: #1f2933; stroke-width: 1.25; stroke-opacity: 0.65; }
.memory-plan .bound { stroke: #0b7285; stroke-width: 1.5; stroke-dasharray: 7 4; }
.memory-plan .capacity { stroke: #c92a2a; stroke-width: 1.5; }
.memory-plan .k0 { fill: #a5c8ec; } .memory-plan .k1 { fill: #f6c28b; }
.memory-plan .k2 { fill: #a8d8b0; } .memory-plan .k3 { fill: #e8a9a9; }
.memory-plan .k4 { fill: #cbb7e2; } .memory-plan .k5 { fill: #e3cf85; }
.memory-plan .k6 { fill: #9fd6d8; } .memory-plan .k7 { fill: #e6b3d3; }
@media (prefers-color-scheme: dark) {
.memory-plan { background: #14181d; } .memory-plan .page { fill: #14181d; }
.memory-plan text { fill: #e4e7eb; } .memory-plan .sub { fill: #9aa5b1; }
.memory-plan .grid { stroke: #2b323a; } .memory-plan .axis { stroke: #7b8794; }
.memory-plan .buffer { stroke: #14181d; } .memory-plan .live { stroke: #f5f7fa; }
.memory-plan .bound { stroke: #66d9e8; } .memory-plan .capacity { stroke: #ff8787; }
.memory-plan .k0 { fill: #2f5f8f; } .memory-plan .k1 { fill: #8f5a1d; }
.memory-plan .k2 { fill: #2f6f3d; } .memory-plan .k3 { fill: #8a3a3a; }
.memory-plan .k4 { fill: #5d4480; } .memory-plan .k5 { fill: #75621a; }
.memory-plan .k6 { fill: #1f6a6d; } .memory-plan .k7 { fill: #7d3a66; }
}
";

/// Number of color classes in [`STYLE`].
const COLORS: usize = 8;

/// Draws `packing` as a self-contained SVG that follows the viewer's light or dark preference.
pub fn draw(packing: &Packing, chart: &Chart) -> String {
    let mut svg = String::new();
    // Writing to a String does not fail.
    let _ = Drawing::new(packing, chart).write(&mut svg);
    svg
}

struct Drawing<'a> {
    packing: &'a Packing,
    chart: &'a Chart,
    kinds: Vec<&'a str>,
    steps: (u64, u64),
    top: u64,
}

impl<'a> Drawing<'a> {
    fn new(packing: &'a Packing, chart: &'a Chart) -> Self {
        let mut kinds: Vec<&str> = Vec::new();
        for kind in &chart.kinds {
            if !kinds.contains(&kind.as_str()) {
                kinds.push(kind);
            }
        }
        let first = packing.buffers.iter().map(|buffer| buffer.lifespan.lower).min().unwrap_or(0);
        let last = packing.buffers.iter().map(|buffer| buffer.lifespan.upper).max().unwrap_or(1);
        let top = packing.height.max(packing.lower_bound).max(chart.capacity.unwrap_or(0)).max(1);
        Self { packing, chart, kinds, steps: (first, last.max(first.saturating_add(1))), top }
    }

    fn x(&self, step: u64) -> f64 {
        let (first, last) = self.steps;
        LEFT + WIDTH * step.saturating_sub(first) as f64 / (last - first) as f64
    }

    fn y(&self, address: u64) -> f64 {
        // Room for the labels of the lines at the top.
        TOP + HEIGHT - HEIGHT * 0.96 * address as f64 / self.top as f64
    }

    fn write(&self, out: &mut String) -> fmt::Result {
        let (width, height) = (LEFT + WIDTH + RIGHT_MARGIN, TOP + HEIGHT + BOTTOM_MARGIN);
        writeln!(
            out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"memory-plan\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
             height=\"{height}\" role=\"img\">"
        )?;
        writeln!(out, "<style>\n{STYLE}</style>")?;
        writeln!(out, "<rect class=\"page\" width=\"{width}\" height=\"{height}\"/>")?;
        self.heading(out)?;
        self.grid(out)?;
        self.buffers(out)?;
        self.live(out)?;
        self.limits(out)?;
        self.legend(out)?;
        writeln!(out, "</svg>")
    }

    fn heading(&self, out: &mut String) -> fmt::Result {
        let packing = self.packing;
        let title = if self.chart.title.is_empty() { "Memory plan" } else { &self.chart.title };
        writeln!(out, "<text class=\"title\" x=\"{LEFT}\" y=\"32\">{}</text>", escape(title))?;
        let proof = if packing.proven_optimal { " · proven optimal" } else { "" };
        writeln!(
            out,
            "<text class=\"sub\" x=\"{LEFT}\" y=\"56\">peak {} B · lower bound {} B · ratio {:.3}{proof} · {} buffers</text>",
            grouped(packing.height),
            grouped(packing.lower_bound),
            packing.ratio(),
            packing.buffers.len()
        )
    }

    fn grid(&self, out: &mut String) -> fmt::Result {
        let (right, bottom) = (LEFT + WIDTH, TOP + HEIGHT);
        for address in ticks(0, self.top, &[1, 2, 4, 8], 2) {
            let y = self.y(address);
            writeln!(
                out,
                "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{right}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>"
            )?;
            writeln!(
                out,
                "<text text-anchor=\"end\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
                LEFT - 8.0,
                y + 4.0,
                bytes(address)
            )?;
        }
        for step in ticks(self.steps.0, self.steps.1, &[1, 2, 5], 10) {
            let x = self.x(step);
            writeln!(
                out,
                "<line class=\"grid\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{TOP}\" y2=\"{bottom}\"/>"
            )?;
            writeln!(
                out,
                "<text text-anchor=\"middle\" x=\"{x:.1}\" y=\"{:.1}\">{}</text>",
                bottom + 18.0,
                grouped(step)
            )?;
        }
        writeln!(out, "<path class=\"axis\" fill=\"none\" d=\"M{LEFT} {TOP}V{bottom}H{right}\"/>")?;
        let label = if self.chart.step_label.is_empty() { "step" } else { &self.chart.step_label };
        writeln!(
            out,
            "<text text-anchor=\"middle\" x=\"{}\" y=\"{}\">{}</text>",
            LEFT + WIDTH / 2.0,
            bottom + 40.0,
            escape(label)
        )?;
        let middle = TOP + HEIGHT / 2.0;
        writeln!(
            out,
            "<text text-anchor=\"middle\" transform=\"translate(20 {middle}) rotate(-90)\">address</text>"
        )
    }

    fn buffers(&self, out: &mut String) -> fmt::Result {
        for (index, buffer) in self.packing.buffers.iter().enumerate() {
            let kind = self.chart.kinds.get(index);
            let color = kind
                .and_then(|kind| self.kinds.iter().position(|known| known == kind))
                .map_or(0, |position| position % COLORS);
            let (left, right) = (self.x(buffer.lifespan.lower), self.x(buffer.lifespan.upper));
            let kind = kind.map_or_else(String::new, |kind| format!(" ({})", escape(kind)));
            let name = escape(&buffer.id);
            for (start, end) in self.packing.ranges(index) {
                let (top, bottom) = (self.y(end), self.y(start));
                write!(
                    out,
                    "<rect class=\"buffer k{color}\" x=\"{left:.2}\" y=\"{top:.2}\" width=\"{:.2}\" height=\"{:.2}\">",
                    (right - left).max(0.0),
                    bottom - top
                )?;
                writeln!(
                    out,
                    "<title>{name}{kind}: steps {}..{}, {} B, addresses {}..{}</title></rect>",
                    buffer.lifespan.lower,
                    buffer.lifespan.upper,
                    grouped(buffer.size),
                    grouped(start),
                    grouped(end)
                )?;
                name_inside(out, &buffer.id, (left, right), (top, bottom))?;
            }
        }
        Ok(())
    }

    /// Live bytes over time.
    fn live(&self, out: &mut String) -> fmt::Result {
        let mut changes: std::collections::BTreeMap<u64, i128> = std::collections::BTreeMap::new();
        for (index, buffer) in self.packing.buffers.iter().enumerate() {
            let held: u64 = self.packing.ranges(index).iter().map(|(start, end)| end - start).sum();
            *changes.entry(buffer.lifespan.lower).or_default() += i128::from(held);
            *changes.entry(buffer.lifespan.upper).or_default() -= i128::from(held);
        }
        if changes.is_empty() {
            return Ok(());
        }
        write!(out, "<path class=\"live\" d=\"M{:.2} {:.2}", self.x(self.steps.0), self.y(0))?;
        let mut live = 0_i128;
        for (&step, change) in &changes {
            live += change;
            write!(out, "H{:.2}V{:.2}", self.x(step), self.y(u64::try_from(live).unwrap_or(0)))?;
        }
        writeln!(out, "\"><title>live bytes</title></path>")
    }

    fn limits(&self, out: &mut String) -> fmt::Result {
        let bound = Some(self.packing.lower_bound);
        for (class, label, address, anchor, at) in [
            ("bound", "lower bound", bound, "end", LEFT + WIDTH - 4.0),
            ("capacity", "capacity", self.chart.capacity, "start", LEFT + 4.0),
        ] {
            let Some(address) = address else { continue };
            let y = self.y(address);
            writeln!(
                out,
                "<line class=\"{class}\" x1=\"{LEFT}\" x2=\"{}\" y1=\"{y:.2}\" y2=\"{y:.2}\"/>",
                LEFT + WIDTH
            )?;
            writeln!(
                out,
                "<text class=\"sub\" text-anchor=\"{anchor}\" x=\"{at}\" y=\"{:.2}\">{label} {}</text>",
                y - 5.0,
                bytes(address)
            )?;
        }
        Ok(())
    }

    fn legend(&self, out: &mut String) -> fmt::Result {
        let y = TOP + HEIGHT + 66.0;
        let mut x = LEFT;
        for (index, kind) in self.kinds.iter().enumerate() {
            let width = 34.0 + 7.0 * kind.chars().count() as f64;
            if x + width > LEFT + WIDTH - 100.0 {
                break;
            }
            let color = index % COLORS;
            writeln!(
                out,
                "<rect class=\"k{color}\" x=\"{x:.1}\" y=\"{:.1}\" width=\"14\" height=\"14\" rx=\"2\"/>\
                 <text x=\"{:.1}\" y=\"{:.1}\">{}</text>",
                y - 11.0,
                x + 20.0,
                y,
                escape(kind)
            )?;
            x += width;
        }
        writeln!(
            out,
            "<path class=\"live\" d=\"M{x:.1} {:.1}h22\"/><text x=\"{:.1}\" y=\"{y:.1}\">live bytes</text>",
            y - 4.0,
            x + 28.0
        )
    }
}

/// The buffer's name, upright or turned, where it fits.
fn name_inside(out: &mut String, id: &str, x: (f64, f64), y: (f64, f64)) -> fmt::Result {
    let length = id.chars().count() as f64 * LABEL_CHARACTER + 6.0;
    let (width, height) = (x.1 - x.0, y.1 - y.0);
    let (middle_x, middle_y) = ((x.0 + x.1) / 2.0, (y.0 + y.1) / 2.0);
    let name = escape(id);
    if width >= length && height >= LABEL_LINE {
        let y = middle_y + 3.6;
        writeln!(
            out,
            "<text class=\"name\" text-anchor=\"middle\" x=\"{middle_x:.1}\" y=\"{y:.1}\">{name}</text>"
        )
    } else if height >= length && width >= LABEL_LINE {
        let x = middle_x + 3.6;
        writeln!(
            out,
            "<text class=\"name\" text-anchor=\"middle\" \
             transform=\"translate({x:.1} {middle_y:.1}) rotate(-90)\">{name}</text>"
        )
    } else {
        Ok(())
    }
}

/// About ten round numbers in `first..=last`: multiples of a factor times a power of `base`.
fn ticks(first: u64, last: u64, factors: &[u64], base: u64) -> Vec<u64> {
    let wanted = (last - first) / 10 + 1;
    let mut power = 1_u64;
    let step = loop {
        if let Some(step) = factors.iter().map(|factor| factor * power).find(|&step| step >= wanted)
        {
            break step;
        }
        power = power.saturating_mul(base);
    };
    (first.div_ceil(step)..=last / step).map(|index| index * step).collect()
}

/// A number with commas between thousands.
fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// An address in the largest unit that has at most two decimals.
fn bytes(value: u64) -> String {
    for (shift, unit) in [(30, "GiB"), (20, "MiB"), (10, "KiB")] {
        let size = 1_u64 << shift;
        if value >= size && (value * 4).is_multiple_of(size) {
            return format!("{} {unit}", value as f64 / size as f64);
        }
    }
    format!("{} B", grouped(value))
}

fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            // XML has no way to write other control characters.
            other if other.is_control() => escaped.push('\u{fffd}'),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compile::packing::{
        Buffer, DEFAULT_TIME_LIMIT, Problem, plan_blocks, plan_contiguous,
    };

    fn problem() -> Problem {
        let buffers = vec![
            Buffer::new("conv<1>&\"2\"", 0, 4, 4096),
            Buffer::new("b", 2, 9, 8192),
            Buffer::new("c", 4, 9, 4096),
        ];
        Problem::new(buffers, Some(1 << 15), 1).unwrap()
    }

    #[test]
    fn every_buffer_is_drawn_with_a_tooltip() {
        let packing = plan_contiguous(&problem(), DEFAULT_TIME_LIMIT).unwrap();
        let chart = Chart { capacity: Some(1 << 15), ..Chart::default() };
        let svg = draw(&packing, &chart);
        assert_eq!(svg.matches("class=\"buffer k0\"").count(), 3);
        assert!(svg.contains("conv&lt;1&gt;&amp;&quot;2&quot;: steps 0..4, 4,096 B, addresses "));
        assert!(
            svg.contains("peak 12,288 B · lower bound 12,288 B · ratio 1.000 · proven optimal")
        );
        assert!(svg.contains("capacity 32 KiB"));
        assert!(svg.contains("prefers-color-scheme: dark"));
    }

    #[test]
    fn kinds_have_colors_and_a_legend() {
        let packing = plan_blocks(&problem(), 4096).unwrap();
        let kinds = ["map", "map", "weights"].map(String::from).to_vec();
        let svg = draw(&packing, &Chart { kinds, ..Chart::default() });
        assert!(svg.contains("class=\"buffer k1\""));
        assert!(svg.contains(">weights</text>"));
    }

    #[test]
    fn an_empty_packing_is_drawn() {
        let empty = Problem::new(Vec::new(), None, 1).unwrap();
        let packing = plan_contiguous(&empty, DEFAULT_TIME_LIMIT).unwrap();
        assert!(draw(&packing, &Chart::default()).ends_with("</svg>\n"));
    }

    #[test]
    fn ticks_are_round_and_few() {
        assert_eq!(ticks(0, 100, &[1, 2, 5], 10), [0, 20, 40, 60, 80, 100]);
        assert_eq!(ticks(3, 9, &[1, 2, 5], 10), [3, 4, 5, 6, 7, 8, 9]);
        assert_eq!(bytes(692_224), "676 KiB");
        assert_eq!(bytes(692_225), "692,225 B");
        assert_eq!(grouped(1_000), "1,000");
    }
}
