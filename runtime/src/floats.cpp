// Layers in single precision: integer inputs are dequantized (A12), integer results are quantized (A11).
#include <algorithm>
#include <cmath>
#include <limits>

#include "movement.h"

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

  void run(Frame& frame) const override {
    const Value& value = frame.network().values[output];
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
};

float unit(float x) { return x < 0 ? 0.0f : x > 1 ? 1.0f : x; }

enum class Unary : std::uint8_t { relu, clamp, leaky_relu, sigmoid, silu, hard_sigmoid, hard_swish, tanh, abs, neg, floor, ceil, sqrt, reciprocal, round };

class UnaryStep : public Step {
 public:
  Unary function = Unary::relu;
  float first = 0, second = 0;
  std::size_t input = 0, output = 0, count = 0;
  const KernelSet* kernels = nullptr;

  void run(Frame& frame) const override {
    constexpr std::size_t kShare = 4096;
    frame.each((count + kShare - 1) / kShare, [&](std::size_t item, std::uint8_t*) {
      const std::size_t begin = item * kShare, end = std::min(count, begin + kShare);
      float* to = frame.data<float>(output) + begin;
      std::copy_n(frame.data<float>(input) + begin, end - begin, to);
      if (function == Unary::sigmoid) return kernels->sigmoid(to, end - begin);
      if (function == Unary::silu) return kernels->silu(to, end - begin);
      for (std::size_t at = 0; at < end - begin; ++at) to[at] = one(to[at]);
    });
  }

 private:
  float one(float x) const {
    const double wide = x;
    switch (function) {
      case Unary::relu: return x > 0 ? x : 0.0f;
      case Unary::clamp: return x < first ? first : x > second ? second : x;
      case Unary::leaky_relu: return x < 0 ? first * x : x;
      case Unary::hard_sigmoid: {
        const float product = first * x;
        return unit(product + second);
      }
      case Unary::hard_swish: {
        const float product = x * (1.0f / 6.0f);
        return x * unit(product + 0.5f);
      }
      case Unary::tanh: return static_cast<float>(std::tanh(wide));
      case Unary::abs: return std::fabs(x);
      case Unary::neg: return -x;
      case Unary::floor: return std::floor(x);
      case Unary::ceil: return std::ceil(x);
      case Unary::sqrt: return static_cast<float>(std::sqrt(wide));
      case Unary::reciprocal: return static_cast<float>(1.0 / wide);
      case Unary::round: return std::nearbyint(x);
      case Unary::sigmoid:
      case Unary::silu: break;
    }
    return x;
  }
};

// Two operands under broadcasting; a constant is held here.
class BinaryStep : public Step {
 public:
  char op = '+';
  std::size_t inputs[2] = {Frame::kNone, Frame::kNone}, output = 0;
  std::vector<float> constants[2];
  struct Dimension {
    std::size_t extent, from[2], to;
  };
  std::vector<Dimension> dimensions;

  void run(Frame& frame) const override {
    const float* from[2];
    for (int side = 0; side < 2; ++side) {
      from[side] = inputs[side] == Frame::kNone ? constants[side].data() : frame.data<float>(inputs[side]);
    }
    apply(0, from[0], from[1], frame.data<float>(output));
  }

 private:
  void apply(std::size_t at, const float* a, const float* b, float* to) const {
    if (at == dimensions.size()) {
      *to = op == '+' ? *a + *b : op == '-' ? *a - *b : op == '*' ? *a * *b : *a / *b;
      return;
    }
    const Dimension& own = dimensions[at];
    for (std::size_t index = 0; index < own.extent; ++index) {
      apply(at + 1, a + index * own.from[0], b + index * own.from[1], to + index * own.to);
    }
  }
};

// Mean or maximum of each channel's plane, elements in row-major order.
class GlobalPoolStep : public Step {
 public:
  bool mean = true;
  std::size_t input = 0, output = 0;

  void run(Frame& frame) const override {
    const Value& value = frame.network().values[input];
    const float* from = frame.data<float>(input);
    float* to = frame.data<float>(output);
    const std::size_t channels = value.channels(), plane = value.plane();
    for (std::size_t lane = 0; lane < value.batch() * channels; ++lane) {
      const std::size_t channel = lane % channels, image = lane / channels;
      double sum = -0.0;
      float largest = -std::numeric_limits<float>::infinity();
      for (std::size_t pixel = 0; pixel < plane; ++pixel) {
        const float x = from[value.channels_last ? (image * plane + pixel) * channels + channel : lane * plane + pixel];
        sum += x;
        largest = x > largest ? x : largest;
      }
      to[lane] = mean ? static_cast<float>(sum / static_cast<double>(plane)) : largest;
    }
  }
};

class SoftmaxStep : public Step {
 public:
  std::size_t input = 0, output = 0, outer = 1, count = 1, inner = 1;
  bool log = false;

