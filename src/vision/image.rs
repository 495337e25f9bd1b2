//! An image in memory.

use std::fmt;

use image::RgbImage;

use crate::base::error::{Error, Result, codes};

/// An image: rows from the top, pixels from the left, each of red, green and blue from 0 to 255.
#[derive(Clone, PartialEq, Eq)]
pub struct Image(pub(crate) RgbImage);

impl Image {
    /// An image of `width` x `height` pixels, given as `height` x `width` x 3 bytes.
    ///
    /// # Errors
    /// [`codes::IMAGE_DECODE`] for another number of bytes.
    pub fn new(width: u32, height: u32, pixels: Vec<u8>) -> Result<Self> {
        let bytes = pixels.len();
        RgbImage::from_raw(width, height, pixels)
            .filter(|image| image.as_raw().len() == 3 * width as usize * height as usize)
            .map(Self)
            .ok_or_else(|| {
                let message = format!("{bytes} bytes are not {width} x {height} pixels");
                Error::new(&codes::IMAGE_DECODE, message)
            })
    }

    /// Pixels in a row.
    pub fn width(&self) -> u32 {
        self.0.width()
    }

    /// Rows.
    pub fn height(&self) -> u32 {
        self.0.height()
    }

    /// The bytes: row after row, red, green and blue of every pixel.
    pub fn pixels(&self) -> &[u8] {
        self.0.as_raw()
    }

    /// The bytes, as [`Self::pixels`] has them.
    pub fn into_pixels(self) -> Vec<u8> {
        self.0.into_raw()
    }
}

impl fmt::Debug for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Image({} x {})", self.width(), self.height())
    }
}

#[cfg(test)]
mod tests {
    use super::Image;

    #[test]
    fn bytes_and_pixels_agree() {
        let image = Image::new(2, 1, vec![1, 2, 3, 4, 5, 6]).unwrap();
        assert_eq!((image.width(), image.height()), (2, 1));
        assert_eq!(image.pixels(), [1, 2, 3, 4, 5, 6]);
        for bytes in [0, 5, 7] {
            assert_eq!(Image::new(2, 1, vec![0; bytes]).unwrap_err().code().id, "SG0401");
        }
    }
}
