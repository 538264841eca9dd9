// The kernels over trees by AVX-512.
#if defined(__x86_64__)
#include <immintrin.h>

#include "trees_kernels.h"

#define TREES_TARGET __attribute__((target("avx2,bmi,popcnt,avx512f,avx512bw,avx512vl")))
#define TREES_BYTES 64
#define TREES_KERNELS csimd_tree_avx512

#define COUNT static inline __attribute__((always_inline)) TREES_TARGET uint32_t

COUNT count_float(const float *thresholds, float value) {
    const __m512 some = _mm512_loadu_ps(thresholds), x = _mm512_set1_ps(value);
    const __mmask16 is =
        _mm512_cmp_ps_mask(some, x, _CMP_LT_OQ);
    return (uint32_t)_mm_popcnt_u32(is);
}

COUNT count_double(const double *thresholds, double value) {
    const __m512d low = _mm512_loadu_pd(thresholds), high = _mm512_loadu_pd(thresholds + 8);
    const __m512d x = _mm512_set1_pd(value);
    const __mmask8 a = _mm512_cmp_pd_mask(low, x, _CMP_LT_OQ);
    const __mmask8 b = _mm512_cmp_pd_mask(high, x, _CMP_LT_OQ);
    return (uint32_t)_mm_popcnt_u32((unsigned)a | (unsigned)b << 8);
}

static inline __attribute__((always_inline)) TREES_TARGET size_t first_bit32(uint32_t bits) { return _tzcnt_u32(bits); }
static inline __attribute__((always_inline)) TREES_TARGET size_t first_bit64(uint64_t bits) { return _tzcnt_u64(bits); }

#include "trees_body.h"
#endif
