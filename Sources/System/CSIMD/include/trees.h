// Trees by bits: where a row's values lie among the thresholds of all trees (its codes), and from codes to
// leaves and sums. Which leaf a row ends in is exact, and leaves are added in the order of the trees, so
// every variant gives the same bits.
//
// A tree has one bit for each leaf. A node whose answer is "right" takes the bits of all leaves on its left
// away; what all nodes leave of a tree has the row's leaf as its lowest bit. Codes of one column know which
// nodes answer "right" together, so what they all leave is kept in rows of a table: a row of input costs one
// `and` for each column instead of one comparison for each node.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "variants.h"

// How thresholds are searched: sixteen at a time, from the top of a tree of blocks down. As many levels as
// 16^5 need.
enum { CSIMD_TREES_FANOUT = 16, CSIMD_TREES_LEVELS = 5 };

// What of a value is missing, and what is done with NaN where it is not.
enum csimd_tree_missing { CSIMD_TREE_NOTHING, CSIMD_TREE_ZERO_OR_NAN, CSIMD_TREE_NAN };

// One feature as one kind of split sees it. Thresholds are sorted. A value's code is how many of them it is
// above; a missing one's is `missing_code`.
typedef struct {
    uint32_t feature;
    // Where its codes go in a row of codes.
    uint32_t slot;
    uint32_t levels;
    // Where each level starts, the top one first.
    uint32_t starts[CSIMD_TREES_LEVELS];
    uint32_t missing;
    uint32_t missing_code;
    // Values so near to zero are zero.
    uint32_t tiny_is_zero;
} csimd_tree_column;

// Codes of some columns for some rows of values; codes of a row stand `code_stride` apart. `reach` is how
// near to zero counts as zero.
void csimd_tree_codes_float(enum csimd_variant variant, const csimd_tree_column *columns, size_t count, const float *thresholds,
                            const float *values, size_t value_stride, size_t rows, float reach, uint32_t *codes,
                            size_t code_stride);
void csimd_tree_codes_double(enum csimd_variant variant, const csimd_tree_column *columns, size_t count, const double *thresholds,
                             const double *values, size_t value_stride, size_t rows, double reach, uint32_t *codes,
                             size_t code_stride);

// What a column's codes leave of the trees of one block. Its nodes stand in the order of their thresholds, so
// that a code's position among them says that all before it answer "right". What they leave is in the table
// for every 2^shift of them; the last ones are taken one by one, always as many, as taking one twice changes
// nothing. Missing values and categories have positions of their own.
typedef struct {
    uint32_t slot;
    // In `positions`, that of code 0.
    uint32_t positions;
    // In `nodes`, the first: before those of the column stand as many that leave everything as are taken one
    // by one.
    uint32_t nodes;
    // How many are taken one by one.
    uint32_t count;
    // In the table, the first row; UINT32_MAX where all nodes are taken one by one.
    uint32_t rows;
    uint32_t shift;
} csimd_tree_use;

// A node that answers "right": what is left of its tree. Those that fill a list up stand behind the trees.
typedef struct {
    uint32_t tree;
    uint32_t mask;
} csimd_tree_node32;
typedef struct {
    uint64_t tree;
    uint64_t mask;
} csimd_tree_node64;

// Rows of the table are multiples of this.
enum { CSIMD_TREES_LINE = 64 };
// The bytes behind a row of masks for nodes that fill up.
enum { CSIMD_TREES_SPARE = 64 };

// Trees whose masks are worked on together. The first row of the table leaves everything.
typedef struct {
    const uint8_t *table;
    const uint16_t *positions;
    const void *nodes;
    // As many for each tree as a mask has bits, times `leaf_width`, and `leaf_width` more behind all; floats
    // where `single` is set.
    const void *leaves;
    // The first output of each tree.
    const uint32_t *outputs;
    uint32_t row_bytes;
    uint32_t trees;
    uint32_t mask_bytes;
    uint32_t leaf_width;
    uint32_t single;
    uint32_t output_count;
} csimd_tree_block;

// What the columns leave of all trees for one row of codes: for what rows have in common. `masks` has a row
// of the table's bytes, and CSIMD_TREES_SPARE more. The uses with rows of the table stand first.
void csimd_tree_masks(enum csimd_variant variant, const csimd_tree_block *block, const csimd_tree_use *uses,
                      size_t uses_with_rows, size_t uses_count, const uint32_t *codes, const uint8_t *start,
                      uint8_t *masks);

// Adds the leaves of each row of codes to its sums. `start` is what is left of the trees before. `masks` has
// room for CSIMD_TREES_ABREAST rows with their spare bytes.
enum { CSIMD_TREES_ABREAST = 4 };
void csimd_tree_add(enum csimd_variant variant, const csimd_tree_block *block, const csimd_tree_use *uses,
                    size_t uses_with_rows, size_t uses_count, const uint32_t *codes, size_t code_stride, size_t rows,
                    const uint8_t *start, uint8_t *masks, double *sums);

// The number of the leaf of each tree that one row ends in, for leaves that are more than a number.
void csimd_tree_leaves(const csimd_tree_block *block, const uint8_t *masks, uint32_t *leaves);

// Trees with more leaves than a word has bits are walked, several rows abreast. A leaf is its own child.
typedef struct {
    uint32_t slot;
    // Codes up to it go left; of a category, where its bits start; of a leaf, its number among all leaves.
    uint32_t bound;
    uint32_t left;
    uint32_t right;
} csimd_tree_step;

// Set in `slot` where the node asks for a category.
enum { CSIMD_TREE_CATEGORY = 1u << 31 };

typedef struct {
    const csimd_tree_step *steps;
    const uint32_t *roots;
    const uint32_t *bits;
    const void *leaves;
    const uint32_t *outputs;
    uint32_t trees;
    uint32_t leaf_width;
    uint32_t single;
    uint32_t output_count;
    uint32_t has_categories;
} csimd_tree_walk;

void csimd_tree_walk_add(const csimd_tree_walk *walk, const uint32_t *codes, size_t code_stride, size_t rows,
                         double *sums);

// The leaf of one tree, for leaves that are more than a number.
uint32_t csimd_tree_walk_leaf(const csimd_tree_walk *walk, size_t tree, const uint32_t *codes);

// The best variant that this machine has.
enum csimd_variant csimd_tree_best(void);
bool csimd_tree_runs(enum csimd_variant variant);
