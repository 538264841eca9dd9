// Searches over the bytes of HTTP heads, sixteen at a time where SSE2 is (every x86-64 has it). Bytes around the range
// that is asked for may be read, as far as they are of the same array, and change nothing.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Anything but visible ASCII and the space: the bytes of a line's end, and bytes to look at.
static inline bool csimd_http_is_unprinted(uint8_t byte) {
    return (uint8_t)(byte - ' ') > '~' - ' ';
}

// Anything but a letter, a digit, a dash or a dot: the end of most names and hosts, or a byte to look at.
static inline bool csimd_http_is_unplain(uint8_t byte) {
    return !((uint8_t)((byte | 0x20) - 'a') < 26 || (uint8_t)(byte - '-') < 2 || (uint8_t)(byte - '0') < 10);
}

// The end of a path or query: anything invisible or beyond ASCII, `#` or `?`.
static inline bool csimd_http_is_target_end(uint8_t byte) {
    return (uint8_t)(byte - 0x21) > 0x7E - 0x21 || byte == '#' || byte == '?';
}

// Anything but a digit: the end of a port.
static inline bool csimd_http_is_undigit(uint8_t byte) {
    return (uint8_t)(byte - '0') > 9;
}

// The portable twins. A search gives the index of the first byte of its class in [from, to), or `to`.
#define CSIMD_HTTP_PORTABLE(NAME)                                                                          \
    static inline size_t csimd_http_##NAME##_portable(const uint8_t *bytes, size_t from, size_t to) {      \
        while (from < to && !csimd_http_is_##NAME(bytes[from])) from++;                                    \
        return from;                                                                                       \
    }
CSIMD_HTTP_PORTABLE(unplain)
CSIMD_HTTP_PORTABLE(target_end)
CSIMD_HTTP_PORTABLE(undigit)
#undef CSIMD_HTTP_PORTABLE

// One bit for each unprinted byte in [from, to), of which no more than 64 bytes are looked at; the first is the
// lowest bit.
static inline uint64_t csimd_http_unprinted_portable(const uint8_t *bytes, size_t from, size_t to) {
    uint64_t mask = 0;
    for (size_t i = 0; i < 64 && from + i < to; i++)
        mask |= (uint64_t)csimd_http_is_unprinted(bytes[from + i]) << i;
    return mask;
}

#if defined(__SSE2__)
#include <emmintrin.h>

// Lanes whose byte lies outside [low, high]. SSE2 compares signed numbers only: counted from the least of them on, the
// bytes of the range come first.
static inline __m128i csimd_http_outside(__m128i bytes, uint8_t low, uint8_t high) {
    __m128i counted = _mm_add_epi8(bytes, _mm_set1_epi8((char)(0x80 - low)));
    return _mm_cmpgt_epi8(counted, _mm_set1_epi8((char)(0x80 + high - low)));
}

static inline unsigned csimd_http_unprinted_mask(__m128i b) {
    return (unsigned)_mm_movemask_epi8(csimd_http_outside(b, ' ', '~'));
}

static inline unsigned csimd_http_undigit_mask(__m128i b) {
    return (unsigned)_mm_movemask_epi8(csimd_http_outside(b, '0', '9'));
}

static inline unsigned csimd_http_unplain_mask(__m128i b) {
    __m128i unlettered = csimd_http_outside(_mm_or_si128(b, _mm_set1_epi8(0x20)), 'a', 'z');
    __m128i undigit = csimd_http_outside(b, '0', '9');
    __m128i unmarked = csimd_http_outside(b, '-', '.');
    return (unsigned)_mm_movemask_epi8(_mm_and_si128(_mm_and_si128(unlettered, undigit), unmarked));
}

static inline unsigned csimd_http_target_end_mask(__m128i b) {
    __m128i mark = _mm_or_si128(
        _mm_cmpeq_epi8(b, _mm_set1_epi8('#')), _mm_cmpeq_epi8(b, _mm_set1_epi8('?')));
    return (unsigned)_mm_movemask_epi8(_mm_or_si128(csimd_http_outside(b, 0x21, 0x7E), mark));
}

static inline uint64_t csimd_http_unprinted_sixteen(const uint8_t *bytes) {
    return csimd_http_unprinted_mask(_mm_loadu_si128((const __m128i *)bytes));
}

// Fewer than 64 bytes. The last, shorter piece is read together with bytes before it, or byte by byte where there are
// none.
static inline __attribute__((noinline)) uint64_t csimd_http_unprinted_at_end(
    const uint8_t *bytes, size_t from, size_t to) {
    if (to < 16) return csimd_http_unprinted_portable(bytes, from, to);
    uint64_t mask = 0;
    unsigned i = 0;
    for (; from + i + 16 <= to; i += 16) mask |= csimd_http_unprinted_sixteen(bytes + from + i) << i;
    if (from + i >= to) return mask;
    return mask | csimd_http_unprinted_sixteen(bytes + to - 16) >> (from + i + 16 - to) << i;
}

static inline uint64_t csimd_http_unprinted(const uint8_t *bytes, size_t from, size_t to) {
    if (from + 64 > to) return csimd_http_unprinted_at_end(bytes, from, to);
    const uint8_t *at = bytes + from;
    return csimd_http_unprinted_sixteen(at) | csimd_http_unprinted_sixteen(at + 16) << 16
        | csimd_http_unprinted_sixteen(at + 32) << 32 | csimd_http_unprinted_sixteen(at + 48) << 48;
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
static inline uint64_t csimd_http_unprinted(const uint8_t *bytes, size_t from, size_t to) {
    return csimd_http_unprinted_portable(bytes, from, to);
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
CSIMD_HTTP_SEARCH(undigit)
#undef CSIMD_HTTP_SEARCH
