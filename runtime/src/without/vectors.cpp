// In the place of the kernels in src/kernels that need vectors, in a library with the portable ones alone.
#include "../kernels.h"

namespace ceras::detail {

const KernelSet* avx2_kernels() { return nullptr; }
const KernelSet* vnni_kernels() { return nullptr; }
const KernelSet* vbmi_kernels() { return nullptr; }
const KernelSet* neon_kernels() { return nullptr; }

}  // namespace ceras::detail
