//! Images in, predictions out: tasks, accuracy, overlays, drawn scenes. Knows nothing of networks.

pub mod eval;
pub mod image;
pub mod overlay;
pub mod scenes;
pub mod task;

pub use image::Image;
