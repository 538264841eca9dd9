// exp, log, the logistic function and tanh over arrays. The functions of one number are Swift's (Core/Numerics) and
// the portable twins of these, which do the same operations in the same order and give the same bits.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "real_tables.h"
#include "variants.h"

enum csimd_real_function { CSIMD_EXP, CSIMD_LOG, CSIMD_SIGMOID, CSIMD_TANH, CSIMD_REAL_FUNCTIONS };

// Replaces numbers by the function's value from the first one on, and gives how many it has done: all whole vectors
// up to the first that holds an extreme number (one of which the result may be subnormal, infinite or none). Zero on
// machines without a kernel.
size_t csimd_real_doubles(enum csimd_real_function function, double *values, size_t count);
size_t csimd_real_floats(enum csimd_real_function function, float *values, size_t count);

// Whether this machine has what these kernels need of the variant.
bool csimd_real_runs(enum csimd_variant variant);

// The same by one variant, which the machine must have: for tests that compare them.
size_t csimd_real_doubles_by(enum csimd_variant variant, enum csimd_real_function function, double *values,
                             size_t count);
size_t csimd_real_floats_by(enum csimd_variant variant, enum csimd_real_function function, float *values,
                            size_t count);
