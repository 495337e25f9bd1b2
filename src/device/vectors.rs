//! `check.bin` of a bundle: frames with everything that a driver has to get, for a test on the board.
//!
//! All numbers are little-endian. A head of 16 bytes: the text `SEIGOCHK`, the version (u32, 1), the count of
//! frames (u32). Then each frame: the inputs; for each of the processor's steps in `device.json` the tensors that
//! it reads, then those that it writes; the outputs. A tensor is its numbers in the order channel, row, column, in
//! its own width; an input is the count of numbers that stand there (u32) and these numbers, which are
//! repeated until the tensor is full.

use std::collections::HashMap;

use super::description::{Description, Tensor as Placed};
use crate::base::error::{Error, Result, codes};
use crate::base::random::Random;
use crate::base::tensor::Tensor;
use crate::compile::Compiled;
use crate::model::qgraph::{QGraph, QValue, QValueId};
use crate::software::engine::Engine;

/// Its name in a bundle.
pub const FILE: &str = "check.bin";

const MAGIC: &[u8; 8] = b"SEIGOCHK";
const VERSION: u32 = 1;
const HEAD: usize = 16;
/// Frames of a small network.
const FRAMES: usize = 4;
/// Bytes from which on a network gets fewer frames, but at least one.
const ENOUGH: usize = 200_000;
/// Numbers of an input that are drawn; a prime, so that repeated ones meet other rows and columns.
const DRAWN: usize = 65_521;

/// One frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vector {
    /// The image buffer.
    pub image: Vec<u8>,
    /// Per step of the processor what it reads and what it writes.
    pub steps: Vec<[Vec<Vec<i32>>; 2]>,
    /// The outputs.
    pub outputs: Vec<Vec<i32>>,
}

/// Frames of a compiled network on drawn inputs, computed by the engine; as a file.
///
/// # Errors
/// Those of [`Engine::run`].
pub fn make(compiled: &Compiled, description: &Description) -> Result<Vec<u8>> {
    let mut file = MAGIC.to_vec();
    file.extend(VERSION.to_le_bytes());
    file.extend([0; 4]);
    if !compiled.uses_accelerator() {
        return Ok(file);
    }
    let engine = Engine::new(compiled.graph())?;
    let mut count = 0;
    while count < FRAMES && (count == 0 || file.len() < ENOUGH) {
        frame(compiled, description, &engine, count as u64, &mut file)?;
        count += 1;
    }
    file[HEAD - 4..HEAD].copy_from_slice(&(count as u32).to_le_bytes());
    Ok(file)
}

fn frame(
    compiled: &Compiled,
    description: &Description,
    engine: &Engine<'_>,
    number: u64,
    file: &mut Vec<u8>,
) -> Result<()> {
    let graph = compiled.graph();
    let inputs = graph.inputs.iter().enumerate();
    let inputs = inputs.map(|(index, &id)| draw(graph.value(id), number, index as u64));
    let drawn = inputs.collect::<Vec<_>>();
    let inputs = graph.inputs.iter().zip(&drawn);
    let inputs = inputs.map(|(&id, numbers)| floats(graph.value(id), numbers));
    let inputs = inputs.collect::<Result<Vec<_>>>()?;
    let mut integers = HashMap::new();
    engine.run_observed(&inputs, |id, tensor| {
        if let Some(numbers) = stored(graph.value(id), tensor)? {
            integers.insert(id, numbers);
        }
        Ok(())
    })?;
    for tensor in &description.inputs {
        let of = |id: &&QValueId| graph.value(**id).name == tensor.name;
        let place = graph.inputs.iter().position(|id| of(&id));
        let numbers = place.map_or(&[][..], |place| &drawn[place]);
        file.extend((numbers.len() as u32).to_le_bytes());
        let own = tensor.bits as usize / 8;
        numbers.iter().for_each(|number| file.extend(&number.to_le_bytes()[..own]));
    }
    let named = names(graph, &integers);
    let steps = description.steps.iter().flat_map(|step| step.reads.iter().chain(&step.writes));
    for tensor in steps.chain(&description.outputs) {
        let numbers = named.get(tensor.name.as_str()).filter(|own| own.len() == tensor.len());
        let numbers = numbers.ok_or_else(|| {
            Error::new(&codes::INTERNAL, format!("no integers for \"{}\"", tensor.name))
        })?;
        let own = tensor.bits as usize / 8;
        numbers.iter().for_each(|number| file.extend(&number.to_le_bytes()[..own]));
    }
    Ok(())
}

fn names<'a, T>(graph: &'a QGraph, integers: &'a HashMap<QValueId, T>) -> HashMap<&'a str, &'a T> {
    integers.iter().map(|(&id, numbers)| (graph.value(id).name.as_str(), numbers)).collect()
}

