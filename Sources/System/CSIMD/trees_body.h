// The kernels over trees, written once for all variants. A variant defines before it includes this:
//   TREES_TARGET     the attribute of its functions
//   TREES_BYTES      how wide its vectors are
//   first_bit32, first_bit64    the place of the lowest bit, at most the number of bits
//   count_float, count_double   how many of sixteen thresholds a value is above
//   TREES_KERNELS    the name of the function that gives them
#include <string.h>

#include "trees_kernels.h"

#define TREES_INLINE TREES_TARGET static inline __attribute__((always_inline))

// Loads need no alignment: a mapped file has it, a test's copy may not.
typedef uint64_t trees_vector __attribute__((vector_size(TREES_BYTES), aligned(1), may_alias));

#define TREES_CODES(NAME, TYPE, COUNT, MAGNITUDE)                                                              \
    TREES_INLINE uint32_t NAME##_rank(const csimd_tree_column *column, const TYPE *thresholds, TYPE value) { \
        uint32_t rank = 0;                                                                                    \
        for (uint32_t level = 0; level < column->levels; level++)                                             \
            rank = rank * CSIMD_TREES_FANOUT +                                                                \
                   COUNT(thresholds + column->starts[level] + (size_t)rank * CSIMD_TREES_FANOUT, value); \
        return rank;                                                                                          \
    }                                                                                                         \
    TREES_INLINE void NAME##_some(const csimd_tree_column *column, const TYPE *thresholds, const TYPE *values, \
                                  size_t value_stride, size_t rows, TYPE reach, uint32_t *codes,              \
                                  size_t code_stride, uint32_t missing) {                         \
        const TYPE tiny = column->tiny_is_zero ? reach : (TYPE)-1;                                            \
        for (size_t row = 0; row < rows; row++) {                                                             \
            TYPE value = values[row * value_stride];                                                          \
            value = MAGNITUDE(value) <= tiny ? 0 : value;                                                     \
            bool none = value != value;                                                                       \
            if (missing == CSIMD_TREE_NOTHING) value = none ? 0 : value;                                      \
            if (missing == CSIMD_TREE_ZERO_OR_NAN) none |= MAGNITUDE(value) <= reach;                         \
            uint32_t code = NAME##_rank(column, thresholds, value);                                    \
            if (missing != CSIMD_TREE_NOTHING) code = none ? column->missing_code : code;                     \
            codes[row * code_stride] = code;                                                                  \
        }                                                                                                     \
    }                                                                                                         \
    TREES_TARGET static void NAME(const csimd_tree_column *columns, size_t count, const TYPE *thresholds,      \
                                  const TYPE *values, size_t value_stride, size_t rows, TYPE reach,           \
                                  uint32_t *codes, size_t code_stride) {                                      \
        for (const csimd_tree_column *column = columns; column < columns + count; column++) {                 \
            const TYPE *from = values + column->feature;                                                      \
            uint32_t *to = codes + column->slot;                                                              \
            switch (column->missing) {                                                                        \
            case CSIMD_TREE_NOTHING:                                                                          \
                NAME##_some(column, thresholds, from, value_stride, rows, reach, to, code_stride,             \
                            CSIMD_TREE_NOTHING);                                                              \
                break;                                                                                        \
            case CSIMD_TREE_NAN:                                                                              \
                NAME##_some(column, thresholds, from, value_stride, rows, reach, to, code_stride,             \
                            CSIMD_TREE_NAN);                                                                  \
                break;                                                                                        \
            default:                                                                                          \
                NAME##_some(column, thresholds, from, value_stride, rows, reach, to, code_stride,             \
                            CSIMD_TREE_ZERO_OR_NAN);                                                          \
            }                                                                                                 \
        }                                                                                                     \
    }

TREES_CODES(codes_float, float, count_float, __builtin_fabsf)
TREES_CODES(codes_double, double, count_double, __builtin_fabs)

// As many vectors of a row as stay in registers.
TREES_INLINE void and_some(const uint8_t *start, const uint8_t *table, const uint32_t *rows, size_t count,
                           uint8_t *masks, const size_t vectors) {
    trees_vector left[8];
#pragma clang loop unroll(full)
    for (size_t i = 0; i < vectors; i++) left[i] = *(const trees_vector *)(start + i * TREES_BYTES);
    for (size_t row = 0; row < count; row++) {
        const uint8_t *bytes = table + (size_t)rows[row] * CSIMD_TREES_LINE;
#pragma clang loop unroll(full)
        for (size_t i = 0; i < vectors; i++) left[i] &= *(const trees_vector *)(bytes + i * TREES_BYTES);
    }
#pragma clang loop unroll(full)
    for (size_t i = 0; i < vectors; i++) *(trees_vector *)(masks + i * TREES_BYTES) = left[i];
}

