//! Which accelerators a network can have on a part: every candidate is compiled, its cycles are those of the cost model, its
//! area is that of [`Resources`]. Nothing is synthesized.

mod front;
mod space;

use rayon::prelude::*;

use super::boards::{PortDomains, Target};
use super::program::predict::{self, READ_LATENCY};
use super::resources::{FITTED_ERROR_PERCENT, Resources};
use super::schedule::Plan;
use super::{CompileOptions, Compiled};
use crate::base::error::{Code, Error, Result, codes};
use crate::model::ceras::Model;

/// A candidate that compiles and that its part has room for.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// The target, with the lowest clock for the frames a second that were asked for.
    pub target: Target,
    /// Cycles of a frame by the cost model.
    pub cycles: u64,
    /// What the design takes.
    pub resources: Resources,
    /// Whether the network is computed in strips of rows, since it does not fit the shared memory.
    pub in_strips: bool,
    /// Whether no other point is at least as good in cycles, look-up tables, DSP slices and bits of RAM, and better in one.
    pub on_front: bool,
    /// Whether it reaches the frames a second that were asked for at the clock of the base target.
    pub reaches: bool,
}

impl Point {
    /// Frames a second at a clock.
    pub fn frames_per_second(&self, clock_mhz: u64) -> f64 {
        clock_mhz as f64 * 1e6 / self.cycles.max(1) as f64
    }

    /// Largest share of a kind of resource of the part that it takes, 0 to 1.
    pub fn share(&self) -> f64 {
        self.resources.share(&self.target)
    }

    fn costs(&self) -> [u64; 4] {
        let Resources { lut, dsp, .. } = self.resources;
        [self.cycles, lut as u64, dsp as u64, self.resources.ram_bits() as u64]
    }
}

/// Candidates that are no points, by the code of what refused them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused {
    /// The code.
    pub code: &'static Code,
    /// How many.
    pub count: usize,
}

/// What was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Exploration {
    /// Points, the fastest first; of equal ones the smallest.
    pub points: Vec<Point>,
    /// What was refused.
    pub refused: Vec<Refused>,
    /// The point that is recommended: of those that reach the frames a second the one with the smallest share of its part, then with
    /// the fewest look-up tables; where no number was asked for, the fastest.
    pub chosen: usize,
    /// Error of look-up tables and flip-flops against the syntheses that they were fitted to, in percent.
    pub fitted_error_percent: usize,
}

/// Tries every candidate around `base`, which gives the part, its budget and the highest clock. Candidates are tried in
/// groups; `tick` is called after each with the number of all groups.
///
/// # Errors
/// [`codes::NO_DESIGN`] when no candidate fits the part, or none reaches `frames_per_second`.
pub fn explore(
    model: &Model,
    base: &Target,
    frames_per_second: Option<f64>,
    tick: &(dyn Fn(usize) + Sync),
) -> Result<Exploration> {
    let chains = space::chains(base, least_memory(model, base));
    let groups = chains.len();
    let tried: Vec<Vec<Result<Point>>> = chains
        .into_par_iter()
        .map(|chain| {
            let points = climb(model, chain);
            tick(groups);
            points
        })
        .collect();
    let (mut points, mut refused): (Vec<Point>, Vec<Refused>) = (Vec::new(), Vec::new());
    let mut last = None;
    for candidate in tried.into_iter().flatten() {
        match candidate {
            Ok(point) if points.iter().any(|own| same(&own.target, &point.target)) => {}
            Ok(point) => points.push(point),
            Err(error) => {
                let code = error.code();
                match refused.iter_mut().find(|own| own.code == code) {
                    Some(own) => own.count += 1,
                    None => refused.push(Refused { code, count: 1 }),
                }
                last = Some(error);
            }
        }
    }
    points.sort_by_key(Point::costs);
    let costs: Vec<_> = points.iter().map(Point::costs).collect();
    for (index, point) in points.iter_mut().enumerate() {
        point.on_front = front::stands(&costs, index);
        let reached = point.frames_per_second(base.clock_mhz);
        point.reaches = frames_per_second.is_none_or(|wanted| reached >= wanted);
        if let Some(wanted) = frames_per_second.filter(|_| point.reaches) {
            point.target.clock_mhz = clock(wanted, point.cycles).min(base.clock_mhz);
        }
    }
    let chosen = choose(&points, base, frames_per_second, last)?;
    Ok(Exploration { points, refused, chosen, fitted_error_percent: FITTED_ERROR_PERCENT })
}

/// Whether two targets differ in their names at most.
fn same(a: &Target, b: &Target) -> bool {
    Target { name: b.name.clone(), ..a.clone() } == *b
}

/// The lowest clock in whole MHz for so many frames a second.
fn clock(frames_per_second: f64, cycles: u64) -> u64 {
    ((frames_per_second * cycles as f64 / 1e6).ceil() as u64).max(1)
}

