// CRC-32C by the instruction of SSE 4.2 where the machine has it, three streams at a time because each step
// takes three cycles and one can start in every; by eight tables elsewhere.
#include "crc32c.h"

#include <string.h>

// The polynomial 0x1EDC6F41, with its bits in the order in which they go over a wire.
enum { polynomial = 0x82F63B78u };

static uint32_t tables[8][256];

// What a checksum becomes when so many zero bytes follow, by its four bytes: most records of a journal are shorter
// than three of the long strides.
enum { long_stride = 1024, short_stride = 128 };
typedef uint32_t shift_table[4][256];
static shift_table long_shifts, short_shifts;

static uint32_t after_zeros(uint32_t crc, size_t count) {
    while (count-- > 0) crc = tables[0][crc & 0xFF] ^ crc >> 8;
    return crc;
}

__attribute__((constructor)) static void fill_tables(void) {
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t crc = byte;
        for (int bit = 0; bit < 8; bit++) crc = crc & 1 ? crc >> 1 ^ polynomial : crc >> 1;
        tables[0][byte] = crc;
    }
    for (int table = 1; table < 8; table++)
        for (uint32_t byte = 0; byte < 256; byte++)
            tables[table][byte] = tables[0][tables[table - 1][byte] & 0xFF] ^ tables[table - 1][byte] >> 8;
    for (int place = 0; place < 4; place++)
        for (uint32_t byte = 0; byte < 256; byte++) {
            short_shifts[place][byte] = after_zeros(byte << 8 * place, short_stride);
            long_shifts[place][byte] = after_zeros(byte << 8 * place, long_stride);
        }
}

uint32_t csimd_crc32c_portable(uint32_t crc, const uint8_t *bytes, size_t count) {
    crc = ~crc;
    for (; count >= 8; count -= 8, bytes += 8) {
        uint32_t low = crc ^ ((uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
                              (uint32_t)bytes[3] << 24);
        crc = tables[7][low & 0xFF] ^ tables[6][low >> 8 & 0xFF] ^ tables[5][low >> 16 & 0xFF] ^
              tables[4][low >> 24] ^ tables[3][bytes[4]] ^ tables[2][bytes[5]] ^ tables[1][bytes[6]] ^
              tables[0][bytes[7]];
    }
    for (; count > 0; count--, bytes++) crc = tables[0][(crc ^ *bytes) & 0xFF] ^ crc >> 8;
    return ~crc;
}

#if defined(__x86_64__)
#include <nmmintrin.h>

static inline uint32_t shifted(uint32_t crc, shift_table by) {
    return by[0][crc & 0xFF] ^ by[1][crc >> 8 & 0xFF] ^ by[2][crc >> 16 & 0xFF] ^ by[3][crc >> 24];
}

static inline uint64_t word_at(const uint8_t *bytes) {
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
    return word;
}

// Three streams of one stride each.
__attribute__((target("sse4.2"), always_inline)) static inline uint64_t three(uint64_t a, const uint8_t *bytes,
                                                                              size_t stride, shift_table shifts) {
    uint64_t b = 0, c = 0;
    for (size_t i = 0; i < stride; i += 8) {
        a = _mm_crc32_u64(a, word_at(bytes + i));
        b = _mm_crc32_u64(b, word_at(bytes + stride + i));
        c = _mm_crc32_u64(c, word_at(bytes + 2 * stride + i));
    }
    return shifted(shifted((uint32_t)a, shifts) ^ (uint32_t)b, shifts) ^ (uint32_t)c;
}

__attribute__((target("sse4.2"))) static uint32_t by_instruction(uint32_t crc, const uint8_t *bytes,
                                                                 size_t count) {
    uint64_t a = ~crc;
    for (; count >= 3 * long_stride; count -= 3 * long_stride, bytes += 3 * long_stride)
        a = three(a, bytes, long_stride, long_shifts);
    for (; count >= 3 * short_stride; count -= 3 * short_stride, bytes += 3 * short_stride)
        a = three(a, bytes, short_stride, short_shifts);
    for (; count >= 8; count -= 8, bytes += 8) a = _mm_crc32_u64(a, word_at(bytes));
    uint32_t rest = (uint32_t)a;
    for (; count > 0; count--, bytes++) rest = _mm_crc32_u8(rest, *bytes);
    return ~rest;
}

typedef uint32_t crc32c(uint32_t before, const uint8_t *bytes, size_t count);

static crc32c *chosen = csimd_crc32c_portable;

__attribute__((constructor)) static void choose(void) {
    __builtin_cpu_init();
    if (__builtin_cpu_supports("sse4.2")) chosen = by_instruction;
}

uint32_t csimd_crc32c(uint32_t before, const uint8_t *bytes, size_t count) {
    return chosen(before, bytes, count);
}
#else
uint32_t csimd_crc32c(uint32_t before, const uint8_t *bytes, size_t count) {
    return csimd_crc32c_portable(before, bytes, count);
}
#endif
