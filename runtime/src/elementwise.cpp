// Additions (A8, A13), changes of scale, and products with a number per channel (A15) of stored integers.
#include <algorithm>

#include "plain/add.h"
#include "steps.h"

namespace ceras::detail {

namespace {

class ElementwiseStep : public Step {
 public:
  std::size_t inputs[2] = {0, 0}, output = 0;
  std::vector<AddChannel> channels;
  bool two = true;
  std::size_t factor_pixels = 0;  // of a product: pixels that share the numbers of the second operand

  void run(Frame& frame) const override {
    const Value& result = frame.network().values[output];
    const Rounding rounding = frame.network().rounding;
    const std::size_t count = channels.size(), rows = count == 0 ? 0 : result.elements() / count;
    const int bits = width_bits(result.type);
    frame.each(rows, [&](std::size_t row, std::uint8_t*) {
      const std::size_t first = row * count;
      const std::size_t other = factor_pixels == 0 ? first : row / factor_pixels * count;
      const std::uint8_t *a = frame.data<std::uint8_t>(inputs[0]) + first, *b = frame.data<std::uint8_t>(inputs[1]) + other;
      for (std::size_t at = 0; at < count; ++at) {
        const std::int64_t q = factor_pixels == 0 ? added(channels[at], rounding, bits, a + at, two ? b + at : nullptr)
                                                  : multiplied(channels[at], rounding, bits, a[at], b[at]);
        store_integer(frame.data<std::uint8_t>(output), first + at, bits, q);
      }
    });
  }
};

// The shifts of a channel by rules A8 and A13, from the exponents of operands and result; false where they are too far apart.
bool align_terms(AddChannel& own, int a, int b, int out, bool dpu) {
  const int least = std::min(a, b), most = std::max(a, b), shift = out - least;
  if (most - least > format::kMaxAlignment || shift < -format::kMaxAlignment || shift > format::kMaxShift) return false;
  // With p = -e, and m the smaller p: floor(x * 2^(7 - (p - m))), then m - p_out + 7.
  own.left[0] = static_cast<std::int8_t>(dpu ? 7 - (most - a) : a - least);
  own.left[1] = static_cast<std::int8_t>(dpu ? 7 - (most - b) : b - least);
  own.right = static_cast<std::int8_t>(dpu ? out - most + 7 : shift);
  return true;
}

// Those of a product (A15).
bool align_product(AddChannel& own, int a, int b, int out) {
  const int shift = out - a - b;
  if (shift < -format::kMaxAlignment || shift > format::kMaxShift) return false;
  own.right = static_cast<std::int8_t>(shift);
  return true;
}

// The shape of numbers per channel of a tensor.
std::vector<std::size_t> factor_shape(const Value& data) {
  if (data.shape.size() != 4) return {};
  return {data.shape[0], data.shape[1], 1, 1};
}

}  // namespace

bool build_elementwise(Builder& builder, const Layer& layer) {
  const bool two = layer.kind != LayerKind::rescale, dpu = layer.kind == LayerKind::dpu_add;
  const Value* operands[2] = {builder.input(layer, 0), builder.input(layer, two ? 1 : 0)};
  for (const Value* operand : operands) {
    if (operand == nullptr || operand->type != Type::i8) return builder.broken("an operand is not int8");
  }
  if (layer.outputs.size() != 1) return builder.broken("its outputs");
  const Value& result = builder.value(layer.outputs[0]);
  const bool product = layer.kind == LayerKind::channel_mul;
  const auto second = product ? factor_shape(*operands[0]) : result.shape;
  if (!result.is_integer() || operands[0]->shape != result.shape || operands[1]->shape != second) {
    return builder.broken("its shapes do not fit each other");
  }
  auto step = std::make_unique<ElementwiseStep>();
  step->two = two;
  step->output = layer.outputs[0];
  // Where channels are not innermost there is no plane behind them, so that they are all the same.
  step->channels.resize(result.channels());
  for (int side = 0; side < 2; ++side) step->inputs[side] = layer.inputs[two ? side : 0].value;
  for (std::size_t at = 0; at < step->channels.size(); ++at) {
    AddChannel& own = step->channels[at];
    const int a = operands[0]->scales[at].exponent, b = operands[1]->scales[at].exponent, out = result.scales[at].exponent;
    if (!(product ? align_product(own, a, b, out) : align_terms(own, a, b, out, dpu))) {
      return builder.broken("its scales are too far apart");
    }
    own.zero[0] = operands[0]->scales[at].zero;
    own.zero[1] = operands[1]->scales[at].zero;
    own.target = result.scales[at].zero;
    if (dpu && (own.zero[0] != 0 || own.zero[1] != 0 || own.target != 0)) {
      return builder.broken("a zero point under the DPU rules");
    }
  }
  if (product) step->factor_pixels = result.elements() / std::max<std::size_t>(1, result.shape[0] * result.shape[1]);
  const std::size_t a = step->inputs[0], b = step->inputs[1], out = step->output;
  builder.add(std::move(step), {a, b}, {out});
  return true;
}

}  // namespace ceras::detail
