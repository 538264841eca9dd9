// See row_sets.h. Each kernel goes through the facets until no row is left.
#include "row_sets.h"

#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

// Adds a set's rows of one block to eight words.
static inline __attribute__((always_inline)) void add(const csimd_row_set *set, size_t block, uint64_t *rows) {
    size_t word = block >> 6;
    uint64_t bit = 1ull << (block & 63);
    uint64_t present = set->words[word], full = set->full[word];
    if (!(present & bit)) return;
    if (full & bit) {
        memset(rows, 0xFF, 64);
        return;
    }
    size_t place = set->ranks[word] + (size_t)__builtin_popcountll(present & ~full & (bit - 1));
    const uint8_t *stored = set->stored + 64 * place;
    for (int i = 0; i < 8; i++) {
        uint64_t more;
        memcpy(&more, stored + 8 * i, 8);
        rows[i] |= more;
    }
}

static inline __attribute__((always_inline)) void gather(const csimd_row_facet *facet, const csimd_row_set *sets,
                                                         size_t block, uint64_t *rows) {
    if (facet->listed) {
        memcpy(rows, facet->listed + 8 * block, 64);
    } else {
        memset(rows, 0, 64);
    }
    for (size_t set = facet->first_set; set < facet->end_set; set++) add(sets + set, block, rows);
}

static inline __attribute__((always_inline)) int pass(const csimd_row_facet *facets, size_t facet_count,
                                                      const csimd_row_facet *excluded, const csimd_row_set *sets,
                                                      size_t block, uint64_t *rows) {
    uint64_t some[8], any;
    for (size_t facet = 0; facet < facet_count; facet++) {
        gather(facets + facet, sets, block, some);
        any = 0;
        for (int i = 0; i < 8; i++) any |= rows[i] &= some[i];
        if (any == 0) return 0;
    }
    gather(excluded, sets, block, some);
    any = 0;
    for (int i = 0; i < 8; i++) any |= rows[i] &= ~some[i];
    return any != 0;
}

static int pass_portable(const csimd_row_facet *facets, size_t facet_count, const csimd_row_facet *excluded,
                         const csimd_row_set *sets, size_t block, uint64_t *rows) {
    return pass(facets, facet_count, excluded, sets, block, rows);
}

#if defined(__x86_64__)
__attribute__((target("avx2,popcnt,bmi,bmi2"))) static int pass_avx2(
    const csimd_row_facet *facets, size_t facet_count, const csimd_row_facet *excluded, const csimd_row_set *sets,
    size_t block, uint64_t *rows) {
    return pass(facets, facet_count, excluded, sets, block, rows);
}

// A block is one register here, and whether a set has it is a mask and no branch: sets come and go from block to block.
__attribute__((target("avx512f,popcnt,bmi,bmi2"))) static inline __m512i gather_avx512(
    const csimd_row_facet *facet, const csimd_row_set *sets, size_t block) {
    size_t word = block >> 6, shift = block & 63;
    uint64_t below = (1ull << shift) - 1;
    __m512i rows = facet->listed ? _mm512_loadu_si512(facet->listed + 8 * block) : _mm512_setzero_si512();
    for (size_t set = facet->first_set; set < facet->end_set; set++) {
        uint64_t present = sets[set].words[word], full = sets[set].full[word];
        size_t place = sets[set].ranks[word] + (size_t)_mm_popcnt_u64(present & ~full & below);
        __mmask8 is_full = (__mmask8)(0 - (full >> shift & 1));
        __mmask8 is_stored = (__mmask8)(0 - ((present & ~full) >> shift & 1));
        rows = _mm512_or_si512(rows, _mm512_maskz_loadu_epi64(is_stored, sets[set].stored + 64 * place));
        rows = _mm512_mask_set1_epi64(rows, is_full, -1);
    }
    return rows;
}

__attribute__((target("avx512f,popcnt,bmi,bmi2"))) static int pass_avx512(
    const csimd_row_facet *facets, size_t facet_count, const csimd_row_facet *excluded, const csimd_row_set *sets,
    size_t block, uint64_t *rows) {
    __m512i left = _mm512_loadu_si512(rows);
    for (size_t facet = 0; facet < facet_count; facet++) {
        left = _mm512_and_si512(left, gather_avx512(facets + facet, sets, block));
        if (_mm512_test_epi64_mask(left, left) == 0) return 0;
    }
    left = _mm512_andnot_si512(gather_avx512(excluded, sets, block), left);
    _mm512_storeu_si512(rows, left);
    return _mm512_test_epi64_mask(left, left) != 0;
}

#else
#define pass_avx2 pass_portable
#define pass_avx512 pass_portable
#endif

typedef int rows_pass(const csimd_row_facet *facets, size_t facet_count, const csimd_row_facet *excluded,
                      const csimd_row_set *sets, size_t block, uint64_t *rows);

static rows_pass *const variants[CSIMD_VARIANTS] = {pass_portable, pass_avx2, pass_avx512};
static rows_pass *chosen = pass_portable;

bool csimd_rows_run(enum csimd_variant variant) {
#if defined(__x86_64__)
    if (variant == CSIMD_PORTABLE) return true;
    bool counts = __builtin_cpu_supports("popcnt") && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
    return counts && __builtin_cpu_supports("avx2") &&
           (variant == CSIMD_AVX2 || __builtin_cpu_supports("avx512f"));
#else
    return variant == CSIMD_PORTABLE;
#endif
}

__attribute__((constructor)) static void choose_best(void) {
#if defined(__x86_64__)
    __builtin_cpu_init();
#endif
    for (int variant = 0; variant < CSIMD_VARIANTS; variant++)
        if (csimd_rows_run((enum csimd_variant)variant)) chosen = variants[variant];
}

int csimd_rows_pass(const csimd_row_facet *facets, size_t facet_count, const csimd_row_facet *excluded,
                    const csimd_row_set *sets, size_t block, uint64_t *rows) {
    return chosen(facets, facet_count, excluded, sets, block, rows);
}

int csimd_rows_pass_by(enum csimd_variant variant, const csimd_row_facet *facets, size_t facet_count,
                       const csimd_row_facet *excluded, const csimd_row_set *sets, size_t block, uint64_t *rows) {
    return variants[variant](facets, facet_count, excluded, sets, block, rows);
}
