//! `seigo report`.

use std::io::Cursor;
use std::path::{Path, PathBuf};

use image::ImageFormat;
use image::imageops::{self, FilterType};

use super::network::bind;
use super::outputs::Paths;
use super::terminal::Terminal;
use crate::base::error::{Error, Place as _, Result, codes};
use crate::base::files;
use crate::compile::boards::Target;
use crate::compile::{CompileOptions, Compiled};
use crate::emit::bundle;
use crate::model::ceras::Model;
use crate::present::html::{self, Extras, Measured, Picture, Resources, View};
use crate::session::{Network, Options, Vision};
use crate::vision::image::Image;
use crate::vision::overlay;
use crate::vision::task::{BBox, Classes, Prediction, image as task_image};

/// Write an offline HTML report for a model on a target
#[derive(Debug, clap::Args)]
pub struct Args {
    /// .ceras model
    #[arg(value_name = "MODEL.ceras")]
    model: PathBuf,
    /// Bundle that `seigo build` made of the model
    #[arg(long, value_name = "DIR", conflicts_with = "target")]
    build: Option<PathBuf>,
    /// Built-in target, or a target file (docs/targets.md), where there is no bundle
    #[arg(long, value_name = "NAME|FILE", default_value = "kv260")]
    target: String,
    /// What `seigo cosim DIR --format json` printed; else cycles are predicted
    #[arg(long, value_name = "FILE")]
    cosim: Option<PathBuf>,
    /// What `seigo eval MODEL.ceras --format json` printed
    #[arg(long, value_name = "FILE")]
    eval: Option<PathBuf>,
    /// What `seigo eval MODEL.onnx --format json` printed
    #[arg(long, value_name = "FILE")]
    float_eval: Option<PathBuf>,
    /// JPEG or PNG image to show with what the network sees; may be repeated
    #[arg(long, value_name = "FILE")]
    image: Vec<PathBuf>,
    /// ONNX model that the images are also shown with
    #[arg(long, value_name = "MODEL.onnx", requires = "image")]
    float: Option<PathBuf>,
    /// Task file or preset [default: the one in the model, else a preset that fits]
    #[arg(long, value_name = "FILE|PRESET")]
    task: Option<String>,
    /// What a synthesis tool counted: JSON with tool, estimate, lut, ff, dsp, bram36, uram, fmax_mhz, or what Vivado's
    /// report_utilization and report_timing_summary wrote; may be repeated
    #[arg(long, value_name = "FILE")]
    resources: Vec<PathBuf>,
    /// Where to write the page
    #[arg(long, short, value_name = "FILE.html")]
    output: PathBuf,
}

/// Side in pixels to which small images are enlarged, so that drawn names can be read.
const READABLE: u32 = 480;

impl Args {
    /// What is read and written.
    pub fn paths(&self) -> Paths {
        Paths::default()
            .model(&self.model)
            .reads_all("the bundle", &self.build)
            .reads("the target file", &self.target)
            .reads_all("the co-simulation's result", &self.cosim)
            .reads_all("the accuracy", self.eval.iter().chain(&self.float_eval))
            .reads_all("the image", &self.image)
            .reads_all("the float model", &self.float)
            .reads_all("the task file", &self.task)
            .reads_all("the resources", &self.resources)
            .writes("--output", [&self.output])
    }
}

pub fn run(args: &Args, terminal: &Terminal) -> Result<u8> {
    let compiled = compiled(args)?;
    let extras = Extras {
        measured: read(args.cosim.as_deref(), Measured::from_json)?,
        score: read(args.eval.as_deref(), html::score)?,
        float_score: read(args.float_eval.as_deref(), html::score)?,
        pictures: pictures(args, terminal)?,
        resources: resources(&args.resources)?,
    };
    let place = || match (&args.cosim, &args.model) {
        (Some(cosim), _) => cosim.display().to_string(),
        (None, model) => model.display().to_string(),
    };
    let page = html::render(&compiled, &extras).at(place)?;
    files::write(&args.output, page.as_bytes())?;
    terminal.remark(&format!("wrote {}", args.output.display()));
    Ok(0)
}

