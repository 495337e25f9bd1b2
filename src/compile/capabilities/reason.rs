//! Why the accelerator does not do a layer, or does it with another unit than it might.

use std::fmt;

use super::{
    MAX_EXTENT, MAX_KERNEL, MAX_LEFT, MAX_PAD, MAX_PLANE_STRIDE, MAX_REACH, MAX_STEM_REACH,
    MAX_WEIGHT_SHIFT, SIDE, STEM_CHANNELS, side,
};
use crate::model::qgraph::Width;

/// A place or value on the hardware, or why there is none.
pub type Fit<T> = Result<T, Reason>;

/// Why a unit cannot do a layer, with the numbers that decide. It speaks of the layer without naming
/// it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The model's right shifts round half to even.
    RoundsHalfEven,
    /// Quantization left the layer in float.
    Float,
    /// The layer follows the DPU's rules (A13).
    DpuRules,
    /// A tensor of the layer cannot lie in the shared memory as the layer needs it.
    Tensor(Role, Fault),
    /// A movement that breaks channels up.
    SplitsChannels,
    /// A kernel beyond the array's, rows and columns.
    ArrayKernel([usize; 2]),
    /// A stride beyond the array's.
    ArrayStride(usize),
    /// A distance of taps beyond the array's.
    ArrayDilation(usize),
    /// More padding at the top or left than the array takes.
    ArrayPadding(usize),
    /// Different strides along rows and columns.
    Strides([usize; 2]),
    /// Different distances of taps along rows and columns.
    Dilations([usize; 2]),
    /// Not a window over two axes; the number of axes.
    WindowAxes(usize),
    /// A stride beyond the plane engine's.
    PlaneStride(usize),
    /// Few taps with gaps, beyond the plane engine's window of neighbors.
    PlaneDilation(usize),
    /// A depthwise kernel beyond the plane engine's windows, rows and columns.
    PlaneKernel([usize; 2]),
    /// A maximum beyond the plane engine's window that is no cascade, rows and columns.
    MaximumKernel([usize; 2]),
    /// A window around which the plane engine's would lie too far outside of the input.
    PlanePadding {
        /// Taps of the window.
        kernel: usize,
        /// Positions before the input.
        begin: usize,
        /// Positions behind the input that the last window covers.
        end: usize,
    },
    /// Inputs whose scales are too far from each other or from the output's.
    Alignment {
        /// The first channel that cannot be aligned.
        channel: usize,
        /// Exponent of the weight that it needs.
        exponent: i32,
    },
    /// Factors of channels with a zero point.
    FactorZero {
        /// The first channel that has one.
        channel: usize,
        /// It.
        zero: i8,
    },
    /// A product whose output has finer steps than a lane shifts to.
    ProductShift {
        /// The first channel like that.
        channel: usize,
        /// The left shift that it needs.
        shift: i32,
    },
    /// An image with more channels than the stem unit takes.
    StemChannels(usize),
    /// An image that is not int8 of rank 4.
    StemImage,
    /// Kernel or stride on the image's pixels beyond the stem unit's.
    StemReach(usize),
    /// A kernel or stride that is not square.
    StemSquare,
    /// Taps with gaps on the image.
    StemDilation,
    /// Groups on the image.
    StemGroups(usize),
    /// At least a whole kernel of padding.
    StemPadding,
    /// A rearrangement of the image that repeats pixels.
    StemRepeats,
    /// The stem unit has the shape that another convolution needs, or streams another image.
    StemTaken,
    /// A plane engine that works behind the array only.
    NotChained,
    /// A view that the processor reads.
    ReadByProcessor,
    /// Behind a layer of the processor, with little work.
    LittleBehindProcessor,
}

/// Which tensor of a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The first or only input.
    Input,
    /// The second input: of an addition, factors of channels, or the residual of a convolution.
    Second,
    /// The result.
    Output,
}

/// Why a tensor cannot lie in the shared memory or cannot be read from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// There is none, or it is a constant.
    Missing,
    /// It is float.
    Float,
    /// Its integers are too wide.
    Width(Width),
    /// It holds several frames.
    Batch(usize),
    /// It has a rank other than 2, 3 or 4.
    Rank(usize),
    /// A plane has an extent that does not fit.
    Extent(usize),
    /// It has no channel.
    Empty,
}

