// Vector kernels that Swift cannot express, each with a portable twin that gives the same results to the last bit.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "http_bytes.h"

// The token index of a JSON document. The caller owns the arrays and has made each of them CSIMD_JSON_SLACK entries
// longer than the document has bytes; CSIMD_JSON_LEAD bytes before `kinds` may be written too.
enum { CSIMD_JSON_SLACK = 128, CSIMD_JSON_LEAD = 64 };

// What a token's kind may be beside the byte that stands at its position.
enum {
    CSIMD_JSON_BOUNDARY = 0,     // before the first token and after the last
    CSIMD_JSON_PLAIN_END = 2,    // the closing quote of a string without escapes
    CSIMD_JSON_ESCAPED_END = 3,  // the closing quote of a string with escapes
};

// Finds every token of the document and proves the document valid (RFC 8259, UTF-8, nested at most `depth` deep,
// which may be up to 64). Tokens are brackets, colons, commas, both quotes of a string, and the first byte of any other
// scalar. `partners` is written for opening brackets only: the index of the token that closes it.
// Gives the number of tokens, or -1 if the document is not valid. Reads nothing outside the bytes.
int64_t csimd_json_index(const uint8_t *bytes, size_t count, uint32_t *positions, uint32_t *partners,
                         uint8_t *kinds, unsigned depth);
