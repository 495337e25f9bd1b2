// Maximum pooling (A9) over any number of spatial axes.
#include <algorithm>
#include <cstring>

#include "steps.h"
#include "window.h"

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

}  // namespace

bool build_max_pool(Builder& builder, const Layer& layer) {
  const Value* data = builder.input(layer, 0);
  const Json* pool = layer.op == "max-pool" ? &layer.attributes : nullptr;
  if (pool == nullptr || data == nullptr || data->type != Type::i8 || data->shape.size() < 3 || layer.outputs.size() != 1) {
    return builder.broken("a pooling of something else than int8 planes");
  }
  const Value& result = builder.value(layer.outputs[0]);
  auto step = std::make_unique<MaxPoolStep>();
  const Json* ceil = layer.attributes.get("ceil");
  Window window;
  if (ceil == nullptr || !ceil->is(Json::Kind::boolean) || !read_window(layer, {}, data->shape.size() - 2, window) ||
      !slide(window, data->shape.data() + 2, ceil->flag)) {
    return builder.broken("its window does not fit");
  }
  step->axes = window.axes;
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
