// What each operator that moves elements copies where.
#include "movement.h"

#include <algorithm>
#include <cmath>

#include "order.h"
#include "sampling.h"

namespace ceras::detail {

namespace {

constexpr const char* kReshapes[] = {"reshape", "flatten", "squeeze", "unsqueeze", "identity"};

class Planner {
 public:
  Planner(Builder& builder, const Layer& layer, const std::vector<std::size_t>& inputs,
          const std::vector<std::size_t>& outputs, std::vector<Copy>& copies)
      : builder_(builder), layer_(layer), inputs_(inputs), outputs_(outputs), copies_(copies) {}

  bool plan() {
    if (inputs_.empty() || outputs_.empty()) return builder_.broken("inputs or outputs are missing");
    const std::string& op = layer_.op;
    if (op == "concat") return joined(true);
    if (op == "split") return joined(false);
    if (inputs_.size() != 1 || outputs_.size() != 1) return builder_.broken("it has one input and one output");
    if (op == "transpose") return transpose();
    if (op == "space-to-depth") return space_to_depth();
    if (op == "depth-to-space") return depth_to_space();
    if (op == "channel-shuffle") return shuffle();
    if (op == "slice") return slice();
    if (op == "gather") return gather();
    if (op == "resize") return resize();
    if (moves_floats(op)) {
      Copy copy;
      if (!plan_repetition(builder_, layer_, in(), out(), copy)) return false;
      copies_.push_back(std::move(copy));
      return true;
    }
    return reshape();
  }

 private:
  const Value& in(std::size_t at = 0) const { return builder_.value(inputs_[at]); }
  const Value& out(std::size_t at = 0) const { return builder_.value(outputs_[at]); }
  bool misfit() { return builder_.broken(layer_.op + " does not give the shape of its output"); }

  bool number(const char* key, std::int64_t low, std::int64_t high, std::int64_t& value) const {
    const Json* form = layer_.attributes->get(key);
    if (form == nullptr || !form->is_whole() || form->whole < low || form->whole > high) return false;
    value = form->whole;
    return true;
  }

  bool axis(std::size_t rank, std::size_t& axis) const {
    std::int64_t value = 0;
    return number("axis", INT32_MIN, INT32_MAX, value) && counted(value, rank, axis);
  }

  static std::ptrdiff_t step(std::size_t elements) { return static_cast<std::ptrdiff_t>(elements); }

  // A box over the shape of `box`, which both sides have dimensions for.
  static Copy box(const Shape& box, const Shape& from, const Shape& to) {
    Copy copy;
    for (std::size_t at = 0; at < box.size(); ++at) copy.dimensions.push_back({box[at], step(from[at]), step(to[at]), {}});
    return copy;
  }

  // Concatenation, and splitting, its opposite.
  bool joined(bool concat) {
    const Value& whole = concat ? out() : in();
    const std::vector<std::size_t>& parts = concat ? inputs_ : outputs_;
    std::size_t along = 0, begin = 0;
    if ((concat ? outputs_ : inputs_).size() != 1 || !axis(whole.shape.size(), along)) return misfit();
    const Shape strides = whole.strides();
    for (std::size_t at = 0; at < parts.size(); ++at) {
      const Value& part = builder_.value(parts[at]);
      Shape shape = part.shape;
      if (shape.size() != whole.shape.size() || shape[along] > whole.shape[along] - begin) return misfit();
      Copy copy = concat ? box(shape, part.strides(), strides) : box(shape, strides, part.strides());
      const std::ptrdiff_t first = step(begin * strides[along]);
      (concat ? copy.input : copy.output) = at;
      (concat ? copy.to : copy.from) = first;
      begin += shape[along];
      shape[along] = whole.shape[along];
      if (shape != whole.shape) return misfit();
      copies_.push_back(std::move(copy));
    }
    return begin == whole.shape[along] || misfit();
  }

  bool transpose() {
    const Shape from = in().strides(), to = out().strides();
    const std::size_t rank = from.size();
    if (to.size() != rank) return misfit();
    const Json* order = layer_.attributes->get("order");
    const bool given = order != nullptr && order->is(Json::Kind::array);
    if (given && order->items.size() != rank) return misfit();
    Copy copy;
    Flags seen(rank, false);
    for (std::size_t at = 0; at < rank; ++at) {
      std::size_t axis = rank - 1 - at;
      if (given) {
        const Json& item = order->items[at];
        if (!item.is_whole() || item.whole < 0 || item.whole >= static_cast<std::int64_t>(rank)) return misfit();
        axis = static_cast<std::size_t>(item.whole);
      }
      if (seen[axis] || out().shape[at] != in().shape[axis]) return misfit();
      seen[axis] = true;
      copy.dimensions.push_back({out().shape[at], step(from[axis]), step(to[at]), {}});
    }
    copies_.push_back(std::move(copy));
    return true;
  }

