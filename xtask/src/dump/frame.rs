//! Writes what a Verilog testbench needs to run one frame of a bundle and to check it: the program, an image, the
//! output buffer that the reference expects, which of its bits hold numbers, and where all of it lies in memory.
//!
//! The image is random (the same for the same seed): every byte from 0 to 255. Files are read by `$readmemh`, one
//! beat of 16 bytes a line; `frame.vh` has the sizes (sim/icarus/frame_tb.v).

use std::fmt::Write as _;
use std::path::Path;

use seigo::base::error::Result;
use seigo::base::files;
use seigo::base::tensor::Tensor;
use seigo::compile::program::format::tensors;
use seigo::compile::schedule::rows;
use seigo::emit::bundle;
use seigo::verify::cosim::Verifier;

/// A beat carries a word.
const BEAT: usize = seigo::compile::capabilities::WORD;
const PAGE: usize = 4096;

/// Writes them for the bundle in a folder.
///
/// # Errors
/// Those of opening the bundle, of the reference and of writing a file.
pub fn run(bundle: &Path, folder: &Path, seed: u64) -> Result<()> {
    let compiled = bundle::open(bundle)?;
    let verifier = Verifier::new(&compiled);
    let graph = &compiled.model.graph;
    let mut random = pixels_of(seed);
    let mut inputs = Vec::new();
    for &input in &graph.inputs {
        let value = graph.value(input);
        let pixels = (0..value.len()).map(|_| random()).collect();
        inputs.push(Tensor::new(&value.shape, pixels)?);
    }
    let values = verifier.values(&inputs)?;
    let buffers = verifier.buffers(&values)?;

    let mut expected = vec![0; buffers.output];
    let mut mask = vec![0; buffers.output];
    for leaving in &compiled.schedule().leaving {
        let stored = &rows::whole(graph, &compiled.schedule().stored[leaving.stored.0]);
        let numbers = values.integers.get(&leaving.value).map_or(&[][..], Vec::as_slice);
        let at = leaving.offset as usize;
        for (buffer, numbers) in [(&mut expected, numbers), (&mut mask, &vec![-1; numbers.len()])] {
            let bytes = tensors::pack(stored, &compiled.design, numbers);
            buffer[at..at + bytes.len()].copy_from_slice(&bytes);
        }
    }

    let mut text = String::from("// Written by xtask dump-frame.\n");
    let mut base = 0;
    for (name, length) in [
        ("STREAM", buffers.stream.len()),
        ("IMAGE", buffers.image.len()),
        ("OUTPUT", buffers.output),
        ("SCRATCH", buffers.scratch),
    ] {
        let _ = writeln!(text, "localparam [31:0] {name}_BASE = {base};");
        let _ = writeln!(text, "localparam [31:0] {name}_BEATS = {};", length.div_ceil(BEAT));
        base += length.next_multiple_of(PAGE).max(PAGE);
    }
    let _ = writeln!(text, "localparam [31:0] MEMORY_BYTES = {base};");
    files::write(&folder.join("frame.vh"), text.as_bytes())?;
    files::write(&folder.join("stream.hex"), hex(&buffers.stream).as_bytes())?;
    files::write(&folder.join("image.hex"), hex(&buffers.image).as_bytes())?;
    files::write(&folder.join("expected.hex"), hex(&expected).as_bytes())?;
    files::write(&folder.join("mask.hex"), hex(&mask).as_bytes())
}

/// Random pixels, 0 to 255 (xorshift*, Vigna 2016).
fn pixels_of(seed: u64) -> impl FnMut() -> f32 {
    let mut state = seed.wrapping_mul(2).wrapping_add(1);
    move || {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        (state.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 56) as f32
    }
}

/// Beats as hexadecimal numbers, the first byte lowest.
fn hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    for beat in bytes.chunks(BEAT) {
        for at in (0..BEAT).rev() {
            let _ = write!(text, "{:02x}", beat.get(at).copied().unwrap_or(0));
        }
        text.push('\n');
    }
    text
}
