//! `gemm-to-conv`.

use seigo::frontend::onnx::Attribute;

use super::net::{Net, assert_untouched, kinds, rewrite};

const NAME: &str = "gemm-to-conv";

#[test]
fn a_product_behind_planes_of_one_pixel_becomes_a_convolution() {
    for transposed in [false, true] {
        let mut net = Net::new();
        let x = net.input(&[1, 5, 1, 1]);
        let flat = net.with("Flatten", &[x], &[("axis", Attribute::Int(1))]);
        let shape = if transposed { [3, 5] } else { [5, 3] };
        let (weight, bias) = (net.random(&shape), net.random(&[3]));
        let attributes = [
            ("transB", Attribute::Int(transposed.into())),
            ("alpha", Attribute::Float(0.5)),
            ("beta", Attribute::Float(2.0)),
        ];
        let product = net.with("Gemm", &[flat, weight, bias], &attributes);
        let (rewritten, rewrites) = rewrite(&net.finish(&[product]), &[NAME]);
        assert_eq!((rewrites, kinds(&rewritten)), (1, vec!["Conv".into(), "Flatten".into()]));
    }
}

#[test]
fn products_of_larger_planes_stay() {
    let mut net = Net::new();
    let x = net.input(&[1, 5, 2, 1]);
    let flat = net.with("Flatten", &[x], &[("axis", Attribute::Int(1))]);
    let weight = net.random(&[10, 3]);
    let product = net.op("Gemm", &[flat, weight]);
    assert_untouched(&net.finish(&[product]), NAME);
}
