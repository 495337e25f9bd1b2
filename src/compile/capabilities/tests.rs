//! The edges of every limit, and the words of every reason.

use super::*;
use crate::frontend::ops::window::Axis;
use crate::model::qgraph::{ConvOutput, Format, QConv, QValue, QValueId, Scale, Width};

/// A window on 40 positions.
fn axis(kernel: usize, stride: usize, dilation: usize, [begin, end]: [usize; 2]) -> Axis {
    let input: usize = 40;
    let reach = (kernel - 1) * dilation + 1;
    let output = (input + begin + end - reach) / stride + 1;
    Axis { input, output, kernel, stride, dilation, begin, end }
}

fn value(shape: &[usize], width: Option<Width>) -> QValue {
    let scales = vec![Scale::default(); shape.get(1).copied().unwrap_or(1)];
    let format = width.map_or(Format::Float, |width| Format::Integer { width, scales });
    QValue { name: "v".into(), shape: shape.to_vec(), format }
}

#[test]
fn the_array_takes_its_largest_numbers_and_refuses_the_next() {
    let fit = |rows, columns| ArrayWindow::fit(&[rows, columns]);
    let largest = axis(15, 15, 1, [255, 0]);
    assert_eq!(fit(largest, largest), Ok(ArrayWindow { stride: 15, dilation: 1 }));
    let wide = axis(16, 1, 1, [0, 0]);
    assert_eq!(fit(wide, axis(3, 1, 1, [0, 0])), Err(Reason::ArrayKernel([16, 3])));
    let far = axis(1, 16, 1, [0, 0]);
    assert_eq!(fit(far, far), Err(Reason::ArrayStride(16)));
    let spread = axis(2, 1, 16, [0, 0]);
    assert_eq!(fit(spread, spread), Err(Reason::ArrayDilation(16)));
    let padded = axis(3, 1, 1, [256, 0]);
    assert_eq!(fit(padded, padded), Err(Reason::ArrayPadding(256)));
    let (one, two) = (axis(3, 1, 1, [1, 1]), axis(3, 2, 1, [1, 1]));
    assert_eq!(fit(one, two), Err(Reason::Strides([1, 2])));
    let gaps = axis(3, 1, 2, [2, 2]);
    assert_eq!(fit(one, gaps), Err(Reason::Dilations([1, 2])));
}

#[test]
fn a_single_tap_has_no_dilation() {
    let (flat, gaps) = (axis(1, 1, 30, [0, 0]), axis(3, 1, 2, [2, 2]));
    assert_eq!(ArrayWindow::fit(&[flat, gaps]), Ok(ArrayWindow { stride: 1, dilation: 2 }));
    assert_eq!(ArrayWindow::fit(&[flat, flat]), Ok(ArrayWindow { stride: 1, dilation: 1 }));
}

#[test]
fn the_plane_engine_places_small_kernels_in_its_window() {
    let fit = |axis: Axis| {
        Window::fit(&[axis, axis]).map(|window| (window.first[0], window.walk.pads[0]))
    };
    assert_eq!(fit(axis(3, 1, 1, [1, 1])), Ok((0, 1)));
    assert_eq!(fit(axis(3, 2, 1, [0, 1])), Ok((0, 0)));
    // The three taps around a single one reach one position out in every direction.
    assert_eq!(fit(axis(1, 1, 1, [0, 0])), Ok((1, 1)));
    assert_eq!(fit(axis(2, 2, 1, [0, 0])), Ok((0, 0)));
    let behind = |kernel, begin, end| Err(Reason::PlanePadding { kernel, begin, end });
    assert_eq!(fit(axis(1, 2, 9, [1, 0])), behind(1, 1, 0));
    assert_eq!(fit(axis(9, 1, 1, [4, 4])), Err(Reason::PlaneKernel([9, 9])));
    assert_eq!(fit(axis(3, 3, 1, [1, 1])), Err(Reason::PlaneStride(3)));
    assert_eq!(fit(axis(3, 1, 3, [3, 3])), Err(Reason::PlaneDilation(3)));
    assert_eq!(fit(axis(3, 1, 1, [2, 2])), behind(3, 2, 2));
    // At the end of 5 x 5 taps, whose center is then its first one.
    assert_eq!(fit(axis(3, 1, 1, [0, 2])), Ok((2, 2)));
    let (one, two) = (axis(3, 1, 1, [1, 1]), axis(3, 2, 1, [1, 1]));
    assert_eq!(Window::fit(&[one, two]), Err(Reason::Strides([1, 2])));
    assert_eq!(Place::fit(&axis(5, 1, 1, [2, 2]), 1), Err(Reason::PlaneKernel([5, 5])));
}

