//! The simulated accelerator as a device for drivers in other processes: registers and interrupt over a socket,
//! DDR in a file that both map. `docs/driver.md` has the messages.
//!
//! Time goes on while a frame runs, whether the driver asks or not, and stands still when nothing runs or no
//! driver is there. What a driver leaves behind (a frame in its middle, for one that was killed) stays, as
//! it would in hardware.

use std::fs::File;
use std::io;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use super::cosim::memory::Memory;
use super::cosim::{Device, Simulation, Timing};
use crate::base::error::{Error, Result, codes};
use crate::compile::border::registers::{self as r, REGISTERS, Register};
use crate::device::mailbox::{self, Operation, Outcome, Reply, Request};
use crate::device::map::Map;

/// First address of the memory: beyond 32 bits, as the upper DDR of a Zynq UltraScale+.
const BASE: u64 = 0x8_7000_0000;
/// Cycles between two looks for messages.
const BATCH: u32 = 512;
/// Cycles until the interrupt shows an event.
const SETTLE: u32 = 16;
/// How long a driver waits for its predecessor to leave.
const HANDOVER: Duration = Duration::from_secs(2);
/// Rest while a driver waits for an interrupt of an accelerator that does nothing.
const REST: Duration = Duration::from_millis(1);

/// What goes wrong in the first frame, for tests of drivers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// Every access to memory is answered with an error.
    Bus,
    /// The interrupt never comes.
    Interrupt,
    /// The accelerator stands still.
    Stuck,
}

/// How the device is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The socket; the memory is a file beside it.
    pub socket: PathBuf,
    /// Bytes of the memory, a multiple of 4,096.
    pub memory: u64,
    /// Latency and stalls of the memory.
    pub timing: Timing,
    /// What goes wrong in the first frame.
    pub trouble: Option<Trouble>,
}

/// Serves one driver after the other, for ever; `ready` is called when the socket is there.
///
/// # Errors
/// [`codes::DEVICE_OPEN`] when socket or memory cannot be made; [`codes::SIMULATION_HANG`].
pub fn serve(simulation: Simulation, options: &Options, ready: impl FnOnce()) -> Result<()> {
    let failed = |error: io::Error| {
        let message = format!("cannot make the device {}", options.socket.display());
        Error::new(&codes::DEVICE_OPEN, message)
            .help("check the folder, and that no other device has this socket")
            .caused_by(error)
    };
    let map = memory(options).map_err(failed)?;
    let listener = listen(&options.socket).map_err(failed)?;
    let mut memory = Memory::new(Vec::new(), options.timing);
    memory.shared = Some((BASE, map));
    let mut device = Served::new(Device::with(simulation, memory), options);
    let taken = Arc::new(AtomicBool::new(false));
    let (hand, drivers) = mpsc::channel();
    let flag = Arc::clone(&taken);
    thread::spawn(move || accept(&listener, &flag, &hand));
    ready();
    for driver in drivers {
        device.session(driver)?;
        taken.store(false, Ordering::SeqCst);
    }
    Ok(())
}

/// The file that stands for DDR.
fn memory(options: &Options) -> io::Result<Map> {
    let mut path = options.socket.as_os_str().to_owned();
    path.push(mailbox::MEMORY_SUFFIX);
    let mut open = File::options();
    let file = open.read(true).write(true).create(true).truncate(true).open(path)?;
    file.set_len(options.memory)?;
    Map::new(&file, options.memory as usize)
}

/// A socket in place of one that a device left behind.
fn listen(path: &Path) -> io::Result<UnixListener> {
    match UnixListener::bind(path) {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            if UnixStream::connect(path).is_ok() {
                return Err(error);
            }
            std::fs::remove_file(path)?;
            UnixListener::bind(path)
        }
        bound => bound,
    }
}

/// Hands on one driver at a time, and refuses those that come meanwhile.
fn accept(listener: &UnixListener, taken: &AtomicBool, hand: &mpsc::Sender<UnixStream>) {
    for mut driver in listener.incoming().flatten() {
        let came = Instant::now();
        while taken.load(Ordering::SeqCst) && came.elapsed() < HANDOVER {
            thread::sleep(REST);
        }
        if taken.swap(true, Ordering::SeqCst) {
            // Its first message is read, since closing with an unread one may lose the answer.
            let _ = Request::receive(&mut driver);
            let _ = Reply::not(Outcome::Busy).send(&mut driver);
        } else if hand.send(driver).is_err() {
            return;
        }
    }
}

