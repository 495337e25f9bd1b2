//! The candidates: what a target description lets one choose on a part.

use crate::compile::boards::{PortDomains, Target};
use crate::compile::capabilities::BLOCKS;

const KIB: u64 = 1 << 10;
/// Pixels of the dense array.
const PIXELS: [u64; 4] = [1, 2, 4, 8];
/// Bytes of a bank of a domain: one to eight rows of block RAMs, up to two rows of UltraRAMs.
const BANKS: [u64; 4] = [16 * KIB, 32 * KIB, 64 * KIB, 128 * KIB];
/// Bytes of the shared memory.
const MEMORIES: [u64; 11] = [
    64 * KIB,
    96 * KIB,
    128 * KIB,
    192 * KIB,
    256 * KIB,
    384 * KIB,
    512 * KIB,
    768 * KIB,
    1024 * KIB,
    1536 * KIB,
    2048 * KIB,
];
/// Ranges of [`PortDomains`] that its schema has too.
const LARGEST_DOMAIN: u64 = 1024 * KIB;
const DOMAINS: std::ops::RangeInclusive<u64> = 2..=128;
/// DSP slices of the dense array for each pixel, at least.
const ARRAY_DSPS: u64 = 128;

/// Candidates that differ in the size of the memory alone, in chains by everything else; the base target is the first. The
/// others have at least `least` bytes of memory.
pub fn chains(base: &Target, least: u64) -> Vec<Vec<Target>> {
    let own: Vec<_> = [base.clone()].into_iter().filter(has_room).collect();
    let mut chains = vec![own];
    for pixels in PIXELS.into_iter().filter(|pixels| pixels * ARRAY_DSPS <= base.dsp) {
        for stem in [true, false].into_iter().filter(|&stem| base.capabilities.stem_unit || !stem) {
            for bank in BANKS {
                let mut chain = chain(base, pixels, stem, bank * pixels);
                chain.retain(|target| target.memory_bytes >= least);
                if !chain.is_empty() {
                    chains.push(chain);
                }
            }
        }
    }
    chains
}

fn chain(base: &Target, pixels: u64, stem: bool, bytes: u64) -> Vec<Target> {
    if bytes > LARGEST_DOMAIN {
        return Vec::new();
    }
    let fits = |&memory: &u64| {
        memory % bytes == 0
            && DOMAINS.contains(&(memory / bytes))
            && memory / base.block_bytes <= BLOCKS as u64
    };
    let target = |memory: u64| {
        let mut target = Target {
            name: format!(
                "{}-p{pixels}-{}k-{}x{}k{}",
                base.name,
                memory / KIB,
                memory / bytes,
                bytes / KIB,
                if stem { "" } else { "-nostem" }
            ),
            pixels,
            memory_bytes: memory,
            port_domains: PortDomains { banks: pixels, bytes, count: memory / bytes },
            ..base.clone()
        };
        target.capabilities.stem_unit = stem;
        target
    };
    let chain = MEMORIES.into_iter().filter(fits).map(target);
    chain.filter(has_room).collect()
}

/// Whether the part has the RAM, whatever the network needs beside the shared memory.
fn has_room(target: &Target) -> bool {
    target.memory_bytes <= target.bram36 * 4 * KIB + target.uram_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_candidate_is_a_target_and_none_comes_twice() {
        for name in crate::compile::boards::NAMES {
            let all: Vec<Target> =
                chains(&Target::load(name).unwrap(), 0).into_iter().flatten().collect();
            for target in &all {
                assert_eq!(&Target::from_json(&target.to_json().unwrap()).unwrap(), target);
            }
            let mut names: Vec<_> = all.iter().map(|target| &target.name).collect();
            names.sort();
            names.dedup();
            assert_eq!(names.len(), all.len());
        }
    }
}
