// Convolutions and products of matrices in single precision, in the order of additions of rule A14.
#include <algorithm>

#include "layers.h"
#include "../order.h"
#include "../window.h"

namespace ceras::detail {

namespace {

constexpr std::size_t kWindows = 8;  // at once

// Elements of a factor as blocks of kLanes columns: [block][k][lane].
template <typename At>
std::vector<float> packed(std::size_t depth, std::size_t outputs, const At& at) {
  std::vector<float> weights(blocks_of(outputs) * depth * kLanes, 0.0f);
  for (std::size_t output = 0; output < outputs; ++output) {
    for (std::size_t k = 0; k < depth; ++k) weights[(output / kLanes * depth + k) * kLanes + output % kLanes] = at(k, output);
  }
  return weights;
}

// Whether no window of some outputs reaches into the padding.
bool inside(const Axis& axis, std::size_t first, std::size_t last) {
  return first * axis.stride >= axis.begin && last * axis.stride + (axis.kernel - 1) * axis.dilation < axis.begin + axis.input;
}

// Channels innermost on both sides; windows are read where they are, those that reach outside are gathered.
class FloatConvStep : public Step {
 public:
  std::size_t input = 0, output = 0, batch = 1, channels = 0, outputs = 0, group = 1;
  Axis rows, columns;
  bool depthwise = false;
  std::vector<std::size_t> offsets;         // of a window's elements in the input, in the order of A14, within a group
  std::vector<std::size_t> straight;        // and in a gathered one: 0, 1, 2
  std::vector<std::vector<float>> weights;  // by group; one of a depthwise layer: [tap][channel]
  std::vector<float> bias;
  Epilogue epilogue;

  std::size_t depth() const { return channels / group * rows.kernel * columns.kernel; }
  std::size_t scratch() const {
    return 4 * (depthwise ? 2 * channels : kWindows * (depth() + blocks_of(outputs / group) * kLanes + outputs));
  }

  void run(Frame& frame) const override {
    const std::size_t tiles = (columns.output + kWindows - 1) / kWindows;
    frame.each(batch * rows.output * tiles, [&](std::size_t item, std::uint8_t* scratch) {
      const std::size_t line = item / tiles, x = item % tiles * kWindows, count = std::min(kWindows, columns.output - x);
      const float* source = frame.data<float>(input) + line / rows.output * rows.input * columns.input * channels;
      const std::size_t first = (line * columns.output + x) * outputs;
      float *to = frame.data<float>(output) + first, *own = reinterpret_cast<float*>(scratch);
      if (depthwise) {
        for (std::size_t at = 0; at < count; ++at) filter(frame, source, line % rows.output, x + at, to + at * outputs, own);
      } else {
        multiply(frame, source, line % rows.output, x, count, to, own);
      }
      for (std::size_t at = 0; at < count && !bias.empty(); ++at) add(to + at * outputs, bias.data(), outputs);
      epilogue.apply(frame, to, first, count * outputs);
    });
  }

 private:
  // The input pixel that a tap reads for an output; null in the padding.
  const float* pixel(const float* source, std::size_t y, std::size_t x, std::size_t row, std::size_t column) const {
    const std::size_t at = y * rows.stride + row * rows.dilation, across = x * columns.stride + column * columns.dilation;
    if (at < rows.begin || at >= rows.begin + rows.input || across < columns.begin || across >= columns.begin + columns.input) return nullptr;
    return source + ((at - rows.begin) * columns.input + across - columns.begin) * channels;
  }

  void filter(const Frame& frame, const float* source, std::size_t y, std::size_t x, float* to, float* zeros) const {
    std::fill_n(zeros, channels, 0.0f);
    std::fill_n(to, channels, 0.0f);
    for (std::size_t tap = 0; tap < rows.kernel * columns.kernel; ++tap) {
      const float* from = pixel(source, y, x, tap / columns.kernel, tap % columns.kernel);
      frame.network().kernels->add_products(to, weights[0].data() + tap * channels, from ? from : zeros, channels);
    }
  }

