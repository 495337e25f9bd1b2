// Which vectors this x86 processor has, and how functions that use them are marked, so that the rest of the library
// runs on all.
#ifndef CERAS_KERNELS_X86_H
#define CERAS_KERNELS_X86_H

#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
#define CERAS_X86 1
#pragma GCC diagnostic push
#if !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"  // GCC's own header, of operands that are undefined on purpose
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif
#include <immintrin.h>
#pragma GCC diagnostic pop
#define CERAS_AVX2 __attribute__((target("avx2,fma")))
#define CERAS_AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,fma")))
#define CERAS_VBMI __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx512vbmi,fma")))
#endif

#endif
