//! What lies behind the shapes: a gradient, a texture, lines and dots.

use super::SUB;
use super::canvas::{Canvas, Coverage, mix};
use crate::base::random::Random;

/// Paints the background with at most `clutter` lines and dots.
pub fn paint(canvas: &mut Canvas, random: &mut Random, clutter: i64) {
    gradient(canvas, random);
    match random.below(4) {
        0 => stripes(canvas, random),
        1 => checks(canvas, random),
        2 => clouds(canvas, random),
        _ => {}
    }
    for _ in 0..random.between(0, clutter) {
        let color = color(random);
        let coverage = if random.one_in(3) { dot(canvas, random) } else { line(canvas, random) };
        canvas.fill(&coverage, color, color);
    }
}

/// Any color.
pub fn color(random: &mut Random) -> [i64; 3] {
    [(); 3].map(|()| random.between(0, 255))
}

/// Between four colors in the corners.
fn gradient(canvas: &mut Canvas, random: &mut Random) {
    let side = canvas.side();
    let base = color(random);
    let corners = [(); 4].map(|()| base.map(|value| value + random.between(-60, 60)));
    canvas.map(|x, y, _| {
        let top = mix(corners[0], corners[1], x, side);
        let bottom = mix(corners[2], corners[3], x, side);
        mix(top, bottom, y, side).map(|value| value.clamp(0, 255))
    });
}

/// A change of color that a texture makes, each channel by the same or by its own amount.
fn change(random: &mut Random) -> [i64; 3] {
    let gray = random.between(-40, 40);
    if random.one_in(2) { [gray; 3] } else { [(); 3].map(|()| random.between(-40, 40)) }
}

fn add(color: [i64; 3], change: [i64; 3]) -> [i64; 3] {
    [0, 1, 2].map(|n| (color[n] + change[n]).clamp(0, 255))
}

fn stripes(canvas: &mut Canvas, random: &mut Random) {
    let (change, period) = (change(random), random.between(4, 24));
    let (right, down) = (random.between(-3, 3), random.between(1, 3));
    canvas.map(|x, y, color| {
        let on = (x * right + y * down).rem_euclid(period * 2) < period;
        if on { add(color, change) } else { color }
    });
}

fn checks(canvas: &mut Canvas, random: &mut Random) {
    let (change, width) = (change(random), random.between(5, 28));
    let (skew, height) = (random.between(0, 4), random.between(5, 28));
    canvas.map(|x, y, color| {
        let on = ((x + y * skew / 4) / width + y / height) % 2 == 0;
        if on { add(color, change) } else { color }
    });
}

/// Smooth light and dark patches: random values on a coarse grid, interpolated.
fn clouds(canvas: &mut Canvas, random: &mut Random) {
    let (change, cell) = (change(random), random.between(6, 30));
    let cells = canvas.side() / cell + 2;
    let grid: Vec<i64> = (0..cells * cells).map(|_| random.between(-256, 256)).collect();
    canvas.map(|x, y, color| {
        let (column, row) = (x / cell, y / cell);
        let at = |right: i64, down: i64| grid[((row + down) * cells + column + right) as usize];
        let (right, down) = (x % cell, y % cell);
        let top = at(0, 0) * (cell - right) + at(1, 0) * right;
        let bottom = at(0, 1) * (cell - right) + at(1, 1) * right;
        let value = (top * (cell - down) + bottom * down) / (cell * cell);
        add(color, change.map(|change| change * value / 256))
    });
}

fn point(canvas: &Canvas, random: &mut Random) -> [i64; 2] {
    [(); 2].map(|()| random.between(0, canvas.side() * SUB))
}

fn dot(canvas: &Canvas, random: &mut Random) -> Coverage {
    let center = point(canvas, random);
    let radius = random.between(SUB / 2, 2 * SUB);
    Coverage::new(canvas.side() as u32, center, radius, |x, y| {
        let (x, y) = (x - center[0], y - center[1]);
        x * x + y * y <= radius * radius
    })
}

/// A straight line of half to three pixels.
fn line(canvas: &Canvas, random: &mut Random) -> Coverage {
    let (from, to) = (point(canvas, random), point(canvas, random));
    let width = random.between(SUB / 2, 3 * SUB);
    let middle = [0, 1].map(|n| (from[n] + to[n]) / 2);
    let run = [0, 1].map(|n| to[n] - from[n]);
    let length = run[0] * run[0] + run[1] * run[1];
    let reach = run[0].abs().max(run[1].abs()) / 2 + width;
    Coverage::new(canvas.side() as u32, middle, reach, |x, y| {
        let (x, y) = (x - from[0], y - from[1]);
        let along = x * run[0] + y * run[1];
        let across = x * run[1] - y * run[0];
        (0..=length).contains(&along) && 4 * across * across <= width * width * length
    })
}
