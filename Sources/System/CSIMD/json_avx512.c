// The JSON token index with AVX-512 (BW, VBMI, VBMI2): 64 bytes, then 64 tokens, at a time.
#if defined(__x86_64__)
#include "json_blocks.h"

#define AVX512 \
    __attribute__((target("avx512f,avx512bw,avx512vl,avx512vbmi,avx512vbmi2,avx2,bmi,bmi2,lzcnt,pclmul,popcnt")))
#define AVX512_INLINE AVX512 static inline __attribute__((always_inline))

// Sixteen table bytes in each quarter of a vector; no byte equals the entry of an unused slot, for 0x80 looks up 0.
#define TABLE(...) _mm512_broadcast_i32x4(_mm_setr_epi8(__VA_ARGS__))
#define NONE ((char)0x80)

AVX512_INLINE csimd_json_block classify(__m512i bytes) {
    const __m512i spaces = TABLE(' ', NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, '\t', '\n', NONE, NONE, '\r',
                                 NONE, NONE);
    // Brackets with bit 5 set are braces; the control characters that look like a comma or a colon then are wrong
    // wherever they stand.
    const __m512i operators = TABLE(NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, ':', '{', ',', '}',
                                    NONE, NONE);
    const __m512i bit5 = _mm512_set1_epi8(0x20);
    csimd_json_block block;
    block.quote = _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8('"'));
    block.backslash = _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8('\\'));
    block.operator = _mm512_cmpeq_epi8_mask(_mm512_shuffle_epi8(operators, bytes), _mm512_or_si512(bytes, bit5));
    block.space = _mm512_cmpeq_epi8_mask(_mm512_shuffle_epi8(spaces, bytes), bytes);
    block.control = _mm512_cmplt_epu8_mask(bytes, bit5);
    block.wide = _mm512_movepi8_mask(bytes);
    __m512i digit = _mm512_sub_epi8(bytes, _mm512_set1_epi8('0'));
    block.digit = _mm512_cmple_epu8_mask(digit, _mm512_set1_epi8(9));
    block.zero = _mm512_testn_epi8_mask(digit, digit);
    return block;
}

AVX512_INLINE void write16(uint32_t *positions, __m128i offsets, __m512i base) {
    _mm512_storeu_si512(positions, _mm512_add_epi32(_mm512_cvtepu8_epi32(offsets), base));
}

// Appends a block's tokens: their kinds and positions, packed to the front of whole vectors.
AVX512_INLINE size_t append(csimd_json_tokens tokens, __m512i bytes, size_t base, uint32_t *positions,
                            uint8_t *kinds) {
    const __m512i offsets = _mm512_set_epi64(
        0x3F3E3D3C3B3A3938, 0x3736353433323130, 0x2F2E2D2C2B2A2928, 0x2726252423222120, 0x1F1E1D1C1B1A1918,
        0x1716151413121110, 0x0F0E0D0C0B0A0908, 0x0706050403020100);
    size_t found = (size_t)_mm_popcnt_u64(tokens.all);
    bytes = _mm512_mask_mov_epi8(bytes, tokens.end, _mm512_set1_epi8(CSIMD_JSON_PLAIN_END));
    bytes = _mm512_mask_mov_epi8(bytes, tokens.escaped_end, _mm512_set1_epi8(CSIMD_JSON_ESCAPED_END));
    _mm512_storeu_si512(kinds, _mm512_maskz_compress_epi8(tokens.all, bytes));

    __m512i packed = _mm512_maskz_compress_epi8(tokens.all, offsets);
    __m512i start = _mm512_set1_epi32((int)base);
    write16(positions, _mm512_castsi512_si128(packed), start);
    write16(positions + 16, _mm512_extracti32x4_epi32(packed, 1), start);
    if (__builtin_expect(found > 32, 0)) {
        write16(positions + 32, _mm512_extracti32x4_epi32(packed, 2), start);
        write16(positions + 48, _mm512_extracti32x4_epi32(packed, 3), start);
    }
    return found;
}

// Finds the tokens. False if a string, a number or a literal is not valid.
AVX512_INLINE bool scan(const uint8_t *bytes, size_t count, uint32_t *positions, uint8_t *kinds, size_t *tokens) {
    csimd_json_state state = {0};
    csimd_json_checked checked = {0};
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
        csimd_json_tokens found = csimd_json_find(&state, &checked, classify(block), bytes, count, base);
        n += append(found, block, base, positions + n, kinds + n);
    }
    _mm512_storeu_si512(kinds + n, _mm512_setzero_si512());
    _mm512_storeu_si512(kinds + n + 64, _mm512_setzero_si512());
    *tokens = n;
    return (state.wrong | state.in_string) == 0;
}