  bool planes() { return in().shape.size() == 4 && out().shape.size() == 4; }

  bool space_to_depth() {
    std::int64_t side = 0;
    const Json* offsets = layer_.attributes->get("offsets");
    if (!planes() || !number("block", 1, INT32_MAX, side) || offsets == nullptr || !offsets->is(Json::Kind::array)) return misfit();
    const std::size_t block = static_cast<std::size_t>(side), channels = in().shape[1];
    const Shape& s = in().shape;
    const Shape wanted{s[0], channels * offsets->items.size(), s[2] / block, s[3] / block};
    if (s[2] % block != 0 || s[3] % block != 0 || out().shape != wanted) return misfit();
    const Shape from = in().strides(), to = out().strides();
    for (std::size_t at = 0; at < offsets->items.size(); ++at) {
      const Json& pair = offsets->items[at];
      if (pair.items.size() != 2) return misfit();
      for (const Json& own : pair.items) {
        if (!own.is_whole() || own.whole < 0 || own.whole >= side) return misfit();
      }
      Copy copy = box({s[0], channels, wanted[2], wanted[3]}, {from[0], from[1], from[2] * block, from[3] * block}, to);
      copy.from = step(static_cast<std::size_t>(pair.items[0].whole) * from[2] + static_cast<std::size_t>(pair.items[1].whole) * from[3]);
      copy.to = step(at * channels * to[1]);
      copies_.push_back(std::move(copy));
    }
    return true;
  }

  bool depth_to_space() {
    std::int64_t side = 0;
    const Json* first = layer_.attributes->get("channel-first");
    if (!planes() || !number("block", 1, 1 << 14, side) || first == nullptr || !first->is(Json::Kind::boolean)) return misfit();
    const std::size_t b = static_cast<std::size_t>(side);
    const Shape& s = in().shape;
    const std::size_t channels = s[1] / (b * b);
    if (s[1] % (b * b) != 0 || out().shape != Shape{s[0], channels, s[2] * b, s[3] * b}) return misfit();
    const Shape from = in().strides(), to = out().strides();
    // Input channels are [channel][row][column] or [row][column][channel].
    const std::size_t channel = first->flag ? b * b : 1, row = first->flag ? b : b * channels, column = first->flag ? 1 : channels;
    copies_.push_back(box({s[0], channels, s[2], b, s[3], b},
                          {from[0], channel * from[1], from[2], row * from[1], from[3], column * from[1]},
                          {to[0], to[1], b * to[2], to[2], b * to[3], to[3]}));
    return true;
  }

  bool shuffle() {
    std::int64_t number_of = 0;
    if (!planes() || !number("groups", 1, INT32_MAX, number_of) || in().shape != out().shape) return misfit();
    const std::size_t groups = static_cast<std::size_t>(number_of), channels = in().shape[1];
    if (channels % groups != 0) return misfit();
    const Shape& s = in().shape;
    const Shape from = in().strides(), to = out().strides();
    copies_.push_back(box({s[0], channels / groups, groups, s[2], s[3]},
                          {from[0], from[1], channels / groups * from[1], from[2], from[3]},
                          {to[0], groups * to[1], to[1], to[2], to[3]}));
    return true;
  }

  bool slice() {
    std::vector<std::int64_t> lists[4];  // starts, ends, axes, steps
    for (std::size_t at = 0; at < 4; ++at) {
      const bool there = at + 1 < layer_.inputs.size() && layer_.inputs[at + 1].kind != Operand::Kind::none;
      if (there ? !layer_.inputs[at + 1].integers(lists[at]) : at < 2) return misfit();
      if (!there && at == 2) for (std::size_t own = 0; own < lists[0].size(); ++own) lists[2].push_back(step(own));
      if (!there && at == 3) lists[3].assign(lists[0].size(), 1);
      if (lists[at].size() != lists[0].size()) return misfit();
    }
    const Shape from = in().strides(), to = out().strides();
    const std::int64_t rank = step(from.size());
    if (to.size() != from.size()) return misfit();
    Shape shape = in().shape;
    Copy copy = box(shape, from, to);
    Flags seen(from.size(), false);
    for (std::size_t at = 0; at < lists[0].size(); ++at) {
      std::int64_t axis = lists[2][at], jump = lists[3][at];
      if (axis < -rank || axis >= rank || jump == 0 || jump == INT64_MIN) return misfit();
      axis = axis < 0 ? axis + rank : axis;
      if (seen[axis]) return misfit();
      seen[axis] = true;
      const std::int64_t extent = step(shape[axis]);
      const auto place = [&](std::int64_t position, std::int64_t low, std::int64_t high) {
        position = position < 0 ? position + extent : position;
        return std::clamp(position, low, high);
      };
      const std::int64_t low = jump > 0 ? 0 : -1, high = jump > 0 ? extent : extent - 1;
      const std::int64_t start = place(lists[0][at], low, high), end = place(lists[1][at], low, high);
      const std::int64_t span = jump > 0 ? end - start : start - end;
      const std::int64_t count = span > 0 ? (span - 1) / std::abs(jump) + 1 : 0;
      shape[axis] = static_cast<std::size_t>(count);
      Copy::Dimension& own = copy.dimensions[axis];
      own.extent = shape[axis];
      if (count > 0) copy.from += own.from * start;
      own.from *= count > 1 ? jump : 1;
    }
    if (shape != out().shape) return misfit();
    copies_.push_back(std::move(copy));
    return true;
  }

