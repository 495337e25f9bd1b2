//! Procedurally drawn scenes of colored shapes: training, calibration and test data without a download.
//!
//! A scene follows from its seed and index alone, on every machine: all arithmetic is in integers and
//! every random number comes from one PCG stream. Training, tests and the demo draw from here.

mod background;
mod canvas;
mod export;
mod outline;

use crate::base::random::Random;
use crate::vision::image::Image;
use canvas::{Canvas, Coverage};
pub use export::{export, export_crops, instances};
pub use outline::Class;
use outline::{Outline, Turn};

/// Units of a pixel in which outlines are drawn.
const SUB: i64 = 16;

/// What scenes look like; [`DETECTION`] and [`CROP`] are the two in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recipe {
    /// Width and height in pixels.
    pub side: u32,
    /// Fewest and most shapes that are placed.
    pub shapes: (i64, i64),
    /// Smallest and largest radius of a shape in pixels.
    pub radius: (i64, i64),
    /// How far from the middle a shape's center may lie, in percent of half the side.
    pub spread: i64,
    /// Most lines and dots that are strewn over the background.
    pub clutter: i64,
}

/// 160 x 160 pixels with one to six shapes that may overlap.
pub const DETECTION: Recipe =
    Recipe { side: 160, shapes: (1, 6), radius: (9, 36), spread: 92, clutter: 10 };

/// 32 x 32 pixels with a single shape near the middle.
pub const CROP: Recipe =
    Recipe { side: 32, shapes: (1, 1), radius: (8, 14), spread: 20, clutter: 2 };

/// A shape in a scene.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Object {
    /// What it is.
    pub class: Class,
    /// Box around it in pixels, within the image, the parts behind other shapes included: left, top,
    /// width, height.
    pub bbox: [u32; 4],
    /// Pixels of it that no other shape hides.
    pub area: u32,
}

/// An image and what is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scene {
    /// The image.
    pub image: Image,
    /// The shapes, the hindmost first.
    pub objects: Vec<Object>,
}

/// A placed shape and the share of it that is still seen.
struct Placed {
    class: Class,
    coverage: Coverage,
}

/// A shape that is hidden by more than this share, in percent, is taken out before painting.
const MOST_HIDDEN: usize = 35;
/// Least sum of the channels' distances between a shape's color and what lies behind its middle.
const CONTRAST: i64 = 110;
/// Tries to find a color with that contrast.
const COLOR_TRIES: usize = 12;

/// Draws scene `index` of `seed`. Indices are independent of each other.
pub fn draw(recipe: &Recipe, seed: u64, index: u64) -> Scene {
    let mut random = Random::new(seed, index);
    let mut canvas = Canvas::new(recipe.side);
    background::paint(&mut canvas, &mut random, recipe.clutter);
    let count = random.between(recipe.shapes.0, recipe.shapes.1);
    let mut placed: Vec<Placed> = (0..count).map(|_| place(recipe, &mut random)).collect();
    while let Some(hidden) = most_hidden(&placed) {
        placed.remove(hidden);
    }
    for Placed { coverage, .. } in &placed {
        fill(&mut canvas, coverage, &mut random);
    }
    for _ in 0..random.below(3) {
        canvas.blur();
    }
    let amplitude = random.between(0, 18);
    canvas.noise(&mut random, amplitude);
    let objects = (0..placed.len()).filter_map(|at| object(&placed, at)).collect();
    Scene { image: Image(canvas.image()), objects }
}

fn place(recipe: &Recipe, random: &mut Random) -> Placed {
    let side = i64::from(recipe.side);
    // Small shapes are more frequent: the lower of two draws.
    let (low, high) = recipe.radius;
    let radius = random.between(low * SUB, high * SUB).min(random.between(low * SUB, high * SUB));
    let reach = side * SUB * recipe.spread / 200;
    let middle = side * SUB / 2;
    let center = [(); 2].map(|()| middle + random.between(-reach, reach));
    let class = Class::ALL[random.below(Class::ALL.len() as u64) as usize];
    let turn = Turn::random(random);
    let outline = Outline::random(class, radius, random);
    let coverage = Coverage::new(recipe.side, center, outline.reach(), |x, y| {
        let (x, y) = turn.back(x - center[0], y - center[1]);
        outline.contains(x, y)
    });
    Placed { class, coverage }
}

/// Pixels of `placed[at]` that no shape in front hides, and all of its pixels.
fn seen(placed: &[Placed], at: usize) -> (usize, usize) {
    let own = &placed[at].coverage;
    let all = own.pixels().count();
    let front = &placed[at + 1..];
    let free = own.pixels().filter(|&(x, y)| !front.iter().any(|other| other.coverage.holds(x, y)));
    (free.count(), all)
}

/// The first shape that is hidden too much to be asked for.
fn most_hidden(placed: &[Placed]) -> Option<usize> {
    (0..placed.len()).find(|&at| {
        let (free, all) = seen(placed, at);
        (all - free) * 100 > all * MOST_HIDDEN || placed[at].coverage.cut_by_the_edge()
    })
}

fn object(placed: &[Placed], at: usize) -> Option<Object> {
    let Placed { class, coverage } = &placed[at];
    let area = seen(placed, at).0 as u32;
    coverage.bounds().map(|bbox| Object { class: *class, bbox, area })
}

/// Paints a shape with a gradient between two near colors that stand out from what is behind.
fn fill(canvas: &mut Canvas, coverage: &Coverage, random: &mut Random) {
    let behind = canvas.mean(coverage);
    let mut best = (0, background::color(random));
    for _ in 0..COLOR_TRIES {
        let color = background::color(random);
        let contrast = (0..3).map(|channel| (color[channel] - behind[channel]).abs()).sum();
        if contrast > best.0 {
            best = (contrast, color);
        }
        if contrast >= CONTRAST {
            break;
        }
    }
    let first = best.1;
    let second = first.map(|value| (value + random.between(-30, 30)).clamp(0, 255));
    canvas.fill(coverage, first, second);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scene_depends_on_seed_and_index_only() {
        let scene = draw(&DETECTION, 7, 3);
        assert_eq!(scene, draw(&DETECTION, 7, 3));
        assert_ne!(scene, draw(&DETECTION, 7, 4));
        assert_ne!(scene, draw(&DETECTION, 8, 3));
    }

    #[test]
    fn boxes_lie_in_the_image_and_hold_their_area() {
        for index in 0..60 {
            let scene = draw(&DETECTION, 1, index);
            assert!(scene.objects.len() <= 6);
            for object in &scene.objects {
                let [left, top, width, height] = object.bbox;
                assert!(left + width <= 160 && top + height <= 160, "{object:?}");
                assert!(object.area > 0 && object.area <= width * height, "{object:?}");
            }
        }
    }

    #[test]
    fn every_class_occurs_about_as_often() {
        let mut counts = [0; Class::ALL.len()];
        for index in 0..400 {
            draw(&DETECTION, 2, index).objects.iter().for_each(|o| counts[o.class as usize] += 1);
        }
        let mean = counts.iter().sum::<usize>() / counts.len();
        assert!(counts.iter().all(|&count| count > mean / 2 && count < mean * 2), "{counts:?}");
    }

    #[test]
    fn a_crop_holds_one_shape() {
        let scenes = (0..200).map(|index| draw(&CROP, 3, index));
        assert!(scenes.into_iter().all(|scene| scene.objects.len() == 1));
    }
}