impl Role {
    /// Position of an input among the layer's; that of the first for a result.
    pub fn position(self) -> usize {
        usize::from(self == Self::Second)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Input => "the input",
            Self::Second => "the second input",
            Self::Output => "the output",
        })
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => write!(f, "is not computed by the network"),
            Self::Float => write!(f, "is float"),
            Self::Width(width) => {
                write!(f, "is {}; units read int8 and write int8 or int16", width.dtype())
            }
            Self::Batch(frames) => write!(f, "holds {frames} frames; one is computed at a time"),
            Self::Rank(rank) => write!(f, "has rank {rank}; ranks 2 to 4 lie in planes"),
            Self::Extent(extent) => {
                write!(f, "has {extent} rows or columns; a plane has 1 to {MAX_EXTENT}")
            }
            Self::Empty => write!(f, "has no channels"),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let most_weight = 1 << MAX_WEIGHT_SHIFT;
        match self {
            Self::RoundsHalfEven => {
                write!(f, "the model rounds half to even; the accelerator rounds half up")
            }
            Self::Float => write!(f, "quantization left it in float"),
            Self::DpuRules => write!(f, "follows the DPU's rules, which no unit does"),
            Self::Tensor(role, fault) => write!(f, "{role} {fault}"),
            Self::SplitsChannels => write!(
                f,
                "moves pixels within channels; only whole channels, as they are or doubled, are \
                 read from where they lie"
            ),
            Self::ArrayKernel([rows, columns]) => write!(
                f,
                "a {rows} x {columns} kernel; the array takes up to {MAX_KERNEL} x {MAX_KERNEL}"
            ),
            Self::ArrayStride(stride) => {
                write!(f, "stride {stride}; the array takes up to {MAX_KERNEL}")
            }
            Self::ArrayDilation(dilation) => {
                write!(f, "dilation {dilation}; the array takes up to {MAX_KERNEL}")
            }
            Self::ArrayPadding(pad) => {
                write!(f, "{pad} positions of padding; the array takes up to {MAX_PAD}")
            }
            Self::Strides([rows, columns]) => {
                write!(f, "strides {rows} and {columns} of rows and columns; units take equal ones")
            }
            Self::Dilations([rows, columns]) => write!(
                f,
                "dilations {rows} and {columns} of rows and columns; the array takes equal ones"
            ),
            Self::WindowAxes(axes) => {
                write!(f, "a window over {axes} axes; the plane engine takes two")
            }
            Self::PlaneStride(stride) => {
                write!(f, "stride {stride}; the plane engine takes 1 to {MAX_PLANE_STRIDE}")
            }
            Self::PlaneDilation(dilation) => {
                write!(
                    f,
                    "dilation {dilation}; on taps so far apart the array spends less time than the plane engine"
                )
            }
            Self::PlaneKernel([rows, columns]) => {
                let most = side(MAX_REACH);
                write!(
                    f,
                    "a {rows} x {columns} kernel; the plane engine takes up to {most} x {most}, and of those \
                     above {SIDE} x {SIDE} only what the array spends more time on: more than 8 taps within \
                     5 x 5, more than 18 beyond"
                )
            }
            Self::MaximumKernel([rows, columns]) => write!(
                f,
                "a {rows} x {columns} maximum; the plane engine takes up to {SIDE} x {SIDE}, and \
                 larger odd squares with stride 1 that keep the extent"
            ),
            Self::PlanePadding { kernel, begin, end } => write!(
                f,
                "a kernel of {kernel} that reaches {begin} before and {end} behind its input; the \
                 plane engine's window there would lie too far outside"
            ),
            Self::Alignment { channel, exponent } => write!(
                f,
                "channel {channel} needs a weight of 2^{exponent} to align scales; the largest is \
                 {most_weight}"
            ),
            Self::FactorZero { channel, zero } => write!(
                f,
                "the factor of channel {channel} has the zero point {zero}; the plane engine takes 0"
            ),
            Self::ProductShift { channel, shift } => write!(
                f,
                "the product of channel {channel} needs a left shift of {shift}; a lane shifts by up to {MAX_LEFT}"
            ),
            Self::StemChannels(channels) => write!(
                f,
                "an image of {channels} channels; the stem unit takes {} to {}",
                STEM_CHANNELS.start(),
                STEM_CHANNELS.end()
            ),
            Self::StemImage => write!(f, "the stem unit takes int8 images of rank 4"),
            Self::StemReach(pixels) => write!(
                f,
                "a kernel or stride of {pixels} pixels; the stem unit takes up to {MAX_STEM_REACH}"
            ),
            Self::StemSquare => write!(f, "the stem unit takes square kernels and strides"),
            Self::StemDilation => write!(f, "the stem unit's taps are neighbors"),
            Self::StemGroups(groups) => write!(f, "{groups} groups; the stem unit takes one"),
            Self::StemPadding => {
                write!(f, "a whole kernel of padding; the stem unit's windows touch the image")
            }
            Self::StemRepeats => {
                write!(f, "a rearrangement that repeats pixels; the stem unit streams each once")
            }
            Self::StemTaken => {
                write!(f, "the stem unit has one shape and image, and another layer uses it")
            }
            Self::NotChained => write!(
                f,
                "the target's plane engine does it only behind the array, with what the array just \
                 computed"
            ),
            Self::ReadByProcessor => write!(f, "the processor reads the result"),
            Self::LittleBehindProcessor => write!(
                f,
                "needs what the processor computes and is too little work to wait for it in the middle of the frame"
            ),
        }
    }
}
