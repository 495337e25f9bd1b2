//! What the charts share: scales, ticks, axes, the SVG frame.

use maud::{Markup, Render, html};

/// A mapping of numbers to pixels.
#[derive(Debug, Clone, Copy)]
pub struct Scale {
    from: (f64, f64),
    to: (f64, f64),
    logarithmic: bool,
}

impl Scale {
    /// A straight one.
    pub fn linear(from: (f64, f64), to: (f64, f64)) -> Self {
        Self { from, to, logarithmic: false }
    }

    /// One by logarithms; `from` is above 0.
    pub fn logarithmic(from: (f64, f64), to: (f64, f64)) -> Self {
        Self { from, to, logarithmic: true }
    }

    /// The place of a number, clamped to the scale.
    pub fn at(&self, number: f64) -> f64 {
        let (low, high) = self.from;
        let part = match self.logarithmic {
            true => (number.max(low) / low).ln() / (high / low).ln(),
            false => (number - low) / (high - low),
        };
        self.to.0 + part.clamp(0.0, 1.0) * (self.to.1 - self.to.0)
    }

    /// Round numbers on the scale, `count` at most.
    pub fn ticks(&self, count: usize) -> Vec<f64> {
        let (low, high) = self.from;
        if self.logarithmic {
            let (first, last) = (low.log2().ceil() as i32, high.log2().floor() as i32);
            let powers = (last - first + 1).max(1) as usize;
            let step = powers.div_ceil(count.max(1));
            return (first..=last).step_by(step).map(|n| 2_f64.powi(n)).collect();
        }
        let rough = (high - low) / count as f64;
        let decade = 10_f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|n| n * decade).find(|&n| n >= rough);
        let step = step.unwrap_or(rough);
        let first = (low / step).ceil() as i64;
        let last = (high / step + 1e-9).floor() as i64;
        (first..=last).map(|n| n as f64 * step).collect()
    }
}

/// Numbers along an edge of the plot.
pub struct Axis<'a> {
    pub scale: &'a Scale,
    /// Ticks at most.
    pub ticks: usize,
    pub name: &'a str,
    pub form: fn(f64) -> String,
}

impl Axis<'_> {
    /// Place and text of every tick.
    fn marks(&self) -> Vec<(f64, String)> {
        let ticks = self.scale.ticks(self.ticks);
        ticks.into_iter().map(|tick| (self.scale.at(tick), (self.form)(tick))).collect()
    }
}

/// Extents of a chart in pixels: the frame, and the plot inside.
#[derive(Debug, Clone, Copy)]
pub struct Plot {
    pub width: f64,
    pub height: f64,
    pub left: f64,
    pub right: f64,
    pub top: f64,
    pub bottom: f64,
}

impl Plot {
    /// A chart of the page's width.
    pub fn new(height: f64) -> Self {
        Self { width: 1040.0, height, left: 64.0, right: 1024.0, top: 16.0, bottom: height - 48.0 }
    }

    /// Pixels of the plot from left to right.
    pub fn across(&self) -> (f64, f64) {
        (self.left, self.right)
    }

    /// Pixels of the plot from bottom to top.
    pub fn up(&self) -> (f64, f64) {
        (self.bottom, self.top)
    }

    /// The SVG around `body`, in a frame that scrolls sideways on narrow screens.
    pub fn frame(&self, label: &str, body: Markup) -> Markup {
        let view = format!("0 0 {} {}", self.width, self.height);
        html! {
            div.scroll.chart role="region" aria-label=(label) tabindex="0" {
                svg xmlns="http://www.w3.org/2000/svg" viewBox=(view) role="img" aria-label=(label) {
                    (body)
                }
            }
        }
    }

    /// Horizontal lines with their numbers on the left, and the name of the axis.
    pub fn rows(&self, axis: &Axis<'_>) -> Markup {
        let middle = (self.top + self.bottom) / 2.0;
        html! {
            @for (at, text) in axis.marks() {
                (line("grid", (self.left, at), (self.right, at)))
                (label("tick end", (self.left - 8.0, at + 4.0), text))
            }
            text.axis-name text-anchor="middle" transform=(format!("translate(14 {middle}) rotate(-90)")) {
                (axis.name)
            }
        }
    }

    /// Numbers below the plot, and the name of the axis.
    pub fn columns(&self, axis: &Axis<'_>) -> Markup {
        html! {
            @for (at, text) in axis.marks() {
                (line("grid", (at, self.top), (at, self.bottom)))
                (label("tick middle", (at, self.bottom + 18.0), text))
            }
            (line("axis", (self.left, self.bottom), (self.right, self.bottom)))
            (label("axis-name middle", ((self.left + self.right) / 2.0, self.bottom + 40.0), axis.name))
        }
    }
}

fn pixels(number: f64) -> String {
    format!("{number:.1}")
}

/// A line.
pub fn line(class: &str, from: (f64, f64), to: (f64, f64)) -> Markup {
    html! {
        line class=(class) x1=(pixels(from.0)) y1=(pixels(from.1)) x2=(pixels(to.0)) y2=(pixels(to.1)) {}
    }
}

/// Text.
pub fn label(class: &str, at: (f64, f64), text: impl Render) -> Markup {
    html! { text class=(class) x=(pixels(at.0)) y=(pixels(at.1)) { (text) } }
}

/// A rectangle with a tooltip.
pub fn bar(class: &str, corner: (f64, f64), size: (f64, f64), title: &str) -> Markup {
    html! {
        rect class=(class) x=(format!("{:.2}", corner.0)) y=(format!("{:.2}", corner.1))
            width=(format!("{:.2}", size.0.max(0.0))) height=(format!("{:.2}", size.1.max(0.0))) {
            title { (title) }
        }
    }
}

/// A dot with a tooltip.
pub fn dot(class: &str, at: (f64, f64), radius: f64, title: &str) -> Markup {
    html! {
        circle class=(class) cx=(pixels(at.0)) cy=(pixels(at.1)) r=(pixels(radius)) { title { (title) } }
    }
}

/// A small bar in a cell for a share of 0 to 1.
pub fn meter(class: &str, share: f64) -> Markup {
    html! {
        svg.meter viewBox="0 0 120 10" aria-hidden="true" {
            rect.track width="120" height="10" {}
            rect class=(class) width=(format!("{:.1}", 120.0 * share.clamp(0.0, 1.0))) height="10" {}
        }
    }
}

/// Colored squares with names.
pub fn legend(entries: &[(&str, &str)]) -> Markup {
    html! {
        ul.legend { @for (class, name) in entries { li { span.swatch.(class) {} (name) } } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_few() {
        let scale = Scale::linear((0.0, 47.3), (0.0, 100.0));
        assert_eq!(scale.ticks(5), [0.0, 10.0, 20.0, 30.0, 40.0]);
        let scale = Scale::logarithmic((1.5, 40.0), (0.0, 100.0));
        assert_eq!(scale.ticks(8), [2.0, 4.0, 8.0, 16.0, 32.0]);
    }

    #[test]
    fn scales_stay_inside() {
        let scale = Scale::logarithmic((1.0, 16.0), (100.0, 0.0));
        assert_eq!([scale.at(0.0), scale.at(4.0), scale.at(99.0)], [100.0, 50.0, 0.0]);
    }
}
