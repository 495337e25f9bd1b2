// One stable sort for all that is put in order once: of numbers that say where things are.
#ifndef CERAS_ORDER_H
#define CERAS_ORDER_H

#include <cstddef>
#include <vector>

namespace ceras::detail {

// `before(own, a, b)` says whether `a` goes in front of `b`; equals stay as they are.
using Before = bool (*)(const void* own, std::size_t a, std::size_t b);
void sort_numbers(std::vector<std::size_t>& numbers, Before before, const void* own);

template <typename Less>
void sort_numbers(std::vector<std::size_t>& numbers, const Less& less) {
  sort_numbers(numbers, [](const void* own, std::size_t a, std::size_t b) { return (*static_cast<const Less*>(own))(a, b); }, &less);
}

// 0 to `count` - 1.
std::vector<std::size_t> numbers_to(std::size_t count);

}  // namespace ceras::detail

#endif
