//! What runs a design on its board: device tree overlay, boot image, description for PYNQ.
//!
//! | file | what |
//! |---|---|
//! | `board/seigo.dtso` | device tree overlay: bitstream, clock, registers by UIO, memory by u-dma-buf |
//! | `board/seigo.bif` | bootgen's recipe for the bitstream in the form that the kernel takes |
//! | `board/shell.json` | for `xmutil` of Kria; other boards have none |
//! | `board/seigo.hwh` | description for PYNQ: registers, clock, addresses |
//! | `board/Makefile` | makes `seigo.bit.bin` and `seigo.dtbo` of them and of the bitstream |

mod hwh;
mod overlay;

use crate::compile::Compiled;
use crate::compile::boards::board::Name;

/// Buffers that are in use at a time: an image comes in while another one is computed and a third one's outputs leave.
const SLOTS: u64 = 3;
/// The shared memory is whole pieces of this size, which every kernel's contiguous memory allocator serves.
const PIECE: u64 = 16 << 20;

/// Every file by its path in the bundle; none where no board is known.
pub fn files(compiled: &Compiled) -> Vec<(String, String)> {
    let target = compiled.target();
    let Some(board) = target.board.board() else { return Vec::new() };
    let overlay = overlay::text(board, target.clock_mhz, memory(compiled));
    let mut files = vec![
        ("seigo.dtso", overlay),
        ("seigo.bif", BIF.to_owned()),
        ("seigo.hwh", hwh::text(board, target.clock_mhz)),
        ("Makefile", makefile(compiled)),
    ];
    if target.board == Name::Kv260 {
        files.push(("shell.json", SHELL.to_owned()));
    }
    files.into_iter().map(|(name, text)| (format!("board/{name}"), text)).collect()
}

/// Bytes that processor and accelerator share: program, scratch, buffers of the frames under way.
fn memory(compiled: &Compiled) -> u64 {
    let pages = |bytes: u64| bytes.next_multiple_of(4_096).max(4_096);
    let buffers = compiled.program.buffers;
    let once = pages(compiled.program.stream.len() as u64) + pages(buffers.scratch);
    let each = pages(buffers.image) + pages(buffers.output);
    (once + SLOTS * each).next_multiple_of(PIECE)
}

/// One bitstream and nothing else.
const BIF: &str = "all: { seigo.bit }\n";

/// A design that takes the whole fabric and has no region of its own.
const SHELL: &str = "{\n  \"shell_type\": \"PL_FLAT\",\n  \"num_slots\": \"1\"\n}\n";

fn makefile(compiled: &Compiled) -> String {
    let target = compiled.target();
    let (arch, hz) = match target.board.board() {
        Some(board) => (board.processor.boot, board.processor.clock_hz(target.clock_mhz)),
        None => ("", 0),
    };
    include_str!("templates/Makefile").replace("@ARCH@", arch).replace("@HZ@", &hz.to_string())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::compile::CompileOptions;
    use crate::compile::boards::Target;
    use crate::model::ceras::Model;

    fn compile(target: &Target) -> Compiled {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/colors.ceras");
        Compiled::new(Model::load(&path).unwrap(), target, CompileOptions::default()).unwrap()
    }

    #[test]
    fn a_target_without_a_board_has_nothing_to_load() {
        let mut target = Target::load("kv260").unwrap();
        let names = |target: &Target| {
            let files = files(&compile(target)).into_iter();
            files.map(|(name, _)| name).collect::<Vec<_>>()
        };
        assert!(names(&target).contains(&"board/shell.json".to_owned()));
        target.board = Name::None;
        assert!(names(&target).is_empty());
        assert_eq!(names(&Target::load("ultra96").unwrap()).len(), 4);
    }

    /// The program, the scratch buffer and three frames' buffers fit.
    #[test]
    fn the_shared_memory_holds_the_frames_under_way() {
        let mut compiled = compile(&Target::load("kv260").unwrap());
        assert_eq!(memory(&compiled), PIECE);
        compiled.program.buffers.image = PIECE;
        assert_eq!(memory(&compiled), 4 * PIECE);
        compiled.program.buffers.scratch = 1;
        assert_eq!(memory(&compiled), 4 * PIECE);
    }

    #[test]
    fn every_field_of_the_makefile_is_filled() {
        let text = makefile(&compile(&Target::load("zynq7020").unwrap()));
        assert!(text.contains("bootgen -arch zynq -process"), "{text}");
        assert!(!text.contains("@HZ@") && !text.contains("@ARCH@"), "{text}");
    }
}
