// What the vector variants share: a document is classified 64 bytes at a time into bit masks (bit i is byte i of the
// block), and everything from there to the tokens is arithmetic on those masks.
#pragma once
#include <immintrin.h>

#include "json_kernels.h"

// The classes of a block's bytes, as a vector variant finds them.
typedef struct {
    uint64_t quote;      // "
    uint64_t backslash;  // the character
    uint64_t operator;   // { } [ ] : ,
    uint64_t space;      // space, tab, line feed, carriage return
    uint64_t control;    // below 0x20
    uint64_t wide;       // above 0x7F
    uint64_t digit;      // 0 to 9
    uint64_t zero;       // 0
} csimd_json_block;

// What goes on from one block to the next.
typedef struct {
    uint64_t in_string;       // all ones if the block before ended inside a string
    uint64_t escaped;         // 1 if it ended in a backslash that escapes the first byte of this one
    uint64_t in_scalar;       // 1 if it ended in something other than a token or white space
    uint64_t zero;            // 1 if it ended in a scalar's first byte, and that is a zero
    unsigned char plain;      // 1 if it ended inside a string that has no escape so far
    uint64_t wrong;           // not zero once anything is not valid
} csimd_json_state;

// How far the rare work has come that is done one by one. Apart from the state, which stays in registers.
typedef struct {
    size_t scalar_start;  // where the latest scalar starts
    size_t scalars;       // scalars before this are checked
    size_t escapes;       // escapes before this are
    size_t wides;         // characters outside ASCII before this are
} csimd_json_checked;

// The tokens of a block.
typedef struct {
    uint64_t all;          // every token
    uint64_t end;          // closing quotes
    uint64_t escaped_end;  // closing quotes of strings with escapes
} csimd_json_tokens;

#define CSIMD_BLOCKS __attribute__((target("avx2,bmi,bmi2,lzcnt,pclmul,popcnt")))
#define CSIMD_BLOCKS_INLINE CSIMD_BLOCKS static inline __attribute__((always_inline))

// The rare work, out of the loop: what is checked one by one. Each gives 1 if something is wrong.
uint64_t csimd_json_check_escapes(csimd_json_checked *checked, const uint8_t *bytes, size_t count, size_t base,
                                  uint64_t escapes);
uint64_t csimd_json_check_scalars(csimd_json_checked *checked, const uint8_t *bytes, size_t count, size_t base,
                                  uint64_t starts, uint64_t odd);
uint64_t csimd_json_check_wides(csimd_json_checked *checked, const uint8_t *bytes, size_t count, size_t base,
                                uint64_t wides);

// Bit i of the result is the parity of bits 0 to i.
CSIMD_BLOCKS_INLINE uint64_t csimd_prefix_xor(uint64_t bits) {
    __m128i all = _mm_set1_epi8((char)0xFF);
    return (uint64_t)_mm_cvtsi128_si64(_mm_clmulepi64_si128(_mm_set_epi64x(0, (long long)bits), all, 0));
}

// Of the backslashes, those that start an escape; `escaped` gets the bytes that they escape. In a run of
// backslashes every other one starts an escape: subtracting the run's start from the odd bits tells which.
CSIMD_BLOCKS_INLINE uint64_t csimd_json_escapes(csimd_json_state *state, uint64_t backslash, uint64_t *escaped) {
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
                                                      csimd_json_block block, const uint8_t *bytes, size_t count,
                                                      size_t base) {
    if (__builtin_expect((block.backslash | state->escaped) != 0, 0)) {
        uint64_t escaped;
        uint64_t escapes = csimd_json_escapes(state, block.backslash, &escaped);
        block.quote &= ~escaped;
        state->wrong |= csimd_json_check_escapes(checked, bytes, count, base, escapes);
    }
    // From each opening quote up to, and not including, its closing one.
    uint64_t in_string = csimd_prefix_xor(block.quote) ^ state->in_string;
    state->in_string = (uint64_t)((int64_t)in_string >> 63);

    // A carry sent up from each opening quote arrives at the closing one unless a backslash stops it.
    unsigned long long arrived;
    state->plain = _addcarry_u64(state->plain, in_string & ~block.backslash, in_string & block.quote, &arrived);
    csimd_json_tokens tokens;
    tokens.end = block.quote & ~in_string;
    tokens.escaped_end = tokens.end & ~arrived;

    uint64_t scalar = ~(block.operator | block.space | block.quote);
    uint64_t follows = scalar << 1 | state->in_scalar;
    state->in_scalar = scalar >> 63;
    scalar &= ~in_string;
    uint64_t starts = scalar & ~follows;
    tokens.all = (block.operator & ~in_string) | block.quote | starts;

    // Control characters are allowed nowhere but as white space between tokens, and nothing but ASCII is
    // outside strings; a backslash there is part of a scalar that is not well formed.
    state->wrong |= block.control & (in_string | ~block.space);
    if (__builtin_expect(block.wide != 0, 0)) {
        state->wrong |= csimd_json_check_wides(checked, bytes, count, base, block.wide);
    }
    // A scalar of digits only is valid unless it starts with a zero and goes on. All others are looked at.
    uint64_t zero = starts & block.zero;
    state->wrong |= (zero << 1 | state->zero) & scalar & block.digit;
    state->zero = zero >> 63;
    uint64_t odd = scalar & ~block.digit;
    if (odd != 0) state->wrong |= csimd_json_check_scalars(checked, bytes, count, base, starts, odd);
    if (starts != 0) checked->scalar_start = base + 63 - (size_t)__builtin_clzll(starts);
    return tokens;
}
