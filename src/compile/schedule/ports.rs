//! The port domains of the target as a cost of a placement: clients of one pass that share a port wait
//! for each other.

use super::access::touched;
use super::{Client, Schedule, sizes};
use crate::compile::boards::Target;
use crate::compile::packing::{self, Packing, Problem};

/// The packing of the greedy orders and `packing` with the least [`conflicts`], not higher than
/// `packing`; `packing` where none is better.
pub fn choose(
    schedule: &Schedule,
    target: &Target,
    problem: &Problem,
    packing: Packing,
) -> Packing {
    let cost = |packing: &Packing| conflicts(schedule, target, &sizes::bases(schedule, packing));
    let mut best = (cost(&packing), packing);
    if best.0 == 0 {
        return best.1;
    }
    for other in packing::alternatives(problem, best.1.height) {
        let own = cost(&other);
        if own < best.0 {
            best = (own, other);
        }
    }
    best.1
}

/// Cycles in which two clients may want the same port of a domain, an upper bound.
///
/// A domain performs one access of a row a cycle through the port that all clients but the stream
/// share. Of two clients with `a` and `b` rows in the same domain in the same pass, at most the
/// smaller number can meet.
pub fn conflicts(schedule: &Schedule, target: &Target, bases: &[usize]) -> u64 {
    let domain = (target.port_domains.bytes / sizes::WORD).max(1);
    let mut all = 0;
    for pass in &schedule.passes {
        let mut rows: Vec<(u64, Client, u64)> = Vec::new();
        for (client, id) in touched(&pass.work) {
            if client == Client::ReadStream {
                continue;
            }
            let start = bases[id.0] as u64;
            let end = start + sizes::words(&schedule.stored[id.0], target.pixels);
            for index in start / domain..end.div_ceil(domain) {
                let words = end.min((index + 1) * domain) - start.max(index * domain);
                rows.push((index, client, words.div_ceil(target.pixels)));
            }
        }
        for (at, (domain, client, count)) in rows.iter().enumerate() {
            let later = rows[at + 1..].iter();
            let same = later.filter(|own| own.0 == *domain && own.1 != *client);
            all += same.map(|own| own.2.min(*count)).sum::<u64>();
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::compile::schedule::{Dense, Filter, Pass, Source, Stored, StoredId, Work};
    use crate::model::qgraph::{QValueId, Width};

    /// A pass that stores a tensor of 32 rows by the array and one by the plane engine.
    fn pair() -> Schedule {
        let stored = Stored {
            value: QValueId(0),
            first: 0,
            height: 8,
            width: 16,
            format: Width::I8,
            by_parity: false,
            slots: vec![None; 16],
        };
        let dense = Dense {
            layer: 0,
            source: Source::Stem(QValueId(0)),
            residual: None,
            rows: None,
            slots: vec![None; 16],
            planes: 0,
            advance: 0,
            store: Some(StoredId(0)),
            phase: None,
            filters: vec![Filter { layer: 1, result: StoredId(1) }],
        };
        Schedule {
            stored: vec![stored.clone(), stored],
            passes: vec![Pass { work: Work::Dense(dense), waits: false }],
            ..Schedule::default()
        }
    }

    #[test]
    fn clients_meet_in_a_shared_domain_only() {
        let target = Target::load("kv260").unwrap();
        let domain = target.port_domains.bytes as usize / 16;
        assert_eq!(conflicts(&pair(), &target, &[0, 128]), 32);
        assert_eq!(conflicts(&pair(), &target, &[0, domain]), 0);
        assert_eq!(conflicts(&pair(), &target, &[0, domain - 64]), 16);
    }
}
