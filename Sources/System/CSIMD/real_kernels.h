// Between the real functions' kernels: what an instruction set brings.
#pragma once
#include "CSIMD.h"

typedef struct {
    size_t (*doubles[CSIMD_REAL_FUNCTIONS])(double *values, size_t count);
    size_t (*floats[CSIMD_REAL_FUNCTIONS])(float *values, size_t count);
} csimd_real_kernels;

#if defined(__x86_64__)
const csimd_real_kernels *csimd_real_avx2(void);
const csimd_real_kernels *csimd_real_avx512(void);
#endif