TREES_INLINE void and_rows(const uint8_t *start, const uint8_t *table, const uint32_t *rows, size_t count,
                           uint8_t *masks, size_t bytes) {
    for (size_t at = 0; at < bytes; at += 8 * TREES_BYTES) {
        const uint8_t *from = start + at, *in = table + at;
        uint8_t *to = masks + at;
        switch ((bytes - at) / TREES_BYTES) {
        case 1: and_some(from, in, rows, count, to, 1); break;
        case 2: and_some(from, in, rows, count, to, 2); break;
        case 3: and_some(from, in, rows, count, to, 3); break;
        case 4: and_some(from, in, rows, count, to, 4); break;
        case 5: and_some(from, in, rows, count, to, 5); break;
        case 6: and_some(from, in, rows, count, to, 6); break;
        case 7: and_some(from, in, rows, count, to, 7); break;
        default: and_some(from, in, rows, count, to, 8); break;
        }
    }
}

// Nodes one by one. There are mostly few, so that a loop for any number would cost more than they do.
#define TREES_NODES(NAME, NODE, MASK)                                                        \
    TREES_INLINE void NAME##_some(MASK *masks, const NODE *nodes, const size_t count) {      \
        _Pragma("clang loop unroll(full)") for (size_t i = 0; i < count; i++)                \
            masks[nodes[i].tree] &= nodes[i].mask;                                           \
    }                                                                                        \
    TREES_INLINE void NAME(uint8_t *bytes, const NODE *nodes, size_t count) {                \
        MASK *masks = (MASK *)bytes;                                                         \
        switch (count) {                                                                     \
        case 1: NAME##_some(masks, nodes, 1); break;                                         \
        case 2: NAME##_some(masks, nodes, 2); break;                                         \
        case 4: NAME##_some(masks, nodes, 4); break;                                         \
        default:                                                                             \
            for (; count >= 8; count -= 8, nodes += 8) NAME##_some(masks, nodes, 8);         \
            for (size_t i = 0; i < count; i++) masks[nodes[i].tree] &= nodes[i].mask;        \
        }                                                                                    \
    }

TREES_NODES(take_nodes32, csimd_tree_node32, uint32_t)
TREES_NODES(take_nodes64, csimd_tree_node64, uint64_t)

// Columns are taken so many at a time, for the list of their rows.
enum { columns_most = 128 };

TREES_INLINE void take_rows(const csimd_tree_block *block, const csimd_tree_use *uses, size_t uses_with_rows,
                            const uint32_t *codes, const uint8_t *start, uint8_t *masks) {
    const uint32_t lines = block->row_bytes / CSIMD_TREES_LINE;
    uint32_t rows[columns_most];
    size_t done = 0;
    do {
        size_t some = uses_with_rows - done < columns_most ? uses_with_rows - done : columns_most;
        for (size_t i = 0; i < some; i++) {
            const csimd_tree_use *use = uses + done + i;
            const uint32_t row = use->rows + (uint32_t)(block->positions[use->positions + codes[use->slot]] >> use->shift);
            rows[i] = row * lines;
        }
        and_rows(start, block->table, rows, some, masks, block->row_bytes);
        start = masks;
        done += some;
    } while (done < uses_with_rows);
}

// The nodes of several rows by turns: two nodes of one tree, of which the second waits for what the first has
// written, then lie further apart. All are found before any is taken, as the compiler must think that what is
// written may be a position.
TREES_INLINE void take_nodes(const csimd_tree_block *block, const csimd_tree_use *uses, size_t uses_count,
                             const uint32_t *codes, size_t code_stride, uint8_t *masks, size_t stride,
                             const size_t rows) {
    for (const csimd_tree_use *use = uses; use < uses + uses_count; use++) {
        const size_t count = use->count;
        size_t first[CSIMD_TREES_ABREAST];
#pragma clang loop unroll(full)
        for (size_t row = 0; row < rows; row++)
            first[row] = use->nodes + block->positions[use->positions + codes[row * code_stride + use->slot]];
        if (block->mask_bytes == 4) {
            const csimd_tree_node32 *nodes = block->nodes;
#pragma clang loop unroll(full)
            for (size_t row = 0; row < rows; row++) take_nodes32(masks + row * stride, nodes + first[row], count);
        } else {
            const csimd_tree_node64 *nodes = block->nodes;
#pragma clang loop unroll(full)
            for (size_t row = 0; row < rows; row++) take_nodes64(masks + row * stride, nodes + first[row], count);
        }
    }
}

TREES_INLINE void masks_of(const csimd_tree_block *block, const csimd_tree_use *uses, size_t uses_with_rows,
                           size_t uses_count, const uint32_t *codes, const uint8_t *start, uint8_t *masks) {
    take_rows(block, uses, uses_with_rows, codes, start, masks);
    take_nodes(block, uses, uses_count, codes, 0, masks, 0, 1);
}

