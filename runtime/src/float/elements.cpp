// Float layers that work element by element, under broadcasting or with numbers per channel.
#include <algorithm>
#include <cmath>
#include <limits>

#include "layers.h"

namespace ceras::detail {

namespace {

class FunctionStep : public Step {
 public:
  FloatFunction function;
  std::size_t input = 0, output = 0, count = 0;

  void run(Frame& frame) const override {
    constexpr std::size_t kShare = 4096;
    frame.each((count + kShare - 1) / kShare, [&](std::size_t item, std::uint8_t*) {
      const std::size_t begin = item * kShare, end = std::min(count, begin + kShare);
      float* to = frame.data<float>(output) + begin;
      std::copy_n(frame.data<float>(input) + begin, end - begin, to);
      function.apply(*frame.network().kernels, to, end - begin);
    });
  }
};

enum class Arithmetic : std::uint8_t { add, subtract, multiply, divide, larger, smaller, power, slope };

float combination(Arithmetic op, float a, float b) {
  switch (op) {
    case Arithmetic::add: return a + b;
    case Arithmetic::subtract: return a - b;
    case Arithmetic::multiply: return a * b;
    case Arithmetic::divide: return a / b;
    case Arithmetic::larger: return b > a ? b : a;
    case Arithmetic::smaller: return b < a ? b : a;
    case Arithmetic::power: return static_cast<float>(std::pow(static_cast<double>(a), static_cast<double>(b)));
    case Arithmetic::slope: return a < 0 ? b * a : a;
  }
  return a;
}

// Two operands under broadcasting; a constant is held here.
class ArithmeticStep : public Step {
 public:
  Arithmetic op = Arithmetic::add;
  std::size_t inputs[2] = {kNone, kNone}, output = 0;
  std::vector<float> constants[2];
  struct Dimension {
    std::size_t extent, from[2], to;
  };
  std::vector<Dimension> dimensions;

  void run(Frame& frame) const override {
    const float* from[2];
    for (int side = 0; side < 2; ++side) {
      from[side] = inputs[side] == kNone ? constants[side].data() : frame.data<float>(inputs[side]);
    }
    apply(0, from[0], from[1], frame.data<float>(output));
  }

 private:
  void apply(std::size_t at, const float* a, const float* b, float* to) const {
    if (at == dimensions.size()) {
      *to = combination(op, *a, *b);
      return;
    }
    const Dimension& own = dimensions[at];
    for (std::size_t index = 0; index < own.extent; ++index) {
      apply(at + 1, a + index * own.from[0], b + index * own.from[1], to + index * own.to);
    }
  }
};

// (x - mean) * scale + shift per channel.
class NormStep : public Step {
 public:
  std::size_t input = 0, output = 0;
  std::vector<float> mean, scale, shift;