  void multiply(const Frame& frame, const float* source, std::size_t y, std::size_t x, std::size_t count, float* to, float* scratch) const {
    const std::size_t own = channels / group, made = outputs / group, blocks = blocks_of(made);
    float* sums = scratch + kWindows * depth();
    const bool whole = inside(rows, y, y) && inside(columns, x, x + count - 1);
    for (std::size_t at = 0; at < group; ++at) {
      Matrix task{scratch, depth(), count, depth(), weights[at].data(), blocks, sums, straight.data()};
      if (whole) {
        task.rows = pixel(source, y, x, 0, 0) + at * own;
        task.step = columns.stride * channels;
        task.offsets = offsets.data();
      } else {
        for (std::size_t pixel = 0; pixel < count; ++pixel) gather(source, y, x + pixel, at * own, scratch + pixel * depth());
      }
      frame.network().kernels->matrix(task);
      for (std::size_t pixel = 0; pixel < count; ++pixel) {
        std::copy_n(sums + pixel * blocks * kLanes, made, to + pixel * outputs + at * made);
      }
    }
  }

  static void add(float* to, const float* from, std::size_t count) {
    for (std::size_t at = 0; at < count; ++at) to[at] += from[at];
  }

  // [channel][row][column], zeros in the padding.
  void gather(const float* source, std::size_t y, std::size_t x, std::size_t first, float* to) const {
    const std::size_t taps = rows.kernel * columns.kernel, own = channels / group;
    for (std::size_t tap = 0; tap < taps; ++tap) {
      const float* from = pixel(source, y, x, tap / columns.kernel, tap % columns.kernel);
      for (std::size_t channel = 0; channel < own; ++channel) to[channel * taps + tap] = from ? from[first + channel] : 0.0f;
    }
  }
};

// Every output starts at the bias and takes what each tap brings, one tap behind the other.
class FloatConvTransposeStep : public Step {
 public:
  std::size_t input = 0, output = 0, batch = 1, channels = 0, outputs = 0, group = 1;
  Axis rows, columns;  // of the convolution whose gradient this is: its output is our input
  std::vector<std::vector<float>> weights;  // by group and tap
  std::vector<std::size_t> straight;        // 0 to the channels of a group
  std::vector<float> bias;
  Epilogue epilogue;

  std::size_t scratch() const { return 4 * blocks_of(outputs / group) * kLanes; }

  void run(Frame& frame) const override {
    frame.each(batch * rows.input, [&](std::size_t line, std::uint8_t* scratch) {
      const float* source = frame.data<float>(input) + line / rows.input * rows.output * columns.output * channels;
      float* to = frame.data<float>(output) + line * columns.input * outputs;
      for (std::size_t x = 0; x < columns.input; ++x) pixel(frame, source, line % rows.input, x, to + x * outputs, reinterpret_cast<float*>(scratch));
      epilogue.apply(frame, to, line * columns.input * outputs, columns.input * outputs);
    });
  }

 private:
  // The input element that reaches an output through a tap.
  static bool reached(const Axis& axis, std::size_t output, std::size_t tap, std::size_t& input) {
    const std::size_t at = output + axis.begin, offset = tap * axis.dilation;
    if (at < offset || (at - offset) % axis.stride != 0) return false;
    input = (at - offset) / axis.stride;
    return input < axis.output;
  }

