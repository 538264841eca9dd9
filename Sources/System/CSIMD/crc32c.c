// CRC32C by the instruction of SSE 4.2, eight bytes at a time, or by a table, half a byte at a time.
#include "crc32c.h"

#include <stdlib.h>
#include <string.h>

// The remainders of the sixteen values of half a byte, by the reversed polynomial 0x82F63B78.
static const uint32_t remainders[16] = {
    0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3, 0x61c69362, 0x7198540d,
    0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9, 0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
};

uint32_t csimd_crc32c_portable(uint32_t before, const uint8_t *bytes, size_t count) {
    uint32_t state = ~before;
    for (size_t i = 0; i < count; i++) {
        state ^= bytes[i];
        state = state >> 4 ^ remainders[state & 15];
        state = state >> 4 ^ remainders[state & 15];
    }
    return ~state;
}

typedef uint32_t crc32c(uint32_t before, const uint8_t *bytes, size_t count);

static crc32c *chosen = csimd_crc32c_portable;

#if defined(__x86_64__)
#include <nmmintrin.h>

__attribute__((target("sse4.2"))) static uint32_t by_instruction(uint32_t before, const uint8_t *bytes,
                                                                 size_t count) {
    uint64_t state = (uint32_t)~before;
    for (; count >= 8; count -= 8, bytes += 8) {
        uint64_t word;
        memcpy(&word, bytes, sizeof word);
        state = _mm_crc32_u64(state, word);
    }
    uint32_t rest = (uint32_t)state;
    for (; count > 0; count--, bytes++) rest = _mm_crc32_u8(rest, *bytes);
    return ~rest;
}

// PACELINE_SIMD=portable does without the instruction, as for the other kernels.
__attribute__((constructor)) static void choose(void) {
    __builtin_cpu_init();
    const char *wanted = getenv("PACELINE_SIMD");
    if (wanted != NULL && strcmp(wanted, "portable") == 0) return;
    if (__builtin_cpu_supports("sse4.2")) chosen = by_instruction;
}
#endif

uint32_t csimd_crc32c(uint32_t before, const uint8_t *bytes, size_t count) {
    return chosen(before, bytes, count);
}
