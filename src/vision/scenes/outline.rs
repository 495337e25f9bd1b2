//! Shapes as sets of points: circles by distance, the rest as polygons, in units of a pixel / 16.

use serde::Serialize;

use crate::base::random::Random;

/// What a shape is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// A disk.
    Circle,
    /// A square, or a rectangle up to twice as long as wide.
    Rectangle,
    /// A triangle with two equal sides.
    Triangle,
    /// A star with five points.
    Star,
    /// A disk with a hole.
    Ring,
    /// A plus sign.
    Cross,
    /// A moon.
    Crescent,
    /// An arrow.
    Arrow,
}

impl Class {
    /// All classes, in the order of the network's outputs.
    pub const ALL: [Self; 8] = [
        Self::Circle,
        Self::Rectangle,
        Self::Triangle,
        Self::Star,
        Self::Ring,
        Self::Cross,
        Self::Crescent,
        Self::Arrow,
    ];

    /// Name in task files and annotations.
    pub fn name(self) -> &'static str {
        match self {
            Self::Circle => "circle",
            Self::Rectangle => "rectangle",
            Self::Triangle => "triangle",
            Self::Star => "star",
            Self::Ring => "ring",
            Self::Cross => "cross",
            Self::Crescent => "crescent",
            Self::Arrow => "arrow",
        }
    }
}

/// The length 1 in [`Turn`] and in unit outlines.
const ONE: i64 = 1 << 14;

/// A rotation by cosine and sine in units of 1 / [`ONE`].
pub struct Turn {
    cosine: i64,
    sine: i64,
}

impl Turn {
    /// Any rotation: a rational point of the first quarter of the circle, then quarter turns.
    pub fn random(random: &mut Random) -> Self {
        // With t = tan(angle / 2): cos = (1 - t^2) / (1 + t^2), sin = 2 t / (1 + t^2).
        let t = random.between(0, 1 << 10);
        let (square, one) = (t * t, 1 << 20);
        let (cosine, sine) =
            ((one - square) * ONE / (one + square), 2048 * t * ONE / (one + square));
        match random.below(4) {
            0 => Self { cosine, sine },
            1 => Self { cosine: -sine, sine: cosine },
            2 => Self { cosine: -cosine, sine: -sine },
            _ => Self { cosine: sine, sine: -cosine },
        }
    }

    /// Where a point of the turned shape lies in the shape that is not turned.
    pub fn back(&self, x: i64, y: i64) -> (i64, i64) {
        let Self { cosine, sine } = self;
        ((cosine * x + sine * y) / ONE, (cosine * y - sine * x) / ONE)
    }
}

/// The points of a shape around the origin, not turned.
pub enum Outline {
    /// Within `radius`, not within `hole`.
    Disk { radius: i64, hole: i64 },
    /// Within `radius`, not within `hole` of a point `shift` to the right.
    Moon { radius: i64, hole: i64, shift: i64 },
    /// Inside the closed line through the points.
    Polygon { radius: i64, points: Vec<(i64, i64)> },
}

/// Cosine and sine of multiples of 36 degrees in units of 1 / [`ONE`].
const TENTHS: [(i64, i64); 10] = [
    (16384, 0),
    (13255, 9630),
    (5063, 15582),
    (-5063, 15582),
    (-13255, 9630),
    (-16384, 0),
    (-13255, -9630),
    (-5063, -15582),
    (5063, -15582),
    (13255, -9630),
];

