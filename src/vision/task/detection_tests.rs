use proptest::prelude::*;

use super::*;
use crate::base::error::Error;
use crate::vision::task::spec::TaskSpec;

fn geometry(input: [u32; 2], scale: f32) -> Geometry {
    let image = input.map(|side| (side as f32 / scale) as u32);
    Geometry { image, input, scale: [scale; 2], offset: [0.0; 2] }
}

fn preset(name: &str) -> DetectionSpec {
    TaskSpec::load(name).unwrap().detection.unwrap()
}

fn refused(result: Result<Vec<Detection>>) -> Error {
    let error = result.unwrap_err();
    assert_eq!(error.code().id, "SG0405");
    error
}

/// 64x32 input: 8x4 + 4x2 + 2x1 cells, two classes.
fn yolox() -> (DetectionSpec, Vec<f32>, Geometry) {
    (preset("yolox-coco"), vec![0.0; (32 + 8 + 2) * 7], geometry([64, 32], 0.5))
}

#[test]
fn grid_boxes_are_decoded_to_the_image() {
    let (spec, mut values, geometry) = yolox();
    // Second grid (stride 16), row 1, column 2: the 32 cells before, then 4 per row.
    let row = 32 + 4 + 2;
    values[row * 7..][..7].copy_from_slice(&[0.5, -0.5, 0.0, 2f32.ln(), 0.5, 0.25, 0.75]);
    let tensor = Tensor::new(&[1, 42, 7], values).unwrap();
    let found = detect(&spec, 2, &[("y", &tensor)], &geometry, &spec.show).unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].class, found[0].score), (1, 0.375));
    // Center (2.5, 0.5) * 16 = (40, 8), size 16 x 32, then two image pixels per input pixel.
    let BBox { x1, y1, x2, y2 } = found[0].bbox;
    assert_eq!([x1, y1, x2, y2], [64.0, -16.0, 96.0, 48.0]);
}

#[test]
fn infinite_boxes_are_dropped_and_nan_is_refused() {
    let (spec, mut values, geometry) = yolox();
    values[..7].copy_from_slice(&[0.0, 0.0, 500.0, 0.0, 1.0, 1.0, 0.0]);
    let tensor = Tensor::new(&[1, 42, 7], values.clone()).unwrap();
    assert_eq!(detect(&spec, 2, &[("y", &tensor)], &geometry, &spec.show).unwrap(), []);
    values[3] = f32::NAN;
    let tensor = Tensor::new(&[1, 42, 7], values).unwrap();
    let error = refused(detect(&spec, 2, &[("y", &tensor)], &geometry, &spec.show));
    assert_eq!(error.message(), "output \"y\" is NaN at element 3");
}

#[test]
fn outputs_that_do_not_fit_are_described() {
    let (spec, values, geometry) = yolox();
    let tensor = Tensor::new(&[1, 42, 7], values).unwrap();
    let error = refused(detect(&spec, 3, &[("y", &tensor)], &geometry, &spec.show));
    assert_eq!(error.message(), "output \"y\" has shape [1, 42, 7], expected 1 x boxes x 8");
    let tensor = Tensor::new(&[1, 41, 7], vec![0f32; 41 * 7]).unwrap();
    let error = refused(detect(&spec, 2, &[("y", &tensor)], &geometry, &spec.show));
    assert_eq!(
        error.message(),
        "output \"y\" has 41 boxes, but strides [8, 16, 32] on a 64x32 input give 42"
    );
    let batch = Tensor::new(&[2, 42, 7], vec![0f32; 2 * 42 * 7]).unwrap();
    refused(detect(&spec, 2, &[("y", &batch)], &geometry, &spec.show));
    let flat = Tensor::vector(vec![0f32; 7]);
    refused(detect(&spec, 2, &[("y", &flat)], &geometry, &spec.show));
}

/// The same boxes as rows and as columns give the same detections.
#[test]
fn boxes_last_is_the_transpose() {
    let spec = preset("yolov8-coco");
    let rows = [[20.0, 10.0, 8.0, 4.0, 0.1, 0.9], [50.0, 20.0, 10.0, 10.0, 0.6, 0.2]];
    let columns: Vec<f32> = (0..6).flat_map(|column| rows.map(|row| row[column])).collect();
    let geometry = geometry([64, 32], 1.0);
    let last = Tensor::new(&[1, 6, 2], columns).unwrap();
    let last = detect(&spec, 2, &[("y", &last)], &geometry, &spec.show).unwrap();
    let spec = DetectionSpec { layout: Layout::BoxesFirst, ..spec };
    let first = Tensor::new(&[1, 2, 6], rows.concat()).unwrap();
    let first = detect(&spec, 2, &[("y", &first)], &geometry, &spec.show).unwrap();
    assert_eq!(first, last);
    assert_eq!(first[0].bbox, BBox { x1: 16.0, y1: 8.0, x2: 24.0, y2: 12.0 });
    assert_eq!(first.iter().map(|found| found.class).collect::<Vec<_>>(), [1, 0]);
}

