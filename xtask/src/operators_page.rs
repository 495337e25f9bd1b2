//! docs/operators.md, generated from the operators themselves.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use seigo::base::error::Result;
use seigo::frontend::onnx::OPSETS;
use seigo::frontend::ops::Op;

/// Operators of the default ONNX domain, opset 22 and those withdrawn before.
const ONNX_OPERATORS: &[&str] = &[
    "Abs",
    "Acos",
    "Acosh",
    "Add",
    "AffineGrid",
    "And",
    "ArgMax",
    "ArgMin",
    "Asin",
    "Asinh",
    "Atan",
    "Atanh",
    "AveragePool",
    "BatchNormalization",
    "Bernoulli",
    "BitShift",
    "BitwiseAnd",
    "BitwiseNot",
    "BitwiseOr",
    "BitwiseXor",
    "BlackmanWindow",
    "Cast",
    "CastLike",
    "Ceil",
    "Celu",
    "CenterCropPad",
    "Clip",
    "Col2Im",
    "Compress",
    "Concat",
    "ConcatFromSequence",
    "Constant",
    "ConstantOfShape",
    "Conv",
    "ConvInteger",
    "ConvTranspose",
    "Cos",
    "Cosh",
    "CumSum",
    "DFT",
    "DeformConv",
    "DepthToSpace",
    "DequantizeLinear",
    "Det",
    "Div",
    "Dropout",
    "DynamicQuantizeLinear",
    "Einsum",
    "Elu",
    "Equal",
    "Erf",
    "Exp",
    "Expand",
    "EyeLike",
    "Flatten",
    "Floor",
    "GRU",
    "Gather",
    "GatherElements",
    "GatherND",
    "Gelu",
    "Gemm",
    "GlobalAveragePool",
    "GlobalLpPool",
    "GlobalMaxPool",
    "Greater",
    "GreaterOrEqual",
    "GridSample",
    "GroupNormalization",
    "HammingWindow",
    "HannWindow",
    "HardSigmoid",
    "HardSwish",
    "Hardmax",
    "Identity",
    "If",
    "ImageDecoder",
    "InstanceNormalization",
    "IsInf",
    "IsNaN",
    "LRN",
    "LSTM",
    "LayerNormalization",
    "LeakyRelu",
    "Less",
    "LessOrEqual",
    "Log",
    "LogSoftmax",
    "Loop",
    "LpNormalization",
    "LpPool",
    "MatMul",
    "MatMulInteger",
    "Max",
    "MaxPool",
    "MaxRoiPool",
    "MaxUnpool",
    "Mean",
    "MeanVarianceNormalization",
    "MelWeightMatrix",
    "Min",
    "Mish",
    "Mod",
    "Mul",
    "Multinomial",
    "Neg",
    "NegativeLogLikelihoodLoss",
    "NonMaxSuppression",
    "NonZero",
    "Not",
    "OneHot",
    "Optional",
    "OptionalGetElement",
    "OptionalHasElement",
    "Or",
    "PRelu",
    "Pad",
    "Pow",
    "QLinearConv",
    "QLinearMatMul",
    "QuantizeLinear",
    "RNN",
    "RandomNormal",
    "RandomNormalLike",
    "RandomUniform",
    "RandomUniformLike",
    "Range",
    "Reciprocal",
    "ReduceL1",
    "ReduceL2",
    "ReduceLogSum",
    "ReduceLogSumExp",
    "ReduceMax",
    "ReduceMean",
    "ReduceMin",
    "ReduceProd",
    "ReduceSum",
    "ReduceSumSquare",
    "RegexFullMatch",
    "Relu",
    "Reshape",
    "Resize",
    "ReverseSequence",
    "RoiAlign",
    "Round",
    "STFT",
    "Scan",
    "Scatter",
    "ScatterElements",
    "ScatterND",
    "Selu",
    "SequenceAt",
    "SequenceConstruct",
    "SequenceEmpty",
    "SequenceErase",
    "SequenceInsert",
    "SequenceLength",
    "SequenceMap",
    "Shape",
    "Shrink",
    "Sigmoid",
    "Sign",
    "Sin",
    "Sinh",
    "Size",
    "Slice",
    "Softmax",
    "SoftmaxCrossEntropyLoss",
    "Softplus",
    "Softsign",
    "SpaceToDepth",
    "Split",
    "SplitToSequence",
    "Sqrt",
    "Squeeze",
    "StringConcat",
    "StringNormalizer",
    "StringSplit",
    "Sub",
    "Sum",
    "Tan",
    "Tanh",
    "TfIdfVectorizer",
    "ThresholdedRelu",
    "Tile",
    "TopK",
    "Transpose",
    "Trilu",
    "Unique",
    "Unsqueeze",
    "Upsample",
    "Where",
    "Xor",
];

/// Read by the importer, which turns it into a constant.
const CONSTANT: (&str, &str) =
    ("Constant", "Tensors, floats and integers; sparse tensors and strings are refused.");

/// Writes the page.
pub fn write() -> Result<ExitCode> {
    seigo::base::files::write(&path(), page().as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/operators.md")
}

fn page() -> String {
    let mut supported: BTreeMap<_, _> = Op::limits().into_iter().collect();
    supported.insert(CONSTANT.0, CONSTANT.1);
    let rows: String =
        supported.iter().map(|(name, limits)| format!("| {name} | {limits} |\n")).collect();
    let missing: Vec<_> =
        ONNX_OPERATORS.iter().filter(|name| !supported.contains_key(*name)).copied().collect();
    format!(
        "# ONNX operators\n\n\
         Written by `cargo run -p xtask -- operators-page`; do not edit.\n\n\
         Seigo reads opsets {} to {} of the default domain. Element types are f32, bool and the \
         integers of 8 to 64 bits; half, bfloat16 and double become f32 when a model is read. \
         Every shape is known at conversion time. `make test-onnx` runs the ONNX project's own \
         tests of these operators.\n\n\
         ## Supported\n\n| operator | limits |\n|---|---|\n{rows}\n\
         ## Not supported\n\n{}.\n\n\
         Operators of other domains, functions defined by a model, sequences, maps and optional \
         values are not supported either.\n",
        OPSETS.start(),
        OPSETS.end(),
        missing.join(", "),
    )
}

/// Whether the page names `operator`, supported or not.
pub fn lists(operator: &str) -> bool {
    ONNX_OPERATORS.contains(&operator)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_current() {
        let written = std::fs::read_to_string(path()).unwrap();
        assert!(written == page(), "run `cargo run -p xtask -- operators-page`");
    }

    #[test]
    fn every_supported_operator_is_one_of_onnx() {
        for name in Op::supported() {
            assert!(ONNX_OPERATORS.contains(&name), "{name}");
        }
    }
}
