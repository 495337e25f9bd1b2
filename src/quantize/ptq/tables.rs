//! Which fixed point each tabulated function gets.
//!
//! A table has a fixed number of entries: fewer fraction bits make it reach further, more make its bins finer.
//! Every fixed point is tried on the arguments that calibration frames show. All tables of a network share one
//! memory in every lane, so a layer gets a table of its own only where the one of other layers costs it a bit. Where
//! all together have too many entries, the largest get fewer, with bins that widen.

use super::channel::Channel;
use super::fixed_point::{Demand, FixedPoint, all};
use super::function::Shape;
use crate::base::arithmetic::{Base, Function, MAX_ENTRIES, MAX_FUNCTIONS, Rom, Unit};
use crate::frontend::graph::ValueId;
use crate::frontend::ops::activation::Activation;
use crate::frontend::ops::epilogue::Residual;

/// Fraction bits that are tried.
const TRIED: std::ops::RangeInclusive<i32> = -12..=18;
/// Bits of the result that a layer may lose before it gets another table, and that a table of another layer may
/// cost it then.
const LOSS: f64 = 1.0;
const SHARED: f64 = 0.5;
/// Samples that are tried per layer, about.
const SAMPLES: usize = 4_096;
/// Functions without a table, for which room is left.
const STRAIGHT: usize = 6;

/// The tables of a network.
#[derive(Default)]
pub struct Tables {
    wants: Vec<Want>,
    made: Vec<(Shape, Function)>,
}

/// A layer that needs a table.
struct Want {
    output: ValueId,
    residual: Option<Residual>,
    shape: Shape,
    channels: usize,
    demand: Option<Demand>,
    samples: Vec<Samples>,
    options: Vec<Choice>,
}

/// A fixed point for a layer.
#[derive(Debug, Clone, Copy)]
struct Choice {
    unit: Unit,
    /// Bits by which the result is worse than its int8 alone.
    loss: f64,
}

impl Want {
    /// The choice of the fixed point that most layers have.
    fn usual(&self) -> Option<Choice> {
        self.options.iter().copied().find(|choice| choice.unit.is_usual())
    }

    fn best(&self) -> Option<Choice> {
        self.options.iter().copied().min_by(|a, b| a.loss.total_cmp(&b.loss))
    }

    /// What the usual fixed point loses against the best.
    fn gain(&self) -> f64 {
        let best = self.best().map_or(0.0, |best| best.loss);
        self.usual().map_or(f64::INFINITY, |usual| usual.loss - best)
    }
}

impl Tables {
    /// Takes note of a layer, and tries every fixed point on it.
    pub fn want(
        &mut self,
        output: ValueId,
        residual: Option<Residual>,
        shape: Shape,
        demands: &[Option<Demand>],
        arguments: &[Channel],
    ) {
        let (demand, samples) = (all(demands), samples(demands, arguments));
        let (channels, options) = (demands.len(), Vec::new());
        let mut want = Want { output, residual, shape, channels, demand, samples, options };
        self.try_all(&mut want);
        self.wants.push(want);
    }

    /// Tries every fixed point of a layer's own.
    fn try_all(&mut self, want: &mut Want) {
        for unit in units(want.shape, want.residual, want.demand) {
            self.try_on(want, unit);
        }
    }

    /// Adds a fixed point to the options of a layer, unless it is there or its entries were cut off.
    fn try_on(&mut self, want: &mut Want, unit: Unit) {
        let function = self.made(want.shape, unit);
        let whole = function.rom.iter().all(|entry| (i16::MIN + 1..i16::MAX).contains(entry));
        if whole && want.options.iter().all(|option| option.unit != unit) {
            let loss = loss(function, want.shape, &want.samples);
            want.options.push(Choice { unit, loss });
        }
    }

    fn made(&mut self, shape: Shape, unit: Unit) -> &Function {
        let known = self.made.iter().position(|(own, made)| *own == shape && made.unit == unit);
        let at = known.unwrap_or_else(|| {
            self.made.push((shape, shape.tabulate(unit)));
            self.made.len() - 1
        });
        &self.made[at].1
    }

    /// One fixed point per layer.
    pub fn choose(mut self) -> Vec<(ValueId, FixedPoint)> {
        let mut wants = std::mem::take(&mut self.wants);
        loop {
            let points = self.assign(&mut wants);
            let fits = Rom::of(points.iter().map(|(_, point)| &point.function)).fits();
            if fits || !self.compact(&mut wants) {
                return points;
            }
        }
    }

