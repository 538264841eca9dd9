// The JSON token index with AVX2: 64 bytes at a time as two halves; tokens are written four at a time.
#if defined(__x86_64__)
#include <string.h>

#include "json_blocks.h"

#define AVX2 CSIMD_BLOCKS
#define AVX2_INLINE CSIMD_BLOCKS_INLINE

#define TABLE(...) _mm256_broadcastsi128_si256(_mm_setr_epi8(__VA_ARGS__))
#define NONE ((char)0x80)

AVX2_INLINE uint64_t equal(__m256i a, __m256i b) {
    return (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(a, b));
}

AVX2_INLINE uint64_t at_most(__m256i bytes, uint8_t limit) {
    __m256i bound = _mm256_set1_epi8((char)limit);
    return equal(_mm256_max_epu8(bytes, bound), bound);
}

// The masks of one half; the same rules as with AVX-512.
AVX2_INLINE csimd_json_block classify(__m256i bytes) {
    const __m256i spaces = TABLE(' ', NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, '\t', '\n', NONE, NONE,
                                 '\r', NONE, NONE);
    const __m256i operators = TABLE(NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, ':', '{',
                                    ',', '}', NONE, NONE);
    csimd_json_block block;
    block.quote = equal(bytes, _mm256_set1_epi8('"'));
    block.backslash = equal(bytes, _mm256_set1_epi8('\\'));
    __m256i folded = _mm256_or_si256(bytes, _mm256_set1_epi8(0x20));
    block.operator = equal(_mm256_shuffle_epi8(operators, bytes), folded);
    block.space = equal(_mm256_shuffle_epi8(spaces, bytes), bytes);
    block.special = (uint32_t)_mm256_movemask_epi8(_mm256_cmpgt_epi8(_mm256_set1_epi8(0x20), bytes));
    __m256i digit = _mm256_sub_epi8(bytes, _mm256_set1_epi8('0'));
    block.digit = at_most(digit, 9);
    block.zero = equal(digit, _mm256_setzero_si256());
    return block;
}

AVX2_INLINE csimd_json_block join(csimd_json_block low, csimd_json_block high) {
    low.quote |= high.quote << 32;
    low.backslash |= high.backslash << 32;
    low.operator |= high.operator << 32;
    low.space |= high.space << 32;
    low.special |= high.special << 32;
    low.digit |= high.digit << 32;
    low.zero |= high.zero << 32;
    return low;
}

// The bytes, with the kind of a string's end where a bit is set.
AVX2_INLINE __m256i with_ends(__m256i bytes, uint32_t ends) {
    const __m256i place = _mm256_setr_epi64x(0, 0x0101010101010101, 0x0202020202020202, 0x0303030303030303);
    const __m256i bit = _mm256_set1_epi64x((long long)0x8040201008040201ull);
    __m256i spread = _mm256_and_si256(_mm256_shuffle_epi8(_mm256_set1_epi32((int)ends), place), bit);
    return _mm256_blendv_epi8(bytes, _mm256_set1_epi8(CSIMD_JSON_PLAIN_END), _mm256_cmpeq_epi8(spread, bit));
}

// Appends a block's tokens, four at a time: those behind the last one are written over by the next block's.
AVX2_INLINE size_t append(csimd_json_tokens tokens, __m256i low, __m256i high, size_t base, uint32_t *positions,
                          uint8_t *kinds) {
    uint8_t bytes[64];
    _mm256_storeu_si256((__m256i *)bytes, with_ends(low, (uint32_t)tokens.end));
    _mm256_storeu_si256((__m256i *)(bytes + 32), with_ends(high, (uint32_t)(tokens.end >> 32)));
    size_t found = (size_t)_mm_popcnt_u64(tokens.all);
    uint64_t left = tokens.all;
    for (size_t n = 0; n < found; n += 4) {
        for (size_t i = n; i < n + 4; i++) {
            // Without a bit left the number is 64, and the byte any.
            size_t bit = _tzcnt_u64(left);
            positions[i] = (uint32_t)(base + bit);
            kinds[i] = bytes[bit & 63];
            left = _blsr_u64(left);
        }
    }
    for (left = tokens.escaped_end; __builtin_expect(left != 0, 0); left = _blsr_u64(left)) {
        kinds[_mm_popcnt_u64(tokens.all & (_blsmsk_u64(left) >> 1))] = CSIMD_JSON_ESCAPED_END;
    }
    return found;
}

AVX2 int64_t csimd_json_index_avx2(const uint8_t *bytes, size_t count, uint32_t *positions,
                                   uint32_t *partners, uint8_t *kinds, unsigned depth) {
    csimd_json_state state = {0};
    csimd_json_rest rest = csimd_json_rest_in(partners, count);
    size_t n = 0;
    uint8_t tail[64];
    for (size_t base = 0; base < count; base += 64) {
        const uint8_t *block = bytes + base;
        if (count - base < 64) {
            memset(tail, ' ', sizeof tail);
            memcpy(tail, block, count - base);
            block = tail;
        }
        __m256i low = _mm256_loadu_si256((const __m256i *)block);
        __m256i high = _mm256_loadu_si256((const __m256i *)(block + 32));
        csimd_json_tokens found = csimd_json_find(&state, &rest, join(classify(low), classify(high)), base);
        n += append(found, low, high, base, positions + n, kinds + n);
    }
    memset(kinds + n, CSIMD_JSON_BOUNDARY, 4);
    if (state.in_string != 0 || !csimd_json_check(&rest, bytes, count)) return -1;
    return csimd_json_link(kinds, n, partners, depth) ? (int64_t)n : -1;
}
#endif
