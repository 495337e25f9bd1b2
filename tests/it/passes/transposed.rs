//! `transposed-to-phases`.

use seigo::base::random::Samples;
use seigo::frontend::onnx::Attribute;

use super::net::{Net, assert_untouched, kinds, rewrite};

const NAME: &str = "transposed-to-phases";

fn ints(values: &[usize]) -> Attribute {
    Attribute::Ints(values.iter().map(|&value| value as i64).collect())
}

#[test]
fn any_window_becomes_phases() {
    for seed in 0..200 {
        let mut samples = Samples::new(seed);
        let mut pick = |from: usize, to: usize| from + samples.below(to + 1 - from);
        let stride = pick(1, 4);
        let kernel = [pick(1, 6), pick(1, 6)];
        let dilations = [pick(1, 2), pick(1, 2)];
        let group = pick(1, 3);
        let (inputs, outputs) = (group * pick(1, 3), pick(1, 3));
        let reach = [0, 1].map(|axis| (kernel[axis] - 1) * dilations[axis]);
        let pads = reach.map(|reach| (pick(0, reach.min(4)), pick(0, reach.min(4))));
        let extra = [pick(0, stride - 1), pick(0, stride - 1)];
        let plane = [pick(5, 7), pick(5, 7)];
        let attributes = [
            ("strides", ints(&[stride; 2])),
            ("dilations", ints(&dilations)),
            ("pads", ints(&[pads[0].0, pads[1].0, pads[0].1, pads[1].1])),
            ("output_padding", ints(&extra)),
            ("group", Attribute::Int(group as i64)),
        ];
        let mut net = Net::new();
        let x = net.input(&[1, inputs, plane[0], plane[1]]);
        let weight = net.random(&[inputs, outputs, kernel[0], kernel[1]]);
        let bias = net.random(&[outputs * group]);
        let given = if seed % 2 == 0 { vec![x, weight, bias] } else { vec![x, weight] };
        let y = net.with("ConvTranspose", &given, &attributes);
        let (rewritten, rewrites) = rewrite(&net.finish(&[y]), &[NAME]);
        let what = format!("{kernel:?} {stride} {dilations:?} {pads:?} {extra:?} {plane:?}");
        assert_eq!(rewrites, 1, "{what}");
        let kinds = kinds(&rewritten);
        let convolutions = kinds.iter().filter(|kind| kind.starts_with("Conv")).count();
        assert!(!kinds.iter().any(|kind| kind.contains("Transpose")), "{what}");
        assert!(convolutions - stride * stride <= 1, "{what}: {kinds:?}");
    }
}

#[test]
fn scales_and_activations_come_with_the_phases() {
    for (group, norm, relu) in [(1, true, true), (2, true, false), (1, false, true)] {
        let mut net = Net::new();
        let x = net.input(&[1, 4, 5, 6]);
        let (weight, bias) = (net.random(&[4, 6 / group, 2, 2]), net.random(&[6]));
        let attributes = [("strides", ints(&[2, 2])), ("group", Attribute::Int(group as i64))];
        let mut y = net.with("ConvTranspose", &[x, weight, bias], &attributes);
        if norm {
            let parameters = [net.random(&[6]), net.random(&[6]), net.random(&[6])];
            let variance = net.positive(&[6]);
            let [gamma, beta, mean] = parameters;
            y = net.op("BatchNormalization", &[y, gamma, beta, mean, variance]);
        }
        let y = if relu { net.op("Relu", &[y]) } else { y };
        let names = ["fold-affine", "fuse-epilogues", NAME];
        let (rewritten, _) = rewrite(&net.finish(&[y]), &names);
        let grouped = if group > 1 { "Conv (grouped)" } else { "Conv" };
        let phase = if relu { format!("{grouped} + Relu") } else { grouped.to_owned() };
        let expected = [&phase[..]; 4].into_iter().chain(["Concat", "DepthToSpace"]);
        assert_eq!(kinds(&rewritten), expected.collect::<Vec<_>>());
    }
}

#[test]
fn blocks_behind_a_convolution_are_its_phases() {
    for (block, mode, bare) in [(2, "DCR", false), (3, "CRD", false), (2, "CRD", true)] {
        let mut net = Net::new();
        let x = net.input(&[1, 3, 5, 4]);
        let x = net.conv(x, [3, 2 * block * block], 3);
        let x = if bare { net.op("Softplus", &[x]) } else { x };
        let attributes =
            [("blocksize", Attribute::Int(block as i64)), ("mode", Attribute::String(mode.into()))];
        let y = net.with("DepthToSpace", &[x], &attributes);
        let y = net.conv(y, [2, 2], 1);
        let (rewritten, rewrites) = rewrite(&net.finish(&[y]), &[NAME]);
        let convolutions = kinds(&rewritten).iter().filter(|kind| *kind == "Conv").count();
        assert_eq!((rewrites, convolutions), (1, block * block + usize::from(bare) + 1));
    }
}

/// As super resolution ends: one pass with all channels, and the processor behind the frame.
#[test]
fn blocks_that_end_a_network_stay() {
    let mut net = Net::new();
    let x = net.input(&[1, 3, 5, 4]);
    let x = net.conv(x, [3, 9], 3);
    let y = net.with("DepthToSpace", &[x], &[("blocksize", Attribute::Int(3))]);
    let y = net.op("Sigmoid", &[y]);
    assert_untouched(&net.finish(&[y]), NAME);
}

#[test]
fn strides_that_differ_and_computed_weights_stay() {
    let mut net = Net::new();
    let (x, computed) = (net.input(&[1, 4, 5, 6]), net.input(&[4, 3, 2, 2]));
    let weight = net.random(&[4, 3, 2, 2]);
    let uneven = net.with("ConvTranspose", &[x, weight], &[("strides", ints(&[2, 1]))]);
    let unknown = net.with("ConvTranspose", &[x, computed], &[("strides", ints(&[2, 2]))]);
    assert_untouched(&net.finish(&[uneven, unknown]), NAME);
}
