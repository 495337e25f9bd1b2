// Images to the size of a network: bilinear without antialiasing, equal to OpenCV's INTER_LINEAR on 8-bit images.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "spec.h"

namespace ceras::detail {

namespace {

constexpr int kWeightBits = 11;

// Two samples next to each other and their weights of 11 fraction bits.
struct Tap {
  std::size_t samples[2];
  std::int32_t weights[2];
};

std::int32_t fixed_weight(float fraction) {
  return static_cast<std::int32_t>(std::nearbyint(fraction * static_cast<float>(1 << kWeightBits)));
}

// Where the destination samples from `first` on come from, along one axis. Beyond the outermost samples the whole weight
// goes to the border sample along a row; between rows both samples are the border one and weights stay, which the dropped
// bits of the two products make a difference of.
std::vector<Tap> taps(std::size_t source, std::size_t target, bool whole_weight, std::size_t first, std::size_t count) {
  // Inverted twice, as OpenCV does it: one more rounding than one division.
  const double scale = 1.0 / (static_cast<double>(target) / static_cast<double>(source));
  const std::int64_t last = static_cast<std::int64_t>(source) - 1;
  std::vector<Tap> all(count);
  for (std::size_t at = 0; at < count; ++at) {
    const float position = static_cast<float>((static_cast<double>(first + at) + 0.5) * scale - 0.5);
    const float floor = std::floor(position);
    const std::int64_t sample = static_cast<std::int64_t>(floor);
    const bool outside = sample < 0 || sample >= last;
    const float fraction = whole_weight && outside ? 0.0f : position - floor;
    for (int side = 0; side < 2; ++side) {
      const std::int64_t own = std::min(std::max<std::int64_t>(sample + side, 0), last);
      all[at].samples[side] = static_cast<std::size_t>(own);
      all[at].weights[side] = fixed_weight(side == 0 ? 1.0f - fraction : fraction);
    }
  }
  return all;
}

// A row of the source resized along x: sums of 7 fraction bits.
struct Line {
  std::size_t row = static_cast<std::size_t>(-1);
  std::vector<std::int32_t> sums;

  void load(const Image& source, std::size_t wanted, const std::vector<Tap>& columns) {
    if (row == wanted) return;
    row = wanted;
    const std::uint8_t* pixels = source.pixels.data() + 3 * source.width * wanted;
    std::int32_t* sum = sums.data();
    for (const Tap& tap : columns) {
      for (std::size_t channel = 0; channel < 3; ++channel) {
        const std::int32_t near = pixels[3 * tap.samples[0] + channel], far = pixels[3 * tap.samples[1] + channel];
        *sum++ = (near * tap.weights[0] + far * tap.weights[1]) >> 4;
      }
    }
  }
};

std::size_t whole(double side) { return static_cast<std::size_t>(std::max(side, 1.0)); }

}  // namespace

void resize_part(const Image& source, const std::size_t (&size)[2], const std::size_t (&corner)[2], Image& part) {
  const std::vector<Tap> columns = taps(source.width, size[0], true, corner[0], part.width);
  const std::vector<Tap> rows = taps(source.height, size[1], false, corner[1], part.height);
  Line lines[2];
  for (Line& line : lines) line.sums.resize(3 * part.width);
  std::uint8_t* pixel = part.pixels.data();
  for (const Tap& tap : rows) {
    if (lines[1].row == tap.samples[0]) std::swap(lines[0], lines[1]);
    for (int side = 0; side < 2; ++side) lines[side].load(source, tap.samples[side], columns);
    for (std::size_t at = 0; at < 3 * part.width; ++at) {
      const std::int32_t sum = ((lines[0].sums[at] * tap.weights[0]) >> 16) + ((lines[1].sums[at] * tap.weights[1]) >> 16);
      *pixel++ = static_cast<std::uint8_t>(std::min(std::max((sum + 2) >> 2, 0), 255));
    }
  }
}

Fit fit_image(const Task::Spec& spec, std::size_t image_width, std::size_t image_height) {
  const double width = static_cast<double>(image_width), height = static_cast<double>(image_height);
  const double input[2] = {static_cast<double>(spec.width), static_cast<double>(spec.height)};
  const double ratio = std::min(input[1] / height, input[0] / width);
  Fit fit{{spec.width, spec.height}, {0, 0}, {ratio, ratio}};
  switch (spec.resize) {
    case Resize::letterbox_top_left:
      fit.size[0] = whole(width * ratio);
      fit.size[1] = whole(height * ratio);
      break;
    case Resize::letterbox_centered:
      fit.size[0] = whole(std::nearbyint(width * ratio));
      fit.size[1] = whole(std::nearbyint(height * ratio));
      for (int axis = 0; axis < 2; ++axis) {
        // A tenth less, so that an odd margin is larger at the right and below.
        const double margin = std::max(input[axis] - static_cast<double>(fit.size[axis]), 0.0) / 2.0;
        fit.corner[axis] = static_cast<std::int64_t>(std::max(std::nearbyint(margin - 0.1), 0.0));
      }
      break;
    case Resize::stretch:
      fit.scale[0] = input[0] / width;
      fit.scale[1] = input[1] / height;
      break;
    case Resize::center_crop: {
      const double sides[2] = {width, height}, most = std::numeric_limits<std::int32_t>::max();
      for (int axis = 0; axis < 2; ++axis) {
        const double side = std::min(static_cast<double>(spec.short_side) * sides[axis] / std::min(width, height), most);
        fit.size[axis] = static_cast<std::size_t>(side);
        const double size = static_cast<double>(fit.size[axis]);
        fit.corner[axis] = -static_cast<std::int64_t>(std::nearbyint((size - input[axis]) / 2.0));
        fit.scale[axis] = size / sides[axis];
      }
      break;
    }
  }
  return fit;
}

}  // namespace ceras::detail
