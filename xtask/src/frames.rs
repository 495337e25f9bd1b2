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
use seigo::frontend::graph::{Graph, ImportOptions};
use seigo::frontend::onnx::Model;
use seigo::frontend::rewrites;
use seigo::software::executor::Executor;

/// Answers each line of standard input, a number of threads, with the milliseconds of one frame.
pub fn run(model: &Path) -> Result<ExitCode> {
    let mut graph = Graph::from_model(&Model::load(model)?, &ImportOptions::default())?;
    rewrites::run(&mut graph, rewrites::STANDARD)?;
    let inputs = graph.inputs.iter().map(|&id| gray(&graph.fact(id).shape));
    let inputs = inputs.collect::<Result<Vec<_>>>()?;
    let executor = Executor::new(&graph);
    let mut pools = BTreeMap::new();
    for line in std::io::stdin().lock().lines() {
        let milliseconds = frame(&executor, &inputs, &line.map_err(broken)?, &mut pools)?;
        println!("{milliseconds}");
        std::io::stdout().flush().map_err(broken)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn frame(
    executor: &Executor<'_>,
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
        executor.run(inputs)?;
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
