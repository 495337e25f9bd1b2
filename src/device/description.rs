//! `device.json` of a bundle: what a driver in any language has to know of a program.

mod check;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::base::arithmetic::saturate;
use crate::base::error::{Error, Result, codes};
use crate::base::files::sha256;
use crate::base::json::{self, Form, FormatOf, VersionOf};
use crate::compile::Compiled;
use crate::compile::border::registers::VERSION_VALUE;
use crate::compile::border::status::Cause;
use crate::compile::capabilities::{WORD, image_pitch};
use crate::compile::program::buffers;
use crate::compile::program::format::tensors;
use crate::compile::program::predict::{READ_LATENCY, predict};
use crate::compile::schedule::{Buffer, CHANNELS, StoredId, Transfer, Work, rows};
use crate::model::qgraph::{Operand, QValueId, Scale};
use crate::vision::task::{ColorOrder, Resize, TaskSpec};

/// Its name in a bundle.
pub const FILE: &str = "device.json";

/// What a driver has to know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Description {
    /// `seigo-device`.
    pub format: FormatOf<Self>,
    /// Version of this form.
    pub version: VersionOf<Self>,
    /// Name of the network.
    pub network: String,
    /// Name of the target.
    pub target: String,
    /// What the register Version has to read.
    pub register_map: u32,
    /// What the registers HashHigh and HashLow have to read: 16 hexadecimal digits.
    pub design: String,
    /// The program.
    pub program: ProgramFile,
    /// Bytes of the other buffers in DDR.
    pub buffers: Sizes,
    /// What the driver writes into the image buffer.
    pub inputs: Vec<Tensor>,
    /// How a picture becomes the input; null for a model without a task, or with another input.
    pub picture: Option<Picture>,
    /// What the accelerator leaves in the output buffer.
    pub outputs: Vec<Tensor>,
    /// The processor's steps within a frame.
    pub steps: Vec<Step>,
    /// Layers of the processor behind the last pass.
    pub tail: Vec<String>,
    /// Names of the passes in order, for errors.
    pub passes: Vec<String>,
    /// What a frame should take.
    pub predicted: Predicted,
}

impl Form for Description {
    const FORMAT: &'static str = "seigo-device";
    const VERSION: u32 = 1;
}

/// The program in the bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProgramFile {
    /// Its file.
    pub file: String,
    /// Its bytes: a multiple of 32.
    pub bytes: u64,
    /// SHA-256 of the file.
    pub sha256: String,
}

/// Bytes of buffers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sizes {
    /// The image, or the input tensors.
    pub image: u64,
    /// The outputs.
    pub output: u64,
    /// What the processor exchanges within a frame.
    pub scratch: u64,
}

/// How a tensor's bytes are ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// Rows of `pitch` bytes; in a row pixels, in a pixel channels; a byte is the integer + 128.
    Pixels,
    /// Planes of `pitch` bytes with 16 slots; in a plane pixels of 16 numbers; a number is `bits` wide,
    /// little-endian, two's complement.
    Planes,
}

/// A tensor in a buffer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tensor {
    /// Name of the value in the network.
    pub name: String,
    /// How its bytes are ordered.
    pub order: Order,
    /// Channels of the value.
    pub channels: usize,
    /// Rows.
    pub height: usize,
    /// Pixels of a row.
    pub width: usize,
    /// Bits of a number: 8, 16 or 32.
    pub bits: u32,
    /// Its first byte in the buffer.
    pub offset: u64,
    /// Its bytes in the buffer.
    pub bytes: u64,
    /// Bytes from a row (pixels) or a plane (planes) to the next.
    pub pitch: u64,
    /// Per slot of the planes its channel, -1 for padding; empty for pixels.
    pub slots: Vec<i32>,
    /// Per channel: a step of the integer is 2 to this power.
    pub exponents: Vec<i8>,
    /// Per channel: the integer that stands for 0.
    pub zeros: Vec<i8>,
}

