// Additions (A8, A13) and changes of scale of stored integers.
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

  void run(Frame& frame) const override {
    const Value& result = frame.network().values[output];
    const Rounding rounding = frame.network().rounding;
    const std::size_t count = channels.size(), rows = count == 0 ? 0 : result.elements() / count;
    const int bits = width_bits(result.type);
    frame.each(rows, [&](std::size_t row, std::uint8_t*) {
      const std::size_t first = row * count;
      const std::uint8_t *a = frame.data<std::uint8_t>(inputs[0]) + first, *b = frame.data<std::uint8_t>(inputs[1]) + first;
      for (std::size_t at = 0; at < count; ++at) {
        store_integer(frame.data<std::uint8_t>(output), first + at, bits, added(channels[at], rounding, bits, a + at, two ? b + at : nullptr));
      }
    });
  }
};

}  // namespace

bool build_elementwise(Builder& builder, const Layer& layer) {
  const bool two = layer.kind != LayerKind::rescale, dpu = layer.kind == LayerKind::dpu_add;
  const Value* operands[2] = {builder.input(layer, 0), builder.input(layer, two ? 1 : 0)};
  for (const Value* operand : operands) {
    if (operand == nullptr || operand->type != Type::i8) return builder.broken("an operand is not int8");
  }
  if (layer.outputs.size() != 1) return builder.broken("its outputs");
  const Value& result = builder.value(layer.outputs[0]);
  if (!result.is_integer() || operands[0]->shape != result.shape || operands[1]->shape != result.shape) {
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
    const int least = std::min(a, b), shift = out - least;
    if (a - least > format::kMaxAlignment || b - least > format::kMaxAlignment || shift < -format::kMaxAlignment ||
        shift > format::kMaxShift) {
      return builder.broken("its scales are too far apart");
    }
    own.zero[0] = operands[0]->scales[at].zero;
    own.zero[1] = operands[1]->scales[at].zero;
    own.target = result.scales[at].zero;
    if (dpu) {
      // With p = -e, and m the smaller p: floor(x * 2^(7 - (p - m))), then m - p_out + 7.
      if (own.zero[0] != 0 || own.zero[1] != 0 || own.target != 0) return builder.broken("a zero point under the DPU rules");
      const int most = std::max(a, b);
      own.left[0] = static_cast<std::int8_t>(7 - (most - a));
      own.left[1] = static_cast<std::int8_t>(7 - (most - b));
      own.right = static_cast<std::int8_t>(out - most + 7);
    } else {
      own.left[0] = static_cast<std::int8_t>(a - least);
      own.left[1] = static_cast<std::int8_t>(b - least);
      own.right = static_cast<std::int8_t>(shift);
    }
  }
  const std::size_t a = step->inputs[0], b = step->inputs[1], out = step->output;
  builder.add(std::move(step), {a, b}, {out});
  return true;
}

}  // namespace ceras::detail
