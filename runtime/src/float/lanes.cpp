// Float layers that look at all elements along some axes: softmax, reductions, pools.
#include <algorithm>
#include <cmath>
#include <limits>

#include "layers.h"
#include "../plain/lanes.h"
#include "../window.h"

namespace ceras::detail {

namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

// Of row-major values.
class SoftmaxStep : public Step {
 public:
  std::size_t input = 0, output = 0, outer = 1, count = 1, inner = 1;
  bool log = false;

  void run(Frame& frame) const override {
    const float* from = frame.data<float>(input);
    float* to = frame.data<float>(output);
    frame.each(outer * inner, [&](std::size_t lane, std::uint8_t*) {
      const std::size_t first = lane / inner * count * inner + lane % inner;
      softmax_lane(from + first, to + first, count, inner, log);
    });
  }
};

enum class Reduction : std::uint8_t { max, min, sum, product, mean, l1, l2, sum_square, log_sum, log_sum_exp };

constexpr const char* kReductions[] = {"max", "min", "sum", "product", "mean", "l1", "l2", "sum-square", "log-sum", "log-sum-exp"};

// One value from the elements along some axes, taken in row-major order; sums in double precision.
class ReduceStep : public Step {
 public:
  struct Dimension {
    std::size_t extent, step;
  };
  Reduction reduction = Reduction::mean;
  std::size_t input = 0, output = 0, lanes = 1, count = 1;
  std::vector<Dimension> kept, reduced;

  void run(Frame& frame) const override {
    float* to = frame.data<float>(output);
    frame.each(lanes, [&](std::size_t lane, std::uint8_t*) { to[lane] = reduce(frame.data<float>(input) + at(kept, lane)); });
  }

 private:
  static std::size_t at(const std::vector<Dimension>& dimensions, std::size_t index) {
    std::size_t elements = 0;
    for (std::size_t own = dimensions.size(); own-- > 0; index /= dimensions[own].extent) {
      elements += index % dimensions[own].extent * dimensions[own].step;
    }
    return elements;
  }

  template <typename Function>
  double sum(const float* from, Function function) const {
    double total = -0.0;
    for (std::size_t index = 0; index < count; ++index) total += function(static_cast<double>(from[at(reduced, index)]));
    return total;
  }

  float fold(const float* from, float start) const {
    for (std::size_t index = 0; index < count; ++index) {
      const float x = from[at(reduced, index)];
      start = reduction == Reduction::product ? start * x
              : reduction == Reduction::min   ? (x < start ? x : start)
                                              : (x > start ? x : start);
    }
    return start;
  }

  float reduce(const float* from) const {
    const auto plain = [](double x) { return x; };
    const auto square = [](double x) { return x * x; };
    double result = 0;
    switch (reduction) {
      case Reduction::max: return fold(from, -kInfinity);
      case Reduction::min: return fold(from, kInfinity);
      case Reduction::product: return fold(from, 1.0f);
      case Reduction::sum: result = sum(from, plain); break;
      case Reduction::mean: result = sum(from, plain) / static_cast<double>(count); break;
      case Reduction::l1: result = sum(from, [](double x) { return std::fabs(x); }); break;
      case Reduction::l2: result = std::sqrt(sum(from, square)); break;
      case Reduction::sum_square: result = sum(from, square); break;
      case Reduction::log_sum: result = std::log(sum(from, plain)); break;
      case Reduction::log_sum_exp: {
        float most = -kInfinity;
        for (std::size_t index = 0; index < count; ++index) most = std::max(most, from[at(reduced, index)]);
        if (!std::isfinite(most)) return most;
        const double largest = most;
        result = std::log(sum(from, [&](double x) { return std::exp(x - largest); })) + largest;
        break;
      }
    }
    return static_cast<float>(result);
  }
};

// Largest or mean of each window of planes with channels innermost: first over rows, then over columns.
class PoolStep : public Step {
 public:
  bool mean = false;
  std::size_t input = 0, output = 0, batch = 1, channels = 0;
  Axis rows, columns;
  std::vector<float> counted_rows, counted_columns;  // elements that count, by output

