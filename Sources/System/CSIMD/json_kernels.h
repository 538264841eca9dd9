// Between the kernels: what the portable and the vector variants share.
#pragma once
#include <stdbool.h>

#include "CSIMD.h"

// The first stage: tokens with positions and kinds, between boundaries. False if a string, an escape, a control
// character or the UTF-8 is wrong; the tokens are then incomplete.
typedef bool csimd_json_scan(const uint8_t *bytes, size_t count, uint32_t *positions, uint8_t *kinds, size_t *tokens);

// The second stage: whether the tokens follow each other as the grammar wants; writes the partners of open brackets.
typedef bool csimd_json_link(const uint8_t *kinds, size_t tokens, uint32_t *partners, unsigned depth);

csimd_json_scan csimd_json_scan_portable;
csimd_json_link csimd_json_link_portable;

// Whether the number or literal that starts at `at` is well formed and ends where a scalar may end.
bool csimd_json_scalar(const uint8_t *bytes, size_t count, size_t at);

// The length of the escape whose backslash is at `at`: 2, 6, or 12 for a surrogate pair; 0 if it is not a valid one.
size_t csimd_json_escape_length(const uint8_t *bytes, size_t count, size_t at);

// The length of the UTF-8 character that starts at `at`, or 0 if it is not a valid one.
size_t csimd_utf8_length(const uint8_t *bytes, size_t count, size_t at);
