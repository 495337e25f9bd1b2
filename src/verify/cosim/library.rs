//! The Verilated design as a shared library: one call per clock cycle.
//!
//! The only `unsafe` of the co-simulation. The library is one that `compile` made from `sim/shim.cpp`,
//! whose structs have the fields of [`Inputs`] and [`Outputs`] in the same order; the handle is given back
//! exactly once, when the simulation is dropped, and bank pointers do not outlive it.
#![allow(unsafe_code, reason = "calls into the simulator's C interface")]

use std::ffi::{CString, c_char, c_int, c_void};
use std::path::Path;

use libloading::{Library, Symbol};

use crate::base::error::{Error, Result, codes};
use crate::compile::program::Design;

/// Signals into the design, as they are before a rising edge of the clock.
#[repr(C)]
#[derive(Debug, Default, Clone, Copy)]
#[allow(missing_docs, reason = "the fields are the AXI signals of the same name")]
pub struct Inputs {
    pub aresetn: u32,
    pub ctrl_awvalid: u32,
    pub ctrl_awaddr: u32,
    pub ctrl_wvalid: u32,
    pub ctrl_wdata: u32,
    pub ctrl_bready: u32,
    pub ctrl_arvalid: u32,
    pub ctrl_araddr: u32,
    pub ctrl_rready: u32,
    pub awready: u32,
    pub wready: u32,
    pub bvalid: u32,
    pub bresp: u32,
    pub arready: u32,
    pub rvalid: u32,
    pub rresp: u32,
    pub rlast: u32,
    pub rdata: [u32; 4],
}

/// Signals of the design with these inputs, before the edge.
#[repr(C)]
#[derive(Debug, Default, Clone, Copy)]
#[allow(missing_docs, reason = "the fields are the AXI signals of the same name")]
pub struct Outputs {
    pub awaddr: u64,
    pub araddr: u64,
    pub ctrl_awready: u32,
    pub ctrl_wready: u32,
    pub ctrl_bvalid: u32,
    pub ctrl_arready: u32,
    pub ctrl_rvalid: u32,
    pub ctrl_rdata: u32,
    pub awvalid: u32,
    pub awlen: u32,
    pub wvalid: u32,
    pub wstrb: u32,
    pub wlast: u32,
    pub bready: u32,
    pub arvalid: u32,
    pub arlen: u32,
    pub rready: u32,
    pub interrupt: u32,
    pub pass_done: u32,
    pub pass_index: u32,
    pub stall: u32,
    pub wdata: [u32; 4],
}

type New = unsafe extern "C" fn() -> *mut c_void;
type Delete = unsafe extern "C" fn(*mut c_void);
type Cycle = unsafe extern "C" fn(*mut c_void, *const Inputs, *mut Outputs);
type Bank = unsafe extern "C" fn(*mut c_void, u32, u32) -> *mut u32;
type Trace = unsafe extern "C" fn(*mut c_void, *const c_char) -> c_int;
type TraceEnd = unsafe extern "C" fn(*mut c_void);

/// Geometry of the shared memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Geometry {
    /// Banks: P.
    pub banks: usize,
    /// Domains.
    pub domains: usize,
    /// Rows of a domain.
    pub rows: usize,
}

impl Geometry {
    /// That of a design.
    pub fn of(design: &Design) -> Self {
        Self { banks: design.pixels, domains: design.domains, rows: design.domain_rows }
    }
}

/// A running design. It may move between threads, one at a time.
pub struct Simulation {
    handle: *mut c_void,
    cycle: Cycle,
    delete: Delete,
    trace: Trace,
    trace_end: TraceEnd,
    banks: Vec<*mut u32>,
    geometry: Geometry,
    // Behind everything that points into it.
    _library: Library,
}

fn broken(path: &Path, reason: &dyn std::fmt::Display) -> Error {
    let message = format!("cannot load the simulation {}: {reason}", path.display());
    Error::new(&codes::SIMULATION_BUILD, message)
}

