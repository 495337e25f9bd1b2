//! The JSON form of the graph; numbers per channel are elsewhere, at the offsets given here.

use serde::{Deserialize, Serialize};

use crate::base::arithmetic::{Base, Layout, Rounding};
use crate::base::tensor::DType;
use crate::frontend::ops::Op;
use crate::frontend::ops::epilogue::Residual;
use crate::frontend::ops::window::Axis;
use crate::model::qgraph::{DpuActivation, Width};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GraphForm {
    pub name: String,
    pub rounding: Rounding,
    pub values: Vec<ValueForm>,
    pub functions: Vec<FunctionForm>,
    pub layers: Vec<LayerForm>,
    pub inputs: Vec<usize>,
    /// Name and value.
    pub outputs: Vec<(String, usize)>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ValueForm {
    pub name: String,
    pub shape: Vec<usize>,
    /// Width, and where its scales begin in SCLS, counted in channels; absent for floats.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub integer: Option<(Width, usize)>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FunctionForm {
    pub name: String,
    pub base: Base,
    pub layout: Layout,
    pub signed: bool,
    /// Where its entries begin in FUNC, and how many there are.
    pub rom: (usize, usize),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LayerForm {
    pub name: String,
    pub op: OpForm,
    pub inputs: Vec<Option<OperandForm>>,
    pub outputs: Vec<usize>,
    /// Names of the original nodes; absent when that is just the layer's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sources: Option<Vec<String>>,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
pub enum OperandForm {
    Value(usize),
    Constant(ConstantForm),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConstantForm {
    pub dtype: DType,
    pub shape: Vec<usize>,
    /// First byte in CNST.
    pub offset: usize,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OpForm {
    Conv(Box<ConvForm>),
    Add,
    DpuAdd,
    Rescale,
    MaxPool(Op),
    Move(Op),
    Float(Op),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConvForm {
    /// Rows, then columns: input, output, kernel, stride, dilation, begin, end.
    pub axes: [[usize; 7]; 2],
    pub group: usize,
    /// Output channels.
    pub channels: usize,
    /// First byte in WGTS, and how many there are.
    pub weights: (usize, usize),
    /// First byte in PRMS.
    pub params: usize,
    pub output: OutputForm,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OutputForm {
    Direct {
        relu: bool,
    },
    Function {
        function: usize,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        residual: Option<Residual>,
    },
    Dpu {
        accumulator_shift: u8,
        bias_shift: u8,
        shift: u8,
        activation: DpuActivation,
    },
}

pub fn axis_form(axis: Axis) -> [usize; 7] {
    [axis.input, axis.output, axis.kernel, axis.stride, axis.dilation, axis.begin, axis.end]
}

pub fn axis([input, output, kernel, stride, dilation, begin, end]: [usize; 7]) -> Axis {
    Axis { input, output, kernel, stride, dilation, begin, end }
}
