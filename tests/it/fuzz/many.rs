//! Many random networks by their seeds: float, reference, engine, model file and interpreter.

use std::panic::{AssertUnwindSafe, catch_unwind};

use seigo::base::random::Random;

use super::networks;

/// A number that a variable gives.
fn given(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// The decisions of a seed.
fn bytes(seed: u64) -> Vec<u8> {
    let mut random = Random::new(seed, 1);
    let length = random.between(16, 500);
    (0..length).map(|_| random.below(256) as u8).collect()
}

/// Seeds `first` to `first + count - 1`, each a network of every kind in turn; which of them differ.
fn differ(first: u64, count: u64) -> Vec<(u64, &'static str)> {
    let mut found = Vec::new();
    for seed in first..first + count {
        let (name, network) = networks::ALL[(seed % 3) as usize];
        let bytes = bytes(seed);
        if catch_unwind(AssertUnwindSafe(|| network(&bytes))).is_err() {
            println!("seed {seed} ({name}) differs");
            found.push((seed, name));
        }
    }
    found
}

#[test]
fn random_networks_agree_everywhere() {
    assert_eq!(differ(0, 60), []);
}

/// `SEIGO_NETWORKS` seeds from `SEIGO_NETWORKS_FIRST` on.
#[test]
#[ignore = "minutes: make test-networks"]
fn many_random_networks_agree_everywhere() {
    let (first, count) = (given("SEIGO_NETWORKS_FIRST", 0), given("SEIGO_NETWORKS", 10_000));
    assert_eq!(differ(first, count), []);
    println!("{count} networks agree");
}