  void run(Frame& frame) const override {
    const float* from = frame.data<float>(input);
    float* to = frame.data<float>(output);
    for (std::size_t lane = 0; lane < outer * inner; ++lane) {
      const std::size_t first = lane / inner * count * inner + lane % inner;
      float largest = -std::numeric_limits<float>::infinity();
      for (std::size_t at = 0; at < count; ++at) largest = std::max(largest, from[first + at * inner]);
      double sum = -0.0;
      for (std::size_t at = 0; at < count; ++at) sum += std::exp(static_cast<double>(from[first + at * inner] - largest));
      for (std::size_t at = 0; at < count; ++at) {
        const double shifted = from[first + at * inner] - largest;
        to[first + at * inner] = static_cast<float>(log ? shifted - std::log(sum) : std::exp(shifted) / sum);
      }
    }
  }
};

bool real(const Json* form, float& number) {
  if (form == nullptr) return false;
  const float infinity = std::numeric_limits<float>::infinity();
  if (form->is(Json::Kind::string)) {
    number = form->text == "inf" ? infinity : form->text == "-inf" ? -infinity : std::numeric_limits<float>::quiet_NaN();
    return form->text == "inf" || form->text == "-inf" || form->text == "nan";
  }
  number = static_cast<float>(form->number);
  return form->is(Json::Kind::number);
}

class FloatBuilder {
 public:
  FloatBuilder(Builder& builder, const Layer& layer) : builder_(builder), layer_(layer) {}

  bool build() {
    for (const Operand& operand : layer_.inputs) {
      if (operand.kind == Operand::Kind::value) inputs_.push_back(dequantized(operand.value));
    }
    for (std::size_t output : layer_.outputs) {
      const Value& value = builder_.value(output);
      outputs_.push_back(value.is_integer() ? builder_.temporary(Type::f32, value.shape, value.channels_last) : output);
    }
    if (inputs_.empty() || outputs_.empty()) return builder_.unsupported("a float layer without inputs");
    if (!operation()) return false;
    for (std::size_t at = 0; at < outputs_.size(); ++at) {
      if (outputs_[at] == layer_.outputs[at]) continue;
      auto step = std::make_unique<QuantizeStep>();
      step->input = outputs_[at];
      step->output = layer_.outputs[at];
      builder_.add(std::move(step), {outputs_[at]}, {layer_.outputs[at]});
    }
    return true;
  }

 private:
  const Value& in() const { return builder_.value(inputs_[0]); }
  const Value& out() const { return builder_.value(outputs_[0]); }

  std::size_t dequantized(std::size_t index) {
    const Value& value = builder_.value(index);
    if (!value.is_integer()) return index;
    auto step = std::make_unique<DequantizeStep>();
    step->input = index;
    // Where channels are not innermost, there is no plane behind them.
    for (const Scale scale : value.scales) {
      step->steps.push_back(std::ldexp(1.0, scale.exponent));
      step->zeros.push_back(scale.zero + (value.type == Type::i8 ? 128 : 0));
    }
    step->output = builder_.temporary(Type::f32, Shape(value.shape), value.channels_last);
    const std::size_t floats = step->output;
    builder_.add(std::move(step), {index}, {floats});
    return floats;
  }

  bool operation() {
    const std::string& op = layer_.op;
    if (is_movement(op)) {
      std::vector<Copy> copies;
      if (!plan_movement(builder_, layer_, inputs_, outputs_, copies)) return false;
      builder_.add(movement_step(std::move(copies), inputs_, outputs_), inputs_, outputs_);
      return true;
    }
    if (outputs_.size() != 1) return builder_.broken("it has one output");
    if (op == "activation") return activation();
    if (op == "binary") return binary();
    if (op == "global-pool") return global_pool();
    if (op == "softmax") return softmax();
    return builder_.unsupported("float layer \"" + op + "\"");
  }

  // The attribute of an operator that is one word.
  std::string word() const { return layer_.attributes.is(Json::Kind::string) ? layer_.attributes.text : ""; }

