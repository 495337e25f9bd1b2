// Work of a step on the caller's threads.
#include <algorithm>
#include <atomic>

#include "steps.h"

namespace ceras::detail {

namespace {

// Items in as many ranges as there are threads, each with the next one that nobody has.
struct Share {
  static constexpr std::size_t kMost = 32;
  const void* work;
  void (*run)(const void* work, std::size_t item, std::uint8_t* scratch);
  std::uint8_t* scratch;
  std::size_t scratch_bytes, items, ranges;
  std::atomic<std::size_t> next[kMost];

  std::size_t end(std::size_t range) const { return items * (range + 1) / ranges; }

  // A thread takes neighbors, mostly what it had in its cache in the step before, and those of others when it is done.
  void take(std::size_t thread) {
    for (std::size_t other = 0; other < ranges; ++other) {
      const std::size_t range = (thread + other) % ranges, last = end(range);
      for (std::size_t item = next[range]++; item < last; item = next[range]++) run(work, item, scratch + thread * scratch_bytes);
    }
  }
};

}  // namespace

void Frame::share(std::size_t items, const void* work, Item run) const {
  const std::size_t count = std::min(threads(), items);
  Share share;
  share.work = work;
  share.run = run;
  share.scratch = scratch_;
  share.scratch_bytes = network_.scratch_bytes;
  share.items = items;
  share.ranges = std::clamp<std::size_t>(count, 1, Share::kMost);
  for (std::size_t range = 0; range < share.ranges; ++range) share.next[range] = range == 0 ? 0 : share.end(range - 1);
  if (count > 1) {
    pool_->run(static_cast<int>(count), [](void* data, int index) { static_cast<Share*>(data)->take(static_cast<std::size_t>(index)); }, &share);
  } else {
    share.take(0);
  }
}

}  // namespace ceras::detail
