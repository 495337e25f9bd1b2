// Convolutions: windows in memory, tiles of pixels, groups; sums and the output stage are kernels.
#include <algorithm>
#include <cstring>

#include "conv_stage.h"
#include "steps.h"

namespace ceras::detail {

namespace {

constexpr std::size_t kSumBytes = 16 * 1024;  // of a tile's sums, so that they stay in the first cache
constexpr std::size_t kMaxTile = 224;         // pixels
constexpr std::size_t kTilePixels = 12;       // that kernels work on together, mostly

class ConvStep : public Step {
 public:
  std::size_t input = 0, output = 0, residual = kNone, padded = kNone;
  Axis rows, columns;
  std::size_t batch = 1, channels = 0, outputs = 0, group = 1;
  bool depthwise = false;
  bool flat = false;  // 1x1 without steps: all pixels of a plane are one row
  std::vector<std::size_t> segments;
  std::size_t segment_length = 0;
  std::vector<std::vector<std::uint8_t>> weights;  // packed, by group; one for a depthwise one
  ConvStage stage;
  std::size_t tile = 1, sums_step = 0;
  const KernelSet* kernels = nullptr;

  void run(Frame& frame) const override {
    const std::uint8_t* source = frame.data<std::uint8_t>(input);
    if (padded != kNone) source = pad(frame, source);
    const std::size_t pixels = flat ? rows.output * columns.output : columns.output;
    const std::size_t chunk = flat ? chunk_of(pixels, frame.threads()) : pixels, chunks = (pixels + chunk - 1) / chunk;
    const std::size_t lines = batch * (flat ? 1 : rows.output);
    frame.each(lines * chunks, [&](std::size_t item, std::uint8_t* scratch) {
      const std::size_t line = item / chunks, first = item % chunks * chunk;
      run_line(frame, source, line, first, std::min(chunk, pixels - first), reinterpret_cast<std::int32_t*>(scratch));
    });
  }

 private:
  // Pixels that a thread takes at a time: a tile, or less of it so that no thread waits long for the last one.
  std::size_t chunk_of(std::size_t pixels, std::size_t threads) const {
    const std::size_t share = threads > 1 ? pixels / (4 * threads) : tile;
    return std::min(tile, (share / kTilePixels + 1) * kTilePixels);
  }

  std::size_t width() const { return columns.begin + columns.input + columns.end; }
  std::size_t height() const { return rows.begin + rows.input + rows.end; }

  // A copy with the padding around it: a position outside of the input reads the channel's zero point (A4).
  const std::uint8_t* pad(const Frame& frame, const std::uint8_t* source) const {
    std::uint8_t* to = frame.data<std::uint8_t>(padded);
    const std::vector<Scale>& scales = frame.network().values[input].scales;
    const std::size_t line = width() * channels, own = columns.input * channels;
    frame.each(batch * height(), [&](std::size_t item, std::uint8_t*) {
      const std::size_t image = item / height(), row = item % height();
      std::uint8_t* begin = to + item * line;
      const bool inside = row >= rows.begin && row < rows.begin + rows.input;
      const std::size_t left = inside ? columns.begin : width();
      fill(begin, left, scales);
      if (!inside) return;
      std::memcpy(begin + left * channels, source + (image * rows.input + row - rows.begin) * own, own);
      fill(begin + left * channels + own, columns.end, scales);
    });
    return to;
  }

  void fill(std::uint8_t* to, std::size_t pixels, const std::vector<Scale>& scales) const {
    if (pixels == 0) return;
    for (std::size_t channel = 0; channel < channels; ++channel) {
      to[channel] = static_cast<std::uint8_t>(scales[channel].zero + 128);
    }
    for (std::size_t pixel = 1; pixel < pixels; ++pixel) std::memcpy(to + pixel * channels, to, channels);
  }

