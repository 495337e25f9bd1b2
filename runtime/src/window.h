// Sliding windows of pools and of convolutions in float, as the file's operators describe them.
#ifndef CERAS_WINDOW_H
#define CERAS_WINDOW_H

#include "graph.h"

namespace ceras::detail {

// A list of numbers that are whole and not negative.
bool read_sizes(const Json* form, Shape& numbers);

// What a "window" says, with the defaults of ONNX filled in.
struct Window {
  std::vector<Axis> axes;  // kernel, stride, dilation, begin, end
  std::string pads;        // "explicit", "valid", "same-upper", "same-lower"
};

// Of a layer with `rank` spatial axes; `kernel` is that of the weights, or empty where the window has to say it.
bool read_window(const Layer& layer, const Shape& kernel, std::size_t rank, Window& window);
// Pads and output extents over an input; `ceil` counts a last partial window too.
bool slide(Window& window, const std::size_t* input, bool ceil);
// Whether no window lies in the padding alone.
bool reads_input_everywhere(const Axis& axis);

}  // namespace ceras::detail

#endif
