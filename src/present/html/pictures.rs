//! What the float and the quantized network see in images.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maud::{Markup, html};

use super::Content;
use super::table::{Cell, number, table, text};
use crate::vision::task::{Classes, Detection, Prediction};

/// An image with predictions.
#[derive(Debug)]
pub struct Picture {
    /// Its name.
    pub name: String,
    /// Names of the classes.
    pub classes: Classes,
    /// By the float network, where it was given.
    pub float: Option<View>,
    /// By the quantized network.
    pub quantized: View,
}

/// A prediction, and the image with it drawn.
#[derive(Debug)]
pub struct View {
    /// A PNG file.
    pub png: Vec<u8>,
    /// Width and height in pixels.
    pub size: (u32, u32),
    /// What the network says.
    pub prediction: Prediction,
}

pub fn section(content: &Content<'_>) -> Markup {
    let pictures = &content.extras.pictures;
    html! {
        @if pictures.is_empty() {
            p.note {
                "No image was given (" code { "--image" } ", with " code { "--float" }
                " for the float network beside it)."
            }
        }
        @for picture in pictures {
            article.picture {
                h3 { (picture.name) }
                div.views {
                    @if let Some(float) = &picture.float { (view("float", float, picture)) }
                    (view("int8", &picture.quantized, picture))
                }
                (numbers(picture))
            }
        }
    }
}

fn view(name: &str, view: &View, picture: &Picture) -> Markup {
    let source = format!("data:image/png;base64,{}", STANDARD.encode(&view.png));
    let (width, height) = view.size;
    let alternative = format!("{} as the {name} network sees it", picture.name);
    html! {
        figure {
            img src=(source) width=(width) height=(height) alt=(alternative);
            figcaption { (name) }
        }
    }
}

/// Overlap from which two detections of a class count as the same.
const SAME: f32 = 0.5;

fn numbers(picture: &Picture) -> Markup {
    let score = |score: Option<f32>| Cell::decimal(score.map(f64::from), 3);
    match (&picture.quantized.prediction, picture.float.as_ref().map(|view| &view.prediction)) {
        (Prediction::Detections(found), float) => {
            let float = match float {
                Some(Prediction::Detections(float)) => float.as_slice(),
                _ => &[],
            };
            if float.is_empty() && found.is_empty() {
                return html! { p { "Nothing is found in it above the score threshold." } };
            }
            let rows = paired(float, found).into_iter().map(|(float, own)| {
                let overlap = float.zip(own).map(|(a, b)| a.bbox.iou(&b.bbox));
                let class =
                    own.or(float).map_or_else(String::new, |one| picture.classes.name(one.class));
                vec![
                    Cell::text(class),
                    score(float.map(|one| one.score)),
                    score(own.map(|one| one.score)),
                    score(overlap),
                ]
            });
            let columns =
                [text("class"), number("float score"), number("int8 score"), number("overlap")];
            table("Detections", &columns, rows.collect(), false)
        }
        (Prediction::Classes(found), float) => {
            let of = |class: usize| match float {
                Some(Prediction::Classes(float)) => {
                    float.iter().find(|one| one.class == class).map(|one| one.score)
                }
                _ => None,
            };
            let rows = found.iter().map(|one| {
                vec![
                    Cell::text(picture.classes.name(one.class)),
                    score(of(one.class)),
                    score(Some(one.score)),
                ]
            });
            let columns = [text("class"), number("float score"), number("int8 score")];
            table("Classes", &columns, rows.collect(), false)
        }
    }
}

/// Detections of both networks that mean the same object, then those of one alone.
fn paired<'a>(
    float: &'a [Detection],
    own: &'a [Detection],
) -> Vec<(Option<&'a Detection>, Option<&'a Detection>)> {
    let mut left: Vec<&Detection> = own.iter().collect();
    let mut pairs = Vec::new();
    for one in float {
        let overlap = |other: &Detection| match one.class == other.class {
            true => one.bbox.iou(&other.bbox),
            false => 0.0,
        };
        let best = (0..left.len()).max_by(|&a, &b| overlap(left[a]).total_cmp(&overlap(left[b])));
        let best = best.filter(|&at| overlap(left[at]) >= SAME).map(|at| left.remove(at));
        pairs.push((Some(one), best));
    }
    pairs.extend(left.into_iter().map(|one| (None, Some(one))));
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vision::task::BBox;

    fn detection(class: usize, x1: f32) -> Detection {
        Detection { class, score: 0.5, bbox: BBox { x1, y1: 0.0, x2: x1 + 10.0, y2: 10.0 } }
    }

    #[test]
    fn the_same_object_stands_in_one_row() {
        let float = [detection(0, 0.0), detection(1, 50.0)];
        let own = [detection(1, 0.0), detection(0, 1.0)];
        let pairs = paired(&float, &own);
        assert_eq!(pairs.len(), 3);
        assert_eq!(pairs[0], (Some(&float[0]), Some(&own[1])));
        assert_eq!(pairs[1], (Some(&float[1]), None));
        assert_eq!(pairs[2], (None, Some(&own[0])));
    }
}
