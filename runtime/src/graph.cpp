#include "graph.h"

#include <cstring>

namespace ceras {

std::size_t Tensor::elements() const {
  std::size_t count = 1;
  for (std::size_t extent : shape) count *= extent;
  return count;
}

namespace detail {

std::size_t Value::plane() const {
  std::size_t count = 1;
  for (std::size_t axis = 2; axis < shape.size(); ++axis) count *= shape[axis];
  return count;
}

Shape Value::strides() const {
  Shape strides(shape.size(), 1);
  std::size_t step = channels_last ? channels() : 1;
  for (std::size_t axis = shape.size(); axis-- > (channels_last ? 2u : 0u);) {
    strides[axis] = step;
    step *= shape[axis];
  }
  if (channels_last) strides[0] = step;
  return strides;
}

bool Operand::integers(std::vector<std::int64_t>& numbers) const {
  if (kind != Kind::constant || (dtype != "i64" && dtype != "i32")) return false;
  numbers.resize(elements);
  for (std::size_t at = 0; at < elements; ++at) {
    if (dtype == "i64") {
      std::memcpy(&numbers[at], data + 8 * at, 8);
    } else {
      std::int32_t number = 0;
      std::memcpy(&number, data + 4 * at, 4);
      numbers[at] = number;
    }
  }
  return true;
}

bool Operand::floats(std::vector<float>& numbers) const {
  if (kind != Kind::constant || dtype != "f32") return false;
  numbers.resize(elements);
  if (elements > 0) std::memcpy(numbers.data(), data, 4 * elements);
  return true;
}

}  // namespace detail
}  // namespace ceras
