// Resizing in float by weighted samples (linear, cubic), one axis behind the other.
#include <algorithm>
#include <cmath>

#include "layers.h"
#include "../sampling.h"

namespace ceras::detail {

namespace {

struct WeightedSample {
  std::size_t sample;
  float weight;
};

// Of row-major values along one axis.
class InterpolationStep : public Step {
 public:
  std::size_t input = 0, output = 0, outer = 1, extent = 1, inner = 1;
  std::vector<std::vector<WeightedSample>> taps;  // by output

  void run(Frame& frame) const override {
    frame.each(outer * taps.size(), [&](std::size_t item, std::uint8_t*) {
      const float* from = frame.data<float>(input) + item / taps.size() * extent * inner;
      float* to = frame.data<float>(output) + item * inner;
      std::fill_n(to, inner, 0.0f);
      for (const WeightedSample& tap : taps[item % taps.size()]) {
        for (std::size_t at = 0; at < inner; ++at) {
          const float product = tap.weight * from[tap.sample * inner + at];
          to[at] += product;
        }
      }
    });
  }
};

// How far the samples around a position reach, and their weights by distance.
struct Kernel {
  bool cubic = false, antialias = false, exclude_outside = false;
  float coefficient = 0;

  double reach() const { return cubic ? 2.0 : 1.0; }
  double at(double distance) const {
    const double x = std::fabs(distance), a = coefficient;
    if (!cubic) return std::max(1.0 - x, 0.0);
    if (x <= 1.0) return ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0;
    return x < 2.0 ? ((a * x - 5.0 * a) * x + 8.0 * a) * x - 4.0 * a : 0.0;
  }
};

std::vector<WeightedSample> weighted(const Kernel& kernel, double position, float scale, std::size_t extent) {
  const double narrow = kernel.antialias ? std::min(static_cast<double>(scale), 1.0) : 1.0;
  // Beyond the whole input twice over, more taps only repeat the border.
  const double width = std::min(kernel.reach() / narrow, 2.0 * static_cast<double>(extent) + 4.0);
  const std::int64_t first = static_cast<std::int64_t>(std::floor(position - width)) + 1, last = static_cast<std::int64_t>(extent) - 1;
  const std::int64_t end = std::max(static_cast<std::int64_t>(std::ceil(position + width)), first + 1);
  std::vector<WeightedSample> taps;
  double sum = 0;
  for (std::int64_t sample = first; sample < end; ++sample) {
    if (kernel.exclude_outside && (sample < 0 || sample > last)) continue;
    const double weight = kernel.at((static_cast<double>(sample) - position) * narrow);
    sum += weight;
    taps.push_back({static_cast<std::size_t>(std::clamp<std::int64_t>(sample, 0, last)), static_cast<float>(weight)});
  }
  if (kernel.antialias || kernel.exclude_outside) {
    for (WeightedSample& tap : taps) tap.weight = static_cast<float>(static_cast<double>(tap.weight) / sum);
  }
  return taps;
}

bool read_kernel(const FloatLayer& layer, Kernel& kernel) {
  const Json *mode = layer.layer.attributes->get("mode"), *linear = mode ? mode->get("linear") : nullptr;
  const Json *cubic = mode ? mode->get("cubic") : nullptr, *own = linear ? linear : cubic;
  kernel.cubic = cubic != nullptr;
  if (own == nullptr || own->get("antialias") == nullptr || own->get("exclude_outside") == nullptr) return false;
  kernel.antialias = own->get("antialias")->flag;
  kernel.exclude_outside = own->get("exclude_outside")->flag;
  return !kernel.cubic || read_real(own->get("coefficient"), kernel.coefficient);
}

}  // namespace

bool build_float_resize(FloatLayer& layer) {
  Kernel kernel;
  Sampling sampling;
  if (!layer.inputs[0].is_value() || !read_kernel(layer, kernel)) return layer.builder.unsupported("this form of Resize");
  Shape shape = layer.shape_of(0);
  const Shape wanted = layer.shape();
  if (!read_sampling(layer.builder, layer.layer, shape, wanted, sampling)) return false;
  std::size_t input = layer.arranged(layer.inputs[0].value, false), left = 0;
  for (const auto& positions : sampling.positions) left += positions.empty() ? 0 : 1;
  if (left == 0) return layer.builder.unsupported("a Resize that keeps the size");
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    if (sampling.positions[axis].empty()) continue;
    auto step = std::make_unique<InterpolationStep>();
    for (std::size_t at = 0; at < axis; ++at) step->outer *= shape[at];
    for (std::size_t at = axis + 1; at < shape.size(); ++at) step->inner *= shape[at];
    step->extent = shape[axis];
    for (float position : sampling.positions[axis]) step->taps.push_back(weighted(kernel, position, sampling.scales[axis], shape[axis]));
    shape[axis] = wanted[axis];
    const std::size_t output = --left == 0 ? layer.result(false) : layer.builder.temporary(Type::f32, shape, false);
    step->input = input;
    step->output = output;
    layer.builder.add(std::move(step), {input}, {output});
    input = output;
  }
  return true;
}

}  // namespace ceras::detail
