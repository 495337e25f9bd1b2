//! Images in: JPEG and PNG to 8-bit RGB.

use std::io::Cursor;
use std::path::Path;

use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits, RgbImage};

use crate::base::error::{Error, Place, Result, codes};
use crate::base::files;
use crate::vision::image::Image;

/// Longest side that is read, in pixels.
const MAX_SIDE: u32 = 1 << 15;
/// Most memory that a decoded image may take, in bytes: 178 million pixels of 8-bit RGB.
const MAX_MEMORY: u64 = 1 << 29;

/// Reads a JPEG or PNG file as [`decode`] does.
///
/// # Errors
/// [`codes::FILE_READ`], [`codes::IMAGE_DECODE`] with the path.
pub fn read(path: &Path) -> Result<Image> {
    decode(&files::read(path)?).at(|| path.display().to_string())
}

/// Decodes JPEG or PNG bytes to RGB and turns the image upright by its EXIF orientation.
///
/// As OpenCV's `IMREAD_COLOR`: transparency is dropped without blending, gray becomes three equal
/// channels, of 16-bit samples the upper byte remains.
///
/// # Errors
/// [`codes::IMAGE_DECODE`] for anything else, for files that are cut off and for images too large to be
/// meant.
pub fn decode(bytes: &[u8]) -> Result<Image> {
    let bad = |error: image::ImageError| {
        Error::new(&codes::IMAGE_DECODE, "not a readable JPEG or PNG image").caused_by(error)
    };
    if bytes.is_empty() {
        return Err(Error::new(&codes::IMAGE_DECODE, "the file is empty"));
    }
    let reader = ImageReader::new(Cursor::new(bytes))
        .with_guessed_format()
        .map_err(|error| bad(image::ImageError::IoError(error)))?;
    let is_jpeg = reader.format() == Some(ImageFormat::Jpeg);
    let mut decoder = reader.into_decoder().map_err(bad)?;
    let mut limits = Limits::no_limits();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_MEMORY);
    limits.check_dimensions(decoder.dimensions().0, decoder.dimensions().1).map_err(bad)?;
    limits.reserve(decoder.total_bytes()).map_err(bad)?;
    decoder.set_limits(limits).map_err(bad)?;
    let orientation = decoder.orientation().map_err(bad)?;
    let mut image = DynamicImage::from_decoder(decoder).map_err(bad)?;
    if is_jpeg && !jpeg_is_whole(bytes) {
        let message = "the JPEG image is cut off: there is no end marker";
        return Err(Error::new(&codes::IMAGE_DECODE, message).help("get the whole file again"));
    }
    image.apply_orientation(orientation);
    let image = to_rgb8(image);
    if image.width() == 0 || image.height() == 0 {
        return Err(Error::new(&codes::IMAGE_DECODE, "the image has no pixels"));
    }
    Ok(Image(image))
}

fn to_rgb8(image: DynamicImage) -> RgbImage {
    use image::DynamicImage::{ImageLuma16, ImageLumaA16, ImageRgb16, ImageRgba16};
    if !matches!(image, ImageLuma16(_) | ImageLumaA16(_) | ImageRgb16(_) | ImageRgba16(_)) {
        return image.into_rgb8();
    }
    let wide = image.into_rgb16();
    RgbImage::from_fn(wide.width(), wide.height(), |x, y| {
        image::Rgb(wide.get_pixel(x, y).0.map(|sample| (sample >> 8) as u8))
    })
}

