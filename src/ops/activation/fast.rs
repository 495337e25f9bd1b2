//! Single-precision loops that the compiler vectorizes for the instruction set found at run time.

use pulp::Arch;

macro_rules! vectorized {
    ($(fn $name:ident($x:ident $(, $parameter:ident)*) $body:expr;)*) => {$(
        pub fn $name(values: &mut [f32] $(, $parameter: f32)*) {
            Arch::new().dispatch(#[inline(always)] || {
                for value in values.iter_mut() {
                    let $x = *value;
                    *value = $body;
                }
            });
        }
    )*};
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
/// degree 7. Results are limited to about 1.6e-38 and 1.7e38, so that 1 + e^x stays finite.
#[inline(always)]
fn exp(x: f32) -> f32 {
    const LN2_HIGH: f32 = 0.693_359_4;
    const LN2_LOW: f32 = -2.121_944_4e-4;
    // Adding and subtracting 1.5 * 2^23 rounds to the nearest integer.
    const ROUND: f32 = 12_582_912.0;
    // Written so that NaN passes through.
    let x = if x > 88.0 { 88.0 } else { x };
    let x = if x < -87.0 { -87.0 } else { x };
    let n = (x * std::f32::consts::LOG2_E + ROUND) - ROUND;
    let r = (x - n * LN2_HIGH) - n * LN2_LOW;
    let mut series = 1.0 / 5040.0;
    for coefficient in [1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0] {
        series = series * r + coefficient;
    }
    // |n| <= 127 here, and a NaN converts to 0.
    let power = f32::from_bits((((n as i32) + 127) << 23) as u32);
    series * power
}
