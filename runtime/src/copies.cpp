// Runs the copies that operators of movement are made of.
#include <algorithm>
#include <cstring>

#include "movement.h"

namespace ceras::detail {

namespace {

// Runs of a length that the compiler knows: a call for each would cost more than the copy.
template <std::size_t Length, typename T>
void copy_short(const Copy::Dimension& own, std::size_t count, const T* from, T* to) {
  for (std::size_t index = 0; index < count; ++index, from += own.from, to += own.to) std::memcpy(to, from, Length * sizeof(T));
}

// An innermost dimension of adjacent elements below one of equal steps; false for other forms.
template <typename T>
bool copy_runs(const Copy::Dimension& own, std::size_t count, const Copy::Dimension& inner, const T* from, T* to) {
  if (!own.positions.empty() || !inner.positions.empty() || inner.from != 1 || inner.to != 1) return false;
  switch (inner.extent) {
    case 1: copy_short<1>(own, count, from, to); return true;
    case 2: copy_short<2>(own, count, from, to); return true;
    case 3: copy_short<3>(own, count, from, to); return true;
    case 4: copy_short<4>(own, count, from, to); return true;
    case 8: copy_short<8>(own, count, from, to); return true;
    case 16: copy_short<16>(own, count, from, to); return true;
    case 32: copy_short<32>(own, count, from, to); return true;
    case 64: copy_short<64>(own, count, from, to); return true;
    default: return false;
  }
}

// Dimensions from `at` on, that one for `count` of its indices from `first` on.
template <typename T>
void copy_dimension(const Copy& copy, std::size_t at, std::size_t first, std::size_t count, const T* from, T* to) {
  const Copy::Dimension& own = copy.dimensions[at];
  const bool last = at + 1 == copy.dimensions.size();
  to += static_cast<std::ptrdiff_t>(first) * own.to;
  if (own.positions.empty()) from += static_cast<std::ptrdiff_t>(first) * own.from;
  if (last && own.positions.empty() && own.from == 1 && own.to == 1) {
    std::memcpy(to, from, count * sizeof(T));
    return;
  }
  if (at + 2 == copy.dimensions.size() && copy_runs(own, count, copy.dimensions[at + 1], from, to)) return;
  for (std::size_t index = 0; index < count; ++index, to += own.to) {
    const T* source = own.positions.empty() ? from + static_cast<std::ptrdiff_t>(index) * own.from : from + own.positions[first + index];
    if (last) {
      *to = *source;
    } else {
      copy_dimension(copy, at + 1, 0, copy.dimensions[at + 1].extent, source, to);
    }
  }
}

std::size_t position(const Value& value, std::size_t index) {
  if (!value.channels_last) return index;
  const std::size_t plane = value.plane(), channels = value.channels();
  return (index / plane / channels * plane + index % plane) * channels + index / plane % channels;
}

class MovementStep : public Step {
 public:
  std::vector<Copy> copies;
  std::vector<std::size_t> inputs, outputs;

  void run(Frame& frame) const override {
    for (const Copy& copy : copies) {
      if (copy.fills) std::fill_n(frame.data<float>(outputs[copy.output]), frame.network().values[outputs[copy.output]].elements(), copy.filling);
      switch (width_bytes(frame.network().values[outputs[copy.output]].type)) {
        case 1: apply<std::uint8_t>(frame, copy); break;
        case 2: apply<std::uint16_t>(frame, copy); break;
        default: apply<std::uint32_t>(frame, copy); break;
      }
    }
  }

 private:
  // The first dimension, shared between threads where there is much to move.
  template <typename T>
  static void copy_parts(const Frame& frame, const Copy& copy, std::size_t elements, const T* from, T* to) {
    if (copy.dimensions.empty()) {
      *to = *from;
      return;
    }
    constexpr std::size_t kShare = 1 << 13;  // elements
    const std::size_t extent = copy.dimensions[0].extent, parts = std::min(extent, elements / kShare + 1), part = (extent + parts - 1) / parts;
    frame.each((extent + part - 1) / part, [&](std::size_t item, std::uint8_t*) {
      copy_dimension(copy, 0, item * part, std::min(part, extent - item * part), from, to);
    });
  }

  template <typename T>
  void apply(Frame& frame, const Copy& copy) const {
    const T* from = frame.data<T>(inputs[copy.input]);
    T* to = frame.data<T>(outputs[copy.output]);
    const Value &source = frame.network().values[inputs[copy.input]], &target = frame.network().values[outputs[copy.output]];
    if (!copy.one_by_one) {
      for (const Copy::Dimension& own : copy.dimensions) {
        if (own.extent == 0) return;
      }
      return copy_parts(frame, copy, source.elements(), from + copy.from, to + copy.to);
    }
    for (std::size_t index = 0; index < target.elements(); ++index) to[position(target, index)] = from[position(source, index)];
  }
};

}  // namespace

std::unique_ptr<Step> movement_step(std::vector<Copy> copies, std::vector<std::size_t> inputs, std::vector<std::size_t> outputs) {
  auto step = std::make_unique<MovementStep>();
  step->copies = std::move(copies);
  step->inputs = std::move(inputs);
  step->outputs = std::move(outputs);
  return step;
}

bool build_move(Builder& builder, const Layer& layer) {
  if (!is_movement(layer.op)) return builder.unsupported("moving integers by \"" + layer.op + "\"");
  std::vector<std::size_t> inputs;
  for (std::size_t at = 0; at < layer.inputs.size(); ++at) {
    const Operand& operand = layer.inputs[at];
    if (operand.kind != Operand::Kind::value) continue;
    const Value& value = builder.value(operand.value);
    if (!value.is_integer()) return builder.broken("a movement of floats");
    for (std::size_t output : layer.outputs) {
      if (builder.value(output).type != value.type) return builder.broken("a movement changes the width");
    }
    inputs.push_back(operand.value);
  }
  std::vector<Copy> copies;
  if (!plan_movement(builder, layer, inputs, layer.outputs, copies)) return false;
  builder.add(movement_step(std::move(copies), inputs, layer.outputs), inputs, layer.outputs);
  return true;
}

}  // namespace ceras::detail
