// What every unit testbench needs: a seeded generator, bit fields of wide ports, and a count of differences.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>

struct Random {
  uint64_t state;

  explicit Random(uint64_t seed) : state(seed * 0x9e3779b97f4a7c15ull + 1) {}

  uint64_t next() {
    state += 0x9e3779b97f4a7c15ull;
    uint64_t z = state;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
  }

  // Uniform in low..=high.
  int64_t in(int64_t low, int64_t high) {
    return low + static_cast<int64_t>(next() % static_cast<uint64_t>(high - low + 1));
  }

  bool one_in(int n) { return in(1, n) == 1; }

  // In low..=high, one time in four an end of the range.
  int64_t extreme(int64_t low, int64_t high) {
    return one_in(8) ? low : one_in(7) ? high : in(low, high);
  }
};

// Bits `lsb` to `lsb + width - 1` of a port of 32-bit words; width at most 32.
template <typename Wide>
uint32_t bits(const Wide& port, int lsb, int width) {
  uint64_t value = static_cast<uint64_t>(port[lsb / 32]) >> (lsb % 32);
  if (lsb % 32 + width > 32) value |= static_cast<uint64_t>(port[lsb / 32 + 1]) << (32 - lsb % 32);
  return static_cast<uint32_t>(value & ((1ull << width) - 1));
}

template <typename Wide>
void set_bits(Wide& port, int lsb, int width, uint64_t value) {
  for (int i = 0; i < width; ++i) {
    uint32_t mask = 1u << ((lsb + i) % 32);
    if (value >> i & 1) {
      port[(lsb + i) / 32] |= mask;
    } else {
      port[(lsb + i) / 32] &= ~mask;
    }
  }
}

inline int64_t sign_extend(uint64_t value, int width) {
  return static_cast<int64_t>(value << (64 - width)) >> (64 - width);
}

// Counts comparisons; prints the first differences; `verdict` is the exit status.
struct Checker {
  const char* name;
  uint64_t checks = 0;
  uint64_t failures = 0;

  void equal(int64_t got, int64_t want, const char* what, int64_t where) {
    ++checks;
    if (got == want) return;
    if (++failures <= 10) {
      std::printf("%s: %s at %lld: got %lld, want %lld\n", name, what,
                  static_cast<long long>(where), static_cast<long long>(got),
                  static_cast<long long>(want));
    }
  }

  int verdict() const {
    std::printf("%s: %llu checks, %llu failures\n", name, static_cast<unsigned long long>(checks),
                static_cast<unsigned long long>(failures));
    return failures != 0 || checks == 0 ? EXIT_FAILURE : EXIT_SUCCESS;
  }
};
