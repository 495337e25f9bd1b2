// Layers in single precision: integer inputs are dequantized (A12), integer results are quantized (A11).
#include "layers.h"

#include <algorithm>
#include <atomic>
#include <cmath>

#include "../movement.h"

namespace ceras::detail {

namespace {

class DequantizeStep : public Step {
 public:
  std::size_t input = 0, output = 0;
  std::vector<double> steps, zeros;  // per channel; zero points as they are in memory

  void run(Frame& frame) const override {
    const Value& value = frame.network().values[input];
    const std::size_t channels = steps.size(), rows = value.elements() / (channels == 0 ? 1 : channels);
    constexpr std::size_t kShare = 64;
    const std::uint8_t* from = frame.data<std::uint8_t>(input);
    float* to = frame.data<float>(output);
    const Integer width = value.type == Type::i8 ? Integer::biased : value.type == Type::i16 ? Integer::half : Integer::word;
    frame.each((rows + kShare - 1) / kShare, [&](std::size_t item, std::uint8_t*) {
      const std::size_t first = item * kShare, at = first * channels;
      frame.network().kernels->dequantize(from + at * width_bytes(value.type), width, to + at, std::min(kShare, rows - first),
                                          channels, steps.data(), zeros.data());
    });
  }
};

// Of a float value in the same order in memory.
class QuantizeStep : public Step {
 public:
  std::size_t input = 0, output = 0;
  std::vector<float> steps;          // per channel, of an int8 value
  std::vector<std::int32_t> zeros;

  void run(Frame& frame) const override {
    const Value& value = frame.network().values[output];
    if (!steps.empty()) return run_narrow(frame, value);
    const float* from = frame.data<float>(input);
    const std::size_t channels = value.channels(), run = value.channels_last ? 1 : value.plane();
    for (std::size_t at = 0; at < value.elements(); ++at) {
      if (!std::isfinite(from[at])) {
        frame.not_finite = output;
        return;
      }
      const Scale scale = value.scales[at / run % channels];
      const std::int64_t q = quantize(frame.network().rounding, from[at], scale.exponent, scale.zero, width_bits(value.type));
      switch (value.type) {
        case Type::i8: frame.data<std::uint8_t>(output)[at] = static_cast<std::uint8_t>(q + 128); break;
        case Type::i16: frame.data<std::int16_t>(output)[at] = static_cast<std::int16_t>(q); break;
        default: frame.data<std::int32_t>(output)[at] = static_cast<std::int32_t>(q); break;
      }
    }
  }

