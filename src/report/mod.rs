//! What commands show: tables for a person, JSON for a program.

pub mod inspect;
