//! What a person sees: tables, JSON, the HTML report.

pub mod html;
pub mod tables;