  // Elements by their positions along an axis, which goes where there is one that is no list.
  bool gather() {
    std::vector<std::int64_t> indices;
    std::size_t along = 0;
    const Operand* list = layer_.inputs.size() > 1 ? &layer_.inputs[1] : nullptr;
    if (list == nullptr || !list->integers(indices) || list->shape.size() > 1) return builder_.unsupported("these indices of Gather");
    if (!axis(in().shape.size(), along)) return misfit();
    const Shape from = in().strides(), to = out().strides();
    const bool one = list->shape.empty();
    Shape shape = in().shape;
    one ? void(shape.erase(shape.begin() + step(along))) : void(shape[along] = indices.size());
    if (shape != out().shape) return misfit();
    Copy copy;
    for (std::size_t at = 0; at < from.size(); ++at) {
      const std::size_t target = at - (one && at > along ? 1 : 0);
      if (at != along) copy.dimensions.push_back({in().shape[at], step(from[at]), step(to[target]), {}});
      if (at == along && !one) copy.dimensions.push_back({indices.size(), 0, step(to[target]), {}});
      for (std::size_t own = 0; at == along && own < indices.size(); ++own) {
        std::size_t position = 0;
        if (!counted(indices[own], in().shape[along], position)) return builder_.broken("an index outside");
        if (one) copy.from = step(position * from[along]);
        if (!one) copy.dimensions.back().positions.push_back(step(position * from[along]));
      }
      if (at == along && !one) straighten(copy, at);
    }
    copies_.push_back(std::move(copy));
    return true;
  }

  // Nearest neighbors.
  bool resize() {
    const Json *mode = layer_.attributes->get("mode"), *nearest = mode ? mode->get("nearest") : nullptr;
    if (nearest == nullptr) return builder_.unsupported("this form of Resize");
    Sampling sampling;
    if (!read_sampling(builder_, layer_, in().shape, out().shape, sampling)) return false;
    const Shape from = in().strides();
    Copy copy = box(out().shape, from, out().strides());
    for (std::size_t at = 0; at < sampling.positions.size(); ++at) {
      const float last = static_cast<float>(in().shape[at]) - 1.0f;
      for (float position : sampling.positions[at]) {
        if (!rounded(nearest->text, position)) return builder_.unsupported("this form of Resize");
        position = position < 0 ? 0 : position > last ? last : position;
        copy.dimensions[at].positions.push_back(step(static_cast<std::size_t>(position) * from[at]));
      }
      straighten(copy, at);
    }
    copies_.push_back(std::move(copy));
    return true;
  }

  // Positions at equal distances, such as those of a dimension that keeps its extent, as a step.
  static void straighten(Copy& copy, std::size_t at) {
    Copy::Dimension& own = copy.dimensions[at];
    const std::ptrdiff_t jump = own.positions.size() > 1 ? own.positions[1] - own.positions[0] : 0;
    for (std::size_t index = 1; index < own.positions.size(); ++index) {
      if (own.positions[index] - own.positions[index - 1] != jump) return;
    }
    if (own.positions.empty()) return;
    copy.from += own.positions[0];
    own.from = jump;
    own.positions.clear();
  }

  static bool rounded(const std::string& rule, float& position) {
    const float below = std::floor(position);
    const bool half = std::fabs(position - below - 0.5f) < 1e-6f;
    if (rule == "floor") {
      position = below;
    } else if (rule == "ceil") {
      position = std::ceil(position);
    } else if (rule == "prefer-floor") {
      position = half ? below : std::ceil(position - 0.5f);
    } else if (rule == "prefer-ceil") {
      position = half ? below + 1.0f : std::floor(position + 0.5f);
    } else {
      return false;
    }
    return true;
  }