  bool activation() {
    static constexpr struct {
      const char *name, *first, *second;
    } kNames[] = {{"relu", nullptr, nullptr},    {"clamp", "min", "max"},        {"leaky-relu", "alpha", nullptr},
                  {"sigmoid", nullptr, nullptr}, {"silu", nullptr, nullptr},     {"hard-sigmoid", "alpha", "beta"},
                  {"hard-swish", nullptr, nullptr}, {"tanh", nullptr, nullptr},  {"abs", nullptr, nullptr},
                  {"neg", nullptr, nullptr},     {"floor", nullptr, nullptr},    {"ceil", nullptr, nullptr},
                  {"sqrt", nullptr, nullptr},    {"reciprocal", nullptr, nullptr}, {"round", nullptr, nullptr}};
    const Json& form = layer_.attributes;
    const bool constants = form.is(Json::Kind::object) && form.keys.size() == 1;
    const std::string name = constants ? form.keys[0] : word();
    for (std::size_t at = 0; at < std::size(kNames); ++at) {
      if (name != kNames[at].name) continue;
      auto step = std::make_unique<UnaryStep>();
      step->function = static_cast<Unary>(at);
      if (kNames[at].first && (!constants || !real(form.items[0].get(kNames[at].first), step->first))) return builder_.broken("its constants");
      if (kNames[at].second && !real(form.items[0].get(kNames[at].second), step->second)) return builder_.broken("its constants");
      if (in().shape != out().shape || in().channels_last != out().channels_last) {
        if (in().shape != out().shape) return builder_.broken("its shape");
        return builder_.unsupported("an activation behind a transposition");
      }
      step->input = inputs_[0];
      step->output = outputs_[0];
      step->count = out().elements();
      step->kernels = builder_.network.kernels;
      builder_.add(std::move(step), {inputs_[0]}, {outputs_[0]});
      return true;
    }
    return builder_.unsupported("activation \"" + name + "\" in float");
  }

  bool binary() {
    const std::string name = word();
    auto step = std::make_unique<BinaryStep>();
    step->op = name == "add" ? '+' : name == "sub" ? '-' : name == "mul" ? '*' : '/';
    if (layer_.inputs.size() != 2 || (step->op == '/' && name != "div")) return builder_.unsupported("arithmetic \"" + name + "\"");
    const Shape &shape = out().shape, to = out().strides();
    Shape strides[2];
    step->output = outputs_[0];
    std::size_t next = 0;
    for (int side = 0; side < 2; ++side) {
      const Operand& operand = layer_.inputs[side];
      if (operand.kind == Operand::Kind::none) return builder_.broken("an operand is missing");
      Value constant;
      constant.shape = operand.shape;
      const bool is_value = operand.kind == Operand::Kind::value;
      if (!is_value && !operand.floats(step->constants[side])) return builder_.broken("an operand is no float");
      if (is_value) step->inputs[side] = inputs_[next++];
      const Value& value = is_value ? builder_.value(step->inputs[side]) : constant;
      const std::size_t rank = value.shape.size();
      if (rank > shape.size()) return builder_.broken("its shapes do not fit each other");
      const Shape own = value.strides();
      strides[side].assign(shape.size(), 0);
      for (std::size_t at = 0; at < rank; ++at) {
        const std::size_t target = at + shape.size() - rank;
        if (value.shape[at] != 1 && value.shape[at] != shape[target]) return builder_.broken("its shapes do not fit each other");
        if (value.shape[at] != 1) strides[side][target] = own[at];
      }
    }
    for (std::size_t at = 0; at < shape.size(); ++at) step->dimensions.push_back({shape[at], {strides[0][at], strides[1][at]}, to[at]});
    builder_.add(std::move(step), inputs_, outputs_);
    return true;
  }

  bool global_pool() {
    Shape shape = in().shape;
    for (std::size_t at = 2; at < shape.size(); ++at) shape[at] = 1;
    const std::string kind = word();
    if (shape.size() < 2 || out().shape != shape || (kind != "average" && kind != "max")) return builder_.broken("its shape");
    auto step = std::make_unique<GlobalPoolStep>();
    step->mean = kind == "average";
    step->input = inputs_[0];
    step->output = outputs_[0];
    builder_.add(std::move(step), {inputs_[0]}, {outputs_[0]});
    return true;
  }

  bool softmax() {
    const Json &form = layer_.attributes, *axis = form.get("axis"), *flatten = form.get("flatten"), *log = form.get("log");
    const std::int64_t rank = static_cast<std::int64_t>(in().shape.size());
    if (axis == nullptr || !axis->is_whole() || flatten == nullptr || log == nullptr || in().shape != out().shape) {
      return builder_.broken("its attributes");
    }
    if (in().channels_last || out().channels_last) return builder_.unsupported("Softmax over planes");
    const bool behind = flatten->flag && axis->whole == rank;
    if (!behind && (axis->whole < -rank || axis->whole >= rank)) return builder_.broken("its axis");
    const std::size_t cut = static_cast<std::size_t>(axis->whole < 0 ? axis->whole + rank : axis->whole);
    const std::size_t along = flatten->flag ? in().shape.size() : cut + 1;
    auto step = std::make_unique<SoftmaxStep>();
    for (std::size_t at = 0; at < in().shape.size(); ++at) {
      (at < cut ? step->outer : at < along ? step->count : step->inner) *= in().shape[at];
    }
    step->log = log->flag;
    step->input = inputs_[0];
    step->output = outputs_[0];
    builder_.add(std::move(step), {inputs_[0]}, {outputs_[0]});
    return true;
  }

  Builder& builder_;
  const Layer& layer_;
  std::vector<std::size_t> inputs_, outputs_;
};

}  // namespace

bool build_float(Builder& builder, const Layer& layer) { return FloatBuilder(builder, layer).build(); }

}  // namespace ceras::detail
