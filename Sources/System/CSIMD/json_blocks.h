// What the vector variants share: a document is classified 64 bytes at a time into bit masks (bit i is byte i
// of the block), and everything from there to the tokens is arithmetic on those masks.
#pragma once
#include <immintrin.h>

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
    uint64_t escaped;         // 1 if it ended in a backslash that escapes the first byte of this one
    uint64_t in_scalar;       // 1 if it ended in something other than a token or white space
    uint64_t tainted;         // 1 if it ended inside a string that has had an escape
    uint64_t wrong;           // not zero once anything is not valid
} csimd_json_state;

// How far the rare work has come that is done one by one. Apart from the state, which stays in registers.
typedef struct {
    size_t escapes;   // escapes before this are checked
    size_t specials;  // bytes of strings that are not plain ASCII before this are
} csimd_json_checked;

// The tokens of a block.
typedef struct {
    uint64_t all;          // every token
    uint64_t end;          // closing quotes
    uint64_t escaped_end;  // closing quotes of strings with escapes
    uint64_t odd;          // not tokens: bytes of scalars that are not plain digits
} csimd_json_tokens;

#define CSIMD_BLOCKS __attribute__((target("avx2,bmi,bmi2,pclmul,popcnt")))
#define CSIMD_BLOCKS_INLINE CSIMD_BLOCKS static inline __attribute__((always_inline))

// The rare work, out of the loop: what is checked one by one. Each gives 1 if something is wrong.
uint64_t csimd_json_check_escapes(csimd_json_checked *checked, const uint8_t *bytes, size_t count,
                                  size_t base, uint64_t escapes);
uint64_t csimd_json_check_specials(csimd_json_checked *checked, const uint8_t *bytes, size_t count,
                                   size_t base, uint64_t specials);

// Checks the scalars that hold odd bytes, which are given as one mask for each block.
bool csimd_json_check_scalars(const uint8_t *bytes, size_t count, const uint8_t *masks);

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
    uint64_t potential = backslash & ~state->escaped;
    uint64_t terminal = (((potential << 1) | odd) - potential) ^ odd;
    uint64_t escapes = terminal & backslash;
    *escaped = terminal ^ (backslash | state->escaped);
    state->escaped = escapes >> 63;
    return escapes;
}

// From classes to tokens, with everything checked that can be checked within strings and scalars.
CSIMD_BLOCKS_INLINE csimd_json_tokens csimd_json_find(csimd_json_state *state, csimd_json_checked *checked,
                                                      csimd_json_block block, const uint8_t *bytes,
                                                          size_t count,
                                                      size_t base) {
    csimd_json_tokens tokens;
    tokens.escaped_end = 0;
    const bool rare = (block.backslash | state->escaped | state->tainted) != 0;
    if (__builtin_expect(rare, 0)) {
        uint64_t escaped;
        uint64_t escapes = csimd_json_escapes(state, block.backslash, &escaped);
        block.quote &= ~escaped;
        state->wrong |= csimd_json_check_escapes(checked, bytes, count, base, escapes);
    }
    // From each opening quote up to, and not including, its closing one.
    const uint64_t was_in_string = state->in_string;
    uint64_t in_string = csimd_prefix_xor(block.quote) ^ was_in_string;
    state->in_string = (uint64_t)((int64_t)in_string >> 63);
    tokens.end = block.quote & ~in_string;
    if (__builtin_expect(rare, 0)) {
        // A carry sent up from each opening quote arrives at the closing one unless a backslash stops it.
        unsigned long long arrived;
        unsigned char plain = _addcarry_u64((unsigned char)(was_in_string & ~state->tainted & 1),
                                            in_string & ~block.backslash, in_string & block.quote, &arrived);
        tokens.escaped_end = tokens.end & ~arrived;
        state->tainted = state->in_string & ~(uint64_t)plain & 1;
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
        state->wrong |= csimd_json_check_specials(checked, bytes, count, base, specials);
    }
    // A scalar of digits only is valid unless it starts with a zero and goes on; the last byte of a block
    // cannot tell. Those and all other scalars are looked at later.
    const uint64_t last = 1ull << 63;
    tokens.odd = (scalar & ~block.digit) | (starts & block.zero & (block.digit >> 1 | last));
    return tokens;
}
