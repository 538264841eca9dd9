// Dense layers with AVX2 and its fused operations: six rows times one panel of two vectors.
#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

#include "dense_kernels.h"

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#define LANES 8
#define FUSED(a, b, c) ((vf)_mm256_fmadd_ps((__m256)(a), (__m256)(b), (__m256)(c)))
#include "dense_vectors.h"

STRIPE(one, 1, 6, ROWS(1, 1) ROWS(2, 1) ROWS(3, 1) ROWS(4, 1) ROWS(5, 1) ROWS(6, 1))
STRIPE(four, 4, 1, ROWS(1, 4))

void csimd_dense_avx2(const float *rows, size_t count, size_t depth, const float *panels, size_t width,
                      const float *bias, bool rectified, float *out) {
    size_t column = 0;
    if (count == 1)
        for (; column + 48 < width; column += 64)
            four(rows, count, depth, panels, width, column, bias, rectified, out);
    for (; column < width; column += 16)
        one(rows, count, depth, panels, width, column, bias, rectified, out);
}
#pragma clang attribute pop
#endif
