//! Faults on the whole design: each ends the frame with the right error, leaves what it does not own alone,
//! and the next frame is right.

use seigo::compile::border::registers as r;
use seigo::compile::border::status::{
    self, ERROR_ACCESS, ERROR_CHECKSUM, ERROR_DESCRIPTOR, ERROR_OWNER,
};
use seigo::compile::border::status::{ERROR_READ, ERROR_WRITE};
use seigo::compile::program::fields;
use seigo::compile::schedule::{Client, Work};
use seigo::verify::cosim::{End, Fault, Verifier};

use super::rig::Rig;
use super::{Bench, counters, networks, target};

/// Words that lie in the shared memory before a frame.
const MARK: [u8; 16] = *b"left as it was..";

impl Rig<'_> {
    fn mark(&mut self) {
        for word in 0..self.device.simulation.words() {
            self.device.simulation.set_word(word, MARK);
        }
    }

    /// Runs a frame that must end with an error; no block is touched that no pass up to the error's may
    /// write.
    fn fails(&mut self) -> (u32, u8, u16, u16) {
        self.mark();
        let end = self.device.frame(self.words(), |_, _| Ok(())).unwrap();
        let End::Fault(Fault { code, client, block, pass }) = end else { panic!("{end:?}") };
        let owners = &self.build.plan.placed.owners;
        let may_write = owners.iter().take(usize::from(pass) + 1).fold(0, |mask, owners| {
            let writers = Client::ALL.iter().filter(|client| client.writes());
            writers.fold(mask, |mask, &client| mask | owners.mask(client))
        });
        for word in 0..self.device.simulation.words() {
            if may_write >> (word / self.bench.design.block_words) & 1 == 0 {
                assert_eq!(self.device.simulation.word(word), MARK, "word {word} was written");
            }
        }
        (code.into(), client, block, pass)
    }
}

/// Everything in one test, so that the design is built once.
#[test]
fn faults_end_the_frame_and_the_next_one_is_right() {
    let graphs = networks(12, &target(4));
    let bench = Bench::new(&graphs, 4);
    for stalls in [None, Some(3)] {
        let mut rig = Rig::new(&bench, stalls);
        println!("{} passes", rig.build.program.entries.len());
        bus_errors(&mut rig);
        missing_memory(&mut rig);
        damaged_descriptors(&mut rig);
        foreign_blocks(&mut rig);
        resets(&mut rig);
        start_while_busy(&mut rig);
        counters::of_passes(&mut rig);
    }
}

/// SLVERR on single words of every buffer.
fn bus_errors(rig: &mut Rig<'_>) {
    let program = &rig.build.program;
    let areas = [
        (0, program.stream.len(), ERROR_READ),
        (1, program.buffers.image as usize, ERROR_READ),
        (2, program.buffers.output as usize, ERROR_WRITE),
    ];
    for (region, bytes, fault) in areas {
        let words = bytes / 16;
        let base = rig.device.memory.regions[region].base / 16;
        for word in (0..words).step_by(words.div_ceil(24).max(1)).chain([words - 1]) {
            rig.device.memory.faults = vec![base + word as u64];
            assert_eq!(rig.fails().0, fault.code, "word {word} of region {region}");
            rig.device.memory.faults.clear();
            rig.is_right();
        }
    }
}

/// DECERR behind the end of a buffer.
fn missing_memory(rig: &mut Rig<'_>) {
    for (region, fault) in [(0, ERROR_READ), (1, ERROR_READ), (2, ERROR_WRITE)] {
        let whole = rig.device.memory.regions[region].bytes.clone();
        rig.device.memory.regions[region].bytes.truncate(16);
        assert_eq!(rig.fails().0, fault.code, "region {region}");
        rig.device.memory.regions[region].bytes = whole;
        rig.is_right();
    }
}

/// Any changed byte of a descriptor is found by its checksum, or by its magic number, version, kind or
/// index, or by the rules of an owner table.
fn damaged_descriptors(rig: &mut Rig<'_>) {
    let offsets: Vec<usize> = rig.build.program.entries.iter().map(|entry| entry.offset).collect();
    for (pass, offset) in offsets.into_iter().enumerate() {
        for byte in (pass % 5..4 * fields::WORDS).step_by(37) {
            rig.device.memory.regions[0].bytes[offset + byte] ^= 1 << (byte % 8);
            let (code, client, block, at) = rig.fails();
            assert!(
                [ERROR_DESCRIPTOR, ERROR_CHECKSUM, ERROR_OWNER]
                    .iter()
                    .any(|fault| fault.code == code),
                "pass {pass}, byte {byte}: code {code}, client {client}, block {block}, pass {at}"
            );
            assert_eq!(usize::from(at), pass, "byte {byte}");
            rig.device.memory.regions[0].bytes[offset + byte] ^= 1 << (byte % 8);
        }
        rig.is_right();
    }
}