    /// First the layers that do with the usual fixed point, then the others, those that lose most first.
    fn assign(&mut self, wants: &mut [Want]) -> Vec<(ValueId, FixedPoint)> {
        wants.sort_by(|a, b| {
            let first = |want: &Want| want.gain() >= LOSS;
            first(a).cmp(&first(b)).then(b.gain().total_cmp(&a.gain()))
        });
        let (mut kept, mut rom) = (Vec::<(Shape, Unit)>::new(), Rom::default());
        let mut points = Vec::new();
        for want in wants {
            // The tables of other layers, which may have another gain.
            let known: Vec<Unit> =
                kept.iter().filter_map(|(shape, unit)| want.shape.sharing(shape, *unit)).collect();
            for &unit in &known {
                if holds(want.shape, want.residual, want.demand, unit) {
                    self.try_on(want, unit);
                }
            }
            let room = rom.entries.len() + want.shape.entries() <= MAX_ENTRIES
                && kept.len() + STRAIGHT < MAX_FUNCTIONS;
            let unit = pick(want, &known, room);
            let function = self.made(want.shape, unit).clone();
            // What shares a table is no other function for a lane.
            if !known.contains(&unit) {
                kept.push((want.shape, unit));
                rom.add(&function);
            }
            let fractions = vec![unit.fraction.into(); want.channels];
            points.push((want.output, FixedPoint { function, fractions, residual: want.residual }));
        }
        points
    }

    /// Gives the largest table that has a form with fewer entries that form; `false` where none has.
    fn compact(&mut self, wants: &mut [Want]) -> bool {
        let shapes = wants.iter().map(|want| want.shape);
        let wide = shapes.filter_map(|shape| Some((shape, shape.compact()?)));
        let Some((wide, compact)) = wide.max_by_key(|(shape, _)| shape.entries()) else {
            return false;
        };
        for want in wants.iter_mut().filter(|want| want.shape == wide) {
            want.shape = compact;
            want.options.clear();
            self.try_all(want);
        }
        true
    }
}

/// The fixed point of a layer, by those whose tables are there already and whether there is room for another.
fn pick(want: &Want, known: &[Unit], room: bool) -> Unit {
    let Some(best) = want.best() else { return Unit::default() };
    let is_known = |choice: &&Choice| known.contains(&choice.unit);
    let shared = want.options.iter().filter(is_known).min_by(|a, b| a.loss.total_cmp(&b.loss));
    let usual = want.usual().filter(|_| want.gain() < LOSS);
    let own = usual.unwrap_or(best);
    match shared {
        _ if usual.is_some_and(|usual| known.contains(&usual.unit)) => own.unit,
        Some(shared) if !room || shared.loss <= own.loss + SHARED => shared.unit,
        _ => own.unit,
    }
}

/// Fixed points of a layer's own, with a gain that suits its result.
fn units(shape: Shape, residual: Option<Residual>, demand: Option<Demand>) -> Vec<Unit> {
    let Some(demand) = demand else { return vec![Unit::default()] };
    let unit = |fraction: i32, fewer: i32| {
        let gain = if shape.base == Base::Zero { demand.result() - fewer - fraction } else { 0 };
        Unit { fraction: fraction as i8, gain: gain as i8 }
    };
    let fits = |unit: &Unit| holds(shape, residual, Some(demand), *unit);
    // Squares have no end: entries that reach further take fewer bits of the result.
    let fewer = if matches!(shape.activation, Activation::Square { .. }) { 8 } else { 0 };
    let all = TRIED.flat_map(|fraction| (0..=fewer).map(move |fewer| unit(fraction, fewer)));
    let found: Vec<Unit> = all.filter(fits).collect();
    if found.is_empty() { vec![unit(*TRIED.start(), 0)] } else { found }
}

/// Whether a fixed point holds what the channels show. A bounded function is flat where its argument may be cut off,
/// so that the samples alone decide.
fn holds(shape: Shape, residual: Option<Residual>, demand: Option<Demand>, unit: Unit) -> bool {
    let Some(demand) = demand else { return true };
    let bounded = shape.base == Base::Zero && residual != Some(Residual::BeforeActivation);
    unit.result() <= demand.result_most
        && (bounded || i32::from(unit.fraction) <= demand.argument_most)
}

/// Arguments that a channel shows, and the step of its output.
struct Samples {
    arguments: Vec<f64>,
    step: f64,
}

/// The samples of the channels that are not constant.
fn samples(demands: &[Option<Demand>], arguments: &[Channel]) -> Vec<Samples> {
    let each = (SAMPLES / arguments.len().max(1)).max(4);
    let own = |(demand, channel): (&Option<Demand>, &Channel)| {
        let step = 2f64.powi(demand.as_ref()?.output);
        let stride = (channel.samples.len() / each).max(1);
        let values = channel.samples.iter().step_by(stride).chain([&channel.min, &channel.max]);
        Some(Samples { arguments: values.map(|&value| value.into()).collect(), step })
    };
    demands.iter().zip(arguments).filter_map(own).collect()
}

