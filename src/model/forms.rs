//! Layers that a model file holds in float besides their integer form, and the networks that a choice between
//! the two forms gives.
//!
//! A value is held as the form of the layer that computes it gives it. A layer in float reads what an integer layer
//! computed dequantized (rule A12); what an integer layer or the network's output reads of a layer in float is
//! quantized (A11). A movement and a maximum, which have no numbers of their own, are in float where all
//! that they read is computed in float.

use std::collections::HashSet;

use super::qgraph::{
    Computation, Format, Layer, Operand, QFloat, QGraph, QOp, QValue, QValueId, ScaleRule, wrong,
};
use crate::base::error::Result;
use crate::frontend::ops::identity::Identity;

/// A layer in float, beside its integer form.
#[derive(Debug, Clone, PartialEq)]
pub struct FloatForm {
    /// Position of the layer.
    pub layer: usize,
    /// What it computes.
    pub op: QFloat,
    /// Its inputs by position: values that the integer form reads, or constants.
    pub inputs: Vec<Option<Operand>>,
}

/// Checks that every form can take the place of its layer, with any choice of the others.
///
/// # Errors
/// `QUANTIZED_GRAPH`, naming the layer.
pub fn check(graph: &QGraph, forms: &[FloatForm]) -> Result<()> {
    if forms.is_empty() {
        return Ok(());
    }
    if !forms.is_sorted_by(|one, next| one.layer < next.layer) {
        return Err(wrong("float forms are not in the order of their layers"));
    }
    for form in forms {
        let Some(layer) = graph.layers.get(form.layer) else {
            return Err(wrong(format!("a float form of layer {}, which there is not", form.layer)));
        };
        let computes = layer.op.operator().scales() == ScaleRule::Chosen;
        let known = |operand: &Operand| operand.value().is_none_or(|id| layer.reads(id));
        let refuse = |what: &str| Err(wrong(what).at(layer.place()));
        if !computes || layer.outputs.len() != 1 {
            return refuse("it has a float form, but does not compute one result in integers");
        }
        if !form.inputs.iter().flatten().all(known) {
            return refuse("its float form reads what its integer form does not");
        }
    }
    in_forms(graph, forms, &|_| true).validate()
}

/// The network in which the chosen layers compute in float.
///
/// A value that only layers in float read is a float value then; one that others read too, or that leaves the network, has
/// a float value beside it, with `:float` behind its name. Forms that [`check`] accepts give a valid network.
pub fn in_forms(
    graph: &QGraph,
    forms: &[FloatForm],
    chosen: &dyn Fn(&FloatForm) -> bool,
) -> QGraph {
    let mut by_layer = vec![None; graph.layers.len()];
    for form in forms.iter().filter(|form| chosen(form)) {
        if let Some(place) = by_layer.get_mut(form.layer) {
            *place = Some(form);
        }
    }
    let mut mixing = Mixing::new(graph);
    for (layer, form) in graph.layers.iter().zip(by_layer) {
        mixing.decide(layer, form);
    }
    mixing.build()
}

/// What a layer in float computes, and its inputs by position.
type Float<'a> = (QFloat, &'a [Option<Operand>]);

/// Which form each layer has, and the network of them.
struct Mixing<'a> {
    graph: &'a QGraph,
    /// Per layer that is in float by choice or by what it reads.
    floats: Vec<Option<Float<'a>>>,
    /// Per value, whether a layer that has two forms computes it in float.
    made: Vec<bool>,
}

impl<'a> Mixing<'a> {
    fn new(graph: &'a QGraph) -> Self {
        let floats = Vec::with_capacity(graph.layers.len());
        Self { graph, floats, made: vec![false; graph.values.len()] }
    }

    fn decide(&mut self, layer: &'a Layer, form: Option<&'a FloatForm>) {
        let float = match (form, layer.op.operator().computation()) {
            (Some(form), _) => Some((form.op.clone(), &form.inputs[..])),
            (None, Computation::OnIntegers(op)) => {
                let mut read = layer.inputs.iter().flatten().filter_map(Operand::value).peekable();
                let follows = read.peek().is_some() && read.all(|id| self.made[id.0]);
                follows.then(|| (QFloat(op.into_owned()), &layer.inputs[..]))
            }
            (None, _) => None,
        };
        for id in &layer.outputs {
            self.made[id.0] = float.is_some();
        }
        self.floats.push(float);
    }

    /// The values made in float that integers are wanted of.
    fn quantized(&self) -> HashSet<QValueId> {
        let layers = self.graph.layers.iter().zip(&self.floats);
        // A layer that is in float in the file reads the float value where there is one.
        let integer = layers.filter(|(layer, float)| float.is_none() && !layer.op.is_float());
        let read = integer.flat_map(|(layer, _)| layer.inputs.iter().flatten());
        let leaving = self.graph.outputs.iter().map(|output| output.value);
        let wanted = read.filter_map(Operand::value).chain(leaving);
        wanted.filter(|id| self.made[id.0]).collect()
    }

    fn build(self) -> QGraph {
        let quantized = self.quantized();
        let mut values = self.graph.values.clone();
        // Where the floats of a value are that is made in float.
        let mut floats: Vec<_> = (0..values.len()).map(QValueId).collect();
        for (index, _) in self.made.iter().enumerate().filter(|(_, made)| **made) {
            if quantized.contains(&QValueId(index)) {
                floats[index] = QValueId(values.len());
                let name = free_name(&values, &format!("{}:float", values[index].name));
                let shape = values[index].shape.clone();
                values.push(QValue { name, shape, format: Format::Float });
            } else {
                values[index].format = Format::Float;
            }
        }
        let as_floats = |inputs: &[Option<Operand>]| -> Vec<Option<Operand>> {
            let operand = |operand: &Operand| match operand {
                Operand::Value(id) if self.made[id.0] => Operand::Value(floats[id.0]),
                other => other.clone(),
            };
            inputs.iter().map(|input| input.as_ref().map(operand)).collect()
        };
        let mut layers = Vec::with_capacity(self.graph.layers.len());
        for (layer, float) in self.graph.layers.iter().zip(&self.floats) {
            let Some((op, inputs)) = float else {
                let mut own = layer.clone();
                if layer.op.is_float() {
                    own.inputs = as_floats(&layer.inputs);
                }
                layers.push(own);
                continue;
            };
            layers.push(Layer {
                name: layer.name.clone(),
                op: QOp::Float(op.clone()),
                inputs: as_floats(inputs),
                outputs: layer.outputs.iter().map(|id| floats[id.0]).collect(),
                sources: layer.sources.clone(),
            });
            for &id in layer.outputs.iter().filter(|id| quantized.contains(id)) {
                layers.push(Layer {
                    name: format!("{}:quantize", self.graph.value(id).name),
                    op: QOp::Float(Identity { mask: false }.into()),
                    inputs: vec![Some(Operand::Value(floats[id.0]))],
                    outputs: vec![id],
                    sources: Vec::new(),
                });
            }
        }
        QGraph {
            name: self.graph.name.clone(),
            values,
            layers,
            inputs: self.graph.inputs.clone(),
            outputs: self.graph.outputs.clone(),
            functions: self.graph.functions.clone(),
            rounding: self.graph.rounding,
        }
    }
}

/// `wanted`, longer where a value has that name.
fn free_name(values: &[QValue], wanted: &str) -> String {
    let mut name = wanted.to_owned();
    while values.iter().any(|value| value.name == name) {
        name.push('\'');
    }
    name
}
