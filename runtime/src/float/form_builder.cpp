#include "../form_builder.h"

#include <algorithm>

#include "layers.h"

namespace ceras::detail {

FormBuilder::FormBuilder(Builder& builder)
    : builder_(builder), network_(builder.network), maker_(builder.network.values.size(), kNone) {}

bool FormBuilder::has_floats(const Operand& operand) const {
  return operand.kind == Operand::Kind::value && network_.values[operand.value].floats != kNone;
}

bool FormBuilder::layer(const Layer& layer) { return layer.floating || follows(layer) ? both(layer) : plain(layer); }

// What has no numbers of its own has the form of what it reads, where all of that may be in float.
bool FormBuilder::follows(const Layer& layer) const {
  if (layer.kind != LayerKind::move && layer.kind != LayerKind::max_pool) return false;
  bool any = false;
  for (const Operand& operand : layer.inputs) {
    if (operand.kind != Operand::Kind::value) continue;
    any = true;
    if (!has_floats(operand)) return false;
  }
  return any;
}

Layer FormBuilder::in_float(const Layer& layer) const {
  Layer own;
  own.name = layer.name;
  own.kind = LayerKind::floating;
  own.op = layer.op;
  own.attributes = layer.attributes;
  own.inputs = layer.inputs;
  own.outputs = layer.outputs;
  for (Operand& operand : own.inputs) {
    if (has_floats(operand)) operand.value = network_.values[operand.value].floats;
  }
  return own;
}

// Brings what a layer reads into a form, where the frame has not got it in that.
void FormBuilder::convert(const Layer& layer, Form wanted, Step::Condition when) {
  std::vector<std::size_t> done;
  for (const Operand& operand : layer.inputs) {
    if (!has_floats(operand) || std::find(done.begin(), done.end(), operand.value) != done.end()) continue;
    done.push_back(operand.value);
    const std::size_t floats = network_.values[operand.value].floats;
    when.unless = wanted == Form::floating ? floats : operand.value;
    builder_.condition = when;
    if (wanted == Form::floating) {
      add_dequantized(builder_, operand.value, floats);
    } else {
      add_quantized(builder_, floats, operand.value);
    }
  }
}

bool FormBuilder::plain(const Layer& layer) {
  const bool floating = layer.kind == LayerKind::floating;
  convert(layer, floating ? Form::floating : Form::integer, {});
  builder_.condition = {};
  return build_layer(builder_, floating ? in_float(layer) : layer);
}

bool FormBuilder::both(const Layer& layer) {
  Choice choice;
  choice.name = layer.name;
  choice.follows = !layer.floating;
  choice.outputs = layer.outputs;
  for (const Operand& operand : layer.inputs) {
    if (choice.follows && operand.kind == Operand::Kind::value) choice.reads.push_back(maker_[operand.value]);
  }
  const std::size_t own = network_.choices.size();
  network_.choices.push_back(choice);
  for (std::size_t output : layer.outputs) {
    maker_[output] = own;
    Value floats;
    floats.shape = network_.values[output].shape;
    floats.channels_last = network_.values[output].channels_last;
    floats.born = -1;
    network_.values[output].floats = network_.values.size();
    network_.values.push_back(floats);
  }
  convert(layer, Form::integer, {own, Form::integer, kNone});
  builder_.condition = {own, Form::integer, kNone};
  if (!build_layer(builder_, layer)) return false;
  const Layer& other = layer.floating ? *layer.floating : layer;
  Layer floating = in_float(other);
  for (std::size_t& output : floating.outputs) output = network_.values[output].floats;
  convert(other, Form::floating, {own, Form::floating, kNone});
  builder_.condition = {own, Form::floating, kNone};
  const bool built = build_layer(builder_, floating);
  builder_.condition = {};
  return built;
}

void FormBuilder::outputs() {
  for (std::size_t output : network_.outputs) {
    const std::size_t floats = network_.values[output].floats;
    if (floats == kNone) continue;
    builder_.condition = {kNone, Form::integer, output};
    add_quantized(builder_, floats, output);
  }
  builder_.condition = {};
}

}  // namespace ceras::detail
