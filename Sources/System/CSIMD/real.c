// Which kernels of the real functions run: the best that this machine has, decided once before main.
#include "real_kernels.h"

// None: what is left to do is done by the caller.
static size_t no_doubles(double *values, size_t count) {
    (void)values, (void)count;
    return 0;
}

static size_t no_floats(float *values, size_t count) {
    (void)values, (void)count;
    return 0;
}

static const csimd_real_kernels none = {
    {no_doubles, no_doubles, no_doubles, no_doubles},
    {no_floats, no_floats, no_floats, no_floats},
};

static const csimd_real_kernels *chosen = &none;

static const csimd_real_kernels *kernels_of(enum csimd_variant variant) {
    switch (variant) {
#if defined(__x86_64__)
    case CSIMD_AVX2:
        return csimd_real_avx2();
    case CSIMD_AVX512:
        return csimd_real_avx512();
#endif
    default:
        return &none;
    }
}

bool csimd_real_runs(enum csimd_variant variant) {
    switch (variant) {
#if defined(__x86_64__)
    case CSIMD_AVX2:
        return __builtin_cpu_supports("avx2");
    case CSIMD_AVX512:
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq");
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
        if (csimd_real_runs((enum csimd_variant)variant)) chosen = kernels_of((enum csimd_variant)variant);
}

size_t csimd_real_doubles(enum csimd_real_function function, double *values, size_t count) {
    return chosen->doubles[function](values, count);
}

size_t csimd_real_floats(enum csimd_real_function function, float *values, size_t count) {
    return chosen->floats[function](values, count);
}

size_t csimd_real_doubles_by(enum csimd_variant variant, enum csimd_real_function function, double *values,
                             size_t count) {
    return kernels_of(variant)->doubles[function](values, count);
}

size_t csimd_real_floats_by(enum csimd_variant variant, enum csimd_real_function function, float *values,
                            size_t count) {
    return kernels_of(variant)->floats[function](values, count);
}