/// How a picture of 8 bits becomes the network's one input: `input[c] = tables[c][pixel[c]]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Picture {
    /// Which channels of a picture the network reads, in which order.
    pub color: ColorOrder,
    /// How the task fits a picture of another size; a driver takes pictures of the network's own.
    pub resize: Resize,
    /// Value of the pixels around a picture that is fitted.
    pub pad: u8,
    /// Per channel of the network the integer for every value of a pixel.
    pub tables: Vec<Vec<i32>>,
}

/// A step of the processor within a frame.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// What the field Running of the register Pass reads while the accelerator waits for it.
    pub pass: u16,
    /// Layers to compute.
    pub layers: Vec<String>,
    /// What they read in the scratch buffer.
    pub reads: Vec<Tensor>,
    /// What they have to leave there.
    pub writes: Vec<Tensor>,
}

/// What the cost model says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Predicted {
    /// Cycles of a frame.
    pub cycles: u64,
    /// Stall cycles among them, by cause.
    pub stalls: BTreeMap<String, u64>,
}

impl Description {
    /// Reads the JSON form; every place of every tensor is in its buffer.
    ///
    /// # Errors
    /// [`codes::BUNDLE`] naming the field or the tensor.
    pub fn from_json(text: &str) -> Result<Self> {
        let wrong = |error: json::Wrong| Error::new(&codes::BUNDLE, format!("{FILE}: {error}"));
        let found = json::parse(text).map_err(wrong)?;
        check::check(&found)?;
        Ok(found)
    }

    /// That of a compiled network whose hardware has the hash `design`.
    ///
    /// # Errors
    /// Those of [`predict`].
    pub fn of(compiled: &Compiled, design: &str) -> Result<Self> {
        let (schedule, program) = (compiled.schedule(), &compiled.program);
        let leaving = schedule.leaving.iter();
        let names = |layers: &[usize]| -> Vec<String> {
            layers.iter().map(|&index| compiled.graph().layers[index].name.clone()).collect()
        };
        let predicted = predict(&program.stream, &compiled.design, READ_LATENCY)?;
        let stalls = Cause::COUNTED.into_iter().map(|(cause, _)| {
            let cycles = predicted.iter().map(|pass| pass.stalls[cause as usize]).sum();
            (cause.name().to_owned(), cycles)
        });
        Ok(Self {
            format: FormatOf::default(),
            version: VersionOf::default(),
            network: compiled.graph().name.clone(),
            target: compiled.target().name.clone(),
            register_map: VERSION_VALUE,
            design: design.to_owned(),
            program: ProgramFile {
                file: "program.bin".to_owned(),
                bytes: program.stream.len() as u64,
                sha256: sha256(&program.stream),
            },
            buffers: Sizes {
                image: program.buffers.image,
                output: program.buffers.output,
                scratch: program.buffers.scratch,
            },
            inputs: inputs(compiled),
            picture: picture(compiled),
            outputs: leaving.map(|own| planes(compiled, own.stored, own.offset)).collect(),
            steps: (0..schedule.passes.len()).filter_map(|pass| step(compiled, pass)).collect(),
            tail: names(&schedule.tail),
            passes: program.entries.iter().map(|entry| entry.name.clone()).collect(),
            predicted: Predicted {
                cycles: predicted.iter().map(|pass| pass.cycles).sum(),
                stalls: stalls.collect(),
            },
        })
    }
}

/// That of the model's task, where the network has one input and it is of int8 or int16.
fn picture(compiled: &Compiled) -> Option<Picture> {
    let graph = compiled.graph();
    let &[id] = &graph.inputs[..] else { return None };
    let task = compiled.model.meta.task.clone()?;
    let input = serde_json::from_value::<TaskSpec>(task).ok()?.input;
    let (width, scales) = graph.value(id).integer()?;
    if scales.len() != input.color.channels() {
        return None;
    }
    let tables = scales.iter().enumerate().map(|(channel, scale)| {
        let table = input.normalized(channel).into_iter().map(|number| {
            let q =
                graph.rounding.quantize(number.into(), scale.exponent.into(), scale.zero.into());
            saturate(q, width.bits()) as i32
        });
        table.collect()
    });
    let tables = tables.collect();
    Some(Picture { color: input.color, resize: input.resize, pad: input.pad, tables })
}

