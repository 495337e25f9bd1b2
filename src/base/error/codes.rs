//! The table of error codes: id, meaning, advice. An id is never reused for something else.
//!
//! SG01 files and command line, SG02 ONNX, SG03 operators and graph, SG04 images, tasks and
//! annotations, SG05 quantization, SG06 the model file, SG07 memory plan, SG08 targets, SG09 the
//! accelerator's program, SG10 bundles and co-simulation, SG11 the report,
//! SG12 drivers, SG13 campaigns.

use super::Remedy;

/// One kind of failure.
#[derive(Debug, PartialEq, Eq)]
pub struct Code {
    /// Stable identifier, `SG` and four digits.
    pub id: &'static str,
    /// What this kind of failure means.
    pub meaning: &'static str,
    /// What to do when nothing more specific is known.
    pub advice: &'static str,
    /// What the caller can change for that.
    pub remedy: Option<Remedy>,
}

macro_rules! codes {
    (@remedy) => { None };
    (@remedy $remedy:ident) => { Some(Remedy::$remedy) };
    ($($name:ident = $id:literal, $meaning:literal, $advice:literal $(, $remedy:ident)?;)*) => {
        $(#[doc = $meaning] pub static $name: Code = Code {
            id: $id, meaning: $meaning, advice: $advice, remedy: codes!(@remedy $($remedy)?),
        };)*

        /// Every code, in the order of the table.
        pub static ALL: &[&Code] = &[$(&$name),*];
    };
}

