#include "order.h"

#include <algorithm>
#include <numeric>

namespace ceras::detail {

// Runs of 1, 2, 4 and so on are merged in pairs.
void sort_numbers(std::vector<std::size_t>& numbers, Before before, const void* own) {
  const std::size_t count = numbers.size();
  std::vector<std::size_t> merged(count);
  for (std::size_t run = 1; run < count; run *= 2) {
    for (std::size_t first = 0; first < count; first += 2 * run) {
      const std::size_t middle = std::min(first + run, count), end = std::min(first + 2 * run, count);
      std::size_t left = first, right = middle;
      for (std::size_t at = first; at < end; ++at) {
        const bool from_right = left == middle || (right < end && before(own, numbers[right], numbers[left]));
        merged[at] = numbers[from_right ? right++ : left++];
      }
    }
    numbers.swap(merged);
  }
}

std::vector<std::size_t> numbers_to(std::size_t count) {
  std::vector<std::size_t> numbers(count);
  std::iota(numbers.begin(), numbers.end(), std::size_t{0});
  return numbers;
}

}  // namespace ceras::detail
