//! Campaigns: many co-simulations that do not know of each other, on one machine or on a cluster.
//!
//! [`manifest`] lists the tasks, which [`plan`] makes, [`task`] performs one, [`work`] runs some of them as processes of their own, [`starters`]
//! hands them to other schedulers, [`mod@collect`] reads what is there. A result ([`record`]) carries the hashes of what it was
//! made from, so that results of other campaigns are told apart.

pub mod collect;
pub mod faults;
pub mod manifest;
pub mod plan;
pub mod record;
pub mod starters;
pub mod task;
pub mod work;

pub use collect::{Summary, collect};
pub use manifest::{Campaign, Manifest};
pub use record::Record;
