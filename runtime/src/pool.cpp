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
    std::size_t inputs = 1, lines = 1;
    for (const Axis& axis : axes) inputs *= axis.input, lines *= axis.output;
    lines /= axes.back().output;
    const std::size_t line = axes.back().output * channels;
    frame.each(batch * lines, [&](std::size_t item, std::uint8_t* highest) {
      std::memset(highest, 0, line_bytes());
      over_lines(highest, from + item / lines * inputs * channels, item % lines, 0, 0, lines);
      over_columns(highest, to + item * line);
    });
  }

  // Of the input, along the last axis.
  std::size_t line_bytes() const { return axes.back().input * channels; }

 private:
  // Takes the lines that the taps of all axes but the last one read; `position` counts elements up to `axis`.
  void over_lines(std::uint8_t* highest, const std::uint8_t* from, std::size_t line, std::size_t axis, std::size_t position,
                  std::size_t lines) const {
    if (axis + 1 == axes.size()) {
      kernels->maximum(highest, from + position * line_bytes(), line_bytes());
      return;
    }
    const Axis& own = axes[axis];
    lines /= own.output;
    const std::size_t start = line / lines * own.stride;
    for (std::size_t tap = 0; tap < own.kernel; ++tap) {
      const std::size_t at = start + tap * own.dilation;
      if (at < own.begin || at >= own.begin + own.input) continue;
      over_lines(highest, from, line % lines, axis + 1, position * own.input + at - own.begin, lines);
    }
  }

  // The last axis: what each tap reads lies in a row where the window moves by one.
  void over_columns(const std::uint8_t* highest, std::uint8_t* to) const {
    const Axis& own = axes.back();
    std::memset(to, 0, own.output * channels);
    for (std::size_t tap = 0; tap < own.kernel; ++tap) {
      const std::size_t offset = tap * own.dilation;
      std::size_t place = offset < own.begin ? (own.begin - offset + own.stride - 1) / own.stride : 0;
      std::size_t column = place * own.stride + offset - own.begin;
      if (own.stride == 1 && place < own.output && column < own.input) {
        kernels->maximum(to + place * channels, highest + column * channels, std::min(own.output - place, own.input - column) * channels);
        continue;
      }
      for (; place < own.output && column < own.input; ++place, column += own.stride) {
        kernels->maximum(to + place * channels, highest + column * channels, channels);
      }
    }
  }
};

}  // namespace

bool build_max_pool(Builder& builder, const Layer& layer) {
  const Value* data = builder.input(layer, 0);
  const Json* pool = layer.op == "max-pool" ? layer.attributes : nullptr;
  if (pool == nullptr || data == nullptr || data->type != Type::i8 || data->shape.size() < 3 || layer.outputs.size() != 1) {
    return builder.broken("a pooling of something else than int8 planes");
  }
  const Value& result = builder.value(layer.outputs[0]);
  auto step = std::make_unique<MaxPoolStep>();
  const Json* ceil = layer.attributes->get("ceil");
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
  builder.scratch(step->line_bytes());
  const std::size_t in = step->input, out = step->output;
  builder.add(std::move(step), {in}, {out});
  return true;
}

}  // namespace ceras::detail