/// The first numbers of an input: blocks of 8 x 8 of one level each, with noise, over the whole range of int8.
fn draw(value: &QValue, frame: u64, input: u64) -> Vec<i64> {
    let extent = |axis: usize| value.shape.get(axis).copied().unwrap_or(1);
    let (height, width) = (extent(2), extent(3));
    let (rows, columns) = (height.div_ceil(8), width.div_ceil(8));
    let mut random = Random::new(frame, input);
    let count = value.len();
    let planes = count / (height * width).max(1);
    let levels: Vec<i64> =
        (0..planes * rows * columns).map(|_| random.between(-128, 127)).collect();
    let numbers = (0..count.min(DRAWN)).map(|index| {
        let (plane, pixel) = (index / (height * width), index % (height * width));
        let (row, column) = (pixel / width / 8, pixel % width / 8);
        let level = levels[(plane * rows + row) * columns + column];
        (level + random.between(-24, 24)).clamp(-128, 127)
    });
    numbers.collect()
}

/// What the network reads for integers that are repeated; for a value in float from -2 to 2.
fn floats(value: &QValue, numbers: &[i64]) -> Result<Tensor> {
    let plane: usize = value.shape.iter().skip(2).product();
    let all = (0..value.len()).map(|index| {
        let q = numbers[index % numbers.len()] as f32;
        let Some((_, scales)) = value.integer() else { return q / 64.0 };
        let scale = scales[index / plane.max(1) % scales.len()];
        (q - f32::from(scale.zero)) * f32::from(scale.exponent).exp2()
    });
    Tensor::new(&value.shape, all.collect::<Vec<f32>>())
}

/// The integers of a value as the engine carries it.
fn stored(value: &QValue, tensor: &Tensor) -> Result<Option<Vec<i64>>> {
    let Some((_, scales)) = value.integer() else { return Ok(None) };
    let plane: usize = value.shape.iter().skip(2).product();
    let carried = tensor.values::<f32>()?.iter().enumerate();
    let whole = carried.map(|(index, &number)| {
        number as i64 + i64::from(scales[index / plane.max(1) % scales.len()].zero)
    });
    Ok(Some(whole.collect()))
}

/// The frames of a file.
///
/// # Errors
/// [`codes::BUNDLE`] when it is not such a file, or not of this description.
pub fn parse(file: &[u8], description: &Description) -> Result<Vec<Vector>> {
    let wrong = |why: &str| Error::new(&codes::BUNDLE, format!("{FILE} {why}"));
    let word = |at: usize| file.get(at..at + 4).map(|own| [own[0], own[1], own[2], own[3]]);
    if file.get(..8) != Some(MAGIC) || word(8).map(u32::from_le_bytes) != Some(VERSION) {
        return Err(wrong("is no file of check vectors of this version"));
    }
    let count = word(12).map_or(0, u32::from_le_bytes);
    let mut rest = file.get(HEAD..).ok_or_else(|| wrong("is cut off"))?;
    // A frame takes at least a byte.
    if count as usize > rest.len() {
        return Err(wrong("is cut off"));
    }
    let mut vectors = Vec::new();
    for _ in 0..count {
        let image = image(&mut rest, description).ok_or_else(|| wrong("is cut off"))?;
        let mut tensors = |placed: &[Placed]| -> Option<Vec<Vec<i32>>> {
            placed.iter().map(|tensor| numbers(&mut rest, tensor)).collect()
        };
        let mut steps = Vec::new();
        for step in &description.steps {
            let both = tensors(&step.reads).zip(tensors(&step.writes));
            steps.push(both.map(|(reads, writes)| [reads, writes]));
        }
        let outputs = tensors(&description.outputs);
        let steps: Option<Vec<_>> = steps.into_iter().collect();
        let (steps, outputs) = steps.zip(outputs).ok_or_else(|| wrong("is cut off"))?;
        vectors.push(Vector { image, steps, outputs });
    }
    match rest.is_empty() {
        true => Ok(vectors),
        false => Err(wrong("is longer than its frames")),
    }
}

/// The image buffer of the inputs.
fn image(rest: &mut &[u8], description: &Description) -> Option<Vec<u8>> {
    let mut buffer = vec![0; description.buffers.image as usize];
    for tensor in &description.inputs {
        let count = take(rest, 4)?.try_into().map(u32::from_le_bytes).ok()? as usize;
        let own = tensor.bits as usize / 8;
        let drawn = whole(take(rest, count.checked_mul(own)?)?, own);
        if drawn.is_empty() {
            return None;
        }
        let numbers: Vec<i32> = drawn.iter().copied().cycle().take(tensor.len()).collect();
        tensor.pack(&numbers, &mut buffer).ok()?;
    }
    Some(buffer)
}

fn take<'a>(rest: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (taken, left) = rest.split_at_checked(count)?;
    *rest = left;
    Some(taken)
}

fn numbers(rest: &mut &[u8], tensor: &Placed) -> Option<Vec<i32>> {
    let own = tensor.bits as usize / 8;
    take(rest, tensor.len() * own).map(|bytes| whole(bytes, own))
}

/// Numbers of `own` bytes each.
fn whole(bytes: &[u8], own: usize) -> Vec<i32> {
    let number = |chunk: &[u8]| {
        let mut word = [0; 4];
        word[4 - own..].copy_from_slice(chunk);
        i32::from_le_bytes(word) >> (32 - 8 * own)
    };
    bytes.chunks_exact(own).map(number).collect()
}
