//! What commands show: tables for a person, JSON for a program.

pub mod explore;
pub mod inspect;
pub mod plan;
pub mod quantized;
pub mod quantized_dump;