TREES_TARGET static void masks_alone(const csimd_tree_block *block, const csimd_tree_use *uses,
                                     size_t uses_with_rows, size_t uses_count, const uint32_t *codes,
                                     const uint8_t *start, uint8_t *masks) {
    masks_of(block, uses, uses_with_rows, uses_count, codes, start, masks);
}

// Where no bit is left, which no compiled model does, it is the one behind the tree's last leaf.
TREES_INLINE size_t leaf_of(const uint8_t *masks, size_t tree, bool wide) {
    return wide ? tree * 64 + first_bit64(((const uint64_t *)masks)[tree])
                : tree * 32 + first_bit32(((const uint32_t *)masks)[tree]);
}

// One output, one value a leaf: the sums of several rows side by side, so that no addition waits for another
// row's.
TREES_INLINE void add_plain(const csimd_tree_block *block, const uint8_t *masks, size_t stride, double *sums,
                            const size_t rows, const bool wide, const bool single) {
    if (single) {
        const float *leaves = block->leaves;
        float sum[CSIMD_TREES_ABREAST];
        for (size_t row = 0; row < rows; row++) sum[row] = (float)sums[row];
        for (size_t tree = 0; tree < block->trees; tree++)
#pragma clang loop unroll(full)
            for (size_t row = 0; row < rows; row++) sum[row] += leaves[leaf_of(masks + row * stride, tree, wide)];
        for (size_t row = 0; row < rows; row++) sums[row] = sum[row];
    } else {
        const double *leaves = block->leaves;
        double sum[CSIMD_TREES_ABREAST];
        for (size_t row = 0; row < rows; row++) sum[row] = sums[row];
        for (size_t tree = 0; tree < block->trees; tree++)
#pragma clang loop unroll(full)
            for (size_t row = 0; row < rows; row++) sum[row] += leaves[leaf_of(masks + row * stride, tree, wide)];
        for (size_t row = 0; row < rows; row++) sums[row] = sum[row];
    }
}

TREES_INLINE void add_any(const csimd_tree_block *block, const uint8_t *masks, size_t stride, double *sums,
                          size_t rows, const bool wide) {
    const size_t width = block->leaf_width;
    for (size_t row = 0; row < rows; row++) {
        double *sum = sums + row * block->output_count;
        for (size_t tree = 0; tree < block->trees; tree++) {
            const size_t leaf = leaf_of(masks + row * stride, tree, wide) * width;
            double *to = sum + block->outputs[tree];
            for (size_t i = 0; i < width; i++) {
                if (block->single) {
                    to[i] = (float)to[i] + ((const float *)block->leaves)[leaf + i];
                } else {
                    to[i] += ((const double *)block->leaves)[leaf + i];
                }
            }
        }
    }
}

TREES_INLINE void add_rows(const csimd_tree_block *block, const uint8_t *masks, size_t stride, double *sums,
                           const size_t rows) {
    const bool wide = block->mask_bytes == 8;
    if (block->output_count > 1) {
        wide ? add_any(block, masks, stride, sums, rows, true) : add_any(block, masks, stride, sums, rows, false);
    } else if (block->single) {
        wide ? add_plain(block, masks, stride, sums, rows, true, true)
             : add_plain(block, masks, stride, sums, rows, false, true);
    } else {
        wide ? add_plain(block, masks, stride, sums, rows, true, false)
             : add_plain(block, masks, stride, sums, rows, false, false);
    }
}

TREES_TARGET static void add(const csimd_tree_block *block, const csimd_tree_use *uses, size_t uses_with_rows,
                             size_t uses_count, const uint32_t *codes, size_t code_stride, size_t rows,
                             const uint8_t *start, uint8_t *masks, double *sums) {
    const size_t stride = block->row_bytes + CSIMD_TREES_SPARE;
    size_t row = 0;
    for (; row + CSIMD_TREES_ABREAST <= rows; row += CSIMD_TREES_ABREAST) {
        const uint32_t *from = codes + row * code_stride;
        for (size_t i = 0; i < CSIMD_TREES_ABREAST; i++)
            take_rows(block, uses, uses_with_rows, from + i * code_stride, start, masks + i * stride);
        take_nodes(block, uses, uses_count, from, code_stride, masks, stride, CSIMD_TREES_ABREAST);
        add_rows(block, masks, stride, sums + row * block->output_count, CSIMD_TREES_ABREAST);
    }
    for (; row < rows; row++) {
        masks_of(block, uses, uses_with_rows, uses_count, codes + row * code_stride, start, masks);
        add_rows(block, masks, stride, sums + row * block->output_count, 1);
    }
}

const csimd_tree_kernels *TREES_KERNELS(void) {
    static const csimd_tree_kernels kernels = {codes_float, codes_double, masks_alone, add};
    return &kernels;
}