#[test]
fn the_plane_engine_takes_the_smallest_window_that_serves() {
    let fit = |axes: [Axis; 2]| {
        Window::fit(&axes).map(|window| (window.walk.reach, window.first[0], window.walk.pads[0]))
    };
    let square = |axis: Axis| fit([axis, axis]);
    assert_eq!(square(axis(5, 1, 1, [2, 2])), Ok((2, 0, 2)));
    assert_eq!(square(axis(4, 1, 1, [1, 1])), Ok((2, 0, 1)));
    assert_eq!(square(axis(7, 2, 1, [3, 2])), Ok((3, 0, 3)));
    assert_eq!(square(axis(6, 1, 1, [0, 0])), Ok((3, 0, 0)));
    // Three taps, two apart.
    assert_eq!(square(axis(3, 1, 2, [2, 2])), Ok((2, 0, 2)));
    // The array is quicker where most of a window would be empty.
    let (one, five) = (axis(1, 1, 1, [0, 0]), axis(5, 1, 1, [2, 2]));
    assert_eq!(fit([one, five]), Err(Reason::PlaneKernel([1, 5])));
    assert_eq!(Maximum::fit(&[axis(3, 1, 2, [2, 2]); 2]), Err(Reason::PlaneDilation(2)));
    let apart = Maximum::fit(&[axis(2, 1, 1, [0, 0]), axis(2, 1, 2, [0, 0])]).unwrap();
    assert_eq!((apart.window.walk.reach, apart.window.dilation), (1, [1, 2]));
}

#[test]
fn large_odd_maxima_are_cascades() {
    let stages = |axes: [Axis; 2]| Maximum::fit(&axes).map(|maximum| maximum.stages);
    let same = |kernel: usize| axis(kernel, 1, 1, [kernel / 2; 2]);
    assert_eq!(stages([same(3); 2]), Ok(1));
    assert_eq!(stages([same(5); 2]), Ok(2));
    assert_eq!(stages([same(13); 2]), Ok(6));
    assert_eq!(stages([same(5), same(7)]), Err(Reason::MaximumKernel([5, 7])));
    assert_eq!(stages([axis(5, 2, 1, [2, 2]); 2]), Err(Reason::MaximumKernel([5, 5])));
    assert_eq!(stages([axis(4, 1, 1, [2, 1]); 2]), Err(Reason::MaximumKernel([4, 4])));
    assert_eq!(stages([axis(3, 3, 1, [0, 0]); 2]), Err(Reason::PlaneStride(3)));
    let cascade = Maximum::fit(&[same(5); 2]).unwrap().window;
    assert_eq!((cascade.kernel, cascade.walk.pads, cascade.first), ([3; 2], [1; 2], [0; 2]));
}

#[test]
fn padding_is_read_where_a_tap_lies_outside() {
    assert!(!reads_padding(&axis(3, 1, 1, [0, 0])));
    assert!(reads_padding(&axis(3, 1, 1, [1, 0])));
    assert!(reads_padding(&axis(3, 1, 1, [0, 1])));
    // The last window of stride 3 ends before the padding.
    assert!(!reads_padding(&axis(3, 3, 1, [0, 1])));
}

#[test]
fn scales_are_aligned_by_weights_up_to_64() {
    let scale = |exponent, zero| [Scale { exponent, zero }];
    let align =
        |a, b, output, width| align(&[&scale(a, 3), &scale(b, -1)], &scale(output, 0), width);
    let found = align(-6, 0, -6, Width::I8).unwrap();
    let expected = Aligned { weights: vec![1, 64], bias: 61, shift: 0 };
    assert_eq!(found, [expected]);
    let refused = |exponent| Err(Reason::Alignment { channel: 0, exponent });
    assert_eq!(align(-7, 0, -6, Width::I8), refused(7));
    // Up to 2 to the left is the lane's, the rest the weights'; int8 is saturated after 8.
    assert_eq!(align(0, 0, -3, Width::I16).unwrap()[0].weights, [2, 2]);
    assert_eq!(align(0, 0, -3, Width::I16).unwrap()[0].shift, -2);
    assert_eq!(align(0, 0, -8, Width::I16).unwrap()[0].weights, [64, 64]);
    assert_eq!(align(0, 0, -9, Width::I16), refused(7));
    assert_eq!(align(0, 0, -30, Width::I8).unwrap()[0].weights, [64, 64]);
    assert_eq!(align(-9, -9, 60, Width::I8).unwrap()[0].shift, 31);
}

