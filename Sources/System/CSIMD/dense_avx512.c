// Dense layers with AVX-512: eight rows times two panels, or up to four rows times four.
#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

#include "dense_kernels.h"

#pragma clang attribute push(__attribute__((target("avx512f"))), apply_to = function)
#define LANES 16
#define FUSED(a, b, c) ((vf)_mm512_fmadd_ps((__m512)(a), (__m512)(b), (__m512)(c)))
#include "dense_vectors.h"

STRIPE(one, 1, 8,
       ROWS(1, 1) ROWS(2, 1) ROWS(3, 1) ROWS(4, 1) ROWS(5, 1) ROWS(6, 1) ROWS(7, 1) ROWS(8, 1))
STRIPE(two, 2, 8,
       ROWS(1, 2) ROWS(2, 2) ROWS(3, 2) ROWS(4, 2) ROWS(5, 2) ROWS(6, 2) ROWS(7, 2) ROWS(8, 2))
STRIPE(four, 4, 4, ROWS(1, 4) ROWS(2, 4) ROWS(3, 4) ROWS(4, 4))

void csimd_dense_avx512(const float *rows, size_t count, size_t depth, const float *panels, size_t width,
                        const float *bias, bool rectified, float *out) {
    size_t column = 0;
    // Few rows have few sums: more panels keep as many chains going.
    if (count <= 4)
        for (; column + 48 < width; column += 64)
            four(rows, count, depth, panels, width, column, bias, rectified, out);
    for (; column + 16 < width; column += 32)
        two(rows, count, depth, panels, width, column, bias, rectified, out);
    if (column < width) one(rows, count, depth, panels, width, column, bias, rectified, out);
}
#pragma clang attribute pop
#endif
