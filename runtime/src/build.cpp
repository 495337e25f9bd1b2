// Links, order and memory of a network: its layers to steps.
#include <algorithm>

#include "container.h"
#include "conv_stage.h"
#include "form_builder.h"
#include "order.h"

namespace ceras::detail {

const Value* Builder::input(const Layer& layer, std::size_t position) const {
  if (position >= layer.inputs.size() || layer.inputs[position].kind != Operand::Kind::value) return nullptr;
  return &network.values[layer.inputs[position].value];
}

bool Builder::report(std::string_view what, bool unsupported) {
  return fail(error_, unsupported ? format::kRuntimeOperator : format::kQuantizedGraph, place, what);
}

std::size_t Builder::temporary(Type type, const Shape& shape, bool channels_last) {
  Value value;
  value.shape = shape;
  value.type = type;
  value.channels_last = channels_last;
  value.born = static_cast<int>(network.steps.size());
  value.dies = value.born;
  network.values.push_back(value);
  return network.values.size() - 1;
}

void Builder::scratch(std::size_t bytes) {
  bytes = (bytes + 63) / 64 * 64;
  network.scratch_bytes = std::max(network.scratch_bytes, bytes);
}

void Builder::add(std::unique_ptr<Step> step, std::initializer_list<std::size_t> reads,
                  std::initializer_list<std::size_t> writes) {
  add(std::move(step), std::vector<std::size_t>(reads), std::vector<std::size_t>(writes));
}

void Builder::add(std::unique_ptr<Step> step, const std::vector<std::size_t>& reads, const std::vector<std::size_t>& writes) {
  const int now = static_cast<int>(network.steps.size());
  step->condition = condition;
  const bool always = condition.choice == kNone && condition.unless == kNone;
  for (std::size_t index : writes) {
    // What other steps may compute instead is in memory from the first of them on.
    if (always || network.values[index].born < 0) network.values[index].born = now;
    network.values[index].dies = now;
    if (condition.unless == kNone && file_value(index) != kNone) step->computed.push_back(file_value(index));
  }
  for (std::size_t index : reads) network.values[index].dies = now;
  network.steps.push_back(std::move(step));
}

// The value of the file that this is, or is the floats of; none for a temporary one.
std::size_t Builder::file_value(std::size_t index) const {
  if (index < network.file_values) return index;
  const auto is_it = [&](const Value& value) { return value.floats == index; };
  const auto end = network.values.begin() + static_cast<std::ptrdiff_t>(network.file_values);
  const auto found = std::find_if(network.values.begin(), end, is_it);
  return found == end ? kNone : static_cast<std::size_t>(found - network.values.begin());
}

namespace {

// Channels lie innermost where the kernels work, so wherever there are spatial dimensions. What a transposition in
// float gives is as it is read by people, row-major.
void choose_layouts(Network& network) {
  for (Value& value : network.values) value.channels_last = value.shape.size() >= 3;
  for (const Layer& layer : network.layers) {
    if (layer.kind != LayerKind::floating || layer.op != "transpose") continue;
    for (std::size_t output : layer.outputs) {
      if (!network.values[output].is_integer()) network.values[output].channels_last = false;
    }
  }
}

}  // namespace

bool build_layer(Builder& builder, const Layer& layer) {
  switch (layer.kind) {
    case LayerKind::conv: return build_conv(builder, layer);
    case LayerKind::add:
    case LayerKind::channel_mul:
    case LayerKind::dpu_add:
    case LayerKind::rescale: return build_elementwise(builder, layer);
    case LayerKind::max_pool: return build_max_pool(builder, layer);
    case LayerKind::move: return build_move(builder, layer);
    case LayerKind::floating: return build_float(builder, layer);
  }
  return false;
}

namespace {

// Every value is computed once, before it is read.
bool check_links(Builder& builder, const Layer& layer, Flags& available) {
  for (const Operand& operand : layer.inputs) {
    if (operand.kind == Operand::Kind::value && !available[operand.value]) {
      return builder.broken("value " + std::to_string(operand.value) + " is read before it is computed");
    }
  }
  for (std::size_t output : layer.outputs) {
    if (available[output]) return builder.broken("value " + std::to_string(output) + " is computed twice");
    available[output] = true;
  }
  return true;
}

// Large values first, each at the lowest offset where nothing lies that lives at the same time.
void place_values(Network& network) {
  constexpr std::size_t kAlignment = 64;
  std::vector<std::size_t> order;
  for (std::size_t index = 0; index < network.values.size(); ++index) {
    if (network.values[index].born >= 0) order.push_back(index);
  }
  const auto size = [&](std::size_t index) {
    return (network.values[index].bytes() + kSlack + kAlignment - 1) / kAlignment * kAlignment;
  };
  sort_numbers(order, [&](std::size_t a, std::size_t b) { return size(a) > size(b); });
  std::vector<std::size_t> placed;  // by offset
  for (std::size_t index : order) {
    Value& own = network.values[index];
    std::size_t offset = 0;
    for (std::size_t other : placed) {
      const Value& there = network.values[other];
      const bool together = own.born <= there.dies && there.born <= own.dies;
      if (together && offset + size(index) > there.offset) offset = std::max(offset, there.offset + size(other));
    }
    own.offset = offset;
    network.arena_bytes = std::max(network.arena_bytes, offset + size(index));
    const auto behind = [&](std::size_t other) { return network.values[other].offset > offset; };
    placed.insert(std::find_if(placed.begin(), placed.end(), behind), index);
  }
}

}  // namespace

bool build_steps(Network& network, Error& error) {
  Builder builder(network, error);
  network.file_values = network.values.size();
  network.tables = short_tables(network.functions);
  choose_layouts(network);
  Flags available(network.file_values, false);
  for (Value& value : network.values) value.born = -1;
  builder.place = "inputs";
  for (std::size_t input : network.inputs) {
    if (available[input]) return builder.broken("input " + std::to_string(input) + " comes twice");
    available[input] = true;
    network.values[input].born = network.values[input].dies = 0;
  }
  FormBuilder forms(builder);
  for (const Layer& layer : network.layers) {
    builder.place = "layer \"" + layer.name + "\"";
    if (!check_links(builder, layer, available) || !forms.layer(layer)) return false;
  }
  for (std::size_t at = 0; at < network.choices.size(); ++at) {
    if (!network.choices[at].follows) network.asked.push_back(at);
  }
  builder.place = "outputs";
  for (std::size_t output : network.outputs) {
    if (!available[output]) return builder.broken("value " + std::to_string(output) + " is never computed");
  }
  forms.outputs();
  for (std::size_t output : network.outputs) network.values[output].dies = static_cast<int>(network.steps.size());
  place_values(network);
  network.layers.clear();
  network.graph_form = network.float_form = Json();
  return true;
}

}  // namespace ceras::detail
