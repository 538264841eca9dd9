// The real functions with AVX2: four doubles at a time.
#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

#include "real_kernels.h"

#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)
#define LANES 4
#define NAME csimd_real_avx2
#define GATHER(base, index) ((vd)_mm256_i64gather_pd(base, (__m256i)(index), 8))
#define ALL(mask) (_mm256_movemask_pd((__m256d)(mask)) == 0xF)
#include "real_vectors.h"
#pragma clang attribute pop
#endif
