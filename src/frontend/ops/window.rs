//! Sliding windows: kernel, strides, pads and dilations of convolutions and pools.
//!
//! ONNX: the attributes `kernel_shape`, `strides`, `pads`, `dilations` and `auto_pad` of Conv,
//! ConvTranspose, MaxPool and AveragePool.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::base::error::{Error, Result, codes};
use crate::frontend::onnx::{Attributes, bad};

/// How pads are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AutoPad {
    /// The pads are given.
    #[default]
    Explicit,
    /// The output has ceil(input / stride) positions; an odd pad goes to the end.
    SameUpper,
    /// As [`AutoPad::SameUpper`], but an odd pad goes to the beginning.
    SameLower,
    /// No padding.
    Valid,
}

/// A window over the spatial axes. An empty list means the default of ONNX: the weight's extents
/// for `kernel`, 1 for strides and dilations, 0 for pads.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Window {
    /// Taps per axis.
    pub kernel: Vec<usize>,
    /// Steps of the window in input elements; never 0.
    pub strides: Vec<usize>,
    /// Elements added before and after each axis; only read for [`AutoPad::Explicit`].
    pub pads: Vec<(usize, usize)>,
    /// Distance of two taps in input elements; never 0.
    pub dilations: Vec<usize>,
    /// Where pads come from.
    pub auto_pad: AutoPad,
}

/// A window along one axis of known extent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Axis {
    /// Extent of the input.
    pub input: usize,
    /// Extent of the output.
    pub output: usize,
    /// Number of taps.
    pub kernel: usize,
    /// Input elements from one output to the next.
    pub stride: usize,
    /// Input elements from one tap to the next.
    pub dilation: usize,
    /// Elements added before the input.
    pub begin: usize,
    /// Elements added after the input.
    pub end: usize,
}

impl Axis {
    /// An axis over which nothing slides: one tap, one input, one output.
    pub const UNIT: Self =
        Self { input: 1, output: 1, kernel: 1, stride: 1, dilation: 1, begin: 0, end: 0 };

    /// Elements from the first tap to the last one.
    pub fn extent(&self) -> usize {
        (self.kernel - 1) * self.dilation + 1
    }

    /// The outputs for which tap `tap` reads inside of the input, and the input element that it
    /// reads for the first of them.
    pub fn inside(&self, tap: usize) -> (std::ops::Range<usize>, usize) {
        let offset = tap * self.dilation;
        let first = self.begin.saturating_sub(offset).div_ceil(self.stride);
        let last = (self.input + self.begin).saturating_sub(offset).div_ceil(self.stride);
        let last = last.min(self.output);
        let first = first.min(last);
        (first..last, (first * self.stride + offset).saturating_sub(self.begin))
    }
}

impl Window {
    /// Reads the attributes.
    ///
    /// # Errors
    /// [`codes::ONNX_ATTRIBUTE`] for negative pads, zero strides and the like.
    pub fn parse(attributes: &Attributes) -> Result<Self> {
        let positive = |name: &str| -> Result<Vec<usize>> {
            let values = attributes.sizes(name)?.unwrap_or_default();
            if values.iter().any(|&value| value == 0 || value > i32::MAX as usize) {
                return Err(bad(name, &format!("is {values:?}")));
            }
            Ok(values)
        };
        let pads = attributes.sizes("pads")?.unwrap_or_default();
        if pads.len() % 2 != 0 || pads.iter().any(|&pad| pad > i32::MAX as usize) {
            return Err(bad("pads", &format!("is {pads:?}")));
        }
        let (begin, end) = pads.split_at(pads.len() / 2);
        let auto_pad = match attributes.string("auto_pad")?.as_deref() {
            None | Some("" | "NOTSET") => AutoPad::Explicit,
            Some("SAME_UPPER") => AutoPad::SameUpper,
            Some("SAME_LOWER") => AutoPad::SameLower,
            Some("VALID") => AutoPad::Valid,
            Some(other) => return Err(bad("auto_pad", &format!("is \"{other}\""))),
        };
        Ok(Self {
            kernel: positive("kernel_shape")?,
            strides: positive("strides")?,
            pads: begin.iter().copied().zip(end.iter().copied()).collect(),
            dilations: positive("dilations")?,
            auto_pad,
        })
    }