// What a token is to the grammar, one bit each. All but these rules is settled by `link`: which kind of container a
// comma or a closing bracket is in, and where a colon may be.
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

// The grammar over 64 tokens at a time. Neighbours are checked by table. A key is a string behind an open brace or a
// comma with a colon behind it: a colon must have one of those three tokens before it, an open brace with a string
// after it must have a colon three after it. Then commas are of two sorts, with a key behind them or not, and one
// container must hold only one sort: that is checked bracket by bracket, without branches on what the bracket is.
AVX512_INLINE bool link(const uint8_t *kinds, size_t tokens, uint32_t *partners, unsigned depth) {
    if (tokens == 0 || (is[kinds[0]] & VALUE) == 0 || kinds[2] == ':') return false;
    const __m512i is_low = _mm512_load_si512(is), is_high = _mm512_load_si512(is + 64);
    const __m512i follow_low = _mm512_load_si512(may_follow), follow_high = _mm512_load_si512(may_follow + 64);
    uint32_t open[65];  // The open brackets' tokens; number 0 stands for none, so that there is always one below.
    uint64_t objects = 0;  // Bit 0: whether the innermost open bracket is a brace.
    size_t level = 0;
    uint64_t wrong = 0;
    open[0] = 0;
    for (size_t i = 0; i < tokens; i += 64) {
        __m512i kind = _mm512_loadu_si512(kinds + i);
        __m512i next = _mm512_loadu_si512(kinds + i + 1);
        __m512i third = _mm512_loadu_si512(kinds + i + 3);
        __m512i follow = _mm512_permutex2var_epi8(follow_low, kind, follow_high);
        __m512i next_is = _mm512_permutex2var_epi8(is_low, next, is_high);
        __m512i kind_is = _mm512_permutex2var_epi8(is_low, kind, is_high);
        wrong |= _mm512_testn_epi8_mask(follow, next_is);

        uint64_t colon = _mm512_cmpeq_epi8_mask(third, _mm512_set1_epi8(':'));
        uint64_t brace = _mm512_cmpeq_epi8_mask(kind, _mm512_set1_epi8('{'));
        uint64_t comma = _mm512_cmpeq_epi8_mask(kind, _mm512_set1_epi8(','));
        uint64_t quote = _mm512_cmpeq_epi8_mask(next, _mm512_set1_epi8('"'));
        wrong |= (colon & ~(brace | comma)) | (brace & quote & ~colon);

        uint64_t without_key = comma & ~colon;
        uint64_t with_key = comma & colon;
        uint64_t brackets = _mm512_test_epi8_mask(kind_is, _mm512_set1_epi8(OPEN | CLOSE));
        for (; brackets != 0; brackets = _blsr_u64(brackets)) {
            uint64_t behind = _blsmsk_u64(brackets);
            wrong |= behind & (objects & 1 ? without_key : with_key);
            without_key &= ~behind;
            with_key &= ~behind;

            uint32_t token = (uint32_t)(i + _tzcnt_u64(brackets));
            // In ASCII bit 5 tells braces from brackets, and bit 1 opening from closing.
            uint8_t bracket = kinds[token];
            uint64_t is_brace = bracket >> 5 & 1;
            if (bracket & 2) {
                if (level == depth) return false;
                open[++level] = token;
                objects = objects << 1 | is_brace;
            } else {
                if (level == 0) return false;
                wrong |= (objects ^ is_brace) & 1;
                partners[open[level--]] = token;
                objects >>= 1;
            }
        }
        wrong |= objects & 1 ? without_key : with_key;
    }
    if (wrong != 0 || level != 0) return false;
    // One value, and nothing behind it.
    if (is[kinds[0]] & OPEN) return partners[0] == tokens - 1;
    return tokens == (kinds[0] == '"' ? 2 : 1);
}

AVX512 int64_t csimd_json_index_avx512(const uint8_t *bytes, size_t count, uint32_t *positions, uint32_t *partners,
                                       uint8_t *kinds, unsigned depth) {
    size_t tokens;
    if (!scan(bytes, count, positions, kinds, &tokens)) return -1;
    return link(kinds, tokens, partners, depth) ? (int64_t)tokens : -1;
}
#endif
