//! The way to an accelerator on a board: registers and interrupt by UIO, memory by u-dma-buf.
//!
//! Kernel documentation: "The Userspace I/O HOWTO"; u-dma-buf: its readme (github.com/ikwzm/udmabuf).

use std::fs::{self, File, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::control::Registers;
use super::map::Map;
use super::transport::{Memory, Transport};
use crate::base::error::{Error, Place as _, Result, codes};
use crate::compile::border::registers::{Register, WINDOW};

/// Names of the devices, and where they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    /// The folder with `dev` and `sys`: `/`, or another one for tests.
    pub root: PathBuf,
    /// Name of the UIO device, as in `/sys/class/uio/uioN/name`.
    pub uio: String,
    /// Name of the u-dma-buf device, as in `/sys/class/u-dma-buf`.
    pub memory: String,
}

impl Default for Places {
    fn default() -> Self {
        Self { root: "/".into(), uio: "seigo".to_owned(), memory: "seigo".to_owned() }
    }
}

/// An accelerator on this board.
#[derive(Debug)]
pub struct Uio {
    interrupt: File,
    registers: Map,
    buffer: Buffer,
}

/// The u-dma-buf.
#[derive(Debug)]
struct Buffer {
    memory: Memory,
    map: Map,
    /// The files that clean and invalidate caches; none where the port is coherent.
    sync: Option<[PathBuf; 2]>,
}

fn failed(what: &Path) -> impl FnOnce(io::Error) -> Error {
    let message = format!("cannot open {}", what.display());
    |error| Error::new(&codes::DEVICE_OPEN, message).caused_by(error)
}

impl Uio {
    /// Opens the devices of these names.
    ///
    /// # Errors
    /// [`codes::DEVICE_OPEN`] naming the file that is missing, or when another driver holds the device.
    pub fn open(places: &Places) -> Result<Self> {
        let device = find(places)?;
        let interrupt = File::options().read(true).write(true).open(&device);
        let interrupt = interrupt.map_err(failed(&device))?;
        match interrupt.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let message = format!("another driver holds {}", device.display());
                return Err(Error::new(&codes::DEVICE_OPEN, message).help("end it first"));
            }
            Err(TryLockError::Error(error)) => return Err(failed(&device)(error)),
        }
        let registers = Map::new(&interrupt, WINDOW as usize).map_err(failed(&device))?;
        Ok(Self { interrupt, registers, buffer: Buffer::open(places)? })
    }
}

/// The device file of the UIO device with the name.
fn find(places: &Places) -> Result<PathBuf> {
    let class = places.root.join("sys/class/uio");
    let entries = fs::read_dir(&class).map_err(failed(&class))?;
    for entry in entries.flatten() {
        let name = fs::read_to_string(entry.path().join("name")).unwrap_or_default();
        if name.trim() == places.uio {
            return Ok(places.root.join("dev").join(entry.file_name()));
        }
    }
    let message = format!("no device in {} has the name \"{}\"", class.display(), places.uio);
    Err(Error::new(&codes::DEVICE_OPEN, message))
}

impl Buffer {
    fn open(places: &Places) -> Result<Self> {
        let class = places.root.join("sys/class/u-dma-buf").join(&places.memory);
        let number = |name: &str| -> Result<u64> {
            let path = class.join(name);
            let text = fs::read_to_string(&path).map_err(failed(&path))?;
            let text = text.trim();
            let number = match text.strip_prefix("0x") {
                Some(digits) => u64::from_str_radix(digits, 16),
                None => text.parse(),
            };
            number.map_err(|error| {
                Error::new(&codes::DEVICE_OPEN, format!("{}: \"{text}\": {error}", path.display()))
            })
        };
        let memory = Memory { address: number("phys_addr")?, bytes: number("size")? };
        let device = places.root.join("dev").join(&places.memory);
        // Without O_SYNC: cached, with the maintenance below.
        let file = File::options().read(true).write(true).open(&device);
        let map = Map::new(&file.map_err(failed(&device))?, memory.bytes as usize);
        let map = map.map_err(failed(&device))?;
        let coherent = number("dma_coherent")? != 0;
        let files = ["sync_for_device", "sync_for_cpu"].map(|name| class.join(name));
        Ok(Self { memory, map, sync: (!coherent).then_some(files) })
    }

    /// Hands bytes to the device (0) or back to the processor (1).
    fn sync(&self, to: usize, offset: u64, bytes: usize) -> Result<()> {
        let Some(files) = &self.sync else { return Ok(()) };
        // Offset and size in one number, so that nothing else changes between two writes; whole cache lines.
        let start = offset & !63;
        let size = (offset + bytes as u64).next_multiple_of(64) - start;
        // Direction 1 is to the device, 2 from it; bit 0 asks for it.
        let order = start << 32 | size | (to as u64 + 1) << 2 | 1;
        let write = File::options().write(true).open(&files[to]);
        write.and_then(|mut file| file.write_all(format!("{order:#018x}").as_bytes())).map_err(
            |error| {
                let message = format!("cannot write {}", files[to].display());
                Error::new(&codes::DEVICE_OPEN, message).caused_by(error)
            },
        )
    }
}

impl Registers for Uio {
    fn read(&mut self, register: Register) -> Result<u32> {
        Ok(self.registers.register(register.offset as usize))
    }

    fn write(&mut self, register: Register, value: u32) -> Result<()> {
        self.registers.set_register(register.offset as usize, value);
        Ok(())
    }
}

impl Transport for Uio {
    fn memory(&self) -> Memory {
        self.buffer.memory
    }

    fn put(&mut self, offset: u64, bytes: &[u8]) -> Result<()> {
        self.buffer.map.write(offset as usize, bytes);
        self.buffer.sync(0, offset, bytes.len())
    }

    fn get(&mut self, offset: u64, into: &mut [u8]) -> Result<()> {
        self.buffer.sync(1, offset, into.len())?;
        self.buffer.map.read(offset as usize, into);
        Ok(())
    }

    fn wait(&mut self, timeout: Duration) -> Result<bool> {
        let failed = |error: io::Error| {
            Error::new(&codes::DEVICE_OPEN, "the interrupt of the UIO device fails")
                .caused_by(error)
        };
        // The kernel masks the line when it comes; 1 lets it through again.
        (&self.interrupt).write_all(&1u32.to_ne_bytes()).map_err(failed)?;
        let time = Timespec::try_from(timeout).map_err(|error| {
            Error::new(&codes::INTERNAL, format!("a time-out of {timeout:?}: {error}"))
        })?;
        let mut files = [PollFd::new(&self.interrupt, PollFlags::IN)];
        if poll(&mut files, Some(&time)).map_err(|error| failed(error.into()))? == 0 {
            return Ok(false);
        }
        let mut count = [0; 4];
        (&self.interrupt).read_exact(&mut count).map_err(failed)?;
        Ok(true)
    }
}

impl Uio {
    /// Opens the board's devices by their default names.
    ///
    /// # Errors
    /// Those of [`Uio::open`].
    pub fn board() -> Result<Self> {
        Self::open(&Places::default()).at(|| "the accelerator of this board".to_owned())
    }
}
