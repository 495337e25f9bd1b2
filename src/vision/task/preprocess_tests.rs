use proptest::prelude::*;

use super::*;
use crate::vision::task::TaskSpec;

fn input(resize: Resize, short_side: Option<u32>) -> InputSpec {
    let mut spec = TaskSpec::load("yolox-coco").unwrap().input;
    spec.resize = resize;
    spec.short_side = short_side;
    spec
}

#[test]
fn letterbox_pads_right_and_below_in_bgr() {
    let image = RgbImage::from_pixel(20, 10, image::Rgb([10, 20, 30]));
    let spec = input(Resize::LetterboxTopLeft, None);
    let (tensor, geometry) = preprocess(&spec, &image, [8, 8]).unwrap();
    assert_eq!(tensor.shape(), [1, 3, 8, 8]);
    let values = tensor.values::<f32>().unwrap();
    for (channel, value) in [30.0, 20.0, 10.0].into_iter().enumerate() {
        let plane = &values[channel * 64..][..64];
        assert!(plane[..4 * 8].iter().all(|&v| v == value));
        assert!(plane[4 * 8..].iter().all(|&v| v == 114.0));
    }
    assert_eq!(geometry.to_image([8.0, 4.0]), [20.0, 10.0]);
}

#[test]
fn an_odd_margin_is_larger_at_the_right_and_below() {
    let spec = input(Resize::LetterboxCentered, None);
    let fitted = fit(&spec, [10, 5], [10, 10]);
    assert_eq!((fitted.size, fitted.corner), ([10, 5], [0, 2]));
}

#[test]
fn center_crop_takes_the_middle() {
    let spec = input(Resize::CenterCrop, Some(8));
    // Columns 0 to 15 hold their index; the crop of 8 starts at 4.
    let image = RgbImage::from_fn(16, 8, |x, _| image::Rgb([x as u8; 3]));
    let (tensor, geometry) = preprocess(&spec, &image, [8, 8]).unwrap();
    let row: Vec<f32> = (4..12u8).map(f32::from).collect();
    assert_eq!(&tensor.values::<f32>().unwrap()[..8], row);
    assert_eq!(geometry.to_image([0.0, 0.0]), [4.0, 0.0]);
}

#[test]
fn normalization_is_per_channel_in_the_order_of_the_network() {
    let mut spec = input(Resize::Stretch, None);
    (spec.scale, spec.mean, spec.std) = (0.5, vec![1.0, 2.0, 3.0], vec![1.0, 2.0, 4.0]);
    let image = RgbImage::from_pixel(1, 1, image::Rgb([10, 20, 30]));
    let (tensor, _) = preprocess(&spec, &image, [1, 1]).unwrap();
    assert_eq!(tensor.values::<f32>().unwrap(), [14.0, 4.0, 0.5]);
}

/// The scale written in the presets divides by 255.
#[test]
fn a_scale_of_one_255th_divides() {
    let mut spec = TaskSpec::load("yolov8-coco").unwrap().input;
    spec.resize = Resize::Stretch;
    let image = RgbImage::from_fn(256, 1, |x, _| image::Rgb([x as u8; 3]));
    let (tensor, _) = preprocess(&spec, &image, [256, 1]).unwrap();
    let expected: Vec<f32> = (0..256).map(|pixel| pixel as f32 / 255.0).collect();
    assert_eq!(tensor.values::<f32>().unwrap()[..256], expected);
}

const LUMA: [([u8; 3], f32); 10] = [
    ([255, 255, 255], 255.0),
    ([255, 0, 0], 76.0),
    ([0, 255, 0], 150.0),
    ([0, 0, 255], 29.0),
    ([10, 20, 30], 18.0),
    ([201, 3, 77], 71.0),
    ([1, 1, 0], 1.0),
    ([71, 0, 55], 27.0),
    ([19, 197, 63], 129.0),
    ([117, 122, 236], 133.0),
];

#[test]
fn gray_is_the_luma_of_opencv() {
    let mut spec = input(Resize::Stretch, None);
    spec.color = ColorOrder::Gray;
    // From cv2.cvtColor(.., COLOR_BGR2GRAY).
    for (rgb, gray) in LUMA {
        let image = RgbImage::from_pixel(1, 1, image::Rgb(rgb));
        let (tensor, _) = preprocess(&spec, &image, [1, 1]).unwrap();
        assert_eq!(tensor.shape(), [1, 1, 1, 1]);
        assert_eq!(tensor.values::<f32>().unwrap(), [gray], "{rgb:?}");
    }
}

/// One pixel high and 32,768 wide: nothing overflows and little memory is taken.
#[test]
fn extreme_aspect_ratios_are_fitted() {
    let image = RgbImage::from_pixel(1 << 15, 1, image::Rgb([200; 3]));
    for (resize, short_side) in [
        (Resize::LetterboxTopLeft, None),
        (Resize::LetterboxCentered, None),
        (Resize::Stretch, None),
        (Resize::CenterCrop, Some(32)),
    ] {
        let (tensor, _) = preprocess(&input(resize, short_side), &image, [32, 32]).unwrap();
        assert!(tensor.values::<f32>().unwrap().contains(&200.0), "{resize:?}");
    }
}

proptest! {
    /// Back and forth between image and input, and the image's corners within the input.
    #[test]
    fn geometry_inverts(
        image in [1u32..3000, 1u32..3000],
        target in [1u32..700, 1u32..700],
        which in 0usize..4,
        at in [0f32..1.0, 0f32..1.0],
    ) {
        let resize = [
            Resize::LetterboxTopLeft, Resize::LetterboxCentered, Resize::Stretch, Resize::CenterCrop,
        ][which];
        let spec = input(resize, (which == 3).then_some(700));
        let fitted = fit(&spec, image, target);
        let geometry = Geometry {
            image,
            input: target,
            scale: fitted.scale.map(|scale| scale as f32),
            offset: fitted.corner.map(|corner| corner as f32),
        };
        let point = [at[0] * image[0] as f32, at[1] * image[1] as f32];
        let back = geometry.to_image(geometry.to_input(point));
        for axis in 0..2 {
            let span = image[axis].max(target[axis]) as f32;
            prop_assert!((back[axis] - point[axis]).abs() <= 1e-4 * span / geometry.scale[axis].min(1.0));
        }
        if resize != Resize::CenterCrop {
            let far = geometry.to_input([image[0] as f32, image[1] as f32]);
            for axis in 0..2 {
                prop_assert!(geometry.offset[axis] >= 0.0);
                prop_assert!(far[axis] <= target[axis] as f32 * 1.0001 + 1.0);
                prop_assert!(fitted.corner[axis] as u32 + fitted.size[axis] <= target[axis].max(1));
            }
        }
    }
}
