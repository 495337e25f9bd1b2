//! The layers of YOLOX-Nano in the C++ library beside the most products of int8 that the processor computes in a second.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use seigo::model::ceras::Model;
use seigo::model::qgraph::{Layer, QGraph};
use serde_json::Value;

use super::{library, write};
use crate::page::Failure;
use crate::yolox::output;

/// Frames of which the medians are taken.
const FRAMES: &str = "300";

/// Layers of the same shape.
struct Row {
    what: String,
    layers: usize,
    macs: f64,
    milliseconds: f64,
}

/// Writes a row for each shape of layers.
pub fn measure(model: &Path) -> Result<(), Failure> {
    let mut command = Command::new(library()?.join("layers"));
    let printed = output(command.arg(model).args(["best", FRAMES]))?;
    let measured: Value = serde_json::from_str(&printed)?;
    let graph = Model::load(model).map_err(|wrong| wrong.to_string())?.graph;
    let rows = rows(&graph, &measured["milliseconds"]);
    let peak = measured["products_a_second"].as_f64().filter(|&peak| peak > 0.0);
    let peak = peak.ok_or("the peak is measured on processors with AVX-512 VNNI alone")?;
    let mut text = format!(
        "Kernels `{}`, one thread; {:.0} G products of int8 a second from registers.\n\n\
         | layers | how many | M MAC | ms | of the peak |\n|---|---:|---:|---:|---:|\n",
        measured["kernels"].as_str().unwrap_or_default(),
        peak / 1e9
    );
    let line = |text: &mut String, row: &Row| {
        let share = 100.0 * row.macs / (row.milliseconds / 1000.0) / peak;
        let share = if row.macs > 0.0 { format!("{share:.0} %") } else { String::new() };
        let Row { what, layers, macs, milliseconds } = row;
        writeln!(text, "| {what} | {layers} | {:.1} | {milliseconds:.3} | {share} |", macs / 1e6)
    };
    for row in &rows {
        line(&mut text, row)?;
    }
    let all = Row {
        what: "all".into(),
        layers: rows.iter().map(|row| row.layers).sum(),
        macs: rows.iter().map(|row| row.macs).sum(),
        milliseconds: rows.iter().map(|row| row.milliseconds).sum(),
    };
    line(&mut text, &all)?;
    write("layers", &text)
}

/// `times` are milliseconds by value.
fn rows(graph: &QGraph, times: &Value) -> Vec<Row> {
    let mut rows = Vec::<Row>::new();
    for layer in &graph.layers {
        let outputs = layer.outputs.iter();
        let milliseconds = outputs.filter_map(|id| times[id.0.to_string()].as_f64()).sum::<f64>();
        let first = layer.outputs.first();
        let shape = first.map(|&id| &graph.value(id).shape[..]).unwrap_or_default();
        let elements = shape.iter().product::<usize>();
        let macs = layer.op.conv().map_or(0.0, |conv| (elements * conv.taps()) as f64);
        let what = what(layer, shape);
        match rows.iter_mut().find(|row| row.what == what) {
            Some(row) => {
                row.layers += 1;
                row.macs += macs;
                row.milliseconds += milliseconds;
            }
            None => rows.push(Row { what, layers: 1, macs, milliseconds }),
        }
    }
    rows
}

/// A convolution by its shape, another layer by its kind.
fn what(layer: &Layer, shape: &[usize]) -> String {
    let (Some(conv), &[_, outputs, height, width]) = (layer.op.conv(), shape) else {
        return layer.op.kind().to_owned();
    };
    let [rows, columns] = conv.axes;
    let stride = if rows.stride > 1 { format!(", stride {}", rows.stride) } else { String::new() };
    let inputs = conv.group * conv.group_inputs();
    let channels = match conv.group {
        1 => format!("{inputs} to {outputs} channels"),
        group if group == inputs => format!("depthwise, {outputs} channels"),
        group => format!("{inputs} to {outputs} channels in {group} groups"),
    };
    format!("{}x{}{stride}, {channels}, {height}x{width}", rows.kernel, columns.kernel)
}