impl Outline {
    /// A shape of the class that fits a circle of `radius`, with proportions of its own.
    pub fn random(class: Class, radius: i64, random: &mut Random) -> Self {
        let part = |percent: i64| radius * percent / 100;
        let polygon = |points: &[(i64, i64)]| Self::Polygon {
            radius,
            points: points.iter().map(|&(x, y)| (part(x), part(y))).collect(),
        };
        match class {
            Class::Circle => Self::Disk { radius, hole: 0 },
            Class::Ring => Self::Disk { radius, hole: part(random.between(45, 65)) },
            Class::Crescent => Self::Moon {
                radius,
                hole: part(random.between(75, 90)),
                shift: part(random.between(42, 55)),
            },
            Class::Rectangle => {
                // Corners near the circle: (0.71, 0.71) to (0.88, 0.44).
                let (x, y) =
                    [(71, 71), (77, 64), (82, 57), (86, 50), (88, 44)][random.below(5) as usize];
                polygon(&[(-x, -y), (x, -y), (x, y), (-x, y)])
            }
            Class::Triangle => {
                let (x, y) = [(87, 50), (80, 60), (92, 39)][random.below(3) as usize];
                polygon(&[(0, -100), (x, y), (-x, y)])
            }
            Class::Star => {
                let inner = random.between(38, 48);
                let length = |corner: usize| if corner.is_multiple_of(2) { 100 } else { inner };
                let point = |(corner, &(cosine, sine)): (usize, &(i64, i64))| {
                    let length = radius * length(corner);
                    (length * cosine / (100 * ONE), length * sine / (100 * ONE))
                };
                Self::Polygon { radius, points: TENTHS.iter().enumerate().map(point).collect() }
            }
            Class::Cross => {
                let (a, b) = (random.between(22, 32), 94);
                polygon(&[
                    (-a, -b),
                    (a, -b),
                    (a, -a),
                    (b, -a),
                    (b, a),
                    (a, a),
                    (a, b),
                    (-a, b),
                    (-a, a),
                    (-b, a),
                    (-b, -a),
                    (-a, -a),
                ])
            }
            Class::Arrow => {
                let (shaft, neck) = (random.between(18, 26), random.between(-5, 15));
                polygon(&[
                    (100, 0),
                    (neck, 75),
                    (neck, shaft),
                    (-95, shaft),
                    (-95, -shaft),
                    (neck, -shaft),
                    (neck, -75),
                ])
            }
        }
    }

    /// No point lies farther from the origin.
    pub fn reach(&self) -> i64 {
        match self {
            Self::Disk { radius, .. }
            | Self::Moon { radius, .. }
            | Self::Polygon { radius, .. } => *radius,
        }
    }

    /// Whether a point belongs to the shape.
    pub fn contains(&self, x: i64, y: i64) -> bool {
        match self {
            Self::Disk { radius, hole } => {
                let distance = x * x + y * y;
                distance <= radius * radius && distance >= hole * hole
            }
            Self::Moon { radius, hole, shift } => {
                let from_hole = x - shift;
                x * x + y * y <= radius * radius && from_hole * from_hole + y * y > hole * hole
            }
            Self::Polygon { points, .. } => {
                let edges = points.iter().zip(points.iter().cycle().skip(1));
                edges.filter(|(from, to)| crosses(**from, **to, x, y)).count() % 2 == 1
            }
        }
    }
}

/// Whether the ray from (x, y) to the right meets the edge.
fn crosses(from: (i64, i64), to: (i64, i64), x: i64, y: i64) -> bool {
    if (from.1 > y) == (to.1 > y) {
        return false;
    }
    let (rise, run) = (to.1 - from.1, to.0 - from.0);
    let side = (x - from.0) * rise - run * (y - from.1);
    if rise > 0 { side < 0 } else { side > 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Area of every shape as a share of its circle, counted on a grid, against geometry.
    #[test]
    fn shapes_have_the_area_of_their_geometry() {
        let mut random = Random::new(0, 0);
        let expected = |class| match class {
            Class::Circle => (0.99, 1.01),
            Class::Rectangle => (0.48, 0.66),
            Class::Triangle => (0.38, 0.43),
            Class::Star => (0.34, 0.46),
            Class::Ring => (0.57, 0.81),
            Class::Cross => (0.45, 0.65),
            Class::Crescent => (0.36, 0.70),
            Class::Arrow => (0.34, 0.55),
        };
        for class in Class::ALL {
            let outline = Outline::random(class, 400, &mut random);
            let grid = (-400..=400).step_by(4);
            let inside = grid.clone().flat_map(|y| grid.clone().map(move |x| (x, y)));
            let area = inside.filter(|&(x, y)| outline.contains(x, y)).count() as f64 * 16.0;
            let share = area / (std::f64::consts::PI * 400.0 * 400.0);
            let (low, high) = expected(class);
            assert!((low..=high).contains(&share), "{class:?}: {share}");
        }
    }

    #[test]
    fn a_turn_keeps_lengths() {
        let mut random = Random::new(1, 0);
        for _ in 0..1000 {
            let (x, y) = Turn::random(&mut random).back(3000, -4000);
            let length = ((x * x + y * y) as f64).sqrt();
            assert!((length - 5000.0).abs() < 3.0, "{length}");
        }
    }
}
