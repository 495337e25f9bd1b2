//! Windows over planes: those of the array, and those of the plane engine.

use super::reason::{Fit, Reason};
use crate::frontend::ops::window::Axis;

/// Rows and columns beyond its center that the plane engine's largest window reaches.
pub const MAX_REACH: usize = 3;
const _: () = assert!(
    crate::frontend::rewrites::MAX_DEPTHWISE_KERNEL == side(MAX_REACH),
    "rewrites make means for the plane engine as large as it takes them"
);
/// Taps of a maximum of the plane engine along an axis.
pub const SIDE: usize = side(1);

/// Taps along an axis of a window that reaches so far beyond its center.
pub const fn side(reach: usize) -> usize {
    2 * reach + 1
}

/// Largest stride of the plane engine.
pub const MAX_PLANE_STRIDE: usize = 2;
/// Largest kernel, stride and dilation of the array.
pub const MAX_KERNEL: usize = 15;
const _: () = assert!(
    crate::frontend::rewrites::MAX_KERNEL == MAX_KERNEL,
    "rewrites make convolutions for the array as long as it takes them"
);
/// Largest padding of the array at the top or left.
pub const MAX_PAD: usize = 255;

/// How the array walks over its input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ArrayWindow {
    /// Input pixels from output to output, in both directions.
    pub stride: usize,
    /// Input pixels from tap to tap, in both directions.
    pub dilation: usize,
}

impl ArrayWindow {
    /// The walk of a window over rows and columns.
    ///
    /// # Errors
    /// The first number that the array's address generators do not take.
    pub fn fit(axes: &[Axis; 2]) -> Fit<Self> {
        let [rows, columns] = axes;
        if rows.kernel.max(columns.kernel) > MAX_KERNEL {
            return Err(Reason::ArrayKernel([rows.kernel, columns.kernel]));
        }
        if rows.stride != columns.stride {
            return Err(Reason::Strides([rows.stride, columns.stride]));
        }
        if rows.stride > MAX_KERNEL {
            return Err(Reason::ArrayStride(rows.stride));
        }
        // A single tap has no distance to another one.
        let dilation = |axis: &Axis| (axis.kernel > 1).then_some(axis.dilation);
        let dilation = match (dilation(rows), dilation(columns)) {
            (Some(rows), Some(columns)) if rows != columns => {
                return Err(Reason::Dilations([rows, columns]));
            }
            (rows, columns) => rows.or(columns).unwrap_or(1),
        };
        if dilation > MAX_KERNEL {
            return Err(Reason::ArrayDilation(dilation));
        }
        match rows.begin.max(columns.begin) {
            pad if pad > MAX_PAD => Err(Reason::ArrayPadding(pad)),
            _ => Ok(Self { stride: rows.stride, dilation }),
        }
    }
}

/// Whether some tap of some output lies outside of the input, so that zero points stand in for it.
pub fn reads_padding(axis: &Axis) -> bool {
    let reach = (axis.output - 1) * axis.stride + (axis.kernel - 1) * axis.dilation;
    axis.begin > 0 || reach >= axis.input
}

/// How the plane engine walks over a plane; two filters on one input must agree in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Walk {
    /// 1 or 2, in both directions.
    pub stride: usize,
    /// Rows and columns of the window beyond its center: 1 to 3. A result takes as many cycles as the square of that.
    pub reach: usize,
    /// Padding at the top and left, each at most `reach`.
    pub pads: [usize; 2],
    /// Rows and columns of the result.
    pub output: [usize; 2],
}

/// Where a kernel lies in the plane engine's window, along an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The first of the window's taps that the kernel takes.
    pub first: usize,
    /// Padding of the window before the input.
    pub pad: usize,
}

/// A window of at most 7 x 7 on the plane engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// How the engine walks.
    pub walk: Walk,
    /// The first row and column of taps that the kernel takes.
    pub first: [usize; 2],
    /// Rows and columns of taps that it takes.
    pub kernel: [usize; 2],
    /// Rows and columns from one of them to the next.
    pub dilation: [usize; 2],
}