fn choose(
    points: &[Point],
    base: &Target,
    frames_per_second: Option<f64>,
    last: Option<Error>,
) -> Result<usize> {
    let Some(fastest) = points.first() else {
        let message = format!("no candidate fits part {} of target {}", base.part, base.name);
        let error = Error::new(&codes::NO_DESIGN, message);
        return Err(match last {
            Some(last) => error.at(format!("the last one: {last}")),
            None => error,
        });
    };
    let Some(wanted) = frames_per_second else { return Ok(0) };
    let good = (0..points.len()).filter(|&index| points[index].reaches);
    let size = |index: usize| (points[index].share(), points[index].resources.lut);
    let smallest = good.min_by(|&a, &b| {
        let ((share, lut), (other, others)) = (size(a), size(b));
        share.total_cmp(&other).then(lut.cmp(&others))
    });
    smallest.ok_or_else(|| {
        let best = fastest.frames_per_second(base.clock_mhz);
        let message = format!(
            "{wanted} frames a second are wanted; the fastest candidate that fits part {} reaches {best:.1} at {} MHz",
            base.part, base.clock_mhz
        );
        Error::new(&codes::NO_DESIGN, message)
    })
}

/// Half of the bytes that are live at once where there is memory enough: with less, strips are many and slow, and so is the
/// search for them.
fn least_memory(model: &Model, base: &Target) -> u64 {
    let port_domains = PortDomains { banks: base.pixels, bytes: ROOMY / 2, count: 2 };
    let roomy = Target { memory_bytes: ROOMY, port_domains, ..base.clone() };
    match Plan::new(&model.graph, &roomy) {
        Ok(plan) if plan.groups.is_empty() => plan.placed.packing.lower_bound / 2,
        _ => ROOMY / 2,
    }
}

/// The largest shared memory of a target.
const ROOMY: u64 = 2 << 20;

/// Candidates that differ in the size of the memory alone, the smallest first. Once the network fits without strips, more
/// memory makes it no faster.
fn climb(model: &Model, chain: Vec<Target>) -> Vec<Result<Point>> {
    let mut points = Vec::new();
    for target in chain {
        let point = point(model, &target);
        let enough = point.as_ref().is_ok_and(|point| !point.in_strips);
        points.push(point);
        if enough {
            break;
        }
    }
    points
}

fn point(model: &Model, target: &Target) -> Result<Point> {
    let compiled = Compiled::new(model.clone(), target, CompileOptions::default())?;
    if !compiled.uses_accelerator() {
        return Err(Error::new(&codes::NOTHING_COMPARED, "the accelerator computes no layer"));
    }
    let resources = Resources::of_design(&compiled.design);
    resources.check(target)?;
    let costs = predict::predict(&compiled.program.stream, &compiled.design, READ_LATENCY)?;
    Ok(Point {
        cycles: costs.iter().map(|cost| cost.cycles).sum(),
        in_strips: !compiled.plan.groups.is_empty(),
        resources,
        target: compiled.plan.target,
        on_front: false,
        reaches: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model() -> Model {
        Model::load("tests/fixtures/colors.ceras".as_ref()).unwrap()
    }

    fn base() -> Target {
        Target::load("zynq7020").unwrap()
    }

    /// Sets of points say the same as an order of all pairs.
    #[test]
    fn the_front_is_not_dominated_and_what_is_beside_it_is() {
        let found = explore(&model(), &base(), None, &|_| {}).unwrap();
        let costs = |point: &Point| {
            let own = point.resources;
            [
                point.cycles as usize,
                own.lut,
                own.dsp,
                own.half_bram * 18 * 1024 + own.uram * 288 * 1024,
            ]
        };
        let dominates = |a: &Point, b: &Point| {
            let pairs = || costs(a).into_iter().zip(costs(b));
            pairs().all(|(a, b)| a <= b) && pairs().any(|(a, b)| a < b)
        };
        assert!(found.points.len() > 3, "{}", found.points.len());
        for point in &found.points {
            let beaten = found.points.iter().any(|other| dominates(other, point));
            assert_eq!(point.on_front, !beaten, "{point:?}");
        }
        assert!(found.points.iter().any(|point| !point.on_front));
    }

    #[test]
    fn a_point_is_what_compiling_its_target_gives() {
        let found = explore(&model(), &base(), Some(500.0), &|_| {}).unwrap();
        for point in &found.points {
            let target = Target::from_json(&point.target.to_json().unwrap()).unwrap();
            let compiled = Compiled::new(model(), &target, CompileOptions::default()).unwrap();
            let costs =
                predict::predict(&compiled.program.stream, &compiled.design, READ_LATENCY).unwrap();
            assert_eq!(point.cycles, costs.iter().map(|cost| cost.cycles).sum::<u64>());
            assert_eq!(point.resources, Resources::of_design(&compiled.design));
            point.resources.check(&target).unwrap();
            // The clock is the lowest that reaches what was asked for.
            assert!(point.reaches && point.frames_per_second(target.clock_mhz) >= 500.0);
            assert!(target.clock_mhz == 1 || point.frames_per_second(target.clock_mhz - 1) < 500.0);
        }
        let smallest = found.points.iter().map(Point::share).min_by(f64::total_cmp).unwrap();
        assert_eq!(found.points[found.chosen].share(), smallest);
    }

    #[test]
    fn what_is_too_much_is_refused_with_what_there_is() {
        let refused = |base: &Target, wanted| {
            let error = explore(&model(), base, wanted, &|_| {}).unwrap_err();
            assert_eq!(error.code().id, "SG0802");
            error.to_string()
        };
        assert!(refused(&base(), Some(1e9)).contains("the fastest candidate that fits part"));
        let tiny = Target { lut: 1000, ..base() };
        assert!(refused(&tiny, None).contains("no candidate fits part"), "SG0903");
    }
}
