#include "sampling.h"

#include <cmath>

namespace ceras::detail {

namespace {

// In single precision, operation by operation as the converter has them.
bool located(const std::string& rule, float x, float input, float output, float scale, float length, float& position) {
  const float half_pixel = (x + 0.5f) / scale - 0.5f;
  if (rule == "half-pixel") {
    position = half_pixel;
  } else if (rule == "half-pixel-symmetric") {
    const float middle = input / 2.0f * (1.0f - output / length);
    position = middle + half_pixel;
  } else if (rule == "pytorch-half-pixel") {
    position = output <= 1 ? 0 : half_pixel;
  } else if (rule == "tf-half-pixel-for-nn") {
    position = (x + 0.5f) / scale;
  } else if (rule == "align-corners") {
    position = output <= 1 ? 0 : x * (input - 1.0f) / (length - 1.0f);
  } else if (rule == "asymmetric") {
    position = x / scale;
  } else {
    return false;
  }
  return true;
}

}  // namespace

bool read_sampling(Builder& builder, const Layer& layer, const Shape& from, const Shape& to, Sampling& sampling) {
  const Json &attributes = *layer.attributes, *coordinates = attributes.get("coordinates");
  const Json *aspect = attributes.get("aspect"), *axes = attributes.get("axes"), *input = attributes.get("scales-input");
  if (coordinates == nullptr || coordinates->text == "crop-and-resize" || aspect == nullptr || aspect->text != "stretch" ||
      (axes != nullptr && !axes->is(Json::Kind::null))) {
    return builder.unsupported("this form of Resize");
  }
  if (input == nullptr || !input->is_whole() || input->whole < 1 || input->whole > 2 || from.size() != to.size()) {
    return builder.broken("its attributes or shapes");
  }
  const std::size_t position = static_cast<std::size_t>(input->whole);
  std::vector<float> scales;
  const auto given = [&](std::size_t at) { return at < layer.inputs.size() && layer.inputs[at].elements > 0; };
  const bool scaled = given(position);
  if (scaled && (!layer.inputs[position].floats(scales) || scales.size() != from.size())) return builder.broken("its scales");
  if (!scaled && !given(3)) return builder.broken("its sizes");
  sampling.positions.resize(from.size());
  sampling.scales.assign(from.size(), 1.0f);
  for (std::size_t at = 0; at < from.size() && from != to; ++at) {
    const float extent = static_cast<float>(from[at]), wanted = static_cast<float>(to[at]);
    const float scale = scaled ? scales[at] : wanted / extent, length = scaled ? extent * scale : wanted;
    if (!(scale > 0) || from[at] == 0 || std::floor(length) != wanted) return builder.broken("the shape of its output");
    sampling.scales[at] = scale;
    if (from[at] == to[at] && scale == 1.0f) continue;
    for (std::size_t x = 0; x < to[at]; ++x) {
      float found = 0;
      if (!located(coordinates->text, static_cast<float>(x), extent, wanted, scale, length, found)) {
        return builder.unsupported("this form of Resize");
      }
      sampling.positions[at].push_back(found);
    }
  }
  return true;
}

}  // namespace ceras::detail
