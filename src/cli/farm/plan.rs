//! `seigo farm plan`.

use std::path::PathBuf;

use super::super::outputs::Paths;
use super::super::terminal::Terminal;
use crate::base::error::{Error, Result, codes};
use crate::base::files;
use crate::campaign::plan::{Planned, Request, plan};
use crate::campaign::starters::{self, Array, LOG, SLURM};
use crate::compile::boards::Target;
use crate::vision::task::path_beside;

/// Write the folder of a campaign: the model, and a list of tasks
#[derive(Debug, clap::Args)]
pub struct Args {
    /// .ceras model
    #[arg(value_name = "MODEL.ceras")]
    model: PathBuf,
    /// Built-in target, or a target file (docs/targets.md)
    #[arg(long, value_name = "NAME|FILE", default_value = "kv260")]
    target: String,
    /// Folder of JPEG or PNG images; each is a frame
    #[arg(long, value_name = "DIR")]
    images: PathBuf,
    /// Annotations of the images in COCO instances format: the accuracy of what the RTL computes is measured
    #[arg(long, value_name = "FILE")]
    coco: Option<PathBuf>,
    /// Task file or preset [default: MODEL's .task.json, the task in the model, else a preset that fits]
    #[arg(long, value_name = "FILE|PRESET")]
    task: Option<String>,
    /// Run at most N frames
    #[arg(long, value_name = "N", default_value_t = usize::MAX, hide_default_value = true)]
    frames: usize,
    /// Random stalls of the memory in every frame, by this seed
    #[arg(long, value_name = "S")]
    stall_seed: Option<u64>,
    /// Inject N faults: errors of the bus, damaged descriptors and weights, foreign blocks, flipped bits, resets, stalls
    #[arg(long, value_name = "N", default_value_t = 0)]
    faults: u64,
    /// Seed of the first fault; the others follow
    #[arg(long, value_name = "S", default_value_t = 0)]
    fault_seed: u64,
    /// Also run a frame on this target, and compare its cycles with those predicted; may be repeated
    #[arg(long, value_name = "NAME|FILE")]
    point: Vec<String>,
    /// Seconds after which an attempt at a task counts as hanging
    #[arg(long, value_name = "SECONDS", default_value_t = 600.0)]
    timeout: f64,
    /// Attempts at a task that crashes or hangs
    #[arg(long, value_name = "N", default_value_t = 3)]
    attempts: u32,
    /// Write a script for Slurm: a job array
    #[arg(long)]
    slurm: bool,
    /// Tasks that an element of the job array performs
    #[arg(long, value_name = "N", default_value_t = 1, requires = "slurm")]
    per_job: usize,
    /// Elements of the job array that run at a time [default: no limit]
    #[arg(long, value_name = "N", requires = "slurm")]
    at_once: Option<usize>,
    /// Folder of the campaign; results of the same plan that it holds are kept
    #[arg(long, short, value_name = "DIR")]
    output: PathBuf,
}

impl Args {
    /// What is read and written.
    pub fn paths(&self) -> Paths {
        Paths::default()
            .model(&self.model)
            .reads("the target file", &self.target)
            .reads("the folder of images", &self.images)
            .reads_all("the annotations", &self.coco)
            .reads_all("the task file", &self.task)
            .reads_all("the target file", &self.point)
            .writes("--output", [&self.output])
    }
}

pub fn run(args: &Args, terminal: &Terminal) -> Result<u8> {
    let end = args.fault_seed.checked_add(args.faults).ok_or_else(|| {
        Error::new(&codes::BAD_ARGUMENT, format!("--fault-seed {}", args.fault_seed))
            .help("give a smaller number")
    })?;
    let request = Request {
        model: args.model.clone(),
        target: Target::load(&args.target)?,
        task: args.task.clone(),
        images: args.images.clone(),
        annotations: args.coco.clone(),
        frames: args.frames,
        stalls: args.stall_seed,
        faults: args.fault_seed..end,
        points: args.point.iter().map(|name| Target::load(name)).collect::<Result<_>>()?,
        limit_seconds: args.timeout,
        attempts: args.attempts,
    };
    let Planned { campaign, assumed, left_out, chosen } = plan(&request, &args.output)?;
    terminal.assumed(assumed, &path_beside(&args.model));
    terminal.left_out(&left_out);
    for chosen in &chosen {
        terminal.remark(&format!("note: {chosen}"));
    }
    let folder = args.output.display();
    terminal.remark(&format!("wrote {folder}: {} tasks", campaign.manifest.tasks.len()));
    let program = std::env::current_exe().map_err(|error| {
        Error::new(&codes::INTERNAL, "cannot tell where seigo is").caused_by(error)
    })?;
    terminal.remark(&format!("here:         seigo farm run {folder}"));
    terminal.remark(&format!("GNU parallel: {}", starters::parallel(&campaign, &program)?));
    if args.slurm {
        let array = Array { per_job: args.per_job, at_once: args.at_once };
        let script = starters::slurm(&campaign, &program, array)?;
        let log = args.output.join(LOG);
        std::fs::create_dir_all(&log).map_err(|error| {
            Error::new(&codes::FILE_WRITE, format!("cannot make {}", log.display()))
                .caused_by(error)
        })?;
        files::write(&args.output.join(SLURM), script.as_bytes())?;
        terminal.remark(&format!("Slurm:        cd {folder} && sbatch {SLURM}"));
    }
    terminal.remark(&format!("then:         seigo farm collect {folder}"));
    Ok(0)
}
