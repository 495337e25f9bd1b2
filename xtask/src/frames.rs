//! Frames on request, so that another program can time a network in turns with its own.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io::{BufRead as _, Write as _};
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use rayon::ThreadPool;
use seigo::base::error::{Error, Result, codes};
use seigo::base::tensor::{Tensor, element_count};
use seigo::session::{Network, Options};

/// Answers each line of standard input, a number of threads, with the milliseconds of one frame.
pub fn run(model: &Path) -> Result<ExitCode> {
    let network = Network::open(model, &Options::default())?;
    let inputs = network.interface().inputs.into_iter().map(|(_, shape)| gray(shape));
    let inputs = inputs.collect::<Result<Vec<_>>>()?;
    let runner = network.runner()?;
    let run = |inputs: &[Tensor]| runner.run(inputs);
    let mut pools = BTreeMap::new();
    for line in std::io::stdin().lock().lines() {
        let milliseconds = frame(&run, &inputs, &line.map_err(broken)?, &mut pools)?;
        println!("{milliseconds}");
        std::io::stdout().flush().map_err(broken)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn frame(
    run: &(impl Fn(&[Tensor]) -> Result<Vec<Tensor>> + Sync),
    inputs: &[Tensor],
    line: &str,
    pools: &mut BTreeMap<usize, ThreadPool>,
) -> Result<f64> {
    let threads = line.trim().parse().map_err(broken)?;
    let pool = match pools.entry(threads) {
        Entry::Occupied(known) => known.into_mut(),
        Entry::Vacant(place) => {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            place.insert(pool.map_err(broken)?)
        }
    };
    pool.install(|| {
        let start = Instant::now();
        run(inputs)?;
        Ok(1000.0 * start.elapsed().as_secs_f64())
    })
}

/// The input that tests/ort/bench.py gives to ONNX Runtime too.
fn gray(shape: &[usize]) -> Result<Tensor> {
    Tensor::new(shape, vec![114f32; element_count(shape)?])
}

fn broken(error: impl std::fmt::Display) -> Error {
    Error::new(&codes::BAD_ARGUMENT, error.to_string())
}