  void run(Frame& frame) const override {
    const Value& value = frame.network().values[output];
    const float* from = frame.data<float>(input);
    float* to = frame.data<float>(output);
    const std::size_t channels = value.channels(), run = value.channels_last ? 1 : value.plane();
    for (std::size_t at = 0; at < value.elements(); ++at) {
      const std::size_t channel = at / run % channels;
      const float product = (from[at] - mean[channel]) * scale[channel];
      to[at] = product + shift[channel];
    }
  }
};

// An operand of arithmetic: a value, or numbers with their shape.
struct Term {
  std::size_t value = kNone;
  std::vector<float> numbers;
  Shape shape;
};

bool term(const FloatLayer& layer, std::size_t position, Term& own) {
  if (!layer.given(position)) return layer.builder.broken("an operand is missing");
  own.shape = layer.shape_of(position);
  own.value = layer.inputs[position].value;
  if (layer.inputs[position].is_value() || layer.constant(position, own.numbers)) return true;
  std::vector<std::int64_t> whole;  // exponents may be integers
  if (layer.layer.op != "pow" || position != 1 || !layer.inputs[position].operand->integers(whole)) {
    return layer.builder.broken("an operand is no float");
  }
  own.numbers.assign(whole.begin(), whole.end());
  return true;
}

bool strides_to(const Shape& own, const Shape& steps, const Shape& shape, Shape& strides) {
  if (own.size() > shape.size()) return false;
  strides.assign(shape.size(), 0);
  for (std::size_t at = 0; at < own.size(); ++at) {
    const std::size_t target = at + shape.size() - own.size();
    if (own[at] != 1 && own[at] != shape[target]) return false;
    if (own[at] != 1) strides[target] = steps[at];
  }
  return true;
}

bool combine(FloatLayer& layer, Arithmetic op, Term& a, Term& b, std::size_t output) {
  auto step = std::make_unique<ArithmeticStep>();
  step->op = op;
  step->output = output;
  const Shape shape = layer.value(output).shape, to = layer.value(output).strides();
  std::vector<std::size_t> reads;
  Shape strides[2];
  Term* terms[2] = {&a, &b};
  for (int side = 0; side < 2; ++side) {
    Value constant;
    constant.shape = terms[side]->shape;
    const bool is_value = terms[side]->value != kNone;
    const Shape steps = is_value ? layer.value(terms[side]->value).strides() : constant.strides();
    if (!strides_to(terms[side]->shape, steps, shape, strides[side])) return layer.builder.broken("its shapes do not fit each other");
    step->inputs[side] = terms[side]->value;
    step->constants[side] = std::move(terms[side]->numbers);
    if (is_value) reads.push_back(terms[side]->value);
  }
  for (std::size_t at = 0; at < shape.size(); ++at) step->dimensions.push_back({shape[at], {strides[0][at], strides[1][at]}, to[at]});
  layer.builder.add(std::move(step), reads, {output});
  return true;
}

Shape broadcast(const Shape& a, const Shape& b) {
  const Shape &longer = a.size() < b.size() ? b : a, &other = a.size() < b.size() ? a : b;
  Shape shape = longer;
  for (std::size_t at = 0; at < other.size(); ++at) {
    std::size_t& extent = shape[at + longer.size() - other.size()];
    if (extent == 1) extent = other[at];
  }
  return shape;
}

bool known(const FloatLayer& layer, Arithmetic& op) {
  static constexpr struct {
    const char *op, *word;
    Arithmetic arithmetic;
  } kNames[] = {{"binary", "add", Arithmetic::add},      {"binary", "sub", Arithmetic::subtract},
                {"binary", "mul", Arithmetic::multiply}, {"binary", "div", Arithmetic::divide},
                {"min-max", "max", Arithmetic::larger},  {"min-max", "min", Arithmetic::smaller},
                {"pow", "", Arithmetic::power},          {"p-relu", "", Arithmetic::slope},
                {"sum", "", Arithmetic::add}};
  for (const auto& own : kNames) {
    if (layer.layer.op != own.op || layer.word() != own.word) continue;
    op = own.arithmetic;
    return true;
  }
  return layer.builder.unsupported("arithmetic \"" + layer.word() + "\"");
}

void add_function(FloatLayer& layer, const FloatFunction& function, std::size_t input, std::size_t output) {
  auto step = std::make_unique<FunctionStep>();
  step->function = function;
  step->input = input;
  step->output = output;
  step->count = layer.value(output).elements();
  layer.builder.add(std::move(step), {input}, {output});
}

bool map(FloatLayer& layer, const FloatFunction& function) {
  if (!layer.inputs[0].is_value() || layer.shape_of(0) != layer.shape()) return layer.builder.broken("its shape");
  const std::size_t input = layer.inputs[0].value;
  const std::size_t output = layer.result(layer.value(input).channels_last);
  add_function(layer, function, input, output);
  return true;
}

}  // namespace

bool build_float_function(FloatLayer& layer) {
  FloatFunction function;
  if (const char* problem = read_function(*layer.layer.attributes, function)) return layer.builder.unsupported(problem);
  return map(layer, function);
}

bool build_float_limits(FloatLayer& layer) {
  FloatFunction function;
  function.kind = FloatFunction::Kind::limit;
  const float infinity = std::numeric_limits<float>::infinity();
  float* const bounds[] = {&function.first, &function.second};
  for (std::size_t at = 0; at < 2; ++at) {
    std::vector<float> numbers{at == 0 ? -infinity : infinity};
    if (layer.given(at + 1) && (!layer.constant(at + 1, numbers) || numbers.size() != 1)) {
      return layer.builder.unsupported("limits that are computed");
    }
    *bounds[at] = numbers[0];
  }
  return map(layer, function);
}

bool build_float_arithmetic(FloatLayer& layer) {
  Arithmetic op = Arithmetic::add;
  if (!known(layer, op)) return false;
  const bool any = layer.layer.op == "sum" || layer.layer.op == "min-max";
  if (!any && layer.inputs.size() != 2) return layer.builder.broken("it has two operands");
  bool mean = false;
  if (layer.layer.op == "sum" && !layer.flag("mean", mean)) return layer.builder.broken("its attributes");
  std::vector<Term> terms(layer.inputs.size());
  for (std::size_t at = 0; at < terms.size(); ++at) {
    if (!term(layer, at, terms[at])) return false;
  }
  // A mean divides at the end; a sum of one is that one.
  if (mean || terms.size() == 1) terms.push_back({kNone, {mean ? static_cast<float>(terms.size()) : 1.0f}, {}});
  const bool channels_last = layer.value(layer.layer.outputs[0]).channels_last;
  Term so_far = std::move(terms[0]);
  for (std::size_t at = 1; at < terms.size(); ++at) {
    const bool last = at + 1 == terms.size();
    if (at == layer.inputs.size()) op = Arithmetic::divide;
    const Shape shape = last ? layer.shape() : broadcast(so_far.shape, terms[at].shape);
    const std::size_t output = last ? layer.result(channels_last) : layer.builder.temporary(Type::f32, shape, shape.size() >= 3);
    if (!combine(layer, op, so_far, terms[at], output)) return false;
    so_far = Term{output, {}, shape};
  }
  return true;
}

bool build_float_norm(FloatLayer& layer) {
  std::vector<float> numbers[4];  // scale, shift, mean, variance
  float epsilon = 0;
  if (!layer.inputs[0].is_value() || !read_real(layer.layer.attributes->get("epsilon"), epsilon)) return layer.builder.broken("its attributes");
  const Value& data = layer.value(layer.inputs[0].value);
  for (std::size_t at = 0; at < 4; ++at) {
    if (!layer.constant(at + 1, numbers[at])) return layer.builder.unsupported("statistics that are computed");
    if (data.shape.size() < 2 || numbers[at].size() != data.channels()) return layer.builder.broken("its statistics");
  }
  if (data.shape != layer.shape()) return layer.builder.broken("its shape");
  auto step = std::make_unique<NormStep>();
  for (std::size_t at = 0; at < data.channels(); ++at) {
    const double deviation = std::sqrt(static_cast<double>(numbers[3][at]) + static_cast<double>(epsilon));
    step->scale.push_back(static_cast<float>(static_cast<double>(numbers[0][at]) / deviation));
  }
  step->shift = std::move(numbers[1]);
  step->mean = std::move(numbers[2]);
  const std::size_t input = layer.inputs[0].value;
  step->input = input;
  const std::size_t output = layer.result(layer.value(input).channels_last);
  step->output = output;
  layer.builder.add(std::move(step), {input}, {output});
  return true;
}

}  // namespace ceras::detail