#[test]
fn separate_scores_skip_the_background() {
    let spec = preset("ultraface");
    let boxes = Tensor::new(&[1, 2, 4], vec![0.25f32, 0.5, 0.75, 1.0, 0.0, 0.0, 0.1, 0.1]).unwrap();
    let scores = Tensor::new(&[1, 2, 2], vec![0.1f32, 0.9, 0.95, 0.05]).unwrap();
    let geometry =
        Geometry { image: [640, 480], input: [320, 240], scale: [0.5; 2], offset: [0.0; 2] };
    let outputs = [("scores", &scores), ("boxes", &boxes)];
    let found = detect(&spec, 1, &outputs, &geometry, &spec.show).unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].class, found[0].score), (0, 0.9));
    assert_eq!(found[0].bbox, BBox { x1: 160.0, y1: 240.0, x2: 480.0, y2: 480.0 });
    let fewer = Tensor::new(&[1, 1, 2], vec![0.1f32, 0.9]).unwrap();
    let error =
        refused(detect(&spec, 1, &[("scores", &fewer), ("boxes", &boxes)], &geometry, &spec.show));
    assert_eq!(error.message(), "output \"boxes\" has 2 boxes and \"scores\" has scores for 1");
}

#[test]
fn activations_apply_to_objectness_and_classes() {
    let (mut spec, mut values, geometry) = yolox();
    spec.activation = Activation::Sigmoid;
    spec.show.score_threshold = 0.5;
    values.chunks_exact_mut(7).for_each(|row| row[4] = -9.0);
    values[..7].copy_from_slice(&[0.0, 0.0, 0.0, 0.0, 3.0, 2.0, -1.0]);
    let tensor = Tensor::new(&[1, 42, 7], values).unwrap();
    let found = detect(&spec, 2, &[("y", &tensor)], &geometry, &spec.show).unwrap();
    let logistic = |x: f64| 1.0 / (1.0 + (-x).exp());
    assert_eq!(found.len(), 1);
    assert!((f64::from(found[0].score) - logistic(3.0) * logistic(2.0)).abs() < 1e-6);
}

proptest! {
    /// Whatever a network puts out: an error, or finite boxes above the threshold, best first.
    #[test]
    fn any_output_is_read_or_refused(
        which in 0usize..4,
        boxes in 0usize..50,
        values in prop::collection::vec(
            prop_oneof![8 => -4f32..4.0, 1 => any::<f32>(), 1 => Just(f32::INFINITY)], 1..40,
        ),
        classes in 1usize..4,
    ) {
        let spec = preset(["yolox-coco", "yolov8-coco", "yolov5-coco", "ultraface"][which]);
        let fill = |shape: &[usize]| {
            let count: usize = shape.iter().product();
            Tensor::new(shape, values.iter().copied().cycle().take(count).collect()).unwrap()
        };
        let (first, second) = match which {
            0 => (fill(&[1, 42, 5 + classes]), fill(&[])),
            1 => (fill(&[1, 4 + classes, boxes]), fill(&[])),
            2 => (fill(&[boxes, 5 + classes]), fill(&[])),
            _ => (fill(&[1, boxes, 4]), fill(&[1, boxes, 1 + classes])),
        };
        let alone = [("y", &first)];
        let both = [("boxes", &first), ("scores", &second)];
        let outputs: &[(&str, &Tensor)] = if which == 3 { &both } else { &alone };
        match detect(&spec, classes, outputs, &geometry([64, 32], 0.3), &spec.show) {
            Err(error) => prop_assert!(error.message().contains("NaN"), "{}", error),
            Ok(found) => {
                prop_assert!(found.len() <= spec.show.max_detections);
                prop_assert!(found.windows(2).all(|pair| pair[0].score >= pair[1].score));
                for detection in found {
                    prop_assert!(detection.bbox.is_finite() && detection.class < classes);
                    prop_assert!(detection.score >= spec.show.score_threshold);
                }
            }
        }
    }
}
