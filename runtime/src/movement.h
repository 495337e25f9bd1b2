// Operators that only move elements (A10), as strided copies that are found once, when the model is opened.
#ifndef CERAS_MOVEMENT_H
#define CERAS_MOVEMENT_H

#include "steps.h"

namespace ceras::detail {

// Elements of one input to one output, over a box of indices.
struct Copy {
  struct Dimension {
    std::size_t extent = 1;
    std::ptrdiff_t from = 0, to = 0;       // elements from one index to the next
    std::vector<std::ptrdiff_t> positions;  // where given: the element that each index reads, instead of `from`
  };
  std::size_t input = 0, output = 0;  // positions among those of the layer
  std::vector<Dimension> dimensions;
  std::ptrdiff_t from = 0, to = 0;  // elements of the first index
  // Every element of the output is this number first; of float values.
  bool fills = false;
  float filling = 0;
  // Extents of both sides that have no dimensions in common: elements one by one in row-major order.
  bool one_by_one = false;
};

// Copies of a layer between values as they lie in memory; inputs at positions that the operator reads as data.
bool plan_movement(Builder& builder, const Layer& layer, const std::vector<std::size_t>& inputs,
                   const std::vector<std::size_t>& outputs, std::vector<Copy>& copies);
// Whether an operator of this name moves elements, integers too.
bool is_movement(const std::string& op);

// An index that may count from the end; false where it is outside.
bool counted(std::int64_t index, std::size_t extent, std::size_t& position);

// Operators that repeat or surround elements: tile, expand, pad.
bool moves_floats(const std::string& op);
bool plan_repetition(Builder& builder, const Layer& layer, const Value& in, const Value& out, Copy& copy);

std::unique_ptr<Step> movement_step(std::vector<Copy> copies, std::vector<std::size_t> inputs, std::vector<std::size_t> outputs);

}  // namespace ceras::detail

#endif
