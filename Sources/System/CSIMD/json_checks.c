// The rare work of the vector variants: escapes, characters outside ASCII, and scalars that are not plain digits.
#if defined(__x86_64__)
#include "json_blocks.h"

uint64_t csimd_json_check_escapes(csimd_json_checked *checked, const uint8_t *bytes, size_t count, size_t base,
                                  uint64_t escapes) {
    for (; escapes != 0; escapes &= escapes - 1) {
        size_t at = base + (size_t)__builtin_ctzll(escapes);
        if (at < checked->escapes) continue;  // The second half of a surrogate pair.
        size_t length = csimd_json_escape_length(bytes, count, at);
        if (length == 0) return 1;
        checked->escapes = at + length;
    }
    return 0;
}

uint64_t csimd_json_check_scalars(csimd_json_checked *checked, const uint8_t *bytes, size_t count, size_t base,
                                  uint64_t starts, uint64_t odd) {
    for (; odd != 0; odd &= odd - 1) {
        unsigned bit = (unsigned)__builtin_ctzll(odd);
        if (base + bit < checked->scalars) continue;
        // The scalar that this byte is in starts at the nearest start below it, maybe in a block before.
        uint64_t before = starts & (~0ull >> (63 - bit));
        size_t at = before == 0 ? checked->scalar_start : base + 63 - (size_t)__builtin_clzll(before);
        checked->scalars = csimd_json_scalar_end(bytes, count, at);
        if (checked->scalars <= base + bit) return 1;
    }
    return 0;
}

uint64_t csimd_json_check_wides(csimd_json_checked *checked, const uint8_t *bytes, size_t count, size_t base,
                                uint64_t wides) {
    for (; wides != 0; wides &= wides - 1) {
        size_t at = base + (size_t)__builtin_ctzll(wides);
        if (at < checked->wides) continue;
        size_t length = csimd_utf8_length(bytes, count, at);
        if (length == 0) return 1;
        checked->wides = at + length;
    }
    return 0;
}
#endif