/// What the passes read in the image buffer, each tensor once.
fn inputs(compiled: &Compiled) -> Vec<Tensor> {
    let mut inputs: Vec<Tensor> = Vec::new();
    for work in compiled.schedule().passes.iter().map(|pass| &pass.work) {
        let tensor = match (work, buffers::streamed(work)) {
            (_, Some(id)) => pixels(compiled, id),
            (Work::Transfer(own), None) if own.buffer == Buffer::Image => {
                planes(compiled, own.stored, own.offset)
            }
            _ => continue,
        };
        if !inputs.contains(&tensor) {
            inputs.push(tensor);
        }
    }
    inputs
}

/// A step of the processor, where the pass is one.
fn step(compiled: &Compiled, index: usize) -> Option<Step> {
    let (graph, passes) = (compiled.graph(), &compiled.schedule().passes);
    let Work::Processor { layers } = &passes[index].work else { return None };
    let operands = |&layer: &usize| graph.layers[layer].inputs.iter().flatten();
    let read: Vec<QValueId> = layers.iter().flat_map(operands).filter_map(Operand::value).collect();
    let made = layers.iter().flat_map(|&layer| &graph.layers[layer].outputs);
    let made: Vec<QValueId> = made.copied().collect();
    let transfers = |range: std::ops::Range<usize>, to_memory: bool, among: &[QValueId]| {
        let own = passes[range].iter().filter_map(|pass| match &pass.work {
            Work::Transfer(own) if own.to_memory == to_memory && own.buffer == Buffer::Scratch => {
                Some(own)
            }
            _ => None,
        });
        let value = |own: &Transfer| compiled.schedule().stored[own.stored.0].value;
        let own = own.filter(|own| among.contains(&value(own)));
        // Strips of a tensor are one tensor in DDR.
        let mut tensors: Vec<Tensor> = Vec::new();
        for own in own.map(|own| planes(compiled, own.stored, own.offset)) {
            if !tensors.contains(&own) {
                tensors.push(own);
            }
        }
        tensors
    };
    Some(Step {
        pass: index as u16,
        layers: layers.iter().map(|&layer| graph.layers[layer].name.clone()).collect(),
        reads: transfers(0..index, false, &read),
        writes: transfers(index..passes.len(), true, &made),
    })
}

/// The scales of a value; floats have none.
fn scales(compiled: &Compiled, id: QValueId) -> (Vec<i8>, Vec<i8>) {
    let scales: &[Scale] = compiled.graph().value(id).integer().map_or(&[], |(_, scales)| scales);
    scales.iter().map(|scale| (scale.exponent, scale.zero)).unzip()
}

fn pixels(compiled: &Compiled, id: QValueId) -> Tensor {
    let value = compiled.graph().value(id);
    let [channels, height, width] = buffers::flat(compiled.graph(), id);
    let pitch = image_pitch(width, channels);
    let (mut exponents, mut zeros) = scales(compiled, id);
    // Pixels with the channels last have one scale.
    exponents.truncate(channels);
    zeros.truncate(channels);
    Tensor {
        name: value.name.clone(),
        order: Order::Pixels,
        channels,
        height,
        width,
        bits: 8,
        offset: 0,
        bytes: (pitch * height) as u64,
        pitch: pitch as u64,
        slots: Vec::new(),
        exponents,
        zeros,
    }
}

