//! A file or a device mapped into memory that others change at the same time.
//!
//! `unsafe`: the calls of the system, and accesses through the pointer. Every access is checked against the
//! size and goes through raw pointers, since no reference may point to what another process or the accelerator
//! writes.
#![allow(unsafe_code, reason = "maps memory that others share")]

use std::fs::File;
use std::io;

use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};

/// Shared memory.
#[derive(Debug)]
pub struct Map {
    start: *mut u8,
    bytes: usize,
}

// SAFETY: the pointer is owned, and what lies behind it is shared with other processes anyway.
unsafe impl Send for Map {}

impl Map {
    /// The first bytes of a file, to be read and written.
    ///
    /// # Errors
    /// Those of the system.
    pub fn new(file: &File, bytes: usize) -> io::Result<Self> {
        let access = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: the system chooses the place; it is unmapped in `drop` only.
        let start =
            unsafe { mmap(std::ptr::null_mut(), bytes, access, MapFlags::SHARED, file, 0) }?;
        Ok(Self { start: start.cast(), bytes })
    }

    /// Its size in bytes.
    pub fn len(&self) -> usize {
        self.bytes
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.bytes == 0
    }

    fn place(&self, offset: usize, count: usize) -> *mut u8 {
        let fits = offset.checked_add(count).is_some_and(|end| end <= self.bytes);
        assert!(fits, "{count} bytes at {offset} of a map of {} bytes", self.bytes);
        // SAFETY: inside of the map, as was just checked.
        unsafe { self.start.add(offset) }
    }

    /// Copies bytes out.
    pub fn read(&self, offset: usize, into: &mut [u8]) {
        let from = self.place(offset, into.len());
        // SAFETY: `place` checks the range; `into` is memory of this process alone.
        unsafe { std::ptr::copy_nonoverlapping(from, into.as_mut_ptr(), into.len()) };
    }

    /// Copies bytes in.
    pub fn write(&self, offset: usize, bytes: &[u8]) {
        let to = self.place(offset, bytes.len());
        // SAFETY: as in `read`.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), to, bytes.len()) };
    }

    /// Reads a register: one access of 32 bits.
    pub fn register(&self, offset: usize) -> u32 {
        assert!(offset.is_multiple_of(4), "a register at {offset}");
        let register = self.place(offset, 4).cast::<u32>();
        // SAFETY: inside of the map and aligned.
        unsafe { register.read_volatile() }
    }

    /// Writes a register: one access of 32 bits.
    pub fn set_register(&self, offset: usize, value: u32) {
        assert!(offset.is_multiple_of(4), "a register at {offset}");
        let register = self.place(offset, 4).cast::<u32>();
        // SAFETY: inside of the map and aligned.
        unsafe { register.write_volatile(value) };
    }
}

impl Drop for Map {
    fn drop(&mut self) {
        // SAFETY: mapped in `new`, and nothing points into it any more.
        let _ = unsafe { munmap(self.start.cast(), self.bytes) };
    }
}
