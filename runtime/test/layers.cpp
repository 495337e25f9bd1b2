// Milliseconds of each layer: layers MODEL [KERNELS] [FRAMES]. Prints the largest number of products of int8 in a second that this
// processor was seen to compute (0 where that is not known), then, for every value that a layer computes, its position and the median
// of its times, as one JSON object.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "../src/kernels/x86.h"
#include "support.h"

namespace {

using Clock = std::chrono::steady_clock;

#ifdef CERAS_X86

// Sums that do not wait for each other, from registers alone.
CERAS_AVX512 std::int32_t products(std::size_t rounds) {
  const __m512i a = _mm512_set1_epi32(static_cast<int>(rounds)), b = _mm512_set1_epi32(0x01020304);
  __m512i c, d, e, f, g, h, i, j, k, l, m, n;
  c = d = e = f = g = h = i = j = k = l = m = n = _mm512_setzero_si512();
  for (std::size_t round = 0; round < rounds; ++round) {
    __asm__ volatile(
        "vpdpbusd %13, %12, %0\n"
        "vpdpbusd %13, %12, %1\n"
        "vpdpbusd %13, %12, %2\n"
        "vpdpbusd %13, %12, %3\n"
        "vpdpbusd %13, %12, %4\n"
        "vpdpbusd %13, %12, %5\n"
        "vpdpbusd %13, %12, %6\n"
        "vpdpbusd %13, %12, %7\n"
        "vpdpbusd %13, %12, %8\n"
        "vpdpbusd %13, %12, %9\n"
        "vpdpbusd %13, %12, %10\n"
        "vpdpbusd %13, %12, %11\n"
        : "+v"(c), "+v"(d), "+v"(e), "+v"(f), "+v"(g), "+v"(h), "+v"(i), "+v"(j), "+v"(k), "+v"(l), "+v"(m), "+v"(n)
        : "v"(a), "v"(b));
  }
  c = _mm512_add_epi32(_mm512_add_epi32(_mm512_add_epi32(c, d), _mm512_add_epi32(e, f)), _mm512_add_epi32(g, h));
  i = _mm512_add_epi32(_mm512_add_epi32(_mm512_add_epi32(i, j), _mm512_add_epi32(k, l)), _mm512_add_epi32(m, n));
  return _mm512_reduce_add_epi32(_mm512_add_epi32(c, i));
}

double peak() {
  if (!__builtin_cpu_supports("avx512vnni")) return 0;
  constexpr std::size_t kRounds = 1000000;
  double best = 0;
  volatile std::int32_t used = 0;
  for (int burst = 0; burst < 10; ++burst) {
    const auto begin = Clock::now();
    used = used + products(kRounds);
    best = std::max(best, 12.0 * 64 * kRounds / std::chrono::duration<double>(Clock::now() - begin).count());
  }
  return best;
}

#else

double peak() { return 0; }

#endif

struct Times {
  Clock::time_point last;
  std::vector<std::vector<double>> of;  // by value
};

void observed(void* data, const ceras::Context&, std::size_t value) {
  Times& times = *static_cast<Times*>(data);
  const Clock::time_point now = Clock::now();
  times.of[value].push_back(std::chrono::duration<double, std::milli>(now - times.last).count());
  times.last = now;
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 2) return 1;
  ceras::Error error;
  const auto model = ceras::Model::open_file(arguments[1], error, kernels_named(count > 2 ? arguments[2] : "best"));
  if (!model) return failed(error);
  const int frames = count > 3 ? std::atoi(arguments[3]) : 100;
  ceras::Context context(*model);
  Times times;
  times.of.resize(model->values());
  context.observe(observed, &times);
  for (int frame = 0; frame < frames; ++frame) {
    for (std::size_t at = 0; at < model->inputs() && !error; ++at) {
      const std::vector<float> elements(model->input(at).elements(), 114.0f);
      error = context.set_input(at, elements.data());
    }
    times.last = Clock::now();
    if (!error) error = context.run();
    if (error) return failed(error);
  }
  std::printf("{\"kernels\": \"%s\", \"products_a_second\": %.0f, \"milliseconds\": {", model->kernels(), peak());
  const char* comma = "";
  for (std::size_t value = 0; value < times.of.size(); ++value) {
    std::vector<double>& own = times.of[value];
    if (own.empty()) continue;
    std::sort(own.begin(), own.end());
    std::printf("%s\"%zu\": %.5f", comma, value, own[own.size() / 2]);
    comma = ", ";
  }
  std::printf("}}\n");
  return 0;
}