/// Bits by which the result of a function is worse than its int8 alone, whose error is that of rounding: the mean
/// over channels of the bits that each loses. An error in steps has no bound where a channel is nearly constant, so
/// that a mean over all samples would ask for its bins alone.
fn loss(function: &Function, shape: Shape, channels: &[Samples]) -> f64 {
    let scale = 2f64.powi(function.unit.fraction.into());
    let result = 2f64.powi(function.unit.result());
    let error = |argument: f64, step: f64| {
        let x = (argument * scale + 0.5).floor().clamp(-524_288.0, 524_287.0) as i64;
        let y = function.at(x) as f64 / result;
        ((y - shape.activation.exact(argument)) / step).powi(2)
    };
    let bits = |channel: &Samples| {
        let errors = channel.arguments.iter().map(|&argument| error(argument, channel.step));
        let mean = errors.sum::<f64>() / channel.arguments.len() as f64;
        (1.0 + 12.0 * mean).log2() / 2.0
    };
    channels.iter().map(bits).sum::<f64>() / channels.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::arithmetic::Layout;
    use crate::quantize::ptq::function;

    fn layer(tables: &mut Tables, id: usize, activation: Activation, reach: f32) {
        let samples: Vec<f32> = (-200..200).map(|at| reach * at as f32 / 200.0).collect();
        let channel = Channel::of(samples);
        let largest =
            activation.exact(reach.into()).abs().max(activation.exact(-f64::from(reach)).abs());
        let demand = Demand::of(reach.into(), largest, (largest / 200.0).log2().ceil() as i32);
        let shape = function::shape(Some(activation)).unwrap();
        tables.want(ValueId(id), None, shape, &[Some(demand)], &[channel]);
    }

    fn functions(layers: &[(Activation, f32)]) -> Vec<Function> {
        let mut tables = Tables::default();
        for (id, &(activation, reach)) in layers.iter().enumerate() {
            layer(&mut tables, id, activation, reach);
        }
        let mut points = tables.choose();
        points.sort_by_key(|(id, _)| *id);
        points.into_iter().map(|(_, point)| point.function).collect()
    }

    fn fractions(layers: &[(Activation, f32)]) -> Vec<i8> {
        functions(layers).iter().map(|function| function.unit.fraction).collect()
    }

    #[test]
    fn usual_numbers_keep_the_usual_table() {
        let silu = |reach| (Activation::Silu, reach);
        assert_eq!(
            fractions(&[silu(2.0), silu(6.0), silu(30.0), (Activation::Sigmoid, 8.0)]),
            [10; 4]
        );
    }

    #[test]
    fn small_numbers_get_finer_bins_and_wide_ones_a_wider_table() {
        let silu = fractions(&[(Activation::Silu, 0.01)])[0];
        assert!((13..=19).contains(&silu), "{silu}");
        let sigmoid = fractions(&[(Activation::HardSigmoid { alpha: 0.02, beta: 0.5 }, 60.0)])[0];
        assert!((6..=8).contains(&sigmoid), "{sigmoid}");
        assert!(fractions(&[(Activation::Silu, 2_000.0)])[0] < 9);
    }

    #[test]
    fn layers_share_tables_within_the_memory() {
        let layers: Vec<_> =
            (0..30).map(|at| (Activation::Tanh, 0.003 * 1.7f32.powi(at))).collect();
        let mut kept = fractions(&layers);
        kept.sort_unstable();
        kept.dedup();
        assert!(kept.len() <= 2, "{kept:?}");
    }

    /// Of squeeze and excitation behind SiLU or hard-swish: both squares of the product, the gate, and the function itself.
    #[test]
    fn functions_that_flatten_take_fewer_entries_where_all_have_too_many() {
        let square = |factor| (Activation::Square { factor }, 4.0);
        let (gate, hard) = (Activation::Sigmoid, Activation::HardSigmoid { alpha: 0.2, beta: 0.5 });
        for (activation, gate) in [(Activation::Silu, gate), (Activation::HardSwish, hard)] {
            let layers = [square(0.25), square(-0.25), (gate, 1.0), (activation, 6.0)];
            let found = functions(&layers);
            assert!(Rom::of(&found).fits());
            assert_eq!(found[2].layout, Layout::TwoSegments);
            assert!(found[..2].iter().all(|square| square.layout == Layout::Uniform));
            // Where they have room nothing is given up.
            assert_eq!(functions(&layers[2..])[0].layout, Layout::Uniform);
        }
    }

    /// Products with factors of different size have squares times different powers of two.
    #[test]
    fn squares_times_powers_of_two_share_a_table() {
        let square = |power: i32| (Activation::Square { factor: 0.25 * 2f32.powi(power) }, 4.0);
        let layers: Vec<_> = (-4..4).map(square).collect();
        let found = functions(&layers);
        assert!(Rom::of(&found).entries.len() <= 2048, "{}", Rom::of(&found).entries.len());
        for (function, (activation, _)) in found.iter().zip(layers) {
            let result = 2f64.powi(function.unit.result());
            let x = 3 << function.unit.fraction;
            let error = (function.at(x) as f64 / result / activation.exact(3.0) - 1.0).abs();
            assert!(error < 0.02, "{activation:?}: {error}");
        }
    }
}
