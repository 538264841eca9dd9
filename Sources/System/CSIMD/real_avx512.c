// The real functions with AVX-512: eight doubles at a time.
#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

#include "real_kernels.h"

#pragma clang attribute push(__attribute__((target("avx512f,avx512dq"))), apply_to = function)
#define LANES 8
#define NAME csimd_real_avx512
#define GATHER(base, index) ((vd)_mm512_i64gather_pd((__m512i)(index), base, 8))
#define ALL(mask) (_mm512_movepi64_mask((__m512i)(mask)) == 0xFF)
#include "real_vectors.h"
#pragma clang attribute pop
#endif
