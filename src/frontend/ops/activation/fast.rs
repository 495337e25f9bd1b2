//! Single-precision loops that the compiler vectorizes for the instruction set found at run time.

use pulp::Arch;

/// Elements that are worked on at once; a multiple of every vector length.
const LANES: usize = 16;

macro_rules! vectorized {
    ($(fn $name:ident($x:ident $(, $parameter:ident)*) $body:expr;)*) => {$(
        pub fn $name(values: &mut [f32] $(, $parameter: f32)*) {
            Arch::new().dispatch(#[inline(always)] || {
                by_lanes(values, #[inline(always)] |$x: f32| $body);
            });
        }
    )*};
}

/// Applies `f` to every element. The last few take the same vector code by way of a copy: one by
/// one they would cost as much as the rest of a small feature map.
#[inline(always)]
fn by_lanes(values: &mut [f32], f: impl Fn(f32) -> f32) {
    let (chunks, rest) = values.as_chunks_mut::<LANES>();
    for chunk in chunks {
        for value in chunk {
            *value = f(*value);
        }
    }
    if !rest.is_empty() {
        let mut last = [0.0; LANES];
        last[..rest.len()].copy_from_slice(rest);
        for value in &mut last {
            *value = f(*value);
        }
        rest.copy_from_slice(&last[..rest.len()]);
    }
}

vectorized! {
    fn relu(x) x.max(0.0);
    fn clamp(x, min, max) if x < min { min } else if x > max { max } else { x };
    fn leaky_relu(x, alpha) if x < 0.0 { alpha * x } else { x };
    fn sigmoid(x) 1.0 / (1.0 + exp(-x));
    fn silu(x) x / (1.0 + exp(-x));
    fn hard_sigmoid(x, alpha, beta) unit(alpha * x + beta);
    fn hard_swish(x) x * unit(x * (1.0 / 6.0) + 0.5);
}

#[inline(always)]
fn unit(x: f32) -> f32 {
    x.clamp(0.0, 1.0)
}

/// e^x by x = n ln 2 + r, |r| <= ln 2 / 2: 2^n from the exponent bits, e^r by its Taylor series to
/// degree 7. The fused products keep the error below 1.1 units in the last place; rounded on
/// their own, they doubled the difference of a whole network from its double-precision outputs.
/// Results are limited to about 1.6e-38 and 1.7e38, so that 1 + e^x stays finite.
#[inline(always)]
fn exp(x: f32) -> f32 {
    const LN2_HIGH: f32 = 0.693_359_4;
    const LN2_LOW: f32 = -2.121_944_4e-4;
    // Adding 1.5 * 2^23 rounds to the nearest integer and leaves it in the lowest bits.
    const ROUND: f32 = 12_582_912.0;
    // Written so that NaN passes through.
    let x = if x > 88.0 { 88.0 } else { x };
    let x = if x < -87.0 { -87.0 } else { x };
    let rounded = x.mul_add(std::f32::consts::LOG2_E, ROUND);
    let n = rounded - ROUND;
    let r = n.mul_add(-LN2_LOW, n.mul_add(-LN2_HIGH, x));
    let mut series = 1.0 / 5040.0f32;
    for coefficient in [1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0] {
        series = series.mul_add(r, coefficient);
    }
    // |n| <= 127 here; the shift drops every bit of ROUND. A NaN is in the series already.
    let power = f32::from_bits((rounded.to_bits() << 23).wrapping_add(127 << 23));
    series * power
}
