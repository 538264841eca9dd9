// Which rows pass every facet of a request: the innermost loop of retrieval. The sets lie in a compiled catalog.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "variants.h"

// A set in blocks of 512 rows: which blocks have rows, which are full, how many are stored before each word's, and those
// that are stored.
typedef struct {
    const uint64_t *words;
    const uint64_t *full;
    const uint32_t *ranks;
    const uint8_t *stored;
} csimd_row_set;

// What one facet lets through: rows that came from lists, where there are any (a word for 64 of them, from the first row
// on, and a bit for each block that has some), and the union of some sets.
typedef struct {
    const uint64_t *listed;
    const uint64_t *listed_blocks;
    size_t first_set;
    size_t end_set;
} csimd_row_facet;

// Takes from the rows of some of 64 blocks (eight words each, the first of them of block 64 * word) all that some facet does
// not let through, or that are excluded; `blocks` says which of them are asked about. Gives those that have rows left; the
// rows of the others are anything.
uint64_t csimd_rows_pass(const csimd_row_facet *facets, size_t facet_count, const csimd_row_facet *excluded,
                         const csimd_row_set *sets, size_t word, uint64_t blocks, uint64_t *rows);

// The same by one variant, which must be one that this machine runs: all give the same.
uint64_t csimd_rows_pass_by(enum csimd_variant variant, const csimd_row_facet *facets, size_t facet_count,
                            const csimd_row_facet *excluded, const csimd_row_set *sets, size_t word, uint64_t blocks,
                            uint64_t *rows);

bool csimd_rows_run(enum csimd_variant variant);

// Takes over what passed in some of 64 blocks: adds its rows to those found, but for rows that follow another of the same
// line item, which stay; `later` says in which blocks some stay. Gives how many were added. No row was there before.
size_t csimd_rows_take(uint64_t *rows, uint64_t blocks, const uint64_t *following, uint64_t *found, uint64_t *later);

// Sets the bits of a list's rows in the blocks of 512 that are wanted, and those of these blocks.
void csimd_rows_spread(const uint32_t *list, size_t count, const uint64_t *wanted, uint64_t *rows, uint64_t *blocks);
