// Searches over the bytes of HTTP heads, sixteen at a time where SSE2 is (every x86-64 has it). Bytes around the range
// that is asked for may be read, as far as they are of the same array, and change nothing.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// A control byte other than the tab, or DEL: what no line of a head may hold.
static inline bool csimd_http_is_control(uint8_t byte) {
    return (byte < 0x20 && byte != '\t') || byte == 0x7F;
}

// Anything but a letter, a digit, a dash or a dot: the end of most names and hosts, or a byte to look at.
static inline bool csimd_http_is_unplain(uint8_t byte) {
    return !((uint8_t)((byte | 0x20) - 'a') < 26 || (uint8_t)(byte - '-') < 2 || (uint8_t)(byte - '0') < 10);
}

// The end of a path or query: anything invisible or beyond ASCII, `#` or `?`.
static inline bool csimd_http_is_target_end(uint8_t byte) {
    return (uint8_t)(byte - 0x21) > 0x7E - 0x21 || byte == '#' || byte == '?';
}

// The portable twins. A search gives the index of the first byte of its class in [from, to), or `to`.
#define CSIMD_HTTP_PORTABLE(NAME)                                                                          \
    static inline size_t csimd_http_##NAME##_portable(const uint8_t *bytes, size_t from, size_t to) {      \
        while (from < to && !csimd_http_is_##NAME(bytes[from])) from++;                                    \
        return from;                                                                                       \
    }
CSIMD_HTTP_PORTABLE(unplain)
CSIMD_HTTP_PORTABLE(target_end)
#undef CSIMD_HTTP_PORTABLE

// One bit for each control byte in [from, to), of which no more than 64 bytes are looked at; the first is the
// lowest bit.
static inline uint64_t csimd_http_controls_portable(const uint8_t *bytes, size_t from, size_t to) {
    uint64_t mask = 0;
    for (size_t i = 0; i < 64 && from + i < to; i++)
        mask |= (uint64_t)csimd_http_is_control(bytes[from + i]) << i;
    return mask;
}

#if defined(__SSE2__)
#include <emmintrin.h>

// Lanes whose byte, as an unsigned number, is at most `limit`.
static inline __m128i csimd_http_at_most(__m128i bytes, uint8_t limit) {
    return _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8((char)limit)), bytes);
}

static inline __m128i csimd_http_equal(__m128i bytes, char byte) {
    return _mm_cmpeq_epi8(bytes, _mm_set1_epi8(byte));
}

static inline unsigned csimd_http_control_mask(__m128i b) {
    __m128i low = _mm_andnot_si128(csimd_http_equal(b, '\t'), csimd_http_at_most(b, 0x1F));
    return (unsigned)_mm_movemask_epi8(_mm_or_si128(low, csimd_http_equal(b, 0x7F)));
}

static inline unsigned csimd_http_unplain_mask(__m128i b) {
    __m128i folded = _mm_sub_epi8(_mm_or_si128(b, _mm_set1_epi8(0x20)), _mm_set1_epi8('a'));
    __m128i letter = csimd_http_at_most(folded, 25);
    __m128i digit = csimd_http_at_most(_mm_sub_epi8(b, _mm_set1_epi8('0')), 9);
    __m128i mark = csimd_http_at_most(_mm_sub_epi8(b, _mm_set1_epi8('-')), 1);
    return 0xFFFF & ~(unsigned)_mm_movemask_epi8(_mm_or_si128(_mm_or_si128(letter, digit), mark));
}

static inline unsigned csimd_http_target_end_mask(__m128i b) {
    __m128i visible = csimd_http_at_most(_mm_sub_epi8(b, _mm_set1_epi8(0x21)), 0x7E - 0x21);
    __m128i mark = _mm_or_si128(csimd_http_equal(b, '#'), csimd_http_equal(b, '?'));
    return 0xFFFF & ~(unsigned)_mm_movemask_epi8(_mm_andnot_si128(mark, visible));
}

// The last, shorter piece is read together with bytes before it, or byte by byte where there are none.
static inline uint64_t csimd_http_controls(const uint8_t *bytes, size_t from, size_t to) {
    uint64_t mask = 0;
    for (unsigned i = 0; i < 64; i += 16) {
        size_t at = from + i;
        if (at + 16 > to) {
            if (at >= to) return mask;
            if (to < 16) return csimd_http_controls_portable(bytes, from, to);
            uint64_t last = csimd_http_control_mask(_mm_loadu_si128((const __m128i *)(bytes + to - 16)));
            return mask | last >> (16 - (to - at)) << i;
        }
        mask |= (uint64_t)csimd_http_control_mask(_mm_loadu_si128((const __m128i *)(bytes + at))) << i;
    }
    return mask;
}

// The array ends at `end`. Most names and paths are shorter than sixteen bytes and have a body or other lines behind
// them: then one look is enough. Near the array's end it is taken together with bytes before the range.
#define CSIMD_HTTP_SEARCH(NAME)                                                                            \
    static inline __attribute__((noinline)) size_t csimd_http_##NAME##_at_end(                             \
        const uint8_t *bytes, size_t from, size_t to, size_t end) {                                        \
        if (end < 16) return csimd_http_##NAME##_portable(bytes, from, to);                                \
        unsigned mask = csimd_http_##NAME##_mask(_mm_loadu_si128((const __m128i *)(bytes + end - 16)));    \
        mask &= 0xFFFFu << (16 - (end - from));                                                            \
        mask &= 0xFFFF;                                                                                    \
        size_t found = mask ? end - 16 + (size_t)__builtin_ctz(mask) : to;                                 \
        return found < to ? found : to;                                                                    \
    }                                                                                                      \
    static inline size_t csimd_http_##NAME(                                                                \
        const uint8_t *bytes, size_t from, size_t to, size_t end) {                                        \
        for (; from < to; from += 16) {                                                                    \
            if (from + 16 > end) return csimd_http_##NAME##_at_end(bytes, from, to, end);                  \
            unsigned mask = csimd_http_##NAME##_mask(_mm_loadu_si128((const __m128i *)(bytes + from)));    \
            if (mask) {                                                                                    \
                size_t found = from + (size_t)__builtin_ctz(mask);                                         \
                return found < to ? found : to;                                                            \
            }                                                                                              \
        }                                                                                                  \
        return to;                                                                                         \
    }
#else
static inline uint64_t csimd_http_controls(const uint8_t *bytes, size_t from, size_t to) {
    return csimd_http_controls_portable(bytes, from, to);
}

#define CSIMD_HTTP_SEARCH(NAME)                                                                            \
    static inline size_t csimd_http_##NAME(                                                                \
        const uint8_t *bytes, size_t from, size_t to, size_t end) {                                        \
        (void)end;                                                                                         \
        return csimd_http_##NAME##_portable(bytes, from, to);                                              \
    }
#endif
CSIMD_HTTP_SEARCH(unplain)
CSIMD_HTTP_SEARCH(target_end)
#undef CSIMD_HTTP_SEARCH
