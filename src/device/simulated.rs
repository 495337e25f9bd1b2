//! The way to a simulated accelerator in another process (`seigo device`): a socket and a memory file.

use std::fs::File;
use std::io;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::control::Registers;
use super::mailbox::{self, Operation, Outcome, Reply, Request};
use super::map::Map;
use super::transport::{Memory, Transport};
use crate::base::error::{Error, Result, codes};
use crate::compile::border::registers::Register;

/// The simulation must answer within this time, beyond what it was asked to wait.
const PATIENCE: Duration = Duration::from_secs(60);

/// A connection to a simulated accelerator.
#[derive(Debug)]
pub struct Simulated {
    socket: UnixStream,
    path: PathBuf,
    memory: Memory,
    map: Map,
}

impl Simulated {
    /// Connects to the device at `path`.
    ///
    /// # Errors
    /// [`codes::DEVICE_OPEN`] when there is none, or another driver holds it.
    pub fn open(path: &Path) -> Result<Self> {
        let failed = |error: io::Error| {
            let message = format!("cannot open the simulated device {}", path.display());
            Error::new(&codes::DEVICE_OPEN, message)
                .help("start it with `seigo device BUNDLE --socket PATH`")
                .caused_by(error)
        };
        let mut socket = UnixStream::connect(path).map_err(failed)?;
        socket.set_read_timeout(Some(PATIENCE)).map_err(failed)?;
        let hello = ask(&mut socket, Operation::Hello, 0, 0).map_err(failed)?;
        if hello.outcome == Outcome::Busy as u32 {
            let message = format!("another driver holds {}", path.display());
            return Err(Error::new(&codes::DEVICE_OPEN, message).help("end it first"));
        }
        if hello.value != mailbox::VERSION {
            let message = format!("{} speaks another version", path.display());
            return Err(Error::new(&codes::DEVICE_OPEN, message).help("build both anew"));
        }
        let bytes = ask(&mut socket, Operation::Memory, 0, 0).map_err(failed)?.extra;
        let mut file = path.as_os_str().to_owned();
        file.push(mailbox::MEMORY_SUFFIX);
        let file = File::options().read(true).write(true).open(file).map_err(failed)?;
        let map = Map::new(&file, bytes as usize).map_err(failed)?;
        let memory = Memory { address: hello.extra, bytes };
        Ok(Self { socket, path: path.to_owned(), memory, map })
    }

    /// Cycles that the simulation has run.
    ///
    /// # Errors
    /// [`codes::DEVICE_OPEN`] when it has ended.
    pub fn cycles(&mut self) -> Result<u64> {
        Ok(self.ask(Operation::Cycles, 0, 0)?.extra)
    }

    fn ask(&mut self, operation: Operation, offset: u32, value: u64) -> Result<Reply> {
        let lost = |error: io::Error| {
            let message = format!("the simulated device {} has ended", self.path.display());
            Error::new(&codes::DEVICE_OPEN, message).help("start it again").caused_by(error)
        };
        let reply = ask(&mut self.socket, operation, offset, value).map_err(lost)?;
        match reply.outcome == Outcome::Done as u32 {
            true => Ok(reply),
            false => {
                let message = format!("the simulated device refused {operation:?} {offset:#x}");
                Err(Error::new(&codes::DEVICE_OPEN, message))
            }
        }
    }
}

fn ask(
    socket: &mut UnixStream,
    operation: Operation,
    offset: u32,
    value: u64,
) -> io::Result<Reply> {
    Request::send(operation, offset, value, socket)?;
    Reply::receive(socket)
}

impl Registers for Simulated {
    fn read(&mut self, register: Register) -> Result<u32> {
        Ok(self.ask(Operation::Read, register.offset, 0)?.value)
    }

    fn write(&mut self, register: Register, value: u32) -> Result<()> {
        self.ask(Operation::Write, register.offset, value.into()).map(drop)
    }
}

impl Transport for Simulated {
    fn memory(&self) -> Memory {
        self.memory
    }

    fn put(&mut self, offset: u64, bytes: &[u8]) -> Result<()> {
        self.map.write(offset as usize, bytes);
        Ok(())
    }

    fn get(&mut self, offset: u64, into: &mut [u8]) -> Result<()> {
        self.map.read(offset as usize, into);
        Ok(())
    }

    fn wait(&mut self, timeout: Duration) -> Result<bool> {
        let patience = self.socket.set_read_timeout(Some(timeout + PATIENCE));
        patience.map_err(|error| Error::new(&codes::INTERNAL, error.to_string()))?;
        Ok(self.ask(Operation::Wait, 0, timeout.as_millis() as u64)?.value != 0)
    }
}