  void run(Frame& frame) const override {
    frame.each(batch * rows.output * columns.output, [&](std::size_t item, std::uint8_t*) {
      const std::size_t x = item % columns.output, y = item / columns.output % rows.output;
      const float* from = frame.data<float>(input) + item / columns.output / rows.output * rows.input * columns.input * channels;
      float* to = frame.data<float>(output) + item * channels;
      const float start = mean ? 0.0f : -kInfinity;
      for (std::size_t channel = 0; channel < channels; ++channel) {
        float all = start;
        over(columns, x, [&](std::size_t column) {
          float own = start;
          over(rows, y, [&](std::size_t row) { own = combined(own, from[(row * columns.input + column) * channels + channel]); });
          all = combined(all, own);
        });
        to[channel] = mean ? all / (counted_rows[y] * counted_columns[x]) : all;
      }
    });
  }

 private:
  float combined(float a, float b) const { return mean ? a + b : b > a ? b : a; }

  template <typename Each>
  static void over(const Axis& axis, std::size_t output, const Each& each) {
    for (std::size_t tap = 0; tap < axis.kernel; ++tap) {
      const std::size_t at = output * axis.stride + tap * axis.dilation;
      if (at >= axis.begin && at < axis.begin + axis.input) each(at - axis.begin);
    }
  }
};

bool axis_of(const FloatLayer& layer, std::int64_t given, std::size_t rank, std::size_t& axis) {
  const std::int64_t own = static_cast<std::int64_t>(rank);
  if (given < -own || given >= own) return layer.builder.broken("its axes");
  axis = static_cast<std::size_t>(given < 0 ? given + own : given);
  return true;
}

// Which axes of its input a layer reduces.
bool reduced_axes(const FloatLayer& layer, Reduction& reduction, bool& keep, Flags& reduced) {
  const Shape& shape = layer.shape_of(0);
  if (layer.layer.op == "global-pool") {
    const std::string kind = layer.word();
    if (shape.size() < 2 || (kind != "average" && kind != "max")) return layer.builder.broken("its kind of pooling");
    reduction = kind == "max" ? Reduction::max : Reduction::mean;
    keep = true;
    for (std::size_t at = 2; at < shape.size(); ++at) reduced[at] = true;
    return true;
  }
  const Json* name = layer.layer.attributes->get("reduction");
  const auto found = std::find_if(std::begin(kReductions), std::end(kReductions), [&](const char* own) { return name && name->text == own; });
  bool none_is_none = false;
  if (found == std::end(kReductions) || !layer.flag("keep-dims", keep) || !layer.flag("noop-with-empty-axes", none_is_none)) {
    return layer.builder.broken("its attributes");
  }
  reduction = static_cast<Reduction>(found - std::begin(kReductions));
  std::vector<std::int64_t> axes;
  if (layer.given(1) && !layer.inputs[1].operand->integers(axes)) return layer.builder.broken("its axes");
  if (axes.empty()) reduced.assign(shape.size(), !none_is_none);
  for (std::int64_t given : axes) {
    std::size_t axis = 0;
    if (!axis_of(layer, given, shape.size(), axis)) return false;
    reduced[axis] = true;
  }
  return true;
}

// Elements of the input in each window along an axis, pads too where they count.
std::vector<float> counts(Axis axis, bool pads) {
  if (pads) {
    axis.input += axis.begin + axis.end;
    axis.begin = 0;
  }
  std::vector<float> counts(axis.output, 0.0f);
  for (std::size_t output = 0; output < axis.output; ++output) {
    for (std::size_t tap = 0; tap < axis.kernel; ++tap) {
      const std::size_t at = output * axis.stride + tap * axis.dilation;
      if (at >= axis.begin && at < axis.begin + axis.input) counts[output] += 1.0f;
    }
  }
  return counts;
}

}  // namespace