/// A pass whose table lacks a block that it touches: the access is refused and named. A table that gives a
/// block to two writers is refused before the pass starts.
fn foreign_blocks(rig: &mut Rig<'_>) {
    let entries: Vec<_> = rig.build.program.entries.iter().map(|entry| entry.offset).collect();
    let mut refused = 0;
    for (pass, owners) in rig.build.plan.placed.owners.clone().iter().enumerate() {
        for client in Client::ALL {
            let mask = owners.mask(client);
            // A transfer goes on while later passes run, whose tables then have its blocks too.
            let goes_on = [Client::ReadDma, Client::WriteDma].contains(&client);
            let begins = matches!(rig.build.schedule().passes[pass].work, Work::Transfer(_));
            if mask == 0 || (goes_on && !begins) {
                continue;
            }
            let block = mask.trailing_zeros();
            let stream = rig.device.memory.regions[0].bytes.clone();
            for (own, owners) in rig.build.plan.placed.owners.iter().enumerate().skip(pass) {
                if (own > pass && !goes_on) || owners.mask(client) >> block & 1 == 0 {
                    break;
                }
                let descriptor = &mut rig.device.memory.regions[0].bytes[entries[own]..];
                flip_owner(descriptor, client, block);
            }
            let (code, at_client, at_block, at) = rig.fails();
            assert_eq!(code, ERROR_ACCESS.code, "pass {pass}, {client:?}");
            assert_eq!((at_client, u32::from(at_block)), (number(client), block), "pass {pass}");
            // A transfer's access may come while a later pass runs.
            assert!(usize::from(at) >= pass);
            rig.device.memory.regions[0].bytes = stream;
            rig.is_right();
            refused += 1;
        }
    }
    assert!(refused > 5, "{refused}");
    let [first, second] = [Client::WriteConv, Client::WritePlane];
    let stream = rig.device.memory.regions[0].bytes.clone();
    let own = rig.build.plan.placed.owners[0];
    let free = (0..rig.bench.design.blocks as u32)
        .find(|block| (own.mask(first) | own.mask(second)) >> block & 1 == 0)
        .unwrap();
    for client in [first, second] {
        flip_owner(&mut rig.device.memory.regions[0].bytes[entries[0]..], client, free);
    }
    assert_eq!(rig.fails().0, ERROR_OWNER.code);
    rig.device.memory.regions[0].bytes = stream;
    rig.is_right();
}

/// The client's number in the hardware.
fn number(client: Client) -> u8 {
    let number = match client {
        Client::WriteConv => status::CLIENT_CONVOLUTION,
        Client::WritePlane => status::CLIENT_PLANE,
        Client::ReadResidual => status::CLIENT_RESIDUAL,
        Client::ReadDma | Client::WriteDma => status::CLIENT_DMA,
        Client::ReadStream => status::CLIENT_FETCH,
    };
    number as u8
}

/// Flips a bit of an owner mask and repairs the checksum.
fn flip_owner(descriptor: &mut [u8], client: Client, block: u32) {
    let at = 4 * (fields::READ_STREAM.word + 4 * client as usize);
    descriptor[at + block as usize / 8] ^= 1 << (block % 8);
    let words = descriptor[..4 * fields::WORDS - 4].as_chunks::<4>().0;
    let sum = words.iter().fold(0u32, |sum, word| sum.wrapping_add(u32::from_le_bytes(*word)));
    descriptor[4 * fields::WORDS - 4..4 * fields::WORDS].copy_from_slice(&(!sum).to_le_bytes());
}

/// Resets by register and by pin at many moments of a frame.
fn resets(rig: &mut Rig<'_>) {
    for (turn, cycles) in (1..4000).step_by(211).enumerate() {
        rig.device.start(rig.words()).unwrap();
        (0..cycles).for_each(|_| rig.device.step());
        match turn % 2 {
            0 => rig.device.soft_reset().unwrap(),
            _ => rig.device.reset(),
        }
        rig.is_right();
    }
}

/// A start while a frame runs changes nothing.
fn start_while_busy(rig: &mut Rig<'_>) {
    let verifier = Verifier::new(rig.build);
    rig.device.start(rig.build.program.stream.len() / 32).unwrap();
    let mut starts = 0;
    while rig.device.read(r::CONTROL).unwrap() & r::CONTROL_DONE.mask() == 0 {
        rig.device.write(r::CONTROL, r::CONTROL_START.mask()).unwrap();
        starts += 1;
        assert!(starts < 100_000, "the frame does not end");
    }
    assert!(starts > 10, "{starts}");
    assert_eq!(rig.device.read(r::STATUS).unwrap() & r::STATUS_ERROR.mask(), 0);
    for leaving in &rig.build.schedule().leaving {
        let found = verifier.output(&rig.device, leaving);
        assert_eq!(found, rig.values.integers[&leaving.value]);
    }
    rig.is_right();
}
