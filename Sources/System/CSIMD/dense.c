// Dense layers without instructions of their own, and which variant runs: the best that this machine has,
// decided once before main.
#pragma STDC FP_CONTRACT OFF
#include <string.h>

#include "dense_kernels.h"

// a * b + c, rounded once. The product of Floats is exact as a Double. Where the sum is not, it is made odd
// (of the two Doubles around the exact one, that with the odd last bit), so that rounding it again gives what
// rounding once does (Boldo and Melquiond).
static inline float fused(float a, float b, float c) {
    double p = (double)a * b;
    double s = p + c;
    double c_of_s = s - p;
    double rest = (p - (s - c_of_s)) + (c - c_of_s);
    uint64_t bits;
    memcpy(&bits, &s, sizeof bits);
    // What is infinite or no number has a rest that is none.
    if (rest == rest && rest != 0 && (bits & 1) == 0 && s - s == 0) {
        bits += (rest > 0) == (s > 0) ? 1 : (uint64_t)-1;
        memcpy(&s, &bits, sizeof s);
    }
    return (float)s;
}

void csimd_dense_portable(const float *rows, size_t count, size_t depth, const float *panels, size_t width,
                          const float *bias, bool rectified, float *out) {
    for (size_t r = 0; r < count; r++, rows += depth, out += width) {
        for (size_t c = 0; c < width; c++) {
            const float *column = panels + c / CSIMD_DENSE_PANEL * depth * CSIMD_DENSE_PANEL;
            float sum = 0;
            for (size_t k = 0; k < depth; k++)
                sum = fused(rows[k], column[k * CSIMD_DENSE_PANEL + c % CSIMD_DENSE_PANEL], sum);
            sum += bias[c];
            out[c] = rectified && sum < 0 ? 0 : sum;
        }
    }
}

static csimd_dense_kernel *const kernels[CSIMD_VARIANTS] = {
    csimd_dense_portable,
#if defined(__x86_64__)
    csimd_dense_avx2,
    csimd_dense_avx512,
#endif
};

static csimd_dense_kernel *chosen = csimd_dense_portable;

bool csimd_dense_runs(enum csimd_variant variant) {
    switch (variant) {
#if defined(__x86_64__)
    case CSIMD_AVX2:
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    case CSIMD_AVX512:
        return __builtin_cpu_supports("avx512f");
#endif
    default:
        return variant == CSIMD_PORTABLE;
    }
}

__attribute__((constructor)) static void choose_best(void) {
#if defined(__x86_64__)
    __builtin_cpu_init();
#endif
    for (int variant = 0; variant < CSIMD_VARIANTS; variant++)
        if (csimd_dense_runs((enum csimd_variant)variant)) chosen = kernels[variant];
}

void csimd_dense(const float *rows, size_t count, size_t depth, const float *panels, size_t width,
                 const float *bias, bool rectified, float *out) {
    chosen(rows, count, depth, panels, width, bias, rectified, out);
}

void csimd_dense_by(enum csimd_variant variant, const float *rows, size_t count, size_t depth,
                    const float *panels, size_t width, const float *bias, bool rectified, float *out) {
    kernels[variant](rows, count, depth, panels, width, bias, rectified, out);
}