  void pixel(const Frame& frame, const float* source, std::size_t y, std::size_t x, float* to, float* sums) const {
    const std::size_t taps = rows.kernel * columns.kernel, own = channels / group, made = outputs / group;
    for (std::size_t at = 0; at < outputs; ++at) to[at] = bias.empty() ? 0.0f : bias[at];
    for (std::size_t tap = 0; tap < taps; ++tap) {
      std::size_t row = 0, column = 0;
      if (!reached(rows, y, tap / columns.kernel, row) || !reached(columns, x, tap % columns.kernel, column)) continue;
      const float* from = source + (row * columns.output + column) * channels;
      for (std::size_t at = 0; at < group; ++at) {
        frame.network().kernels->matrix({from + at * own, own, 1, own, weights[at * taps + tap].data(), blocks_of(made), sums, straight.data()});
        for (std::size_t out = 0; out < made; ++out) to[at * made + out] += sums[out];
      }
    }
  }
};

// What both kinds read: data, constant weights and bias.
template <typename Step>
bool read_operands(FloatLayer& layer, Step& step, std::vector<float>& weights, Shape& kernel) {
  if (!layer.inputs[0].is_value()) return layer.builder.broken("its input");
  const Json* group = layer.layer.attributes->get("group");
  const Shape& data = layer.shape_of(0);
  if (data.size() < 3 || data.size() > 4) return layer.builder.unsupported("a convolution over other than one or two axes");
  if (!layer.constant(1, weights)) return layer.builder.unsupported("weights that are computed");
  kernel = layer.shape_of(1);
  if (group == nullptr || !group->is_whole() || group->whole < 1 || group->whole > static_cast<std::int64_t>(data[1]) || kernel.size() != data.size()) {
    return layer.builder.broken("its weights or groups");
  }
  step.group = static_cast<std::size_t>(group->whole);
  step.batch = data[0];
  step.channels = data[1];
  if (layer.given(2) && !layer.constant(2, step.bias)) return layer.builder.unsupported("a bias that is computed");
  return data[1] % step.group == 0 || layer.builder.broken("its groups");
}

template <typename Step>
bool bias_fits(const FloatLayer& layer, const Step& step) {
  return !layer.given(2) || step.bias.size() == step.outputs || layer.builder.broken("its bias");
}

template <typename Step>
bool add_conv(FloatLayer& layer, std::unique_ptr<Step> step) {
  const std::size_t input = layer.arranged(layer.inputs[0].value, true);
  if (!step->epilogue.read(layer, true)) return false;
  const std::size_t output = layer.result(true);
  step->input = input;
  step->output = output;
  layer.builder.scratch(step->scratch());
  std::vector<std::size_t> reads{input};
  if (step->epilogue.residual != kNone) reads.push_back(step->epilogue.residual);
  layer.builder.add(std::move(step), reads, {output});
  return true;
}

}  // namespace

bool Epilogue::read(FloatLayer& layer, bool channels_last) {
  const Json* form = layer.layer.attributes->get("epilogue");
  const Json *activation = form ? form->get("activation") : nullptr, *place = form ? form->get("residual") : nullptr;
  if (activation == nullptr || place == nullptr) return layer.builder.broken("its epilogue");
  if (!activation->is(Json::Kind::null)) {
    if (const char* problem = read_function(*activation, function)) return layer.builder.unsupported(problem);
  }
  if (place->is(Json::Kind::null)) return true;
  if (place->text != "before-activation" && place->text != "after-activation") return layer.builder.broken("its residual");
  if (!layer.given(3) || layer.shape_of(3) != layer.shape()) return layer.builder.broken("its residual");
  if (!layer.inputs[3].is_value()) return layer.builder.unsupported("a residual that is constant");
  before = place->text == "before-activation";
  residual = layer.arranged(layer.inputs[3].value, channels_last);
  return true;
}

void Epilogue::apply(const Frame& frame, float* sums, std::size_t first, std::size_t count) const {
  const float* other = residual == kNone ? nullptr : frame.data<float>(residual) + first;
  const auto add = [&] {
    for (std::size_t at = 0; at < count; ++at) sums[at] += other[at];
  };
  if (other != nullptr && before) add();
  if (function.kind != FloatFunction::Kind::none) function.apply(*frame.network().kernels, sums, count);
  if (other != nullptr && !before) add();
}

bool build_float_conv(FloatLayer& layer) {
  auto step = std::make_unique<FloatConvStep>();
  std::vector<float> weights;
  Shape kernel;
  Window window;
  if (!read_operands(layer, *step, weights, kernel)) return false;
  const Shape data = layer.shape_of(0);
  step->outputs = kernel[0];
  const std::size_t own = kernel[1], group = step->group, made = kernel[0] / group;
  if (own * group != data[1] || kernel[0] % group != 0 || kernel[0] == 0) return layer.builder.broken("its weights");
  if (!read_window(layer.layer, Shape(kernel.begin() + 2, kernel.end()), data.size() - 2, window) || !slide(window, data.data() + 2, false)) {
    return layer.builder.broken("its window does not fit");
  }
  step->columns = window.axes.back();
  if (data.size() == 4) step->rows = window.axes[0];
  Shape result{data[0], kernel[0]};
  for (const Axis& axis : window.axes) result.push_back(axis.output);
  if (result != layer.shape()) return layer.builder.broken("its shape");
  if (!bias_fits(layer, *step)) return false;
  const std::size_t taps = step->rows.kernel * step->columns.kernel, depth = step->depth();
  for (std::size_t k = 0; k < depth; ++k) {
    const std::size_t row = k % taps / step->columns.kernel * step->rows.dilation, column = k % step->columns.kernel * step->columns.dilation;
    step->offsets.push_back((row * step->columns.input + column) * data[1] + k / taps);
  }
  step->straight = numbers_to(depth);
  step->depthwise = own == 1 && made == 1;
  if (step->depthwise) {
    step->weights.emplace_back(weights.size());
    for (std::size_t at = 0; at < weights.size(); ++at) step->weights[0][at % taps * group + at / taps] = weights[at];
  } else {
    for (std::size_t at = 0; at < group; ++at) {
      step->weights.push_back(packed(depth, made, [&](std::size_t k, std::size_t out) { return weights[(at * made + out) * depth + k]; }));
    }
  }
  return add_conv(layer, std::move(step));
}

bool build_float_conv_transpose(FloatLayer& layer) {
  auto step = std::make_unique<FloatConvTransposeStep>();
  std::vector<float> weights;
  Shape kernel, extra, wanted;
  Window window;
  if (!read_operands(layer, *step, weights, kernel)) return false;
  const Shape data = layer.shape_of(0), shape = layer.shape();
  const std::size_t rank = data.size() - 2, group = step->group, made = kernel[1];
  if (kernel[0] != data[1] || made == 0 || shape.size() != data.size() || shape[0] != data[0] || shape[1] / group != made || shape[1] % group != 0) {
    return layer.builder.broken("its weights");
  }
  step->outputs = shape[1];
  if (!bias_fits(layer, *step)) return false;
  const Json& form = *layer.layer.attributes;
  if (!read_window(layer.layer, Shape(kernel.begin() + 2, kernel.end()), rank, window) || !read_sizes(form.get("output-padding"), extra) ||
      !read_sizes(form.get("output-shape"), wanted) || !(extra.empty() || extra.size() == rank)) {
    return layer.builder.broken("its window");
  }
  const bool same = window.pads == "same-upper" || window.pads == "same-lower";
  for (std::size_t at = 0; at < rank; ++at) {
    // The file's shape is the wanted one; of the pads, the begin is what counts.
    Axis& axis = window.axes[at];
    axis.output = data[2 + at];
    axis.input = shape[2 + at];
    if (axis.output == 0 || axis.input == 0) return layer.builder.broken("its shape");
    const std::size_t full = (axis.output - 1) * axis.stride + (axis.kernel - 1) * axis.dilation + 1 + (extra.empty() ? 0 : extra[at]);
    const std::size_t total = full > axis.input ? full - axis.input : 0;
    if (window.pads == "valid") axis.begin = axis.end = 0;
    if (same || !wanted.empty()) {
      axis.begin = window.pads == "same-upper" ? total / 2 : total - total / 2;
    } else if (axis.begin + axis.end + axis.input != full) {
      return layer.builder.broken("its shape");
    }
  }
  step->columns = window.axes.back();
  if (rank == 2) step->rows = window.axes[0];
  const std::size_t taps = step->rows.kernel * step->columns.kernel, own = data[1] / group;
  step->straight = numbers_to(own);
  for (std::size_t at = 0; at < group * taps; ++at) {
    const std::size_t first = at / taps * own, tap = at % taps;
    step->weights.push_back(packed(own, made, [&](std::size_t k, std::size_t out) { return weights[((first + k) * made + out) * taps + tap]; }));
  }
  return add_conv(layer, std::move(step));
}

}  // namespace ceras::detail
