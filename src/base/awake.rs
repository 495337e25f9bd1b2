//! Threads that do not fall asleep within a frame: its layers take less time than a thread needs to wake up.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering};

use rayon::Yield;

/// Threads beside the frame's own one that stay awake; more find no work in most layers.
const MOST: usize = 7;

thread_local! {
    static IN_FRAME: Cell<bool> = const { Cell::new(false) };
}

/// Calls `frame`, while other threads of the pool look for its work all the time.
///
/// A thread that is within a frame of its own does not look: it would not come back to that frame as long as the other one lasts.
pub fn awake<T>(frame: impl FnOnce() -> T + Send) -> T
where
    T: Send,
{
    if rayon::current_num_threads() == 1 || IN_FRAME.get() {
        return frame();
    }
    let done = AtomicBool::new(false);
    rayon::scope(|scope| {
        let _ends = Ends::new(&done);
        scope.spawn_broadcast(|_, context| {
            if context.index() <= MOST && !IN_FRAME.get() {
                while !done.load(Ordering::Relaxed) {
                    if rayon::yield_now() != Some(Yield::Executed) {
                        std::hint::spin_loop();
                    }
                }
            }
        });
        frame()
    })
}

/// Ends a frame, also where it panics.
struct Ends<'a>(&'a AtomicBool);

impl<'a> Ends<'a> {
    fn new(done: &'a AtomicBool) -> Self {
        IN_FRAME.set(true);
        Self(done)
    }
}

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        IN_FRAME.set(false);
        self.0.store(true, Ordering::Relaxed);
    }
}