/// What the files say together, the first one first.
fn resources(paths: &[PathBuf]) -> Result<Option<Resources>> {
    let mut all = None;
    for path in paths {
        let found = read(Some(path), html::counted)?;
        all = match (all, found) {
            (Some(all), Some(found)) => Some(Resources::and(all, found)),
            (all, found) => all.or(found),
        };
    }
    Ok(all)
}

/// The bundle that was given, if it is of the model; else the model compiled for the target.
fn compiled(args: &Args) -> Result<Compiled> {
    let place = || args.model.display().to_string();
    let model = Model::load(&args.model)?;
    let Some(folder) = &args.build else {
        let target = Target::load(&args.target)?;
        return Compiled::new(model, &target, CompileOptions::default()).at(place);
    };
    let compiled = bundle::open(folder)?;
    if compiled.model != model {
        let message = format!("{} was built of another model", folder.display());
        return Err(Error::new(&codes::REPORT_INPUT, message)
            .help("build this model with `seigo build`, or give the model.ceras of the bundle")
            .at(place()));
    }
    Ok(compiled)
}

fn read<T>(path: Option<&Path>, parse: fn(&str) -> Result<T>) -> Result<Option<T>> {
    let read = |path: &Path| parse(&files::read_text(path)?).at(|| path.display().to_string());
    path.map(read).transpose()
}

fn pictures(args: &Args, terminal: &Terminal) -> Result<Vec<Picture>> {
    if args.image.is_empty() {
        return Ok(Vec::new());
    }
    let task = args.task.as_deref();
    let open = |model: &Path| Network::open(model, &Options::default());
    let network = open(&args.model)?;
    let vision = bind(&network, task, terminal)?;
    let float = args.float.as_deref().map(open).transpose()?;
    let float_vision = float.as_ref().map(|network| bind(network, task, terminal)).transpose()?;
    let classes = &vision.task().spec().classes;
    let picture = |path: &PathBuf| {
        let float = float_vision.as_ref().map(|vision| view(vision, path)).transpose()?;
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        Ok(Picture { name, classes: classes.clone(), float, quantized: view(&vision, path)? })
    };
    args.image.iter().map(picture).collect()
}

/// What a network sees in an image, drawn into it.
fn view(vision: &Vision<'_>, path: &Path) -> Result<View> {
    let picture = task_image::read(path)?;
    let prediction = vision.predict(path)?;
    let (drawn, size) = draw_enlarged(&picture, &prediction, &vision.task().spec().classes);
    let mut png = Cursor::new(Vec::new());
    drawn.0.write_to(&mut png, ImageFormat::Png).map_err(|error| {
        Error::new(&codes::INTERNAL, format!("cannot encode {}: {error}", path.display()))
    })?;
    Ok(View { png: png.into_inner(), size, prediction })
}

/// The prediction drawn into the image, which is enlarged by a whole factor where it is small.
fn draw_enlarged(
    picture: &Image,
    prediction: &Prediction,
    classes: &Classes,
) -> (Image, (u32, u32)) {
    let (width, height) = (picture.width(), picture.height());
    let factor = READABLE.div_ceil(width.max(height).max(1));
    let size = (width * factor, height * factor);
    let mut drawn = Image(imageops::resize(&picture.0, size.0, size.1, FilterType::Nearest));
    let mut prediction = prediction.clone();
    if let Prediction::Detections(found) = &mut prediction {
        let by = factor as f32;
        for one in found {
            let BBox { x1, y1, x2, y2 } = one.bbox;
            one.bbox = BBox { x1: x1 * by, y1: y1 * by, x2: x2 * by, y2: y2 * by };
        }
    }
    overlay::prediction(&mut drawn, &prediction, classes);
    (drawn, size)
}
