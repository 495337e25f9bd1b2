// An image to the network's input.
#include <algorithm>
#include <cstring>

#include "spec.h"

namespace ceras {

namespace {

// ITU-R BT.601 luma in 15-bit fixed point, rounded half up, as OpenCV's COLOR_BGR2GRAY.
std::uint8_t luma(const std::uint8_t* rgb) {
  return static_cast<std::uint8_t>((rgb[0] * 9798u + rgb[1] * 19235u + rgb[2] * 3735u + (1u << 14)) >> 15);
}

// Copies `own` into `canvas` with its corner there; what lies outside is left out.
void paste(const Image& own, std::size_t left, std::size_t top, Image& canvas) {
  if (left >= canvas.width) return;
  const std::size_t columns = std::min(own.width, canvas.width - left);
  for (std::size_t row = 0; row < own.height && top + row < canvas.height; ++row) {
    std::memcpy(canvas.pixels.data() + 3 * ((top + row) * canvas.width + left), own.pixels.data() + 3 * row * own.width,
                3 * columns);
  }
}

}  // namespace

Error Task::fit(const Image& image, Image& fitted, Geometry& geometry) const {
  Error error;
  if (image.width == 0 || image.height == 0 || image.pixels.size() / 3 / image.width != image.height ||
      image.pixels.size() != 3 * image.width * image.height) {
    detail::fail(error, format::kImageDecode, "the image has no pixels, or not as many as its size says");
    return error;
  }
  const Spec& spec = *spec_;
  const detail::Fit own = detail::fit_image(spec, image.width, image.height);
  geometry.image[0] = image.width, geometry.image[1] = image.height;
  geometry.input[0] = spec.width, geometry.input[1] = spec.height;
  for (int axis = 0; axis < 2; ++axis) {
    geometry.scale[axis] = static_cast<float>(own.scale[axis]);
    geometry.offset[axis] = static_cast<float>(own.corner[axis]);
  }
  fitted.width = spec.width, fitted.height = spec.height;
  fitted.pixels.assign(3 * spec.width * spec.height, spec.pad);
  std::size_t corner[2] = {0, 0};
  if (spec.resize == Resize::center_crop) {
    for (int axis = 0; axis < 2; ++axis) corner[axis] = static_cast<std::size_t>(std::max<std::int64_t>(-own.corner[axis], 0));
    detail::resize_part(image, own.size, corner, fitted);
    return error;
  }
  Image resized;
  resized.width = own.size[0], resized.height = own.size[1];
  resized.pixels.resize(3 * resized.width * resized.height);
  detail::resize_part(image, own.size, corner, resized);
  paste(resized, static_cast<std::size_t>(own.corner[0]), static_cast<std::size_t>(own.corner[1]), fitted);
  return error;
}

void Task::normalize(const Image& fitted, float* elements) const {
  const Spec& spec = *spec_;
  const std::size_t plane = spec.width * spec.height;
  for (std::size_t channel = 0; channel < spec.channels(); ++channel) {
    const double mean = spec.mean.empty() ? 0.0 : spec.mean[channel], std = spec.std.empty() ? 1.0 : spec.std[channel];
    float table[256];
    for (int level = 0; level < 256; ++level) table[level] = static_cast<float>((level * spec.scale - mean) / std);
    const std::size_t source = spec.color == Color::bgr ? 2 - channel : channel;
    for (std::size_t at = 0; at < plane; ++at) {
      const std::uint8_t* rgb = fitted.pixels.data() + 3 * at;
      elements[channel * plane + at] = table[spec.color == Color::gray ? luma(rgb) : rgb[source]];
    }
  }
}

Error Task::preprocess(const Image& image, float* elements, Geometry& geometry) const {
  Image fitted;
  Error error = fit(image, fitted, geometry);
  if (!error) normalize(fitted, elements);
  return error;
}

}  // namespace ceras
