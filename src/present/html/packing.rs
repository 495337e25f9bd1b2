//! A packing as a picture: steps to the right, addresses upward, a rectangle for each buffer.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use maud::{Markup, PreEscaped, html};

use crate::compile::boards::Target;
use crate::compile::packing::Packing;
use crate::compile::schedule::{Schedule, StoredId};
use crate::present::tables::inspect::grouped;

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
const RIGHT: f64 = LEFT + WIDTH;
const BOTTOM: f64 = TOP + HEIGHT;
const RIGHT_MARGIN: f64 = 32.0;
const BOTTOM_MARGIN: f64 = 96.0;
/// Average width of a character of the labels and height of their line, in pixels.
const LABEL_CHARACTER: f64 = 6.2;
const LABEL_LINE: f64 = 12.0;

/// Every rule names the drawing's class, so that the drawing can stand in a page beside others.
const STYLE: &str = include_str!("packing.css");
/// Number of color classes in [`STYLE`].
const COLORS: usize = 8;

/// Draws `packing` as a self-contained SVG that follows the viewer's light or dark preference.
pub fn draw(packing: &Packing, chart: &Chart) -> String {
    let drawing = Drawing::new(packing, chart);
    let (width, height) = (RIGHT + RIGHT_MARGIN, BOTTOM + BOTTOM_MARGIN);
    let svg = html! {
        svg xmlns="http://www.w3.org/2000/svg" class="memory-plan" viewBox=(format!("0 0 {width} {height}"))
            width=(width) height=(height) role="img" {
            style { (PreEscaped(STYLE)) }
            rect class="page" width=(width) height=(height) {}
            (drawing.heading())
            (drawing.grid())
            (drawing.buffers())
            (drawing.live())
            (drawing.limits())
            (drawing.legend())
        }
    };
    format!("{}\n", svg.into_string())
}

/// The picture shows the capacity unless it is more than so many peaks.
const SCALED: u64 = 3;

