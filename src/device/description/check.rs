//! What a description that was read from a file has to keep, so that nothing in it leads out of a buffer.

use super::{Description, Order, Picture, Tensor};
use crate::base::error::{Error, Result, codes};
use crate::compile::schedule::CHANNELS;
use crate::model::ceras::layout::MAX_VALUE;

/// Bytes of a buffer: no tensor of a model file is larger.
const MAX_BUFFER: u64 = MAX_VALUE as u64;

/// Checks sizes and places.
///
/// # Errors
/// [`codes::BUNDLE`] naming the field.
pub fn check(description: &Description) -> Result<()> {
    let sizes = description.buffers;
    let buffers = [("image", sizes.image), ("output", sizes.output), ("scratch", sizes.scratch)];
    for (name, bytes) in buffers {
        if bytes > MAX_BUFFER {
            return Err(wrong(format!("`buffers.{name}` is {bytes}; allowed: up to {MAX_BUFFER}")));
        }
    }
    let steps = description.steps.iter();
    let exchanged = steps.flat_map(|step| step.reads.iter().chain(&step.writes));
    let tensors = description.inputs.iter().map(|own| (own, sizes.image));
    let tensors = tensors.chain(description.outputs.iter().map(|own| (own, sizes.output)));
    for (tensor, buffer) in tensors.chain(exchanged.map(|own| (own, sizes.scratch))) {
        if let Some(problem) = problem(tensor, buffer) {
            return Err(wrong(format!("the tensor \"{}\" {problem}", tensor.name)));
        }
    }
    let whole = |picture: &Picture| picture.tables.iter().all(|table| table.len() == 256);
    if !description.picture.as_ref().is_none_or(whole) {
        return Err(wrong("`picture.tables` has a table that is not of 256 numbers".to_owned()));
    }
    Ok(())
}

/// What is wrong with a tensor in a buffer of so many bytes.
fn problem(tensor: &Tensor, buffer: u64) -> Option<String> {
    let extents = [tensor.channels, tensor.height, tensor.width];
    let count = extents.iter().try_fold(1usize, |all, &own| all.checked_mul(own));
    if !count.is_some_and(|count| (1..=MAX_VALUE).contains(&count)) {
        return Some(format!("has the extents {extents:?}"));
    }
    let bits = if tensor.order == Order::Pixels { &[8][..] } else { &[8, 16, 32] };
    if !bits.contains(&tensor.bits) {
        return Some(format!("has numbers of {} bits; allowed: {bits:?}", tensor.bits));
    }
    let channels = i32::try_from(tensor.channels).unwrap_or(i32::MAX);
    if let Some(slot) = tensor.slots.iter().find(|slot| !(-1..channels).contains(*slot)) {
        return Some(format!("has channel {slot} in a slot; there are {channels} channels"));
    }
    let inside = tensor.offset.checked_add(tensor.bytes).is_some_and(|end| end <= buffer);
    if !inside || reach(tensor).is_none_or(|reach| reach > tensor.bytes) {
        let (bytes, offset) = (tensor.bytes, tensor.offset);
        return Some(format!(
            "does not fit its {bytes} bytes from {offset} on in a buffer of {buffer} bytes"
        ));
    }
    None
}

/// Bytes from the first one of a tensor to its last one.
fn reach(tensor: &Tensor) -> Option<u64> {
    let [channels, height, width] =
        [tensor.channels, tensor.height, tensor.width].map(|extent| extent as u64);
    let (rows, last) = match tensor.order {
        Order::Pixels => (height, width * channels),
        Order::Planes => {
            let planes = tensor.slots.len().div_ceil(CHANNELS) as u64;
            (planes, height * width * CHANNELS as u64 * u64::from(tensor.bits / 8))
        }
    };
    rows.saturating_sub(1).checked_mul(tensor.pitch)?.checked_add(last)
}

fn wrong(message: String) -> Error {
    Error::new(&codes::BUNDLE, format!("{}: {message}", super::FILE))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::{Value, json};

    use super::*;
    use crate::compile::boards::Target;
    use crate::compile::{CompileOptions, Compiled};
    use crate::device::vectors;
    use crate::model::ceras::Model;

    fn description() -> (Compiled, Description) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/colors.ceras");
        let (model, target) = (Model::load(&path).unwrap(), Target::load("kv260").unwrap());
        let compiled = Compiled::new(model, &target, CompileOptions::default()).unwrap();
        let description = Description::of(&compiled, "0").unwrap();
        (compiled, description)
    }

    #[test]
    fn what_leads_out_of_a_buffer_is_refused() {
        let whole = serde_json::to_value(description().1).unwrap();
        Description::from_json(&whole.to_string()).unwrap();
        let cases: [(&str, Value, &str); 9] = [
            ("/buffers/image", json!(u64::MAX), "`buffers.image`"),
            ("/inputs/0/channels", json!(1u64 << 40), "has the extents"),
            ("/inputs/0/height", json!(0), "has the extents"),
            ("/inputs/0/bits", json!(7), "numbers of 7 bits"),
            ("/inputs/0/offset", json!(u64::MAX), "does not fit"),
            ("/inputs/0/pitch", json!(1u64 << 62), "does not fit"),
            ("/inputs/0/height", json!(100_000), "does not fit"),
            ("/outputs/0/slots/0", json!(1000), "channel 1000 in a slot"),
            ("/picture/tables/0", json!([1]), "`picture.tables`"),
        ];
        for (place, value, expected) in cases {
            let mut changed = whole.clone();
            *changed.pointer_mut(place).unwrap() = value;
            let error = Description::from_json(&changed.to_string()).unwrap_err();
            assert_eq!(error.code(), &codes::BUNDLE, "{place}: {error}");
            assert!(error.message().contains(expected), "{place}: {error}");
        }
    }

    #[test]
    fn check_vectors_that_are_cut_off_are_refused() {
        let (compiled, description) = description();
        let file = vectors::make(&compiled, &description).unwrap();
        assert!(!vectors::parse(&file, &description).unwrap().is_empty());
        for length in 0..file.len() {
            let error = vectors::parse(&file[..length], &description).unwrap_err();
            assert_eq!(error.code(), &codes::BUNDLE, "{length}");
        }
        let mut many = file[..16].to_vec();
        many[12..].copy_from_slice(&u32::MAX.to_le_bytes());
        let none = Description { inputs: vec![], outputs: vec![], steps: vec![], ..description };
        assert!(vectors::parse(&many, &none).is_err());
    }
}