    /// The attributes that [`Window::parse`] reads.
    pub fn attributes(&self) -> Attributes {
        let (begin, end): (Vec<_>, Vec<_>) = self.pads.iter().copied().unzip();
        let attributes = Attributes::default()
            .with_list("kernel_shape", &self.kernel)
            .with_list("strides", &self.strides)
            .with_list("pads", &[begin, end].concat())
            .with_list("dilations", &self.dilations);
        match self.auto_pad {
            AutoPad::Explicit => attributes,
            AutoPad::SameUpper => attributes.with("auto_pad", "SAME_UPPER"),
            AutoPad::SameLower => attributes.with("auto_pad", "SAME_LOWER"),
            AutoPad::Valid => attributes.with("auto_pad", "VALID"),
        }
    }

    /// The window along each axis of an input with spatial extents `input`; `kernel` is that of
    /// the weight, `ceil` counts a last partial window too unless it starts behind the input.
    ///
    /// # Errors
    /// [`codes::SHAPE`] when the window does not fit, [`codes::ONNX_ATTRIBUTE`] when a list has
    /// another length than there are axes.
    pub fn axes(&self, kernel: &[usize], input: &[usize], ceil: bool) -> Result<Vec<Axis>> {
        if !self.kernel.is_empty() && self.kernel != kernel {
            return Err(bad(
                "kernel_shape",
                &format!("is {:?}, but the weight has {kernel:?}", self.kernel),
            ));
        }
        let rank = input.len();
        if kernel.len() != rank {
            return Err(Error::new(
                &codes::SHAPE,
                format!("a kernel {kernel:?} over spatial extents {input:?}"),
            ));
        }
        let strides = per_axis("strides", &self.strides, rank, 1)?;
        let dilations = per_axis("dilations", &self.dilations, rank, 1)?;
        let pads = per_axis("pads", &self.pads, rank, (0, 0))?;
        (0..rank)
            .map(|index| {
                self.axis(
                    input[index],
                    kernel[index],
                    (strides[index], dilations[index], pads[index]),
                    ceil,
                )
            })
            .collect()
    }

    /// Whether successive outputs read successive inputs and nothing is padded explicitly; with a
    /// single tap, the window then visits every input element once.
    pub fn is_unpadded_unit_stride(&self) -> bool {
        self.strides.iter().all(|&stride| stride == 1)
            && (self.auto_pad != AutoPad::Explicit || self.pads.iter().all(|&pads| pads == (0, 0)))
    }

    /// Adds zeros before and after each axis to those that the window adds by itself; `false`
    /// when it cannot, because its own depend on the input's extent.
    pub fn add_padding(&mut self, begin: &[usize], end: &[usize]) -> bool {
        let own = match self.auto_pad {
            AutoPad::SameUpper | AutoPad::SameLower => return false,
            AutoPad::Valid => Ok(vec![(0, 0); begin.len()]),
            AutoPad::Explicit => per_axis("pads", &self.pads, begin.len(), (0, 0)),
        };
        let Ok(mut pads) = own else { return false };
        for ((own, begin), end) in pads.iter_mut().zip(begin).zip(end) {
            *own = (own.0.saturating_add(*begin), own.1.saturating_add(*end));
        }
        self.pads = pads;
        self.auto_pad = AutoPad::Explicit;
        true
    }

