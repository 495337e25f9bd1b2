// Constants of output stages, and what proves that fewer bits give the same integers.
#include "conv_stage.h"

#include <algorithm>

namespace ceras::detail {

namespace {

constexpr std::int32_t kMostUnsigned = UINT16_MAX;

std::int64_t half_of(int shift) { return shift > 0 ? std::int64_t{1} << (shift - 1) : 0; }

std::unique_ptr<ShortTable> short_table(const Function& function) {
  if (function.layout != RomLayout::two_segments || function.is_signed) return nullptr;
  auto table = std::make_unique<ShortTable>();
  const std::int32_t* end = function.rom + function.entries();
  table->lift = std::max(0, -*std::min_element(function.rom, end));
  for (std::size_t at = 0; at < ShortTable::kEntries; ++at) {
    const std::int32_t entry = function.rom[std::min<std::size_t>(at, static_cast<std::size_t>(function.entries()) - 1)];
    const std::int32_t lifted = entry + table->lift;
    table->entries[at] = static_cast<std::int16_t>(entry);
    table->lifted[at] = static_cast<std::uint16_t>(lifted);
    table->low[at] = static_cast<std::uint8_t>(lifted & 0xFF);
    table->high[at] = static_cast<std::uint8_t>(lifted >> 8);
  }
  return table;
}

}  // namespace

std::vector<std::unique_ptr<ShortTable>> short_tables(const std::vector<Function>& functions) {
  std::vector<std::unique_ptr<ShortTable>> tables;
  for (const Function& function : functions) tables.push_back(short_table(function));
  return tables;
}

void ConvStage::prepare(const Network& network, const Layer& layer, const Value& result, const Value* residual) {
  const Conv& conv = layer.conv;
  Stage& stage = stage_;
  stage.kind = static_cast<Stage::Kind>(conv.output);
  stage.rounding = network.rounding;
  stage.relu = conv.relu;
  stage.residual = static_cast<std::uint8_t>(conv.residual);
  stage.activation = static_cast<std::uint8_t>(conv.activation);
  stage.accumulator_shift = conv.accumulator_shift;
  stage.bias_shift = conv.bias_shift;
  stage.shift = conv.shift;
  stage.bits = width_bits(result.type);
  if (conv.output == Conv::Output::function) {
    stage.function = &network.functions[conv.function];
    stage.table = network.tables[conv.function].get();
  }
  // Groups begin anywhere in the channels, and kernels load whole blocks.
  const std::size_t padded = conv.outputs + kLanes;
  for (auto* numbers : {&bias_, &folded_, &argument_, &shifts_, &zero_, &align_, &residual_zero_}) numbers->assign(padded, 0);
  stage.bias = bias_.data();
  stage.folded = folded_.data();
  stage.argument = argument_.data();
  stage.shifts = shifts_.data();
  stage.zero = zero_.data();
  stage.align = align_.data();
  stage.residual_zero = residual_zero_.data();
  stage.narrow = network.rounding == Rounding::half_up && conv.output != Conv::Output::dpu;
  if (result.type != Type::i8) stage.narrow = stage.narrow && conv.output == Conv::Output::direct;
  for (std::size_t at = 0; at < conv.outputs; ++at) {
    std::uint32_t sum = 0;
    for (std::size_t tap = 0; tap < conv.taps(); ++tap) {
      sum += static_cast<std::uint32_t>(static_cast<std::int32_t>(conv.weights[at * conv.taps() + tap]));
    }
    bias_[at] = conv.bias[at];
    folded_[at] = static_cast<std::int32_t>(static_cast<std::uint32_t>(conv.bias[at]) - 128 * sum);
    argument_[at] = conv.arguments ? conv.arguments[at] : 0;
    shifts_[at] = conv.shifts ? conv.shifts[at] : 0;
    zero_[at] = result.scales[at].zero;
    // Any shift to the right leaves room for the zero point in 32 bits.
    if (result.type == Type::i32) stage.narrow = stage.narrow && shifts_[at] >= 1;
    if (residual == nullptr) continue;
    const int gain = conv.residual == Residual::after ? stage.function->gain : 0;
    const int fraction = conv.fractions ? conv.fractions[at] : format::kFraction;
    align_[at] = -(fraction + gain + residual->scales[at].exponent);
    residual_zero_[at] = residual->scales[at].zero;
    stage.narrow = stage.narrow && align_[at] >= -20;
  }
  choose_bits(conv);
}

// Where fewer bits do, and the table as they want it.
void ConvStage::choose_bits(const Conv& conv) {
  Stage& stage = stage_;
  stage.packs = stage.narrow && stage.bits == 8;
  for (std::size_t at = 0; at < conv.outputs && stage.packs; ++at) stage.packs = packs(at, bound(conv, at));
  if (!stage.packs) return;
  // Channels that do not exist fit every block.
  forms_.assign(conv.outputs + kLanes, kInHalves | kUnsigned);
  up_.assign(conv.outputs + kLanes, 0);
  down_.assign(conv.outputs + kLanes, 0);
  const Function* function = stage.function;
  for (int at = 0; function != nullptr && at < function->entries() * (function->is_signed ? 2 : 1); ++at) {
    largest_entry_ = std::max<std::int64_t>(largest_entry_, function->rom[at] < 0 ? -function->rom[at] : function->rom[at]);
  }
  for (std::size_t at = 0; at < conv.outputs; ++at) {
    forms_[at] = static_cast<std::uint8_t>((halves_do(at) ? kInHalves : 0) | (unsigned_does(at) ? kUnsigned : 0));
  }
  stage.forms = forms_.data();
  stage.up = up_.data();
  stage.down = down_.data();
}

// The largest magnitude of a sum, bias included.
std::int64_t ConvStage::bound(const Conv& conv, std::size_t channel) const {
  std::int64_t weights = 0;
  for (std::size_t tap = 0; tap < conv.taps(); ++tap) {
    const std::int64_t weight = conv.weights[channel * conv.taps() + tap];
    weights += weight < 0 ? -weight : weight;
  }
  const std::int64_t bias = conv.bias[channel];
  return weights * 128 + (bias < 0 ? -bias : bias);
}

// Whether the half of the first shift may be in the bias, residuals are shifted to the left only, and a table is looked up by the
// argument, of which a slope would make something else in place.
bool ConvStage::packs(std::size_t channel, std::int64_t largest_sum) const {
  const bool direct = stage_.kind == Stage::Kind::direct;
  if (largest_sum + half_of(direct ? shifts_[channel] : argument_[channel]) > INT32_MAX) return false;
  if (stage_.residual != 0 && (align_[channel] > 0 || align_[channel] < -20)) return false;
  return direct || stage_.function->layout == RomLayout::none || stage_.function->base != Base::leaky;
}

// Whether 16 bits do behind the first shift, whose result has 20: no intermediate leaves 16 bits within `inner`, tables are
// constant from there on, and both ends of 20 bits give what both ends of `inner` give.
bool ConvStage::halves_do(std::size_t channel) const {
  if (stage_.kind == Stage::Kind::direct) return true;  // one shift; what saturates in 16 bits does in 8
  std::int64_t added = half_of(shifts_[channel]) + largest_entry_;
  // A residual in front of the function moves the argument, whose ends are looked at.
  const std::uint8_t none = static_cast<std::uint8_t>(residual_zero_[channel] + 128);
  std::uint8_t others[] = {none, none};
  if (stage_.residual == 2) {
    added += std::int64_t{255} << -align_[channel];
    others[0] = 0, others[1] = 255;
  }
  const std::int64_t inner = INT16_MAX - added, end = std::int64_t{1} << (format::kArgumentBits - 1);
  if (inner < 1 << 13) return false;
  return std::all_of(std::begin(others), std::end(others), [&](std::uint8_t other) {
    const auto at = [&](std::int64_t x) {
      return saturate(behind_argument(stage_, channel, x, stage_.residual == 0 ? nullptr : &other) + zero_[channel], 8);
    };
    return at(inner) == at(end - 1) && at(-inner) == at(-end);
  });
}

// Whether max(x, 0) + entry, with the zero point, does in unsigned numbers of 16 bits. What is above them counts as 2^16 - 1 there,
// and what is below 0 as 0: both have to be saturated in the end.
bool ConvStage::unsigned_does(std::size_t channel) {
  const int shift = shifts_[channel], align = -align_[channel];
  if (stage_.table == nullptr || stage_.function->base != Base::relu || shift < 1 || align > 8) return false;
  std::int64_t constant = half_of(shift) + (std::int64_t{zero_[channel] + 128} << shift) - stage_.table->lift;
  if (stage_.residual == 2) constant -= std::int64_t{residual_zero_[channel] + 128} << align;
  const std::int64_t up = std::max<std::int64_t>(constant, 0), down = std::max<std::int64_t>(-constant, 0);
  if (up > kMostUnsigned || down > kMostUnsigned || (kMostUnsigned - down) >> shift < UINT8_MAX) return false;
  up_[channel] = static_cast<std::int32_t>(up);
  down_[channel] = static_cast<std::int32_t>(down);
  return true;
}

}  // namespace ceras::detail
