// Functions of one element in single precision, from the file.
#ifndef CERAS_FLOAT_FUNCTION_H
#define CERAS_FLOAT_FUNCTION_H

#include "../graph.h"
#include "../plain/float_map.h"

namespace ceras::detail {

struct FloatFunction : FloatMap {
  // In place.
  void apply(const KernelSet& kernels, float* values, std::size_t count) const;
};

// From the form in the file: a word, or an object of a word and its constants. What is wrong, or null.
const char* read_function(const Json& form, FloatFunction& function);
// A number, or "inf", "-inf" or "nan".
bool read_real(const Json* form, float& number);

}  // namespace ceras::detail

#endif