impl Window {
    /// The place of a depthwise kernel over rows and columns, in the smallest window that holds it.
    ///
    /// # Errors
    /// What the engine does not take, or takes longer for than the array.
    pub fn fit(axes: &[Axis; 2]) -> Fit<Self> {
        let nearest = Self::within(axes, 1);
        if nearest.is_ok() {
            return nearest;
        }
        // The array takes a cycle for each tap of as many pixels as its width, the engine one for each part of half as
        // many.
        let taps = axes[0].kernel * axes[1].kernel;
        let further = (2..=MAX_REACH).filter(|reach| 2 * reach * reach < taps);
        further.map(|reach| Self::within(axes, reach)).find(Result::is_ok).unwrap_or(nearest)
    }

    /// The place in a window of which the reach is given.
    ///
    /// # Errors
    /// What the engine does not take there.
    fn within(axes: &[Axis; 2], reach: usize) -> Fit<Self> {
        let [rows, columns] = axes;
        if rows.kernel.max(columns.kernel) > side(reach) {
            return Err(Reason::PlaneKernel([rows.kernel, columns.kernel]));
        }
        if rows.stride != columns.stride {
            return Err(Reason::Strides([rows.stride, columns.stride]));
        }
        if !(1..=MAX_PLANE_STRIDE).contains(&rows.stride) {
            return Err(Reason::PlaneStride(rows.stride));
        }
        let [y, x] = [Place::fit(rows, reach)?, Place::fit(columns, reach)?];
        Ok(Self {
            walk: Walk {
                stride: rows.stride,
                reach,
                pads: [y.pad, x.pad],
                output: [rows.output, columns.output],
            },
            first: [y.first, x.first],
            kernel: [rows.kernel, columns.kernel],
            dilation: [rows.dilation, columns.dilation],
        })
    }
}

impl Place {
    /// The first place at which the window begins at most `reach` positions before the input and ends at
    /// most as many behind it.
    ///
    /// # Errors
    /// [`Reason::PlaneDilation`], [`Reason::PlanePadding`]; [`Reason::PlaneKernel`] for more taps.
    pub fn fit(axis: &Axis, reach: usize) -> Fit<Self> {
        if axis.kernel > side(reach) {
            return Err(Reason::PlaneKernel([axis.kernel; 2]));
        }
        let extent = axis.extent();
        let spare = side(reach).checked_sub(extent).ok_or(Reason::PlaneDilation(axis.dilation))?;
        let last = (axis.output - 1) * axis.stride;
        let place = (0..=spare).map(|first| Self { first, pad: axis.begin + first });
        let within = |place: &Self| last + side(reach) <= axis.input + place.pad + reach;
        let fits = |place: &Self| place.pad <= reach && within(place);
        place.clone().find(fits).ok_or(Reason::PlanePadding {
            kernel: axis.kernel,
            begin: axis.begin,
            end: (last + extent).saturating_sub(axis.input + axis.begin),
        })
    }
}

/// A maximum on the plane engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Maximum {
    /// Passes of the plane engine, one behind the other: 1 up to 3 x 3, 2 for 5 x 5, 4 for 9 x 9.
    pub stages: usize,
    /// The window of each of them.
    pub window: Window,
}

impl Maximum {
    /// The stages of a maximum over rows and columns: a window of at most 3 x 3, or a cascade of
    /// those.
    ///
    /// # Errors
    /// What the engine does not take.
    pub fn fit(axes: &[Axis; 2]) -> Fit<Self> {
        let [rows, columns] = axes;
        if rows.kernel.max(columns.kernel) <= SIDE {
            return Ok(Self { stages: 1, window: Window::within(axes, 1)? });
        }
        let same = |axis: &Axis| {
            axis.kernel % 2 == 1
                && (axis.stride, axis.dilation) == (1, 1)
                && axis.begin == axis.kernel / 2
                && axis.output == axis.input
        };
        if rows.kernel != columns.kernel || !same(rows) || !same(columns) {
            return Err(Reason::MaximumKernel([rows.kernel, columns.kernel]));
        }
        // Each stage looks one position further in every direction.
        let stage = axes.map(|axis| Axis { kernel: SIDE, begin: 1, end: 1, ..axis });
        Ok(Self { stages: rows.kernel / 2, window: Window::within(&stage, 1)? })
    }
}
