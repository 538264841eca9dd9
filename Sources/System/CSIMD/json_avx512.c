// The JSON token index with AVX-512 (BW, VBMI, VBMI2): 64 bytes, then 64 tokens, at a time.
#if defined(__x86_64__)
#include <string.h>

#include "json_blocks.h"

#define AVX512 \
    __attribute__((target("avx512f,avx512bw,avx512vl,avx512vbmi,avx512vbmi2,avx2,bmi,bmi2,pclmul,popcnt")))
#define AVX512_INLINE AVX512 static inline __attribute__((always_inline))

// Sixteen table bytes in each quarter of a vector; no byte equals the entry of an unused slot, for 0x80 looks
// up 0.
#define TABLE(...) _mm512_broadcast_i32x4(_mm_setr_epi8(__VA_ARGS__))
#define NONE ((char)0x80)

AVX512_INLINE csimd_json_block classify(__m512i bytes) {
    const __m512i spaces = TABLE(' ', NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, '\t', '\n', NONE, NONE,
                                 '\r', NONE, NONE);
    // Brackets with bit 5 set are braces; the control characters that look like a comma or a colon then are
    // wrong wherever they stand.
    const __m512i operators = TABLE(NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, ':', '{',
                                    ',', '}', NONE, NONE);
    const __m512i bit5 = _mm512_set1_epi8(0x20);
    csimd_json_block block;
    block.quote = _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8('"'));
    block.backslash = _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8('\\'));
    block.operator = _mm512_cmpeq_epi8_mask(_mm512_shuffle_epi8(operators, bytes),
                                            _mm512_or_si512(bytes, bit5));
    block.space = _mm512_cmpeq_epi8_mask(_mm512_shuffle_epi8(spaces, bytes), bytes);
    block.special = _mm512_cmplt_epi8_mask(bytes, bit5);
    __m512i digit = _mm512_sub_epi8(bytes, _mm512_set1_epi8('0'));
    block.digit = _mm512_cmple_epu8_mask(digit, _mm512_set1_epi8(9));
    block.zero = _mm512_testn_epi8_mask(digit, digit);
    return block;
}

AVX512_INLINE void write16(uint32_t *positions, __m128i offsets, __m512i base) {
    _mm512_storeu_si512(positions, _mm512_add_epi32(_mm512_cvtepu8_epi32(offsets), base));
}

// The bits' numbers, packed to the front of a vector.
AVX512_INLINE __m512i pack(uint64_t bits) {
    const __m512i numbers = _mm512_set_epi64(
        0x3F3E3D3C3B3A3938, 0x3736353433323130, 0x2F2E2D2C2B2A2928, 0x2726252423222120, 0x1F1E1D1C1B1A1918,
        0x1716151413121110, 0x0F0E0D0C0B0A0908, 0x0706050403020100);
    return _mm512_maskz_compress_epi8(bits, numbers);
}

// Appends a block's tokens, their kinds and positions, in whole vectors.
AVX512_INLINE size_t append(csimd_json_tokens tokens, __m512i bytes, __m512i base, uint32_t *positions,
                            uint8_t *kinds) {
    size_t found = (size_t)_mm_popcnt_u64(tokens.all);
    bytes = _mm512_mask_mov_epi8(bytes, tokens.end, _mm512_set1_epi8(CSIMD_JSON_PLAIN_END));
    _mm512_storeu_si512(kinds, _mm512_maskz_compress_epi8(tokens.all, bytes));

    for (uint64_t left = tokens.escaped_end; __builtin_expect(left != 0, 0); left = _blsr_u64(left)) {
        kinds[_mm_popcnt_u64(tokens.all & (_blsmsk_u64(left) >> 1))] = CSIMD_JSON_ESCAPED_END;
    }

    __m512i packed = pack(tokens.all);
    write16(positions, _mm512_castsi512_si128(packed), base);
    write16(positions + 16, _mm512_extracti32x4_epi32(packed, 1), base);
    if (__builtin_expect(found > 32, 0)) {
        write16(positions + 32, _mm512_extracti32x4_epi32(packed, 2), base);
        write16(positions + 48, _mm512_extracti32x4_epi32(packed, 3), base);
    }
    return found;
}