    fn axis(
        &self,
        input: usize,
        kernel: usize,
        (stride, dilation, pads): (usize, usize, (usize, usize)),
        ceil: bool,
    ) -> Result<Axis> {
        let too_large = || {
            Error::new(
                &codes::SHAPE,
                format!(
                    "a window of {kernel} taps, dilation {dilation}, does not fit an input of \
                     {input} with pads {pads:?}"
                ),
            )
        };
        let reach = kernel
            .checked_sub(1)
            .and_then(|steps| steps.checked_mul(dilation)?.checked_add(1))
            .filter(|&reach| reach <= i32::MAX as usize)
            .ok_or_else(too_large)?;
        if stride == 0 || dilation == 0 {
            return Err(bad("strides or dilations", "has a 0"));
        }
        let (begin, end) = match self.auto_pad {
            AutoPad::Explicit => pads,
            AutoPad::Valid => (0, 0),
            AutoPad::SameUpper | AutoPad::SameLower => {
                let steps = input.div_ceil(stride).saturating_sub(1);
                let total = (steps * stride + reach).saturating_sub(input);
                match self.auto_pad {
                    AutoPad::SameLower => (total.div_ceil(2), total / 2),
                    _ => (total / 2, total.div_ceil(2)),
                }
            }
        };
        let span = input
            .checked_add(begin)
            .and_then(|sum| sum.checked_add(end)?.checked_sub(reach))
            .filter(|_| input > 0)
            .ok_or_else(too_large)?;
        let mut output = span / stride + 1;
        let explicit = matches!(self.auto_pad, AutoPad::Explicit | AutoPad::Valid);
        if ceil && explicit && span % stride != 0 && output * stride < input + begin {
            output += 1;
        }
        Ok(Axis { input, output, kernel, stride, dilation, begin, end })
    }
}

/// `values`, or `default` for every axis when there are none.
pub(super) fn per_axis<T: Copy>(
    name: &str,
    values: &[T],
    rank: usize,
    default: T,
) -> Result<Vec<T>> {
    match values.len() {
        0 => Ok(vec![default; rank]),
        count if count == rank => Ok(values.to_vec()),
        count => Err(bad(name, &format!("is given for {count} axes, not {rank}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn output(window: &Window, kernel: usize, input: usize, ceil: bool) -> Option<usize> {
        window.axes(&[kernel], &[input], ceil).ok().map(|axes| axes[0].output)
    }

    #[test]
    fn extents_follow_the_formulas() {
        let stride2 = Window { strides: vec![2], ..Window::default() };
        assert_eq!(output(&stride2, 3, 8, false), Some(3));
        assert_eq!(output(&stride2, 3, 8, true), Some(4));
        assert_eq!(output(&stride2, 9, 8, false), None);
        // A last window that would start in the padding behind the input is not counted.
        let padded = Window { strides: vec![2], pads: vec![(0, 1)], ..Window::default() };
        assert_eq!(output(&padded, 1, 2, true), Some(2));
        assert_eq!(output(&padded, 2, 2, true), Some(1));
    }

    #[test]
    fn same_padding_puts_the_odd_element_where_its_name_says() {
        for (auto_pad, expected) in [(AutoPad::SameUpper, (0, 1)), (AutoPad::SameLower, (1, 0))] {
            let window = Window { strides: vec![2], auto_pad, ..Window::default() };
            let axis = window.axes(&[3], &[8], false).unwrap()[0];
            assert_eq!((axis.begin, axis.end), expected);
            assert_eq!(axis.output, 4);
        }
    }

    #[test]
    fn inside_is_where_the_tap_reads_the_input() {
        for (stride, dilation, begin, input) in
            [(1, 1, 1, 5), (2, 1, 3, 7), (3, 2, 0, 9), (2, 5, 4, 3), (4, 3, 9, 1)]
        {
            let window = Window {
                strides: vec![stride],
                dilations: vec![dilation],
                pads: vec![(begin, 12)],
                ..Window::default()
            };
            let axis = window.axes(&[3], &[input], false).unwrap()[0];
            for tap in 0..3 {
                let read = |output: usize| {
                    (output * stride + tap * dilation)
                        .checked_sub(begin)
                        .filter(|&position| position < input)
                };
                let expected: Vec<_> = (0..axis.output).filter_map(read).collect();
                let (outputs, first) = axis.inside(tap);
                let got: Vec<_> = outputs.clone().filter_map(read).collect();
                assert_eq!(got.len(), outputs.len());
                assert_eq!(got, expected);
                assert!(outputs.is_empty() || got[0] == first);
            }
        }
    }

    #[test]
    fn absurd_windows_are_refused() {
        let window = Window { dilations: vec![usize::MAX], ..Window::default() };
        assert!(window.axes(&[3], &[8], false).is_err());
        let window = Window { strides: vec![1, 2, 3], ..Window::default() };
        assert!(window.axes(&[3], &[8], false).is_err());
    }
}
