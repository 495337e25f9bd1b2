//! Work over many frames: one frame per thread, results in order.
//!
//! Inside, each frame computes on its own thread alone. That keeps as many frames in memory as
//! there are threads, and makes the sum of all work independent of how frames meet threads.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::base::error::{Error, Result, codes};

/// Calls `work` for 0 to `count` - 1, spread over as many threads as the current rayon pool has, and
/// returns the results in that order.
///
/// # Errors
/// The failure of the first frame that failed, in order; frames after a failure are not started.
pub fn map<T: Send>(count: usize, work: impl Fn(usize) -> Result<T> + Sync) -> Result<Vec<T>> {
    let next = AtomicUsize::new(0);
    let failed = AtomicBool::new(false);
    let done = Mutex::new(Vec::with_capacity(count));
    let worker = || -> Result<()> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().map_err(|error| {
            Error::new(&codes::INTERNAL, "cannot start a thread").caused_by(error)
        })?;
        while !failed.load(Ordering::Relaxed) {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= count {
                break;
            }
            let result = pool.install(|| work(index));
            if result.is_err() {
                failed.store(true, Ordering::Relaxed);
            }
            done.lock().map_err(|_| poisoned())?.push((index, result));
        }
        Ok(())
    };
    let threads = rayon::current_num_threads().min(count).max(1);
    std::thread::scope(|scope| {
        let handles: Vec<_> = (0..threads).map(|_| scope.spawn(worker)).collect();
        handles.into_iter().try_for_each(|handle| handle.join().map_err(|_| poisoned())?)
    })?;
    let mut done = done.into_inner().map_err(|_| poisoned())?;
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, result)| result).collect()
}

fn poisoned() -> Error {
    Error::new(&codes::INTERNAL, "a worker thread stopped early")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_order() {
        let squares = map(100, |index| Ok(index * index)).unwrap();
        assert_eq!(squares, (0..100).map(|index| index * index).collect::<Vec<_>>());
        assert_eq!(map(0, |_| Ok(())).unwrap(), []);
    }

    #[test]
    fn the_first_failure_is_reported() {
        let fail = |index: usize| {
            if index < 3 { Ok(()) } else { Err(Error::new(&codes::INTERNAL, index.to_string())) }
        };
        assert_eq!(map(50, fail).unwrap_err().message(), "3");
    }

    #[test]
    fn frames_compute_on_one_thread() {
        let threads = map(4, |_| Ok(rayon::current_num_threads())).unwrap();
        assert_eq!(threads, [1; 4]);
    }
}
