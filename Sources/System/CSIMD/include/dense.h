// Dense layers of Floats: rows times a matrix, plus a bias. Every sum is a chain of fused multiplications and
// additions over k = 0, 1, 2 …, from zero, and the bias is added last; so each variant gives the same bits,
// the portable one by making the fused operation of Doubles.
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "variants.h"

// The matrix lies in panels of so many columns, each panel row by row; the last one is filled with zeros, as
// is the bias.
enum { CSIMD_DENSE_PANEL = 16 };

// out[r][c] = sum over k of rows[r][k] * matrix[k][c], + bias[c]; below zero it is zero if `rectified`, and
// what is no number stays so. Rows and results lie one behind the other.
void csimd_dense(const float *rows, size_t count, size_t depth, const float *panels, size_t width,
                 const float *bias, bool rectified, float *out);

// Whether this machine has what these kernels need of the variant.
bool csimd_dense_runs(enum csimd_variant variant);

// The same by one variant, which the machine must have: for tests that compare them.
void csimd_dense_by(enum csimd_variant variant, const float *rows, size_t count, size_t depth,
                    const float *panels, size_t width, const float *bias, bool rectified, float *out);
