// Which variant of a kernel runs: the best that this machine has, decided once before main.
#include "json_kernels.h"

static csimd_json_indexer *const indexers[CSIMD_VARIANTS] = {
    csimd_json_index_portable,
#if defined(__x86_64__)
    csimd_json_index_avx2,
    csimd_json_index_avx512,
#endif
};

static csimd_json_indexer *chosen = csimd_json_index_portable;

bool csimd_variant_runs(enum csimd_variant variant) {
    switch (variant) {
    case CSIMD_PORTABLE:
        return true;
#if defined(__x86_64__)
    case CSIMD_AVX2:
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
               __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("pclmul") &&
               __builtin_cpu_supports("popcnt");
    case CSIMD_AVX512:
        return csimd_variant_runs(CSIMD_AVX2) && __builtin_cpu_supports("avx512f") &&
               __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
               __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512vbmi2");
#endif
    default:
        return false;
    }
}

void csimd_choose(enum csimd_variant variant) {
    if (csimd_variant_runs(variant)) chosen = indexers[variant];
}

__attribute__((constructor)) static void choose_best(void) {
#if defined(__x86_64__)
    __builtin_cpu_init();
#endif
    for (int variant = 0; variant < CSIMD_VARIANTS; variant++) csimd_choose((enum csimd_variant)variant);
}

int64_t csimd_json_index(const uint8_t *bytes, size_t count, uint32_t *positions, uint32_t *partners,
                         uint8_t *kinds, unsigned depth) {
    return chosen(bytes, count, positions, partners, kinds, depth);
}

int64_t csimd_json_index_by(enum csimd_variant variant, const uint8_t *bytes, size_t count,
                            uint32_t *positions, uint32_t *partners, uint8_t *kinds, unsigned depth) {
    return indexers[variant](bytes, count, positions, partners, kinds, depth);
}
