// Vector kernels that Swift cannot express, each with a portable twin that gives the same results to the last
// bit.
#pragma once
#if __has_feature(modules)
// The C library's types belong to Swift's own module of it, whichever module is loaded first: the headers of the
// intrinsics include some of them.
#pragma clang module import SwiftGlibc
#endif
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crc32c.h"
#include "dense.h"
#include "erf_tables.h"
#include "http_bytes.h"
#include "real.h"
#include "row_sets.h"
#include "sha256.h"
#include "trees.h"
#include "variants.h"

// Whether this machine has what the variant needs.
bool csimd_variant_runs(enum csimd_variant variant);

// Runs this variant from now on, where the machine has it: for a fuzzer, before it reads its first document.
void csimd_choose(enum csimd_variant variant);

// The token index of a JSON document. The caller owns the arrays and has made each of them CSIMD_JSON_SLACK
// entries longer than the document has bytes.
enum { CSIMD_JSON_SLACK = 128 };

// As deep as documents may nest: the open brackets are kept on the stack, four bytes each.
enum { CSIMD_JSON_DEEPEST = 1024 };

// What a token's kind may be beside the byte that stands at its position.
enum {
    CSIMD_JSON_BOUNDARY = 0,     // after the last token
    CSIMD_JSON_PLAIN_END = 2,    // the closing quote of a string without escapes
    CSIMD_JSON_ESCAPED_END = 3,  // the closing quote of a string with escapes
};

// Finds every token of the document and proves the document valid (RFC 8259, UTF-8, nested at most `depth`
// deep, which may be 1 to CSIMD_JSON_DEEPEST). Tokens are brackets, colons, commas, both quotes of a string, and the first
// byte of any other scalar. `partners` is written for brackets only: an opening one gets the index of the
// token that closes it. Gives the number of tokens, or -1 if the document is not valid. Reads nothing outside
// the bytes.
int64_t csimd_json_index(const uint8_t *bytes, size_t count, uint32_t *positions, uint32_t *partners,
                         uint8_t *kinds, unsigned depth);

// The same by one variant, which the machine must have: for tests that compare them.
int64_t csimd_json_index_by(enum csimd_variant variant, const uint8_t *bytes, size_t count,
                            uint32_t *positions, uint32_t *partners, uint8_t *kinds, unsigned depth);
