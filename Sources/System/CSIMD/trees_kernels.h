// Between the kernels over trees: what a variant brings.
#pragma once
#include "trees.h"

typedef struct {
    void (*codes_float)(const csimd_tree_column *columns, size_t count, const float *thresholds, const float *values,
                        size_t value_stride, size_t rows, float reach, uint32_t *codes, size_t code_stride);
    void (*codes_double)(const csimd_tree_column *columns, size_t count, const double *thresholds, const double *values,
                         size_t value_stride, size_t rows, double reach, uint32_t *codes, size_t code_stride);
    void (*masks)(const csimd_tree_block *block, const csimd_tree_use *uses, size_t uses_with_rows,
                  size_t uses_count, const uint32_t *codes, const uint8_t *start, uint8_t *masks);
    void (*add)(const csimd_tree_block *block, const csimd_tree_use *uses, size_t uses_with_rows, size_t uses_count,
                const uint32_t *codes, size_t code_stride, size_t rows, const uint8_t *start, uint8_t *masks,
                double *sums);
} csimd_tree_kernels;

const csimd_tree_kernels *csimd_tree_portable(void);
#if defined(__x86_64__)
const csimd_tree_kernels *csimd_tree_avx2(void);
const csimd_tree_kernels *csimd_tree_avx512(void);
#endif
