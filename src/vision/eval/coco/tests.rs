use std::path::PathBuf;

use proptest::prelude::*;
use serde::Deserialize;

use super::*;
use crate::vision::task::{BBox, Detection, TaskSpec};

#[derive(Deserialize)]
struct Golden {
    results: Vec<ResultRecord>,
    expected: serde_json::Map<String, serde_json::Value>,
    category_ap: std::collections::BTreeMap<i64, f64>,
}

/// `tests/ort/coco_ap.py` made the problem and asked pycocotools.
#[test]
fn equals_pycocotools() {
    let text = include_str!("../../../../tests/golden/coco_ap.json");
    let annotations = Annotations::from_json(text.as_bytes()).unwrap();
    let golden: Golden = serde_json::from_str(text).unwrap();
    let report = evaluate(&annotations, &golden.results).unwrap();
    let numbers = serde_json::to_value(&report).unwrap();
    assert_eq!(golden.expected.len(), 12);
    for (name, expected) in &golden.expected {
        let (ours, theirs) = (numbers[name].as_f64().unwrap(), expected.as_f64().unwrap());
        assert!((ours - theirs).abs() < 1e-12, "{name}: {ours}, pycocotools {theirs}");
    }
    let ids: Vec<i64> = report.categories.iter().map(|category| category.id).collect();
    assert_eq!(ids, golden.category_ap.keys().copied().collect::<Vec<_>>());
    for category in &report.categories {
        assert!((category.ap - golden.category_ap[&category.id]).abs() < 1e-12);
    }
}

/// One category and one threshold straight from the definition, without tables or early exits.
mod definition {
    use super::*;

    /// Average precision and recall; none without objects.
    pub fn measure(
        annotations: &Annotations,
        results: &[ResultRecord],
        category: i64,
        threshold: f64,
        range: AreaRange,
        most: usize,
    ) -> Option<(f64, f64)> {
        let mut images: Vec<i64> = annotations.images.iter().map(|image| image.id).collect();
        images.sort();
        let mut verdicts: Vec<(f64, Option<bool>)> = Vec::new();
        let mut objects = 0;
        for image in images {
            let truths: Vec<&Annotation> = annotations
                .annotations
                .iter()
                .filter(|truth| truth.image_id == image && truth.category_id == category)
                .collect();
            let counts = |truth: &Annotation| !truth.is_crowd() && range.contains(truth.area());
            objects += truths.iter().filter(|truth| counts(truth)).count();
            let mut found: Vec<&ResultRecord> = results
                .iter()
                .filter(|found| found.image_id == image && found.category_id == category)
                .collect();
            found.sort_by(|a, b| b.score.partial_cmp(&a.score).unwrap());
            let mut used: Vec<usize> = Vec::new();
            for detection in found.into_iter().take(most) {
                let overlap = |index: usize| area_overlap(detection, truths[index]);
                let candidates = |wanted: bool| {
                    (0..truths.len())
                        .filter(|&index| counts(truths[index]) == wanted)
                        .filter(|index| truths[*index].is_crowd() || !used.contains(index))
                        .filter(|&index| overlap(index) >= threshold)
                        .max_by(|&a, &b| overlap(a).partial_cmp(&overlap(b)).unwrap())
                };
                let (counted, uncounted) = (candidates(true), candidates(false));
                let size = detection.bbox[2] * detection.bbox[3];
                let verdict = match (counted, uncounted) {
                    (Some(_), _) => Some(true),
                    (None, Some(_)) => None,
                    (None, None) => range.contains(size).then_some(false),
                };
                used.extend(counted.or(uncounted));
                verdicts.push((detection.score, verdict));
            }
        }
        if objects == 0 {
            return None;
        }
        verdicts.sort_by(|a, b| b.0.partial_cmp(&a.0).unwrap());
        let verdicts: Vec<bool> = verdicts.into_iter().filter_map(|(_, verdict)| verdict).collect();
        let prefix = |length: usize| {
            let right = verdicts[..length].iter().filter(|right| **right).count() as f64;
            (right / objects as f64, right / length as f64)
        };
        let precision_at = |recall: f64| {
            (1..=verdicts.len())
                .map(prefix)
                .filter(|(reached, _)| *reached >= recall)
                .map(|(_, precision)| precision)
                .fold(0.0, f64::max)
        };
        let recalls = (0..=100).map(|step| if step == 100 { 1.0 } else { f64::from(step) * 0.01 });
        let average = recalls.map(precision_at).sum::<f64>() / 101.0;
        let recall = if verdicts.is_empty() { 0.0 } else { prefix(verdicts.len()).0 };
        Some((average, recall))
    }