/// Whether a JPEG file goes on to its end marker.
///
/// The decoder fills what a cut file lacks with gray and says nothing, so that half a photograph would be
/// measured as if it were whole. Segments are skipped by their length, since an embedded thumbnail has an
/// end of its own; what follows the end marker is of no interest.
fn jpeg_is_whole(bytes: &[u8]) -> bool {
    const MARKER: u8 = 0xFF;
    const END: u8 = 0xD9;
    let mut at = 2;
    loop {
        // In compressed data 0xFF is followed by 0 or by the number of a restart (0xD0 to 0xD7).
        let Some(found) = bytes.get(at..).and_then(|rest| rest.iter().position(|&b| b == MARKER))
        else {
            return false;
        };
        at += found + 1;
        match bytes.get(at) {
            None => return false,
            Some(&END) => return true,
            Some(&MARKER) => {}
            Some(0x00..=0x01 | 0xD0..=0xD8) => at += 1,
            Some(_) => {
                let Some(length) = bytes.get(at + 1..at + 3) else { return false };
                at += 1 + usize::from(u16::from_be_bytes([length[0], length[1]]));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use image::codecs::{jpeg::JpegEncoder, png::PngEncoder};
    use image::{ExtendedColorType, ImageEncoder};
    use proptest::prelude::*;

    use super::*;
    use std::fs;

    fn sample() -> RgbImage {
        RgbImage::from_fn(37, 21, |x, y| image::Rgb([(x * 7) as u8, (y * 12) as u8, 90]))
    }

    fn png() -> Vec<u8> {
        let mut bytes = Vec::new();
        let image = sample();
        PngEncoder::new(&mut bytes)
            .write_image(&image, image.width(), image.height(), ExtendedColorType::Rgb8)
            .unwrap();
        bytes
    }

    fn jpeg(exif: Option<u8>) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut encoder = JpegEncoder::new_with_quality(&mut bytes, 95);
        if let Some(orientation) = exif {
            // One little-endian TIFF directory with the single entry 0x0112, a SHORT.
            let mut block = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
            block.extend([orientation, 0, 0, 0, 0, 0, 0, 0]);
            encoder.set_exif_metadata(block).unwrap();
        }
        encoder.encode_image(&sample()).unwrap();
        bytes
    }

    #[test]
    fn png_is_exact_and_jpeg_is_close() {
        assert_eq!(decode(&png()).unwrap().0, sample());
        let (decoded, original) = (decode(&jpeg(None)).unwrap().0, sample());
        assert_eq!(decoded.dimensions(), (37, 21));
        let far =
            decoded.as_raw().iter().zip(original.as_raw()).filter(|(a, b)| a.abs_diff(**b) > 24);
        assert_eq!(far.count(), 0);
    }

    #[test]
    fn exif_orientation_turns_the_image_upright() {
        let upright = decode(&jpeg(None)).unwrap().0;
        let turned = decode(&jpeg(Some(6))).unwrap().0;
        assert_eq!(turned, image::imageops::rotate90(&upright));
    }

    #[test]
    fn sixteen_bit_samples_keep_their_upper_byte() {
        let wide = image::ImageBuffer::<image::Luma<u16>, _>::from_fn(2, 1, |x, _| {
            image::Luma([[0x12FF, 0xFF80][x as usize]])
        });
        let mut bytes = Cursor::new(Vec::new());
        DynamicImage::ImageLuma16(wide).write_to(&mut bytes, image::ImageFormat::Png).unwrap();
        assert_eq!(decode(bytes.get_ref()).unwrap().pixels(), [0x12, 0x12, 0x12, 0xFF, 0xFF, 0xFF]);
    }

    #[test]
    fn a_file_that_is_no_image_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notes.png");
        fs::write(&path, "not an image").unwrap();
        let error = read(&path).unwrap_err();
        assert_eq!(error.code().id, "SG0401");
        assert!(error.to_string().contains("notes.png"), "{error}");
    }

    /// Any cut is refused; the end of an embedded thumbnail is not taken for that of the image, and
    /// bytes behind the end do no harm.
    #[test]
    fn cut_images_are_refused() {
        let whole = jpeg(None);
        for cut in [whole.len() - 1, whole.len() - 2, whole.len() / 2, 20, 0] {
            assert_eq!(decode(&whole[..cut]).unwrap_err().code().id, "SG0401", "{cut} bytes");
        }
        let thumbnail = [&[0xFF, 0xE1, 0, 6, 0xFF, 0xD9, 0xFF, 0xD9], &whole[2..]].concat();
        let with_thumbnail = [&whole[..2], &thumbnail].concat();
        assert!(decode(&with_thumbnail).is_ok());
        let cut = &with_thumbnail[..with_thumbnail.len() - 20];
        assert!(decode(cut).unwrap_err().message().contains("no end marker"));
        assert!(decode(&[&whole[..], b"\n\0\0"].concat()).is_ok());
        let picture = png();
        for cut in [picture.len() / 2, 30, 8] {
            assert_eq!(decode(&picture[..cut]).unwrap_err().code().id, "SG0401", "{cut} bytes");
        }
    }

    /// A header that promises 2^31 x 2^31 pixels is refused before memory is taken.
    #[test]
    fn absurd_sizes_are_refused() {
        let mut bytes = png();
        bytes[16..24].copy_from_slice(&[0x7F, 0xFF, 0xFF, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF]);
        assert_eq!(decode(&bytes).unwrap_err().code().id, "SG0401");
    }

    static VALID: LazyLock<[Vec<u8>; 3]> = LazyLock::new(|| [png(), jpeg(None), jpeg(Some(6))]);

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]
        #[test]
        fn damaged_files_never_panic(
            which in 0usize..3,
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
            keep in any::<prop::sample::Index>(),
            cut: bool,
        ) {
            let mut bytes = VALID[which].clone();
            for (at, value) in changes {
                let at = at.index(bytes.len());
                bytes[at] = value;
            }
            if cut {
                bytes.truncate(keep.index(bytes.len()));
            }
            if let Err(error) = decode(&bytes) {
                prop_assert_eq!(error.code().id, "SG0401");
            }
        }
    }
}
