//! Predictions drawn into the image they were made from.

mod canvas;
mod color;
mod text;

use std::io::Cursor;
use std::path::Path;

use image::codecs::jpeg::JpegEncoder;
use image::{GrayImage, ImageFormat, Rgb, RgbImage};

use crate::base::error::{Error, Result, codes};
use crate::base::files;
use crate::vision::image::Image;
use crate::vision::task::{ClassScore, Classes, Detection, Prediction};
use canvas::{Area, bounds, fill, frame, stamp};

/// JPEG quality of drawn images, 1 to 100.
const JPEG_QUALITY: u8 = 93;

/// Sizes in pixels that suit an image.
#[derive(Debug, Clone, Copy)]
struct Style {
    /// Of the frames.
    thickness: i64,
    /// Of a line of text.
    text: u32,
}

impl Style {
    fn of(image: &RgbImage) -> Self {
        let side = (f64::from(image.width()) + f64::from(image.height())) / 2.0;
        Self {
            thickness: (side * 0.0035).round().max(2.0) as i64,
            text: (side * 0.034).round().max(14.0) as u32,
        }
    }

    /// Of the text on small boxes, which a label would hide.
    fn small_text(&self) -> u32 {
        (self.text * 3 / 4).max(12)
    }

    /// Space beside the text of a label.
    fn padding(&self) -> i64 {
        i64::from(self.text) / 4
    }
}

/// Draws detections as frames with class and score, or classes as a list in the top left corner.
///
/// A class has the same color in every image. Labels stay inside the image.
pub fn prediction(image: &mut Image, prediction: &Prediction, classes: &Classes) {
    match prediction {
        Prediction::Detections(found) => detections(&mut image.0, found, classes),
        Prediction::Classes(ranked) => ranking(&mut image.0, ranked, classes),
    }
}

/// Writes an image as JPEG (`.jpg`, `.jpeg`) or PNG (`.png`).
///
/// # Errors
/// [`codes::BAD_ARGUMENT`] for another extension, [`codes::FILE_WRITE`].
pub fn save(Image(image): &Image, path: &Path) -> Result<()> {
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    let mut bytes = Cursor::new(Vec::new());
    let encoded = match extension.to_ascii_lowercase().as_str() {
        "png" => image.write_to(&mut bytes, ImageFormat::Png),
        "jpg" | "jpeg" => {
            JpegEncoder::new_with_quality(&mut bytes, JPEG_QUALITY).encode_image(image)
        }
        _ => {
            let message = format!("{} does not end in .png, .jpg or .jpeg", path.display());
            return Err(Error::new(&codes::BAD_ARGUMENT, message)
                .help("name the output for example out.png"));
        }
    };
    encoded.map_err(|error| {
        Error::new(&codes::FILE_WRITE, format!("cannot encode {}", path.display())).caused_by(error)
    })?;
    files::write(path, bytes.get_ref())
}

/// A detection that is at least partly in the image, and its label.
struct Mark {
    area: Area,
    color: Rgb<u8>,
    text: GrayImage,
    label: Area,
}

fn detections(image: &mut RgbImage, found: &[Detection], classes: &Classes) {
    let style = Style::of(image);
    let mut best_first: Vec<&Detection> = found.iter().collect();
    best_first.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut marks: Vec<Mark> = Vec::new();
    for detection in best_first {
        let area = pixels(detection).intersection(&bounds(image));
        if area.is_empty() {
            continue;
        }
        let name = format!("{} {:.2}", classes.name(detection.class), detection.score);
        let room = i64::from(image.width()) - 2 * style.padding();
        let height = if area.right - area.left < 4 * i64::from(style.text) {
            style.small_text()
        } else {
            style.text
        };
        let text = fitted(&name, height, room);
        let label = place(&area, &text, &style, &bounds(image), &marks);
        marks.push(Mark { area, color: color::of_class(detection.class), text, label });
    }
    // The best ones come last and stay on top.
    for mark in marks.iter().rev() {
        frame(image, &mark.area.grown(1), style.thickness + 2, Rgb([0; 3]), 70);
        frame(image, &mark.area, style.thickness, mark.color, 255);
    }
    for mark in marks.iter().rev() {
        fill(image, &mark.label, mark.color, 255);
        let left = mark.label.left + style.padding();
        let color = color::of_text_on(mark.color);
        stamp(image, &mark.text, left, mark.label.top, &mark.label, color);
    }
}

fn pixels(detection: &Detection) -> Area {
    let bbox = &detection.bbox;
    // Far outside is as good as infinitely far, and sums of such numbers still fit.
    let edge = |edge: f32| (edge.round() as i64).clamp(-(1 << 40), 1 << 40);
    Area { left: edge(bbox.x1), top: edge(bbox.y1), right: edge(bbox.x2), bottom: edge(bbox.y2) }
}

/// The largest text up to `height` that is no wider than `room`, but at least 8 pixels high.
fn fitted(name: &str, height: u32, room: i64) -> GrayImage {
    let text = text::line(name, height);
    let width = i64::from(text.width());
    if width <= room || height <= 8 {
        return text;
    }
    let smaller = i64::from(height) * room.max(1) / width;
    text::line(name, u32::try_from(smaller).unwrap_or(8).clamp(8, height))
}

/// The first of a few places around the box where no other label is, else the first.
fn place(area: &Area, text: &GrayImage, style: &Style, image: &Area, marks: &[Mark]) -> Area {
    let width = i64::from(text.width()) + 2 * style.padding();
    let height = i64::from(text.height());
    let above = area.top - height;
    let inside = area.top;
    let below = area.bottom;
    let inside_below = area.bottom - height;
    let right = area.right - width;
    let tops = if above >= image.top {
        [above, inside, below, inside_below]
    } else {
        [inside, above, inside_below, below]
    };
    let places: Vec<Area> = tops
        .into_iter()
        .flat_map(|top| [area.left, right].map(|left| Area::new(left, top, width, height)))
        .map(|place| place.within(image).intersection(image))
        .collect();
    let free = |place: &&Area| marks.iter().all(|mark| mark.label.intersection(place).is_empty());
    places.iter().find(free).or(places.first()).copied().unwrap_or(*area)
}

fn ranking(image: &mut RgbImage, ranked: &[ClassScore], classes: &Classes) {
    let style = Style::of(image);
    let room = i64::from(image.width()) - 4 * style.padding();
    let lines: Vec<(GrayImage, &ClassScore)> = ranked
        .iter()
        .map(|class| {
            let line = format!("{:5.1} % {}", 100.0 * class.score, classes.name(class.class));
            (fitted(&line, style.text, room), class)
        })
        .collect();
    let width = lines.iter().map(|(text, _)| i64::from(text.width())).max().unwrap_or(0);
    let mut row = Area::new(style.padding(), style.padding(), width + 2 * style.padding(), 0);
    for (text, class) in &lines {
        row.bottom = row.top + i64::from(text.height()) * 5 / 4;
        fill(image, &row, Rgb([0; 3]), 170);
        let share = class.score.clamp(0.0, 1.0);
        let length = ((row.right - row.left) as f32 * share).round() as i64;
        let bar = Area { right: row.left + length, ..row };
        fill(image, &bar, color::of_class(class.class), 110);
        let (left, top) = (row.left + style.padding(), row.top + i64::from(text.height()) / 8);
        stamp(image, text, left, top, &row, Rgb([255; 3]));
        row.top = row.bottom;
    }
}

#[cfg(test)]
mod tests;
