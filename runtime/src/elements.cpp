// Elements of values in and out of their stored form, whatever the order in memory (rules A1, A11, A12).
#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>

#include "steps.h"

namespace ceras::detail {

namespace {

// Calls visit(index row-major, position in memory, channel) for every element.
template <typename Visit>
void each_element(const Value& value, const Visit& visit) {
  const std::size_t channels = value.channels(), plane = value.plane();
  if (value.elements() == 0) return;
  std::size_t index = 0;
  for (std::size_t batch = 0; batch < value.batch(); ++batch) {
    for (std::size_t channel = 0; channel < channels; ++channel) {
      for (std::size_t pixel = 0; pixel < plane; ++pixel, ++index) {
        visit(index, value.channels_last ? (batch * plane + pixel) * channels + channel : index, channel);
      }
    }
  }
}

template <typename T>
T load(const std::uint8_t* memory, std::size_t position) {
  T element;
  std::memcpy(&element, memory + position * sizeof(T), sizeof(T));
  return element;
}

std::int32_t stored(const Value& value, const std::uint8_t* memory, std::size_t position) {
  switch (value.type) {
    case Type::i8: return memory[position] - 128;
    case Type::i16: return load<std::int16_t>(memory, position);
    case Type::i32: return load<std::int32_t>(memory, position);
    case Type::f32: break;
  }
  return 0;
}

void store(const Value& value, std::int64_t q, std::uint8_t* memory, std::size_t position) {
  const std::uint8_t narrow = static_cast<std::uint8_t>(q + 128);
  const std::int16_t half = static_cast<std::int16_t>(q);
  const std::int32_t whole = static_cast<std::int32_t>(q);
  const void* const forms[] = {&narrow, &half, &whole};
  const std::size_t width = width_bytes(value.type);
  std::memcpy(memory + position * width, forms[width / 2], width);
}

}  // namespace

void read_raw(const Value& value, const std::uint8_t* arena, std::int32_t* elements) {
  const std::uint8_t* memory = arena + value.offset;
  each_element(value, [&](std::size_t index, std::size_t position, std::size_t) {
    elements[index] = stored(value, memory, position);
  });
}

void read_floats(const Value& value, const std::uint8_t* arena, float* elements) {
  const std::uint8_t* memory = arena + value.offset;
  if (!value.is_integer() && (!value.channels_last || value.channels() == 1 || value.plane() == 1)) {
    if (value.elements() > 0) std::memcpy(elements, memory, value.bytes());
    return;
  }
  each_element(value, [&](std::size_t index, std::size_t position, std::size_t channel) {
    if (!value.is_integer()) {
      elements[index] = load<float>(memory, position);
    } else {
      const Scale scale = value.scales[channel];
      elements[index] = dequantize(stored(value, memory, position), scale.exponent, scale.zero);
    }
  });
}

void read_rounded(const Value& value, const Value& floats, Rounding rounding, const std::uint8_t* arena, std::int32_t* elements) {
  const std::uint8_t* memory = arena + floats.offset;
  each_element(floats, [&](std::size_t index, std::size_t position, std::size_t channel) {
    const float number = load<float>(memory, position);
    const Scale scale = value.scales[channel];
    const std::int64_t q = std::isfinite(number) ? quantize(rounding, number, scale.exponent, scale.zero, width_bits(value.type)) : 0;
    elements[index] = static_cast<std::int32_t>(q);
  });
}

namespace {

constexpr std::size_t kPart = 1024;  // numbers of a channel that are quantized at a time

// Rows of channels to pixels.
template <std::size_t Channels>
void interleave(const std::uint8_t (*rows)[kPart], std::uint8_t* to, std::size_t count) {
  for (std::size_t at = 0; at < count; ++at, to += Channels) {
    for (std::size_t channel = 0; channel < Channels; ++channel) to[channel] = rows[channel][at];
  }
}

// Up to kPart pixels of all channels, which are `plane` floats apart, with the channels innermost. Whether all numbers are finite.
bool write_pixels(const Value& value, const Network& network, const float* from, std::size_t plane, std::uint8_t* to, std::size_t count) {
  constexpr std::size_t kTogether = 4;
  std::uint8_t rows[kTogether][kPart];
  const std::size_t channels = value.channels();
  bool finite = true;
  for (std::size_t channel = 0; channel < channels; ++channel, from += plane) {
    const Scale scale = value.scales[channel];
    std::uint8_t* own = channels == 1 ? to : rows[channel % kTogether];
    const bool even = network.rounding == Rounding::half_even;
    finite = network.kernels->quantize({from, own, count, std::ldexp(1.0f, -scale.exponent), scale.zero + 128, even}) && finite;
    if (channels <= kTogether) continue;
    for (std::size_t at = 0; at < count; ++at) to[at * channels + channel] = own[at];
  }
  if (channels == 2) interleave<2>(rows, to, count);
  if (channels == 3) interleave<3>(rows, to, count);
  if (channels == 4) interleave<4>(rows, to, count);
  return finite;
}

// int8 by channels: the common case, in kernels, and shared between threads.
bool write_narrow(const Value& value, const Frame& frame, const float* elements) {
  const Network& network = frame.network();
  const std::size_t channels = value.channels(), plane = value.plane(), parts = (plane + kPart - 1) / kPart;
  std::uint8_t* memory = frame.data<std::uint8_t>(value);
  std::atomic<bool> finite{true};
  const auto write = [&](std::size_t item, std::uint8_t*) {
    const std::size_t image = item / parts, first = item % parts * kPart, begin = image * channels * plane;
    const std::size_t count = std::min(kPart, plane - first);
    if (!write_pixels(value, network, elements + begin + first, plane, memory + begin + first * channels, count)) finite = false;
  };
  if (value.channels_last) {
    frame.each(value.batch() * parts, write);
    return finite;
  }
  for (std::size_t lane = 0; lane < value.batch() * channels; ++lane) {
    const Scale scale = value.scales[lane % channels];
    const bool even = network.rounding == Rounding::half_even;
    const QuantizeRow row{elements + lane * plane, memory + lane * plane, plane, std::ldexp(1.0f, -scale.exponent), scale.zero + 128, even};
    if (!network.kernels->quantize(row)) finite = false;
  }
  return finite;
}

}  // namespace

void write_raw(const Value& value, const std::int32_t* elements, std::uint8_t* memory) {
  each_element(value, [&](std::size_t index, std::size_t position, std::size_t) {
    store(value, saturate(elements[index], width_bits(value.type)), memory, position);
  });
}

bool write_floats(const Value& value, const Frame& frame, const float* elements) {
  if (value.type == Type::i8) return write_narrow(value, frame, elements);
  std::uint8_t* memory = frame.data<std::uint8_t>(value);
  bool finite = true;
  each_element(value, [&](std::size_t index, std::size_t position, std::size_t channel) {
    if (!value.is_integer()) {
      std::memcpy(memory + 4 * position, &elements[index], 4);
      return;
    }
    finite = finite && std::isfinite(elements[index]);
    if (!finite) return;
    const Scale scale = value.scales[channel];
    const std::int64_t q = quantize(frame.network().rounding, elements[index], scale.exponent, scale.zero, width_bits(value.type));
    store(value, q, memory, position);
  });
  return finite;
}

void write_raw(const Value& value, const std::int8_t* elements, std::uint8_t* memory) {
  each_element(value, [&](std::size_t index, std::size_t position, std::size_t) {
    memory[position] = static_cast<std::uint8_t>(elements[index] + 128);
  });
}

}  // namespace ceras::detail
