//! Arithmetic shared by all element types but `bool`.

use crate::base::tensor::Element;

/// An element type with an order and arithmetic; integer arithmetic wraps.
pub trait Number: Element + PartialOrd {
    /// Smallest value; minus infinity for floats.
    const LOWEST: Self;
    /// One.
    const ONE: Self;
    /// Largest value; infinity for floats.
    const HIGHEST: Self;
    /// Sum.
    fn plus(self, other: Self) -> Self;
    /// Product.
    fn times(self, other: Self) -> Self;
    /// Nearest double.
    fn to_f64(self) -> f64;
    /// Toward zero and limited to the range of the type.
    fn from_f64(value: f64) -> Self;
    /// The low bits of an integer, or the nearest float.
    fn wrapped(value: i128) -> Self;
    /// The exact value of an integer; a float loses its fraction.
    fn to_i128(self) -> i128;

    /// The larger one; the first when they do not compare.
    fn larger(self, other: Self) -> Self {
        if other > self { other } else { self }
    }

    /// The smaller one; the first when they do not compare.
    fn smaller(self, other: Self) -> Self {
        if other < self { other } else { self }
    }
}

impl Number for f32 {
    const ONE: Self = 1.0;
    const LOWEST: Self = Self::NEG_INFINITY;
    const HIGHEST: Self = Self::INFINITY;

    fn plus(self, other: Self) -> Self {
        self + other
    }

    fn times(self, other: Self) -> Self {
        self * other
    }

    fn to_f64(self) -> f64 {
        self.into()
    }

    fn from_f64(value: f64) -> Self {
        value as Self
    }

    fn to_i128(self) -> i128 {
        self as i128
    }

    fn wrapped(value: i128) -> Self {
        value as Self
    }
}

macro_rules! integers {
    ($($type:ty),*) => {$(
        impl Number for $type {
            const ONE: Self = 1;
            const LOWEST: Self = Self::MIN;
            const HIGHEST: Self = Self::MAX;

            fn plus(self, other: Self) -> Self {
                self.wrapping_add(other)
            }

            fn times(self, other: Self) -> Self {
                self.wrapping_mul(other)
            }

            fn to_f64(self) -> f64 {
                self as f64
            }

            fn from_f64(value: f64) -> Self {
                value as Self
            }

            fn to_i128(self) -> i128 {
                self.into()
            }

            fn wrapped(value: i128) -> Self {
                value as Self
            }
        }
    )*};
}

integers!(i64, i32, i16, i8, u64, u32, u16, u8);

/// Runs `$body` with `$T` standing for the element type of `$dtype`; `bool` is an error.
macro_rules! for_number {
    ($dtype:expr, $T:ident => $body:expr) => {{
        use $crate::base::tensor::DType;
        macro_rules! with {
            ($type:ty) => {{
                type $T = $type;
                $body
            }};
        }
        match $dtype {
            DType::F32 => with!(f32),
            DType::I64 => with!(i64),
            DType::I32 => with!(i32),
            DType::I16 => with!(i16),
            DType::I8 => with!(i8),
            DType::U64 => with!(u64),
            DType::U32 => with!(u32),
            DType::U16 => with!(u16),
            DType::U8 => with!(u8),
            DType::Bool => Err($crate::frontend::ops::not_numbers()),
        }
    }};
}

pub(super) use for_number;