bool build_float_softmax(FloatLayer& layer) {
  const Json* axis = layer.layer.attributes->get("axis");
  bool flatten = false, log = false;
  if (!layer.inputs[0].is_value() || axis == nullptr || !axis->is_whole() || !layer.flag("flatten", flatten) || !layer.flag("log", log)) {
    return layer.builder.broken("its attributes");
  }
  const Shape shape = layer.shape_of(0);
  if (shape != layer.shape()) return layer.builder.broken("its shape");
  std::size_t cut = shape.size();
  if (!(flatten && axis->whole == static_cast<std::int64_t>(shape.size())) && !axis_of(layer, axis->whole, shape.size(), cut)) return false;
  const std::size_t along = flatten ? shape.size() : cut + 1;
  auto step = std::make_unique<SoftmaxStep>();
  for (std::size_t at = 0; at < shape.size(); ++at) {
    (at < cut ? step->outer : at < along ? step->count : step->inner) *= shape[at];
  }
  step->log = log;
  const std::size_t input = layer.arranged(layer.inputs[0].value, false), output = layer.result(false);
  step->input = input;
  step->output = output;
  layer.builder.add(std::move(step), {input}, {output});
  return true;
}

bool build_float_reduction(FloatLayer& layer) {
  if (!layer.inputs[0].is_value()) return layer.builder.broken("its input");
  const Shape shape = layer.shape_of(0), strides = layer.value(layer.inputs[0].value).strides();
  auto step = std::make_unique<ReduceStep>();
  Flags reduced(shape.size(), false);
  bool keep = false;
  if (!reduced_axes(layer, step->reduction, keep, reduced)) return false;
  Shape result;
  for (std::size_t at = 0; at < shape.size(); ++at) {
    (reduced[at] ? step->reduced : step->kept).push_back({shape[at], strides[at]});
    (reduced[at] ? step->count : step->lanes) *= shape[at];
    if (!reduced[at] || keep) result.push_back(reduced[at] ? 1 : shape[at]);
  }
  if (result != layer.shape()) return layer.builder.broken("its shape");
  const std::size_t input = layer.inputs[0].value, output = layer.result(false);
  step->input = input;
  step->output = output;
  layer.builder.add(std::move(step), {input}, {output});
  return true;
}

bool build_float_pool(FloatLayer& layer) {
  bool ceil = false, pads = false;
  const bool mean = layer.layer.op == "average-pool";
  if (!layer.inputs[0].is_value() || !layer.flag("ceil", ceil) || (mean && !layer.flag("count-include-pad", pads))) {
    return layer.builder.broken("its attributes");
  }
  const Shape shape = layer.shape_of(0);
  if (shape.size() < 3 || shape.size() > 4) return layer.builder.unsupported("a pool over other than one or two axes");
  Window window;
  if (!read_window(layer.layer, {}, shape.size() - 2, window) || !slide(window, shape.data() + 2, ceil)) {
    return layer.builder.broken("its window does not fit");
  }
  auto step = std::make_unique<PoolStep>();
  step->columns = window.axes.back();
  if (shape.size() == 4) step->rows = window.axes[0];
  Shape result{shape[0], shape[1]};
  for (const Axis& axis : window.axes) result.push_back(axis.output);
  if (result != layer.shape()) return layer.builder.broken("its shape");
  // Otherwise taps are not bounded by the elements.
  if (!reads_input_everywhere(step->rows) || !reads_input_everywhere(step->columns)) {
    return layer.builder.unsupported("a window that reads nothing but padding");
  }
  step->mean = mean;
  step->batch = shape[0];
  step->channels = shape[1];
  step->counted_rows = counts(step->rows, pads);
  step->counted_columns = counts(step->columns, pads);
  const std::size_t input = layer.arranged(layer.inputs[0].value, true), output = layer.result(true);
  step->input = input;
  step->output = output;
  layer.builder.add(std::move(step), {input}, {output});
  return true;
}

}  // namespace ceras::detail
