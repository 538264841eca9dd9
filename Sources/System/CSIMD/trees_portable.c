// The kernels over trees without any instruction of their own.
#include "trees_kernels.h"

#define TREES_TARGET
#define TREES_BYTES 16
#define TREES_KERNELS csimd_tree_portable

#define COUNT static inline __attribute__((always_inline)) uint32_t

COUNT count_float(const float *thresholds, float value) {
    uint32_t count = 0;
    for (int i = 0; i < CSIMD_TREES_FANOUT; i++) count += thresholds[i] < value;
    return count;
}

COUNT count_double(const double *thresholds, double value) {
    uint32_t count = 0;
    for (int i = 0; i < CSIMD_TREES_FANOUT; i++) count += thresholds[i] < value;
    return count;
}

static inline size_t first_bit32(uint32_t bits) { return (size_t)__builtin_ctz(bits | 1u << 31); }
static inline size_t first_bit64(uint64_t bits) { return (size_t)__builtin_ctzll(bits | 1ull << 63); }

#include "trees_body.h"
