// Between the kernels of dense layers.
#pragma once
#include "CSIMD.h"

typedef void csimd_dense_kernel(const float *rows, size_t count, size_t depth, const float *panels,
                                size_t width, const float *bias, bool rectified, float *out);

csimd_dense_kernel csimd_dense_portable;
#if defined(__x86_64__)
csimd_dense_kernel csimd_dense_avx2, csimd_dense_avx512;
#endif