/// The lifespans and addresses as a picture; colors are the extents of the planes.
pub fn draw_schedule(
    title: String,
    target: &Target,
    schedule: &Schedule,
    tensors: &[StoredId],
    packing: &Packing,
) -> String {
    let capacity = (packing.height * SCALED >= target.memory_bytes).then_some(target.memory_bytes);
    let kind = |id: &StoredId| {
        let stored = &schedule.stored[id.0];
        format!("{} x {}", stored.height, stored.width)
    };
    draw(
        packing,
        &Chart {
            title,
            kinds: tensors.iter().map(kind).collect(),
            capacity,
            step_label: "pass".to_owned(),
        },
    )
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
        BOTTOM - HEIGHT * 0.96 * address as f64 / self.top as f64
    }

    fn heading(&self) -> Markup {
        let packing = self.packing;
        let title = if self.chart.title.is_empty() { "Memory plan" } else { &self.chart.title };
        let proof = if packing.proven_optimal { " · proven optimal" } else { "" };
        html! {
            text class="title" x=(LEFT) y="32" { (printable(title)) }
            text class="sub" x=(LEFT) y="56" {
                "peak " (grouped(packing.height)) " B · lower bound " (grouped(packing.lower_bound))
                " B · ratio " (format!("{:.3}", packing.ratio())) (proof) " · " (packing.buffers.len()) " buffers"
            }
        }
    }

    fn grid(&self) -> Markup {
        let label = if self.chart.step_label.is_empty() { "step" } else { &self.chart.step_label };
        html! {
            @for address in ticks(0, self.top, &[1, 2, 4, 8], 2) {
                @let y = self.y(address);
                line class="grid" x1=(LEFT) x2=(RIGHT) y1=(pixels(y)) y2=(pixels(y)) {}
                text text-anchor="end" x=(pixels(LEFT - 8.0)) y=(pixels(y + 4.0)) { (bytes(address)) }
            }
            @for step in ticks(self.steps.0, self.steps.1, &[1, 2, 5], 10) {
                @let x = pixels(self.x(step));
                line class="grid" x1=(x) x2=(x) y1=(TOP) y2=(BOTTOM) {}
                text text-anchor="middle" x=(x) y=(pixels(BOTTOM + 18.0)) { (grouped(step)) }
            }
            path class="axis" fill="none" d=(format!("M{LEFT} {TOP}V{BOTTOM}H{RIGHT}")) {}
            text text-anchor="middle" x=(LEFT + WIDTH / 2.0) y=(BOTTOM + 40.0) { (printable(label)) }
            text text-anchor="middle" transform=(upright(20.0, TOP + HEIGHT / 2.0)) { "address" }
        }
    }

    fn buffers(&self) -> Markup {
        html! {
            @for (index, buffer) in self.packing.buffers.iter().enumerate() {
                @let kind = self.chart.kinds.get(index);
                @let x = (self.x(buffer.lifespan.lower), self.x(buffer.lifespan.upper));
                @for (start, end) in self.packing.ranges(index) {
                    @let y = (self.y(end), self.y(start));
                    rect class=(format!("buffer k{}", self.color(kind))) x=(pixels(x.0)) y=(pixels(y.0))
                        width=(pixels((x.1 - x.0).max(0.0))) height=(pixels(y.1 - y.0)) {
                        title {
                            (printable(&buffer.id))
                            @if let Some(kind) = kind { " (" (printable(kind)) ")" }
                            ": steps " (buffer.lifespan.lower) ".." (buffer.lifespan.upper)
                            ", " (grouped(buffer.size)) " B, addresses " (grouped(start)) ".." (grouped(end))
                        }
                    }
                    (name_inside(&buffer.id, x, y))
                }
            }
        }
    }

    fn color(&self, kind: Option<&String>) -> usize {
        let known = kind.and_then(|kind| self.kinds.iter().position(|known| known == kind));
        known.map_or(0, |position| position % COLORS)
    }

    /// Live bytes over time.
    fn live(&self) -> Markup {
        let mut changes: BTreeMap<u64, i128> = BTreeMap::new();
        for (index, buffer) in self.packing.buffers.iter().enumerate() {
            let held: u64 = self.packing.ranges(index).iter().map(|(start, end)| end - start).sum();
            *changes.entry(buffer.lifespan.lower).or_default() += i128::from(held);
            *changes.entry(buffer.lifespan.upper).or_default() -= i128::from(held);
        }
        let mut path = format!("M{:.2} {:.2}", self.x(self.steps.0), self.y(0));
        let mut live = 0_i128;
        for (&step, change) in &changes {
            live += change;
            let y = self.y(u64::try_from(live).unwrap_or(0));
            // Writing to a String does not fail.
            let _ = write!(path, "H{:.2}V{y:.2}", self.x(step));
        }
        html! { @if !changes.is_empty() { path class="live" d=(path) { title { "live bytes" } } } }
    }

    fn limits(&self) -> Markup {
        let bound = Some(self.packing.lower_bound);
        html! {
            @for (class, label, address, anchor, x) in [
                ("bound", "lower bound", bound, "end", RIGHT - 4.0),
                ("capacity", "capacity", self.chart.capacity, "start", LEFT + 4.0),
            ] {
                @if let Some(address) = address {
                    @let y = self.y(address);
                    line class=(class) x1=(LEFT) x2=(RIGHT) y1=(pixels(y)) y2=(pixels(y)) {}
                    text class="sub" text-anchor=(anchor) x=(x) y=(pixels(y - 5.0)) {
                        (label) " " (bytes(address))
                    }
                }
            }
        }
    }

    /// The kinds that fit one line, and the line of live bytes.
    fn legend(&self) -> Markup {
        let y = BOTTOM + 66.0;
        let mut x = LEFT;
        let mut places = Vec::new();
        for (index, kind) in self.kinds.iter().enumerate() {
            let width = 34.0 + 7.0 * kind.chars().count() as f64;
            if x + width > RIGHT - 100.0 {
                break;
            }
            places.push((index % COLORS, x, kind));
            x += width;
        }
        html! {
            @for (color, x, kind) in places {
                rect class=(format!("k{color}")) x=(pixels(x)) y=(pixels(y - 11.0)) width="14" height="14" rx="2" {}
                text x=(pixels(x + 20.0)) y=(pixels(y)) { (printable(kind)) }
            }
            path class="live" d=(format!("M{x:.1} {:.1}h22", y - 4.0)) {}
            text x=(pixels(x + 28.0)) y=(pixels(y)) { "live bytes" }
        }
    }
}

/// The buffer's name, upright or turned, where it fits.
fn name_inside(id: &str, x: (f64, f64), y: (f64, f64)) -> Markup {
    let length = id.chars().count() as f64 * LABEL_CHARACTER + 6.0;
    let (width, height) = (x.1 - x.0, y.1 - y.0);
    let (middle_x, middle_y) = ((x.0 + x.1) / 2.0, (y.0 + y.1) / 2.0);
    html! {
        @if width >= length && height >= LABEL_LINE {
            text class="name" text-anchor="middle" x=(pixels(middle_x)) y=(pixels(middle_y + 3.6)) {
                (printable(id))
            }
        } @else if height >= length && width >= LABEL_LINE {
            text class="name" text-anchor="middle" transform=(upright(middle_x + 3.6, middle_y)) {
                (printable(id))
            }
        }
    }
}

/// Turns a text at a place by a quarter.
fn upright(x: f64, y: f64) -> String {
    format!("translate({x:.1} {y:.1}) rotate(-90)")
}

fn pixels(number: f64) -> String {
    format!("{number:.2}")
}

/// A text without control characters, which XML has no way to write.
fn printable(text: &str) -> String {
    text.chars().map(|own| if own.is_control() { '\u{fffd}' } else { own }).collect()
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