impl Simulation {
    /// Loads a library that `compile` made.
    ///
    /// # Errors
    /// [`codes::SIMULATION_BUILD`] when it cannot be loaded or lacks a function or a bank.
    pub fn load(path: &Path, geometry: Geometry) -> Result<Self> {
        fn symbol<'a, T>(library: &'a Library, path: &Path, name: &str) -> Result<Symbol<'a, T>> {
            // SAFETY: the types are those of sim/shim.cpp.
            unsafe { library.get(name.as_bytes()) }.map_err(|error| broken(path, &error))
        }
        // SAFETY: the library's initializers are those of Verilator's runtime.
        let library = unsafe { Library::new(path) }.map_err(|error| broken(path, &error))?;
        let new: New = *symbol(&library, path, "seigo_new")?;
        let cycle: Cycle = *symbol(&library, path, "seigo_cycle")?;
        let delete: Delete = *symbol(&library, path, "seigo_delete")?;
        let trace: Trace = *symbol(&library, path, "seigo_trace")?;
        let trace_end: TraceEnd = *symbol(&library, path, "seigo_trace_end")?;
        let bank: Bank = *symbol(&library, path, "seigo_bank")?;
        // SAFETY: no arguments; the handle is deleted in `drop`.
        let handle = unsafe { new() };
        let mut simulation = Self {
            handle,
            cycle,
            delete,
            trace,
            trace_end,
            banks: Vec::new(),
            geometry,
            _library: library,
        };
        for domain in 0..geometry.domains {
            for index in 0..geometry.banks {
                // SAFETY: the handle is alive; an unknown bank gives null.
                let pointer = unsafe { bank(handle, domain as u32, index as u32) };
                if pointer.is_null() {
                    let reason = format!("no bank {index} in domain {domain}");
                    return Err(broken(path, &reason));
                }
                simulation.banks.push(pointer);
            }
        }
        Ok(simulation)
    }

    /// One clock cycle.
    pub fn cycle(&mut self, inputs: &Inputs) -> Outputs {
        let mut outputs = Outputs::default();
        // SAFETY: the handle is alive, both structs are the shim's.
        unsafe { (self.cycle)(self.handle, inputs, &mut outputs) };
        outputs
    }

    /// Starts a wave file (FST); false when the library was built without traces.
    pub fn trace(&mut self, path: &Path) -> bool {
        let Ok(text) = CString::new(path.to_string_lossy().as_bytes()) else { return false };
        // SAFETY: the handle is alive, the text ends with 0.
        unsafe { (self.trace)(self.handle, text.as_ptr()) != 0 }
    }

    /// Ends the wave file, if there is one.
    pub fn end_trace(&mut self) {
        // SAFETY: the handle is alive.
        unsafe { (self.trace_end)(self.handle) };
    }

    /// Words of the shared memory.
    pub fn words(&self) -> usize {
        self.geometry.banks * self.geometry.domains * self.geometry.rows
    }

    fn locate(&self, word: usize) -> (*mut u32, usize) {
        assert!(word < self.words(), "callers read tensors that the plan placed in the memory");
        let (bank, row) = (word % self.geometry.banks, word / self.geometry.banks);
        let (domain, row) = (row / self.geometry.rows, row % self.geometry.rows);
        (self.banks[domain * self.geometry.banks + bank], 4 * row)
    }

    /// The 16 bytes of a word of the shared memory.
    pub fn word(&self, word: usize) -> [u8; 16] {
        let (bank, at) = self.locate(word);
        let mut bytes = [0; 16];
        for (part, chunk) in bytes.chunks_exact_mut(4).enumerate() {
            // SAFETY: `locate` stays inside of the bank, which lives as long as the handle.
            let value = unsafe { bank.add(at + part).read() };
            chunk.copy_from_slice(&value.to_le_bytes());
        }
        bytes
    }

    /// Puts a word into the shared memory.
    pub fn set_word(&mut self, word: usize, bytes: [u8; 16]) {
        let (bank, at) = self.locate(word);
        for (part, chunk) in bytes.as_chunks::<4>().0.iter().enumerate() {
            // SAFETY: as in `word`; nothing else points to the bank between two cycles.
            unsafe { bank.add(at + part).write(u32::from_le_bytes(*chunk)) };
        }
    }
}

// SAFETY: the design has no thread of its own and no state outside of its handle, and every call takes
// `&mut self` or only reads the memory that `&mut self` would change.
unsafe impl Send for Simulation {}

impl Drop for Simulation {
    fn drop(&mut self) {
        // SAFETY: the handle came from `new` and is not used afterwards.
        unsafe { (self.delete)(self.handle) };
    }
}
