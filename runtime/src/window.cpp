#include "window.h"

#include <algorithm>

namespace ceras::detail {

namespace {

// The window along one axis, as ONNX counts it.
bool extents(Axis& axis, const std::string& pads, bool ceil) {
  const std::size_t reach = (axis.kernel - 1) * axis.dilation + 1;
  if (pads == "valid") axis.begin = axis.end = 0;
  if (pads == "same-upper" || pads == "same-lower") {
    const std::size_t steps = (axis.input + axis.stride - 1) / axis.stride - 1, wanted = steps * axis.stride + reach;
    const std::size_t total = wanted > axis.input ? wanted - axis.input : 0;
    axis.begin = pads == "same-lower" ? total - total / 2 : total / 2;
    axis.end = total - axis.begin;
  }
  if (axis.input + axis.begin + axis.end < reach) return false;
  const std::size_t span = axis.input + axis.begin + axis.end - reach;
  axis.output = span / axis.stride + 1;
  const bool given = pads == "explicit" || pads == "valid";
  if (ceil && given && span % axis.stride != 0 && axis.output * axis.stride < axis.input + axis.begin) ++axis.output;
  return true;
}

}  // namespace

bool read_sizes(const Json* form, Shape& numbers) {
  if (form == nullptr || !form->is(Json::Kind::array)) return false;
  for (const Json& item : form->items) {
    if (!item.is_whole() || item.whole < 0 || item.whole >= INT32_MAX) return false;
    numbers.push_back(static_cast<std::size_t>(item.whole));
  }
  return true;
}

bool read_window(const Layer& layer, const Shape& kernel, std::size_t rank, Window& result) {
  const Json* window = layer.attributes->get("window");
  Shape own, strides, dilations;
  if (window == nullptr) return false;
  const Json *pads = window->get("pads"), *automatic = window->get("auto-pad");
  if (!read_sizes(window->get("kernel"), own) || !read_sizes(window->get("strides"), strides) ||
      !read_sizes(window->get("dilations"), dilations) || pads == nullptr || !pads->is(Json::Kind::array) ||
      automatic == nullptr) {
    return false;
  }
  if (own.empty()) own = kernel;
  const auto fits = [&](std::size_t count) { return count == 0 || count == rank; };
  if (own.size() != rank || (!kernel.empty() && own != kernel)) return false;
  if (!fits(strides.size()) || !fits(dilations.size()) || !fits(pads->items.size())) return false;
  const char* known[] = {"explicit", "valid", "same-upper", "same-lower"};
  if (std::find(std::begin(known), std::end(known), automatic->text) == std::end(known)) return false;
  result.pads = automatic->text;
  for (std::size_t at = 0; at < rank; ++at) {
    Axis axis;
    axis.kernel = own[at];
    if (!strides.empty()) axis.stride = strides[at];
    if (!dilations.empty()) axis.dilation = dilations[at];
    Shape pair;
    if (!pads->items.empty() && (!read_sizes(&pads->items[at], pair) || pair.size() != 2)) return false;
    if (!pair.empty()) axis.begin = pair[0], axis.end = pair[1];
    if (axis.kernel == 0 || axis.stride == 0 || axis.dilation == 0) return false;
    result.axes.push_back(axis);
  }
  return true;
}

bool slide(Window& window, const std::size_t* input, bool ceil) {
  for (Axis& axis : window.axes) {
    axis.input = *input++;
    if (axis.input == 0 || !extents(axis, window.pads, ceil)) return false;
  }
  return true;
}

bool reads_input_everywhere(const Axis& axis) {
  for (std::size_t output = 0; output < axis.output; ++output) {
    const std::size_t start = output * axis.stride;
    const std::size_t before = axis.begin > start ? axis.begin - start : 0;
    const std::size_t tap = (before + axis.dilation - 1) / axis.dilation;
    if (tap >= axis.kernel || start + tap * axis.dilation >= axis.begin + axis.input) return false;
  }
  return true;
}

}  // namespace ceras::detail
