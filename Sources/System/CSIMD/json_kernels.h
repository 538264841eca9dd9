// Between the kernels: what the portable and the vector variants share.
#pragma once
#include <stdbool.h>

#include "CSIMD.h"

// One variant of csimd_json_index.
typedef int64_t csimd_json_indexer(const uint8_t *bytes, size_t count, uint32_t *positions,
                                   uint32_t *partners, uint8_t *kinds, unsigned depth);

csimd_json_indexer csimd_json_index_portable;
#if defined(__x86_64__)
csimd_json_indexer csimd_json_index_avx2;
csimd_json_indexer csimd_json_index_avx512;
#endif

// Whether the tokens follow each other as the grammar wants; writes the partners of open brackets.
bool csimd_json_link(const uint8_t *kinds, size_t tokens, uint32_t *partners, unsigned depth);

// What may follow a scalar: white space, a comma or a closing bracket. Anything else is part of it, and wrong.
static inline bool csimd_json_ends_scalar(uint8_t byte) {
    const uint64_t low = 1ull << ' ' | 1ull << '\n' | 1ull << '\r' | 1ull << '\t' | 1ull << ',';
    return byte < 64 ? low >> byte & 1 : (byte | 0x20) == '}';  // In ASCII bit 5 tells braces from brackets.
}

// The end of the number or literal that starts at `at`, or 0 if it is not well formed or does not end where a
// scalar may end.
size_t csimd_json_scalar_end(const uint8_t *bytes, size_t count, size_t at);

// The length of the escape whose backslash is at `at`: 2, 6, or 12 for a surrogate pair; 0 if it is not a
// valid one.
size_t csimd_json_escape_length(const uint8_t *bytes, size_t count, size_t at);

// The length of the UTF-8 character that starts at `at`, or 0 if it is not a valid one.
size_t csimd_utf8_length(const uint8_t *bytes, size_t count, size_t at);