// Finds the tokens; `room` is as large as their partners. False if a string, a number or a literal is not
// valid.
AVX512_INLINE bool scan(const uint8_t *bytes, size_t count, uint32_t *positions, uint8_t *kinds,
                        uint32_t *room,
                        size_t *tokens) {
    csimd_json_state state = {0};
    csimd_json_rest rest = csimd_json_rest_in(room, count);
    size_t n = 0;
    for (size_t base = 0; base < count; base += 64) {
        __m512i block;
        if (__builtin_expect(count - base >= 64, 1)) {
            block = _mm512_loadu_si512(bytes + base);
        } else {
            // A masked load touches nothing beyond its mask; the rest of the block is white space.
            block = _mm512_mask_loadu_epi8(_mm512_set1_epi8(' '), _bzhi_u64(~0ull, (unsigned)(count - base)),
                                           bytes + base);
        }
        csimd_json_tokens found = csimd_json_find(&state, &rest, classify(block), base);
        n += append(found, block, _mm512_set1_epi32((int)base), positions + n, kinds + n);
    }
    _mm512_storeu_si512(kinds + n, _mm512_setzero_si512());
    _mm512_storeu_si512(kinds + n + 64, _mm512_setzero_si512());
    *tokens = n;
    return state.in_string == 0 && csimd_json_check(&rest, bytes, count);
}

// What a token is to the grammar, one bit each. All but these rules is settled by `link`: which kind of
// container a comma or a closing bracket is in, and where a colon may be.
enum { OPEN = 1, CLOSE = 2, COLON = 4, COMMA = 8, QUOTE = 16, QUOTE_END = 32, SCALAR = 64, END = 128 };
enum { VALUE = OPEN | QUOTE | SCALAR, AFTER_VALUE = COMMA | CLOSE | END };

static const uint8_t is[128] __attribute__((aligned(64))) = {
    [CSIMD_JSON_BOUNDARY] = END, [CSIMD_JSON_PLAIN_END] = QUOTE_END, [CSIMD_JSON_ESCAPED_END] = QUOTE_END,
    ['"'] = QUOTE, [','] = COMMA, [':'] = COLON, ['['] = OPEN, ['{'] = OPEN, [']'] = CLOSE, ['}'] = CLOSE,
    ['-'] = SCALAR, ['0' ... '9'] = SCALAR, ['f'] = SCALAR, ['n'] = SCALAR, ['t'] = SCALAR,
};

static const uint8_t may_follow[128] __attribute__((aligned(64))) = {
    [CSIMD_JSON_BOUNDARY] = END, ['"'] = QUOTE_END, [CSIMD_JSON_PLAIN_END] = COLON | AFTER_VALUE,
    [CSIMD_JSON_ESCAPED_END] = COLON | AFTER_VALUE, [','] = VALUE, [':'] = VALUE, ['['] = VALUE | CLOSE,
    ['{'] = QUOTE | CLOSE, [']'] = AFTER_VALUE, ['}'] = AFTER_VALUE, ['-'] = AFTER_VALUE,
    ['0' ... '9'] = AFTER_VALUE, ['f'] = AFTER_VALUE, ['n'] = AFTER_VALUE, ['t'] = AFTER_VALUE,
};

