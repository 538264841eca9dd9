// What the vector variants share: a document is classified 64 bytes at a time into bit masks (bit i is byte i
// of the block), and everything from there to the tokens is arithmetic on those masks.
#pragma once
#include <immintrin.h>
#include <string.h>

#include "json_kernels.h"

// The classes of a block's bytes, as a vector variant finds them.
typedef struct {
    uint64_t quote;      // "
    uint64_t backslash;  // the character
    uint64_t operator;   // { } [ ] : ,
    uint64_t space;      // space, tab, line feed, carriage return
    uint64_t special;    // below 0x20 or above 0x7F: what a string may not have, or only as part of UTF-8
    uint64_t digit;      // 0 to 9
    uint64_t zero;       // 0
} csimd_json_block;

// What goes on from one block to the next.
typedef struct {
    uint64_t in_string;       // all ones if the block before ended inside a string
    uint64_t in_scalar;       // 1 if it ended in something other than a token or white space
    uint64_t escape;          // bit 0: it ended in a backslash that escapes the first byte of this one;
                              // bit 1: it ended inside a string that has had an escape
} csimd_json_state;

// Bits of one block.
typedef struct {
    uint32_t base;
    uint32_t bits[2];
} csimd_json_mask;

// What is checked byte by byte once all blocks are done, so that the loop over them calls nothing. It takes
// less room than the partners of the tokens, which are not known yet: its owner lays it out there.
typedef struct {
    uint8_t *odd;               // for each block, the bytes of scalars that are not plain digits
    csimd_json_mask *escapes;   // backslashes that start an escape
    csimd_json_mask *specials;  // bytes of strings that are not plain ASCII
    size_t escape_count;
    size_t special_count;
} csimd_json_rest;

// The tokens of a block.
typedef struct {
    uint64_t all;          // every token
    uint64_t end;          // closing quotes
    uint64_t escaped_end;  // closing quotes of strings with escapes
} csimd_json_tokens;

#define CSIMD_BLOCKS __attribute__((target("avx2,bmi,bmi2,pclmul,popcnt")))
#define CSIMD_BLOCKS_INLINE CSIMD_BLOCKS static inline __attribute__((always_inline))

// Lays out the room for a document of `count` bytes.
csimd_json_rest csimd_json_rest_in(uint32_t *room, size_t count);

// Whether all of it is valid.
bool csimd_json_check(const csimd_json_rest *rest, const uint8_t *bytes, size_t count);

// Bit i of the result is the parity of bits 0 to i.
CSIMD_BLOCKS_INLINE uint64_t csimd_prefix_xor(uint64_t bits) {
    __m128i all = _mm_set1_epi8((char)0xFF);
    return (uint64_t)_mm_cvtsi128_si64(_mm_clmulepi64_si128(_mm_set_epi64x(0, (long long)bits), all, 0));
}

// Of the backslashes, those that start an escape; `escaped` gets the bytes that they escape. In a run of
// backslashes every other one starts an escape: subtracting the run's start from the odd bits tells which.
CSIMD_BLOCKS_INLINE uint64_t csimd_json_escapes(csimd_json_state *state, uint64_t backslash,
                                                uint64_t *escaped) {
    const uint64_t odd = 0xAAAAAAAAAAAAAAAAull;
    const uint64_t first = state->escape & 1;
    uint64_t potential = backslash & ~first;
    uint64_t terminal = (((potential << 1) | odd) - potential) ^ odd;
    uint64_t escapes = terminal & backslash;
    *escaped = terminal ^ (backslash | first);
    return escapes;
}

CSIMD_BLOCKS_INLINE void csimd_json_keep(csimd_json_mask *masks, size_t *masks_count, size_t base,
                                         uint64_t bits) {
    masks[(*masks_count)++] = (csimd_json_mask){(uint32_t)base, {(uint32_t)bits, (uint32_t)(bits >> 32)}};
}

// From classes to tokens.
CSIMD_BLOCKS_INLINE csimd_json_tokens csimd_json_find(csimd_json_state *state, csimd_json_rest *rest,
                                                      csimd_json_block block, size_t base) {
    csimd_json_tokens tokens;
    tokens.escaped_end = 0;
    const bool rare = (block.backslash | state->escape) != 0;
    uint64_t escapes = 0;
    if (__builtin_expect(rare, 0)) {
        uint64_t escaped;
        escapes = csimd_json_escapes(state, block.backslash, &escaped);
        block.quote &= ~escaped;
        csimd_json_keep(rest->escapes, &rest->escape_count, base, escapes);
    }
    // From each opening quote up to, and not including, its closing one.
    const uint64_t was_in_string = state->in_string;
    uint64_t in_string = csimd_prefix_xor(block.quote) ^ was_in_string;
    state->in_string = (uint64_t)((int64_t)in_string >> 63);
    tokens.end = block.quote & ~in_string;
    if (__builtin_expect(rare, 0)) {
        // A carry sent up from each opening quote arrives at the closing one unless a backslash stops it.
        unsigned long long arrived;
        unsigned char was_plain = (unsigned char)(was_in_string & ~(state->escape >> 1) & 1);
        unsigned char is_plain = _addcarry_u64(was_plain, in_string & ~block.backslash,
                                               in_string & block.quote,
                                               &arrived);
        tokens.escaped_end = tokens.end & ~arrived;
        state->escape = escapes >> 63 | (state->in_string & 2 & ~((uint64_t)is_plain << 1));
    }

    uint64_t scalar = ~(block.operator | block.space | block.quote);
    uint64_t follows = scalar << 1 | state->in_scalar;
    state->in_scalar = scalar >> 63;
    scalar &= ~in_string;
    uint64_t starts = scalar & ~follows;
    tokens.all = (block.operator & ~in_string) | block.quote | starts;

    // Outside strings, any other control character than white space is a scalar, or looks like an operator
    // that is none to the grammar; a backslash or a byte beyond ASCII is part of a scalar that is not well
    // formed.
    uint64_t specials = block.special & in_string;
    if (__builtin_expect(specials != 0, 0)) {
        csimd_json_keep(rest->specials, &rest->special_count, base, specials);
    }
    // A scalar of digits only is valid unless it starts with a zero and goes on; the last byte of a block
    // cannot tell. Those and all other scalars are looked at later.
    const uint64_t last = 1ull << 63;
    uint64_t odd = (scalar & ~block.digit) | (starts & block.zero & (block.digit >> 1 | last));
    memcpy(rest->odd + base / 8, &odd, sizeof odd);
    return tokens;
}
