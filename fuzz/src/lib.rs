//! What the fuzz targets do with an input: functions of the integration tests, which run them over the seeds on the stable
//! compiler, and their random networks.

#[path = "../../tests/it/accelerator/mod.rs"]
pub mod accelerator;
#[path = "../../tests/it/fuzz/networks/mod.rs"]
pub mod networks;
#[path = "../../tests/it/operator.rs"]
pub mod operator;
pub mod quantized;
#[path = "../../tests/it/fuzz/readers/mod.rs"]
pub mod readers;
