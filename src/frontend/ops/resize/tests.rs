use super::*;

fn resize(op: &Resize, values: Vec<f32>, scale: f32) -> Vec<f32> {
    let input = Tensor::vector(values);
    let scales = Tensor::vector(vec![scale]);
    let inputs = [Some(&input), None, Some(&scales)];
    let output = op.eval(Inputs::new(&inputs)).unwrap().remove(0);
    output.values::<f32>().unwrap().to_vec()
}

fn op(mode: Mode, coordinates: Coordinates) -> Resize {
    Resize { mode, coordinates, scales_input: 2, axes: None, aspect: Aspect::Stretch, extrapolation: 0.0 }
}

const LINEAR: Mode = Mode::Linear { antialias: false, exclude_outside: false };

#[test]
fn doubling_by_nearest_repeats_every_sample() {
    for coordinates in [Coordinates::Asymmetric, Coordinates::HalfPixel] {
        let rounding = match coordinates {
            Coordinates::Asymmetric => Rounding::Floor,
            _ => Rounding::PreferFloor,
        };
        let op = op(Mode::Nearest(rounding), coordinates);
        assert_eq!(resize(&op, vec![1.0, 2.0, 3.0], 2.0), [1.0, 1.0, 2.0, 2.0, 3.0, 3.0]);
    }
}

#[test]
fn halves_round_as_the_mode_says() {
    assert_eq!(Rounding::PreferFloor.apply(2.5), 2.0);
    assert_eq!(Rounding::PreferCeil.apply(2.5), 3.0);
    assert_eq!(Rounding::PreferFloor.apply(2.51), 3.0);
    assert_eq!(Rounding::PreferCeil.apply(2.49), 2.0);
    assert_eq!(Rounding::Ceil.apply(2.0), 2.0);
    // 19.5 / 1.3 - 0.5 in f32.
    assert_eq!(Rounding::PreferFloor.apply(14.500001), 14.0);
    assert_eq!(Rounding::PreferCeil.apply(14.499999), 15.0);
}

#[test]
fn the_same_extent_is_a_copy() {
    for mode in [Mode::Nearest(Rounding::Ceil), LINEAR] {
        for coordinates in [Coordinates::Asymmetric, Coordinates::AlignCorners] {
            assert_eq!(resize(&op(mode, coordinates), vec![1.0, 2.0, 4.0], 1.1), [1.0, 2.0, 4.0]);
        }
    }
}

#[test]
fn linear_is_exact_on_a_ramp_and_flat_at_the_border() {
    let output = resize(&op(LINEAR, Coordinates::HalfPixel), vec![0.0, 1.0, 2.0, 3.0], 2.0);
    assert_eq!(output, [0.0, 0.25, 0.75, 1.25, 1.75, 2.25, 2.75, 3.0]);
    let output = resize(&op(LINEAR, Coordinates::AlignCorners), vec![0.0, 3.0], 2.0);
    assert_eq!(output, [0.0, 1.0, 2.0, 3.0]);
}

/// An extent is the whole part of a product in f32, as ONNX Runtime computes it; f32 holds half of these
/// scales a little too small.
#[test]
fn decimal_scales_give_the_extents_of_onnx_runtime() {
    for mode in [Mode::Nearest(Rounding::Floor), LINEAR] {
        let op = op(mode, Coordinates::HalfPixel);
        for tenths in [1, 2, 3, 4, 6, 7, 9, 11, 13, 17, 23, 37] {
            for extent in [10, 20, 30, 70, 110] {
                let input = Fact::new(DType::F32, [extent]);
                let scales = Fact::from(Tensor::vector(vec![tenths as f32 / 10.0]));
                let output = op.infer(Inputs::new(&[Some(&input), None, Some(&scales)])).unwrap();
                assert_eq!(output[0].shape, [extent * tenths / 10], "{extent} by {tenths}/10");
            }
        }
    }
}

/// What ONNX Runtime gives; in a wider precision, every quotient that should be whole is below.
#[test]
fn neighbors_are_found_in_f32() {
    let nearest = |coordinates, rounding, extent: usize, scale| {
        let op = op(Mode::Nearest(rounding), coordinates);
        resize(&op, (0..extent).map(|index| index as f32).collect(), scale)
    };
    assert_eq!(nearest(Coordinates::Asymmetric, Rounding::Floor, 30, 0.1), [0.0, 10.0, 20.0]);
    assert_eq!(
        nearest(Coordinates::Asymmetric, Rounding::Floor, 10, 0.7),
        [0.0, 1.0, 2.0, 4.0, 5.0, 7.0, 8.0]
    );
    assert_eq!(
        nearest(Coordinates::AlignCorners, Rounding::Ceil, 10, 1.3),
        [0.0, 1.0, 2.0, 3.0, 3.0, 4.0, 5.0, 6.0, 6.0, 7.0, 8.0, 9.0, 9.0]
    );
}

#[test]
fn impossible_sizes_are_errors() {
    let op = op(LINEAR, Coordinates::HalfPixel);
    let input = Fact::new(DType::F32, [4]);
    for scale in [0.0, -1.0, f32::NAN, f32::INFINITY, 1e30] {
        let scales = Fact::from(Tensor::vector(vec![scale]));
        assert!(op.infer(Inputs::new(&[Some(&input), None, Some(&scales)])).is_err());
    }
    for size in [0, -1, i64::MAX] {
        let sizes = Fact::from(Tensor::vector(vec![size]));
        assert!(op.infer(Inputs::new(&[Some(&input), None, None, Some(&sizes)])).is_err());
    }
    assert!(op.infer(Inputs::new(&[Some(&input)])).is_err());
}
