//! An entry of the function table: the constants of an activation function, a parameter of the design.

use super::field::{Field, Value, fields, values};

/// Bits of an entry.
pub const BITS: usize = 72;
/// Entries of a ROM block with two segments.
pub const TWO_SEGMENTS_ENTRIES: usize = 240;
/// Entries of a ROM block with uniform steps.
pub const UNIFORM_ENTRIES: usize = 1024;

fields! { FUNCTION:
    BASE = "FunctionBase", 0 0 3 u, "the straight part of rule A7";
    LAYOUT = "FunctionLayout", 0 3 2 u, "how the ROM's entries are spread over x";
    SIGNED = "FunctionSigned", 0 5 1 u, "negative x has a block of its own behind the first";
    SLOPE = "FunctionSlope", 0 8 8 u, "of the leaky part, in steps of 1/256";
    OFFSET = "FunctionOffset", 0 16 12 u, "first entry in the ROM";
    MINIMUM = "FunctionMinimum", 0 28 20 s, "of the clamp";
    MAXIMUM = "FunctionMaximum", 0 48 20 s, "of the clamp";
}

values! { BASES:
    BASE_ZERO = "BaseZero", 0, "0";
    BASE_RELU = "BaseRelu", 1, "the larger of x and 0";
    BASE_IDENTITY = "BaseIdentity", 2, "x";
    BASE_CLAMP = "BaseClamp", 3, "x between minimum and maximum";
    BASE_LEAKY = "BaseLeaky", 4, "x, times the slope where it is negative";
}

values! { LAYOUTS:
    LAYOUT_NONE = "LayoutNone", 0, "no ROM";
    LAYOUT_TWO_SEGMENTS = "LayoutTwoSegments", 1, "steps of 8 up to 1,024, then of 64";
    LAYOUT_UNIFORM = "LayoutUniform", 2, "steps of 8";
}

#[cfg(test)]
mod tests {
    use super::super::field::tests::apart;
    use super::*;

    #[test]
    fn fields_do_not_overlap_and_stay_inside() {
        apart(FUNCTION.iter().copied(), BITS);
    }
}