 private:
  // int8 with channels innermost.
  void run_narrow(Frame& frame, const Value& value) const {
    constexpr std::size_t kShare = 64;
    const std::size_t channels = steps.size(), rows = value.elements() / (channels == 0 ? 1 : channels);
    std::atomic<bool> finite{true};
    frame.each((rows + kShare - 1) / kShare, [&](std::size_t item, std::uint8_t*) {
      const std::size_t first = item * kShare, at = first * channels;
      const QuantizeRows task{frame.data<float>(input) + at, frame.data<std::uint8_t>(output) + at, std::min(kShare, rows - first),
                              channels, steps.data(), zeros.data(), frame.network().rounding == Rounding::half_even};
      if (!frame.network().kernels->quantize_rows(task)) finite = false;
    });
    if (!finite) frame.not_finite = output;
  }
};

// The same tensor in another order of memory.
std::unique_ptr<Step> rearrangement(const Builder& builder, std::size_t from, std::size_t to) {
  const Value &source = builder.value(from), &target = builder.value(to);
  const Shape in = source.strides(), out = target.strides();
  Copy copy;
  for (std::size_t at = 0; at < in.size(); ++at) {
    copy.dimensions.push_back({source.shape[at], static_cast<std::ptrdiff_t>(in[at]), static_cast<std::ptrdiff_t>(out[at]), {}});
  }
  return movement_step({copy}, {from}, {to});
}

// Whether both orders are the same.
bool indifferent(const Value& value) { return value.shape.size() < 3 || value.channels() == 1 || value.plane() == 1; }

}  // namespace

void add_dequantized(Builder& builder, std::size_t integers, std::size_t floats) {
  const Value& own = builder.value(integers);
  auto step = std::make_unique<DequantizeStep>();
  step->input = integers;
  step->output = floats;
  // Where channels are not innermost, there is no plane behind them.
  for (const Scale scale : own.scales) {
    step->steps.push_back(std::ldexp(1.0, scale.exponent));
    step->zeros.push_back(scale.zero + (own.type == Type::i8 ? 128 : 0));
  }
  builder.add(std::move(step), {integers}, {floats});
}

void add_quantized(Builder& builder, std::size_t floats, std::size_t integers) {
  const Value& own = builder.value(integers);
  auto step = std::make_unique<QuantizeStep>();
  step->input = floats;
  step->output = integers;
  // Where channels are not innermost, there may be no plane behind them.
  if (own.type == Type::i8 && (own.channels_last || own.plane() == 1)) {
    for (const Scale scale : own.scales) {
      step->steps.push_back(std::ldexp(1.0f, -scale.exponent));
      step->zeros.push_back(scale.zero + 128);
    }
  }
  builder.add(std::move(step), {floats}, {integers});
}

FloatLayer::FloatLayer(Builder& of, const Layer& own) : builder(of), layer(own) {
  for (const Operand& operand : layer.inputs) {
    inputs.push_back({kNone, &operand});
    if (operand.kind != Operand::Kind::value) continue;
    inputs.back().value = dequantized(operand.value);
    values.push_back(inputs.back().value);
  }
  results = layer.outputs;
}

const Shape& FloatLayer::shape_of(std::size_t position) const {
  const Input& input = inputs[position];
  return input.is_value() ? value(input.value).shape : input.operand->shape;
}

std::size_t FloatLayer::dequantized(std::size_t index) {
  const Value& own = value(index);
  if (!own.is_integer()) return index;
  const std::size_t floats = builder.temporary(Type::f32, Shape(own.shape), own.channels_last);
  add_dequantized(builder, index, floats);
  return floats;
}

std::size_t FloatLayer::arranged(std::size_t index, bool channels_last) {
  if (value(index).channels_last == channels_last || indifferent(value(index))) return index;
  const std::size_t copy = builder.temporary(Type::f32, Shape(value(index).shape), channels_last);
  builder.add(rearrangement(builder, index, copy), {index}, {copy});
  return copy;
}

std::size_t FloatLayer::result(bool channels_last) {
  const Value& output = value(layer.outputs[0]);
  const bool same = output.channels_last == channels_last || indifferent(output);
  if (!same || output.is_integer()) {
    results[0] = builder.temporary(Type::f32, Shape(output.shape), same ? output.channels_last : channels_last);
  }
  return results[0];
}

bool FloatLayer::flag(const char* key, bool& set) const {
  const Json* form = layer.attributes->get(key);
  if (form == nullptr || !form->is(Json::Kind::boolean)) return false;
  set = form->flag;
  return true;
}

void FloatLayer::finish() {
  for (std::size_t at = 0; at < results.size(); ++at) {
    const std::size_t output = layer.outputs[at];
    if (results[at] == output) continue;
    std::size_t floats = results[at];
    if (!value(output).is_integer()) {
      builder.add(rearrangement(builder, floats, output), {floats}, {output});
      continue;
    }
    floats = arranged(floats, value(output).channels_last);
    add_quantized(builder, floats, output);
  }
}

namespace {

bool build_float_movement(FloatLayer& own) {
  for (std::size_t at = 0; at < own.results.size(); ++at) {
    const Value& output = own.value(own.layer.outputs[at]);
    if (output.is_integer()) own.results[at] = own.builder.temporary(Type::f32, Shape(output.shape), output.channels_last);
  }
  std::vector<Copy> copies;
  if (!plan_movement(own.builder, own.layer, own.values, own.results, copies)) return false;
  own.builder.add(movement_step(std::move(copies), own.values, own.results), own.values, own.results);
  return true;
}

struct Operator {
  const char* name;
  bool (*build)(FloatLayer& layer);
};

constexpr Operator kOperators[] = {
    {"activation", build_float_function}, {"clip", build_float_limits},        {"binary", build_float_arithmetic},
    {"p-relu", build_float_arithmetic},   {"pow", build_float_arithmetic},     {"sum", build_float_arithmetic},
    {"min-max", build_float_arithmetic},  {"batch-norm", build_float_norm},    {"softmax", build_float_softmax},
    {"reduce", build_float_reduction},    {"global-pool", build_float_reduction}, {"max-pool", build_float_pool},
    {"average-pool", build_float_pool},   {"conv", build_float_conv},          {"conv-transpose", build_float_conv_transpose},
    {"gemm", build_float_product},        {"mat-mul", build_float_product},
    {"resize", build_float_resize}};

}  // namespace

bool build_float(Builder& builder, const Layer& layer) {
  const Json* mode = layer.op == "resize" ? layer.attributes->get("mode") : nullptr;
  const bool interpolates = mode != nullptr && mode->get("nearest") == nullptr;
  const bool moves = (is_movement(layer.op) || moves_floats(layer.op)) && !interpolates;
  const auto named = [&](const Operator& own) { return layer.op == own.name; };
  const Operator* found = std::find_if(std::begin(kOperators), std::end(kOperators), named);
  if (!moves && found == std::end(kOperators)) return builder.unsupported("float layer \"" + layer.op + "\"");
  FloatLayer own(builder, layer);
  if (own.values.empty() || layer.outputs.empty()) return builder.unsupported("a float layer without inputs");
  if (!moves && (layer.outputs.size() != 1 || !own.inputs[0].given())) return builder.broken("its inputs or outputs");
  if (!(moves ? build_float_movement(own) : found->build(own))) return false;
  own.finish();
  return true;
}

}  // namespace ceras::detail