    /// Overlap of boxes with integer edges by counting unit cells.
    fn area_overlap(detection: &ResultRecord, truth: &Annotation) -> f64 {
        let inside = |bbox: &Xywh, x: f64, y: f64| {
            x >= bbox[0] && x < bbox[0] + bbox[2] && y >= bbox[1] && y < bbox[1] + bbox[3]
        };
        let (mut both, mut either, mut own) = (0, 0, 0);
        for (x, y) in (0..90).flat_map(|x| (0..90).map(move |y| (f64::from(x), f64::from(y)))) {
            let (a, b) = (inside(&detection.bbox, x, y), inside(&truth.bbox, x, y));
            both += u32::from(a && b);
            either += u32::from(a || b);
            own += u32::from(a);
        }
        let whole = if truth.is_crowd() { own } else { either };
        if both == 0 { 0.0 } else { f64::from(both) / f64::from(whole) }
    }
}

fn problem() -> impl Strategy<Value = (Annotations, Vec<ResultRecord>)> {
    let bbox = || (0u8..12, 0u8..12, 1u8..70, 1u8..70);
    let truth = (0i64..3, 0i64..2, bbox(), prop::bool::weighted(0.3), prop::bool::weighted(0.4));
    let found = (0i64..3, 0i64..2, bbox(), 0u8..6, any::<prop::sample::Index>(), 0u8..3);
    let truths = prop::collection::vec(truth, 0..7);
    (truths, prop::collection::vec(found, 0..9)).prop_map(|(truths, found)| {
        let xywh = |(x, y, w, h): (u8, u8, u8, u8)| [x, y, w, h].map(f64::from);
        let mut annotations = Annotations {
            images: (0..3).map(|id| Image { id, file_name: id.to_string() }).collect(),
            categories: (0..2).map(|id| Category { id, name: id.to_string() }).collect(),
            annotations: Vec::new(),
        };
        for (image_id, category_id, bbox, crowd, beside) in truths {
            let (bbox, iscrowd) = (xywh(bbox), crowd.into());
            let mut truth = Annotation { image_id, category_id, bbox, area: None, iscrowd };
            // Objects that compete for one detection, a crowd or one of another size among them.
            if let Some(last) = annotations.annotations.last().filter(|_| beside) {
                truth = Annotation { iscrowd, ..last.clone() };
                truth.bbox[2] += 1.0;
            }
            annotations.annotations.push(truth);
        }
        let results = found
            .iter()
            .map(|&(image_id, category_id, bbox, score, near, shift)| {
                // Most detections lie on or beside an object, or nothing would ever match.
                let mut record = ResultRecord {
                    image_id,
                    category_id,
                    bbox: xywh(bbox),
                    score: f64::from(score),
                };
                if shift < 2 && !annotations.annotations.is_empty() {
                    let truth = near.get(&annotations.annotations);
                    (record.image_id, record.category_id) = (truth.image_id, truth.category_id);
                    record.bbox = truth.bbox;
                    record.bbox[0] += f64::from(shift);
                }
                record
            })
            .collect();
        (annotations, results)
    })
}

fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]
    #[test]
    fn agrees_with_the_definition((annotations, results) in problem()) {
        let report = evaluate(&annotations, &results).unwrap();
        let over = |range: AreaRange, thresholds: &[f64], most: usize, precision: bool| {
            let values: Vec<f64> = (0..2)
                .flat_map(|category| thresholds.iter().map(move |&threshold| (category, threshold)))
                .filter_map(|(category, threshold)| {
                    definition::measure(&annotations, &results, category, threshold, range, most)
                })
                .map(|(average, recall)| if precision { average } else { recall })
                .collect();
            mean(&values)
        };
        let steps = iou_thresholds();
        let expected = [
            (report.ap, over(AreaRange::ALL, &steps, 100, true)),
            (report.ap50, over(AreaRange::ALL, &steps[..1], 100, true)),
            (report.ap75, over(AreaRange::ALL, &steps[5..6], 100, true)),
            (report.ap_small, over(AreaRange::SMALL, &steps, 100, true)),
            (report.ap_medium, over(AreaRange::MEDIUM, &steps, 100, true)),
            (report.ar_1, over(AreaRange::ALL, &steps, 1, false)),
            (report.ar_100, over(AreaRange::ALL, &steps, 100, false)),
            (report.ar_small, over(AreaRange::SMALL, &steps, 100, false)),
        ];
        for (place, (ours, naive)) in expected.into_iter().enumerate() {
            let close = match (ours, naive) {
                (Some(ours), Some(naive)) => (ours - naive).abs() < 1e-12,
                (ours, naive) => ours == naive,
            };
            prop_assert!(close, "number {}: {:?}, by definition {:?}", place, ours, naive);
        }
    }

    #[test]
    fn results_survive_being_written((_, results) in problem()) {
        let text = ResultRecord::to_json(&results).unwrap();
        prop_assert_eq!(ResultRecord::from_json(text.as_bytes()).unwrap(), results);
    }

    #[test]
    fn damaged_files_never_panic(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut bytes = VALID.as_bytes().to_vec();
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if let Err(error) = Annotations::from_json(&bytes) {
            prop_assert_eq!(error.code().id, "SG0404");
        }
        if let Err(error) = ResultRecord::from_json(&bytes) {
            prop_assert_eq!(error.code().id, "SG0404");
        }
    }
}

const VALID: &str = r#"{"info": {}, "licenses": [],
    "images": [{"id": 4, "file_name": "a.jpg", "width": 9}, {"id": 2, "file_name": "b.jpg"}],
    "annotations": [{"id": 1, "image_id": 4, "category_id": 18, "bbox": [1, 2, 3, 4.5],
                     "segmentation": [[1, 2]]}],
    "categories": [{"id": 18, "name": "dog", "supercategory": "animal"}]}"#;

fn message(from: &str, to: &str) -> String {
    let text = VALID.replacen(from, to, 1);
    assert_ne!(text, VALID);
    let error = Annotations::from_json(text.as_bytes()).unwrap_err();
    assert_eq!(error.code().id, "SG0404");
    error.message().to_owned()
}

#[test]
fn further_fields_are_passed_over_and_wrong_ones_are_named() {
    let annotations = Annotations::from_json(VALID.as_bytes()).unwrap();
    assert_eq!(annotations.annotations[0].area(), 13.5);
    assert!(message("4.5", "\"x\"").contains("`annotations[0].bbox[3]`: invalid type: string"));
    assert!(message("\"image_id\": 4, ", "").contains("missing field `image_id`"));
    assert!(message("\"images\"", "\"pictures\"").contains("missing field `images`"));
    assert_eq!(
        message("\"image_id\": 4", "\"image_id\": 5"),
        "annotations[0] is in the unknown image 5"
    );
    assert_eq!(
        message("\"category_id\": 18", "\"category_id\": 1"),
        "annotations[0] has the unknown category 1"
    );
    assert_eq!(message("\"id\": 2", "\"id\": 4"), "two images have the id 4");
    assert_eq!(message("b.jpg", "a.jpg"), "two images have the file name a.jpg");
    assert_eq!(message("4.5", "-1"), "annotations[0] has the impossible box [1.0, 2.0, 3.0, -1.0]");
}

#[test]
fn images_and_files_are_paired_by_name() {
    let annotations = Annotations::from_json(VALID.as_bytes()).unwrap();
    let files =
        |names: &[&str]| names.iter().map(|name| PathBuf::from("x").join(name)).collect::<Vec<_>>();
    let pairing = annotations.pair(&files(&["a.jpg", "b.jpg", "c.jpg"])).unwrap();
    assert_eq!(pairing.images, [(2, "x/b.jpg".into()), (4, "x/a.jpg".into())]);
    assert_eq!(pairing.unlisted, files(&["c.jpg"]));
    let error = annotations.pair(&files(&["b.jpg"])).unwrap_err();
    assert_eq!(error.code().id, "SG0404");
    assert_eq!(error.message(), "1 of 2 annotated images are not in the folder: a.jpg");
}

