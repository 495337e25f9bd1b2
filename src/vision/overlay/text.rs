//! One line of antialiased text as a coverage mask.

use image::imageops::{self, FilterType};
use image::{GrayImage, Luma};
use noto_sans_mono_bitmap::{FontWeight, RasterHeight, get_raster, get_raster_width};

const WEIGHT: FontWeight = FontWeight::Bold;
const RASTER: RasterHeight = RasterHeight::Size32;
/// Characters after which a line is cut.
const MAX_CHARACTERS: usize = 80;

/// `text` in Noto Sans Mono, `height` pixels from one line to the next; a character that the font
/// lacks shows as a question mark.
pub(super) fn line(text: &str, height: u32) -> GrayImage {
    let characters: Vec<char> = shortened(text);
    let pitch = get_raster_width(WEIGHT, RASTER) as u32;
    let rows = RASTER.val() as u32;
    let mut mask = GrayImage::new((pitch * characters.len() as u32).max(1), rows);
    for (index, &character) in characters.iter().enumerate() {
        let glyph =
            get_raster(character, WEIGHT, RASTER).or_else(|| get_raster('?', WEIGHT, RASTER));
        for (y, row) in glyph.iter().flat_map(|glyph| glyph.rows()).enumerate() {
            for (x, &coverage) in row.iter().enumerate() {
                let x = index as u32 * pitch + x as u32;
                if x < mask.width() && (y as u32) < rows {
                    mask.put_pixel(x, y as u32, Luma([coverage]));
                }
            }
        }
    }
    if height == rows {
        return mask;
    }
    let width = (mask.width() * height).div_ceil(rows).max(1);
    imageops::resize(&mask, width, height.max(1), FilterType::CatmullRom)
}

fn shortened(text: &str) -> Vec<char> {
    let mut characters: Vec<char> = text.chars().take(MAX_CHARACTERS + 1).collect();
    if characters.len() > MAX_CHARACTERS {
        characters.truncate(MAX_CHARACTERS - 2);
        characters.extend(['.', '.']);
    }
    characters
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn width_grows_with_the_text_and_the_height() {
        let (short, long, tall) = (line("cat", 20), line("cat dog", 20), line("cat", 40));
        assert_eq!((short.height(), tall.height()), (20, 40));
        assert!(short.width() < long.width() && short.width() < tall.width());
        assert!(short.pixels().any(|pixel| pixel[0] > 200));
        assert!(short.pixels().any(|pixel| (60..200).contains(&pixel[0])), "antialiased");
    }

    #[test]
    fn unknown_characters_and_endless_text_are_drawn() {
        assert_eq!(line("整", 32), line("?", 32));
        assert_eq!(line(&"x".repeat(10_000), 16).width(), line(&"x".repeat(80), 16).width());
        assert!(line("", 16).pixels().all(|pixel| pixel[0] == 0));
    }
}