  // Pixels `first` on of a line: a row of the output, or a whole plane.
  void run_line(const Frame& frame, const std::uint8_t* source, std::size_t line, std::size_t first, std::size_t count,
                std::int32_t* sums) const {
    const std::size_t image = flat ? line : line / rows.output, row = flat ? 0 : line % rows.output;
    const std::size_t step = columns.stride * channels;
    const std::uint8_t* begin = source + ((image * height() + row * rows.stride) * width()) * channels + first * step;
    const std::size_t pixel = line * (flat ? rows.output * columns.output : columns.output) + first;
    const std::size_t bytes = static_cast<std::size_t>(stage.stage().bits) / 8;
    std::uint8_t* to = frame.data<std::uint8_t>(output) + pixel * outputs * bytes;
    const std::uint8_t* other = residual == kNone ? nullptr : frame.data<std::uint8_t>(residual) + pixel * outputs;
    for (std::size_t done = 0; done < count; done += tile) {
      const std::size_t pixels = std::min(tile, count - done);
      Finish finish{&stage.stage(), sums, sums_step, pixels, 0, outputs, other ? other + done * outputs : nullptr,
                    to + done * outputs * bytes, outputs};
      if (depthwise) {
        kernels->depthwise({begin + done * step, step, pixels, segments.data(), segments.size(), columns.kernel, channels,
                            weights[0].data(), sums, sums_step});
        kernels->finish(finish);
        continue;
      }
      finish.channels = outputs / group;
      for (std::size_t own = 0; own < group; ++own) {
        kernels->dense({begin + done * step + own * (channels / group), step, pixels, segments.data(), segments.size(),
                        segment_length, weights[own].data(), sums_step / kLanes, sums});
        finish.first = own * finish.channels;
        kernels->finish(finish);
      }
    }
  }
};

bool within(const std::int8_t* numbers, std::size_t count, int low, int high) {
  return std::all_of(numbers, numbers + count, [&](std::int8_t number) { return number >= low && number <= high; });
}

bool no_zeros(const Value& value) {
  return std::all_of(value.scales.begin(), value.scales.end(), [](Scale scale) { return scale.zero == 0; });
}

// Shapes, scales and ranges of rules A4 to A6 and A13.
bool check(Builder& builder, const Layer& layer) {
  const Conv& conv = layer.conv;
  const Value* data = builder.input(layer, 0);
  if (data == nullptr || data->type != Type::i8 || data->shape.size() != 4) return builder.broken("its input is no int8 plane");
  if (layer.outputs.size() != 1 || !builder.value(layer.outputs[0]).is_integer()) return builder.broken("its output");
  const Value& result = builder.value(layer.outputs[0]);
  if (data->shape[1] != conv.group * conv.group_inputs || data->shape[2] != conv.rows.input ||
      data->shape[3] != conv.columns.input) {
    return builder.broken("weights or window do not fit its input");
  }
  if (result.shape != Shape{data->shape[0], conv.outputs, conv.rows.output, conv.columns.output}) {
    return builder.broken("the shape of its output");
  }
  bool fits = true;
  if (conv.output == Conv::Output::direct) fits = within(conv.shifts, conv.outputs, -2, 31);
  if (conv.output == Conv::Output::function) {
    const Function& function = builder.network.functions[conv.function];
    fits = within(conv.arguments, conv.outputs, -8, 31) && within(conv.shifts, conv.outputs, 0, 15);
    for (std::size_t at = 0; at < conv.outputs; ++at) {
      const int fraction = conv.fractions ? conv.fractions[at] : format::kFraction;
      fits = fits && fraction >= format::kLeastFraction && fraction <= format::kMostFraction &&
             (!function.has_unit() || fraction == function.fraction);
    }
  }
  if (conv.output == Conv::Output::dpu) fits = no_zeros(*data) && no_zeros(result);
  if (!fits) return builder.broken("a shift, a fixed point or a zero point is out of range");
  if (conv.residual == Residual::none) return true;
  const Value* other = builder.input(layer, 1);
  if (other == nullptr || other->type != Type::i8 || other->shape != result.shape) return builder.broken("its residual");
  return true;
}

}  // namespace

bool build_conv(Builder& builder, const Layer& layer) {
  if (!check(builder, layer)) return false;
  const Conv& conv = layer.conv;
  Network& network = builder.network;
  auto step = std::make_unique<ConvStep>();
  step->input = layer.inputs[0].value;
  step->output = layer.outputs[0];
  if (conv.residual != Residual::none) step->residual = layer.inputs[1].value;
  step->rows = conv.rows;
  step->columns = conv.columns;
  step->batch = network.values[step->input].batch();
  step->channels = network.values[step->input].channels();
  step->outputs = conv.outputs;
  step->group = conv.group;
  step->kernels = network.kernels;
  step->depthwise = conv.group > 1 && conv.group_inputs == 1 && conv.outputs == conv.group;
  const bool pads = conv.rows.begin + conv.rows.end + conv.columns.begin + conv.columns.end > 0;
  const bool one = conv.rows.kernel == 1 && conv.columns.kernel == 1 && conv.rows.stride == 1 && conv.columns.stride == 1;
  // A window may leave the last rows of its input unread.
  step->flat = one && !pads && conv.rows.output == conv.rows.input && conv.columns.output == conv.columns.input;
  const std::size_t width = conv.columns.begin + conv.columns.input + conv.columns.end;
  const std::size_t height = conv.rows.begin + conv.rows.input + conv.rows.end;
  if (pads) {
    if (width * height > format::kMaxElements / std::max<std::size_t>(1, step->batch * step->channels)) {
      return builder.broken("its padding is absurd");
    }
    step->padded = builder.temporary(Type::i8, {step->batch, step->channels, height, width}, true);
  }
  const bool whole_rows = !step->depthwise && conv.columns.dilation == 1 && (conv.group == 1 || conv.columns.kernel == 1);
  for (std::size_t row = 0; row < conv.rows.kernel; ++row) {
    for (std::size_t column = 0; column < (whole_rows ? 1 : conv.columns.kernel); ++column) {
      step->segments.push_back((row * conv.rows.dilation * width + column * conv.columns.dilation) * step->channels);
    }
  }
  if (step->depthwise) {
    step->weights.push_back(network.kernels->pack_depthwise(conv.weights, conv.outputs, conv.rows.kernel, conv.columns.kernel));
    step->sums_step = blocks_of(conv.outputs) * kLanes;
  } else {
    const std::size_t own = conv.outputs / conv.group;
    for (std::size_t group = 0; group < conv.group; ++group) {
      const WeightReader reader{conv.weights + group * own * conv.taps(), own, conv.group_inputs, conv.rows.kernel,
                                conv.columns.kernel, whole_rows};
      step->segment_length = reader.segment_length();
      step->weights.push_back(network.kernels->pack(reader));
    }
    step->sums_step = blocks_of(own) * kLanes;
  }
  // Whole tiles of the kernels with AVX-512.
  const std::size_t whole = step->sums_step == kLanes ? 14 : 12;
  step->tile = std::clamp<std::size_t>(kSumBytes / 4 / step->sums_step / whole * whole, whole, kMaxTile);
  // Kernels that finish four pixels at a time read sums of three that may not exist.
  builder.scratch((step->tile + 3) * step->sums_step * 4);
  step->stage.prepare(network, layer, network.values[step->output],
                      step->residual == kNone ? nullptr : &network.values[step->residual]);
  std::vector<std::size_t> reads{step->input}, writes{step->output};
  if (step->residual != kNone) reads.push_back(step->residual);
  if (step->padded != kNone) writes.push_back(step->padded);
  builder.add(std::move(step), reads, writes);
  return true;
}

}  // namespace ceras::detail
