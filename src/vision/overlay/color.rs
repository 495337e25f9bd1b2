//! Colors: one per class, always the same, neighbors far apart.

use image::Rgb;

/// The golden angle in degrees: multiples of it never come close for long.
const GOLDEN_ANGLE: f32 = 137.507_77;
/// Hue of class 0, in degrees.
const FIRST_HUE: f32 = 205.0;
/// Saturation and value, taken in turn.
const SHADES: [(f32, f32); 3] = [(0.85, 0.95), (0.65, 1.0), (0.95, 0.80)];

/// The color of a class.
pub(super) fn of_class(class: usize) -> Rgb<u8> {
    // The shade changes once per round of about eight hues.
    let hue = (FIRST_HUE + (class % 360_000) as f32 * GOLDEN_ANGLE).rem_euclid(360.0);
    let (saturation, value) = SHADES[class / 8 % SHADES.len()];
    from_hsv(hue, saturation, value)
}

/// Black or white, whichever reads better on `background`.
pub(super) fn of_text_on(background: Rgb<u8>) -> Rgb<u8> {
    let [r, g, b] = background.0.map(linear);
    let luminance = 0.2126 * r + 0.7152 * g + 0.0722 * b;
    // Where the contrast ratios of WCAG 2.1 with black and white are equal.
    if luminance > 0.179 { Rgb([0, 0, 0]) } else { Rgb([255, 255, 255]) }
}

/// Linear intensity of an sRGB sample (IEC 61966-2-1), 0 to 1.
fn linear(sample: u8) -> f32 {
    let encoded = f32::from(sample) / 255.0;
    if encoded <= 0.040_45 { encoded / 12.92 } else { ((encoded + 0.055) / 1.055).powf(2.4) }
}

/// Hue in degrees, saturation and value 0 to 1.
fn from_hsv(hue: f32, saturation: f32, value: f32) -> Rgb<u8> {
    let channel = |shift: f32| {
        let k = (shift + hue / 60.0) % 6.0;
        let weight = k.min(4.0 - k).clamp(0.0, 1.0);
        ((value - value * saturation * weight) * 255.0).round() as u8
    };
    Rgb([channel(5.0), channel(3.0), channel(1.0)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hsv_corners() {
        assert_eq!(from_hsv(0.0, 1.0, 1.0), Rgb([255, 0, 0]));
        assert_eq!(from_hsv(120.0, 1.0, 1.0), Rgb([0, 255, 0]));
        assert_eq!(from_hsv(240.0, 1.0, 0.5), Rgb([0, 0, 128]));
        assert_eq!(from_hsv(77.0, 0.0, 0.2), Rgb([51, 51, 51]));
    }

    #[test]
    fn classes_differ_and_text_is_readable() {
        let colors: Vec<_> = (0..80).map(of_class).collect();
        for (index, color) in colors.iter().enumerate() {
            assert!(!colors[..index].contains(color), "class {index}");
            let light = |color: Rgb<u8>| {
                let [r, g, b] = color.0.map(linear);
                0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05
            };
            let (a, b) = (light(*color), light(of_text_on(*color)));
            assert!(a.max(b) / a.min(b) > 4.5, "class {index}: {color:?}");
        }
    }
}
