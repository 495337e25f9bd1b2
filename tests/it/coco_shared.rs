//! The COCO reader and evaluation on the shared evaluation images.

use seigo::vision::eval::coco::{Annotations, ResultRecord, evaluate};
use seigo::vision::task::folder::Files;
use seigo::vision::task::{Task, TaskSpec, image};

use crate::support::shared;

#[test]
fn the_annotated_objects_themselves_score_one() {
    let Some(shared) = shared::folder() else { return };
    let annotations = Annotations::load(&shared.join("coco/eval_instances.json")).unwrap();
    let files = Files::images(&shared.join("coco/eval")).unwrap().taken;
    let pairing = annotations.pair(&files).unwrap();
    assert_eq!((pairing.images.len(), pairing.unlisted.len()), (128, 0));
    let results: Vec<ResultRecord> = annotations
        .annotations
        .iter()
        .map(|truth| ResultRecord {
            image_id: truth.image_id,
            category_id: truth.category_id,
            bbox: truth.bbox,
            score: 1.0,
        })
        .collect();
    let report = evaluate(&annotations, &results).unwrap();
    let close = |value: Option<f64>| value.is_some_and(|value| (value - 1.0).abs() < 1e-12);
    assert!(close(report.ap) && close(report.ap50) && close(report.ar_100), "{report:?}");
}

#[test]
fn shared_images_become_network_inputs() {
    let Some(shared) = shared::folder() else { return };
    let task = Task::new(TaskSpec::load("yolox-coco").unwrap(), &[1, 3, 416, 416]).unwrap();
    for path in Files::images(&shared.join("coco/eval")).unwrap().taken.iter().take(8) {
        let picture = image::read(path).unwrap();
        let (tensor, geometry) = task.preprocess(&picture).unwrap();
        assert_eq!(tensor.shape(), [1, 3, 416, 416]);
        let [right, bottom] = geometry.to_input([picture.width() as f32, picture.height() as f32]);
        assert!((right.max(bottom) - 416.0).abs() < 0.01, "{}", path.display());
        assert!(tensor.values::<f32>().unwrap().iter().all(|value| (0.0..=255.0).contains(value)));
    }
}