codes! {
    FILE_READ = "SG0101", "A file could not be read.",
        "check that the path exists and that you may read it";
    FILE_WRITE = "SG0102", "A file could not be written.",
        "check that the folder exists, that you may write to it and that the disk is not full";
    BAD_ARGUMENT = "SG0103", "A command-line value makes no sense.",
        "see `seigo help` for the values the option takes";
    NPY = "SG0104", "A file is not a readable .npy tensor.",
        "save it with numpy.save as float32 or integers, C order, little-endian";

    ONNX_DECODE = "SG0201", "The file is not an ONNX model, or it is cut off.",
        "check that the file is complete and was written by an ONNX exporter";
    ONNX_OPSET = "SG0202", "The model's operator set is not supported.",
        "export the model again with an opset from 7 to 22";
    ONNX_TENSOR = "SG0203", "A tensor stored in the model is malformed.",
        "export the model again; the stored bytes do not match the declared shape and type";
    ONNX_EXTERNAL = "SG0204", "External tensor data is missing or out of bounds.",
        "keep the data file in the model's folder, with the name that the model gives";
    ONNX_OPERATOR = "SG0205", "The model uses an operator that is not supported.",
        "docs/operators.md lists what is supported; replace the operator or simplify the model before export";
    ONNX_ATTRIBUTE = "SG0206", "An operator attribute is missing, has the wrong type or an impossible value.",
        "compare the node with the ONNX operator documentation and export the model again";
    ONNX_STRUCTURE = "SG0207", "The graph is not well formed.",
        "run the ONNX checker on the model; it has a name that is used but never produced, produced twice, or a cycle";
    ONNX_INPUT_SHAPE = "SG0208", "An input's shape is not fully known.",
        "give it", InputShape;

    SHAPE = "SG0301", "Shapes or element types of an operator's inputs do not fit.",
        "check the model with shape inference, and the input shapes where you gave them", InputShape;
    NOT_CONSTANT = "SG0302", "A value that must be known at conversion time depends on the network's input.",
        "export the model with static shapes, or simplify it before export";
    NON_FINITE = "SG0303", "A weight is NaN or infinite.",
        "the training diverged or the export broke; check the named tensor";
    TENSOR_SIZE = "SG0304", "A tensor is larger than can be addressed.",
        "check the model's shapes and those that you gave its inputs", InputShape;
    INTERNAL = "SG0399", "An invariant of the graph is broken; this is a defect of Seigo.",
        "please report it with the model and the command line";

    IMAGE_DECODE = "SG0401", "A file is not a readable JPEG or PNG image.",
        "check the file; only JPEG and PNG are read";
    IMAGE_NONE = "SG0402", "A folder holds no image.",
        "give a folder with .jpg, .jpeg or .png files";
    TASK_SPEC = "SG0403", "The description of pre- and post-processing is malformed or missing.",
        "see docs/task.md for its fields";
    ANNOTATION = "SG0404", "The annotation file is malformed or does not match the images.",
        "give a COCO instances file whose images are in the folder";
    TASK_OUTPUT = "SG0405", "The network's outputs do not fit the described post-processing.",
        "compare the model's outputs (`seigo inspect`) with the task description";

    CALIBRATION = "SG0501", "The calibration data cannot be used.",
        "give a folder of images that the network will see, or .npy tensors of the input's shape";
    NOTHING_TO_QUANTIZE = "SG0502", "No layer of the network can compute in integers.",
        "check the model with `seigo inspect`";
    ACTIVATION_NON_FINITE = "SG0503", "A value computed on a calibration image is NaN or infinite.",
        "check the model, which diverges on ordinary input, and the pre-processing", Task;
    ACCUMULATOR = "SG0504", "A 32-bit accumulator could overflow.",
        "check the layer's weights for outliers, or keep it in float", FloatLayers;
    SCALE_NOT_POWER = "SG0505", "A scale of a quantized model is not a power of two.",
        "quantize again with power-of-two scales, or requantize on import", Requantize;
    QUANTIZED_GRAPH = "SG0506", "A quantized graph breaks a rule.",
        "the model file was edited or damaged; quantize again";
    LAYER_NAME = "SG0507", "A layer that an option names does not exist.",
        "see `seigo inspect` for the names";
    BATCH = "SG0508", "The network takes several frames at once.",
        "export the model with a batch of 1, or give the input the shape of one frame", InputShape;
    NOT_FLOAT = "SG0509", "A layer reads booleans or integers that another one computes.",
        "end the model in front of these layers when it is exported, and compute them behind it";
    QUANTIZED_FORM = "SG0510", "A quantized model uses a form of quantization that has no integer rule.",
        "quantize again with int8 and zero points inside of int8, or requantize on import", Requantize;
    CERAS_FORMAT = "SG0601", "The file is not a .ceras model, or it is damaged.",
        "check that the file is complete; write it again with `seigo quantize`";
    CERAS_VERSION = "SG0602", "The .ceras file was written by a newer version.",
        "update Seigo, or quantize again with this version";
    RUNTIME_OPERATOR = "SG0603", "A layer needs something that the C++ runtime does not have.",
        "docs/runtime.md lists what it runs; keep such layers out of the network, or run it with `seigo`";
    FLOAT_FORM = "SG0604", "A model file has not the layer in float that a choice asks for.",
        "keep the layers in both forms when the model is quantized", Both;

    PLAN_PROBLEM = "SG0701", "A memory-planning problem is malformed.",
        "each row is id,lower,upper,size with lower < upper and size > 0; ids are unique";
    PLAN_CAPACITY = "SG0702", "The tensors that are alive together do not fit the capacity.",
        "raise the capacity or choose a target with more on-chip memory; the listed tensors prove the bound";
    PLAN_TIMEOUT = "SG0703", "No packing within the capacity was found in the given time.",
        "raise the capacity or the time limit", TimeLimit;
    PLAN_INVALID = "SG0704", "A memory plan breaks a rule.",
        "the plan was edited or belongs to another model; plan again";
    TARGET = "SG0801", "A target description is unknown, malformed or absurd.",
        "choose one of the built-in targets or see docs/targets.md for the fields";

    NO_DESIGN = "SG0802", "No accelerator of those that were tried fits the part, or none is fast enough.",
        "choose a larger part, a higher clock or fewer frames a second";

    SIMULATION_TOOL = "SG1001", "A tool that the co-simulation needs cannot be run.",
        "install Verilator and a C++ compiler (`make deps`, or apt-get install verilator g++)";
    SIMULATION_BUILD = "SG1002", "The simulation could not be built or loaded.",
        "check that Verilator is 5.006 or newer and the compiler knows C++17; delete the cache and try again";
    SIMULATION_HANG = "SG1003", "The simulation hung: no progress for 400,000 cycles.",
        "this is a defect of Seigo; please report it with the model and the command line";
    BUNDLE = "SG1004", "A bundle is incomplete, was edited, or belongs to another version.",
        "build it again with `seigo build`";
    SIMULATION_FAULT = "SG1005", "The simulated accelerator reported an error.",
        "this is a defect of Seigo; docs/registers.md lists the codes; please report it with the model";

    NOTHING_COMPARED = "SG1006", "There is nothing that a co-simulation could compare.",
        "inspecting the model for its target says why the accelerator computes no layer", InspectTarget;

    PROGRAM_LIMIT = "SG0901", "A layer needs something that the accelerator cannot do.",
        "change the layer as the message says, or keep it in float, on the processor", FloatLayers;
    PROGRAM_INVALID = "SG0902", "A program breaks a rule of the instruction stream.",
        "the file was damaged or belongs to another version; build it again";
    PART_TOO_SMALL = "SG0903", "The design needs more than its part has.",
        "choose a larger part, or fewer pixels a cycle or less shared memory in a target file; or build it all the same", Force;

    DEVICE_OPEN = "SG1201", "The device of the accelerator cannot be opened or used.",
        "check that the bitstream and the device tree are loaded and that you may open the device (docs/driver.md)";
    DEVICE_MISMATCH = "SG1202", "Bitstream, program and bundle do not belong together.",
        "load the bitstream that was made of this bundle, and the bundle as it was built";
    DEVICE_TIMEOUT = "SG1203", "The accelerator did not answer in time.",
        "check the clock of the programmable logic and the bundle's bitstream; the next frame may be tried";
    DEVICE_FAULT = "SG1204", "The accelerator ended a frame by an error.",
        "docs/registers.md lists the codes; the next frame may be tried";
    DEVICE_MEMORY = "SG1205", "The memory that processor and accelerator share is too small for the bundle.",
        "make the u-dma-buf larger in the device tree";

    CAMPAIGN = "SG1301", "A campaign's folder holds no manifest, or one that is malformed or of another version.",
        "plan the campaign with `seigo farm plan`; docs/farm.md describes its folder";
    CAMPAIGN_STALE = "SG1302", "A campaign was planned by another version, or its model or a file that it names was changed.",
        "plan the campaign again, or perform it with the version that planned it and the files as they were";
    CAMPAIGN_RESULT = "SG1303", "A result does not belong to the campaign, or is malformed; it is left out.",
        "delete the file and run the task again";
    CAMPAIGN_BUSY = "SG1304", "Another collector is at work in the campaign's folder.",
        "wait until it ends";
    TASK_CRASHED = "SG1305", "The process of a task ended without a result, in every attempt.",
        "run the task alone to see its messages";
    TASK_HUNG = "SG1306", "A task took longer than the campaign allows, in every attempt.",
        "run the task alone with a longer limit";

    REPORT_INPUT = "SG1101", "A file given for the report is malformed or belongs to another model.",
        "docs/report.md says what each file has to be";
}

#[cfg(test)]
mod tests {
    use super::ALL;

    #[test]
    fn ids_are_unique_and_well_formed() {
        let mut ids: Vec<_> = ALL.iter().map(|code| code.id).collect();
        ids.sort_unstable();
        let count = ids.len();
        ids.dedup();
        assert_eq!(ids.len(), count);
        assert!(ids.iter().all(|id| id.len() == 6 && id.starts_with("SG")));
    }
}
