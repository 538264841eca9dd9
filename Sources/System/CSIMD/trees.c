// Which variant of the kernels over trees runs, and what has but one.
#include "trees_kernels.h"

bool csimd_tree_runs(enum csimd_variant variant) {
    switch (variant) {
#if defined(__x86_64__)
    case CSIMD_AVX2:
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("popcnt");
    case CSIMD_AVX512:
        return csimd_tree_runs(CSIMD_AVX2) && __builtin_cpu_supports("avx512f") &&
               __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
#endif
    default:
        return variant == CSIMD_PORTABLE;
    }
}

static enum csimd_variant best = CSIMD_PORTABLE;

__attribute__((constructor)) static void choose_best(void) {
#if defined(__x86_64__)
    __builtin_cpu_init();
#endif
    for (int variant = 0; variant < CSIMD_VARIANTS; variant++)
        if (csimd_tree_runs((enum csimd_variant)variant)) best = (enum csimd_variant)variant;
}

enum csimd_variant csimd_tree_best(void) { return best; }

static const csimd_tree_kernels *kernels(enum csimd_variant variant) {
    switch (variant) {
#if defined(__x86_64__)
    case CSIMD_AVX2: return csimd_tree_avx2();
    case CSIMD_AVX512: return csimd_tree_avx512();
#endif
    default: return csimd_tree_portable();
    }
}

void csimd_tree_codes_float(enum csimd_variant variant, const csimd_tree_column *columns, size_t count, const float *thresholds,
                            const float *values, size_t value_stride, size_t rows, float reach, uint32_t *codes,
                            size_t code_stride) {
    kernels(variant)->codes_float(columns, count, thresholds, values, value_stride, rows, reach, codes, code_stride);
}

void csimd_tree_codes_double(enum csimd_variant variant, const csimd_tree_column *columns, size_t count, const double *thresholds,
                             const double *values, size_t value_stride, size_t rows, double reach, uint32_t *codes,
                             size_t code_stride) {
    kernels(variant)->codes_double(columns, count, thresholds, values, value_stride, rows, reach, codes, code_stride);
}

void csimd_tree_masks(enum csimd_variant variant, const csimd_tree_block *block, const csimd_tree_use *uses,
                      size_t uses_with_rows, size_t uses_count, const uint32_t *codes, const uint8_t *start,
                      uint8_t *masks) {
    kernels(variant)->masks(block, uses, uses_with_rows, uses_count, codes, start, masks);
}

void csimd_tree_add(enum csimd_variant variant, const csimd_tree_block *block, const csimd_tree_use *uses,
                    size_t uses_with_rows, size_t uses_count, const uint32_t *codes, size_t code_stride, size_t rows,
                    const uint8_t *start, uint8_t *masks, double *sums) {
    kernels(variant)->add(block, uses, uses_with_rows, uses_count, codes, code_stride, rows, start, masks, sums);
}

void csimd_tree_leaves(const csimd_tree_block *block, const uint8_t *masks, uint32_t *leaves) {
    for (size_t tree = 0; tree < block->trees; tree++)
        leaves[tree] = block->mask_bytes == 8
                           ? (uint32_t)__builtin_ctzll(((const uint64_t *)masks)[tree] | 1ull << 63)
                           : (uint32_t)__builtin_ctz(((const uint32_t *)masks)[tree] | 1u << 31);
}

// Rows that are walked side by side: each waits for its own loads only.
enum { abreast = 8 };

static inline __attribute__((always_inline)) uint32_t next_of(const csimd_tree_walk *walk, uint32_t at,
                                                             const uint32_t *codes, const bool categories) {
    const csimd_tree_step *step = walk->steps + at;
    uint32_t code = codes[step->slot & ~(uint32_t)CSIMD_TREE_CATEGORY];
    bool left = code <= step->bound;
    if (categories && step->slot & CSIMD_TREE_CATEGORY)
        left = walk->bits[step->bound + code / 32] >> (code % 32) & 1;
    // The other one in both cases: no branch that nobody could foresee.
    return left ? step->left : step->right;
}

static inline __attribute__((always_inline)) void walk_some(const csimd_tree_walk *walk, uint32_t root,
                                                            const uint32_t *codes, size_t code_stride,
                                                            uint32_t *leaves, const size_t rows,
                                                            const bool categories) {
    uint32_t at[abreast];
    for (size_t row = 0; row < rows; row++) at[row] = root;
    bool more = true;
    while (more) {
        // Four steps before anybody asks whether all have arrived.
        for (int step = 0; step < 4; step++)
            for (size_t row = 0; row < rows; row++)
                at[row] = next_of(walk, at[row], codes + row * code_stride, categories);
        more = false;
        for (size_t row = 0; row < rows; row++) more |= walk->steps[at[row]].left != at[row];
    }
    for (size_t row = 0; row < rows; row++) leaves[row] = walk->steps[at[row]].bound;
}

static inline __attribute__((always_inline)) void walk_leaves(const csimd_tree_walk *walk, uint32_t root,
                                                              const uint32_t *codes, size_t code_stride,
                                                              uint32_t *leaves, const size_t rows) {
    walk->has_categories ? walk_some(walk, root, codes, code_stride, leaves, rows, true)
                         : walk_some(walk, root, codes, code_stride, leaves, rows, false);
}

void csimd_tree_walk_add(const csimd_tree_walk *walk, const uint32_t *codes, size_t code_stride, size_t rows,
                         double *sums) {
    const size_t width = walk->leaf_width;
    for (size_t tree = 0; tree < walk->trees; tree++) {
        for (size_t row = 0; row < rows;) {
            uint32_t leaves[abreast];
            const size_t some = rows - row < abreast ? 1 : abreast;
            const uint32_t *from = codes + row * code_stride;
            if (some == abreast) {
                walk_leaves(walk, walk->roots[tree], from, code_stride, leaves, abreast);
            } else {
                walk_leaves(walk, walk->roots[tree], from, code_stride, leaves, 1);
            }
            for (size_t i = 0; i < some; i++) {
                double *to = sums + (row + i) * walk->output_count + walk->outputs[tree];
                for (size_t place = 0; place < width; place++) {
                    const size_t leaf = leaves[i] * width + place;
                    if (walk->single) {
                        to[place] = (float)to[place] + ((const float *)walk->leaves)[leaf];
                    } else {
                        to[place] += ((const double *)walk->leaves)[leaf];
                    }
                }
            }
            row += some;
        }
    }
}

uint32_t csimd_tree_walk_leaf(const csimd_tree_walk *walk, size_t tree, const uint32_t *codes) {
    uint32_t leaf;
    walk_leaves(walk, walk->roots[tree], codes, 0, &leaf, 1);
    return leaf;
}
