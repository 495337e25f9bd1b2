//! What a caller can change, named without saying how: a program sets a field, the command line
//! names its option.

/// A setting or a call that helps against a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    /// The shape of a network input that the ONNX file leaves open.
    InputShape,
    /// The description of pre- and post-processing.
    Task,
    /// The layers that stay in float.
    FloatLayers,
    /// The layers that are kept in both forms.
    Both,
    /// How many of the most sensitive layers stay in float.
    FloatWorst,
    /// The smallest signal to noise ratio of the network's answer.
    MinSqnr,
    /// Importing a quantized model with other scales.
    Requantize,
    /// How long the packing of memory may search.
    TimeLimit,
    /// Inspecting a quantized model for its target.
    InspectTarget,
    /// Building what the part has no room for.
    Force,
}

impl Remedy {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::InputShape,
        Self::Task,
        Self::FloatLayers,
        Self::Both,
        Self::FloatWorst,
        Self::MinSqnr,
        Self::Requantize,
        Self::TimeLimit,
        Self::InspectTarget,
        Self::Force,
    ];
}