#[test]
fn results_of_unknown_images_are_refused() {
    let annotations = Annotations::from_json(VALID.as_bytes()).unwrap();
    let record = ResultRecord { image_id: 3, category_id: 18, bbox: [0.0; 4], score: 1.0 };
    let error = evaluate(&annotations, &[record]).unwrap_err();
    assert_eq!(error.message(), "result 0 is in the unknown image 3");
    let nan = ResultRecord { image_id: 4, score: f64::NAN, ..record };
    assert_eq!(evaluate(&annotations, &[nan]).unwrap_err().code().id, "SG0404");
    assert!(ResultRecord::to_json(&[nan]).is_err());
}

#[test]
fn classes_become_categories_by_id_or_by_name() {
    let annotations = Annotations::from_json(VALID.as_bytes()).unwrap();
    let mut spec = TaskSpec::load("yolox-coco").unwrap();
    let CategoryIds { ids, chosen } = annotations.category_ids(&spec).unwrap();
    assert_eq!(chosen, []);
    assert_eq!((ids[0], ids[16]), (Some(1), Some(18)));
    spec.classes = crate::vision::task::Classes::Names(vec!["wolf".into(), "dog".into()]);
    let ids = annotations.category_ids(&spec).unwrap().ids;
    assert_eq!(ids, [None, Some(18)]);
    let bbox = BBox { x1: 1.0, y1: 2.0, x2: 4.0, y2: 8.0 };
    let found = [0, 1].map(|class| Detection { class, score: 0.5, bbox });
    let expected =
        ResultRecord { image_id: 4, category_id: 18, bbox: [1.0, 2.0, 3.0, 6.0], score: 0.5 };
    assert_eq!(records(4, &found, &ids), [expected]);
    spec.classes = crate::vision::task::Classes::Names(vec!["wolf".into()]);
    let error = annotations.category_ids(&spec).unwrap_err();
    assert_eq!(
        error.message(),
        "none of the task's classes (wolf, ..) is among its categories: dog"
    );
}

/// An exporter lists a group under the name of one of its classes; only one of the two has objects.
#[test]
fn of_categories_with_one_name_the_annotated_one_is_taken() {
    let mut annotations = Annotations::from_json(VALID.as_bytes()).unwrap();
    let mut spec = TaskSpec::load("yolox-coco").unwrap();
    spec.classes = crate::vision::task::Classes::Names(vec!["dog".into()]);
    for id in [5, 998] {
        annotations.categories.push(Category { id, name: "dog".into() });
    }
    let found = annotations.category_ids(&spec).unwrap();
    assert_eq!(found.ids, [Some(18)]);
    let chosen = Chosen { name: "dog".into(), id: 18, others: vec![5, 998] };
    assert_eq!(found.chosen, [chosen]);
    let mut second = annotations.annotations[0].clone();
    second.category_id = 998;
    annotations.annotations.push(second);
    let error = annotations.category_ids(&spec).unwrap_err();
    assert_eq!(error.code().id, "SG0404");
    assert_eq!(
        error.message(),
        "3 categories are called \"dog\" (ids 18, 5, 998), and 2 of them have annotations"
    );
    annotations.annotations.clear();
    let error = annotations.category_ids(&spec).unwrap_err();
    assert!(error.message().ends_with("none of them have annotations"), "{error}");
    spec.category_ids = Some(vec![998]);
    assert_eq!(annotations.category_ids(&spec).unwrap().ids, [Some(998)]);
}

#[test]
fn images_are_left_out_with_their_annotations() {
    let mut annotations = Annotations::from_json(VALID.as_bytes()).unwrap();
    let id = annotations.annotations[0].image_id;
    let others = annotations.images.iter().map(|image| image.id).filter(|&other| other != id);
    annotations.keep(&others.collect());
    assert!(annotations.annotations.iter().all(|own| own.image_id != id));
    assert_eq!(annotations.images.len(), 1);
}
