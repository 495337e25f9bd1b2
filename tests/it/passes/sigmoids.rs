//! `straighten-sigmoids`.

use seigo::frontend::onnx::Attribute;

use super::net::{Net, kinds, rewrite};

#[test]
fn a_hard_sigmoid_behind_a_convolution_is_a_clamp() {
    let mut net = Net::new();
    let x = net.input(&[1, 3, 4, 5]);
    let y = net.conv(x, [3, 6], 3);
    let attributes = [("alpha", Attribute::Float(0.05)), ("beta", Attribute::Float(0.4))];
    let y = net.with("HardSigmoid", &[y], &attributes);
    let z = net.with("HardSigmoid", &[x], &attributes);
    let graph = net.finish(&[y, z]);
    let (rewritten, places) = rewrite(&graph, &["fuse-epilogues", "straighten-sigmoids"]);
    assert_eq!(places, 2, "one fused, one straightened");
    assert!(kinds(&rewritten)[0].to_lowercase().contains("clamp"), "{:?}", kinds(&rewritten));
    assert_eq!(kinds(&rewritten)[1], "HardSigmoid");
}