/// The device, and what it does.
struct Served {
    device: Device,
    bytes: u64,
    trouble: Option<Trouble>,
    /// Frames that were started.
    frames: u64,
    /// A frame runs, or the bus is cleared.
    busy: bool,
}

impl Served {
    fn new(device: Device, options: &Options) -> Self {
        let trouble = options.trouble;
        Self { device, bytes: options.memory, trouble, frames: 0, busy: true }
    }

    /// The trouble of the frame that runs.
    fn trouble(&self) -> Option<Trouble> {
        self.trouble.filter(|_| self.frames > 0)
    }

    /// Answers a driver until it leaves.
    fn session(&mut self, mut driver: UnixStream) -> Result<()> {
        let Ok(mut reader) = driver.try_clone() else { return Ok(()) };
        let (sender, requests) = mpsc::channel();
        thread::spawn(move || {
            while let Ok(request) = Request::receive(&mut reader) {
                if sender.send(request).is_err() {
                    return;
                }
            }
        });
        let mut deadline: Option<Instant> = None;
        loop {
            if let Some(end) = deadline {
                let came = self.interrupt();
                if came || Instant::now() >= end {
                    deadline = None;
                    if Reply::done(came.into(), 0).send(&mut driver).is_err() {
                        return Ok(());
                    }
                    continue;
                }
            }
            let request = match self.busy || deadline.is_some() {
                true => match requests.try_recv() {
                    Ok(request) => Some(request),
                    Err(mpsc::TryRecvError::Empty) => None,
                    Err(mpsc::TryRecvError::Disconnected) => return Ok(()),
                },
                false => match requests.recv() {
                    Ok(request) => Some(request),
                    Err(_) => return Ok(()),
                },
            };
            let Some(request) = request else {
                self.run()?;
                continue;
            };
            if request.operation == Some(Operation::Wait) {
                deadline = Some(Instant::now() + Duration::from_millis(request.value));
                continue;
            }
            if self.answer(request)?.send(&mut driver).is_err() {
                return Ok(());
            }
        }
    }

    fn interrupt(&self) -> bool {
        self.device.interrupt() && self.trouble() != Some(Trouble::Interrupt)
    }

    /// Lets time go on, where something runs.
    fn run(&mut self) -> Result<()> {
        if !self.busy || self.trouble() == Some(Trouble::Stuck) {
            thread::sleep(REST);
            return Ok(());
        }
        self.steps(BATCH);
        self.look()
    }

    fn steps(&mut self, count: u32) {
        for _ in 0..count {
            self.device.step();
        }
    }

    /// Asks what the accelerator does; nothing of it changes by that.
    fn look(&mut self) -> Result<()> {
        let status = self.device.read(r::STATUS)?;
        let runs = r::STATUS_RUNNING.read(status) != 0 && r::STATUS_PROCESSOR.read(status) == 0;
        self.busy = runs || r::STATUS_CLEARING.read(status) != 0;
        if !self.busy {
            self.steps(SETTLE);
            if r::STATUS_ERROR.read(status) != 0 {
                self.end_trouble();
            }
        }
        Ok(())
    }

    fn end_trouble(&mut self) {
        if self.trouble().is_some() {
            self.trouble = None;
            self.device.memory.broken = false;
        }
    }

    fn answer(&mut self, request: Request) -> Result<Reply> {
        let register = REGISTERS.iter().find(|own| own.offset == request.offset).copied();
        Ok(match (request.operation, register) {
            (Some(Operation::Hello), _) => Reply::done(mailbox::VERSION, BASE),
            (Some(Operation::Memory), _) => Reply::done(0, self.bytes),
            (Some(Operation::Cycles), _) => Reply::done(0, self.device.cycle),
            (Some(Operation::Read), Some(register)) => Reply::done(self.device.read(register)?, 0),
            (Some(Operation::Write), Some(register)) => {
                self.write(register, request.value as u32)?;
                Reply::done(0, 0)
            }
            _ => Reply::not(Outcome::Refused),
        })
    }

    fn write(&mut self, register: Register, value: u32) -> Result<()> {
        if register == r::CONTROL && r::CONTROL_START.read(value) != 0 {
            self.frames += 1;
            self.device.memory.broken = self.trouble() == Some(Trouble::Bus);
        }
        if register == r::RESET {
            self.end_trouble();
        }
        self.device.write(register, value)?;
        // From the write to the state that follows.
        self.steps(4);
        self.look()
    }
}
