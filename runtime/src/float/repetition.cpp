// Operators that repeat or surround elements, which only layers in float have.
#include <algorithm>

#include "../movement.h"

namespace ceras::detail {

namespace {

std::ptrdiff_t step(std::size_t elements) { return static_cast<std::ptrdiff_t>(elements); }

const Operand* constant(const Layer& layer, std::size_t position) {
  return position < layer.inputs.size() && layer.inputs[position].kind == Operand::Kind::constant ? &layer.inputs[position] : nullptr;
}

bool whole(const Layer& layer, std::size_t position, std::vector<std::int64_t>& numbers) {
  const Operand* operand = constant(layer, position);
  return operand != nullptr && operand->integers(numbers);
}

// Both repeat: a tile the whole of an axis, an expansion its one element.
bool repeat(Builder& builder, const Value& in, const Value& out, bool tile, Copy& copy) {
  const std::size_t rank = out.shape.size(), missing = rank - std::min(rank, in.shape.size());
  if (in.shape.size() > rank || (tile && missing > 0)) return builder.broken("its shape");
  const Shape from = in.strides(), to = out.strides();
  for (std::size_t at = 0; at < rank; ++at) {
    const std::size_t extent = at < missing ? 1 : in.shape[at - missing], wanted = out.shape[at];
    if (tile ? extent == 0 || wanted % extent != 0 : extent != 1 && extent != wanted) return builder.broken("its shape");
    const std::size_t own = at < missing ? 0 : from[at - missing];
    copy.dimensions.push_back({wanted, extent == 1 ? 0 : step(own), step(to[at]), {}});
    if (extent == 1 || extent == wanted) continue;
    for (std::size_t index = 0; index < wanted; ++index) copy.dimensions.back().positions.push_back(step(index % extent * own));
  }
  return true;
}

// The element that stands at `index`, which may lie outside.
std::int64_t found(const std::string& mode, std::int64_t index, std::int64_t extent) {
  if (mode == "edge") return std::clamp<std::int64_t>(index, 0, extent - 1);
  const std::int64_t period = mode == "wrap" ? extent : std::max<std::int64_t>(1, 2 * (extent - 1));
  const std::int64_t phase = (index % period + period) % period;
  return mode == "wrap" ? phase : std::min(phase, extent == 1 ? 0 : period - phase);
}

bool pad(Builder& builder, const Layer& layer, const Value& in, const Value& out, Copy& copy) {
  const Json* mode = layer.attributes->get("mode");
  std::vector<std::int64_t> pads, axes;
  const std::size_t rank = in.shape.size();
  if (mode == nullptr || !whole(layer, 1, pads) || out.shape.size() != rank) return builder.broken("its pads");
  if (constant(layer, 3) == nullptr) {
    for (std::size_t at = 0; at < rank; ++at) axes.push_back(step(at));
  } else if (!whole(layer, 3, axes)) {
    return builder.broken("its axes");
  }
  if (pads.size() != 2 * axes.size()) return builder.broken("its pads");
  std::vector<std::int64_t> begin(rank, 0);
  Shape wanted = in.shape;
  for (std::size_t at = 0; at < axes.size(); ++at) {
    std::size_t axis = 0;
    const std::int64_t before = pads[at], behind = pads[axes.size() + at], most = step(format::kMaxElements);
    if (!counted(axes[at], rank, axis) || before < -most || before > most || behind < -most || behind > most) return builder.broken("its pads");
    const std::int64_t extent = step(in.shape[axis]) + before + behind;
    if (extent < 0) return builder.broken("its pads");
    begin[axis] = before;
    wanted[axis] = static_cast<std::size_t>(extent);
  }
  if (wanted != out.shape) return builder.broken("its shape");
  const Shape from = in.strides(), to = out.strides();
  copy.fills = mode->text == "constant";
  std::vector<float> filling{0.0f};
  if (layer.inputs.size() > 2 && layer.inputs[2].kind != Operand::Kind::none) {
    if (constant(layer, 2) == nullptr || !layer.inputs[2].floats(filling) || filling.size() > 1) return builder.unsupported("this value of Pad");
  }
  copy.filling = filling.empty() ? 0.0f : filling[0];
  for (std::size_t at = 0; at < rank; ++at) {
    const std::int64_t extent = step(in.shape[at]), own = step(out.shape[at]);
    if (copy.fills) {
      const std::int64_t first = std::max<std::int64_t>(0, begin[at]), last = std::min(own, begin[at] + extent);
      const std::size_t count = last > first ? static_cast<std::size_t>(last - first) : 0;
      copy.dimensions.push_back({count, step(from[at]), step(to[at]), {}});
      if (count == 0) continue;
      copy.from += (first - begin[at]) * step(from[at]);
      copy.to += first * step(to[at]);
      continue;
    }
    copy.dimensions.push_back({out.shape[at], step(from[at]), step(to[at]), {}});
    if (extent == 0 && own > 0) return builder.broken("its shape");
    if (begin[at] == 0 && own == extent) continue;
    for (std::int64_t index = 0; index < own; ++index) {
      copy.dimensions.back().positions.push_back(found(mode->text, index - begin[at], extent) * step(from[at]));
    }
  }
  return true;
}

}  // namespace

bool moves_floats(const std::string& op) { return op == "tile" || op == "expand" || op == "pad"; }

bool plan_repetition(Builder& builder, const Layer& layer, const Value& in, const Value& out, Copy& copy) {
  if (layer.op == "pad") return pad(builder, layer, in, out, copy);
  return repeat(builder, in, out, layer.op == "tile", copy);
}

}  // namespace ceras::detail
