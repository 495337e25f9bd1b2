//! The memory plan: lifetimes to addresses or blocks, minimal and proven.
//!
//! A [`Problem`] lists buffers with their lifespans and sizes ([`csv`] reads and writes the
//! MiniMalloc form). [`plan_contiguous`] gives every buffer an address, [`plan_blocks`] a list of
//! logical blocks; both return a [`Packing`]. [`validate`] checks all of it
//! again without the planners.

mod blocks;
pub mod bound;
mod climb;
mod contiguous;
pub mod csv;
pub mod exact;
mod greedy;
pub mod instance;
mod problem;
mod solution;
pub mod validate;

pub use blocks::{DEFAULT_BLOCK, plan_blocks};
pub use contiguous::{DEFAULT_TIME_LIMIT, Limit, alternatives, plan_contiguous, plan_within};
pub use greedy::{Fit, Order};
pub use problem::{Buffer, Lifespan, MAX_BUFFERS, MAX_BYTES, MAX_STEP, Problem};
pub use solution::{How, Layout, Packing};
