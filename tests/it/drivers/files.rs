//! The Rust driver's way to a board, in a folder of files that stands for `/dev` and `/sys`.

use std::fs;
use std::path::PathBuf;

use seigo::compile::border::registers as r;
use seigo::device::control::Registers as _;
use seigo::device::{Driver, Memory, Options, Places, Transport as _, Uio};
use seigo::emit::bundle;
use tempfile::TempDir;

/// Registers that hold what is written, memory of 1 MiB.
struct Board(TempDir);

impl Board {
    fn new(design: &str) -> Self {
        let board = Self(tempfile::tempdir().unwrap());
        for folder in
            ["dev", "sys/class/uio/uio0", "sys/class/uio/uio4", "sys/class/u-dma-buf/seigo"]
        {
            fs::create_dir_all(board.path(folder)).unwrap();
        }
        let mut registers = vec![0; r::WINDOW as usize];
        let hash = u64::from_str_radix(design, 16).unwrap();
        let at = |register: r::Register| register.offset as usize;
        registers[at(r::VERSION)] = r::VERSION_VALUE as u8;
        registers[at(r::HASH_LOW)..][..8].copy_from_slice(&hash.to_le_bytes());
        for (name, content) in [
            ("dev/uio4", &registers[..]),
            ("dev/seigo", &[0; 1 << 20]),
            ("sys/class/uio/uio0/name", b"another\n"),
            ("sys/class/uio/uio4/name", b"seigo\n"),
            ("sys/class/u-dma-buf/seigo/phys_addr", b"0x870000000\n"),
            ("sys/class/u-dma-buf/seigo/size", b"1048576\n"),
            ("sys/class/u-dma-buf/seigo/dma_coherent", b"0\n"),
            ("sys/class/u-dma-buf/seigo/sync_for_device", b""),
            ("sys/class/u-dma-buf/seigo/sync_for_cpu", b""),
        ] {
            fs::write(board.path(name), content).unwrap();
        }
        board
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn open(&self) -> seigo::Result<Uio> {
        Uio::open(&Places { root: self.0.path().to_owned(), ..Places::default() })
    }
}

#[test]
fn uio_and_u_dma_buf_are_found_by_name_and_caches_handed_over_by_lines() {
    let bench = super::bench();
    let compiled = bundle::open(&bench.path("bundle")).unwrap();
    let design = bundle::describe(&compiled).unwrap().design;
    let board = Board::new(&design);
    let mut device = board.open().unwrap();
    assert_eq!(device.memory(), Memory { address: 0x8_7000_0000, bytes: 1 << 20 });
    device.write(r::COUNT, 0x1234_5678).unwrap();
    assert_eq!(device.read(r::COUNT).unwrap(), 0x1234_5678);
    device.put(4096 + 70, &[7; 100]).unwrap();
    let sync = |name: &str| {
        fs::read_to_string(board.path("sys/class/u-dma-buf/seigo").join(name)).unwrap()
    };
    // From 4096 + 64 to 4096 + 192: 128 bytes, to the device.
    assert_eq!(sync("sync_for_device"), "0x0000104000000085");
    let mut byte = [0];
    device.get(4096 + 70, &mut byte).unwrap();
    assert_eq!((byte, &*sync("sync_for_cpu")), ([7], "0x0000104000000049"));
    assert!(board.open().unwrap_err().to_string().contains("another driver holds"));
    drop(device);
    let driver = Driver::open(&bench.path("bundle"), board.open().unwrap(), Options::default());
    drop(driver.unwrap());
    assert!(fs::read(board.path("dev/seigo")).unwrap().starts_with(&compiled.program.stream));
    let other = Board::new("0123456789abcdef");
    let error = Driver::open(&bench.path("bundle"), other.open().unwrap(), Options::default());
    assert_eq!(error.unwrap_err().code().id, "SG1202");
}

#[test]
fn what_is_missing_on_a_board_is_named() {
    for name in ["dev/uio4", "dev/seigo", "sys/class/u-dma-buf/seigo/phys_addr", "sys/class/uio"] {
        let board = Board::new("0");
        let path = board.path(name);
        if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) }.unwrap();
        let error = board.open().unwrap_err();
        assert_eq!(error.code().id, "SG1201", "{error}");
        assert!(error.message().contains(name), "{name}: {error}");
    }
    let board = Board::new("0");
    fs::write(board.path("sys/class/uio/uio4/name"), "third\n").unwrap();
    assert!(board.open().unwrap_err().message().contains("no device"));
}
