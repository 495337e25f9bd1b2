//! Where the bytes of an int8 value lie: `q + 128`, channels innermost, rows with a border of zero points around them
//! that convolutions read as padding.

use crate::base::error::{Error, Result, codes};
use crate::frontend::ops::window::Axis;
use crate::model::qgraph::{QValue, Scale};

/// Bytes behind every value that kernels may read, and ignore.
pub const SLACK: usize = 64;
/// Bytes of a value with its border.
const MOST: usize = 1 << 31;

/// Pixels around each image of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Border {
    pub top: usize,
    pub left: usize,
    pub bottom: usize,
    pub right: usize,
}

impl Border {
    /// What a window reads outside of its input.
    pub fn of([rows, columns]: [Axis; 2]) -> Self {
        Self { top: rows.begin, left: columns.begin, bottom: rows.end, right: columns.end }
    }

    /// The least border that holds both.
    pub fn join(self, other: Self) -> Self {
        Self {
            top: self.top.max(other.top),
            left: self.left.max(other.left),
            bottom: self.bottom.max(other.bottom),
            right: self.right.max(other.right),
        }
    }
}

/// The place of every element of a value. A value of another rank than 4 is a single row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    pub images: usize,
    pub channels: usize,
    pub rows: usize,
    pub columns: usize,
    pub border: Border,
}

impl Layout {
    /// # Errors
    /// [`codes::QUANTIZED_GRAPH`] for a value without elements or with a border beyond all memory.
    pub fn new(value: &QValue, border: Border) -> Result<Self> {
        let extent = |axis: usize| value.shape.get(axis).copied().unwrap_or(1);
        let [rows, columns] = match value.shape.len() {
            4 => [extent(2), extent(3)],
            _ => [1, value.shape.iter().skip(2).product()],
        };
        let layout = Self { images: extent(0), channels: extent(1), rows, columns, border };
        let extents = [layout.images, layout.channels, layout.height(), layout.width()];
        let bytes = extents.iter().try_fold(1usize, |bytes, &extent| bytes.checked_mul(extent));
        if bytes.is_none_or(|bytes| bytes == 0 || bytes > MOST) {
            let message =
                format!("\"{}\" with its padding is empty or larger than memory", value.name);
            return Err(Error::new(&codes::QUANTIZED_GRAPH, message));
        }
        Ok(layout)
    }

    /// Pixels of a line, border included.
    pub fn width(&self) -> usize {
        self.border.left + self.columns + self.border.right
    }

    /// Lines of an image, border included.
    pub fn height(&self) -> usize {
        self.border.top + self.rows + self.border.bottom
    }

    /// Bytes from one line to the next.
    pub fn line(&self) -> usize {
        self.width() * self.channels
    }

    /// Bytes of the value, without what kernels may read behind it.
    pub fn bytes(&self) -> usize {
        self.images * self.height() * self.line()
    }

    /// Pixels of an image, without the border.
    pub fn pixels(&self) -> usize {
        self.rows * self.columns
    }

    /// Whether pixels follow each other over the ends of rows and images.
    pub fn is_flat(&self) -> bool {
        self.border == Border::default()
    }

    /// The first byte of a row of an image, border excluded.
    pub fn row(&self, image: usize, row: usize) -> usize {
        (image * self.height() + self.border.top + row) * self.line()
            + self.border.left * self.channels
    }

    /// Image and row of a line of the buffer; `None` for lines of the border.
    pub fn row_of(&self, line: usize) -> Option<(usize, usize)> {
        let (image, line) = (line / self.height(), line % self.height());
        let row = line.checked_sub(self.border.top)?;
        (row < self.rows).then_some((image, row))
    }

    /// Writes the border: the zero point of each channel, as a byte.
    pub fn fill_border(&self, bytes: &mut [u8], scales: &[Scale]) {
        if self.is_flat() {
            return;
        }
        let zeros: Vec<u8> = scales.iter().map(|scale| byte(scale.zero.into())).collect();
        let even = zeros.iter().all(|zero| *zero == zeros[0]);
        let fill = |run: &mut [u8]| {
            if even {
                run.fill(zeros[0]);
            } else {
                run.chunks_mut(zeros.len()).for_each(|pixel| pixel.copy_from_slice(&zeros));
            }
        };
        let (left, right) = (self.border.left * self.channels, self.border.right * self.channels);
        for (index, line) in bytes[..self.bytes()].chunks_mut(self.line()).enumerate() {
            if self.row_of(index).is_none() {
                fill(line);
            } else {
                let end = line.len() - right;
                fill(&mut line[..left]);
                fill(&mut line[end..]);
            }
        }
    }
}

/// A stored integer of 8 bits as the byte that holds it.
pub fn byte(q: i64) -> u8 {
    (q + 128) as u8
}
