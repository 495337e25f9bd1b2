//! Linear interpolation by a power of two, the same along rows and columns, becomes doublings and means of
//! neighbors.
//!
//! Doubling is a nearest-neighbor resize by 2, which readers on the accelerator find by themselves. Behind it, the mean
//! of two neighbors is the value in the middle between two samples, or a sample again. Outputs at x / 2^k (asymmetric)
//! are k times such a doubling and mean. Outputs at (x + 1/2) / 2^k - 1/2 (half pixel) lie in the middle of those at
//! x / 2^k, with the border repeated once more: one mean more. At a border, where a sample is repeated, the mean is
//! over what lies inside. Outputs that end at the last sample (corners aligned, 2^k steps from sample to sample)
//! need no border.

use super::Rewrite;
use super::chain::Chain;
use crate::base::error::Result;
use crate::frontend::graph::{Graph, Node, ValueId};
use crate::frontend::ops::average_pool::AveragePool;
use crate::frontend::ops::resize::{Mode, Samples};
use crate::frontend::ops::window::Window;
use crate::frontend::ops::{Inputs, Op};

/// See the module.
pub struct LinearToMeans;

impl Rewrite for LinearToMeans {
    fn name(&self) -> &'static str {
        "linear-to-means"
    }

    fn description(&self) -> &'static str {
        "turn linear interpolation by powers of two into doublings and means of neighbors"
    }

    fn run(&self, graph: &mut Graph) -> Result<usize> {
        let mut turned = 0;
        for index in 0..graph.nodes.len() {
            let node = &graph.nodes[index];
            let (Some((places, doublings)), Some(input)) = (linear(graph, node)?, node.input(0))
            else {
                continue;
            };
            let name = format!("{}:step", node.name);
            replace(Chain::new(graph, name), index, input, places, doublings)?;
            turned += 1;
        }
        Ok(turned)
    }
}

/// Where outputs lie between input samples, 2^k of them for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Places {
    /// (x + 1/2) / 2^k - 1/2
    HalfPixel,
    /// x / 2^k
    Asymmetric,
    /// x / 2^k up to the last input sample
    Corners,
}

impl Places {
    const ALL: [Self; 3] = [Self::HalfPixel, Self::Asymmetric, Self::Corners];

    /// Outputs for an input of `extent` samples.
    fn count(self, extent: usize, doublings: u32) -> usize {
        match self {
            Self::HalfPixel | Self::Asymmetric => extent << doublings,
            Self::Corners => ((extent - 1) << doublings) + 1,
        }
    }

    /// Whether these are the samples of each output.
    fn are(self, samples: &[Samples], extent: usize, doublings: u32) -> bool {
        if extent == 0 || samples.len() != self.count(extent, doublings) {
            return false;
        }
        let step = (doublings as f32).exp2();
        let same = |(x, samples): (usize, &Samples)| {
            let position = match self {
                Self::HalfPixel => (x as f32 + 0.5) / step - 0.5,
                Self::Asymmetric | Self::Corners => x as f32 / step,
            };
            let position = position.clamp(0.0, extent as f32 - 1.0);
            let (before, part) = (position.floor(), position - position.floor());
            let weight = |sample: usize| {
                let own = samples.iter().filter(|own| own.0 == sample);
                own.map(|own| own.1).sum::<f32>()
            };
            let before_weight = weight(before as usize);
            let behind = if part > 0.0 { weight(before as usize + 1) } else { 0.0 };
            let whole: f32 = samples.iter().map(|own| own.1).sum();
            let near = |made: f32, wanted: f32| (made - wanted).abs() < 1e-4;
            near(before_weight, 1.0 - part) && near(behind, part) && near(whole, 1.0)
        };
        samples.iter().enumerate().all(same)
    }
}

/// Where the outputs of a node lie, and how many doublings make as many.
fn linear(graph: &Graph, node: &Node) -> Result<Option<(Places, u32)>> {
    let Op::Resize(op) = &node.op else { return Ok(None) };
    if matches!(op.mode, Mode::Nearest(_)) {
        return Ok(None);
    }
    let facts = graph.input_facts(node);
    let Some(samples) = op.samples(Inputs::new(&facts))? else { return Ok(None) };
    let Some(shape) = node.input(0).map(|id| &graph.fact(id).shape) else { return Ok(None) };
    let (&[_, _, height, width], [images, channels, rows, columns]) = (&shape[..], &samples[..])
    else {
        return Ok(None);
    };
    let kept =
        |samples: &[Samples]| samples.iter().enumerate().all(|(x, own)| own[..] == [(x, 1.0)]);
    if !kept(images) || !kept(channels) {
        return Ok(None);
    }
    let all = || (1..5).flat_map(|doublings| Places::ALL.map(|places| (places, doublings)));
    Ok(all().find(|(places, doublings)| {
        places.are(rows, height, *doublings) && places.are(columns, width, *doublings)
    }))
}

/// Puts doublings and means in the place of the node at `index`, which becomes the last of them.
fn replace(
    mut chain: Chain<'_>,
    index: usize,
    input: ValueId,
    places: Places,
    doublings: u32,
) -> Result<()> {
    let mut value = input;
    for number in 1..=doublings {
        value = chain.double(value)?;
        value = match (places, number) {
            (Places::HalfPixel, 1) => mean(&mut chain, value, (1, 1))?,
            // The last mean and the one behind it at once.
            (Places::HalfPixel, _) if number == doublings => {
                let window = Window { kernel: vec![3, 3], ..Window::default() };
                let taps = [1.0, 2.0, 1.0, 2.0, 4.0, 2.0, 1.0, 2.0, 1.0].map(|tap| tap / 16.0);
                chain.depthwise(value, window, &taps, None)?
            }
            (Places::HalfPixel | Places::Corners, _) => mean(&mut chain, value, (0, 0))?,
            (Places::Asymmetric, _) => mean(&mut chain, value, (0, 1))?,
        };
    }
    if (places, doublings) == (Places::HalfPixel, 1) {
        mean(&mut chain, value, (0, 0))?;
    }
    chain.replace(index);
    Ok(())
}

/// The means of 2 x 2 neighbors, of those that lie inside where windows reach out by `pads`.
fn mean(chain: &mut Chain<'_>, value: ValueId, pads: (usize, usize)) -> Result<ValueId> {
    let window = Window { kernel: vec![2, 2], pads: vec![pads; 2], ..Window::default() };
    let op = AveragePool { window, ceil: false, count_include_pad: false };
    chain.push(op.into(), vec![Some(value)])
}
