// The rare work of the vector variants: escapes, characters outside ASCII, and scalars that are not plain
// digits.
#if defined(__x86_64__)
#include <string.h>

#include "json_blocks.h"

uint64_t csimd_json_check_escapes(csimd_json_checked *checked, const uint8_t *bytes, size_t count,
                                  size_t base, uint64_t escapes) {
    for (; escapes != 0; escapes &= escapes - 1) {
        size_t at = base + (size_t)__builtin_ctzll(escapes);
        if (at < checked->escapes) continue;  // The second half of a surrogate pair.
        size_t length = csimd_json_escape_length(bytes, count, at);
        if (length == 0) return 1;
        checked->escapes = at + length;
    }
    return 0;
}

bool csimd_json_check_scalars(const uint8_t *bytes, size_t count, const uint8_t *masks) {
    size_t checked = 0;
    for (size_t base = 0; base < count; base += 64, masks += sizeof(uint64_t)) {
        uint64_t odd;
        memcpy(&odd, masks, sizeof odd);
        while (odd != 0) {
            size_t at = base + (size_t)__builtin_ctzll(odd);
            if (at >= checked) {
                // What stands before it in its scalar is digits.
                size_t start = at;
                while (start > checked && (uint8_t)(bytes[start - 1] - '0') <= 9) --start;
                checked = csimd_json_scalar_end(bytes, count, start);
                if (checked <= at) return false;
            }
            odd &= checked - base < 64 ? ~0ull << (checked - base) : 0;
        }
    }
    return true;
}

uint64_t csimd_json_check_specials(csimd_json_checked *checked, const uint8_t *bytes, size_t count,
                                   size_t base, uint64_t specials) {
    for (; specials != 0; specials &= specials - 1) {
        size_t at = base + (size_t)__builtin_ctzll(specials);
        if (at < checked->specials) continue;
        size_t length = csimd_utf8_length(bytes, count, at);
        if (length == 0 || bytes[at] < 0x20) return 1;
        checked->specials = at + length;
    }
    return 0;
}
#endif
