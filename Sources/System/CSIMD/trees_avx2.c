// The kernels over trees by AVX2.
#if defined(__x86_64__)
#include <immintrin.h>

#include "trees_kernels.h"

#define TREES_TARGET __attribute__((target("avx2,bmi,popcnt")))
#define TREES_BYTES 32
#define TREES_KERNELS csimd_tree_avx2

#define COUNT static inline __attribute__((always_inline)) TREES_TARGET uint32_t

COUNT count_float(const float *thresholds, float value) {
    const __m256 x = _mm256_set1_ps(value);
    const __m256 low = _mm256_loadu_ps(thresholds), high = _mm256_loadu_ps(thresholds + 8);
    const __m256 a = _mm256_cmp_ps(low, x, _CMP_LT_OQ);
    const __m256 b = _mm256_cmp_ps(high, x, _CMP_LT_OQ);
    return (uint32_t)_mm_popcnt_u32((unsigned)_mm256_movemask_ps(a) | (unsigned)_mm256_movemask_ps(b) << 8);
}

COUNT count_double(const double *thresholds, double value) {
    const __m256d x = _mm256_set1_pd(value);
    unsigned bits = 0;
    for (int i = 0; i < 4; i++) {
        const __m256d some = _mm256_loadu_pd(thresholds + 4 * i);
        const __m256d is = _mm256_cmp_pd(some, x, _CMP_LT_OQ);
        bits |= (unsigned)_mm256_movemask_pd(is) << 4 * i;
    }
    return (uint32_t)_mm_popcnt_u32(bits);
}

static inline __attribute__((always_inline)) TREES_TARGET size_t first_bit32(uint32_t bits) { return _tzcnt_u32(bits); }
static inline __attribute__((always_inline)) TREES_TARGET size_t first_bit64(uint64_t bits) { return _tzcnt_u64(bits); }

#include "trees_body.h"
#endif
