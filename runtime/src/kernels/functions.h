// What kernels of several instruction sets share.
#ifndef CERAS_KERNELS_FUNCTIONS_H
#define CERAS_KERNELS_FUNCTIONS_H

#include <cmath>
#include <cstdint>
#include <cstring>

#include "../kernels.h"
#include "../plain/exponential.h"

namespace ceras::detail {

// The output stage in 64 bits, for every layer.
void finish_portably(const Finish& task);

}  // namespace ceras::detail

#endif