fn planes(compiled: &Compiled, id: StoredId, offset: u64) -> Tensor {
    let stored = rows::whole(compiled.graph(), &compiled.schedule().stored[id.0]);
    let bytes = tensors::words(&stored, &compiled.design) * WORD;
    let (exponents, zeros) = scales(compiled, stored.value);
    Tensor {
        name: compiled.graph().value(stored.value).name.clone(),
        order: Order::Planes,
        channels: stored.slots.iter().flatten().max().map_or(0, |channel| channel + 1),
        height: stored.height,
        width: stored.width,
        bits: stored.format.bits(),
        offset,
        bytes: bytes as u64,
        pitch: (bytes / (stored.slots.len() / CHANNELS).max(1)) as u64,
        slots: stored.slots.iter().map(|slot| slot.map_or(-1, |channel| channel as i32)).collect(),
        exponents,
        zeros,
    }
}

impl Tensor {
    /// How many numbers it has.
    pub fn len(&self) -> usize {
        self.channels * self.height * self.width
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Byte in the buffer of every number, with its index in the order channel, row, column.
    fn places(&self) -> Vec<(usize, usize)> {
        let (pixels, pitch) = (self.height * self.width, self.pitch as usize);
        let start = self.offset as usize;
        let mut places = Vec::with_capacity(self.len());
        match self.order {
            Order::Pixels => {
                for index in 0..self.len() {
                    let (channel, row) = (index / pixels, index % pixels / self.width);
                    let column = index % self.width;
                    places.push((start + row * pitch + column * self.channels + channel, index));
                }
            }
            Order::Planes => {
                let own = self.bits as usize / 8;
                for (slot, &channel) in self.slots.iter().enumerate() {
                    let Ok(channel) = usize::try_from(channel) else { continue };
                    let first = start + slot / CHANNELS * pitch + slot % CHANNELS * own;
                    let place = |pixel| (first + pixel * own * CHANNELS, channel * pixels + pixel);
                    places.extend((0..pixels).map(place));
                }
            }
        }
        places
    }

    /// Puts numbers, in the order channel, row, column, into a buffer.
    ///
    /// # Errors
    /// [`codes::SHAPE`] for another count of numbers, or a buffer that is too small.
    pub fn pack(&self, numbers: &[i32], buffer: &mut [u8]) -> Result<()> {
        self.fits(numbers.len(), buffer.len())?;
        let own = self.bits as usize / 8;
        for (byte, index) in self.places() {
            let number = match self.order {
                Order::Pixels => numbers[index].wrapping_add(128),
                Order::Planes => numbers[index],
            };
            buffer[byte..byte + own].copy_from_slice(&number.to_le_bytes()[..own]);
        }
        Ok(())
    }

    /// The numbers, in the order channel, row, column, from a buffer.
    ///
    /// # Errors
    /// [`codes::SHAPE`] for a buffer that is too small.
    pub fn unpack(&self, buffer: &[u8]) -> Result<Vec<i32>> {
        self.fits(self.len(), buffer.len())?;
        let own = self.bits as usize / 8;
        let mut numbers = vec![0; self.len()];
        for (byte, index) in self.places() {
            let mut bytes = [0; 4];
            bytes[4 - own..].copy_from_slice(&buffer[byte..byte + own]);
            numbers[index] = match self.order {
                Order::Pixels => i32::from(buffer[byte]) - 128,
                Order::Planes => i32::from_le_bytes(bytes) >> (32 - self.bits),
            };
        }
        Ok(numbers)
    }

    fn fits(&self, numbers: usize, buffer: usize) -> Result<()> {
        if numbers == self.len() && (self.offset + self.bytes) as usize <= buffer {
            return Ok(());
        }
        let message = format!(
            "\"{}\" has {} numbers in {} bytes from {} on; {numbers} numbers and a buffer of {buffer} bytes \
             are given",
            self.name,
            self.len(),
            self.bytes,
            self.offset
        );
        Err(Error::new(&codes::SHAPE, message))
    }
}
