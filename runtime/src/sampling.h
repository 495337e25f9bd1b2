// Where the samples of a resized tensor lie in its input.
#ifndef CERAS_SAMPLING_H
#define CERAS_SAMPLING_H

#include "steps.h"

namespace ceras::detail {

// Along each axis: positions in the input, one for each output; none where every output is the input of the same index.
struct Sampling {
  std::vector<std::vector<float>> positions;
  std::vector<float> scales;
};

// Of a resize between two shapes; false with the error set.
bool read_sampling(Builder& builder, const Layer& layer, const Shape& from, const Shape& to, Sampling& sampling);

}  // namespace ceras::detail

#endif
