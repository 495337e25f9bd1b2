use proptest::prelude::*;

use super::*;
use crate::vision::task::BBox;

fn found(class: usize, score: f32, edges: [f32; 4]) -> Detection {
    let [x1, y1, x2, y2] = edges;
    Detection { class, score, bbox: BBox { x1, y1, x2, y2 } }
}

fn gray(width: u32, height: u32) -> Image {
    Image(RgbImage::from_pixel(width, height, Rgb([128; 3])))
}

#[test]
fn a_frame_and_its_label_have_the_color_of_the_class() {
    let mut image = gray(320, 240);
    let detection = found(3, 0.9, [50.0, 60.0, 200.0, 180.0]);
    prediction(&mut image, &Prediction::Detections(vec![detection]), &Classes::Coco80);
    let color = color::of_class(3);
    assert_eq!(*image.0.get_pixel(50, 120), color, "left edge");
    assert_eq!(*image.0.get_pixel(199, 120), color, "right edge");
    assert_eq!(*image.0.get_pixel(51, 59), color, "label above the box");
    assert_eq!(image.0.get_pixel(120, 120).0, [128; 3], "inside");
    assert_eq!(image.0.get_pixel(10, 10).0, [128; 3], "outside");
}

#[test]
fn labels_stay_inside_and_apart() {
    let Image(image) = gray(200, 150);
    let style = Style::of(&image);
    let text = text::line("person 0.99", style.text);
    let mut marks: Vec<Mark> = Vec::new();
    for corner in [[0, 0], [195, 0], [195, 145], [0, 145], [90, 70], [90, 70], [92, 72]] {
        let area = Area::new(corner[0], corner[1], 60, 50).intersection(&bounds(&image));
        let label = place(&area, &text, &style, &bounds(&image), &marks);
        assert_eq!(label.intersection(&bounds(&image)), label);
        assert!(marks.iter().all(|mark| mark.label.intersection(&label).is_empty()), "{label:?}");
        marks.push(Mark { area, color: Rgb([0; 3]), text: text.clone(), label });
    }
}

#[test]
fn files_are_written_by_extension() {
    let folder = tempfile::tempdir().unwrap();
    for (name, magic) in [("a.png", &b"\x89PNG"[..]), ("a.JPG", b"\xFF\xD8\xFF")] {
        let path = folder.path().join(name);
        save(&gray(5, 4), &path).unwrap();
        assert!(files::read(&path).unwrap().starts_with(magic));
        assert_eq!(crate::vision::task::image::read(&path).unwrap().0.dimensions(), (5, 4));
    }
    let error = save(&gray(5, 4), &folder.path().join("a.gif")).unwrap_err();
    assert_eq!(error.code().id, "SG0103");
    let error = save(&gray(5, 4), Path::new("/nonexistent/a.png")).unwrap_err();
    assert_eq!(error.code().id, "SG0102");
}

#[test]
fn a_ranking_covers_the_corner() {
    let mut image = gray(300, 300);
    let ranked = [0.9, 0.1].map(|score| ClassScore { class: 1, score }).to_vec();
    prediction(&mut image, &Prediction::Classes(ranked), &Classes::Count(5));
    assert_ne!(image.0.get_pixel(6, 6).0, [128; 3]);
    assert_eq!(image.0.get_pixel(290, 290).0, [128; 3]);
}

proptest! {
    #[test]
    fn any_boxes_on_any_image_are_drawn(
        width in 1u32..80, height in 1u32..80,
        boxes in prop::collection::vec((any::<usize>(), any::<f32>(), any::<[f32; 4]>()), 0..6),
        near in prop::collection::vec((0usize..90, 0f32..1.0, any::<[i8; 4]>()), 0..6),
    ) {
        let mut image = gray(width, height);
        let mut all: Vec<Detection> =
            boxes.into_iter().map(|(class, score, edges)| found(class, score, edges)).collect();
        all.extend(near.into_iter().map(|(class, score, edges)| {
            found(class, score, edges.map(f32::from))
        }));
        let ranked =
            all.iter().map(|d| ClassScore { class: d.class, score: d.score }).collect();
        prediction(&mut image, &Prediction::Detections(all), &Classes::Coco80);
        prediction(&mut image, &Prediction::Classes(ranked), &Classes::Coco80);
        prop_assert_eq!((image.width(), image.height()), (width, height));
    }
}