// The grammar over 64 tokens at a time. Neighbours are checked by table. A colon must have a string before
// it, and a comma or an open brace before that; an open brace with a string behind it must have a colon
// behind that. What is left is that all values of one container are of one sort, with a key or without, as
// its first is. A comma has the sort of the value behind it, told by the colon three tokens on; it must be
// the sort of the value before it. Where that is a scalar or a string this is a matter of neighbours again;
// where it is a container, of its two brackets.
AVX512_INLINE bool link(const uint8_t *kinds, size_t tokens, uint32_t *partners, unsigned depth) {
    if (tokens == 0 || (is[kinds[0]] & VALUE) == 0 || kinds[2] == ':') return false;
    const __m512i is_low = _mm512_load_si512(is), is_high = _mm512_load_si512(is + 64);
    const __m512i follow_low = _mm512_load_si512(may_follow);
    const __m512i follow_high = _mm512_load_si512(may_follow + 64);
    const __m512i colons = _mm512_set1_epi8(':'), commas = _mm512_set1_epi8(',');
    uint32_t open[CSIMD_JSON_DEEPEST];  // The open brackets' tokens.
    size_t level = 0;
    uint64_t wrong = 0;
    for (size_t i = 0; i < tokens; i += 64) {
        __m512i kind = _mm512_loadu_si512(kinds + i);
        __m512i next = _mm512_loadu_si512(kinds + i + 1);
        __m512i third = _mm512_loadu_si512(kinds + i + 3);
        __m512i follow = _mm512_permutex2var_epi8(follow_low, kind, follow_high);
        __m512i next_is = _mm512_permutex2var_epi8(is_low, next, is_high);
        wrong |= _mm512_testn_epi8_mask(follow, next_is);

        uint64_t colon = _mm512_cmpeq_epi8_mask(kind, colons);
        uint64_t brace = _mm512_cmpeq_epi8_mask(kind, _mm512_set1_epi8('{'));
        uint64_t comma = _mm512_cmpeq_epi8_mask(kind, commas);
        uint64_t third_colon = _mm512_cmpeq_epi8_mask(third, colons);
        uint64_t quote = _mm512_cmpeq_epi8_mask(next, _mm512_set1_epi8('"'));
        wrong |= (third_colon & ~(brace | comma)) | (brace & quote & ~third_colon);

        // The value at i + 1 and the comma behind it.
        uint64_t scalar = _mm512_test_epi8_mask(next_is, _mm512_set1_epi8(SCALAR));
        uint64_t scalar_comma = scalar & _mm512_cmpeq_epi8_mask(_mm512_loadu_si512(kinds + i + 2), commas);
        uint64_t string_comma = quote & _mm512_cmpeq_epi8_mask(third, commas);
        wrong |= scalar_comma & (colon ^ _mm512_cmpeq_epi8_mask(_mm512_loadu_si512(kinds + i + 5), colons));
        wrong |= string_comma & (colon ^ _mm512_cmpeq_epi8_mask(_mm512_loadu_si512(kinds + i + 6), colons));

        // In ASCII the four brackets differ in bits 1, 2 and 5 only, and no other token differs from them in
        // just those.
        uint64_t brackets = _mm512_cmpeq_epi8_mask(_mm512_or_si512(kind, _mm512_set1_epi8(0x26)),
                                                   _mm512_set1_epi8(0x7F));
        for (; brackets != 0; brackets = _blsr_u64(brackets)) {
            uint32_t token = (uint32_t)(i + _tzcnt_u64(brackets));
            const uint8_t *bracket = kinds + token;
            if (*bracket & 2) {  // In ASCII bit 1 tells opening from closing, which is opening plus 2.
                if (level == depth) return false;
                open[level++] = token;
            } else {
                if (level == 0) return false;
                uint32_t opening = open[--level];
                partners[opening] = token;
                bool has_key = opening != 0 && kinds[opening - 1] == ':';
                wrong |= *bracket ^ (kinds[opening] + 2u);
                wrong |= (bracket[1] == ',') & (has_key ^ (bracket[4] == ':'));
            }
        }
    }
    if (wrong != 0 || level != 0) return false;
    // One value, and nothing behind it.
    if (is[kinds[0]] & OPEN) return partners[0] == tokens - 1;
    return tokens == (kinds[0] == '"' ? 2 : 1);
}

AVX512 int64_t csimd_json_index_avx512(const uint8_t *bytes, size_t count, uint32_t *positions,
                                       uint32_t *partners, uint8_t *kinds, unsigned depth) {
    size_t tokens;
    if (!scan(bytes, count, positions, kinds, partners, &tokens)) return -1;
    return link(kinds, tokens, partners, depth) ? (int64_t)tokens : -1;
}
#endif
