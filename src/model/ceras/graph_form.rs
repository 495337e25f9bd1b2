//! The JSON form of the graph; numbers per channel are elsewhere, at the offsets given here.

use serde::{Deserialize, Serialize};

use crate::base::arithmetic::{Base, Layout, Rounding, Unit};
use crate::base::tensor::DType;
use crate::model::qgraph::{OpHeader, QFloat, Width};

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
    /// Fixed point of its constants; absent for the usual one.
    #[serde(default, skip_serializing_if = "Unit::is_usual")]
    pub unit: Unit,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LayerForm {
    pub name: String,
    pub op: OpHeader,
    pub inputs: Vec<Option<OperandForm>>,
    pub outputs: Vec<usize>,
    /// Names of the original nodes; absent when that is just the layer's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sources: Option<Vec<String>>,
}

/// The contents of FLTS.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FloatsForm {
    pub layers: Vec<FloatLayerForm>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FloatLayerForm {
    /// Position of the layer in GRPH.
    pub layer: usize,
    pub op: QFloat,
    pub inputs: Vec<Option<OperandForm>>,
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