  // Row-major order stays, the extents change: the finest dimensions that both shapes are made of.
  bool reshape() {
    if (in().elements() != out().elements()) return misfit();
    Copy copy;
    if (in().elements() == 0) return true;
    const auto innermost = [](const Value& value) {
      std::vector<std::size_t> steps;  // row-major elements from one index to the next, without extents of 1
      std::size_t product = 1;
      for (std::size_t at = value.shape.size(); at-- > 0;) {
        if (value.shape[at] > 1) steps.push_back(product);
        product *= value.shape[at];
      }
      return steps;
    };
    std::vector<std::size_t> cuts = innermost(in()), more = innermost(out());
    cuts.insert(cuts.end(), more.begin(), more.end());
    sort_numbers(cuts, [](std::size_t a, std::size_t b) { return a < b; });
    cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());
    cuts.push_back(in().elements());
    for (std::size_t at = 0; at + 1 < cuts.size(); ++at) {
      std::ptrdiff_t from = 0, to = 0;
      if (cuts[at + 1] % cuts[at] != 0 || !jump(in(), cuts[at], cuts[at + 1], from) || !jump(out(), cuts[at], cuts[at + 1], to)) {
        copy.dimensions.clear();
        copy.one_by_one = true;
        break;
      }
      copy.dimensions.insert(copy.dimensions.begin(), {cuts[at + 1] / cuts[at], from, to, {}});
    }
    copies_.push_back(std::move(copy));
    return true;
  }

  // Elements in memory for a step of `low` row-major ones, where all steps below `high` stay in one dimension.
  static bool jump(const Value& value, std::size_t low, std::size_t high, std::ptrdiff_t& elements) {
    const Shape strides = value.strides();
    std::size_t product = 1;
    for (std::size_t at = value.shape.size(); at-- > 0;) {
      const std::size_t end = product * value.shape[at];
      if (value.shape[at] > 1 && low >= product && low < end) {
        elements = step(low / product * strides[at]);
        return low % product == 0 && high <= end;
      }
      product = end;
    }
    return false;
  }

  Builder& builder_;
  const Layer& layer_;
  const std::vector<std::size_t>& inputs_;
  const std::vector<std::size_t>& outputs_;
  std::vector<Copy>& copies_;
};

}  // namespace

bool counted(std::int64_t index, std::size_t extent, std::size_t& position) {
  const std::int64_t own = static_cast<std::int64_t>(extent);
  if (index < -own || index >= own) return false;
  position = static_cast<std::size_t>(index < 0 ? index + own : index);
  return true;
}

bool is_movement(const std::string& op) {
  static constexpr const char* kOthers[] = {"concat", "split", "transpose", "space-to-depth", "depth-to-space",
                                            "channel-shuffle", "slice", "gather", "resize"};
  const auto same = [&](const char* name) { return op == name; };
  return std::any_of(std::begin(kReshapes), std::end(kReshapes), same) || std::any_of(std::begin(kOthers), std::end(kOthers), same);
}

bool plan_movement(Builder& builder, const Layer& layer, const std::vector<std::size_t>& inputs,
                   const std::vector<std::size_t>& outputs, std::vector<Copy>& copies) {
  if (!Planner(builder, layer, inputs, outputs, copies).plan()) return false;
  for (Copy& copy : copies) {
    auto& own = copy.dimensions;
    own.erase(std::remove_if(own.begin(), own.end(), [](const Copy::Dimension& d) { return d.extent == 1 && d.positions.empty(); }),
              own.end());
    // In the order of the output's memory; neighbors that are one run on both sides become one dimension.
    for (std::size_t end = 1; end < own.size(); ++end) {
      for (std::size_t at = end; at > 0 && own[at].to > own[at - 1].to; --at) std::swap(own[at], own[at - 1]);
    }
    for (std::size_t at = own.size(); at-- > 1;) {
      const Copy::Dimension& inner = own[at];
      Copy::Dimension& outer = own[at - 1];
      const std::ptrdiff_t extent = static_cast<std::ptrdiff_t>(inner.extent);
      if (!inner.positions.empty() || !outer.positions.empty() || outer.from != inner.from * extent || outer.to != inner.to * extent) continue;
      outer = {outer.extent * inner.extent, inner.from, inner.to, {}};
      own.erase(own.begin() + static_cast<std::ptrdiff_t>(at));
    }
  }
  return true;
}

}  // namespace ceras::detail
