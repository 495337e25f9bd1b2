// Functions of one element in single precision; those of the C library in double precision, rounded once.
#ifndef CERAS_PLAIN_FLOAT_MAP_H
#define CERAS_PLAIN_FLOAT_MAP_H

#include <cmath>

#include "exponential.h"

namespace ceras::detail {

struct FloatMap {
  // In the order of the names in float_function.cpp.
  enum class Kind : std::uint8_t {
    relu, clamp, leaky_relu, sigmoid, silu, hard_sigmoid, hard_swish, mish, gelu, elu, selu, celu, square, tanh, softplus,
    softsign, erf, exp, log, sqrt, reciprocal, abs, neg, floor, ceil, round,
    limit,  // between two bounds, the upper one last; an operator of its own in the file
    none
  };
  Kind kind = Kind::none;
  float first = 0, second = 0;
  bool flag = false;
};

inline float unit(float x) { return x < 0 ? 0.0f : x > 1 ? 1.0f : x; }

inline double softplus(double x) { return (x > 0 ? x : 0.0) + std::log1p(std::exp(-std::fabs(x))); }

inline double elu(double x, double alpha) { return x < 0 ? alpha * std::expm1(x) : x; }

inline double celu(double x, double alpha) {
  const double below = alpha * std::expm1(x / alpha);
  return (x > 0 ? x : 0.0) + (below < 0 ? below : 0.0);
}

inline double gelu(double x, bool tanh) {
  if (!tanh) return 0.5 * x * (1.0 + std::erf(x / std::sqrt(2.0)));
  const double cube = x * x * x;
  return 0.5 * x * (1.0 + std::tanh(std::sqrt(2.0 / 3.14159265358979323846) * (x + 0.044715 * cube)));
}

// Inlined, so that of a function known to the compiler nothing else is left.
CERAS_INLINE float mapped(const FloatMap& map, float x) {
  using Kind = FloatMap::Kind;
  const float first = map.first, second = map.second;
  const double wide = x;
  switch (map.kind) {
    case Kind::relu: return x > 0 ? x : 0.0f;
    case Kind::clamp: return x < first ? first : x > second ? second : x;
    case Kind::leaky_relu: return x < 0 ? first * x : x;
    case Kind::hard_sigmoid: {
      const float product = first * x;
      return unit(product + second);
    }
    case Kind::hard_swish: {
      const float product = x * (1.0f / 6.0f);
      return x * unit(product + 0.5f);
    }
    case Kind::mish: return static_cast<float>(wide * std::tanh(softplus(wide)));
    case Kind::gelu: return static_cast<float>(gelu(wide, map.flag));
    case Kind::elu: return static_cast<float>(elu(wide, first));
    case Kind::selu: return static_cast<float>(second * elu(wide, first));
    case Kind::celu: return static_cast<float>(celu(wide, first));
    case Kind::square: return static_cast<float>(first * wide * wide);
    case Kind::tanh: return static_cast<float>(std::tanh(wide));
    case Kind::softplus: return static_cast<float>(softplus(wide));
    case Kind::softsign: return static_cast<float>(wide / (1.0 + std::fabs(wide)));
    case Kind::erf: return static_cast<float>(std::erf(wide));
    case Kind::exp: return static_cast<float>(std::exp(wide));
    case Kind::log: return static_cast<float>(std::log(wide));
    case Kind::sqrt: return static_cast<float>(std::sqrt(wide));
    case Kind::reciprocal: return static_cast<float>(1.0 / wide);
    case Kind::abs: return std::fabs(x);
    case Kind::neg: return -x;
    case Kind::floor: return std::floor(x);
    case Kind::ceil: return std::ceil(x);
    case Kind::round: return std::nearbyint(x);
    case Kind::limit: {
      const float above = first > x ? first : x;
      return second < above ? second : above;
    }
    case Kind::sigmoid: return 1.0f / (1.0f + exponential(-x));
    case Kind::silu: return x / (1.0f + exponential(-x));
    case Kind::none: break;
  }
  return x;
}

}  // namespace ceras::detail

#endif
