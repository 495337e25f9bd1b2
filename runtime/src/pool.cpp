// Maximum pooling (A9) over any number of spatial axes.
#include <algorithm>
#include <cstring>

#include "steps.h"

namespace ceras::detail {

namespace {

class MaxPoolStep : public Step {
 public:
  std::size_t input = 0, output = 0, batch = 1, channels = 0;
  std::vector<Axis> axes;
  const KernelSet* kernels = nullptr;

  void run(Frame& frame) const override {
    const std::uint8_t* from = frame.data<std::uint8_t>(input);
    std::uint8_t* to = frame.data<std::uint8_t>(output);
    std::size_t inputs = 1, outputs = 1;
    for (const Axis& axis : axes) inputs *= axis.input, outputs *= axis.output;
    frame.each(batch * outputs, [&](std::size_t item, std::uint8_t*) {
      std::uint8_t* own = to + item * channels;
      std::memset(own, 0, channels);
      largest(own, from + item / outputs * inputs * channels, item % outputs, 0, 0, outputs);
    });
  }

 private:
  // Takes the taps of an axis and of those behind it; `position` counts elements up to this axis.
  void largest(std::uint8_t* to, const std::uint8_t* from, std::size_t pixel, std::size_t axis, std::size_t position,
               std::size_t outputs) const {
    if (axis == axes.size()) {
      kernels->maximum(to, from + position * channels, channels);
      return;
    }
    const Axis& own = axes[axis];
    outputs /= own.output;
    const std::size_t start = pixel / outputs * own.stride;
    for (std::size_t tap = 0; tap < own.kernel; ++tap) {
      const std::size_t at = start + tap * own.dilation;
      if (at < own.begin || at >= own.begin + own.input) continue;
      largest(to, from, pixel % outputs, axis + 1, position * own.input + at - own.begin, outputs);
    }
  }
};

bool sizes(const Json* form, Shape& numbers) {
  if (form == nullptr || !form->is(Json::Kind::array)) return false;
  for (const Json& item : form->items) {
    if (!item.is_whole() || item.whole < 0 || item.whole >= INT32_MAX) return false;
    numbers.push_back(static_cast<std::size_t>(item.whole));
  }
  return true;
}

// The window along one axis, as ONNX counts it.
bool extents(Axis& axis, const std::string& pads, bool ceil) {
  const std::size_t reach = (axis.kernel - 1) * axis.dilation + 1;
  if (pads == "valid") axis.begin = axis.end = 0;
  if (pads == "same-upper" || pads == "same-lower") {
    const std::size_t steps = (axis.input + axis.stride - 1) / axis.stride - 1, wanted = steps * axis.stride + reach;
    const std::size_t total = wanted > axis.input ? wanted - axis.input : 0;
    axis.begin = pads == "same-lower" ? total - total / 2 : total / 2;
    axis.end = total - axis.begin;
  }
  if (axis.input + axis.begin + axis.end < reach) return false;
  const std::size_t span = axis.input + axis.begin + axis.end - reach;
  axis.output = span / axis.stride + 1;
  const bool given = pads == "explicit" || pads == "valid";
  if (ceil && given && span % axis.stride != 0 && axis.output * axis.stride < axis.input + axis.begin) ++axis.output;
  return true;
}

bool reads_input_everywhere(const Axis& axis) {
  for (std::size_t output = 0; output < axis.output; ++output) {
    const std::size_t start = output * axis.stride;
    const std::size_t before = axis.begin > start ? axis.begin - start : 0;
    const std::size_t tap = (before + axis.dilation - 1) / axis.dilation;
    if (tap >= axis.kernel || start + tap * axis.dilation >= axis.begin + axis.input) return false;
  }
  return true;
}

bool read_window(const Layer& layer, const Shape& shape, std::vector<Axis>& axes) {
  const Json* window = layer.attributes.get("window");
  const Json* ceil = layer.attributes.get("ceil");
  if (window == nullptr || ceil == nullptr || !ceil->is(Json::Kind::boolean)) return false;
  Shape kernel, strides, dilations;
  const Json *pads = window->get("pads"), *automatic = window->get("auto-pad");
  if (!sizes(window->get("kernel"), kernel) || !sizes(window->get("strides"), strides) ||
      !sizes(window->get("dilations"), dilations) || pads == nullptr || !pads->is(Json::Kind::array) ||
      automatic == nullptr) {
    return false;
  }
  const std::size_t rank = shape.size() - 2;
  const auto fits = [&](std::size_t count) { return count == 0 || count == rank; };
  if (kernel.size() != rank || !fits(strides.size()) || !fits(dilations.size()) || !fits(pads->items.size())) return false;
  const char* known[] = {"explicit", "valid", "same-upper", "same-lower"};
  if (std::find(std::begin(known), std::end(known), automatic->text) == std::end(known)) return false;
  for (std::size_t at = 0; at < rank; ++at) {
    Axis axis;
    axis.input = shape[at + 2];
    axis.kernel = kernel[at];
    if (!strides.empty()) axis.stride = strides[at];
    if (!dilations.empty()) axis.dilation = dilations[at];
    Shape pair;
    if (!pads->items.empty() && (!sizes(&pads->items[at], pair) || pair.size() != 2)) return false;
    if (!pair.empty()) axis.begin = pair[0], axis.end = pair[1];
    const bool absurd = axis.kernel == 0 || axis.stride == 0 || axis.dilation == 0 || axis.input == 0;
    if (absurd || !extents(axis, automatic->text, ceil->flag)) return false;
    axes.push_back(axis);
  }
  return true;
}

}  // namespace

bool build_max_pool(Builder& builder, const Layer& layer) {
  const Value* data = builder.input(layer, 0);
  const Json* pool = layer.op == "max-pool" ? &layer.attributes : nullptr;
  if (pool == nullptr || data == nullptr || data->type != Type::i8 || data->shape.size() < 3 || layer.outputs.size() != 1) {
    return builder.broken("a pooling of something else than int8 planes");
  }
  const Value& result = builder.value(layer.outputs[0]);
  auto step = std::make_unique<MaxPoolStep>();
  if (!read_window(layer, data->shape, step->axes)) return builder.broken("its window does not fit");
  Shape shape{data->shape[0], data->shape[1]};
  for (const Axis& axis : step->axes) shape.push_back(axis.output);
  if (result.type != Type::i8 || result.shape != shape) return builder.broken("its output");
  // Every window is looked at, which is bounded by the output, whose elements are.
  for (const Axis& axis : step->axes) {
    if (!reads_input_everywhere(axis)) return builder.broken("a window reads nothing but padding");
  }
  for (std::size_t at = 0; at < data->scales.size(); ++at) {
    if (data->scales[at].exponent != result.scales[at].exponent || data->scales[at].zero != result.scales[at].zero) {
      return builder.broken("its output has not the scales of the input");
    }
  }
  step->input = layer.inputs[0].value;
  step->output = layer.outputs[0];
  step->batch = data->batch();
  step->channels = data->channels();
  step->kernels = builder.network.kernels;
  const std::size_t in = step->input, out = step->output;
  builder.add(std::move(step), {in}, {out});
  return true;
}

}  // namespace ceras::detail