#[test]
fn tensors_in_shared_memory() {
    let fault = |shape: &[usize], width| storable(&value(shape, width)).err();
    assert_eq!(fault(&[1, 3, 8, 8], Some(Width::I16)), None);
    assert_eq!(fault(&[1, 3], Some(Width::I8)), None);
    assert_eq!(fault(&[1, 3, 8, 8], None), Some(Fault::Float));
    assert_eq!(fault(&[1, 3, 8, 8], Some(Width::I32)), Some(Fault::Width(Width::I32)));
    assert_eq!(fault(&[4, 3, 8, 8], Some(Width::I8)), Some(Fault::Batch(4)));
    assert_eq!(fault(&[1, 3, 8, 8, 8], Some(Width::I8)), Some(Fault::Rank(5)));
    assert_eq!(fault(&[1, 3, 1, 65_536], Some(Width::I8)), Some(Fault::Extent(65_536)));
    assert_eq!(fault(&[1, 0, 8, 8], Some(Width::I8)), Some(Fault::Empty));
    assert_eq!(readable(None), Err(Fault::Missing));
    let wide = value(&[1, 3, 8, 8], Some(Width::I16));
    assert_eq!(readable(Some(&wide)), Err(Fault::Width(Width::I16)));
}

fn conv(rows: Axis, columns: Axis, group: usize) -> QConv {
    QConv {
        axes: [rows, columns],
        group,
        weights: Vec::new(),
        exponents: Vec::new(),
        bias: Vec::new(),
        output: ConvOutput::Direct { shifts: Vec::new(), relu: false },
    }
}

#[test]
fn the_stem_unit_takes_one_square_kernel_on_pixels() {
    let image = |shape: &[usize]| value(shape, Some(Width::I8));
    let pixels = |block: usize, repeats: bool| Pixels {
        image: QValueId(0),
        block,
        offsets: Vec::new(),
        repeats,
        planes: QValueId(0),
        rearrangements: Vec::new(),
    };
    let three = axis(3, 2, 1, [1, 1]);
    let rgb = image(&[1, 3, 40, 40]);
    let fit = |conv: &QConv, image: &QValue, block, repeats| {
        Stem::fit(conv, image, &pixels(block, repeats))
    };
    let plain = conv(three, three, 1);
    assert_eq!(fit(&plain, &rgb, 1, false), Ok(Stem { kernel: 3, stride: 2, channels: 3 }));
    assert_eq!(fit(&plain, &rgb, 5, false), Ok(Stem { kernel: 15, stride: 10, channels: 3 }));
    assert_eq!(fit(&plain, &rgb, 6, false), Err(Reason::StemReach(18)));
    assert_eq!(fit(&plain, &rgb, 2, true), Err(Reason::StemRepeats));
    assert_eq!(fit(&plain, &image(&[1, 5, 40, 40]), 1, false), Err(Reason::StemChannels(5)));
    assert_eq!(fit(&plain, &image(&[1, 3, 40]), 1, false), Err(Reason::StemImage));
    assert_eq!(fit(&conv(three, three, 3), &rgb, 1, false), Err(Reason::StemGroups(3)));
    let other = axis(5, 2, 1, [1, 1]);
    assert_eq!(fit(&conv(three, other, 1), &rgb, 1, false), Err(Reason::StemSquare));
    let gaps = axis(3, 2, 2, [1, 1]);
    assert_eq!(fit(&conv(gaps, gaps, 1), &rgb, 1, false), Err(Reason::StemDilation));
    let padded = axis(3, 2, 1, [3, 0]);
    assert_eq!(fit(&conv(padded, padded, 1), &rgb, 1, false), Err(Reason::StemPadding));
}

#[test]
fn rows_of_an_image_are_whole_words() {
    assert_eq!(image_pitch(416, 3), 1248);
    assert_eq!(image_pitch(5, 3), 16);
    assert_eq!(image_pitch(1, 17), 32);
}

#[test]
fn reasons_state_the_number_and_the_limit() {
    let texts = [
        (Reason::ArrayKernel([17, 17]), "a 17 x 17 kernel; the array takes up to 15 x 15"),
        (Reason::PlaneStride(3), "stride 3; the plane engine takes 1 to 2"),
        (
            Reason::Tensor(Role::Input, Fault::Batch(4)),
            "the input holds 4 frames; one is computed at a time",
        ),
        (
            Reason::Alignment { channel: 2, exponent: 9 },
            "channel 2 needs a weight of 2^9 to align scales; the largest is 64",
        ),
        (Reason::StemChannels(20), "an image of 20 channels; the stem unit takes 1 to 4"),
    ];
    for (reason, text) in texts {
        assert_eq!(reason.to_string(), text);
    }
}
